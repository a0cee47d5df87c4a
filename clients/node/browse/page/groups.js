// Who has read how far, and what is held back.

import { ask } from './api.js';
import { badge, count, duration, grouped, h, hashOf, shown, time } from './dom.js';
import { behindBadge, empty, streamLink } from './parts.js';

export default async function groups({ parameters: { handler, positions }, goTo }) {
  const [{ feed, groups: all, partitions, parked }, lag] = await Promise.all([
    ask('groups'), positions ? ask('lag', { handler: positions }) : null]);
  const chosen = handler === undefined ? all : all.filter((group) => group.handler === handler);

  return {
    title: handler === undefined ? 'Groups' : `Group ${handler}`,
    live: !positions,
    body: [
      h('h1', handler === undefined ? 'Groups' : ['Group ', shown(handler)]),
      h('p.lead', feed.head === '-1' ? 'The feed is empty.' : `The feed's head is ${grouped(feed.head)}.`, handler !== undefined && [' ', h('a', { href: '#/groups' }, 'All groups')]),
      chosen.length === 0 && empty(handler === undefined ? 'No group reads the feed. azr_group_create makes one.' : 'There is no such group.'),
      chosen.map((group) => groupCard(group, partitions.filter((one) => one.handler === group.handler))),
      h('section.card', h('h2', 'Parked streams'), parkedTable(parked.filter((one) => handler === undefined || one.handler === handler))),
      h('section.card', h('h2', 'Handlers with positions'),
        h('p.quiet', 'A handler that keeps a position for each stream (azr_put_position) is not a group. Give its name to see where it is behind.'),
        h('form.controls', { onsubmit: (event) => {
          event.preventDefault();
          goTo(hashOf(['groups'], { handler, positions: event.target.elements.name.value.trim() }));
        } }, h('label', 'Handler ', h('input', { id: 'positions', name: 'name', value: positions ?? '', autocomplete: 'off', spellcheck: 'false', maxlength: 255 })), h('button', { type: 'submit' }, 'Show')),
        lag && (lag.lag.length === 0 ? h('p', badge('all read', 'good'))
          : table('Streams that are not read', ['Stream', 'Position', 'Next sequence', 'Behind'], lag.lag.map((one) => [
            streamLink(one, one.position ?? '0'), one.position === null ? h('span.quiet', 'none') : grouped(one.position), grouped(one.next_sequence), grouped(one.lag)])))),
    ],
  };
}

function groupCard(group, partitions) {
  return h('section.card', h('h2', h('a', { href: hashOf(['groups'], { handler: group.handler }) }, shown(group.handler)), behindBadge(group),
    group.parked !== '0' && badge(`${group.parked} parked`, 'bad'), group.leased !== '0' && badge(`${group.leased} leased`, 'plain')),
  h('ul.partitions', { 'aria-label': 'Partitions' }, partitions.map((one) => {
    const read = Number(one.head) < 0 ? 1 : (Number(one.position) + 1) / (Number(one.head) + 1);
    const bar = h('span.bar-read', { 'aria-hidden': 'true' });
    bar.style.setProperty('--read', String(Math.max(0, Math.min(1, read))));
    return h('li', h('span.partition-name', `${one.partition}`), bar,
      h('span.partition-state', one.behind === '0' ? 'all read' : `${count(one.behind, 'position')} behind${one.oldest === null ? '' : `, oldest ${duration(one.oldest)}`}`,
        one.leased && [', leased until ', time(one.leased_until)], one.parked !== '0' && `, ${one.parked} parked`));
  })));
}

function parkedTable(parked) {
  return parked.length === 0 ? h('p', badge('nothing is parked', 'good'))
    : table('Parked streams', ['Group', 'Event', 'Parked', 'Waiting', 'Reason'], parked.map((one) => [
      shown(one.handler), streamLink(one, one.sequence), time(one.parked_at, { seconds: false }), grouped(one.waiting), h('span.reason', one.reason ? shown(one.reason) : h('span.quiet', 'none'))]));
}

function table(label, head, rows) {
  return h('div.table', { role: 'region', 'aria-label': label, tabindex: 0 }, h('table', h('thead', h('tr', head.map((one) => h('th', one)))),
    h('tbody', rows.map((cells) => h('tr', cells.map((cell) => h('td', cell)))))));
}
