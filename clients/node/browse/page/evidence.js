// What is sealed and signed, and what was erased on record.

import { ask } from './api.js';
import { badge, copyButton, grouped, h, shown, time, typeName } from './dom.js';
import { empty, facts, streamLink } from './parts.js';

export default async function evidence() {
  const { feed, enabled, origin, sealed, not_sealed: notSealed, signed, checkpoints, erasures } = await ask('evidence');
  const of = BigInt(feed.head) + 1n;

  return {
    title: 'Evidence',
    live: true,
    body: [
      h('h1', 'Evidence'),
      !enabled ? h('section.card', h('p', 'This store keeps no evidence. Its owner turns it on with azr_evidence_enable(origin), and azr_seal takes the events into the log.'))
        : h('section.card', facts([
          ['Origin', h('code.wrap', shown(origin))],
          ['Sealed', [`${grouped(sealed)} of ${grouped(of)} events `, notSealed === '0' ? badge('up to the head', 'good') : badge(`${grouped(notSealed)} not sealed yet`, 'warn')]],
          ['Last signed note', signed ? [`at ${grouped(signed.size)}, sealed `, time(signed.sealed_at)] : badge('none is filed', 'warn', 'script/evidence publish signs what is sealed and keeps it outside of the database')],
        ])),
      enabled && h('section.card', h('h2', 'Checkpoints'), checkpoints.length === 0 ? empty('Nothing is sealed yet.')
        : h('div.table', { role: 'region', 'aria-label': 'Checkpoints', tabindex: 0 }, h('table', h('thead', h('tr', h('th.right', 'Size'), h('th', 'Root hash'), h('th', 'Sealed'), h('th', 'Note'))),
          h('tbody', checkpoints.map((one) => h('tr', h('td.right', grouped(one.size)), h('td', h('code.hash', { title: one.root_hash }, one.root_hash), copyButton(one.root_hash, 'the root hash')), h('td', time(one.sealed_at)),
            h('td', one.note === null ? h('span.quiet', 'not signed') : h('details', h('summary', 'signed'), h('pre.code', { tabindex: 0 }, shown(one.note)))))))))),
      h('p.quiet', 'This page shows what the database says. Whether it is true, script/evidence verify finds out, with a note that was kept elsewhere.'),
      h('section.card', h('h2', 'Erasures'), erasures.length === 0 ? empty('No event was erased.')
        : h('div.table', { role: 'region', 'aria-label': 'Erasures', tabindex: 0 }, h('table', h('thead', h('tr', h('th', 'Event'), h('th', 'Was'), h('th', 'Erased'), h('th', 'By'), h('th', 'Reason'))),
          h('tbody', erasures.map((one) => h('tr', h('td', streamLink(one, one.sequence)), h('td', h('span.type', one.type ? shown(typeName(one.type)) : '')), h('td', time(one.erased_at, { seconds: false })),
            h('td', shown(one.erased_by)), h('td', h('span.reason', shown(one.reason))))))))),
    ],
  };
}
