-- :size events, ten an append
CREATE PROCEDURE fill(events int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. events / 10000 - 1 LOOP
		PERFORM azr_append('bench', NULL, azr_root('bench', s::text), NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[10]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[10]))
		FROM generate_series(1, 1000) s;
		COMMIT;
		PERFORM azr_feed_advance();
		COMMIT;
	END LOOP;
END
$$;
CALL fill(:size);
SELECT azr_group_create('idle', after => azr_feed_head()), azr_group_create('behind', after => azr_feed_head() - 5000);
VACUUM ANALYZE azr_streams, azr_main_events, azr_feed_batches, azr_feed_state;
CHECKPOINT;
