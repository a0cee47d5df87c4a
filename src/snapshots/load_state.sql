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
'What the state of a stream is made of, in one round trip: the snapshot with the highest sequence, and the events after it. In an edition, the snapshot is its own, or one of the main timeline below its divergence, whichever is further. Without a snapshot, or with angzarr.read_snapshots off, all events. Events are those that business logic may see, as azr_load_effective returns them: a NoOp takes the place of pending and revoked ones and of the framework''s.

Arguments: domain, edition and root name the stream. at_sequence: the state after the event with this sequence; NULL for the last. Whether an event was confirmed or revoked is decided by the whole stream. cascade_id: the cascade whose pending events are shown while it is not revoked, or NULL for none; a state that has them must not be put as a snapshot.

Result: rows of azr_state_entry, ascending; no rows for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s PostgreSQL snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';
