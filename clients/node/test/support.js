// What the tests share. The server is that of PG*; the schema of the extension is AZR_SCHEMA, or es.

import { randomUUID } from 'node:crypto';
import { after } from 'node:test';

import { Angzarr } from 'angzarr-pg';
import pg from 'pg';

export const schema = process.env.AZR_SCHEMA ?? 'es';

/** A pool that ends with the tests of the file. */
export function newPool(options = {}) {
  const pool = new pg.Pool({ max: 4, ...options });

  after(() => pool.end());
  return pool;
}

export function newStore(options) {
  return new Angzarr(newPool(options), { schema });
}

/** Creates an empty database that has the extension, for the tests of the file, and returns its name. */
export async function newDatabase() {
  const name = `node_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client();

  await client.connect();
  after(async () => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.end();
  });
  await client.query(`CREATE DATABASE ${name}`);
  const inside = new pg.Client({ database: name });
  await inside.connect();
  await inside.query(`CREATE SCHEMA "${schema}"; CREATE EXTENSION angzarr SCHEMA "${schema}"`);
  await inside.end();
  return name;
}

/** Says on one node who owns slots: on that node itself, or on another one. */
export async function ownSlots(pool, node, slots, isThisNode = true) {
  await pool.query(`SELECT "${schema}".azr_own_slots($1, $2, $3)`, [node, slots, isThisNode]);
}

/** Pools of two nodes, "a" and "b", each of which owns half of the slots, for the tests of the file. */
export async function newNodePools(options) {
  const pools = {};

  for (const name of ['a', 'b']) {
    pools[name] = newPool({ database: await newDatabase(), ...options });
    // DROP DATABASE ends its connections
    pools[name].on('error', () => {});
  }
  for (const [node, slots] of [['a', '{[0,511]}'], ['b', '{[512,1023]}']]) {
    await ownSlots(pools[node], node, slots);
    await ownSlots(pools[node === 'a' ? 'b' : 'a'], node, slots, false);
  }
  return pools;
}

/** A name that no other test has. */
export function unique(prefix) {
  return `${prefix}-${randomUUID()}`;
}

export function newStream(domain = unique('test')) {
  return { domain, root: randomUUID() };
}

/** Gives positions to all that is committed, and returns the last one. */
export async function caughtUp(store) {
  for (let head = await store.feedAdvance(); ;) {
    const next = await store.feedAdvance();
    if (next === head && (await store.feedStatus()).inFlight === 0n) {
      return head;
    }
    head = next;
  }
}

/** All that a group has, each batch in a transaction of its own. */
export async function drain(store, handler, options) {
  const events = [];

  await caughtUp(store);
  for (let batch = null; batch === null || batch.length > 0;) {
    batch = await store.transaction((tx) => tx.fetch(handler, options));
    events.push(...batch);
  }
  return events;
}
