// Loading, deciding and appending again after a conflict.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Angzarr, SequenceConflictError, fromJson, isConflict, retry, toJson } from 'angzarr-pg';

import { newPool, newStore, newStream, schema } from './support.js';

const store = newStore();
const deposited = (amount) => ({ type: 'Deposited', data: amount });

function balance({ snapshot, events }) {
  return events.reduce((sum, event) => sum + fromJson(event), snapshot ? fromJson(snapshot.state) : 0);
}

test('a command decides on the state', async () => {
  const stream = newStream();
  await store.append(stream, 0n, [deposited(100), deposited(1)]);
  await store.putSnapshot(stream, { sequence: 0n, stateType: 'Balance', state: toJson(100) });

  const result = await store.execute(stream, (history) => [deposited(-balance(history))]);
  assert.deepEqual(result, { outcome: 'added', firstSequence: 2n, lastSequence: 2n, nextSequence: 3n });
  assert.equal(balance(await store.loadState(stream)), 0);
  assert.equal((await store.execute(stream, async () => [])).outcome, 'unchanged');
});

test('after a conflict it decides again, on what is stored by then', async () => {
  const stream = newStream();
  const seen = [];

  const result = await store.execute(stream, async (history) => {
    seen.push(history.nextSequence);
    if (seen.length < 3) {
      await store.append(stream, null, [deposited(1)]);
    }
    return [deposited(balance(history) * 10)];
  });
  assert.deepEqual(seen, [0n, 1n, 2n]);
  assert.equal(result.firstSequence, 2n);
  assert.equal(fromJson((await store.load(stream))[2]), 20);
});

test('it gives up after so many attempts, with the conflict', async () => {
  const stream = newStream();
  let attempts = 0;

  await assert.rejects(store.execute(stream, async () => {
    attempts++;
    await store.append(stream, null, [deposited(1)]);
    return [deposited(5)];
  }, { attempts: 3, minDelayMs: 1 }), (error) => {
    assert.ok(error instanceof SequenceConflictError);
    assert.deepEqual([error.code, error.expected, error.actual], ['ZR001', 2n, 3n]);
    assert.match(error.message, new RegExp(stream.root));
    assert.match(error.hint, /append at 3/);
    return true;
  });
  assert.equal(attempts, 3);
});

test('an error of the decision, or another one of the store, is not tried again', async () => {
  const stream = newStream();
  let attempts = 0;

  await assert.rejects(store.execute(stream, () => { attempts++; throw new Error('not enough'); }), /not enough/);
  await assert.rejects(store.execute(stream, () => { attempts++; return [{ type: '', data: 0 }]; }), { code: '22023' });
  assert.equal(attempts, 2);
});

test('a command that is stored is not decided again', async () => {
  const stream = newStream();
  await store.append(stream, 0n, [deposited(60)]);
  const withdraw = (history) => {
    if (balance(history) < 60) {
      throw new Error('not enough');
    }
    return [{ type: 'Noted', data: 0 }, deposited(-60)];
  };

  const options = { externalId: 'command-1', correlationId: 'c' };
  assert.deepEqual(await store.execute(stream, withdraw, options),
    { outcome: 'added', firstSequence: 1n, lastSequence: 2n, nextSequence: 3n });
  assert.deepEqual(await store.execute(stream, withdraw, options),
    { outcome: 'duplicate', firstSequence: 1n, lastSequence: 2n, nextSequence: 3n });
  await assert.rejects(store.execute(stream, withdraw, { externalId: 'command-2' }), /not enough/);
});

test('writers who race all succeed in the end', async () => {
  const stream = newStream();
  const many = new Angzarr(newPool({ max: 8 }), { schema });

  await Promise.all(Array.from({ length: 24 }, () => (
    many.execute(stream, (history) => [{ type: 'Deposited', data: balance(history) === 0 ? 1 : balance(history) }], { attempts: 200, maxDelayMs: 50 }))));
  const amounts = (await store.load(stream)).map(fromJson);
  // each has decided on the sum of all before it
  assert.deepEqual(amounts, Array.from({ length: 24 }, (_, i) => (i === 0 ? 1 : 2 ** (i - 1))));
});

test('in a transaction of the caller, a conflict is decided again and the transaction goes on', async () => {
  const [stream, other] = [newStream(), newStream()];
  let attempts = 0;

  await store.transaction(async (tx) => {
    await tx.append(other, 0n, [deposited(1)]);
    await tx.execute(stream, async () => {
      if (++attempts === 1) {
        await store.append(stream, 0n, [deposited(1)]);
      }
      return [deposited(2)];
    });
  });
  assert.equal(attempts, 2);
  assert.deepEqual([await store.nextSequence(stream), await store.nextSequence(other)], [2n, 1n]);
});

test('in a transaction that is too old, the error is that, and nothing hides it', async () => {
  const stream = newStream();
  const run = (work) => store.transaction(work, { isolationLevel: 'repeatable read' });
  const racing = async (tx, attempt) => {
    await tx.nextSequence(stream);
    if (attempt === 1) {
      await store.append(stream, null, [deposited(1)]);
    }
    return tx.execute(stream, () => [deposited(2)], { minDelayMs: 1 });
  };

  await assert.rejects(run((tx) => racing(tx, 1)), { code: '40001' });
  // the whole transaction again is what helps
  const result = await retry((attempt) => run((tx) => racing(tx, attempt)), { minDelayMs: 1 });
  assert.equal(result.outcome, 'added');
});

test('retry runs again after ZR001 and 40001, and after nothing else', async () => {
  for (const [code, expected] of [['ZR001', 3], ['40001', 3], ['40P01', 1], ['ZR004', 1], ['40002', 1], [undefined, 1]]) {
    let attempts = 0;
    const error = Object.assign(new Error('somebody objects'), { code });

    await assert.rejects(retry(() => { attempts++; throw error; }, { attempts: 3, minDelayMs: 0 }), error);
    assert.equal(attempts, expected, String(code));
    assert.equal(isConflict(error), expected > 1);
  }
  assert.equal(isConflict(undefined), false);
  await assert.rejects(retry(() => 1, { attempts: 0 }), /attempts must be a whole number/);
});

test('the delays are random, bounded, and end with the signal', async (t) => {
  const conflict = Object.assign(new Error('conflict'), { code: 'ZR001' });
  const random = t.mock.method(Math, 'random', () => 1);
  const start = performance.now();

  // without the bound, it would double to an hour and more
  await assert.rejects(retry(() => { throw conflict; }, { attempts: 20, minDelayMs: 10, maxDelayMs: 20 }), conflict);
  const took = performance.now() - start;
  assert.ok(took >= 10 + 18 * 20 - 20 && took < 60_000, `${took} ms`);
  assert.equal(random.mock.callCount(), 19);

  const controller = new AbortController();
  const stopped = retry(() => { throw conflict; }, { minDelayMs: 60_000, maxDelayMs: 60_000, signal: controller.signal });
  setTimeout(() => controller.abort(), 10);
  await assert.rejects(stopped, { name: 'AbortError' });
});
