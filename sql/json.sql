-- azr_append_json and azr_load_json.
\set r '00000000-0000-0000-0000-000000000001'
SET timezone = 'UTC';

SELECT * FROM azr_append_json('json', NULL, :'r', 0, '[
	{"type": "Object", "data": {"b": [1, 2.50, "é"], "a": null}, "metadata": {"user": 7}, "created_at": "2020-01-01T12:00:00.5Z"},
	{"type": "Text", "data": "x\ty", "metadata": null, "created_at": "2020-01-01 12:00+02"},
	{"data": null, "type": "Null", "created_at": "2020-01-02"},
	{"type": "Bool", "data": false, "created_at": "2020-01-03", "metadata": [1]}]',
	correlation_id => 'json-corr', external_id => 'json-ext', source_domain => 'd', source_root => :'r', source_sequence => 3);
-- data is the UTF-8 bytes of its JSON text
SELECT sequence, type, convert_from(payload, 'UTF8') AS payload, metadata, created_at FROM azr_load('json', NULL, :'r');
SELECT jsonb_pretty(azr_load_json('json', NULL, :'r'));

-- what is NULL is left out; what is no JSON comes as base64
SELECT outcome FROM azr_append('json', NULL, azr_root('json', 'bytes'), 0,
	ARRAY['json', 'empty', 'zero byte', 'not UTF-8', 'not JSON', 'two values', 'number', 'huge number', 'tiny number',
		'zero escape', 'lone surrogate', 'unclosed', 'spaces', 'largest'],
	ARRAY['{"a":1}', '', '\x7b7d00', '\xff', 'hello', '1 2', '-1.5e3', '1e131072', '1e-16384',
		'"\\u0000"', '"\\ud800"', '["', ' [ ] ', '1e131071']::bytea[],
	created_at => array_fill('2020-01-01'::timestamptz, ARRAY[14]));
SELECT e ->> 'sequence' AS n, e ->> 'type' AS type, length((e -> 'data')::text) > 100 AS long,
	left((e -> 'data')::text, 20) AS data, e ->> 'payload_base64' AS payload_base64
FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'bytes')) -> 'events') e;
SELECT e - 'data' FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'bytes'), 0, 1) -> 'events') e;

-- JSON that is deeper than the parser may recurse is bytes too
SELECT outcome FROM azr_append('json', NULL, azr_root('json', 'deep'), 0, types(2),
	ARRAY[convert_to(repeat('[', 512) || repeat(']', 512), 'UTF8'),
		convert_to(repeat('[', 1000000) || repeat(']', 1000000), 'UTF8')]);
SELECT e ? 'data' AS data, e ? 'payload_base64' AS payload_base64
FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'deep')) -> 'events') e;

-- parts, as azr_load; next_sequence is the stream's
SELECT azr_load_json('json', NULL, :'r', 1, 3, until => '2020-01-02', max_count => 1) #>> '{events,0,type}' AS type,
	azr_load_json('json', NULL, :'r', 1, 3) ->> 'next_sequence' AS next_sequence,
	jsonb_array_length(azr_load_json('json', NULL, :'r', 1, 3) -> 'events') AS events;
SELECT azr_load_json('json', '', azr_root('json', 'unknown'));

-- a document that survives many rows and long values
SELECT outcome FROM azr_append('json', NULL, azr_root('json', 'long'), 0,
	(SELECT array_agg('T' || i) FROM generate_series(1, 500) i),
	(SELECT array_agg(convert_to(to_json(repeat(md5(i::text), 100))::text, 'UTF8') ORDER BY i) FROM generate_series(1, 500) i),
	(SELECT array_agg(to_jsonb(repeat(md5(i::text), 3)) ORDER BY i) FROM generate_series(1, 500) i));
SELECT count(*) FILTER (WHERE e ->> 'data' = repeat(md5(n::text), 100) AND e ->> 'metadata' = repeat(md5(n::text), 3))
FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'long')) -> 'events') WITH ORDINALITY AS x(e, n);

-- a document that cannot fit says so before it takes the memory
SELECT outcome FROM azr_append('json', NULL, azr_root('json', 'huge'), 0, types(3),
	array_fill(convert_to(to_json(repeat('x', 100000000))::text, 'UTF8'), ARRAY[3]));
SELECT outcome($$SELECT azr_load_json('json', NULL, azr_root('json', 'huge'))$$);
SELECT length(azr_load_json('json', NULL, azr_root('json', 'huge'), max_count => 1) #>> '{events,0,data}');
RESET timezone;
