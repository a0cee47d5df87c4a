-- azr_call: calls as routers pack them. test/t/043_router.pl has the router's side.
CREATE SCHEMA calls;
-- six bits a character, the lowest first
CREATE FUNCTION calls.pack(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(string_agg(chr(64 + (SELECT sum(get_bit(bytes, bit) << bit - 6 * c)::int FROM generate_series(6 * c, least(6 * c + 5, 8 * length(bytes) - 1)) bit)), '' ORDER BY c), '')
	FROM generate_series(0, (4 * length(bytes) + 2) / 3 - 1) c
$$;
CREATE FUNCTION calls.unpack(packed text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(decode(string_agg(lpad(to_hex((SELECT sum((get_byte(chars, bit / 6) - 64 >> bit % 6 & 1) << bit - 8 * b)::int FROM generate_series(8 * b, 8 * b + 7) bit)), 2, '0'), '' ORDER BY b), 'hex'), '')
	FROM convert_to(packed, 'UTF8') chars, generate_series(0, length(packed) * 3 / 4 - 1) b
$$;
CREATE FUNCTION calls.name(t text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT substr(int4send(length(t)), 4) || convert_to(t, 'UTF8') $$;
CREATE FUNCTION calls.arg(value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(int4send(length(value)) || value, '\xffffffff') $$;
CREATE FUNCTION calls.head(function text, columns text[], nargs int, version int DEFAULT 1) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT int2send((length(h) + 2)::int2) || h
	FROM (SELECT substr(int4send(version), 4) || calls.name(function) || substr(int4send(cardinality(columns)), 4)
		|| coalesce((SELECT string_agg(calls.name(c), '' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u(c, n)), '') || substr(int4send(nargs), 4) AS h) x
$$;
CREATE FUNCTION calls.packed(function text, columns text[], VARIADIC args bytea[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT calls.pack(calls.head(function, columns, cardinality(args)) || (SELECT string_agg(calls.arg(a), '' ORDER BY n) FROM unnest(args) WITH ORDINALITY u(a, n)))
$$;
SELECT bytes, calls.pack(bytes), calls.unpack(calls.pack(bytes)) = bytes AS back FROM unnest(ARRAY['', '\x00', '\xff00', '\x010203', '\x0102030405060708090a']::bytea[]) bytes;

-- a value, rows of columns, no rows
SELECT calls.unpack(azr_call(calls.packed('azr_root', '{}', textsend('call'), textsend('a'))))
	= '\x0110'::bytea || uuid_send(azr_root('call', 'a')) AS root;
SELECT convert_from(substr(calls.unpack(azr_call(calls.packed('azr_append', '{outcome,next_sequence}',
	textsend('call'), NULL, uuid_send(azr_root('call', 'a')), int8send(0), array_send(ARRAY['T', 'U']), array_send(ARRAY['\x00ff', '']::bytea[])))), 2, 6), 'UTF8');
SELECT calls.unpack(azr_call(calls.packed('azr_load', '{payload,type,correlation_id,sequence}', textsend('call'), NULL, uuid_send(azr_root('call', 'a'))))) AS rows;
SELECT count(*) AS none FROM azr_call(calls.packed('azr_load', '{type}', textsend('call'), NULL, uuid_send(azr_root('call', 'none'))));
SELECT count(*) AS set_of_values, bool_and(calls.unpack(r) = '\x0110'::bytea || uuid_send(azr_root('call', 'a'))) AS root FROM azr_call(calls.packed('azr_roots', '{}', textsend('call'), NULL)) r;
-- values of 254 bytes and more have another length
SELECT azr_append('call', NULL, azr_root('call', 'long'), 0, ARRAY['T', 'T', 'T'], ARRAY[repeat('x', 254), repeat('y', 255), repeat('z', 1000)]::bytea[]);
SELECT calls.unpack(string_agg(r, '')) = '\x01fe'::bytea || convert_to(repeat('x', 254), 'UTF8') || '\x01ff000000ff'::bytea || convert_to(repeat('y', 255), 'UTF8')
	|| '\x01ff000003e8'::bytea || convert_to(repeat('z', 1000), 'UTF8') AS long
FROM azr_call(calls.packed('azr_load', '{payload}', textsend('call'), NULL, uuid_send(azr_root('call', 'long')))) r;
-- many rows come as several texts, of whole rows
SELECT outcome FROM azr_append('call', NULL, azr_root('call', 'many'), 0, array_fill('T'::text, ARRAY[3000]), array_fill('p'::bytea, ARRAY[3000]));
SELECT count(*) > 1 AS several, sum(length(r) * 3 / 4) = 3000 * (1 + 9 + 2) AS whole, bool_and(length(r) * 3 / 4 % 12 = 0) AS rows
FROM azr_call(calls.packed('azr_load', '{sequence,payload}', textsend('call'), NULL, uuid_send(azr_root('call', 'many')))) r;
-- two calls at once, and one that is read in parts while other cursors end
BEGIN;
DECLARE parts CURSOR FOR SELECT length(azr_call(calls.packed('azr_load', '{sequence,payload}', textsend('call'), NULL, uuid_send(azr_root('call', 'many'))))) > 1 AS part;
FETCH 1 FROM parts;
SELECT name FROM pg_cursors WHERE name <> 'parts';
FETCH 1 FROM parts;
COMMIT;
SELECT count(DISTINCT a) > 1 AS a, count(b) AS b FROM (SELECT azr_call(calls.packed('azr_load', '{sequence,payload}', textsend('call'), NULL, uuid_send(azr_root('call', 'many')))) a,
	azr_call(calls.packed('azr_load', '{type}', textsend('call'), NULL, uuid_send(azr_root('call', 'a')))) b) s;

-- what is called is the store's, whatever others have made beside it
CREATE FUNCTION azr_root(domain bytea, key bytea) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
CREATE FUNCTION azr_none(domain text) RETURNS text LANGUAGE sql AS 'SELECT domain';
\c
SELECT calls.unpack(azr_call(calls.packed('azr_root', '{}', textsend('call'), textsend('b')))) = '\x0110'::bytea || uuid_send(azr_root('call'::text, 'b'::text)) AS root;
SELECT azr_call(calls.packed('azr_none', '{}', textsend('call')));
DROP FUNCTION azr_root(bytea, bytea), azr_none(text);
CREATE FUNCTION extra(azr_event) RETURNS text LANGUAGE sql AS $$ SELECT 'no column' $$;
SELECT r.extra FROM azr_load('call', NULL, azr_root('call', 'a')) r LIMIT 1;
SELECT azr_call(calls.packed('azr_load', '{type,extra}', textsend('call'), NULL, uuid_send(azr_root('call', 'a'))));
DROP FUNCTION extra(azr_event);

-- errors are those of the function
SELECT azr_call(calls.packed('azr_append', '{outcome}', textsend('call'), NULL, uuid_send(azr_root('call', 'a')), int8send(0), array_send(ARRAY['T']), array_send(ARRAY['']::bytea[])));
SELECT azr_call(calls.packed('azr_load', '{type}', textsend('call'), NULL, NULL));
CREATE ROLE regress_angzarr_caller;
GRANT USAGE ON SCHEMA calls TO regress_angzarr_caller;
SELECT azr_grant('regress_angzarr_caller', 'reader');
SET ROLE regress_angzarr_caller;
SELECT count(*) FROM azr_call(calls.packed('azr_load', '{type}', textsend('call'), NULL, uuid_send(azr_root('call', 'a'))));
SELECT azr_call(calls.packed('azr_append', '{outcome}', textsend('call'), NULL, uuid_send(azr_root('call', 'a')), int8send(2), array_send(ARRAY['T']), array_send(ARRAY['']::bytea[])));
RESET ROLE;
SELECT azr_revoke('regress_angzarr_caller', 'reader');
REVOKE USAGE ON SCHEMA calls FROM regress_angzarr_caller;
DROP ROLE regress_angzarr_caller;

-- what is not a call
\set VERBOSITY terse
SELECT azr_call(NULL);
SELECT azr_call('');
SELECT azr_call('@');
SELECT azr_call('@@');
SELECT azr_call('@@@@?@@@');
SELECT azr_call(repeat('~', 1000));
SELECT azr_call(calls.pack(calls.head('azr_root', '{}', 2)));
SELECT azr_call(calls.pack(calls.head('azr_root', '{}', 2, version => 2) || calls.arg('a') || calls.arg('b')));
SELECT azr_call(calls.packed('azr_root', '{}', 'a', 'b') || '@@@@');
SELECT azr_call(calls.pack(calls.head('azr_root', '{}', 2) || '\x00000001'::bytea || 'a'::bytea || '\x7fffffff'));
SELECT azr_call(calls.pack(calls.head('azr_root', '{}', 2) || '\x00000001'::bytea || 'a'::bytea || '\xfffffffe'));
SELECT azr_call(calls.pack(overlay(calls.head('azr_root', '{}', 2) PLACING '\x0003'::bytea FROM 1) || calls.arg('a') || calls.arg('b')));
SELECT azr_call(calls.packed('azr_next_sequence', '{}', 'd', NULL, '\x00'));
SELECT azr_call(calls.packed('azr_next_sequence', '{}', 'd', NULL, uuid_send(azr_root('d', 'a')) || '\x00'::bytea));
SELECT azr_call(calls.packed('azr_root', '{}', 'd', '\xff'));
SELECT azr_call(calls.packed('azr_root', '{}', 'd', '\x00'));
SELECT azr_call(calls.packed('azr_root', '{nothing}', 'd', 'a'));
SELECT azr_call(calls.packed('azr_root', '{"r); DROP SCHEMA calls; --"}', 'd', 'a'));
SELECT azr_call(calls.packed('azr_none', '{}', 'd'));
SELECT azr_call(calls.packed('azr_root', '{}', 'd'));
SELECT azr_call(calls.packed('azr_root', '{}', 'd', 'a', 'b'));
SELECT azr_call(calls.packed('', '{}', 'd'));
SELECT azr_call(calls.packed('lower', '{}', 'd'));
SELECT azr_call(calls.packed('azr_call', '{}', 'd'));
SELECT azr_call(calls.packed('azr_load_support', '{}', '\x00'));
SELECT azr_call(calls.pack(calls.head('azr_reject_change', '{}', 0)));
-- each beginning of a call
CREATE FUNCTION calls.outcome(packed text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM azr_call(packed);
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT calls.outcome(substr(p, 1, n)) AS outcome, count(*)
FROM calls.packed('azr_load', '{type,payload}', textsend('call'), NULL, uuid_send(azr_root('call', 'a'))) p, generate_series(0, length(p)) n GROUP BY 1 ORDER BY 1;
-- more statements than a session keeps
SELECT calls.outcome(calls.packed('azr_load', array_fill('type'::text, ARRAY[1 + n % 250]), textsend('call'), NULL, uuid_send(azr_root('call', 'a')))) AS outcome, count(*)
FROM generate_series(0, 499) n GROUP BY 1;
\set VERBOSITY default
SET client_min_messages = warning;
DROP SCHEMA calls CASCADE;
RESET client_min_messages;
