-- azr_checkpoint, azr_put_checkpoint and azr_checkpoints: what is signed outside of the database

CREATE TYPE @extschema@.azr_filed_checkpoint AS (
	size bigint,
	root_hash bytea,
	sealed_at timestamptz,
	note text
);

COMMENT ON TYPE @extschema@.azr_filed_checkpoint IS
'A size that the log has had, and the root of its tree then. note: the signed note, if one was filed.';

CREATE FUNCTION @extschema@.azr_checkpoint(size bigint DEFAULT NULL) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_checkpoint(bigint) IS
'The checkpoint of the log at a size, as it is to be signed (C2SP tlog-checkpoint): three lines, the log''s name, the size, and the root of the tree in base64.

Arguments: size, 0 to what is sealed, NULL for all of it.

Result: text. It follows from the tiles.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 55000 no evidence is kept; 22023 size is past what is sealed; XX001 tiles are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_put_checkpoint(note text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_checkpoint(text) IS
'Files a signed note of a checkpoint (C2SP signed-note), so that azr_prove() can give it with a proof. Whose signatures it has, and whether they are right, is not looked at: no key is in the database. A note that was filed of the same size is replaced, as by one with more signatures.

Arguments: note.

Result: none.

Locks: the lock of azr_seal(); RowExclusiveLock on azr_evidence_checkpoints.

Errors: ZR011 the note is of another log, of a size that this one does not have, or of another root; 55000 no evidence is kept; 40001 as azr_seal(); 22023 not a signed note; 22004 NULL; 25006 read-only transaction or standby; XX001 tiles are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_checkpoints() RETURNS SETOF @extschema@.azr_filed_checkpoint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_checkpoints() IS
'The sizes that the log has had, ascending, with roots and signed notes.

Result: rows of azr_filed_checkpoint.

Locks: AccessShareLock on azr_evidence_checkpoints.';
