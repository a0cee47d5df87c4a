-- azr_append_one: the short form for one event.
\set r '00000000-0000-0000-0000-000000000001'
SELECT azr_append_one('one', NULL, :'r', 0, 'Opened', '\x00ff');
SELECT azr_append_one('one', '', :'r', NULL, type => 'Noted', payload => '', metadata => '{"by": "me"}', correlation_id => 'c', external_id => 'x');
SELECT azr_append_one('one', NULL, :'r', 2, 'Noted', '', 'null', '', '');
SELECT sequence, type, payload, metadata, edition, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed, created_at <= now() AS now
FROM azr_load('one', NULL, :'r');
-- the default time, never before the event before
SELECT outcome FROM azr_append('one', NULL, :'r', 3, types(1), payloads(1), created_at => ARRAY['2500-01-01 00:00:00+00']::timestamptz[]);
SELECT azr_append_one('one', NULL, :'r', 4, 'Noted', '');
SELECT created_at AT TIME ZONE 'UTC' AS created_at FROM azr_load('one', NULL, :'r', 4);

-- a conflict
SELECT outcome($$SELECT azr_append_one('one', NULL, '00000000-0000-0000-0000-000000000001', 4, 'A', '')$$);
SELECT outcome($$SELECT azr_append_one('one', NULL, '00000000-0000-0000-0000-000000000001', 6, 'A', '')$$);
-- a repeat is told the first call's sequence; that of several events, the first one's
SELECT azr_append_one('one', NULL, :'r', 77, 'Other', 'other', external_id => 'x');
SELECT first_sequence, last_sequence FROM azr_append('one', NULL, :'r', NULL, types(3), payloads(3), external_id => 'several');
SELECT azr_append_one('one', NULL, :'r', 8, 'A', '', external_id => 'several');
SELECT azr_next_sequence('one', NULL, :'r');
-- one that a cascade has revoked is no repeat
SELECT outcome FROM azr_append('one', NULL, :'r', 8, types(1), payloads(1), external_id => 'revoked', cascade_id => 'one', committed => false);
SELECT azr_append_one('one', NULL, :'r', NULL, 'A', '', external_id => 'revoked');
SELECT azr_revoke_cascade('one', 'why');
SELECT azr_append_one('one', NULL, :'r', NULL, 'A', '', external_id => 'revoked');

-- in an edition
SELECT azr_append_one('one', 'e', :'r', 2, 'Branched', 'e'), azr_append_one('one', 'e', :'r', 3, 'Branched', 'f');
SELECT sequence, type, edition FROM azr_load('one', 'e', :'r');
SELECT azr_protect_edition('one', 'e', 'sealed');
SELECT outcome($$SELECT azr_append_one('one', 'e', '00000000-0000-0000-0000-000000000001', 4, 'A', '')$$);

-- many in one statement
SELECT array_agg(azr_append_one('one', NULL, azr_root('one', 'many'), i, 'T', convert_to(i::text, 'UTF8'))) FROM generate_series(0, 9) i;

-- payload and metadata out of a table, compressed and out of line
CREATE TEMPORARY TABLE large AS
SELECT n, CASE n WHEN 1 THEN convert_to(repeat('x', 100000), 'UTF8') ELSE (SELECT decode(string_agg(md5(i::text), ''), 'hex') FROM generate_series(1, 5000) i) END AS payload,
	CASE n WHEN 1 THEN jsonb_build_object('a', repeat('y', 100000)) ELSE (SELECT jsonb_agg(md5(i::text)) FROM generate_series(1, 5000) i) END AS metadata
FROM generate_series(1, 2) n;
SELECT n, azr_append_one('one', NULL, azr_root('one', 'large'), n - 1, 'T', payload, metadata) FROM large ORDER BY n;
SELECT n, e.payload = l.payload AS payload, e.metadata = l.metadata AS metadata
FROM large l JOIN azr_load('one', NULL, azr_root('one', 'large')) e ON e.sequence = l.n - 1 ORDER BY n;
SET angzarr.max_payload = '1kB';
SELECT n, outcome(format($$SELECT azr_append_one('one', NULL, azr_root('one', 'large'), 2, 'T', payload) FROM large WHERE n = %s$$, n)) FROM generate_series(1, 2) n;
RESET angzarr.max_payload;
-- metadata that could not be dumped
SELECT outcome($$SELECT azr_append_one('one', NULL, azr_root('one', 'large'), 2, 'T', '', ('[' || repeat('1e131071,', 8191) || '1e131071]')::jsonb)$$);
DROP TABLE large;

BEGIN READ ONLY;
SELECT azr_append_one('one', NULL, :'r', NULL, 'T', '');
ROLLBACK;
