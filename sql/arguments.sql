-- Bad arguments: the right SQLSTATE, a message that says what to do, and
-- nothing stored.
\pset format unaligned
\pset tuples_only on

-- R stands for a root
CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO bad (statement) VALUES
-- azr_append
($$azr_append(NULL, NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append('args', NULL, NULL, NULL, types(1), payloads(1))$$),
($$azr_append('args', NULL, R, NULL, NULL, payloads(1))$$),
($$azr_append('args', NULL, R, NULL, types(1), NULL)$$),
($$azr_append('args', NULL, R, NULL, ARRAY['a', NULL], payloads(2))$$),
($$azr_append('args', NULL, R, NULL, types(2), ARRAY['a', NULL]::bytea[])$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), committed => NULL)$$),
($$azr_append('', NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append(repeat('d', 256), NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append(repeat('é', 128), NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append(E'a\tb', NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append(E'ab\x7f', NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append(E'a\u0085', NULL, R, NULL, types(1), payloads(1))$$),
($$azr_append('args', repeat('e', 256), R, NULL, types(1), payloads(1))$$),
($$azr_append('args', E'\n', R, NULL, types(1), payloads(1))$$),
($$azr_append('args', NULL, R, -1, types(1), payloads(1))$$),
($$azr_append('args', NULL, R, (-9223372036854775808)::bigint, types(1), payloads(1))$$),
($$azr_append('args', NULL, R, 9223372036854775807, types(1), payloads(1))$$),
($$azr_append('args', NULL, R, NULL, types(2), payloads(1))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(2))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), metadata => '{}'::jsonb[])$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), created_at => ARRAY[now(), now()])$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), metadata => '{}'::jsonb[], created_at => ARRAY[now(), now()])$$),
($$azr_append('args', NULL, R, NULL, '{}', '{}', metadata => ARRAY['1']::jsonb[])$$),
($$azr_append('args', NULL, R, NULL, ARRAY[['a'], ['b']], payloads(2))$$),
($$azr_append('args', NULL, R, NULL, types(2), ARRAY[['a'], ['b']]::bytea[])$$),
($$azr_append('args', NULL, R, NULL, types(2), payloads(2), metadata => ARRAY[['1'], ['2']]::jsonb[])$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), created_at => ARRAY[['2020-01-01']]::timestamptz[])$$),
($$azr_append('args', NULL, R, NULL, ARRAY['a', ''], payloads(2))$$),
($$azr_append('args', NULL, R, NULL, ARRAY[repeat('t', 1025)], payloads(1))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), created_at => ARRAY['infinity']::timestamptz[])$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), correlation_id => repeat('c', 256))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), correlation_id => E'\x01')$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), external_id => repeat('x', 256))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), cascade_id => repeat('x', 256))$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), committed => false)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), committed => false, cascade_id => '')$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_domain => 'a')$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_root => R)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_sequence => 0)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_domain => 'a', source_root => R)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_edition => 'e')$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_domain => 'a', source_root => R, source_sequence => -1)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), source_domain => '', source_root => R, source_sequence => 1)$$),
($$azr_append('args', NULL, R, NULL, types(1), payloads(1), divergence => 0)$$),
-- azr_append_json
($$azr_append_json('args', NULL, R, NULL, NULL)$$),
($$azr_append_json('args', NULL, R, NULL, '{"type": "a", "data": 1}')$$),
($$azr_append_json('args', NULL, R, NULL, '1')$$),
($$azr_append_json('args', NULL, R, NULL, '[1]')$$),
($$azr_append_json('args', NULL, R, NULL, '[[]]')$$),
($$azr_append_json('args', NULL, R, NULL, '[null]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1}, {"data": 1}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a"}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": 1, "data": 1}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "", "data": 1}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1, "Metadata": 1}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1, "created_at": 1}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1, "created_at": "soon"}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1, "created_at": "2020-02-30T00:00:00Z"}]')$$),
($$azr_append_json('args', NULL, R, NULL, '[{"type": "a", "data": 1, "created_at": "-infinity"}]')$$),
-- reading
($$azr_load(NULL, NULL, R)$$),
($$azr_load('args', NULL, NULL)$$),
($$azr_load('args', NULL, R, -1)$$),
($$azr_load('args', NULL, R, NULL)$$),
($$azr_load('args', NULL, R, to_sequence => -1)$$),
($$azr_load('args', NULL, R, max_count => -1)$$),
($$azr_load('args', NULL, R, divergence => 1)$$),
($$azr_load_json('args', NULL, NULL)$$),
($$azr_next_sequence(NULL, NULL, R)$$),
($$azr_next_sequence('args', NULL, NULL)$$),
($$azr_next_sequence('args', NULL, R, 0)$$),
($$azr_roots(NULL, NULL)$$),
($$azr_roots('args', NULL, max_count => -1)$$),
($$azr_root(NULL, 'key')$$),
($$azr_root('args', NULL)$$),
($$azr_root('', 'key')$$),
($$azr_trace(NULL)$$),
($$azr_trace('')$$),
($$azr_find_by_external_id('args', NULL, R, NULL)$$),
($$azr_find_by_external_id('args', NULL, R, '')$$),
($$azr_find_by_source('args', NULL, R, NULL, NULL, R, 0)$$),
($$azr_find_by_source('args', NULL, R, 'a', NULL, NULL, 0)$$),
($$azr_find_by_source('args', NULL, R, 'a', NULL, R, NULL)$$),
($$azr_find_by_source('args', NULL, R, 'a', NULL, R, -1)$$);

SELECT statement || E'\n  ' || outcome('SELECT ' ||
	regexp_replace(statement, '\mR\M', '''00000000-0000-0000-0000-000000000001''::uuid', 'g'))
FROM bad ORDER BY n;

-- nothing was stored
SELECT count(*) FROM azr_timeline WHERE domain LIKE 'arg%' OR length(domain) < 2;
SELECT count(*) FROM azr_streams WHERE domain LIKE 'arg%' OR length(domain) < 2;
