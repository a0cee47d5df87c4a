-- Which events were erased. It is part of history: a row is neither changed nor deleted, but with
-- the edition whose own event it was.
CREATE TABLE @extschema@.azr_erased_events (
	stream_id bigint NOT NULL,
	sequence bigint NOT NULL,
	erased_at timestamptz NOT NULL,
	lsn pg_lsn NOT NULL,
	was_sealed boolean NOT NULL,
	erased_by text COLLATE "C" NOT NULL,
	type text COLLATE "C" NOT NULL,
	reason text COLLATE "C" NOT NULL,
	body_digest bytea,
	CONSTRAINT azr_erased_events_pkey PRIMARY KEY (stream_id, sequence)
);

COMMENT ON TABLE @extschema@.azr_erased_events IS
'The events that were erased. Written by azr_erase(). Read it by azr_erasures().';
COMMENT ON COLUMN @extschema@.azr_erased_events.lsn IS
'About where the erasure stands in the write-ahead log of the server that ran it: what was archived before still has the event.';
COMMENT ON COLUMN @extschema@.azr_erased_events.type IS
'The type that the event had.';
COMMENT ON COLUMN @extschema@.azr_erased_events.was_sealed IS
'Whether the event was sealed before it was erased. If not, it was, or will be, sealed as an erased one.';
COMMENT ON COLUMN @extschema@.azr_erased_events.body_digest IS
'What stands in a proof for what was erased. NULL if nothing was erased after the event was sealed. An event that was erased before it was sealed gets it when it loses its ids after that.';

CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON @extschema@.azr_erased_events
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_reject_change();
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON @extschema@.azr_erased_events
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_reject_change();
ALTER TABLE @extschema@.azr_erased_events ENABLE ALWAYS TRIGGER azr_reject_change;
ALTER TABLE @extschema@.azr_erased_events ENABLE ALWAYS TRIGGER azr_reject_truncate;

ALTER TABLE @extschema@.azr_erased_events OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_erased_events', '');
