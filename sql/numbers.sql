-- Numbers of streams go past the rows that there are, also where those came in without a
-- number being drawn: by logical replication, or a restore of data alone.
\pset format unaligned
\pset tuples_only on
SELECT (azr_append('numbers', NULL, azr_root('numbers', i::text), 0, ARRAY['numbers ' || i], payloads(1))).outcome FROM generate_series(1, 3) i;
SELECT (azr_append('numbers', 'e', azr_root('numbers', i::text), 1, ARRAY['numbers ' || i], payloads(1))).outcome FROM generate_series(1, 3) i;
SELECT problem FROM azr_check();
CREATE FUNCTION highest() RETURNS bigint LANGUAGE sql AS 'SELECT greatest(max(stream_id), -min(stream_id)) FROM azr_streams';
CREATE FUNCTION fall_behind() RETURNS void LANGUAGE sql AS $$ SELECT setval('azr_stream_ids', 1, false) $$;

-- azr_check sees it
SELECT fall_behind();
SELECT problem, regexp_replace(detail, 'to \d+', 'to N'), domain IS NULL AND edition IS NULL AND root IS NULL AND sequence IS NULL FROM azr_check() ORDER BY 2;
SELECT problem FROM azr_check('numbers');

-- a new session's first stream takes the sequence past them, once
\c
SELECT highest() AS before \gset
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'new'), 0, ARRAY['numbers new'], payloads(1))$$);
SELECT problem FROM azr_check();
SELECT last_value > :before AND last_value <= :before + 1064 FROM azr_stream_ids;
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'newer'), 0, ARRAY['numbers newer'], payloads(1))$$);
SELECT last_value > :before AND last_value <= :before + 1064 FROM azr_stream_ids;

-- so does one that has drawn numbers before, and has looked at the rows some time ago
SELECT fall_behind();
SELECT pg_sleep(1.1) IS NULL;
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'newest'), 0, ARRAY['numbers newest'], payloads(1))$$);
SELECT problem FROM azr_check();

-- and one that has looked in the same transaction does so again when a number does not get in
BEGIN;
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'now'), 0, types(1), payloads(1))$$);
SELECT setval('azr_stream_ids', max(stream_id), false) IS NOT NULL FROM azr_streams;
SELECT left(outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'then'), 0, types(1), payloads(1))$$), 5);
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'then'), 0, types(1), payloads(1))$$);
COMMIT;

-- an edition's streams have the highest numbers, negative
\c
BEGIN;
SELECT highest() AS before \gset
INSERT INTO azr_streams (stream_id, divergence, created_at, root, domain, edition) VALUES (-(:before + 5000), 0, now(), azr_root('numbers', '1'), 'numbers', 'f');
SELECT outcome($$SELECT outcome FROM azr_append('numbers', 'g', azr_root('numbers', '1'), 0, types(1), payloads(1))$$);
SELECT min(stream_id) < -(:before + 5000) FROM azr_streams;
ROLLBACK;
SELECT problem FROM azr_check();

-- numbers that the sequence has not given, but that are beyond what it will soon give
\c
SELECT fall_behind();
INSERT INTO azr_streams (stream_id, created_at, root, domain, edition) SELECT highest() + 100000, now(), azr_root('numbers', 'far'), 'numbers', 'angzarr';
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'farther'), 0, types(1), payloads(1))$$);
SELECT s.stream_id > f.stream_id FROM azr_streams s, azr_streams f WHERE s.root = azr_root('numbers', 'farther') AND f.root = azr_root('numbers', 'far');
BEGIN;
ALTER TABLE azr_streams DISABLE TRIGGER azr_reject_change;
DELETE FROM azr_streams WHERE root = azr_root('numbers', 'far');
ALTER TABLE azr_streams ENABLE ALWAYS TRIGGER azr_reject_change;
COMMIT;

-- where the tables have a trigger, SQL does the insert
\c
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER nothing BEFORE INSERT ON azr_streams FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT fall_behind();
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'triggered'), 0, types(1), payloads(1))$$);
DROP TRIGGER nothing ON azr_streams;
DROP FUNCTION nothing;

-- a sequence that the owner has changed so that it never gets there is found out
\c
BEGIN;
ALTER SEQUENCE azr_stream_ids MAXVALUE 2 CYCLE RESTART 1;
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'cycle'), 0, types(1), payloads(1))$$);
ROLLBACK;
-- one of which a session keeps numbers is no obstacle
\c
BEGIN;
ALTER SEQUENCE azr_stream_ids CACHE 500 RESTART 1;
SELECT outcome($$SELECT outcome FROM azr_append('numbers', NULL, azr_root('numbers', 'cache'), 0, types(1), payloads(1))$$);
ROLLBACK;

-- azr_take_over does it without a new stream
SELECT setval('azr_stream_ids', 1);
SELECT action, object, regexp_replace(detail, 'past \d+', 'past N') FROM azr_take_over() ORDER BY object;
SELECT * FROM azr_take_over();
SELECT problem FROM azr_check();
-- and keeps what it has set when it is rolled back
SELECT fall_behind();
BEGIN;
SELECT count(*) FROM azr_take_over();
ROLLBACK;
SELECT problem FROM azr_check();

-- Triggers that keep history immutable: azr_check sees weak ones and azr_take_over mends
-- them, but for what is not there or is another.
BEGIN;
ALTER TABLE azr_streams DISABLE TRIGGER ALL;
ALTER TABLE azr_streams ENABLE TRIGGER ALL;
ALTER TABLE azr_main_events DISABLE TRIGGER azr_reject_change;
ALTER TABLE azr_event_types ENABLE REPLICA TRIGGER azr_reject_truncate;
SELECT problem, detail FROM azr_check() ORDER BY detail COLLATE "C";
SELECT * FROM azr_take_over();
SELECT problem FROM azr_check();
SELECT * FROM azr_take_over();
SAVEPOINT s;
SELECT outcome('UPDATE azr_streams SET created_at = now()');
SET session_replication_role = replica;
SELECT outcome('DELETE FROM azr_main_events');
ROLLBACK TO s;
DROP TRIGGER azr_reject_truncate ON azr_events;
DROP TRIGGER azr_reject_change ON azr_event_types;
DROP TRIGGER azr_reject_change ON azr_streams;
CREATE TRIGGER azr_reject_change BEFORE UPDATE OR DELETE ON azr_streams FOR EACH ROW WHEN (false) EXECUTE FUNCTION azr_reject_change();
DROP TRIGGER azr_reject_truncate ON azr_streams;
CREATE TRIGGER azr_reject_truncate BEFORE TRUNCATE ON azr_streams FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT problem, detail FROM azr_check() ORDER BY detail COLLATE "C";
SELECT * FROM azr_take_over();
ROLLBACK;
SELECT problem FROM azr_check();
BEGIN READ ONLY;
SELECT outcome('SELECT azr_take_over()');
SELECT outcome('SELECT azr_publication()');
ROLLBACK;
DROP FUNCTION fall_behind, highest;
