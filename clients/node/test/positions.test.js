// Positions of handlers, editions and cascades.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { newStore, newStream, unique } from './support.js';

const store = newStore();
const event = { type: 'T', data: {} };

test('positions go forward', async () => {
  const stream = newStream();
  const handler = unique('handler');
  await store.append(stream, 0n, [event, event, event]);

  assert.equal(await store.getPosition(handler, stream), null);
  assert.deepEqual(await store.putPosition(handler, stream, 1n), { position: 1n, moved: true });
  assert.deepEqual(await store.putPosition(handler, stream, 0n), { position: 1n, moved: false });
  assert.equal(await store.getPosition(handler, stream), 1n);
  await assert.rejects(store.putPosition(handler, stream, 3n), { code: 'ZR007' });
});

test('many positions at once, and what is behind', async () => {
  const domain = unique('test');
  const handler = unique('handler');
  const streams = [newStream(domain), newStream(domain)].sort((a, b) => (a.root < b.root ? -1 : 1));
  for (const stream of streams) {
    await store.append(stream, 0n, [event, event]);
  }

  const lag = (root, position, behind) => ({ domain, edition: 'angzarr', root, position, nextSequence: 2n, lag: behind });
  assert.deepEqual(await store.lag(handler, { domain }), streams.map(({ root }) => lag(root, null, 2n)));
  assert.equal(await store.putPositions(handler, { domain }, [
    { root: streams[0].root, sequence: 0n }, { root: streams[1].root, sequence: 1n }]), 2n);
  assert.deepEqual(await store.lag(handler), [lag(streams[0].root, 0n, 1n)]);
  assert.deepEqual(await store.lag(handler, { domain, after: streams[0].root, maxCount: 1 }), []);

  assert.equal(await store.deletePositions(handler, streams[0]), 1n);
  assert.equal(await store.getPosition(handler, streams[0]), null);
  assert.equal(await store.deletePositions(handler), 1n);
});

test('an edition is a branch', async () => {
  const stream = newStream();
  const edition = unique('what-if');
  const branch = { ...stream, edition };
  await store.append(stream, 0n, [event, event, event]);
  await store.createEdition(stream.domain, edition, { divergence: 1n, description: 'for a test' });

  assert.equal(await store.nextSequence(branch), 1n);
  assert.equal((await store.append(branch, 1n, [{ type: 'Mine', data: {} }])).nextSequence, 2n);
  assert.deepEqual((await store.load(branch)).map((row) => [row.type, row.edition]), [['T', 'angzarr'], ['Mine', edition]]);
  assert.equal(await store.nextSequence(stream), 3n);
  assert.deepEqual(await store.roots(stream.domain, { edition }), [stream.root]);
  const [listed] = await store.editions(stream.domain);
  assert.deepEqual({ ...listed, createdAt: null }, {
    domain: stream.domain, edition, divergence: 1n, protection: 'open', description: 'for a test', createdAt: null, roots: 1n, events: 1n });

  await assert.rejects(store.load(branch, { divergence: 2n }), { code: 'ZR004' });
  await store.protectEdition(stream.domain, edition, 'sealed');
  await assert.rejects(store.append(branch, null, [event]), { code: 'ZR003', condition: 'edition_protected' });
  await store.protectEdition(stream.domain, edition, 'open');
  assert.equal(await store.deleteEdition(stream.domain, edition), 1n);
  assert.deepEqual(await store.editions(stream.domain), []);
});

test('a first append fixes the divergence', async () => {
  const stream = newStream();
  await store.append(stream, 0n, [event, event, event]);

  const branch = { ...stream, edition: 'b' };
  assert.equal(await store.nextSequence(branch, { divergence: 2n }), 2n);
  assert.equal((await store.append(branch, null, [event], { divergence: 2n })).firstSequence, 2n);
  const other = { ...stream, edition: 'c' };
  assert.equal((await store.appendToExisting(other, [event], { divergence: 1n })).firstSequence, 1n);
});

test('a cascade is confirmed or revoked', async () => {
  const [one, two] = [newStream(), newStream()];
  const [first, second] = [unique('cascade'), unique('cascade')];
  for (const cascadeId of [first, second]) {
    await store.append(one, null, [event], { cascadeId, committed: false });
    await store.append(two, null, [event, event], { cascadeId, committed: false });
  }

  const sequences = (await store.cascadeParticipants(first)).map((row) => [row.root, row.sequences]);
  assert.deepEqual(Object.fromEntries(sequences), { [one.root]: [0n], [two.root]: [0n, 1n] });
  const stale = (await store.staleCascades(new Date(Date.now() + 3_600_000))).find((row) => row.cascadeId === first);
  assert.deepEqual([stale.outcome, stale.participants], [null, 2n]);

  const noOp = 'type.googleapis.com/angzarr.NoOp';
  const seen = async (options) => (await store.loadEffective(one, options)).map(({ type }) => type);
  assert.deepEqual(await seen(), [noOp, noOp]);
  assert.deepEqual(await seen({ cascadeId: second }), [noOp, 'T']);
  assert.equal((await store.loadState(one, { cascadeId: first })).events[0].type, 'T');
  assert.equal(await store.confirmCascade(first), 2n);
  assert.equal(await store.revokeCascade(second, 'no such card'), 2n);
  assert.deepEqual(await seen(), ['T', noOp, noOp, noOp]);
  await assert.rejects(store.confirmCascade(second), { code: 'ZR006' });
});

test('a command of a cascade sees its own pending events', async () => {
  const stream = newStream();
  const cascadeId = unique('cascade');
  const options = { cascadeId, committed: false };
  await store.execute(stream, () => [event], options);

  await store.execute(stream, ({ events }) => {
    assert.deepEqual(events.map(({ type }) => type), ['T']);
    return [event];
  }, options);
  assert.equal(await store.nextSequence(stream), 2n);
});
