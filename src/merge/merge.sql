-- azr_changed_fields and azr_merge_state

CREATE FUNCTION @extschema@.azr_changed_fields(
	state_type text,
	before bytea,
	after bytea
) RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_changed_fields(text, bytea, bytea) IS
'The fields in which two states differ, as azr_append_commutative compares them.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. before and after; a value without bytes is the empty state.

Result: keys of the JSON object that differ by the rules of jsonb, in the order of their bytes; or field numbers whose records differ, ascending. {*} if one of the two does not parse.

Takes no locks. Errors: 22004 NULL where there must be a value; 22023 bad state_type.';

CREATE FUNCTION @extschema@.azr_merge_state(
	state_type text,
	base bytea,
	ours bytea,
	theirs bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_merge_state(text, bytea, bytea, bytea) IS
'Merges two states that were made of the same base, as azr_append_commutative does.

Arguments: state_type, application/json for JSON objects, anything else for Protocol Buffers messages. base, ours and theirs; a value without bytes is the empty state.

Result: each field is that of the side that has changed it; if one side has changed nothing, the result is the other one as it stands. Which side is ours does not matter.

Takes no locks. Errors: ZR005 both have changed the same fields, of which DETAIL names up to 20, or * if a state does not parse; 54000 the result is larger than a value can be; 22004 NULL where there must be a value; 22023 bad state_type.';
