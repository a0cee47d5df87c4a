-- The table in which upstream angzarr stores events on PostgreSQL, made anew: the columns and
-- indexes that its migrations lead to.  The main timeline is a NULL edition, and type and
-- payload are one message of protobuf.
CREATE TABLE upstream_events (
	domain text NOT NULL,
	edition text,
	root text NOT NULL,
	sequence int NOT NULL,
	created_at text NOT NULL,
	event_data bytea NOT NULL,
	correlation_id text NOT NULL DEFAULT '',
	external_id text NOT NULL DEFAULT '',
	source_edition text,
	source_domain text,
	source_root text,
	source_seq int,
	committed boolean DEFAULT true,
	cascade_id text,
	UNIQUE NULLS NOT DISTINCT (domain, edition, root, sequence)
);
CREATE INDEX ON upstream_events (domain, edition, root);
CREATE INDEX ON upstream_events (domain, edition, root, created_at);
CREATE INDEX ON upstream_events (correlation_id);
CREATE INDEX ON upstream_events (domain, edition, root, external_id) WHERE external_id <> '';
CREATE INDEX ON upstream_events (domain, edition, root, source_edition, source_domain, source_root, source_seq) WHERE source_edition IS NOT NULL;
CREATE INDEX ON upstream_events (domain, edition, root, source_domain, source_edition, source_root, source_seq) WHERE source_domain IS NOT NULL;
CREATE INDEX ON upstream_events (cascade_id, domain, root, sequence) WHERE NOT committed;
CREATE INDEX ON upstream_events (created_at, cascade_id) WHERE NOT committed;
-- with the events of the store
INSERT INTO upstream_events (domain, root, sequence, created_at, event_data, correlation_id)
SELECT s.domain, s.root::text, e.sequence, to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'),
	'\x0a28'::bytea || convert_to(t.type, 'UTF8') || '\x1240'::bytea || e.payload, COALESCE(e.correlation_uuid::text, e.correlation_id, '')
FROM azr_main_events e JOIN azr_streams s USING (stream_id) JOIN azr_event_types t USING (type_id)
ORDER BY e.sequence, e.stream_id;
VACUUM ANALYZE upstream_events;
CHECKPOINT;
