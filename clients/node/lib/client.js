// The functions of the store, called through node-pg. The server does the work: here are no caches
// and no rules, only how arguments and results are written in JavaScript. docs/reference.md says
// what each function does.

import { SequenceConflictError, translateError } from './errors.js';
import { retry } from './retry.js';
import {
  bigintOf, bytesOf, fromRow, intervalOf, metadataOf, optionalBigintOf, timeOf, toJson, types,
} from './values.js';

const ISOLATION_LEVELS = ['read committed', 'repeatable read', 'serializable'];

// An argument that the server computes from the domain and a business key.
export class RootOf {
  constructor(domain, key) {
    this.domain = domain;
    this.key = key;
  }
}

// Is a store on a Pool, so that each call outside of transaction() commits?
export let isOnPool;

// The schema that a store was given, if it was given one.
export let schemaOf;

export class Angzarr {
  #db;
  #schema;
  #prefix;

  static {
    isOnPool = (store) => typeof store.#db.connect === 'function' && 'totalCount' in store.#db;
    schemaOf = (store) => store.#schema;
  }

  /** `db` is a Pool, a Client or a client of a pool, of node-pg. */
  constructor(db, { schema } = {}) {
    if (typeof db?.query !== 'function') {
      throw new TypeError('needs a Pool or a Client of node-pg');
    }
    if (schema !== undefined && (typeof schema !== 'string' || schema === '')) {
      throw new TypeError('schema must be the name of the schema that has the extension');
    }
    this.#db = db;
    this.#schema = schema;
    this.#prefix = schema === undefined ? '' : `"${schema.replaceAll('"', '""')}".`;
  }

  /** The same store on another connection, such as one that is in a transaction. */
  with(db) {
    return new Angzarr(db, { schema: this.#schema });
  }

  /**
   * Runs `work` in a transaction on a connection of the pool: COMMIT when it returns, ROLLBACK
   * when it throws.
   */
  async transaction(work, { isolationLevel } = {}) {
    if (isolationLevel !== undefined && !ISOLATION_LEVELS.includes(isolationLevel)) {
      throw new TypeError(`isolationLevel must be one of: ${ISOLATION_LEVELS.join(', ')}`);
    }
    if (!isOnPool(this)) {
      throw new TypeError('transaction() needs a store on a Pool; on a client, the transaction is the caller\'s');
    }
    const client = await this.#db.connect();
    const tx = this.with(client);
    // a connection that breaks between two queries: the next query says so
    const ignore = () => {};
    let broken;

    client.on('error', ignore);
    try {
      await tx.#query(isolationLevel ? `BEGIN ISOLATION LEVEL ${isolationLevel}` : 'BEGIN');
      const result = await work(tx, client);
      const { command } = await tx.#query('COMMIT');
      if (command === 'ROLLBACK') {
        throw new Error('the transaction was rolled back: a statement in it had failed, and its error was not passed on');
      }
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure) => { broken = failure; });
      throw error;
    } finally {
      client.removeListener('error', ignore);
      client.release(broken);
    }
  }

  // -- appending

  /** Appends events. `expectedSequence` is what the first one must get, or null for whatever is next. */
  async append(stream, expectedSequence, events, options = {}) {
    return fromRow(await this.#row('azr_append', this.#appendArguments(stream, expectedSequence, events),
      this.#appendOptions(events, options)));
  }

  /**
   * Appends to a stream that has at least one event, at whatever sequence is next. The append goes by
   * what azr_expect returns, so it comes after it, in the same statement.
   */
  async appendToExisting(stream, events, options = {}) {
    const values = [];
    const expect = this.#call('azr_expect', [...this.#streamArguments(stream), '-1'], {
      divergence: optionalBigintOf('divergence', options.divergence) ?? undefined,
    }, values);
    const [domain, edition, root, , ...rest] = this.#appendArguments(stream, null, events);
    const append = this.#call('azr_append', [domain, edition, root, new Raw('x.next'), ...rest],
      this.#appendOptions(events, options), values);
    const { rows } = await this.#query(`SELECT a.* FROM (SELECT ${expect} AS next) x, ${append} a`, values);

    return fromRow(rows[0]);
  }

  /** Appends one event, and returns its sequence. */
  async appendOne(stream, expectedSequence, event, { correlationId, externalId } = {}) {
    if (event.createdAt !== undefined) {
      throw new TypeError('appendOne() takes no createdAt: append() does');
    }
    return this.#value('azr_append_one',
      [...this.#streamArguments(stream), optionalBigintOf('expectedSequence', expectedSequence), event.type, payloadOf(event)],
      { metadata: metadataOf(event.metadata) ?? undefined, correlation_id: correlationId, external_id: externalId });
  }

  /** Locks a stream until the transaction ends. -1n accepts every stream that has an event, null every one. */
  async expect(stream, expectedSequence, { divergence } = {}) {
    return this.#value('azr_expect',
      [...this.#streamArguments(stream), optionalBigintOf('expectedSequence', expectedSequence)],
      { divergence: optionalBigintOf('divergence', divergence) ?? undefined });
  }

  /**
   * Loads the state, has `decide` say which events follow, and appends them where the load ended;
   * all of it again after a conflict. With an externalId, a command that is stored already is not
   * decided again.
   */
  async execute(stream, decide, { attempts = 10, minDelayMs, maxDelayMs, signal, ...options } = {}) {
    return retry(async (attempt) => {
      const history = await this.loadState(stream, { cascadeId: options.cascadeId });
      // after the load, so that what is not found is not in the state either
      const stored = options.externalId ? await this.findByExternalId(stream, options.externalId) : [];
      const committed = stored.filter((event) => event.committed);
      if (committed.length > 0) {
        const last = committed.at(-1).sequence;
        return {
          outcome: 'duplicate', firstSequence: committed[0].sequence, lastSequence: last, nextSequence: history.nextSequence,
        };
      }
      const events = await decide(history);
      // as an outcome, so that a transaction of the caller goes on; the last time, as the server's error
      const onConflict = attempt < attempts ? 'return' : 'error';
      const result = await this.append(stream, history.nextSequence, events, { ...options, onConflict });
      if (result.outcome === 'conflict') {
        throw new SequenceConflictError('sequence conflict', { expected: history.nextSequence, actual: result.nextSequence });
      }
      return result;
    }, dropUndefined({ attempts, minDelayMs, maxDelayMs, signal }));
  }

  // -- loading

  async load(stream, { from, to, until, divergence, maxCount, backward, types: eventTypes } = {}) {
    return this.#rows('azr_load', this.#streamArguments(stream), {
      from_sequence: given('from', from),
      to_sequence: given('to', to),
      until: until === undefined ? undefined : timeOf(until),
      divergence: given('divergence', divergence),
      max_count: maxCount,
      backward,
      types: eventTypes,
    });
  }

  /** What business logic may see: a NoOp in place of what is pending or revoked. */
  async loadEffective(stream, { from, to, cascadeId } = {}) {
    return this.#rows('azr_load_effective', this.#streamArguments(stream), {
      from_sequence: given('from', from), to_sequence: given('to', to), cascade_id: cascadeId,
    });
  }

  /** loadEffective() and nextSequence(), of one moment. */
  async loadWithNext(stream, { from, to, cascadeId } = {}) {
    const values = [];
    const next = this.#call('azr_next_sequence', this.#streamArguments(stream), {}, values);
    const load = this.#call('azr_load_effective', this.#streamArguments(stream), {
      from_sequence: given('from', from), to_sequence: given('to', to), cascade_id: cascadeId,
    }, values);
    const { rows } = await this.#query(
      `SELECT n.next_sequence, e.* FROM (SELECT ${next} AS next_sequence) n LEFT JOIN ${load} e ON true`, values);

    return {
      nextSequence: rows[0].next_sequence,
      events: rows.filter((row) => row.sequence !== null).map(({ next_sequence: _, ...event }) => fromRow(event)),
    };
  }

  /** The best snapshot and the events after it. */
  async loadState(stream, { atSequence, cascadeId } = {}) {
    const rows = await this.#rows('azr_load_state', this.#streamArguments(stream), {
      at_sequence: given('atSequence', atSequence), cascade_id: cascadeId,
    });
    const last = rows.at(-1);
    let snapshot = null;
    if (rows[0]?.kind === 'snapshot') {
      const { sequence, type: stateType, payload: state, createdAt, edition } = rows.shift();
      snapshot = { sequence, stateType, state, createdAt, edition };
    }
    return {
      snapshot,
      events: rows.map(({ kind: _, ...event }) => event),
      nextSequence: last === undefined ? 0n : last.sequence + 1n,
    };
  }

  async nextSequence(stream, { divergence } = {}) {
    return this.#value('azr_next_sequence', this.#streamArguments(stream), { divergence: given('divergence', divergence) });
  }

  // -- finding

  /** The root that a business key stands for. */
  async root(domain, key) {
    return this.#value('azr_root', [domain, key]);
  }

  async domains() {
    return this.#values('azr_domains', []);
  }

  async roots(domain, { edition, after, maxCount } = {}) {
    return this.#values('azr_roots', [domain, edition ?? null], { after, max_count: maxCount });
  }

  async streamsOf(domain, { edition, after, maxCount } = {}) {
    return this.#rows('azr_streams_of', [domain, edition ?? null], { after, max_count: maxCount });
  }

  async trace(correlationId) {
    return this.#rows('azr_trace', [correlationId]);
  }

  async findByExternalId(stream, externalId) {
    return this.#rows('azr_find_by_external_id', [...this.#streamArguments(stream), externalId]);
  }

  async findBySource(stream, source) {
    return this.#rows('azr_find_by_source', [...this.#streamArguments(stream),
      source.domain, source.edition ?? null, rootOf(source), bigintOf('source.sequence', source.sequence)]);
  }

  // -- snapshots

  async putSnapshot(stream, { sequence, stateType, state, retention }) {
    await this.#value('azr_put_snapshot',
      [...this.#streamArguments(stream), bigintOf('sequence', sequence), stateType, bytesOf('state', state)], { retention });
  }

  async getSnapshot(stream, { atSequence } = {}) {
    const rows = await this.#rows('azr_get_snapshot', this.#streamArguments(stream), { at_sequence: given('atSequence', atSequence) });
    return rows[0] ?? null;
  }

  async deleteSnapshots(stream) {
    return this.#value('azr_delete_snapshots', this.#streamArguments(stream));
  }

  // -- positions

  async putPosition(handler, stream, sequence) {
    return fromRow(await this.#row('azr_put_position', [handler, ...this.#streamArguments(stream), bigintOf('sequence', sequence)]));
  }

  /** Records the positions of many streams of one domain and edition. Returns how many moved. */
  async putPositions(handler, { domain, edition }, positions) {
    return this.#value('azr_put_positions', [handler, domain, edition ?? null,
      positions.map(({ root }) => root), positions.map(({ sequence }) => bigintOf('sequence', sequence))]);
  }

  async getPosition(handler, stream) {
    return this.#value('azr_get_position', [handler, ...this.#streamArguments(stream)]);
  }

  /** Sets a handler back: everywhere, in a domain's edition, or in one stream. Returns how many positions went. */
  async deletePositions(handler, scope = {}) {
    const hasRoot = scope.root !== undefined || scope.key !== undefined;
    return this.#value('azr_delete_positions', [handler],
      { domain: scope.domain, edition: scope.edition, root: hasRoot ? rootOf(scope) : undefined });
  }

  async lag(handler, { domain, after, maxCount } = {}) {
    return this.#rows('azr_lag', [handler], { domain, after, max_count: maxCount });
  }

  // -- the feed

  async feed({ after, maxCount, domains, types: eventTypes, effective } = {}) {
    return this.#rows('azr_feed', [], { after: given('after', after), max_count: maxCount, domains, types: eventTypes, effective });
  }

  async feedHead() {
    return this.#value('azr_feed_head', []);
  }

  async feedAdvance({ maxAppends } = {}) {
    return this.#value('azr_feed_advance', [], { max_appends: maxAppends });
  }

  /** Waits for events past `after`. It holds a connection meanwhile, and must not be in a transaction with other work. */
  async feedWait(after, { timeoutMs } = {}) {
    return this.#value('azr_feed_wait', [bigintOf('after', after)], { timeout: intervalOf('timeoutMs', timeoutMs) });
  }

  async feedStatus() {
    return fromRow(await this.#row('azr_feed_status', [], {}, withMilliseconds(
      ['head', 'epoch', 'in_flight', 'oldest_in_flight', 'oldest_pid', 'batches'], 'oldest_in_flight')));
  }

  // -- groups

  async createGroup(handler, { partitions, after, domains, types: eventTypes } = {}) {
    await this.#value('azr_group_create', [handler], { partitions, after: given('after', after), domains, types: eventTypes });
  }

  async dropGroup(handler) {
    return this.#value('azr_group_drop', [handler]);
  }

  async seekGroup(handler, after) {
    await this.#value('azr_group_seek', [handler, bigintOf('after', after)]);
  }

  /** The next events of a group: acknowledged by the transaction's COMMIT, or with a lease by ack(). */
  async fetch(handler, { maxCount, partitions, leaseMs } = {}) {
    return this.#rows('azr_fetch', [handler], { max_count: maxCount, partitions, lease: intervalOf('leaseMs', leaseMs) });
  }

  /** Acknowledges all up to an event that came with a lease. */
  async ack(handler, { partition, token, position }) {
    await this.#value('azr_ack', [handler, partition, token, bigintOf('position', position)]);
  }

  async park(handler, position, reason) {
    await this.#value('azr_park', [handler, bigintOf('position', position), reason]);
  }

  async parked(handler = null) {
    return this.#rows('azr_parked', [handler]);
  }

  /** What a group holds back, in order. The streams go on when the transaction commits. */
  async retryParked(handler, { domain, root, key, maxCount } = {}) {
    const hasRoot = root !== undefined || key !== undefined;
    return this.#rows('azr_retry', [handler],
      { domain, root: hasRoot ? rootOf({ domain, root, key }) : undefined, max_count: maxCount });
  }

  async groups(handler = null) {
    return this.#rows('azr_groups', [handler], {}, withMilliseconds(
      ['handler', 'partition', 'position', 'head', 'behind', 'oldest', 'leased_until', 'parked'], 'oldest'));
  }

  // -- editions

  async createEdition(domain, edition, { divergence, description } = {}) {
    await this.#value('azr_create_edition', [domain, edition], { divergence: given('divergence', divergence), description });
  }

  async protectEdition(domain, edition, protection) {
    await this.#value('azr_protect_edition', [domain, edition, protection]);
  }

  async deleteEdition(domain, edition) {
    return this.#value('azr_delete_edition', [domain, edition]);
  }

  async editions(domain = null) {
    return this.#rows('azr_editions', [domain]);
  }

  // -- cascades

  async confirmCascade(cascadeId) {
    return this.#value('azr_confirm_cascade', [cascadeId]);
  }

  async revokeCascade(cascadeId, reason) {
    return this.#value('azr_revoke_cascade', [cascadeId, reason]);
  }

  async cascadeParticipants(cascadeId) {
    return this.#rows('azr_cascade_participants', [cascadeId]);
  }

  async staleCascades(olderThan) {
    return this.#rows('azr_stale_cascades', [timeOf(olderThan)]);
  }

  // -- slots

  /** Which node owns which slot, as this one knows. No rows where nothing was said of slots. */
  async slots() {
    return this.#rows('azr_slots', []);
  }

  async version() {
    return this.#value('azr_version', []);
  }

  // -- how it is called

  #streamArguments(stream) {
    return [stream.domain, stream.edition ?? null, rootOf(stream)];
  }

  #appendArguments(stream, expectedSequence, events) {
    if (!Array.isArray(events)) {
      throw new TypeError('events must be an array');
    }
    return [...this.#streamArguments(stream), optionalBigintOf('expectedSequence', expectedSequence),
      events.map(({ type }) => type), events.map(payloadOf)];
  }

  #appendOptions(events, { correlationId, externalId, source, divergence, cascadeId, committed, onConflict }) {
    const some = (name) => events.some((event) => event[name] !== undefined && event[name] !== null);
    return {
      metadata: some('metadata') ? events.map(({ metadata }) => metadataOf(metadata)) : undefined,
      created_at: some('createdAt') ? events.map(({ createdAt }) => timeOf(createdAt)) : undefined,
      correlation_id: correlationId,
      external_id: externalId,
      source_domain: source?.domain,
      source_edition: source?.edition,
      source_root: source ? rootOf(source) : undefined,
      source_sequence: source ? bigintOf('source.sequence', source.sequence) : undefined,
      divergence: given('divergence', divergence),
      cascade_id: cascadeId,
      committed,
      on_conflict: onConflict,
    };
  }

  // The text of a call, whose values are added to `values`. Options that are undefined are left to the server's defaults.
  #call(name, args, options, values) {
    const place = (value) => {
      if (value instanceof Raw) {
        return value.sql;
      }
      if (value instanceof RootOf) {
        return `${this.#prefix}azr_root(${place(value.domain)}, ${place(value.key)})`;
      }
      values.push(value);
      return `$${values.length}`;
    };
    const list = args.map(place);
    for (const [option, value] of Object.entries(options)) {
      if (value !== undefined) {
        list.push(`${option} => ${place(value)}`);
      }
    }
    return `${this.#prefix}${name}(${list.join(', ')})`;
  }

  async #rows(name, args, options = {}, columns = '*') {
    const values = [];
    const call = this.#call(name, args, options, values);
    const { rows } = await this.#query(`SELECT ${columns} FROM ${call}`, values);
    return rows.map(fromRow);
  }

  async #row(name, args, options = {}, columns = '*') {
    const values = [];
    const call = this.#call(name, args, options, values);
    return (await this.#query(`SELECT ${columns} FROM ${call}`, values)).rows[0];
  }

  async #values(name, args, options = {}) {
    const values = [];
    const call = this.#call(name, args, options, values);
    return (await this.#query(`SELECT value FROM ${call} value`, values)).rows.map(({ value }) => value);
  }

  async #value(name, args, options = {}) {
    const values = [];
    const call = this.#call(name, args, options, values);
    return (await this.#query(`SELECT ${call} AS value`, values)).rows[0].value;
  }

  async #query(text, values) {
    try {
      return await this.#db.query({ text, values, types });
    } catch (error) {
      throw translateError(error);
    }
  }
}

// SQL in place of a value.
class Raw {
  constructor(sql) {
    this.sql = sql;
  }
}

export function rootOf({ domain, root, key }) {
  if ((root === undefined) === (key === undefined)) {
    throw new TypeError('a stream needs either a root or a key');
  }
  return root === undefined ? new RootOf(domain, key) : root;
}

function payloadOf({ type, payload, data }) {
  if ((payload === undefined) === (data === undefined)) {
    throw new TypeError(`event "${type}" needs either a payload (bytes) or data (stored as JSON)`);
  }
  return payload === undefined ? toJson(data) : bytesOf('payload', payload);
}

function given(name, value) {
  return value === undefined ? undefined : optionalBigintOf(name, value);
}

function dropUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

// A list of columns, one of which is an interval that is given in milliseconds.
function withMilliseconds(columns, interval) {
  return columns
    .map((column) => (column === interval ? `(extract(epoch FROM ${column}) * 1000)::float8 AS ${column}_ms` : column))
    .join(', ');
}
