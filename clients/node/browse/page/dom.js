// Making the page. All text goes in by text nodes: nothing that is stored is ever read as HTML.

const SVG = 'http://www.w3.org/2000/svg';

// Characters that are not seen, or that turn the text around them.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** An element: h('a.link', { href }, 'text', child, …). What is null or false is left out. */
export function h(name, ...rest) {
  return build((tag) => document.createElement(tag), name, rest);
}

/** The same for SVG. */
export function s(name, ...rest) {
  return build((tag) => document.createElementNS(SVG, tag), name, rest);
}

function build(create, name, rest) {
  const [tag, ...classes] = name.split('.');
  const element = create(tag);
  const [first] = rest;
  const attributes = first !== null && typeof first === 'object' && !(first instanceof Node) && !Array.isArray(first) ? rest.shift() : {};

  if (classes.length > 0) element.setAttribute('class', classes.join(' '));
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value') element.value = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  append(element, rest);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Stored text, in which characters that cannot be seen are. */
export function shown(text) {
  const parts = [];
  let from = 0;

  for (const match of text.matchAll(HIDDEN)) {
    parts.push(text.slice(from, match.index));
    parts.push(h('span.hidden-character', { title: 'a character that cannot be seen' }, `\\u${match[0].charCodeAt(0).toString(16).padStart(4, '0')}`));
    from = match.index + 1;
  }
  parts.push(text.slice(from));
  return h('bdi', parts.filter((part) => part !== ''));
}

/** The same as a string, for titles and labels. */
export function plain(text) {
  return text.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A type without the part that all protobuf types have. */
export function typeName(type) {
  return type.replace(/^type\.googleapis\.com\/(?=.)/, '');
}

export function count(number, one, many = `${one}s`) {
  return `${grouped(number)} ${String(number) === '1' ? one : many}`;
}

/** 1234567 as 1,234,567. */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

export function bytes(size) {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let unit = 0, number = Number(size);
  while (number >= 1000 && unit < 3) {
    number /= 1000;
    unit++;
  }
  return `${unit === 0 ? number : number.toFixed(number < 10 ? 1 : 0)} ${number === 1 && unit === 0 ? 'byte' : units[unit]}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '';
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** Milliseconds of a time as the server writes it, or NaN where JavaScript knows no such time. */
export function timeOf(text) {
  return text === null ? NaN : Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
}

/** A time, in UTC, with how long ago that is as its title. */
export function time(text, { seconds = true } = {}) {
  if (text === null || text === undefined) return h('span.quiet', 'never');
  const at = timeOf(text);
  const written = text.replace(/\+00$/, '').replace(/(\.\d{3})\d*/, '$1');
  const short = seconds ? written : written.replace(/:\d\d(\.\d+)?$/, '');
  const ago = Number.isNaN(at) ? '' : `, ${agoOf(at)}`;
  return h('time', { datetime: Number.isNaN(at) ? null : new Date(at).toISOString(), title: `${text.replace(/\+00$/, '')} UTC${ago}` }, short);
}

export function agoOf(at) {
  const difference = (Date.now() - at) / 1000;
  return difference >= 0 ? `${duration(difference)} ago` : `in ${duration(-difference)}`;
}

export function shortRoot(root) {
  return root.slice(0, 8);
}

/** The hash of a view. */
export function hashOf(path, parameters = {}) {
  const query = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

const MAIN_TIMELINE = 'angzarr';
export const isMain = (edition) => edition === undefined || edition === null || edition === '' || edition === MAIN_TIMELINE;

/** Where a stream is shown, or an event of it. */
export function streamHash({ domain, edition, root }, parameters = {}) {
  return hashOf(['stream', domain, root], { edition: isMain(edition) ? undefined : edition, ...parameters });
}

/** A label that catches the eye: good, warn, bad or plain. */
export function badge(text, kind = 'plain', title) {
  return h(`span.badge.${kind}`, { title }, text);
}

/** A button that copies a text. */
export function copyButton(text, label) {
  const button = h('button.copy', {
    type: 'button', 'aria-label': `Copy ${label}`, title: `Copy ${label}`,
    onclick: async () => {
      await navigator.clipboard?.writeText(text).catch(() => {});
      button.classList.add('done');
      setTimeout(() => button.classList.remove('done'), 1200);
    },
  }, s('svg', { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true' },
    s('path', { d: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.4, 'stroke-linejoin': 'round' })));
  return button;
}
