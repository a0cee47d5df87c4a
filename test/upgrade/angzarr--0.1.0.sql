-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION angzarr" to load this file. \quit

CREATE FUNCTION @extschema@.azr_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_version() IS
'Version of the angzarr library that this server has loaded, such as 0.1.0. Takes no locks.';
-- Stream identity: every (domain, edition, root) that has events gets a number.

-- Numbers of streams. A gap is harmless: this is not a stream's sequence.
CREATE SEQUENCE @extschema@.azr_stream_ids AS bigint;

-- Names compare by bytes (COLLATE "C"): no locale can reorder or merge them,
-- and an upgrade of the C library cannot corrupt the index.
CREATE TABLE @extschema@.azr_streams (
	stream_id bigint NOT NULL,
	divergence bigint,
	created_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	CONSTRAINT azr_streams_pkey PRIMARY KEY (stream_id),
	CONSTRAINT azr_streams_name_key UNIQUE (root, domain, edition)
);

-- Who looks for a stream goes by the other one: the root tells nearly all streams
-- apart, and compares faster than text. This one is for listing.
CREATE INDEX azr_streams_roots_idx ON @extschema@.azr_streams (domain, edition, root);

COMMENT ON TABLE @extschema@.azr_streams IS
'Streams by number: positive on the main timeline, negative in an edition. Written by azr_append() alone.';
COMMENT ON COLUMN @extschema@.azr_streams.divergence IS
'First sequence that the stream owns itself; below it, it shares the main timeline''s. NULL on the main timeline.';

-- The role that creates the extension owns the data, also where a superuser's
-- rights were lent to it for the creation ("trusted").
ALTER SEQUENCE @extschema@.azr_stream_ids OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_streams OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_stream_ids', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_streams', '');
-- The registry of editions: what is known of an edition beyond its streams. An
-- edition that came to be by its first append has a row only once it is protected.

CREATE TABLE @extschema@.azr_registered_editions (
	divergence bigint,
	created_at timestamptz NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	protection text COLLATE "C" NOT NULL,
	description text,
	CONSTRAINT azr_registered_editions_pkey PRIMARY KEY (domain, edition)
);

COMMENT ON TABLE @extschema@.azr_registered_editions IS
'What azr_create_edition() and azr_protect_edition() said of editions. azr_editions() shows it.';
COMMENT ON COLUMN @extschema@.azr_registered_editions.divergence IS
'Where a root diverges that has no events in the edition yet: here, or at the main stream''s next sequence where that is lower.';

ALTER TABLE @extschema@.azr_registered_editions OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_registered_editions', '');
-- Types of events by number: a store has few types and many events.

-- Numbers of types. A gap is harmless.
CREATE SEQUENCE @extschema@.azr_event_type_ids AS integer;

CREATE TABLE @extschema@.azr_event_types (
	type_id integer NOT NULL,
	type text COLLATE "C" NOT NULL,
	CONSTRAINT azr_event_types_pkey PRIMARY KEY (type_id)
);

-- Not unique: who appends a new type does not wait for others who do. Then it has
-- several numbers.
CREATE INDEX azr_event_types_type_idx ON @extschema@.azr_event_types (type);

COMMENT ON TABLE @extschema@.azr_event_types IS
'Types of events by number. A type that was new to several transactions at once has several. Written by azr_append() alone.';

CREATE FUNCTION @extschema@.azr_event_type(type_id integer) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_event_type(integer) IS
'The type of an event of azr_events, for triggers on that table and queries of it. The view azr_timeline has it already.

Arguments: type_id, the event''s column of that name.

Result: text; NULL where there is no such type.

Locks: AccessShareLock on azr_event_types, where the backend has not seen the type yet.';

ALTER SEQUENCE @extschema@.azr_event_type_ids OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_event_types OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_event_type_ids', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_event_types', '');
-- The events: the truth. Main timeline and editions live in heaps of their own,
-- told apart by the sign of stream_id, so that deleting an edition never leaves
-- a dead row in the history of the main timeline.

CREATE TABLE @extschema@.azr_events (
	stream_id bigint NOT NULL,
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	type_id integer NOT NULL,
	committed boolean NOT NULL,
	payload bytea NOT NULL,
	metadata jsonb,
	correlation_id text COLLATE "C",
	external_id text COLLATE "C",
	cascade_id text COLLATE "C",
	source_sequence bigint,
	source_root uuid,
	source_domain text COLLATE "C",
	source_edition text COLLATE "C",
	CONSTRAINT azr_events_pkey PRIMARY KEY (stream_id, sequence)
) PARTITION BY RANGE (stream_id);

CREATE TABLE @extschema@.azr_main_events
	PARTITION OF @extschema@.azr_events FOR VALUES FROM (0) TO (MAXVALUE);
CREATE TABLE @extschema@.azr_edition_events
	PARTITION OF @extschema@.azr_events FOR VALUES FROM (MINVALUE) TO (0);

COMMENT ON TABLE @extschema@.azr_events IS
'Events of all streams. Written by azr_append() alone; read it by azr_load(), azr_trace() or the view azr_timeline.';
COMMENT ON COLUMN @extschema@.azr_events.type_id IS
'The event''s type, in azr_event_types.';

-- What makes a retry safe. The first index on each leaf is its primary key.
CREATE INDEX azr_main_events_external_id_idx
	ON @extschema@.azr_main_events (stream_id, external_id)
	WHERE external_id IS NOT NULL;
CREATE INDEX azr_edition_events_external_id_idx
	ON @extschema@.azr_edition_events (stream_id, external_id)
	WHERE external_id IS NOT NULL;

-- The same for sources. Domain and edition of the source are compared in the
-- table: a root and a sequence tell nearly all sources apart.
CREATE INDEX azr_main_events_source_idx
	ON @extschema@.azr_main_events (stream_id, source_root, source_sequence)
	WHERE source_root IS NOT NULL;
CREATE INDEX azr_edition_events_source_idx
	ON @extschema@.azr_edition_events (stream_id, source_root, source_sequence)
	WHERE source_root IS NOT NULL;

-- What azr_trace() goes by: a hash takes a third of what the ids would, and equal
-- ones share an entry.
CREATE INDEX azr_main_events_correlation_id_idx
	ON @extschema@.azr_main_events (pg_catalog.hashtextextended(correlation_id, 0))
	WHERE correlation_id IS NOT NULL;
CREATE INDEX azr_edition_events_correlation_id_idx
	ON @extschema@.azr_edition_events (pg_catalog.hashtextextended(correlation_id, 0))
	WHERE correlation_id IS NOT NULL;

-- What is asked of cascades: is one resolved in a stream, who takes part in it, and
-- which are stale. Stores without cascades have nothing in it.
CREATE INDEX azr_main_events_cascade_idx
	ON @extschema@.azr_main_events (cascade_id, stream_id, committed, sequence) INCLUDE (created_at)
	WHERE cascade_id IS NOT NULL;
CREATE INDEX azr_edition_events_cascade_idx
	ON @extschema@.azr_edition_events (cascade_id, stream_id, committed, sequence) INCLUDE (created_at)
	WHERE cascade_id IS NOT NULL;

CREATE VIEW @extschema@.azr_timeline AS
SELECT s.domain, s.edition, s.root,
	e.sequence, t.type, e.payload, e.metadata, e.created_at,
	e.correlation_id, e.external_id,
	e.source_domain, e.source_edition, e.source_root, e.source_sequence,
	e.cascade_id, e.committed
FROM @extschema@.azr_events e
JOIN @extschema@.azr_streams s ON s.stream_id OPERATOR(pg_catalog.=) e.stream_id
JOIN @extschema@.azr_event_types t ON t.type_id OPERATOR(pg_catalog.=) e.type_id;

COMMENT ON VIEW @extschema@.azr_timeline IS
'Every stored event with the names of the stream that owns it, for ad-hoc SQL. No order: use ORDER BY domain, edition, root, sequence.';

ALTER TABLE @extschema@.azr_events OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_main_events OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_edition_events OWNER TO @extowner@;
ALTER VIEW @extschema@.azr_timeline OWNER TO @extowner@;

-- A partitioned table dumps nothing: its leaves hold the rows.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_main_events', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_edition_events', '');
-- History is immutable: who tries to change a stored row gets ZR008.

CREATE FUNCTION @extschema@.azr_reject_change() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_reject_change() IS
'Trigger function of the event store''s tables. Raises ZR008 for UPDATE, DELETE and TRUNCATE.';

-- Row triggers of a partitioned table stand on its partitions too; those of
-- TRUNCATE must be made for each.
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_events
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_main_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_edition_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();

-- A stream's names and its events' types are part of its history.
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_streams
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_streams
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_event_types
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_event_types
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();

-- ALWAYS: session_replication_role = replica switches off other triggers.
ALTER TABLE @extschema@.azr_events ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_main_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_edition_events ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_streams ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_streams ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_event_types ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_event_types ENABLE ALWAYS TRIGGER azr_reject_truncate;
-- azr_append and azr_append_json

CREATE TYPE @extschema@.azr_append_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint
);

COMMENT ON TYPE @extschema@.azr_append_result IS
'What an append did. outcome: added; duplicate (an earlier append with the same external_id or source: its range); unchanged (nothing to append: range is NULL). next_sequence: what the stream''s next event gets.';

CREATE FUNCTION @extschema@.azr_append(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	types text[],
	payloads bytea[],
	metadata jsonb[] DEFAULT NULL,
	created_at timestamptz[] DEFAULT NULL,
	correlation_id text DEFAULT NULL,
	external_id text DEFAULT NULL,
	source_domain text DEFAULT NULL,
	source_edition text DEFAULT NULL,
	source_root uuid DEFAULT NULL,
	source_sequence bigint DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	cascade_id text DEFAULT NULL,
	committed boolean DEFAULT true
) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append(text, text, uuid, bigint, text[], bytea[], jsonb[], timestamptz[], text, text, text, text, uuid, bigint, bigint, text, boolean) IS
'Appends one event per element of types to the stream (domain, edition, root), all or none.

Arguments: domain, 1 to 255 bytes. edition, NULL or '''' for the main timeline. root, the aggregate''s uuid. expected_sequence, which the first event must get, or NULL for whatever is next. types, 1 to 1024 bytes each, and payloads, of one dimension and equal length, without NULL elements. metadata and created_at, NULL or as many elements; a NULL element means no metadata, and the transaction''s timestamp. correlation_id, external_id and cascade_id, up to 255 bytes, NULL or '''' for none. source_domain, source_edition, source_root and source_sequence, the event that caused this append. divergence, for an edition only. committed => false needs a cascade_id.

Result: one row (outcome, first_sequence, last_sequence, next_sequence). outcome is added, duplicate or unchanged; a duplicate has the range of the first append with the same external_id or source, and stores nothing.

Locks: a transaction-level advisory lock of a private class on the stream, and RowExclusiveLock on the tables, to the end of the transaction.

Errors: ZR001 expected_sequence is not the next one; ZR003 the edition is sealed; ZR004 divergence is past the main stream''s next, or not the one that is fixed; ZR006 committed => false where the cascade is resolved in this stream; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE FUNCTION @extschema@.azr_append_json(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	events jsonb,
	correlation_id text DEFAULT NULL,
	external_id text DEFAULT NULL,
	source_domain text DEFAULT NULL,
	source_edition text DEFAULT NULL,
	source_root uuid DEFAULT NULL,
	source_sequence bigint DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	cascade_id text DEFAULT NULL,
	committed boolean DEFAULT true
) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_json(text, text, uuid, bigint, jsonb, text, text, text, text, uuid, bigint, bigint, text, boolean) IS
'Appends events given as JSON, for people and HTTP gateways.

Arguments: events, an array of {"type": text, "data": any, "metadata"?: any, "created_at"?: text}; any other key is an error. data is stored as the UTF-8 bytes of its JSON text. The others are those of azr_append.

Result and locks: those of azr_append.

Errors: those of azr_append; 22023 also for events of the wrong form; 22007 and 22008 for a created_at that is no timestamp.';
-- azr_load, azr_load_json and azr_next_sequence

CREATE TYPE @extschema@.azr_event AS (
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamptz,
	edition text,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

COMMENT ON TYPE @extschema@.azr_event IS
'An event as it was stored. edition: the timeline that owns it.';

CREATE FUNCTION @extschema@.azr_load_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_support(internal) IS
'Planner support function of azr_load: how many events a call gives.';

CREATE FUNCTION @extschema@.azr_load(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint DEFAULT 0,
	to_sequence bigint DEFAULT NULL,
	until timestamptz DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 100 SUPPORT @extschema@.azr_load_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load(text, text, uuid, bigint, bigint, timestamptz, bigint, bigint) IS
'Reads a stream''s events in ascending order of sequence.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence and created_at <= until are read, max_count of them at most; NULL sets no limit. divergence, for an edition only.

Result: rows of azr_event; none for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_load_json(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint DEFAULT 0,
	to_sequence bigint DEFAULT NULL,
	until timestamptz DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_json(text, text, uuid, bigint, bigint, timestamptz, bigint, bigint) IS
'Reads a stream''s events as one JSON document.

Arguments: those of azr_load.

Result: {domain, edition, root, next_sequence, events: [{sequence, type, data, metadata, created_at, edition, correlation_id, ...}]}. A payload that is not JSON comes as payload_base64 in place of data; what is NULL is left out. next_sequence is the stream''s, whatever part of it was asked for.

Locks: those of azr_load.

Errors: those of azr_load; 54000 when the document is larger than jsonb can hold.';

CREATE FUNCTION @extschema@.azr_next_sequence(
	domain text,
	edition text,
	root uuid,
	divergence bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_next_sequence(text, text, uuid, bigint) IS
'The sequence that the stream''s next event gets: 0 for an unknown stream.

Arguments: domain, edition and root name the stream. divergence, for an edition only.

Result: bigint, by the caller''s snapshot.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- azr_find_by_external_id, azr_find_by_source and azr_trace

CREATE FUNCTION @extschema@.azr_find_by_external_id(
	domain text,
	edition text,
	root uuid,
	external_id text
) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_find_by_external_id(text, text, uuid, text) IS
'The events of a stream that were appended with an external_id, ascending.

Arguments: domain, edition and root name the stream, whose own events are looked at. external_id, 1 to 255 bytes.

Result: rows of azr_event; none if there was no such append.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_find_by_source(
	domain text,
	edition text,
	root uuid,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint
) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_find_by_source(text, text, uuid, text, text, uuid, bigint) IS
'The events of a stream that one event of another stream caused, ascending.

Arguments: domain, edition and root name the stream, whose own events are looked at. source_domain, source_edition (NULL or '''' for the main timeline), source_root and source_sequence name the cause.

Result: rows of azr_event; none if there was no such append.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_trace(
	correlation_id text
) RETURNS SETOF @extschema@.azr_timeline
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_trace(text) IS
'The events of all streams with a correlation_id, by domain, edition, root and sequence.

Arguments: correlation_id, 1 to 255 bytes.

Result: rows of azr_timeline: domain, edition, root, and what azr_load gives of an event.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- azr_domains, azr_roots and azr_root

CREATE FUNCTION @extschema@.azr_domains() RETURNS SETOF text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_domains() IS
'The domains that have streams, in byte order.

Result: text, a row each; one index probe each, however many streams and events they have.

Locks: AccessShareLock on azr_streams.';

CREATE FUNCTION @extschema@.azr_roots(
	domain text,
	edition text,
	after uuid DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_roots(text, text, uuid, bigint) IS
'The roots of a domain that have events in an edition, in uuid order, a page at a time.

Arguments: domain. edition, NULL or '''' for the main timeline. after, the last root of the page before, NULL for the first page. max_count, the size of a page, NULL for all.

Result: uuid, a row each.

Locks: AccessShareLock on azr_streams.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_root(
	domain text,
	key text
) RETURNS uuid
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_root(text, text) IS
'The root of a business key, the same in every client and database: the version-5 UUID (RFC 9562) of the UTF-8 bytes of domain || '':'' || key, in the namespace 404f3bda-578a-5c4d-a7f4-2751b843698a, which is the version-5 UUID of angzarr.dev in the DNS namespace.

Arguments: domain, 1 to 255 bytes. key, any text.

Result: uuid. Takes no locks.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- The position store: how far each handler has read each stream.

-- Keyed by names, since a position may be recorded for a stream without events.
-- Room on each page lets updates stay there (HOT), without index entries.
CREATE TABLE @extschema@.azr_positions (
	sequence bigint NOT NULL,
	root uuid NOT NULL,
	handler text COLLATE "C" NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	CONSTRAINT azr_positions_pkey PRIMARY KEY (handler, domain, edition, root)
) WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.azr_positions IS
'The last sequence that each handler has handled of each stream. Written by azr_put_position() and azr_put_positions().';

ALTER TABLE @extschema@.azr_positions OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_positions', '');

CREATE FUNCTION @extschema@.azr_put_position(
	handler text,
	domain text,
	edition text,
	root uuid,
	sequence bigint
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_position(text, text, text, uuid, bigint) IS
'Records that a handler has handled a stream up to a sequence. A position only goes forward: a lower one changes nothing, and is no error.

Arguments: handler, 1 to 255 bytes. domain, edition and root name the stream, which need not have events. sequence, 0 or more.

Result: the position now in force.

Locks: the row of the position, to the end of the transaction; for a named edition, its advisory lock of a private class, shared.

Errors: 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, where the position has changed after the transaction''s snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_put_positions(
	handler text,
	domain text,
	edition text,
	roots uuid[],
	sequences bigint[]
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_positions(text, text, text, uuid[], bigint[]) IS
'Records the positions of a handler in many streams of a domain, all or none: a checkpoint.

Arguments: handler, domain and edition, as azr_put_position. roots and sequences, of one dimension and equal length, without NULL elements; of a root that stands twice, the highest sequence counts.

Result: how many positions moved; those that were there or further did not.

Locks: those of azr_put_position, in the order of the roots, so that two calls never deadlock each other.

Errors: those of azr_put_position; 2202E arrays of the wrong shape.';

CREATE FUNCTION @extschema@.azr_get_position(
	handler text,
	domain text,
	edition text,
	root uuid
) RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_get_position(text, text, text, uuid) IS
'The position of a handler in a stream, by the caller''s snapshot.

Arguments: handler, domain, edition and root.

Result: bigint, NULL if none was ever recorded.

Locks: AccessShareLock on azr_positions.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_delete_positions(
	handler text,
	domain text DEFAULT NULL,
	edition text DEFAULT NULL,
	root uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_delete_positions(text, text, text, uuid) IS
'Forgets positions of a handler, which makes it read from the start again: the one way back.

Arguments: handler. domain, or NULL for all positions of the handler in all editions; then edition and root must be NULL too. edition of that domain, NULL or '''' for the main timeline. root, or NULL for all roots.

Result: how many positions were deleted.

Locks: the rows, to the end of the transaction; for a named edition, its advisory lock, shared, as azr_put_position.

Errors: 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value, or an edition or root without a domain.';

CREATE TYPE @extschema@.azr_lag_entry AS (
	domain text,
	edition text,
	root uuid,
	"position" bigint,
	next_sequence bigint,
	lag bigint
);

COMMENT ON TYPE @extschema@.azr_lag_entry IS
'A stream that a handler is behind in. position: the last sequence that it has handled, NULL for none. lag: how many events it has yet to handle.';

CREATE FUNCTION @extschema@.azr_lag(
	handler text,
	domain text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_lag_entry
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_lag(text, text) IS
'Where a handler is behind: streams with events past its position, and streams without a position in every domain and edition in which it has one.

Arguments: handler. domain, or NULL for all; of a domain that is given, the main timeline counts also where the handler has no position there yet.

Result: rows of azr_lag_entry, by domain, edition and root, only those behind.

Locks: AccessShareLock on the tables. A few index probes a stream, however many events it has.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- The snapshots: cached states of streams. The latest of each stream stands by
-- itself, found by one index probe and never pruned. What came before it is the
-- history, in partitions, so that pruning it means to drop tables.

-- Keyed by names, since there may be a snapshot of a stream without events. Room
-- on each page lets updates stay there (HOT), without index entries.
CREATE TABLE @extschema@.azr_latest_snapshots (
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	filed_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	retention text COLLATE "C" NOT NULL,
	state_type text NOT NULL,
	state bytea NOT NULL,
	late_transient boolean NOT NULL,
	CONSTRAINT azr_latest_snapshots_pkey PRIMARY KEY (domain, edition, root)
) WITH (fillfactor = 70);

COMMENT ON TABLE @extschema@.azr_latest_snapshots IS
'The snapshot with the highest sequence of each stream. Written by azr_put_snapshot().';
COMMENT ON COLUMN @extschema@.azr_latest_snapshots.filed_at IS
'Nothing in the stream''s history is filed under a later time, and nothing will be under an earlier one.';
COMMENT ON COLUMN @extschema@.azr_latest_snapshots.late_transient IS
'Whether the stream''s history may have a transient snapshot: one that was put when there was a later one already.';

-- Earlier snapshots. Each is filed under the time at which a later one took its
-- place; so of a stream's snapshots, the one with the higher sequence never is in
-- an earlier partition by time. One with a lower sequence that is put late is filed with the
-- one that follows it.
CREATE TABLE @extschema@.azr_snapshot_history (
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	filed_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	retention text COLLATE "C" NOT NULL,
	state_type text NOT NULL,
	state bytea NOT NULL
) PARTITION BY LIST (retention);

CREATE TABLE @extschema@.azr_snapshot_history_persist
	PARTITION OF @extschema@.azr_snapshot_history (
		CONSTRAINT azr_snapshot_history_persist_pkey PRIMARY KEY (domain, edition, root, sequence)
	) FOR VALUES IN ('persist');
CREATE TABLE @extschema@.azr_snapshot_history_by_time
	PARTITION OF @extschema@.azr_snapshot_history FOR VALUES IN ('default', 'transient')
	PARTITION BY RANGE (filed_at);
CREATE TABLE @extschema@.azr_snapshot_history_rest
	PARTITION OF @extschema@.azr_snapshot_history_by_time (
		CONSTRAINT azr_snapshot_history_rest_pkey PRIMARY KEY (domain, edition, root, sequence)
	) DEFAULT;

-- What azr_maintain() moves, it finds by time.
CREATE INDEX azr_snapshot_history_rest_filed_at_idx
	ON @extschema@.azr_snapshot_history_rest (filed_at);

COMMENT ON TABLE @extschema@.azr_snapshot_history IS
'Snapshots that a later one took the place of. Written by azr_put_snapshot(), pruned by azr_maintain().';
COMMENT ON TABLE @extschema@.azr_snapshot_history_persist IS
'Those that stay until they are deleted.';
COMMENT ON TABLE @extschema@.azr_snapshot_history_by_time IS
'Those that stay until they are pruned, in partitions that azr_maintain() makes and drops.';
COMMENT ON TABLE @extschema@.azr_snapshot_history_rest IS
'Those that were filed where there was no partition for their time. azr_maintain() moves them.';
COMMENT ON COLUMN @extschema@.azr_snapshot_history.filed_at IS
'When a later snapshot took its place; for one that was put late, the same as for the one that follows it.';

ALTER TABLE @extschema@.azr_latest_snapshots OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_persist OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_by_time OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_rest OWNER TO @extowner@;

-- Partitions that azr_maintain() makes are ordinary tables to a dump.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_latest_snapshots', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_snapshot_history_persist', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_snapshot_history_rest', '');
-- azr_put_snapshot, azr_get_snapshot and azr_delete_snapshots

CREATE FUNCTION @extschema@.azr_put_snapshot(
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	state_type text,
	state bytea,
	retention text DEFAULT 'default'
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_snapshot(text, text, uuid, bigint, text, bytea, text) IS
'Stores the state that a stream had after an event, so that loading it need not replay all events. Put again at the same sequence, it replaces.

Arguments: domain, edition and root name the stream. sequence, that of the last event in the state, 0 or more. state_type, 1 to 1024 bytes. state, up to 1 GB. retention: transient, which goes when a snapshot with a higher sequence is put; default, which then stays in the history until azr_maintain prunes it; persist, which stays until it is deleted. The one with the highest sequence is kept in any case.

A stream without events may have a snapshot. In an edition, those at or above a stream''s divergence go when its first event fixes that: they were states of the main timeline.

Result: none.

Locks: the stream''s, as azr_append, to the end of the transaction.

Errors: ZR007 past the stream''s last event; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, where the stream''s snapshots have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE TYPE @extschema@.azr_snapshot AS (
	sequence bigint,
	state_type text,
	state bytea,
	retention text,
	created_at timestamptz
);

COMMENT ON TYPE @extschema@.azr_snapshot IS
'The state of a stream after the event with this sequence. created_at: when the transaction began that put it.';

CREATE FUNCTION @extschema@.azr_get_snapshot(
	domain text,
	edition text,
	root uuid,
	at_sequence bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_snapshot
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_get_snapshot(text, text, uuid, bigint) IS
'The snapshot of a stream with the highest sequence. An edition''s stream has its own only; azr_load_state also uses what it shares with the main timeline.

Arguments: domain, edition and root name the stream. at_sequence: the highest at or below it.

Result: a row of azr_snapshot, or none.

Locks: AccessShareLock on the tables. An earlier one than the latest is looked for among those that persist, in the default partition, and in the partitions by time from the newest to the first that has one.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_delete_snapshots(
	domain text,
	edition text,
	root uuid
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_delete_snapshots(text, text, uuid) IS
'Deletes all snapshots of a stream, of any retention. That changes nothing but how long it takes to load.

Arguments: domain, edition and root name the stream.

Result: how many snapshots were deleted.

Locks: the stream''s, as azr_append, to the end of the transaction.

Errors: 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, where they have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';
-- azr_load_state

CREATE TYPE @extschema@.azr_state_entry AS (
	kind text,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamptz,
	edition text
);

COMMENT ON TYPE @extschema@.azr_state_entry IS
'kind snapshot: a state, with its state_type as type and the state as payload. kind event: an event to apply to it. edition: the timeline that owns it.';

CREATE FUNCTION @extschema@.azr_load_state(
	domain text,
	edition text,
	root uuid,
	at_sequence bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_state_entry
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_state(text, text, uuid, bigint) IS
'What the state of a stream is made of, in one round trip: the snapshot with the highest sequence, and the events after it. In an edition, the snapshot is its own, or one of the main timeline below its divergence, whichever is further. Without a snapshot, and with angzarr.read_snapshots off, all events.

Arguments: domain, edition and root name the stream. at_sequence: the state after the event with this sequence; NULL for the last.

Result: rows of azr_state_entry, ascending; none for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s PostgreSQL snapshot and works on a standby.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- azr_maintain

CREATE TYPE @extschema@.azr_maintenance AS (
	action text,
	partition text,
	starts_at timestamptz,
	ends_at timestamptz,
	snapshots bigint
);

COMMENT ON TYPE @extschema@.azr_maintenance IS
'What azr_maintain() did. created, dropped: a partition. moved: snapshots, out of the default partition into this one. pruned: snapshots, in the default partition itself. postponed: everything, since other transactions used the history for too long.';

CREATE FUNCTION @extschema@.azr_maintain(
	keep interval DEFAULT '7 days',
	partition interval DEFAULT '1 day',
	ahead integer DEFAULT 7
) RETURNS SETOF @extschema@.azr_maintenance
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_maintain(interval, interval, integer) IS
'Sees to the partitions of the snapshots'' history: makes those for the time to come, moves what was filed where there was none, and drops those that are past. The latest snapshot of a stream and those that persist are not in them. Call it from time to time, such as once a day: at any time, beside full load, twice at once.

Arguments: keep, for how long snapshots stay in the history once a later one has taken their place; 0 or more. partition, the time that a new partition spans: from one minute to 100 years, or whole months; existing ones stay as they are. Partitions start at full multiples of it, in UTC; those of whole weeks, on a Monday. ahead, how many partitions there should be after the current one, 0 to 1000.

Result: rows of azr_maintenance, one for each thing done; none if there was nothing to do.

Locks: an advisory lock of a private class, in which one call waits for the other. The history by time, its default partition and partitions to be dropped, exclusively, at the end and for the change of the catalogs alone, with a look through the default partition. It waits for these locks for 20 milliseconds at a time, so that nobody is held up behind it, and for 5 seconds in all, or lock_timeout, where that is set; then, or when somebody waits for a snapshot that it is moving, it does nothing, and says so in a row and a warning.

Errors: 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, where snapshots were filed in the default partition after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 42501 where the owner of the tables may not create tables in their schema; 55P03, 57014 from waiting for another call.';
-- azr_changed_fields and azr_merge_state

CREATE FUNCTION @extschema@.azr_changed_fields(
	state_type text,
	before bytea,
	after bytea
) RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_changed_fields(text, bytea, bytea) IS
'The fields in which two states differ, as azr_append_commutative compares them.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. before and after; no bytes at all are the empty state.

Result: keys of the JSON object that differ by the rules of jsonb, in the order of their bytes; or field numbers whose records differ, ascending. {*} where one of the two does not parse.

Takes no locks. Errors: 22004 NULL where there must be a value; 22023 bad state_type.';

CREATE FUNCTION @extschema@.azr_merge_state(
	state_type text,
	base bytea,
	ours bytea,
	theirs bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_merge_state(text, bytea, bytea, bytea) IS
'Merges two states that were made of the same base, as azr_append_commutative does.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. base, ours and theirs; no bytes at all are the empty state.

Result: each field as the side has it that has changed it; where one side has changed nothing, the other as it stands. Which side is ours does not matter.

Takes no locks. Errors: ZR005 both have changed the same fields, of which DETAIL names up to 20: * where a state does not parse; 54000 the result is larger than a value can be; 22004 NULL where there must be a value; 22023 bad state_type.';
-- azr_append_commutative

CREATE TYPE @extschema@.azr_commutative_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint,
	state bytea
);

COMMENT ON TYPE @extschema@.azr_commutative_result IS
'What a commutative append did. outcome: added; merged (others had come between, and had changed other fields); duplicate (an earlier append with the same external_id or source: its range and state); unchanged (nothing to append: range and state are NULL). next_sequence: what the stream''s next event gets. state: the one after these events, with everybody''s changes; NULL also where that of a duplicate was pruned.';

CREATE FUNCTION @extschema@.azr_append_commutative(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	types text[],
	payloads bytea[],
	state_type text,
	state bytea,
	metadata jsonb[] DEFAULT NULL,
	created_at timestamptz[] DEFAULT NULL,
	correlation_id text DEFAULT NULL,
	external_id text DEFAULT NULL,
	source_domain text DEFAULT NULL,
	source_edition text DEFAULT NULL,
	source_root uuid DEFAULT NULL,
	source_sequence bigint DEFAULT NULL
) RETURNS @extschema@.azr_commutative_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_commutative(text, text, uuid, bigint, text[], bytea[], text, bytea, jsonb[], timestamptz[], text, text, text, text, uuid, bigint) IS
'Appends events together with the state after them, and merges that with what others have made of the stream meanwhile, where they have changed other fields. Like a three-way merge of text (diff3), with fields of the state in place of lines.

Arguments: expected_sequence, the stream''s next sequence when the caller loaded it; required. state, what the caller has made of the state that it loaded. state_type: application/json for a JSON object, whose fields are its keys; anything else for a Protocol Buffers message, whose fields are its field numbers. The others are those of azr_append.

If the stream has got past expected_sequence, the snapshots at expected_sequence - 1 (the empty state, where that is 0) and at the stream''s end are compared with state. What was stored by this function has such snapshots, until azr_maintain prunes them.

Result: one row (outcome, first_sequence, last_sequence, next_sequence, state). outcome is added, merged, duplicate or unchanged; state is what to go on with.

Locks: those of azr_append and azr_put_snapshot.

Errors: those of azr_append and azr_put_snapshot; ZR005 both have changed the same fields, of which DETAIL names up to 20: * where a state does not parse or the state type has changed; ZR001 where there is no snapshot to compare with, or expected_sequence is past the end; 54000 the merged state is larger than a value can be.';
-- azr_stale_cascades, azr_cascade_participants, azr_confirm_cascade and
-- azr_revoke_cascade

CREATE FUNCTION @extschema@.azr_stale_cascades(older_than timestamptz) RETURNS SETOF text
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_stale_cascades(timestamptz) IS
'Cascades that nobody has resolved in time: some participant (a stream with pending events of the cascade) is unresolved, and has a pending event with created_at before older_than.

Arguments: older_than, such as now() - interval ''1 minute''.

Result: cascade ids, the one that has waited longest first.

Locks: AccessShareLock on the tables. Reads an index of what was appended with a cascade_id, and nothing else.

Errors: 22004 NULL.';

CREATE TYPE @extschema@.azr_participant AS (
	domain text,
	edition text,
	root uuid,
	sequences bigint[]
);

COMMENT ON TYPE @extschema@.azr_participant IS
'A stream that takes part in a cascade. sequences: its pending events of that cascade, ascending, whether it is resolved by now or not.';

CREATE FUNCTION @extschema@.azr_cascade_participants(cascade_id text)
RETURNS SETOF @extschema@.azr_participant
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_cascade_participants(text) IS
'The streams that were appended to with committed => false and this cascade_id, resolved or not.

Arguments: cascade_id, 1 to 255 bytes.

Result: rows of azr_participant, by domain, edition and root; none for an unknown cascade.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_confirm_cascade(cascade_id text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_confirm_cascade(text) IS
'Makes the pending events of a cascade effective: appends a confirmation to every participant that is unresolved, all or none. A participant is resolved by the first committed event with the same cascade_id in that stream.

Arguments: cascade_id, 1 to 255 bytes.

Result: how many participants were confirmed by this call; 0 where all were before.

Locks: those of azr_append on every participant, in the order of domain, edition and root, so that two calls never deadlock each other.

Errors: ZR006 no stream has pending events of the cascade, or one was revoked; ZR003 a participant is in a sealed edition; 22003 a pending event has a sequence above 4294967295; 25006 read-only transaction or standby; 40001 a participant has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 22004 NULL; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_revoke_cascade(cascade_id text, reason text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_revoke_cascade(text, text) IS
'Takes the pending events of a cascade back: appends a revocation to every participant that is unresolved, all or none.

Arguments: cascade_id, 1 to 255 bytes. reason, for people, or NULL.

Result: how many participants were revoked by this call; 0 where all were before.

Locks: those of azr_confirm_cascade.

Errors: ZR006 no stream has pending events of the cascade, or one was confirmed; the others are those of azr_confirm_cascade.';
-- azr_load_effective

CREATE FUNCTION @extschema@.azr_load_effective(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint DEFAULT 0,
	to_sequence bigint DEFAULT NULL,
	cascade_id text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_effective(text, text, uuid, bigint, bigint, text) IS
'Reads a stream''s events as business logic may see them: those of azr_load, where type.googleapis.com/angzarr.NoOp with an empty payload and no metadata stands in place of pending events, of revoked ones, and of the confirmations and revocations themselves. Sequences stay dense.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence are read; NULL sets no limit. cascade_id: whose pending events are seen, while it is not revoked, or NULL for nobody''s.

Result: rows of azr_event; none for an empty or unknown stream. What was confirmed comes as it was stored, with committed = false. In an edition, what happened on the main timeline at or above the divergence resolves nothing.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
-- azr_create_edition, azr_protect_edition, azr_delete_edition and azr_editions

CREATE FUNCTION @extschema@.azr_create_edition(
	domain text,
	edition text,
	divergence bigint DEFAULT NULL,
	description text DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_create_edition(text, text, bigint, text) IS
'Registers an edition of a domain before its first append.

Arguments: domain and edition, 1 to 255 bytes. divergence, the sequence at which each root diverges that does not say otherwise in its first append; a root whose main stream is shorter diverges at its end. description, any text.

Result: none.

Locks: a transaction-level advisory lock of a private class on the edition, exclusively, to the end of the transaction: it waits for who is writing to the edition.

Errors: ZR002 for the main timeline; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 42710 if the edition exists, by registration or by an append; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_protect_edition(
	domain text,
	edition text,
	protection text
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_protect_edition(text, text, text) IS
'Says what may be done to an edition.

Arguments: domain and edition. protection: open; protected, which refuses deletion; or sealed, which refuses deletion and appends.

Result: none.

Locks: those of azr_create_edition.

Errors: ZR002 for the main timeline; 40001 as azr_create_edition; 42704 if there is no such edition; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_delete_edition(
	domain text,
	edition text
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_delete_edition(text, text) IS
'Deletes an edition of a domain, with its events, snapshots and positions. What it shares with the main timeline, other editions and other domains are left alone. The name can then be used anew.

Arguments: domain and edition.

Result: how many events were deleted; 0 if there is no such edition.

Locks: those of azr_create_edition: it waits for who is writing to the edition, and keeps others out until its transaction ends. Appends to the main timeline and to other editions go on.

Errors: ZR002 for the main timeline; ZR003 if the edition is protected or sealed; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE TYPE @extschema@.azr_edition AS (
	domain text,
	edition text,
	divergence bigint,
	protection text,
	description text,
	created_at timestamptz,
	roots bigint,
	events bigint
);

COMMENT ON TYPE @extschema@.azr_edition IS
'An edition of a domain. divergence: the registered one, NULL for none. roots and events: those that it owns.';

CREATE FUNCTION @extschema@.azr_editions(
	domain text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_edition
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_editions(text) IS
'The editions that there are, by registration or by an append, in byte order of domain and edition. The main timeline is none of them.

Arguments: domain, or NULL for all.

Result: rows of azr_edition.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';
-- Nothing is granted to PUBLIC. The role that creates the extension may use and
-- grant every function and type. This comes last, so that none is forgotten.
DO $$
DECLARE
	f pg_catalog.regprocedure;
	t pg_catalog.regtype;
	creator pg_catalog.regrole;
BEGIN
	FOR f, creator IN
		SELECT d.objid, e.extowner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
		WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype OPERATOR(pg_catalog.=) 'e'
			AND e.extname OPERATOR(pg_catalog.=) 'angzarr'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %s WITH GRANT OPTION',
			f, creator);
	END LOOP;
	FOR t, creator IN
		SELECT d.objid, e.extowner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
		JOIN pg_catalog.pg_class c ON c.reltype OPERATOR(pg_catalog.=) d.objid
		WHERE c.relkind OPERATOR(pg_catalog.=) 'c'
			AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
			AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype OPERATOR(pg_catalog.=) 'e'
			AND e.extname OPERATOR(pg_catalog.=) 'angzarr'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', t);
		EXECUTE pg_catalog.format('GRANT USAGE ON TYPE %s TO %s WITH GRANT OPTION', t, creator);
	END LOOP;
END
$$;
