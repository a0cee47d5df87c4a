-- azr_slot_drop

CREATE FUNCTION @extschema@.azr_slot_drop(slot integer, max_events bigint DEFAULT 10000) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_drop(integer, bigint) IS
'Deletes what is here of a slot that is another node''s: after the slot has moved there, or after a move to this node was given up. Streams go as a whole, with their events, those of editions too, and what is on record of erased ones. The feed keeps its positions: those of the deleted events stay empty. azr_statistics() does not count them any more. Sealed events keep their leaves in the log. The call that finds no stream any more deletes positions and snapshots of the slot, and ends its state leftover.

Arguments: slot, 0 to 1023. max_events, 1 or more: it deletes no further stream when it has deleted so many events. A stream that has more is deleted in one call.

Result: how many events it deleted; 0 when nothing is left. Call it again until then.

Locks: AccessShareLock on azr_streams; an advisory lock of the slot; one that keeps azr_statistics() from counting, for which it waits, to the end of the transaction. If an event of the last batch of the feed is among those that are deleted, nobody else numbers the feed until the transaction ends.

Errors: 55000 the slot is this node''s, or is being received, or nothing is known of its owner; or one of the events has no position in the feed yet (call azr_feed_advance()), a group has not got one of them yet (let it go on, or drop it), one of the streams is parked (call azr_retry()), or evidence is kept and one of the events is not sealed (call azr_seal()). 27000 a trigger of the owner kept rows. 25006 read-only transaction or standby. 40001 at REPEATABLE READ and SERIALIZABLE, if the slot or the feed has changed after the transaction''s PostgreSQL snapshot. 22023 bad value; 22004 NULL; 55P03, 57014, 40P01 from waiting for a lock.';
