-- on_conflict => 'return': a sequence conflict is an outcome, and the transaction lives on.
\set r1 '00000000-0000-0000-0000-000000000001'
\set r2 '00000000-0000-0000-0000-000000000002'
\set r3 '00000000-0000-0000-0000-000000000003'
SELECT outcome FROM azr_append('conflict', NULL, :'r1', 0, types(3), payloads(3), external_id => 'first');

-- what the store has given out so far: rows, numbers of streams and of types
CREATE FUNCTION given_out() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', (SELECT count(*) FROM azr_streams), (SELECT last_value FROM azr_stream_ids),
		(SELECT count(*) FROM azr_events), (SELECT count(*) FROM azr_event_types)) $$;
SELECT given_out() AS before \gset

-- too low, too high, for an unknown stream, as JSON; and the transaction appends elsewhere
BEGIN;
SELECT * FROM azr_append('conflict', NULL, :'r1', 2, ARRAY['new type of a conflict'], payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('conflict', NULL, :'r1', 4, ARRAY['new type of a conflict'], payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('conflict', NULL, :'r2', 1, ARRAY['new type of a conflict'], payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('new domain of a conflict', 'new edition', :'r2', 9223372036854775807, types(1), payloads(1), on_conflict => 'return');
SELECT * FROM azr_append_json('conflict', NULL, :'r1', 0, '[{"type": "new type of a conflict", "data": 1}]', on_conflict => 'return');
SELECT given_out() = :'before' AS nothing_is_left_behind;
SELECT * FROM azr_append('conflict', NULL, :'r3', 0, types(1), payloads(1), on_conflict => 'return');
-- or there again, as the stream stays locked
SELECT * FROM azr_append('conflict', NULL, :'r1', 3, types(1), payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('conflict', NULL, :'r2', 0, types(1), payloads(1), on_conflict => 'return');
SELECT * FROM azr_append('conflict', NULL, :'r2', 0, types(1), payloads(1), on_conflict => 'return');
COMMIT;
SELECT root, count(*) FROM azr_timeline WHERE domain = 'conflict' GROUP BY 1 ORDER BY 1;
-- the numbers go on without a hole
SELECT count(*) = max(stream_id) - min(stream_id) + 1 AS dense FROM azr_streams WHERE domain = 'conflict';

-- many in one statement: each sees those before it
SELECT i, a.* FROM generate_series(3, 6) i, azr_append('conflict', NULL, :'r1', i, types(1), payloads(1), on_conflict => 'return') a;

-- the locks are those of an append: nobody else takes the stream before the end
BEGIN;
SELECT outcome FROM azr_append('conflict', NULL, :'r1', 1, types(1), payloads(1), on_conflict => 'return');
SELECT outcome FROM azr_append('conflict', NULL, azr_root('conflict', 'unknown'), 1, types(1), payloads(1), on_conflict => 'return');
SELECT objsubid, mode, count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() GROUP BY 1, 2 ORDER BY 1;
COMMIT;

-- a retry is no conflict, whatever it expects
SELECT * FROM azr_append('conflict', NULL, :'r1', 99, types(3), payloads(3), external_id => 'first', on_conflict => 'return');
-- nothing to append has nothing to conflict with
SELECT * FROM azr_append('conflict', NULL, :'r1', 99, '{}', '{}', on_conflict => 'return');
-- 'error' is the default
SELECT outcome($$SELECT azr_append('conflict', NULL, '00000000-0000-0000-0000-000000000002', 5, types(1), payloads(1), on_conflict => 'error')$$);
SELECT outcome($$SELECT azr_append_json('conflict', NULL, '00000000-0000-0000-0000-000000000002', 5, '[{"type": "A", "data": 1}]', on_conflict => 'error')$$);

-- in an edition whose root has no events of its own, the sequence is the one that the edition reads as
CREATE FUNCTION conflict(edition text, expected bigint, divergence bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', a.outcome, a.first_sequence, a.next_sequence, 'read as', azr_next_sequence('conflict', $1, '00000000-0000-0000-0000-000000000001', $3))
	FROM azr_append('conflict', $1, '00000000-0000-0000-0000-000000000001', $2, ARRAY['new type of a conflict'], payloads(1),
		divergence => $3, on_conflict => 'return') a $$;
SELECT azr_create_edition('conflict', 'low', 2);
SELECT azr_create_edition('conflict', 'high', 100);
SELECT azr_create_edition('conflict', 'sealed');
SELECT azr_protect_edition('conflict', 'sealed', 'sealed');
SELECT given_out() AS before \gset
SELECT conflict('none', 8), conflict('none', 3, 2), conflict('low', 3), conflict('low', 1), conflict('low', 4, 5), conflict('high', 6), conflict('high', 8);
-- all other errors stay errors
SELECT outcome($$SELECT conflict('sealed', 8)$$);
SELECT outcome($$SELECT conflict('none', 99, 8)$$);
SET angzarr.max_payload = '1kB';
SELECT outcome($$SELECT azr_append('conflict', NULL, '00000000-0000-0000-0000-000000000001', 99, types(1), ARRAY[convert_to(repeat('x', 1025), 'UTF8')], on_conflict => 'return')$$);
RESET angzarr.max_payload;
SELECT given_out() = :'before' AS nothing_is_left_behind;
-- with events of its own, it is the edition's own
SELECT outcome FROM azr_append('conflict', 'none', :'r1', 1, types(1), payloads(1));
SELECT conflict('none', 1), conflict('none', 3), conflict('none', 2);
SELECT outcome($$SELECT conflict('none', 99, 2)$$);

-- a pending event may conflict too; where its cascade is resolved, that is an error
SELECT outcome FROM azr_append('conflict', NULL, :'r3', 5, types(1), payloads(1), cascade_id => 'conflict', committed => false, on_conflict => 'return');
SELECT count(*) FROM azr_stale_cascades('infinity') WHERE cascade_id = 'conflict';
SELECT outcome FROM azr_append('conflict', NULL, :'r3', 1, types(1), payloads(1), cascade_id => 'conflict', committed => false, on_conflict => 'return');
SELECT azr_confirm_cascade('conflict');
SELECT outcome($$SELECT azr_append('conflict', NULL, '00000000-0000-0000-0000-000000000003', 9, types(1), payloads(1), cascade_id => 'conflict', committed => false, on_conflict => 'return')$$);
-- committed events of a cascade that conflict do not confirm it
SELECT outcome FROM azr_append('conflict', NULL, :'r3', 3, types(1), payloads(1), cascade_id => 'conflict 2', committed => false);
SELECT outcome FROM azr_append('conflict', NULL, :'r3', 3, types(1), payloads(1), cascade_id => 'conflict 2', on_conflict => 'return');
SELECT azr_revoke_cascade('conflict 2', 'why');

DROP FUNCTION given_out, conflict;
