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
CREATE TABLE events (
	domain text NOT NULL, edition text NOT NULL, root text NOT NULL, sequence int NOT NULL, created_at text NOT NULL,
	event_data bytea NOT NULL, correlation_id text NOT NULL, UNIQUE (domain, edition, root, sequence));
CREATE INDEX ON events (domain, edition, root);
CREATE INDEX ON events (domain, edition, root, created_at);
CREATE INDEX ON events (correlation_id);
-- type and payload as it has them, in one message
INSERT INTO events
SELECT s.domain, s.edition, s.root::text, e.sequence, to_char(e.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
	'\x0a28'::bytea || convert_to(t.type, 'UTF8') || '\x1240'::bytea || e.payload, COALESCE(e.correlation_uuid::text, e.correlation_id)
FROM azr_main_events e JOIN azr_streams s USING (stream_id) JOIN azr_event_types t USING (type_id)
ORDER BY e.sequence, e.stream_id;
