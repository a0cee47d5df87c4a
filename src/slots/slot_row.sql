-- What travels from node to node when a slot moves

CREATE TYPE @extschema@.azr_slot_end AS (
	domain text,
	edition text,
	root uuid,
	next_sequence bigint,
	created_at timestamptz
);

COMMENT ON TYPE @extschema@.azr_slot_end IS
'How much of a stream is here. next_sequence: the one after the last event that the stream has itself. created_at: when the stream was created; that of an edition which was deleted and created anew is another stream.';

CREATE TYPE @extschema@.azr_slot_row AS (
	number bigint,
	kind text,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamptz,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean,
	append_events integer,
	divergence bigint,
	stream_created_at timestamptz,
	erased_at timestamptz,
	erased_by text,
	erased_type text,
	description text,
	handler text,
	setting text,
	max_payload integer,
	filed_at timestamptz,
	late_transient boolean
);

COMMENT ON TYPE @extschema@.azr_slot_row IS
'A row of what a node has of a slot. number: its place in the export. kind: gone (a stream of an edition that was deleted), event, state (the first row of azr_slot_export_state), domain, edition, erasure, position or snapshot. Columns that a kind has no use for are NULL. append_events is how many events the append has, on the first event of an append to the main timeline. divergence and stream_created_at are of the stream. erased_at, erased_by, erased_type and description are who erased an event, when and why, and which type it had. setting is the protection of an edition, the durability of a domain or the retention of a snapshot; late_transient is NULL for a snapshot that is not the latest one.';
