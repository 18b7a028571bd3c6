'use strict';
(async () => {
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const facts = read('facts'), pictures = {}, at = id => document.getElementById(id);
  for (const [name, uri] of Object.entries(read('pictures'))) {
    const image = new Image();
    image.src = uri;
    await image.decode();
    pictures[name] = image;
  }
  const canvas = at('view'), pen = canvas.getContext('2d'), width = pictures.after.naturalWidth, height = pictures.after.naturalHeight;
  const MAPS = {
    change: ['How far the result went from the photo'], unexplained: ['Difference that survives shrinking'],
    seeds: ['Deviation between seeds'], score: ['Trust mask']
  };
  for (const [name, {word}] of Object.entries(facts.words)) MAPS[name] = ['Attention to \u201c' + word + '\u201d'];
  // The corners of the colour map "jet": for red, green and blue pairs of a place from 0 to 1 and the strength there
  const JET = [[0, 0, 0.35, 0, 0.66, 1, 0.89, 1, 1, 0.5], [0, 0, 0.125, 0, 0.375, 1, 0.64, 1, 0.91, 0, 1, 0], [0, 0.5, 0.11, 1, 0.34, 1, 0.65, 0, 1, 0]];
  const jet = x => JET.map(c => {
    let i = 0;
    while (i + 4 < c.length && x > c[i + 2]) i += 2;
    return 255 * (c[i + 1] + (c[i + 3] - c[i + 1]) * (x - c[i]) / (c[i + 2] - c[i]));
  });
  const NEAR = 24, MOST = 64; // of the divider, in CSS pixels; zoom
  // x and y: the picture's point in the middle of the view; zoom: screen pixels for a pixel of the result
  const view = {x: width / 2, y: height / 2, zoom: 1, whole: true, split: 0.5, strength: 1, show: 'none', alpha: facts.trust ? facts.trust.alpha : 0};
  let overlay = null, trusted = 0;

  const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
  const percent = v => Math.round(100 * v) + ' %';
  const ratio = () => window.devicePixelRatio || 1;
  const fitting = () => Math.min(canvas.width / width, canvas.height / height);

  function draw() {
    if (view.whole) Object.assign(view, {zoom: fitting(), x: width / 2, y: height / 2});
    const w = width * view.zoom, h = height * view.zoom;
    const left = Math.round(canvas.width / 2 - view.x * view.zoom), top = Math.round(canvas.height / 2 - view.y * view.zoom);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = view.zoom < 1;
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(pictures.before, left, top, w, h);
    const line = Math.round(view.split * canvas.width);
    pen.save();
    pen.beginPath();
    pen.rect(line, 0, canvas.width - line, canvas.height);
    pen.clip();
    pen.globalAlpha = view.strength;
    pen.drawImage(pictures.after, left, top, w, h);
    pen.globalAlpha = 1;
    if (overlay) pen.drawImage(overlay, left, top, w, h);
    pen.restore();
    drawDivider(line);
    tell();
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

  function tell() {
    at('split').value = Math.round(100 * view.split);
    at('split-text').textContent = percent(view.split);
    at('strength').value = Math.round(100 * view.strength);
    at('strength-text').textContent = percent(view.strength);
    at('swap').setAttribute('aria-pressed', view.split === 1);
    at('state').textContent = 'Zoom ' + percent(view.zoom) + (view.whole ? ', whole picture' : '') + '.';
    canvas.style.touchAction = view.whole ? 'pan-y' : 'none';
    if (!facts.trust) return;
    at('alpha').value = Math.round(100 * view.alpha);
    const mixed = view.strength < 1 ? '; of the unmixed result' : '';
    at('alpha-text').textContent = percent(view.alpha) + ' of the range' + (view.show === 'score' ? ': ' + percent(trusted) + ' trusted' + mixed : '');
  }

  const threshold = alpha => facts.trust.bounds.filter(b => b <= alpha + 1e-12).length - 1; // bounds rise

  /** Colours what is shown over the result. */
  function paint() {
    const map = pictures[view.show];
    at('legend').hidden = !map;
    overlay = null;
    if (map) {
      const own = document.createElement('canvas');
      own.width = map.naturalWidth;
      own.height = map.naturalHeight;
      const p = own.getContext('2d');
      p.drawImage(map, 0, 0);
      const all = p.getImageData(0, 0, own.width, own.height), d = all.data, isMask = view.show === 'score', heat = facts.words[view.show];
      const t = isMask ? threshold(view.alpha) : 0;
      let count = 0;
      for (let i = 0; i < d.length; i += 4) {
        const v = d[i], pixel = i >> 2, x = pixel % own.width, y = (pixel - x) / own.width;
        if (isMask) {
          const stripe = (x + y) % 12 < 4;
          [d[i], d[i + 1], d[i + 2]] = stripe ? [255, 255, 255] : [200, 40, 0];
          d[i + 3] = v <= t ? 0 : stripe ? 110 : 150;
          if (v <= t) count++;
        } else if (heat) {
          [d[i], d[i + 1], d[i + 2]] = jet(v / 255);
          d[i + 3] = v;
        } else {
          [d[i], d[i + 1], d[i + 2]] = [255, 255 - v, 60];
          d[i + 3] = Math.min(235, 2 * v);
        }
      }
      trusted = isMask ? count / (d.length / 4) : 0;
      p.putImageData(all, 0, 0);
      overlay = own;
      at('swatch').style.background = isMask ? 'repeating-linear-gradient(-45deg, #c82800 0 8px, #fff 8px 12px)'
        : heat ? 'linear-gradient(90deg, #00f, #0ff, #ff0, #f00, #800000)'
        : 'linear-gradient(90deg, transparent, rgb(255,128,60), rgb(255,0,60))';
      at('legend-text').textContent = isMask ? 'Not to be trusted. Elsewhere the largest error is expected to stay below ' + percent(view.alpha) + ' of the range.'
        : heat ? 'Mean probability from ' + heat.least.toPrecision(2) + ' to ' + heat.most.toPrecision(2) + '; the picture shows through where it is low.'
        : 'None to ' + percent(facts.most[view.show]) + ' of the range and more.';
    }
    draw();
  }

  /** Zooms about a point of the view, in canvas pixels. */
  function zoom(factor, px = canvas.width / 2, py = canvas.height / 2) {
    const next = clamp(view.zoom * factor, Math.min(fitting(), 1) / 2, MOST), dx = px - canvas.width / 2, dy = py - canvas.height / 2;
    view.x = clamp(view.x + dx / view.zoom - dx / next, 0, width);
    view.y = clamp(view.y + dy / view.zoom - dy / next, 0, height);
    view.zoom = next;
    view.whole = false;
    draw();
  }

  function move(dx, dy) {
    view.x = clamp(view.x - dx / view.zoom, 0, width);
    view.y = clamp(view.y - dy / view.zoom, 0, height);
    view.whole = false;
    draw();
  }

  const divide = part => { view.split = clamp(part, 0, 1); draw(); };
  const fit = () => { view.whole = true; draw(); };
  const one = () => { view.whole = false; view.zoom = 1; draw(); };
  let before = 0.5;
  const swap = () => {
    if (view.split < 1) before = view.split;
    divide(view.split < 1 ? 1 : before);
  };

  const pointers = new Map();
  let isDividing = false;
  const point = e => {
    const box = canvas.getBoundingClientRect();
    return {x: (e.clientX - box.left) * canvas.width / box.width, y: (e.clientY - box.top) * canvas.height / box.height};
  };
  canvas.addEventListener('pointerdown', e => {
    const p = point(e);
    canvas.setPointerCapture(e.pointerId);
    pointers.set(e.pointerId, p);
    isDividing = pointers.size === 1 && Math.abs(p.x - view.split * canvas.width) < NEAR * ratio();
  });
  canvas.addEventListener('pointermove', e => {
    const last = pointers.get(e.pointerId), p = point(e);
    if (!last) {
      canvas.style.cursor = Math.abs(p.x - view.split * canvas.width) < NEAR * ratio() ? 'ew-resize' : 'grab';
      return;
    }
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== e.pointerId)[1];
      const far = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
      zoom(far(p, other) / far(last, other), (p.x + other.x) / 2, (p.y + other.y) / 2);
    } else if (isDividing) divide(p.x / canvas.width);
    else if (!view.whole) move(p.x - last.x, p.y - last.y);
    pointers.set(e.pointerId, p);
  });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, e => pointers.delete(e.pointerId));
  canvas.addEventListener('wheel', e => {
    e.preventDefault();
    const p = point(e);
    zoom(Math.exp(-e.deltaY * (e.deltaMode ? 16 : 1) / 400), p.x, p.y);
  }, {passive: false});
  canvas.addEventListener('dblclick', () => view.whole ? one() : fit());

  const STEP = 40, KEYS = {
    '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8), 0: fit, 1: one, ' ': swap, Home: () => divide(0), End: () => divide(1),
    ArrowLeft: e => e.shiftKey ? divide(view.split - 0.02) : move(STEP, 0), ArrowRight: e => e.shiftKey ? divide(view.split + 0.02) : move(-STEP, 0),
    ArrowUp: () => move(0, STEP), ArrowDown: () => move(0, -STEP)
  };
  canvas.addEventListener('keydown', e => {
    if (!KEYS[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    KEYS[e.key](e);
  });

  at('fit').onclick = fit;
  at('one').onclick = one;
  at('in').onclick = () => zoom(1.25);
  at('out').onclick = () => zoom(0.8);
  at('swap').onclick = swap;
  at('split').oninput = e => divide(e.target.value / 100);
  at('strength').oninput = e => { view.strength = e.target.value / 100; draw(); };
  at('alpha').oninput = e => { view.alpha = e.target.value / 100; view.show = at('show').value = 'score'; paint(); };
  at('show').append(new Option('the result alone', 'none'));
  for (const [name, [title]] of Object.entries(MAPS)) {
    if (pictures[name] && (name !== 'score' || facts.trust)) at('show').append(new Option(title, name));
  }
  at('show').onchange = e => { view.show = e.target.value; paint(); };
  at('save').onclick = () => {
    const whole = document.createElement('canvas');
    whole.width = width;
    whole.height = height;
    const p = whole.getContext('2d');
    p.drawImage(pictures.before, 0, 0, width, height);
    p.globalAlpha = view.strength;
    p.drawImage(pictures.after, 0, 0);
    whole.toBlob(blob => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = facts.stem + '-strength' + Math.round(100 * view.strength) + '.png';
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  };
  if (facts.trust) at('alpha').min = Math.ceil(100 * facts.trust.bounds[0]);
  else document.querySelectorAll('.trust').forEach(e => { e.hidden = true; });

  new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * ratio());
    canvas.height = Math.round(canvas.clientHeight * ratio());
    draw();
  }).observe(canvas);
  document.documentElement.dataset.ready = 'true';
})();
