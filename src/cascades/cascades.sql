-- azr_stale_cascades, azr_cascade_participants, azr_confirm_cascade and
-- azr_revoke_cascade

CREATE TYPE @extschema@.azr_stale_cascade AS (
	cascade_id text,
	outcome text,
	participants bigint,
	oldest timestamptz
);

COMMENT ON TYPE @extschema@.azr_stale_cascade IS
'A cascade that is not resolved everywhere. outcome: whether other participants were confirmed or revoked, so that the rest must be resolved in the same way; NULL if nothing is decided. participants: how many streams have pending events of it, resolved or not. oldest: the earliest created_at of a pending event of an unresolved participant.';

CREATE FUNCTION @extschema@.azr_stale_cascades(older_than timestamptz)
RETURNS SETOF @extschema@.azr_stale_cascade
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_stale_cascades(timestamptz) IS
'Cascades that nobody has resolved in time: some participant (a stream with pending events of the cascade) is unresolved, and has a pending event with created_at before older_than.

Arguments: older_than, such as now() - interval ''1 minute''.

Result: rows of azr_stale_cascade, the one that has waited longest first. If outcome is confirmed, call azr_confirm_cascade; if it is revoked, call azr_revoke_cascade; if it is NULL, nothing is decided, and the caller decides, as a reaper does by revoking.

Locks: AccessShareLock on the tables. Reads an index of what was appended with a cascade_id, and the events of the cascades that it returns.

Errors: 22004 NULL.';

CREATE TYPE @extschema@.azr_participant AS (
	domain text,
	edition text,
	root uuid,
	sequences bigint[]
);

COMMENT ON TYPE @extschema@.azr_participant IS
'A stream that takes part in a cascade. sequences: its pending events of that cascade, ascending, whether they are resolved or not.';

CREATE FUNCTION @extschema@.azr_cascade_participants(cascade_id text)
RETURNS SETOF @extschema@.azr_participant
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_cascade_participants(text) IS
'The streams that were appended to with committed => false and this cascade_id, resolved or not.

Arguments: cascade_id, 1 to 255 bytes.

Result: rows of azr_participant, by domain, edition and root; no rows for an unknown cascade.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_confirm_cascade(cascade_id text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_confirm_cascade(text) IS
'Makes the pending events of a cascade effective: appends a confirmation to every participant that is unresolved. One call does so for up to 1,000 of them, all or none. A participant is resolved by the first committed event with the same cascade_id in that stream.

Arguments: cascade_id, 1 to 255 bytes.

A call takes them in the order of domain and root, the main timeline before editions. There is a limit because each needs a place in PostgreSQL''s lock table. If there are more, a NOTICE says so: commit, and call again until the result is 0. After the first call, the cascade cannot be resolved in the other way.

The snapshots of a stream at or above the first event that is confirmed there are deleted, since they lack it.

Result: how many participants were confirmed by this call; 0 if all were before.

Locks: an advisory lock on the cascade, exclusively: it waits for transactions that have appended pending events of it, and for others that resolve it. Then those of azr_append on every participant, in the order of domain and root, the main timeline before editions. All are held to the end of the transaction. Two transactions that have both appended pending events of a cascade and then both resolve it end in 40P01 for one of them.

Errors: ZR006 no stream has pending events of the cascade, or one was revoked; ZR003 a participant is in a sealed edition; ZR013 a participant''s slot is frozen; 22003 a pending event has a sequence above 4294967295; 25006 read-only transaction or standby; 40001 the cascade or a participant has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 22004 NULL; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_revoke_cascade(cascade_id text, reason text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_revoke_cascade(text, text) IS
'Takes the pending events of a cascade back: appends a revocation to every participant that is unresolved. One call does so for up to 1,000 of them, all or none, as azr_confirm_cascade does.

Arguments: cascade_id, 1 to 255 bytes. reason, for people, or NULL.

Result: how many participants were revoked by this call; 0 if all were before.

Locks: those of azr_confirm_cascade.

Errors: ZR006 no stream has pending events of the cascade, or one was confirmed; the others are those of azr_confirm_cascade.';
