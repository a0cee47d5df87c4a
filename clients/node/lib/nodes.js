// A store that is kept on several nodes: which of them to ask. docs/scale.md says what nodes are.

import { setTimeout as sleep } from 'node:timers/promises';

import { Angzarr, RootOf, rootOf } from './client.js';
import { WrongNodeError } from './errors.js';
import { rootOfKey, slotOf } from './slots.js';

const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 500;

// The methods of Angzarr that are about one stream, and which argument names it.
const STREAM_ARGUMENT = {
  append: 0, appendToExisting: 0, appendOne: 0, expect: 0, execute: 0,
  load: 0, loadEffective: 0, loadWithNext: 0, loadState: 0, nextSequence: 0,
  findByExternalId: 0, findBySource: 0,
  putSnapshot: 0, getSnapshot: 0, deleteSnapshots: 0,
  putPosition: 1, getPosition: 1,
};

/**
 * Has the methods of Angzarr that are about one stream, and calls each on the node that keeps the
 * stream. Everything else is of one node: on() gives its Angzarr.
 *
 * What is repeated: only what a node has refused with ZR013, since that has changed nothing there.
 * So no call is done twice, whatever it is. After an error of the connection nobody knows whether
 * the call was done. That error goes to the caller, who may repeat what only reads, and an append
 * that has an externalId or a source, which is then stored once, on whichever node has the stream by then.
 */
export class AngzarrNodes {
  #stores = new Map();
  #waitMs;
  // for each slot, the node that is asked first: the last that was named as its owner
  #owners = new Map();
  // a node that has said what it knows of slots, for those of which that is nothing
  #fallback;
  #learning;

  /** `nodes` has a Pool, or an Angzarr, under the name of each node. */
  constructor(nodes, { schema, waitMs = 60_000 } = {}) {
    if (typeof waitMs !== 'number' || !(waitMs >= 0)) {
      throw new TypeError('waitMs must be a number of milliseconds');
    }
    for (const [name, node] of Object.entries(nodes)) {
      this.#stores.set(name, node instanceof Angzarr ? node : new Angzarr(node, { schema }));
    }
    if (this.#stores.size === 0) {
      throw new TypeError('needs at least one node');
    }
    this.#waitMs = waitMs;
  }

  get names() {
    return [...this.#stores.keys()];
  }

  /** The store on one node. */
  on(name) {
    const store = this.#stores.get(name);
    if (store === undefined) {
      throw new TypeError(`there is no node "${name}"`);
    }
    return store;
  }

  /**
   * Calls `work` with the store on the node that keeps a stream, and again as long as that is
   * another one. `work` must change nothing but this store, and that in one call or one transaction.
   */
  async at(stream, work) {
    const root = rootOf(stream);
    const slot = slotOf(root instanceof RootOf ? rootOfKey(root.domain, root.key) : root);
    const end = performance.now() + this.#waitMs;
    let pauseMs = MIN_PAUSE_MS;
    let asked = new Set();

    if (this.#fallback === undefined) {
      await this.#learn();
    }
    for (;;) {
      const node = this.#owners.get(slot) ?? this.#fallback;
      asked.add(node);
      try {
        return await work(this.on(node), node);
      } catch (error) {
        // an error about another stream, or a node that cannot be asked, since it is not among these or has another's name
        if (!(error instanceof WrongNodeError) || error.slot !== slot
            || (!error.moving && error.node !== null && (error.node === node || !this.#stores.has(error.node)))
            || performance.now() > end) {
          throw error;
        }
        if (!error.moving) {
          this.#changed(slot, node, error.node);
        }
        // while a slot changes hands, the two nodes name each other
        if (!error.moving && error.node !== null && !asked.has(error.node)) {
          continue;
        }
        await sleep(pauseMs * (0.5 + Math.random()));
        if (error.node === null) {
          await this.#learn();
        }
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
        asked = new Set();
      }
    }
  }

  // A node has said that a slot is not its own. Another call may have found out more meanwhile.
  #changed(slot, node, owner) {
    if (owner !== null) {
      this.#owners.set(slot, owner);
    } else if (this.#owners.get(slot) === node) {
      this.#owners.delete(slot);
    }
  }

  // Asks all nodes who owns what, and waits for the first that answers: others may be out of reach.
  async #learn() {
    this.#learning ??= Promise.any(this.names.map((name) => this.#ask(name)))
      .finally(() => { this.#learning = undefined; });
    try {
      this.#fallback = await this.#learning;
    } catch ({ errors }) {
      throw errors[0];
    }
  }

  async #ask(name) {
    const slots = await this.on(name).slots();

    // it would take what is another node's
    if (slots.length === 0 && this.#stores.size > 1) {
      throw new Error(`node "${name}" was not told which slots it owns: see azr_own_slots`);
    }
    for (const { slot, node, state } of slots) {
      const isOwn = state === 'own' || state === 'frozen';
      if (isOwn && node !== name) {
        throw new Error(`the node given as "${name}" is called "${node}"`);
      }
      // what a node says of others is what it was told last
      if (isOwn || (!this.#owners.has(slot) && this.#stores.has(node))) {
        this.#owners.set(slot, node);
      }
    }
    return name;
  }
}

for (const [method, place] of Object.entries(STREAM_ARGUMENT)) {
  Object.defineProperty(AngzarrNodes.prototype, method, {
    value(...args) {
      return this.at(args[place], (store) => store[method](...args));
    },
    configurable: true,
    writable: true,
  });
}
