-- The server functions of Message DB, as docs/compat/message_db.sql makes them
\getenv source PG_ABS_SRCDIR
\set script :source '/docs/compat/message_db.sql'
\set ECHO none
\i :script
\set ECHO all
\set ON_ERROR_STOP off

-- names, order and defaults of arguments, and columns of messages, are those of Message DB
SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ') -> ' || pg_get_function_result(p.oid) AS signature
FROM pg_proc p
WHERE p.pronamespace = 'message_store'::regnamespace AND obj_description(p.oid, 'pg_proc') !~ 'Internal\.$'
ORDER BY p.proname COLLATE "C";
\d message_store.message
SELECT p.proname, p.prosecdef FROM pg_proc p
WHERE p.pronamespace = 'message_store'::regnamespace
	AND (p.prosecdef OR obj_description(p.oid, 'pg_proc') IS NULL);
-- what names mean does not depend on the caller's search_path
SELECT p.proname FROM pg_proc p
WHERE p.pronamespace = 'message_store'::regnamespace AND p.prosqlbody IS NULL
	AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false);
SELECT message_store.message_store_version();

-- the parts of a name
SELECT name, message_store.category(name), message_store.id(name), message_store.cardinal_id(name), message_store.is_category(name)
FROM unnest(ARRAY['account', 'account-1', 'account:command-1+2+3', 'account-', 'account-a-b', '-a', '', NULL]) name;
SELECT message_store.hash_64('someStream-123'), message_store.hash_64(''), message_store.hash_64(NULL);

-- Writing. Ids of messages are made of a number here.
SET search_path = message_store, public;
CREATE FUNCTION public.uuid_of(n int) RETURNS varchar LANGUAGE sql AS
$$ SELECT '00000000-0000-4000-8000-' || lpad(n::text, 12, '0') $$;
SELECT azr_feed_advance() AS head \gset

SELECT stream_version('mdb-1');
SELECT write_message(uuid_of(1), 'mdb-1', 'Opened', '{"owner": "Ann", "n": 1.50}', '{"user": 7}', -1);
SELECT write_message(uuid_of(2), 'mdb-1', 'Paid', '{}');
SELECT write_message(id => uuid_of(3), stream_name => 'mdb-1', type => 'Paid', data => NULL, expected_version => 1);
SELECT stream_version('mdb-1');
-- the errors that clients look for
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-1', 'Paid', '{}', NULL, 1)$$);
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-1', 'Paid', '{}', NULL, -1)$$);
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-none', 'Paid', '{}', NULL, 0)$$);
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-1', 'Paid', '{}', NULL, -2)$$);
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-none', 'Paid', '{}', NULL, 9223372036854775807)$$);
SELECT outcome($$SELECT write_message('4', 'mdb-1', 'Paid', '{}')$$);
SELECT outcome($$SELECT write_message(NULL, 'mdb-1', 'Paid', '{}')$$);
SELECT outcome($$SELECT write_message(uuid_of(4), NULL, 'Paid', '{}')$$);
SELECT outcome($$SELECT write_message(uuid_of(4), 'mdb-1', NULL, '{}')$$);
SELECT outcome($$SELECT write_message(uuid_of(4), '-1', 'Paid', '{}')$$);
-- a message that is there is not written again, whatever is expected; in another stream, it is another one
SELECT write_message(uuid_of(2), 'mdb-1', 'Paid', '{}', NULL, 0);
SELECT write_message(upper(uuid_of(2)), 'mdb-1', 'Other', '{"a": 1}');
SELECT stream_version('mdb-1');
SELECT write_message(uuid_of(2), 'mdb-00000000-0000-4000-8000-00000000000a', 'Opened', 'null', '{"correlationStreamName": "transfer-9"}');
SELECT write_message(uuid_of(5), 'mdb-00000000-0000-4000-8000-00000000000A', 'Opened', '[1]', jsonb_build_object('correlationStreamName', repeat('x', 300)));
SELECT write_message(uuid_of(6), 'mdb', 'Counted', '7', jsonb_build_object('correlationStreamName', E'transfer-\n'));
SELECT write_message(uuid_of(7), 'mdb:command-1', 'Open', '{}', '{"correlationStreamName": "transfer"}');

-- What is in the store: the category is the domain, an id that is a uuid is the root, and data is the payload.
SELECT domain, root, root = azr_root('mdb', '1') AS of_1, sequence, type, convert_from(payload, 'UTF8') AS payload,
	metadata IS NULL AS no_metadata, correlation_id, external_id
FROM azr_feed(:head, NULL, ARRAY['mdb']) UNION ALL
SELECT domain, root, root = azr_root(domain, '1'), sequence, type, convert_from(payload, 'UTF8'),
	metadata IS NULL, correlation_id, external_id
FROM azr_timeline WHERE domain LIKE 'mdb%'
ORDER BY 1, 2, 4;
SELECT domain, name, root = stream_root(name) AS is_root, stream_name(domain, root) FROM stream_names ORDER BY name;
SELECT stream_name('mdb', '00000000-0000-4000-8000-00000000000a');

-- no two names for one stream
SELECT outcome($$SELECT write_message(uuid_of(8), 'mdb-', 'Counted', '7')$$);
-- no name that is not that of the stream
SELECT outcome($$INSERT INTO stream_names VALUES ('mdb', azr_root('mdb', '2'), 'mdb-3')$$);
SELECT outcome($$INSERT INTO stream_names VALUES ('mdb', azr_root('mdb', '2'), 'mdb2-2')$$);

-- Reading a stream
SELECT id, stream_name, type, position, global_position, data, metadata, time = now() AT TIME ZONE 'UTC' AS now
FROM get_stream_messages('mdb-1');
BEGIN;
SELECT write_message(uuid_of(9), 'mdb-1', 'Closed', '{}');
SELECT position, type, time = now() AT TIME ZONE 'UTC' AS now FROM get_stream_messages('mdb-1', 3);
SELECT position, type FROM get_last_stream_message('mdb-1');
ROLLBACK;
SELECT array_agg(position) FROM get_stream_messages('mdb-1', 1);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', -5, 2);
SELECT array_agg(position) FROM get_stream_messages(stream_name => 'mdb-1', "position" => 1, batch_size => 1);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', 0, -1);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', 1, 9223372036854775807);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', NULL, NULL, NULL);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', 0, 0);
SELECT array_agg(position) FROM get_stream_messages('mdb-1', 3);
SELECT array_agg(position) FROM get_stream_messages('mdb-none');
SELECT data, metadata FROM get_stream_messages('mdb-00000000-0000-4000-8000-00000000000a');
SELECT data, length(metadata) FROM get_stream_messages('mdb-00000000-0000-4000-8000-00000000000A');
SELECT outcome($$SELECT get_stream_messages('mdb')$$);
SELECT outcome($$SELECT get_stream_messages(NULL)$$);
SELECT outcome($$SELECT get_stream_messages('mdb-1', condition => 'position >= 1')$$);
SELECT outcome($$SELECT get_stream_messages('mdb-1', 0, -2)$$);
-- as many as Message DB gives by default
SELECT count(write_message(uuid_of(1000 + i), 'mdbmany-1', 'T', '{}')) FROM generate_series(1, 1005) i;
SELECT count(*), max(position) FROM get_stream_messages('mdbmany-1');
SELECT count(*), max(position) FROM get_category_messages('mdbmany');

-- The last message
SELECT id, stream_name, type, position, data, metadata FROM get_last_stream_message('mdb-1');
SELECT id, stream_name, type, position, data, metadata FROM get_last_stream_message('mdb-1', 'Opened');
SELECT position, type FROM get_last_stream_message(stream_name => 'mdb-1', type => 'Paid');
SELECT position, type FROM get_last_stream_message('mdb');
SELECT count(*) FROM get_last_stream_message('mdb-1', 'None');
SELECT count(*) FROM get_last_stream_message('mdb-none');
SELECT count(*) FROM get_last_stream_message('mdb-none', 'Paid');
SELECT count(*) FROM get_last_stream_message(NULL);

-- Reading a category. A position is that of the feed, and one more; here they are counted from the first message on.
CREATE FUNCTION public.places(messages message_store.message[], head bigint) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(stream_name || '/' || position || '@' || global_position - head - 1, ' ' ORDER BY n) FROM unnest(messages) WITH ORDINALITY m(id, stream_name, type, position, global_position, data, metadata, time, n) $$;
SELECT id, stream_name, type, position, global_position - :head AS global, data, left(metadata, 40) AS metadata
FROM get_category_messages('mdb', :head);
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb') m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', :head + 4) m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', :head + 4, 1) m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', NULL, NULL) m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', -5, -1) m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', 1, 0) m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb:command') m;
SELECT count(*) FROM get_category_messages('mdbnone');
SELECT count(*) FROM get_category_messages(NULL);
SELECT outcome($$SELECT get_category_messages('mdb-1')$$);
SELECT outcome($$SELECT get_category_messages('mdb', condition => 'position >= 1')$$);
SELECT outcome($$SELECT get_category_messages('mdb', 1, -2)$$);
-- the next position is no error, and a later one is
SELECT azr_feed_advance() + 1 AS last \gset
SELECT count(*) FROM get_category_messages('mdb', :last + 1);
SELECT left(outcome(format('SELECT get_category_messages(%L, %s)', 'mdb', :last + 2)), 5);

-- correlation
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', correlation => 'transfer') m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb:command', correlation => 'transfer') m;
SELECT places(array_agg(m), :head) FROM get_category_messages('mdb', 1, 1, 'transfer') m;
SELECT count(*) FROM get_category_messages('mdb', correlation => 'none');
SELECT outcome($$SELECT get_category_messages('mdb', correlation => 'transfer-9')$$);
-- an event's correlation id is the name that the message's metadata gives
SELECT domain, sequence FROM azr_trace('transfer-9');

-- consumer groups: a member has the streams whose cardinal id it gets by its hash
SELECT count(write_message(uuid_of(100 + i), 'mdbgroup-' || i % 10 || '+' || i, 'T', '{}', jsonb_build_object('correlationStreamName', 'c' || i % 2 || '-1')))
FROM generate_series(1, 40) i;
SELECT member, count(*), array_agg(DISTINCT cardinal_id(stream_name)) AS ids,
	bool_and(abs(hash_64(cardinal_id(stream_name))) % 3 = member) AS right_member
FROM generate_series(0, 2) member, get_category_messages('mdbgroup', consumer_group_member => member, consumer_group_size => 3)
GROUP BY member ORDER BY member;
SELECT count(*) FROM get_category_messages('mdbgroup', correlation => 'c1', consumer_group_member => 1, consumer_group_size => 3)
WHERE category((metadata::jsonb)->>'correlationStreamName') = 'c1' AND abs(hash_64(cardinal_id(stream_name))) % 3 = 1;
SELECT count(*) FROM get_category_messages('mdbgroup', batch_size => 2, consumer_group_member => 1, consumer_group_size => 3);
SELECT count(*) FROM get_category_messages('mdbgroup', consumer_group_member => 0, consumer_group_size => 1);
-- a stream without an id is no member's
SELECT count(*) FROM get_category_messages('mdb', consumer_group_member => 0, consumer_group_size => 1) WHERE stream_name = 'mdb';
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_member => 1)$$);
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_size => 1)$$);
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_member => 0, consumer_group_size => 0)$$);
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_member => -1, consumer_group_size => 1)$$);
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_member => 1, consumer_group_size => 1)$$);
SELECT outcome($$SELECT get_category_messages('mdb', consumer_group_member => 2, consumer_group_size => 1)$$);

-- What is not committed has no global position; what is committed has one at once.
BEGIN;
SELECT write_message(uuid_of(1), 'mdbown-1', 'T', '{}');
SELECT count(*) FROM get_stream_messages('mdbown-1');
SELECT count(*) FROM get_category_messages('mdbown');
COMMIT;
SELECT count(*) FROM get_category_messages('mdbown');
-- a transaction that does not see what is numbered meanwhile numbers nothing, and one that may not write neither
SELECT write_message(uuid_of(2), 'mdbown-1', 'T', '{}');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM get_category_messages('mdbown');
COMMIT;
BEGIN READ ONLY;
SELECT count(*) FROM get_category_messages('mdbown');
SELECT count(*) FROM get_stream_messages('mdbown-1');
COMMIT;
SELECT count(*) FROM get_category_messages('mdbown');
-- several writes in one transaction
BEGIN;
SELECT write_message(uuid_of(3), 'mdbown-1', 'T', '{}', NULL, 1), write_message(uuid_of(4), 'mdbown-1', 'T', '{}', NULL, 2);
SELECT stream_version('mdbown-1');
COMMIT;

-- Locks: a writer's can be shared, that of acquire_lock() cannot, and both are of the category.
BEGIN;
SELECT write_message(uuid_of(5), 'mdbown-1', 'T', '{}');
SELECT mode, (classid::bigint << 32 | objid::bigint) = hash_64('mdbown') AS of_category FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1;
SELECT acquire_lock('mdbown-2') = hash_64('mdbown'), acquire_lock('mdbown') = hash_64('mdbown');
SELECT mode, (classid::bigint << 32 | objid::bigint) = hash_64('mdbown') AS of_category FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1 ORDER BY mode;
ROLLBACK;

-- Events that were appended otherwise: no uuid as id, several events, a payload that is not JSON, no name
SELECT outcome FROM azr_append('mdbother', NULL, azr_root('mdbother', '1'), NULL, ARRAY['A', 'B', 'C', 'D', 'E'],
	ARRAY['\x00ff', '', '{"a":  1, "a": 2}', '{"a', convert_to('"\u0000"', 'UTF8')], external_id => 'not a uuid');
SELECT stream_name = 'mdbother-' || azr_root('mdbother', '1') AS by_root, type, position, data, id = azr_root('mdbother', azr_root('mdbother', '1') || ':' || position)::text AS made_id
FROM get_category_messages('mdbother');
SELECT array_agg(type) FROM get_stream_messages('mdbother-1');
SELECT count(DISTINCT id) FROM get_stream_messages('mdbother-1');
SELECT write_message(uuid_of(1), 'mdbother-1', 'F', '{}', NULL, 4);
SELECT DISTINCT stream_name FROM get_category_messages('mdbother');

-- Cascades: only what is effective is read. What becomes effective together has one position, and is read together.
SELECT outcome FROM azr_append('mdbcascade', NULL, azr_root('mdbcascade', '1'), 0, types(3), payloads(3), cascade_id => 'mdb 1', committed => false);
SELECT outcome FROM azr_append('mdbcascade', NULL, azr_root('mdbcascade', '1'), 3, types(1), payloads(1));
SELECT position, type, data IS NULL AS no_data FROM get_stream_messages('mdbcascade-1');
SELECT position, type FROM get_last_stream_message('mdbcascade-1', 'T1');
SELECT position, type FROM get_last_stream_message('mdbcascade-1', 'T2');
SELECT array_agg(position) FROM get_category_messages('mdbcascade');
SELECT azr_confirm_cascade('mdb 1');
SELECT position, type FROM get_stream_messages('mdbcascade-1');
SELECT position, type FROM get_last_stream_message('mdbcascade-1', 'T2');
SELECT array_agg(position), count(DISTINCT global_position) FROM get_category_messages('mdbcascade');
SELECT array_agg(position), count(DISTINCT global_position) FROM get_category_messages('mdbcascade', batch_size => 2);
SELECT outcome FROM azr_append('mdbcascade', NULL, azr_root('mdbcascade', '1'), 5, types(1), payloads(1), cascade_id => 'mdb 2', committed => false);
SELECT azr_revoke_cascade('mdb 2', 'no');
SELECT position, type FROM get_last_stream_message('mdbcascade-1', 'T1');
SELECT array_agg(position) FROM get_category_messages('mdbcascade');

-- The script can be run again, and names stay.
RESET search_path;
\set ECHO none
\i :script
\set ECHO all
\set ON_ERROR_STOP off
SELECT stream_name FROM message_store.get_category_messages('mdbown') LIMIT 1;

SET client_min_messages = warning;
DROP FUNCTION places;
DROP SCHEMA message_store CASCADE;
DROP FUNCTION uuid_of;
RESET client_min_messages;
