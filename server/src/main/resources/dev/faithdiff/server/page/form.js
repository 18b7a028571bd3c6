// A model's options as fields, from the list that the server gives.
const BASIC = ['scale', 'quality', 'prompt'], AFTERWARDS = ['strength', 'fidelity'];
const element = (tag, properties = {}, ...children) => {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
};

function field(o) {
  const id = 'option-' + o.name, isChoice = o.kind === 'choice';
  const usual = o.default === null ? '' : String(o.default), input = document.createElement(isChoice ? 'select' : 'input');
  input.id = id;
  input.dataset.option = o.name;
  input.dataset.usual = usual;
  if (isChoice) {
    if (o.default === null) input.append(new Option(o.otherwise, ''));
    for (const c of o.choices) input.append(new Option(c, c));
  } else if (o.kind === 'text') input.type = 'text';
  else {
    input.type = 'number';
    input.step = o.kind === 'whole' ? 1 : 'any';
    if (o.least !== undefined) Object.assign(input, {min: o.least, max: o.most});
  }
  if (!isChoice && !usual) input.placeholder = o.otherwise;
  input.value = usual;
  input.setAttribute('aria-describedby', id + '-help');
  const title = o.name.charAt(0).toUpperCase() + o.name.slice(1).replaceAll('-', ' ');
  return element('div', {className: 'field'}, element('label', {htmlFor: id, textContent: title}), input, element('p', {id: id + '-help', textContent: o.help}));
}

/** Fills both places with fields. Values that were given stay where the new model has them. */
export function fill(options, basic, more) {
  const given = values();
  const all = options.filter(o => !AFTERWARDS.includes(o.name)).concat(options.filter(o => AFTERWARDS.includes(o.name)));
  basic.replaceChildren(...BASIC.map(n => all.find(o => o.name === n)).filter(o => o).map(field));
  more.replaceChildren(...all.filter(o => !BASIC.includes(o.name)).map(field));
  set(given);
}

const inputs = () => [...document.querySelectorAll('[data-option]')];

/** What differs from the model's own values. */
export function values() {
  const given = {};
  for (const i of inputs()) if (i.value !== i.dataset.usual) given[i.dataset.option] = i.value;
  return given;
}

export function set(given) {
  for (const i of inputs()) i.value = given[i.dataset.option] ?? i.dataset.usual;
}
