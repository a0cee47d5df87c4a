-- The feed: every committed event of the main timeline in one order. The stress test,
-- test/t/024_feed.pl, and the isolation tests look at what races there are.
\pset format unaligned
\pset tuples_only on
\set a '00000000-0000-0000-0000-00000000000a'
\set b '00000000-0000-0000-0000-00000000000b'
\set VERBOSITY terse

-- all that the tests before have appended
SELECT azr_feed_advance(9223372036854775807) > -1;
SELECT count(*) = (SELECT count(*) FROM azr_main_events), count(DISTINCT position) = count(*), min(position), max(position) = azr_feed_head()
FROM azr_feed(-1, NULL);
SELECT count(*) FROM (SELECT sequence <> lag(sequence, 1, -1::bigint) OVER (PARTITION BY domain, root ORDER BY position) + 1 AS wrong FROM azr_feed(-1, NULL)) f WHERE wrong;
SELECT azr_feed_head() AS h \gset

-- what is not numbered has no position yet; numbering again finds nothing
SELECT outcome FROM azr_append('feed', NULL, :'a', 0, types(3), payloads(3), correlation_id => 'f', metadata => ARRAY['{"n": 1}', NULL, NULL]::jsonb[]);
SELECT count(*) FROM azr_feed(:h);
SELECT azr_feed_advance() - :h, azr_feed_advance() - :h, azr_feed_head() - :h;
SELECT position - :h, domain, edition, root, sequence, type, convert_from(payload, 'UTF8'), metadata, created_at = now() AS now, correlation_id, committed FROM azr_feed(:h);

-- pages: also ones that begin or end within an append, and an append of several at one
SELECT outcome FROM azr_append('feed', NULL, :'b', 0, types(1), payloads(1));
SELECT outcome FROM azr_append('feed', NULL, :'a', 3, types(2), payloads(2));
SELECT azr_feed_advance() - :h;
SELECT p, string_agg(f.position - :h || ' ' || f.sequence, ', ' ORDER BY f.position) FROM generate_series(0, 6) p LEFT JOIN azr_feed(:h + p, 2) f ON true GROUP BY p ORDER BY p;
SELECT p, string_agg(f.position - :h || ' ' || f.sequence, ', ' ORDER BY f.position) FROM generate_series(1, 6) p LEFT JOIN azr_feed(:h, p) f ON true GROUP BY p ORDER BY p;
SELECT count(*) FROM azr_feed(:h, 0);
SELECT count(*) FROM azr_feed(:h, 9223372036854775807);
SELECT count(*) FROM azr_feed(azr_feed_head());

-- only some domains or types; positions that do not match count for max_count
SELECT outcome FROM azr_append('feed.other', NULL, :'a', 0, ARRAY['T1', 'Other'], payloads(2));
SELECT azr_feed_advance() - :h;
SELECT position - :h, domain, sequence FROM azr_feed(:h, domains => ARRAY['feed.other']);
SELECT position - :h, domain, type FROM azr_feed(:h, types => ARRAY['T2', 'Other']);
SELECT position - :h, domain, type FROM azr_feed(:h, domains => ARRAY['feed.other', 'nowhere'], types => ARRAY['Other']);
SELECT count(*) FROM azr_feed(:h, 6, domains => ARRAY['feed.other']);
SELECT count(*) FROM azr_feed(:h, domains => '{}') a, azr_feed(:h, types => '{}') b;

-- editions are not in it, and neither is what was rolled back
SELECT outcome FROM azr_append('feed', 'branch', :'a', 2, types(2), payloads(2));
BEGIN;
SELECT outcome FROM azr_append('feed', NULL, :'a', 5, types(4), payloads(4));
ROLLBACK;
BEGIN;
SELECT outcome FROM azr_append('feed', NULL, :'a', 5, ARRAY['Kept'], payloads(1));
SAVEPOINT s;
SELECT outcome FROM azr_append('feed', NULL, :'a', 6, ARRAY['Lost'], payloads(1));
ROLLBACK TO s;
SELECT outcome FROM azr_append('feed', NULL, :'a', 6, ARRAY['Kept too'], payloads(1));
-- its own events have no position before it has committed
SELECT azr_feed_advance() - :h;
COMMIT;
SELECT in_flight, oldest_pid, oldest_in_flight FROM azr_feed_status();
SELECT azr_feed_advance() - :h;
SELECT in_flight FROM azr_feed_status();
SELECT position - :h, sequence, type FROM azr_feed(:h + 8);

-- a numbering that is rolled back
BEGIN;
SELECT outcome FROM azr_append('feed', NULL, :'b', 1, types(1), payloads(1));
COMMIT;
BEGIN;
SELECT azr_feed_advance() - :h;
ROLLBACK;
SELECT azr_feed_head() - :h;
SELECT azr_feed_advance() - :h;

-- a few appends at a time; small batches become one
SELECT count(*) FROM (SELECT azr_append('feed', NULL, azr_root('feed', i::text), 0, types(1), payloads(1)) FROM generate_series(1, 7) i) a;
SELECT azr_feed_advance(0) - :h, azr_feed_advance(3) - :h, azr_feed_advance(3) - :h, azr_feed_advance(3) - :h, azr_feed_advance(3) - :h;
SELECT count(*), max(appends) <= 200 FROM azr_feed_batches WHERE first_position > :h;
SELECT count(*) FROM (SELECT azr_append('feed', NULL, azr_root('feed', i::text), 0, types(1), payloads(1)) FROM generate_series(8, 1000) i) a;
SELECT azr_feed_advance() - :h;
SELECT max(appends) AS most, sum(events) = azr_feed_head() + 1 AS all_events, sum(appends) = (SELECT count(ticket) FROM azr_main_events) AS all_appends FROM azr_feed_batches;
SELECT count(*), count(DISTINCT root) FROM azr_feed(:h + 19, NULL) WHERE domain = 'feed';

-- what is effective: pending events when they are confirmed, revoked ones never, the framework's own not
SELECT azr_feed_head() AS h \gset
SELECT outcome FROM azr_append('feed.cascade', NULL, :'a', NULL, ARRAY['A1', 'A2'], payloads(2), cascade_id => 'feed-1', committed => false);
SELECT outcome FROM azr_append('feed.cascade', NULL, :'a', NULL, ARRAY['Between'], payloads(1));
SELECT outcome FROM azr_append('feed.cascade', NULL, :'b', NULL, ARRAY['B1'], payloads(1), cascade_id => 'feed-1', committed => false);
SELECT outcome FROM azr_append('feed.cascade', NULL, :'b', NULL, ARRAY['Never'], payloads(1), cascade_id => 'feed-2', committed => false);
SELECT outcome FROM azr_append('feed.cascade', NULL, :'a', NULL, ARRAY['C1'], payloads(1), cascade_id => 'feed-3', committed => false);
SELECT azr_confirm_cascade('feed-1'), azr_revoke_cascade('feed-2', 'no');
SELECT outcome FROM azr_append('feed.cascade', NULL, :'a', NULL, ARRAY['By hand', 'Later'], payloads(2), cascade_id => 'feed-3');
SELECT azr_feed_advance() - :h;
SELECT position - :h, root, sequence, substring(type from '[^.]*$') FROM azr_feed(:h);
SELECT position - :h, root, sequence, substring(type from '[^.]*$') FROM azr_feed(:h, effective => true);
SELECT position - :h, root, sequence, type FROM azr_feed(:h, effective => true, types => ARRAY['A2', 'C1']);
SELECT p, string_agg(f.position - :h || ' ' || f.sequence, ', ') FROM generate_series(5, 10) p LEFT JOIN azr_feed(:h + p, 1, effective => true) f ON true GROUP BY p ORDER BY p;

-- waiting
SELECT azr_feed_wait(:h) = azr_feed_head(), azr_feed_wait(azr_feed_head(), '0') = azr_feed_head();
SELECT outcome($$SELECT azr_feed_wait(azr_feed_head() + 1, '1 ms')$$) ~ '^ZR009 ';
SELECT outcome FROM azr_append('feed', NULL, :'a', NULL, types(1), payloads(1));
SELECT azr_feed_wait(azr_feed_head(), '1 hour') - azr_feed_head();
BEGIN READ ONLY;
SELECT azr_feed_wait(-1) = azr_feed_head(), azr_feed_wait(azr_feed_head(), '1 ms') = azr_feed_head();
COMMIT;

-- bad input
SELECT outcome($$SELECT azr_feed(azr_feed_head() + 1)$$) ~ '^ZR009 \| the feed has no position \d+ \| Its last position is \d+. \| ';
SELECT outcome($$SELECT azr_feed(-2)$$);
SELECT outcome($$SELECT azr_feed(NULL)$$);
SELECT outcome($$SELECT azr_feed(-1, -1)$$);
SELECT outcome($$SELECT azr_feed(-1, 1, ARRAY['a', NULL])$$);
SELECT outcome($$SELECT azr_feed(-1, 1, types => '{{a}}')$$);
SELECT outcome($$SELECT azr_feed(-1, 1, effective => NULL)$$);
SELECT outcome($$SELECT azr_feed_advance(-1)$$);
SELECT outcome($$SELECT azr_feed_advance(NULL)$$);
SELECT outcome($$SELECT azr_feed_wait(NULL)$$);
SELECT outcome($$SELECT azr_feed_wait(-1, NULL)$$);
SELECT outcome($$SELECT azr_feed_wait(-1, '-1 s')$$);
SELECT outcome($$SELECT azr_feed_wait(-1, '100 years')$$);
BEGIN READ ONLY;
SELECT azr_feed_advance();
ROLLBACK;
-- azr_check sees positions that are missing, and events that can get none
SELECT * FROM azr_check();
BEGIN;
SELECT min(first_position) AS second FROM azr_feed_batches WHERE first_position > 0 \gset
DELETE FROM azr_feed_batches WHERE first_position = 0;
UPDATE azr_feed_state SET next_position = next_position + 3;
SELECT problem, replace(replace(replace(regexp_replace(detail, 'passed \d+', 'passed all'), (:second)::text, 'N'), (azr_feed_head() - 3)::text, 'last'), (azr_feed_head() + 1)::text, 'next') FROM azr_check() ORDER BY 2;
ROLLBACK;
-- what numbering has passed is not looked at again, so no append gets such a ticket, whatever rows there are
UPDATE azr_feed_state SET next_ticket = next_ticket + 5000;
\c -
SELECT outcome FROM azr_append('feed', NULL, '00000000-0000-0000-0000-00000000000a', NULL, ARRAY['Passed'], ARRAY['x'::bytea]);
SELECT azr_feed_wait(azr_feed_head()) - azr_feed_head();
SELECT type FROM azr_feed(azr_feed_head() - 1);
-- tickets must come in order
ALTER SEQUENCE azr_tickets CACHE 10;
\set VERBOSITY default
SELECT azr_append('feed', NULL, '00000000-0000-0000-0000-00000000000a', NULL, ARRAY['Never'], ARRAY['x'::bytea]);
ALTER SEQUENCE azr_tickets CACHE 1 CYCLE;
\set VERBOSITY terse
SELECT azr_append('feed', NULL, '00000000-0000-0000-0000-00000000000a', NULL, ARRAY['Never'], ARRAY['x'::bytea]);
ALTER SEQUENCE azr_tickets NO CYCLE;
-- and not again, in a session that has got a higher one
SELECT setval('azr_tickets', 1, false);
SELECT (azr_append('feed', NULL, '00000000-0000-0000-0000-00000000000a', NULL, ARRAY['Back'], ARRAY['x'::bytea])).outcome;
SELECT azr_feed_wait(azr_feed_head()) - azr_feed_head();
SELECT * FROM azr_check();
-- a feed without a batch does not end there
BEGIN;
DELETE FROM azr_feed_batches WHERE first_position = (SELECT max(first_position) FROM azr_feed_batches);
SELECT regexp_replace(outcome($$SELECT azr_feed(azr_feed_head() - 1)$$), '\d{4,}', 'N', 'g');
ROLLBACK;
-- the numbers of tickets go past rows that came in by themselves
SELECT setval('azr_tickets', 1, false);
\c -

SELECT outcome FROM azr_append('feed', NULL, '00000000-0000-0000-0000-00000000000a', NULL, ARRAY['After'], ARRAY['x'::bytea]);
SELECT azr_feed_wait(azr_feed_head()) - azr_feed_head();
SELECT type FROM azr_feed(azr_feed_head() - 1);

-- The events of one append mostly stand one behind the other in the table. Here the place behind the first one has
-- the next sequence of another stream, and the second one stands elsewhere.
VACUUM FULL azr_main_events;
SELECT azr_feed_advance() AS h \gset
SELECT outcome FROM azr_append('feed.places', NULL, :'a', 0, types(1), payloads(1));
BEGIN;
SELECT outcome FROM azr_append('feed.places', NULL, :'b', 0, types(1), payloads(1));
ROLLBACK;
SELECT outcome FROM azr_append('feed.places', NULL, :'a', 1, types(1), payloads(1));
VACUUM (INDEX_CLEANUP ON) azr_main_events;
SELECT outcome FROM azr_append('feed.places', NULL, :'b', 0, ARRAY['T1', 'T2'], ARRAY['small', 'another']::bytea[]);
SELECT azr_feed_advance() - :h;
SELECT position - :h, right(root::text, 1), sequence, type, payload FROM azr_feed(:h);
-- and over many pages
SELECT outcome FROM azr_append('feed.places', NULL, :'b', 2, types(300), array_fill(convert_to(repeat('x', 100), 'UTF8'), ARRAY[300]));
SELECT azr_feed_advance() - :h;
SELECT count(*), min(sequence), max(sequence), sum(length(payload)), count(DISTINCT position) FROM azr_feed(:h + 4);
SELECT count(*), min(sequence) FROM azr_feed(:h + 154);

-- azr_check knows what is pending: here two ranges, of transactions in progress when they were numbered
BEGIN;
SELECT outcome FROM azr_append('feed.pending', NULL, :'a', NULL, types(1), payloads(1));
SELECT outcome FROM azr_append('feed.pending', NULL, :'a', NULL, types(1), payloads(1));
SAVEPOINT s;
SELECT outcome FROM azr_append('feed.pending', NULL, :'a', NULL, types(1), payloads(1));
ROLLBACK TO s;
SELECT outcome FROM azr_append('feed.pending', NULL, :'a', NULL, types(1), payloads(1));
SELECT azr_feed_advance() >= 0;
COMMIT;
SELECT problem, detail FROM azr_check('feed.pending');
SELECT problem, detail FROM azr_check() WHERE problem ~ '^feed';
