-- Stream identity: every (domain, edition, root) that has events gets a number.

-- Numbers of streams. A gap is harmless: this is not a stream's sequence. Each session draws 64 at
-- once, so that sessions which make new streams write to pages of the index of their own.
CREATE SEQUENCE @extschema@.azr_stream_ids AS bigint CACHE 64;

-- Names compare by bytes (COLLATE "C"): no locale can reorder or merge them,
-- and an upgrade of the C library cannot corrupt the index.
CREATE TABLE @extschema@.azr_streams (
	stream_id bigint NOT NULL,
	divergence bigint,
	created_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	CONSTRAINT azr_streams_pkey PRIMARY KEY (stream_id),
	CONSTRAINT azr_streams_name_key UNIQUE (root, domain, edition)
);

-- A stream is looked for by the index above: the root tells nearly all streams apart, and
-- compares faster than text. This one is for listing.
CREATE INDEX azr_streams_roots_idx ON @extschema@.azr_streams (domain, edition, root);

COMMENT ON TABLE @extschema@.azr_streams IS
'Streams by number: positive on the main timeline, negative in an edition. Written by the functions that append.';
COMMENT ON COLUMN @extschema@.azr_streams.divergence IS
'First sequence that the stream owns itself; below it, it shares the main timeline''s. NULL on the main timeline.';

-- The role that creates the extension owns the data, also where a superuser's
-- rights were lent to it for the creation ("trusted").
ALTER SEQUENCE @extschema@.azr_stream_ids OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_streams OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_stream_ids', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_streams', '');
