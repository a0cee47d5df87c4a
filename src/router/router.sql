-- The router's functions, as the store has them: made by script/lib/router_surface.pl

CREATE TYPE @extschema@.azr_append_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint
);

COMMENT ON TYPE @extschema@.azr_append_result IS
'What an append did. outcome: added; duplicate (an earlier append with the same external_id or source: its range); unchanged (nothing to append: range is NULL); conflict (another sequence was expected than the next one, and on_conflict is return: range is NULL). next_sequence: what the stream''s next event gets.';

CREATE TYPE @extschema@.azr_change AS (
	action text,
	object text,
	detail text
);

COMMENT ON TYPE @extschema@.azr_change IS
'Something that azr_take_over or azr_publication has done.';

CREATE TYPE @extschema@.azr_commutative_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint,
	state bytea
);

COMMENT ON TYPE @extschema@.azr_commutative_result IS
'What a commutative append did. outcome: added; merged (others had appended meanwhile, and had changed other fields); duplicate (an earlier append with the same external_id or source: its range and state); unchanged (nothing to append: range and state are NULL). next_sequence: what the stream''s next event gets. state: the one after these events, with everybody''s changes; NULL also if that of a duplicate was pruned.';

CREATE TYPE @extschema@.azr_domain_setting AS (
	domain text,
	durability text,
	max_payload integer,
	description text
);

COMMENT ON TYPE @extschema@.azr_domain_setting IS
'What azr_domain_set() has said of a domain. max_payload and description are NULL if nothing was said.';

CREATE TYPE @extschema@.azr_domain_statistics AS (
	domain text,
	streams bigint,
	events bigint,
	appends bigint,
	conflicts bigint,
	duplicates bigint,
	merges bigint,
	bytes bigint,
	last_append timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_domain_statistics IS
'What a domain has, and what has happened to appends there. streams, events, appends: on the main timeline, counted since the store began, exact. conflicts, duplicates, merges: in all editions, counted since the statistics of the server began. bytes: an estimate of the disk space of its events. last_append: the latest created_at of an append''s first event.';

CREATE TYPE @extschema@.azr_edition AS (
	domain text,
	edition text,
	divergence bigint,
	protection text,
	description text,
	created_at timestamp with time zone,
	roots bigint,
	events bigint
);

COMMENT ON TYPE @extschema@.azr_edition IS
'An edition of a domain. divergence: the registered one, NULL if there is none. roots and events: those that it owns.';

CREATE TYPE @extschema@.azr_erasure AS (
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	erased_at timestamp with time zone,
	erased_by text,
	reason text
);

COMMENT ON TYPE @extschema@.azr_erasure IS
'An event that was erased. type is the one that it had, erased_by the role that had logged in (session_user).';

CREATE TYPE @extschema@.azr_event AS (
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamp with time zone,
	edition text,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

COMMENT ON TYPE @extschema@.azr_event IS
'An event as it was stored. edition: the timeline that owns it.';

CREATE TYPE @extschema@.azr_feed_event AS (
	"position" bigint,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamp with time zone,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

COMMENT ON TYPE @extschema@.azr_feed_event IS
'An event at a position of the feed, with the names of its stream.';

CREATE TYPE @extschema@.azr_feed_status AS (
	head bigint,
	epoch uuid,
	in_flight bigint,
	oldest_in_flight interval,
	oldest_pid integer,
	batches bigint
);

COMMENT ON TYPE @extschema@.azr_feed_status IS
'How far the feed is numbered. head: the last position, or -1. epoch: changes when another server takes over, so that positions read before may be other events'' now. in_flight: appends that were not committed when the feed was last numbered. oldest_in_flight, oldest_pid: of the transactions that are writing events now, or keep others from numbering, how long ago the first one began, and its process. batches: rows of azr_feed_batches.';

CREATE TYPE @extschema@.azr_fetched_event AS (
	partition integer,
	token uuid,
	"position" bigint,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamp with time zone,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

COMMENT ON TYPE @extschema@.azr_fetched_event IS
'An event that a worker of a group gets, as azr_feed_event. partition: of the group, to which the event''s stream belongs. token: by which it is acknowledged, where there is a lease.';

CREATE TYPE @extschema@.azr_filed_checkpoint AS (
	size bigint,
	root_hash bytea,
	sealed_at timestamp with time zone,
	note text
);

COMMENT ON TYPE @extschema@.azr_filed_checkpoint IS
'A size that the log has had, and the root of its tree then. note: the signed note, if one was filed.';

CREATE TYPE @extschema@.azr_group_state AS (
	handler text,
	partition integer,
	"position" bigint,
	head bigint,
	behind bigint,
	oldest interval,
	leased_until timestamp with time zone,
	parked bigint
);

COMMENT ON TYPE @extschema@.azr_group_state IS
'How far a partition of a group has come. position: what comes before it, and it itself, is done with. head: the last position of the feed. behind: how many positions lie between, whether or not they have events for the partition; up to 100 that have none are passed over only now and then. oldest: how long ago the event after position was created. leased_until: NULL if the partition is not leased; the lease may have run out. parked: how many streams are parked.';

CREATE TYPE @extschema@.azr_lag_entry AS (
	domain text,
	edition text,
	root uuid,
	"position" bigint,
	next_sequence bigint,
	lag bigint
);

COMMENT ON TYPE @extschema@.azr_lag_entry IS
'A stream that a handler is behind in. position: the last sequence that it has handled, NULL for none. lag: how many events it has yet to handle.';

CREATE TYPE @extschema@.azr_lock AS (
	pid integer,
	kind text,
	domain text,
	edition text,
	root uuid,
	key bigint,
	mode text,
	granted boolean,
	waiting_since timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_lock IS
'A lock of this store that a session holds or waits for. pid: its process, NULL for a prepared transaction. kind: what is locked. domain, edition and root: the stream, if kind is stream. key: what tells locks of one kind apart; for new stream, edition, cascade and partition it is a hash of names. mode: as in pg_locks. waiting_since: NULL if it is granted.';

CREATE TYPE @extschema@.azr_maintenance AS (
	action text,
	partition text,
	starts_at timestamp with time zone,
	ends_at timestamp with time zone,
	snapshots bigint,
	partitions integer
);

COMMENT ON TYPE @extschema@.azr_maintenance IS
'What azr_maintain() did. action is one of: created and dropped, a partition; moved, snapshots out of the default partition into this one; pruned, snapshots in the default partition itself; postponed, everything, since other transactions used the history for too long; remaining, partitions that another call has to make or drop. partition names it as a regclass is shown, with its schema where the search_path does not lead to it. partitions is how many were created or dropped, or remain.';

CREATE TYPE @extschema@.azr_parked_event AS (
	handler text,
	domain text,
	root uuid,
	"position" bigint,
	sequence bigint,
	parked_at timestamp with time zone,
	reason text,
	waiting bigint
);

COMMENT ON TYPE @extschema@.azr_parked_event IS
'An event that a group has parked. waiting: how many events its stream has from this one on, of whatever type, all of which wait.';

CREATE TYPE @extschema@.azr_participant AS (
	domain text,
	edition text,
	root uuid,
	sequences bigint[]
);

COMMENT ON TYPE @extschema@.azr_participant IS
'A stream that takes part in a cascade. sequences: its pending events of that cascade, ascending, whether they are resolved or not.';

CREATE TYPE @extschema@.azr_position_result AS (
	"position" bigint,
	moved boolean
);

COMMENT ON TYPE @extschema@.azr_position_result IS
'What azr_put_position did. position: the one now in force. moved: whether this call moved it there.';

CREATE TYPE @extschema@.azr_privilege AS (
	function regprocedure,
	level text
);

COMMENT ON TYPE @extschema@.azr_privilege IS
'A function and the level that may call it.';

CREATE TYPE @extschema@.azr_problem AS (
	problem text,
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	detail text
);

COMMENT ON TYPE @extschema@.azr_problem IS
'What azr_check or azr_verify has found. sequence: the first one that it concerns, NULL for none. domain, edition and root are NULL for what belongs to no stream.';

CREATE TYPE @extschema@.azr_scrubbed AS (
	table_name text,
	pages bigint,
	waiting bigint
);

COMMENT ON TYPE @extschema@.azr_scrubbed IS
'What azr_scrub() has done with a table or an index. pages: on how many pages there were old bytes. waiting: how many pages have what VACUUM has still to remove; of an index, also pages whose bounds have an id, a state or an expression''s value that no row has any more, which REINDEX removes. Both are NULL for a kind of table or index that azr_scrub() does not know: only REINDEX, or VACUUM FULL, cleans that.';

CREATE TYPE @extschema@.azr_sealed AS (
	size bigint,
	root_hash bytea
);

COMMENT ON TYPE @extschema@.azr_sealed IS
'How many events the log has, and the root of its tree.';

CREATE TYPE @extschema@.azr_slot_end AS (
	domain text,
	edition text,
	root uuid,
	next_sequence bigint,
	created_at timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_slot_end IS
'How much of a stream is here. next_sequence: the one after the last event that the stream has itself. created_at: when the stream was created; that of an edition which was deleted and created anew is another stream.';

CREATE TYPE @extschema@.azr_slot_owner AS (
	slot integer,
	node text,
	state text,
	moving_to text
);

COMMENT ON TYPE @extschema@.azr_slot_owner IS
'Who owns a slot. state: own, this node does; frozen, this node does, but nobody writes to its streams, since it is about to go to the node moving_to; foreign, another node does; receiving, another node does, and its streams are being copied here; leftover, another node does, and what is here of it from before a move, or from one that was given up, is to be deleted with azr_slot_drop(); unknown, another node does, but this one was not told which, and node is NULL. moving_to is NULL but for frozen.';

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
	created_at timestamp with time zone,
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
	stream_created_at timestamp with time zone,
	erased_at timestamp with time zone,
	erased_by text,
	erased_type text,
	description text,
	handler text,
	setting text,
	max_payload integer,
	filed_at timestamp with time zone,
	late_transient boolean
);

COMMENT ON TYPE @extschema@.azr_slot_row IS
'A row of what a node has of a slot. number: its place in the export. kind: gone (a stream of an edition that was deleted), event, state (the first row of azr_slot_export_state), domain, edition, erasure, position or snapshot. Columns that a kind has no use for are NULL. append_events is how many events the append has, on the first event of an append to the main timeline. divergence and stream_created_at are of the stream. erased_at, erased_by, erased_type and description are who erased an event, when and why, and which type it had. setting is the protection of an edition, the durability of a domain or the retention of a snapshot; late_transient is NULL for a snapshot that is not the latest one.';

CREATE TYPE @extschema@.azr_snapshot AS (
	sequence bigint,
	state_type text,
	state bytea,
	retention text,
	created_at timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_snapshot IS
'The state of a stream after the event with this sequence. created_at: when the transaction that put it began.';

CREATE TYPE @extschema@.azr_stale_cascade AS (
	cascade_id text,
	outcome text,
	participants bigint,
	oldest timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_stale_cascade IS
'A cascade that is not resolved everywhere. outcome: whether other participants were confirmed or revoked, so that the rest must be resolved in the same way; NULL if nothing is decided. participants: how many streams have pending events of it, resolved or not. oldest: the earliest created_at of a pending event of an unresolved participant.';

CREATE TYPE @extschema@.azr_state_entry AS (
	kind text,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamp with time zone,
	edition text
);

COMMENT ON TYPE @extschema@.azr_state_entry IS
'kind snapshot: a state, with its state_type as type and the state as payload. kind event: an event to apply to it. edition: the timeline that owns it.';

CREATE TYPE @extschema@.azr_stream AS (
	root uuid,
	next_sequence bigint,
	created_at timestamp with time zone,
	last_created_at timestamp with time zone
);

COMMENT ON TYPE @extschema@.azr_stream IS
'A stream, by its own events. created_at, last_created_at: that of the first one and of the last one.';

CREATE TYPE @extschema@.azr_timeline AS (
	domain text,
	edition text,
	root uuid,
	sequence bigint,
	type text,
	payload bytea,
	metadata jsonb,
	created_at timestamp with time zone,
	correlation_id text,
	external_id text,
	source_domain text,
	source_edition text,
	source_root uuid,
	source_sequence bigint,
	cascade_id text,
	committed boolean
);

CREATE FUNCTION @extschema@.azr_at_node(integer, text) RETURNS SETOF text
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT @extschema@.azr_call($2); $$;

CREATE FUNCTION @extschema@.azr_ack(handler text, partition integer, token uuid, "position" bigint) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_ack(text, integer, uuid, bigint) IS
'Acknowledges events that azr_fetch() gave with a lease. When all of them are acknowledged, the lease has ended.

Arguments: handler, the name of the group. partition and token, as azr_fetch() gave them. position, up to which the events are handled: not before what is acknowledged already, and not after what was given. To acknowledge the same once more changes nothing, so a call whose answer was lost can be repeated.

A lease that has run out can still be acknowledged until the partition is given to another worker, or azr_retry() ends the lease. The next azr_fetch() that takes the partition gives again what was not acknowledged by then.

Locks: the row of the partition, to the end of the transaction. It waits for a worker that is taking the partition.

Errors: ZR010 the partition was given to another worker, azr_retry() has ended the lease, or azr_group_seek() has moved the group: what is not acknowledged is given again; 42704 there is no such group; 22023 a position or partition out of range, or a bad value; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps the partition from being moved; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_at_append(integer, text, text, uuid, bigint, text[], bytea[], jsonb[], timestamp with time zone[], text, text, text, text, uuid, bigint, bigint, text, boolean, text) RETURNS @extschema@.azr_append_result
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT r.outcome, r.first_sequence, r.last_sequence, r.next_sequence FROM @extschema@.azr_append($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) r; $$;

CREATE FUNCTION @extschema@.azr_append(domain text, edition text, root uuid, expected_sequence bigint, types text[], payloads bytea[], metadata jsonb[] DEFAULT NULL::jsonb[], created_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], correlation_id text DEFAULT NULL::text, external_id text DEFAULT NULL::text, source_domain text DEFAULT NULL::text, source_edition text DEFAULT NULL::text, source_root uuid DEFAULT NULL::uuid, source_sequence bigint DEFAULT NULL::bigint, divergence bigint DEFAULT NULL::bigint, cascade_id text DEFAULT NULL::text, committed boolean DEFAULT true, on_conflict text DEFAULT 'error'::text) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_append(text, text, uuid, bigint, text[], bytea[], jsonb[], timestamp with time zone[], text, text, text, text, uuid, bigint, bigint, text, boolean, text) IS
'Appends one event per element of types to the stream (domain, edition, root), all or none.

Arguments: domain, 1 to 255 bytes. edition, NULL or '''' for the main timeline. root, the aggregate''s uuid. expected_sequence, which the first event must get, or NULL for whatever is next. types, 1 to 1024 bytes each, and payloads, up to angzarr.max_payload each, of one dimension and equal length, without NULL elements. metadata and created_at, NULL or as many elements; a NULL element means no metadata; of created_at, the transaction''s timestamp, or the time of the stream''s event before, where that is later. correlation_id, external_id and cascade_id, up to 255 bytes, NULL or '''' for none. source_domain, source_edition, source_root and source_sequence, the event that caused this append. divergence, for an edition only. committed => false needs a cascade_id. on_conflict: error, which raises ZR001 where expected_sequence is not the next one; or return, which makes that an outcome.

Result: one row (outcome, first_sequence, last_sequence, next_sequence). outcome is added, duplicate, unchanged or conflict. A duplicate has the range of the first append with the same external_id or source, and stores nothing. A conflict has no range, and next_sequence is the sequence that would have been right. It stores nothing and leaves nothing behind but the locks: the transaction goes on, and nobody else appends to the stream before it ends.

Locks: transaction-level advisory locks of private classes: with a cascade_id, on the cascade, shared for pending events and exclusively for committed ones; then, in an edition, on that, shared; then on the stream, or on its names while it is new. And RowExclusiveLock on the tables. All to the end of the transaction, also where the outcome is duplicate or conflict; but a transaction that has locked max_locks_per_transaction streams gives back the lock of each further one after the append, unless the outcome is conflict: then its uncommitted events keep others out. A new type is locked by its number only while it gets that.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR001 expected_sequence is not the next one, and on_conflict is error; ZR003 the edition is sealed; ZR004 divergence is past the main stream''s next, or not the one that is fixed; ZR006 committed => false where the cascade is resolved in this stream, or committed events that would resolve it otherwise than other streams have it; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 54000 a payload or its metadata are too large; 42501 the session was begun with an angzarr.max_payload that it may not set; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; 22003 the stream has no sequences left, or a pending event would have one above 4294967295; 27000 a trigger of the tables'' owner dropped or moved an event, or appended to the same stream; 55000 a table, column, index or type of the store was altered; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_append_commutative(domain text, edition text, root uuid, expected_sequence bigint, types text[], payloads bytea[], state_type text, state bytea, metadata jsonb[] DEFAULT NULL::jsonb[], created_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], correlation_id text DEFAULT NULL::text, external_id text DEFAULT NULL::text, source_domain text DEFAULT NULL::text, source_edition text DEFAULT NULL::text, source_root uuid DEFAULT NULL::uuid, source_sequence bigint DEFAULT NULL::bigint) RETURNS @extschema@.azr_commutative_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_append_commutative(text, text, uuid, bigint, text[], bytea[], text, bytea, jsonb[], timestamp with time zone[], text, text, text, text, uuid, bigint) IS
'Appends events together with the state after them. If others have appended meanwhile, and have changed other fields of the state, it merges the two states. This is like a three-way merge of text (diff3), with fields of the state in place of lines.

Arguments: expected_sequence, the stream''s next sequence when the caller loaded it; required. state, what the caller has made of the state that it loaded. state_type: application/json for a JSON object, whose fields are its keys; anything else for a Protocol Buffers message, whose fields are its field numbers. The other arguments are those of azr_append.

If the stream has got past expected_sequence, the snapshots at expected_sequence - 1 (the empty state, if expected_sequence is 0) and at the stream''s end are compared with state. Each append by this function stores such a snapshot, which stays until azr_maintain prunes it.

Result: one row (outcome, first_sequence, last_sequence, next_sequence, state). outcome is added, merged, duplicate or unchanged; state is what to go on with.

Locks: those of azr_append and azr_put_snapshot.

Errors: those of azr_append and azr_put_snapshot; ZR005 both have changed the same fields, of which DETAIL names up to 20, or * if a state does not parse or the state type has changed; ZR001 there is no snapshot to compare with, or expected_sequence is past the end; 54000 the merged state is too large.';

CREATE FUNCTION @extschema@.azr_append_json(domain text, edition text, root uuid, expected_sequence bigint, events jsonb, correlation_id text DEFAULT NULL::text, external_id text DEFAULT NULL::text, source_domain text DEFAULT NULL::text, source_edition text DEFAULT NULL::text, source_root uuid DEFAULT NULL::uuid, source_sequence bigint DEFAULT NULL::bigint, divergence bigint DEFAULT NULL::bigint, cascade_id text DEFAULT NULL::text, committed boolean DEFAULT true, on_conflict text DEFAULT 'error'::text) RETURNS @extschema@.azr_append_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_append_json(text, text, uuid, bigint, jsonb, text, text, text, text, uuid, bigint, bigint, text, boolean, text) IS
'Appends events given as JSON, for people and HTTP gateways.

Arguments: events, an array of {"type": text, "data": any, "metadata"?: any, "created_at"?: text}; where "payload_base64": text may stand in place of data. What else azr_load_json gives an event is ignored, so its events can be appended to another stream or store; any other key is an error. data is stored as the UTF-8 bytes of its JSON text as jsonb writes it, payload_base64 as the bytes that it says, in base64 with padding and without white space. created_at is ISO 8601 with an offset, such as 2026-01-31T12:34:56.789Z or 2026-01-31 12:34:56+02; no setting of the session changes what it means. The others are those of azr_append.

Result and locks: those of azr_append.

Errors: those of azr_append; 22023 also for events of the wrong form; 22007 for a created_at that is not ISO 8601 with an offset, 22008 for one that is out of range.';

CREATE FUNCTION @extschema@.azr_at_append_one(integer, text, text, uuid, bigint, text, bytea, jsonb, text, text) RETURNS bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT CASE WHEN pg_catalog.octet_length($6) BETWEEN 1 AND 1024 AND $7 IS NOT NULL
		THEN (SELECT CASE r.outcome WHEN 'conflict' THEN -1 - r.next_sequence ELSE r.first_sequence END
			FROM @extschema@.azr_append($2, $3, $4, $5, ARRAY[$6], ARRAY[$7], metadata => ARRAY[$8],
				correlation_id => $9, external_id => $10, on_conflict => 'return') r)
		ELSE @extschema@.azr_append_one($2, $3, $4, $5, $6, $7, $8, $9, $10) END AS r; $$;

CREATE FUNCTION @extschema@.azr_append_one(domain text, edition text, root uuid, expected_sequence bigint, type text, payload bytea, metadata jsonb DEFAULT NULL::jsonb, correlation_id text DEFAULT NULL::text, external_id text DEFAULT NULL::text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_reworded';

COMMENT ON FUNCTION @extschema@.azr_append_one(text, text, uuid, bigint, text, bytea, jsonb, text, text) IS
'Appends one event: the short form of azr_append.

Arguments: type, 1 to 1024 bytes. payload, up to angzarr.max_payload. metadata, or NULL for none. The others are those of azr_append.

Result: the event''s sequence. If an earlier append had the same external_id, that of its first event, and nothing is stored.

Locks and errors: those of azr_append.';

CREATE FUNCTION @extschema@.azr_all_cascade_participants(text) RETURNS SETOF @extschema@.azr_participant
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.edition, r.root, r.sequences FROM @extschema@.azr_cascade_participants($1) r; $$;

CREATE FUNCTION @extschema@.azr_cascade_participants(cascade_id text) RETURNS SETOF @extschema@.azr_participant
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_cascade_participants(text) IS
'The streams that were appended to with committed => false and this cascade_id, resolved or not.

Arguments: cascade_id, 1 to 255 bytes.

Result: rows of azr_participant, by domain, edition and root; no rows for an unknown cascade.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_changed_fields(state_type text, before bytea, after bytea) RETURNS text[]
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_changed_fields(text, bytea, bytea) IS
'The fields in which two states differ, as azr_append_commutative compares them.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. before and after; a value without bytes is the empty state.

Result: keys of the JSON object that differ by the rules of jsonb, in the order of their bytes; or field numbers whose records differ, ascending. {*} if one of the two does not parse.

Takes no locks. Errors: 22004 NULL where there must be a value; 22023 bad state_type.';

CREATE FUNCTION @extschema@.azr_all_check(text) RETURNS SETOF @extschema@.azr_problem
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.problem, r.domain, r.edition, r.root, r.sequence, r.detail FROM @extschema@.azr_check($1) r; $$;

CREATE FUNCTION @extschema@.azr_check(domain text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_problem
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_check(text) IS
'Checks that what is stored follows the rules, and that the store can go on from it. The store''s functions cannot break the rules; an INSERT by the owner or a superuser, a restore of some of the tables, or a broken disk can.

Arguments: domain, or NULL for all, and also for what belongs to no domain: events without a stream, the sequences of streams'' numbers and of tickets, the feed, and triggers.

Result: rows of azr_problem; no rows if all is sound. problem is one of: gap, sequences that a stream lacks; event_without_stream; stream_without_event; event_below_start, before sequence 0 or an edition''s divergence; wrong_divergence, past the main timeline''s next sequence; wrong_timeline, the number of a stream does not fit its edition; pending_without_cascade; erased_without_record, an event has the type of erased ones, but azr_erase has not erased it, as where it was imported: azr_erase puts it on record; not_erased, it is on record that an event was erased, but it has what was erased, or is missing, as after a restore of some of the tables; snapshot_past_end; position_past_end; sequence_behind, numbers of streams or of appends are taken that the sequence has not given, as after logical replication; not_in_feed, events of the main timeline have no ticket, so they never get a position, as after an INSERT by hand; feed_lacks_events, numbering has passed other than as many events as there are positions; feed_gap, the batches of the feed do not follow on each other; trigger_not_always, a trigger that keeps history immutable is missing or weaker than ENABLE ALWAYS, as after pg_restore --disable-triggers. azr_take_over mends sequence_behind and trigger_not_always.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, so it can run beside full load, and works on a standby. Reads the primary key of the events once, and the table where that has not been vacuumed; without a domain, also the tables of events. A NOTICE every 10 seconds says how far it has got.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_checkpoint(size bigint DEFAULT NULL::bigint) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_checkpoint(bigint) IS
'The checkpoint of the log at a size, as it is to be signed (C2SP tlog-checkpoint): three lines, the log''s name, the size, and the root of the tree in base64.

Arguments: size, 0 to what is sealed, NULL for all of it.

Result: text. It follows from the tiles.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 55000 no evidence is kept; 22023 size is past what is sealed; XX001 tiles are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_checkpoints() RETURNS SETOF @extschema@.azr_filed_checkpoint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_checkpoints() IS
'The sizes that the log has had, ascending, with roots and signed notes.

Result: rows of azr_filed_checkpoint.

Locks: AccessShareLock on azr_evidence_checkpoints.';

CREATE FUNCTION @extschema@.azr_confirm_cascade(cascade_id text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_confirm_cascade(text) IS
'Makes the pending events of a cascade effective: appends a confirmation to every participant that is unresolved. One call does so for up to 1,000 of them, all or none. A participant is resolved by the first committed event with the same cascade_id in that stream.

Arguments: cascade_id, 1 to 255 bytes.

A call takes them in the order of domain and root, the main timeline before editions. There is a limit because each needs a place in PostgreSQL''s lock table. If there are more, a NOTICE says so: commit, and call again until the result is 0. After the first call, the cascade cannot be resolved in the other way.

The snapshots of a stream at or above the first event that is confirmed there are deleted, since they lack it.

Result: how many participants were confirmed by this call; 0 if all were before.

Locks: an advisory lock on the cascade, exclusively: it waits for transactions that have appended pending events of it, and for others that resolve it. Then those of azr_append on every participant, in the order of domain and root, the main timeline before editions. All are held to the end of the transaction. Two transactions that have both appended pending events of a cascade and then both resolve it end in 40P01 for one of them.

Errors: ZR006 no stream has pending events of the cascade, or one was revoked; ZR003 a participant is in a sealed edition; ZR013 a participant''s slot is frozen; 22003 a pending event has a sequence above 4294967295; 25006 read-only transaction or standby; 40001 the cascade or a participant has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 22004 NULL; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_at_create_edition(integer, text, text, bigint, text) RETURNS integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT pg_catalog.count(*)::pg_catalog.int4 FROM @extschema@.azr_create_edition($2, $3, $4, $5); $$;

CREATE FUNCTION @extschema@.azr_create_edition(domain text, edition text, divergence bigint DEFAULT NULL::bigint, description text DEFAULT NULL::text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_create_edition(text, text, bigint, text) IS
'Registers an edition of a domain before its first append.

Arguments: domain and edition, 1 to 255 bytes. divergence, the sequence at which each root diverges whose first append does not say otherwise; a root whose main stream is shorter diverges at the end of that. Snapshots that were put into the edition at or above it are deleted, and positions there are set back below it. description, any text of up to 511 MB.

Result: none.

Locks: a transaction-level advisory lock of a private class on the edition, exclusively, to the end of the transaction: it waits for transactions that are writing to the edition. With a divergence, AccessShareLock on azr_streams.

Errors: ZR002 for the main timeline; ZR013 if divergence is given and a slot of this node is frozen; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 54000 the description is too large; 42710 if the edition exists, by registration or by an append; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_all_delete_edition(text, text) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r FROM @extschema@.azr_delete_edition($1, $2) r; $$;

CREATE FUNCTION @extschema@.azr_delete_edition(domain text, edition text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_delete_edition(text, text) IS
'Deletes an edition of a domain, with its events, snapshots and positions. What it shares with the main timeline, other editions and other domains are left alone. The name can then be used anew.

Arguments: domain and edition.

Result: how many events were deleted; 0 if there is no such edition.

Locks: those of azr_create_edition with a divergence: it waits for transactions that are writing to the edition, and keeps others out until its own transaction ends. Appends to the main timeline and to other editions go on.

Errors: ZR002 for the main timeline; ZR013 if a slot of this node is frozen; ZR003 if the edition is protected or sealed; 40001 if the edition has changed after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_at_delete_positions(integer, text, text, text, uuid) RETURNS bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT r FROM @extschema@.azr_delete_positions($2, $3, $4, $5) r; $$;

CREATE FUNCTION @extschema@.azr_all_delete_positions(text, text, text, uuid) RETURNS SETOF bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r FROM @extschema@.azr_delete_positions($1, $2, $3, $4) r; $$;

CREATE FUNCTION @extschema@.azr_delete_positions(handler text, domain text DEFAULT NULL::text, edition text DEFAULT NULL::text, root uuid DEFAULT NULL::uuid) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_delete_positions(text, text, text, uuid) IS
'Deletes positions of a handler, so that it reads from the start again. There is no other way back.

Arguments: handler. domain, or NULL for all positions of the handler in all editions; then edition and root must be NULL too. edition of that domain, NULL or '''' for the main timeline. root, or NULL for all roots.

Result: how many positions were deleted.

Locks: the rows, to the end of the transaction; for a named edition, its advisory lock, shared, as azr_put_position; AccessShareLock on azr_streams.

Errors: ZR013 the stream''s slot is another node''s, or frozen, or without a root, a slot of this node is frozen; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value, or an edition or root without a domain.';

CREATE FUNCTION @extschema@.azr_delete_snapshots(domain text, edition text, root uuid) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_delete_snapshots(text, text, uuid) IS
'Deletes all snapshots of a stream, of any retention. That changes nothing but how long it takes to load.

Arguments: domain, edition and root name the stream.

Result: how many snapshots were deleted.

Locks: the stream''s, as azr_append, to the end of the transaction.

Errors: ZR013 the stream''s slot is another node''s, or frozen; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if they have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_all_domain_set(text, text, integer, text) RETURNS SETOF integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT pg_catalog.count(*)::pg_catalog.int4 FROM @extschema@.azr_domain_set($1, $2, $3, $4); $$;

CREATE FUNCTION @extschema@.azr_domain_set(domain text, durability text DEFAULT NULL::text, max_payload integer DEFAULT NULL::integer, description text DEFAULT NULL::text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_domain_set(text, text, integer, text) IS
'Says what holds for a domain. What is NULL stays as it is.

Arguments: domain, 1 to 255 bytes; it need not have events yet. durability, durable or relaxed; durable is the default. After an append to a durable domain, the commit waits for the disk, and for replicas, as the session''s synchronous_commit says. A transaction that appends to relaxed domains alone does not wait: a crash may lose the last moments of such transactions, but never a part of an append, nor an event before one that is kept. max_payload, the largest payload of an event and state of a snapshot in bytes, 1024 to 535822336; or 0 for no limit but angzarr.max_payload, which holds beside it. description, up to 65536 bytes, '''' for none.

Result: none. The settings hold for appends that begin after this transaction has committed, and for later ones of this transaction.

Locks: RowExclusiveLock on azr_registered_domains, and the lock of its row, to the end of the transaction.

Errors: 22023 bad value; 22004 domain is NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the domain''s settings have changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped the row; 55000 a table, column, index or type of the store was altered.';

CREATE FUNCTION @extschema@.azr_all_domain_settings() RETURNS SETOF @extschema@.azr_domain_setting
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.durability, r.max_payload, r.description FROM @extschema@.azr_domain_settings() r; $$;

CREATE FUNCTION @extschema@.azr_domain_settings() RETURNS SETOF @extschema@.azr_domain_setting
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_domain_settings() IS
'The domains of which azr_domain_set() has said anything, in byte order.

Result: rows of azr_domain_setting.

Locks: AccessShareLock on the table.';

CREATE FUNCTION @extschema@.azr_all_domains() RETURNS SETOF text
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r FROM @extschema@.azr_domains() r; $$;

CREATE FUNCTION @extschema@.azr_domains() RETURNS SETOF text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_domains() IS
'The domains that have streams, in byte order.

Result: text, one row for each domain. Each costs one index probe, however many streams and events it has.

Locks: AccessShareLock on azr_streams.';

CREATE FUNCTION @extschema@.azr_all_editions(text) RETURNS SETOF @extschema@.azr_edition
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.edition, r.divergence, r.protection, r.description, r.created_at, r.roots, r.events FROM @extschema@.azr_editions($1) r; $$;

CREATE FUNCTION @extschema@.azr_editions(domain text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_edition
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_editions(text) IS
'The editions that there are, by registration or by an append, in byte order of domain and edition. The main timeline is not one of them.

Arguments: domain, or NULL for all.

Result: rows of azr_edition.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_entries(index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_entries(bigint) IS
'The entries whose leaves are in a tile of level 0, as a bundle (C2SP tlog-tiles): up to 256, each with its length before it, 2 bytes, big-endian. An entry has no payload, metadata and ids, but a digest of them with a salt, so it tells nobody what they are.

Arguments: index, of the tile, from 0.

Result: bytea. The entries follow from the events as they are stored now. The entry of an event that was deleted here after its slot had moved is empty: its length is 0. Its leaf is still in the tile.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 events are missing, or tables of the evidence damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_erase(domain text, edition text, root uuid, from_sequence bigint, to_sequence bigint, reason text, ids boolean DEFAULT false) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_erase(text, text, uuid, bigint, bigint, text, boolean) IS
'Erases events of a stream. An erased event keeps its sequence, time, source, cascade, and position in the feed. Its type becomes type.googleapis.com/angzarr.Erased, its payload says which type it had (protobuf: 1 type; what of it is not UTF-8, as there can be in a database of the encoding SQL_ASCII, is U+FFFD there, and as it was in azr_erasures()), and it has no metadata. Its correlation_id and external_id stay unless ids is given; they may be personal data. What names its source and its cascade stays always. A record says that it was erased. Snapshots at or above the first sequence are deleted, in editions that share it too, and those that persist as well. Where groups have parked the stream, the reason becomes empty, since it may have a copy of what is erased. An event type.googleapis.com/angzarr.Erasure in the domain angzarr.erasures, with the same root, tells consumers (protobuf: 1 target as in a Confirmation, 2 from_sequence, 3 to_sequence, 4 ids); it is on the main timeline, whatever the edition, and there is none if nothing was changed. Protected and sealed editions are no obstacle.

What was erased is in the files of the database until VACUUM (INDEX_CLEANUP ON) and azr_scrub() have run, and in the write-ahead log, backups, and dumps for as long as these are kept.

Arguments: domain, edition, root, the stream. from_sequence, to_sequence, the events with from_sequence <= sequence < to_sequence, as in azr_load(); NULL for where the stream''s own events begin or end. All must be the stream''s own: what an edition shares with the main timeline is erased there. reason, 1 to 1024 bytes, which stays on record: it should not say what is being erased. ids, whether correlation_id and external_id go too; a retry by that external id is a new append then. For an append of several events, erase the ids of all or of none: a retry returns the range of those that are left. An event that was erased without can be erased again with.

Result: how many events were changed; 0 for those that were erased before.

Locks, to the end of the transaction: as an append to the root in the domain angzarr.erasures, so that erasures of a root come one after the other; as an append to the stream; those of the streams in editions that share the events and have snapshots; the rows of azr_parked_streams that have the stream; then that of the evidence, so that nobody waits for it as long as the erasure waits for a stream.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR012 one of them is a Confirmation or Revocation, or an Erasure in the domain angzarr.erasures: nothing is erased; ZR011 one of them was altered after it was sealed; 40001 at REPEATABLE READ and SERIALIZABLE, where an append would fail, and if an event was erased after the transaction''s snapshot; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value, a stream that does not exist, a range past the stream''s end, or events that are the main timeline''s; XX001 events are missing, on record as erased though they were not, or tables of the evidence damaged; 42501 the session was begun with an angzarr.max_payload that it may not set; 27000 a trigger of the owner dropped or changed a row; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_all_erasures(text) RETURNS SETOF @extschema@.azr_erasure
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.edition, r.root, r.sequence, r.type, r.erased_at, r.erased_by, r.reason FROM @extschema@.azr_erasures($1) r; $$;

CREATE FUNCTION @extschema@.azr_erasures(domain text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_erasure
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_erasures(text) IS
'The events that were erased, by domain, edition, root and sequence. Those of an edition that was deleted are gone with it.

Arguments: domain, or NULL for all.

Result: rows of azr_erasure. An event that was erased twice, the second time with its ids, has the record of the first time.

Locks: AccessShareLock on the tables. It waits for no erasure, and shows those that are committed; it can be called on a standby.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_evidence_enable(origin text, replaces text DEFAULT NULL::text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_evidence_enable(text, text) IS
'Has evidence kept in this database, of all events of the main timeline, also those that are there already: azr_seal() takes them into a log. Appends do no more than before.

Arguments: origin, the log''s name, which is in every note of it, such as example.com/orders: 1 to 255 bytes without spaces (of Unicode), + and control characters. replaces, the name that the log has, if it is to get another one: do this only where events were lost that signed notes vouch for, as by a restore of an older backup, so that the log cannot go on under its name. What is sealed stays sealed, and its notes of before stay on file. A name that the log has had before is not taken again.

Result: none. A second call with the same origin does nothing.

Locks: the lock of azr_seal().

Errors: 0A000 the encoding of the database is not UTF8; 55000 the log has another origin already, or another one than replaces, or has had this one before, or a subscription brings this database its events; 40001 in a REPEATABLE READ or SERIALIZABLE transaction, if the log got a name after its snapshot; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby.';

CREATE FUNCTION @extschema@.azr_expect(domain text, edition text, root uuid, expected_sequence bigint, divergence bigint DEFAULT NULL::bigint) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_expect(text, text, uuid, bigint, bigint) IS
'Locks a stream as an append does, without appending to it: nobody else appends to it until the transaction ends. So a transaction can append to some streams on condition that others are as it has seen them.

Arguments: domain, edition and root name the stream, which need not exist. expected_sequence, which must be the next one; -1 for at least one event, NULL for any number. divergence, for an edition only, as for azr_append.

Result: the stream''s next sequence.

Locks: those of azr_append, to the end of the transaction: nobody else appends to the stream, or creates it, and nobody creates, protects or deletes its edition. A root without events of its own in an edition reads as the main timeline. Unless a divergence is given, or the registered one is at most the main stream''s next sequence, the root''s stream on the main timeline is locked too, before that of the edition. To avoid deadlocks, take streams in the order of domain and root, the main timeline before editions. A sealed edition can be expected, since nothing is changed.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR001 the next sequence is another one; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 40001 the stream got events after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 55000 a table, column, index or type of the store was altered; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_feed(after bigint DEFAULT '-1'::integer, max_count bigint DEFAULT 1000, domains text[] DEFAULT NULL::text[], types text[] DEFAULT NULL::text[], effective boolean DEFAULT false) RETURNS SETOF @extschema@.azr_feed_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_feed(bigint, bigint, text[], text[], boolean) IS
'Reads the feed: all committed events of the main timeline, by position: 0, 1, 2 and so on without a gap. A stream''s events keep their order. Editions are not in it.

Arguments: after, the last position that was read, -1 for none. max_count, how many positions are looked at, NULL for all that there are. domains and types, of which an event must be one of each, NULL for all. effective => true gives what has become effective, when it has: pending events and the framework''s are left out, those that a cascade has revoked never come, and at the position of an event that confirms others come these.

Result: rows of azr_feed_event. Looks at the positions in (after, after + max_count], as far as there are any, and gives those that match. So to read on, take the head first, from azr_feed_wait() or azr_feed_head(), and then read with max_count => least(1000, head - after): the next after is after + max_count, also if nothing matched. A head that is taken afterwards can be past positions that were not looked at. With effective => true, several rows can have one position.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot, and works on a standby. Only what azr_feed_advance() or azr_feed_wait() has numbered has a position.

Errors: ZR009 the feed does not go as far as after: it was restored, or another server took over that lacks what was read; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; XX001 somebody has deleted events.';

CREATE FUNCTION @extschema@.azr_feed_advance(max_appends bigint DEFAULT 10000) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_feed_advance(bigint) IS
'Gives positions of the feed to what has been committed since it was called last. Whoever reads the feed calls it first, or azr_feed_wait(), which does the same.

Arguments: max_appends, how many appends are numbered at most.

Result: bigint, the last position that there is, or -1. If another transaction is numbering, this is the last position before that. In a database that gets its events by a subscription, the positions come with them, and nothing is numbered.

Locks: a transaction-level advisory lock of a private class, which is not waited for; if there was something to number, it is kept to the end of the transaction, and nobody else numbers until then. So let the transaction end at once. RowExclusiveLock on the tables of the feed. Appends wait for none of this. The commit waits for the disk even if synchronous_commit is off: what a consumer has read must not be lost in a crash.

Errors: 40001 the feed was numbered after the snapshot of a REPEATABLE READ or SERIALIZABLE transaction; 25006 read-only transaction or standby; 22004, 22023 for max_appends.';

CREATE FUNCTION @extschema@.azr_feed_head() RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_feed_head() IS
'The last position of the feed, by the caller''s snapshot; -1 if there is none.

Locks: AccessShareLock on azr_feed_state.';

CREATE FUNCTION @extschema@.azr_feed_status() RETURNS @extschema@.azr_feed_status
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_feed_status() IS
'How far the feed is numbered, and what is not numbered yet since it is not committed.

Result: one row (head, epoch, in_flight, oldest_in_flight, oldest_pid, batches). in_flight counts appends as of the last numbering. oldest_in_flight and oldest_pid are of the transaction that began first of those that are writing events, or that have numbered the feed and keep others from it; they are NULL if there is none, and on a standby. A prepared transaction has no process: then oldest_pid is NULL. A transaction that writes events holds up its own events only.

Locks: AccessShareLock on the tables.';

CREATE FUNCTION @extschema@.azr_feed_wait(after bigint, timeout interval DEFAULT '00:00:10'::interval) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_feed_wait(bigint, interval) IS
'Waits until the feed has a position past after, and numbers what is committed meanwhile, as azr_feed_advance() does. Call it as a transaction of its own: its snapshot holds up VACUUM while it waits.

Arguments: after, the last position that was read, -1 for none. timeout, 0 to 2147483 seconds.

Result: bigint, the last position. The function returns when that is greater than the argument after, or when the timeout has passed. It can also return early with nothing new, and does so in a REPEATABLE READ or SERIALIZABLE transaction, which would see nothing new, and in a transaction that has numbered before. An append wakes it when it has committed; COMMIT PREPARED is noticed within a second. In a read-only transaction, and on a standby, it looks ten times a second and numbers nothing.

Locks: while it waits, a transaction-level advisory lock of a private class that keeps nobody out; otherwise those of azr_feed_advance(), so nobody else numbers until a transaction has ended in which it has: do not leave one open. A role that must not call azr_feed_advance() numbers only in a statement that is a transaction of its own; in a transaction block it waits for others to number.

Errors: ZR009 as azr_feed(); 40001 as azr_feed_advance(); 22004, 22023 for after and timeout.';

CREATE FUNCTION @extschema@.azr_fetch(handler text, max_count bigint DEFAULT 500, partitions integer DEFAULT 1, lease interval DEFAULT NULL::interval) RETURNS SETOF @extschema@.azr_fetched_event
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 500 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_fetch(text, bigint, integer, interval) IS
'Gives a worker of a group the next events, of the partition whose next event comes first in the feed and that no other worker has.

Arguments: handler, the name of the group. max_count, how many rows are given, 1 or more; a few more where several have one position. partitions, from how many partitions, 1 to 4096: the others are those that are furthest behind. One call reads the feed once, however many they are. lease, for how long the worker has the partitions, more than 0; NULL for as long as the transaction.

Result: rows of azr_fetched_event, in the order of the feed. A stream''s events are in order.

Without a lease, each event is given once: COMMIT acknowledges what was given, and ROLLBACK, also to a savepoint, gives it back. A second call in the same transaction goes on. So what the worker does in this database is done exactly once.

With a lease, the transaction is committed at once, and azr_ack() acknowledges events, with the token of their partition. What is not acknowledged when the lease has run out is given again, to who fetches it next.

No row means that there is nothing new, or that other workers have it; then the transaction should end, and the next call be in another one. A call that finds nothing gives positions to what has been committed, as azr_feed_advance() does, so the next call finds that. To wait for events, call azr_feed_wait().

Locks: the rows of the partitions, to the end of the transaction; it waits for no worker. Where it finds nothing, those of azr_feed_advance().

Errors: 42704 there is no such group; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 22008 a lease past the end of time; 27000 a trigger keeps a partition from being moved; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed, or the feed numbered, after the transaction''s snapshot.';

CREATE FUNCTION @extschema@.azr_find_by_external_id(domain text, edition text, root uuid, external_id text) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_find_by_external_id(text, text, uuid, text) IS
'The events of a stream that were appended with an external_id, ascending.

Arguments: domain, edition and root name the stream, whose own events are looked at. external_id, 1 to 255 bytes.

Result: rows of azr_event; none if there was no such append.

Locks: AccessShareLock on the tables.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_find_by_source(domain text, edition text, root uuid, source_domain text, source_edition text, source_root uuid, source_sequence bigint) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_find_by_source(text, text, uuid, text, text, uuid, bigint) IS
'The events of a stream that one event of another stream caused, ascending.

Arguments: domain, edition and root name the stream, whose own events are looked at. source_domain, source_edition (NULL or '''' for the main timeline), source_root and source_sequence name the cause.

Result: rows of azr_event; none if there was no such append.

Locks: AccessShareLock on the tables.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_get_position(handler text, domain text, edition text, root uuid) RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_get_position(text, text, text, uuid) IS
'The position of a handler in a stream, by the caller''s snapshot.

Arguments: handler, domain, edition and root.

Result: bigint, NULL if none was ever recorded.

Locks: AccessShareLock on azr_positions.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_get_snapshot(domain text, edition text, root uuid, at_sequence bigint DEFAULT NULL::bigint) RETURNS SETOF @extschema@.azr_snapshot
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_get_snapshot(text, text, uuid, bigint) IS
'The snapshot of a stream with the highest sequence. For a stream in an edition, only its own snapshots count; azr_load_state also uses those of what it shares with the main timeline.

Arguments: domain, edition and root name the stream. at_sequence: the snapshot with the highest sequence at or below it; NULL for the latest.

Result: a row of azr_snapshot, or no row.

Locks: AccessShareLock on the tables. An earlier one than the latest is looked for among those that persist, in the default partition, and in the partitions by time from the newest to the first that has one.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_grant(role regrole, level text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_grant(regrole, text) IS
'Lets a role use the store.

Arguments: role. level: reader, who reads; writer, who also appends, puts snapshots and positions and runs cascades; admin, who also deletes editions, snapshots and positions, protects editions and maintains. azr_privileges lists the functions of each.

Result: none. The role has EXECUTE on the functions of the level and of those below it, SELECT on azr_timeline, and USAGE on the schema. It has no right on a table. The grantor is the extension''s owner.

Locks: an advisory lock against other calls of azr_grant and azr_revoke, to the end of the transaction.

Errors: 22004 NULL where there must be a value; 22023 no such level, or PUBLIC; 42704 no such role; 42501 the schema belongs to another role, which must grant USAGE first.';

CREATE FUNCTION @extschema@.azr_at_group_create(integer, text, integer, bigint, text[], text[]) RETURNS integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT pg_catalog.count(*)::pg_catalog.int4 FROM @extschema@.azr_group_create($2, $3, $4, $5, $6); $$;

CREATE FUNCTION @extschema@.azr_group_create(handler text, partitions integer DEFAULT 8, after bigint DEFAULT '-1'::integer, domains text[] DEFAULT NULL::text[], types text[] DEFAULT NULL::text[]) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_group_create(text, integer, bigint, text[], text[]) IS
'Creates a group: a handler with any number of workers, which share the events of the feed by azr_fetch(). They get what is effective, as azr_feed() with effective => true gives it.

Arguments: handler, 1 to 255 bytes, names the group; positions that azr_put_position() records for the same name have nothing to do with it. partitions, 1 to 4096, how many workers can have events at one time: each stream belongs to one partition. It cannot be changed later. after, the last position that the group does not get, -1 to begin with the first one. domains and types, of which an event must be one of each, NULL for all.

Locks: RowExclusiveLock on the tables. It waits for a transaction that creates or drops a group of the same name.

Errors: 42710 the group exists already; ZR009 there is no position after; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; 2202E array of the wrong shape; at REPEATABLE READ and SERIALIZABLE 40001 if another transaction has created or dropped it meanwhile.';

CREATE FUNCTION @extschema@.azr_all_group_drop(text) RETURNS SETOF boolean
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r FROM @extschema@.azr_group_drop($1) r; $$;

CREATE FUNCTION @extschema@.azr_group_drop(handler text) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_group_drop(text) IS
'Drops a group, with its positions and what it has parked.

Arguments: handler, the name of the group.

Result: whether there was one.

Locks: the rows of its partitions, to the end of the transaction. It waits for its workers.

Errors: 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_group_seek(handler text, after bigint) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_group_seek(text, bigint) IS
'Sets a group to a position of the feed, back or forward, so that it gets what comes after that. All leases end, and nothing is parked any more.

Arguments: handler, the name of the group. after, the last position that the group does not get, -1 to begin with the first one.

Locks: the rows of its partitions, to the end of the transaction. It waits for its workers. A worker that has a lease finds out by azr_ack().

Errors: 42704 there is no such group; ZR009 there is no position after; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value; at REPEATABLE READ and SERIALIZABLE 40001 if a partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_all_groups(text) RETURNS SETOF @extschema@.azr_group_state
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.handler, r.partition, r."position", r.head, r.behind, r.oldest, r.leased_until, r.parked FROM @extschema@.azr_groups($1) r; $$;

CREATE FUNCTION @extschema@.azr_groups(handler text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_group_state
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_groups(text) IS
'How far groups have come.

Arguments: handler, the name of a group, NULL for all.

Result: rows of azr_group_state, by handler and partition. By the caller''s snapshot; works on a standby.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';

CREATE PROCEDURE @extschema@.azr_import(IN query text, IN batch bigint DEFAULT 10000, IN progress boolean DEFAULT true)
LANGUAGE c AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON PROCEDURE @extschema@.azr_import(text, bigint, boolean) IS
'Stores the events that a query gives, any number of them, and commits batch by batch. For moving into the store from elsewhere; call it with CALL, outside of a transaction block.

Arguments: query, one query that returns the columns domain text, edition text, root uuid, sequence bigint, type text, payload bytea, metadata jsonb, created_at timestamptz, correlation_id text and external_id text, in this order and of these types; their names do not matter. It runs with the rights of the caller. Its rows come in stream order: those of a stream together, by sequence, without a gap from what the stream has already. edition NULL or '''' means the main timeline, whose streams must come before editions that branch off them; a stream''s first event in an edition fixes its divergence. metadata, correlation_id and external_id may be NULL; created_at NULL means as in azr_append. batch, after how many rows the transaction is committed: at the end of the stream that reaches it, so a stream is never split. progress, whether NOTICEs say every 5 seconds how many rows are read or stored, how many a second and how many are left, and at the end how many were stored.

All rows are read before the first is stored, and are kept in a temporary file, of about their own size, once they are more than work_mem. An event that is stored already is passed over if it is the same as the row in all columns, where created_at NULL is the same as any time. So after a break, the same call goes on where it was.

Events get their places in the feed, and handlers and snapshots are told of new streams, as by azr_append; a stream''s events of a batch are appended some thousand at a time. An external_id is stored as it is: it is not looked whether another event of the stream has it.

Locks: as azr_append, for one batch. Appends to other streams go on. Positions and snapshots past the end of a new stream are dropped, as by its first append.

Errors: ZR013 a stream''s slot is another node''s, or frozen. 2D000 in a transaction block, a function or a subtransaction. 42804 the query returns other columns. ZR001 a row does not follow what is stored of its stream, or another event is stored at its sequence. ZR003 the edition is sealed, and the row''s event is not there yet. 22004 NULL where there must be a value. 22023 bad value, or query is not one query. 54000 a payload or its metadata are too large. 25006 read-only transaction or standby. 40P01, 55P03 and 57014 from waiting for a lock. And what the query raises. The context of an error names the row. All batches before it are kept.';

CREATE FUNCTION @extschema@.azr_all_lag(text, text, uuid, bigint) RETURNS SETOF @extschema@.azr_lag_entry
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.edition, r.root, r."position", r.next_sequence, r.lag FROM @extschema@.azr_lag($1, $2, $3, $4) r; $$;

CREATE FUNCTION @extschema@.azr_lag(handler text, domain text DEFAULT NULL::text, after uuid DEFAULT NULL::uuid, max_count bigint DEFAULT NULL::bigint) RETURNS SETOF @extschema@.azr_lag_entry
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_lag(text, text, uuid, bigint) IS
'Where a handler is behind: streams with events past its position, and streams without a position in every domain and edition in which it has one.

Arguments: handler. domain, or NULL for all; in a domain that is given, the main timeline counts even if the handler has no position there yet. after, the last root of the page before, which needs a domain; NULL for the first page. max_count, the size of a page in rows, NULL for all; if the last root has rows in several editions, the page has all of them.

Result: rows of azr_lag_entry, in the order of domain, root and edition, for the streams in which the handler is behind by the caller''s snapshot.

Locks: AccessShareLock on the tables. It reads the streams after ''after'' and the positions in them by their indexes, with one more index probe for each stream, however many events it has, and stops when it has max_count rows.

Errors: 22004 NULL where there must be a value; 22023 bad value, or after without a domain.';

CREATE FUNCTION @extschema@.azr_at_load(integer, text, text, uuid, bigint, bigint, timestamp with time zone, bigint, bigint, boolean, text[]) RETURNS SETOF @extschema@.azr_event
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT r.sequence, r.type, r.payload, r.metadata, r.created_at, r.edition, r.correlation_id, r.external_id, r.source_domain, r.source_edition, r.source_root, r.source_sequence, r.cascade_id, r.committed FROM @extschema@.azr_load($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) r; $$;

CREATE FUNCTION @extschema@.azr_load(domain text, edition text, root uuid, from_sequence bigint DEFAULT 0, to_sequence bigint DEFAULT NULL::bigint, until timestamp with time zone DEFAULT NULL::timestamp with time zone, divergence bigint DEFAULT NULL::bigint, max_count bigint DEFAULT NULL::bigint, backward boolean DEFAULT false, types text[] DEFAULT NULL::text[]) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_load(text, text, uuid, bigint, bigint, timestamp with time zone, bigint, bigint, boolean, text[]) IS
'Reads a stream''s events, in ascending order of sequence, or in descending order with backward.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence are read, max_count of them at most. until: only those of the longest beginning of the stream in which all events have created_at <= until; to find it, events are read from sequence 0 on. divergence, for an edition only. backward: in descending order, so that max_count => N gives the last N events and reads no others; with until, the events from sequence 0 to the end of that beginning are read first, but not kept. types: only events of these types, of which max_count are given; the others in the range are read too, but not their payloads. An empty array gives no events, and a type that no event has matches none. NULL sets no limit, except for backward, which must be true or false.

Result: rows of azr_event; none for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 22004 NULL where there must be a value, also in types; 22023 bad value; 2202E array of the wrong shape.';

CREATE FUNCTION @extschema@.azr_load_effective(domain text, edition text, root uuid, from_sequence bigint DEFAULT 0, to_sequence bigint DEFAULT NULL::bigint, cascade_id text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_load_effective(text, text, uuid, bigint, bigint, text) IS
'Reads a stream''s events as business logic may see them: those of azr_load, but type.googleapis.com/angzarr.NoOp with an empty payload and no metadata takes the place of pending events, of revoked ones, and of the confirmations and revocations themselves. So no sequence is missing.

Arguments: domain, edition and root name the stream. Events with from_sequence <= sequence < to_sequence are read; NULL sets no limit. cascade_id: the cascade whose pending events are shown while it is not revoked, or NULL for none.

Result: rows of azr_event; no rows for an empty or unknown stream. Confirmed events are returned as they were stored, with committed = false. In an edition, what happened on the main timeline at or above the divergence resolves nothing.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_load_json(domain text, edition text, root uuid, from_sequence bigint DEFAULT 0, to_sequence bigint DEFAULT NULL::bigint, until timestamp with time zone DEFAULT NULL::timestamp with time zone, divergence bigint DEFAULT NULL::bigint, max_count bigint DEFAULT NULL::bigint, backward boolean DEFAULT false, types text[] DEFAULT NULL::text[]) RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_load_json(text, text, uuid, bigint, bigint, timestamp with time zone, bigint, bigint, boolean, text[]) IS
'Reads a stream''s events as one JSON document.

Arguments: those of azr_load.

Result: {domain, edition, root, next_sequence, events: [{sequence, type, data, metadata, created_at, edition, correlation_id, ...}]}. A payload that is not JSON comes as payload_base64 in place of data; what is NULL is left out. The events come in the order in which azr_load gives them; next_sequence is the stream''s, whatever part of it was asked for.

Locks: those of azr_load.

Errors: those of azr_load; 54000 when the document is larger than jsonb can hold.';

CREATE FUNCTION @extschema@.azr_load_state(domain text, edition text, root uuid, at_sequence bigint DEFAULT NULL::bigint, cascade_id text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_state_entry
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_load_state(text, text, uuid, bigint, text) IS
'What the state of a stream is made of, in one round trip: the snapshot with the highest sequence, and the events after it. In an edition, the snapshot is its own, or one of the main timeline below its divergence, whichever is further. Without a snapshot, or with angzarr.read_snapshots off, all events. Events are those that business logic may see, as azr_load_effective returns them: a NoOp takes the place of pending and revoked ones and of the framework''s.

Arguments: domain, edition and root name the stream. at_sequence: the state after the event with this sequence; NULL for the last. Whether an event was confirmed or revoked is decided by the whole stream. cascade_id: the cascade whose pending events are shown while it is not revoked, or NULL for none; a state that has them must not be put as a snapshot.

Result: rows of azr_state_entry, ascending; no rows for an empty or unknown stream.

Locks: AccessShareLock on the tables; it waits for no writer. Goes by the caller''s PostgreSQL snapshot and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_locks() RETURNS SETOF @extschema@.azr_lock
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_locks() IS
'The locks of this store that sessions of this database hold or wait for: the rows of pg_locks with the type advisory and an objsubid of ours, in words. Those that wait come first, the longest first.

Result: rows of azr_lock. kind is one of: stream, new stream (one that has no events yet), edition, cascade, type, numbering (of the feed), feed wait (keeps nobody out), partition (of a group), evidence, maintenance, privileges, slot (its streams are imported or dropped), statistics.

Locks: AccessShareLock on azr_streams, and what reading pg_locks takes.';

CREATE FUNCTION @extschema@.azr_all_maintain(interval, interval, integer) RETURNS SETOF @extschema@.azr_maintenance
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.action, r.partition, r.starts_at, r.ends_at, r.snapshots, r.partitions FROM @extschema@.azr_maintain($1, $2, $3) r; $$;

CREATE FUNCTION @extschema@.azr_maintain(keep interval DEFAULT '7 days'::interval, partition interval DEFAULT '1 day'::interval, ahead integer DEFAULT 7) RETURNS SETOF @extschema@.azr_maintenance
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_maintain(interval, interval, integer) IS
'Keeps up the partitions of the snapshots'' history: makes those for the time to come, moves snapshots that were filed when there was none for them, and drops those that are past. The latest snapshot of a stream and those that persist are not in them. Call it from time to time, such as once a day. It can run at any time, beside full load, and twice at once. One call makes 32 partitions at most, fewer if there are more than 500, drops 50 at most, and makes no more once it has moved 100,000 snapshots. If more is to be done, it says so in a row and a notice: call it again, in another transaction, until there is no such row. The current partition and those to come are made first.

Arguments: keep, for how long snapshots stay in the history once a later one has taken their place; 0 or more. partition, the time that a new partition spans: from one minute to 100 years, or whole months; existing ones stay as they are. Partitions start at full multiples of it, in UTC; those of whole weeks, on a Monday. ahead, how many partitions there should be after the current one, 0 to 1000.

Result: rows of azr_maintenance, one for each thing done, and one (remaining) where there is more to do; no rows if there was nothing to do. For snapshots that were filed without a partition, at most about 1,000 partitions are counted as remaining. A column that the owner added to the history is moved with a snapshot. A new partition gets the privileges of the default partition, and row level security without policies if that has it enabled.

Locks: an advisory lock of a private class, so that one call waits for the other. From the start, it locks the history by time and its default partition against changes of the tables, but not of rows. At the end, it locks these two and the partitions to be dropped exclusively, only while it probes the default partition''s index and changes the catalogs. It waits for these locks for 20 milliseconds at a time, so that nobody is held up behind it, and for 5 seconds in all, or lock_timeout, if that is set and shorter. After that, or when somebody waits for a snapshot that it is moving, it does nothing, and says so in a row and a warning.

Errors: 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if snapshots were filed in the default partition after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 42501 the owner of the tables may not create tables in their schema; 55000 the default partition is missing or no ordinary table, the history is partitioned otherwise, or a trigger or rule of the owner keeps snapshots in the default partition; 55P03, 57014 from waiting for another call.';

CREATE FUNCTION @extschema@.azr_merge_state(state_type text, base bytea, ours bytea, theirs bytea) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_merge_state(text, bytea, bytea, bytea) IS
'Merges two states that were made of the same base, as azr_append_commutative does.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. base, ours and theirs; a value without bytes is the empty state.

Result: each field is that of the side that has changed it; if one side has changed nothing, the result is the other one as it stands. Which side is ours does not matter.

Takes no locks. Errors: ZR005 both have changed the same fields, of which DETAIL names up to 20, or * if a state does not parse; 54000 the result is larger than a value can be; 22004 NULL where there must be a value; 22023 bad state_type.';

CREATE FUNCTION @extschema@.azr_next_sequence(domain text, edition text, root uuid, divergence bigint DEFAULT NULL::bigint) RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_next_sequence(text, text, uuid, bigint) IS
'The sequence that the stream''s next event gets: 0 for an unknown stream.

Arguments: domain, edition and root name the stream. divergence, for an edition only.

Result: bigint, by the caller''s snapshot.

Locks: AccessShareLock on the tables.

Errors: ZR013 the stream''s slot is another node''s; ZR004 divergence is past the main stream''s next, or not the one that is fixed; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_own_slots(node text, slots int4multirange, this_node boolean DEFAULT true) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_own_slots(text, int4multirange, boolean) IS
'Says which node owns slots. Other slots stay as they are. Before the first call, this node owns all slots; from then on, it owns those that were said to be its own, and calls for streams of other slots fail with ZR013.

Arguments: node, the name of a node, 1 to 255 bytes. slots, 0 to 1023, for instance {[0,511]}, not empty. this_node, true if this database is that node, false to say which slots another node owns.

A slot in which this node has streams can be given to another node only once azr_slot_freeze() was called for that node. Then calls for its streams fail here, and azr_slot_drop() deletes what is left. A frozen slot that is given to this node again is no longer frozen. A slot that is being received is given to this node when all of it is here; given to another node, it is no longer received, and what came is left over.

Result: none.

Locks: AccessExclusiveLock on azr_streams, to the end of the transaction. It waits for all transactions that have used streams, and holds up new ones meanwhile: set lock_timeout.

Errors: 55000 this node would lose a slot in which it has streams and that is not frozen for that node, or would get one of which something is left over, or has another name, or node is the name of the other kind; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if a slot has changed hands after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE FUNCTION @extschema@.azr_park(handler text, "position" bigint, reason text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_park(text, bigint, text) IS
'Parks an event that a group cannot handle now: azr_fetch() gives it, and the later events of its stream, to no worker of the group any more, until azr_retry() has given them. Other streams go on.

A worker parks the event in the transaction that fetched it, after it has rolled back to a savepoint what it did for it, or with a lease before it acknowledges the event. It must itself pass over the later events of that stream that it was given already: azr_retry() gives them too.

Arguments: handler, the name of the group. position, of the event. reason, any text, to be read by people; it becomes empty when an event of the stream is erased. A stream that is parked already stays parked from the event that comes first, with the new reason.

Locks: the row of the stream''s partition, to the end of the transaction. It waits for a worker that has the partition, unless that is the same transaction.

Errors: 42704 there is no such group; ZR009 there is no such position; 22023 an event of a domain that the group does not get, or one that was deleted here after its slot had moved, or a bad value; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps it from being stored; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_all_parked(text) RETURNS SETOF @extschema@.azr_parked_event
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.handler, r.domain, r.root, r."position", r.sequence, r.parked_at, r.reason, r.waiting FROM @extschema@.azr_parked($1) r; $$;

CREATE FUNCTION @extschema@.azr_parked(handler text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_parked_event
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_parked(text) IS
'What groups have parked: for each stream, the event that it is parked at.

Arguments: handler, the name of a group, NULL for all.

Result: rows of azr_parked_event, by handler; what is parked for longest comes first. By the caller''s snapshot; works on a standby.

Locks: AccessShareLock on the tables.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_privileges() RETURNS SETOF @extschema@.azr_privilege
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 50 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_privileges() IS
'The functions of the extension, with the lowest level that may call each: reader, writer, admin, or owner for those that azr_grant never grants.

Result: rows of azr_privilege, by level and name.';

CREATE FUNCTION @extschema@.azr_at_protect_edition(integer, text, text, text) RETURNS integer
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT pg_catalog.count(*)::pg_catalog.int4 FROM @extschema@.azr_protect_edition($2, $3, $4); $$;

CREATE FUNCTION @extschema@.azr_protect_edition(domain text, edition text, protection text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_protect_edition(text, text, text) IS
'Says what may be done to an edition.

Arguments: domain and edition. protection: open; protected, which refuses deletion; or sealed, which refuses deletion and appends.

Result: none.

Locks: those of azr_create_edition.

Errors: ZR002 for the main timeline; 40001 as azr_create_edition; 42704 if there is no such edition; 25006 read-only transaction or standby; 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_prove(domain text, edition text, root uuid, sequence bigint DEFAULT NULL::bigint, size bigint DEFAULT NULL::bigint) RETURNS jsonb
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read_at';

COMMENT ON FUNCTION @extschema@.azr_prove(text, text, uuid, bigint, bigint) IS
'A proof that a stream''s events, from 0 to a sequence, are exactly these: the events, and that the last one is in the log (RFC 6962). Each event''s leaf has that of the one before, so this vouches for all of them.

Arguments: domain, edition and root of the stream; an edition''s own events are not in the log. sequence, of the last event, NULL for the last one that is sealed. size, that the log had, 1 to what is sealed; NULL for the last size with a signed note that has the event, or for what is sealed if there is none.

Result: a JSON object: origin, size, root_hash of the log; index, the last event''s place in it; domain, edition, root, sequence; events, an array; proof, an array of hashes from the leaf to the root; checkpoint, the signed note of that size, if one was filed. An event has sequence, type, created_at_us (microseconds since 1970), committed, cascade_id, source_domain, source_edition, source_root, source_sequence, correlation_id, external_id, payload, metadata (as text) and salt. One that was erased has body, the digest of what was erased, and erased, in place of the last five, and the type that it had. What is NULL is left out; bytes are in base64.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: ZR013 the stream''s slot is another node''s; 22023 the event is not sealed, or not at that size, or is an edition''s own, or a bad value; ZR011 the events are not those that were sealed: see azr_verify(); 55000 no evidence is kept; 22004 NULL where there must be a value; 54000 the proof is larger than a value can be; XX001 tables of the evidence are damaged.';

CREATE FUNCTION @extschema@.azr_prove_consistency(from_size bigint, to_size bigint) RETURNS bytea[]
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_prove_consistency(bigint, bigint) IS
'A proof that the log of one size is the beginning of that of another (RFC 6962): who has a checkpoint of each can check that nothing before was changed.

Arguments: from_size, 0 to to_size. to_size, to what is sealed.

Result: bytea[], hashes; none if from_size is 0 or equals to_size.

Locks: AccessShareLock on azr_evidence_tiles. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 a size is past what is sealed, or bad; 55000 no evidence is kept; 22004 NULL; XX001 tiles are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_publication(name text DEFAULT 'angzarr'::text) RETURNS SETOF @extschema@.azr_change
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_publication(text) IS
'Makes a publication for logical replication. It has what another database with the extension needs as a store to read from, or to switch over to: events, streams, event types, registered editions, settings of domains, owners of slots, positions, latest snapshots, the feed and the evidence. A publication that exists is brought up to date: what is missing is added, and the history of snapshots is taken out. Other tables in it stay.

The history of snapshots is a cache and is not published: azr_maintain makes and drops its partitions on each side for itself, so a table on one side may have no counterpart on the other.

Arguments: name of the publication, 1 to 63 bytes.

Result: rows of azr_change: created, the publication; changed, what it publishes; added or removed, a table. No rows if it was up to date.

Locks: ShareUpdateExclusiveLock on the tables that are added or removed, to the end of the transaction. It is made by the tables'' owner, who needs CREATE on the database.

Errors: 25006 read-only transaction or standby; 42501 the tables'' owner has no CREATE on the database, or the publication is another''s; 55000 the publication is one of all tables, or of all in the extension''s schema; 22004 NULL; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_put_checkpoint(note text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_put_checkpoint(text) IS
'Files a signed note of a checkpoint (C2SP signed-note), so that azr_prove() can give it with a proof. Whose signatures it has, and whether they are right, is not looked at: no key is in the database. A note that was filed of the same size is replaced, as by one with more signatures.

Arguments: note.

Result: none.

Locks: the lock of azr_seal(); RowExclusiveLock on azr_evidence_checkpoints.

Errors: ZR011 the note is of another log, of a size that this one does not have, or of another root; 55000 no evidence is kept; 40001 as azr_seal(); 22023 not a signed note; 22004 NULL; 25006 read-only transaction or standby; XX001 tiles are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_put_position(handler text, domain text, edition text, root uuid, sequence bigint) RETURNS @extschema@.azr_position_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_put_position(text, text, text, uuid, bigint) IS
'Records that a handler has handled a stream up to a sequence. A position only goes forward: a lower one changes nothing, and is no error.

Arguments: handler, 1 to 255 bytes. domain, edition and root name the stream. sequence, 0 or more: the last event that the handler has handled. In a stream without events, any sequence will do; when the stream gets its first events, a position past the last of them is deleted. In an edition, positions at or above a stream''s divergence are set back below it when its first event fixes that; where azr_create_edition has fixed it, a stream without own events has none there.

Result: a row of azr_position_result. position, the one now in force. moved, whether this call moved it: of two workers that put the same position at once, the second waits, and moved is false for it. It must then undo what it did for these events.

Locks: the row of the position, to the end of the transaction; for a named edition, its advisory lock of a private class, shared. Where the stream, or the one on the main timeline that an edition reads, has no events yet, it waits for a transaction that is appending the first ones, and such a transaction waits for it.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR007 past the last event of a stream that has events, or at or above the divergence that azr_create_edition fixed for a stream without own events; 25006 read-only transaction or standby; 40001 the stream''s first events came while the position was recorded; at REPEATABLE READ and SERIALIZABLE also where the position has changed after the transaction''s snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_at_put_positions(integer, text, text, text, uuid[], bigint[]) RETURNS bigint
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT r FROM @extschema@.azr_put_positions($2, $3, $4, $5, $6) r; $$;

CREATE FUNCTION @extschema@.azr_put_positions(handler text, domain text, edition text, roots uuid[], sequences bigint[]) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_put_positions(text, text, text, uuid[], bigint[]) IS
'Records the positions of a handler in many streams of a domain, all or none: a checkpoint.

Arguments: handler, domain and edition, as azr_put_position. roots and sequences, of one dimension and equal length, without NULL elements; if a root appears twice, its highest sequence wins.

Result: how many positions moved. Those that were as far already did not.

Locks: those of azr_put_position, in the order of the roots, so that two calls never deadlock each other.

Errors: those of azr_put_position; 2202E arrays of the wrong shape.';

CREATE FUNCTION @extschema@.azr_put_snapshot(domain text, edition text, root uuid, sequence bigint, state_type text, state bytea, retention text DEFAULT 'default'::text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write_at';

COMMENT ON FUNCTION @extschema@.azr_put_snapshot(text, text, uuid, bigint, text, bytea, text) IS
'Stores the state that a stream had after an event, so that loading it need not replay all events. A snapshot at the same sequence is replaced.

Arguments: domain, edition and root name the stream. sequence, that of the last event in the state, 0 or more. state_type, 1 to 1024 bytes. state, up to angzarr.max_payload. retention says what happens when a snapshot with a higher sequence is put: transient, it is deleted; default, it stays in the history until azr_maintain prunes it; persist, it stays until it is deleted. The snapshot with the highest sequence is always kept.

A stream without events may have snapshots; when it gets its first events, snapshots past the last of them are deleted. In an edition, snapshots at or above a stream''s divergence are deleted when its first event, or azr_create_edition, fixes that: they were states of the main timeline. When a cascade is confirmed, the stream''s snapshots at or above the first event that it confirms are deleted, since they lack it.

Result: none.

Locks: the stream''s, as azr_append, to the end of the transaction. Where an edition reads a root that has no events yet, it waits for a transaction that is appending the first ones to the main timeline, and such a transaction waits for it.

Errors: ZR013 the stream''s slot is another node''s, or frozen; ZR007 the sequence is past the stream''s last event, or at or above the divergence that azr_create_edition fixed for a stream without own events, or an event at or below it was confirmed by one after it; 54000 the state is too large; 42501 the session was begun with an angzarr.max_payload that it may not set; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the stream''s snapshots have changed after the transaction''s PostgreSQL snapshot; 22004 NULL where there must be a value; 22023 bad value; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_retry(handler text, domain text DEFAULT NULL::text, root uuid DEFAULT NULL::uuid, max_count bigint DEFAULT 500) RETURNS SETOF @extschema@.azr_feed_event
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_retry(text, text, uuid, bigint) IS
'Gives events that a group has held back since azr_park(), to be handled in this transaction. When it commits, their streams go on: azr_fetch() gives what comes after them. A ROLLBACK leaves them parked. An event that cannot be handled this time either is parked again, by azr_park() in the same transaction, and then the later ones of its stream must be passed over.

Arguments: handler, the name of the group. domain and root, to retry just that stream, or all of a domain; NULL for all streams. max_count, how many rows are given, 1 or more; a few more where several have one position. A stream that has more stays parked from the next one on.

Result: rows of azr_feed_event, one stream after the other, the one that is parked for longest first; each stream''s in order. A stream that was parked in a batch with a lease is retried only when the batch is acknowledged up to the event before the parked one. If the lease has run out before that, it ends, and azr_fetch() gives the batch again, with that stream. No row means that nothing is parked, or nothing that could be given now.

Locks: the rows of the streams'' partitions, to the end of the transaction, so no worker gets events of these meanwhile. It passes over streams whose partitions others have locked; if that is so for all of them, it waits for the first one.

Errors: 42704 there is no such group; 22023 bad value, or a root without a domain; 22004 NULL where there must be a value; 25006 read-only transaction or standby; 27000 a trigger keeps it from being stored; at REPEATABLE READ and SERIALIZABLE 40001 if the partition was changed after the transaction''s snapshot; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_revoke(role regrole, level text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_revoke(regrole, text) IS
'Takes back what azr_grant has given.

Arguments: role. level: what is taken is this level and those above it, so that revoking writer leaves a reader, and revoking reader leaves nothing.

Result: none. Functions of these levels that were granted one by one are revoked too, and with reader also USAGE on the schema, if the extension''s owner has granted it. Rights that the role has as a member of another stay.

Locks: those of azr_grant.

Errors: 22004 NULL where there must be a value; 22023 no such level, or PUBLIC; 42704 no such role.';

CREATE FUNCTION @extschema@.azr_revoke_cascade(cascade_id text, reason text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_write';

COMMENT ON FUNCTION @extschema@.azr_revoke_cascade(text, text) IS
'Takes the pending events of a cascade back: appends a revocation to every participant that is unresolved. One call does so for up to 1,000 of them, all or none, as azr_confirm_cascade does.

Arguments: cascade_id, 1 to 255 bytes. reason, for people, or NULL.

Result: how many participants were revoked by this call; 0 if all were before.

Locks: those of azr_confirm_cascade.

Errors: ZR006 no stream has pending events of the cascade, or one was confirmed; the others are those of azr_confirm_cascade.';

CREATE FUNCTION @extschema@.azr_at_root(integer, text, text) RETURNS uuid
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON $1; SELECT r FROM @extschema@.azr_root($2, $3) r; $$;

CREATE FUNCTION @extschema@.azr_root(domain text, key text) RETURNS uuid
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'azr_router_root';

COMMENT ON FUNCTION @extschema@.azr_root(text, text) IS
'The root of a business key, the same in every client and database: the version-5 UUID (RFC 9562) of the UTF-8 bytes of domain || '':'' || key, in the namespace 404f3bda-578a-5c4d-a7f4-2751b843698a, which is the version-5 UUID of angzarr.dev in the DNS namespace.

Arguments: domain, 1 to 255 bytes. key, any text.

Result: uuid. Takes no locks.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_all_roots(text, text, uuid, bigint) RETURNS SETOF uuid
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r FROM @extschema@.azr_roots($1, $2, $3, $4) r; $$;

CREATE FUNCTION @extschema@.azr_roots(domain text, edition text, after uuid DEFAULT NULL::uuid, max_count bigint DEFAULT NULL::bigint) RETURNS SETOF uuid
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_roots(text, text, uuid, bigint) IS
'The roots of a domain that have events in an edition, in uuid order, a page at a time.

Arguments: domain. edition, NULL or '''' for the main timeline. after, the last root of the page before, NULL for the first page. max_count, the size of a page, NULL for all.

Result: uuid, one row for each root.

Locks: AccessShareLock on azr_streams.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_salts(index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_salts(bigint) IS
'The salts of the bodies of the events whose leaves are in a tile of level 0: up to 256 of 16 bytes. With its salt, an event''s leaf can be made from its row. Who has a salt and a leaf, and not the event, can try what it was: so give salts to nobody who may not read the events.

Arguments: index, of the tile, from 0.

Result: bytea. The salt of an event that was erased is zeros.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 the salts are damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_scrub() RETURNS SETOF @extschema@.azr_scrubbed
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_scrub() IS
'Fills the free space of pages with zeros, in the tables of events, snapshots and the salts of the evidence, in pg_statistic and pg_statistic_ext_data (what ANALYZE has sampled), and in their TOAST tables and indexes. VACUUM leaves the bytes of what it removes there. So, after azr_erase(): ANALYZE if there are ids that went, VACUUM (INDEX_CLEANUP ON) of these tables, azr_scrub(). Only the database''s owner or a superuser can VACUUM pg_statistic and pg_statistic_ext_data; for others, it skips them with a warning. Repeat the last two until no row is waiting: a row that a transaction in progress may still see cannot be removed. Pages that were changed are in the write-ahead log as full images, so standbys are clean once they have replayed it. What the files lost before, at the end of a table or with a dropped one, is the file system''s.

Result: rows of azr_scrubbed; none for a table or index in which there was nothing to do.

Locks: RowExclusiveLock on each table and index, to the end of the transaction, and each page for the time that it takes to look at it. It can run beside full load. It reads all of these tables.

Errors: 25006 read-only transaction or standby.';

CREATE FUNCTION @extschema@.azr_seal(max_events bigint DEFAULT 10000) RETURNS @extschema@.azr_sealed
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_seal(bigint) IS
'Takes events into the log, in the order of the feed: entry i is the event at position i. Numbers the feed first, as azr_feed_advance() does. Call it from cron, or have the program that publishes checkpoints call it, as a transaction of its own.

Arguments: max_events, how many are taken at most.

Result: one row (size, root_hash): how many events the log has now, and the root of its tree. If there was nothing to seal, and in a database that gets its events by a subscription, these are of what is sealed already. A size and its root are kept as a checkpoint.

Locks: a transaction-level advisory lock of a private class, to the end of the transaction: who seals, files a note or erases what is sealed waits for it. If the feed was numbered, also the lock of azr_feed_advance(). RowExclusiveLock on the tables of the evidence. Appends wait for none of this. The commit waits for the disk even if synchronous_commit is off.

Errors: 55000 no evidence is kept; 40001 in a REPEATABLE READ or SERIALIZABLE transaction, if events were sealed or numbered after its snapshot; XX001 somebody has changed events or the log, so that it cannot go on: the event is named, see azr_verify(), and "When sealing stops" in the documentation; 25006 read-only transaction or standby; 22004, 22023 for max_events.';

CREATE FUNCTION @extschema@.azr_slot(root uuid) RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'azr_router_slot';

COMMENT ON FUNCTION @extschema@.azr_slot(uuid) IS
'The slot of a root: the CRC-32 of its 16 bytes, as in zlib, modulo 1024. It is the same in every client and database, and the same for all domains and editions.

Arguments: root.

Result: integer, 0 to 1023; NULL for NULL. Takes no locks.';

CREATE FUNCTION @extschema@.azr_slot_drop(slot integer, max_events bigint DEFAULT 10000) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_drop(integer, bigint) IS
'Deletes what is here of a slot that is another node''s: after the slot has moved there, or after a move to this node was given up. Streams go as a whole, with their events, those of editions too, and what is on record of erased ones. The feed keeps its positions: those of the deleted events stay empty. azr_statistics() does not count them any more. Sealed events keep their leaves in the log. The call that finds no stream any more deletes positions and snapshots of the slot, and ends its state leftover.

Arguments: slot, 0 to 1023. max_events, 1 or more: it deletes no further stream when it has deleted so many events. A stream that has more is deleted in one call.

Result: how many events it deleted; 0 when nothing is left. Call it again until then.

Locks: AccessShareLock on azr_streams; an advisory lock of the slot; one that keeps azr_statistics() from counting, for which it waits, to the end of the transaction. If an event of the last batch of the feed is among those that are deleted, nobody else numbers the feed until the transaction ends.

Errors: 55000 the slot is this node''s, or is being received, or nothing is known of its owner; or one of the events has no position in the feed yet (call azr_feed_advance()), a group has not got one of them yet (let it go on, or drop it), one of the streams is parked (call azr_retry()), or evidence is kept and one of the events is not sealed (call azr_seal()). 27000 a trigger of the owner kept rows. 25006 read-only transaction or standby. 40001 at REPEATABLE READ and SERIALIZABLE, if the slot or the feed has changed after the transaction''s PostgreSQL snapshot. 22023 bad value; 22004 NULL; 55P03, 57014, 40P01 from waiting for a lock.';

CREATE FUNCTION @extschema@.azr_slot_ends(slot integer) RETURNS SETOF @extschema@.azr_slot_end
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_ends(integer) IS
'The streams of a slot that are here, whoever owns it, and how far they go: what azr_slot_export() of another node is to leave out.

Arguments: slot, 0 to 1023.

Result: rows of azr_slot_end, in no order. By the caller''s snapshot. It reads all of azr_streams, unless there is an index on azr_slot(root).

Locks: AccessShareLock on the tables.

Errors: 22023 bad value; 22004 NULL.';

CREATE FUNCTION @extschema@.azr_slot_export(slot integer, have @extschema@.azr_slot_end[] DEFAULT NULL::@extschema@.azr_slot_end[], max_rows bigint DEFAULT 10000) RETURNS SETOF @extschema@.azr_slot_row
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_export(integer, @extschema@.azr_slot_end[], bigint) IS
'The events of a slot that another node lacks, in the order in which azr_slot_import() is to store them there: stream by stream, those of the main timeline before editions of the same root, appends as a whole. Before them come rows of kind gone, for streams of editions that the other node has and this one has no more. It works for slots in any state, and for sealed editions.

Arguments: slot, 0 to 1023. have, what azr_slot_ends() says on the other node; what is not in it is exported from its first event. NULL or an empty array for nothing. max_rows, 1 or more: it ends at the end of the append that reaches it, or that reaches 64 MB, so it may give more rows, or fewer.

Result: rows of azr_slot_row; none if the other node has all events. By the caller''s snapshot.

Locks: AccessShareLock on the tables.

Errors: 55000 the other node has a stream of the main timeline, or an event, that this one lacks; 22023 bad value; 22004 NULL.';

CREATE FUNCTION @extschema@.azr_slot_export_state(slot integer) RETURNS SETOF @extschema@.azr_slot_row
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_export_state(integer) IS
'What is kept for the streams of a slot beside their events, as a whole: settings of their domains, registered editions of these, what was erased, positions of handlers, and snapshots with their history. It is exported once, when the slot is frozen and the other node has all events.

Arguments: slot, 0 to 1023.

Result: rows of azr_slot_row, the first of which is of kind state. By the caller''s snapshot. It reads all positions and snapshots of this node.

Locks: AccessShareLock on the tables.

Errors: 55000 the slot is this node''s and is not frozen; 22023 bad value; 22004 NULL.';

CREATE FUNCTION @extschema@.azr_slot_freeze(slot integer, node text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_freeze(integer, text) IS
'Says that a slot of this node is about to go to another one: its state becomes frozen. From the commit on, whatever writes to a stream of it, puts a snapshot or a position, or deletes one, fails with ZR013, and DETAIL names the node that the slot goes to. Reading goes on. azr_delete_edition(), azr_create_edition() with a divergence, and azr_delete_positions() without a root fail as long as any slot is frozen. Calling it again for the same node changes nothing. azr_own_slots() for this node ends it; for the other node, it gives the slot away.

Arguments: slot, 0 to 1023. node, the name of the node that is to own the slot, 1 to 255 bytes.

Result: none.

Locks: AccessExclusiveLock on azr_streams, to the end of the transaction, as azr_own_slots(): all transactions that have used streams have ended then, also prepared ones. Set lock_timeout.

Errors: 55000 the slot is not this node''s or is frozen for another node, nothing was said of slots yet, or node is the name of this node; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the slot has changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE FUNCTION @extschema@.azr_slot_import(slot integer, query text) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_import(integer, text) IS
'Stores what azr_slot_export() or azr_slot_export_state() of another node has given, for a slot that is being received: see azr_slot_receive().

Arguments: slot, 0 to 1023. query, one query that returns the columns of azr_slot_row, in the order in which they were exported. It runs with the rights of the caller. All of its rows are read before the first one is stored, into a temporary file once they are more than work_mem. The events of one append are in memory together.

An event that is here already is passed over. It must be the same, unless it was erased on one of the two nodes. Events keep all that is stored of them, also the time at which they were created; only their numbers, and their positions in the feed, are this node''s. An append to the main timeline is stored as a whole, and is marked as one that has moved: groups that exist pass over it. A row of kind gone deletes the stream of the edition that it names. A row of kind state deletes all positions and snapshots of the slot, before those that follow take their place; an edition that is registered here keeps what was said here, but gets the protection of the two that is stricter, and must have the same divergence; a domain that has settings here keeps those; an event that was erased on the other node since it came here is erased.

Result: how many rows were stored, or changed something.

Locks: AccessShareLock on azr_streams; an advisory lock of the slot, so that two imports come one after the other; and as azr_append for each stream.

Errors: 55000 the slot is not being received. ZR001 a row does not follow what is here of its stream, or is another event than the one that is here. ZR004 an edition branches off where the main timeline has not come yet, or elsewhere than here, or is registered here with another divergence. ZR007 a position or a snapshot is past the end of its stream. 42804 the query returns other columns. 22004 NULL where there must be a value. 22023 a bad value, a root of another slot, part of an append without the rest, a position or a snapshot that comes twice, or query is not one query. 54000 a payload, its metadata or a state are too large. 27000 a trigger of the owner dropped or kept a row. 25006 read-only transaction or standby. 40001 at REPEATABLE READ and SERIALIZABLE, if a stream has changed after the transaction''s PostgreSQL snapshot. 40P01, 55P03 and 57014 from waiting for a lock. And what the query raises. The context of an error names the row.';

CREATE FUNCTION @extschema@.azr_slot_receive(slot integer, node text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_slot_receive(integer, text) IS
'Says that a slot is being copied here from the node that owns it: its state becomes receiving, and azr_slot_import() may store what comes. Calls for its streams fail as before, with the owner in DETAIL. Calling it again changes nothing. It ends with azr_own_slots(), which gives the slot to this node, or to another one if the move is given up.

Arguments: slot, 0 to 1023. node, the name of the node that owns the slot, 1 to 255 bytes.

Result: none.

Locks: ShareUpdateExclusiveLock on azr_streams, to the end of the transaction: it waits for others who change the state of slots, and holds up nobody else.

Errors: 55000 the slot belongs to this node, nothing was said of slots yet, or node is the name of this node; 22023 bad value; 22004 NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the slot has changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped a row; 55P03, 57014, 40P01 from waiting for the lock.';

CREATE FUNCTION @extschema@.azr_all_slots() RETURNS SETOF @extschema@.azr_slot_owner
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.slot, r.node, r.state, r.moving_to FROM @extschema@.azr_slots() r; $$;

CREATE FUNCTION @extschema@.azr_slots() RETURNS SETOF @extschema@.azr_slot_owner
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1024 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_slots() IS
'Which node owns which slot, as this node was told by azr_own_slots().

Result: rows of azr_slot_owner, one for each of the 1024 slots, in their order; none if nothing was said of slots, so that this node owns all of them.

Locks: AccessShareLock on the table.';

CREATE FUNCTION @extschema@.azr_all_stale_cascades(timestamp with time zone) RETURNS SETOF @extschema@.azr_stale_cascade
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.cascade_id, r.outcome, r.participants, r.oldest FROM @extschema@.azr_stale_cascades($1) r; $$;

CREATE FUNCTION @extschema@.azr_stale_cascades(older_than timestamp with time zone) RETURNS SETOF @extschema@.azr_stale_cascade
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_stale_cascades(timestamp with time zone) IS
'Cascades that nobody has resolved in time: some participant (a stream with pending events of the cascade) is unresolved, and has a pending event with created_at before older_than.

Arguments: older_than, such as now() - interval ''1 minute''.

Result: rows of azr_stale_cascade, the one that has waited longest first. If outcome is confirmed, call azr_confirm_cascade; if it is revoked, call azr_revoke_cascade; if it is NULL, nothing is decided, and the caller decides, as a reaper does by revoking.

Locks: AccessShareLock on the tables. Reads an index of what was appended with a cascade_id, and the events of the cascades that it returns.

Errors: 22004 NULL.';

CREATE FUNCTION @extschema@.azr_all_statistics(text) RETURNS SETOF @extschema@.azr_domain_statistics
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.streams, r.events, r.appends, r.conflicts, r.duplicates, r.merges, r.bytes, r.last_append FROM @extschema@.azr_statistics($1) r; $$;

CREATE FUNCTION @extschema@.azr_statistics(domain text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_domain_statistics
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_statistics(text) IS
'What each domain has, and what has happened to appends there. It is for monitoring, and can be called every few seconds: it looks only at appends that were added since it was called last. Appends themselves count nothing that succeeds. Call it as a transaction of its own.

Arguments: domain, NULL for all.

Result: rows of azr_domain_statistics, by domain, one for each domain that has streams.

streams, events and appends are exact, and go down only if events are lost, as in a failover that lost some, or deleted by azr_slot_drop(): they count what has a position in the feed, on the main timeline, since the store''s first event. Together, the domains have azr_feed_head() + 1 events, unless counting has not caught up: one call counts 500000 appends at most. What azr_slot_drop() deletes is not counted any more, although its positions stay; on a subscriber, it stays counted. An append of several events, and each part of an import that goes to one stream, counts as one. What has no position yet is numbered first, as azr_feed_wait() does, 100000 appends at most. Events of editions are not in it: see azr_editions().

bytes is an estimate: the domain''s part of the disk space of azr_main_events, with its indexes and TOAST, by the sizes of the first event of each append, as they were when they were counted. The sum over all domains is the size on disk.

last_append is the latest created_at of the first event of an append; callers of azr_append() can set created_at.

conflicts, duplicates and merges count calls in all editions, be they committed or rolled back. conflicts: errors ZR001 and ZR005, and the outcome conflict. duplicates: the outcome duplicate. merges: the outcome merged. They are in PostgreSQL''s cumulative statistics: a session adds its own when it is between transactions, at most once a second. They begin again at 0 after a crash, a restore, pg_upgrade and pg_stat_reset(), and are each server''s own. They are NULL if track_counts is off in this session, and 0 for a domain that had no streams then.

In a read-only transaction, on a standby, and in a REPEATABLE READ or SERIALIZABLE transaction, it shows what others have counted before.

Locks: transaction-level advisory locks of a private class, which are not waited for: one that keeps others from counting, if anything was counted, and that of azr_feed_advance(), if anything was numbered. RowExclusiveLock on azr_domain_counts and on the tables of the feed, AccessShareLock on the others. Appends wait for none of this.

Errors: 22023 bad value.';

CREATE FUNCTION @extschema@.azr_all_streams_of(text, text, uuid, bigint) RETURNS SETOF @extschema@.azr_stream
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.root, r.next_sequence, r.created_at, r.last_created_at FROM @extschema@.azr_streams_of($1, $2, $3, $4) r; $$;

CREATE FUNCTION @extschema@.azr_streams_of(domain text, edition text, after uuid DEFAULT NULL::uuid, max_count bigint DEFAULT NULL::bigint) RETURNS SETOF @extschema@.azr_stream
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_streams_of(text, text, uuid, bigint) IS
'The streams of a domain that have events in an edition, in uuid order, a page at a time: what comes next in each, when it began and when its last event was created.

Arguments: domain. edition, NULL or '''' for the main timeline. after, the last root of the page before, NULL for the first page. max_count, the size of a page, NULL for all.

Result: rows of azr_stream, by the caller''s snapshot; works on a standby. created_at is that of the stream''s first event, whenever it was stored; in an edition, that of the first event that the edition owns, not of what it shares with the main timeline. last_created_at is that of the event with the highest sequence, which need not be the latest time where a caller has given times of its own.

Locks: AccessShareLock on the tables. It reads the streams after ''after'' by their index, with two more index probes a stream, however many events it has.

Errors: 22004 NULL where there must be a value; 22023 bad value; 22003 a stream has an event that azr_append did not store, after which no sequence comes; 55000 a table, column, index or type of the store was altered.';

CREATE FUNCTION @extschema@.azr_take_over() RETURNS SETOF @extschema@.azr_change
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_take_over() IS
'Makes a store work again that has a new owner, or rows from elsewhere: after REASSIGN OWNED or ALTER TABLE OWNER TO, after a switch-over to a former subscriber of logical replication, or after a restore of data alone. Does nothing if nothing is to be done.

Who may call it: every role has EXECUTE, but it refuses all except superusers and roles that have the rights of the owner of the tables.

Result: rows of azr_change, one for each thing done. action is one of: granted, EXECUTE or USAGE WITH GRANT OPTION on a function or type to the tables'' owner, as the role that creates the extension has it; repeated, a grant that an earlier owner has made, in the new owner''s name, so that it stays when the earlier owner loses its rights; advanced, a sequence, of streams'' numbers or of tickets, past those that are taken; enabled, a trigger that keeps history immutable, as ALWAYS, even if somebody has disabled it. It takes no right from anybody. A trigger that is missing or was changed is not made again: azr_check shows it.

Locks: those of azr_grant; ShareRowExclusiveLock on a table whose trigger is enabled, which waits for its writers. The sequence is advanced at once, even if the transaction is rolled back.

Errors: 25006 read-only transaction or standby; 42501 neither superuser nor owner.';

CREATE FUNCTION @extschema@.azr_tile(level integer, index bigint) RETURNS bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_tile(integer, bigint) IS
'A tile of the log''s tree (C2SP tlog-tiles): up to 256 hashes of 32 bytes. Those of level 0 are the leaves, those of level n + 1 the roots of the full tiles of level n.

Arguments: level, from 0; index, from 0.

Result: bytea. The last tile of a level has fewer hashes, and of these those are the partial tiles that are shorter.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, and works on a standby.

Errors: 22023 there is no such tile, or a bad value; 55000 no evidence is kept; 22004 NULL; XX001 the tile is damaged: see azr_verify().';

CREATE FUNCTION @extschema@.azr_all_trace(text) RETURNS SETOF @extschema@.azr_timeline
LANGUAGE plproxy AS $$ CLUSTER 'angzarr'; RUN ON ALL; SELECT r.domain, r.edition, r.root, r.sequence, r.type, r.payload, r.metadata, r.created_at, r.correlation_id, r.external_id, r.source_domain, r.source_edition, r.source_root, r.source_sequence, r.cascade_id, r.committed FROM @extschema@.azr_trace($1) r; $$;

CREATE FUNCTION @extschema@.azr_trace(correlation_id text) RETURNS SETOF @extschema@.azr_timeline
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'azr_router_read';

COMMENT ON FUNCTION @extschema@.azr_trace(text) IS
'The events of all streams with a correlation_id, by domain, edition, root and sequence.

Arguments: correlation_id, 1 to 255 bytes.

Result: rows of azr_timeline: domain, edition, root, and what azr_load gives of an event.

Locks: AccessShareLock on the tables.

Errors: 22004 NULL where there must be a value; 22023 bad value; XX001 an event''s type is gone from azr_event_types, or a column is NULL that must not be; 55000 a table, column, index or type of the store was altered.';

CREATE FUNCTION @extschema@.azr_verify(note text DEFAULT NULL::text) RETURNS SETOF @extschema@.azr_problem
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'azr_router_node_only';

COMMENT ON FUNCTION @extschema@.azr_verify(text) IS
'Checks all sealed events against the log, and the log against its checkpoints and a note that was kept outside of the database. It makes each leaf anew from the event''s row. Whoever can change the tables can change the log to match; what such a person cannot change is a note that has left the database: so give one.

Arguments: note, a checkpoint, signed or not: the log must have had that root at that size. Signatures are not looked at. A note of a name that the log had before counts too.

Result: rows of azr_problem; no rows if all is sound. problem is one of: event_altered, the event is not what was sealed, or its salt is not; event_missing, an event was sealed and is not there any more, or not under that sequence; erased_without_record, the event was emptied by others than azr_erase(); root_differs, tiles, salts, heads or checkpoints of the log are not what follows from the leaves, or the note is not of this log: then what the note vouches for was changed, or an older state restored; not_in_feed, an event that is not sealed yet was stored by hand, and azr_seal() stops at the one after it. An event that was altered is named by itself, not with those after it. Of events that were deleted here after their slot had moved, only the leaves are checked; a NOTICE says how many there are.

Locks: AccessShareLock on the tables. Goes by the caller''s snapshot, so it can run beside full load, and works on a standby. Reads all sealed events. Memory: about maintenance_work_mem. A NOTICE every 10 seconds says how far it has got.

Errors: 55000 no evidence is kept, and no note is given; 22023 note is not a checkpoint.';

CREATE FUNCTION @extschema@.azr_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'azr_router_version';

COMMENT ON FUNCTION @extschema@.azr_version() IS
'Version of the angzarr library that this session has loaded, such as 0.3.0. Takes no locks.';

CREATE FUNCTION @extschema@.azr_router_levels(OUT name text, OUT level text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE BEGIN ATOMIC VALUES
	('azr_ack', 'writer'),
	('azr_append', 'writer'),
	('azr_append_commutative', 'writer'),
	('azr_append_json', 'writer'),
	('azr_append_one', 'writer'),
	('azr_cascade_participants', 'reader'),
	('azr_changed_fields', 'reader'),
	('azr_check', 'admin'),
	('azr_checkpoint', 'reader'),
	('azr_checkpoints', 'reader'),
	('azr_confirm_cascade', 'writer'),
	('azr_create_edition', 'writer'),
	('azr_delete_edition', 'admin'),
	('azr_delete_positions', 'admin'),
	('azr_delete_snapshots', 'admin'),
	('azr_domain_set', 'admin'),
	('azr_domain_settings', 'reader'),
	('azr_domains', 'reader'),
	('azr_editions', 'reader'),
	('azr_entries', 'reader'),
	('azr_erase', 'owner'),
	('azr_erasures', 'reader'),
	('azr_evidence_enable', 'owner'),
	('azr_expect', 'writer'),
	('azr_feed', 'reader'),
	('azr_feed_advance', 'writer'),
	('azr_feed_head', 'reader'),
	('azr_feed_status', 'reader'),
	('azr_feed_wait', 'reader'),
	('azr_fetch', 'writer'),
	('azr_find_by_external_id', 'reader'),
	('azr_find_by_source', 'reader'),
	('azr_get_position', 'reader'),
	('azr_get_snapshot', 'reader'),
	('azr_grant', 'owner'),
	('azr_group_create', 'writer'),
	('azr_group_drop', 'admin'),
	('azr_group_seek', 'admin'),
	('azr_groups', 'reader'),
	('azr_import', 'admin'),
	('azr_lag', 'reader'),
	('azr_load', 'reader'),
	('azr_load_effective', 'reader'),
	('azr_load_json', 'reader'),
	('azr_load_state', 'reader'),
	('azr_locks', 'reader'),
	('azr_maintain', 'admin'),
	('azr_merge_state', 'reader'),
	('azr_next_sequence', 'reader'),
	('azr_own_slots', 'admin'),
	('azr_park', 'writer'),
	('azr_parked', 'reader'),
	('azr_privileges', 'reader'),
	('azr_protect_edition', 'admin'),
	('azr_prove', 'reader'),
	('azr_prove_consistency', 'reader'),
	('azr_publication', 'owner'),
	('azr_put_checkpoint', 'admin'),
	('azr_put_position', 'writer'),
	('azr_put_positions', 'writer'),
	('azr_put_snapshot', 'writer'),
	('azr_retry', 'writer'),
	('azr_revoke', 'owner'),
	('azr_revoke_cascade', 'writer'),
	('azr_root', 'reader'),
	('azr_roots', 'reader'),
	('azr_salts', 'reader'),
	('azr_scrub', 'owner'),
	('azr_seal', 'admin'),
	('azr_slot', 'reader'),
	('azr_slot_drop', 'owner'),
	('azr_slot_ends', 'owner'),
	('azr_slot_export', 'owner'),
	('azr_slot_export_state', 'owner'),
	('azr_slot_freeze', 'owner'),
	('azr_slot_import', 'owner'),
	('azr_slot_receive', 'owner'),
	('azr_slots', 'reader'),
	('azr_stale_cascades', 'reader'),
	('azr_statistics', 'reader'),
	('azr_streams_of', 'reader'),
	('azr_take_over', 'owner'),
	('azr_tile', 'reader'),
	('azr_trace', 'reader'),
	('azr_verify', 'reader'),
	('azr_version', 'reader');
END;

COMMENT ON FUNCTION @extschema@.azr_router_levels() IS
'Which level may call which of the store''s functions.';

-- End of what is made
