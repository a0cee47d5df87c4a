-- What is known of the feed: which appends have which positions.

-- Batches of appends, each numbered together. In a batch the order is by ticket (see
-- azr_main_events), and in an append by sequence. A batch grows while it is the last one and
-- small: room on each page lets that stay there (HOT).
CREATE TABLE @extschema@.azr_feed_batches (
	first_position bigint NOT NULL,
	numbered_at timestamptz NOT NULL,
	events bigint NOT NULL,
	appends bigint NOT NULL,
	tickets bigint[] NOT NULL,
	CONSTRAINT azr_feed_batches_pkey PRIMARY KEY (first_position)
) WITH (fillfactor = 90);

COMMENT ON TABLE @extschema@.azr_feed_batches IS
'The feed: which appends have the positions from first_position on. Written by whatever numbers the feed: azr_feed_advance(), azr_feed_wait() and azr_fetch(). Read it by azr_feed().';
COMMENT ON COLUMN @extschema@.azr_feed_batches.tickets IS
'Ranges of tickets: the first and the last of one, of the next one, and so on, ascending. A ticket in a range that no row has, or none that was committed, has no position. Where the second number is negative, appends are gone from here on, with a slot that belongs to another node: the first one had this ticket, and together they had so many events, which keep their positions.';

-- How far numbering has come. One row, from the first numbering on.
CREATE TABLE @extschema@.azr_feed_state (
	id boolean NOT NULL CHECK (id),
	next_position bigint NOT NULL,
	next_ticket bigint NOT NULL,
	epoch uuid NOT NULL,
	system_identifier bigint NOT NULL,
	wal_timeline bigint NOT NULL,
	database_id oid NOT NULL,
	pending bigint[] NOT NULL,
	CONSTRAINT azr_feed_state_pkey PRIMARY KEY (id)
) WITH (fillfactor = 50);

COMMENT ON TABLE @extschema@.azr_feed_state IS
'How far the feed is numbered. Written by whatever numbers the feed: azr_feed_advance(), azr_feed_wait() and azr_fetch().';
COMMENT ON COLUMN @extschema@.azr_feed_state.epoch IS
'Changes when the feed is first numbered on another server, in another database, or after a failover: positions that were read before may be other events'' now.';
COMMENT ON COLUMN @extschema@.azr_feed_state.pending IS
'Ranges of tickets below next_ticket whose transactions had not ended: the first and the last ticket of one, and its transaction, then those of the next one, and so on, ascending. The transaction is a top-level one, as xid8 has it, or 0. It means something in this database only, in the same epoch.';

-- Tickets below next_ticket that no row had yet, and who may yet store one.
CREATE TABLE @extschema@.azr_feed_unborn (
	first_ticket bigint NOT NULL,
	last_ticket bigint NOT NULL,
	holders text[] NOT NULL,
	CONSTRAINT azr_feed_unborn_pkey PRIMARY KEY (first_ticket)
);

COMMENT ON TABLE @extschema@.azr_feed_unborn IS
'Tickets that were drawn before others that are numbered, and that no row had yet. Mostly empty.';
COMMENT ON COLUMN @extschema@.azr_feed_unborn.holders IS
'Virtual transactions that were writing events when the ticket was missed: none but these can store it.';

ALTER TABLE @extschema@.azr_feed_batches OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_feed_state OWNER TO @extowner@;
ALTER TABLE @extschema@.azr_feed_unborn OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_feed_batches', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_feed_state', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_feed_unborn', '');
