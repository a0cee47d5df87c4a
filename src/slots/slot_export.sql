-- azr_slot_ends, azr_slot_export and azr_slot_export_state

CREATE FUNCTION @extschema@.azr_slot_ends(slot integer) RETURNS SETOF @extschema@.azr_slot_end
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_ends(integer) IS
'The streams of a slot that are here, whoever owns it, and how far they go: what azr_slot_export() of another node is to leave out.

Arguments: slot, 0 to 1023.

Result: rows of azr_slot_end, in no order. By the caller''s snapshot. It reads all of azr_streams, unless there is an index on azr_slot(root).

Locks: AccessShareLock on the tables.

Errors: 22023 bad value; 22004 NULL.';

CREATE FUNCTION @extschema@.azr_slot_export(
	slot integer,
	have @extschema@.azr_slot_end[] DEFAULT NULL,
	max_rows bigint DEFAULT 10000
) RETURNS SETOF @extschema@.azr_slot_row
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_export(integer, @extschema@.azr_slot_end[], bigint) IS
'The events of a slot that another node lacks, in the order in which azr_slot_import() is to store them there: stream by stream, those of the main timeline before editions of the same root, appends as a whole. Before them come rows of kind gone, for streams of editions that the other node has and this one has no more. It works for slots in any state, and for sealed editions.

Arguments: slot, 0 to 1023. have, what azr_slot_ends() says on the other node; what is not in it is exported from its first event. NULL or an empty array for nothing. max_rows, 1 or more: it ends at the end of the append that reaches it, or that reaches 64 MB, so it may give more rows, or fewer.

Result: rows of azr_slot_row; none if the other node has all events. By the caller''s snapshot.

Locks: AccessShareLock on the tables.

Errors: 55000 the other node has a stream of the main timeline, or an event, that this one lacks; 22023 bad value; 22004 NULL.';

CREATE FUNCTION @extschema@.azr_slot_export_state(slot integer) RETURNS SETOF @extschema@.azr_slot_row
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_export_state(integer) IS
'What is kept for the streams of a slot beside their events, as a whole: settings of their domains, registered editions of these, what was erased, positions of handlers, and snapshots with their history. It is exported once, when the slot is frozen and the other node has all events.

Arguments: slot, 0 to 1023.

Result: rows of azr_slot_row, the first of which is of kind state. By the caller''s snapshot. It reads all positions and snapshots of this node.

Locks: AccessShareLock on the tables.

Errors: 55000 the slot is this node''s and is not frozen; 22023 bad value; 22004 NULL.';
