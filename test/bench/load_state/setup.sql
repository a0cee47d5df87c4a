-- 10,000 events of 64 bytes, and a snapshot of 1 kB after the last but ten
SELECT azr_append('bench', NULL, azr_root('bench', 'long'), NULL, array_agg('Changed'::text), array_agg(decode(repeat(md5(i::text), 4), 'hex')))
FROM generate_series(1, 10000) i;
SELECT azr_put_snapshot('bench', NULL, azr_root('bench', 'long'), 9989, 'State', decode(repeat(md5('state'), 64), 'hex'));
VACUUM ANALYZE azr_main_events;
VACUUM ANALYZE azr_latest_snapshots;
