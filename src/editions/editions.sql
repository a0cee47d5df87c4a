-- azr_create_edition, azr_protect_edition, azr_delete_edition and azr_editions

CREATE FUNCTION @extschema@.azr_create_edition(
	domain text,
	edition text,
	divergence bigint DEFAULT NULL,
	description text DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_create_edition(text, text, bigint, text) IS
'Registers an edition of a domain before its first append.

Arguments: domain and edition, 1 to 255 bytes. divergence, the sequence at which each root diverges whose first append does not say otherwise; a root whose main stream is shorter diverges at the end of that. Snapshots that were put into the edition at or above it are deleted, and positions there are set back below it. description, any text of up to 511 MB.

Result: none.

Locks: a transaction-level advisory lock of a private class on the edition, exclusively, to the end of the transaction: it waits for transactions that are writing to the edition. With a divergence, AccessShareLock on azr_streams.

Errors: ZR002 for the main timeline; ZR013 if divergence is given and a slot of this node is frozen; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 54000 the description is too large; 42710 if the edition exists, by registration or by an append; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_protect_edition(
	domain text,
	edition text,
	protection text
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_protect_edition(text, text, text) IS
'Says what may be done to an edition.

Arguments: domain and edition. protection: open; protected, which refuses deletion; or sealed, which refuses deletion and appends.

Result: none.

Locks: those of azr_create_edition.

Errors: ZR002 for the main timeline; 40001 as azr_create_edition; 42704 if there is no such edition; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_delete_edition(
	domain text,
	edition text
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_delete_edition(text, text) IS
'Deletes an edition of a domain, with its events, snapshots and positions. What it shares with the main timeline, other editions and other domains are left alone. The name can then be used anew.

Arguments: domain and edition.

Result: how many events were deleted; 0 if there is no such edition.

Locks: those of azr_create_edition with a divergence: it waits for transactions that are writing to the edition, and keeps others out until its own transaction ends. Appends to the main timeline and to other editions go on.

Errors: ZR002 for the main timeline; ZR013 if a slot of this node is frozen; ZR003 if the edition is protected or sealed; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE TYPE @extschema@.azr_edition AS (
	domain text,
	edition text,
	divergence bigint,
	protection text,
	description text,
	created_at timestamptz,
	roots bigint,
	events bigint
);

COMMENT ON TYPE @extschema@.azr_edition IS
'An edition of a domain. divergence: the registered one, NULL if there is none. roots and events: those that it owns.';

CREATE FUNCTION @extschema@.azr_editions(
	domain text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_edition
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_editions(text) IS
'The editions that there are, by registration or by an append, in byte order of domain and edition. The main timeline is not one of them.

Arguments: domain, or NULL for all.

Result: rows of azr_edition.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';
