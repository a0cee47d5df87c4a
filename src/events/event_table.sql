-- The events: the truth. Main timeline and editions live in heaps of their own,
-- told apart by the sign of stream_id, so that deleting an edition never leaves
-- a dead row in the history of the main timeline.

-- In this order, numbers need no padding. A row ends with its last column that is not NULL
-- (see insert.c): one that ends with the eighth has a bitmap of NULLs of one byte, for
-- which the header of a row has room. So correlation_uuid, which most events of those with
-- a correlation id have, is the eighth, and correlation_id comes after metadata.
CREATE TABLE @extschema@.azr_events (
	stream_id bigint NOT NULL,
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	ticket bigint,
	type_id integer NOT NULL,
	committed boolean NOT NULL,
	payload bytea NOT NULL,
	correlation_uuid uuid,
	metadata jsonb,
	correlation_id text COLLATE "C",
	ticket_events integer,
	external_id text COLLATE "C",
	cascade_id text COLLATE "C",
	source_sequence bigint,
	source_root uuid,
	source_domain text COLLATE "C",
	source_edition text COLLATE "C",
	CONSTRAINT azr_events_pkey PRIMARY KEY (stream_id, sequence)
) PARTITION BY RANGE (stream_id);

CREATE TABLE @extschema@.azr_main_events
	PARTITION OF @extschema@.azr_events FOR VALUES FROM (0) TO (MAXVALUE);
CREATE TABLE @extschema@.azr_edition_events
	PARTITION OF @extschema@.azr_events FOR VALUES FROM (MINVALUE) TO (0);

COMMENT ON TABLE @extschema@.azr_events IS
'Events of all streams. Written by the functions that append; read it by azr_load(), azr_trace() or the view azr_timeline.';
COMMENT ON COLUMN @extschema@.azr_events.type_id IS
'The event''s type, in azr_event_types.';

COMMENT ON COLUMN @extschema@.azr_events.correlation_uuid IS
'The correlation id, if it is the text of a uuid in lower case and with dashes; else it is in correlation_id.';
COMMENT ON COLUMN @extschema@.azr_events.correlation_id IS
'The correlation id, unless it is in correlation_uuid. The view azr_timeline has either in its column correlation_id.';
COMMENT ON COLUMN @extschema@.azr_events.ticket IS
'The number of the append, for the feed, on its first event on the main timeline.';
COMMENT ON COLUMN @extschema@.azr_events.ticket_events IS
'How many events the append has, beside ticket; NULL for one. Negative, also for one, if the append came from another node with its slot.';

-- Tickets of appends. A gap is harmless: these are not positions of the feed.
CREATE SEQUENCE @extschema@.azr_tickets AS bigint;

-- What makes a retry safe. The first index on each leaf is its primary key.
CREATE INDEX azr_main_events_external_id_idx
	ON @extschema@.azr_main_events (stream_id, external_id)
	WHERE external_id IS NOT NULL;
CREATE INDEX azr_edition_events_external_id_idx
	ON @extschema@.azr_edition_events (stream_id, external_id)
	WHERE external_id IS NOT NULL;

-- The same for sources. Domain and edition of the source are compared in the
-- table: a root and a sequence tell nearly all sources apart.
CREATE INDEX azr_main_events_source_idx
	ON @extschema@.azr_main_events (stream_id, source_root, source_sequence)
	WHERE source_root IS NOT NULL;
CREATE INDEX azr_edition_events_source_idx
	ON @extschema@.azr_edition_events (stream_id, source_root, source_sequence)
	WHERE source_root IS NOT NULL;

-- What azr_trace() goes by, and queries of azr_timeline (see correlation.c). A key takes a
-- third of the bytes that the ids would, where each is that of one event.
CREATE INDEX azr_main_events_correlation_id_idx
	ON @extschema@.azr_main_events (@extschema@.azr_correlation_key(correlation_uuid, correlation_id))
	WHERE @extschema@.azr_correlation_key(correlation_uuid, correlation_id) IS NOT NULL;
CREATE INDEX azr_edition_events_correlation_id_idx
	ON @extschema@.azr_edition_events (@extschema@.azr_correlation_key(correlation_uuid, correlation_id))
	WHERE @extschema@.azr_correlation_key(correlation_uuid, correlation_id) IS NOT NULL;

-- What numbering goes by, and reading the feed.
CREATE INDEX azr_main_events_ticket_idx
	ON @extschema@.azr_main_events (ticket) WITH (fillfactor = 98)
	WHERE ticket IS NOT NULL;

-- What is asked of cascades: is one resolved in a stream, who takes part in it, and
-- which are stale. Stores without cascades have nothing in it.
CREATE INDEX azr_main_events_cascade_idx
	ON @extschema@.azr_main_events (cascade_id, stream_id, committed, sequence) INCLUDE (created_at)
	WHERE cascade_id IS NOT NULL;
CREATE INDEX azr_edition_events_cascade_idx
	ON @extschema@.azr_edition_events (cascade_id, stream_id, committed, sequence) INCLUDE (created_at)
	WHERE cascade_id IS NOT NULL;

-- Which events of a stream have resolved cascades: states from before lack what these
-- have confirmed.
CREATE INDEX azr_main_events_resolving_idx
	ON @extschema@.azr_main_events (stream_id, sequence)
	WHERE cascade_id IS NOT NULL AND committed;
CREATE INDEX azr_edition_events_resolving_idx
	ON @extschema@.azr_edition_events (stream_id, sequence)
	WHERE cascade_id IS NOT NULL AND committed;

-- What no append stores and azr_check() looks for: empty, unless somebody has broken a
-- rule by hand.
CREATE INDEX azr_main_events_astray_idx
	ON @extschema@.azr_main_events (stream_id, sequence)
	WHERE NOT committed AND cascade_id IS NULL;
CREATE INDEX azr_edition_events_astray_idx
	ON @extschema@.azr_edition_events (stream_id, sequence)
	WHERE NOT committed AND cascade_id IS NULL;

CREATE VIEW @extschema@.azr_timeline AS
SELECT s.domain, s.edition, s.root,
	e.sequence, t.type, e.payload, e.metadata, e.created_at,
	COALESCE(e.correlation_uuid::pg_catalog.text, e.correlation_id) AS correlation_id, e.external_id,
	e.source_domain, e.source_edition, e.source_root, e.source_sequence,
	e.cascade_id, e.committed
FROM @extschema@.azr_events e
JOIN @extschema@.azr_streams s ON s.stream_id OPERATOR(pg_catalog.=) e.stream_id
JOIN @extschema@.azr_event_types t ON t.type_id OPERATOR(pg_catalog.=) e.type_id
WHERE @extschema@.azr_correlated(e.correlation_uuid, e.correlation_id);

COMMENT ON VIEW @extschema@.azr_timeline IS
'Every stored event with the names of the stream that owns it, for ad-hoc SQL. No order: use ORDER BY domain, edition, root, sequence.';

-- ANALYZE is not to keep samples of what is in events: who erases them would not find those.
ALTER TABLE @extschema@.azr_events ALTER payload SET STATISTICS 0, ALTER metadata SET STATISTICS 0;

ALTER SEQUENCE @extschema@.azr_tickets OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_events OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_main_events OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_edition_events OWNER TO @extowner@;
ALTER VIEW @extschema@.azr_timeline OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_tickets', '');

-- A partitioned table dumps nothing: its leaves hold the rows.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_main_events', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_edition_events', '');
