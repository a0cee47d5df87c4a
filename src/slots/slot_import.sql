-- azr_slot_import

CREATE FUNCTION @extschema@.azr_slot_import(slot integer, query text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_import(integer, text) IS
'Stores what azr_slot_export() or azr_slot_export_state() of another node has given, for a slot that is being received: see azr_slot_receive().

Arguments: slot, 0 to 1023. query, one query that returns the columns of azr_slot_row, in the order in which they were exported. It runs with the rights of the caller. All of its rows are read before the first one is stored, into a temporary file once they are more than work_mem. The events of one append are in memory together.

An event that is here already is passed over. It must be the same, unless it was erased on one of the two nodes. Events keep all that is stored of them, also the time at which they were created; only their numbers, and their positions in the feed, are this node''s. An append to the main timeline is stored as a whole, and is marked as one that has moved: groups that exist pass over it. A row of kind gone deletes the stream of the edition that it names. A row of kind state deletes all positions and snapshots of the slot, before those that follow take their place; an edition that is registered here keeps what was said here, but gets the protection of the two that is stricter, and must have the same divergence; a domain that has settings here keeps those; an event that was erased on the other node since it came here is erased.

Result: how many rows were stored, or changed something.

Locks: AccessShareLock on azr_streams; an advisory lock of the slot, so that two imports come one after the other; and as azr_append for each stream.

Errors: 55000 the slot is not being received. ZR001 a row does not follow what is here of its stream, or is another event than the one that is here. ZR004 an edition branches off where the main timeline has not come yet, or elsewhere than here, or is registered here with another divergence. ZR007 a position or a snapshot is past the end of its stream. 42804 the query returns other columns. 22004 NULL where there must be a value. 22023 a bad value, a root of another slot, part of an append without the rest, a position or a snapshot that comes twice, or query is not one query. 54000 a payload, its metadata or a state are too large. 27000 a trigger of the owner dropped or kept a row. 25006 read-only transaction or standby. 40001 at REPEATABLE READ and SERIALIZABLE, if a stream has changed after the transaction''s PostgreSQL snapshot. 40P01, 55P03 and 57014 from waiting for a lock. And what the query raises. The context of an error names the row.';
