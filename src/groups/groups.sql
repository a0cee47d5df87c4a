-- Which groups of workers there are.

CREATE FUNCTION @extschema@.azr_group_create(
	handler text,
	partitions integer DEFAULT 8,
	after bigint DEFAULT -1,
	domains text[] DEFAULT NULL,
	types text[] DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_group_create(text, integer, bigint, text[], text[]) IS
'Creates a group: a handler with any number of workers, which share the events of the feed by azr_fetch(). They get what is effective, as azr_feed() with effective => true gives it.

Arguments: handler, 1 to 255 bytes, names the group; positions that azr_put_position() records for the same name have nothing to do with it. partitions, 1 to 4096, how many workers can have events at one time: each stream belongs to one partition. It cannot be changed later. after, the last position that the group does not get, -1 to begin with the first one. domains and types, of which an event must be one of each, NULL for all.

Locks: RowExclusiveLock on the tables. It waits for a transaction that creates or drops a group of the same name.

Errors: 42710 the group exists already; ZR009 there is no position after; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; at REPEATABLE READ and SERIALIZABLE 40001 if another transaction has created or dropped it meanwhile.';
