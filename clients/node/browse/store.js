// What the window asks the store. Each answer comes from one read-only transaction, so it shows one
// moment, and from functions of the level reader alone. Sequences and positions stay text, since a
// browser's numbers would round them.

import { types } from '../lib/values.js';

const MAIN_TIMELINE = 'angzarr';
const NOOP = 'type.googleapis.com/angzarr.NoOp';
const REVOCATION = 'type.googleapis.com/angzarr.Revocation';

// How many bytes of a payload come with a list, and with one event. The rest stays in the server.
const PREVIEW = 2000;
const DETAIL = 262144;

// How many rows an answer has at most.
const MOST_EVENTS = 500;
const MOST_STREAMS = 500;
const MOST_TRACED = 2000;
const MOST_OTHERS = 200;

const PARSED = new Set([16 /* bool */, 17 /* bytea */, 23 /* int4 */, 701 /* float8 */]);
const parsers = { getTypeParser: (oid) => (PARSED.has(oid) ? types.getTypeParser(oid) : (text) => text) };

/** Something to tell the user, with a status of HTTP. */
export class Refusal extends Error {
  constructor(status, message, { hint, code } = {}) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.code = code;
  }
}

export class Store {
  #pool;
  #begin;
  #schema = null;

  /** `role` is one that every transaction changes to. */
  constructor(pool, { role } = {}) {
    this.#pool = pool;
    // One text, and settings that end with the transaction: so it works through a pooler, too. With
    // this search_path, nothing that somebody has created stands in for what PostgreSQL has.
    this.#begin = [
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
      'SET LOCAL search_path = pg_catalog',
      'SET LOCAL TimeZone = \'UTC\'',
      'SET LOCAL DateStyle = \'ISO\'',
      'SET LOCAL bytea_output = \'hex\'',
      'SET LOCAL statement_timeout = \'20s\'',
      'SET LOCAL lock_timeout = \'5s\'',
      ...role === undefined ? [] : [`SET LOCAL ROLE ${quoted(role)}`],
    ].join('; ');
  }

  /** Who reads, what, and what else they may do. Fails unless the store is there and can be read. */
  async info() {
    return this.#read(async (query) => {
      const [levels] = await query(`
        SELECT current_database() AS database, current_user AS "user", session_user AS login,
          current_setting('server_version') AS server_version, pg_is_in_recovery() AS standby,
          ${this.#schema}.azr_version() AS version,
          (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
          coalesce((SELECT array_to_json(array_agg(DISTINCT p.level))
            FROM ${this.#schema}.azr_privileges() p
            WHERE p.level <> 'reader' AND p.function::oid NOT IN
              (SELECT oid FROM pg_proc WHERE proname IN ('azr_take_over', 'azr_correlation_key'))
              AND has_function_privilege(p.function::oid, 'EXECUTE')), '[]')::text AS more`);

      return { ...levels, more: JSON.parse(levels.more), schema: this.#schema };
    });
  }

  async overview() {
    return this.#read(async (query) => {
      const feed = await this.#feedStatus(query);
      const domains = await query(`
        SELECT d.domain, s.description, s.durability, s.max_payload
        FROM ${this.#schema}.azr_domains() d(domain) LEFT JOIN ${this.#schema}.azr_domain_settings() s USING (domain)
        ORDER BY d.domain COLLATE "C" LIMIT ${MOST_OTHERS}`);

      return {
        feed,
        domains,
        groups: await this.#groups(query),
        newest: await this.#feedPage(query, { after: newestAfter(feed.head, 10), count: 10 }),
        evidence: await this.#evidence(query, feed.head, 1),
      };
    });
  }

  async streams({ domain, edition, after, count }) {
    const limit = limitOf(count, 50, MOST_STREAMS);

    return this.#read(async (query) => ({
      ...await this.#streamsPage(query, required('domain', domain), editionOf(edition),
        after === undefined ? null : uuidOf('after', after), limit),
      editions: await query(`
        SELECT edition, divergence, protection, description, roots, events
        FROM ${this.#schema}.azr_editions($1) ORDER BY edition COLLATE "C" LIMIT ${MOST_OTHERS}`, [domain]),
    }));
  }

  /** What somebody has pasted: a root, or the beginning of one, a business key, or a correlation id. */
  async search({ q }) {
    const text = required('q', q).trim();
    const digits = text.toLowerCase().replaceAll('-', '');

    if (text === '' || Buffer.byteLength(text) > 255) {
      throw new Refusal(400, 'a search has 1 to 255 bytes');
    }
    return this.#read(async (query) => {
      const domains = await query(`SELECT d AS domain, ${this.#schema}.azr_root(d, $1) AS root
        FROM ${this.#schema}.azr_domains() d ORDER BY d COLLATE "C" LIMIT ${MOST_OTHERS}`, [text]);
      const found = [];

      for (const { domain, root } of domains) {
        const named = await this.#streamOf(query, domain, null, root);
        if (named) {
          found.push({ domain, by: 'key', ...named });
        }
      }
      if (/^[0-9a-f]{1,32}$/.test(digits)) {
        for (const { domain } of domains) {
          const { streams } = await this.#streamsPage(query, domain, null, before(uuidFrom(digits.padEnd(32, '0'))), 5);
          found.push(...streams.filter(({ root }) => root.replaceAll('-', '').startsWith(digits))
            .map((stream) => ({ domain, by: 'root', ...stream })));
        }
      }
      const [{ traced }] = await query(
        `SELECT count(*) AS traced FROM (SELECT FROM ${this.#schema}.azr_trace($1) LIMIT ${MOST_TRACED}) t`, [text]);
      return { found: found.slice(0, 50), traced };
    });
  }

  /** A stream, with the editions that have events of their own of it. */
  async stream({ domain, edition, root }) {
    const stream = { domain: required('domain', domain), edition: editionOf(edition), root: uuidOf('root', root) };

    return this.#read(async (query) => {
      const main = await this.#streamOf(query, stream.domain, null, stream.root);
      const editions = await this.#editionsOf(query, stream);
      const own = editions.find((one) => one.edition === stream.edition);
      const [{ next_sequence }] = await query(`SELECT ${this.#schema}.azr_next_sequence($1, $2, $3) AS next_sequence`, args(stream));

      return {
        ...stream,
        edition: stream.edition ?? MAIN_TIMELINE,
        next_sequence,
        created_at: main?.created_at ?? own?.created_at ?? null,
        last_created_at: stream.edition === null ? main?.last_created_at ?? null : own?.last_created_at ?? null,
        main_next_sequence: main?.next_sequence ?? '0',
        own: stream.edition === null || own !== undefined,
        editions,
        snapshots: await this.#snapshots(query, stream),
      };
    });
  }

  /** Events of a stream from a sequence on, or, backward, up to it. */
  async events({ domain, edition, root, from, count, backward }) {
    const stream = { domain: required('domain', domain), edition: editionOf(edition), root: uuidOf('root', root) };
    const first = from === undefined ? 0n : sequenceOf('from', from);
    const limit = BigInt(limitOf(count, 100, MOST_EVENTS));
    const start = backward === 'true' ? largest(0n, first - limit + 1n) : first;
    const end = backward === 'true' ? first + 1n : first + limit;

    return this.#read(async (query) => {
      const events = await query(`
        SELECT ${eventColumns(PREVIEW)} FROM ${this.#schema}.azr_load($1, $2, $3, $4, $5) e ORDER BY sequence`,
        [...args(stream), String(start), String(end)]);
      const [{ next_sequence }] = await query(`SELECT ${this.#schema}.azr_next_sequence($1, $2, $3) AS next_sequence`, args(stream));

      await this.#sayEffect(query, stream, events);
      return { events, next_sequence };
    });
  }

  /** One event, with more of its payload, and with what it has caused within its correlation. */
  async event({ domain, edition, root, sequence }) {
    const stream = { domain: required('domain', domain), edition: editionOf(edition), root: uuidOf('root', root) };
    const at = sequenceOf('sequence', sequence);

    return this.#read(async (query) => {
      const [event] = await query(`
        SELECT ${eventColumns(DETAIL)} FROM ${this.#schema}.azr_load($1, $2, $3, $4, $5) e`, [...args(stream), String(at), String(at + 1n)]);
      if (!event) {
        throw new Refusal(404, `the stream has no event ${at}`);
      }
      await this.#sayEffect(query, stream, [event]);
      const effects = event.correlation_id === null ? [] : await query(`
        SELECT domain, edition, root, sequence, type, created_at FROM ${this.#schema}.azr_trace($1) t
        WHERE source_domain = $2 AND source_edition = $3 AND source_root = $4 AND source_sequence = $5
        LIMIT ${MOST_OTHERS}`, [event.correlation_id, domain, event.edition, root, String(at)]);
      const [erasure] = await query(`
        SELECT type, erased_at, erased_by, left(reason, ${PREVIEW}) AS reason FROM ${this.#schema}.azr_erasures($1)
        WHERE edition = $2 AND root = $3 AND sequence = $4 AND $5 = 'type.googleapis.com/angzarr.Erased'`,
        [domain, event.edition, root, String(at), event.type]);

      return { ...event, domain, root, effects, erasure: erasure ?? null };
    });
  }

  /**
   * What a handler would load at a sequence: the snapshot that azr_load_state would choose, and the events after
   * it; of these, the last ones. With the snapshot comes the one before, to compare.
   */
  async state({ domain, edition, root, at, count }) {
    const stream = { domain: required('domain', domain), edition: editionOf(edition), root: uuidOf('root', root) };
    const sequence = sequenceOf('at', at);
    const limit = limitOf(count, 100, MOST_EVENTS);

    return this.#read(async (query) => {
      const snapshots = await this.#snapshots(query, stream, { at: sequence, count: 2, bytes: DETAIL });
      const first = snapshots.length > 0 ? BigInt(snapshots[0].sequence) + 1n : 0n;
      const from = largest(first, sequence - BigInt(limit) + 1n);
      const events = await query(`
        SELECT sequence, type, substring(payload FROM 1 FOR ${PREVIEW}) AS payload, octet_length(payload) AS size,
          created_at, edition
        FROM ${this.#schema}.azr_load_effective($1, $2, $3, $4, $5) e ORDER BY sequence`,
        [...args(stream), String(from), String(sequence + 1n)]);

      const [event] = await query(`
        SELECT sequence, type, created_at FROM ${this.#schema}.azr_load_effective($1, $2, $3, $4, $5)`,
        [...args(stream), String(sequence), String(sequence + 1n)]);

      return { at: String(sequence), event: event ?? null, snapshot: snapshots[0] ?? null, previous: snapshots[1] ?? null, events, left_out: String(from - first) };
    });
  }

  async trace({ id }) {
    return this.#read(async (query) => {
      const events = await query(`
        SELECT domain, root, ${eventColumns(PREVIEW)} FROM ${this.#schema}.azr_trace($1) e LIMIT ${MOST_TRACED + 1}`, [required('id', id)]);

      return { id, events: events.slice(0, MOST_TRACED), more: events.length > MOST_TRACED };
    });
  }

  /** A page of the feed: after a position, or the newest. */
  async feed({ after, count, domain, type }) {
    const limit = limitOf(count, 50, MOST_EVENTS);

    return this.#read(async (query) => {
      const status = await this.#feedStatus(query);
      const head = BigInt(status.head);
      const start = after === undefined ? newestAfter(status.head, limit) : integerOf('after', after);
      const from = start < -1n ? -1n : start > head ? head : start;

      return {
        status,
        after: String(from),
        events: await this.#feedPage(query, { after: from, count: limit, domain, type }),
      };
    });
  }

  async groups() {
    return this.#read(async (query) => ({
      feed: await this.#feedStatus(query),
      groups: await this.#groups(query),
      partitions: await query(`
        SELECT handler, partition, position, head, behind, extract(epoch FROM oldest)::float8 AS oldest,
          leased_until, coalesce(leased_until > clock_timestamp(), false) AS leased, parked
        FROM ${this.#schema}.azr_groups() ORDER BY handler COLLATE "C", partition LIMIT 4096`),
      parked: await query(`
        SELECT handler, domain, root, position, sequence, parked_at, left(reason, ${PREVIEW}) AS reason, waiting
        FROM ${this.#schema}.azr_parked() ORDER BY parked_at, handler COLLATE "C", position LIMIT ${MOST_OTHERS}`),
    }));
  }

  /** The streams of which a handler that keeps positions has not read all. */
  async lag({ handler, domain }) {
    return this.#read(async (query) => ({
      lag: await query(`
        SELECT domain, edition, root, position, next_sequence, lag FROM ${this.#schema}.azr_lag($1, $2, max_count => $3)`,
        [required('handler', handler), domain ?? null, MOST_OTHERS]),
    }));
  }

  async evidence() {
    return this.#read(async (query) => {
      const feed = await this.#feedStatus(query);

      return {
        feed,
        ...await this.#evidence(query, feed.head, 50),
        erasures: await query(`
          SELECT domain, edition, root, sequence, type, erased_at, erased_by, left(reason, ${PREVIEW}) AS reason
          FROM ${this.#schema}.azr_erasures() ORDER BY erased_at DESC, sequence DESC LIMIT 50`),
      };
    });
  }

  // -- parts of answers, each with the query function of a transaction

  #feedStatus(query) {
    return query(`
      SELECT head, epoch, in_flight, extract(epoch FROM oldest_in_flight)::float8 AS oldest_in_flight, oldest_pid
      FROM ${this.#schema}.azr_feed_status()`).then(([status]) => status);
  }

  #feedPage(query, { after, count, domain, type }) {
    return query(`
      SELECT position, domain, root, ${eventColumns(PREVIEW)}
      FROM ${this.#schema}.azr_feed($1, $2, domains => $3, types => $4) e ORDER BY position DESC`,
      [String(after), count, domain === undefined ? null : [domain], type === undefined ? null : [type]]);
  }

  #groups(query) {
    return query(`
      SELECT handler, count(*) AS partitions, max(behind) AS behind, max(extract(epoch FROM oldest))::float8 AS oldest,
        count(*) FILTER (WHERE leased_until > clock_timestamp()) AS leased, sum(parked) AS parked
      FROM ${this.#schema}.azr_groups() GROUP BY handler ORDER BY handler COLLATE "C" LIMIT ${MOST_OTHERS}`);
  }

  async #streamsPage(query, domain, edition, after, limit) {
    const streams = await query(`
      SELECT root, next_sequence, created_at, last_created_at
      FROM ${this.#schema}.azr_streams_of($1, $2, after => $3, max_count => $4)`, [domain, edition, after, limit + 1]);

    return { streams: streams.slice(0, limit), more: streams.length > limit };
  }

  async #streamOf(query, domain, edition, root) {
    const { streams: [stream] } = await this.#streamsPage(query, domain, edition, before(root), 1);
    return stream?.root === root ? stream : undefined;
  }

  // Where an edition of a stream begins is where its first own event is. azr_editions() counts the events of all
  // streams, so it is asked only if there is something to say.
  async #editionsOf(query, { domain, root }) {
    const editions = await query(`
      SELECT edition, min(sequence) AS divergence, max(sequence) + 1 AS next_sequence, min(created_at) AS created_at,
        (array_agg(created_at ORDER BY sequence DESC))[1] AS last_created_at
      FROM ${this.#schema}.azr_timeline WHERE domain = $1 AND root = $2 AND edition <> '${MAIN_TIMELINE}'
      GROUP BY edition ORDER BY min(sequence), edition COLLATE "C" LIMIT ${MOST_OTHERS}`, [domain, root]);

    if (editions.length > 0) {
      const said = new Map((await query(`
        SELECT edition, protection, description FROM ${this.#schema}.azr_editions($1) WHERE edition = ANY ($2)`,
        [domain, editions.map(({ edition }) => edition)])).map((one) => [one.edition, one]));
      return editions.map((one) => ({ protection: 'open', description: null, ...said.get(one.edition), ...one }));
    }
    return editions;
  }

  /**
   * The snapshots that a load can use, the highest first: the stream's own, and in an edition those of the main
   * timeline that were taken below the divergence.
   */
  async #snapshots(query, { domain, edition, root }, { at, count = MOST_OTHERS, bytes = 0 } = {}) {
    const list = (from, name, limit) => query(`
      WITH RECURSIVE s AS (
        SELECT * FROM ${this.#schema}.azr_get_snapshot($1, $2, $3, $4)
        UNION ALL
        SELECT n.* FROM s CROSS JOIN LATERAL ${this.#schema}.azr_get_snapshot($1, $2, $3, s.sequence - 1) n WHERE s.sequence > 0)
      SELECT sequence, state_type, substring(state FROM 1 FOR ${bytes}) AS payload, octet_length(state) AS size, retention, created_at,
        coalesce(nullif($2, ''), '${MAIN_TIMELINE}') AS edition
      FROM s LIMIT $5`, [domain, name, root, from === undefined ? null : String(from), limit]);

    const own = await list(at, edition, count);
    if (edition === null) {
      return own;
    }
    const [{ shared_end: end }] = await query(`
      SELECT coalesce((SELECT min(sequence) FROM ${this.#schema}.azr_timeline WHERE domain = $1 AND edition = $2 AND root = $3),
        ${this.#schema}.azr_next_sequence($1, $2, $3)) AS shared_end`, [domain, edition, root]);
    const last = smallest(at, BigInt(end) - 1n);
    const shared = last < 0n ? [] : await list(last, null, count);
    const taken = new Set(own.map(({ sequence }) => sequence));
    return [...own, ...shared.filter(({ sequence }) => !taken.has(sequence))]
      .sort((a, b) => (BigInt(a.sequence) < BigInt(b.sequence) ? 1 : -1)).slice(0, count);
  }

  // An event of a cascade is pending, revoked or in effect.
  async #sayEffect(query, stream, events) {
    const pending = events.filter(({ committed, cascade_id }) => !committed && cascade_id !== null);

    if (pending.length === 0) {
      return;
    }
    const from = pending[0].sequence;
    const effective = await query(`
      SELECT sequence, type FROM ${this.#schema}.azr_load_effective($1, $2, $3, $4, $5)`,
      [...args(stream), from, String(BigInt(pending.at(-1).sequence) + 1n)]);
    const hidden = new Set(effective.filter(({ type }) => type === NOOP).map(({ sequence }) => sequence));
    const revoked = new Set((await query(`
      SELECT DISTINCT cascade_id FROM ${this.#schema}.azr_load($1, $2, $3, $4, types => $5)`,
      [...args(stream), from, [REVOCATION]])).map(({ cascade_id }) => cascade_id));

    for (const event of pending) {
      event.effect = !hidden.has(event.sequence) ? 'confirmed' : revoked.has(event.cascade_id) ? 'revoked' : 'pending';
    }
  }

  async #evidence(query, head, count) {
    const checkpoints = await query(`
      SELECT size, encode(root_hash, 'hex') AS root_hash, sealed_at, left(note, ${PREVIEW}) AS note
      FROM ${this.#schema}.azr_checkpoints() ORDER BY size DESC LIMIT ${count}`);
    const [signed] = await query(`
      SELECT size, sealed_at FROM ${this.#schema}.azr_checkpoints() WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1`);
    let origin = null;

    await query('SAVEPOINT enabled');
    try {
      const [{ text }] = await query(`SELECT ${this.#schema}.azr_checkpoint() AS text`);
      [origin] = text.split('\n');
    } catch (error) {
      // 55000: evidence is not kept
      if (error.code !== '55000') {
        throw error;
      }
      await query('ROLLBACK TO SAVEPOINT enabled');
    }
    const sealed = checkpoints[0]?.size ?? '0';
    return { enabled: origin !== null, origin, sealed, not_sealed: String(BigInt(head) + 1n - BigInt(sealed)), signed: signed ?? null, checkpoints };
  }

  // -- the transaction

  /** Runs `work` in a read-only transaction, which is always rolled back. */
  async #read(work) {
    const client = await this.#pool.connect();
    const ignore = () => {};
    const query = async (text, values) => (await client.query({ text, values, types: parsers })).rows.map(withBase64);
    let broken;

    // a connection that breaks between two queries: the next query says so
    client.on('error', ignore);
    try {
      await client.query(this.#begin);
      if (this.#schema === null) {
        await this.#find(query);
      }
      return await work(query);
    } catch (error) {
      throw await this.#explain(error, client);
    } finally {
      await client.query('ROLLBACK').catch((error) => { broken = error; });
      client.removeListener('error', ignore);
      client.release(broken);
    }
  }

  async #find(query) {
    const [{ database, user }] = await query('SELECT current_database() AS database, current_user AS "user"');
    const [extension] = await query(`
      SELECT quote_ident(n.nspname) AS schema, has_schema_privilege(n.oid, 'USAGE') AS usable
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'angzarr'`);

    if (!extension) {
      throw new Refusal(404, `the database "${database}" does not have the extension angzarr`,
        { hint: 'Name the database that has it in the address, or in PGDATABASE.' });
    }
    const denied = await query(`
      SELECT FROM pg_extension e
      JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
      JOIN pg_proc p ON p.oid = d.objid
      WHERE e.extname = 'angzarr' AND p.proname IN ('azr_domains', 'azr_load', 'azr_feed', 'azr_privileges')
        AND NOT has_function_privilege(p.oid, 'EXECUTE')`);
    if (!extension.usable || denied.length > 0) {
      throw notReader(user, database, extension.schema);
    }
    this.#schema = extension.schema;
  }

  async #explain(error, client) {
    if (error instanceof Refusal || typeof error?.code !== 'string') {
      return error;
    }
    const { code, message, detail, hint } = error;
    const advice = [detail, hint].filter(Boolean).join(' ') || undefined;

    switch (true) {
      case code === '42501' && this.#schema !== null: {
        // the rights were taken away meanwhile
        await client.query('ROLLBACK');
        await client.query(this.#begin);
        const { rows: [{ database, user }] } = await client.query('SELECT current_database() AS database, current_user AS "user"');
        return notReader(user, database, this.#schema, message);
      }
      case code === '42501':
        return new Refusal(403, message, { hint: advice, code });
      case code === '57014' || code === '55P03':
        return new Refusal(504, `the server took too long: ${message}`, { hint: advice, code });
      case /^(22|ZR)/.test(code):
        return new Refusal(400, message, { hint: advice, code });
      case code === '3F000' || code === '42883' || code === '42P01':
        // the extension was dropped, or moved by a restore
        this.#schema = null;
        return new Refusal(503, message, { hint: 'The extension has changed. Load the page again.', code });
      default:
        return new Refusal(502, message, { hint: advice, code });
    }
  }
}

function notReader(user, database, schema, message) {
  return new Refusal(403, `the role "${user}" may not read the store in the database "${database}"${message ? `: ${message}` : ''}`, {
    code: '42501',
    hint: `Have the owner of the store run SELECT ${schema}.azr_grant('${quoted(user).replaceAll('\'', '\'\'')}', 'reader');`,
  });
}

// JSON has no bytes.
function withBase64(row) {
  return row.payload instanceof Buffer ? { ...row, payload: row.payload.toString('base64') } : row;
}

// What is shown of an event in a list, and of a single one.
function eventColumns(bytes) {
  return `e.sequence, e.type, substring(e.payload FROM 1 FOR ${bytes}) AS payload, octet_length(e.payload) AS size,
    left(e.metadata::text, ${bytes}) AS metadata, length(e.metadata::text) > ${bytes} AS metadata_cut, e.created_at, e.edition,
    e.correlation_id, e.external_id, e.source_domain, e.source_edition, e.source_root, e.source_sequence, e.cascade_id, e.committed`;
}

const args = ({ domain, edition, root }) => [domain, edition, root];
const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
const largest = (a, b) => (a > b ? a : b);
const smallest = (a, b) => (a === undefined || b < a ? b : a);

function newestAfter(head, count) {
  return largest(-1n, BigInt(head) - BigInt(count));
}

function uuidFrom(digits) {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The uuid before one: what a page begins after. NULL before the first. */
function before(root) {
  const number = BigInt(`0x${root.replaceAll('-', '')}`);
  return number === 0n ? null : uuidFrom((number - 1n).toString(16).padStart(32, '0'));
}

// -- what a request has given

function required(name, value) {
  if (value === undefined || value === '') {
    throw new Refusal(400, `the parameter "${name}" is missing`);
  }
  if (value.includes('\0')) {
    throw new Refusal(400, `the parameter "${name}" has a zero byte`);
  }
  return value;
}

/** null is the main timeline. */
function editionOf(value) {
  return value === undefined || value === '' || value === MAIN_TIMELINE ? null : required('edition', value);
}

function uuidOf(name, value) {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value ?? '')) {
    throw new Refusal(400, `the parameter "${name}" is not a uuid`);
  }
  return value.toLowerCase();
}

function integerOf(name, value) {
  if (!/^-?\d{1,19}$/.test(value ?? '') || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) {
    throw new Refusal(400, `the parameter "${name}" is not a number of 64 bits`);
  }
  return BigInt(value);
}

// One more must still be a bigint of the server.
function sequenceOf(name, value) {
  const sequence = integerOf(name, value);
  if (sequence < 0n || sequence > 2n ** 62n) {
    throw new Refusal(400, `the parameter "${name}" is not a sequence`);
  }
  return sequence;
}

function limitOf(value, normal, most) {
  if (value === undefined) {
    return normal;
  }
  if (!/^\d{1,9}$/.test(value) || Number(value) < 1) {
    throw new Refusal(400, 'the parameter "count" is not a number from 1 on');
  }
  return Math.min(Number(value), most);
}
