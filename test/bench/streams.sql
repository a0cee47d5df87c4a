-- :streams streams of one event, and what a good engineer would have in place of the
-- store: a table of streams, and one of events with the same columns and indexes
CREATE PROCEDURE make_streams(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. n / 1000 - 1 LOOP
		PERFORM azr_append('bench', NULL, (repeat('0', 26) || s)::uuid, 0, ARRAY['com.example.bank.v1.AccountWasOpened'], ARRAY[decode(repeat('ab', 64), 'hex')])
		FROM generate_series(100000 + i * 1000 + 1, 100000 + i * 1000 + 1000) s;
		COMMIT;
	END LOOP;
END
$$;
CALL make_streams(:streams);
CREATE TABLE streams (LIKE azr_streams INCLUDING ALL);
INSERT INTO streams SELECT * FROM azr_streams;
CREATE SEQUENCE stream_ids OWNED BY streams.stream_id;
SELECT setval('stream_ids', max(stream_id)) FROM streams;
ALTER TABLE streams ALTER COLUMN stream_id SET DEFAULT nextval('stream_ids');
\ir events.sql
VACUUM ANALYZE streams, events, azr_streams, azr_main_events;
CHECKPOINT;
