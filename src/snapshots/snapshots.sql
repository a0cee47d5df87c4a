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
'Stores the state that a stream had after an event, so that loading it need not replay all events. A snapshot at the same sequence is replaced.

Arguments: domain, edition and root name the stream. sequence, that of the last event in the state, 0 or more. state_type, 1 to 1024 bytes. state, up to angzarr.max_payload. retention says what happens when a snapshot with a higher sequence is put: transient, it is deleted; default, it stays in the history until azr_maintain prunes it; persist, it stays until it is deleted. The snapshot with the highest sequence is always kept.

A stream without events may have snapshots; when it gets its first events, snapshots past the last of them are deleted. In an edition, snapshots at or above a stream''s divergence are deleted when its first event, or azr_create_edition, fixes that: they were states of the main timeline. When a cascade is confirmed, the stream''s snapshots at or above the first event that it confirms are deleted, since they lack it.

Result: none.

Locks: the stream''s, as azr_append, to the end of the transaction. Where an edition reads a root that has no events yet, it waits for a transaction that is appending the first ones to the main timeline, and such a transaction waits for it.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR007 the sequence is past the stream''s last event, or at or above the divergence that azr_create_edition fixed for a stream without own events, or an event at or below it was confirmed by one after it; 54000 the state is too large; 42501 the session was begun with an angzarr.max_payload that it may not set; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the stream''s snapshots have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE TYPE @extschema@.azr_snapshot AS (
	sequence bigint,
	state_type text,
	state bytea,
	retention text,
	created_at timestamptz
);

COMMENT ON TYPE @extschema@.azr_snapshot IS
'The state of a stream after the event with this sequence. created_at: when the transaction that put it began.';

CREATE FUNCTION @extschema@.azr_get_snapshot(
	domain text,
	edition text,
	root uuid,
	at_sequence bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_snapshot
LANGUAGE c STABLE PARALLEL SAFE COST 10 ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_get_snapshot(text, text, uuid, bigint) IS
'The snapshot of a stream with the highest sequence. For a stream in an edition, only its own snapshots count; azr_load_state also uses those of what it shares with the main timeline.

Arguments: domain, edition and root name the stream. at_sequence: the snapshot with the highest sequence at or below it; NULL for the latest.

Result: a row of azr_snapshot, or no row.

Locks: AccessShareLock on the tables. An earlier one than the latest is looked for among those that persist, in the default partition, and in the partitions by time from the newest to the first that has one.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

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

Errors: ZR013 the stream''s slot is another node''s, or frozen; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if they have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';
