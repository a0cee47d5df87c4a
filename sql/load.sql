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
-- backward: the last ones first
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', backward => true, max_count => 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, 4, backward => true, max_count => 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 0, 9223372036854775807, backward => true, max_count => 100);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 4, 2, backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 6, backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', to_sequence => 0, backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', backward => true, max_count => 0);
SELECT array_agg(sequence) FROM azr_load('load', NULL, azr_root('load', 'unknown'), backward => true);
-- until is the same part of the stream, from its end
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2021-01-04 00:00+00', backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2021-01-05 00:00+00', backward => true, max_count => 1);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 1, 4, until => '2021-01-05 00:00+00', backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 2, until => '2021-01-04 00:00+00', backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '-infinity', backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => 'infinity', backward => true);
-- types are looked at before events are counted
SELECT array_agg(sequence), array_agg(type) FROM azr_load('load', NULL, :'r', types => ARRAY['T2', 'T5', 'T4']);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => ARRAY['T2', 'T5', 'T4'], max_count => 2);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => ARRAY['T2', 'T5', 'T4'], max_count => 2, backward => true);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', 2, 5, types => ARRAY['T2', 'T5', 'T4', 'T6']);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2021-01-04 00:00+00', types => ARRAY['T2', 'T4']);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', until => '2021-01-05 00:00+00', types => ARRAY['T4', 'T2', 'T1'], max_count => 2, backward => true);
-- a type twice is that type, an unknown one is no event's, and none are none
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => ARRAY['T2', 'T2', 'no such type']);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => ARRAY['no such type', repeat('x', 1024), 't2', 'T2 ']);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => '{}');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => '[5:6]={T2,T3}');
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', types => (SELECT array_agg('T' || i) FROM generate_series(2, 1000) i));
-- also one that this transaction has made
BEGIN;
SELECT next_sequence FROM azr_append('load', NULL, azr_root('load', 'types'), 0, ARRAY['load.own', 'T1', 'load.own'], payloads(3));
SELECT array_agg(sequence) FROM azr_load('load', NULL, azr_root('load', 'types'), types => '{load.own}');
SAVEPOINT s;
SELECT next_sequence FROM azr_append('load', NULL, azr_root('load', 'types'), 3, ARRAY['load.gone'], payloads(1));
SELECT array_agg(sequence) FROM azr_load('load', NULL, azr_root('load', 'types'), types => '{load.own,load.gone}');
ROLLBACK TO s;
SELECT array_agg(sequence) FROM azr_load('load', NULL, azr_root('load', 'types'), types => '{load.own,load.gone}');
COMMIT;
-- NULL sets no limit
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', NULL, NULL, NULL, NULL, NULL, false, NULL);
SELECT array_agg(sequence) FROM azr_load('load', NULL, :'r', NULL, NULL, NULL, NULL, NULL, true, NULL);
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

-- the last events are read without those before them, however many these are
SELECT (azr_append('load', NULL, azr_root('load', 'n' || n), 0, array_agg('T' || i % 4 ORDER BY i), array_agg(convert_to('p' || i, 'UTF8') ORDER BY i))).next_sequence
FROM unnest(ARRAY[1000, 100000]) n, generate_series(1, n) i GROUP BY n ORDER BY n;
SELECT next_sequence FROM azr_append('load', 'e', azr_root('load', 'n100000'), 99990, types(4), payloads(4));
CREATE FUNCTION pg_temp.fetched() RETURNS bigint LANGUAGE sql AS
$$ SELECT sum(idx_tup_fetch + seq_tup_read)::bigint FROM pg_stat_xact_user_tables WHERE relname IN ('azr_main_events', 'azr_edition_events') $$;
-- how many events a call gives, how many of the tables' rows it reads for them, and how many pages at most
CREATE FUNCTION pg_temp.costs(args text, OUT events bigint, OUT reads bigint, OUT pages bigint) LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
	plan jsonb;
BEGIN
	EXECUTE 'SELECT count(*) FROM azr_load(' || args || ')' INTO events;
	before := pg_temp.fetched();
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM azr_load(' || args || ')' INTO plan;
	reads := pg_temp.fetched() - before;
	pages := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
END
$$;
BEGIN;
SELECT of, (c).events, (c).reads, (c).pages <= most AS few_pages FROM (VALUES
	('the last 10 of 1000', $$'load', NULL, azr_root('load', 'n1000'), backward => true, max_count => 10$$, 15),
	('the last 10 of 100000', $$'load', NULL, azr_root('load', 'n100000'), backward => true, max_count => 10$$, 15),
	('the last 10 below a sequence', $$'load', NULL, azr_root('load', 'n100000'), to_sequence => 50000, backward => true, max_count => 10$$, 15),
	('the last 3 of an edition', $$'load', 'e', azr_root('load', 'n100000'), backward => true, max_count => 3$$, 25),
	('the last 10 across a divergence', $$'load', 'e', azr_root('load', 'n100000'), backward => true, max_count => 10$$, 25),
	('the last 10 of an edition without events', $$'load', 'f', azr_root('load', 'n100000'), divergence => 500, backward => true, max_count => 10$$, 35),
	('the last 10 of a type', $$'load', NULL, azr_root('load', 'n100000'), backward => true, max_count => 10, types => '{T2}'$$, 20),
	('unknown types', $$'load', NULL, azr_root('load', 'n100000'), backward => true, types => '{no such type,nor this}'$$, 20),
	('no types', $$'load', NULL, azr_root('load', 'n100000'), until => 'infinity', backward => true, types => '{}'$$, 10),
	('none', $$'load', NULL, azr_root('load', 'n100000'), until => 'infinity', backward => true, max_count => 0$$, 10),
	-- a time is looked for from the start, and no further than need be
	('the last 10 until a time before all', $$'load', NULL, azr_root('load', 'n1000'), until => '-infinity', backward => true, max_count => 10$$, 15),
	('the last 10 until a time after all', $$'load', NULL, azr_root('load', 'n1000'), to_sequence => 100, until => 'infinity', backward => true, max_count => 10$$, 20)
) v(of, args, most), pg_temp.costs(args) c;
COMMIT;
