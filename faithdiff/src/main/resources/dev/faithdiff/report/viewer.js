// A photo and its result on one canvas with a divider between them: by mouse, touch and keys. Shared by the report's page and the server's.
const NEAR = 24, MOST = 64, STEP = 40; // of the divider, in CSS pixels; zoom; pixels for an arrow key
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
const ratio = () => window.devicePixelRatio || 1;

/** Begins to show. `told` hears of each drawing. Pictures have one size; `before` and `after` may be set at any time. */
export function createViewer(canvas, told) {
  const pen = canvas.getContext('2d'), pointers = new Map();
  // x and y: the picture's point in the middle of the view; zoom: screen pixels for a pixel of the result
  const view = {x: 0, y: 0, zoom: 1, whole: true, split: 0.5, strength: 1, before: null, after: null, overlay: null};
  let last = 0.5, isDividing = false;
  const width = () => view.after ? view.after.naturalWidth : 1, height = () => view.after ? view.after.naturalHeight : 1;
  const fitting = () => Math.min(canvas.width / width(), canvas.height / height());

  function draw() {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!view.after) return;
    if (view.whole) Object.assign(view, {zoom: fitting(), x: width() / 2, y: height() / 2});
    const w = width() * view.zoom, h = height() * view.zoom;
    const left = Math.round(canvas.width / 2 - view.x * view.zoom), top = Math.round(canvas.height / 2 - view.y * view.zoom);
    pen.imageSmoothingEnabled = view.zoom < 1;
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(view.before, left, top, w, h);
    const line = Math.round(view.split * canvas.width);
    pen.save();
    pen.beginPath();
    pen.rect(line, 0, canvas.width - line, canvas.height);
    pen.clip();
    pen.globalAlpha = view.strength;
    pen.drawImage(view.after, left, top, w, h);
    pen.globalAlpha = 1;
    if (view.overlay) pen.drawImage(view.overlay, left, top, w, h);
    pen.restore();
    drawDivider(line);
    canvas.style.touchAction = view.whole ? 'pan-y' : 'none';
    told(view);
  }

  function drawDivider(line) {
    const r = ratio(), middle = canvas.height / 2, size = 14 * r;
    for (const [colour, thick] of [['#000', 4 * r], ['#fff', 2 * r]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.beginPath();
      pen.moveTo(line, 0);
      pen.lineTo(line, canvas.height);
      pen.stroke();
    }
    pen.beginPath();
    pen.arc(line, middle, size, 0, 2 * Math.PI);
    pen.fillStyle = '#fff';
    pen.fill();
    pen.strokeStyle = '#000';
    pen.stroke();
    pen.beginPath();
    for (const side of [-1, 1]) {
      pen.moveTo(line + side * size * 0.3, middle - size * 0.35);
      pen.lineTo(line + side * size * 0.7, middle);
      pen.lineTo(line + side * size * 0.3, middle + size * 0.35);
    }
    pen.stroke();
  }

  /** Zooms about a point of the view, in canvas pixels. */
  function zoom(factor, px = canvas.width / 2, py = canvas.height / 2) {
    const next = clamp(view.zoom * factor, Math.min(fitting(), 1) / 2, MOST), dx = px - canvas.width / 2, dy = py - canvas.height / 2;
    view.x = clamp(view.x + dx / view.zoom - dx / next, 0, width());
    view.y = clamp(view.y + dy / view.zoom - dy / next, 0, height());
    view.zoom = next;
    view.whole = false;
    draw();
  }

  function move(dx, dy) {
    view.x = clamp(view.x - dx / view.zoom, 0, width());
    view.y = clamp(view.y - dy / view.zoom, 0, height());
    view.whole = false;
    draw();
  }

  const divide = part => { view.split = clamp(part, 0, 1); draw(); };
  const fit = () => { view.whole = true; draw(); };
  const one = () => { view.whole = false; view.zoom = 1; draw(); };
  const swap = () => {
    if (view.split < 1) last = view.split;
    divide(view.split < 1 ? 1 : last);
  };

  const point = e => {
    const box = canvas.getBoundingClientRect();
    return {x: (e.clientX - box.left) * canvas.width / box.width, y: (e.clientY - box.top) * canvas.height / box.height};
  };
  const isNear = p => Math.abs(p.x - view.split * canvas.width) < NEAR * ratio();
  canvas.addEventListener('pointerdown', e => {
    const p = point(e);
    canvas.setPointerCapture(e.pointerId);
    pointers.set(e.pointerId, p);
    isDividing = pointers.size === 1 && isNear(p);
  });
  canvas.addEventListener('pointermove', e => {
    const from = pointers.get(e.pointerId), p = point(e);
    if (!from) {
      canvas.style.cursor = isNear(p) ? 'ew-resize' : 'grab';
      return;
    }
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== e.pointerId)[1];
      const far = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
      zoom(far(p, other) / far(from, other), (p.x + other.x) / 2, (p.y + other.y) / 2);
    } else if (isDividing) divide(p.x / canvas.width);
    else if (!view.whole) move(p.x - from.x, p.y - from.y);
    pointers.set(e.pointerId, p);
  });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, e => pointers.delete(e.pointerId));
  canvas.addEventListener('wheel', e => {
    e.preventDefault();
    const p = point(e);
    zoom(Math.exp(-e.deltaY * (e.deltaMode ? 16 : 1) / 400), p.x, p.y);
  }, {passive: false});
  canvas.addEventListener('dblclick', () => view.whole ? one() : fit());
  const KEYS = {
    '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8), 0: fit, 1: one, ' ': swap, Home: () => divide(0), End: () => divide(1),
    ArrowLeft: e => e.shiftKey ? divide(view.split - 0.02) : move(STEP, 0), ArrowRight: e => e.shiftKey ? divide(view.split + 0.02) : move(-STEP, 0),
    ArrowUp: () => move(0, STEP), ArrowDown: () => move(0, -STEP)
  };
  canvas.addEventListener('keydown', e => {
    if (!KEYS[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    KEYS[e.key](e);
  });
  new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * ratio());
    canvas.height = Math.round(canvas.clientHeight * ratio());
    draw();
  }).observe(canvas);
  return {view, draw, zoom, divide, fit, one, swap};
}

// The corners of the colour map "jet": for red, green and blue pairs of a place from 0 to 1 and the strength there
const JET = [[0, 0, 0.35, 0, 0.66, 1, 0.89, 1, 1, 0.5], [0, 0, 0.125, 0, 0.375, 1, 0.64, 1, 0.91, 0, 1, 0], [0, 0.5, 0.11, 1, 0.34, 1, 0.65, 0, 1, 0]];
const jet = x => JET.map(c => {
  let i = 0;
  while (i + 4 < c.length && x > c[i + 2]) i += 2;
  return 255 * (c[i + 1] + (c[i + 3] - c[i + 1]) * (x - c[i]) / (c[i + 2] - c[i]));
});

/** A map in colours, to lie over a result: how much there is, or, with a threshold, what is not to be trusted. `trusted`: the share of the rest. */
export function coloured(map, threshold, isHeat = false) {
  const own = document.createElement('canvas'), isMask = threshold !== undefined;
  own.width = map.naturalWidth;
  own.height = map.naturalHeight;
  const p = own.getContext('2d');
  p.drawImage(map, 0, 0);
  const all = p.getImageData(0, 0, own.width, own.height), d = all.data;
  let count = 0;
  for (let i = 0; i < d.length; i += 4) {
    const v = d[i], pixel = i >> 2, x = pixel % own.width, y = (pixel - x) / own.width;
    if (isMask) {
      const stripe = (x + y) % 12 < 4;
      [d[i], d[i + 1], d[i + 2]] = stripe ? [255, 255, 255] : [200, 40, 0];
      d[i + 3] = v <= threshold ? 0 : stripe ? 110 : 150;
      if (v <= threshold) count++;
    } else if (isHeat) {
      [d[i], d[i + 1], d[i + 2]] = jet(v / 255);
      d[i + 3] = v;
    } else {
      [d[i], d[i + 1], d[i + 2]] = [255, 255 - v, 60];
      d[i + 3] = Math.min(235, 2 * v);
    }
  }
  p.putImageData(all, 0, 0);
  return {overlay: own, trusted: count / (d.length / 4)};
}

/** The largest score that may be trusted for an error, by bounds that rise. */
export const threshold = (bounds, alpha) => bounds.filter(b => b <= alpha + 1e-12).length - 1;
/** Colours of a legend. */
export const MASK = 'repeating-linear-gradient(-45deg, #c82800 0 8px, #fff 8px 12px)';
export const HEAT = 'linear-gradient(90deg, #00f, #0ff, #ff0, #f00, #800000)';
export const RAMP = 'linear-gradient(90deg, transparent, rgb(255,128,60), rgb(255,0,60))';
export const percent = v => Math.round(100 * v) + ' %';
