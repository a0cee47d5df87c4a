-- azr_find_by_external_id, azr_find_by_source and azr_trace.
\set r1 '00000000-0000-0000-0000-000000000001'
\set r2 '00000000-0000-0000-0000-000000000002'

SELECT count(*) FROM (VALUES
	(azr_append('find-b', NULL, :'r2', 0, types(1), payloads(1), correlation_id => 'find-1')),
	(azr_append('find-b', NULL, :'r1', 0, types(2), payloads(2), correlation_id => 'find-1', external_id => 'x')),
	(azr_append('find-a', NULL, :'r1', 0, types(1), payloads(1), correlation_id => 'find-2')),
	(azr_append('find-a', NULL, :'r1', 1, types(1), payloads(1), correlation_id => 'find-1', external_id => 'x')),
	(azr_append('find-a', NULL, :'r1', 2, types(2), payloads(2),
		source_domain => 'find-b', source_root => :'r1', source_sequence => 1)),
	(azr_append('find-a', NULL, :'r1', 4, types(1), payloads(1),
		source_domain => 'find-c', source_edition => 'e', source_root => :'r1', source_sequence => 1))) v;

SELECT domain, edition, root, sequence, type FROM azr_trace('find-1');
SELECT domain, sequence FROM azr_trace('find-2');
SELECT * FROM azr_trace('find-3');

SELECT sequence, type, external_id FROM azr_find_by_external_id('find-b', NULL, :'r1', 'x');
SELECT sequence, type, external_id FROM azr_find_by_external_id('find-a', '', :'r1', 'x');
SELECT * FROM azr_find_by_external_id('find-b', NULL, :'r2', 'x');
SELECT * FROM azr_find_by_external_id('find-d', NULL, :'r2', 'x');

SELECT sequence, source_domain, source_edition FROM azr_find_by_source('find-a', NULL, :'r1', 'find-b', NULL, :'r1', 1);
SELECT sequence, source_domain, source_edition FROM azr_find_by_source('find-a', NULL, :'r1', 'find-b', 'angzarr', :'r1', 1);
SELECT sequence, source_domain, source_edition FROM azr_find_by_source('find-a', NULL, :'r1', 'find-c', 'e', :'r1', 1);
SELECT * FROM azr_find_by_source('find-a', NULL, :'r1', 'find-c', NULL, :'r1', 1);
SELECT * FROM azr_find_by_source('find-a', NULL, :'r1', 'find-b', NULL, :'r1', 2);
SELECT * FROM azr_find_by_source('find-d', NULL, :'r1', 'find-b', NULL, :'r1', 1);

-- by index, however much there is: no sequential scan where one can be avoided
SET enable_seqscan = off;
DO $$
DECLARE
	line text;
BEGIN
	FOR line IN EXPLAIN SELECT * FROM azr_timeline WHERE correlation_id = 'find-1' LOOP
		ASSERT line NOT LIKE '%Seq Scan%', line;
	END LOOP;
END
$$;
RESET enable_seqscan;

-- a trace goes by the numbers of its streams, whatever the planner thinks of that
BEGIN;
SELECT count(azr_append('find-' || i % 7, CASE WHEN i % 3 = 0 THEN 'e' || i % 2 END, azr_root('find', (i % 500)::text), NULL, types(1 + i % 4),
	array_fill(convert_to(repeat('p', i % 300), 'UTF8'), ARRAY[1 + i % 4]), correlation_id => CASE WHEN i % 5 > 0 THEN 'find-many' ELSE 'find-few' || i END)) FROM generate_series(1, 4000) i;
SAVEPOINT s;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT count(*) FROM azr_trace('find-few5');
SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'azr_streams';
ROLLBACK TO s;
-- in little memory too
SET LOCAL work_mem = '64kB';
SELECT count(*), array_agg(t::text) = (SELECT array_agg(v::text ORDER BY v.domain, v.edition, v.root, v.sequence) FROM azr_timeline v WHERE v.correlation_id = 'find-many')
FROM azr_trace('find-many') t;
SELECT (SELECT count(*) FROM azr_trace('find-1')), (SELECT count(*) FROM azr_trace('find-none'));
ROLLBACK;

-- many streams, whose rows were written more than once: what a scan notes of dead entries outlives
-- the rows that it looks at
SELECT count(azr_append('find-many', NULL, azr_root('find-many', i::text), 0, types(1), payloads(1), correlation_id => 'find-many')) FROM generate_series(1, 3000) i;
ALTER TABLE azr_streams DISABLE TRIGGER azr_reject_change;
UPDATE azr_streams SET created_at = created_at WHERE domain = 'find-many';
UPDATE azr_streams SET created_at = created_at WHERE domain = 'find-many';
ALTER TABLE azr_streams ENABLE ALWAYS TRIGGER azr_reject_change;
SELECT count(*), count(DISTINCT root) FROM azr_trace('find-many');
SELECT count(*), count(DISTINCT root) FROM azr_trace('find-many');
