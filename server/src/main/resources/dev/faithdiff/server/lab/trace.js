// A trace of restore --profile: a flame chart of stages, modules and ops, and a table by layer.
import {digits, element, table} from '/plots.js';

const canvas = document.getElementById('flames'), told = document.getElementById('flame'), ROWS = ['stage', 'module', 'op'], HEIGHT = 34, TOP = 20;
let events = [], from = 0, to = 1;

const hue = name => [...name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 360, 7);
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name);
const x = time => (time - from) / (to - from) * canvas.width;

function draw() {
  const scale = devicePixelRatio || 1, c = canvas.getContext('2d');
  canvas.width = canvas.clientWidth * scale;
  canvas.height = (TOP + HEIGHT * ROWS.length + 8) * scale;
  canvas.style.height = canvas.height / scale + 'px';
  c.font = 12 * scale + 'px system-ui, sans-serif';
  c.textBaseline = 'middle';
  c.fillStyle = style('--soft');
  c.fillText(digits((to - from) / 1000) + ' ms shown', 6 * scale, TOP / 2 * scale);
  for (const e of events) {
    const left = x(e.ts), width = x(e.ts + e.dur) - left, top = (TOP + ROWS.indexOf(e.cat) * HEIGHT) * scale;
    if (left > canvas.width || left + width < 0 || width < 0.3) continue;
    c.fillStyle = `hsl(${hue(e.name)} 45% 72%)`;
    c.fillRect(left, top, Math.max(width - scale, 0.5), (HEIGHT - 3) * scale);
    if (width < 40 * scale) continue;
    c.save();
    c.beginPath();
    c.rect(left, top, width - 4 * scale, HEIGHT * scale);
    c.clip();
    c.fillStyle = '#16201b';
    c.fillText(e.name, Math.max(left, 0) + 4 * scale, top + HEIGHT / 2 * scale);
    c.restore();
  }
}

function zoom(factor, at) {
  const middle = from + (to - from) * at, end = Math.max(...events.map(e => e.ts + e.dur));
  from = Math.max(0, middle - (middle - from) * factor);
  to = Math.min(end, middle + (to - middle) * factor);
  draw();
}

function pan(part) {
  const end = Math.max(...events.map(e => e.ts + e.dur)), step = Math.max(-from, Math.min(end - to, (to - from) * part));
  from += step;
  to += step;
  draw();
}

const at = e => (e.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth;

canvas.addEventListener('wheel', e => { if (e.ctrlKey || e.shiftKey) { e.preventDefault(); zoom(e.deltaY < 0 ? 0.8 : 1.25, at(e)); } }, {passive: false});
canvas.addEventListener('dblclick', e => zoom(0.4, at(e)));
canvas.addEventListener('keydown', e => {
  const keys = {'+': () => zoom(0.7, 0.5), '-': () => zoom(1.4, 0.5), ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), 0: () => { from = 0; to = Infinity; zoom(1, 0); }};
  if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
});
canvas.addEventListener('mousemove', e => {
  const time = from + (to - from) * at(e), row = ROWS[Math.floor((e.offsetY - TOP) / HEIGHT)];
  const hit = events.find(v => v.cat === row && v.ts <= time && time <= v.ts + v.dur);
  if (hit) told.textContent = hit.name + ', ' + digits(hit.dur / 1000) + ' ms' + (hit.args.kernel ? ', ' + hit.args.kernel + ', ' + hit.args.operands : '');
});
addEventListener('resize', () => { if (events.length) draw(); });

document.getElementById('trace-file').onchange = async e => {
  const file = e.target.files[0];
  if (!file) return;
  try {
    events = JSON.parse(await file.text()).traceEvents.filter(v => v.ph === 'X' && ROWS.includes(v.cat));
    if (!events.length) throw new Error('it has no work of restore --profile');
  } catch (problem) {
    events = [];
    told.textContent = file.name + ' is no trace: ' + problem.message;
    return;
  }
  from = 0;
  to = Math.max(...events.map(v => v.ts + v.dur));
  canvas.hidden = false;
  draw();
  told.textContent = 'Double click, Ctrl and the wheel, or + and - zoom; arrows move; 0 shows all.';
  const sums = new Map();
  for (const v of events.filter(v => v.cat === 'module')) {
    const sum = sums.get(v.name) || {calls: 0, micros: 0};
    sum.calls++;
    sum.micros += v.dur;
    sums.set(v.name, sum);
  }
  const all = [...sums].sort((a, b) => b[1].micros - a[1].micros), total = all.reduce((s, [, v]) => s + v.micros, 0);
  document.getElementById('layers').replaceChildren(table(['layer', 'calls', 'ms', 'share'],
    all.slice(0, 60).map(([name, v]) => [name, String(v.calls), digits(v.micros / 1000), (100 * v.micros / total).toFixed(1) + ' %'])));
};
