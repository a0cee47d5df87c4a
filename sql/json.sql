-- azr_append_json and azr_load_json.
\set r '00000000-0000-0000-0000-000000000001'
SET timezone = 'UTC';

SELECT * FROM azr_append_json('json', NULL, :'r', 0, '[
	{"type": "Object", "data": {"b": [1, 2.50, "é"], "a": null}, "metadata": {"user": 7}, "created_at": "2020-01-01T12:00:00.5Z"},
	{"type": "Text", "data": "x\ty", "metadata": null, "created_at": "2020-01-01 12:00:00+02"},
	{"data": null, "type": "Null", "created_at": "2020-01-02T00:00:00Z"},
	{"type": "Bool", "data": false, "created_at": "2020-01-03t00:00z", "metadata": [1]}]',
	correlation_id => 'json-corr', external_id => 'json-ext', source_domain => 'd', source_root => :'r', source_sequence => 3);
-- data is the UTF-8 bytes of its JSON text
SELECT sequence, type, convert_from(payload, 'UTF8') AS payload, metadata, created_at FROM azr_load('json', NULL, :'r');
SELECT jsonb_pretty(azr_load_json('json', NULL, :'r'));

-- created_at is ISO 8601 with an offset, and the session's settings change nothing
CREATE FUNCTION created_at(value text) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
	root uuid := gen_random_uuid();
BEGIN
	PERFORM azr_append_json('json-time', NULL, root, 0, jsonb_build_array(jsonb_build_object('type', 'T', 'data', 0, 'created_at', value)));
	RETURN (SELECT created_at FROM azr_load('json-time', NULL, root));
END $$;
CREATE TEMPORARY TABLE times (n int GENERATED ALWAYS AS IDENTITY, value text);
INSERT INTO times (value) VALUES
	('2026-02-01T12:34:56Z'), ('2026-02-01t12:34:56z'), ('2026-02-01 12:34:56Z'), ('2026-02-01T12:34Z'),
	('2026-02-01T12:34:56.7Z'), ('2026-02-01T12:34:56.123456Z'), ('2026-02-01T12:34:56.1234564999Z'),
	('2026-02-01T12:34:56.9999995Z'), ('2026-02-01T12:34:56+02:00'), ('2026-02-01T12:34:56-0230'),
	('2026-02-01T12:34:56+02'), ('2026-02-01T12:34:56-00:00'), ('2026-02-01T12:34:56+15:59:59'),
	('2026-02-01T24:00:00Z'), ('2026-12-31T23:59:60Z'), ('2024-02-29T00:00:00Z'),
	('0001-01-01T00:00:00Z'), ('12345-06-07T00:00:00Z'), ('294276-12-31T23:59:59.999999Z'),
	('0044-03-15T12:00:00Z BC'), ('4714-11-24T00:00:00+00 BC');
SET DateStyle = 'ISO, MDY';
SELECT value, created_at(value) FROM times ORDER BY n;
CREATE TEMPORARY TABLE settings (datestyle text, timezone text, intervalstyle text);
INSERT INTO settings VALUES ('German, DMY', 'Pacific/Auckland', 'sql_standard'), ('SQL, MDY', 'America/St_Johns', 'iso_8601'),
	('Postgres, YMD', 'Asia/Kathmandu', 'postgres_verbose');
SELECT datestyle, count(*) FILTER (WHERE created_at(value) = value::timestamptz) AS same
FROM settings s, times, LATERAL (SELECT set_config('DateStyle', s.datestyle, true), set_config('TimeZone', s.timezone, true),
	set_config('IntervalStyle', s.intervalstyle, true) OFFSET 0) c GROUP BY 1 ORDER BY 1;
SET DateStyle = 'SQL, MDY';
SELECT outcome($$SELECT created_at('01/02/2026')$$);
SELECT value, left(outcome(format('SELECT created_at(%L)', value)), 5) AS state FROM unnest(ARRAY['2026-02-01', '2026-02-01T12:34:56', 'tomorrow', 'now', 'epoch',
	'infinity', '-infinity', '', '2026-02-01T12:34:56 Z', ' 2026-02-01T12:34:56Z', '2026-02-01T12:34:56Z ', '2026-02-01T12Z',
	'2026-02-01T123456Z', '20260201T123456Z', '2026-2-1T12:34:56Z', '26-02-01T12:34:56Z', '2026-02-01T12:34:56.Z',
	'2026-02-01T12:34:56,5Z', '2026-02-01T12:34:56 UTC', '2026-02-01T12:34:56 Europe/Berlin', '2026-02-01T12:34:56+2',
	'2026-02-01T12:34:56+02:0', '2026-02-01T12:34:56+020', '2026-02-01T12:34:56+02:00:', '2026-02-01T12:34:56+02:00:0',
	'2026-02-01T12:34:56+020000', '2026-02-01T12:34:56ZBC', '2026-02-01T12:34:56Z BC BC', '2026-02-01T12:34:56Z AD',
	'02026-02-01T12:34:56Z', '+2026-02-01T12:34:56Z', '-0044-03-15T12:00:00Z', '1234567890-01-01T00:00:00Z', '2026-W05-7T12:34:56Z',
	'2026-02-01T12:34:56Zz', '２０２６-02-01T12:34:56Z', '2026-02-01T12:34:56.1e3Z',
	'2026-02-01T12:34:56.' || repeat('1', 80) || 'Z']) AS value;
-- there are no such times
SELECT outcome($$SELECT created_at('2026-02-29T00:00:00Z')$$);
SELECT value, left(outcome(format('SELECT created_at(%L)', value)), 5) AS state FROM unnest(ARRAY['2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-02-29T00:00:00Z',
	'2026-02-00T00:00:00Z', '0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z BC', '2026-02-01T25:00:00Z', '2026-02-01T24:00:01Z',
	'2026-02-01T12:60:00Z', '2026-02-01T12:34:61Z', '2026-12-31T23:59:60.5Z', '2026-02-01T12:34:56+16:00',
	'2026-02-01T12:34:56+02:60', '2026-02-01T12:34:56+02:00:60', '294277-01-01T00:00:00Z', '999999999-12-31T00:00:00Z',
	'4714-11-23T23:59:59Z BC']) AS value;
-- what azr_load_json prints is read back, in any time zone
SELECT outcome FROM azr_append('json', NULL, azr_root('json', 'times'), 0, types(9), payloads(9),
	created_at => ARRAY['4714-11-24 00:00:00+00 BC', '0044-03-15 12:00:00.5+00 BC', '0001-01-01 00:00:00+00 BC', '0001-01-01 00:00:00+00',
		'1850-07-08 09:10:11+00', '2026-07-08 09:10:11.123456+00', '9999-12-31 23:59:59+00', '10000-01-01 00:00:00+00',
		'294276-12-31 23:59:59.999999+00']::timestamptz[]);
CREATE FUNCTION read_back(zone text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	root uuid := azr_root('json', 'times in ' || zone);
BEGIN
	PERFORM set_config('TimeZone', zone, true);
	PERFORM azr_append_json('json', NULL, root, 0, (SELECT jsonb_agg(jsonb_build_object('type', 'T', 'data', 0, 'created_at', e -> 'created_at') ORDER BY n)
		FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'times')) -> 'events') WITH ORDINALITY AS x(e, n)));
	RETURN (SELECT array_agg(created_at ORDER BY sequence) FROM azr_load('json', NULL, root)) =
		(SELECT array_agg(created_at ORDER BY sequence) FROM azr_load('json', NULL, azr_root('json', 'times')));
END $$;
SELECT zone, read_back(zone) FROM unnest(ARRAY['UTC', 'Pacific/Auckland', 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Monrovia']) AS zone;
RESET DateStyle;
DROP FUNCTION created_at, read_back;
DROP TABLE times, settings;

-- reading many events can be cancelled: it has the last word where that came before
SELECT azr_append_json('json', CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN NULL END, :'r', NULL, '[{"type": "A", "data": 1}, 5]');
SELECT azr_append('json', CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN NULL END, :'r', NULL, ARRAY['A', ''], ARRAY['', '']::bytea[]);

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

-- the events of one store go into another: payload_base64 stands for data, what else azr_load_json gives is read past
SELECT outcome, next_sequence FROM azr_append('json', NULL, azr_root('json', 'source'), 0, types(2), ARRAY['{"b":1,  "a":1.50}', '\xff']::bytea[],
	metadata => ARRAY['{"by": "me"}', NULL]::jsonb[], created_at => ARRAY['2020-01-01 12:34:56.789+00', '1999-12-31 00:00:00+00']::timestamptz[],
	correlation_id => 'corr', external_id => 'ext', source_domain => 'd', source_edition => 'e', source_root => :'r', source_sequence => 3,
	cascade_id => 'casc', committed => false);
SELECT outcome, next_sequence FROM azr_append('json', 'branch', azr_root('json', 'source'), 2, types(1), payloads(1));
SELECT jsonb_object_keys(e) FROM jsonb_array_elements(azr_load_json('json', NULL, azr_root('json', 'source'), 0, 1) -> 'events') e;
SELECT * FROM azr_append_json('json', NULL, azr_root('json', 'target'), 0, azr_load_json('json', 'branch', azr_root('json', 'source')) -> 'events');
SELECT sequence, type, convert_from(payload, 'LATIN1') AS payload, metadata, created_at, edition, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed
FROM azr_load('json', NULL, azr_root('json', 'target'), 0, 2);
-- a payload comes back byte for byte unless it is JSON text that jsonb writes in another way
SELECT outcome, next_sequence FROM azr_append_json('json', NULL, azr_root('json', 'copy of bytes'), 0, azr_load_json('json', NULL, azr_root('json', 'bytes')) -> 'events');
SELECT s.type, convert_from(s.payload, 'LATIN1') AS source, convert_from(t.payload, 'LATIN1') AS target
FROM azr_load('json', NULL, azr_root('json', 'bytes')) s JOIN azr_load('json', NULL, azr_root('json', 'copy of bytes')) t USING (sequence, type, created_at)
WHERE s.payload <> t.payload AND type <> 'largest' ORDER BY sequence;
-- a second copy is byte for byte the first one
SELECT outcome, next_sequence FROM azr_append_json('json', NULL, azr_root('json', 'copy of copy'), 0, azr_load_json('json', NULL, azr_root('json', 'copy of bytes')) -> 'events');
SELECT count(*), bool_and(s.payload = t.payload) AS same
FROM azr_load('json', NULL, azr_root('json', 'copy of bytes')) s JOIN azr_load('json', NULL, azr_root('json', 'copy of copy')) t USING (sequence, type, created_at);
SELECT outcome FROM azr_append_json('json', NULL, azr_root('json', 'copy of deep'), 0, azr_load_json('json', NULL, azr_root('json', 'deep')) -> 'events');
SELECT count(*), bool_and(s.payload = t.payload) AS same
FROM azr_load('json', NULL, azr_root('json', 'deep')) s JOIN azr_load('json', NULL, azr_root('json', 'copy of deep')) t USING (sequence);
-- what is read past is not looked at
SELECT outcome FROM azr_append_json('json', NULL, azr_root('json', 'past'), 0, '[{"type": "T", "payload_base64": "AAEC", "sequence": [{"a": [1, {}]}], "edition": null,
	"committed": "no", "external_id": 7, "correlation_id": {"sequence": 1}, "source_domain": 1, "source_edition": 2, "source_root": 3, "source_sequence": -4, "cascade_id": ""}]');
SELECT payload, committed, external_id FROM azr_load('json', NULL, azr_root('json', 'past'));
-- base64 of every length, in the standard alphabet, with padding
CREATE FUNCTION base64(value text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	root uuid := gen_random_uuid();
BEGIN
	PERFORM azr_append_json('json-base64', NULL, root, 0, jsonb_build_array(jsonb_build_object('type', 'T', 'payload_base64', value)));
	RETURN (SELECT payload FROM azr_load('json-base64', NULL, root));
END $$;
SELECT value, outcome(format('SELECT base64(%L)', value)) FROM unnest(ARRAY['', '+/==', 'QUI=', 'QUJD', 'QUJDRA==']) AS value;
SELECT count(*), bool_and(base64(encode(bytes, 'base64')) = bytes) AS same FROM (SELECT substr('\xfffefdfcfbfaf9f8'::bytea, 1, n) AS bytes FROM generate_series(0, 8) n) b;
SELECT outcome($$SELECT base64('QUJ')$$);
SELECT value, left(outcome(format('SELECT base64(%L)', value)), 5) AS state FROM unnest(ARRAY['Q', 'QQ', 'QQ=', 'QQ===', 'Q===', '=', '==', '====', 'QQ=A', 'QUI=QUI=', 'QQ==QQ==', 'QQ======',
	'QUJD====', 'QU JD', E'QUJD\n', 'QUJ-', 'QUJ_', 'QUJé', 'QUJ\', 'QUJDQQ', '{"a": 1}']) AS value;
SELECT count(*) FROM azr_roots('json-base64', NULL);
DROP FUNCTION base64;

-- parts, as azr_load; next_sequence is the stream's
SELECT azr_load_json('json', NULL, :'r', 1, 3, until => '2020-01-02', max_count => 1) #>> '{events,0,type}' AS type,
	azr_load_json('json', NULL, :'r', 1, 3) ->> 'next_sequence' AS next_sequence,
	jsonb_array_length(azr_load_json('json', NULL, :'r', 1, 3) -> 'events') AS events;
-- in the order and of the types that are asked for
SELECT jsonb_path_query_array(azr_load_json('json', NULL, :'r', backward => true), '$.events[*].sequence') AS backward,
	azr_load_json('json', NULL, :'r', backward => true, max_count => 1) ->> 'next_sequence' AS next_sequence;
SELECT jsonb_path_query_array(doc, '$.events[*].sequence') AS sequences, jsonb_path_query_array(doc, '$.events[*].type') AS types, doc ->> 'next_sequence' AS next_sequence
FROM unnest(ARRAY[azr_load_json('json', NULL, azr_root('json', 'bytes'), types => '{spaces,object,no such type,empty}'),
	azr_load_json('json', NULL, azr_root('json', 'bytes'), backward => true, types => '{spaces,object,empty}', max_count => 2),
	azr_load_json('json', NULL, azr_root('json', 'bytes'), types => '{}')]) doc;
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
