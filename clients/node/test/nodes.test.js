// A store that several nodes keep. They are databases of one server here.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Angzarr, AngzarrError, AngzarrNodes, SequenceConflictError, WrongNodeError, isConflict, slotOf } from 'angzarr-pg';

import { rootOfKey } from '../lib/slots.js';
import { newDatabase, newNodePools, newPool, newStore, ownSlots, schema, unique } from './support.js';

const event = { type: 'T', data: {} };
const pools = await newNodePools();
const stores = {};
// pools of the same databases that count what they are asked
const asked = [];
const counting = (name) => ({ query: (config) => { asked.push(name); return pools[name].query(config); } });

for (const name of ['a', 'b']) {
  stores[name] = new Angzarr(pools[name], { schema });
}

/** A store on both nodes, which says in `asked` whom it asks. */
function newNodes(options) {
  asked.length = 0;
  return new AngzarrNodes({ a: counting('a'), b: counting('b') }, { schema, ...options });
}

/** A stream of a slot that has no other one. */
const taken = new Set();
function newStreamOf(isIn = () => true) {
  for (;;) {
    const root = randomUUID();
    const slot = slotOf(root);
    if (isIn(slot) && !taken.has(slot)) {
      taken.add(slot);
      return { stream: { domain: 'test', root }, slot };
    }
  }
}
const ofA = (slot) => slot < 512;
const ofB = (slot) => slot >= 512;
const only = (slot) => `{[${slot},${slot}]}`;

test('the slot of a root is the server\'s', async () => {
  // as in docs/reference.md
  for (const [root, slot] of [['00000000-0000-0000-0000-000000000000', 853], ['ffffffff-ffff-ffff-ffff-ffffffffffff', 538],
    ['00112233-4455-6677-8899-aabbccddeeff', 411], ['9d65d0ea-06dc-5d01-a2f5-6afdb92b0aae', 274],
    ['{00112233445566778899AABBCCDDEEFF}', 411]]) {
    assert.equal(slotOf(root), slot);
  }
  const roots = Array.from({ length: 200 }, () => randomUUID());
  const { rows } = await pools.a.query(`SELECT "${schema}".azr_slot(root) AS slot FROM unnest($1::uuid[]) root`, [roots]);
  assert.deepEqual(roots.map(slotOf), rows.map(({ slot }) => slot));
  for (const root of ['', 'alice', '00112233-4455-6677-8899-aabbccddeef', '00112233-4455-6677-8899-aabbccddeeff0', null, undefined, 7]) {
    assert.throws(() => slotOf(root), /^TypeError: root must be a uuid$/);
  }
});

test('a wrong node is an error of its own', async () => {
  const { stream, slot } = newStreamOf(ofB);
  const wrong = async (call) => {
    const error = await call.then(() => assert.fail('no error'), (error) => error);
    assert.ok(error instanceof WrongNodeError && error instanceof AngzarrError, error);
    assert.deepEqual([error.name, error.code, error.condition, isConflict(error)], ['WrongNodeError', 'ZR013', 'wrong_node', false]);
    assert.equal(error.cause.code, 'ZR013');
    return { slot: error.slot, node: error.node, moving: error.moving };
  };

  assert.deepEqual(await wrong(stores.a.append(stream, 0n, [event])), { slot, node: 'b', moving: false });
  assert.deepEqual(await wrong(stores.a.load(stream)), { slot, node: 'b', moving: false });
  await pools.b.query(`SELECT "${schema}".azr_slot_freeze($1, 'c')`, [slot]);
  assert.deepEqual(await wrong(stores.b.append(stream, 0n, [event])), { slot, node: 'c', moving: true });
  assert.deepEqual(await stores.b.load(stream), []);
  assert.deepEqual((await stores.b.slots()).find((row) => row.slot === slot), { slot, node: 'b', state: 'frozen', movingTo: 'c' });

  // a node of any name, and one that nobody has named
  await ownSlots(pools.b, 'b', only(slot));
  await ownSlots(pools.b, 'the "new" one.', only(slot), false);
  assert.deepEqual(await wrong(stores.b.load(stream)), { slot, node: 'the "new" one.', moving: false });
  const lonely = newPool({ database: await newDatabase() });
  lonely.on('error', () => {});
  await ownSlots(lonely, 'c', only(slot === 600 ? 601 : 600));
  assert.deepEqual(await wrong(new Angzarr(lonely, { schema }).load(stream)), { slot, node: null, moving: false });

  // and one of whose detail nothing is known
  assert.deepEqual(({ ...new WrongNodeError('m', { detail: 'd' }) }),
    { name: 'WrongNodeError', code: 'ZR013', condition: 'wrong_node', detail: 'd', hint: undefined, slot: null, node: null, moving: false });
  await ownSlots(pools.b, 'b', only(slot));
});

test('a call goes to the node that keeps the stream', async () => {
  const nodes = newNodes();
  const [one, two] = [newStreamOf(ofA).stream, newStreamOf(ofB).stream];

  assert.equal((await nodes.append(one, 0n, [event])).nextSequence, 1n);
  // both are asked who owns what, and from then on nobody in vain
  assert.deepEqual(asked.toSorted(), ['a', 'a', 'b']);
  asked.length = 0;
  assert.equal(await nodes.appendOne(two, 0n, event), 0n);
  assert.equal((await nodes.execute(two, ({ nextSequence }) => [{ type: 'T', data: Number(nextSequence) }])).firstSequence, 1n);
  assert.deepEqual((await nodes.load(two)).map(({ sequence }) => sequence), [0n, 1n]);
  assert.deepEqual(await nodes.putPosition('h', two, 1n), { position: 1n, moved: true });
  assert.equal(await nodes.getPosition('h', two), 1n);
  assert.deepEqual([...new Set(asked)], ['b']);
  assert.equal(await stores.a.nextSequence(one), 1n);
  assert.equal(await stores.b.nextSequence(two), 2n);

  // other errors are the caller's
  await assert.rejects(nodes.append(one, 0n, [event]), SequenceConflictError);
  await assert.rejects(nodes.append(one, 0, [event]), /expectedSequence must be a bigint/);
  await assert.rejects(nodes.load({ domain: 'test' }), /needs either a root or a key/);
  await assert.rejects(nodes.load({ domain: 'test', root: 'x' }), /root must be a uuid/);
});

test('a business key leads to the slot of its root', async () => {
  const nodes = newNodes();

  for (let i = 0; i < 20; i++) {
    const stream = { domain: 'kéy', key: `ü:${i}` };
    await nodes.append(stream, 0n, [event]);
    const root = await stores.a.root(stream.domain, stream.key);
    const slot = slotOf(root);
    // it has a stream now, so no other test can say that it is another node's
    taken.add(slot);
    assert.equal(rootOfKey(stream.domain, stream.key), root);
    assert.equal(await stores[ofA(slot) ? 'a' : 'b'].nextSequence(stream), 1n);
  }
  // none of them came by way of the other node
  assert.equal(asked.length, 22);
});

test('a slot that has moved is found, and the first call to the old node is the last', async () => {
  const nodes = newNodes();
  const { stream, slot } = newStreamOf(ofA);

  assert.equal(await nodes.nextSequence(stream), 0n);
  await ownSlots(pools.a, 'b', only(slot), false);
  await ownSlots(pools.b, 'b', only(slot));
  asked.length = 0;
  assert.equal(await nodes.appendOne(stream, 0n, event), 0n);
  assert.equal(await nodes.appendOne(stream, 1n, event), 1n);
  assert.deepEqual(asked, ['a', 'b', 'b']);
});

test('calls wait while a slot moves, and reads go on', async () => {
  const nodes = newNodes();
  const { stream, slot } = newStreamOf(ofA);
  let stored;

  assert.equal(await nodes.nextSequence(stream), 0n);
  await pools.b.query(`SELECT "${schema}".azr_slot_receive($1, 'a')`, [slot]);
  await pools.a.query(`SELECT "${schema}".azr_slot_freeze($1, 'b')`, [slot]);
  const before = asked.length;
  const append = nodes.append(stream, 0n, [event]).then((result) => { stored = result; });
  assert.equal(await nodes.nextSequence(stream), 0n);
  await sleep(100);
  // the node that it goes to is of no use yet
  assert.ok(!asked.slice(before).includes('b'), asked.join());
  // nobody has it
  await ownSlots(pools.a, 'b', only(slot), false);
  const load = nodes.load(stream);
  await sleep(100);
  assert.equal(stored, undefined);
  assert.ok(asked.filter((name) => name === 'b').length > 1 && asked.length < 40, asked.join());
  await ownSlots(pools.b, 'b', only(slot));
  await append;
  assert.equal(stored.firstSequence, 0n);
  assert.ok((await load).length <= 1);
  assert.equal(await stores.b.nextSequence(stream), 1n);
});

test('a transaction is done on the right node, once', async () => {
  const nodes = newNodes();
  const { stream, slot } = newStreamOf(ofB);
  const other = { ...stream, domain: 'other' };
  const done = [];
  const work = (store, node) => store.transaction(async (tx) => {
    done.push(node);
    await tx.append(stream, null, [event]);
    await tx.append(other, null, [event]);
  });
  const nodesOfPools = new AngzarrNodes(pools, { schema });

  assert.equal(await nodesOfPools.nextSequence(stream), 0n);
  await ownSlots(pools.b, 'a', only(slot), false);
  await ownSlots(pools.a, 'a', only(slot));
  await nodesOfPools.at(stream, work);
  assert.deepEqual(done, ['b', 'a']);
  assert.deepEqual([await nodes.nextSequence(stream), await nodes.nextSequence(other)], [1n, 1n]);

  // a stream of another slot may be on another node: that is no reason to repeat it
  done.length = 0;
  await assert.rejects(nodesOfPools.at(stream, (store, node) => {
    done.push(node);
    return store.nextSequence(newStreamOf(ofB).stream);
  }), WrongNodeError);
  assert.deepEqual(done, ['a']);
});

test('an error of the connection is the caller\'s, and an id makes the append safe to repeat', async () => {
  const { stream } = newStreamOf(ofA);
  let broken = 0;
  const breaking = {
    async query(config) {
      const result = await pools.a.query(config);
      if (/azr_append/.test(config.text) && broken++ === 0) {
        throw new Error('Connection terminated unexpectedly');
      }
      return result;
    },
  };
  const nodes = new AngzarrNodes({ a: breaking, b: pools.b }, { schema });

  await assert.rejects(nodes.append(stream, null, [event], { externalId: 'x' }), /Connection terminated/);
  assert.equal(broken, 1);
  assert.equal((await nodes.append(stream, null, [event], { externalId: 'x' })).outcome, 'duplicate');
});

// Nodes that answer at once what a test says, so that nothing but a pause can make a call late.
const SLOT = 411;
const streamOfSlot = { domain: 'test', root: '00112233-4455-6677-8899-aabbccddeeff' };
const owns = (node, state = 'own') => [{ slot: SLOT, node, state, moving_to: null }];
const elsewhere = (says) => Object.assign(new Error('wrong node'), { code: 'ZR013', detail: `Slot ${SLOT} ${says}.` });

/** `slots` gives a node's rows of azr_slots, and `answers` what its calls come to, one after the other: the last one stays. */
function fakeNodes(definitions, options) {
  const calls = [];
  const fakes = Object.entries(definitions).map(([name, { slots, answers }]) => [name, {
    async query({ text }) {
      if (/azr_slots/.test(text)) {
        return { rows: slots() };
      }
      calls.push({ name, at: performance.now() });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return { rows: [{ value: answer }] };
    },
  }]);
  return { calls, nodes: new AngzarrNodes(Object.fromEntries(fakes), options) };
}

test('while a slot moves, its node is asked again, after pauses that grow, and no other one', async () => {
  const { calls, nodes } = fakeNodes({
    a: { slots: () => owns('a'), answers: [...Array(6).fill(elsewhere('is moving to node "b"')), elsewhere('belongs to node "b"')] },
    b: { slots: () => owns('a', 'other'), answers: [7n] },
  });

  assert.equal(await nodes.nextSequence(streamOfSlot), 7n);
  assert.deepEqual(calls.map(({ name }) => name), ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'b']);
  // 5 ms and its doubles, each by half at least; a timer may be early by less than 1 ms
  for (let i = 0, least = 2.5; i < 6; i++, least *= 2) {
    assert.ok(calls[i + 1].at - calls[i].at >= least - 1, JSON.stringify(calls));
  }
});

test('where a node does not know who has a slot now, all are asked who owns what', async () => {
  let moved = false;
  const { calls, nodes } = fakeNodes({
    a: { slots: () => (moved ? [{ ...owns('a')[0], slot: SLOT + 1 }] : owns('a')), answers: [3n, elsewhere('belongs to a node that is not known here')] },
    b: { slots: () => (moved ? owns('b') : owns('a', 'other')), answers: [7n] },
  }, { waitMs: 1000 });

  assert.equal(await nodes.nextSequence(streamOfSlot), 3n);
  moved = true;
  assert.equal(await nodes.nextSequence(streamOfSlot), 7n);
  assert.equal(await nodes.nextSequence(streamOfSlot), 7n);
  assert.deepEqual(calls.map(({ name }) => name), ['a', 'a', 'b', 'b']);
});

test('what another node says of it counts, if the one that was known has forgotten', async () => {
  let moved = false;
  const away = () => { throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }); };
  const { calls, nodes } = fakeNodes({
    a: { slots: () => (moved ? away() : owns('a')), answers: [3n, elsewhere('belongs to a node that is not known here')] },
    b: { slots: away, answers: [7n] },
    c: { slots: () => (moved ? owns('b', 'other') : owns('a', 'other')), answers: [0n] },
  }, { waitMs: 1000 });

  assert.equal(await nodes.nextSequence(streamOfSlot), 3n);
  moved = true;
  assert.equal(await nodes.nextSequence(streamOfSlot), 7n);
  assert.deepEqual(calls.map(({ name }) => name), ['a', 'a', 'b']);
});

test('a node that names itself is not asked again', async () => {
  const { calls, nodes } = fakeNodes({ a: { slots: () => owns('a'), answers: [elsewhere('belongs to node "a"')] } });

  await assert.rejects(nodes.nextSequence(streamOfSlot), { code: 'ZR013', node: 'a' });
  assert.equal(calls.length, 1);
});

test('there is an end to waiting', async () => {
  const { stream, slot } = newStreamOf(ofA);
  const nodes = newNodes({ waitMs: 400 });

  // each names the other one
  await ownSlots(pools.a, 'b', only(slot), false);
  const begun = performance.now();
  await assert.rejects(nodes.nextSequence(stream), WrongNodeError);
  assert.ok(performance.now() - begun >= 400);
  assert.ok(performance.now() - begun < 5000);
  // so nobody asks in a hurry: pauses double
  assert.ok(asked.length < 30, asked.join());
  await assert.rejects(newNodes({ waitMs: 0 }).nextSequence(stream), { slot });
  await ownSlots(pools.a, 'a', only(slot));

  // a node that is not among these
  const { stream: elsewhere, slot: away } = newStreamOf(ofA);
  await ownSlots(pools.a, 'c', only(away), false);
  const at = performance.now();
  await assert.rejects(newNodes().nextSequence(elsewhere), { code: 'ZR013', node: 'c' });
  assert.ok(performance.now() - at < 5000);
  await ownSlots(pools.a, 'a', only(away));
});

test('a node that knows of itself alone, and one that cannot be reached', async () => {
  const database = await newDatabase();
  const alone = newPool({ database });
  alone.on('error', () => {});
  await ownSlots(alone, 'c', '{[600,600]}');
  const away = { query: async () => { throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }); } };
  const { stream } = newStreamOf(ofA);

  // what that one does not know the next one does
  const slow = { query: async (config) => { await sleep(50); return pools.a.query(config); } };
  assert.equal(await new AngzarrNodes({ c: alone, a: slow }, { schema }).nextSequence(stream), 0n);
  // the others are asked as ever
  const nodes = new AngzarrNodes({ b: away, a: pools.a }, { schema });
  assert.equal(await nodes.nextSequence(stream), 0n);
  await assert.rejects(nodes.nextSequence(newStreamOf(ofB).stream), { code: 'ECONNREFUSED' });
  // if nobody can be reached, the next call tries again
  let up = false;
  const later = new AngzarrNodes({
    a: { query: async (config) => { if (!up) throw new Error('down'); return pools.a.query(config); } },
  }, { schema });
  await assert.rejects(later.nextSequence(stream), /down/);
  up = true;
  assert.equal(await later.nextSequence(stream), 0n);
});

test('a store of which nothing was said is the only node', async () => {
  const nodes = new AngzarrNodes({ one: newStore() });
  const stream = { domain: unique('test'), root: randomUUID() };

  assert.equal((await nodes.append(stream, 0n, [event])).outcome, 'added');
  // but beside others, it would take their streams
  const both = new AngzarrNodes({ one: newStore(), two: newStore() });
  await assert.rejects(both.append(stream, null, [event]), /node "one" was not told which slots it owns/);
  assert.deepEqual(await newStore().slots(), []);
});

test('nodes are called what they are called', async () => {
  const { stream } = newStreamOf(ofA);

  await assert.rejects(new AngzarrNodes({ a: pools.b, b: pools.a }, { schema }).nextSequence(stream), /the node given as "a" is called "b"/);
  assert.throws(() => new AngzarrNodes({}), /^TypeError: needs at least one node$/);
  assert.throws(() => new AngzarrNodes({ a: {} }), /needs a Pool or a Client/);
  assert.throws(() => new AngzarrNodes({ a: pools.a }, { waitMs: '1' }), /waitMs must be a number/);
  const nodes = new AngzarrNodes({ a: stores.a, b: pools.b }, { schema });
  assert.deepEqual(nodes.names, ['a', 'b']);
  assert.equal(nodes.on('a'), stores.a);
  assert.throws(() => nodes.on('c'), /^TypeError: there is no node "c"$/);
});

test('each method of a store is either about one stream, or one node\'s', () => {
  const ofOneNode = [
    'with', 'transaction', 'root', 'domains', 'roots', 'streamsOf', 'trace', 'putPositions', 'deletePositions', 'lag',
    'feed', 'feedHead', 'feedAdvance', 'feedWait', 'feedStatus',
    'createGroup', 'dropGroup', 'seekGroup', 'fetch', 'ack', 'park', 'parked', 'retryParked', 'groups',
    'createEdition', 'protectEdition', 'deleteEdition', 'editions',
    'confirmCascade', 'revokeCascade', 'cascadeParticipants', 'staleCascades', 'slots', 'version',
  ];
  const own = ['names', 'on', 'at'];
  const ofOneStream = Object.getOwnPropertyNames(AngzarrNodes.prototype).filter((name) => !own.includes(name));

  assert.deepEqual([...ofOneStream, ...ofOneNode].sort(), Object.getOwnPropertyNames(Angzarr.prototype).sort());
});

test('each of them names its stream where it is looked for', async () => {
  const stream = newStreamOf(ofB).stream;
  const seen = [];
  const nodes = new AngzarrNodes({ a: stores.a, b: stores.b });
  // the parameters, as the class names them
  for (const name of Object.getOwnPropertyNames(AngzarrNodes.prototype)) {
    const parameters = /^async \w+\(([^)]*)/.exec(Angzarr.prototype[name]?.toString() ?? '')?.[1].split(', ');
    if (parameters === undefined) continue;
    seen.push(name);
    nodes.at = async (given) => assert.equal(given, stream, name);
    await nodes[name](...parameters.map((parameter) => (parameter === 'stream' ? stream : null)));
  }
  assert.ok(seen.length > 15, seen.join());
});

test('what they leave is sound', async () => {
  for (const pool of Object.values(pools)) {
    assert.deepEqual((await pool.query(`SELECT * FROM "${schema}".azr_check()`)).rows, []);
  }
});
