// On a pool, on a client, and in the caller's transaction.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Angzarr, SequenceConflictError } from 'angzarr-pg';
import pg from 'pg';

import { newPool, newStore, newStream, schema } from './support.js';

const store = newStore();
const event = { type: 'T', data: {} };

test('the caller commits or rolls back', async () => {
  const pool = newPool();
  const client = await pool.connect();
  const stream = newStream();
  const inside = new Angzarr(client, { schema });

  await client.query('BEGIN');
  await inside.append(stream, 0n, [event]);
  assert.equal(await inside.nextSequence(stream), 1n);
  assert.equal(await store.nextSequence(stream), 0n);
  await client.query('ROLLBACK');
  assert.equal(await store.nextSequence(stream), 0n);

  await client.query('BEGIN');
  await inside.append(stream, 0n, [event]);
  await client.query('COMMIT');
  assert.equal(await store.nextSequence(stream), 1n);
  client.release();
});

test('a client that is no client of a pool', async () => {
  const client = new pg.Client();
  await client.connect();
  const stream = newStream();

  assert.equal(await store.with(client).appendOne(stream, 0n, event), 0n);
  await assert.rejects(store.with(client).transaction(async () => {}), /needs a store on a Pool/);
  await client.end();
  assert.equal(await store.nextSequence(stream), 1n);
});

test('a transaction commits what returns, and undoes what throws', async () => {
  const [one, two] = [newStream(), newStream()];

  assert.equal(await store.transaction(async (tx) => {
    await tx.append(one, 0n, [event]);
    await tx.append(two, 0n, [event]);
    return 'done';
  }), 'done');
  await assert.rejects(store.transaction(async (tx) => {
    await tx.append(one, 1n, [event]);
    await tx.append(two, 7n, [event]);
  }), SequenceConflictError);
  await assert.rejects(store.transaction(async (tx) => {
    await tx.append(one, 1n, [event]);
    throw new Error('no');
  }), /^Error: no$/);
  assert.deepEqual([await store.nextSequence(one), await store.nextSequence(two)], [1n, 1n]);
});

test('a transaction whose error was swallowed does not look committed', async () => {
  const stream = newStream();

  await assert.rejects(store.transaction(async (tx) => {
    await tx.append(stream, 0n, [event]);
    await tx.append(stream, 0n, [event]).catch(() => {});
  }), /the transaction was rolled back/);
  assert.equal(await store.nextSequence(stream), 0n);
});

test('the client of a transaction goes back to the pool', async () => {
  const pool = newPool({ max: 1 });
  const one = new Angzarr(pool, { schema });

  for (let i = 0; i < 3; i++) {
    await one.transaction(async () => {});
    await one.transaction(async () => { throw new Error('no'); }).catch(() => {});
  }
  assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [1, 1, 0]);
});

test('a connection that breaks ends the transaction, not the program', async () => {
  const pool = newPool({ max: 1 });
  const one = new Angzarr(pool, { schema });
  const stream = newStream();

  await assert.rejects(one.transaction(async (tx, client) => {
    await tx.append(stream, 0n, [event]);
    client.connection.stream.destroy();
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    await tx.append(stream, 1n, [event]);
  }));
  assert.equal(pool.totalCount, 0);
  assert.equal(await one.nextSequence(stream), 0n);
});

test('isolation levels', async () => {
  const stream = newStream();

  await store.transaction(async (tx, client) => {
    const { rows } = await client.query('SHOW transaction_isolation');
    assert.equal(rows[0].transaction_isolation, 'repeatable read');
    assert.equal(await tx.nextSequence(stream), 0n);
    await store.append(stream, 0n, [event]);
    await assert.rejects(tx.append(stream, 0n, [event]), { code: '40001' });
    throw new Error('over');
  }, { isolationLevel: 'repeatable read' }).catch((error) => assert.equal(error.message, 'over'));
  await assert.rejects(store.transaction(async () => {}, { isolationLevel: 'x; DROP' }), /isolationLevel must be one of/);
});

test('a stream that is expected stands still until the transaction ends', async () => {
  const [one, two] = [newStream(), newStream()];
  await store.append(one, 0n, [event]);
  const order = [];
  let other;

  await store.transaction(async (tx) => {
    assert.equal(await tx.expect(one, -1n), 1n);
    assert.equal(await tx.expect(one, 1n), 1n);
    assert.equal(await tx.expect(two, null), 0n);
    other = store.append(one, 1n, [event]).then(() => order.push('other'));
    await tx.append(two, 0n, [event]);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    order.push('transaction');
  });
  await other;
  assert.deepEqual(order, ['transaction', 'other']);
});

test('without a schema, the search_path decides', async () => {
  const stream = newStream();

  await store.transaction(async (_, client) => {
    await client.query(`SET LOCAL search_path = "${schema}"`);
    await new Angzarr(client).append(stream, 0n, [event]);
  });
  assert.equal(await store.nextSequence(stream), 1n);
  await assert.rejects(new Angzarr(newPool()).version(), { code: '42883' });
});

test('nothing is prepared by name', async () => {
  const sent = [];
  const pool = newPool();
  const recording = new Angzarr({ query: (config) => { sent.push(config); return pool.query(config); } }, { schema });
  const stream = newStream();
  await recording.append(stream, 0n, [event]);
  await recording.loadState(stream);

  assert.equal(sent.length, 2);
  assert.ok(sent.every(({ name }) => name === undefined));
});
