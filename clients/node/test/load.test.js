// Loading events and states, and finding streams.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Angzarr, fromJson, toJson } from 'angzarr-pg';
import pg from 'pg';

import { newPool, newStore, newStream, schema, unique } from './support.js';

const store = newStore();
const sequences = (events) => events.map(({ sequence }) => sequence);

async function counted(n, domain) {
  const stream = newStream(domain);
  await store.append(stream, 0n, Array.from({ length: n }, (_, i) => (
    { type: i % 2 ? 'Odd' : 'Even', data: i, createdAt: new Date(Date.UTC(2020, 0, 1 + i)) })));
  return stream;
}

test('parts of a stream', async () => {
  const stream = await counted(6);

  assert.deepEqual(sequences(await store.load(stream, { from: 2n, to: 4n })), [2n, 3n]);
  assert.deepEqual(sequences(await store.load(stream, { maxCount: 2 })), [0n, 1n]);
  assert.deepEqual(sequences(await store.load(stream, { backward: true, maxCount: 2n })), [5n, 4n]);
  assert.deepEqual(sequences(await store.load(stream, { types: ['Odd'] })), [1n, 3n, 5n]);
  assert.deepEqual(sequences(await store.load(stream, { types: [] })), []);
  assert.deepEqual(sequences(await store.load(stream, { until: new Date(Date.UTC(2020, 0, 3)) })), [0n, 1n, 2n]);
  assert.deepEqual(sequences(await store.load(stream, { until: '2020-01-02T00:00:00Z' })), [0n, 1n]);
  assert.deepEqual(sequences(await store.load(stream, { from: null, to: null, until: null, maxCount: null, types: null })).length, 6);
  assert.deepEqual(await store.load(newStream()), []);
  assert.deepEqual(sequences(await store.loadEffective(stream, { from: 4n })), [4n, 5n]);
  assert.deepEqual(sequences(await store.loadEffective(stream, { from: 1n, to: 2n })), [1n]);
});

test('a part with the next sequence, which is that of the whole stream', async () => {
  const stream = await counted(3);
  const { nextSequence, events } = await store.loadWithNext(stream, { from: 1n, to: 2n });

  assert.equal(nextSequence, 3n);
  assert.deepEqual(events, await store.load(stream, { from: 1n, to: 2n }));
  assert.deepEqual(await store.loadWithNext(stream, { from: 9n }), { nextSequence: 3n, events: [] });
  assert.deepEqual(await store.loadWithNext(newStream()), { nextSequence: 0n, events: [] });
});

test('a state is a snapshot and the events after it', async () => {
  const stream = await counted(4);
  const whole = await store.loadState(stream);
  assert.equal(whole.snapshot, null);
  assert.deepEqual(sequences(whole.events), [0n, 1n, 2n, 3n]);
  assert.equal(whole.nextSequence, 4n);
  assert.deepEqual(await store.loadState(newStream()), { snapshot: null, events: [], nextSequence: 0n });

  await store.putSnapshot(stream, { sequence: 1n, stateType: 'Sum', state: toJson({ sum: 1 }) });
  const { snapshot, events, nextSequence } = await store.loadState(stream);
  assert.deepEqual({ ...snapshot, createdAt: undefined },
    { sequence: 1n, stateType: 'Sum', state: toJson({ sum: 1 }), createdAt: undefined, edition: 'angzarr' });
  assert.ok(snapshot.createdAt instanceof Date);
  assert.deepEqual(events.map((event) => [event.sequence, event.type, fromJson(event)]), [[2n, 'Even', 2], [3n, 'Odd', 3]]);
  assert.equal(nextSequence, 4n);

  await store.putSnapshot(stream, { sequence: 3n, stateType: 'Sum', state: toJson({ sum: 6 }) });
  const past = await store.loadState(stream, { atSequence: 2n });
  assert.deepEqual([past.snapshot.sequence, sequences(past.events)], [1n, [2n]]);
  const latest = await store.loadState(stream);
  assert.deepEqual([latest.snapshot.sequence, latest.events, latest.nextSequence], [3n, [], 4n]);
});

test('snapshots', async () => {
  const stream = await counted(3);
  assert.equal(await store.getSnapshot(stream), null);
  await store.putSnapshot(stream, { sequence: 0n, stateType: 'S', state: Buffer.from([0, 255]), retention: 'persist' });
  await store.putSnapshot(stream, { sequence: 2n, stateType: 'S', state: Buffer.from('two') });

  const { createdAt, ...snapshot } = await store.getSnapshot(stream, { atSequence: 1n });
  assert.deepEqual(snapshot, { sequence: 0n, stateType: 'S', state: Buffer.from([0, 255]), retention: 'persist' });
  assert.ok(Math.abs(createdAt - Date.now()) < 600_000);
  assert.equal((await store.getSnapshot(stream)).sequence, 2n);
  assert.equal(await store.deleteSnapshots(stream), 2n);
  assert.equal(await store.getSnapshot(stream), null);
});

test('finding streams', async () => {
  const domain = unique('test');
  const streams = [await counted(1, domain), await counted(2, domain), await counted(3, domain)]
    .sort((a, b) => (a.root < b.root ? -1 : 1));
  const roots = streams.map(({ root }) => root);

  assert.ok((await store.domains()).includes(domain));
  assert.deepEqual(await store.roots(domain), roots);
  assert.deepEqual(await store.roots(domain, { after: roots[0], maxCount: 1 }), [roots[1]]);
  assert.deepEqual(await store.roots(domain, { edition: 'none' }), []);
  const [, second] = await store.streamsOf(domain);
  assert.equal(second.root, roots[1]);
  assert.equal(second.nextSequence, await store.nextSequence(streams[1]));
  assert.deepEqual(second.createdAt, new Date(Date.UTC(2020, 0, 1)));
});

test('a trace goes over streams', async () => {
  const correlationId = unique('process');
  const [one, two] = [newStream('test-trace-a'), newStream('test-trace-b')];
  await store.append(two, 0n, [{ type: 'B', data: 1 }], { correlationId });
  await store.append(one, 0n, [{ type: 'A', data: 1 }, { type: 'A', data: 2 }], { correlationId });

  const trace = await store.trace(correlationId);
  assert.deepEqual(trace.map(({ domain, root, sequence, type }) => [domain, root, sequence, type]), [
    [one.domain, one.root, 0n, 'A'], [one.domain, one.root, 1n, 'A'], [two.domain, two.root, 0n, 'B']]);
  assert.equal(trace[0].edition, 'angzarr');
  assert.equal(trace[0].source, null);
});

test('no setting of the program or the session changes what comes back', async (t) => {
  const stream = await counted(1);
  const bytes = Buffer.from([0, 0x5c, 0x27, 0x41, 0x7f, 0x80, 0xff]);
  await store.append(stream, 1n, [{ type: 'Bytes', payload: bytes, metadata: { n: 1 } }]);
  const expected = await store.load(stream);
  const before = [20, 17, 1184, 3802].map((oid) => [oid, pg.types.getTypeParser(oid, 'text')]);
  t.after(() => before.forEach(([oid, parser]) => pg.types.setTypeParser(oid, parser)));
  before.forEach(([oid]) => pg.types.setTypeParser(oid, () => 'spoiled'));

  assert.deepEqual(await store.load(stream), expected);
  for (const setting of ["bytea_output = 'escape'", "TimeZone = 'Asia/Kathmandu'", "TimeZone = 'America/St_Johns'", "IntervalStyle = 'sql_standard'"]) {
    await store.transaction(async (tx, client) => {
      await client.query(`SET LOCAL ${setting}`);
      assert.deepEqual(await tx.load(stream), expected, setting);
      assert.equal(await tx.with(client).nextSequence(stream), 2n);
    });
  }
  await store.transaction(async (tx, client) => {
    await client.query("SET LOCAL DateStyle = 'German'");
    await assert.rejects(tx.load(stream), /DateStyle must be ISO/);
  });
});

test('times before our era and far ahead', async () => {
  const stream = newStream();
  await store.append(stream, 0n, [
    { type: 'T', data: 0, createdAt: '0044-03-15 12:00:00+00 BC' },
    { type: 'T', data: 1, createdAt: '0001-01-01 00:00:00+00' },
    { type: 'T', data: 2, createdAt: '12345-06-07 08:09:10.987654+00' }]);

  assert.deepEqual((await store.load(stream)).map(({ createdAt }) => createdAt.toISOString()),
    ['-000043-03-15T12:00:00.000Z', '0001-01-01T00:00:00.000Z', '+012345-06-07T08:09:10.987Z']);
});

test('JSON must be UTF-8', () => {
  assert.deepEqual(fromJson(toJson({ a: ['ü', null] })), { a: ['ü', null] });
  assert.throws(() => fromJson(Buffer.from([0x22, 0xff, 0x22])), TypeError);
  assert.throws(() => fromJson({ payload: Buffer.from('no') }), SyntaxError);
});

test('the schema is quoted', async () => {
  const odd = new Angzarr(newPool(), { schema: `no"such` });
  await assert.rejects(odd.version(), /schema "no"such" does not exist/);
  assert.match(await new Angzarr(newPool(), { schema }).version(), /^\d+\.\d+/);
});
