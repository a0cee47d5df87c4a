-- azr_streams_of

CREATE TYPE @extschema@.azr_stream AS (
	root uuid,
	next_sequence bigint,
	created_at timestamptz,
	last_created_at timestamptz
);

COMMENT ON TYPE @extschema@.azr_stream IS
'A stream, by its own events. created_at, last_created_at: that of the first one and of the last one.';

CREATE FUNCTION @extschema@.azr_streams_of(
	domain text,
	edition text,
	after uuid DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_stream
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_streams_of(text, text, uuid, bigint) IS
'The streams of a domain that have events in an edition, in uuid order, a page at a time: what comes next in each, when it began and when its last event was created.

Arguments: domain. edition, NULL or '''' for the main timeline. after, the last root of the page before, NULL for the first page. max_count, the size of a page, NULL for all.

Result: rows of azr_stream, by the caller''s snapshot; works on a standby. created_at is that of the stream''s first event, whenever it was stored; in an edition, that of the first event that the edition owns, not of what it shares with the main timeline. last_created_at is that of the event with the highest sequence, which need not be the latest time where a caller has given times of its own.

Locks: AccessShareLock on the tables. It reads the streams after ''after'' by their index, with two more index probes a stream, however many events it has.

Errors: 22004 NULL where there must be a value; 22023 bad value; 22003 a stream has an event that azr_append did not store, after which no sequence comes; 55000 a table, column, index or type of the store was altered.';
