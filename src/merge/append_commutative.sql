-- azr_append_commutative

CREATE TYPE @extschema@.azr_commutative_result AS (
	outcome text,
	first_sequence bigint,
	last_sequence bigint,
	next_sequence bigint,
	state bytea
);

COMMENT ON TYPE @extschema@.azr_commutative_result IS
'What a commutative append did. outcome: added; merged (others had appended meanwhile, and had changed other fields); duplicate (an earlier append with the same external_id or source: its range and state); unchanged (nothing to append: range and state are NULL). next_sequence: what the stream''s next event gets. state: the one after these events, with everybody''s changes; NULL also if that of a duplicate was pruned.';

CREATE FUNCTION @extschema@.azr_append_commutative(
	domain text,
	edition text,
	root uuid,
	expected_sequence bigint,
	types text[],
	payloads bytea[],
	state_type text,
	state bytea,
	metadata jsonb[] DEFAULT NULL,
	created_at timestamptz[] DEFAULT NULL,
	correlation_id text DEFAULT NULL,
	external_id text DEFAULT NULL,
	source_domain text DEFAULT NULL,
	source_edition text DEFAULT NULL,
	source_root uuid DEFAULT NULL,
	source_sequence bigint DEFAULT NULL
) RETURNS @extschema@.azr_commutative_result
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_commutative(text, text, uuid, bigint, text[], bytea[], text, bytea, jsonb[], timestamptz[], text, text, text, text, uuid, bigint) IS
'Appends events together with the state after them. If others have appended meanwhile, and have changed other fields of the state, it merges the two states. This is like a three-way merge of text (diff3), with fields of the state in place of lines.

Arguments: expected_sequence, the stream''s next sequence when the caller loaded it; required. state, what the caller has made of the state that it loaded. state_type: application/json for a JSON object, whose fields are its keys; anything else for a Protocol Buffers message, whose fields are its field numbers. The other arguments are those of azr_append.

If the stream has got past expected_sequence, the snapshots at expected_sequence - 1 (the empty state, if expected_sequence is 0) and at the stream''s end are compared with state. Each append by this function stores such a snapshot, which stays until azr_maintain prunes it.

Result: one row (outcome, first_sequence, last_sequence, next_sequence, state). outcome is added, merged, duplicate or unchanged; state is what to go on with.

Locks: those of azr_append and azr_put_snapshot.

Errors: those of azr_append and azr_put_snapshot; ZR005 both have changed the same fields, of which DETAIL names up to 20, or * if a state does not parse or the state type has changed; ZR001 there is no snapshot to compare with, or expected_sequence is past the end; 54000 the merged state is too large.';
