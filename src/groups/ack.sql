-- azr_ack: acknowledging events of a partition that is leased

CREATE FUNCTION @extschema@.azr_ack(
	handler text,
	partition integer,
	token uuid,
	"position" bigint
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_ack(text, integer, uuid, bigint) IS
'Acknowledges events that azr_fetch() gave with a lease. When all of them are acknowledged, the lease has ended.

Arguments: handler, the name of the group. partition and token, as azr_fetch() gave them. position, up to which the events are handled: not before what is acknowledged already, and not after what was given. To acknowledge the same once more changes nothing, so a call whose answer was lost can be repeated.

A lease that has run out can still be acknowledged until the partition is given to another worker, or azr_retry() ends the lease. The next azr_fetch() that takes the partition gives again what was not acknowledged by then.

Locks: the row of the partition, to the end of the transaction. It waits for a worker that is taking the partition.

Errors: ZR010 the partition was given to another worker, azr_retry() has ended the lease, or azr_group_seek() has moved the group: what is not acknowledged is given again; 42704 there is no such group; 22023 a position or partition out of range, or a bad value; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps the partition from being moved; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';
