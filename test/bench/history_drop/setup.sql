-- a day that is past, filled as if azr_maintain had been there in time
SELECT azr_put_snapshot('bench', NULL, azr_root('bench', '0'), i, 'State', '') FROM generate_series(0, 1) i;
SELECT action FROM azr_maintain();
DO $$
DECLARE
	day timestamptz := date_trunc('day', now(), 'UTC') - interval '240 hours';
BEGIN
	EXECUTE format('CREATE TABLE azr_snapshot_history_past PARTITION OF azr_snapshot_history_by_time
		(PRIMARY KEY (domain, edition, root, sequence)) FOR VALUES FROM (%L) TO (%L)', day, day + interval '24 hours');
	INSERT INTO azr_snapshot_history
	SELECT i, day, day, azr_root('bench', (i % 1000)::text), 'bench', 'angzarr', 'default', 'State', decode(repeat(md5(i::text), 64), 'hex')
	FROM generate_series(1, 1000000) i;
END $$;
CHECKPOINT;
