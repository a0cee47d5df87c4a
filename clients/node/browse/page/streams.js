// The streams of a domain, by root, page by page.

import { ask, Failure } from './api.js';
import { badge, count, grouped, h, hashOf, shown, streamHash, time } from './dom.js';
import { domainLabel, empty } from './parts.js';

const PAGE = 50;

export default async function streams({ path: [domain], parameters: { edition, after, root }, goTo }) {
  const { domains } = await ask('overview');

  if (domain === undefined || domain === '') {
    return {
      title: 'Streams',
      body: [h('h1', 'Streams'), domains.length === 0 ? empty('No event is stored yet.')
        : h('div.tiles', domains.map((one) => h('a.tile', { href: hashOf(['streams', one.domain]) }, h('span.tile-name', domainLabel(one.domain)),
          h('span.tile-unit', one.description ? shown(one.description) : 'a domain'))))],
    };
  }
  const wanted = root === undefined ? undefined : uuidOf(root);
  const page = await ask('streams', { domain, edition, after: wanted === undefined ? after : before(wanted), count: PAGE });
  const last = page.streams.at(-1);

  return {
    title: `Streams of ${domain}`,
    body: [
      h('nav.crumbs', { 'aria-label': 'Where this is' }, h('a', { href: '#/streams' }, 'Streams'), ' / ', domainLabel(domain)),
      h('h1', shown(domain)),
      h('div.controls',
        h('form', { onsubmit: (event) => {
          event.preventDefault();
          goTo(hashOf(['streams', domain], { edition, root: event.target.elements.root.value.trim() }));
        } }, h('label', 'From root ', h('input.wide', { name: 'root', value: root ?? '', placeholder: 'uuid, or its beginning', spellcheck: 'false', autocomplete: 'off', maxlength: 36 })),
        h('button', { type: 'submit' }, 'Go')),
        h('label', 'Timeline ', h('select', { onchange: (event) => goTo(hashOf(['streams', domain], { edition: event.target.value })) },
          h('option', { value: '', selected: !edition }, 'main timeline'),
          page.editions.map((one) => h('option', { value: one.edition, selected: one.edition === edition }, one.edition))))),
      page.streams.length === 0 ? empty(edition ? 'This edition has no events of its own from here on.' : 'There is no stream from here on.')
        : h('div.table', { role: 'region', 'aria-label': 'Streams', tabindex: 0 }, h('table',
          h('thead', h('tr', h('th', 'Root'), h('th.right', 'Events'), h('th', 'Began'), h('th', 'Last event'))),
          h('tbody', page.streams.map((stream) => h('tr',
            h('td', h('a', { href: streamHash({ domain, edition, root: stream.root }) }, h('code', stream.root))),
            h('td.right', grouped(stream.next_sequence)),
            h('td', time(stream.created_at, { seconds: false })), h('td', time(stream.last_created_at, { seconds: false }))))))),
      h('nav.pages', { 'aria-label': 'Pages' },
        (after || root) && h('a.button', { href: hashOf(['streams', domain], { edition }) }, 'First'),
        page.more && h('a.button', { href: hashOf(['streams', domain], { edition, after: last.root }) }, 'Next ', count(PAGE, 'stream')),
        !page.more && page.streams.length > 0 && h('span.quiet', 'These are the last ones.')),
      page.editions.length > 0 && h('section.card', h('h2', 'Editions'),
        h('ul.list', page.editions.map((one) => h('li', h('a', { href: hashOf(['streams', domain], { edition: one.edition }) }, h('span.edition', shown(one.edition))),
          one.description && h('span.quiet', shown(one.description)),
          h('span.end', one.protection !== 'open' && badge(one.protection, 'plain'), ' ', h('span.quiet', `${count(one.roots, 'stream')}, ${count(one.events, 'event')}`)))))),
    ],
  };
}

function uuidOf(text) {
  const digits = text.toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{0,32}$/.test(digits)) throw new Failure('This is not a uuid.', { hint: 'A uuid has the digits 0 to 9 and a to f. The search at the top also finds business keys.' });
  return digits.padEnd(32, '0');
}

// The uuid before, which a page begins after.
function before(digits) {
  const number = BigInt(`0x${digits}`);
  return number === 0n ? undefined
    : (number - 1n).toString(16).padStart(32, '0').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
