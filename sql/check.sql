-- azr_check: silent where the rules hold, and clear where somebody has broken them by
-- hand, in a table at a time.
\set r '00000000-0000-0000-0000-000000000001'
SELECT (azr_append('check', NULL, azr_root('check', i::text), 0, types(i), payloads(i))).outcome FROM generate_series(1, 5) i;
SELECT (azr_append('check', 'e', azr_root('check', i::text), i / 2, types(i), payloads(i))).first_sequence FROM generate_series(1, 5) i;
SELECT azr_create_edition('check', 'registered', 2);
SELECT (azr_append('check', 'registered', azr_root('check', '5'), NULL, types(1), payloads(1), cascade_id => 'check', committed => false)).first_sequence;
SELECT azr_put_snapshot('check', NULL, azr_root('check', '5'), i, 's', '') FROM generate_series(2, 4) i;
SELECT azr_put_snapshot('check', 'f', azr_root('check', '5'), 4, 's', '');
SELECT azr_put_snapshot('check', NULL, azr_root('check', 'none'), 100, 's', '');
SELECT azr_put_position('check', 'check', NULL, azr_root('check', '5'), 4);
SELECT azr_put_position('check', 'check', 'registered', azr_root('check', '4'), 1);
SELECT azr_put_position('check', 'check', NULL, azr_root('check', 'none'), 100);
\pset format unaligned
\pset tuples_only on
-- all that the tests before have left is sound, too
SELECT * FROM azr_check();
SELECT * FROM azr_check('check');
SELECT * FROM azr_check('nobody''s');
SELECT outcome('SELECT azr_check(repeat(''x'', 256))');

-- the streams of the tests, by name
CREATE VIEW named AS SELECT stream_id, domain, edition, root, (SELECT i FROM generate_series(1, 9) i WHERE s.root = azr_root('check', i::text)) AS n FROM azr_streams s WHERE domain IN ('check', 'other');
CREATE FUNCTION problems() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', problem, domain, edition, (SELECT i FROM generate_series(1, 9) i WHERE root = azr_root('check', i::text)), sequence, regexp_replace(detail, '(Stream|stands at) -?\d+', '\1 N')) FROM azr_check() $$;

-- gaps: in the middle, at the start, of an edition, and of one who counts on overflow
BEGIN;
ALTER TABLE azr_events DISABLE TRIGGER azr_reject_change;
DELETE FROM azr_events e USING named WHERE e.stream_id = named.stream_id AND edition = 'angzarr' AND (n, sequence) IN ((3, 1), (4, 0), (5, 0), (5, 1), (5, 3));
SELECT p FROM problems() p ORDER BY p COLLATE "C";
SELECT count(*), count(DISTINCT problem) FROM azr_check('check');
SELECT count(*) FROM azr_check('other');
ROLLBACK;
BEGIN;
ALTER TABLE azr_events DISABLE TRIGGER azr_reject_change;
DELETE FROM azr_events e USING named WHERE e.stream_id = named.stream_id AND edition = 'e' AND (n, sequence) IN ((3, 1), (4, 3), (5, 3), (5, 4));
SELECT p FROM problems() p ORDER BY p COLLATE "C";
ROLLBACK;
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, 9223372036854775807, now(), 1, true, ''::bytea FROM named WHERE edition = 'angzarr' AND n = 1
UNION ALL SELECT stream_id, -9223372036854775808, now(), 1, true, ''::bytea FROM named WHERE edition = 'angzarr' AND n = 1;
SELECT problem, sequence, detail FROM azr_check('check') ORDER BY problem, sequence;
ROLLBACK;

-- events without a stream, and streams without events
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
VALUES (900000000, 0, now(), 1, true, ''), (900000000, 5, now(), 1, true, ''), (-900000000, 7, now(), 1, true, '');
INSERT INTO azr_streams (stream_id, divergence, created_at, root, domain, edition)
VALUES (900000001, NULL, now(), azr_root('check', '8'), 'check', 'angzarr'), (-900000001, 0, now(), azr_root('check', '8'), 'check', 'e'),
	(-900000002, NULL, now(), azr_root('check', '9'), 'other', 'angzarr'), (900000003, 0, now(), azr_root('check', '9'), 'other', 'e');
SELECT p FROM problems() p ORDER BY p COLLATE "C";
SELECT count(*) FROM azr_check('check');
SELECT count(*) FROM azr_check('other');
ROLLBACK;

-- divergences
BEGIN;
ALTER TABLE azr_streams DISABLE TRIGGER azr_reject_change;
UPDATE azr_streams s SET divergence = CASE n WHEN 1 THEN 2 WHEN 2 THEN -1 WHEN 3 THEN 0 ELSE s.divergence END
FROM named WHERE named.stream_id = s.stream_id AND s.edition = 'e';
SELECT p FROM problems() p ORDER BY p COLLATE "C";
ROLLBACK;

-- pending events that nothing can resolve
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, type_id, committed, payload)
SELECT stream_id, 4, now(), 1, false, ''::bytea FROM named WHERE edition = 'angzarr' AND n = 4
UNION ALL SELECT stream_id, 4, now(), 1, false, ''::bytea FROM named WHERE edition = 'e' AND n = 3;
SELECT p FROM problems() p ORDER BY p COLLATE "C";
ROLLBACK;

-- snapshots and positions past the end
BEGIN;
UPDATE azr_latest_snapshots SET sequence = 5 WHERE domain = 'check' AND edition = 'angzarr' AND root = azr_root('check', '5');
INSERT INTO azr_snapshot_history (sequence, created_at, filed_at, root, domain, edition, retention, state_type, state)
VALUES (4, now(), now(), azr_root('check', '4'), 'check', 'registered', 'persist', 's', ''), (1, now(), now(), azr_root('check', '4'), 'check', 'angzarr', 'default', 's', '');
UPDATE azr_positions SET sequence = 2 WHERE handler = 'check' AND edition = 'registered';
UPDATE azr_positions SET sequence = 5 WHERE handler = 'check' AND root = azr_root('check', '5');
SELECT p FROM problems() p ORDER BY p COLLATE "C";
ROLLBACK;
SELECT p FROM problems() p ORDER BY p COLLATE "C";

-- one pass, by the index
VACUUM azr_main_events;
SELECT azr_check();
DROP FUNCTION problems;
DROP VIEW named;

-- a NULL where there is none: an error, not a crash
BEGIN;
ALTER TABLE azr_positions DROP CONSTRAINT azr_positions_pkey;
ALTER TABLE azr_positions ALTER handler DROP NOT NULL;
INSERT INTO azr_positions (handler, domain, edition, root, sequence) VALUES (NULL, 'check', 'angzarr', azr_root('check', '5'), 0);
SELECT outcome('SELECT azr_check()');
ROLLBACK;
