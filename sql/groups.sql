-- Groups: workers that share the feed. test/isolation has their races, and test/t/026_groups.pl
-- what workers do that are stopped at any time.
\pset format unaligned
\pset tuples_only on
\set a '00000000-0000-0000-0000-00000000000a'
\set b '00000000-0000-0000-0000-00000000000b'
\set VERBOSITY terse
SELECT azr_feed_advance(9223372036854775807) > -1;
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
