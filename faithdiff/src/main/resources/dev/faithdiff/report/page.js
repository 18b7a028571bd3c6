// Behind viewer.js in one module.
const read = id => JSON.parse(document.getElementById(id).textContent);
const facts = read('facts'), pictures = {}, at = id => document.getElementById(id);
for (const [name, uri] of Object.entries(read('pictures'))) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  pictures[name] = image;
}
const MAPS = {
  change: 'How far the result went from the photo', unexplained: 'Difference that survives shrinking', seeds: 'Deviation between seeds', score: 'Trust mask'
};
for (const [name, {word}] of Object.entries(facts.words)) MAPS[name] = 'Attention to \u201c' + word + '\u201d';
let show = 'none', alpha = facts.trust ? facts.trust.alpha : 0, trusted = 0;
const viewer = createViewer(at('view'), tell), view = viewer.view;
Object.assign(view, {before: pictures.before, after: pictures.after});

function tell() {
  at('split').value = Math.round(100 * view.split);
  at('split-text').textContent = percent(view.split);
  at('strength').value = Math.round(100 * view.strength);
  at('strength-text').textContent = percent(view.strength);
  at('swap').setAttribute('aria-pressed', view.split === 1);
  at('state').textContent = 'Zoom ' + percent(view.zoom) + (view.whole ? ', whole picture' : '') + '.';
  if (!facts.trust) return;
  at('alpha').value = Math.round(100 * alpha);
  const mixed = view.strength < 1 ? '; of the unmixed result' : '';
  at('alpha-text').textContent = percent(alpha) + ' of the range' + (show === 'score' ? ': ' + percent(trusted) + ' trusted' + mixed : '');
}

/** Colours what is shown over the result. */
function paint() {
  const map = pictures[show], isMask = show === 'score', heat = facts.words[show];
  at('legend').hidden = !map;
  view.overlay = null;
  if (map) {
    const painted = coloured(map, isMask ? threshold(facts.trust.bounds, alpha) : undefined, Boolean(heat));
    view.overlay = painted.overlay;
    trusted = painted.trusted;
    at('swatch').style.background = isMask ? MASK : heat ? HEAT : RAMP;
    at('legend-text').textContent = isMask ? 'Not to be trusted. Elsewhere the largest error is expected to stay below ' + percent(alpha) + ' of the range.'
      : heat ? 'Mean probability from ' + heat.least.toPrecision(2) + ' to ' + heat.most.toPrecision(2) + '; the picture shows through where it is low.'
      : 'None to ' + percent(facts.most[show]) + ' of the range and more.';
  }
  viewer.draw();
}

at('fit').onclick = viewer.fit;
at('one').onclick = viewer.one;
at('in').onclick = () => viewer.zoom(1.25);
at('out').onclick = () => viewer.zoom(0.8);
at('swap').onclick = viewer.swap;
at('split').oninput = e => viewer.divide(e.target.value / 100);
at('strength').oninput = e => { view.strength = e.target.value / 100; viewer.draw(); };
at('alpha').oninput = e => { alpha = e.target.value / 100; show = at('show').value = 'score'; paint(); };
at('show').append(new Option('the result alone', 'none'));
for (const [name, title] of Object.entries(MAPS)) {
  if (pictures[name] && (name !== 'score' || facts.trust)) at('show').append(new Option(title, name));
}
at('show').onchange = e => { show = e.target.value; paint(); };
at('save').onclick = () => {
  const whole = document.createElement('canvas');
  whole.width = pictures.after.naturalWidth;
  whole.height = pictures.after.naturalHeight;
  const p = whole.getContext('2d');
  p.drawImage(pictures.before, 0, 0, whole.width, whole.height);
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
viewer.draw();
document.documentElement.dataset.ready = 'true';
