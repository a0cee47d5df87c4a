-- The evidence: a log of sealed events. Nothing is in these tables before
-- azr_evidence_enable() has been called.

CREATE TABLE @extschema@.azr_evidence (
	number integer NOT NULL CHECK (number > 0),
	origin text COLLATE "C" NOT NULL,
	sealed bigint NOT NULL,
	named_at timestamptz NOT NULL,
	CONSTRAINT azr_evidence_pkey PRIMARY KEY (number),
	CONSTRAINT azr_evidence_origin_key UNIQUE (origin)
);

COMMENT ON TABLE @extschema@.azr_evidence IS
'The names of the log, if evidence is kept: the one with the highest number, and those that it has had before. Written by azr_evidence_enable().';
COMMENT ON COLUMN @extschema@.azr_evidence.sealed IS
'How many events were sealed when the log got the name.';

CREATE TABLE @extschema@.azr_evidence_tiles (
	level bigint NOT NULL,
	index bigint NOT NULL,
	hashes bytea NOT NULL,
	CONSTRAINT azr_evidence_tiles_pkey PRIMARY KEY (level, index)
);

COMMENT ON TABLE @extschema@.azr_evidence_tiles IS
'The log''s Merkle tree (RFC 6962), as tiles of up to 256 hashes of 32 bytes (C2SP tlog-tiles). Level 0 has the leaves. Written by azr_seal(); read it by azr_tile().';

CREATE TABLE @extschema@.azr_evidence_salts (
	index bigint NOT NULL,
	last_ticket bigint NOT NULL,
	salts bytea NOT NULL,
	CONSTRAINT azr_evidence_salts_pkey PRIMARY KEY (index)
);

-- Where to begin to look for the position of an append.
CREATE INDEX azr_evidence_salts_last_ticket_idx ON @extschema@.azr_evidence_salts (last_ticket, index);

COMMENT ON TABLE @extschema@.azr_evidence_salts IS
'The salts of the leaves of a tile of level 0: up to 256 of 16 bytes, zeros where the event was erased; or, as long as none was, 33 bytes that they are made of. Read them by azr_salts(). Who knows an event''s salt and its leaf can try what its body was. Written by azr_seal().';
COMMENT ON COLUMN @extschema@.azr_evidence_salts.last_ticket IS
'The highest ticket of the batches that were sealed up to here: an append with a lower one has no position before the first row with a higher one.';

-- ANALYZE is not to keep samples of what an erasure takes away.
ALTER TABLE @extschema@.azr_evidence_salts ALTER salts SET STATISTICS 0;

-- A row is updated with each sealed event of its stream: room on each page lets it stay
-- there (HOT).
CREATE TABLE @extschema@.azr_evidence_heads (
	stream_id bigint NOT NULL,
	next_sequence bigint NOT NULL,
	leaf bytea NOT NULL,
	CONSTRAINT azr_evidence_heads_pkey PRIMARY KEY (stream_id)
) WITH (fillfactor = 90);

COMMENT ON TABLE @extschema@.azr_evidence_heads IS
'How far each stream of the main timeline is sealed, and the leaf of its last sealed event. Written by azr_seal().';

CREATE TABLE @extschema@.azr_evidence_checkpoints (
	size bigint NOT NULL,
	root bytea NOT NULL,
	sealed_at timestamptz NOT NULL,
	note text,
	CONSTRAINT azr_evidence_checkpoints_pkey PRIMARY KEY (size)
);

-- What a proof goes by that says nothing of a size.
CREATE INDEX azr_evidence_checkpoints_note_idx ON @extschema@.azr_evidence_checkpoints (size)
	WHERE note IS NOT NULL;

COMMENT ON TABLE @extschema@.azr_evidence_checkpoints IS
'Sizes that the log has had, with the root of its tree, and the signed note of it, if one was filed. The highest size is what is sealed. Written by azr_seal() and azr_put_checkpoint(); read it by azr_checkpoints().';

-- Hashes and salts cannot be compressed.
ALTER TABLE @extschema@.azr_evidence_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE @extschema@.azr_evidence_salts ALTER COLUMN salts SET STORAGE EXTERNAL;

-- Nothing is ever taken out of the log. Rows are changed as it grows, and as events are erased,
-- except what it is called.
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_evidence
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_evidence
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE DELETE ON @extschema@.azr_evidence_tiles
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_evidence_tiles
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE DELETE ON @extschema@.azr_evidence_salts
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_evidence_salts
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE DELETE ON @extschema@.azr_evidence_heads
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_evidence_heads
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_change BEFORE DELETE ON @extschema@.azr_evidence_checkpoints
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_evidence_checkpoints
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();

ALTER TABLE @extschema@.azr_evidence ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_evidence ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_evidence_tiles ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_evidence_tiles ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_evidence_salts ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_evidence_salts ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_evidence_heads ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_evidence_heads ENABLE ALWAYS TRIGGER azr_reject_truncate;
ALTER TABLE @extschema@.azr_evidence_checkpoints ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_evidence_checkpoints ENABLE ALWAYS TRIGGER azr_reject_truncate;

ALTER TABLE @extschema@.azr_evidence OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_evidence_tiles OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_evidence_salts OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_evidence_heads OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_evidence_checkpoints OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_evidence', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_evidence_tiles', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_evidence_salts', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_evidence_heads', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_evidence_checkpoints', '');
