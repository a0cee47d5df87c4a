-- Slots: which there are, who owns them, and what changes that

CREATE FUNCTION @extschema@.azr_slot(root uuid) RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot(uuid) IS
'The slot of a root: the CRC-32 of its 16 bytes, as in zlib, modulo 1024. It is the same in every client and database, and the same for all domains and editions.

Arguments: root.

Result: integer, 0 to 1023; NULL for NULL. Takes no locks.';

CREATE TABLE @extschema@.azr_slot_owners (
	slot integer NOT NULL,
	this_node boolean NOT NULL,
	receiving boolean NOT NULL,
	leftover boolean NOT NULL,
	node text COLLATE "C" NOT NULL,
	moving_to text COLLATE "C",
	CONSTRAINT azr_slot_owners_pkey PRIMARY KEY (slot),
	CONSTRAINT azr_slot_owners_slot_check CHECK (slot OPERATOR(pg_catalog.>=) 0 AND slot OPERATOR(pg_catalog.<) 1024)
);

COMMENT ON TABLE @extschema@.azr_slot_owners IS
'Which node owns which slot, as azr_own_slots() was told. Without any row, all slots are this node''s. azr_slots() shows it.';

COMMENT ON COLUMN @extschema@.azr_slot_owners.receiving IS
'Whether what another node has of the slot is being copied here: azr_slot_receive().';
COMMENT ON COLUMN @extschema@.azr_slot_owners.leftover IS
'Whether streams of the slot may still be here after it has moved to another node, or after a move to here was given up: azr_slot_drop() deletes them.';
COMMENT ON COLUMN @extschema@.azr_slot_owners.moving_to IS
'The node that the slot is about to go to, if it is frozen: azr_slot_freeze().';

CREATE TRIGGER azr_slots_changed AFTER INSERT OR UPDATE OR DELETE ON @extschema@.azr_slot_owners
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_table_changed();
CREATE TRIGGER azr_slots_truncated AFTER TRUNCATE ON @extschema@.azr_slot_owners
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_table_changed();

-- ALWAYS: session_replication_role = replica switches off other triggers.
ALTER TABLE @extschema@.azr_slot_owners ENABLE ALWAYS TRIGGER azr_slots_changed;
ALTER TABLE @extschema@.azr_slot_owners ENABLE ALWAYS TRIGGER azr_slots_truncated;

ALTER TABLE @extschema@.azr_slot_owners OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_slot_owners', '');

CREATE FUNCTION @extschema@.azr_own_slots(
	node text,
	slots int4multirange,
	this_node boolean DEFAULT true
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_own_slots(text, int4multirange, boolean) IS
'Says which node owns slots. Other slots stay as they are. Before the first call, this node owns all slots; from then on, it owns those that were said to be its own, and calls for streams of other slots fail with ZR013.

Arguments: node, the name of a node, 1 to 255 bytes. slots, 0 to 1023, for instance {[0,511]}, not empty. this_node, true if this database is that node, false to say which slots another node owns.

A slot in which this node has streams can be given to another node only once azr_slot_freeze() was called for that node. Then calls for its streams fail here, and azr_slot_drop() deletes what is left. A frozen slot that is given to this node again is no longer frozen. A slot that is being received is given to this node when all of it is here; given to another node, it is no longer received, and what came is left over.

Result: none.

Locks: AccessExclusiveLock on azr_streams, to the end of the transaction. It waits for all transactions that have used streams, and holds up new ones meanwhile: set lock_timeout.

Errors: 55000 this node would lose a slot in which it has streams and that is not frozen for that node, or would get one of which something is left over, or has another name, or node is the name of the other kind; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if a slot has changed hands after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE TYPE @extschema@.azr_slot_owner AS (
	slot integer,
	node text,
	state text,
	moving_to text
);

COMMENT ON TYPE @extschema@.azr_slot_owner IS
'Who owns a slot. state: own, this node does; frozen, this node does, but nobody writes to its streams, since it is about to go to the node moving_to; foreign, another node does; receiving, another node does, and its streams are being copied here; leftover, another node does, and what is here of it from before a move, or from one that was given up, is to be deleted with azr_slot_drop(); unknown, another node does, but this one was not told which, and node is NULL. moving_to is NULL but for frozen.';

CREATE FUNCTION @extschema@.azr_slots() RETURNS SETOF @extschema@.azr_slot_owner
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1024 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slots() IS
'Which node owns which slot, as this node was told by azr_own_slots().

Result: rows of azr_slot_owner, one for each of the 1024 slots, in their order; none if nothing was said of slots, so that this node owns all of them.

Locks: AccessShareLock on the table.';

CREATE FUNCTION @extschema@.azr_slot_receive(slot integer, node text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_receive(integer, text) IS
'Says that a slot is being copied here from the node that owns it: its state becomes receiving, and azr_slot_import() may store what comes. Calls for its streams fail as before, with the owner in DETAIL. Calling it again changes nothing. It ends with azr_own_slots(), which gives the slot to this node, or to another one if the move is given up.

Arguments: slot, 0 to 1023. node, the name of the node that owns the slot, 1 to 255 bytes.

Result: none.

Locks: ShareUpdateExclusiveLock on azr_streams, to the end of the transaction: it waits for others who change the state of slots, and holds up nobody else.

Errors: 55000 the slot belongs to this node, nothing was said of slots yet, or node is the name of this node; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the slot has changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE FUNCTION @extschema@.azr_slot_freeze(slot integer, node text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot_freeze(integer, text) IS
'Says that a slot of this node is about to go to another one: its state becomes frozen. From the commit on, whatever writes to a stream of it, puts a snapshot or a position, or deletes one, fails with ZR013, and DETAIL names the node that the slot goes to. Reading goes on. azr_delete_edition(), azr_create_edition() with a divergence, and azr_delete_positions() without a root fail as long as any slot is frozen. Calling it again for the same node changes nothing. azr_own_slots() for this node ends it; for the other node, it gives the slot away.

Arguments: slot, 0 to 1023. node, the name of the node that is to own the slot, 1 to 255 bytes.

Result: none.

Locks: AccessExclusiveLock on azr_streams, to the end of the transaction, as azr_own_slots(): all transactions that have used streams have ended then, also prepared ones. Set lock_timeout.

Errors: 55000 the slot is not this node''s or is frozen for another node, nothing was said of slots yet, or node is the name of this node; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the slot has changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';
