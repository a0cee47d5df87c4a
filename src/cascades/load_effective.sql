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
