-- The position store.
\set r '00000000-0000-0000-0000-000000000001'
\pset format unaligned
\pset tuples_only on

-- never recorded is NULL; a position need not have a stream
SELECT azr_get_position('projector', 'pos', NULL, :'r') IS NULL;
SELECT azr_put_position('projector', 'pos', NULL, :'r', 5), azr_get_position('projector', 'pos', 'angzarr', :'r');
SELECT azr_get_position('projector', 'pos', '', :'r');
-- it only goes forward; a lower or equal one is no error, and is told the one in force
SELECT azr_put_position('projector', 'pos', '', :'r', 7);
SELECT azr_put_position('projector', 'pos', NULL, :'r', 6);
SELECT azr_put_position('projector', 'pos', NULL, :'r', 7);
SELECT azr_put_position('projector', 'pos', NULL, :'r', 0);
SELECT azr_get_position('projector', 'pos', NULL, :'r');
SELECT azr_put_position('projector', 'pos', NULL, :'r', 9223372036854775807);
-- handlers, domains, editions and roots are independent
SELECT azr_put_position('other', 'pos', NULL, :'r', 1), azr_put_position('projector', 'pos2', NULL, :'r', 2),
	azr_put_position('projector', 'pos', 'e', :'r', 3), azr_put_position('projector', 'pos', NULL, azr_root('pos', 'b'), 4);
SELECT azr_get_position('other', 'pos', NULL, :'r'), azr_get_position('projector', 'pos2', NULL, :'r'),
	azr_get_position('projector', 'pos', 'e', :'r'), azr_get_position('projector', 'pos', NULL, azr_root('pos', 'b')),
	azr_get_position('Projector', 'pos', NULL, :'r') IS NULL;

-- one statement, one transaction, savepoints: all see their own
SELECT azr_put_position('own', 'pos', NULL, :'r', i) FROM unnest(ARRAY[3, 1, 4, 2, 5]) i;
BEGIN;
SELECT azr_put_position('own', 'pos', NULL, :'r', 10);
SAVEPOINT s;
SELECT azr_put_position('own', 'pos', NULL, :'r', 20), azr_put_position('new', 'pos', NULL, :'r', 1);
ROLLBACK TO s;
SELECT azr_get_position('own', 'pos', NULL, :'r'), azr_get_position('new', 'pos', NULL, :'r') IS NULL;
SELECT azr_put_position('own', 'pos', NULL, :'r', 11), azr_put_position('new', 'pos', NULL, :'r', 2);
COMMIT;
SELECT azr_get_position('own', 'pos', NULL, :'r'), azr_get_position('new', 'pos', NULL, :'r');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT azr_put_position('own', 'pos', NULL, :'r', i) FROM generate_series(20, 22) i;
COMMIT;

-- a checkpoint of many roots: how many moved
SELECT azr_put_positions('bulk', 'pos', NULL, ARRAY[azr_root('pos', 'a'), azr_root('pos', 'b'), azr_root('pos', 'c')], ARRAY[1, 2, 3]);
SELECT azr_put_positions('bulk', 'pos', NULL, ARRAY[azr_root('pos', 'a'), azr_root('pos', 'b'), azr_root('pos', 'd')], ARRAY[1, 5, 0]);
SELECT azr_put_positions('bulk', 'pos', NULL, ARRAY[azr_root('pos', 'a'), azr_root('pos', 'b')], ARRAY[0, 4]);
-- of a root that stands twice, the highest counts
SELECT azr_put_positions('bulk', 'pos', NULL, ARRAY[azr_root('pos', 'a'), azr_root('pos', 'a'), azr_root('pos', 'a')], ARRAY[7, 9, 8]);
SELECT azr_get_position('bulk', 'pos', NULL, azr_root('pos', k)) FROM unnest(ARRAY['a', 'b', 'c', 'd']) k;
SELECT azr_put_positions('bulk', 'pos', NULL, '{}', '{}');
SELECT azr_put_positions('many', 'pos', 'e', array_agg(azr_root('many', i::text)), array_agg(i)) FROM generate_series(1, 5000) i;
SELECT azr_put_positions('many', 'pos', 'e', array_agg(azr_root('many', i::text)), array_agg(i + i % 2)) FROM generate_series(1, 5000) i;
SELECT azr_put_positions('lower bounds', 'pos', NULL, ('[3:3]={' || azr_root('pos', 'a') || '}')::uuid[], '[0:0]={4}'::bigint[]);

-- reset, to replay: the one way back
SELECT azr_delete_positions('bulk', 'pos', NULL, azr_root('pos', 'a'));
SELECT azr_get_position('bulk', 'pos', NULL, azr_root('pos', 'a')) IS NULL;
SELECT azr_put_position('bulk', 'pos', NULL, azr_root('pos', 'a'), 0);
SELECT azr_delete_positions('projector', 'pos', 'e'), azr_delete_positions('projector', 'pos', 'e');
SELECT azr_delete_positions('bulk', 'pos'), azr_delete_positions('bulk', 'pos', 'e');
SELECT azr_delete_positions('projector'), azr_delete_positions('unknown');
SELECT azr_get_position('other', 'pos', NULL, :'r');

-- lag: where a handler is behind, by index probes
SELECT count(*) FROM generate_series(1, 4) i, azr_append('lag', NULL, azr_root('lag', i::text), 0, types(i), payloads(i));
SELECT count(*) FROM azr_append('lag', 'e', azr_root('lag', '4'), 2, types(5), payloads(5));
SELECT count(*) FROM azr_lag('reader');
-- a domain that is given counts where the handler has no position yet
SELECT domain, edition, position IS NULL, next_sequence, lag FROM azr_lag('reader', 'lag') ORDER BY lag;
SELECT azr_put_position('reader', 'lag', NULL, azr_root('lag', '3'), 0), azr_put_position('reader', 'lag', NULL, azr_root('lag', '2'), 1),
	azr_put_position('reader', 'lag', NULL, azr_root('lag', 'no events'), 3);
SELECT domain, edition, root = azr_root('lag', next_sequence::text), position, lag FROM azr_lag('reader') ORDER BY lag;
SELECT count(*) FROM azr_lag('reader', 'other') a, azr_lag('nobody') b;
-- the highest position is no special case
BEGIN;
INSERT INTO azr_positions (handler, domain, edition, root, sequence) VALUES ('reader', 'lag', 'angzarr', azr_root('lag', '1'), 9223372036854775807);
SELECT count(*) FROM azr_lag('reader', 'lag');
ROLLBACK;
-- a registered edition, of which nothing is there yet, ends where it diverges
BEGIN;
SELECT azr_create_edition('lag', 'registered', 2);
SELECT azr_put_position('reader', 'lag', 'registered', azr_root('lag', i::text), 0) FROM generate_series(1, 4) i;
SELECT edition, position, next_sequence, lag, next_sequence = azr_next_sequence(domain, edition, root) FROM azr_lag('reader') WHERE edition = 'registered' ORDER BY lag, root;
ROLLBACK;
SELECT azr_put_position('reader', 'lag', 'e', azr_root('lag', '4'), 2), azr_put_position('reader', 'lag', 'e', azr_root('lag', '3'), 0);
SELECT edition, position, next_sequence, lag FROM azr_lag('reader') WHERE edition = 'e' ORDER BY lag;
SELECT azr_put_positions('reader', 'lag', NULL, array_agg(root), array_agg(next_sequence - 1)) FROM azr_lag('reader') WHERE edition = 'angzarr';
SELECT count(*) FROM azr_lag('reader') WHERE edition = 'angzarr';
SELECT bool_and(root IS NOT NULL) AND array_agg(root) = array_agg(root ORDER BY domain, root, edition) FROM azr_lag('nobody', 'roots-a');
-- a position of an edition's root of which nothing is there at all: nothing to handle
BEGIN;
SELECT azr_create_edition('lag', 'registered', 2);
SELECT azr_put_position('reader', 'lag', 'registered', azr_root('lag', 'nothing'), 0);
SELECT count(*), azr_next_sequence('lag', 'registered', azr_root('lag', 'nothing')) FROM azr_lag('reader') WHERE edition = 'registered';
ROLLBACK;
-- a page at a time
SELECT root = azr_root('lag', next_sequence::text), next_sequence FROM azr_lag('nobody', 'lag', NULL, 2);
SELECT count(*) FROM azr_lag('nobody', 'lag', (SELECT max(root::text)::uuid FROM azr_lag('nobody', 'lag', NULL, 2))) l WHERE l.root NOT IN (SELECT root FROM azr_lag('nobody', 'lag', NULL, 2));
SELECT count(*) FROM azr_lag('nobody', 'lag', 'ffffffff-ffff-ffff-ffff-ffffffffffff');
SELECT count(*) FROM azr_lag('nobody', 'lag', max_count => 0);
SELECT count(*) FROM (SELECT azr_lag('nobody', 'lag') LIMIT 2) l;
-- nothing is read far past the end of a page: a broken stream there is no obstacle
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO azr_streams SELECT (SELECT max(stream_id) FROM azr_streams) + i, NULL, now(), ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'lag-pages', 'angzarr' FROM generate_series(1, 1000) i;
INSERT INTO azr_main_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, CASE root WHEN '00000000-0000-0000-0000-000000000900' THEN 9223372036854775807 ELSE 0 END, now(), 1, true, '' FROM azr_streams WHERE domain = 'lag-pages';
SELECT count(*), max(root::text) FROM azr_lag('nobody', 'lag-pages', '00000000-0000-0000-0000-000000000010', 5);
SELECT count(*) FROM (SELECT azr_lag('nobody', 'lag-pages') LIMIT 5) l;
SELECT left(outcome($$SELECT count(*) FROM azr_lag('nobody', 'lag-pages')$$), 5);
ROLLBACK;
-- where a handler is up to date, streams are not looked at one by one
CREATE FUNCTION pages_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) ' || query INTO plan;
	RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
END
$$;
BEGIN;
SELECT count(azr_append('lag-reads', NULL, azr_root('lag-reads', i::text), 0, types(1), payloads(1))) FROM generate_series(1, 2000) i;
SELECT azr_put_positions('reader', 'lag-reads', NULL, array_agg(root), array_agg(0::bigint)) FROM azr_streams WHERE domain = 'lag-reads';
SELECT (azr_append('lag-reads', NULL, azr_root('lag-reads', '7'), 1, types(1), payloads(1))).outcome;
SELECT root = azr_root('lag-reads', '7'), lag FROM azr_lag('reader', 'lag-reads');
SELECT pages_read($$SELECT azr_lag('reader', 'lag-reads')$$) < 2000, pages_read($$SELECT azr_lag('nobody', 'lag-reads')$$) < 2000;
ROLLBACK;
DROP FUNCTION pages_read;

-- against the same in SQL, for what comes up by chance
CREATE FUNCTION lag_by_sql(handler text, domain text) RETURNS TABLE (domain text, edition text, root uuid, "position" bigint, next_sequence bigint, lag bigint)
LANGUAGE sql STABLE AS $$
WITH known AS (SELECT p.domain, p.edition, p.root, p.sequence FROM azr_positions p
	WHERE p.handler = $1 AND ($2 IS NULL OR p.domain = $2)),
followed AS (SELECT k.domain, k.edition FROM known k UNION SELECT $2, 'angzarr' WHERE $2 IS NOT NULL),
streams AS (SELECT k.domain, k.edition, k.root FROM known k UNION
	SELECT f.domain, f.edition, s.root FROM azr_streams s JOIN followed f ON s.domain = f.domain AND s.edition = f.edition),
ends AS (SELECT s.domain, s.edition, s.root, azr_next_sequence(s.domain, s.edition, s.root) AS next FROM streams s)
SELECT e.domain, e.edition, e.root, k.sequence, e.next, e.next - 1 - coalesce(k.sequence, -1)
FROM ends e LEFT JOIN known k ON k.domain = e.domain AND k.edition = e.edition AND k.root = e.root
WHERE e.next - 1 > coalesce(k.sequence, -1)
ORDER BY e.domain COLLATE "C", e.root, e.edition COLLATE "C"
$$;
CREATE FUNCTION lag_by_pages(handler text, domain text, size bigint) RETURNS SETOF azr_lag_entry LANGUAGE plpgsql STABLE AS $$
DECLARE
	page azr_lag_entry[];
	seen uuid;
BEGIN
	LOOP
		page := ARRAY(SELECT l FROM azr_lag(handler, domain, seen, size) l);
		EXIT WHEN page = '{}';
		IF cardinality(page) < size AND EXISTS (SELECT FROM azr_lag(handler, domain, (page[cardinality(page)]).root)) THEN
			RAISE 'a short page, and more after it';
		END IF;
		RETURN QUERY SELECT * FROM unnest(page);
		seen := (page[cardinality(page)]).root;
	END LOOP;
END
$$;
SELECT setseed(0.5);
DO $$
DECLARE
	editions text[] := ARRAY['angzarr', 'a', 'e', 'Z', 'zz', E'\u00e9'];
	edition text;
	domain text;
	key text;
	n int;
	size int;
BEGIN
	FOR round IN 1 .. 8 LOOP
		FOR i IN 1 .. 150 LOOP
			domain := 'lag-' || floor(random() * 3);
			key := floor(random() * (CASE WHEN round > 6 THEN 400 ELSE 20 END));
			edition := editions[1 + floor(random() * random() * 6)];
			n := CASE WHEN round > 4 AND i % 15 = 0 THEN 60 ELSE 1 + i % 3 END;
			CASE floor(random() * 8)
			WHEN 0, 1, 2 THEN
				BEGIN
					PERFORM azr_append(domain, edition, azr_root('lag', key), NULL, types(n), payloads(n));
					IF i % 10 = 0 THEN
						RAISE 'rolled back' USING ERRCODE = 'ZR004';
					END IF;
				EXCEPTION WHEN SQLSTATE 'ZR004' THEN
				END;
			WHEN 3, 4, 5 THEN
				BEGIN
					PERFORM azr_put_position('h' || floor(random() * 2), domain, edition, azr_root('lag', key), floor(random() * 4)::bigint);
				EXCEPTION WHEN SQLSTATE 'ZR007' THEN
				END;
			WHEN 6 THEN
				BEGIN
					PERFORM azr_create_edition(domain, edition, floor(random() * 4)::bigint);
				EXCEPTION WHEN SQLSTATE 'ZR002' OR duplicate_object THEN
				END;
			ELSE
				PERFORM azr_delete_positions('h' || floor(random() * 2), domain, edition, azr_root('lag', key));
			END CASE;
		END LOOP;
		FOR i IN 0 .. 2 LOOP
			FOREACH domain IN ARRAY ARRAY['lag-0', 'lag-1', 'lag-2', 'lag-3', NULL] LOOP
				IF ARRAY(SELECT l::text FROM azr_lag('h' || i, domain) l) IS DISTINCT FROM ARRAY(SELECT l::text FROM lag_by_sql('h' || i, domain) l) THEN
					RAISE WARNING 'round %: handler % is not behind in % as SQL says', round, i, domain;
				END IF;
				CONTINUE WHEN domain IS NULL;
				size := 1 + floor(random() * 9);
				IF ARRAY(SELECT l::text FROM lag_by_pages('h' || i, domain, size) l) IS DISTINCT FROM ARRAY(SELECT l::text FROM azr_lag('h' || i, domain) l) THEN
					RAISE WARNING 'round %: pages of % of handler % in % differ', round, size, i, domain;
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
END
$$;
SELECT count(*) > 100, count(DISTINCT edition) > 4, count(*) FILTER (WHERE edition <> 'angzarr') > 20 FROM azr_lag('h0');
DROP FUNCTION lag_by_sql, lag_by_pages;
SELECT count(azr_delete_edition(domain, edition)) > 10 FROM azr_editions() WHERE domain LIKE 'lag-_';
SELECT azr_delete_positions('h0') > 0, azr_delete_positions('h1') > 0;

-- deleting an edition takes its positions in that domain, and no others
SELECT azr_put_position('reader', 'lag2', 'e', :'r', 1);
SELECT azr_delete_edition('lag', 'e');
SELECT azr_get_position('reader', 'lag', 'e', azr_root('lag', '4')) IS NULL,
	azr_get_position('reader', 'lag2', 'e', :'r'), azr_get_position('reader', 'lag', NULL, azr_root('lag', '4'));
SELECT azr_delete_edition('pos', 'e');
SELECT count(*) FROM azr_positions WHERE domain = 'pos' AND edition = 'e';

-- what the owner adds to the table works as in any INSERT and UPDATE
CREATE FUNCTION note_position() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO public.log (what) VALUES (concat_ws(' ', TG_NAME, TG_OP, OLD.sequence, NEW.sequence)); RETURN NEW; END $$;
CREATE TRIGGER on_update AFTER UPDATE ON azr_positions FOR EACH ROW EXECUTE FUNCTION note_position();
SELECT azr_put_position('trigger', 'pos', NULL, :'r', 1), azr_put_position('trigger', 'pos', NULL, :'r', 3),
	azr_put_position('trigger', 'pos', NULL, :'r', 2);
SELECT azr_put_positions('trigger', 'pos', NULL, ARRAY[:'r']::uuid[], ARRAY[4]);
DROP TRIGGER on_update ON azr_positions;
SELECT what FROM log WHERE what LIKE 'on_update%' ORDER BY n;
-- a trigger that drops the row is found out, and one that writes it first is no obstacle
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER dropper BEFORE INSERT ON azr_positions FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT left(outcome($$SELECT azr_put_position('dropped', 'pos', NULL, azr_root('pos', 'z'), 1)$$), 5);
DROP TRIGGER dropper ON azr_positions;
DROP FUNCTION drop_row;
WITH i AS (INSERT INTO azr_positions VALUES (1, :'r', 'same statement', 'pos', 'angzarr') RETURNING 1)
SELECT azr_put_position('same statement', 'pos', NULL, :'r', 5) FROM i;
SELECT azr_get_position('same statement', 'pos', NULL, :'r');
-- a unique index of the owner's own holds, whether or not it takes SQL to keep it
SELECT azr_delete_positions(handler) > 0 FROM (SELECT DISTINCT handler FROM azr_positions WHERE handler <> 'own') h;
CREATE UNIQUE INDEX one_position ON azr_positions (handler, sequence) WHERE sequence > 100;
SELECT azr_put_position('unique', 'pos', NULL, :'r', 101);
SELECT left(outcome($$SELECT azr_put_position('unique', 'pos', NULL, azr_root('pos', 'z'), 101)$$), 5);
DROP INDEX one_position;
CREATE UNIQUE INDEX one_position ON azr_positions (handler, sequence);
SELECT left(outcome($$SELECT azr_put_position('unique', 'pos', NULL, azr_root('pos', 'z'), 101)$$), 5);
SELECT azr_put_position('unique', 'pos', NULL, azr_root('pos', 'z'), 102);
SELECT left(outcome($$SELECT azr_put_position('unique', 'pos', NULL, '00000000-0000-0000-0000-000000000001', 102)$$), 5);
SELECT azr_get_position('unique', 'pos', NULL, :'r'), azr_get_position('unique', 'pos', NULL, azr_root('pos', 'z'));
DROP INDEX one_position;

-- bad arguments, and nothing stored
SELECT outcome('SELECT ' || call) FROM unnest(ARRAY[
	'azr_put_position(NULL, ''pos'', NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_position('''', ''pos'', NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_position(repeat(''h'', 256), ''pos'', NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_position(E''\t'', ''pos'', NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_position(''bad'', NULL, NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_position(''bad'', ''pos'', NULL, NULL, 1)',
	'azr_put_position(''bad'', ''pos'', NULL, azr_root(''a'', ''b''), NULL)',
	'azr_put_position(''bad'', ''pos'', NULL, azr_root(''a'', ''b''), -1)',
	'azr_put_positions(''bad'', ''pos'', NULL, NULL, ''{}'')',
	'azr_put_positions(''bad'', ''pos'', NULL, ''{}'', NULL)',
	'azr_put_positions(''bad'', ''pos'', NULL, ARRAY[azr_root(''a'', ''b'')], ''{}'')',
	'azr_put_positions(''bad'', ''pos'', NULL, ARRAY[NULL]::uuid[], ARRAY[1])',
	'azr_put_positions(''bad'', ''pos'', NULL, ARRAY[azr_root(''a'', ''b''), azr_root(''a'', ''c'')], ARRAY[1, NULL])',
	'azr_put_positions(''bad'', ''pos'', NULL, ARRAY[azr_root(''a'', ''b''), azr_root(''a'', ''c'')], ARRAY[1, -1])',
	'azr_put_positions(''bad'', ''pos'', NULL, ARRAY[[azr_root(''a'', ''b'')]], ARRAY[1])',
	'azr_get_position(NULL, ''pos'', NULL, azr_root(''a'', ''b''))',
	'azr_get_position(''bad'', ''pos'', NULL, NULL)',
	'azr_delete_positions(NULL)',
	'azr_delete_positions(''bad'', '''')',
	'azr_delete_positions(''bad'', edition => ''e'')',
	'azr_delete_positions(''bad'', root => azr_root(''a'', ''b''))',
	'azr_lag(NULL)',
	'azr_lag(''bad'', '''')', 'azr_lag(''bad'', after => azr_root(''a'', ''b''))',
	'azr_lag(''bad'', ''pos'', NULL, -1)']) call;
SELECT count(*) FROM azr_positions WHERE handler = 'bad';
BEGIN READ ONLY;
SELECT azr_get_position('own', 'pos', NULL, :'r');
SELECT count(*) FROM azr_lag('own');
SELECT outcome('SELECT ' || call) FROM unnest(ARRAY[
	'azr_put_position(''own'', ''pos'', NULL, azr_root(''a'', ''b''), 1)',
	'azr_put_positions(''own'', ''pos'', NULL, ARRAY[azr_root(''a'', ''b'')], ARRAY[1])',
	'azr_delete_positions(''own'')', 'azr_delete_positions(''own'', ''pos'')']) call;
COMMIT;

-- nobody has handled what is not stored
SELECT count(azr_append('pos-end', NULL, azr_root('pos-end', i::text), 0, types(3), payloads(3))) FROM generate_series(1, 2) i;
SELECT regexp_replace(outcome($$SELECT azr_put_position('h', 'pos-end', NULL, azr_root('pos-end', '1'), 3)$$), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R');
SELECT split_part(outcome($$SELECT azr_put_positions('h', 'pos-end', NULL, ARRAY[azr_root('pos-end', '1'), azr_root('pos-end', '2')], ARRAY[2, 3])$$), ' ', 1);
SELECT split_part(outcome($$SELECT azr_put_position('h', 'pos-end', 'e', azr_root('pos-end', '1'), 3)$$), ' ', 1);
SELECT count(*) FROM azr_positions WHERE domain = 'pos-end';
-- of a stream without events, nothing is known; past its first events, positions go, and do not come back
SELECT azr_put_position('h', 'pos-end', NULL, azr_root('pos-end', '3'), 100), azr_put_position('h2', 'pos-end', NULL, azr_root('pos-end', '3'), 1),
	azr_put_position('h', 'pos-end', NULL, azr_root('pos-end', '4'), 100), azr_put_position('h', 'pos-end-2', NULL, azr_root('pos-end', '3'), 100);
SELECT next_sequence FROM azr_append('pos-end', NULL, azr_root('pos-end', '3'), NULL, types(2), payloads(2));
SELECT next_sequence FROM azr_append('pos-end', NULL, azr_root('pos-end', '3'), NULL, types(200), payloads(200));
SELECT azr_get_position('h', 'pos-end', NULL, azr_root('pos-end', '3')) AS h, azr_get_position('h2', 'pos-end', NULL, azr_root('pos-end', '3')) AS h2,
	azr_get_position('h', 'pos-end', NULL, azr_root('pos-end', '4')) AS other, azr_get_position('h', 'pos-end-2', NULL, azr_root('pos-end', '3')) AS other_domain;
SELECT position, lag FROM azr_lag('h', 'pos-end') WHERE root = azr_root('pos-end', '3');
-- what an edition has of its own, nobody has handled either
SELECT azr_put_position('h', 'pos-end', e, azr_root('pos-end', '1'), p) FROM (VALUES ('e', 2), ('f', 1), ('g', 2), ('h', 2), ('i', 2)) v(e, p);
SELECT next_sequence FROM azr_append('pos-end', 'e', azr_root('pos-end', '1'), 1, types(2), payloads(2));
SELECT next_sequence FROM azr_append('pos-end', 'f', azr_root('pos-end', '1'), 2, types(2), payloads(2));
SELECT next_sequence FROM azr_append('pos-end', 'g', azr_root('pos-end', '1'), 0, types(2), payloads(2));
SELECT azr_create_edition('pos-end', 'h', 1), azr_create_edition('pos-end', 'i', 0);
SELECT e, azr_get_position('h', 'pos-end', e, azr_root('pos-end', '1')) FROM unnest(string_to_array('e f g h i', ' ')) e;
SELECT count(*) FROM azr_check('pos-end');
-- an edition that reads as the main timeline has no more than that, whichever is first
SELECT azr_put_position('h', 'pos-end', e, azr_root('pos-end', '5'), 100) FROM unnest(string_to_array('e f', ' ')) e;
SELECT azr_put_snapshot('pos-end', e, azr_root('pos-end', '5'), 100, 's', '') FROM unnest(string_to_array('e f', ' ')) e;
SELECT next_sequence FROM azr_append('pos-end', 'f', azr_root('pos-end', '5'), 0, types(101), payloads(101));
SELECT azr_put_position('h', 'pos-end', 'f', azr_root('pos-end', '5'), 100);
SELECT next_sequence FROM azr_append('pos-end', NULL, azr_root('pos-end', '5'), 0, types(2), payloads(2));
SELECT count(*) FROM azr_check('pos-end');
SELECT next_sequence FROM azr_append('pos-end', NULL, azr_root('pos-end', '5'), 2, types(120), payloads(120));
SELECT e, azr_get_position('h', 'pos-end', e, azr_root('pos-end', '5')), (SELECT count(*) FILTER (WHERE kind = 'snapshot') FROM azr_load_state('pos-end', e, azr_root('pos-end', '5'))) FROM unnest(string_to_array('e f', ' ')) e;
-- nor does it read past its divergence, even of a root that is not known yet
SELECT azr_create_edition('pos-end', 'j', 5);
SELECT split_part(outcome(call), ' ', 1) FROM unnest(ARRAY[
	$$SELECT azr_put_position('h', 'pos-end', 'j', azr_root('pos-end', '6'), 4)$$,
	$$SELECT azr_put_position('h', 'pos-end', 'j', azr_root('pos-end', '6'), 5)$$,
	$$SELECT azr_put_positions('h', 'pos-end', 'j', ARRAY[azr_root('pos-end', '6')], ARRAY[5])$$,
	$$SELECT azr_put_snapshot('pos-end', 'j', azr_root('pos-end', '6'), 4, 's', '') IS NULL$$,
	$$SELECT azr_put_snapshot('pos-end', 'j', azr_root('pos-end', '6'), 5, 's', '') IS NULL$$]) call;
SELECT next_sequence FROM azr_append('pos-end', NULL, azr_root('pos-end', '6'), 0, types(12), payloads(12));
SELECT azr_get_position('h', 'pos-end', 'j', azr_root('pos-end', '6')), (SELECT sequence FROM azr_get_snapshot('pos-end', 'j', azr_root('pos-end', '6')));
SELECT count(*) FROM azr_check('pos-end');
