// Requests to the server, and what it tells by itself.
const name = () => {
  let own = localStorage.getItem('client');
  if (!own) localStorage.setItem('client', own = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, '0')).join(''));
  return own;
};

export class Refused extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Asks, and gives the answer's JSON, or null where there is none. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {...options, headers: {'X-FaithDiff-Client': name(), ...options.headers}});
  } catch (e) {
    throw e.name === 'AbortError' ? e : new Refused(0, 'The server does not answer.');
  }
  const isJson = (answer.headers.get('Content-Type') || '').startsWith('application/json');
  const body = isJson ? await answer.json() : null;
  if (!answer.ok) throw new Refused(answer.status, body ? body.error : 'HTTP ' + answer.status, Number(answer.headers.get('Retry-After')) || 0);
  return body;
}

export const enter = token => ask('/v1/session', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})});

/** Sends a photo; where the queue is full, again after a while. `wait` hears for how many seconds. */
export async function send(file, model, options, metadata, wait) {
  for (;;) {
    const form = new FormData();
    form.append('model', model);
    form.append('metadata', metadata);
    for (const [key, value] of Object.entries(options)) form.append(key, value);
    form.append('photo', file, file.name || 'pasted.png');
    try {
      return await ask('/v1/restorations', {method: 'POST', body: form});
    } catch (e) {
      if (e.status !== 429 && e.status !== 503) throw e;
      const seconds = Math.min(30, e.retryAfter || 3);
      wait(seconds);
      await new Promise(done => setTimeout(done, 1000 * seconds));
    }
  }
}

/** Hears of all changes. `began` runs whenever the stream begins, since something may have been missed. */
export function listen({began, state, gone, lost}) {
  const stream = new EventSource('/v1/events');
  stream.addEventListener('hello', began);
  stream.addEventListener('state', e => state(JSON.parse(e.data)));
  stream.addEventListener('gone', e => gone(JSON.parse(e.data).id));
  stream.onerror = () => lost();
}

/** A picture from the server, whole. */
export async function picture(path) {
  const image = new Image();
  image.src = path;
  await image.decode();
  return image;
}
