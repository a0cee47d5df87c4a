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

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

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

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_trace(
	correlation_id text
) RETURNS SETOF @extschema@.azr_timeline
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_trace(text) IS
'The events of all streams with a correlation_id, by domain, edition, root and sequence.

Arguments: correlation_id, 1 to 255 bytes.

Result: rows of azr_timeline: domain, edition, root, and what azr_load gives of an event.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value; XX001 an event''s type is gone from azr_event_types, or a column is NULL that must not be; 55000 a table, column, index or type of the store was altered.';
