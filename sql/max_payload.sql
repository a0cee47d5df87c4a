-- How large payloads and states may be: as large as can be dumped and read, or as
-- angzarr.max_payload says.
SELECT azr_version() IS NOT NULL AS loaded;
SHOW angzarr.max_payload;
SELECT left(outcome($$SET angzarr.max_payload = '512MB'$$), 5) AS state;
SELECT left(outcome($$SET angzarr.max_payload = 0$$), 5) AS state;

-- JSON of a few bytes can be very long as text: the number 1e131071 has 131072 digits
CREATE FUNCTION numbers(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT ('[' || repeat('1e131071,', n - 1) || '1e131071]')::jsonb $$;
SELECT outcome($$SELECT azr_append_json('max_payload', NULL, azr_root('max_payload', 'json'), 0,
	jsonb_build_array('{"type": "T", "data": 1}'::jsonb, jsonb_build_object('type', 'T', 'data', numbers(4100))))$$);
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'metadata'), 0, types(3), payloads(3), ARRAY['{}', NULL, numbers(8192)])$$);
-- COPY doubles each backslash: a control character becomes 7 bytes
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'metadata'), 0, types(1), payloads(1),
	ARRAY[to_jsonb(repeat(chr(1), 160000000))])$$);
-- the payload counts too
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'metadata'), 0, types(1),
	ARRAY[convert_to(repeat('x', 50000000), 'UTF8')], ARRAY[numbers(7500)])$$);
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'metadata'), 0, types(1), payloads(1), ARRAY[numbers(1000)])$$);
SELECT azr_next_sequence('max_payload', NULL, azr_root('max_payload', 'json')), azr_next_sequence('max_payload', NULL, azr_root('max_payload', 'metadata'));

SELECT outcome($$SELECT azr_create_edition('max_payload', 'described', description => repeat('\', 540000000))$$);

-- a limit that the owner has set
SET angzarr.max_payload = '1kB';
CREATE FUNCTION bytes(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(repeat('x', n), 'UTF8') $$;
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'a'), 0, types(2), ARRAY[bytes(1024), bytes(1025)])$$);
SELECT outcome($$SELECT azr_append('max_payload', NULL, azr_root('max_payload', 'a'), 0, types(2), ARRAY[bytes(1024), bytes(1024)], external_id => 'first')$$);
SELECT outcome($$SELECT azr_append_json('max_payload', NULL, azr_root('max_payload', 'a'), 2,
	jsonb_build_array('{"type": "T", "data": 1}'::jsonb, jsonb_build_object('type', 'T', 'data', repeat('x', 1023))))$$);
SELECT outcome($$SELECT azr_append('max_payload', 'edition', azr_root('max_payload', 'a'), 0, types(1), ARRAY[bytes(1025)])$$);
SELECT outcome($$SELECT azr_put_snapshot('max_payload', NULL, azr_root('max_payload', 'a'), 1, 'S', bytes(1025))$$);
SELECT outcome($$SELECT azr_put_snapshot('max_payload', NULL, azr_root('max_payload', 'a'), 1, 'S', bytes(1024))$$);
-- a state that comes from a table, compressed
CREATE TEMPORARY TABLE states AS SELECT bytes(100000) AS state;
SELECT outcome($$SELECT azr_put_snapshot('max_payload', NULL, azr_root('max_payload', 'a'), 1, 'S', (SELECT state FROM states))$$);
-- a retry is one, whatever the limit is now
SET angzarr.max_payload = '1100B';
SELECT outcome FROM azr_append('max_payload', NULL, azr_root('max_payload', 'retry'), 0, types(1), ARRAY[bytes(1100)], external_id => 'e');
SET angzarr.max_payload = '1kB';
SELECT outcome FROM azr_append('max_payload', NULL, azr_root('max_payload', 'retry'), 0, types(1), ARRAY[bytes(1100)], external_id => 'e');
-- states that are appended, and what they are merged to
CREATE FUNCTION state(a int, b int) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to(jsonb_build_object('a', repeat('x', a), 'b', repeat('x', b))::text, 'UTF8') $$;
SELECT outcome($$SELECT azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 0, types(1), ARRAY[bytes(1025)], 'application/json', state(1, 1))$$);
SELECT outcome($$SELECT azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 0, types(1), payloads(1), 'application/json', state(1025, 1))$$);
SELECT azr_next_sequence('max_payload', NULL, azr_root('max_payload', 'c'));
SELECT outcome FROM azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 0, types(1), payloads(1), 'application/json', state(1, 1));
SELECT outcome FROM azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 1, types(1), payloads(1), 'application/json', state(600, 1));
SELECT outcome($$SELECT azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 1, types(1), payloads(1), 'application/json', state(1, 600))$$);
SELECT outcome FROM azr_append_commutative('max_payload', NULL, azr_root('max_payload', 'c'), 1, types(1), payloads(1), 'application/json', state(1, 300));
-- JSON states of a few bytes that would be too long when they are merged
SELECT outcome($$SELECT azr_merge_state('application/json', '{"a": 0, "b": 0}', convert_to(format('{"a": %s, "b": 0}', '[' || repeat('1e131071,', 4200) || '0]'), 'UTF8'),
	convert_to(format('{"a": 0, "b": %s}', '[' || repeat('1e131071,', 4200) || '0]'), 'UTF8'))$$);
-- the framework's own events are as large as they must be
SELECT outcome FROM azr_append('max_payload', NULL, azr_root('max_payload', 'cascade'), 0, types(800), payloads(800), committed => false, cascade_id => 'max_payload');
SELECT azr_confirm_cascade('max_payload');
SELECT length(payload) > 1024 AS longer FROM azr_load('max_payload', NULL, azr_root('max_payload', 'cascade'), 800);
RESET angzarr.max_payload;
DROP FUNCTION numbers, bytes, state;
