-- 200,000 events, appended one by one to 20,000 streams of 100 domains in turn; and the table
-- that a good engineer would have in place of the feed: all columns in one, with a position
CREATE PROCEDURE fill(events int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. events / 1000 - 1 LOOP
		PERFORM azr_append('bench' || s % 100, NULL, md5((i % 20 * 1000 + s)::text)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY[decode(repeat('ab', 64), 'hex')])
		FROM generate_series(1, 1000) s;
		COMMIT;
		PERFORM azr_feed_advance();
		COMMIT;
	END LOOP;
END
$$;
CALL fill(200000);
CREATE TABLE log AS SELECT * FROM azr_feed(-1, NULL);
ALTER TABLE log ADD PRIMARY KEY (position);
CREATE INDEX ON log (domain, position);
VACUUM ANALYZE log, azr_streams, azr_main_events, azr_feed_batches;
CHECKPOINT;
