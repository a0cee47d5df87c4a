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

-- an id that is exactly what PostgreSQL prints of a uuid is stored as one; what looks like it is another id; both come back as they were given
CREATE TABLE find_ids (id text COLLATE "C", n serial);
INSERT INTO find_ids (id) VALUES
	('0123abcd-89ab-7cde-8f01-23456789abcd'), ('0123abcd-89ab-7cde-8f01-23456789abce'), ('ffffffff-ffff-ffff-ffff-ffffffffffff'), ('00000000-0000-0000-0000-000000000000'),
	('0123ABCD-89ab-7cde-8f01-23456789abcd'), ('0123abcd-89ab-7cde-8f01-23456789abcD'), ('{0123abcd-89ab-7cde-8f01-23456789abcd}'), ('0123abcd89ab7cde8f0123456789abcd'),
	('0123-abcd89ab-7cde-8f01-23456789abcd'), ('0123abcd-89ab-7cde-8f01_23456789abcd'), ('0123abcd-89ab-7cde-8f01-23456789abcg'), ('0123abcd-89ab-7cde-8f01-23456789abc'),
	(' 0123abcd-89ab-7cde-8f01-23456789abc'), ('0123abcd-89ab-7cde-8f01-23456789abcé'), ('find-1'), (repeat('é', 18));
SELECT count(*) FROM (SELECT azr_append('find-ids', e, azr_root('find-ids', n::text), 0, types(k), payloads(k), metadata => m[1:k], correlation_id => id)
	FROM find_ids, (VALUES (NULL, NULL), ('e', ARRAY['{"a": 1}', NULL]::jsonb[])) v(e, m), LATERAL (SELECT CASE WHEN n <= 4 THEN 2 ELSE 1 END) c(k)) a;
SELECT i.id, count(e.correlation_uuid) AS uuids, count(e.correlation_id) AS texts, min(octet_length(e.correlation_id)) AS bytes
FROM find_ids i JOIN azr_streams s ON s.domain = 'find-ids' AND s.root = azr_root('find-ids', i.n::text) JOIN azr_events e USING (stream_id) GROUP BY i.id, n ORDER BY n;
SELECT count(*), bool_and(i.id = e.correlation_id), bool_and(octet_length(i.id) = octet_length(e.correlation_id)) FROM find_ids i, azr_load('find-ids', 'e', azr_root('find-ids', i.n::text)) e;
SELECT count(*), bool_and(i.id = e ->> 'correlation_id') FROM find_ids i, jsonb_array_elements(azr_load_json('find-ids', NULL, azr_root('find-ids', i.n::text)) -> 'events') e;
SELECT count(*), bool_and(i.id = t.correlation_id), bool_and(t.root = azr_root('find-ids', i.n::text)) FROM find_ids i, azr_trace(i.id) t WHERE t.domain = 'find-ids';
SELECT count(*), bool_and(t = v) FROM find_ids i, azr_trace(i.id) t JOIN azr_timeline v USING (domain, edition, root, sequence) WHERE t.domain = 'find-ids' AND v.correlation_id = i.id;
SELECT count(*), sum((SELECT count(*) FROM azr_timeline t WHERE t.correlation_id = i.id AND t.domain = 'find-ids')) FROM find_ids i;
SELECT azr_feed_advance() >= 0;
SELECT count(*), bool_and(i.id = f.correlation_id) FROM find_ids i JOIN azr_feed(-1, NULL, ARRAY['find-ids']) f ON f.root = azr_root('find-ids', i.n::text);
-- keys of uuids are in their order, and those of their texts are the same; NULL is in no index
SELECT count(*), bool_and(azr_correlation_key(u, 'x') = azr_correlation_key(NULL, u::text)) AS same,
	bool_and(k >= lag) AS ascending, min(k), max(k)
FROM (SELECT u, azr_correlation_key(u, NULL) AS k, lag(azr_correlation_key(u, NULL)) OVER (ORDER BY u) FROM (SELECT md5(i::text)::uuid FROM generate_series(1, 1000) i UNION ALL SELECT id::uuid FROM find_ids WHERE n <= 4) v(u)) k;
SELECT azr_correlation_key(NULL, NULL), azr_correlation_key(NULL, ''), azr_correlation_key(NULL, upper(id)) = azr_correlation_key(NULL, id), azr_correlation_key(NULL, id) FROM find_ids WHERE n = 1;
-- who stores the text of a uuid as text, by hand, finds it all the same
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload, correlation_id)
SELECT stream_id, 2, now(), type_id, true, '', (SELECT id FROM find_ids WHERE n = 1) FROM azr_streams s JOIN azr_events e USING (stream_id) WHERE domain = 'find-ids' AND edition = 'e' AND root = azr_root('find-ids', '2') AND sequence = 1;
SELECT t.edition, t.sequence, t.correlation_id = i.id FROM find_ids i, azr_trace(i.id) t WHERE i.n = 1 ORDER BY t.root, t.edition, t.sequence;
SELECT count(*) FROM azr_timeline WHERE correlation_id = '0123abcd-89ab-7cde-8f01-23456789abcd';
ROLLBACK;
DROP TABLE find_ids;
