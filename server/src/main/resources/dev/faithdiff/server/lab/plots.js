// Tables and the roofline plot.
export function element(name, text, attributes = {}) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  return e;
}

/** A number with three digits. */
export const digits = v => v === null || v === undefined ? '' : !Number.isFinite(Number(v)) ? String(v) : Number(v) === 0 ? '0' : Number(Number(v).toPrecision(3)).toString();

/** A table in a box that scrolls by itself. @param own whether a row is the kernel's own */
export function table(headings, rows, own = () => false) {
  const t = element('table'), head = t.createTHead().insertRow(), body = t.createTBody();
  for (const h of headings) head.append(element('th', h, {scope: 'col'}));
  for (const row of rows) {
    const r = body.insertRow();
    if (own(row)) r.className = 'own';
    for (const cell of row) r.append(element('td', cell));
  }
  const box = element('div', undefined, {class: 'wide'});
  box.append(t);
  return box;
}

const SVG = 'http://www.w3.org/2000/svg';
function shape(name, attributes, text) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text) e.textContent = text;
  return e;
}

/** Attained GFLOP/s over operations for each byte, both logarithmic, under the limits of multiply-adds and of copying. */
export function roofline(limits, times, own) {
  const points = times.flatMap(t => t.kernels.map(k => ({x: Math.max(t.flops, 1) / t.bytes, y: k.gflops, kernel: k.kernel, name: t.case})))
    .filter(p => p.x > 0 && p.y > 0);
  if (!points.length) return element('p', 'There is nothing to plot.');
  const ridge = limits.gflops / limits.gbytes;
  const x0 = Math.min(ridge / 8, ...points.map(p => p.x / 2)), x1 = Math.max(ridge * 16, ...points.map(p => p.x * 2));
  const y1 = limits.gflops * 2, y0 = Math.min(...points.map(p => p.y / 2), limits.gflops / 50);
  const w = 640, h = 320, left = 52, bottom = 34;
  const px = x => left + (w - left - 10) * Math.log(x / x0) / Math.log(x1 / x0), py = y => (h - bottom) * (1 - Math.log(y / y0) / Math.log(y1 / y0));
  const svg = shape('svg', {viewBox: `0 0 ${w} ${h}`, class: 'roofline', role: 'img', 'aria-label': 'Roofline plot; the table below has its numbers'});
  for (let d = Math.ceil(Math.log10(x0)); d <= Math.log10(x1); d++) {
    svg.append(shape('line', {class: 'grid', x1: px(10 ** d), x2: px(10 ** d), y1: 0, y2: h - bottom}));
    svg.append(shape('text', {x: px(10 ** d), y: h - bottom + 14, 'text-anchor': 'middle'}, String(10 ** d)));
  }
  for (let d = Math.ceil(Math.log10(y0)); d <= Math.log10(y1); d++) {
    svg.append(shape('line', {class: 'grid', x1: left, x2: w - 10, y1: py(10 ** d), y2: py(10 ** d)}));
    svg.append(shape('text', {x: left - 6, y: py(10 ** d) + 4, 'text-anchor': 'end'}, String(10 ** d)));
  }
  svg.append(shape('text', {x: w - 10, y: h - 4, 'text-anchor': 'end'}, 'operations a byte'), shape('text', {x: left + 6, y: 12}, 'GFLOP/s'));
  svg.append(shape('polyline', {class: 'roof', points: [[x0, x0 * limits.gbytes], [ridge, limits.gflops], [x1, limits.gflops]].map(([x, y]) => px(x) + ',' + py(y)).join(' ')}));
  for (const p of points) {
    const dot = shape('circle', {cx: px(p.x), cy: py(p.y), r: p.kernel === own ? 5 : 4, class: p.kernel === own ? 'own' : 'other'});
    dot.append(shape('title', {}, `${p.kernel}, ${p.name}: ${digits(p.y)} GFLOP/s`));
    svg.append(dot);
  }
  return svg;
}
