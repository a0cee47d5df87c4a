-- 10,000 snapshots of 1 kB in either table
CREATE TABLE baseline (sequence bigint, created_at timestamptz, root uuid, domain text, edition text, retention text,
	state_type text, state bytea, PRIMARY KEY (domain, edition, root)) WITH (fillfactor = 70);
SELECT azr_put_snapshot('bench', NULL, azr_root('bench', r::text), 0, 'State', decode(repeat(md5('state'), 64), 'hex'), 'transient')
FROM generate_series(1, 10000) r;
INSERT INTO baseline SELECT sequence, created_at, root, domain, edition, retention, state_type, state FROM azr_latest_snapshots;
VACUUM ANALYZE azr_latest_snapshots;
VACUUM ANALYZE baseline;
