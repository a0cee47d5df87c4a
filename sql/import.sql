-- azr_import: the events of another store
\set VERBOSITY default
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA import_source;
CREATE TABLE import_source.e (n serial, domain text, edition text, root uuid, sequence bigint, type text, payload bytea,
	metadata jsonb, created_at timestamptz, correlation_id text, external_id text);
INSERT INTO import_source.e (domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id)
SELECT 'imp', CASE s % 3 WHEN 0 THEN 'angzarr' WHEN 1 THEN '' END, azr_root('imp', s::text), i, 'T' || i % 3, convert_to('p ' || s || ' ' || i, 'UTF8'),
	CASE WHEN i % 2 = 0 THEN '{"m": 1}'::jsonb END, timestamptz '2020-01-01 00:00:00+00' + i * interval '1 s',
	CASE WHEN i % 3 = 0 THEN 'corr ' || s END, CASE WHEN i = 1 THEN 'ext' END
FROM generate_series(1, 300) s, generate_series(0, 4) i ORDER BY s, i;
CREATE FUNCTION import_source.rows(condition text DEFAULT 'true') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id FROM import_source.e WHERE %s ORDER BY n', condition) $$;
-- what the store has of a domain that the source has not, and the other way round
CREATE FUNCTION import_source.differences(name text) RETURNS bigint LANGUAGE sql AS
$$ SELECT (SELECT count(*) FROM import_source.e s WHERE domain = name AND NOT EXISTS (
		SELECT FROM azr_timeline t WHERE (t.domain, t.edition, t.root, t.sequence) = (s.domain, coalesce(nullif(s.edition, ''), 'angzarr'), s.root, s.sequence)
		AND (t.type, t.payload, t.metadata, t.correlation_id, t.external_id) IS NOT DISTINCT FROM (s.type, s.payload, s.metadata, s.correlation_id, s.external_id)
		AND t.created_at = coalesce(s.created_at, t.created_at)))
	+ (SELECT count(*) FROM azr_timeline WHERE domain = name) - (SELECT count(*) FROM import_source.e WHERE domain = name) $$;
SELECT import_source.rows() AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.differences('imp');
-- again: all is there
CALL azr_import(:'rows', 7);
-- it goes on: new events of old streams, and new streams
INSERT INTO import_source.e (domain, root, sequence, type, payload)
SELECT 'imp', azr_root('imp', s::text), i, 'U', 'p' FROM generate_series(299, 301) s, generate_series(0, 6) i
WHERE s = 301 OR i > 4 ORDER BY s, i;
SELECT import_source.rows() AS rows \gset
CALL azr_import(:'rows', progress => false);
SELECT count(*) FROM azr_load('imp', NULL, azr_root('imp', '301')) WHERE created_at > now() - interval '1 day';
CALL azr_import(:'rows');
-- every event is in the feed, each stream in order
SELECT azr_feed_advance(1000000) > 0;
SELECT count(*) AS events, count(*) FILTER (WHERE sequence <> place) AS out_of_order
FROM (SELECT sequence, row_number() OVER (PARTITION BY root ORDER BY position) - 1 AS place
	FROM azr_feed(-1, 1000000, ARRAY['imp'])) f;
-- a stream that is longer than a batch and than what is gathered, many short ones, and streams that alternate
INSERT INTO import_source.e (domain, root, sequence, type, payload)
SELECT 'imp-long', azr_root('imp-long', s::text), i, 'T', convert_to(i::text, 'UTF8') FROM generate_series(1, 2) s, generate_series(0, 4999) i ORDER BY s, i;
INSERT INTO import_source.e (domain, root, sequence, type, payload)
SELECT 'imp-short', azr_root('imp-short', s::text), 0, 'T', convert_to(s::text, 'UTF8') FROM generate_series(1, 600) s;
INSERT INTO import_source.e (domain, root, sequence, type, payload)
SELECT 'imp-mixed', azr_root('imp-mixed', s::text), i, 'T', convert_to(s::text, 'UTF8') FROM generate_series(1, 3) s, generate_series(0, 9) i ORDER BY i, s;
SELECT import_source.rows('domain LIKE ''imp-%''') AS rows \gset
CALL azr_import(:'rows', 1000);
SELECT d, import_source.differences(d) FROM unnest(ARRAY['imp-long', 'imp-short', 'imp-mixed']) d;
SELECT domain, count(*), sum(next_sequence) FROM azr_domains() d(domain), LATERAL azr_streams_of(domain, NULL) WHERE domain LIKE 'imp-%' GROUP BY domain ORDER BY domain;
-- payloads that are stored out of line, compressed or not, and gone from the source by the time they are stored
INSERT INTO import_source.e (domain, root, sequence, type, payload)
SELECT 'imp-large', azr_root('imp-large', '1'), i, 'T', CASE i % 2 WHEN 0 THEN convert_to(repeat('x', 1000000), 'UTF8')
	ELSE (SELECT string_agg(decode(md5(i || ' ' || j), 'hex'), '') FROM generate_series(1, 2000) j) END FROM generate_series(0, 3) i;
CALL azr_import('DELETE FROM import_source.e WHERE domain = ''imp-large'' RETURNING domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id', 1);
SELECT sequence, length(payload), md5(payload) FROM azr_load('imp-large', NULL, azr_root('imp-large', '1'));
-- the same in rows that come as a function or a sort keeps them
CREATE TEMP TABLE import_once (LIKE import_source.e) ON COMMIT DELETE ROWS;
ALTER TABLE import_once DROP n;
CREATE FUNCTION import_source.once(name text) RETURNS TABLE (domain text, edition text, root uuid, sequence bigint, type text, payload bytea,
	metadata jsonb, created_at timestamptz, correlation_id text, external_id text) LANGUAGE sql AS $$
	INSERT INTO import_once (domain, root, sequence, type, payload)
	SELECT name, azr_root(name, i::text), 0, 'T' || i, (SELECT string_agg(decode(md5(i || ' ' || j), 'hex'), '') FROM generate_series(1, 2000) j) FROM generate_series(0, 3) i;
	SELECT * FROM import_once $$;
CALL azr_import('SELECT * FROM import_source.once(''imp-once'')', 1);
CALL azr_import('SELECT * FROM import_source.once(''imp-sorted'') ORDER BY type', 1);
SELECT d, type, length(payload), md5(payload) FROM unnest(ARRAY['imp-once', 'imp-sorted']) d, generate_series(0, 3) i, azr_load(d, NULL, azr_root(d, i::text));
-- a named edition branches off where its first event is
INSERT INTO import_source.e (domain, root, sequence, type, payload) SELECT 'imp-ed', azr_root('imp-ed', '1'), i, 'T', 'p' FROM generate_series(0, 4) i;
INSERT INTO import_source.e (domain, edition, root, sequence, type, payload) SELECT 'imp-ed', 'branch', azr_root('imp-ed', '1'), i, 'T', 'q' FROM generate_series(3, 7) i;
SELECT import_source.rows('domain = ''imp-ed''') AS rows \gset
CALL azr_import(:'rows');
CALL azr_import(:'rows');
SELECT sequence, edition, payload FROM azr_load('imp-ed', 'branch', azr_root('imp-ed', '1')) WHERE sequence IN (2, 3, 7);
-- sealed: what is there is passed over, and nothing is added
SELECT azr_protect_edition('imp-ed', 'branch', 'sealed');
CALL azr_import(:'rows');
INSERT INTO import_source.e (domain, edition, root, sequence, type, payload) SELECT 'imp-ed', 'branch', azr_root('imp-ed', '1'), 8, 'T', 'q';
SELECT import_source.rows('domain = ''imp-ed''') AS rows \gset
CALL azr_import(:'rows');
-- past what the main timeline has
CALL azr_import('SELECT ''imp-ed'', ''far'', azr_root(''imp-ed'', ''1''), 9::bigint, ''T'', ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
-- a gap, a sequence twice, another event: batches before are kept
CREATE FUNCTION import_source.one(stream text, sequence text, type text DEFAULT 'T', payload text DEFAULT 'p', domain text DEFAULT 'imp-bad') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT %L, NULL, azr_root(''imp-bad'', %L), %s::bigint, %L, %L::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL', domain, stream, sequence, type, payload) $$;
SELECT import_source.one('a', 'generate_series(0, 9)') || ' UNION ALL ' || import_source.one('b', '0') || ' UNION ALL ' || import_source.one('c', '1') AS rows \gset
CALL azr_import(:'rows', 5);
SELECT azr_next_sequence('imp-bad', NULL, azr_root('imp-bad', 'a')), azr_next_sequence('imp-bad', NULL, azr_root('imp-bad', 'b'));
SELECT import_source.one('d', 'generate_series(0, 2)') || ' UNION ALL ' || import_source.one('d', '2') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('d', 'generate_series(0, 2)') || ' UNION ALL ' || import_source.one('d', '4') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('a', 'generate_series(0, 3)') || ' UNION ALL ' || import_source.one('a', '4', payload => 'q') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('a', '3', 'U') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('a', '9 - generate_series(0, 2)') AS rows \gset
CALL azr_import(:'rows');
-- bad values
SELECT import_source.one('e', '-1') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('e', 'NULL') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('e', '0', '') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('e', '0', domain => '') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('e', '0', domain => 'new' || chr(10) || 'line') AS rows \gset
CALL azr_import(:'rows');
CALL azr_import('SELECT ''imp-bad'', NULL, NULL::uuid, 0::bigint, ''T'', ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''imp-bad'', NULL, azr_root(''a'', ''e''), 0::bigint, ''T'', NULL::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''imp-bad'', NULL, azr_root(''a'', ''e''), 0::bigint, NULL, ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''imp-bad'', NULL, azr_root(''a'', ''e''), 0::bigint, ''T'', ''p''::bytea, NULL::jsonb, timestamptz ''infinity'', NULL, NULL');
CALL azr_import('SELECT ''imp-bad'', NULL, azr_root(''a'', ''e''), 0::bigint, ''T'', ''p''::bytea, ''{"a": 1e100000}''::jsonb, NULL::timestamptz, NULL, repeat(''x'', 256)');
SET angzarr.max_payload = 1024;
SELECT import_source.one('e', '0', payload => repeat('x', 1025)) AS rows \gset
CALL azr_import(:'rows');
RESET angzarr.max_payload;
-- queries that are none, have other columns, fail, or give nothing
CALL azr_import('SELECT 1');
CALL azr_import('SELECT ''d'', NULL, ''r'', 0::bigint, ''T'', ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''d'', NULL, azr_root(''d'', ''r''), 0, ''T'', ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''d'', NULL, azr_root(''d'', ''r''), 0::bigint, ''T'', ''p''::bytea, NULL, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT 1; SELECT 2');
CALL azr_import('CREATE TABLE t ()');
CALL azr_import('');
-- FETCH gives columns, also where it gives no row
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT 'd', NULL, azr_root('d', 'r'), 0::bigint, 'T', 'p'::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL;
COMMIT;
CALL azr_import('FETCH 0 FROM held');
CALL azr_import('MOVE 0 FROM held');
CLOSE held;
-- nothing is stored in a transaction that the query has made read-only
SELECT azr_append_one('ro', NULL, azr_root('ro', 'r'), 0, 'T', ''), azr_append_one('ro', 'e', azr_root('ro', 'r'), 1, 'T', '');
CALL azr_import('SELECT ''ro'', ''e'', azr_root(''ro'', ''r''), 2::bigint, set_config(''transaction_read_only'', ''on'', true), ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL');
CALL azr_import('SELECT ''ro'', ''e'', azr_root(''ro'', ''r''), 2::bigint, set_config(''default_transaction_read_only'', ''on'', false), ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL
	UNION ALL SELECT ''ro'', ''f'', azr_root(''ro'', ''r''), 1, ''T'', ''p'', NULL, NULL, NULL, NULL', 1, false);
RESET default_transaction_read_only;
SELECT azr_next_sequence('ro', 'e', azr_root('ro', 'r')), azr_next_sequence('ro', 'f', azr_root('ro', 'r'));
CALL azr_import('SELEC');
CALL azr_import('SELECT ''d''::varchar, NULL, azr_root(''d'', ''r''), 0::bigint, ''T''::varchar(7), ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL WHERE 1 / (random() < 0)::int = 0');
CALL azr_import('SELECT ''d'', NULL, azr_root(''d'', ''r''), 0::bigint, ''T'', ''p''::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL WHERE false');
CALL azr_import(NULL);
CALL azr_import('SELECT 1', 0);
CALL azr_import('SELECT 1', NULL);
CALL azr_import('SELECT 1', 1, NULL);
-- where batches cannot be committed
BEGIN;
CALL azr_import('SELECT 1');
ROLLBACK;
DO $$ BEGIN BEGIN CALL azr_import('SELECT 1'); EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
CREATE FUNCTION import_source.call() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL azr_import('SELECT 1'); END $$;
SELECT import_source.call();
SET default_transaction_read_only = on;
CALL azr_import('SELECT 1');
RESET default_transaction_read_only;
-- but in a block that is in none
SELECT import_source.one('f', 'generate_series(0, 9)') AS rows \gset
DO $do$ BEGIN CALL azr_import($$SELECT 'imp-bad', NULL, azr_root('imp-bad', 'f'), generate_series(0, 9)::bigint, 'T', 'p'::bytea, NULL::jsonb, NULL::timestamptz, NULL, NULL$$, 1); END $do$;
-- it runs with the rights of the caller
CREATE ROLE regress_azr_importer;
GRANT USAGE ON SCHEMA import_source TO regress_azr_importer;
SET ROLE regress_azr_importer;
CALL azr_import('SELECT 1');
RESET ROLE;
SELECT azr_grant('regress_azr_importer', 'admin');
SET ROLE regress_azr_importer;
CALL azr_import('SELECT domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id FROM import_source.e');
CALL azr_import(:'rows');
RESET ROLE;
SELECT azr_revoke('regress_azr_importer', 'reader');
DROP OWNED BY regress_azr_importer;
DROP ROLE regress_azr_importer;
-- an owner's trigger sees each event; one that drops them is an error
CREATE FUNCTION import_source.count() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.payload = 'drop' THEN RETURN NULL; END IF; RAISE NOTICE 'event % %', NEW.sequence, NEW.payload; RETURN NEW; END $$;
CREATE TRIGGER counts BEFORE INSERT ON azr_main_events FOR EACH ROW EXECUTE FUNCTION import_source.count();
SELECT import_source.one('g', 'generate_series(0, 1)') || ' UNION ALL ' || import_source.one('h', '0') AS rows \gset
CALL azr_import(:'rows');
SELECT import_source.one('i', '0') || ' UNION ALL ' || import_source.one('i', '1', payload => 'drop') AS rows \gset
CALL azr_import(:'rows');
DROP TRIGGER counts ON azr_main_events;
SELECT azr_next_sequence('imp-bad', NULL, azr_root('imp-bad', r)) FROM unnest(ARRAY['e', 'f', 'g', 'h', 'i']) r;
-- positions and snapshots that were there before the stream
SELECT azr_put_position('imp-handler', 'imp-bad', NULL, azr_root('imp-bad', 'j'), 5);
SELECT azr_put_snapshot('imp-bad', NULL, azr_root('imp-bad', 'j'), 5, 's', '');
SELECT import_source.one('j', 'generate_series(0, 1)') AS rows \gset
CALL azr_import(:'rows');
SELECT azr_get_position('imp-handler', 'imp-bad', NULL, azr_root('imp-bad', 'j')), (SELECT count(*) FROM azr_get_snapshot('imp-bad', NULL, azr_root('imp-bad', 'j')));
SELECT azr_feed_advance(100000) > 0;
SELECT * FROM azr_check();
DROP SCHEMA import_source CASCADE;
