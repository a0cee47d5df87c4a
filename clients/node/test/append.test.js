// Appending, and what the server refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Angzarr, AngzarrError, SequenceConflictError, fromJson } from 'angzarr-pg';

import { newPool, newStore, newStream, schema, unique } from './support.js';

const store = newStore();
const opened = { type: 'Opened', data: { owner: 'Alice' } };

test('an append stores bytes as they are, and says where', async () => {
  const stream = newStream();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const result = await store.append(stream, 0n, [
    { type: 'Signed', payload: bytes },
    { type: 'Signed', payload: new Uint8Array([1, 0, 255]).subarray(1) },
    { type: 'Signed', payload: Buffer.alloc(0) },
    { type: 'Noted', data: { note: 'C:\\temp "ü" \u0001' } }]);

  assert.deepEqual(result, { outcome: 'added', firstSequence: 0n, lastSequence: 3n, nextSequence: 4n });
  const events = await store.load(stream);
  assert.deepEqual(events.map(({ sequence }) => sequence), [0n, 1n, 2n, 3n]);
  assert.deepEqual(events.slice(0, 3).map(({ payload }) => payload), [bytes, Buffer.from([0, 255]), Buffer.alloc(0)]);
  assert.deepEqual(fromJson(events[3]), { note: 'C:\\temp "ü" \u0001' });
});

test('metadata, time, ids, source and cascade are stored', async () => {
  const stream = newStream();
  const cause = newStream();
  const [correlationId, externalId, cascadeId] = [unique('process'), unique('call'), unique('cascade')];
  await store.append(cause, 0n, [opened]);

  await store.append(stream, null, [
    { ...opened, metadata: { user: 'bob', tags: ['a'] }, createdAt: new Date('2020-02-29T12:34:56.789Z') },
    { ...opened, createdAt: '2020-03-01T00:00:00+05:30' },
    { ...opened, metadata: 7, createdAt: '2020-03-01T00:00:00.5Z' }],
  { correlationId, externalId, source: { ...cause, sequence: 0n }, cascadeId, committed: false });

  const events = await store.load(stream);
  assert.deepEqual(events.map(({ metadata }) => metadata), [{ user: 'bob', tags: ['a'] }, null, 7]);
  assert.deepEqual(events.map(({ createdAt }) => createdAt.toISOString()),
    ['2020-02-29T12:34:56.789Z', '2020-02-29T18:30:00.000Z', '2020-03-01T00:00:00.500Z']);
  const { payload, ...first } = events[0];
  assert.deepEqual(first, {
    sequence: 0n, type: 'Opened', metadata: { user: 'bob', tags: ['a'] }, createdAt: new Date('2020-02-29T12:34:56.789Z'),
    edition: 'angzarr', correlationId, externalId, cascadeId, committed: false,
    source: { domain: cause.domain, edition: 'angzarr', root: cause.root, sequence: 0n },
  });
  assert.deepEqual(await store.findByExternalId(stream, externalId), events);
  assert.deepEqual(await store.findBySource(stream, { ...cause, sequence: 0n }), events);
  assert.deepEqual(await store.findBySource(stream, { ...cause, sequence: 1n }), []);
});

test('a repeated append is a duplicate', async () => {
  const stream = newStream();
  const first = await store.append(stream, 0n, [opened, opened], { externalId: 'call-1' });
  await store.appendOne(stream, null, opened);

  assert.equal(first.outcome, 'added');
  assert.deepEqual(await store.append(stream, 0n, [opened, opened], { externalId: 'call-1' }),
    { outcome: 'duplicate', firstSequence: 0n, lastSequence: 1n, nextSequence: 3n });
  assert.equal(await store.appendOne(stream, 77n, opened, { externalId: 'call-1' }), 0n);
});

test('no events change nothing', async () => {
  assert.deepEqual(await store.append(newStream(), 5n, []),
    { outcome: 'unchanged', firstSequence: null, lastSequence: null, nextSequence: 0n });
});

test('a conflict is an error that has both sequences', async () => {
  const stream = newStream();
  await store.append(stream, 0n, [opened, opened]);

  for (const attempt of [
    () => store.append(stream, 0n, [opened]),
    () => store.appendOne(stream, 0n, opened),
    () => store.expect(stream, 0n)]) {
    await assert.rejects(attempt, (error) => {
      assert.ok(error instanceof SequenceConflictError && error instanceof AngzarrError);
      assert.equal(error.name, 'SequenceConflictError');
      assert.equal(error.code, 'ZR001');
      assert.equal(error.condition, 'sequence_conflict');
      assert.deepEqual([error.expected, error.actual], [0n, 2n]);
      assert.match(error.message, new RegExp(`^sequence conflict in stream "${stream.domain}/angzarr/${stream.root}"$`));
      assert.match(error.detail, /0.*2/);
      assert.match(error.hint, /decide again/);
      assert.equal(error.cause.code, 'ZR001');
      return true;
    });
  }
  assert.deepEqual(await store.append(stream, 0n, [opened], { onConflict: 'return' }),
    { outcome: 'conflict', firstSequence: null, lastSequence: null, nextSequence: 2n });
  assert.equal(await store.nextSequence(stream), 2n);
});

test('sequences beyond what a number holds are exact', async () => {
  const expected = 2n ** 53n + 1n;

  await assert.rejects(store.append(newStream(), expected, [opened]), (error) => error.expected === expected && error.actual === 0n);
});

test('one event', async () => {
  const stream = newStream();
  const correlationId = unique('process');

  assert.equal(await store.appendOne(stream, 0n, { type: 'Opened', payload: Buffer.from('x'), metadata: { a: 1 } }, { correlationId }), 0n);
  assert.equal(await store.appendOne(stream, null, opened), 1n);
  const [event] = await store.load(stream);
  assert.deepEqual([event.payload.toString(), event.metadata, event.correlationId], ['x', { a: 1 }, correlationId]);
  await assert.rejects(store.appendOne(stream, null, { ...opened, createdAt: new Date() }), /appendOne\(\) takes no createdAt/);
});

test('a stream that must exist', async () => {
  const stream = newStream();

  await assert.rejects(store.appendToExisting(stream, [opened]), (error) => {
    assert.ok(error instanceof SequenceConflictError);
    assert.deepEqual([error.expected, error.actual], [-1n, 0n]);
    return true;
  });
  assert.equal(await store.nextSequence(stream), 0n);
  await store.appendOne(stream, 0n, opened);
  assert.deepEqual(await store.appendToExisting(stream, [opened, opened], { externalId: 'x' }),
    { outcome: 'added', firstSequence: 1n, lastSequence: 2n, nextSequence: 3n });
  assert.equal((await store.load(stream))[2].externalId, 'x');
});

test('a key stands for the root that the server makes of it', async () => {
  const domain = unique('account');
  const root = await store.root(domain, 'alice');

  await store.append({ domain, key: 'alice' }, 0n, [opened]);
  assert.equal((await store.load({ domain, root })).length, 1);
  assert.equal(await store.root('account', 'alice'), '9d65d0ea-06dc-5d01-a2f5-6afdb92b0aae');
});

test('other errors of the store keep their SQLSTATE', async () => {
  const domain = unique('test');

  await assert.rejects(store.deleteEdition(domain, 'angzarr'), (error) => {
    assert.ok(error instanceof AngzarrError && !(error instanceof SequenceConflictError));
    assert.deepEqual([error.name, error.code, error.condition], ['AngzarrError', 'ZR002', 'main_timeline_protected']);
    return true;
  });
  await assert.rejects(store.confirmCascade(unique('none')), { code: 'ZR006', condition: 'cascade_error' });
  await assert.rejects(store.putSnapshot(
    await (async () => { const stream = newStream(); await store.append(stream, 0n, [opened]); return stream; })(),
    { sequence: 7n, stateType: 'x', state: Buffer.from('') }), { code: 'ZR007', condition: 'snapshot_ahead' });
  await assert.rejects(store.feed({ after: 2n ** 60n }), { code: 'ZR009' });
  // not one of the store's own
  await assert.rejects(store.append({ domain: '', root: newStream().root }, 0n, [opened]),
    (error) => error.code === '22023' && !(error instanceof AngzarrError));
});

test('wrong arguments are refused before anything is sent', async () => {
  const stream = newStream();
  const never = new Angzarr({ query() { throw new Error('sent'); } }, { schema });

  for (const [call, message] of [
    [() => never.append(stream, 0, [opened]), /expectedSequence must be a bigint, such as 7n, not a number/],
    [() => never.append(stream, '0', [opened]), /expectedSequence must be a bigint/],
    [() => never.append(stream, 0n, opened), /events must be an array/],
    [() => never.append(stream, 0n, [{ type: 'T' }]), /event "T" needs either a payload \(bytes\) or data/],
    [() => never.append(stream, 0n, [{ type: 'T', data: 1, payload: Buffer.from('') }]), /needs either/],
    [() => never.append(stream, 0n, [{ type: 'T', payload: 'text' }]), /payload must be a Buffer or a Uint8Array, not a string/],
    [() => never.append(stream, 0n, [{ type: 'T', data: () => 1 }]), /a function has no JSON/],
    [() => never.append({ domain: 'd' }, 0n, [opened]), /a stream needs either a root or a key/],
    [() => never.append({ domain: 'd', root: stream.root, key: 'k' }, 0n, [opened]), /a stream needs either a root or a key/],
    [() => never.append(stream, 0n, [opened], { source: { ...stream, sequence: 1 } }), /source.sequence must be a bigint/],
    [() => never.load(stream, { from: 1 }), /from must be a bigint/],
    [() => never.feedWait(1), /after must be a bigint/],
    [() => never.feedWait(1n, { timeoutMs: '10' }), /timeoutMs must be a number of milliseconds, not a string/],
    [() => never.fetch('g', { leaseMs: Infinity }), /leaseMs must be a number/],
    [() => never.putPosition('h', stream, 1), /sequence must be a bigint/],
    [() => never.ack('g', { partition: 0, token: stream.root, position: 1 }), /position must be a bigint/]]) {
    await assert.rejects(call, (error) => error instanceof TypeError && message.test(error.message), String(message));
  }
  assert.throws(() => new Angzarr({}), /needs a Pool or a Client/);
  assert.throws(() => new Angzarr(newPool(), { schema: '' }), /schema must be the name/);
});
