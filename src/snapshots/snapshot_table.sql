-- The snapshots: cached states of streams. The latest one of each stream is kept apart: it
-- is found by one index probe, and never pruned. Earlier ones are the history, in
-- partitions, so that pruning it means dropping tables.

-- Keyed by names, since there may be a snapshot of a stream without events. Room
-- on each page lets updates stay there (HOT), without index entries.
CREATE TABLE @extschema@.azr_latest_snapshots (
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	filed_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	retention text COLLATE "C" NOT NULL,
	state_type text NOT NULL,
	state bytea NOT NULL,
	late_transient boolean NOT NULL,
	CONSTRAINT azr_latest_snapshots_pkey PRIMARY KEY (domain, edition, root)
) WITH (fillfactor = 70);

-- When a stream begins, snapshots of it are looked for.
CREATE INDEX azr_latest_snapshots_root_idx ON @extschema@.azr_latest_snapshots (root);

COMMENT ON TABLE @extschema@.azr_latest_snapshots IS
'The snapshot with the highest sequence of each stream. Written by azr_put_snapshot() and azr_append_commutative().';
COMMENT ON COLUMN @extschema@.azr_latest_snapshots.filed_at IS
'Nothing in the stream''s history is filed under a later time, and nothing will be under an earlier one.';
COMMENT ON COLUMN @extschema@.azr_latest_snapshots.late_transient IS
'Whether the stream''s history may have a transient snapshot: one that was put when there was a later one already.';

-- Earlier snapshots. Each is filed under the time at which a later one took its place. So
-- of two snapshots of a stream, the one with the higher sequence is never in an earlier
-- partition by time. A snapshot that is put after one with a higher sequence is filed with
-- the one that follows it.
CREATE TABLE @extschema@.azr_snapshot_history (
	sequence bigint NOT NULL,
	created_at timestamptz NOT NULL,
	filed_at timestamptz NOT NULL,
	root uuid NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	retention text COLLATE "C" NOT NULL,
	state_type text NOT NULL,
	state bytea NOT NULL
) PARTITION BY LIST (retention);

CREATE TABLE @extschema@.azr_snapshot_history_persist
	PARTITION OF @extschema@.azr_snapshot_history (
		CONSTRAINT azr_snapshot_history_persist_pkey PRIMARY KEY (domain, edition, root, sequence)
	) FOR VALUES IN ('persist');
CREATE TABLE @extschema@.azr_snapshot_history_by_time
	PARTITION OF @extschema@.azr_snapshot_history FOR VALUES IN ('default', 'transient')
	PARTITION BY RANGE (filed_at);
CREATE TABLE @extschema@.azr_snapshot_history_rest
	PARTITION OF @extschema@.azr_snapshot_history_by_time (
		CONSTRAINT azr_snapshot_history_rest_pkey PRIMARY KEY (domain, edition, root, sequence)
	) DEFAULT;

-- azr_maintain() finds by time what it moves.
CREATE INDEX azr_snapshot_history_rest_filed_at_idx
	ON @extschema@.azr_snapshot_history_rest (filed_at);

COMMENT ON TABLE @extschema@.azr_snapshot_history IS
'Snapshots whose place a later one has taken. Written by azr_put_snapshot() and azr_append_commutative(), pruned by azr_maintain().';
COMMENT ON TABLE @extschema@.azr_snapshot_history_persist IS
'Snapshots that stay until they are deleted.';
COMMENT ON TABLE @extschema@.azr_snapshot_history_by_time IS
'Snapshots that stay until they are pruned, in partitions that azr_maintain() makes and drops.';
COMMENT ON TABLE @extschema@.azr_snapshot_history_rest IS
'Snapshots that were filed when there was no partition for their time. azr_maintain() moves them.';
COMMENT ON COLUMN @extschema@.azr_snapshot_history.filed_at IS
'When a later snapshot took its place; for one that was put late, the same as for the one that follows it.';

-- ANALYZE is not to keep samples of states: who erases events would not find them.
ALTER TABLE @extschema@.azr_latest_snapshots ALTER state SET STATISTICS 0;
ALTER TABLE @extschema@.azr_snapshot_history ALTER state SET STATISTICS 0;

ALTER TABLE @extschema@.azr_latest_snapshots OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_persist OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_by_time OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_snapshot_history_rest OWNER TO @extowner@;

-- Partitions that azr_maintain() makes are ordinary tables to a dump.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_latest_snapshots', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_snapshot_history_persist', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_snapshot_history_rest', '');
