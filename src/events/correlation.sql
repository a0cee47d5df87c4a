-- azr_correlation_key, which makes the keys of the index on correlation ids, and azr_correlated,
-- with which queries of the view azr_timeline use that index

CREATE FUNCTION @extschema@.azr_correlation_key(
	correlation_uuid uuid,
	correlation_id text
) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_correlation_key(uuid, text) IS
'The key of a correlation id in the index on such ids. For SQL on azr_events; queries of azr_timeline use the index by themselves. Every role may call it.

Arguments: correlation_uuid and correlation_id, the columns of an event, or NULL and any id as text.

Result: bigint: the first 8 bytes of a uuid, less 2^63, so that keys are in the order of the uuids; of an id that is not the text of a uuid in lower case and with dashes, a hash. NULL if both arguments are NULL. Different ids can have the same key. Takes no locks.';

CREATE FUNCTION @extschema@.azr_correlated_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_correlated_support(internal) IS
'Planner support function of azr_correlated: the index that a comparison of correlation ids can use.';

CREATE FUNCTION @extschema@.azr_correlated(
	correlation_uuid uuid,
	correlation_id text
) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE SUPPORT @extschema@.azr_correlated_support AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_correlated(uuid, text) IS
'True. The view azr_timeline has it, so that a query of it with correlation_id = ... goes by the index.

Arguments: correlation_uuid and correlation_id, those of an event.

Result: boolean, true. Takes no locks.';
