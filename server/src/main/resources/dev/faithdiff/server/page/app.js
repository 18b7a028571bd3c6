// The page: photos to send, what waits and what is done.
import {ask, enter, listen, send} from '/api.js';
import {fill, set, values} from '/form.js';
import {display, shown} from '/result.js';

const at = id => document.getElementById(id), all = new Map(), rows = new Map(), picked = new Set();
let chosen = [], isSending = false, followed = null;

// ---- photos to send
function choose(files) {
  const photos = [...files].filter(f => f.type.startsWith('image/') || /\.(tiff?|bmp|webp)$/i.test(f.name));
  for (const file of photos) chosen.push({file, url: URL.createObjectURL(file)});
  if (photos.length < files.length) at('problem').textContent = 'Some files are no photos and were left out.';
  showChosen();
}

function showChosen() {
  at('chosen').replaceChildren(...chosen.map(c => {
    const li = document.createElement('li'), image = Object.assign(document.createElement('img'), {src: c.url, alt: c.file.name, title: c.file.name});
    const out = Object.assign(document.createElement('button'), {type: 'button', textContent: '×', title: 'Remove'});
    out.setAttribute('aria-label', 'Remove ' + c.file.name);
    out.onclick = () => {
      URL.revokeObjectURL(c.url);
      chosen = chosen.filter(o => o !== c);
      showChosen();
      at('files').focus();
    };
    li.append(image, out);
    return li;
  }));
  at('go').disabled = !chosen.length || isSending;
  at('go').textContent = chosen.length > 1 ? 'Restore ' + chosen.length + ' photos' : 'Restore';
}

async function sendAll(event) {
  event.preventDefault();
  const model = at('model').value, options = values(), metadata = at('metadata').checked, problems = [];
  at('problem').textContent = '';
  isSending = true;
  followed = null;
  while (chosen.length) {
    const c = chosen[0];
    at('go').disabled = true;
    at('go').textContent = 'Sending ' + c.file.name;
    try {
      const r = await send(c.file, model, options, metadata, s => { at('go').textContent = 'The queue is full, again in ' + s + ' s'; });
      change(r);
      if (!followed) {
        followed = r.id;
        display(r);
        mark();
      }
    } catch (e) {
      problems.push(c.file.name + ': ' + e.message);
    }
    URL.revokeObjectURL(c.url);
    chosen.shift();
    showChosen();
  }
  isSending = false;
  at('problem').textContent = problems.join('\n');
  showChosen();
}

at('files').onchange = e => {
  choose(e.target.files);
  e.target.value = '';
};
at('form').onsubmit = sendAll;
document.addEventListener('paste', e => { if (e.clipboardData.files.length) choose(e.clipboardData.files); });
let over = 0;
document.addEventListener('dragenter', e => { if (e.dataTransfer.types.includes('Files')) at('over').hidden = ++over <= 0; });
document.addEventListener('dragleave', () => { if (over > 0 && --over === 0) at('over').hidden = true; });
document.addEventListener('dragover', e => e.preventDefault());
document.addEventListener('drop', e => {
  e.preventDefault();
  over = 0;
  at('over').hidden = true;
  choose(e.dataTransfer.files);
});

// ---- queue and history
const STATES = {queued: 'waiting', running: 'being restored', done: 'done', failed: 'failed', cancelled: 'cancelled'};

function change(r) {
  all.set(r.id, r);
  if (!rows.has(r.id)) {
    const li = row(r), next = [...at('list').children].find(other => all.get(other.dataset.id).created <= r.created);
    rows.set(r.id, li);
    at('list').insertBefore(li, next || null);
  }
  update(rows.get(r.id), r);
  if (shown() === r.id) display(r);
  count();
}

function row(r) {
  const li = document.createElement('li');
  li.dataset.id = r.id;
  li.innerHTML = '<input type="checkbox"><button type="button" class="open"><img alt="" loading="lazy"><span><span class="name"></span><span class="what"></span>'
    + '<progress max="1" hidden aria-label="Progress"></progress></span></button><button type="button" class="end">×</button>';
  li.querySelector('.name').textContent = r.name;
  li.querySelector('img').src = '/v1/restorations/' + r.id + '/small';
  li.querySelector('input').setAttribute('aria-label', 'Choose ' + r.name);
  li.querySelector('input').onchange = e => {
    picked[e.target.checked ? 'add' : 'delete'](r.id);
    zip();
  };
  li.querySelector('.open').onclick = () => open(r.id);
  li.querySelector('.end').onclick = () => end(r.id);
  return li;
}

function update(li, r) {
  const what = li.querySelector('.what'), bar = li.querySelector('progress'), button = li.querySelector('.end'), isActive = r.state === 'queued' || r.state === 'running';
  li.dataset.state = r.state;
  what.className = 'what' + (r.state === 'failed' ? ' bad' : '');
  what.textContent = r.state === 'failed' ? r.error : r.state === 'queued' && r.position ? 'waiting, number ' + r.position
    : r.state === 'done' ? r.result.width + ' × ' + r.result.height : STATES[r.state];
  bar.hidden = r.state !== 'running';
  bar.value = r.progress ? r.progress.share : 0;
  button.title = isActive ? 'Cancel' : 'Delete';
  button.setAttribute('aria-label', button.title + ' ' + r.name);
  li.querySelector('input').disabled = r.state !== 'done';
}

function remove(id) {
  all.delete(id);
  picked.delete(id);
  rows.get(id)?.remove();
  rows.delete(id);
  if (shown() === id) display(null);
  zip();
  count();
}

function open(id) {
  followed = id;
  display(all.get(id));
  mark();
  if (matchMedia('(max-width: 760px)').matches) at('result').scrollIntoView();
}

const mark = () => rows.forEach((li, id) => {
  li.classList.toggle('shown', id === shown());
  li.querySelector('.open').setAttribute('aria-current', id === shown());
});

async function end(id) {
  try {
    const r = await ask('/v1/restorations/' + id, {method: 'DELETE'});
    if (r) change(r);
    else remove(id);
  } catch (e) {
    if (e.status === 404) remove(id);
    else at('problem').textContent = e.message;
  }
}

function count() {
  const states = [...all.values()].map(r => r.state), waiting = states.filter(s => s === 'queued').length, runs = states.includes('running');
  at('status').textContent = runs || waiting ? (runs ? '1 being restored' : '') + (waiting ? (runs ? ', ' : '') + waiting + ' waiting' : '') : all.size ? 'Ready' : '';
  at('none').hidden = all.size > 0;
}

function zip() {
  const ids = [...picked].filter(id => all.get(id)?.state === 'done'), link = at('zip');
  link.setAttribute('aria-disabled', String(!ids.length));
  if (ids.length) link.href = '/v1/results.zip?ids=' + ids.join(',') + '&format=' + at('format').value;
  else link.removeAttribute('href');
  link.textContent = ids.length ? 'ZIP of ' + ids.length : 'ZIP of the chosen';
}

at('all').onchange = e => {
  for (const [id, li] of rows) {
    const box = li.querySelector('input');
    if (box.disabled) continue;
    box.checked = e.target.checked;
    picked[e.target.checked ? 'add' : 'delete'](id);
  }
  zip();
};
at('cancel').onclick = () => end(shown());
at('again').onclick = async () => {
  const r = all.get(shown());
  if (at('model').value !== r.model) {
    at('model').value = r.model;
    await options();
  }
  set(r.options);
  at('files').focus();
};

// ---- look, models, beginning
const THEMES = ['auto', 'light', 'dark'];
function theme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  at('theme').textContent = 'Theme: ' + name;
  localStorage.setItem('theme', name);
}
at('theme').onclick = () => theme(THEMES[(THEMES.indexOf(localStorage.getItem('theme')) + 1) % THEMES.length]);
theme(THEMES.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'auto');

async function options() {
  try {
    fill((await ask('/v1/options?model=' + encodeURIComponent(at('model').value))).options, at('basic'), at('more'));
    at('problem').textContent = '';
  } catch (e) {
    at('problem').textContent = e.message;
  }
}
at('model').onchange = options;

async function allowed() {
  const given = location.hash.match(/^#token=(.+)$/);
  if (given) {
    history.replaceState(null, '', '/');
    await enter(given[1]).catch(() => {});
  }
  try {
    await ask('/v1/session');
  } catch (e) {
    if (e.status !== 401) throw e;
    at('enter').showModal();
    await new Promise(done => {
      at('enter-form').onsubmit = async event => {
        event.preventDefault();
        try {
          await enter(at('token').value);
          at('enter').close();
          done();
        } catch (refused) {
          at('enter-problem').textContent = refused.message;
        }
      };
    });
  }
}

async function refresh() {
  const found = (await ask('/v1/restorations?limit=500')).restorations, ids = new Set(found.map(r => r.id));
  for (const id of [...all.keys()]) if (!ids.has(id)) remove(id);
  found.forEach(change);
}

await allowed();
const models = (await ask('/v1/models')).models;
at('model').append(...models.map(m => new Option(m.name, m.name)));
await options();
await refresh();
const newest = [...all.values()].filter(r => r.state === 'running' || r.state === 'done').sort((a, b) => b.created - a.created)[0];
if (newest) open(newest.id);
scrollTo(0, 0);
listen({
  began: () => refresh().catch(() => {}),
  state: change,
  gone: remove,
  lost: () => { at('status').textContent = 'The server does not answer.'; }
});
document.documentElement.dataset.ready = 'true';
