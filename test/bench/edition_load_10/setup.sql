-- 100 roots of 10 events on the main timeline, each with a branch half-way
SELECT count(*) FROM generate_series(1, 100) r,
	azr_append('bench', NULL, azr_root('bench', r::text), 0,
		array_fill('Some.Type'::text, ARRAY[10]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[10]));
SELECT count(*) FROM generate_series(1, 100) r,
	azr_append('bench', 'branch', azr_root('bench', r::text), 5,
		array_fill('Some.Type'::text, ARRAY[5]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[5]));
VACUUM ANALYZE azr_events;
VACUUM ANALYZE azr_streams;
