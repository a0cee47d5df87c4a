-- Groups: workers that share the feed. test/isolation has their races, and test/t/026_groups.pl
-- what workers do that are stopped at any time.
\pset format unaligned
\pset tuples_only on
\set a '00000000-0000-0000-0000-00000000000a'
\set b '00000000-0000-0000-0000-00000000000b'
\set VERBOSITY terse
SELECT azr_feed_advance(9223372036854775807) IS NOT NULL;
SELECT azr_feed_head() AS h \gset

-- a group gets what is not handled yet, in the order of the feed, and one partition at a time
SELECT azr_group_create('one', 1, :h);
SELECT outcome FROM azr_append('groups', NULL, :'a', 0, types(3), payloads(3), correlation_id => 'g', metadata => ARRAY['{"n": 1}', NULL, NULL]::jsonb[]);
SELECT outcome FROM azr_append('groups', NULL, :'b', 0, types(2), payloads(2));
SELECT azr_feed_advance() - :h;
SELECT partition, token, position - :h, domain, edition, root, sequence, type, convert_from(payload, 'UTF8'), metadata, created_at < now() AS before, correlation_id, committed FROM azr_fetch('one');
SELECT count(*) FROM azr_fetch('one');

-- COMMIT acknowledges, ROLLBACK gives back; what is fetched twice in one transaction goes on
SELECT outcome FROM azr_append('groups', NULL, :'a', 3, types(4), payloads(4));
SELECT azr_feed_advance() - :h;
BEGIN;
SELECT position - :h, sequence FROM azr_fetch('one', 1);
SAVEPOINT s;
SELECT position - :h, sequence FROM azr_fetch('one', 1);
SELECT position - :h, sequence FROM azr_fetch('one', 1);
ROLLBACK TO s;
SELECT position - :h, sequence FROM azr_fetch('one', 2);
ROLLBACK;
SELECT position - :h, sequence FROM azr_fetch('one', 3);
SELECT position - :h, sequence FROM azr_fetch('one', 3);
SELECT count(*) FROM azr_fetch('one', 3);

-- who finds nothing numbers what there is, and the next one gets it
SELECT outcome FROM azr_append('groups', NULL, :'a', 7, types(1), payloads(1));
SELECT count(*) FROM azr_fetch('one');
SELECT position - :h, sequence FROM azr_fetch('one');

-- only some domains and types
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('other', after => :h, domains => ARRAY['groups.other']), azr_group_create('types', 2, :h, types => ARRAY['T2', 'Other']),
	azr_group_create('both', 3, :h, ARRAY['groups.other', 'nowhere'], ARRAY['Other']), azr_group_create('none', 3, :h, '{}'), azr_group_create('no type', 3, :h, types => '{}');
SELECT outcome FROM azr_append('groups', NULL, :'b', 2, types(2), payloads(2));
SELECT outcome FROM azr_append('groups.other', NULL, :'a', 0, ARRAY['T1', 'Other'], payloads(2));
SELECT azr_feed_advance() - :h;
SELECT position - :h, domain, type FROM azr_fetch('other', partitions => 8);
SELECT position - :h, domain, type FROM azr_fetch('types', partitions => 2);
SELECT position - :h, domain, type FROM azr_fetch('both', partitions => 3);
SELECT count(*) FROM azr_fetch('none', partitions => 3) a, azr_fetch('no type', partitions => 3) b;

-- The partition of a stream never changes: here are the bits mixed once more, by numeric.
CREATE FUNCTION multiply(a bigint, b numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN p >= 9223372036854775808 THEN p - 18446744073709551616 ELSE p END::bigint FROM mod(CASE WHEN a < 0 THEN a + 18446744073709551616 ELSE a END * b, 18446744073709551616) p $$;
CREATE FUNCTION fold(a bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT a # ((a >> 33) & 2147483647) $$;
CREATE FUNCTION partition_of(stream_id bigint, partitions int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT mod(CASE WHEN m < 0 THEN m + 18446744073709551616 ELSE m END, partitions)::int FROM fold(multiply(fold(multiply(fold(stream_id), 18397679294719823053)), 14181476777654086739)) m $$;
SELECT array_agg(partition_of(i, 8) ORDER BY i), array_agg(partition_of(i, 4096) ORDER BY i) FROM unnest(ARRAY[1, 2, 3, 4, 5, 1000, 1000000, 9223372036854775807]) i;
SELECT azr_feed_head() AS h \gset
SELECT count(*) FROM (SELECT azr_append('groups.many', NULL, azr_root('groups', i::text), 0, types(2), payloads(2)) FROM generate_series(1, 300) i) a;
SELECT azr_feed_advance() - :h;
SELECT azr_group_create('many', 4096, :h), azr_group_create('seven', 7, :h);
SELECT count(*), count(DISTINCT partition) > 200, count(*) FILTER (WHERE partition <> partition_of(stream_id, 4096))
FROM azr_fetch('many', 1000, 4096) f JOIN azr_streams s ON (s.domain, s.root, s.edition) = (f.domain, f.root, f.edition);
SELECT partition, count(*) > 50, count(*) FILTER (WHERE partition <> partition_of(stream_id, 7)), array_agg(DISTINCT sequence)
FROM azr_fetch('seven', 1000, 7) f JOIN azr_streams s ON (s.domain, s.root, s.edition) = (f.domain, f.root, f.edition) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM azr_fetch('many', partitions => 4096) a, azr_fetch('seven', partitions => 7) b;

-- one partition after the other, and some at once: each event once, in order
SELECT azr_group_seek('seven', :h);
CREATE TABLE got (id serial, partition int, position bigint, root uuid, sequence bigint);
DO $$ BEGIN FOR i IN 1 .. 80 LOOP
	INSERT INTO got (partition, position, root, sequence) SELECT partition, position, root, sequence FROM azr_fetch('seven', 11, 1 + i % 3);
	IF i % 10 = 0 THEN COMMIT; END IF;
END LOOP; END $$;
SELECT count(*), count(DISTINCT position), count(DISTINCT partition), max(position) - :h FROM got;
SELECT count(*) FROM (SELECT sequence <> row_number() OVER (PARTITION BY root ORDER BY id) - 1 AS wrong FROM got) g WHERE wrong;

-- a partition that has nothing follows the others, so that nobody looks through the same again; it is not given
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('one stream', 3, :h, ARRAY['groups.one']);
SELECT outcome FROM azr_append('groups.one', NULL, azr_root('groups', 'one'), 0, types(300), payloads(300));
SELECT azr_feed_advance() - :h;
SELECT partition_of(stream_id, 3) AS p FROM azr_streams WHERE domain = 'groups.one' \gset
SELECT count(*) FROM azr_fetch('one stream', 150);
SELECT count(*) FROM azr_fetch('one stream', 10);
SELECT partition = :p AS its, position - :h AS position FROM azr_groups('one stream') ORDER BY 1 DESC, 2;
-- who has leased it can acknowledge it after that
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('late', 2, :h, ARRAY['groups.late']);
SELECT outcome FROM azr_append('groups.other', NULL, azr_root('groups', 'late'), NULL, types(150), payloads(150));
SELECT count(*) FROM (SELECT azr_append('groups.late', NULL, azr_root('groups', i::text), 0, types(1), payloads(1)) FROM generate_series(1, 12) i) a;
SELECT azr_feed_advance() - :h;
CREATE TEMP TABLE leased AS SELECT * FROM azr_fetch('late', 100, 2, '1 microsecond');
SELECT count(*), count(DISTINCT partition) FROM leased;
SELECT partition AS taken, position - :h AS first FROM azr_fetch('late', 1) \gset
SELECT :first, count(azr_ack('late', partition, token, last)) FROM (SELECT partition, token, max(position) AS last FROM leased WHERE partition <> :taken GROUP BY partition, token) l;
DROP TABLE leased;
-- what has nothing for the group is passed over: now and then that is written down, and mostly nothing is
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('rare', 2, :h, ARRAY['groups.rare']);
SELECT count(*) FROM (SELECT azr_append('groups.many', NULL, azr_root('groups', i::text), NULL, types(10), payloads(10)) FROM generate_series(1, 10) i) a;
SELECT azr_feed_advance() - :h;
BEGIN;
SELECT count(*) FROM azr_fetch('rare');
SELECT partition, position - :h, head - :h, behind, pg_current_xact_id_if_assigned() IS NULL AS nothing_written FROM azr_groups('rare');
COMMIT;
SELECT outcome FROM azr_append('groups.many', NULL, azr_root('groups', '1'), NULL, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
SELECT count(*) FROM azr_fetch('rare');
SELECT partition, position - :h, head - :h, behind FROM azr_groups('rare');
SELECT outcome FROM azr_append('groups.rare', NULL, azr_root('groups', 'rare'), 0, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
SELECT partition = (SELECT partition_of(stream_id, 2) FROM azr_streams WHERE domain = 'groups.rare') AS its, position - :h FROM azr_fetch('rare');
BEGIN;
SELECT count(*) FROM azr_fetch('rare');
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;

-- what becomes effective is given when it does, and never in parts
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('effective', 1, :h);
SELECT outcome FROM azr_append('groups.cascade', NULL, :'a', NULL, ARRAY['A1', 'A2'], payloads(2), cascade_id => 'groups-1', committed => false);
SELECT outcome FROM azr_append('groups.cascade', NULL, :'a', NULL, ARRAY['Between'], payloads(1));
SELECT outcome FROM azr_append('groups.cascade', NULL, :'a', NULL, ARRAY['Never'], payloads(1), cascade_id => 'groups-2', committed => false);
SELECT azr_confirm_cascade('groups-1'), azr_revoke_cascade('groups-2', 'no');
SELECT outcome FROM azr_append('groups.cascade', NULL, :'a', NULL, ARRAY['After'], payloads(1));
SELECT azr_feed_advance() - :h;
SELECT position - :h, sequence, type FROM azr_fetch('effective', 1);
SELECT position - :h, sequence, type FROM azr_fetch('effective', 1);
SELECT position - :h, sequence, type FROM azr_fetch('effective', 1);
SELECT count(*) FROM azr_fetch('effective', 1);

-- leases: the position moves when it is acknowledged, and nobody else gets the partition before
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('leased', 1, :h, ARRAY['groups.leased']);
SELECT count(*) FROM (SELECT azr_append('groups.leased', NULL, azr_root('groups', i::text), 0, types(2), payloads(2)) FROM generate_series(1, 3) i) a;
SELECT outcome FROM azr_append('groups.many', NULL, azr_root('groups', '1'), NULL, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
SELECT token, array_agg(position - :h ORDER BY position) AS given FROM azr_fetch('leased', 4, lease => '1 hour') GROUP BY 1 \gset
SELECT :'token' IS NOT NULL, :'given';
SELECT count(*) FROM azr_fetch('leased') a, azr_fetch('leased', lease => '1 hour') b;
SELECT position - :h, behind, oldest > '0' AS oldest, leased_until > now() + '59 min' AS leased FROM azr_groups('leased');
SELECT azr_ack('leased', 0, :'token', :h + 2);
SELECT position - :h, leased_until > now() AS leased FROM azr_groups('leased');
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 1)) ~ '^22023 \| argument "position" must be between \d+ and \d+, but is \d+ ';
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 5)) ~ '^22023 ';
SELECT outcome(format('SELECT azr_ack(%L, 0, gen_random_uuid(), %s)', 'leased', :h + 4));
SELECT outcome(format('SELECT azr_ack(%L, 1, %L, %s)', 'leased', :'token', :h + 4));
SELECT azr_ack('leased', 0, :'token', :h + 4);
SELECT azr_ack('leased', 0, :'token', :h + 4);
SELECT position - :h, leased_until FROM azr_groups('leased');
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 3)) ~ '^22023 ';
-- what comes after the last event that was given is done with too
SELECT token FROM azr_fetch('leased', 4, lease => '1 hour') LIMIT 1 \gset
SELECT azr_ack('leased', 0, :'token', :h + 6);
SELECT position - :h, behind FROM azr_groups('leased');
SELECT azr_ack('leased', 0, :'token', :h + 7);
-- one that has run out: it can be acknowledged, unless another one has been given it
SELECT azr_group_seek('leased', :h);
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 7));
SELECT token FROM azr_fetch('leased', 4, lease => '1 microsecond') LIMIT 1 \gset
SELECT azr_ack('leased', 0, :'token', :h + 1);
SELECT array_agg(position - :h), count(DISTINCT token), bool_or(token = :'token') FROM azr_fetch('leased', 2, lease => '1 microsecond');
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 2));
SELECT token FROM azr_fetch('leased', 2, lease => '1 microsecond') LIMIT 1 \gset
BEGIN;
SELECT array_agg(position - :h), count(token) FROM azr_fetch('leased', 2);
ROLLBACK;
SELECT azr_ack('leased', 0, :'token', :h + 2);
SELECT array_agg(position - :h) FROM azr_fetch('leased', 2);
SELECT outcome(format('SELECT azr_ack(%L, 0, %L, %s)', 'leased', :'token', :h + 3));

-- parked: an event and the later ones of its stream, for this group alone, until they are retried
SELECT azr_feed_head() AS h \gset
SELECT azr_group_create('parking', 3, :h, ARRAY['groups.parking'], ARRAY['T1', 'T2', 'T3']), azr_group_create('beside', 1, :h, ARRAY['groups.parking']);
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 0, ARRAY['T1', 'T2', 'Other', 'T3'], payloads(4));
SELECT outcome FROM azr_append('groups.parking', NULL, :'b', 0, types(2), payloads(2));
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 4, types(3), payloads(3));
SELECT azr_feed_advance() - :h;
BEGIN;
SELECT position - :h, root, type FROM azr_fetch('parking', 2, 3);
SELECT azr_park('parking', :h + 2, 'not now');
COMMIT;
SELECT handler, domain, root, position - :h, sequence, parked_at < now() AS before, reason, waiting FROM azr_parked();
SELECT sum(parked) FROM azr_groups('parking');
SELECT position - :h, root, type FROM azr_fetch('parking', partitions => 3);
SELECT count(*) FROM azr_fetch('beside');
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 7, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
SELECT count(*) FROM azr_fetch('parking', partitions => 3);
SELECT position - :h, sequence, waiting FROM azr_parked('parking');
BEGIN;
SELECT position - :h, root, type FROM azr_retry('parking', max_count => 3);
SELECT position - :h, sequence, waiting FROM azr_parked('parking');
ROLLBACK;
BEGIN;
SELECT position - :h, type FROM azr_retry('parking', 'groups.parking', :'a', 3);
-- fails again
SELECT azr_park('parking', :h + 4, 'still not');
COMMIT;
SELECT position - :h, sequence, reason, waiting FROM azr_parked('parking');
SELECT position - :h, type FROM azr_retry('parking', 'groups.parking', :'b') UNION ALL SELECT position, type FROM azr_retry('parking', 'elsewhere');
SELECT position - :h, type FROM azr_retry('parking', 'groups.parking', max_count => 2);
SELECT position - :h, sequence, reason, waiting FROM azr_parked('parking');
SELECT position - :h, type FROM azr_retry('parking');
SELECT count(*) FROM azr_parked('parking') a, azr_retry('parking') b, azr_parked_streams;
SELECT position - :h, type FROM azr_fetch('parking');
-- with a lease: what is leased is given by the retry
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 8, types(3), payloads(3));
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 11, types(2), payloads(2));
SELECT azr_feed_advance() - :h;
SELECT position - :h, type FROM azr_fetch('parking', lease => '1 microsecond');
SELECT partition, token FROM azr_group_partitions WHERE handler = 'parking' AND token IS NOT NULL \gset
SELECT azr_park('parking', :h + 13, 'leased'), azr_park('parking', :h + 12, 'earlier'), azr_park('parking', :h + 14, 'later');
SELECT position - :h, sequence, reason FROM azr_parked('parking');
SELECT azr_ack('parking', :partition, :'token', :h + 11);
-- the worker passes over what another one is given
SELECT position - :h, type FROM azr_retry('parking', max_count => 2);
BEGIN;
SELECT position - :h, type FROM azr_fetch('parking');
ROLLBACK;
SELECT position - :h, type FROM azr_retry('parking');
SELECT parked_from, done_below - :h AS done_below FROM azr_parked_streams;
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', 13, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
BEGIN;
SELECT position - :h, type FROM azr_fetch('parking');
ROLLBACK;
SELECT azr_ack('parking', :partition, :'token', :h + 15);
SELECT count(*) FROM azr_parked_streams;
SELECT position - :h, type FROM azr_fetch('parking');
-- what becomes effective at one position is parked and retried as one
SELECT azr_group_seek('effective', azr_feed_head());
SELECT azr_feed_head() AS h \gset
SELECT outcome FROM azr_append('groups.cascade', NULL, :'b', NULL, ARRAY['First'], payloads(1));
SELECT outcome FROM azr_append('groups.cascade', NULL, :'b', NULL, ARRAY['B1', 'B2'], payloads(2), cascade_id => 'groups-3', committed => false);
SELECT azr_confirm_cascade('groups-3');
SELECT outcome FROM azr_append('groups.cascade', NULL, :'b', NULL, ARRAY['Last'], payloads(1));
SELECT azr_feed_advance() - :h;
BEGIN;
SELECT position - :h, type FROM azr_fetch('effective');
SELECT azr_park('effective', :h + 1, 'first');
COMMIT;
SELECT position - :h, sequence, type FROM azr_retry('effective', max_count => 2);
SELECT position - :h, sequence, waiting FROM azr_parked('effective');
SELECT position - :h, sequence, type FROM azr_retry('effective', max_count => 2);
-- a stream is found in many batches
SELECT azr_park('beside', :h - 1, 'far');
SELECT azr_feed_head() AS h \gset
SELECT count(*) FROM (SELECT azr_append('groups.many', NULL, azr_root('groups', i::text), NULL, types(1), payloads(1)) FROM generate_series(1, 300) i) a;
SELECT azr_feed_advance(150) - :h, azr_feed_advance(150) - :h;
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', NULL, types(3), payloads(3));
SELECT count(*) FROM (SELECT azr_append('groups.many', NULL, azr_root('groups', i::text), NULL, types(1), payloads(1)) FROM generate_series(1, 300) i) a;
SELECT azr_feed_advance() - :h;
SELECT outcome FROM azr_append('groups.parking', NULL, :'a', NULL, types(1), payloads(1));
SELECT azr_feed_advance() - :h;
SELECT count(*) FROM azr_fetch('beside');
SELECT position < :h, type FROM azr_retry('beside', max_count => 2);
SELECT position - :h, type FROM azr_retry('beside', max_count => 4);
SELECT position - :h, type FROM azr_retry('beside');

-- back, forward, and gone
SELECT azr_park('beside', :h + 301, 'forgotten');
SELECT azr_group_seek('beside', :h + 302);
SELECT count(*) FROM azr_parked('beside');
SELECT position - :h, type FROM azr_fetch('beside');
SELECT count(*), sum(behind) FROM azr_groups('beside');
SELECT handler, count(*), count(oldest), count(leased_until), sum(parked) FROM azr_groups() GROUP BY 1 ORDER BY 1;
SELECT azr_group_drop('beside'), azr_group_drop('beside'), azr_group_drop('never');
SELECT count(*) FROM azr_groups('beside');
SELECT azr_group_create('beside', 2, domains => ARRAY['groups.parking']);
SELECT count(*) FROM azr_fetch('beside', partitions => 2);

-- bad input
SELECT outcome($$SELECT azr_fetch('nobody')$$), outcome($$SELECT azr_ack('nobody', 0, gen_random_uuid(), 1)$$), outcome($$SELECT azr_park('nobody', 1, 'x')$$);
SELECT outcome($$SELECT azr_retry('nobody')$$), outcome($$SELECT azr_group_seek('nobody', -1)$$);
SELECT outcome($$SELECT azr_group_create('one')$$);
SELECT outcome($$SELECT azr_group_create('new', 0)$$), outcome($$SELECT azr_group_create('new', 4097)$$), outcome($$SELECT azr_group_create('new', NULL)$$);
SELECT outcome($$SELECT azr_group_create('new', after => -2)$$), outcome($$SELECT azr_group_create('new', after => NULL)$$), outcome($$SELECT azr_group_create('')$$), outcome($$SELECT azr_group_create(NULL)$$);
SELECT outcome($$SELECT azr_group_create('new', domains => ARRAY['a', NULL])$$), outcome($$SELECT azr_group_create('new', types => '{{a}}')$$);
SELECT outcome($$SELECT azr_group_create('new', after => azr_feed_head() + 1)$$) ~ '^ZR009 \| the feed has no position \d+ ', outcome($$SELECT azr_group_seek('one', azr_feed_head() + 1)$$) ~ '^ZR009 ', outcome($$SELECT azr_park('one', azr_feed_head() + 1, 'x')$$) ~ '^ZR009 ';
SELECT outcome($$SELECT azr_fetch('one', 0)$$), outcome($$SELECT azr_fetch('one', -1)$$), outcome($$SELECT azr_fetch('one', NULL)$$);
SELECT outcome($$SELECT azr_fetch('one', partitions => 0)$$), outcome($$SELECT azr_fetch('one', partitions => NULL)$$);
SELECT outcome($$SELECT azr_fetch('one', lease => '0')$$), outcome($$SELECT azr_fetch('one', lease => '-1 s')$$), outcome($$SELECT azr_fetch('one', lease => '300000 years')$$);
SELECT outcome($$SELECT azr_ack('one', NULL, gen_random_uuid(), 1)$$), outcome($$SELECT azr_ack('one', 0, NULL, 1)$$), outcome($$SELECT azr_ack('one', 0, gen_random_uuid(), NULL)$$), outcome($$SELECT azr_ack('one', -1, gen_random_uuid(), 1)$$);
SELECT outcome($$SELECT azr_ack('one', 0, gen_random_uuid(), 1)$$);
SELECT outcome($$SELECT azr_park('other', 0, 'x')$$), outcome($$SELECT azr_park('one', -1, 'x')$$), outcome($$SELECT azr_park('one', NULL, 'x')$$), outcome($$SELECT azr_park('one', 1, NULL)$$);
SELECT outcome($$SELECT azr_retry('one', root => gen_random_uuid())$$), outcome($$SELECT azr_retry('one', max_count => 0)$$), outcome($$SELECT azr_retry('one', '')$$);
SELECT outcome($$SELECT azr_groups('')$$), outcome($$SELECT azr_parked('')$$);
BEGIN READ ONLY;
SELECT count(*) > 0 FROM azr_groups() a, azr_parked() b;
SELECT outcome($$SELECT azr_group_create('new')$$), outcome($$SELECT azr_group_drop('one')$$), outcome($$SELECT azr_group_seek('one', -1)$$), outcome($$SELECT azr_fetch('one')$$),
	outcome($$SELECT azr_ack('one', 0, gen_random_uuid(), 1)$$), outcome($$SELECT azr_park('one', 0, 'x')$$), outcome($$SELECT azr_retry('one')$$);
COMMIT;
-- a trigger must not keep positions from being stored
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON azr_group_partitions FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT azr_group_create('new');
SELECT azr_fetch('none', 500, 3) FROM azr_group_seek('none', -1);
CREATE TRIGGER t BEFORE INSERT ON azr_parked_streams FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT azr_park('one', 0, 'x');
DROP FUNCTION drop_row CASCADE;
-- nor must rows that are no partitions of the group harm
SELECT azr_group_create('strange', 2);
INSERT INTO azr_group_partitions (handler, partition, position) SELECT 'strange', p, -1 FROM unnest('{-2147483648,-1000000,-1,2,1000000,2147483647}'::int[]) p;
SELECT count(*) > 0 AS any, min(partition) >= 0 AND max(partition) < 2 AS sound FROM azr_fetch('strange', 500, 4096);
SELECT count(*) FROM azr_group_partitions WHERE handler = 'strange' AND partition NOT BETWEEN 0 AND 1 AND position = -1;
SELECT count(azr_group_drop(handler)) FROM azr_registered_groups;
SELECT (SELECT count(*) FROM azr_group_partitions), (SELECT count(*) FROM azr_parked_streams);
DROP TABLE got;
DROP FUNCTION multiply, fold, partition_of;
