-- azr_verify

CREATE FUNCTION @extschema@.azr_verify(note text DEFAULT NULL)
RETURNS SETOF @extschema@.azr_problem
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_verify(text) IS
'Checks all sealed events against the log, and the log against its checkpoints and a note that was kept outside of the database. It makes each leaf anew from the event''s row. Whoever can change the tables can change the log to match; what such a person cannot change is a note that has left the database: so give one.

Arguments: note, a checkpoint, signed or not: the log must have had that root at that size. Signatures are not looked at. A note of a name that the log had before counts too.

Result: rows of azr_problem; no rows if all is sound. problem is one of: event_altered, the event is not what was sealed, or its salt is not; event_missing, an event was sealed and is not there any more, or not under that sequence; erased_without_record, the event was emptied by others than azr_erase(); root_differs, tiles, salts, heads or checkpoints of the log are not what follows from the leaves, or the note is not of this log: then what the note vouches for was changed, or an older state restored; not_in_feed, an event that is not sealed yet was stored by hand, and azr_seal() stops at the one after it. An event that was altered is named by itself, not with those after it. Of events that were deleted here after their slot had moved, only the leaves are checked; a NOTICE says how many there are.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, so it can run beside full load, and works on a standby. Reads all sealed events. Memory: about maintenance_work_mem. A NOTICE every 10 seconds says how far it has got.

Errors: 55000 no evidence is kept, and no note is given; 22023 note is not a checkpoint.';
