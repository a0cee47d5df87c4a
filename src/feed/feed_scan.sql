-- What has azr_feed in FROM planned as a scan of its own

CREATE FUNCTION @extschema@.azr_feed_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_feed_support(internal) IS
'Planner support function of azr_feed: how many events a call gives.';
