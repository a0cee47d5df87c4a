-- 300,000 events, appended one by one to 30,000 streams in turn, in a database with evidence
CREATE PROCEDURE fill(events int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. events / 1000 - 1 LOOP
		PERFORM azr_append('bench', NULL, md5((i % 30 * 1000 + s)::text)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY[decode(repeat('ab', 64), 'hex')])
		FROM generate_series(1, 1000) s;
		COMMIT;
	END LOOP;
END
$$;
CALL fill(300000);
SELECT azr_evidence_enable('bench');
SELECT azr_feed_advance(300000);
VACUUM ANALYZE azr_streams, azr_main_events;
CHECKPOINT;
