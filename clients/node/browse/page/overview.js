// Is everything read, and what has just happened?

import { ask } from './api.js';
import { badge, count, duration, grouped, h, hashOf, shown, streamHash, time } from './dom.js';
import { behindBadge, domainLabel, empty, eventRow, standing } from './parts.js';

export default async function overview() {
  const { feed, groups, domains, newest, evidence } = await ask('overview');
  const late = groups.filter((group) => standing(group) === 'late').length;
  const behind = groups.filter((group) => standing(group) !== 'read').length;
  const parked = groups.reduce((sum, group) => sum + Number(group.parked), 0);

  return {
    title: 'Overview',
    live: true,
    body: [
      h('h1', 'Overview'),
      h('div.tiles.four',
        tile('Feed', feed.head === '-1' ? '0' : grouped(BigInt(feed.head) + 1n), 'events have their position', '#/feed',
          feed.oldest_in_flight !== null && feed.oldest_in_flight > 5
            ? badge(`a writer is open for ${duration(feed.oldest_in_flight)}`, 'warn') : badge(feed.in_flight === '0' ? 'nothing in flight' : `${feed.in_flight} in flight`, 'plain')),
        tile('Groups', grouped(groups.length), count(groups.length, 'group').replace(/^\S+ /, '') + ' of workers', '#/groups',
          groups.length === 0 ? badge('none yet', 'plain')
            : behind === 0 ? badge('all have read everything', 'good')
              : late > 0 ? badge(`${late} late`, 'bad') : badge(`${behind} not at the head`, 'warn')),
        tile('Parked', grouped(parked), parked === 1 ? 'stream is held back' : 'streams are held back', '#/groups',
          parked === 0 ? badge('nothing waits for a person', 'good') : badge('to be retried', 'bad')),
        tile('Evidence', evidence.enabled ? grouped(evidence.sealed) : '–', evidence.enabled ? 'events are sealed' : 'not kept in this store', '#/evidence',
          !evidence.enabled ? badge('off', 'plain') : evidence.not_sealed === '0' ? badge('up to the head', 'good') : badge(`${grouped(evidence.not_sealed)} not sealed yet`, 'warn'))),
      h('div.columns',
        h('section.card', h('h2', 'Newest events', h('a.more', { href: '#/feed' }, 'Feed')),
          newest.length === 0 ? empty('The feed has no event yet.')
            : h('ol.events', newest.map((event) => h('li', eventRow(event,
              { stream: true, number: grouped(event.position), numberTitle: 'position in the feed', id: `p${event.position}`, href: streamHash(event, { event: event.sequence }) }))))),
        h('div',
          h('section.card', h('h2', 'Groups', h('a.more', { href: '#/groups' }, 'All')),
            groups.length === 0 ? empty('No group reads the feed.')
              : h('ul.list', groups.map((group) => h('li', h('a', { href: hashOf(['groups'], { handler: group.handler }) }, shown(group.handler)),
                h('span.end', group.parked !== '0' && badge(`${group.parked} parked`, 'bad'), behindBadge(group)))))),
          h('section.card', h('h2', 'Domains', h('a.more', { href: '#/streams' }, 'Streams')),
            domains.length === 0 ? empty('No event is stored yet.')
              : h('ul.list', domains.map((domain) => h('li', h('a', { href: hashOf(['streams', domain.domain]) }, domainLabel(domain.domain)),
                domain.description && h('span.quiet.end', shown(domain.description)))))),
          evidence.enabled && h('section.card', h('h2', 'Last checkpoint', h('a.more', { href: '#/evidence' }, 'Evidence')),
            evidence.checkpoints.length === 0 ? empty('Nothing is sealed yet.')
              : h('p', `${count(evidence.sealed, 'event')}, `, time(evidence.checkpoints[0].sealed_at, { seconds: false }), ' ', evidence.checkpoints[0].note ? badge('signed', 'good') : badge('not signed', 'plain'))))),
    ],
  };
}

function tile(name, number, unit, href, state) {
  return h('a.tile', { href }, h('span.tile-name', name), h('span.tile-number', number), h('span.tile-unit', unit), h('span.tile-state', state));
}
