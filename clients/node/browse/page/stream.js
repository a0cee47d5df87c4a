// One stream: its events, the editions that branch off it, and its state at a sequence.

import { ask } from './api.js';
import { badge, bytes, copyButton, count, grouped, h, hashOf, isMain, shown, streamHash, time, typeName } from './dom.js';
import { branches } from './graph.js';
import { compact, lines, same } from './json.js';
import { code, domainLabel, empty, eventDetail, eventRow, payload } from './parts.js';
import { bytesOf, jsonOf } from './payload.js';

const PAGE = 100;
const wide = matchMedia('(min-width: 1000px)');

export default async function stream({ path: [domain, root], parameters, replace }) {
  const { edition } = parameters;
  const asked = { domain, root, edition };
  const found = await ask('stream', asked);
  const next = BigInt(found.next_sequence);
  const tab = parameters.view === 'state' ? 'state' : 'events';
  const name = isMain(edition) ? 'the main timeline' : edition;
  const view = next === 0n ? { body: empty('This stream has no events.') }
    : tab === 'state' ? stateView(asked, found, parameters, replace) : await eventsView(asked, found, parameters);
  const mark = parameters.event ?? parameters.at;

  return {
    title: `${domain} ${root.slice(0, 8)}${isMain(edition) ? '' : ` in ${edition}`}`,
    keep: (place) => place.path[0] === domain && place.path[1] === root && place.parameters.edition === edition
      && (place.parameters.view ?? 'events') === tab && (view.keep?.(place.parameters) ?? false),
    end: view.end,
    mounted: view.mounted,
    body: [
      h('nav.crumbs', { 'aria-label': 'Where this is' }, h('a', { href: '#/streams' }, 'Streams'), ' / ', h('a', { href: hashOf(['streams', domain], { edition }) }, domainLabel(domain)), ' / ', h('code', root.slice(0, 8))),
      h('h1.root', h('code', root), copyButton(root, 'the root')),
      h('p.lead', count(next, 'event'), ' on ', isMain(edition) ? name : h('span.edition', shown(name)),
        found.created_at && ['; began ', time(found.created_at, { seconds: false })],
        found.last_created_at && [', last event ', time(found.last_created_at, { seconds: false })],
        !found.own && [' ', badge('nothing of its own here: reads as the main timeline', 'plain')]),
      (found.editions.length > 0 || !isMain(edition)) && h('section.card', h('h2', 'Timelines'),
        branches(found, { edition, event: mark === undefined ? undefined : BigInt(mark) })),
      h('div.tabs', { role: 'navigation', 'aria-label': 'Of this stream' },
        h('a', { href: streamHash(asked), 'aria-current': tab === 'events' ? 'page' : null }, 'Events'),
        h('a', { href: streamHash(asked, { view: 'state', at: mark }), 'aria-current': tab === 'state' ? 'page' : null }, 'State at a sequence',
          found.snapshots.length > 0 && h('span.count', grouped(found.snapshots.length), h('span.unseen', ' snapshots')))),
      view.body,
    ],
  };
}

// -- events

async function eventsView(asked, found, parameters) {
  const next = BigInt(found.next_sequence);
  const wanted = parameters.event !== undefined && /^\d+$/.test(parameters.event) ? BigInt(parameters.event) : undefined;
  const from = parameters.from !== undefined && /^\d+$/.test(parameters.from) ? BigInt(parameters.from)
    : wanted === undefined ? 0n : wanted / BigInt(PAGE) * BigInt(PAGE);
  const { events } = await ask('events', { ...asked, from: String(from), count: PAGE });
  const hash = (sequence) => streamHash(asked, { from: from === 0n ? undefined : String(from), event: sequence });
  const detail = h('aside.detail.card', { 'aria-label': 'The event', tabindex: -1 });
  const list = h('ol.events', events.map((event) => h('li', eventRow(event, { href: hash(event.sequence), id: `e${event.sequence}` }))));
  let current;
  let turn = 0;

  const place = () => {
    const row = current === undefined ? null : document.getElementById(`e${current}`);
    if (wide.matches || !row) layout.append(detail);
    else row.parentElement.append(detail);
  };
  const choose = async (sequence, { scroll }) => {
    const mine = ++turn;
    current = sequence;
    for (const row of list.querySelectorAll('a.event')) {
      if (row.id === `e${sequence}`) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    }
    if (sequence === undefined) {
      detail.replaceChildren(h('p.quiet', 'Choose an event to see all of it.'));
      detail.classList.add('unchosen');
      place();
      return;
    }
    detail.classList.remove('unchosen');
    place();
    try {
      const event = await ask('event', { ...asked, sequence });
      if (mine !== turn) return;
      detail.replaceChildren(...flat(eventDetail(event)), h('p.actions', h('a.button', { href: streamHash(asked, { view: 'state', at: sequence }) }, 'State after this event')));
    } catch (error) {
      if (mine === turn) detail.replaceChildren(h('p.failure', { role: 'alert' }, shown(error.message)));
    }
    if (scroll) document.getElementById(`e${sequence}`)?.scrollIntoView({ block: 'nearest' });
  };
  const layout = h('div.master', h('div', list, h('nav.pages', { 'aria-label': 'Pages' },
    from > 0n && h('a.button', { href: streamHash(asked, { from: String(from > BigInt(PAGE) ? from - BigInt(PAGE) : 0n) }) }, 'Earlier'),
    from + BigInt(PAGE) < next && h('a.button', { href: streamHash(asked, { from: String(from + BigInt(PAGE)) }) }, 'Later'),
    from + BigInt(PAGE) < next && h('a.button', { href: streamHash(asked, { from: String((next - 1n) / BigInt(PAGE) * BigInt(PAGE)) }) }, 'Last'),
    h('span.quiet', events.length > 0 ? `events ${grouped(events[0].sequence)} to ${grouped(events.at(-1).sequence)} of ${grouped(next)}` : `nothing from ${grouped(from)} on`))));

  wide.addEventListener('change', place);
  layout.append(detail);
  return {
    body: layout,
    mounted: () => choose(wanted === undefined && wide.matches ? events[0]?.sequence : wanted === undefined ? undefined : String(wanted), { scroll: wanted !== undefined }),
    end: () => wide.removeEventListener('change', place),
    keep: (to) => {
      const sameFrom = (to.from ?? '0') === String(from);
      if (!sameFrom || to.event === undefined || !events.some((event) => event.sequence === to.event)) return false;
      choose(to.event, { scroll: true });
      return true;
    },
  };
}

const flat = (list) => list.flat(Infinity).filter(Boolean);

// -- the state

function stateView(asked, found, parameters, replace) {
  const last = Number(found.next_sequence) - 1;
  const clamp = (number) => Math.max(0, Math.min(last, Number.isSafeInteger(number) ? number : last));
  const panel = h('div.state', { 'aria-live': 'polite' });
  const slider = h('input.slider', { type: 'range', min: 0, max: last, step: 1, 'aria-label': 'Sequence', id: 'slider' });
  const number = h('output.number', { for: 'slider' });
  const marks = h('div.marks', { 'aria-hidden': 'true' }, found.snapshots.map(({ sequence }) => {
    const mark = h('span', { title: `snapshot at ${sequence}` });
    mark.style.setProperty('--at', String(last === 0 ? 0 : Number(sequence) / last));
    return mark;
  }));
  let turn = 0;
  let timer;

  const load = async (at) => {
    const mine = ++turn;
    try {
      const state = await ask('state', { ...asked, at, count: 100 });
      if (mine === turn) panel.replaceChildren(...flat(stateOf(asked, state)));
    } catch (error) {
      if (mine === turn) panel.replaceChildren(h('p.failure', { role: 'alert' }, shown(error.message)));
    }
  };
  const move = (to, { wait = 0, address = true } = {}) => {
    const at = clamp(to);
    slider.value = String(at);
    number.replaceChildren(`${grouped(at)} of ${grouped(last)}`);
    slider.setAttribute('aria-valuetext', `after event ${at} of ${last}`);
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (address) replace(streamHash(asked, { view: 'state', at: String(at) }));
      load(at);
    }, wait);
  };
  const step = (label, text, by) => h('button', { type: 'button', 'aria-label': label, onclick: () => move(by(Number(slider.value))) }, text);
  const snapshots = found.snapshots.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b);

  slider.addEventListener('input', () => move(Number(slider.value), { wait: 60 }));
  const start = parameters.at === undefined ? last : Number(parameters.at);
  move(start, { address: false });
  return {
    end: () => clearTimeout(timer),
    keep: (to) => {
      if (to.at === undefined) return false;
      move(Number(to.at), { address: false });
      return true;
    },
    body: [
      h('section.card.slide', h('div.slide-head', h('h2', 'State after event ', number),
        h('div.segments', { role: 'group', 'aria-label': 'Go to' },
          step('First event', '⇤', () => 0),
          snapshots.length > 0 && step('Snapshot before', '◆←', (at) => snapshots.findLast((one) => one < at) ?? 0),
          step('Event before', '←', (at) => at - 1), step('Event after', '→', (at) => at + 1),
          snapshots.length > 0 && step('Snapshot after', '→◆', (at) => snapshots.find((one) => one > at) ?? last),
          step('Last event', '⇥', () => last))),
      h('div.slider-box', marks, slider),
      h('p.quiet', found.snapshots.length === 0 ? 'This stream has no snapshots: a handler reads all of its events.'
        : ['A diamond is a snapshot. A handler loads the best one, and the events after it.'])),
      panel,
    ],
  };
}

function stateOf(asked, { at, event: now, snapshot, previous, events, left_out: leftOut }) {
  return [
    now && h('p.lead', 'Event ', h('a', { href: streamHash(asked, { event: at }) }, `#${at}`), ' ', h('span.type', shown(typeName(now.type))), ' ', time(now.created_at)),
    h('div.columns.even', snapshot ? snapshotCard(asked, snapshot, previous, at) : h('section.card', h('h2', 'Snapshot'), empty('There is none at or below this sequence: the state is what the events say from 0 on.')),
      h('div',
        saidSince(events, at, leftOut, snapshot),
        h('section.card', h('h2', events.length === 0 ? 'No events after the snapshot' : `${count(BigInt(events.length) + BigInt(leftOut), 'event')} ${snapshot ? 'after the snapshot' : 'so far'}`),
          leftOut !== '0' && h('p.quiet', `The last ${events.length} are shown.`),
          events.length > 0 && h('ol.events.small', events.toReversed().map((event) => h('li', eventRow({ ...event, committed: true }, { href: streamHash(asked, { event: event.sequence }), current: event.sequence === at }))))))),
  ];
}

function snapshotCard(asked, snapshot, previous, at) {
  const state = bytesOf(snapshot.payload);
  const document = jsonOf(state, Number(snapshot.size));
  const old = previous && jsonOf(bytesOf(previous.payload), Number(previous.size));
  const marked = document && old ? Object.assign(lines(document, old), { marked: true }) : null;

  return h('section.card', h('h2', `Snapshot at ${grouped(snapshot.sequence)}`, snapshot.sequence === at ? badge('the whole state', 'good') : badge(`${count(BigInt(at) - BigInt(snapshot.sequence), 'event')} behind`, 'plain')),
    h('p.quiet', shown(snapshot.state_type), ` · ${bytes(snapshot.size)} · ${snapshot.retention} · taken `, time(snapshot.created_at),
      isMain(asked.edition) || !isMain(snapshot.edition) ? null : ' · of the main timeline'),
    document ? [
      code(marked ?? lines(document), { label: 'state' }),
      previous && h('p.quiet', old ? (same(document, old) ? `The same as the snapshot at ${previous.sequence}.` : `+ and − say what has changed since the snapshot at ${previous.sequence}.`) : `The snapshot at ${previous.sequence} is not JSON.`),
    ] : payload(snapshot.payload, Number(snapshot.size), snapshot.state_type, { label: 'state' }));
}

// The fields of JSON payloads: which event was the last one to say something of each.
function saidSince(events, at, leftOut, snapshot) {
  const fields = new Map();

  for (const event of events) {
    const document = jsonOf(bytesOf(event.payload), event.size);
    if (document?.kind !== 'object') continue;
    for (const [name, value] of new Map(document.entries)) {
      const before = fields.get(name);
      fields.set(name, { value, event, changed: before === undefined || !same(before.value, value) });
    }
  }
  if (fields.size === 0) return null;
  return h('section.card', h('h2', 'What the events have said last'),
    h('p.quiet', `Of each field in their data${snapshot ? ', since the snapshot' : ''}. What they mean for the state, the handler knows.`),
    h('div.table', { role: 'region', 'aria-label': 'Fields', tabindex: 0 }, h('table.fields', h('thead', h('tr', h('th', 'Field'), h('th', 'Value'), h('th', 'Said by'))),
      h('tbody', [...fields].slice(0, 200).map(([name, { value, event }]) => h(`tr${event.sequence === at ? '.now' : ''}`,
        h('td', h('code', shown(name))), h('td', h('code.value', shown(cut(compact(value))))),
        h('td', `#${event.sequence} `, h('span.quiet', shown(typeName(event.type))), event.sequence === at && badge('now', 'good'))))))));
}

const cut = (text) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
