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

CREATE FUNCTION @extschema@.azr_load(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint DEFAULT 0,
	to_sequence bigint DEFAULT NULL,
	until timestamptz DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	max_count bigint DEFAULT NULL,
	backward boolean DEFAULT false,
	types text[] DEFAULT NULL
) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 100 SUPPORT @extschema@.azr_load_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load(text, text, uuid, bigint, bigint, timestamptz, bigint, bigint, boolean, text[]) IS
'Reads a stream''s events, in ascending order of sequence, or in descending order with backward.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence are read, max_count of them at most. until: only those of the longest beginning of the stream in which all events have created_at <= until; to find it, events are read from sequence 0 on. divergence, for an edition only. backward: in descending order, so that max_count => N gives the last N events and reads no others; with until, the events from sequence 0 to the end of that beginning are read first, but not kept. types: only events of these types, of which max_count are given; the others in the range are read too, but not their payloads. An empty array gives no events, and a type that no event has matches none. NULL sets no limit, except for backward, which must be true or false.

Result: rows of azr_event; none for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 22004 NULL where there must be a value, also in types; 22023 bad value; 2202E array of the wrong shape.';

CREATE FUNCTION @extschema@.azr_load_json(
	domain text,
	edition text,
	root uuid,
	from_sequence bigint DEFAULT 0,
	to_sequence bigint DEFAULT NULL,
	until timestamptz DEFAULT NULL,
	divergence bigint DEFAULT NULL,
	max_count bigint DEFAULT NULL,
	backward boolean DEFAULT false,
	types text[] DEFAULT NULL
) RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_json(text, text, uuid, bigint, bigint, timestamptz, bigint, bigint, boolean, text[]) IS
'Reads a stream''s events as one JSON document.

Arguments: those of azr_load.

Result: {domain, edition, root, next_sequence, events: [{sequence, type, data, metadata, created_at, edition, correlation_id, ...}]}. A payload that is not JSON comes as payload_base64 in place of data; what is NULL is left out. The events come in the order in which azr_load gives them; next_sequence is the stream''s, whatever part of it was asked for.

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

Errors: ZR013 the stream''s slot is another node''s; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 22004 NULL where there must be a value; 22023 bad value.';
