-- Slots: which streams this node keeps, where a store is kept on several.

-- the slot of a root, as any client computes it: CRC-32 modulo 1024
SELECT root, azr_slot(root) FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '00112233-4455-6677-8899-aabbccddeeff', azr_root('account', 'alice')]::uuid[]) root;
SELECT azr_slot(NULL) IS NULL AS no_slot_of_null;
SELECT min(slot), max(slot), count(DISTINCT slot), max(count) < 2 * min(count) AS even FROM (SELECT slot, count(*) OVER (PARTITION BY slot) FROM (SELECT azr_slot(azr_root('slots', i::text)) AS slot FROM generate_series(1, 200000) i) a) b;

-- the n-th root of a slot
CREATE FUNCTION root_in(slot int, n int = 1) RETURNS uuid LANGUAGE sql AS
$$ SELECT root FROM (SELECT azr_root('slots', i::text) AS root FROM generate_series(1, 20000) i OFFSET 0) r WHERE azr_slot(root) = $1 ORDER BY root OFFSET $2 - 1 LIMIT 1 $$;
CREATE TABLE roots AS SELECT slot, root_in(slot) AS root FROM unnest(ARRAY[16, 17, 18, 600]) slot;
CREATE FUNCTION r(slot int) RETURNS uuid LANGUAGE sql AS $$ SELECT root FROM roots WHERE roots.slot = $1 $$;

-- nothing is said: this node owns all
SELECT count(*) FROM azr_slots();
SELECT slot, outcome, next_sequence FROM unnest(ARRAY[17, 600]) slot, azr_append('slots', NULL, r(slot), 0, types(2), payloads(2), correlation_id => 'slots', cascade_id => 'slots', committed => false);
SELECT outcome, next_sequence FROM azr_append('slots.b', 'e', r(17), 0, types(1), payloads(1), divergence => 0, correlation_id => 'slots');
SELECT azr_put_snapshot('slots', NULL, r(17), 1, 'S', 'state');
SELECT p.* FROM unnest(ARRAY[17, 600]) slot, azr_put_position('slots', 'slots', NULL, r(slot), 0) p;

-- bad input
SELECT outcome($$SELECT azr_own_slots(NULL, '{[0,1023]}')$$);
SELECT outcome($$SELECT azr_own_slots('', '{[0,1023]}')$$);
SELECT outcome($$SELECT azr_own_slots(E'a\nb', '{[0,1023]}')$$);
SELECT outcome($$SELECT azr_own_slots(repeat('a', 256), '{[0,1023]}')$$);
SELECT outcome($$SELECT azr_own_slots('a', NULL)$$);
SELECT outcome($$SELECT azr_own_slots('a', '{}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[5,5)}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[-1,5]}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[0,5],[1000,1024]}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{(,5]}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[0,)}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[0,1023]}', NULL)$$);
BEGIN READ ONLY;
SELECT outcome($$SELECT azr_own_slots('a', '{[0,1023]}')$$);
ROLLBACK;
-- no stream is left behind
SELECT outcome($$SELECT azr_own_slots('a', '{[0,511]}')$$);
SELECT outcome($$SELECT azr_own_slots('b', '{[512,1023]}', false)$$);
SELECT outcome($$SELECT azr_own_slots('b', '{[0,15]}', this_node => false)$$);
SELECT count(*) FROM azr_slots();

-- slots of this node and of others
CREATE VIEW owners AS SELECT state, node, range_agg(int4range(slot, slot, '[]')) AS slots FROM azr_slots() GROUP BY state, node ORDER BY slots;
SELECT azr_own_slots('a', '{[0,511],[600,600]}');
SELECT * FROM owners;
SELECT azr_own_slots('b', '{[18,99],[1000,1023]}', this_node => false), azr_own_slots('c', '{[512,599],[18,20]}', this_node => false), azr_own_slots('a', '{[20,21]}');
SELECT * FROM owners;
SELECT * FROM azr_slots() WHERE slot IN (0, 18, 21, 700) ORDER BY slot;
-- a node has one name, and it is the same for all
SELECT outcome($$SELECT azr_own_slots('b', '{[0,15]}')$$);
SELECT outcome($$SELECT azr_own_slots('d', '{[0,15]}')$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[0,15]}', this_node => false)$$);
-- what is here stays here
SELECT outcome($$SELECT azr_own_slots('b', '{[0,17]}', this_node => false)$$);
-- a trigger of the owner may not drop what is said
CREATE FUNCTION drop_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER drop_owner BEFORE INSERT OR UPDATE ON azr_slot_owners FOR EACH ROW WHEN (NEW.slot = 3) EXECUTE FUNCTION drop_owner();
SELECT outcome($$SELECT azr_own_slots('b', '{[2,4]}', false)$$);
DROP TRIGGER drop_owner ON azr_slot_owners;
DROP FUNCTION drop_owner;
SELECT * FROM owners;

-- a stream of another node: nothing is written to it, nothing read
CREATE TABLE calls (id serial, call text);
INSERT INTO calls (call) SELECT unnest(ARRAY[
	$$azr_append('slots', NULL, ROOT, 0, types(1), payloads(1))$$,
	$$azr_append('slots', NULL, ROOT, NULL, types(1), payloads(1), on_conflict => 'return')$$,
	$$azr_append('slots', 'e', ROOT, 0, types(1), payloads(1))$$,
	$$azr_append_one('slots', NULL, ROOT, 0, 'T', 'p')$$,
	$$azr_append_json('slots', NULL, ROOT, 0, '[{"type": "T", "data": 1}]')$$,
	$$azr_append_commutative('slots', NULL, ROOT, 0, types(1), payloads(1), 'application/json', '{"a": 1}')$$,
	$$azr_expect('slots', NULL, ROOT, 0)$$,
	$$azr_load('slots', NULL, ROOT)$$,
	$$azr_load('slots', 'e', ROOT)$$,
	$$azr_load_json('slots', NULL, ROOT)$$,
	$$azr_load_effective('slots', NULL, ROOT)$$,
	$$azr_load_state('slots', NULL, ROOT)$$,
	$$azr_next_sequence('slots', NULL, ROOT)$$,
	$$azr_next_sequence('slots', 'e', ROOT)$$,
	$$azr_find_by_external_id('slots', NULL, ROOT, 'x')$$,
	$$azr_find_by_source('slots', NULL, ROOT, 'slots', NULL, ROOT, 0)$$,
	$$azr_put_snapshot('slots', NULL, ROOT, 0, 'S', 'state')$$,
	$$azr_get_snapshot('slots', NULL, ROOT)$$,
	$$azr_delete_snapshots('slots', NULL, ROOT)$$,
	$$azr_put_position('h', 'slots', NULL, ROOT, 0)$$,
	$$azr_put_positions('h', 'slots', NULL, ARRAY[r(16), ROOT], ARRAY[0, 0])$$,
	$$azr_get_position('h', 'slots', NULL, ROOT)$$,
	$$azr_delete_positions('h', 'slots', NULL, ROOT)$$,
	$$azr_erase('slots', NULL, ROOT, 0, 0, 'why')$$
]);
SELECT split_part(call, '(', 1), outcome('SELECT * FROM ' || replace(call, 'ROOT', 'r(18)')) FROM calls ORDER BY id;
CALL azr_import($$SELECT 'slots'::text, NULL::text, r(18), 0::bigint, 'T'::text, 'p'::bytea, NULL::jsonb, now(), NULL::text, NULL::text$$);
-- which nobody was said to own
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, root_in(700))$$);
-- nothing was stored
SELECT count(*) FROM azr_streams WHERE root = r(18);
SELECT count(*) FROM azr_positions WHERE handler = 'h';
-- this node's are as ever
SELECT outcome, next_sequence FROM azr_append('slots', NULL, r(16), 0, types(1), payloads(1));
SELECT azr_next_sequence('slots', NULL, r(17)), azr_next_sequence('slots', NULL, r(600));

-- what the transaction itself has said holds for it, and what is rolled back does not
BEGIN;
SELECT azr_own_slots('a', '{[18,18]}');
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
SAVEPOINT s;
SELECT azr_own_slots('b', '{[18,18]}', false);
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
ROLLBACK TO s;
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
ROLLBACK;
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);

-- rows of another node's streams, as after a restore: the lists pass over them
CREATE VIEW lists AS
SELECT 'azr_domains' AS list, string_agg(d, ' ' ORDER BY d) AS found FROM azr_domains() d WHERE d LIKE 'slots%'
UNION ALL SELECT 'azr_roots', string_agg(azr_slot(root)::text, ' ' ORDER BY azr_slot(root)) FROM azr_roots('slots', NULL) root
UNION ALL SELECT 'azr_roots, next page', string_agg(azr_slot(root)::text, ' ' ORDER BY azr_slot(root)) FROM azr_roots('slots', NULL, '00000000-0000-0000-0000-000000000000', 2) root
UNION ALL SELECT 'azr_streams_of', string_agg(azr_slot(root)::text, ' ' ORDER BY azr_slot(root)) FROM azr_streams_of('slots', NULL)
UNION ALL SELECT 'azr_trace', string_agg(domain || ':' || azr_slot(root) || ':' || sequence, ' ' ORDER BY domain, azr_slot(root), sequence) FROM azr_trace('slots')
UNION ALL SELECT 'azr_lag', string_agg(azr_slot(root)::text, ' ' ORDER BY azr_slot(root)) FROM azr_lag('slots', 'slots')
UNION ALL SELECT 'azr_cascade_participants', string_agg(azr_slot(root)::text, ' ' ORDER BY azr_slot(root)) FROM azr_cascade_participants('slots')
UNION ALL SELECT 'azr_stale_cascades', string_agg(outcome || ':' || participants, ' ') FROM (SELECT coalesce(outcome, 'none') AS outcome, participants FROM azr_stale_cascades('infinity') WHERE cascade_id = 'slots') s
UNION ALL SELECT 'azr_check', string_agg(concat_ws(':', problem, domain, edition, azr_slot(root), sequence, detail), ' ' ORDER BY domain) FROM azr_check() WHERE domain LIKE 'slots%';
SELECT * FROM lists;
UPDATE azr_slot_owners SET this_node = false, node = 'b' WHERE slot = 17;
SELECT * FROM lists;
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(17))$$);
SELECT outcome($$SELECT azr_get_snapshot('slots', NULL, r(17))$$);
-- also where nothing would be stored, since a position is as far
SELECT outcome($$SELECT azr_put_position('slots', 'slots', NULL, r(17), 0)$$);
SELECT outcome($$SELECT azr_put_positions('slots', 'slots', NULL, ARRAY[r(17)], ARRAY[0])$$);
SELECT count(*) FROM azr_timeline WHERE root = r(17);
SELECT problem, detail FROM azr_check('slots.b');
-- a cascade is resolved where its streams are
SELECT azr_confirm_cascade('slots'), azr_confirm_cascade('slots');
SELECT azr_next_sequence('slots', NULL, r(600));
SELECT * FROM lists WHERE list ~ 'cascade';
-- all is there when the slot is this node's again
SELECT azr_own_slots('a', '{[17,17]}');
SELECT * FROM lists;
SELECT outcome($$SELECT azr_revoke_cascade('slots', NULL)$$);
SELECT azr_confirm_cascade('slots');

-- a node that owns all slots, and one of which nothing is said
SELECT azr_own_slots('a', '{[0,1023]}');
SELECT * FROM owners;
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
UPDATE azr_slot_owners SET this_node = false, node = 'b';
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
TRUNCATE azr_slot_owners;
SELECT count(*) FROM azr_slots();
SELECT outcome($$SELECT azr_next_sequence('slots', NULL, r(18))$$);
SELECT azr_delete_positions('slots');
DROP VIEW owners, lists;
DROP TABLE roots, calls;
DROP FUNCTION root_in, r;
