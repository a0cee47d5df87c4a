-- azr_locks

CREATE TYPE @extschema@.azr_lock AS (
	pid integer,
	kind text,
	domain text,
	edition text,
	root uuid,
	key bigint,
	mode text,
	granted boolean,
	waiting_since timestamptz
);

COMMENT ON TYPE @extschema@.azr_lock IS
'A lock of this store that a session holds or waits for. pid: its process, NULL for a prepared transaction. kind: what is locked. domain, edition and root: the stream, if kind is stream. key: what tells locks of one kind apart; for new stream, edition, cascade and partition it is a hash of names. mode: as in pg_locks. waiting_since: NULL if it is granted.';

CREATE FUNCTION @extschema@.azr_locks() RETURNS SETOF @extschema@.azr_lock
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_locks() IS
'The locks of this store that sessions of this database hold or wait for: the rows of pg_locks with the type advisory and an objsubid of ours, in words. Those that wait come first, the longest first.

Result: rows of azr_lock. kind is one of: stream, new stream (one that has no events yet), edition, cascade, type, numbering (of the feed), feed wait (keeps nobody out), partition (of a group), evidence, maintenance, privileges, slot (its streams are imported or dropped), statistics.

Locks: AccessShareLock on azr_streams, and what reading pg_locks takes.';
