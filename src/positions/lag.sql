-- azr_lag

CREATE TYPE @extschema@.azr_lag_entry AS (
	domain text,
	edition text,
	root uuid,
	"position" bigint,
	next_sequence bigint,
	lag bigint
);

COMMENT ON TYPE @extschema@.azr_lag_entry IS
'A stream that a handler is behind in. position: the last sequence that it has handled, NULL for none. lag: how many events it has yet to handle.';

CREATE FUNCTION @extschema@.azr_lag(
	handler text,
	domain text DEFAULT NULL,
	after uuid DEFAULT NULL,
	max_count bigint DEFAULT NULL
) RETURNS SETOF @extschema@.azr_lag_entry
LANGUAGE c STABLE PARALLEL SAFE COST 10000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_lag(text, text, uuid, bigint) IS
'Where a handler is behind: streams with events past its position, and streams without a position in every domain and edition in which it has one.

Arguments: handler. domain, or NULL for all; in a domain that is given, the main timeline counts even if the handler has no position there yet. after, the last root of the page before, which needs a domain; NULL for the first page. max_count, the size of a page in rows, NULL for all; if the last root has rows in several editions, the page has all of them.

Result: rows of azr_lag_entry, in the order of domain, root and edition, for the streams in which the handler is behind by the caller''s snapshot.

Locks: AccessShareLock on the tables. It reads the streams after ''after'' and the positions in them by their indexes, with one more index probe for each stream, however many events it has, and stops when it has max_count rows.

Errors: 22004 NULL where there must be a value; 22023 bad value, or after without a domain.';
