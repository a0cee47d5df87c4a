-- azr_correlated, with which the view azr_timeline finds correlation ids by their index

CREATE FUNCTION @extschema@.azr_correlated_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_correlated_support(internal) IS
'Planner support function of azr_correlated: the index that a comparison of correlation ids can use.';

CREATE FUNCTION @extschema@.azr_correlated(correlation_id text) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE SUPPORT @extschema@.azr_correlated_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_correlated(text) IS
'True. The view azr_timeline has it, so that a query of it with correlation_id = ... goes by the index.

Arguments: correlation_id, that of an event.

Result: boolean, true. Takes no locks.';
