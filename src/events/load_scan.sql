-- What has azr_load in FROM planned as a scan of its own

CREATE FUNCTION @extschema@.azr_load_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_load_support(internal) IS
'Planner support function of azr_load: how many events a call gives.';
