-- Types of events are stored once, by number: what is seen of that.
\set r '00000000-0000-0000-0000-000000000001'
\pset format unaligned
\pset tuples_only on

-- one row a type, however many events have it
SELECT next_sequence FROM azr_append('types', NULL, :'r', 0, ARRAY['types.A', 'types.B', 'types.A'], payloads(3));
SELECT next_sequence FROM azr_append('types', 'e', :'r', 3, ARRAY['types.B', 'types.C', 'types.c'], payloads(3));
SELECT type FROM azr_event_types WHERE type ILIKE 'types.%' ORDER BY type;
SELECT sequence, type FROM azr_load('types', 'e', :'r');
SELECT sequence, type FROM azr_timeline WHERE domain = 'types' ORDER BY sequence;
SELECT sequence, azr_event_type(type_id) FROM azr_events JOIN azr_streams USING (stream_id) WHERE domain = 'types' ORDER BY sequence;
SELECT azr_event_type(NULL) IS NULL, azr_event_type(0) IS NULL, azr_event_type(-1) IS NULL;

-- the longest, and such as differ in the last byte only
SELECT next_sequence FROM azr_append('types', NULL, azr_root('types', 'long'), 0, ARRAY[repeat('x', 1024), repeat('x', 1023) || 'y', repeat('x', 1023)], payloads(3));
SELECT sequence, length(type), right(type, 1) FROM azr_load('types', NULL, azr_root('types', 'long'));

-- rolled back, a type needs another number
BEGIN;
SAVEPOINT s;
SELECT next_sequence FROM azr_append('types', NULL, :'r', 3, ARRAY['types.D', 'types.D', 'types.A', 'types.D'], payloads(4));
SELECT sequence, type FROM azr_load('types', NULL, :'r', 3);
ROLLBACK TO s;
SELECT next_sequence FROM azr_append('types', NULL, :'r', 3, ARRAY['types.E', 'types.D'], payloads(2));
SELECT sequence, type FROM azr_load('types', NULL, :'r', 3);
COMMIT;
BEGIN;
SELECT next_sequence FROM azr_append('types', NULL, :'r', 5, ARRAY['types.F'], payloads(1));
ROLLBACK;
SELECT next_sequence FROM azr_append('types', NULL, :'r', 5, ARRAY['types.F'], payloads(1));
\c
SELECT sequence, type FROM azr_load('types', NULL, :'r', 3);

-- a rollback uses up no number, however often it happens
BEGIN;
SELECT next_sequence FROM azr_append('types', NULL, azr_root('types', 'back'), NULL, ARRAY['types.G'], payloads(1));
SELECT sequence, type FROM azr_load('types', NULL, azr_root('types', 'back'));
ROLLBACK;
DO $$
DECLARE
	numbers integer[];
BEGIN
	FOR i IN 1..100 LOOP
		BEGIN
			PERFORM azr_append('types', NULL, azr_root('types', 'back'), NULL, ARRAY['types.G', 'types.rolled back ' || i], payloads(2));
			RAISE division_by_zero USING MESSAGE = (SELECT type_id FROM azr_event_types WHERE type = 'types.G');
		EXCEPTION WHEN division_by_zero THEN
			numbers := numbers || sqlerrm::integer;
		END;
	END LOOP;
	RAISE NOTICE '% times, % number', cardinality(numbers), (SELECT count(DISTINCT n) FROM unnest(numbers) n);
END
$$;
SELECT next_sequence FROM azr_append('types', NULL, azr_root('types', 'back'), NULL, ARRAY['types.H', 'types.G'], payloads(2));
SELECT sequence, type FROM azr_load('types', NULL, azr_root('types', 'back'));
SELECT sequence, type FROM azr_timeline WHERE domain = 'types' AND root = azr_root('types', 'back') ORDER BY sequence;
-- where the number is another type's, the next one is taken
INSERT INTO azr_event_types VALUES ((hashtextextended('types.I' COLLATE "C", 0) & 2147483647)::integer, 'types.in the way');
SELECT next_sequence FROM azr_append('types', NULL, azr_root('types', 'back'), NULL, ARRAY['types.I', 'types.in the way'], payloads(2));
SELECT sequence, type FROM azr_load('types', NULL, azr_root('types', 'back'), 2);

-- one number or several, a type is what it says
INSERT INTO azr_event_types SELECT -100 - i, 'types.' || chr(ascii('A') + i % 6) FROM generate_series(0, 11) i;
SELECT next_sequence FROM azr_append('types', NULL, :'r', 6, ARRAY['types.A', 'types.B'], payloads(2), correlation_id => 'types');
SELECT sequence, type FROM azr_load('types', NULL, :'r', 5);
SELECT sequence, type FROM azr_trace('types');

-- more types than a backend remembers
SELECT (azr_append('types', NULL, azr_root('types', 'many'), NULL, types, payloads)).next_sequence
FROM (SELECT array_agg('types.' || i ORDER BY i) AS types, array_agg(''::bytea) AS payloads
	FROM generate_series(0, 39999) i GROUP BY i / 10000 ORDER BY i / 10000) a;
SELECT count(*), bool_and(type = 'types.' || sequence) FROM azr_load('types', NULL, azr_root('types', 'many'));
SELECT count(*), sum(sequence) FROM azr_load('types', NULL, azr_root('types', 'many')) WHERE type IN ('types.1', 'types.20000', 'types.40000');

-- a type is history
SELECT statement || ': ' || outcome(statement)
FROM unnest(ARRAY['UPDATE azr_event_types SET type = ''x''', 'DELETE FROM azr_event_types', 'TRUNCATE azr_event_types']) statement;

-- its owner's triggers are heeded
CREATE FUNCTION spoil_type() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.type = 'types.wrong' THEN NULL ELSE NEW END; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON azr_event_types FOR EACH ROW EXECUTE FUNCTION spoil_type();
SELECT outcome($$SELECT azr_append('types', NULL, '00000000-0000-0000-0000-000000000001', 8, ARRAY['types.right', 'types.wrong'], payloads(2))$$);
SELECT outcome($$SELECT azr_append('types', NULL, '00000000-0000-0000-0000-000000000001', 8, ARRAY['types.right'], payloads(1))$$);
DROP TRIGGER spoil ON azr_event_types;
DROP FUNCTION spoil_type();
SELECT sequence, type FROM azr_load('types', NULL, :'r', 8);

-- an event without one is damage, and is said so
BEGIN;
ALTER TABLE azr_event_types DISABLE TRIGGER azr_reject_change;
INSERT INTO azr_event_types VALUES (-1, 'types.gone');
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, 9, now(), -1, true, '' FROM azr_streams WHERE domain = 'types' AND edition = 'angzarr' AND root = :'r';
SELECT sequence, type FROM azr_load('types', NULL, :'r', 9);
ROLLBACK;
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, 9, now(), -2, true, '' FROM azr_streams WHERE domain = 'types' AND edition = 'angzarr' AND root = :'r';
SELECT outcome($$SELECT azr_load('types', NULL, '00000000-0000-0000-0000-000000000001', 9)$$);
ROLLBACK;
