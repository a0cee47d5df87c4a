// The adapter for Emmett. What is asked here of an event store is what the framework's own
// specifications ask, and what its documentation says; where the in-memory store of the framework
// says the same, the same tests run on both, so that they ask for nothing of our own making.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';

import {
  CommandHandler, DeciderCommandHandler, ExpectedVersionConflictError, NO_CONCURRENCY_CHECK, STREAM_DOES_NOT_EXIST, STREAM_EXISTS,
  forwardToMessageBus, getInMemoryEventStore, getInMemoryMessageBus, isExpectedVersionConflictError, unknownTag,
} from '@event-driven-io/emmett';
import { Angzarr, AngzarrNodes, WrongNodeError, fromJson, slotOf } from 'angzarr-pg';
import { getAngzarrEventStore, streamOf } from 'angzarr-pg/emmett';

import { rootOfKey } from '../lib/slots.js';
import { caughtUp, newNodePools, newPool, newStore, ownSlots, schema, unique } from './support.js';

const pool = newPool();
const store = newStore();
const ours = getAngzarrEventStore(pool, { schema });
const nodePools = await newNodePools();
const nodes = new AngzarrNodes(nodePools, { schema });
const onNodes = getAngzarrEventStore(nodes);

const item = (productId, quantity = 10, price = 3) => ({ type: 'ProductItemAdded', data: { productItem: { productId, quantity, price } } });
const discount = (percent) => ({ type: 'DiscountApplied', data: { percent } });
const initialState = () => ({ productItems: [], totalAmount: 0 });

function evolve(cart, { type, data }) {
  switch (type) {
    case 'ProductItemAdded':
      return {
        productItems: [...cart.productItems, data.productItem],
        totalAmount: cart.totalAmount + data.productItem.price * data.productItem.quantity,
      };
    case 'DiscountApplied':
      return { ...cart, totalAmount: cart.totalAmount * (1 - data.percent / 100) };
    default:
      return cart;
  }
}

// evolves by what the store adds to an event
function evolveWithMetadata(cart, event) {
  assert.equal(typeof event.metadata.streamPosition, 'bigint');
  assert.equal(event.metadata.streamPosition, BigInt(cart.productItems.length + 1));
  return evolve(cart, event);
}

function specifications(eventStore, newName) {
  describe('aggregateStream', () => {
    for (const [info, evolving] of [['raw events', evolve], ['events with metadata', evolveWithMetadata]]) {
      test(`goes back in time with 'to', by ${info}`, async () => {
        const name = newName();
        await eventStore.appendToStream(name, [item('a')]);
        await eventStore.appendToStream(name, [item('b')]);
        await eventStore.appendToStream(name, [discount(10)]);
        const at = (to) => eventStore.aggregateStream(name, { evolve: evolving, initialState, read: { to } });

        const amounts = [];
        for (const to of [1n, 2n, 3n]) {
          const { state, currentStreamVersion, streamExists } = await at(to);
          amounts.push(state.totalAmount);
          assert.equal(currentStreamVersion, to);
          assert.equal(streamExists, true);
        }
        assert.deepEqual(amounts, [30, 60, 54]);
        assert.equal((await at(100n)).currentStreamVersion, 3n);
        assert.deepEqual((await at(2n)).state.productItems.map(({ productId }) => productId), ['a', 'b']);
      });
    }

    test('gives the whole stream without bounds, and the initial state without a stream', async () => {
      const name = newName();
      await eventStore.appendToStream(name, [item('a'), item('b')]);

      const { state, currentStreamVersion } = await eventStore.aggregateStream(name, { evolve, initialState });
      assert.deepEqual([state.totalAmount, currentStreamVersion], [60, 2n]);
      assert.deepEqual(await eventStore.aggregateStream(newName(), { evolve, initialState }),
        { currentStreamVersion: 0n, state: initialState(), streamExists: false });
    });

    test('fails fast where the version is not the expected one', async () => {
      const name = newName();
      await eventStore.appendToStream(name, [item('a')]);
      const expecting = (expectedStreamVersion, of = name) => (
        eventStore.aggregateStream(of, { evolve, initialState, read: { expectedStreamVersion } }));

      for (const version of [1n, STREAM_EXISTS, NO_CONCURRENCY_CHECK]) {
        assert.equal((await expecting(version)).state.totalAmount, 30);
      }
      for (const version of [0n, 2n, STREAM_DOES_NOT_EXIST]) {
        await assert.rejects(expecting(version), isExpectedVersionConflictError);
      }
      await assert.rejects(expecting(STREAM_EXISTS, newName()), isExpectedVersionConflictError);
    });
  });

  describe('readStream', () => {
    test('gives events with their metadata, in order', async () => {
      const name = newName();
      await eventStore.appendToStream(name, [{ ...item('a'), metadata: { meta: 'data1' } }, discount(10)]);

      const { events, currentStreamVersion, streamExists } = await eventStore.readStream(name);
      assert.deepEqual([currentStreamVersion, streamExists], [2n, true]);
      assert.deepEqual(events.map(({ type, data, kind }) => ({ type, data, kind })),
        [{ ...item('a'), kind: 'Event' }, { ...discount(10), kind: 'Event' }]);
      assert.deepEqual(events.map(({ metadata }) => [metadata.streamName, metadata.streamPosition, typeof metadata.messageId]),
        [[name, 1n, 'string'], [name, 2n, 'string']]);
      assert.equal(events[0].metadata.meta, 'data1');
      assert.notEqual(events[0].metadata.messageId, events[1].metadata.messageId);
    });

    test('gives nothing of a stream that does not exist', async () => {
      assert.deepEqual(await eventStore.readStream(newName()), { currentStreamVersion: 0n, events: [], streamExists: false });
    });

    test('ends with to and maxCount', async () => {
      const name = newName();
      await eventStore.appendToStream(name, [1, 2, 3, 4].map((n) => item(String(n))));
      const read = async (options) => (await eventStore.readStream(name, options)).events.map(({ metadata }) => metadata.streamPosition);

      assert.deepEqual(await read({ to: 2n }), [1n, 2n]);
      assert.deepEqual(await read({ maxCount: 3n }), [1n, 2n, 3n]);
      assert.deepEqual(await read({ from: 0n, maxCount: 1n }), [1n]);
      assert.deepEqual(await read({ from: 0n, to: 100n }), [1n, 2n, 3n, 4n]);
      const part = await eventStore.readStream(name, { maxCount: 1n, expectedStreamVersion: 4n });
      assert.equal(part.currentStreamVersion, 4n);
    });
  });

  describe('appendToStream', () => {
    test('says which version is next, and whether the stream is new', async () => {
      const name = newName();

      assert.deepEqual(await eventStore.appendToStream(name, [item('a'), item('b')]), { nextExpectedStreamVersion: 2n, createdNewStream: true });
      assert.deepEqual(await eventStore.appendToStream(name, [item('c')], { expectedStreamVersion: 2n }),
        { nextExpectedStreamVersion: 3n, createdNewStream: false });
    });

    for (const [length, allowed] of [
      [0, [0n, STREAM_DOES_NOT_EXIST, NO_CONCURRENCY_CHECK, undefined]],
      [2, [2n, STREAM_EXISTS, NO_CONCURRENCY_CHECK, undefined]]]) {
      for (const expectedStreamVersion of [0n, 1n, 2n, 3n, STREAM_EXISTS, STREAM_DOES_NOT_EXIST, NO_CONCURRENCY_CHECK, undefined]) {
        const accepted = allowed.includes(expectedStreamVersion);

        test(`${accepted ? 'accepts' : 'refuses'} ${String(expectedStreamVersion)} for a stream of ${length} events`, async () => {
          const name = newName();
          if (length > 0) {
            await eventStore.appendToStream(name, Array.from({ length }, () => item('x')));
          }
          const appending = eventStore.appendToStream(name, [item('new'), item('new')], { expectedStreamVersion });

          if (accepted) {
            assert.deepEqual(await appending, { nextExpectedStreamVersion: BigInt(length + 2), createdNewStream: length === 0 });
          } else {
            await assert.rejects(appending, (error) => {
              assert.ok(error instanceof ExpectedVersionConflictError && isExpectedVersionConflictError(error));
              assert.deepEqual([error.current, error.expected], [String(length), String(expectedStreamVersion)]);
              return true;
            });
            assert.equal((await eventStore.readStream(name)).events.length, length);
          }
        });
      }
    }
  });

  describe('streamExists', () => {
    test('is true of streams that have events, whatever others there are', async () => {
      const [one, two] = [newName(), newName()];

      assert.equal(await eventStore.streamExists(one), false);
      await eventStore.appendToStream(one, [item('a')]);
      assert.equal(await eventStore.streamExists(one), true);
      assert.equal(await eventStore.streamExists(two), false);
      await eventStore.appendToStream(two, [item('b')]);
      assert.deepEqual([await eventStore.streamExists(one), await eventStore.streamExists(two)], [true, true]);
    });
  });

  describe('command handling', () => {
    const handle = CommandHandler({ evolve, initialState });

    test('appends what was decided to the state', async () => {
      const name = newName();

      const first = await handle(eventStore, name, () => item('a'), { expectedStreamVersion: STREAM_DOES_NOT_EXIST });
      assert.deepEqual([first.nextExpectedStreamVersion, first.createdNewStream, first.newState.totalAmount], [1n, true, 30]);
      const second = await handle(eventStore, name, (cart) => (cart.totalAmount > 20 ? discount(10) : []));
      assert.deepEqual([second.nextExpectedStreamVersion, second.createdNewStream, second.newState.totalAmount], [2n, false, 27]);
      const both = await handle(eventStore, name, [() => item('b'), (cart) => (cart.totalAmount === 57 ? [discount(0)] : [])]);
      assert.deepEqual([both.nextExpectedStreamVersion, both.newEvents.length], [4n, 2]);
      const nothing = await handle(eventStore, name, () => []);
      assert.deepEqual([nothing.nextExpectedStreamVersion, nothing.newEvents, nothing.createdNewStream], [4n, [], false]);
      await assert.rejects(handle(eventStore, name, () => item('c'), { expectedStreamVersion: STREAM_DOES_NOT_EXIST }), isExpectedVersionConflictError);
      const existing = await handle(eventStore, name, () => item('c'), { expectedStreamVersion: STREAM_EXISTS });
      assert.equal(existing.nextExpectedStreamVersion, 5n);
    });

    test('does not try again where retries are off', async () => {
      const name = newName();
      let tried = 0;
      await handle(eventStore, name, () => item('a'));

      await assert.rejects(handle(eventStore, name, () => { tried++; throw new ExpectedVersionConflictError(0n, 1n); }), isExpectedVersionConflictError);
      await assert.rejects(handle(eventStore, name, async () => {
        tried++;
        await eventStore.appendToStream(name, [item('other')]);
        return item('b');
      }), isExpectedVersionConflictError);
      assert.equal(tried, 2);
    });

    test('tries again after a conflict where that is asked for, on the new state', async () => {
      const name = newName();
      const seen = [];
      const result = await CommandHandler({ evolve, initialState, retry: { onVersionConflict: { retries: 3, minTimeout: 1, shouldRetryError: isExpectedVersionConflictError } } })(
        eventStore, name, async (cart) => {
          seen.push(cart.totalAmount);
          if (seen.length < 3) {
            await eventStore.appendToStream(name, [item('other')]);
          }
          return item('b');
        });

      assert.deepEqual(seen, [0, 30, 60]);
      assert.equal(result.nextExpectedStreamVersion, 3n);
      let tried = 0;
      await assert.rejects(handle(eventStore, name, async () => {
        tried++;
        await eventStore.appendToStream(name, [item('other')]);
        return item('c');
      }, { retry: { onVersionConflict: 1 } }), isExpectedVersionConflictError);
      assert.equal(tried, 2);
    });

    test('by a decider', async () => {
      const name = newName();
      const decide = ({ type, data }) => (type === 'AddItem' ? item(data.id) : [discount(data.percent)]);
      const result = await DeciderCommandHandler({ decide, evolve, initialState })(eventStore, name, [
        { type: 'AddItem', data: { id: 'a' } }, { type: 'Discount', data: { percent: 50 } }]);

      assert.deepEqual([result.newState.totalAmount, result.nextExpectedStreamVersion], [15, 2n]);
    });
  });

  describe('versions of events', () => {
    test('events are downcast to what is stored, and upcast to what is read', async () => {
      const name = newName();
      const downcast = (event) => ({ type: event.type, data: { at: event.data.at.toISOString(), n: String(event.data.n) } });
      const upcast = (event) => ({ type: event.type, data: { at: new Date(event.data.at), n: BigInt(event.data.n) } });
      const opened = { type: 'Opened', data: { at: new Date(0), n: 2n ** 60n } };
      await eventStore.appendToStream(name, [opened], { schema: { versioning: { downcast } } });

      assert.deepEqual((await eventStore.readStream(name)).events[0].data, { at: '1970-01-01T00:00:00.000Z', n: String(2n ** 60n) });
      const { events } = await eventStore.readStream(name, { schema: { versioning: { upcast } } });
      assert.deepEqual(events[0].data, opened.data);
      assert.equal(events[0].metadata.streamPosition, 1n);
      const { state } = await eventStore.aggregateStream(name, {
        evolve: (sum, event) => sum + event.data.n, initialState: () => 1n, read: { schema: { versioning: { upcast } } } });
      assert.equal(state, 2n ** 60n + 1n);
    });
  });
}

describe('the in-memory store of the framework', () => specifications(getInMemoryEventStore(), randomUUID));
describe('ours, by uuids', () => specifications(ours, randomUUID));
describe('ours, by domain and key', () => specifications(ours, () => `cart-${unique('key')}`));
describe('ours, in an edition', () => (
  specifications(getAngzarrEventStore(pool, { schema, edition: 'emmett-test' }), () => unique('cart'))));

describe('ours, on two nodes', () => specifications(onNodes, () => `cart-${unique('key')}`));

test('from is the position that comes first, and bounds can meet', async () => {
  const name = unique('cart');
  await ours.appendToStream(name, [1, 2, 3, 4].map((n) => item(String(n))));
  const read = async (options) => (await ours.readStream(name, options)).events.map(({ metadata }) => metadata.streamPosition);

  assert.deepEqual(await read({ from: 1n }), [1n, 2n, 3n, 4n]);
  assert.deepEqual(await read({ from: 3n }), [3n, 4n]);
  assert.deepEqual(await read({ from: 2n, maxCount: 2n }), [2n, 3n]);
  assert.deepEqual(await read({ from: 2n, to: 3n, maxCount: 9n }), [2n, 3n]);
  assert.deepEqual(await read({ from: 2n, to: 9n, maxCount: 1n }), [2n]);
  const past = await ours.readStream(name, { from: 9n });
  assert.deepEqual(past, { currentStreamVersion: 4n, events: [], streamExists: true });
});

test('a name is a domain and a key', async () => {
  const root = randomUUID();
  for (const [name, options, stream] of [
    ['cart-7', {}, { domain: 'cart', key: '7' }],
    ['cart-7-a', {}, { domain: 'cart', key: '7-a' }],
    [`cart-${root}`, {}, { domain: 'cart', root }],
    [root, {}, { domain: unknownTag, root }],
    ['seven', { defaultDomain: 'cart' }, { domain: 'cart', key: 'seven' }],
    ['cart-7', { edition: 'b' }, { domain: 'cart', edition: 'b', key: '7' }]]) {
    assert.deepEqual(streamOf(name, options), stream, name);
  }
  for (const name of ['cart-', '-7', '-', '']) {
    assert.throws(() => streamOf(name), /is no name of a stream: it needs a domain, a hyphen and a key/, name);
  }
  const key = unique('key');
  await ours.appendToStream(`cart-${key}`, [item('a')]);
  assert.equal((await store.load({ domain: 'cart', root: await store.root('cart', key) })).length, 1);
  assert.equal((await store.load({ domain: 'cart', key })).length, 1);

  const other = getAngzarrEventStore(pool, { schema, toStream: (name) => ({ domain: 'other', key: name }) });
  await other.appendToStream(`x-${key}`, [item('a')]);
  assert.equal(await store.nextSequence({ domain: 'other', key: `x-${key}` }), 1n);
});

test('what is stored is what other clients read', async () => {
  const key = unique('key');
  const correlationId = unique('process');
  const event = { type: 'Priced', data: { price: 2n ** 60n, text: 'ü' }, metadata: { user: 'bob', at: 1n } };
  await ours.appendToStream(`cart-${key}`, [event], { correlationId, externalId: 'call-1' });
  assert.deepEqual(await ours.appendToStream(`cart-${key}`, [event], { externalId: 'call-1' }),
    { nextExpectedStreamVersion: 1n, createdNewStream: false });

  const [stored] = await store.trace(correlationId);
  assert.deepEqual(fromJson(stored), { price: String(2n ** 60n), text: 'ü' });
  assert.deepEqual([stored.type, stored.metadata, stored.externalId], ['Priced', { user: 'bob', at: '1' }, 'call-1']);
});

test('what other clients store is read, but what is pending, revoked or not JSON', async () => {
  const stream = { domain: 'cart', key: unique('key') };
  const name = `cart-${stream.key}`;
  const cascadeId = unique('cascade');
  await store.append(stream, 0n, [{ type: 'A', data: 1, metadata: [1] }]);
  await store.append(stream, 1n, [{ type: 'B', data: 2 }], { cascadeId, committed: false });
  await store.append(stream, 2n, [{ type: 'C', data: 3, metadata: { messageId: 'mine' } }]);

  const read = async (options) => (await ours.readStream(name, options)).events.map(({ type, metadata }) => [type, metadata.streamPosition]);
  assert.deepEqual(await read(), [['A', 1n], ['C', 3n]]);
  assert.equal((await ours.readStream(name)).events[1].metadata.messageId, 'mine');
  assert.deepEqual(await read({ from: 2n, maxCount: 1n }), []);
  // the version counts all, so that the next append fits
  const last = await store.append(stream, 3n, [{ type: 'D', data: 4 }], { cascadeId, committed: false });
  const { currentStreamVersion } = await ours.aggregateStream(name, { evolve: () => 0, initialState: () => 0 });
  assert.equal(currentStreamVersion, last.nextSequence);
  await store.confirmCascade(cascadeId);
  assert.deepEqual(await read(), [['A', 1n], ['B', 2n], ['C', 3n], ['D', 4n]]);

  await store.append(stream, null, [{ type: 'E', payload: Buffer.from([8, 1]) }]);
  await assert.rejects(read(), /event 6 of stream "cart-.*", a "E", has a payload that is no JSON/);
});

test('no events change nothing, and are compared all the same', async () => {
  const name = unique('cart');
  await ours.appendToStream(name, [item('a')]);

  for (const expectedStreamVersion of [1n, STREAM_EXISTS, NO_CONCURRENCY_CHECK, undefined]) {
    assert.deepEqual(await ours.appendToStream(name, [], { expectedStreamVersion }), { nextExpectedStreamVersion: 1n, createdNewStream: false });
  }
  for (const expectedStreamVersion of [0n, STREAM_DOES_NOT_EXIST]) {
    await assert.rejects(ours.appendToStream(name, [], { expectedStreamVersion }), isExpectedVersionConflictError);
  }
  await assert.rejects(ours.appendToStream(unique('cart'), [], { expectedStreamVersion: STREAM_EXISTS }), isExpectedVersionConflictError);
  await assert.rejects(ours.appendToStream(name, [item('a')], { expectedStreamVersion: 1 }), TypeError);
  await assert.rejects(ours.appendToStream(name, [item('a')], { expectedStreamVersion: 'STREAM_MAY_EXIST' }), TypeError);
});

test('other errors stay as they are, and a conflict has its cause', async () => {
  await assert.rejects(ours.appendToStream(unique('cart'), [{ type: '', data: {} }]), { code: '22023' });
  await assert.rejects(ours.appendToStream(unique('cart'), [item('a')], { expectedStreamVersion: 7n }),
    (error) => error.cause.code === 'ZR001' && error.cause.actual === 0n);
});

test('in a transaction of the caller', async () => {
  const [one, two] = [unique('cart'), unique('cart')];
  const handle = CommandHandler({ evolve, initialState });

  await assert.rejects(store.transaction(async (_, client) => {
    const inside = ours.with(client);
    await handle(inside, one, () => item('a'));
    await inside.appendToStream(two, [item('b')]);
    assert.equal(await inside.streamExists(one), true);
    assert.equal(await ours.streamExists(one), false);
    throw new Error('no');
  }), /^Error: no$/);
  assert.deepEqual([await ours.streamExists(one), await ours.streamExists(two)], [false, false]);
});

test('a client in place of a store has its schema, where no search_path leads there', async () => {
  const { name } = newNameOn('b');
  for (const [eventStore, db] of [[ours, pool], [getAngzarrEventStore(store), pool], [onNodes, nodePools.b]]) {
    const client = await db.connect();
    try {
      await client.query('BEGIN');
      await client.query("SET LOCAL search_path = ''");
      assert.equal((await eventStore.with(client).appendToStream(name, [item('a')])).nextExpectedStreamVersion, 1n);
      await assert.rejects(getAngzarrEventStore(new Angzarr(client)).streamExists(name), { code: '42883' });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }
});

test('of nodes with several schemas, a client in their place could have any', async () => {
  const several = getAngzarrEventStore(new AngzarrNodes({ a: new Angzarr(nodePools.a, { schema }), b: nodePools.b }));

  assert.throws(() => several.with(nodePools.b), /^TypeError: the nodes have several schemas: give with\(\) an Angzarr/);
  several.with(new Angzarr(nodePools.b));
});

test('two that create a stream at once: one of them does', async () => {
  const name = unique('cart');
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, (_, i) => (
    ours.appendToStream(name, [item(String(i))], { expectedStreamVersion: STREAM_DOES_NOT_EXIST }))));

  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(outcomes.every(({ status, reason }) => status === 'fulfilled' || isExpectedVersionConflictError(reason)));
});

test('the hook is told of what was appended, once', async () => {
  const told = [];
  const bus = getInMemoryMessageBus();
  bus.subscribe((event) => { told.push([event.type, event.metadata.streamName, event.metadata.streamPosition]); }, 'ProductItemAdded');
  const hooked = getAngzarrEventStore(pool, { schema, hooks: { onAfterCommit: forwardToMessageBus(bus) } });
  const name = unique('cart');

  await hooked.appendToStream(name, [item('a'), item('b')], { externalId: 'call-1' });
  await hooked.appendToStream(name, [item('a'), item('b')], { externalId: 'call-1' });
  await assert.rejects(hooked.appendToStream(name, [item('c')], { expectedStreamVersion: 0n }));
  assert.deepEqual(told, [['ProductItemAdded', name, 1n], ['ProductItemAdded', name, 2n]]);
  const client = await pool.connect();
  assert.throws(() => getAngzarrEventStore(client, { schema, hooks: { onAfterCommit: () => {} } }), /onAfterCommit needs a store on a Pool/);
  await hooked.with(client).appendToStream(name, [item('c')]);
  client.release();
  assert.equal(told.length, 2);
});

/** The name of a stream of a node, and its slot. */
function newNameOn(node) {
  for (;;) {
    const name = `cart-${unique('key')}`;
    const { domain, key } = streamOf(name);
    const slot = slotOf(rootOfKey(domain, key));
    if ((slot < 512 ? 'a' : 'b') === node) {
      return { name, slot };
    }
  }
}

test('on several nodes, a stream is on the node of its slot', async () => {
  for (const [node, other] of [['a', 'b'], ['b', 'a']]) {
    const { name, slot } = newNameOn(node);
    const on = (at) => getAngzarrEventStore(nodes.on(at));

    assert.equal(await onNodes.streamExists(name), false);
    await onNodes.appendToStream(name, [item('a')], { expectedStreamVersion: STREAM_DOES_NOT_EXIST });
    await onNodes.appendToStream(name, [item('b')], { expectedStreamVersion: STREAM_EXISTS });
    assert.equal((await on(node).readStream(name)).events.length, 2);
    await assert.rejects(on(other).readStream(name), (error) => (
      error instanceof WrongNodeError && error.slot === slot && error.node === node));
    await assert.rejects(onNodes.appendToStream(name, [item('c')], { expectedStreamVersion: 1n }), (error) => (
      isExpectedVersionConflictError(error) && error.cause.actual === 2n));
  }
});

test('a command that is handled while a slot moves is handled on the other node', async () => {
  const { name, slot } = newNameOn('a');
  const seen = [];
  const { newState, nextExpectedStreamVersion } = await CommandHandler({ evolve, initialState })(onNodes, name, async (cart) => {
    seen.push(cart.totalAmount);
    await ownSlots(nodePools.a, 'b', `{[${slot},${slot}]}`, false);
    await ownSlots(nodePools.b, 'b', `{[${slot},${slot}]}`);
    return item('a');
  });

  assert.deepEqual([seen, newState.totalAmount, nextExpectedStreamVersion], [[0], 30, 1n]);
  assert.equal((await getAngzarrEventStore(nodes.on('b')).readStream(name)).events.length, 1);
});

test('a transaction is one node\'s', async () => {
  const { name } = newNameOn('b');
  const inside = (work) => nodes.at(streamOf(name), (at) => at.transaction((tx) => work(onNodes.with(tx))));

  await inside((eventStore) => eventStore.appendToStream(name, [item('a')]));
  await assert.rejects(inside(async (eventStore) => {
    await eventStore.appendToStream(name, [item('b')]);
    throw new Error('no');
  }), /^Error: no$/);
  assert.equal((await onNodes.readStream(name)).currentStreamVersion, 1n);
  await assert.rejects(inside((eventStore) => eventStore.readStream(newNameOn('a').name)), WrongNodeError);
});

test('on several nodes, the hook needs a pool on each', async () => {
  const told = [];
  const hooks = { onAfterCommit: (messages) => { told.push(...messages.map(({ metadata }) => metadata.streamPosition)); } };
  const { name } = newNameOn('b');

  await getAngzarrEventStore(nodes, { hooks }).appendToStream(name, [item('a')]);
  await getAngzarrEventStore(nodes.on('b'), { hooks }).appendToStream(name, [item('b')]);
  assert.deepEqual(told, [1n, 2n]);
  const client = await nodePools.b.connect();
  try {
    for (const db of [new Angzarr(client), new AngzarrNodes({ a: nodePools.a, b: client })]) {
      assert.throws(() => getAngzarrEventStore(db, { hooks }), /onAfterCommit needs a store on a Pool/);
    }
  } finally {
    client.release();
  }
  assert.throws(() => getAngzarrEventStore(undefined), /needs a Pool or a Client of node-pg/);
});

test('a group follows what Emmett appends', async () => {
  const handler = unique('group');
  const domain = `d${randomUUID().replaceAll('-', '')}`;
  await store.createGroup(handler, { domains: [domain], partitions: 1 });
  await ours.appendToStream(`${domain}-1`, [item('a'), discount(1)]);
  await caughtUp(store);

  const events = await store.transaction((tx) => tx.fetch(handler));
  assert.deepEqual(events.map((event) => [event.type, fromJson(event)]), [['ProductItemAdded', item('a').data], ['DiscountApplied', { percent: 1 }]]);
  assert.ok(await new Angzarr(pool, { schema }).dropGroup(handler));
});
