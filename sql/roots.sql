-- azr_domains, azr_roots, azr_streams_of and azr_root.

-- the same in every client: computed here by other means
SELECT azr_root('player', 'alice'), azr_root('file', E'a b/"é"\n'), azr_root('a', '');
SELECT azr_root('angzarr', repeat('k', 100000)) = azr_root('angzarr', repeat('k', 100000)) AS same,
	azr_root('a', 'b:c') = azr_root('a:b', 'c') AS joined_by_colon;

SELECT count(*) FROM (
	SELECT azr_append('roots-' || d, NULL, azr_root('roots', i::text), 0, types(2), payloads(2))
	FROM generate_series(1, 25) i, unnest(ARRAY['b', 'a', 'Z']) d OFFSET 0) a;
SELECT d FROM azr_domains() d WHERE d LIKE 'roots-%';
SELECT array_agg(d) = array_agg(d ORDER BY d COLLATE "C") AS in_order, count(*) = count(DISTINCT d) AS once FROM azr_domains() d;

-- all, in order, once each
SELECT count(*), array_agg(r) = array_agg(r ORDER BY r) AS in_order FROM azr_roots('roots-a', NULL) r;
-- page by page, the same
WITH RECURSIVE page(n, roots) AS (
	SELECT 1, ARRAY(SELECT azr_roots('roots-a', NULL, NULL, 10))
	UNION ALL
	SELECT n + 1, ARRAY(SELECT azr_roots('roots-a', '', roots[cardinality(roots)], 10)) FROM page WHERE cardinality(roots) > 0)
SELECT n, cardinality(roots),
	roots = ARRAY(SELECT azr_roots('roots-a', 'angzarr') OFFSET (n - 1) * 10 LIMIT 10) AS same FROM page ORDER BY n;
SELECT count(*) FROM azr_roots('roots-a', NULL, max_count => 0);
SELECT count(*) FROM azr_roots('roots-a', NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
SELECT count(*) FROM azr_roots('unknown', NULL);

-- the same streams, with what there is in each
SELECT count(*), array_agg(root) = ARRAY(SELECT azr_roots('roots-a', NULL)) AS the_same, min(next_sequence), max(next_sequence) FROM azr_streams_of('roots-a', NULL);
WITH RECURSIVE page(n, roots) AS (
	SELECT 1, ARRAY(SELECT root FROM azr_streams_of('roots-a', NULL, NULL, 10))
	UNION ALL
	SELECT n + 1, ARRAY(SELECT root FROM azr_streams_of('roots-a', '', roots[cardinality(roots)], 10)) FROM page WHERE cardinality(roots) > 0)
SELECT n, cardinality(roots),
	roots = ARRAY(SELECT azr_roots('roots-a', 'angzarr') OFFSET (n - 1) * 10 LIMIT 10) AS same FROM page ORDER BY n;
SELECT count(*) FROM azr_streams_of('roots-a', NULL, max_count => 0);
SELECT count(*) FROM azr_streams_of('roots-a', NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
SELECT count(*) FROM azr_streams_of('unknown', NULL);
SELECT (azr_streams_of('roots-a', NULL, max_count => 1)).next_sequence;

-- when its events say that they were created, not when they were stored; in an edition, its own ones
SELECT next_sequence FROM azr_append('roots-times', NULL, '00000000-0000-0000-0000-000000000001', 0, types(4), payloads(4),
	created_at => ARRAY['2021-01-01', '2021-01-03', '2021-01-09', '2021-01-05']::timestamptz[]);
SELECT next_sequence FROM azr_append('roots-times', NULL, '00000000-0000-0000-0000-000000000002', 0, types(1), payloads(1), created_at => ARRAY['2021-02-01']::timestamptz[]);
SELECT next_sequence FROM azr_append('roots-times', 'e', '00000000-0000-0000-0000-000000000001', 2, types(1), payloads(1), created_at => ARRAY['2021-03-01']::timestamptz[]);
SELECT next_sequence FROM azr_append('roots-times', 'e', '00000000-0000-0000-0000-000000000001', 3, types(1), payloads(1), created_at => ARRAY['2021-03-02']::timestamptz[]);
SELECT next_sequence FROM azr_append('roots-times', 'e', '00000000-0000-0000-0000-000000000003', 0, types(2), payloads(2), created_at => ARRAY['2021-03-03', '2021-03-04']::timestamptz[]);
SELECT right(root::text, 1) AS root, next_sequence, created_at::date, last_created_at::date FROM azr_streams_of('roots-times', NULL);
SELECT right(root::text, 1) AS root, next_sequence, created_at::date, last_created_at::date FROM azr_streams_of('roots-times', 'e');
SELECT count(*) FROM azr_streams_of('roots-times', 'another');
-- pending events count, and deleted editions are gone
SELECT next_sequence FROM azr_append('roots-times', 'e', '00000000-0000-0000-0000-000000000003', 2, types(1), payloads(1), cascade_id => 'roots', committed => false);
SELECT right(root::text, 1) AS root, next_sequence FROM azr_streams_of('roots-times', 'e');
SELECT azr_delete_edition('roots-times', 'e');
SELECT count(*) FROM azr_streams_of('roots-times', 'e');
-- the caller's snapshot
BEGIN;
DECLARE c CURSOR FOR SELECT right(root::text, 1), next_sequence FROM azr_streams_of('roots-times', NULL);
SELECT next_sequence FROM azr_append('roots-times', NULL, '00000000-0000-0000-0000-000000000001', 4, types(1), payloads(1));
SELECT next_sequence FROM azr_append('roots-times', NULL, '00000000-0000-0000-0000-000000000004', 0, types(1), payloads(1));
FETCH ALL FROM c;
SELECT right(root::text, 1), next_sequence FROM azr_streams_of('roots-times', NULL);
ROLLBACK;
-- a row of a stream without events, which no append makes, is no stream, and takes no place in a page
BEGIN;
INSERT INTO azr_streams (stream_id, created_at, root, domain, edition) VALUES (1000000000, now(), '00000000-0000-0000-0000-000000000000', 'roots-times', 'angzarr');
SELECT right(root::text, 1) AS root, next_sequence FROM azr_streams_of('roots-times', NULL, max_count => 2);
ROLLBACK;

-- more streams than are looked at together, against SQL; and how many events are read for that
BEGIN;
INSERT INTO azr_streams (stream_id, created_at, root, domain, edition)
SELECT nextval('azr_stream_ids'), now(), azr_root('roots-many', i::text), 'roots-many', 'angzarr' FROM generate_series(1, 20000) i;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, sequence, '2020-01-01'::timestamptz + (stream_id + sequence) * interval '1 minute', type_id, true, ''
FROM azr_streams, generate_series(0, stream_id % 3) sequence, azr_event_types WHERE domain = 'roots-many' AND type = 'T1';
CREATE FUNCTION pg_temp.fetched() RETURNS bigint LANGUAGE sql AS
$$ SELECT sum(idx_tup_fetch + seq_tup_read)::bigint FROM pg_stat_xact_user_tables WHERE relname IN ('azr_main_events', 'azr_edition_events') $$;
SELECT count(*) FROM azr_streams_of('roots-many', NULL, max_count => 1);
SELECT pg_temp.fetched() AS before \gset
CREATE TEMP TABLE listed ON COMMIT DROP AS SELECT * FROM azr_streams_of('roots-many', NULL);
SELECT pg_temp.fetched() - :before <= 2 * 20000 AS at_most_two_events_a_stream;
CREATE TEMP TABLE expected ON COMMIT DROP AS
SELECT root, max(sequence) + 1, min(created_at) FILTER (WHERE sequence = 0), (array_agg(created_at ORDER BY sequence DESC))[1] FROM azr_timeline WHERE domain = 'roots-many' GROUP BY root;
SELECT (SELECT count(*) FROM listed) AS listed, (SELECT count(*) FROM (TABLE listed EXCEPT TABLE expected) d) AS wrong, (SELECT count(*) FROM (TABLE expected EXCEPT TABLE listed) d) AS missing;
SELECT array_agg(root) = array_agg(root ORDER BY root) AS in_order, count(DISTINCT root) FROM azr_streams_of('roots-many', NULL, max_count => 17000);
ROLLBACK;
