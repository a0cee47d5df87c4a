-- azr_version

CREATE FUNCTION @extschema@.azr_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_version() IS
'Version of the angzarr library that this session has loaded, such as 0.3.0. Takes no locks.';
