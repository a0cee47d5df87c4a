// The feed, and groups of workers that share it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Angzarr, fromJson } from 'angzarr-pg';

import { caughtUp, drain, newPool, newStore, newStream, schema, unique } from './support.js';

const store = newStore();
const numbered = (n) => ({ type: n % 2 ? 'Odd' : 'Even', data: n });

test('the feed has every event, by position', async () => {
  const stream = newStream();
  const before = await caughtUp(store);
  await store.append(stream, 0n, [numbered(0), numbered(1)], { correlationId: 'c' });
  const head = await caughtUp(store);

  assert.equal(await store.feedHead(), head);
  const events = await store.feed({ after: before, maxCount: Number(head - before), domains: [stream.domain] });
  assert.deepEqual(events.map(({ domain, root, sequence, type }) => [domain, root, sequence, type]),
    [[stream.domain, stream.root, 0n, 'Even'], [stream.domain, stream.root, 1n, 'Odd']]);
  assert.equal(typeof events[0].position, 'bigint');
  assert.equal(events[0].correlationId, 'c');
  assert.deepEqual(fromJson(events[1]), 1);
  assert.equal((await store.feed({ after: before, domains: [stream.domain], types: ['Odd'] })).length, 1);

  const status = await store.feedStatus();
  assert.equal(status.head, head);
  assert.match(status.epoch, /^[0-9a-f-]{36}$/);
  assert.deepEqual([typeof status.inFlight, typeof status.batches], ['bigint', 'bigint']);
});

test('what is pending comes when it is confirmed', async () => {
  const stream = newStream();
  const cascadeId = unique('cascade');
  const before = await caughtUp(store);
  await store.append(stream, 0n, [numbered(0)], { cascadeId, committed: false });
  const pending = await caughtUp(store);
  const effective = { after: before, domains: [stream.domain], effective: true };

  assert.deepEqual(await store.feed(effective), []);
  await store.confirmCascade(cascadeId);
  await caughtUp(store);
  const events = await store.feed(effective);
  assert.deepEqual(events.map(({ sequence }) => sequence), [0n]);
  assert.ok(events[0].position > pending);
});

test('waiting ends with an append, or with the time', async () => {
  const head = await caughtUp(store);

  assert.equal(await store.feedWait(head, { timeoutMs: 1 }), head);
  const start = performance.now();
  const waiting = store.feedWait(head, { timeoutMs: 60_000 });
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  await store.append(newStream(), 0n, [numbered(0)]);
  assert.ok(await waiting > head);
  assert.ok(performance.now() - start < 30_000);
});

test('a group gives each event once, in the transaction of its worker', async () => {
  const domain = unique('test');
  const handler = unique('group');
  const streams = Array.from({ length: 5 }, () => newStream(domain));
  await store.createGroup(handler, { partitions: 4, domains: [domain], types: ['Even'] });
  for (const stream of streams) {
    await store.append(stream, 0n, [numbered(0), numbered(1), numbered(2)]);
  }
  await caughtUp(store);

  // what is rolled back is given again
  await assert.rejects(store.transaction(async (tx) => {
    assert.ok((await tx.fetch(handler)).length > 0);
    throw new Error('the worker fails');
  }));
  const events = await drain(store, handler, { maxCount: 2, partitions: 4 });
  const [first] = events;
  assert.equal(typeof first.partition, 'number');
  assert.equal(typeof first.position, 'bigint');
  const of = (root) => events.filter((event) => event.root === root).map(({ sequence }) => sequence);
  assert.deepEqual(streams.map(({ root }) => of(root)), streams.map(() => [0n, 2n]));
  assert.equal(events.length, 10);
  assert.deepEqual(await store.transaction((tx) => tx.fetch(handler)), []);
});

test('workers share a group', async () => {
  const domain = unique('test');
  const handler = unique('group');
  const workers = new Angzarr(newPool({ max: 4 }), { schema });
  await store.createGroup(handler, { partitions: 4, domains: [domain] });
  for (let i = 0; i < 20; i++) {
    await store.append(newStream(domain), 0n, [numbered(0), numbered(1)]);
  }
  await caughtUp(store);

  const got = await Promise.all(Array.from({ length: 4 }, () => drain(workers, handler, { maxCount: 3 })));
  const names = got.flat().map(({ root, sequence }) => `${root}/${sequence}`);
  // another worker may have held the rest when these found nothing
  names.push(...(await drain(store, handler)).map(({ root, sequence }) => `${root}/${sequence}`));
  assert.equal(names.length, 40);
  assert.equal(new Set(names).size, 40);
});

test('a worker that is killed gives back what it has', async () => {
  const domain = unique('test');
  const handler = unique('group');
  const [fetched, mark] = [newStream(domain), newStream()];
  await store.createGroup(handler, { partitions: 1, domains: [domain] });
  await store.append(fetched, 0n, [numbered(0), numbered(1)]);
  await caughtUp(store);

  const program = `
    import { Angzarr } from 'angzarr-pg';
    import pg from 'pg';
    await new Angzarr(new pg.Pool(), { schema: '${schema}' }).transaction(async (tx) => {
      const events = await tx.fetch('${handler}');
      await tx.append({ domain: '${mark.domain}', root: '${mark.root}' }, 0n, [{ type: 'Handled', data: events.length }]);
      console.log(events.length);
      await new Promise((resolve) => { setTimeout(resolve, 600_000); });
    });`;
  const worker = spawn(process.execPath, ['--input-type=module', '-e', program],
    { cwd: join(dirname(fileURLToPath(import.meta.url)), '..'), stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(worker.stdout, 'data');
  assert.equal(String(said), '2\n');
  assert.deepEqual(await store.transaction((tx) => tx.fetch(handler)), []);
  worker.kill('SIGKILL');
  await once(worker, 'exit');

  let again = [];
  for (const end = Date.now() + 60_000; again.length === 0 && Date.now() < end;) {
    again = await store.transaction((tx) => tx.fetch(handler));
  }
  assert.deepEqual(again.map(({ root, sequence }) => [root, sequence]), [[fetched.root, 0n], [fetched.root, 1n]]);
  assert.equal(await store.nextSequence(mark), 0n);
});

test('with a lease, a worker acknowledges', async () => {
  const domain = unique('test');
  const handler = unique('group');
  await store.createGroup(handler, { partitions: 1, domains: [domain], after: await caughtUp(store) });
  await store.append(newStream(domain), 0n, [numbered(0), numbered(1), numbered(2)]);
  await caughtUp(store);

  const events = await store.fetch(handler, { leaseMs: 60_000 });
  assert.deepEqual(events.map(({ sequence }) => sequence), [0n, 1n, 2n]);
  assert.match(events[0].token, /^[0-9a-f-]{36}$/);
  assert.deepEqual(await store.fetch(handler, { leaseMs: 60_000 }), []);
  await store.ack(handler, events[0]);
  const [state] = await store.groups(handler);
  assert.equal(state.position, events[0].position);
  assert.ok(state.leasedUntil > new Date());
  assert.equal(typeof state.oldestMs, 'number');
  assert.equal(state.behind, 2n);
  await store.ack(handler, events[2]);
  assert.deepEqual((await store.groups(handler)).map(({ behind, leasedUntil }) => [behind, leasedUntil]), [[0n, null]]);
});

test('a lease that ran out is lost to who fetches next', async () => {
  const domain = unique('test');
  const handler = unique('group');
  await store.createGroup(handler, { partitions: 1, domains: [domain] });
  await store.append(newStream(domain), 0n, [numbered(0)]);
  await caughtUp(store);
  const [late] = await store.fetch(handler, { leaseMs: 1 });
  await new Promise((resolve) => { setTimeout(resolve, 20); });

  const [again] = await store.fetch(handler, { leaseMs: 60_000 });
  assert.equal(again.position, late.position);
  await assert.rejects(store.ack(handler, late), { code: 'ZR010', condition: 'lease_lost' });
  await store.ack(handler, again);
});

test('an event that cannot be handled is parked, and retried', async () => {
  const domain = unique('test');
  const handler = unique('group');
  const [bad, good] = [newStream(domain), newStream(domain)];
  await store.createGroup(handler, { partitions: 1, domains: [domain] });
  await store.append(bad, 0n, [numbered(0), numbered(1)]);
  await store.append(good, 0n, [numbered(0)]);
  await caughtUp(store);

  await store.transaction(async (tx) => {
    const events = await tx.fetch(handler);
    assert.deepEqual(events.map(({ root, sequence }) => [root, sequence]), [[bad.root, 0n], [bad.root, 1n], [good.root, 0n]]);
    await tx.park(handler, events[0].position, 'the amount is no number');
  });
  const [parked, ...others] = await store.parked(handler);
  assert.deepEqual(others, []);
  assert.deepEqual([parked.handler, parked.domain, parked.root, parked.sequence, parked.reason, parked.waiting],
    [handler, domain, bad.root, 0n, 'the amount is no number', 2n]);
  assert.ok(parked.parkedAt instanceof Date);
  assert.deepEqual((await store.groups(handler)).map((group) => group.parked), [1n]);

  assert.deepEqual(await store.transaction((tx) => tx.retryParked(handler, { domain, root: good.root })), []);
  const retried = await store.transaction((tx) => tx.retryParked(handler, { ...bad, maxCount: 10 }));
  assert.deepEqual(retried.map(({ sequence }) => sequence), [0n, 1n]);
  assert.deepEqual(await store.parked(handler), []);
});

test('a group is set back, and dropped', async () => {
  const domain = unique('test');
  const handler = unique('group');
  const before = await caughtUp(store);
  await store.append(newStream(domain), 0n, [numbered(0)]);
  await store.createGroup(handler, { domains: [domain] });
  assert.equal((await drain(store, handler)).length, 1);

  await store.seekGroup(handler, before);
  assert.equal((await drain(store, handler)).length, 1);
  await assert.rejects(store.createGroup(handler), { code: '42710' });
  assert.equal((await store.groups(handler)).length, 8);
  assert.equal(await store.dropGroup(handler), true);
  assert.equal(await store.dropGroup(handler), false);
  assert.deepEqual(await store.groups(handler), []);
});
