-- azr_publication

CREATE FUNCTION @extschema@.azr_publication(name text DEFAULT 'angzarr') RETURNS SETOF @extschema@.azr_change
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_publication(text) IS
'Makes a publication for logical replication. It has what another database with the extension needs as a store to read from, or to switch over to: events, streams, event types, registered editions, settings of domains, owners of slots, positions, latest snapshots, the feed and the evidence. A publication that exists is brought up to date: what is missing is added, and the history of snapshots is taken out. Other tables in it stay.

The history of snapshots is a cache and is not published: azr_maintain makes and drops its partitions on each side for itself, so a table on one side may have no counterpart on the other.

Arguments: name of the publication, 1 to 63 bytes.

Result: rows of azr_change: created, the publication; changed, what it publishes; added or removed, a table. No rows if it was up to date.

Locks: ShareUpdateExclusiveLock on the tables that are added or removed, to the end of the transaction. It is made by the tables'' owner, who needs CREATE on the database.

Errors: 25006 read-only transaction or standby; 42501 the tables'' owner has no CREATE on the database, or the publication is another''s; 55000 the publication is one of all tables, or of all in the extension''s schema; 22004 NULL; 22023 bad value.';
