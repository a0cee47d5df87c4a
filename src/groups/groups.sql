-- Which groups of workers there are.

CREATE FUNCTION @extschema@.azr_group_create(
	handler text,
	partitions integer DEFAULT 8,
	after bigint DEFAULT -1,
	domains text[] DEFAULT NULL,
	types text[] DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_group_create(text, integer, bigint, text[], text[]) IS
'Creates a group: a handler with any number of workers, which share the events of the feed by azr_fetch(). They get what is effective, as azr_feed() with effective => true gives it.

Arguments: handler, 1 to 255 bytes, names the group; positions that azr_put_position() records for the same name have nothing to do with it. partitions, 1 to 4096, how many workers can have events at one time: each stream belongs to one partition. It cannot be changed later. after, the last position that the group does not get, -1 to begin with the first one. domains and types, of which an event must be one of each, NULL for all.

Locks: RowExclusiveLock on the tables. It waits for a transaction that creates or drops a group of the same name.

Errors: 42710 the group exists already; ZR009 there is no position after; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; at REPEATABLE READ and SERIALIZABLE 40001 if another transaction has created or dropped it meanwhile.';

CREATE FUNCTION @extschema@.azr_group_drop(
	handler text
) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_group_drop(text) IS
'Drops a group, with its positions and what it has parked.

Arguments: handler, the name of the group.

Result: whether there was one.

Locks: the rows of its partitions, to the end of the transaction. It waits for its workers.

Errors: 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_group_seek(
	handler text,
	after bigint
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_group_seek(text, bigint) IS
'Sets a group to a position of the feed, back or forward, so that it gets what comes after that. All leases end, and nothing is parked any more.

Arguments: handler, the name of the group. after, the last position that the group does not get, -1 to begin with the first one.

Locks: the rows of its partitions, to the end of the transaction. It waits for its workers. A worker that has a lease finds out by azr_ack().

Errors: 42704 there is no such group; ZR009 there is no position after; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE TYPE @extschema@.azr_group_state AS (
	handler text,
	partition integer,
	"position" bigint,
	head bigint,
	behind bigint,
	oldest interval,
	leased_until timestamptz,
	parked bigint
);

COMMENT ON TYPE @extschema@.azr_group_state IS
'How far a partition of a group has come. position: what comes before it, and it itself, is done with. head: the last position of the feed. behind: how many positions lie between, whether or not they have events for the partition; up to 100 that have none are passed over only now and then. oldest: how long ago the event after position was created. leased_until: NULL if the partition is not leased; the lease may have run out. parked: how many streams are parked.';

CREATE FUNCTION @extschema@.azr_groups(
	handler text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_group_state
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_groups(text) IS
'How far groups have come.

Arguments: handler, the name of a group, NULL for all.

Result: rows of azr_group_state, by handler and partition. By the caller''s snapshot; works on a standby.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';
