-- 100 roots of 1000 events on the main timeline, each with a branch half-way
SELECT count(*) FROM generate_series(1, 100) r,
	azr_append('bench', NULL, azr_root('bench', r::text), 0,
		array_fill('Some.Type'::text, ARRAY[1000]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[1000]));
SELECT count(*) FROM generate_series(1, 100) r,
	azr_append('bench', 'branch', azr_root('bench', r::text), 500,
		array_fill('Some.Type'::text, ARRAY[500]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[500]));
VACUUM ANALYZE azr_events;
VACUUM ANALYZE azr_streams;
