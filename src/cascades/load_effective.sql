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
'Reads a stream''s events as business logic may see them: those of azr_load, but type.googleapis.com/angzarr.NoOp with an empty payload and no metadata takes the place of pending events, of revoked ones, and of the confirmations and revocations themselves. So no sequence is missing.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence are read; NULL sets no limit. cascade_id: the cascade whose pending events are shown while it is not revoked, or NULL for none.

Result: rows of azr_event; no rows for an empty or unknown stream. Confirmed events are returned as they were stored, with committed = false. In an edition, what happened on the main timeline at or above the divergence resolves nothing.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';
