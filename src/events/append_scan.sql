-- What has azr_append and azr_append_json in FROM planned as scans of their own

CREATE FUNCTION @extschema@.azr_append_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_append_support(internal) IS
'Has the library loaded before a call of azr_append or azr_append_json is planned. For PostgreSQL, not to be called.';
