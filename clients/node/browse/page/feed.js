// All committed events of the main timeline in one order.

import { ask } from './api.js';
import { badge, duration, grouped, h, hashOf, streamHash } from './dom.js';
import { empty, eventRow } from './parts.js';

const PAGE = 50;

export default async function feed({ parameters: { after, domain, type }, goTo }) {
  const { status, after: from, events } = await ask('feed', { after, domain: domain || undefined, type: type || undefined, count: PAGE });
  const head = BigInt(status.head), start = BigInt(from);
  const end = start + BigInt(PAGE) < head ? start + BigInt(PAGE) : head;
  const page = (position) => hashOf(['feed'], { domain, type, after: position === undefined ? undefined : String(position < -1n ? -1n : position) });

  return {
    title: 'Feed',
    live: after === undefined,
    body: [
      h('h1', 'Feed'),
      h('p.lead', head < 0n ? 'No event has a position yet.' : ['Head ', h('strong', grouped(head)), ' '],
        status.in_flight === '0' ? null : badge(`${grouped(status.in_flight)} in flight when it was last numbered`, 'plain'),
        status.oldest_in_flight !== null && badge(`a transaction that writes is open for ${duration(status.oldest_in_flight)}${status.oldest_pid === null ? '' : `, process ${status.oldest_pid}`}`, status.oldest_in_flight > 5 ? 'warn' : 'plain')),
      h('form.controls', { onsubmit: (event) => {
        event.preventDefault();
        const { elements } = event.target;
        goTo(hashOf(['feed'], { domain: elements.domain.value.trim(), type: elements.type.value.trim(), after: elements.after.value.trim() }));
      } },
      h('label', 'Domain ', h('input', { id: 'feed-domain', name: 'domain', value: domain ?? '', placeholder: 'any', autocomplete: 'off', spellcheck: 'false' })),
      h('label', 'Type ', h('input', { id: 'feed-type', name: 'type', value: type ?? '', placeholder: 'any', autocomplete: 'off', spellcheck: 'false' })),
      h('label', 'After position ', h('input.narrow', { id: 'feed-after', name: 'after', value: after ?? '', placeholder: 'newest', inputmode: 'numeric', pattern: '-?[0-9]*', autocomplete: 'off' })),
      h('button', { type: 'submit' }, 'Show')),
      events.length === 0 ? empty(domain || type ? 'Nothing matches at these positions.' : 'No events.')
        : h('ol.events', events.map((event) => h('li', eventRow(event,
          { stream: true, number: grouped(event.position), numberTitle: 'position in the feed', id: `p${event.position}`, href: streamHash(event, { event: event.sequence }) })))),
      head >= 0n && h('nav.pages', { 'aria-label': 'Pages' },
        after !== undefined && h('a.button', { href: page(undefined) }, 'Newest'),
        end < head && h('a.button', { href: page(end) }, 'Later'),
        start >= 0n && h('a.button', { href: page(start - BigInt(PAGE)) }, 'Earlier'),
        h('span.quiet', `positions ${grouped(start + 1n)} to ${grouped(end)}`)),
    ],
  };
}
