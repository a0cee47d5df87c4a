-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION angzarr" to load this file. \quit

CREATE FUNCTION @extschema@.azr_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_version() IS
'Version of the angzarr library that this session has loaded, such as 0.3.0. Takes no locks.';
