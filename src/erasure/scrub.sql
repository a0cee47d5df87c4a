-- azr_scrub

CREATE TYPE @extschema@.azr_scrubbed AS (
	table_name text,
	pages bigint,
	waiting bigint
);

COMMENT ON TYPE @extschema@.azr_scrubbed IS
'What azr_scrub() has done with a table or an index. pages: on how many pages there were old bytes. waiting: how many pages have what VACUUM has still to remove; of an index, also pages whose bounds have an id, a state or an expression''s value that no row has any more, which REINDEX removes. Both are NULL for a kind of table or index that azr_scrub() does not know: only REINDEX, or VACUUM FULL, cleans that.';

CREATE FUNCTION @extschema@.azr_scrub() RETURNS SETOF @extschema@.azr_scrubbed
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_scrub() IS
'Fills the free space of pages with zeros, in the tables of events, snapshots and the salts of the evidence, in pg_statistic and pg_statistic_ext_data (what ANALYZE has sampled), and in their TOAST tables and indexes. VACUUM leaves the bytes of what it removes there. So, after azr_erase(): ANALYZE if there are ids that went, VACUUM (INDEX_CLEANUP ON) of these tables, azr_scrub(). Only the database''s owner or a superuser can VACUUM pg_statistic and pg_statistic_ext_data; for others, it skips them with a warning. Repeat the last two until no row is waiting: a row that a transaction in progress may still see cannot be removed. Pages that were changed are in the write-ahead log as full images, so standbys are clean once they have replayed it. What the files lost before, at the end of a table or with a dropped one, is the file system''s.

Result: rows of azr_scrubbed; none for a table or index in which there was nothing to do.

Locks: RowExclusiveLock on each table and index, to the end of the transaction, and each page for the time that it takes to look at it. It can run beside full load. It reads all of these tables.

Errors: 25006 read-only transaction or standby.';
