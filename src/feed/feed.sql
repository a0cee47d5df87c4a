-- azr_feed and what belongs to it: every committed event of the main timeline in one order

CREATE TYPE @extschema@.azr_feed_event AS (
	position bigint,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamptz,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

COMMENT ON TYPE @extschema@.azr_feed_event IS
'An event at a position of the feed, with the names of its stream.';

CREATE TYPE @extschema@.azr_feed_status AS (
	head bigint,
	epoch uuid,
	in_flight bigint,
	oldest_in_flight interval,
	oldest_pid integer,
	batches bigint
);

COMMENT ON TYPE @extschema@.azr_feed_status IS
'How far the feed is numbered. head: the last position, or -1. epoch: changes when another server takes over, so that positions read before may be other events'' now. in_flight: appends that were not committed when the feed was last numbered. oldest_in_flight, oldest_pid: of the transactions that are writing events now, or keep others from numbering, how long ago the first one began, and its process. batches: rows of azr_feed_batches.';

CREATE FUNCTION @extschema@.azr_feed(
	after bigint DEFAULT -1,
	max_count bigint DEFAULT 1000,
	domains text[] DEFAULT NULL,
	types text[] DEFAULT NULL,
	effective boolean DEFAULT false
) RETURNS SETOF @extschema@.azr_feed_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1000 SUPPORT @extschema@.azr_feed_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed(bigint, bigint, text[], text[], boolean) IS
'Reads the feed: all committed events of the main timeline, by position: 0, 1, 2 and so on without a gap. A stream''s events keep their order. Editions are not in it.

Arguments: after, the last position that was read, -1 for none. max_count, how many positions are looked at, NULL for all that there are. domains and types, of which an event must be one of each, NULL for all. effective => true gives what has become effective, when it has: pending events and the framework''s are left out, those that a cascade has revoked never come, and at the position of an event that confirms others come these.

Result: rows of azr_feed_event. Looks at the positions in (after, after + max_count], as far as there are any, and gives those that match. So to read on, take the head first, from azr_feed_wait() or azr_feed_head(), and then read with max_count => least(1000, head - after): the next after is after + max_count, also if nothing matched. A head that is taken afterwards can be past positions that were not looked at. With effective => true, several rows can have one position.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot, and works on a standby. Only what azr_feed_advance() or azr_feed_wait() has numbered has a position.

Errors: ZR009 the feed does not go as far as after: it was restored, or another server took over that lacks what was read; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; XX001 somebody has deleted events.';

CREATE FUNCTION @extschema@.azr_feed_head() RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed_head() IS
'The last position of the feed, by the caller''s snapshot; -1 if there is none.

Locks: AccessShareLock on azr_feed_state.';

CREATE FUNCTION @extschema@.azr_feed_advance(
	max_appends bigint DEFAULT 10000
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed_advance(bigint) IS
'Gives positions of the feed to what has been committed since it was called last. Whoever reads the feed calls it first, or azr_feed_wait(), which does the same.

Arguments: max_appends, how many appends are numbered at most.

Result: bigint, the last position that there is, or -1. If another transaction is numbering, this is the last position before that. In a database that gets its events by a subscription, the positions come with them, and nothing is numbered.

Locks: a transaction-level advisory lock of a private class, which is not waited for; if there was something to number, it is kept to the end of the transaction, and nobody else numbers until then. So let the transaction end at once. RowExclusiveLock on the tables of the feed. Appends wait for none of this. The commit waits for the disk even if synchronous_commit is off: what a consumer has read must not be lost in a crash.

Errors: 40001 the feed was numbered after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004, 22023 for max_appends.';

CREATE FUNCTION @extschema@.azr_feed_wait(
	after bigint,
	timeout interval DEFAULT '10 s'
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed_wait(bigint, interval) IS
'Waits until the feed has a position past after, and numbers what is committed meanwhile, as azr_feed_advance() does. Call it as a transaction of its own: its snapshot holds up VACUUM while it waits.

Arguments: after, the last position that was read, -1 for none. timeout, 0 to 2147483 seconds.

Result: bigint, the last position. The function returns when that is greater than the argument after, or when the timeout has passed. It can also return early with nothing new, and does so in a REPEATABLE READ or SERIALIZABLE transaction, which would see nothing new, and in a transaction that has numbered before. An append wakes it when it has committed; COMMIT PREPARED is noticed within a second. In a read-only transaction, and on a standby, it looks ten times a second and numbers nothing.

Locks: while it waits, a transaction-level advisory lock of a private class that keeps nobody out; otherwise those of azr_feed_advance(), so nobody else numbers until a transaction has ended in which it has: do not leave one open. A role that must not call azr_feed_advance() numbers only in a statement that is a transaction of its own; in a transaction block it waits for others to number.

Errors: ZR009 as azr_feed(); 40001 as azr_feed_advance(); 22004, 22023 for after and timeout.';

CREATE FUNCTION @extschema@.azr_feed_status() RETURNS @extschema@.azr_feed_status
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed_status() IS
'How far the feed is numbered, and what is not numbered yet since it is not committed.

Result: one row (head, epoch, in_flight, oldest_in_flight, oldest_pid, batches). in_flight counts appends as of the last numbering. oldest_in_flight and oldest_pid are of the transaction that began first of those that are writing events, or that have numbered the feed and keep others from it; they are NULL if there is none, and on a standby. A prepared transaction has no process: then oldest_pid is NULL. A transaction that writes events holds up its own events only.

Locks: AccessShareLock on the tables.';
