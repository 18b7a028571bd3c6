// The page of the laboratory: an editor, a trial, and what it finds.
import {ask} from '/api.js';
import {digits, element, roofline, table} from '/plots.js';
import '/trace.js';

const get = id => document.getElementById(id);
const source = get('source'), lines = get('lines'), status = get('status');
let ops = [], trial = null, marked = new Set();

const say = text => { status.textContent = text; };
const isCuda = () => get('language').value === 'cuda';

function number() {
  const count = source.value.split('\n').length;
  lines.replaceChildren(...Array.from({length: count}, (_, i) => element(marked.has(i + 1) ? 'b' : 'span', String(i + 1))));
  lines.scrollTop = source.scrollTop;
}

function options(select, values) { select.replaceChildren(...values.map(v => element('option', v))); }

async function begin() {
  const query = isCuda() ? 'cuda=' + encodeURIComponent(get('op').value)
    : 'op=' + encodeURIComponent(get('op').value) + '&kernel=' + encodeURIComponent(get('kernel').value);
  source.value = (await ask('/v1/lab/source?' + query)).source;
  marked.clear();
  get('faults').replaceChildren();
  number();
}

function choose() {
  get('from').hidden = isCuda();
  const op = ops.find(o => o.op === get('op').value);
  if (op) options(get('kernel'), [...op.kernels, 'an empty frame']);
  return begin();
}

function language(known) {
  options(get('op'), isCuda() ? known.cuda : ops.map(o => o.op));
  if (!isCuda()) get('op').value = 'LinearOp';
  return choose();
}

function faults(errors) {
  marked = new Set(errors.map(e => e.line));
  number();
  get('faults').replaceChildren(...errors.map(e => {
    const item = element('li'), go = element('button', (e.line ? 'line ' + e.line + ': ' : '') + e.message);
    go.onclick = () => place(e.line, e.column);
    item.append(go);
    return item;
  }));
}

function place(line, column) {
  if (!line) return;
  const before = source.value.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0), at = before + Math.max(0, column - 1);
  source.focus();
  source.setSelectionRange(at, at);
  source.scrollTop = (line - 8) * 19.5;
}

const BAD = ['rejected', 'wrong', 'crashed', 'out of time', 'failed'];
function verdict(v) {
  const box = get('verdict');
  box.hidden = false;
  box.className = BAD.includes(v.verdict) ? 'bad' : '';
  box.replaceChildren(element('strong', v.verdict), element('span', v.why));
}

function show(all) {
  const box = element('div'), of = stage => all.filter(f => f.stage === stage);
  const head = text => box.append(element('h3', text));
  const compiled = of('compile').at(-1), own = compiled && compiled.kernel;
  for (const p of of('parity')) {
    head('Parity');
    box.append(element('p', `${p.cases} cases compared, ${p.refused} refused, ${p.failed} failed`, {class: 'small'}));
    const rows = [...(p.failures || []), ...(p.worst ? [p.worst] : [])];
    if (rows.length) box.append(table(['case', 'error', 'allowed', 'finding'], rows.map(r => typeof r === 'string' ? [r, '', '', ''] : [r.case, digits(r.error), digits(r.allowed), r.failure || 'worst of those that pass'])));
  }
  for (const g of of('gradient')) {
    head('Slope');
    box.append(element('p', g.cases ? `${g.cases} cases moved along a random direction: largest error ${digits(g.error)}, allowed ${digits(g.allowed)} (${g.note})` : g.note, {class: 'small'}));
  }
  const times = of('time'), limits = of('limits')[0];
  if (times.length && limits) {
    head('Roofline');
    box.append(roofline(limits, times, own));
  }
  if (times.length) {
    head('Time');
    box.append(table(['case', 'kernel', 'median ms', '95 % interval', 'GFLOP/s', 'GB/s', 'of limit'], times.flatMap(t => t.kernels.map(k =>
      [t.case, k.kernel, digits(k.millis), digits(k.low) + ' to ' + digits(k.high), digits(k.gflops), digits(k.gbytes), k.ofLimit ? digits(k.ofLimit) : ''])), r => r[1] === own));
    box.append(element('p', 'Allocated on the heap by one run, in the thread that asks: ' + times.map(t => digits(t.allocated) + ' bytes').join(', '), {class: 'small'}));
  }
  for (const m of of('model')) {
    head('The bundled model, layer by layer');
    box.append(element('p', m.runs ? `This kernel ran ${m.runs} times. All ops: ${digits(m.before)} ms before, ${digits(m.after)} ms with it.`
      : `The bundled model does not use this kernel. All ops: ${digits(m.before)} and ${digits(m.after)} ms.`, {class: 'small'}));
    const rest = element('details');
    rest.append(element('summary', 'Layers'), table(['layer', 'before ms', 'with it ms'], m.layers.map(l => [l.layer, digits(l.before), digits(l.after)])));
    box.append(rest);
  }
  for (const p of of('picture')) {
    head('The restored photo');
    box.append(element('p', `Largest difference ${p.largest} levels; ${digits(100 * p.changed)} % of the values differ.`, {class: 'small'}));
    const all = element('div', undefined, {class: 'pictures'});
    for (const [key, text] of [['before', 'before'], ['after', 'with this kernel'], ['difference', `difference, ${p.amplified} times`]]) {
      const f = element('figure');
      f.append(element('img', undefined, {src: p[key], alt: text}), element('figcaption', text));
      all.append(f);
    }
    box.append(all);
  }
  const output = of('output');
  if (output.length) {
    head('Output');
    box.append(element('pre', output.map(o => o.line).join('\n'), {class: 'wide small'}));
  }
  get('findings').replaceChildren(box);
}

async function run() {
  if (trial) return;
  const began = performance.now(), body = {language: get('language').value, subject: get('op').value, source: source.value};
  get('verdict').hidden = true;
  get('run').disabled = true;
  faults([]);
  try {
    let all = [];
    trial = await ask('/v1/lab/trials', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    get('cancel').disabled = false;
    for (;;) {
      const now = await ask('/v1/lab/trials/' + trial.id + '?from=' + all.length);
      all = all.concat(now.findings);
      const compiled = all.filter(f => f.stage === 'compile').at(-1);
      if (compiled && now.findings.includes(compiled)) faults(compiled.errors);
      if (now.findings.length) show(all);
      get('work').textContent = now.ended ? '' : now.work;
      if (now.ended) {
        const last = all.filter(f => f.stage === 'verdict').at(-1);
        if (last) verdict(last);
        say(((performance.now() - began) / 1000).toFixed(1) + ' s from source to verdict');
        break;
      }
      await new Promise(done => setTimeout(done, 250));
    }
  } catch (e) {
    say(e.message);
  }
  trial = null;
  get('run').disabled = false;
  get('cancel').disabled = true;
  get('work').textContent = '';
}

source.addEventListener('input', () => { marked.clear(); number(); });
source.addEventListener('scroll', () => { lines.scrollTop = source.scrollTop; });
source.addEventListener('keydown', e => {
  if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); run(); }
  if (e.key === 'Tab' && !e.shiftKey && !source.dataset.leave) { e.preventDefault(); source.setRangeText('    ', source.selectionStart, source.selectionEnd, 'end'); number(); }
  source.dataset.leave = e.key === 'Escape' ? 'yes' : ''; // Escape, then Tab leaves the editor
});
get('run').onclick = run;
get('cancel').onclick = () => trial && ask('/v1/lab/trials/' + trial.id, {method: 'DELETE'}).catch(e => say(e.message));
get('kernel').onchange = begin;
get('op').onchange = choose;

(async () => {
  const known = await ask('/v1/lab/ops');
  ops = known.ops;
  get('language').onchange = () => language(known);
  await language(known);
  document.documentElement.dataset.ready = 'true';
})().catch(e => say(e.message));
