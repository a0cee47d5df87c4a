// All that happened under one correlation id, over all streams, with what caused what.

import { ask } from './api.js';
import { copyButton, count, duration, h, shown, streamHash, timeOf } from './dom.js';
import { lanes } from './graph.js';
import { empty, eventRow, hue, streamName } from './parts.js';

export default async function trace({ path: [id] }) {
  const { events, more } = await ask('trace', { id });
  const ordered = inOrder(events);
  const streams = new Map();
  const first = timeOf(ordered[0]?.created_at ?? null);
  const place = new Map(ordered.map((event, i) => [nameOf(event), i]));

  for (const event of ordered) {
    const key = streamKey(event);
    if (!streams.has(key)) streams.set(key, { lane: streams.size, event, events: 0 });
    streams.get(key).events++;
  }
  const drawn = ordered.map((event) => ({ lane: streams.get(streamKey(event)).lane, source: place.get(sourceOf(event)), hue: hue(event.domain) }));
  const list = h('ol.events.traced', ordered.map((event, i) => {
    const cause = drawn[i].source;
    return h('li', eventRow(event, { stream: true, number: since(first, event), numberTitle: 'since the first event', id: `t${i}`, href: streamHash(event, { event: event.sequence }) }),
      cause !== undefined ? h('a.cause', { href: `#${location.hash.slice(1)}`, onclick: (click) => {
        click.preventDefault();
        document.getElementById(`t${cause}`).focus();
      } }, '↳ caused by ', shown(ordered[cause].type.replace(/^type\.googleapis\.com\//, '')), ` #${ordered[cause].sequence} of `, shown(ordered[cause].domain), after(ordered[cause], event))
        : event.source_domain !== null && h('a.cause', { href: streamHash({ domain: event.source_domain, edition: event.source_edition, root: event.source_root }, { event: event.source_sequence }) },
          '↳ caused by #', event.source_sequence, ' of ', shown(event.source_domain), ', which has another correlation'));
  }));
  const last = timeOf(ordered.at(-1)?.created_at ?? null);

  return {
    title: `Trace of ${id}`,
    body: [
      h('nav.crumbs', { 'aria-label': 'Where this is' }, 'Trace'),
      h('h1.root', shown(id), copyButton(id, 'the correlation id')),
      events.length === 0 ? empty('No event has this correlation id.') : [
        h('p.lead', count(ordered.length, 'event'), ` in ${count(streams.size, 'stream')}`, Number.isNaN(last - first) ? '' : ` within ${duration((last - first) / 1000)}`,
          more && '; only the first ones, by domain and root, are shown'),
        h('ul.legend', { 'aria-label': 'Streams' }, [...streams.values()].map(({ event, events: number }) => h('li', streamName(event), h('span.quiet', count(number, 'event'))))),
        h('div.trace', lanes(list, drawn, streams.size), list),
      ],
    ],
  };
}

const streamKey = ({ domain, edition, root }) => JSON.stringify([domain, edition, root]);
const nameOf = ({ domain, edition, root, sequence }) => JSON.stringify([domain, edition, root, sequence]);
const sourceOf = (event) => JSON.stringify([event.source_domain, event.source_edition, event.source_root, event.source_sequence]);

function after(cause, effect) {
  const difference = (timeOf(effect.created_at) - timeOf(cause.created_at)) / 1000;
  return Number.isNaN(difference) ? '' : difference < 0 ? `, dated ${duration(-difference)} before it` : `, ${duration(difference)} later`;
}

function since(first, event) {
  const difference = (timeOf(event.created_at) - first) / 1000;
  return Number.isNaN(difference) ? '' : difference <= 0 ? '0' : `+${duration(difference)}`;
}

/** Events by time; but a cause comes before its effects, and a stream keeps its order, whatever the clocks said. */
export function inOrder(events) {
  const byName = new Map(events.map((event) => [nameOf(event), event]));
  const previous = new Map();
  const last = new Map();
  for (const event of events) {
    const key = streamKey(event);
    previous.set(event, last.get(key));
    last.set(key, event);
  }
  const text = (event) => event.created_at;
  const sorted = [...events].sort((a, b) => (timeOf(a.created_at) - timeOf(b.created_at)) || (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
  const out = [];
  const state = new Map();

  for (const start of sorted) {
    // depth first, without recursion: a chain may be long
    const stack = [start];
    while (stack.length > 0) {
      const event = stack.at(-1);
      if (state.get(event) === 'done') {
        stack.pop();
      } else {
        const first = state.has(event) ? [] : [previous.get(event), byName.get(sourceOf(event))].filter((one) => one && !state.has(one));
        state.set(event, 'begun');
        if (first.length > 0) {
          stack.push(...first);
        } else {
          stack.pop();
          state.set(event, 'done');
          out.push(event);
        }
      }
    }
  }
  return out;
}
