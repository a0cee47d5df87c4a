-- azr_tile, azr_entries and azr_salts: the log as tiles, for monitors that read all of it

CREATE FUNCTION @extschema@.azr_tile(level integer, index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_tile(integer, bigint) IS
'A tile of the log''s tree (C2SP tlog-tiles): up to 256 hashes of 32 bytes. Those of level 0 are the leaves, those of level n + 1 the roots of the full tiles of level n.

Arguments: level, from 0; index, from 0.

Result: bytea. The last tile of a level has fewer hashes, and of these those are the partial tiles that are shorter.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 the tile is damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_entries(index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_entries(bigint) IS
'The entries whose leaves are in a tile of level 0, as a bundle (C2SP tlog-tiles): up to 256, each with its length before it, 2 bytes, big-endian. An entry has no payload, metadata and ids, but a digest of them with a salt, so it tells nobody what they are.

Arguments: index, of the tile, from 0.

Result: bytea. The entries follow from the events as they are stored now. The entry of an event that was deleted here after its slot had moved is empty: its length is 0. Its leaf is still in the tile.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 events are missing, or tables of the evidence damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_salts(index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_salts(bigint) IS
'The salts of the bodies of the events whose leaves are in a tile of level 0: up to 256 of 16 bytes. With its salt, an event''s leaf can be made from its row. Who has a salt and a leaf, and not the event, can try what it was: so give salts to nobody who may not read the events.

Arguments: index, of the tile, from 0.

Result: bytea. The salt of an event that was erased is zeros.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 the salts are damaged: see azr_verify().';
