-- azr_append: sequences are dense, and what was given is what is stored.
\set r1 '00000000-0000-0000-0000-000000000001'
\set r2 '00000000-0000-0000-0000-000000000002'

-- the first event, at 0
SELECT * FROM azr_append('append', NULL, :'r1', 0, ARRAY['Opened'], ARRAY['one']::bytea[]);
-- several at once, whatever is next
SELECT * FROM azr_append('append', '', :'r1', NULL, types(3), payloads(3));
-- expected, by name
SELECT * FROM azr_append(domain => 'append', edition => 'angzarr', root => :'r1',
	expected_sequence => 4, types => types(1), payloads => payloads(1));
-- too low, too high
SELECT outcome($$SELECT azr_append('append', NULL, '00000000-0000-0000-0000-000000000001', 4, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_append('append', NULL, '00000000-0000-0000-0000-000000000001', 6, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_append('append', NULL, '00000000-0000-0000-0000-000000000002', 1, types(1), payloads(1))$$);
-- nothing to append: nothing stored, no conflict, no stream
SELECT * FROM azr_append('append', NULL, :'r1', 5, '{}', '{}');
SELECT * FROM azr_append('append', NULL, :'r1', 3, '{}', '{}', '{}', '{}');
SELECT * FROM azr_append('append', NULL, :'r2', NULL, '{}', '{}');
SELECT count(*) FROM azr_streams WHERE domain = 'append' AND root = :'r2';
SELECT * FROM azr_append_json('append', NULL, :'r1', NULL, '[]');

SELECT sequence, type, payload, edition, committed FROM azr_load('append', NULL, :'r1');

-- arrays with other lower bounds are arrays
SELECT * FROM azr_append('append', NULL, :'r2', 0, '[5:6]={"low","high"}', '[-1:0]={"\\x01","\\x02"}');
SELECT sequence, type, payload FROM azr_load('append', NULL, :'r2');

-- all that an event can carry; NULL elements mean none and now
BEGIN;
SELECT * FROM azr_append('append', NULL, :'r2', 2, types(3), payloads(3),
	metadata => ARRAY['{"by": "me"}', NULL, 'null']::jsonb[],
	created_at => ARRAY['2020-02-02 02:02:02+00', NULL, '1999-12-31 23:59:59.999999+00']::timestamptz[],
	correlation_id => 'corr', external_id => 'ext',
	source_domain => 'order', source_edition => NULL, source_root => :'r1', source_sequence => 9223372036854775807,
	cascade_id => 'casc', committed => false);
SELECT sequence, metadata,
	CASE WHEN created_at = now() THEN 'now' ELSE (created_at AT TIME ZONE 'UTC')::text END AS created_at,
	correlation_id, external_id, source_domain, source_edition, source_root, source_sequence,
	cascade_id, committed
FROM azr_load('append', NULL, :'r2', 2);
COMMIT;

-- empty ids are none
SELECT outcome FROM azr_append('append', NULL, :'r2', 5, types(1), payloads(1),
	correlation_id => '', external_id => '', cascade_id => '');
SELECT outcome FROM azr_append('append', NULL, :'r2', 6, types(1), payloads(1), external_id => '');
SELECT correlation_id, external_id, cascade_id FROM azr_load('append', NULL, :'r2', 5);

-- names and types at their longest
SELECT outcome FROM azr_append(repeat('d', 255), NULL, :'r1', 0, ARRAY[repeat('t', 1024)], payloads(1),
	correlation_id => repeat('c', 255), external_id => repeat('e', 255),
	source_domain => repeat('s', 255), source_edition => repeat('s', 255), source_root => :'r1', source_sequence => 0,
	cascade_id => repeat('k', 255));
SELECT outcome FROM azr_append(repeat('d', 255), NULL, :'r1', 0, types(1), payloads(1), external_id => repeat('e', 255));
SELECT length(type), length(correlation_id) FROM azr_load(repeat('d', 255), NULL, :'r1');

-- names are bytes: case, accents and spaces tell them apart
SELECT d, (azr_append(d, NULL, :'r1', 0, types(1), payloads(1))).next_sequence
FROM unnest(ARRAY['Append', 'append ', 'äppend', 'a/b', '''"\']) d;

-- payloads: empty, with zero bytes, and large (200 MB; toasted, not compressible to nothing)
SELECT outcome FROM azr_append('append', NULL, azr_root('append', 'payload'), 0, types(3),
	ARRAY['', '\x00ff00', decode(repeat('00', 1000), 'hex')]::bytea[]);
SELECT sequence, length(payload), payload = '\x00ff00' AS same FROM azr_load('append', NULL, azr_root('append', 'payload'));

CREATE TEMP TABLE large AS
SELECT decode(repeat(string_agg(md5(i::text), ''), 625), 'hex') AS payload FROM generate_series(1, 20000) i;
SELECT outcome, azr_append.next_sequence
FROM large, azr_append('append', NULL, azr_root('append', 'large'), 0, types(2), ARRAY[payload, '\x01']);
SELECT e.sequence, length(e.payload), e.payload = l.payload AS same
FROM azr_load('append', NULL, azr_root('append', 'large')) e, large l;
DROP TABLE large;

-- many events in one call, more than are written together
SELECT * FROM azr_append('append', NULL, azr_root('append', 'many'), 0, types(2500), payloads(2500));
SELECT * FROM azr_append('append', NULL, azr_root('append', 'many'), 2500, types(1), payloads(1));
SELECT count(*), min(sequence), max(sequence), count(DISTINCT sequence),
	bool_and(sequence = 2500 OR payload = convert_to('p' || sequence + 1, 'UTF8')) AS in_order
FROM azr_load('append', NULL, azr_root('append', 'many'));

-- dense, always
SELECT domain, root FROM azr_timeline WHERE edition = 'angzarr' GROUP BY domain, edition, root
HAVING min(sequence) <> 0 OR max(sequence) <> count(*) - 1;
