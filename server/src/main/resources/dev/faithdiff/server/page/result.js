// The restoration that is shown: its progress, or its result with all that can be done to it at once.
import {ask, picture} from '/api.js';
import {createViewer, coloured, threshold, percent, MASK, RAMP} from '/viewer.js';

const at = id => document.getElementById(id), MAPS = {change: 'how far it went from the photo', unexplained: 'what survives shrinking', score: 'trust mask'};
const FIXES = {'': 'As restored', adain: 'Adain', wavelet: 'Wavelet', lab: 'Lab'}, MILLIS = 120, PREVIEW_SIDE = 200;
const viewer = createViewer(at('view'), tell), view = viewer.view;
let now = null, loaded = null, fidelity = 0, fix = '', report = null, show = 'none', alpha = 0.1, trusted = 0, timer = 0, turn = 0, maps = {};

const url = (more = {}) => '/v1/restorations/' + now.id + '/result?' + new URLSearchParams(more);
const blend = () => ({...(fidelity ? {fidelity: fidelity.toFixed(2)} : {}), ...(fix ? {'color-fix': fix} : {})});
const seconds = s => s < 90 ? s.toFixed(s < 10 ? 1 : 0) + ' s' : Math.round(s / 60) + ' min';

export const shown = () => now && now.id;

/** Shows a restoration as it is now; null: none. */
export function display(r) {
  const isOther = !r || !now || r.id !== now.id;
  now = r;
  const state = r ? r.state : 'none', isActive = state === 'queued' || state === 'running';
  at('empty').hidden = !!r;
  at('running').hidden = !isActive;
  at('failed').hidden = state !== 'failed' && state !== 'cancelled';
  at('done').hidden = state !== 'done';
  at('result-title').textContent = r ? r.name : 'Result';
  at('facts').textContent = r ? facts(r) : '';
  if (isActive) progress(r, isOther);
  if (state === 'failed') at('failed-text').textContent = r.error;
  if (state === 'cancelled') at('failed-text').textContent = 'Cancelled.';
  if (state === 'done' && loaded !== r.id) load(r);
}

function facts(r) {
  const size = r.width + ' × ' + r.height;
  return r.result ? size + ' → ' + r.result.width + ' × ' + r.result.height + ', ' + r.model + ', ' + seconds(r.result.seconds) : size + ', ' + r.model;
}

function progress(r, isOther) {
  const p = r.progress, bar = at('progress');
  if (isOther) at('preview').src = '/v1/restorations/' + r.id + '/small';
  if (p && p.previews > 0) at('preview').src = '/v1/restorations/' + r.id + '/preview?n=' + p.previews;
  if (p) bar.value = p.share;
  else bar.value = 0;
  at('progress-text').textContent = p ? percent(p.share) + ', ' + (p.steps > 1 ? p.stage + ' ' + p.step + ' of ' + p.steps : p.stage)
    : r.position ? 'Waiting, number ' + r.position : 'Waiting';
}

async function load(r) {
  loaded = r.id;
  Object.assign(view, {overlay: null, strength: 1, whole: true, after: null});
  fidelity = 0;
  fix = '';
  report = null;
  maps = {};
  show = 'none';
  at('show').replaceChildren(new Option('the result alone', 'none'));
  at('legend').hidden = true;
  at('report').open = false;
  document.querySelectorAll('.trust').forEach(e => { e.hidden = true; });
  at('remarks').replaceChildren(...r.result.warnings.map(w => Object.assign(document.createElement('li'), {textContent: w})));
  table(at('settings'), Object.entries(r.result.settings).filter(([, v]) => typeof v !== 'object'));
  fixes();
  tell();
  const pair = [picture('/v1/restorations/' + r.id + '/before'), picture(url())];
  try {
    const [before, after] = await Promise.all(pair);
    if (!now || now.id !== r.id) return;
    Object.assign(view, {before, after});
    viewer.draw();
    at('view').dataset.ready = r.id;
    maps = {change: 0.25, ...(r.result.width >= r.width ? {unexplained: 0.1} : {})};
    offer();
  } catch (e) {
    if (now && now.id === r.id) loaded = null;
  }
}

function offer() {
  at('show').replaceChildren(new Option('the result alone', 'none'), ...Object.keys(maps).map(m => new Option(MAPS[m], m)), ...(report ? [] : [new Option(MAPS.score, 'score')]));
  at('show').value = show;
}

function fixes() {
  const id = now.id;
  at('colours').replaceChildren(at('colours').firstElementChild, ...Object.entries(FIXES).map(([value, title]) => {
    const label = document.createElement('label'), input = Object.assign(document.createElement('input'), {type: 'radio', name: 'colours', value, checked: value === fix});
    const image = Object.assign(document.createElement('img'), {alt: '', loading: 'lazy', src: url({side: PREVIEW_SIDE, ...(value ? {'color-fix': value} : {})})});
    input.onchange = () => { if (now.id === id) { fix = value; remix(); } };
    label.append(input, image, title);
    return label;
  }));
}

/** Asks the server for the mixture that a canvas cannot make; strength is the canvas's own. */
function remix() {
  tell();
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const own = ++turn, id = now.id;
    at('view').setAttribute('aria-busy', 'true');
    try {
      const after = await picture(url(blend()));
      if (own !== turn || id !== now.id) return;
      view.after = after;
      at('view').dataset.blend = JSON.stringify(blend());
      viewer.draw();
    } finally {
      if (own === turn) at('view').setAttribute('aria-busy', 'false');
    }
  }, MILLIS);
}

function tell() {
  at('split').value = Math.round(100 * view.split);
  at('split-text').textContent = percent(view.split);
  at('strength').value = Math.round(100 * view.strength);
  at('strength-text').textContent = percent(view.strength);
  at('fidelity').value = Math.round(100 * fidelity);
  at('fidelity-text').textContent = percent(fidelity);
  at('swap').setAttribute('aria-pressed', view.split === 1);
  at('one').setAttribute('aria-pressed', !view.whole && view.zoom === 1);
  at('fit').setAttribute('aria-pressed', view.whole);
  at('alpha').value = Math.round(100 * alpha);
  at('alpha-text').textContent = percent(alpha) + (show === 'score' ? ', ' + percent(trusted) + ' trusted' : '');
  if (!now || now.state !== 'done') return;
  const s = view.strength < 1 ? {strength: view.strength.toFixed(2)} : {};
  at('download').href = url({format: at('format').value, ...s, ...blend(), download: 1});
}

async function paint() {
  const id = now.id;
  if (show === 'score' && !report) await measure();
  if (show === 'score' && !report?.trust) show = 'none';
  const map = show === 'none' ? null : await picture('/v1/restorations/' + id + '/maps/' + show);
  if (now.id !== id) return;
  at('legend').hidden = !map;
  view.overlay = null;
  if (map) {
    const isMask = show === 'score', painted = coloured(map, isMask ? threshold(report.trust.bounds, alpha) : undefined);
    view.overlay = painted.overlay;
    trusted = painted.trusted;
    at('swatch').style.background = isMask ? MASK : RAMP;
    at('legend-text').textContent = isMask ? 'Not to be trusted. Elsewhere the largest error is expected to stay below ' + percent(alpha) + ' of the range.'
      : 'None to ' + percent(maps[show]) + ' of the range and more.';
  }
  at('show').value = show;
  viewer.draw();
}

async function measure() {
  const id = now.id, found = await ask('/v1/restorations/' + id + '/report');
  if (now.id !== id) return;
  report = found;
  maps = found.maps;
  const figures = Object.assign(document.createElement('table'), {}), NAMES = {consistency: 'Consistency with the photo (dB)', deltaE: 'Colour error, mean',
    deltaE95: 'Colour error that 95 % stay below', seams: 'Strongest seam (levels of 255)', change: 'Mean change from the photo'};
  table(figures, Object.entries(found.figures).map(([n, v]) => [NAMES[n] || n, v.toFixed(n === 'change' ? 4 : 2)]));
  at('report-text').replaceChildren(figures, ...found.sentences.map(s => Object.assign(document.createElement('p'), {className: 'small', textContent: s})));
  if (found.trust) {
    alpha = found.trust.alpha;
    at('alpha').min = Math.ceil(100 * found.trust.bounds[0]);
    document.querySelectorAll('.trust').forEach(e => { e.hidden = false; });
  }
  offer();
  tell();
}

function table(to, rows) {
  to.replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement('tr'), head = Object.assign(document.createElement('th'), {scope: 'row', textContent: name});
    row.append(head, Object.assign(document.createElement('td'), {textContent: String(value)}));
    return row;
  }));
}

at('fit').onclick = viewer.fit;
at('one').onclick = viewer.one;
at('in').onclick = () => viewer.zoom(1.25);
at('out').onclick = () => viewer.zoom(0.8);
at('swap').onclick = viewer.swap;
at('split').oninput = e => viewer.divide(e.target.value / 100);
at('strength').oninput = e => { view.strength = e.target.value / 100; viewer.draw(); };
at('fidelity').oninput = e => { fidelity = e.target.value / 100; remix(); };
at('alpha').oninput = e => { alpha = e.target.value / 100; show = 'score'; paint(); };
at('show').onchange = e => { show = e.target.value; paint(); };
at('format').onchange = tell;
at('report').ontoggle = () => { if (at('report').open && !report) measure(); };
