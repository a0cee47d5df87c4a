-- azr_expect: a stream stands still until the transaction ends. See also the isolation test expect.
\set r '00000000-0000-0000-0000-000000000001'
CREATE FUNCTION add(edition text, expected bigint, root text DEFAULT 'a') RETURNS bigint LANGUAGE sql AS $$
	SELECT azr_append_one('expect', $1, azr_root('expect', $3), $2, 'T', '') $$;
-- outcome() of a call, without the stream's uuid
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome('SELECT ' || $1), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R', 'g') $$;
-- azr_expect, and which advisory locks it has left: of editions, of streams, of streams that do not exist
CREATE FUNCTION expect(edition text, expected bigint DEFAULT NULL, divergence bigint DEFAULT NULL, root text DEFAULT 'a') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	SELECT 'next ' || azr_expect('expect', $1, azr_root('expect', $4), $2, $3) INTO result;
	IF substr(result, 6)::bigint <> azr_next_sequence('expect', $1, azr_root('expect', $4), $3) THEN
		RAISE 'azr_next_sequence says otherwise';
	END IF;
	SELECT result || ', locked: ' || coalesce(string_agg(n || ' ' || CASE objsubid WHEN 24954 THEN 'stream' WHEN 24955 THEN 'new' WHEN 24956 THEN 'edition' END, ', ' ORDER BY objsubid), '-')
	INTO result FROM (SELECT objsubid, count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() GROUP BY 1) l;
	RETURN result;
END $$;
\pset format unaligned
\pset tuples_only on

SELECT count(add(NULL, i)) FROM generate_series(0, 4) i;
-- the next sequence, at least one event, any number
SELECT expect(NULL, 5);
SELECT expect(NULL, -1);
SELECT expect(NULL);
SELECT attempt($$expect(NULL, 4)$$);
SELECT attempt($$expect(NULL, 6)$$);
SELECT attempt($$expect(NULL, 0)$$);
-- a stream that does not exist
SELECT expect(NULL, 0, root => 'none');
SELECT expect(NULL, root => 'none');
SELECT attempt($$expect(NULL, -1, root => 'none')$$);
SELECT attempt($$expect(NULL, 1, root => 'none')$$);
-- nothing is stored for it
SELECT count(*) FROM azr_streams WHERE domain = 'expect';

-- what this transaction appends itself counts
BEGIN;
SELECT expect(NULL, 0, root => 'new'), add(NULL, 0, 'new'), expect(NULL, 1, root => 'new'), add(NULL, 1, 'new');
SELECT i, azr_expect('expect', NULL, azr_root('expect', 'new'), i), add(NULL, i, 'new') FROM generate_series(2, 4) i;
ROLLBACK;
-- a savepoint rolled back takes the locks with it
BEGIN;
SAVEPOINT s;
SELECT expect(NULL, 5);
ROLLBACK TO s;
SELECT expect(NULL, 0, root => 'none');
COMMIT;

-- an edition that reads the main timeline up to its end: that stands still too
SELECT expect('none', 5);
SELECT expect('none', -1);
SELECT expect('none', 0, root => 'none');
SELECT attempt($$expect('none', 4)$$);
-- below a divergence that is given or registered, the main timeline may grow
SELECT expect('none', 3, 3);
SELECT expect('none', 0, 0);
SELECT expect('none', 5, 5);
SELECT attempt($$expect('none', -1, 0)$$);
SELECT attempt($$expect('none', 5, 6)$$);
SELECT azr_create_edition('expect', 'registered', 3);
SELECT azr_create_edition('expect', 'registered at the end', 5);
SELECT azr_create_edition('expect', 'registered past the end', 6);
SELECT expect('registered', 3);
SELECT expect('registered', 4, 4);
SELECT attempt($$expect('registered', 5)$$);
SELECT expect('registered at the end', 5);
SELECT expect('registered past the end', 5);
SELECT expect('registered past the end', 5, 5);
-- with events of its own, it stands for itself
SELECT add('own', 2);
SELECT expect('own', 3);
SELECT expect('own', 3, 2);
SELECT attempt($$expect('own', 5)$$);
SELECT attempt($$expect('own', 3, 3)$$);
-- a sealed edition is not changed by it
SELECT azr_protect_edition('expect', 'own', 'sealed');
SELECT expect('own', 3);

-- append on condition
BEGIN;
SELECT azr_expect('expect', NULL, azr_root('expect', 'a'), 5), add(NULL, 0, 'b');
COMMIT;
SELECT attempt($$add(NULL, 1 + 0 * azr_expect('expect', NULL, azr_root('expect', 'a'), 4), 'b')$$);
SELECT azr_next_sequence('expect', NULL, azr_root('expect', 'b'));

BEGIN READ ONLY;
SELECT azr_expect('expect', NULL, :'r', NULL);
ROLLBACK;
-- at the transaction's snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT expect(NULL, 5), expect('none', 5), add(NULL, 5), expect(NULL, 6);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT expect('none', 0, root => 'none'), expect('own', 3);
ROLLBACK;

DROP FUNCTION add, attempt, expect;
