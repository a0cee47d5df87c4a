-- 100 streams of 20,000 events, snapshots of 1 kB in either table, and a number that only grows
SELECT azr_append('bench', NULL, azr_root('bench', r::text), NULL, array_fill('A'::text, ARRAY[20000]), array_fill(''::bytea, ARRAY[20000]))
FROM generate_series(1, 100) r;
CREATE TABLE state AS SELECT decode(repeat(md5('state'), 64), 'hex') AS bytes;
CREATE TABLE baseline (sequence bigint, created_at timestamptz, root uuid, domain text, edition text, retention text,
	state_type text, state bytea, PRIMARY KEY (domain, edition, root)) WITH (fillfactor = 70);
SELECT azr_put_snapshot('bench', NULL, azr_root('bench', r::text), 0, 'State', bytes, 'transient')
FROM generate_series(1, 100) r, state;
INSERT INTO baseline SELECT sequence, created_at, root, domain, edition, retention, state_type, state FROM azr_latest_snapshots;
CREATE SEQUENCE puts CACHE 1000;
VACUUM ANALYZE azr_main_events;
VACUUM ANALYZE azr_latest_snapshots;
VACUUM ANALYZE baseline;
