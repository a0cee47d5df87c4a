-- Streams that a group holds back.

CREATE TABLE @extschema@.azr_parked_streams (
	handler text COLLATE "C" NOT NULL,
	stream_id bigint NOT NULL,
	partition integer NOT NULL,
	parked_from bigint,
	done_below bigint NOT NULL,
	sequence bigint NOT NULL,
	parked_at timestamptz NOT NULL,
	reason text NOT NULL,
	CONSTRAINT azr_parked_streams_pkey PRIMARY KEY (handler, stream_id)
);

CREATE INDEX azr_parked_streams_partition_idx ON @extschema@.azr_parked_streams (handler, partition);

COMMENT ON TABLE @extschema@.azr_parked_streams IS
'Streams that a group holds back, by azr_park(), until azr_retry() has given their events. Not published, as azr_group_partitions.';
COMMENT ON COLUMN @extschema@.azr_parked_streams.parked_from IS
'The position of the event that was parked. The column sequence has its place in its stream. NULL when the stream goes on.';
COMMENT ON COLUMN @extschema@.azr_parked_streams.done_below IS
'The stream''s events before this position are not given by azr_fetch() any more. When the partition has come so far, the row of a stream that goes on is deleted.';

COMMENT ON COLUMN @extschema@.azr_parked_streams.reason IS
'What the worker said of it. Empty after an event of the stream was erased, since it may have had a copy of that.';

-- ANALYZE is not to keep samples of what an erasure takes away.
ALTER TABLE @extschema@.azr_parked_streams ALTER reason SET STATISTICS 0;

ALTER TABLE @extschema@.azr_parked_streams OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_parked_streams', '');
