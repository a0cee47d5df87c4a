-- azr_append, azr_append_one and azr_append_json

CREATE TYPE @extschema@.azr_append_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint
);

COMMENT ON TYPE @extschema@.azr_append_result IS
'What an append did. outcome: added; duplicate (an earlier append with the same external_id or source: its range); unchanged (nothing to append: range is NULL); conflict (another sequence was expected than the next one, and on_conflict is return: range is NULL). next_sequence: what the stream''s next event gets.';

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
	committed boolean DEFAULT true,
	on_conflict text DEFAULT 'error'
) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 SUPPORT @extschema@.azr_append_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append(text, text, uuid, bigint, text[], bytea[], jsonb[], timestamptz[], text, text, text, text, uuid, bigint, bigint, text, boolean, text) IS
'Appends one event per element of types to the stream (domain, edition, root), all or none.

Arguments: domain, 1 to 255 bytes. edition, NULL or '''' for the main timeline. root, the aggregate''s uuid. expected_sequence, which the first event must get, or NULL for whatever is next. types, 1 to 1024 bytes each, and payloads, up to angzarr.max_payload each, of one dimension and equal length, without NULL elements. metadata and created_at, NULL or as many elements; a NULL element means no metadata; of created_at, the transaction''s timestamp, or the time of the stream''s event before, where that is later. correlation_id, external_id and cascade_id, up to 255 bytes, NULL or '''' for none. source_domain, source_edition, source_root and source_sequence, the event that caused this append. divergence, for an edition only. committed => false needs a cascade_id. on_conflict: error, which raises ZR001 where expected_sequence is not the next one; or return, which makes that an outcome.

Result: one row (outcome, first_sequence, last_sequence, next_sequence). outcome is added, duplicate, unchanged or conflict. A duplicate has the range of the first append with the same external_id or source, and stores nothing. A conflict has no range, and next_sequence is the sequence that would have been right. It stores nothing and leaves nothing behind but the locks: the transaction goes on, and nobody else appends to the stream before it ends.

Locks: transaction-level advisory locks of private classes: with a cascade_id, on the cascade, shared for pending events and exclusively for committed ones; then, in an edition, on that, shared; then on the stream, or on its names while it is new. And RowExclusiveLock on the tables. All to the end of the transaction, also where the outcome is duplicate or conflict; but a transaction that has locked max_locks_per_transaction streams gives back the lock of each further one after the append, unless the outcome is conflict: then its uncommitted events keep others out. A new type is locked by its number only while it gets that.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR001 expected_sequence is not the next one, and on_conflict is error; ZR003 the edition is sealed; ZR004 divergence is past the main stream''s next, or not the one that is fixed; ZR006 committed => false where the cascade is resolved in this stream, or committed events that would resolve it otherwise than other streams have it; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 54000 a payload or its metadata are too large; 42501 the session was begun with an angzarr.max_payload that it may not set; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; 22003 the stream has no sequences left, or a pending event would have one above 4294967295; 27000 a trigger of the tables'' owner dropped or moved an event, or appended to the same stream; 55000 a table, column, index or type of the store was altered; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_append_one(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	type text,
	payload bytea,
	metadata jsonb DEFAULT NULL,
	correlation_id text DEFAULT NULL,
	external_id text DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_one(text, text, uuid, bigint, text, bytea, jsonb, text, text) IS
'Appends one event: the short form of azr_append.

Arguments: type, 1 to 1024 bytes. payload, up to angzarr.max_payload. metadata, or NULL for none. The others are those of azr_append.

Result: the event''s sequence. If an earlier append had the same external_id, that of its first event, and nothing is stored.

Locks and errors: those of azr_append.';

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
	committed boolean DEFAULT true,
	on_conflict text DEFAULT 'error'
) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 SUPPORT @extschema@.azr_append_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_json(text, text, uuid, bigint, jsonb, text, text, text, text, uuid, bigint, bigint, text, boolean, text) IS
'Appends events given as JSON, for people and HTTP gateways.

Arguments: events, an array of {"type": text, "data": any, "metadata"?: any, "created_at"?: text}; where "payload_base64": text may stand in place of data. What else azr_load_json gives an event is ignored, so its events can be appended to another stream or store; any other key is an error. data is stored as the UTF-8 bytes of its JSON text as jsonb writes it, payload_base64 as the bytes that it says, in base64 with padding and without white space. created_at is ISO 8601 with an offset, such as 2026-01-31T12:34:56.789Z or 2026-01-31 12:34:56+02; no setting of the session changes what it means. The others are those of azr_append.

Result and locks: those of azr_append.

Errors: those of azr_append; 22023 also for events of the wrong form; 22007 for a created_at that is not ISO 8601 with an offset, 22008 for one that is out of range.';
