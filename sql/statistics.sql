-- azr_statistics and azr_locks.
\set r1 '00000000-0000-0000-0000-000000000001'
\set r2 '00000000-0000-0000-0000-000000000002'
CREATE VIEW stat AS SELECT domain, streams, events, appends, conflicts, duplicates, merges FROM azr_statistics() WHERE domain LIKE 'stat%';

-- nothing is known of a domain without streams
SELECT * FROM azr_statistics('stat-1');
SELECT azr_append_one('stat-1', NULL, :'r1', 3, 'T', '');
SELECT * FROM azr_append('stat-1', NULL, :'r1', 3, types(1), payloads(1), on_conflict => 'return');
SELECT azr_expect('stat-1', NULL, :'r1', -1);

-- streams, events and appends: what is committed on the main timeline, also if nobody follows the feed
SELECT (azr_append('stat-1', NULL, :'r1', 0, types(3), payloads(3))).outcome;
SELECT azr_append_one('stat-1', NULL, :'r1', 3, 'T', '');
SELECT azr_append_one('stat-1', NULL, :'r2', 0, 'T', '');
SELECT azr_append_one('stat-2', NULL, :'r1', 0, 'T', '');
BEGIN;
SELECT azr_append_one('stat-2', NULL, :'r2', 0, 'T', '');
ROLLBACK;
SELECT azr_append_one('stat-2', 'branch', :'r1', 1, 'T', '');
SELECT azr_append_one('stat-3', 'branch', :'r1', 0, 'T', '');
SELECT * FROM stat;
-- no more if it is called again, and all that came since
SELECT * FROM stat;
SELECT azr_append_one('stat-1', NULL, :'r2', 1, 'T', ''), azr_append_one('stat-1', NULL, :'r2', 2, 'T', '');
SELECT azr_feed_advance() > 0 AS numbered;
SELECT azr_append_one('stat-1', NULL, :'r2', 3, 'T', '');
SELECT * FROM stat;
SELECT sum(events) = azr_feed_head() + 1 AS all_of_the_feed, sum(bytes) BETWEEN 0.999 * pg_total_relation_size('azr_main_events') AND 1.001 * pg_total_relation_size('azr_main_events') AS all_of_the_table
FROM azr_statistics();
SELECT s.domain, s.streams = t.streams AND s.events = t.events AND s.last_append = t.last_append AS as_counted_from_the_rows
FROM azr_statistics() s JOIN (
	SELECT domain, count(DISTINCT root) AS streams, count(*) AS events, max(created_at) AS last_append
	FROM azr_timeline WHERE edition = 'angzarr' GROUP BY 1) t USING (domain)
WHERE s.domain IN ('stat-1', 'stat-2', 'append') ORDER BY 1;
-- one domain
SELECT domain, events FROM azr_statistics('stat-1');
SELECT domain FROM azr_statistics('stat');
SELECT domain FROM azr_statistics('stat-11');
SELECT outcome($$SELECT azr_statistics('')$$);
SELECT outcome($$SELECT azr_statistics(repeat('d', 256))$$);

-- conflicts, duplicates and merges: each call, be it committed or not
SELECT azr_append_one('stat-2', NULL, :'r1', 0, 'T', '');
SELECT outcome FROM azr_append('stat-2', NULL, :'r1', 7, types(1), payloads(1), on_conflict => 'return');
SELECT azr_expect('stat-2', NULL, :'r1', 5);
SELECT azr_append_one('stat-2', NULL, :'r2', 5, 'T', '');
BEGIN;
SELECT azr_append_one('stat-2', NULL, :'r1', 7, 'T', '');
ROLLBACK;
BEGIN;
SELECT azr_append_one('stat-2', NULL, :'r1', 1, 'T', '', external_id => 'repeated');
SELECT azr_append_one('stat-2', NULL, :'r1', 1, 'T', '', external_id => 'repeated');
ROLLBACK;
SELECT outcome FROM azr_append_commutative('stat-2', NULL, :'r2', 0, types(1), payloads(1), 'application/json', '{"a": 1}');
SELECT outcome FROM azr_append_commutative('stat-2', NULL, :'r2', 1, types(1), payloads(1), 'application/json', '{"a": 1, "b": 1}');
SELECT outcome FROM azr_append_commutative('stat-2', NULL, :'r2', 1, types(1), payloads(1), 'application/json', '{"a": 2}');
SELECT outcome FROM azr_append_commutative('stat-2', NULL, :'r2', 1, types(1), payloads(1), 'application/json', '{"a": 1, "b": 2}');
SELECT azr_append_one('stat-3', 'branch', :'r1', 0, 'T', '');
SELECT pg_stat_force_next_flush();
SELECT * FROM stat;

-- a transaction that cannot store what it counts shows what was counted before
SELECT azr_append_one('stat-1', NULL, :'r2', 4, 'T', '');
BEGIN READ ONLY;
SELECT * FROM stat WHERE domain = 'stat-1';
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM stat WHERE domain = 'stat-1';
COMMIT;
-- counting is of the transaction
BEGIN;
SELECT * FROM stat WHERE domain = 'stat-1';
SELECT kind, mode, granted FROM azr_locks() ORDER BY kind;
ROLLBACK;
SELECT * FROM stat WHERE domain = 'stat-1';
SELECT kind FROM azr_locks();
-- or begins again
DELETE FROM azr_domain_counts;
SELECT domain, streams, events, appends FROM stat;
SELECT sum(events) = azr_feed_head() + 1 AS all_of_the_feed FROM azr_statistics();

-- The feed, a batch at a time: the last one grows, and what was pending comes later with a lower
-- ticket.
CREATE PROCEDURE grow(rounds int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. rounds LOOP
		PERFORM azr_append('stat-4', NULL, azr_root('stat-4', (i % 7 * j)::text), NULL, types(1 + j % 3), payloads(1 + j % 3)) FROM generate_series(1, i % 90) j;
		COMMIT;
		IF i % 3 = 0 THEN
			PERFORM azr_feed_advance(i % 5 * 40);
			COMMIT;
		END IF;
		PERFORM azr_statistics(NULL);
		COMMIT;
	END LOOP;
END $$;
CALL grow(100);
SELECT s.streams = t.streams AND s.events = t.events AND s.appends = t.appends AS as_in_the_rows
FROM azr_statistics('stat-4') s, (
	SELECT count(DISTINCT stream_id) AS streams, count(*) AS events, count(ticket) AS appends
	FROM azr_main_events WHERE stream_id IN (SELECT stream_id FROM azr_streams WHERE domain = 'stat-4')) t;
SELECT sum(events) = azr_feed_head() + 1 AS all_of_the_feed FROM azr_statistics();

-- locks
BEGIN;
SELECT azr_append_one('stat-1', NULL, :'r1', NULL, 'T', '');
SELECT azr_append_one('stat-1', 'branch', :'r1', NULL, 'T', '');
SELECT azr_append_one('stat-1', NULL, azr_root('stat-1', 'new'), 0, 'T', '', NULL) IS NOT NULL;
SELECT (azr_append('stat-1', NULL, :'r2', NULL, types(1), payloads(1), cascade_id => 'stat', committed => false)).outcome;
SELECT pg_advisory_xact_lock(1), pg_advisory_xact_lock(1, 2);
SELECT kind, domain, edition, root, mode, granted, waiting_since, pid = pg_backend_pid() AS own,
	key = (SELECT stream_id FROM azr_streams s WHERE (s.domain, s.edition, s.root) = (l.domain, l.edition, l.root)) AS is_number
FROM azr_locks() l ORDER BY kind COLLATE "C", root;
ROLLBACK;
DROP PROCEDURE grow;
DROP VIEW stat;
