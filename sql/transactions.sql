-- Every append sees the earlier ones: in one statement, one transaction, under
-- savepoints, from PL/pgSQL, prepared, and through a cursor.
\set r '00000000-0000-0000-0000-000000000001'

-- one statement
SELECT azr_append('trans', NULL, :'r', NULL, types(1), payloads(1)) FROM generate_series(1, 3);
SELECT a.* FROM generate_series(3, 4) i, azr_append('trans', NULL, :'r', i, types(1), payloads(1)) a;
-- (f()).* calls f once a column: that is PostgreSQL, and the reason to use FROM
SELECT (azr_append('trans', NULL, :'r', i, types(1), payloads(1))).next_sequence FROM generate_series(5, 5) i;
-- one statement, two streams in turn, one of them new
SELECT i, (azr_append('trans', NULL, azr_root('trans', (i % 2)::text), i / 2, types(1), payloads(1))).next_sequence FROM generate_series(0, 3) i;

-- one transaction
BEGIN;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', 6, types(1), payloads(1));
SELECT first_sequence FROM azr_append('trans', NULL, :'r', 7, types(1), payloads(1));
COMMIT;

-- savepoints: what was rolled back leaves no gap, for a new stream too
BEGIN;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(1), payloads(1));
SAVEPOINT a;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(2), payloads(2));
SELECT first_sequence FROM azr_append('trans', NULL, azr_root('trans', 'new'), NULL, types(2), payloads(2));
ROLLBACK TO a;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(1), payloads(1));
SELECT first_sequence FROM azr_append('trans', NULL, azr_root('trans', 'new'), NULL, types(1), payloads(1));
SAVEPOINT b;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(1), payloads(1));
RELEASE b;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(1), payloads(1));
COMMIT;
SELECT azr_next_sequence('trans', NULL, :'r'), azr_next_sequence('trans', NULL, azr_root('trans', 'new'));

-- a transaction that rolls back
BEGIN;
SELECT first_sequence FROM azr_append('trans', NULL, :'r', NULL, types(1), payloads(1));
ROLLBACK;
SELECT azr_next_sequence('trans', NULL, :'r');

-- PL/pgSQL, with errors caught on the way
DO $$
DECLARE
	r uuid := azr_root('trans', 'plpgsql');
	n bigint;
BEGIN
	FOR i IN 0..9 LOOP
		n := (azr_append('trans', NULL, r, i, types(1), payloads(1))).next_sequence;
		ASSERT n = i + 1, 'own append not seen';
		ASSERT azr_next_sequence('trans', NULL, r) = n, 'own append not read';
		BEGIN
			PERFORM azr_append('trans', NULL, r, i, types(1), payloads(1));
			RAISE EXCEPTION 'no conflict';
		EXCEPTION WHEN SQLSTATE 'ZR001' THEN
			NULL;
		END;
		BEGIN
			PERFORM azr_append('trans', NULL, r, n, types(1), payloads(1));
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
END
$$;
SELECT count(*), max(sequence) FROM azr_load('trans', NULL, azr_root('trans', 'plpgsql'));

-- a prepared statement, custom and generic plans
PREPARE append(bigint) AS SELECT next_sequence FROM azr_append('trans', NULL, '00000000-0000-0000-0000-000000000007', $1, types(1), payloads(1));
SET plan_cache_mode = force_generic_plan;
EXECUTE append(0);
EXECUTE append(1);
SET plan_cache_mode = force_custom_plan;
EXECUTE append(2);
RESET plan_cache_mode;
DEALLOCATE append;

-- a cursor, a row at a time
BEGIN;
DECLARE c CURSOR FOR SELECT (azr_append('trans', NULL, '00000000-0000-0000-0000-000000000008', NULL, types(1), payloads(1))).next_sequence
FROM generate_series(1, 3);
FETCH 1 FROM c;
SELECT next_sequence FROM azr_append('trans', NULL, '00000000-0000-0000-0000-000000000008', 1, types(1), payloads(1));
FETCH 1 FROM c;
COMMIT;

-- a data-modifying CTE, a default, a subselect
CREATE TEMP TABLE command (id int, sequence bigint DEFAULT (azr_append('trans', NULL, '00000000-0000-0000-0000-000000000009', NULL, types(1), payloads(1))).first_sequence);
INSERT INTO command (id) VALUES (1), (2), (3) RETURNING *;
DROP TABLE command;

-- the other isolation levels see their own appends
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT (azr_append('trans', NULL, '00000000-0000-0000-0000-00000000000a', i, types(1), payloads(1))).next_sequence FROM generate_series(0, 2) i;
SELECT next_sequence FROM azr_append('trans', NULL, '00000000-0000-0000-0000-00000000000a', 3, types(1), payloads(1));
SELECT next_sequence FROM azr_append('trans', NULL, '00000000-0000-0000-0000-00000000000a', NULL, '{}', '{}');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT (azr_append('trans', NULL, '00000000-0000-0000-0000-00000000000a', i, types(1), payloads(1))).next_sequence FROM generate_series(4, 5) i;
SELECT next_sequence FROM azr_append('trans', NULL, '00000000-0000-0000-0000-00000000000a', 6, types(1), payloads(1));
COMMIT;

-- dense, always
SELECT root FROM azr_timeline WHERE domain = 'trans' GROUP BY root HAVING min(sequence) <> 0 OR max(sequence) <> count(*) - 1;
