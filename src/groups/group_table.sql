-- Groups: which there are, and how far each of their partitions has come.

CREATE TABLE @extschema@.azr_registered_groups (
	handler text COLLATE "C" NOT NULL,
	partitions integer NOT NULL,
	domains text[],
	types text[],
	moved_after bigint NOT NULL,
	created_at timestamptz NOT NULL,
	CONSTRAINT azr_registered_groups_pkey PRIMARY KEY (handler)
);

COMMENT ON TABLE @extschema@.azr_registered_groups IS
'The groups of workers that follow the feed. Written by azr_group_create() and azr_group_drop().';
COMMENT ON COLUMN @extschema@.azr_registered_groups.domains IS
'The domains whose events the group gets; NULL for all. types, likewise.';

COMMENT ON COLUMN @extschema@.azr_registered_groups.moved_after IS
'The last ticket when the group was made, or went back: the group passes over appends that moved here with their slot later, since they were handled on the node that they come from.';

-- Each fetch updates rows here. Room on each page lets them stay there (HOT), so no index has
-- a column that changes.
CREATE TABLE @extschema@.azr_group_partitions (
	handler text COLLATE "C" NOT NULL,
	partition integer NOT NULL,
	"position" bigint NOT NULL,
	leased_until timestamptz,
	token uuid,
	given_to bigint,
	last_given bigint,
	CONSTRAINT azr_group_partitions_pkey PRIMARY KEY (handler, partition)
) WITH (fillfactor = 50);

COMMENT ON TABLE @extschema@.azr_group_partitions IS
'How far each partition of a group has come. A group belongs to the server whose workers it has, so this table is not published. Written by azr_fetch() and azr_ack().';
COMMENT ON COLUMN @extschema@.azr_group_partitions."position" IS
'The last position of the feed that is done with: its events were given without a lease, or acknowledged, or are none of the partition''s.';
COMMENT ON COLUMN @extschema@.azr_group_partitions.token IS
'Who has the last lease may acknowledge what it was given with this, until another fetch takes the partition. The lease has ended where leased_until is NULL.';
COMMENT ON COLUMN @extschema@.azr_group_partitions.given_to IS
'The last position that was looked at for the last lease. The last event that was given has the position last_given.';

ALTER TABLE @extschema@.azr_registered_groups OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_group_partitions OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_registered_groups', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_group_partitions', '');
