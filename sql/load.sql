-- azr_load and azr_next_sequence.
\set r '00000000-0000-0000-0000-000000000001'

SELECT outcome FROM azr_append('load', NULL, :'r', 0, types(6), payloads(6),
	created_at => ARRAY['2021-01-01 00:00+00', '2021-01-02 00:00+00', '2021-01-05 00:00+00',
		'2021-01-03 00:00+00', '2021-01-04 00:00+00', '2021-01-06 00:00+00']::timestamptz[]);

-- all, and parts of it: from is in, to is out
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 2, 4);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 2, 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 4, 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 6);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 0, 9223372036854775807);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 9223372036854775807);
-- until is in, and time need not go with sequence
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2021-01-04 00:00+00');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2020-12-31 23:59+00');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => 'infinity');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '-infinity');
-- max_count counts what is returned
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', max_count => 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, max_count => 0);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, until => '2021-01-04 00:00+00', max_count => 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, 5, '2021-01-04 00:00+00', NULL, 9223372036854775807);

-- also where less than all of the stream is asked for
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 3, until => '2021-01-04 00:00+00');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, until => '2021-01-04 00:00+00', max_count => 1);
-- NULL sets no limit
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', NULL, NULL, NULL, NULL, NULL);

-- time never runs backward by itself: who says nothing gets the time of the event before
BEGIN;
SELECT next_sequence FROM azr_append('load', NULL, azr_root('load', 'time'), 0, types(3), payloads(3), created_at => ARRAY['2999-01-01 00:00+00', NULL, '2998-01-01 00:00+00']::timestamptz[]);
SELECT next_sequence FROM azr_append('load', NULL, azr_root('load', 'time'), 3, types(2), payloads(2));
SELECT next_sequence FROM azr_append('load', NULL, azr_root('load', 'time'), 5, types(1), payloads(1), created_at => ARRAY['2001-01-01 00:00+00']::timestamptz[]);
SELECT next_sequence FROM azr_append_json('load', NULL, azr_root('load', 'time'), 6, '[{"type": "T", "data": 1}, {"type": "T", "data": 1, "created_at": null}]');
SELECT sequence, CASE created_at WHEN now() THEN 'now' ELSE to_char(created_at AT TIME ZONE 'UTC', 'YYYY') END AS created_at FROM azr_load('load', NULL, azr_root('load', 'time'));
-- also where an edition goes on from the main timeline
SELECT next_sequence FROM azr_append('load', 'time', azr_root('load', 'time'), 2, types(1), payloads(1));
SELECT next_sequence FROM azr_append('load', 'time 2', azr_root('load', 'time'), 6, types(1), payloads(1));
SELECT next_sequence FROM azr_append('load', 'time 3', azr_root('load', 'time'), 0, types(1), payloads(1));
SELECT (SELECT string_agg(to_char(created_at AT TIME ZONE 'UTC', 'YYYY'), ' ') FROM azr_load('load', 'time', azr_root('load', 'time'))) AS time,
	(SELECT created_at = now() FROM azr_load('load', 'time 2', azr_root('load', 'time'), 6)) AS time_2,
	(SELECT created_at = now() FROM azr_load('load', 'time 3', azr_root('load', 'time'))) AS time_3;
ROLLBACK;

-- unknown streams have no events
SELECT * FROM azr_load('load', NULL, azr_root('load', 'unknown'));
SELECT * FROM azr_load('unknown', NULL, :'r');
SELECT azr_next_sequence('load', NULL, :'r'), azr_next_sequence('load', 'angzarr', :'r', NULL),
	azr_next_sequence('load', '', azr_root('load', 'unknown')), azr_next_sequence('unknown', NULL, :'r');

-- in the select list, in a join, in a cursor that goes back
SELECT (azr_load('load', NULL, :'r', 4)).sequence;
SELECT r, array_agg(e.sequence) FROM generate_series(0, 2) r, azr_load('load', NULL, :'r', r, r + 2) e GROUP BY r ORDER BY r;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT sequence, type FROM azr_load('load', NULL, :'r');
FETCH LAST FROM c;
FETCH PRIOR FROM c;
FETCH FIRST FROM c;
COMMIT;

-- the caller's snapshot: a statement does not see what it appends itself
SELECT (azr_append('load', NULL, azr_root('load', 'snapshot'), NULL, types(1), payloads(1))).next_sequence,
	azr_next_sequence('load', NULL, azr_root('load', 'snapshot'))
FROM generate_series(1, 2);
SELECT azr_next_sequence('load', NULL, azr_root('load', 'snapshot'));

-- a prepared statement
PREPARE load(uuid, bigint) AS SELECT sequence FROM azr_load('load', NULL, $1, $2);
EXECUTE load(:'r', 4);
EXECUTE load(:'r', 5);
DEALLOCATE load;

-- what does not fit into work_mem
SET work_mem = '64kB';
SELECT outcome FROM azr_append('load', NULL, azr_root('load', 'long'), 0, types(20000), payloads(20000));
SELECT count(*), min(sequence), max(sequence) FROM azr_load('load', NULL, azr_root('load', 'long'));
RESET work_mem;

-- in a read-only transaction
BEGIN READ ONLY;
SELECT count(*) FROM azr_load('load', NULL, :'r');
SELECT outcome($$SELECT azr_append('load', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_append('load', NULL, '00000000-0000-0000-0000-000000000001', NULL, '{}', '{}')$$);
SELECT outcome($$SELECT azr_append_json('load', NULL, '00000000-0000-0000-0000-000000000001', NULL, '[]')$$);
COMMIT;
