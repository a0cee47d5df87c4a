-- azr_statistics, and where its counts are kept

-- What is counted of each domain. The domain '', which no events can have, is the total of all:
-- its events are the positions of the feed that are counted, the last of which has last_ticket.
-- Rows are updated in place (HOT).
CREATE TABLE @extschema@.azr_domain_counts (
	domain text COLLATE "C" NOT NULL,
	streams bigint NOT NULL,
	events bigint NOT NULL,
	appends bigint NOT NULL,
	weight bigint NOT NULL,
	last_append timestamptz,
	last_ticket bigint,
	CONSTRAINT azr_domain_counts_pkey PRIMARY KEY (domain)
) WITH (fillfactor = 50);

COMMENT ON TABLE @extschema@.azr_domain_counts IS
'What azr_statistics() has counted of the feed, by domain, and in the row with the domain '''' of all. If its rows are deleted, counting begins again at the first event.';
COMMENT ON COLUMN @extschema@.azr_domain_counts.weight IS
'Bytes of the events, by the first event of each append: says which part of the table is the domain''s.';
COMMENT ON COLUMN @extschema@.azr_domain_counts.last_ticket IS
'In the row of all domains: the last ticket that is counted of the last batch of the feed that is.';

ALTER TABLE @extschema@.azr_domain_counts OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_domain_counts', '');

CREATE TYPE @extschema@.azr_domain_statistics AS (
	domain text,
	streams bigint,
	events bigint,
	appends bigint,
	conflicts bigint,
	duplicates bigint,
	merges bigint,
	bytes bigint,
	last_append timestamptz
);

COMMENT ON TYPE @extschema@.azr_domain_statistics IS
'What a domain has, and what has happened to appends there. streams, events, appends: on the main timeline, counted since the store began, exact. conflicts, duplicates, merges: in all editions, counted since the statistics of the server began. bytes: an estimate of the disk space of its events. last_append: the latest created_at of an append''s first event.';

CREATE FUNCTION @extschema@.azr_statistics(
	domain text DEFAULT NULL
) RETURNS SETOF @extschema@.azr_domain_statistics
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_statistics(text) IS
'What each domain has, and what has happened to appends there. It is for monitoring, and can be called every few seconds: it looks only at appends that were added since it was called last. Appends themselves count nothing that succeeds. Call it as a transaction of its own.

Arguments: domain, NULL for all.

Result: rows of azr_domain_statistics, by domain, one for each domain that has streams.

streams, events and appends are exact, and go down only if events are lost, as in a failover that lost some, or deleted by azr_slot_drop(): they count what has a position in the feed, on the main timeline, since the store''s first event. Together, the domains have azr_feed_head() + 1 events, unless counting has not caught up: one call counts 500000 appends at most. What azr_slot_drop() deletes is not counted any more, although its positions stay; on a subscriber, it stays counted. An append of several events, and each part of an import that goes to one stream, counts as one. What has no position yet is numbered first, as azr_feed_wait() does, 100000 appends at most. Events of editions are not in it: see azr_editions().

bytes is an estimate: the domain''s part of the disk space of azr_main_events, with its indexes and TOAST, by the sizes of the first event of each append, as they were when they were counted. The sum over all domains is the size on disk.

last_append is the latest created_at of the first event of an append; callers of azr_append() can set created_at.

conflicts, duplicates and merges count calls in all editions, be they committed or rolled back. conflicts: errors ZR001 and ZR005, and the outcome conflict. duplicates: the outcome duplicate. merges: the outcome merged. They are in PostgreSQL''s cumulative statistics: a session adds its own when it is between transactions, at most once a second. They begin again at 0 after a crash, a restore, pg_upgrade and pg_stat_reset(), and are each server''s own. They are NULL if track_counts is off in this session, and 0 for a domain that had no streams then.

In a read-only transaction, on a standby, and in a REPEATABLE READ or SERIALIZABLE transaction, it shows what others have counted before.

Locks: transaction-level advisory locks of a private class, which are not waited for: one that keeps others from counting, if anything was counted, and that of azr_feed_advance(), if anything was numbered. RowExclusiveLock on azr_domain_counts and on the tables of the feed, AccessShareLock on the others. Appends wait for none of this.

Errors: 22023 bad value.';
