-- azr_append and azr_append_json in FROM append once, when they are first asked for a row: a
-- scan of its own, which does what a function scan does everywhere else.
\set r '00000000-0000-0000-0000-0000000000a5'
\set s '00000000-0000-0000-0000-0000000000a6'
CREATE FUNCTION next_in_scan(text) RETURNS bigint LANGUAGE sql AS $$ SELECT azr_next_sequence('append_scan', NULL, azr_root('append_scan', $1)) $$;

-- what is planned; nothing is appended
EXPLAIN (COSTS off) SELECT * FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1));
EXPLAIN (COSTS off, VERBOSE) SELECT next_sequence, outcome FROM azr_append('append_scan', NULL, :'r', 0, '{T}', '{x}') a WHERE a.outcome = 'added';
EXPLAIN (COSTS off) SELECT * FROM azr_append_json('append_scan', NULL, :'r', 0, '[{"type": "T", "data": 1}]');
EXPLAIN (COSTS off) SELECT i, a.next_sequence FROM generate_series(1, 5) i, azr_append('append_scan', NULL, azr_root('append_scan', i::text), 0, types(1), payloads(1)) a;
EXPLAIN (COSTS off) SELECT a FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1)) a;
EXPLAIN (COSTS off) SELECT * FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1)) WITH ORDINALITY;
EXPLAIN (COSTS off) SELECT * FROM ROWS FROM (azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1)), generate_series(1, 3));
EXPLAIN (COSTS off) SELECT (azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1))).next_sequence;
-- a subplan among the arguments
EXPLAIN (COSTS off) SELECT a.next_sequence FROM generate_series(1, 2) i, azr_append('append_scan', NULL, :'r', (SELECT i + max(j) FROM generate_series(1, 2) j), types(1), payloads(1)) a;
SELECT azr_next_sequence('append_scan', NULL, :'r');

-- each form gives what the function gives
SELECT * FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1));
SELECT * FROM azr_append('append_scan', NULL, :'r', 1, types(1), payloads(1)) AS x(a, b, c, d);
SELECT next_sequence + 1 AS more, outcome FROM azr_append('append_scan', NULL, :'r', NULL, types(2), payloads(2), external_id => 'x');
SELECT a.last_sequence, a.first_sequence FROM azr_append('append_scan', NULL, :'r', NULL, types(2), payloads(2), external_id => 'x') a;
SELECT * FROM azr_append('append_scan', NULL, :'r', NULL, '{}', '{}');
SELECT * FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('append_scan', NULL, :'r', 0, types(1), payloads(1));
SELECT * FROM azr_append('append_scan', NULL, :'r', 0, NULL, payloads(1));
SELECT * FROM azr_append_json('append_scan', NULL, :'r', 4, '[{"type": "T", "data": 1}]');
SELECT * FROM azr_append('append_scan', NULL, :'r', 5, types(1), payloads(1)) WITH ORDINALITY;
SELECT * FROM ROWS FROM (azr_append('append_scan', NULL, :'r', 6, types(1), payloads(1)), generate_series(1, 2));
SELECT a FROM azr_append('append_scan', NULL, :'r', 7, types(1), payloads(1)) a;
SELECT * FROM azr_append('append_scan', NULL, :'r', 8, (SELECT array_agg('T' || j) FROM generate_series(1, 2) j), payloads(2));
SELECT * FROM azr_append(domain => 'append_scan', edition => '', root => :'r', expected_sequence => 10, types => types(1), payloads => payloads(1),
	metadata => ARRAY['{"m": 1}'::jsonb], created_at => ARRAY['2020-01-01 00:00+00'::timestamptz], correlation_id => 'c', external_id => 'e', source_domain => 'd',
	source_root => :'s', source_sequence => 7, cascade_id => 'append_scan', committed => false);
SELECT sequence, metadata, correlation_id, external_id, source_domain, source_sequence, cascade_id, committed FROM azr_load('append_scan', NULL, :'r', 10);

-- whatever is asked of the row, it is appended; unless nobody asks for it
SELECT count(*) FROM azr_append('append_scan', NULL, :'r', 11, types(1), payloads(1)) WHERE outcome = 'none';
SELECT 1 AS one FROM azr_append('append_scan', NULL, :'r', 12, types(1), payloads(1));
SELECT * FROM azr_append('append_scan', NULL, :'r', 13, types(1), payloads(1)) LIMIT 0;
SELECT * FROM azr_append('append_scan', NULL, :'r', 13, types(1), payloads(1)) WHERE false;
WITH a AS (SELECT * FROM azr_append('append_scan', NULL, :'r', 13, types(1), payloads(1))) SELECT x.next_sequence, y.next_sequence FROM a x, a y;
WITH a AS (SELECT * FROM azr_append('append_scan', NULL, :'r', 14, types(1), payloads(1))) SELECT 1 AS one;
EXPLAIN ANALYZE SELECT 1 FROM azr_append('append_scan', NULL, :'r', 14, types(1), payloads(1)) LIMIT 1 \g /dev/null
SELECT azr_next_sequence('append_scan', NULL, :'r');

-- once for each start with other parameters, and not again for others; a volatile argument is computed as often
SELECT i, a.* FROM generate_series(1, 3) i, azr_append('append_scan', NULL, azr_root('append_scan', 'lateral'), i - 1, ARRAY['T' || i], payloads(1)) a;
SELECT i, a.* FROM generate_series(1, 3) i LEFT JOIN azr_append('append_scan', NULL, azr_root('append_scan', 'lateral'), i + 2, types(1), payloads(1)) a ON i <> 2;
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT i, a.* FROM generate_series(1, 3) i LEFT JOIN azr_append('append_scan', NULL, azr_root('append_scan', 'join'), NULL, types(2), payloads(2)) a ON i <> 2;
SELECT next_in_scan('join');
CREATE SEQUENCE append_scan_calls;
SELECT i, a.* FROM generate_series(1, 3) i LEFT JOIN azr_append('append_scan', NULL, azr_root('append_scan', 'join'), 1 + nextval('append_scan_calls'), types(2), payloads(2)) a ON i <> 2;
SELECT nextval('append_scan_calls'), next_in_scan('join');
DROP SEQUENCE append_scan_calls;
-- a condition has a parameter that changes, the call has none
SELECT i, (SELECT a.next_sequence FROM azr_append('append_scan', NULL, azr_root('append_scan', 'condition'), NULL, types(2), payloads(2)) a WHERE a.next_sequence > i) FROM generate_series(0, 3) i;
SELECT next_in_scan('condition');
-- one parameter changes, of which only one of two calls makes use
SELECT i, (SELECT concat_ws(' ', a.next_sequence, b.next_sequence)
	FROM azr_append('append_scan', NULL, azr_root('append_scan', 'once'), NULL, types(1), payloads(1)) a, azr_append('append_scan', NULL, azr_root('append_scan', 'often'), i, types(1), payloads(1)) b)
FROM generate_series(0, 3) i;
SELECT next_in_scan('once'), next_in_scan('often');
-- under a semi-join, and of a subplan that is started again
SELECT i FROM generate_series(0, 3) i WHERE EXISTS (SELECT FROM azr_append('append_scan', NULL, azr_root('append_scan', 'exists'), NULL, types(1), payloads(1)) a WHERE a.next_sequence > i);
SELECT next_in_scan('exists');
RESET ALL;

-- cursors: the row is there in both directions, and the append is made with the first FETCH
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM azr_append('append_scan', NULL, azr_root('append_scan', 'cursor'), 0, types(1), payloads(1));
SELECT next_in_scan('cursor');
FETCH BACKWARD 1 FROM c;
SELECT next_in_scan('cursor');
FETCH 5 FROM c;
FETCH FROM c;
FETCH PRIOR FROM c;
FETCH PRIOR FROM c;
FETCH PRIOR FROM c;
FETCH NEXT FROM c;
FETCH LAST FROM c;
FETCH FIRST FROM c;
FETCH ABSOLUTE 1 FROM c;
FETCH RELATIVE 0 FROM c;
MOVE BACKWARD ALL FROM c;
FETCH ALL FROM c;
CLOSE c;
SELECT next_in_scan('cursor');
DECLARE s SCROLL CURSOR FOR SELECT next_sequence, i FROM azr_append('append_scan', NULL, azr_root('append_scan', 'cursor'), 1, types(1), payloads(1)), generate_series(1, 3) i;
FETCH LAST FROM s;
FETCH FIRST FROM s;
FETCH ABSOLUTE 2 FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT next_sequence FROM azr_append('append_scan', NULL, azr_root('append_scan', 'cursor'), 2, types(1), payloads(1));
DECLARE n NO SCROLL CURSOR FOR SELECT next_sequence FROM azr_append('append_scan', NULL, azr_root('append_scan', 'cursor'), 9, types(1), payloads(1));
COMMIT;
FETCH ALL FROM h;
FETCH PRIOR FROM h;
CLOSE h;
SELECT next_in_scan('cursor');
-- rolled back to before the first FETCH, the cursor still has the row, as with a function scan
BEGIN;
DECLARE c CURSOR FOR SELECT next_sequence FROM azr_append('append_scan', NULL, azr_root('append_scan', 'cursor'), 3, types(1), payloads(1));
SAVEPOINT p;
FETCH FROM c;
ROLLBACK TO p;
FETCH PRIOR FROM c;
FETCH FIRST FROM c;
COMMIT;
SELECT next_in_scan('cursor');

-- plans for all arguments, of types that they have and of others
SET plan_cache_mode = force_generic_plan;
PREPARE append(text, uuid, bigint, text[], bytea[], text) AS SELECT * FROM azr_append($1, NULL, $2, $3, $4, $5, on_conflict => $6);
EXECUTE append('append_scan', :'s', 0, types(1), payloads(1), 'error');
EXECUTE append('append_scan', :'s', NULL, types(2), payloads(2), 'return');
EXECUTE append('append_scan', :'s', 1, types(2), payloads(2), 'return');
EXECUTE append('append_scan', :'s', 1, types(2), payloads(2), NULL);
EXECUTE append(NULL, :'s', 1, types(2), payloads(2), 'error');
EXPLAIN (COSTS off, VERBOSE) EXECUTE append('append_scan', :'s', NULL, '{T}', '{x}', 'error');
PREPARE append_varchar(varchar, varchar[], int) AS SELECT next_sequence FROM azr_append($1, NULL, '00000000-0000-0000-0000-0000000000a6', $3, $2, '{x}');
EXECUTE append_varchar('append_scan', '{T}', 3);
PREPARE append_one_type(text, int) AS SELECT next_sequence FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', $2, ARRAY[$1], ARRAY[''::bytea]);
EXECUTE append_one_type('T', 4);
EXECUTE append_one_type('T', 4);
EXECUTE append_one_type(NULL, 5);
-- the plan goes with the function
ALTER FUNCTION azr_append SET work_mem = '1MB';
EXPLAIN (COSTS off) EXECUTE append_one_type('T', 5);
EXECUTE append_one_type('T', 5);
ALTER FUNCTION azr_append RESET ALL;
EXPLAIN (COSTS off) EXECUTE append_one_type('T', 6);
ALTER FUNCTION azr_append STRICT;
EXPLAIN (COSTS off) EXECUTE append_one_type('T', 6);
EXECUTE append_one_type('T', 6);
ALTER FUNCTION azr_append CALLED ON NULL INPUT;
ALTER FUNCTION azr_append SECURITY DEFINER;
EXPLAIN (COSTS off) EXECUTE append_one_type('T', 6);
ALTER FUNCTION azr_append SECURITY INVOKER;
EXECUTE append_one_type('T', 6);
RESET plan_cache_mode;

-- in other statements
CREATE TABLE append_scanned AS SELECT * FROM azr_append('append_scan', NULL, :'s', 7, types(1), payloads(1));
INSERT INTO append_scanned SELECT a.* FROM generate_series(8, 9) i, azr_append('append_scan', NULL, :'s', i, types(1), payloads(1)) a RETURNING next_sequence;
INSERT INTO append_scanned SELECT * FROM azr_append('append_scan', NULL, :'s', 10, types(1), payloads(1)) RETURNING *;
UPDATE append_scanned s SET outcome = a.outcome || ' ' || a.next_sequence FROM azr_append('append_scan', NULL, :'s', 11, types(1), payloads(1)) a WHERE s.first_sequence = 8 RETURNING s.*;
SELECT s.first_sequence, a.next_sequence FROM append_scanned s, azr_append('append_scan', NULL, :'s', 12, types(1), payloads(1)) a WHERE s.first_sequence < 9 FOR UPDATE OF s;
DELETE FROM append_scanned s USING azr_append('append_scan', NULL, :'s', 13, types(1), payloads(1)) a WHERE s.next_sequence <> a.next_sequence;
MERGE INTO append_scanned s USING azr_append('append_scan', NULL, :'s', 14, types(1), payloads(1)) a ON s.next_sequence = a.next_sequence WHEN NOT MATCHED THEN INSERT VALUES (a.outcome, a.first_sequence, a.last_sequence, a.next_sequence);
SELECT * FROM append_scanned;
CREATE VIEW append_view AS SELECT next_sequence FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', NULL, types(1), payloads(1));
SELECT * FROM append_view;
SELECT * FROM append_view a, append_view b;
COPY (SELECT * FROM append_view) TO stdout;
DROP TABLE append_scanned;
CREATE FUNCTION append_in_sql(bigint) RETURNS SETOF azr_append_result LANGUAGE sql AS $$ SELECT * FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', $1, types(1), payloads(1)) $$;
SELECT * FROM append_in_sql(19);
SELECT next_sequence, append_in_sql(i) FROM generate_series(20, 21) i, azr_append('append_scan', NULL, :'r', NULL, types(1), payloads(1));
DO $$
DECLARE
	result azr_append_result;
	expected bigint := 22;
	some_types text[] := types(1);
	r record;
BEGIN
	SELECT * INTO result FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', expected, some_types, payloads(1));
	RAISE NOTICE '%', result;
	FOR i IN 1 .. 8 LOOP
		some_types := some_types || ('U' || i);
		SELECT * INTO STRICT r FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', result.next_sequence, some_types[i : i], payloads(1));
		result.next_sequence := r.next_sequence;
	END LOOP;
	RAISE NOTICE '%', r;
	FOR r IN SELECT * FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', r.next_sequence, some_types, payloads(9)) LOOP
		COMMIT;
		RAISE NOTICE '%', r;
	END LOOP;
	SELECT * INTO r FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', 5, some_types, payloads(9));
END
$$;
-- the statement's own events are not in its snapshot; the next statement's are
SELECT a.next_sequence, (SELECT count(*) FROM azr_load('append_scan', NULL, :'s', 40)) FROM azr_append('append_scan', NULL, :'s', 40, types(1), payloads(1)) a;
BEGIN READ ONLY;
SELECT * FROM azr_append('append_scan', NULL, :'s', 41, types(1), payloads(1));
ROLLBACK;
SELECT set_config(name, 'on', false) IS NOT NULL AS parallel FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT next_sequence FROM azr_append('append_scan', NULL, :'s', 41, types(1), payloads(1));
RESET ALL;

-- who may call the function is asked of the one who runs the statement, before anything else, and EXPLAIN too
CREATE ROLE regress_append_scan;
GRANT SELECT ON append_view TO regress_append_scan;
CREATE FUNCTION append_as_definer() RETURNS SETOF azr_append_result LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM azr_append('append_scan', NULL, '00000000-0000-0000-0000-0000000000a6', 42, types(1), payloads(1)) $$;
SET ROLE regress_append_scan;
SELECT * FROM azr_append('append_scan', NULL, :'s', 42, types(1), payloads(1)) LIMIT 0;
EXPLAIN SELECT * FROM azr_append('append_scan', NULL, :'s', 42, types(1), payloads(1));
SELECT * FROM append_view;
SELECT * FROM append_as_definer();
RESET ROLE;
DROP FUNCTION append_as_definer, append_in_sql;
DROP VIEW append_view;
DROP ROLE regress_append_scan;

-- calls are counted as for all functions
SET track_functions = 'all';
SELECT next_sequence FROM azr_append('append_scan', NULL, :'s', 43, types(1), payloads(1));
SELECT i, a.next_sequence FROM generate_series(44, 45) i, azr_append('append_scan', NULL, :'s', i, types(1), payloads(1)) a;
SELECT pg_stat_get_xact_function_calls('azr_append'::regproc) IS NOT NULL AS counted;
SELECT pg_stat_force_next_flush();
SELECT calls FROM pg_stat_user_functions WHERE funcname = 'azr_append';
RESET track_functions;

-- another function of that name is none of ours
CREATE SCHEMA append_scan;
CREATE FUNCTION append_scan.azr_append(int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int) RETURNS azr_append_result LANGUAGE sql VOLATILE AS $$ SELECT 'other', 1::bigint, 2::bigint, $1 + random()::bigint * 0 $$;
CREATE FUNCTION append_scan.azr_append_other(text, text, uuid, bigint, text[], bytea[], jsonb[], timestamptz[], text, text, text, text, uuid, bigint, bigint, text, boolean, text) RETURNS azr_append_result LANGUAGE c AS '$libdir/angzarr', 'azr_append';
EXPLAIN (COSTS off) SELECT * FROM append_scan.azr_append_other('append_scan', NULL, :'s', 46, types(1), payloads(1), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, 'error');
SELECT outcome, next_sequence FROM append_scan.azr_append(4, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8);
DROP SCHEMA append_scan CASCADE;

-- a type that its owner has changed has other columns
BEGIN;
ALTER TYPE azr_append_result ADD ATTRIBUTE more text;
EXPLAIN (COSTS off) SELECT * FROM azr_append('append_scan', NULL, :'s', 46, types(1), payloads(1));
SELECT * FROM azr_append('append_scan', NULL, :'s', 46, types(1), payloads(1));
ROLLBACK;
SELECT azr_next_sequence('append_scan', NULL, :'s');
SELECT * FROM azr_check('append_scan');
DROP FUNCTION next_in_scan;
-- also the first query of a session
\c
EXPLAIN (COSTS off) SELECT * FROM azr_append('append_scan', NULL, :'s', 46, types(1), payloads(1));
