-- Slots: azr_slot, azr_own_slots, azr_slots, and where it is kept who owns which

CREATE FUNCTION @extschema@.azr_slot(root uuid) RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slot(uuid) IS
'The slot of a root: the CRC-32 of its 16 bytes, as in zlib, modulo 1024. It is the same in every client and database, and the same for all domains and editions.

Arguments: root.

Result: integer, 0 to 1023; NULL for NULL. Takes no locks.';

CREATE TABLE @extschema@.azr_slot_owners (
	slot integer NOT NULL,
	this_node boolean NOT NULL,
	node text COLLATE "C" NOT NULL,
	CONSTRAINT azr_slot_owners_pkey PRIMARY KEY (slot),
	CONSTRAINT azr_slot_owners_slot_check CHECK (slot OPERATOR(pg_catalog.>=) 0 AND slot OPERATOR(pg_catalog.<) 1024)
);

COMMENT ON TABLE @extschema@.azr_slot_owners IS
'Which node owns which slot, as azr_own_slots() was told. Without any row, all slots are this node''s. azr_slots() shows it.';

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

Result: none.

Locks: AccessExclusiveLock on azr_streams, to the end of the transaction. It waits for all transactions that have used streams, and holds up new ones meanwhile: set lock_timeout.

Errors: 55000 this node would lose a slot in which it has streams, or has another name, or node is the name of the other kind; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if a slot has changed hands after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE TYPE @extschema@.azr_slot_owner AS (
	slot integer,
	node text,
	state text
);

COMMENT ON TYPE @extschema@.azr_slot_owner IS
'Who owns a slot. state: own, this node does; foreign, another node does; unknown, another node does, but this one was not told which, and node is NULL.';

CREATE FUNCTION @extschema@.azr_slots() RETURNS SETOF @extschema@.azr_slot_owner
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1024 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_slots() IS
'Which node owns which slot, as this node was told by azr_own_slots().

Result: rows of azr_slot_owner, one for each of the 1024 slots, in their order; none if nothing was said of slots, so that this node owns all of them.

Locks: AccessShareLock on the table.';
