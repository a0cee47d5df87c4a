// What several views show in the same way.

import {
  agoOf, badge, bytes, copyButton, count, duration, grouped, h, hashOf, isMain, plain, shortRoot, shown, streamHash, time, timeOf, typeName,
} from './dom.js';
import { parseJson, lines } from './json.js';
import { bytesOf, preview, readings } from './payload.js';

const ERASED = 'type.googleapis.com/angzarr.Erased';
const MOST_LINES = 1500;

/** A hue for a domain: the same one everywhere. */
export function hue(domain) {
  let hash = 2166136261;
  for (const character of domain) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  return `hue-${(hash >>> 0) % 8}`;
}

export function domainLabel(domain) {
  return h(`span.domain.${hue(domain)}`, shown(domain));
}

/** The name of a stream, as a link or not. */
export function streamName({ domain, edition, root }, { link = true, parameters } = {}) {
  const name = [domainLabel(domain), h('code', shortRoot(root)), isMain(edition) ? null : h('span.edition', shown(edition))];
  return link ? h('a.stream-name', { href: streamHash({ domain, edition, root }, parameters), title: plain(`${domain} ${root}`) }, name)
    : h('span.stream-name', { title: plain(`${domain} ${root}`) }, name);
}

/** What is to be known of an event at first sight. */
export function eventBadges(event) {
  return [
    event.effect === 'pending' && badge('pending', 'warn', 'part of a cascade that is neither confirmed nor revoked'),
    event.effect === 'revoked' && badge('revoked', 'bad', 'its cascade was revoked: it never took effect'),
    event.effect === 'confirmed' && badge('confirmed', 'good', 'its cascade was confirmed'),
    event.effect === undefined && event.committed === false && badge('tentative', 'warn', 'appended as part of a cascade'),
    event.type === ERASED && badge('erased', 'bad', 'its data was erased, on record'),
  ];
}

/** The row of an event: a link to it. */
export function eventRow(event, { href, stream = false, number = grouped(event.sequence), current = false, numberTitle = 'sequence', id }) {
  return h('a.event', { href, id, 'aria-current': current ? 'true' : null },
    h('span.number', { title: numberTitle }, number),
    h('span.what', h('span.type', { title: plain(event.type) }, shown(typeName(event.type))), eventBadges(event),
      stream && streamName(event, { link: false }), stream && h('span.place', `#${grouped(event.sequence)}`)),
    h('span.preview', shown(preview(bytesOf(event.payload), event.size, event.type)) ),
    h('span.when', time(event.created_at)));
}

/** Lines of code, with marks of what has changed. */
export function code(list, { label }) {
  const rows = list.slice(0, MOST_LINES).map(({ depth, mark, parts }) => h(
    `span.line${mark === '+' ? '.added' : mark === '-' ? '.removed' : ''}`,
    list.marked && h('span.change', mark === ' ' ? ' ' : mark === '+' ? '+' : '−'),
    '  '.repeat(depth), parts.map(([kind, text]) => (kind === 'mark' ? text : h(`span.${kind}`, shown(text)))), '\n'));
  return h('pre.code', { tabindex: 0, role: 'region', 'aria-label': label },
    rows, list.length > MOST_LINES && h('span.quiet', `… ${count(list.length - MOST_LINES, 'more line')}`));
}

/** A payload in the most likely of its readings, and the others to choose from. */
export function payload(base64, size, type, { label = 'payload' } = {}) {
  const data = bytesOf(base64);
  const ways = readings(data, size, type);
  const body = h('div');
  const buttons = ways.map((way, i) => h('button', { type: 'button', 'aria-pressed': String(i === 0), onclick: () => choose(i) }, way.name));
  const choose = (i) => {
    buttons.forEach((button, other) => button.setAttribute('aria-pressed', String(other === i)));
    const way = ways[i];
    body.replaceChildren(way.lines ? code(way.lines, { label })
      : way.name === 'Empty' ? h('p.quiet', 'No bytes.')
        : h('pre.code', { tabindex: 0, role: 'region', 'aria-label': label }, way.name === 'Hex' ? way.text : shown(way.text)));
  };

  choose(0);
  return h('div.payload',
    h('div.payload-head', h('div.segments', { role: 'group', 'aria-label': `Show the ${label} as` }, buttons),
      h('span.quiet', bytes(size), data.length < size && `, of which the first ${bytes(data.length)} are shown`)),
    body);
}

export function metadata(text, cut) {
  const parsed = cut ? undefined : parseJson(text);
  return parsed ? code(lines(parsed), { label: 'metadata' })
    : h('pre.code', { tabindex: 0, role: 'region', 'aria-label': 'metadata' }, shown(text), cut && h('span.quiet', '… cut off here'));
}

/** A list of names and values. */
export function facts(entries) {
  return h('dl.facts', entries.filter(Boolean).map(([name, value]) => h('div', h('dt', name), h('dd', value))));
}

/** All that is known of one event. */
export function eventDetail(event) {
  const source = event.source_domain !== null && {
    domain: event.source_domain, edition: event.source_edition, root: event.source_root,
  };
  const id = (text, label) => [h('code.wrap', shown(text)), copyButton(text, label)];

  return [
    h('h2', h('span.number', `#${event.sequence}`), ' ', h('span.type', shown(typeName(event.type))), eventBadges(event)),
    facts([
      ['Created', [time(event.created_at), h('span.quiet', ` UTC, ${Number.isNaN(timeOf(event.created_at)) ? '' : agoOf(timeOf(event.created_at))}`)]],
      typeName(event.type) !== event.type && ['Type', h('code.wrap', shown(event.type))],
      !isMain(event.edition) && ['Edition', h('span.edition', shown(event.edition))],
      event.correlation_id !== null && ['Correlation', [
        h('a', { href: hashOf(['trace', event.correlation_id]) }, h('code.wrap', shown(event.correlation_id))), copyButton(event.correlation_id, 'the correlation id')]],
      event.external_id !== null && ['External id', id(event.external_id, 'the external id')],
      source && ['Caused by', streamLink(source, event.source_sequence)],
      event.effects?.length > 0 && ['Has caused', h('ul.plain', event.effects.map((effect) => h('li',
        streamLink(effect, effect.sequence), ' ', h('span.type', shown(typeName(effect.type))))))],
      event.cascade_id !== null && ['Cascade', id(event.cascade_id, 'the cascade id')],
      event.erasure && ['Erased', [time(event.erasure.erased_at), ' by ', shown(event.erasure.erased_by), ': ', shown(event.erasure.reason),
        event.erasure.type && [' (it was ', h('span.type', shown(typeName(event.erasure.type))), ')']]],
    ]),
    h('h3', 'Payload'),
    payload(event.payload, event.size, event.type),
    event.metadata !== null && [h('h3', 'Metadata'), metadata(event.metadata, event.metadata_cut)],
  ];
}

export function streamLink(stream, sequence) {
  return h('span', streamName(stream, { parameters: { event: sequence } }), ' ', h('span.quiet', `#${sequence}`));
}

// A group passes over so many positions that have nothing for it without writing that down.
const PASSED_OVER = 100;
const LATE = 60;

/** How far a group is behind: 'read', 'near' when there may be nothing for it in between, 'behind', or 'late'. */
export function standing({ behind, oldest }) {
  return behind === '0' ? 'read' : oldest !== null && oldest <= LATE ? 'behind' : Number(behind) <= PASSED_OVER ? 'near' : 'late';
}

export function behindBadge(group) {
  const age = group.oldest === null ? '' : `The next one is ${duration(group.oldest)} old.`;
  switch (standing(group)) {
    case 'read': return badge('all read', 'good');
    case 'near': return badge(`at ${grouped(group.behind)} from the head`, 'warn',
      `${age} It may be that there is nothing for this group: up to ${PASSED_OVER} such positions are passed over without writing that down.`);
    case 'behind': return badge(`${grouped(group.behind)} behind`, 'warn', age);
    default: return badge(`${grouped(group.behind)} behind`, 'bad', age);
  }
}

export function empty(...text) {
  return h('p.empty', text);
}

