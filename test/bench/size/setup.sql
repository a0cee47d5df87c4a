-- :size events, ten a stream, appended to the streams in turn
CREATE PROCEDURE fill(events int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. events / 1000 - 1 LOOP
		PERFORM azr_append('bench', NULL, md5((i % (events / 10000) * 1000 + s)::text)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY[decode(repeat('ab', 64), 'hex')],
			correlation_id => gen_random_uuid()::text)
		FROM generate_series(1, 1000) s;
		COMMIT;
	END LOOP;
END
$$;
CALL fill(:size);
\ir ../upstream_table.sql
