-- What a good engineer would have in place of the store: one table with the same columns,
-- and indexes for the same questions; with the same events
CREATE TABLE events (
	stream_id bigint NOT NULL,
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	committed boolean NOT NULL,
	type text NOT NULL,
	payload bytea NOT NULL,
	metadata jsonb,
	correlation_id text COLLATE "C",
	external_id text COLLATE "C",
	cascade_id text COLLATE "C",
	source_sequence bigint,
	source_root uuid,
	source_domain text COLLATE "C",
	source_edition text COLLATE "C",
	PRIMARY KEY (stream_id, sequence)
);
CREATE INDEX ON events (stream_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX ON events (stream_id, source_root, source_sequence) WHERE source_root IS NOT NULL;
CREATE INDEX ON events (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX ON events (cascade_id, stream_id, committed, sequence) WHERE cascade_id IS NOT NULL;
INSERT INTO events
SELECT e.stream_id, e.sequence, e.created_at, e.committed, t.type, e.payload, e.metadata, COALESCE(e.correlation_uuid::text, e.correlation_id), e.external_id,
	e.cascade_id, e.source_sequence, e.source_root, e.source_domain, e.source_edition
FROM azr_main_events e JOIN azr_event_types t USING (type_id)
ORDER BY e.stream_id, e.sequence;
