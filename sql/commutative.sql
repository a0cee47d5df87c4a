-- azr_append_commutative. Each part shows a sentence of the contract.
CREATE FUNCTION utf8(t text) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(t, 'UTF8') $$;
-- appends n events and the state after them
CREATE FUNCTION change(k text, expected bigint, state text, n int DEFAULT 1, edition text DEFAULT NULL,
	state_type text DEFAULT 'application/json', external_id text DEFAULT NULL)
RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', outcome, coalesce(first_sequence || '-' || last_sequence, 'nothing'), 'next', next_sequence,
	coalesce(convert_from(state, 'UTF8'), 'no state'))
   FROM azr_append_commutative('comm', $5, azr_root('comm', $1), $2, types($4), payloads($4), $6, utf8($3), external_id => $7) $$;
CREATE FUNCTION attempt_change(k text, expected bigint, state text, edition text DEFAULT NULL, state_type text DEFAULT 'application/json')
RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome(format('SELECT change(%L, %L, %L, edition => %L, state_type => %L)', $1, $2, $3, $4, $5)), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R') $$;
-- what the store has of a stream
CREATE FUNCTION stored(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT azr_next_sequence('comm', $2, azr_root('comm', $1)) || ' ' || coalesce((SELECT sequence || ' ' || convert_from(state, 'UTF8') || ' ' || retention
	FROM azr_get_snapshot('comm', $2, azr_root('comm', $1))), 'no snapshot') $$;
\pset format unaligned
\pset tuples_only on

-- if nobody came between: added, with the snapshot, in one
SELECT change('a', 0, '{"x": 0, "y": 0, "z": 0}');
SELECT stored('a');
SELECT change('a', 1, '{"x": 1, "y": 0, "z": 0}', 2);
SELECT stored('a');
-- if others did, and changed other fields: merged, at the current end
SELECT change('a', 1, '{"x": 0, "y": 1, "z": 0}', 3);
SELECT stored('a');
SELECT change('a', 1, '{"x": 0, "y": 0, "z": 1, "new": true}');
SELECT stored('a');
-- also who adds or removes fields
SELECT change('a', 7, '{"x": 1, "y": 1, "new": true}');
SELECT change('a', 7, '{"x": 1, "y": 1, "z": 1}');
SELECT stored('a');
-- what has not changed is no overlap, however it is written
SELECT change('a', 8, '{"y":1.0,   "x":1, "new": true, "w": 0}');
SELECT stored('a');
-- overlapping: nothing is stored
SELECT attempt_change('a', 1, '{"x": 2, "y": 0, "z": 0}');
SELECT attempt_change('a', 1, '{"x": 2, "y": 2, "z": 0}');
SELECT attempt_change('a', 3, '{"x": 1, "y": 1, "z": 0}');
SELECT stored('a');

-- the state that is returned is the one to go on with
SELECT outcome, next_sequence, convert_from(state, 'UTF8') AS state
FROM azr_append_commutative('comm', NULL, azr_root('comm', 'b'), 0, types(1), payloads(1), 'application/json', utf8('{"n": 1}')) \gset
SELECT change('b', :next_sequence, (:'state'::jsonb || '{"m": 1}')::text);
SELECT stored('b');

-- the base is the empty state when nothing was there
SELECT change('c', 0, '{"x": 1}');
SELECT change('c', 0, '{"y": 1}');
SELECT attempt_change('c', 0, '{"x": 1}');
SELECT stored('c');

-- no snapshot to compare: ZR001
SELECT azr_append('comm', NULL, azr_root('comm', 'c'), 2, types(1), payloads(1));
SELECT attempt_change('c', 2, '{"x": 1, "y": 2}');
SELECT change('c', 3, '{"x": 1, "y": 1, "z": 1}');
SELECT attempt_change('c', 3, '{"x": 1, "y": 2}');
SELECT change('c', 2, '{"x": 1, "y": 2}');
-- a put snapshot is as good
SELECT azr_put_snapshot('comm', NULL, azr_root('comm', 'c'), 2, 'application/json', utf8('{"x": 1, "y": 1}'));
SELECT attempt_change('c', 3, '{"x": 1, "y": 2}');
SELECT change('c', 3, '{"x": 2, "y": 1}');
SELECT stored('c');
-- pruned: what is there no longer cannot be the base
SELECT azr_delete_snapshots('comm', NULL, azr_root('comm', 'c'));
SELECT attempt_change('c', 3, '{"x": 3, "y": 1}');
-- nor can one be expected that nobody has seen
SELECT attempt_change('c', 9, '{}');

-- a state that does not parse, or a state_type that changed, overlaps with everything
SELECT change('d', 0, '{"x": 0}');
SELECT change('d', 1, '{"x": 1}');
SELECT attempt_change('d', 1, '{"x": 0, "y": ');
SELECT attempt_change('d', 1, '[]');
SELECT attempt_change('d', 1, '{"x": 0, "y": 1}', state_type => 'text/plain');
SELECT change('d', 2, 'not JSON');
SELECT attempt_change('d', 2, '{"x": 1, "y": 1}');
SELECT change('d', 3, 'abc', state_type => 'T');
SELECT attempt_change('d', 3, '{}');
SELECT stored('d');

-- the type of the base counts too
SELECT change('l', 0, '{}', state_type => 'T');
SELECT change('l', 1, '{"x": 1}');
SELECT attempt_change('l', 1, '{"y": 1}');

-- Protocol Buffers: counters 1, 2 and 3 of a message
CREATE FUNCTION count(k text, expected bigint, state bytea) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', outcome, first_sequence, state)
   FROM azr_append_commutative('comm', NULL, azr_root('comm', $1), $2, types(1), payloads(1), 'type.googleapis.com/Counters', $3) $$;
SELECT count('e', 0, '\x080010001800');
SELECT count('e', 1, '\x080110001800');
SELECT count('e', 1, '\x080010011800');
SELECT count('e', 2, '\x08011000180120ff01');
SELECT outcome($$SELECT count('e', 1, '\x080110001801')$$) ~ '^ZR005 .*Expected sequence is 1, next sequence is 4. Fields changed by both: 1, 3\.';

-- retries are safe: the first outcome, with its state
SELECT change('f', 0, '{"x": 0, "y": 0}');
SELECT change('f', 1, '{"x": 1, "y": 0}', external_id => 'one');
SELECT change('f', 1, '{"x": 0, "y": 1}', external_id => 'two');
SELECT change('f', 1, '{"x": 0, "y": 1}', external_id => 'two');
SELECT change('f', 1, '{"x": 1, "y": 0}', external_id => 'one');
SELECT change('f', 1, 'anything', state_type => 'T', external_id => 'one');
SELECT azr_delete_snapshots('comm', NULL, azr_root('comm', 'f'));
SELECT change('f', 1, '{"x": 1, "y": 0}', external_id => 'one');
SELECT outcome, first_sequence FROM azr_append_commutative('comm', NULL, azr_root('comm', 'g'), 0, types(1), payloads(1), 'T', '\x01',
	source_domain => 'comm', source_root => azr_root('comm', 'f'), source_sequence => 1);
SELECT outcome, first_sequence, state FROM azr_append_commutative('comm', NULL, azr_root('comm', 'g'), 0, types(1), payloads(1), 'T', '\x02',
	source_domain => 'comm', source_root => azr_root('comm', 'f'), source_sequence => 1);
-- no events: nothing is stored, not the state either
SELECT change('f', 7, '{}', 0);
SELECT stored('f');

-- editions: each has states of its own, and those of what it shares
SELECT change('h', 0, '{"x": 0, "y": 0}');
SELECT change('h', 1, '{"x": 1, "y": 0}');
SELECT change('h', 2, '{"x": 2, "y": 0}');
SELECT azr_create_edition('comm', 'e', 2);
SELECT change('h', 1, '{"x": 0, "y": 1}', edition => 'e');      -- first event there: the base is shared, and so is theirs
SELECT change('h', 2, '{"x": 1, "y": 0, "z": 1}', edition => 'e');
SELECT attempt_change('h', 1, '{"x": 2, "y": 0}', 'e');
SELECT attempt_change('h', 1, '{"x": 0, "y": 2}', 'e');
SELECT stored('h'), stored('h', 'e');
SELECT string_agg(sequence || ' ' || edition, ', ' ORDER BY sequence) FROM azr_load('comm', 'e', azr_root('comm', 'h'));

-- the options are those of azr_append
SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'i'), 0, types(2), payloads(2), 'T', '\x',
	metadata => ARRAY['{"a": 1}', NULL]::jsonb[], created_at => ARRAY[NULL, '2026-01-01 00:00+00']::timestamptz[], correlation_id => 'comm-i');
SELECT sequence, type, metadata, created_at = '2026-01-01 00:00+00', correlation_id FROM azr_load('comm', NULL, azr_root('comm', 'i'));
-- a transaction appends as often as it likes, and takes back what it must
BEGIN;
SELECT change('j', 0, '{"x": 0, "y": 0}');
SELECT change('j', 1, '{"x": 1, "y": 0}');
SAVEPOINT s;
SELECT change('j', 1, '{"x": 0, "y": 1}');
ROLLBACK TO s;
SELECT change('j', 1, '{"x": 0, "y": 2}');
COMMIT;
SELECT stored('j');

-- bad values are told from each other, and store nothing
SELECT outcome($$SELECT azr_append_commutative(NULL, NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, NULL, 0, types(1), payloads(1), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), NULL, types(1), payloads(1), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), -1, types(1), payloads(1), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, NULL, payloads(1), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(2), 'T', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), NULL, '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), '', '')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), 'T', NULL)$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), 'T', '', metadata => '{}')$$);
SELECT outcome($$SELECT azr_append_commutative('comm', NULL, azr_root('comm', 'k'), 0, types(1), payloads(1), 'T', '', source_domain => 'x')$$);
SELECT stored('k');
BEGIN READ ONLY;
SELECT change('k', 0, '{}');
ROLLBACK;
