// What was searched for: if it is one thing, it is shown at once.

import { ask } from './api.js';
import { count, h, hashOf, plain, shown, streamHash, time } from './dom.js';
import { empty, streamName } from './parts.js';

export default async function search({ path: [text = ''], replace }) {
  const { found, traced } = await ask('search', { q: text });
  const hashes = [...found.map((stream) => streamHash(stream)), ...traced === '0' ? [] : [hashOf(['trace', text])]];

  if (hashes.length === 1) {
    replace(hashes[0]);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
  return {
    title: `Search for ${plain(text)}`,
    body: [
      h('h1', 'Search'),
      h('p.lead', 'For “', shown(text), '”'),
      traced !== '0' && h('section.card', h('h2', 'As a correlation id'),
        h('p', h('a', { href: hashOf(['trace', text]) }, `Trace of ${count(traced, 'event')}`))),
      found.length > 0 && h('section.card', h('h2', 'Streams'), h('ul.list', found.map((stream) => h('li', streamName(stream),
        h('span.quiet', stream.by === 'key' ? 'the business key’s root' : 'by its root'),
        h('span.end.quiet', `${count(stream.next_sequence, 'event')}, last `, time(stream.last_created_at, { seconds: false })))))),
      hashes.length === 0 && empty('Nothing is called that: no root that begins so, no stream of that business key in any domain, no correlation id. ',
        'Business keys are found if the roots were made by azr_root(domain, key).'),
    ],
  };
}
