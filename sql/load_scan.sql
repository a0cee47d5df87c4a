-- azr_load in FROM reads events as they are asked for: a scan of its own, which gives
-- what the function gives everywhere else.
\set r '00000000-0000-0000-0000-000000000001'
SELECT (azr_append('scan', NULL, :'r', 0, array_agg('scan.' || i % 40), array_agg(convert_to('payload ' || i, 'UTF8')),
	array_agg(CASE WHEN i % 3 = 0 THEN jsonb_build_object('n', i) END),
	array_agg('2020-01-01 00:00+00'::timestamptz + i * interval '1 hour'), 'scan')).next_sequence
FROM generate_series(0, 199) i;
SELECT next_sequence FROM azr_append('scan', 'e', :'r', 150, types(60), payloads(60));
SELECT (azr_append('scan', NULL, azr_root('scan', i::text), 0, types(i), payloads(i))).next_sequence FROM generate_series(1, 5) i;

-- what is planned
EXPLAIN (COSTS off) SELECT * FROM azr_load('scan', NULL, :'r');
EXPLAIN (COSTS off, VERBOSE) SELECT sequence FROM azr_load('scan', 'e', :'r', 5, max_count => 7) l WHERE l.type <> 'x' LIMIT 2;
EXPLAIN (COSTS off, VERBOSE) SELECT sequence FROM azr_load('scan', NULL, :'r', backward => true, max_count => 7, types => '{scan.1,scan.2}');
EXPLAIN (COSTS off) SELECT l.sequence FROM generate_series(1, 5) i, azr_load('scan', NULL, azr_root('scan', i::text)) l LIMIT 1;
EXPLAIN (COSTS off) SELECT l FROM azr_load('scan', NULL, :'r') l;
EXPLAIN (COSTS off) SELECT 1 FROM azr_load('scan', NULL, :'r') l WHERE l IS NOT NULL;
EXPLAIN (COSTS off) SELECT * FROM azr_load('scan', NULL, :'r') WITH ORDINALITY;
EXPLAIN (COSTS off) SELECT * FROM ROWS FROM (azr_load('scan', NULL, :'r'), generate_series(1, 3));
EXPLAIN (COSTS off) SELECT azr_load('scan', NULL, :'r');
CREATE FUNCTION rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT * FROM ' || query INTO plan;
	RETURN concat(plan -> 0 -> 'Plan' ->> 'Node Type', ' ', plan -> 0 -> 'Plan' ->> 'Plan Rows');
END
$$;
SELECT rows_of('azr_load(''scan'', NULL, ''' || :'r' || '''' || args || ')')
FROM unnest(ARRAY['', ', 5', ', 5, 25', ', 25, 5', ', 5, 25, max_count => 3', ', max_count => 30', ', max_count => 0', ', 5, 25, max_count => 30',
	', backward => true, max_count => 7', ', 5, 25, backward => true, types => ''{scan.1}''', ', types => ''{scan.1}''']) args;
-- no bound at all is no reason to expect billions of events: a stream is not taken to be far longer than others
SELECT args, substring(rows_of('azr_load(''scan'', NULL, ''' || :'r' || '''' || args || ')') FROM '\d+$')::numeric <= 100000 AS without_statistics
FROM unnest(ARRAY[', 0, 2147483647', ', 0, 9223372036854775807', ', max_count => 2147483647', ', max_count => 9223372036854775807']) args;
BEGIN;
UPDATE pg_class SET reltuples = CASE relname WHEN 'azr_streams' THEN 1000 WHEN 'azr_main_events' THEN 250000 ELSE 50000 END
WHERE oid IN ('azr_streams'::regclass, 'azr_main_events'::regclass, 'azr_edition_events'::regclass);
SELECT rows_of('azr_load(''scan'', NULL, ''' || :'r' || '''' || args || ')')
FROM unnest(ARRAY[', 0, 2147483647', ', 5000000000, 9223372036854775807', ', max_count => 2147483647', ', max_count => 3001', ', max_count => 2999', ', 10, 20']) args;
UPDATE pg_class SET reltuples = CASE relname WHEN 'azr_main_events' THEN 5000 ELSE 4000 END
WHERE oid IN ('azr_streams'::regclass, 'azr_main_events'::regclass);
SELECT rows_of('azr_load(''scan'', NULL, ''' || :'r' || '''' || args || ')')
FROM unnest(ARRAY[', 0, 2147483647', ', max_count => 1001', ', max_count => 999']) args;
ROLLBACK;
-- arguments that change are computed once, as for any function in FROM
CREATE SEQUENCE scan_calls;
EXPLAIN (COSTS off) SELECT * FROM azr_load('scan', NULL, :'r', nextval('scan_calls'));
SELECT i, min(sequence) FROM generate_series(1, 3) i, azr_load('scan', NULL, :'r', nextval('scan_calls')) WHERE sequence > i - 10 GROUP BY i ORDER BY i;
DROP SEQUENCE scan_calls;
-- another function of that name is none of ours
CREATE SCHEMA scan;
CREATE FUNCTION scan.azr_load(text, text, uuid, int, int, int, int, int, int, int) RETURNS SETOF bigint LANGUAGE plpgsql AS 'BEGIN RETURN NEXT 42; END';
CREATE FUNCTION scan.azr_load(text, text, uuid, int, int, int, int) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 43';
EXPLAIN (COSTS off) SELECT * FROM scan.azr_load('scan', NULL, :'r', 1, 2, 3, 4, 5, 6, 7);
SELECT * FROM scan.azr_load('scan', NULL, :'r', 1, 2, 3, 4, 5, 6, 7) a, scan.azr_load('scan', NULL, :'r', 1, 2, 3, 4) b;
DROP SCHEMA scan CASCADE;

-- the same events in the same order, by both ways
CREATE FUNCTION differences(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE scanned text; called text; n int;
BEGIN
	EXECUTE format('SELECT count(*), string_agg(ROW(sequence, type, payload, metadata, created_at, edition, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed)::text, E''\n'') FROM azr_load(%s)', args) INTO n, scanned;
	EXECUTE format('SELECT string_agg(l::text, E''\n'') FROM azr_load(%s) l', args) INTO called;
	RETURN n || CASE WHEN scanned IS DISTINCT FROM called THEN ' different' ELSE ' the same' END;
END
$$;
SELECT args, differences(args) FROM unnest(ARRAY[
	$$'scan', NULL, '00000000-0000-0000-0000-000000000001'$$,
	$$'scan', 'e', '00000000-0000-0000-0000-000000000001'$$,
	$$'scan', 'e', '00000000-0000-0000-0000-000000000001', 140, 160$$,
	$$'scan', 'f', '00000000-0000-0000-0000-000000000001', 100, divergence => 120$$,
	$$'scan', NULL, '00000000-0000-0000-0000-000000000001', until => '2020-01-02 12:00+00'$$,
	$$'scan', NULL, '00000000-0000-0000-0000-000000000001', until => '2020-01-02 12:00+00', max_count => 5$$,
	$$'scan', NULL, '00000000-0000-0000-0000-000000000001', 50, 20$$,
	$$'scan', 'e', '00000000-0000-0000-0000-000000000001', 140, backward => true, types => '{T3,scan.39,scan.20,T60}'$$,
	$$'scan', NULL, '00000000-0000-0000-0000-000000000001', until => '2020-01-02 12:00+00', max_count => 5, backward => true$$,
	$$'scan', NULL, '00000000-0000-0000-0000-000000000009'$$]) args;

-- again and again, by other arguments each time
SELECT i, count(l.sequence), string_agg(l.type, ' ' ORDER BY l.sequence)
FROM generate_series(1, 6) i LEFT JOIN azr_load('scan', NULL, azr_root('scan', i::text), greatest(i - 3, 0)) l ON true GROUP BY i ORDER BY i;
SELECT i, (SELECT max(sequence) FROM azr_load('scan', NULL, azr_root('scan', i::text))) FROM generate_series(0, 5) i;
-- backward, by types that are other ones each time
SELECT i, string_agg(l.sequence || ' ' || l.type, ', ') FROM generate_series(0, 3) i LEFT JOIN LATERAL (SELECT * FROM azr_load('scan', 'e', :'r', 130, backward => i % 2 = 0,
	max_count => i + 2, types => ARRAY['scan.1' || i, 'T' || i])) l ON true GROUP BY i ORDER BY i;
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
-- one inside the other: types of both at once, more than a load remembers
SELECT count(*), count(DISTINCT a.type), bool_and(a.type = 'scan.' || a.sequence % 40 AND b.type = 'scan.' || b.sequence % 40)
FROM azr_load('scan', NULL, :'r') a, azr_load('scan', NULL, :'r') b WHERE a.sequence <= b.sequence + 1;
RESET ALL;

-- no more is read than is asked for; what comes later is not seen
BEGIN;
DECLARE c CURSOR FOR SELECT sequence, type FROM azr_load('scan', NULL, azr_root('scan', '5'));
FETCH 2 FROM c;
SELECT next_sequence FROM azr_append('scan', NULL, azr_root('scan', '5'), 5, types(1), payloads(1));
FETCH ALL FROM c;
CLOSE c;
DECLARE s SCROLL CURSOR FOR SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', '5'));
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH ABSOLUTE 2 FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', '5'));
FETCH FROM h;
DECLARE u CURSOR FOR SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', '5'));
SAVEPOINT p;
FETCH FROM u;
ROLLBACK TO p;
FETCH FROM u;
ROLLBACK TO p;
DECLARE n CURSOR FOR SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', '5'));
FETCH FROM n;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
-- neither of the newest, from which it is read backward
BEGIN;
DECLARE c CURSOR FOR SELECT sequence, type FROM azr_load('scan', 'e', :'r', backward => true);
FETCH 2 FROM c;
SELECT next_sequence FROM azr_append('scan', 'e', :'r', 210, types(2), payloads(2));
FETCH 1 FROM c;
MOVE FORWARD 56 FROM c;
FETCH 3 FROM c;
CLOSE c;
DECLARE s SCROLL CURSOR FOR SELECT sequence FROM azr_load('scan', 'e', :'r', backward => true, max_count => 62);
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH FIRST FROM s;
ROLLBACK;
-- appending to what is being read comes to an end
SELECT count((azr_append('scan', NULL, azr_root('scan', '4'), NULL, ARRAY[l.type], ARRAY[l.payload])).next_sequence)
FROM azr_load('scan', NULL, azr_root('scan', '4')) l;
SELECT azr_next_sequence('scan', NULL, azr_root('scan', '4'));
DO $$
DECLARE e record; n int := 0;
BEGIN
	FOR e IN SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', '3')) LOOP
		PERFORM azr_append('scan', NULL, azr_root('scan', '3'), NULL, ARRAY['more'], ARRAY['']::bytea[]);
		COMMIT;
		n := n + 1;
	END LOOP;
	RAISE NOTICE '% of %', n, azr_next_sequence('scan', NULL, azr_root('scan', '3'));
END
$$;

-- a plan for all arguments, and one that outlives the function
SET plan_cache_mode = force_generic_plan;
PREPARE load(text, uuid, bigint) AS SELECT count(*), max(type) FROM azr_load('scan', $1, $2, $3);
EXECUTE load(NULL, :'r', 0);
EXECUTE load('e', :'r', 140);
EXECUTE load(NULL, NULL, 0);
EXECUTE load(NULL, :'r', -1);
EXECUTE load('e', :'r', 140);
EXPLAIN (COSTS off) EXECUTE load('e', :'r', 140);
PREPARE load_back(boolean, text[]) AS SELECT count(*), max(sequence) FROM azr_load('scan', 'e', '00000000-0000-0000-0000-000000000001', backward => $1, types => $2, max_count => 3);
EXECUTE load_back(true, NULL);
EXECUTE load_back(false, '{scan.1,T7,T60}');
EXECUTE load_back(NULL, NULL);
EXECUTE load_back(true, '{scan.1,NULL}');
EXECUTE load_back(true, '{scan.1,T7,T60,T8}');
RESET plan_cache_mode;

-- with other tables' rows locked, the planner needs the row as a whole
CREATE TABLE scanned (root uuid, seen bigint);
INSERT INTO scanned VALUES (:'r', 2);
EXPLAIN (COSTS off) SELECT l.sequence FROM scanned t, azr_load('scan', NULL, t.root, t.seen, 5) l FOR UPDATE OF t;
SELECT l.sequence FROM scanned t, azr_load('scan', NULL, t.root, t.seen, 5) l FOR UPDATE OF t;
UPDATE scanned t SET seen = l.sequence FROM azr_load('scan', NULL, :'r', 10, 11) l RETURNING seen;
CREATE VIEW scan_view AS SELECT t.root, l.sequence, l.type FROM scanned t LEFT JOIN LATERAL azr_load('scan', NULL, t.root, t.seen, 13) l ON l.sequence % 2 = 0;
SELECT * FROM scan_view ORDER BY sequence;
INSERT INTO scanned SELECT root, sequence FROM scan_view;
SELECT count(*) FROM scanned s LEFT JOIN scan_view v USING (root) WHERE v.type IS NOT NULL;
DROP VIEW scan_view;
DROP TABLE scanned;

-- in a parallel worker
SELECT set_config(name, 'on', false) IS NOT NULL AS parallel FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*), max(type) FROM azr_load('scan', NULL, :'r');
SELECT sequence, type FROM azr_load('scan', NULL, :'r', types => '{scan.7,scan.9}', backward => true, max_count => 3);
SELECT count(*), max(next_sequence) FROM azr_streams_of('scan', NULL);
RESET ALL;

-- more types than a backend remembers, while one is being looked at
SELECT (azr_append('scan', NULL, azr_root('scan', 'many'), NULL, types, payloads)).next_sequence
FROM (SELECT array_agg('scan.many.' || i ORDER BY i) AS types, array_agg(''::bytea) AS payloads FROM generate_series(0, 19999) i) a;
\c
-- also the first query of a session
EXPLAIN (COSTS off) SELECT sequence FROM azr_load('scan', NULL, :'r');
SELECT count(*), bool_and(a.type = 'scan.many.' || a.sequence AND b.type = 'scan.many.' || b.sequence)
FROM azr_load('scan', NULL, azr_root('scan', 'many'), 0, 3) a, LATERAL azr_load('scan', NULL, azr_root('scan', 'many'), a.sequence) b;
-- a correlation id is made of what is stored only where somebody looks at it
SELECT (azr_append('scan', NULL, azr_root('scan', 'correlated'), NULL, ARRAY['A', 'B'], ARRAY['', '']::bytea[], correlation_id => 'c0ffee00-0000-4000-8000-000000000000')).next_sequence;
SELECT sequence FROM azr_load('scan', NULL, azr_root('scan', 'correlated')) WHERE correlation_id = 'c0ffee00-0000-4000-8000-000000000000';
SELECT count(correlation_id), max(sequence) FROM azr_load('scan', NULL, azr_root('scan', 'correlated'));
SELECT a.sequence FROM azr_load('scan', NULL, azr_root('scan', 'correlated')) a JOIN azr_load('scan', NULL, azr_root('scan', 'correlated')) b USING (correlation_id, sequence);
SELECT type FROM azr_load('scan', NULL, azr_root('scan', 'correlated')) ORDER BY correlation_id, sequence;
SELECT azr_feed_advance() > 0 AS numbered;
SELECT count(*) FROM azr_feed(azr_feed_head() - 2) WHERE correlation_id LIKE 'c0ffee00%';
DROP FUNCTION differences, rows_of;

-- each column alone is what it is among all, also of an edition, where the slot is copied, and where a condition reads another one
CREATE FUNCTION column_differences(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text;
	alone text;
	sorted text;
	conditional text;
	together text;
	found text := '';
BEGIN
	FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'azr_event'::regclass AND attnum > 0 LOOP
		EXECUTE format('SELECT string_agg(coalesce(%I::text, ''-''), '','') FROM azr_load(%s)', name, args) INTO alone;
		EXECUTE format('SELECT string_agg(coalesce(l.%I::text, ''-''), '','') FROM (SELECT %I FROM azr_load(%s) ORDER BY sequence) l', name, name, args) INTO sorted;
		EXECUTE format('SELECT string_agg(coalesce(%I::text, ''-''), '','') FROM azr_load(%s) WHERE external_id IS DISTINCT FROM ''x'' AND sequence >= 0', name, args) INTO conditional;
		EXECUTE format('SELECT string_agg(coalesce((l).%I::text, ''-''), '','') FROM (SELECT azr_load(%s) l OFFSET 0) s', name, args) INTO together;
		IF together IS DISTINCT FROM alone OR together IS DISTINCT FROM sorted OR together IS DISTINCT FROM conditional THEN
			found := found || name || ' ';
		END IF;
	END LOOP;
	RETURN found;
END
$$;
SELECT next_sequence FROM azr_append('scan', 'e', azr_root('scan', 'all'), NULL, types(3), payloads(3), correlation_id => 'c');
SELECT next_sequence FROM azr_append('scan', 'e', azr_root('scan', 'all'), NULL, types(3), payloads(3), correlation_id => '00000000-0000-0000-0000-0000000000cc', external_id => 'e');
SELECT next_sequence FROM azr_append('scan', 'e', azr_root('scan', 'all'), NULL, types(3), payloads(3), ARRAY['{"a": 1}', NULL, '{}']::jsonb[],
	source_domain => 's', source_root => :'r', source_sequence => 4, cascade_id => 'k', committed => false);
SELECT column_differences($$'scan', 'e', azr_root('scan', 'all')$$), column_differences($$'scan', 'e', '00000000-0000-0000-0000-000000000001'$$), column_differences($$'scan', NULL, '00000000-0000-0000-0000-000000000001', 3$$);
DROP FUNCTION column_differences;

-- rows of a page are looked at together: of two streams whose events share pages, some rolled back, some erased, as they are in the table, before and after VACUUM
CREATE FUNCTION load_differences() RETURNS TABLE (stream text, events bigint, ascending bool, backward bool, part bool) LANGUAGE sql AS $$
	SELECT s, count(*),
		array_agg(ROW(t.sequence, t.type, t.payload)::text ORDER BY t.sequence) = (SELECT array_agg(ROW(l.sequence, l.type, l.payload)::text) FROM azr_load('scan', NULL, azr_root('scan', s)) l),
		array_agg(ROW(t.sequence, t.payload)::text ORDER BY t.sequence DESC) = (SELECT array_agg(ROW(l.sequence, l.payload)::text) FROM azr_load('scan', NULL, azr_root('scan', s), backward => true) l),
		array_agg(t.sequence ORDER BY t.sequence) FILTER (WHERE t.sequence BETWEEN 7 AND 97) = (SELECT array_agg(l.sequence) FROM azr_load('scan', NULL, azr_root('scan', s), 7, 98) l)
	FROM unnest('{page.1,page.2}'::text[]) s JOIN azr_timeline t ON t.domain = 'scan' AND t.edition = 'angzarr' AND t.root = azr_root('scan', s)
	GROUP BY s ORDER BY s;
$$;
DO $$
BEGIN
	FOR i IN 1 .. 40 LOOP
		FOR s IN 1 .. 2 LOOP
			BEGIN
				PERFORM azr_append('scan', NULL, azr_root('scan', 'page.' || s), NULL, types(2 + s), array_fill(convert_to(repeat(i || '.' || s || ' ', 20 * (i % 4)), 'UTF8'), ARRAY[2 + s]));
				IF i % 5 = s THEN
					RAISE division_by_zero;
				END IF;
			EXCEPTION WHEN division_by_zero THEN
				NULL;
			END;
		END LOOP;
	END LOOP;
END
$$;
SELECT * FROM load_differences();
VACUUM azr_main_events;
SELECT * FROM load_differences();
SELECT azr_erase('scan', NULL, azr_root('scan', 'page.1'), 5, 12, 'a test');
SELECT * FROM load_differences();
VACUUM azr_main_events;
SELECT * FROM load_differences();
DROP FUNCTION load_differences;

-- a range is read from the page of the index on which it begins, and the rest by an index scan: of streams on several pages, whose events were taken back before they were stored, once or often
DO $$
BEGIN
	FOR i IN 0 .. 79 LOOP
		FOR again IN 1 .. CASE i WHEN 40 THEN 300 ELSE i % 4 END LOOP
			BEGIN
				PERFORM azr_append('scan', NULL, azr_root('scan', 'index.' || s), i * 10, types(10), payloads(10)) FROM generate_series(1, 2) s;
				RAISE division_by_zero;
			EXCEPTION WHEN division_by_zero THEN
				NULL;
			END;
		END LOOP;
		PERFORM azr_append('scan', NULL, azr_root('scan', 'index.' || s), i * 10, types(10), payloads(10)) FROM generate_series(1, 2) s;
	END LOOP;
	PERFORM azr_append('scan', 'e', azr_root('scan', 'index.1'), 500, types(700), payloads(700));
END
$$;
CREATE FUNCTION range_differences() RETURNS TABLE (root text, edition text, wrong bigint) LANGUAGE sql AS $$
	SELECT s.root, s.edition, count(*) FILTER (WHERE ARRAY(SELECT sequence FROM azr_load('scan', s.edition, azr_root('scan', s.root), i, i + n))
		IS DISTINCT FROM ARRAY(SELECT generate_series(i, least(i + n, s.events) - 1)::bigint))
	FROM (VALUES ('index.1', NULL, 800), ('index.1', 'e', 1200), ('index.2', NULL, 800)) s(root, edition, events), generate_series(0, 1205) i, (VALUES (1), (12), (2000)) n(n)
	GROUP BY s.root, s.edition ORDER BY s.root, s.edition;
$$;
SELECT pg_relation_size('azr_main_events_pkey') > 10 * 8192 AS has_pages;
SELECT * FROM range_differences();
VACUUM azr_main_events;
SELECT * FROM range_differences();
-- a load is one scan of the index, of however many of its pages
BEGIN;
CREATE FUNCTION pg_temp.scans_of(args text, OUT events bigint, OUT scans bigint) LANGUAGE plpgsql AS $$
BEGIN
	scans := -pg_stat_get_xact_numscans('azr_main_events_pkey'::regclass);
	EXECUTE format('SELECT count(sequence) FROM (SELECT * FROM azr_load(''scan'', NULL, azr_root(''scan'', ''index.2''), %s) l', args) INTO events;
	scans := scans + pg_stat_get_xact_numscans('azr_main_events_pkey'::regclass);
END
$$;
SELECT args, s.* FROM (VALUES ('0)'), ('0, 3)'), ('795)'), ('0, backward => true)'), ('0) LIMIT 3')) v(args), pg_temp.scans_of(args) s;
ROLLBACK;
-- entries of many versions of an event stand together as one
BEGIN;
ALTER TABLE azr_main_events DISABLE TRIGGER azr_reject_change;
DO $$
BEGIN
	FOR i IN 1 .. 500 LOOP
		UPDATE azr_main_events SET external_id = i::text
		WHERE stream_id = (SELECT stream_id FROM azr_streams WHERE domain = 'scan' AND root = azr_root('scan', 'index.2')) AND sequence IN (3, 797);
	END LOOP;
END
$$;
SELECT * FROM range_differences();
ROLLBACK;
DROP FUNCTION range_differences;
