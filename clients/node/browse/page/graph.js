// The drawings: the editions of a stream as branches, and a trace as lanes. Both are beside a list
// that says the same in words, so they are hidden from screen readers.

import { badge, count, grouped, h, isMain, plain, s, shown, streamHash } from './dom.js';

const ROW = 34;
const MOST_DOTS = 80;

/** The main timeline and the editions of a stream. Each has a line from where it branches off to its end. */
export function branches(stream, { edition, event }) {
  const main = { edition: 'angzarr', from: 0n, next: BigInt(stream.main_next_sequence), main: true };
  const rows = [main, ...stream.editions.map((one) => ({ ...one, from: BigInt(one.divergence), next: BigInt(one.next_sequence) }))];
  const end = rows.reduce((most, { next }) => (next > most ? next : most), 1n);
  const drawing = h('div.branches-drawing', { 'aria-hidden': 'true' });
  const current = (row) => (row.main ? isMain(edition) : row.edition === edition);

  const draw = () => {
    const width = Math.max(60, drawing.clientWidth);
    const left = 10, right = width - 12;
    const x = (sequence) => (end <= 1n ? left : left + (right - left) * Number(sequence) / Number(end - 1n));
    const y = (i) => ROW * i + ROW / 2;
    const dots = end <= BigInt(MOST_DOTS);
    const dot = (row, i, sequence) => s('a', { href: streamHash({ ...stream, edition: row.edition }, { event: String(sequence) }), tabindex: -1 },
      s('circle.hit', { cx: x(sequence), cy: y(i), r: 9 }),
      s(`circle.dot${current(row) && sequence === event ? '.chosen' : ''}`, { cx: x(sequence), cy: y(i), r: current(row) && sequence === event ? 6 : 4 }),
      s('title', `event ${sequence}${row.main ? '' : ` of ${plain(row.edition)}`}`));

    drawing.replaceChildren(s('svg', { width, height: ROW * rows.length, viewBox: `0 0 ${width} ${ROW * rows.length}` }, rows.map((row, i) => {
      const start = row.main ? x(0n) : x(row.from > 0n ? row.from - 1n : 0n);
      const own = x(row.from), last = x(row.next > 0n ? row.next - 1n : 0n);
      const bend = Math.max(own, start + 10);
      const curve = row.main ? '' : `M${start} ${y(0)}C${start} ${y(i)} ${start} ${y(i)} ${Math.min(bend, right)} ${y(i)}`;
      const sequences = [];
      if (dots) for (let at = row.from; at < row.next; at++) sequences.push(at);
      else if (row.next > row.from) sequences.push(row.from, row.next - 1n, ...current(row) && event !== undefined && event >= row.from && event < row.next ? [event] : []);
      return s(`g.branch${row.main ? '.main-line' : ''}${current(row) ? '.current' : ''}`,
        s('path', { d: row.main ? `M${start} ${y(0)}H${last}` : `${curve}H${Math.max(last, bend)}` }), sequences.map((at) => dot(row, i, at)));
    })));
  };
  const watch = new ResizeObserver(draw);
  watch.observe(drawing);
  return h('div.branches',
    h('ul.branches-names', rows.map((row) => h('li', h('a', { href: streamHash({ ...stream, edition: row.edition }), 'aria-current': current(row) ? 'true' : null, title: row.description ? plain(row.description) : null },
      row.main ? 'main timeline' : h('span.edition', shown(row.edition)),
      h('span.unseen', row.main ? `, ${count(row.next, 'event')}` : `, branches off at ${row.from}, ${count(row.next - row.from, 'event')} of its own`)),
    row.protection && row.protection !== 'open' && badge(row.protection, 'plain')))),
    drawing,
    h('ul.branches-ends', rows.map((row) => h('li.quiet', row.main ? `0 – ${grouped(row.next - 1n)}` : `${grouped(row.from)} – ${grouped(row.next - 1n)}`))));
}

/**
 * Lanes beside the rows of a list: `events` has { lane, source } of each row, where source is the index of the row that
 * caused it. Returns the element that goes before the rows, and draws when they have their places.
 */
export function lanes(list, events, laneCount) {
  const gap = laneCount > 12 ? 10 : 18;
  const drawing = h('div.lanes', { 'aria-hidden': 'true' });
  const width = gap * laneCount + 10;

  const draw = () => {
    const rows = [...list.children];
    if (rows.length === 0 || rows[0].offsetHeight === 0) return;
    const y = rows.map((row) => row.offsetTop + 22);
    const height = list.scrollHeight;
    const x = (lane) => gap / 2 + 6 + lane * gap;
    const spans = new Map();
    events.forEach(({ lane }, i) => spans.set(lane, [spans.get(lane)?.[0] ?? y[i], y[i]]));

    drawing.replaceChildren(s('svg', { width, height, viewBox: `0 0 ${width} ${height}` },
      [...spans].map(([lane, [from, to]]) => s(`path.lane.stroke-${events.find((event) => event.lane === lane).hue}`, { d: `M${x(lane)} ${from}V${to}` })),
      events.map(({ lane, source, hue }, i) => {
        if (source === undefined || events[source].lane === lane) return null;
        const from = [x(events[source].lane), y[source]], to = [x(lane), y[i]];
        return s(`path.cause.stroke-${hue}`, { d: `M${from[0]} ${from[1]}C${from[0]} ${(from[1] + to[1]) / 2} ${to[0]} ${(from[1] + to[1]) / 2} ${to[0]} ${to[1] - 5}` });
      }),
      events.map(({ lane, hue }, i) => s(`circle.fill-${hue}`, { cx: x(lane), cy: y[i], r: 5 }))));
  };
  const watch = new ResizeObserver(draw);
  watch.observe(list);
  return drawing;
}
