-- Moving a slot: what is exported, what is imported, and who may write meanwhile. One database plays
-- both nodes here: what is exported of slot 17, which it owns, gets the root of a stream in slot 600,
-- which it does not, and is imported as that. 041_slot_moves.pl moves slots from one database to another.

-- other files have streams in all slots
SET client_min_messages = warning;
DROP EXTENSION angzarr CASCADE;
CREATE EXTENSION angzarr;
RESET client_min_messages;

CREATE FUNCTION root_in(slot int) RETURNS uuid LANGUAGE sql AS
$$ SELECT root FROM (SELECT azr_root('slot_moves', i::text) AS root FROM generate_series(1, 20000) i OFFSET 0) r WHERE azr_slot(root) = $1 ORDER BY root LIMIT 1 $$;
CREATE TABLE roots AS SELECT slot, root_in(slot) AS root FROM unnest(ARRAY[17, 18, 600, 601]) slot;
CREATE FUNCTION r(slot int) RETURNS uuid LANGUAGE sql AS $$ SELECT root FROM roots WHERE roots.slot = $1 $$;

-- before anything is said of slots, nothing moves
SELECT outcome($$SELECT azr_slot_receive(17, 'b')$$);
SELECT outcome($$SELECT azr_slot_freeze(17, 'b')$$);
SELECT outcome($$SELECT azr_slot_import(17, 'SELECT 1')$$);
SELECT azr_own_slots('a', '{[0,511]}'), azr_own_slots('b', '{[512,1023]}', false);

-- a stream with everything: appends of several events, ids, a source, cascades, editions, erased events
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(17), 0, types(3), payloads(3), metadata => ARRAY['{"a": 1}', NULL, '{}']::jsonb[], created_at => ARRAY['2001-01-01', '2002-02-02', '2003-03-03']::timestamptz[], correlation_id => 'c', external_id => 'x');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(17), 3, types(1), payloads(1), correlation_id => '6ba7b810-9dad-11d1-80b4-00c04fd430c8', source_domain => 'src', source_edition => 'e', source_root => r(18), source_sequence => 5);
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(17), 4, types(2), payloads(2), external_id => 'y', cascade_id => 'slot_moves', committed => false);
SELECT azr_revoke_cascade('slot_moves', 'why');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(17), 7, types(2), payloads(2), external_id => 'y', cascade_id => 'slot_moves.2', committed => false);
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(17), 9, types(1), payloads(1), correlation_id => 'secret', external_id => 'secret');
SELECT outcome, next_sequence FROM azr_append('slot_moves', 'e', r(17), 2, types(2), payloads(2), divergence => 2, external_id => 'x');
SELECT azr_create_edition('slot_moves', 'f', 3, 'sealed');
SELECT outcome, next_sequence FROM azr_append('slot_moves', 'f', r(17), NULL, types(1), payloads(1));
SELECT azr_protect_edition('slot_moves', 'f', 'sealed');
SELECT azr_erase('slot_moves', NULL, r(17), 9, 10, 'asked for', true), azr_erase('slot_moves', 'e', r(17), 3, 4, 'asked for');
SELECT azr_put_snapshot('slot_moves', NULL, r(17), 1, 'S', 'one', 'persist'), azr_put_snapshot('slot_moves', NULL, r(17), 2, 'S', 'two'), azr_put_snapshot('slot_moves', NULL, r(17), 6, 'S', 'six'), azr_put_snapshot('slot_moves', 'e', r(17), 2, 'S', 'e', 'transient');
SELECT p.* FROM azr_put_position('h', 'slot_moves', NULL, r(17), 4) p;
SELECT p.* FROM azr_put_position('h', 'slot_moves', 'e', r(17), 2) p;
SELECT azr_domain_set('slot_moves', 'relaxed', 4096, 'of slots');

-- what there is, and how it is exported
CREATE VIEW stored AS SELECT azr_slot(root) AS slot, domain, edition, sequence, type, payload, metadata, created_at, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed FROM azr_timeline;
SELECT domain, edition, next_sequence FROM azr_slot_ends(17) ORDER BY 1, 2;
SELECT count(*) FROM azr_slot_ends(600);
SELECT number, kind, domain, edition, sequence, append_events, divergence, erased_type, description FROM azr_slot_export(17) ORDER BY number;
-- it ends with an append that is whole
SELECT max_rows, count(*), max(sequence) FROM unnest(ARRAY[1, 2, 3, 4, 5, 6]) max_rows, azr_slot_export(17, NULL, max_rows) GROUP BY max_rows ORDER BY max_rows;
-- what the other node has is left out
SELECT domain, edition, min(sequence), count(*) FROM azr_slot_export(17, (SELECT array_agg((domain, edition, root, CASE edition WHEN 'e' THEN 3 ELSE 7 END, created_at)::azr_slot_end) FROM azr_slot_ends(17) WHERE domain = 'slot_moves' AND edition <> 'f')) GROUP BY domain, edition ORDER BY 1, 2;
SELECT count(*) FROM azr_slot_export(17, (SELECT array_agg(e) FROM azr_slot_ends(17) e));
SELECT kind, edition FROM azr_slot_export(17, (SELECT array_agg(e) || ('slot_moves', 'g', r(17), 5, now())::azr_slot_end FROM azr_slot_ends(17) e));
-- not if it has what is not here
SELECT outcome($$SELECT azr_slot_export(17, ARRAY[('slot_moves', 'angzarr', r(17), 3, now())::azr_slot_end])$$);
SELECT outcome($$SELECT azr_slot_export(17, (SELECT array_agg((domain, edition, root, next_sequence + 1, created_at)::azr_slot_end) FROM azr_slot_ends(17) WHERE edition = 'e'))$$);
SELECT outcome($$SELECT azr_slot_export(17, ARRAY[(NULL, NULL, r(17), NULL, NULL)::azr_slot_end])$$);
SELECT outcome($$SELECT azr_slot_export(17, ARRAY[('slot_moves', 'angzarr', r(17), 3, NULL)::azr_slot_end])$$);
SELECT outcome($$SELECT azr_slot_export(17, (SELECT array_agg((domain, edition, root, NULL, created_at)::azr_slot_end) FROM azr_slot_ends(17)))$$);
SELECT outcome($$SELECT azr_slot_export(17, ARRAY[('slot_moves', 'angzarr', NULL, 3, now())::azr_slot_end])$$);
SELECT outcome($$SELECT azr_slot_export(17, ARRAY[NULL]::azr_slot_end[])$$);
SELECT outcome($$SELECT azr_slot_export(17, NULL, 0)$$);
SELECT outcome($$SELECT azr_slot_export(1024)$$);
SELECT outcome($$SELECT azr_slot_ends(-1)$$);
SELECT outcome($$SELECT azr_slot_ends(NULL)$$);
SELECT outcome($$SELECT azr_slot_export_state(17)$$);

-- groups: one that is made before the move, and one that goes back
SELECT azr_group_create('early', 1), azr_group_create('back', 1);
CREATE VIEW given AS SELECT 'early' AS handler, azr_slot(root) AS slot, position, sequence, type FROM azr_fetch('early', 1000)
	UNION ALL SELECT 'back', azr_slot(root), position, sequence, type FROM azr_fetch('back', 1000);

-- what the other node gets
CREATE TABLE moved AS SELECT * FROM azr_slot_export(17);
UPDATE moved SET root = r(600);
SELECT outcome($$SELECT azr_slot_import(600, 'TABLE moved')$$);
SELECT outcome($$SELECT azr_slot_import(17, 'TABLE moved')$$);
SELECT outcome($$SELECT azr_slot_receive(17, 'b')$$);
SELECT outcome($$SELECT azr_slot_receive(600, 'a')$$);
SELECT outcome($$SELECT azr_slot_receive(600, NULL)$$);
SELECT outcome($$SELECT azr_slot_receive(2000, 'b')$$);
BEGIN READ ONLY;
SELECT outcome($$SELECT azr_slot_receive(600, 'b')$$);
SELECT outcome($$SELECT azr_slot_freeze(17, 'b')$$);
SELECT outcome($$SELECT azr_slot_import(600, 'TABLE moved')$$);
ROLLBACK;
SELECT azr_slot_receive(600, 'b'), azr_slot_receive(600, 'b');
SELECT * FROM azr_slots() WHERE slot IN (17, 600, 601) ORDER BY slot;
-- in two parts, of which the first is an append
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number LIMIT 3');
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT count(*) FROM ((SELECT domain, edition, sequence, type, payload, metadata, created_at, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed FROM stored WHERE slot = 17 EXCEPT ALL SELECT domain, edition, sequence, type, payload, metadata, created_at, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed FROM stored WHERE slot = 600)) differs;
SELECT count(*) FROM stored WHERE slot = 600;
SELECT count(*) FROM (SELECT domain, edition, next_sequence, created_at FROM azr_slot_ends(17) EXCEPT SELECT domain, edition, next_sequence, created_at FROM azr_slot_ends(600)) differs;
SELECT sequence, ticket_events FROM azr_main_events JOIN azr_streams USING (stream_id) WHERE root = r(600) AND domain = 'slot_moves' AND ticket IS NOT NULL ORDER BY sequence;
SELECT domain, edition, sequence, type, reason, erased_at = (SELECT erased_at FROM azr_erasures('slot_moves') WHERE root = r(17) LIMIT 1) AS same_time FROM azr_erasures('slot_moves') WHERE root = r(600);
SELECT count(*) FROM azr_slot_export(17, (SELECT array_agg((domain, edition, r(17), next_sequence, created_at)::azr_slot_end) FROM azr_slot_ends(600)));
-- it is not this node's yet
SELECT outcome($$SELECT azr_next_sequence('slot_moves', NULL, r(600))$$);
SELECT outcome($$SELECT azr_append_one('slot_moves', NULL, r(600), NULL, 'T', 'p')$$);
SELECT outcome($$SELECT azr_put_position('h', 'slot_moves', NULL, r(600), 1)$$);
SELECT outcome($$SELECT azr_put_snapshot('slot_moves', NULL, r(600), 1, 'S', 's')$$);
SELECT array_agg(azr_slot(root)) FROM azr_roots('slot_moves', NULL) root;
SELECT * FROM azr_check() WHERE domain LIKE 'slot\_moves%' OR domain IS NULL;

-- rows that do not fit
CREATE FUNCTION import_of(change text, filter text = 'true') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE changed (LIKE moved) ON COMMIT DROP;
	INSERT INTO changed SELECT * FROM moved WHERE edition = 'angzarr' AND domain = 'slot_moves' AND sequence > 2;
	UPDATE changed SET sequence = sequence - 3, root = r(601);
	EXECUTE 'UPDATE changed SET ' || change;
	RETURN regexp_replace(outcome(format($q$SELECT azr_slot_import(601, 'SELECT * FROM changed WHERE %s ORDER BY number')$q$, replace(filter, '''', ''''''))), ' [0-9a-f-]{36}', '');
END $$;
SELECT azr_slot_receive(601, 'b');
SELECT import_of('sequence = sequence + 1');
SELECT import_of('sequence = -1');
SELECT import_of('sequence = NULL');
SELECT import_of('sequence = 9223372036854775807');
SELECT import_of('sequence = 0');
SELECT import_of('number = number', 'sequence <> 2');
SELECT import_of('number = number', 'sequence <> 1');
SELECT import_of('number = number', 'sequence <= 1');
SELECT import_of('append_events = NULL');
SELECT import_of('append_events = 0');
SELECT import_of('append_events = -2147483648');
SELECT import_of('append_events = 2147483647');
SELECT import_of('committed = sequence <> 1');
SELECT import_of('committed = NULL');
SELECT import_of('cascade_id = NULL');
SELECT import_of('cascade_id = sequence');
SELECT import_of('root = r(600)');
SELECT import_of('root = r(600), sequence = sequence + 3, payload = ''other''');
SELECT import_of('root = NULL');
SELECT import_of('domain = NULL');
SELECT import_of('type = NULL');
SELECT import_of('type = ''''');
SELECT import_of('payload = NULL');
SELECT import_of('created_at = ''infinity''');
SELECT import_of('created_at = NULL');
SELECT import_of('stream_created_at = NULL');
SELECT import_of('source_root = r(17)');
SELECT import_of('erased_at = now()');
SELECT import_of('erased_at = now(), erased_by = ''me'', erased_type = ''T'', description = ''why''');
SELECT import_of('edition = ''e''');
SELECT import_of('edition = ''e'', divergence = 1');
SELECT import_of('edition = ''e'', divergence = 9223372036854775807');
SELECT import_of('kind = ''x''');
SELECT import_of('kind = NULL');
SELECT import_of('kind = ''gone''');
SELECT import_of('kind = ''position'', handler = ''h''');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''event'' END');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''position'' END, handler = ''h''');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''snapshot'' END, setting = ''x'', filed_at = now()');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''snapshot'' END, setting = ''default'', filed_at = now()');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''edition'' END, setting = ''sealed''');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''edition'' END, setting = ''shut'', edition = ''e''');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''domain'' END, setting = ''weak''');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''domain'' END, setting = ''durable'', max_payload = 5');
SELECT import_of('kind = CASE sequence WHEN 0 THEN ''state'' ELSE ''erasure'' END, erased_at = now(), erased_by = ''me'', description = ''why''');
SELECT outcome($$SELECT azr_slot_import(601, 'SELECT 1')$$);
SELECT outcome($$SELECT azr_slot_import(601, 'DELETE FROM moved')$$);
SELECT outcome($$SELECT azr_slot_import(601, NULL)$$);
SELECT outcome($$SELECT azr_slot_import(NULL, 'TABLE moved')$$);
SELECT outcome($$SELECT azr_slot_import(601, 'SELECT number::int, kind, domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id, source_domain, source_edition, source_root, source_sequence, cascade_id, committed, append_events, divergence, stream_created_at, erased_at, erased_by, erased_type, description, handler, setting, max_payload, filed_at, late_transient FROM moved')$$);
-- what nothing is wrong with
SELECT import_of('append_events = 1');
SELECT import_of('stream_created_at = NULL');
SELECT import_of('payload = ''other''');
SELECT import_of('committed = NOT committed');
SELECT import_of('source_root = r(17)');
SELECT import_of('created_at = now()');
SELECT domain, edition, next_sequence FROM azr_slot_ends(601);
-- the session can use no more than before
SELECT outcome($$SELECT azr_next_sequence('slot_moves', NULL, r(601))$$);

-- frozen: read, but not written to
SELECT outcome($$SELECT azr_slot_freeze(17, 'a')$$);
SELECT outcome($$SELECT azr_slot_freeze(600, 'c')$$);
SELECT outcome($$SELECT azr_slot_freeze(17, NULL)$$);
SELECT outcome($$SELECT azr_own_slots('b', '{[17,17]}', false)$$);
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(18), 0, types(1), payloads(1));
SELECT azr_slot_freeze(17, 'b'), azr_slot_freeze(17, 'b');
SELECT outcome($$SELECT azr_slot_freeze(17, 'c')$$);
SELECT outcome($$SELECT azr_own_slots('c', '{[17,17]}', false)$$);
SELECT * FROM azr_slots() WHERE slot IN (17, 600) ORDER BY slot;
CREATE TABLE calls (id serial, call text);
INSERT INTO calls (call) SELECT unnest(ARRAY[
	$$azr_append('slot_moves', NULL, r(17), NULL, types(1), payloads(1))$$,
	$$azr_append('slot_moves', 'new', r(17), NULL, types(1), payloads(1), divergence => 0)$$,
	$$azr_append('slot_moves.new', NULL, r(17), 0, types(1), payloads(1))$$,
	$$azr_append('slot_moves', NULL, r(17), 0, types(3), payloads(3), external_id => 'x')$$,
	$$azr_append_commutative('slot_moves', NULL, r(17), 7, types(1), payloads(1), 'application/json', '{"a": 1}')$$,
	$$azr_expect('slot_moves', NULL, r(17), NULL)$$,
	$$azr_put_snapshot('slot_moves', NULL, r(17), 0, 'S', 'state')$$,
	$$azr_delete_snapshots('slot_moves', NULL, r(17))$$,
	$$azr_put_position('h', 'slot_moves', NULL, r(17), 5)$$,
	$$azr_put_positions('h', 'slot_moves', NULL, ARRAY[r(17)], ARRAY[5])$$,
	$$azr_delete_positions('h', 'slot_moves', NULL, r(17))$$,
	$$azr_delete_positions('h', 'slot_moves')$$,
	$$azr_delete_positions('h')$$,
	$$azr_confirm_cascade('slot_moves.2')$$,
	$$azr_erase('slot_moves', NULL, r(17), 0, 1, 'why')$$,
	$$azr_delete_edition('slot_moves', 'e')$$,
	$$azr_create_edition('slot_moves', 'new', 1)$$
]);
SELECT split_part(call, '(', 1), outcome('SELECT * FROM ' || call) FROM calls ORDER BY id;
SELECT azr_next_sequence('slot_moves', NULL, r(17)), azr_get_position('h', 'slot_moves', NULL, r(17));
SELECT count(*) FROM azr_load('slot_moves', 'e', r(17));
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(18), 1, types(1), payloads(1));

-- the state: it takes the place of what is here, and what was erased meanwhile is erased
UPDATE azr_slot_owners SET moving_to = NULL WHERE slot = 17;
SELECT azr_erase('slot_moves', NULL, r(17), 8, 9, 'later'), azr_erase('slot_moves', 'e', r(17), 3, 4, 'later', true);
SELECT azr_slot_freeze(17, 'b');
TRUNCATE moved;
INSERT INTO moved SELECT * FROM azr_slot_export_state(17);
SELECT kind, edition, sequence, type, payload, handler, setting, max_payload, late_transient, description FROM moved ORDER BY kind <> 'state', kind, edition, sequence;
UPDATE moved SET root = r(600) WHERE root IS NOT NULL;
UPDATE moved SET domain = 'slot_moves.2' WHERE kind IN ('edition', 'domain');
INSERT INTO azr_positions (handler, domain, edition, root, sequence) VALUES ('h', 'slot_moves', 'angzarr', r(600), 7);
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT edition, divergence, protection, description FROM azr_editions('slot_moves.2');
SELECT * FROM azr_domain_settings() WHERE domain LIKE 'slot\_moves%' ORDER BY 1;
-- of two protections, the stricter one
UPDATE moved SET domain = 'slot_moves' WHERE kind = 'edition';
UPDATE moved SET setting = 'protected' WHERE kind = 'edition';
SELECT azr_protect_edition('slot_moves.2', 'f', 'open');
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT domain, protection FROM azr_editions() WHERE domain LIKE 'slot\_moves%' AND edition = 'f' ORDER BY 1;
-- what comes twice is named by its row, also where many are stored together
SELECT kind, late_transient IS NOT NULL AS latest, outcome(format($$SELECT azr_slot_import(600, 'SELECT * FROM (TABLE moved UNION ALL SELECT * FROM moved WHERE number = %s) m ORDER BY number')$$, number)) AS outcome
	FROM moved WHERE kind IN ('position', 'snapshot') ORDER BY number;
CREATE FUNCTION many_positions(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM azr_slot_import(600, format($q$SELECT (m).* FROM (
		SELECT 0 AS n, (SELECT moved FROM moved WHERE kind = 'state') AS m
		UNION ALL SELECT n, jsonb_populate_record(moved, jsonb_build_object('handler', 'h' || CASE n WHEN %s END)) FROM moved, generate_series(1, 1200) n
			WHERE number = (SELECT min(number) FROM moved WHERE kind = 'position')) r ORDER BY n$q$, $1));
	RETURN 'stored';
EXCEPTION WHEN OTHERS THEN
	DECLARE
		context text;
		said text;
	BEGIN
		GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT, said = PG_EXCEPTION_DETAIL;
		RETURN concat_ws(' | ', SQLSTATE, regexp_replace(SQLERRM, '[0-9a-f-]{36}', 'ROOT'), said, substring(context FROM '^row \d+ of the query'));
	END;
END $$;
SELECT twice, many_positions(twice) FROM unnest(ARRAY['1200 THEN 3 ELSE n', '400 THEN 399 ELSE n', '2 THEN 1 WHEN 900 THEN 7 ELSE n', '1001 THEN 1000 ELSE n']) twice;
CREATE FUNCTION drop_position() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.handler <> 'h700' THEN NEW END; END $$;
CREATE TRIGGER drop_position BEFORE INSERT ON azr_positions FOR EACH ROW EXECUTE FUNCTION drop_position();
SELECT many_positions('0 THEN 0 ELSE n');
DROP TRIGGER drop_position ON azr_positions;
DROP FUNCTION many_positions, drop_position;
UPDATE moved SET domain = 'slot_moves.2' WHERE kind = 'edition';
SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number');
SELECT domain, protection FROM azr_editions() WHERE domain LIKE 'slot\_moves%' AND edition = 'f' ORDER BY 1;
-- an edition must branch off at the same place on both
UPDATE azr_registered_editions SET divergence = 1 WHERE domain = 'slot_moves.2' AND edition = 'f';
SELECT outcome($$SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number')$$);
UPDATE azr_registered_editions SET divergence = 3 WHERE domain = 'slot_moves.2' AND edition = 'f';
SELECT outcome($$SELECT azr_slot_import(600, 'SELECT * FROM moved ORDER BY number')$$);

-- the switch
SELECT azr_own_slots('b', '{[17,17]}', false);
SELECT * FROM azr_slots() WHERE slot IN (17, 600) ORDER BY slot;
SELECT outcome($$SELECT azr_next_sequence('slot_moves', NULL, r(17))$$);
SELECT outcome($$SELECT azr_own_slots('a', '{[17,17]}')$$);
SELECT * FROM azr_check() WHERE domain LIKE 'slot\_moves%' OR domain IS NULL;
SELECT azr_own_slots('a', '{[600,600]}');
SELECT * FROM azr_slots() WHERE slot IN (17, 600) ORDER BY slot;
SELECT edition, sequence, type, correlation_id, external_id FROM azr_load('slot_moves', 'e', r(600));
SELECT domain, edition, sequence, erased_by = session_user AS by_me, reason FROM azr_erasures('slot_moves') WHERE root = r(600);
SELECT at, sequence, state_type, state, retention FROM unnest(ARRAY[1, 2, 6]) at, azr_get_snapshot('slot_moves', NULL, r(600), at);
SELECT azr_get_position('h', 'slot_moves', NULL, r(600)), azr_get_position('h', 'slot_moves', 'e', r(600));
-- idempotency: the same calls give the same ranges; what was revoked does not count; what is pending is
SELECT outcome, first_sequence, last_sequence FROM azr_append('slot_moves', NULL, r(600), 0, types(3), payloads(3), external_id => 'x');
SELECT outcome, first_sequence, last_sequence FROM azr_append('slot_moves', NULL, r(600), 3, types(1), payloads(1), source_domain => 'src', source_edition => 'e', source_root => r(18), source_sequence => 5);
SELECT outcome, first_sequence, last_sequence FROM azr_append('slot_moves', NULL, r(600), 3, types(2), payloads(2), external_id => 'y');
SELECT outcome, first_sequence, last_sequence FROM azr_append('slot_moves', 'e', r(600), 3, types(2), payloads(2), external_id => 'x');
SELECT outcome($$SELECT azr_append_one('slot_moves', 'f', r(600), 3, 'T', 'p')$$);
SELECT azr_confirm_cascade('slot_moves.2');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(600), 11, types(1), payloads(1));
-- a group that was there passes over what has moved in, and gets what comes after it: of what was
-- pending, as a confirmation makes it effective
SELECT azr_feed_advance() > 0 AS any;
SELECT azr_group_create('late', 1);
SELECT handler, slot, sequence, type FROM given WHERE slot = 600 ORDER BY handler, position, sequence;
SELECT count(*) FROM given;
SELECT sequence, type FROM azr_fetch('late', 1000) WHERE root = r(600) AND domain = 'slot_moves' ORDER BY position, sequence;
SELECT count(*) FROM azr_feed() WHERE root = r(600) AND domain = 'slot_moves';
-- forward is not back
SELECT azr_group_seek('early', azr_feed_head()), azr_group_seek('back', -1);
SELECT handler, sequence, type FROM given WHERE slot = 600 ORDER BY handler, position, sequence;
-- what is parked
SELECT azr_group_drop('late'), azr_group_drop('back');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(600), 12, types(2), payloads(2));
SELECT azr_feed_advance() > 0 AS any;
SELECT azr_park('early', azr_feed_head() - 1, 'why');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(18), 2, types(1), payloads(1));
SELECT azr_feed_advance() > 0 AS any;
SELECT azr_slot(root) AS slot, sequence, type FROM azr_fetch('early', 1000);
SELECT azr_slot(root) AS slot, sequence, type FROM azr_retry('early');
SELECT azr_group_drop('early');

-- moved again with some of it left here, and given up
SELECT azr_slot_receive(17, 'b');
SELECT * FROM azr_slots() WHERE slot = 17;
SELECT azr_own_slots('c', '{[17,17]}', false);
SELECT * FROM azr_slots() WHERE slot = 17;
-- a stream of an edition that was deleted on the other node
SELECT azr_slot_receive(17, 'b');
TRUNCATE moved;
INSERT INTO moved (number, kind, domain, edition, root) VALUES (1, 'gone', 'slot_moves', 'e', r(17)), (2, 'gone', 'slot_moves', 'none', r(17));
CREATE FUNCTION keep_of_slot() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep_of_slot BEFORE DELETE ON azr_events FOR EACH ROW WHEN (OLD.sequence = 2) EXECUTE FUNCTION keep_of_slot();
SELECT outcome($$SELECT azr_slot_import(17, 'TABLE moved')$$);
DROP TRIGGER keep_of_slot ON azr_events;
SELECT azr_slot_import(17, 'TABLE moved');
SELECT domain, edition, next_sequence FROM azr_slot_ends(17) ORDER BY 1, 2;
SELECT azr_own_slots('a', '{[17,17]}');
SELECT azr_next_sequence('slot_moves', NULL, r(17));
SELECT * FROM azr_check() WHERE domain LIKE 'slot\_moves%' OR domain IS NULL;

-- what is left of a slot is deleted, when nobody has to read it any more
SELECT azr_evidence_enable('example.com/slots');
SELECT azr_group_create('late', 1);
SELECT outcome($$SELECT azr_slot_drop(600)$$);
SELECT outcome($$SELECT azr_slot_drop(601)$$);
SELECT outcome($$SELECT azr_slot_drop(NULL)$$);
SELECT outcome($$SELECT azr_slot_drop(1024)$$);
SELECT outcome($$SELECT azr_slot_drop(600, 0)$$);
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(600), 14, types(3), payloads(3));
SELECT azr_slot_freeze(600, 'b');
SELECT azr_own_slots('b', '{[600,600]}', false);
BEGIN READ ONLY;
SELECT outcome($$SELECT azr_slot_drop(600)$$);
ROLLBACK;
SELECT outcome($$SELECT azr_slot_drop(600)$$);
SELECT azr_feed_advance() > 0 AS any;
SELECT outcome($$SELECT azr_slot_drop(600)$$);
SELECT size = azr_feed_head() + 1 AS all_sealed FROM azr_seal();
SELECT regexp_replace(outcome($$SELECT azr_slot_drop(600)$$), '\d+, or', 'N, or');
SELECT count(*) > 0 AS any FROM azr_fetch('late', 1000);
SELECT azr_park('late', (SELECT max(position) FROM azr_feed() WHERE root = r(600)), 'why');
SELECT outcome($$SELECT azr_slot_drop(600)$$);
SELECT azr_slot(root) AS slot, sequence FROM azr_retry('late');
SELECT outcome($$DELETE FROM azr_main_events WHERE stream_id IN (SELECT stream_id FROM azr_streams WHERE root = r(600))$$);
CREATE TABLE fed AS SELECT * FROM azr_feed(-1, 100000);
CREATE TRIGGER keep_of_slot BEFORE DELETE ON azr_events FOR EACH ROW WHEN (OLD.sequence = 1) EXECUTE FUNCTION keep_of_slot();
SELECT outcome($$SELECT azr_slot_drop(600)$$);
DROP TRIGGER keep_of_slot ON azr_events;
DROP FUNCTION keep_of_slot;
-- stream by stream
SELECT azr_slot_drop(600, 1);
SELECT domain, edition, next_sequence FROM azr_slot_ends(600) ORDER BY 1, 2;
SELECT azr_slot_drop(600), azr_slot_drop(600);
SELECT * FROM azr_slots() WHERE slot = 600;
SELECT azr_slot_drop(600);
SELECT count(*) FROM azr_positions WHERE root = r(600);
SELECT count(*) FROM azr_erased_events;
-- positions of others stay, those of what is gone are empty
SELECT count(*) FROM (TABLE fed EXCEPT SELECT * FROM azr_feed(-1, 100000)) gone WHERE azr_slot(root) <> 600;
SELECT count(*) FROM azr_feed(-1, 100000) WHERE azr_slot(root) = 600;
SELECT count(*) > 0 AS any FROM azr_feed_batches, unnest(tickets) n WHERE n < 0;
SELECT count(*) FROM (SELECT p.* FROM fed, azr_feed(fed.position - 1, 1) p EXCEPT TABLE fed) differs;
SELECT count(*) FROM fed, azr_feed(fed.position - 1, 1) p;
SELECT count(*) FROM fed WHERE azr_slot(root) <> 600;
SELECT azr_group_seek('late', -1);
SELECT count(*) FROM azr_fetch('late', 1000) WHERE azr_slot(root) = 600;
-- and cannot be parked
SELECT outcome($$SELECT azr_park('late', (SELECT min(position) FROM fed WHERE azr_slot(root) = 600), 'why')$$) ~ 'does not get the event at position \d+ \| It has moved to another node with its slot, and was deleted here\.$' AS is_said;
-- of the log, what is gone has entries that are empty
WITH RECURSIVE entry AS (
	SELECT bundle, 0 AS at, get_byte(bundle, 0) * 256 + get_byte(bundle, 1) AS bytes FROM azr_entries(0) bundle
	UNION ALL SELECT bundle, next, get_byte(bundle, next) * 256 + get_byte(bundle, next + 1) FROM entry, LATERAL (SELECT at + 2 + bytes) n (next) WHERE next < length(bundle))
SELECT count(*) FILTER (WHERE bytes = 0) = (SELECT count(*) FROM fed WHERE azr_slot(root) = 600) AS those_of_the_slot, count(*) = least(256, substring(azr_checkpoint() FROM '\n(\d+)\n')::int) AS all_of_them FROM entry;
SELECT jsonb_typeof(azr_prove('slot_moves', NULL, r(18), 0));
SELECT * FROM azr_verify();
SELECT * FROM azr_check();
-- and it goes on: the last batch grows, and no session remembers what is gone
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(18), 3, types(2), payloads(2));
SELECT azr_own_slots('a', '{[600,600]}');
SELECT outcome, next_sequence FROM azr_append('slot_moves', NULL, r(600), 0, types(1), payloads(1));
SELECT azr_feed_advance() > 0 AS any;
SELECT size = azr_feed_head() + 1 AS all_sealed FROM azr_seal();
SELECT azr_slot(root) AS slot, sequence FROM azr_fetch('late', 1000);
SELECT * FROM azr_verify();
SELECT * FROM azr_check();
-- what was altered is found beside what has moved
SET session_replication_role = replica;
ALTER TABLE azr_events DISABLE TRIGGER azr_reject_change;
UPDATE azr_events SET payload = 'other' WHERE sequence = 0 AND stream_id = (SELECT stream_id FROM azr_streams WHERE root = r(18));
SELECT problem, domain, edition, azr_slot(root) AS slot, sequence FROM azr_verify();
ALTER TABLE azr_events ENABLE ALWAYS TRIGGER azr_reject_change;
RESET session_replication_role;

-- an index of streams by slot has what is appended and what is imported
CREATE INDEX azr_streams_slot_idx ON azr_streams (azr_slot(root));
SELECT outcome, next_sequence FROM azr_append('slot_moves.indexed', NULL, r(18), 0, types(1), payloads(1));
-- rows that come from a file, as memory does not hold them, and are stored in many parts
SELECT count(*), sum(next_sequence) FROM (SELECT i, 'slot_moves.' || i AS domain FROM generate_series(100, 199) i) d, LATERAL (
	SELECT next_sequence FROM azr_append(domain, NULL, r(18), 0, types(3), array_fill(convert_to(repeat(i::text, 100), 'UTF8'), ARRAY[3]))
	UNION ALL SELECT next_sequence FROM azr_append(domain, 'e', r(18), 3, types(i % 5 + 1), array_fill(convert_to(repeat(i::text, i), 'UTF8'), ARRAY[i % 5 + 1]), divergence => 3)) a;
CREATE TABLE many AS SELECT * FROM azr_slot_export(18) WHERE domain LIKE 'slot\_moves.1__';
UPDATE many SET root = r(601);
SET work_mem = '64kB';
SELECT azr_slot_import(601, 'SELECT * FROM many ORDER BY number');
RESET work_mem;
SELECT count(*), sum(next_sequence) FROM azr_slot_ends(601) WHERE domain LIKE 'slot\_moves.1__';
SELECT count(*) FROM (SELECT domain, edition, sequence, type, payload FROM stored WHERE slot = 18 AND domain LIKE 'slot\_moves.1__' EXCEPT SELECT domain, edition, sequence, type, payload FROM stored WHERE slot = 601) differs;

SET enable_seqscan = off;
CREATE TEMP TABLE by_index AS SELECT domain, edition, root FROM azr_streams WHERE azr_slot(root) IN (18, 601);
RESET enable_seqscan;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT count(*), count(*) FILTER (WHERE domain = 'slot_moves.indexed') AS appended, count(*) FILTER (WHERE azr_slot(root) = 601) >= 200 AS imported FROM by_index;
SELECT count(*) FROM (SELECT domain, edition, root FROM azr_streams WHERE azr_slot(root) IN (18, 601) EXCEPT ALL TABLE by_index) lacks;
RESET enable_indexscan;
RESET enable_bitmapscan;
DROP INDEX azr_streams_slot_idx;
DROP TABLE by_index;

TRUNCATE azr_slot_owners;
DROP VIEW stored, given;
DROP TABLE roots, moved, calls, fed, many;
DROP FUNCTION root_in, r, import_of;
