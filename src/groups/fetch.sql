-- azr_fetch: the next events of a group

CREATE TYPE @extschema@.azr_fetched_event AS (
	partition integer,
	token uuid,
	"position" bigint,
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

COMMENT ON TYPE @extschema@.azr_fetched_event IS
'An event that a worker of a group gets, as azr_feed_event. partition: of the group, to which the event''s stream belongs. token: by which it is acknowledged, where there is a lease.';

CREATE FUNCTION @extschema@.azr_fetch(
	handler text,
	max_count bigint DEFAULT 500,
	partitions integer DEFAULT 1,
	lease interval DEFAULT NULL
) RETURNS SETOF @extschema@.azr_fetched_event
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 ROWS 500 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_fetch(text, bigint, integer, interval) IS
'Gives a worker of a group the next events, of the partition whose next event comes first in the feed and that no other worker has.

Arguments: handler, the name of the group. max_count, how many rows are given, 1 or more; a few more where several have one position. partitions, from how many partitions, 1 to 4096: the others are those that are furthest behind. One call reads the feed once, however many they are. lease, for how long the worker has the partitions, more than 0; NULL for as long as the transaction.

Result: rows of azr_fetched_event, in the order of the feed. A stream''s events are in order.

Without a lease, each event is given once: COMMIT acknowledges what was given, and ROLLBACK, also to a savepoint, gives it back. A second call in the same transaction goes on. So what the worker does in this database is done exactly once.

With a lease, the transaction is committed at once, and azr_ack() acknowledges events, with the token of their partition. What is not acknowledged when the lease has run out is given again, to who fetches it next.

No row means that there is nothing new, or that other workers have it; then the transaction should end, and the next call be in another one. A call that finds nothing gives positions to what has been committed, as azr_feed_advance() does, so the next call finds that. To wait for events, call azr_feed_wait().

Locks: the rows of the partitions, to the end of the transaction; it waits for no worker. Where it finds nothing, those of azr_feed_advance().

Errors: 42704 there is no such group; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 22008 a lease past the end of time; 27000 a trigger keeps a partition from being moved; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed, or the feed numbered, after the transaction''s snapshot.';
