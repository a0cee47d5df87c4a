-- The least that would do in place of the store, where nothing is asked but a stream by its
-- number: one table with a primary key; with the same events
CREATE TABLE bare_events (
	stream_id bigint NOT NULL,
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	type text NOT NULL,
	payload bytea NOT NULL,
	PRIMARY KEY (stream_id, sequence)
);
INSERT INTO bare_events
SELECT e.stream_id, e.sequence, e.created_at, t.type, e.payload
FROM azr_main_events e JOIN azr_event_types t USING (type_id)
ORDER BY e.stream_id, e.sequence;
VACUUM ANALYZE bare_events;
CHECKPOINT;
