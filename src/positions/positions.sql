-- The position store: how far each handler has read each stream.

-- Keyed by names, since a position may be recorded for a stream without events.
-- Room on each page lets updates stay there (HOT), without index entries.
CREATE TABLE @extschema@.azr_positions (
	sequence bigint NOT NULL,
	root uuid NOT NULL,
	handler text COLLATE "C" NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	CONSTRAINT azr_positions_pkey PRIMARY KEY (handler, domain, edition, root)
) WITH (fillfactor = 80);

-- When a stream begins, positions in it are looked for.
CREATE INDEX azr_positions_root_idx ON @extschema@.azr_positions (root);

COMMENT ON TABLE @extschema@.azr_positions IS
'The last sequence that each handler has handled of each stream. Written by azr_put_position() and azr_put_positions().';

ALTER TABLE @extschema@.azr_positions OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_positions', '');

CREATE TYPE @extschema@.azr_position_result AS (
	"position" bigint,
	moved boolean
);

COMMENT ON TYPE @extschema@.azr_position_result IS
'What azr_put_position did. position: the one now in force. moved: whether this call moved it there.';

CREATE FUNCTION @extschema@.azr_put_position(
	handler text,
	domain text,
	edition text,
	root uuid,
	sequence bigint
) RETURNS @extschema@.azr_position_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_position(text, text, text, uuid, bigint) IS
'Records that a handler has handled a stream up to a sequence. A position only goes forward: a lower one changes nothing, and is no error.

Arguments: handler, 1 to 255 bytes. domain, edition and root name the stream. sequence, 0 or more: the last event that the handler has handled. In a stream without events, any sequence will do; when the stream gets its first events, a position past the last of them is deleted. In an edition, positions at or above a stream''s divergence are set back below it when its first event fixes that; where azr_create_edition has fixed it, a stream without own events has none there.

Result: a row of azr_position_result. position, the one now in force. moved, whether this call moved it: of two workers that put the same position at once, the second waits, and moved is false for it. It must then undo what it did for these events.

Locks: the row of the position, to the end of the transaction; for a named edition, its advisory lock of a private class, shared. Where the stream, or the one on the main timeline that an edition reads, has no events yet, it waits for a transaction that is appending the first ones, and such a transaction waits for it.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR007 past the last event of a stream that has events, or at or above the divergence that azr_create_edition fixed for a stream without own events; 25006 read-only transaction or standby; 40001 the stream''s first events came while the position was recorded; at REPEATABLE READ and SERIALIZABLE also where the position has changed after the transaction''s snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_put_positions(
	handler text,
	domain text,
	edition text,
	roots uuid[],
	sequences bigint[]
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_put_positions(text, text, text, uuid[], bigint[]) IS
'Records the positions of a handler in many streams of a domain, all or none: a checkpoint.

Arguments: handler, domain and edition, as azr_put_position. roots and sequences, of one dimension and equal length, without NULL elements; if a root appears twice, its highest sequence wins.

Result: how many positions moved. Those that were as far already did not.

Locks: those of azr_put_position, in the order of the roots, so that two calls never deadlock each other.

Errors: those of azr_put_position; 2202E arrays of the wrong shape.';

CREATE FUNCTION @extschema@.azr_get_position(
	handler text,
	domain text,
	edition text,
	root uuid
) RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_get_position(text, text, text, uuid) IS
'The position of a handler in a stream, by the caller''s snapshot.

Arguments: handler, domain, edition and root.

Result: bigint, NULL if none was ever recorded.

Locks: AccessShareLock on azr_positions.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_delete_positions(
	handler text,
	domain text DEFAULT NULL,
	edition text DEFAULT NULL,
	root uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_delete_positions(text, text, text, uuid) IS
'Deletes positions of a handler, so that it reads from the start again. There is no other way back.

Arguments: handler. domain, or NULL for all positions of the handler in all editions; then edition and root must be NULL too. edition of that domain, NULL or '''' for the main timeline. root, or NULL for all roots.

Result: how many positions were deleted.

Locks: the rows, to the end of the transaction; for a named edition, its advisory lock, shared, as azr_put_position; AccessShareLock on azr_streams.

Errors: ZR013 the stream''s slot is another node''s, or frozen, or without a root, a slot of this node is frozen; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value, or an edition or root without a domain.';
