-- azr_domains, azr_roots and azr_root

CREATE FUNCTION @extschema@.azr_domains() RETURNS SETOF text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_domains() IS
'The domains that have streams, in byte order.

Result: text, one row for each domain. Each costs one index probe, however many streams and events it has.

Locks: AccessShareLock on azr_streams.';

CREATE FUNCTION @extschema@.azr_roots(
	domain text,
	edition text,
	after uuid DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_roots(text, text, uuid, bigint) IS
'The roots of a domain that have events in an edition, in uuid order, a page at a time.

Arguments: domain. edition, NULL or '''' for the main timeline. after, the last root of the page before, NULL for the first page. max_count, the size of a page, NULL for all.

Result: uuid, one row for each root.

Locks: AccessShareLock on azr_streams.

Errors: 22004 NULL where there must be a value; 22023 bad value.';

CREATE FUNCTION @extschema@.azr_root(
	domain text,
	key text
) RETURNS uuid
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_root(text, text) IS
'The root of a business key, the same in every client and database: the version-5 UUID (RFC 9562) of the UTF-8 bytes of domain || '':'' || key, in the namespace 404f3bda-578a-5c4d-a7f4-2751b843698a, which is the version-5 UUID of angzarr.dev in the DNS namespace.

Arguments: domain, 1 to 255 bytes. key, any text.

Result: uuid. Takes no locks.

Errors: 22004 NULL where there must be a value; 22023 bad value.';
