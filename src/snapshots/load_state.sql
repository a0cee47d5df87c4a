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
	at_sequence bigint DEFAULT NULL,
	cascade_id text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_state_entry
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_state(text, text, uuid, bigint, text) IS
'What the state of a stream is made of, in one round trip: the snapshot with the highest sequence, and the events after it. In an edition, the snapshot is its own, or one of the main timeline below its divergence, whichever is further. Without a snapshot, and with angzarr.read_snapshots off, all events. Events come as business logic may see them, as azr_load_effective gives them: a NoOp in place of pending and revoked ones and of the framework''s.

Arguments: domain, edition and root name the stream. at_sequence: the state after the event with this sequence; NULL for the last. Whether an event was confirmed or revoked is asked of the whole stream. cascade_id: whose pending events are seen, while it is not revoked, or NULL for nobody''s; a state that has them is not to be put as a snapshot.

Result: rows of azr_state_entry, ascending; none for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s PostgreSQL snapshot and works on a standby.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
