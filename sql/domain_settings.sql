-- What is said of a domain.
SELECT azr_domain_set('domains.a', 'relaxed'), azr_domain_set('domains.b', max_payload => 2048, description => 'orders of the shop');
SELECT * FROM azr_domain_settings();
-- what is not said stays; 0, '' and durable take back
SELECT azr_domain_set('domains.a', max_payload => 1024), azr_domain_set('domains.b', description => 'orders'), azr_domain_set('domains.b');
SELECT * FROM azr_domain_settings();
SELECT azr_domain_set('domains.a', max_payload => 0), azr_domain_set('domains.b', max_payload => 0, description => '');
SELECT * FROM azr_domain_settings();
SELECT azr_domain_set('domains.a', 'durable');
SELECT * FROM azr_domain_settings();

-- bad input
SELECT outcome($$SELECT azr_domain_set(NULL, 'relaxed')$$);
SELECT outcome($$SELECT azr_domain_set('', 'relaxed')$$);
SELECT outcome($$SELECT azr_domain_set('domains.a', 'Relaxed')$$);
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed', 1023)$$);
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed', -1)$$);
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed', 535822337)$$);
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed', description => repeat('x', 65537))$$);
BEGIN READ ONLY;
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed')$$);
ROLLBACK;
SELECT outcome($$SELECT azr_table_changed()$$);
SELECT * FROM azr_domain_settings();

-- the largest payload: of events in all forms, and of states
CREATE FUNCTION bytes(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(repeat('x', n), 'UTF8') $$;
SELECT azr_domain_set('domains.a', max_payload => 1024);
SELECT outcome($$SELECT azr_append('domains.a', NULL, azr_root('domains', 'a'), 0, types(1), ARRAY[bytes(1025)])$$);
SELECT outcome($$SELECT azr_append('domains.a', 'edition', azr_root('domains', 'a'), 0, types(1), ARRAY[bytes(1025)])$$);
SELECT outcome($$SELECT azr_append_one('domains.a', NULL, azr_root('domains', 'a'), 0, 'T', bytes(1025))$$);
SELECT outcome($$SELECT azr_append_json('domains.a', NULL, azr_root('domains', 'a'), 0, jsonb_build_array(jsonb_build_object('type', 'T', 'data', repeat('x', 1023))))$$);
SELECT outcome($$SELECT azr_append_commutative('domains.a', NULL, azr_root('domains', 'a'), 0, types(1), payloads(1), 'application/json', convert_to(jsonb_build_object('a', repeat('x', 1024))::text, 'UTF8'))$$);
SELECT outcome FROM azr_append('domains.a', NULL, azr_root('domains', 'a'), 0, types(1), ARRAY[bytes(1024)]);
SELECT outcome($$SELECT azr_put_snapshot('domains.a', NULL, azr_root('domains', 'a'), 0, 'S', bytes(1025))$$);
-- of this domain alone
SELECT outcome FROM azr_append('domains.b', NULL, azr_root('domains', 'b'), 0, types(1), ARRAY[bytes(1025)]);
SELECT outcome FROM azr_append('domains.a ', NULL, azr_root('domains', 'b'), 0, types(1), ARRAY[bytes(1025)]);
-- the lower one of two limits holds
SET angzarr.max_payload = '2kB';
SELECT outcome($$SELECT azr_append('domains.a', NULL, azr_root('domains', 'a'), 1, types(1), ARRAY[bytes(1025)])$$);
SELECT outcome($$SELECT azr_append('domains.b', NULL, azr_root('domains', 'b'), 1, types(1), ARRAY[bytes(2049)])$$);
SELECT azr_domain_set('domains.a', max_payload => 4096);
SELECT outcome($$SELECT azr_append('domains.a', NULL, azr_root('domains', 'a'), 1, types(1), ARRAY[bytes(2049)])$$);
RESET angzarr.max_payload;
-- what is rolled back does not hold
BEGIN;
SELECT azr_domain_set('domains.a', max_payload => 1024);
SELECT outcome($$SELECT azr_append('domains.a', NULL, azr_root('domains', 'a'), 1, types(1), ARRAY[bytes(1025)])$$);
ROLLBACK;
SELECT outcome FROM azr_append('domains.a', NULL, azr_root('domains', 'a'), 1, types(1), ARRAY[bytes(1025)]);
-- however the table is changed; a word that is not one of ours counts as durable
UPDATE azr_registered_domains SET max_payload = 1024, durability = 'never' WHERE domain = 'domains.a';
SELECT outcome($$SELECT azr_append('domains.a', NULL, azr_root('domains', 'a'), 2, types(1), ARRAY[bytes(1025)])$$);
SET session_replication_role = replica;
TRUNCATE azr_registered_domains;
RESET session_replication_role;
SELECT outcome FROM azr_append('domains.a', NULL, azr_root('domains', 'a'), 2, types(1), ARRAY[bytes(1025)]);
-- a trigger of the owner may not drop what is said
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER drops BEFORE INSERT ON azr_registered_domains FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT outcome($$SELECT azr_domain_set('domains.a', 'relaxed')$$);
DROP TRIGGER drops ON azr_registered_domains;

-- many domains have settings
SELECT count(azr_domain_set('domains.' || i, max_payload => 1024 + i)) FROM generate_series(1, 500) i;
SELECT count(outcome($$SELECT azr_append('domains.$$ || i || $$', NULL, azr_root('domains', 'many'), NULL, types(1), ARRAY[bytes($$ || 1024 + i || $$)])$$)),
	count(*) FILTER (WHERE outcome($$SELECT azr_append('domains.$$ || i || $$', NULL, azr_root('domains', 'many'), NULL, types(1), ARRAY[bytes($$ || 1025 + i || $$)])$$) LIKE '54000%') AS refused
FROM generate_series(1, 500) i;
SELECT count(azr_domain_set('domains.' || i, max_payload => 0)) FROM generate_series(1, 500) i;
SELECT * FROM azr_domain_settings();

-- a commit of relaxed work is one like any other to the session
SELECT azr_domain_set('domains.relaxed', 'relaxed');
SHOW synchronous_commit;
SELECT outcome FROM azr_append('domains.relaxed', NULL, azr_root('domains', 'a'), 0, types(1), payloads(1));
SHOW synchronous_commit;
BEGIN;
SET LOCAL synchronous_commit = local;
SELECT outcome FROM azr_append('domains.relaxed', NULL, azr_root('domains', 'a'), 1, types(1), payloads(1));
SHOW synchronous_commit;
COMMIT;
SHOW synchronous_commit;
SELECT azr_domain_set('domains.relaxed', 'durable');
DROP FUNCTION bytes, drop_row;
