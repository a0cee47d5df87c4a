-- Events that cannot be handled now, and what comes after them in their streams

CREATE FUNCTION @extschema@.azr_park(
	handler text,
	"position" bigint,
	reason text
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_park(text, bigint, text) IS
'Parks an event that a group cannot handle now: azr_fetch() gives it, and the later events of its stream, to no worker of the group any more, until azr_retry() has given them. Other streams go on.

A worker parks the event in the transaction that fetched it, after it has rolled back to a savepoint what it did for it, or with a lease before it acknowledges the event. It must itself pass over the later events of that stream that it was given already: azr_retry() gives them too.

Arguments: handler, the name of the group. position, of the event. reason, any text, to be read by people; it becomes empty when an event of the stream is erased. A stream that is parked already stays parked from the event that comes first, with the new reason.

Locks: the row of the stream''s partition, to the end of the transaction. It waits for a worker that has the partition, unless that is the same transaction.

Errors: 42704 there is no such group; ZR009 there is no such position; 22023 an event of a domain that the group does not get, or one that was deleted here after its slot had moved, or a bad value; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps it from being stored; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE TYPE @extschema@.azr_parked_event AS (
	handler text,
	domain text,
	root uuid,
	"position" bigint,
	sequence bigint,
	parked_at timestamptz,
	reason text,
	waiting bigint
);

COMMENT ON TYPE @extschema@.azr_parked_event IS
'An event that a group has parked. waiting: how many events its stream has from this one on, of whatever type, all of which wait.';

CREATE FUNCTION @extschema@.azr_parked(
	handler text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_parked_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_parked(text) IS
'What groups have parked: for each stream, the event that it is parked at.

Arguments: handler, the name of a group, NULL for all.

Result: rows of azr_parked_event, by handler; what is parked for longest comes first. By the caller''s snapshot; works on a standby.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_retry(
	handler text,
	domain text DEFAULT NULL,
	root uuid DEFAULT NULL,
	max_count bigint DEFAULT 500
) RETURNS SETOF @extschema@.azr_feed_event
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_retry(text, text, uuid, bigint) IS
'Gives events that a group has held back since azr_park(), to be handled in this transaction. When it commits, their streams go on: azr_fetch() gives what comes after them. A ROLLBACK leaves them parked. An event that cannot be handled this time either is parked again, by azr_park() in the same transaction, and then the later ones of its stream must be passed over.

Arguments: handler, the name of the group. domain and root, to retry just that stream, or all of a domain; NULL for all streams. max_count, how many rows are given, 1 or more; a few more where several have one position. A stream that has more stays parked from the next one on.

Result: rows of azr_feed_event, one stream after the other, the one that is parked for longest first; each stream''s in order. A stream that was parked in a batch with a lease is retried only when the batch is acknowledged up to the event before the parked one. If the lease has run out before that, it ends, and azr_fetch() gives the batch again, with that stream. No row means that nothing is parked, or nothing that could be given now.

Locks: the rows of the streams'' partitions, to the end of the transaction, so no worker gets events of these meanwhile. It passes over streams whose partitions others have locked; if that is so for all of them, it waits for the first one.

Errors: 42704 there is no such group; 22023 bad value, or a root without a domain; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps it from being stored; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';
