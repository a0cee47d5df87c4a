-- azr_feed in FROM reads events as they are asked for: a scan of its own, which gives what the
-- function gives everywhere else.
\set VERBOSITY terse
\set r '00000000-0000-0000-0000-000000000001'
SELECT azr_feed_advance(9223372036854775807) >= -1 AS numbered;
SELECT azr_feed_head() AS h \gset
-- appends of one event and of several, in several domains
SELECT count((azr_append('feed.scan.' || i % 3, NULL, azr_root('feed.scan', (i % 7)::text), NULL, types(1 + i % 4), payloads(1 + i % 4),
	correlation_id => CASE WHEN i % 2 = 0 THEN 'feed.scan' END)).next_sequence) FROM generate_series(1, 60) i;
SELECT azr_feed_advance(25) - :h AS head;
-- a cascade that is confirmed, one that is revoked, and one that is open
SELECT next_sequence FROM azr_append('feed.scan', NULL, :'r', 0, types(3), payloads(3), committed => false, cascade_id => 'feed.scan.1');
SELECT next_sequence FROM azr_append('feed.scan', NULL, :'r', 3, types(2), payloads(2), committed => false, cascade_id => 'feed.scan.2');
SELECT next_sequence FROM azr_append('feed.scan', NULL, :'r', 5, types(1), payloads(1), committed => false, cascade_id => 'feed.scan.3');
SELECT azr_confirm_cascade('feed.scan.1'), azr_revoke_cascade('feed.scan.2', 'no');
SELECT next_sequence FROM azr_append('feed.scan', NULL, :'r', NULL, types(2), payloads(2));
SELECT azr_feed_advance() - :h AS head;

-- what is planned
EXPLAIN (COSTS off) SELECT * FROM azr_feed();
EXPLAIN (COSTS off, VERBOSE) SELECT sequence FROM azr_feed(5, 7, domains => '{a,b}') f WHERE f.type <> 'x' LIMIT 2;
EXPLAIN (COSTS off) SELECT f.sequence FROM generate_series(1, 5) i, azr_feed(i, 10) f LIMIT 1;
EXPLAIN (COSTS off) SELECT f FROM azr_feed() f;
EXPLAIN (COSTS off) SELECT * FROM azr_feed() WITH ORDINALITY;
EXPLAIN (COSTS off) SELECT * FROM ROWS FROM (azr_feed(), generate_series(1, 3));
EXPLAIN (COSTS off) SELECT * FROM azr_feed((random() * 5)::bigint);
EXPLAIN (COSTS off) SELECT azr_feed();
CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT * FROM ' || query INTO plan;
	RETURN concat(plan -> 0 -> 'Plan' ->> 'Node Type', ' ', plan -> 0 -> 'Plan' ->> 'Plan Rows');
END
$$;
SELECT args, rows_of('azr_feed(' || args || ')')
FROM unnest(ARRAY['', '5, 25', '5, 0', '-1, 9223372036854775807', '-1, NULL', '-1, (SELECT 5)', '5, -1']) args;

-- the same events in the same order, by both ways
CREATE FUNCTION differences(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE scanned text; called text; n int;
BEGIN
	EXECUTE format('SELECT count(*), string_agg(ROW(position, domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed)::text, E''\n'') FROM azr_feed(%s)', args) INTO n, scanned;
	EXECUTE format('SELECT string_agg(f::text, E''\n'') FROM azr_feed(%s) f', args) INTO called;
	RETURN n || CASE WHEN scanned IS DISTINCT FROM called THEN ' different' ELSE ' the same' END;
END
$$;
SELECT args, differences(replace(args, '%h', :'h')) FROM unnest(ARRAY[
	'%h, NULL',
	'%h + 3, 50',
	'%h + 149, 5',
	'%h, NULL, effective => true',
	'%h + 150, 12, effective => true',
	'%h, NULL, ARRAY[''feed.scan.1'', ''feed.scan'']',
	'%h, NULL, ARRAY[''feed.scan.1''], ARRAY[''T2'', ''T4'']',
	'%h, NULL, types => ARRAY[''T3''], effective => true',
	'%h, NULL, types => ARRAY[''no type'']',
	'%h, 0',
	'azr_feed_head()']) args;
SELECT string_agg(position - :h || ' ' || sequence || ' ' || type, ', ') FROM azr_feed(:h + 149, 20, effective => true);

-- again and again, by other arguments each time
SET enable_material = off;
SET enable_memoize = off;
SELECT i, (SELECT string_agg(position - :h || ' ' || domain, ', ') FROM azr_feed(:h + i, i)) FROM generate_series(0, 4) i;
SELECT i, string_agg(f.position - :h || ' ' || f.type, ', ' ORDER BY f.position)
FROM generate_series(1, 3) i LEFT JOIN LATERAL (SELECT * FROM azr_feed(:h + i, 30, ARRAY['feed.scan.' || i, 'feed.scan.0'], ARRAY['T' || i + 1]) LIMIT 3) f ON true GROUP BY i ORDER BY i;
-- one inside the other
SELECT count(*), bool_and(b.position = a.position + 1 AND (a.domain, a.root) IS DISTINCT FROM (b.domain, b.root) OR b.sequence > a.sequence)
FROM azr_feed(:h, 80) a, azr_feed(a.position, 1) b;
SELECT count(*) FROM azr_feed(:h, 40, effective => true) a, azr_feed(:h + 100, 80, effective => true) b WHERE a.type = b.type;
RESET ALL;

-- no more is read than is asked for: what comes after the first events is damaged
\set VERBOSITY sqlstate
BEGIN;
ALTER TABLE azr_main_events DISABLE TRIGGER USER;
DELETE FROM azr_main_events WHERE ticket = (SELECT max(tickets[array_upper(tickets, 1)]) FROM azr_feed_batches);
SELECT position - :h AS position, type FROM azr_feed(:h, NULL) LIMIT 2;
DECLARE c CURSOR FOR SELECT position - :h AS position, type FROM azr_feed(:h, NULL);
FETCH 2 FROM c;
SAVEPOINT s;
SELECT count(f) FROM azr_feed(:h, NULL) f;
ROLLBACK TO s;
FETCH 1 FROM c;
MOVE FORWARD ALL IN c;
ROLLBACK;
\set VERBOSITY terse

-- what is numbered later is not seen, nor what is appended; cursors of all kinds
BEGIN;
DECLARE c CURSOR FOR SELECT position - :h AS position, type FROM azr_feed(:h + 158, NULL);
FETCH 1 FROM c;
SELECT next_sequence FROM azr_append('feed.scan', NULL, :'r', NULL, types(1), payloads(1));
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT position - :h AS position, type FROM azr_feed(:h + 158, NULL);
DECLARE started CURSOR FOR SELECT position - :h AS position, type FROM azr_feed(:h + 158, NULL);
FETCH 1 FROM started;
SELECT azr_feed_advance() - :h AS head;
FETCH ALL FROM started;
FETCH ALL FROM c;
DECLARE s SCROLL CURSOR FOR SELECT position - :h AS position FROM azr_feed(:h, 5);
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH ABSOLUTE 2 FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT position - :h AS position FROM azr_feed(:h, 3);
FETCH FROM h;
DECLARE u CURSOR FOR SELECT position - :h AS position FROM azr_feed(:h, 5);
SAVEPOINT p;
FETCH FROM u;
ROLLBACK TO p;
FETCH FROM u;
ROLLBACK TO p;
DECLARE n CURSOR FOR SELECT position - :h AS position FROM azr_feed(:h, 5, effective => true);
FETCH FROM n;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
-- a loop that appends, numbers and commits
DO $$
DECLARE e record; n int := 0; head bigint := azr_feed_head();
BEGIN
	FOR e IN SELECT sequence FROM azr_feed(head - 3, NULL) LOOP
		PERFORM azr_append('feed.scan', NULL, azr_root('feed.scan', 'loop'), NULL, ARRAY['more'], ARRAY['']::bytea[]);
		PERFORM azr_feed_advance();
		COMMIT;
		n := n + 1;
	END LOOP;
	RAISE NOTICE '% of %', n, azr_feed_head() - head + 3;
END
$$;

-- a plan for all arguments, and errors
SET plan_cache_mode = force_generic_plan;
PREPARE feed(bigint, bigint, text[]) AS SELECT count(*), max(type) FROM azr_feed($1 + 0, $2, $3);
EXPLAIN (COSTS off) EXECUTE feed(1, 2, NULL);
EXECUTE feed(:h, 5, NULL);
EXECUTE feed(NULL, 5, NULL);
EXECUTE feed(-2, 5, NULL);
EXECUTE feed(:h, -5, NULL);
EXECUTE feed(:h, 5, '{NULL}');
EXECUTE feed(9223372036854775807, 5, NULL);
EXECUTE feed(:h, 20, '{feed.scan.1}');
RESET plan_cache_mode;
\c
-- also the first query of a session
EXPLAIN (COSTS off) SELECT position FROM azr_feed();
-- who must not call it must not scan it
CREATE ROLE feed_scan_nobody;
SET ROLE feed_scan_nobody;
SELECT count(*) FROM azr_feed();
RESET ROLE;
DROP ROLE feed_scan_nobody;
-- with other tables' rows locked, the planner needs the row as a whole
CREATE TABLE scanned (after bigint);
INSERT INTO scanned VALUES (:h);
EXPLAIN (COSTS off) SELECT f.type FROM scanned t, azr_feed(t.after, 2) f FOR UPDATE OF t;
SELECT f.type FROM scanned t, azr_feed(t.after, 2) f FOR UPDATE OF t;
UPDATE scanned t SET after = f.position FROM azr_feed(:h, 1) f RETURNING after - :h AS after;
DROP TABLE scanned;
DROP FUNCTION differences, rows_of;
