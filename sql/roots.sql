-- azr_domains, azr_roots and azr_root.

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
