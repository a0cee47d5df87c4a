\ir ../streams.sql
DROP INDEX events_stream_id_external_id_idx;
CREATE UNIQUE INDEX ON events (stream_id, external_id) WHERE external_id IS NOT NULL;
