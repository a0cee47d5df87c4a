-- Erasure: what is erased is gone, and that it was is on record.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA erasing;
SET search_path = erasing, public;
CREATE FUNCTION r(k text) RETURNS uuid LANGUAGE sql AS $$ SELECT azr_root('erase', k) $$;
CREATE FUNCTION put(k text, n int DEFAULT 1, edition text DEFAULT NULL, external_id text DEFAULT NULL, cascade text DEFAULT NULL, divergence bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT outcome || ' ' || first_sequence || '-' || last_sequence
   FROM azr_append('erase', $3, r($1), NULL, types($2), payloads($2), metadata => array_fill('{"name": "Alice"}'::jsonb, ARRAY[$2]),
	correlation_id => 'of ' || $1, external_id => $4, cascade_id => $5, committed => $5 IS NULL, divergence => $6) $$;
CREATE FUNCTION erase(k text, f bigint, t bigint, edition text DEFAULT NULL, ids boolean DEFAULT false, reason text DEFAULT 'the law') RETURNS bigint LANGUAGE sql AS
$$ SELECT azr_erase('erase', $4, r($1), $2, $3, reason, ids) $$;
CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome('SELECT ' || $1), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R') $$;
-- a stream: an erased event is in brackets with what its payload says, and what it has besides follows
CREATE FUNCTION events(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(sequence || ' ' || CASE type WHEN 'type.googleapis.com/angzarr.Erased' THEN '[' || convert_from(substr(payload, 3), 'UTF8') || ']' ELSE regexp_replace(type, '.*\.', '') END
	|| CASE WHEN metadata IS NULL THEN '' ELSE '+m' END || CASE WHEN correlation_id IS NULL THEN '' ELSE '+c' END || CASE WHEN external_id IS NULL THEN '' ELSE '+x' END
	|| CASE WHEN committed THEN '' ELSE '?' END, ', ' ORDER BY sequence) FROM azr_load('erase', $2, r($1)) $$;
CREATE FUNCTION records(k text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(edition || ' ' || sequence || ' ' || type || ' ' || reason, ', ' ORDER BY edition, sequence) FROM azr_erasures('erase') WHERE root = r($1) $$;
CREATE FUNCTION consumers(k text) RETURNS TABLE (t text) LANGUAGE sql AS
$$ SELECT sequence || ' ' || type || ' ' || encode(substr(payload, 3 + get_byte(payload, 1)), 'hex') FROM azr_load('angzarr.erasures', NULL, r($1)) $$;
CREATE FUNCTION snapshots(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(DISTINCT s.sequence::text, ' ' ORDER BY s.sequence::text) FROM generate_series(0, 9) i, azr_get_snapshot('erase', $2, r($1), i) s $$;

-- Type, payload and metadata go, the ids if that is asked for
SELECT put('a', 5, external_id => 'x');
SELECT erase('a', 1, 3);
SELECT events('a');
SELECT payload, created_at = (SELECT created_at FROM azr_load('erase', NULL, r('a'), 0, 1)), correlation_id, external_id FROM azr_load('erase', NULL, r('a'), 1, 2);
-- twice: nothing is left to do
SELECT erase('a', 1, 3), erase('a', 1, 2, reason => 'again');
-- but for what overlaps, and for the ids
SELECT erase('a', 0, 2);
SELECT erase('a', 2, 4, ids => true, reason => 'with ids');
SELECT events('a');
SELECT erase('a', 2, 4, ids => true), erase('a', 0, 5, ids => false);
SELECT records('a');
SELECT domain, edition, root = r('a'), sequence, type, erased_at = (SELECT max(erased_at) FROM azr_erasures('erase')), erased_by = session_user, reason FROM azr_erasures() WHERE root = r('a') AND sequence = 3;
-- an event without ids has none to lose, and the source stays with and without
SELECT outcome FROM azr_append('erase', NULL, r('no ids'), 0, '{A,B}', '{a,b}', source_domain => 'other', source_root => r('other'), source_sequence => 7);
SELECT erase('no ids', 0, 1), erase('no ids', 0, 1, ids => true), erase('no ids', 0, 2, ids => true), erase('no ids', 0, 2, ids => true);
SELECT sequence, source_domain, source_edition, source_root = r('other'), source_sequence FROM azr_load('erase', NULL, r('no ids'));
SELECT * FROM consumers('no ids');
-- what tells consumers: the stream, the range that was changed, and whether ids went
SELECT * FROM consumers('a');
SELECT payload = '\x0a260a120a10'::bytea || uuid_send(r('a')) || '\x12056572617365'::bytea || '\x22090a07616e677a617272'::bytea || '\x10011803'::bytea FROM azr_load('angzarr.erasures', NULL, r('a'), 0, 1);
-- NULL is where the stream begins, and where it ends; nothing may be left between
SELECT put('open', 4), erase('open', NULL, 2), erase('open', 3, NULL), erase('open', 2, 2), erase('open', 4, NULL), erase('open', 4, 4);
SELECT events('open');
SELECT erase('open', NULL, NULL), erase('nothing', NULL, NULL), erase('nothing', 0, 0), events('open');

-- Bad input
SELECT attempt($$erase('a', 0, 6)$$);
SELECT attempt($$erase('a', 6, NULL)$$);
SELECT attempt($$erase('a', 3, 2)$$);
SELECT attempt($$erase('a', -1, 2)$$);
SELECT attempt($$erase('a', 0, -1)$$);
SELECT attempt($$erase('nothing', 0, 1)$$);
SELECT attempt($$erase('a', 0, 1, reason => NULL)$$);
SELECT attempt($$erase('a', 0, 1, reason => '')$$);
SELECT attempt($$erase('a', 0, 1, reason => repeat('x', 1025))$$);
SELECT attempt($$erase('a', 0, 1, ids => NULL)$$);
SELECT attempt($$azr_erase(NULL, NULL, r('a'), 0, 1, 'x')$$);
SELECT attempt($$azr_erase('erase', NULL, NULL, 0, 1, 'x')$$);
SELECT attempt($$azr_erasures('')$$);
BEGIN READ ONLY;
SELECT erase('a', 0, 1);
ROLLBACK;
BEGIN READ ONLY;
SELECT azr_scrub();
ROLLBACK;

-- In an edition, its own events only, whatever protects it
SELECT put('e', 4), put('e', 3, 'what-if', divergence => 2);
SELECT attempt($$erase('e', 1, 3, 'what-if')$$);
SELECT attempt($$erase('e', 0, 5, 'no events here')$$);
SELECT azr_protect_edition('erase', 'what-if', 'sealed');
SELECT erase('e', 3, 4, 'what-if');
SELECT events('e', 'what-if'), events('e');
SELECT azr_protect_edition('erase', 'what-if', 'protected');
SELECT erase('e', NULL, NULL, 'what-if', ids => true);
SELECT events('e', 'what-if');
-- the main timeline's are shared
SELECT erase('e', 0, 3);
SELECT events('e', 'what-if'), events('e');
SELECT records('e');
SELECT * FROM consumers('e');
-- records of an edition's own events go with it
SELECT azr_protect_edition('erase', 'what-if', 'open'), azr_delete_edition('erase', 'what-if');
SELECT records('e');

-- Snapshots at or above go, in editions that share the event too
SELECT put('s', 6), put('s', 1, 'early', divergence => 2), put('s', 1, 'late', divergence => 4), put('s', 1, 'at', divergence => 3);
SELECT azr_create_edition('erase', 'reads', NULL), azr_create_edition('erase', 'reads below', 3), azr_create_edition('erase', 'reads above', 4);
SELECT count(azr_put_snapshot('erase', edition, r('s'), n, 't', 's', retention)) FROM unnest(ARRAY['angzarr', 'early', 'late', 'at', 'reads', 'reads above']) edition,
	(VALUES (1, 'default'), (2, 'persist'), (3, 'default')) s(n, retention) WHERE NOT (edition = 'early' AND n > 2);
SELECT azr_put_snapshot('erase', 'late', r('s'), 4, 't', 's'), azr_put_snapshot('erase', 'reads below', r('s'), 2, 't', 's');
SELECT erase('s', 3, 4);
SELECT e, snapshots('s', e) FROM unnest(ARRAY['angzarr', 'early', 'late', 'at', 'reads', 'reads above', 'reads below']) e;
-- where nothing is left to erase too: a snapshot may have been put by who had loaded the event before
SELECT azr_put_snapshot('erase', NULL, r('s'), 5, 't', 's');
SELECT erase('s', 3, 4), snapshots('s');
-- in an edition, that edition's
SELECT azr_put_snapshot('erase', 'late', r('s'), 4, 't', 's'), azr_put_snapshot('erase', NULL, r('s'), 5, 't', 's'), erase('s', 4, 5, 'late');
SELECT e, snapshots('s', e) FROM unnest(ARRAY['angzarr', 'late']) e;
SELECT kind, sequence, type FROM azr_load_state('erase', 'late', r('s'));

-- Cascades: pending events can be erased, and confirmed or revoked later; what resolves a cascade cannot
SELECT put('c', 1), put('c', 2, cascade => 'erase c1'), put('c', 1, cascade => 'erase c2');
SELECT erase('c', 1, 4);
SELECT azr_confirm_cascade('erase c1'), azr_revoke_cascade('erase c2', 'changed my mind');
SELECT events('c');
SELECT string_agg(sequence || ' ' || regexp_replace(type, '.*\.', ''), ', ') FROM azr_load_effective('erase', NULL, r('c'));
SELECT attempt($$erase('c', 0, 6)$$);
SELECT attempt($$erase('c', 5, 6, ids => true)$$);
SELECT events('c'), records('c');
SELECT erase('c', 0, 4, ids => true), events('c');
SELECT string_agg(sequence || ' ' || regexp_replace(type, '.*\.', ''), ', ') FROM azr_load_effective('erase', NULL, r('c'));

-- Retries stay honest: without ids, and by the source, it is a duplicate; the external id that is gone makes a new append
SELECT put('retry', 2, external_id => 'once'), erase('retry', 0, 2);
SELECT put('retry', 2, external_id => 'once');
SELECT count(*) FROM azr_find_by_external_id('erase', NULL, r('retry'), 'once');
SELECT erase('retry', 0, 2, ids => true), put('retry', 2, external_id => 'once');
SELECT sequence FROM azr_find_by_external_id('erase', NULL, r('retry'), 'once');
SELECT count(*) FROM azr_trace('of retry');
SELECT outcome, first_sequence FROM azr_append('erase', NULL, r('source'), 0, '{A}', '{x}', external_id => 's', source_domain => 'other', source_root => r('other'), source_sequence => 7);
SELECT erase('source', 0, 1, ids => true);
SELECT outcome, first_sequence FROM azr_append('erase', NULL, r('source'), 0, '{A}', '{x}', external_id => 's', source_domain => 'other', source_root => r('other'), source_sequence => 7);
SELECT sequence, type FROM azr_find_by_source('erase', NULL, r('source'), 'other', NULL, r('other'), 7);

-- The feed: the same positions, before and after they were given
SELECT put('f', 2);
SELECT azr_feed_advance() AS h \gset
SELECT put('f', 2);
SELECT erase('f', 1, 3);
SELECT azr_feed_advance() - :h;
SELECT position - :h, domain, sequence, regexp_replace(type, '.*\.', '') FROM azr_feed(:h - 2);
-- and a group that had parked one
SELECT azr_group_create('erase', 1, :h - 2, ARRAY['erase']);
SELECT sequence FROM azr_fetch('erase', 1);
SELECT azr_park('erase', :h - 1, 'could not read it');
-- what was said of it, by any group, may be a copy of what is erased; that of other streams stays
SELECT azr_group_create('erase too', 1, :h - 2, ARRAY['erase']), azr_park('erase too', :h + 1, 'name is Alice');
SELECT put('parked');
SELECT azr_feed_advance() IS NOT NULL;
SELECT azr_park('erase too', position, 'stays') FROM azr_feed(:h) WHERE root = r('parked');
SELECT erase('f', 0, 1);
SELECT handler, domain, sequence, reason FROM azr_parked() WHERE handler LIKE 'erase%';
-- who had the event from before may say it again: erasing again takes it
SELECT azr_park('erase', :h - 1, 'name is Alice'), erase('f', 0, 1);
SELECT reason FROM azr_parked('erase');
-- a trigger of the owner does not keep it
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t BEFORE UPDATE ON azr_parked_streams FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT attempt($$erase('parked', 0, 1)$$);
DROP TRIGGER t ON azr_parked_streams;
DROP FUNCTION drop_row;
SELECT count(*) FROM azr_fetch('erase');
SELECT sequence, regexp_replace(type, '.*\.', '') FROM azr_retry('erase');
SELECT azr_group_drop('erase'), azr_group_drop('erase too');

-- Merging: a base that is gone is a conflict
SELECT outcome FROM azr_append_commutative('erase', NULL, r('m'), 0, '{A}', '{x}', 'application/json', '{"a": 1}');
SELECT outcome FROM azr_append_commutative('erase', NULL, r('m'), 1, '{A}', '{x}', 'application/json', '{"a": 1, "b": 1}');
SELECT erase('m', 0, 1);
SELECT attempt($$outcome FROM azr_append_commutative('erase', NULL, r('m'), 1, '{A}', '{x}', 'application/json', '{"a": 2}')$$);

-- The event that tells consumers cannot be erased
SELECT attempt($$azr_erase('angzarr.erasures', NULL, r('a'), 0, 1, 'why not')$$);
-- but others can, that somebody has put there, and others of the type
SELECT outcome FROM azr_append('angzarr.erasures', NULL, r('other'), NULL, '{A}', '{a}');
SELECT azr_erase('angzarr.erasures', NULL, r('other'), 0, 1, 'x');
SELECT outcome FROM azr_append('erase', NULL, r('erasure'), NULL, '{type.googleapis.com/angzarr.Erasure}', '{a}');
SELECT erase('erasure', 0, 1);
SELECT sequence, regexp_replace(type, '.*\.', '') FROM azr_load('angzarr.erasures', NULL, r('a'));

-- Nobody else changes an event, or a record
SELECT s.stream_id AS id FROM azr_streams s WHERE domain = 'erase' AND root = r('open') \gset
SELECT t.type_id AS erased FROM azr_event_types t WHERE type LIKE '%.Erased' \gset
UPDATE azr_events SET type_id = :erased, payload = '\x0a025431', metadata = NULL WHERE stream_id = :id AND sequence = 2;
UPDATE azr_erased_events SET body_digest = decode(repeat('00', 32), 'hex') WHERE stream_id = :id;
DELETE FROM azr_erased_events WHERE stream_id = :id;
TRUNCATE azr_erased_events;
-- while one is erased, triggers of the owner may not change more than that
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	CASE TG_ARGV[0]
	WHEN 'created_at' THEN NEW.created_at := NEW.created_at + interval '1 s';
	WHEN 'payload' THEN NEW.payload := 'x';
	WHEN 'empty' THEN NEW.payload := '';
	WHEN 'metadata' THEN NEW.metadata := '{}';
	WHEN 'external_id' THEN NEW.external_id := 'other';
	WHEN 'clear' THEN NEW.external_id := NULL;
	WHEN 'type' THEN NEW.type_id := OLD.type_id;
	WHEN 'source' THEN NEW.source_domain := 'x';
	WHEN 'committed' THEN NEW.committed := NOT NEW.committed;
	WHEN 'ticket' THEN NEW.ticket := coalesce(NEW.ticket, 0) + 1;
	WHEN 'drop' THEN RETURN NULL;
	WHEN 'others' THEN IF OLD.sequence > 0 THEN UPDATE public.azr_events SET payload = '' WHERE stream_id = OLD.stream_id AND sequence = 0; END IF;
	WHEN 'note' THEN RAISE NOTICE '% % of %', TG_WHEN, TG_OP, NEW.sequence;
	END CASE;
	RETURN NEW;
END $$;
SELECT put('meddle', 2, external_id => 'm');
CREATE FUNCTION meddled(what text, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE format('CREATE TRIGGER %s BEFORE UPDATE ON azr_main_events FOR EACH ROW EXECUTE FUNCTION meddle(%L)', name, what);
	result := attempt($q$erase('meddle', 1, 2)$q$);
	EXECUTE format('DROP TRIGGER %s ON azr_main_events', name);
	RETURN what || ': ' || result;
END $$;
-- before ours looks, and after
SELECT meddled(w, 'a') FROM unnest(ARRAY['created_at', 'payload', 'empty', 'metadata', 'external_id', 'clear', 'type', 'source', 'committed', 'ticket', 'drop', 'others']) w;
SELECT meddled(w, 'z') FROM unnest(ARRAY['created_at', 'payload', 'empty', 'metadata', 'external_id', 'clear', 'type', 'source', 'committed', 'ticket', 'drop', 'others']) w;
SELECT events('meddle'), records('meddle');
-- those that just look do fire
CREATE TRIGGER b BEFORE UPDATE ON azr_main_events FOR EACH ROW EXECUTE FUNCTION meddle('note');
CREATE TRIGGER a AFTER UPDATE ON azr_main_events FOR EACH ROW EXECUTE FUNCTION meddle('note');
SELECT erase('meddle', 0, 2);
DROP TRIGGER a ON azr_main_events;
DROP TRIGGER b ON azr_main_events;
-- one that drops a record
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t BEFORE INSERT ON azr_erased_events FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT put('dropped'), attempt($$erase('dropped', 0, 1)$$);
DROP TRIGGER t ON azr_erased_events;
DROP FUNCTION drop_row;
-- a column of the owner's own may change with it
ALTER TABLE azr_events ADD COLUMN name text;
CREATE FUNCTION forget_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NULL; RETURN NEW; END $$;
CREATE TRIGGER forget_name BEFORE UPDATE ON azr_events FOR EACH ROW EXECUTE FUNCTION forget_name();
SELECT erase('dropped', 0, 1), events('dropped');
DROP TRIGGER forget_name ON azr_events;
DROP FUNCTION forget_name;
ALTER TABLE azr_events DROP COLUMN name;

-- An event of the type that azr_erase did not store, as by an import: azr_check tells, azr_erase puts it on record
SELECT outcome FROM azr_append('erase', NULL, r('imported'), 0, '{type.googleapis.com/angzarr.Erased}', '{"Alice"}', metadata => '{"{}"}');
SELECT problem, sequence, detail FROM azr_check('erase');
SELECT erase('imported', 0, 1), erase('imported', 0, 1);
SELECT payload, metadata FROM azr_load('erase', NULL, r('imported'));
-- an event that is back, and a record without one
BEGIN;
ALTER TABLE azr_events DISABLE TRIGGER azr_reject_change;
UPDATE azr_events SET metadata = '{}' WHERE stream_id = :id AND sequence = 1;
DELETE FROM azr_events WHERE stream_id = :id AND sequence = 3;
ALTER TABLE azr_events ENABLE ALWAYS TRIGGER azr_reject_change;
SELECT problem, sequence, detail FROM azr_check('erase') ORDER BY 1, 2;
ROLLBACK;
SELECT * FROM azr_check('erase');
SELECT * FROM azr_check() WHERE problem ~ 'erase|feed';

-- In one transaction, and many at once
BEGIN;
SELECT put('many', 2500);
SELECT erase('many', 0, 1200), azr_feed_advance() IS NOT NULL;
SELECT erase('many', 0, NULL);
SAVEPOINT s;
SELECT put('many'), erase('many', 0, NULL);
ROLLBACK TO s;
SELECT count(*), count(*) FILTER (WHERE type LIKE '%.Erased') FROM azr_load('erase', NULL, r('many'));
COMMIT;
BEGIN;
SELECT put('back'), erase('back', 0, 1), events('back');
ROLLBACK;
SELECT events('back'), records('back');
SELECT count(*) FROM azr_erasures('erase') WHERE root = r('many');
SELECT azr_feed_advance() = (SELECT count(*) FROM azr_main_events) - 1;

-- A record of an event that was not erased hides nothing
SELECT outcome FROM azr_append('erase', NULL, r('forged'), 0, '{A}', '{secret}');
BEGIN;
INSERT INTO azr_erased_events SELECT stream_id, 0, now(), '0/0', false, 'eve', 'A', 'forged' FROM azr_streams WHERE root = r('forged') AND domain = 'erase';
SELECT azr_erase('erase', NULL, r('forged'), 0, 1, 'x');
ROLLBACK;
SELECT azr_erase('erase', NULL, r('forged'), 0, 1, 'x');

-- Who may: the owner, and whom it lets
CREATE ROLE erase_admin;
SELECT azr_grant('erase_admin', 'admin');
SET ROLE erase_admin;
SELECT azr_erase('erase', NULL, azr_root('erase', 'open'), 2, 3, 'x');
SELECT azr_scrub();
SELECT count(*) FROM azr_erasures('erase') WHERE sequence = 1 AND root = azr_root('erase', 'a');
RESET ROLE;
GRANT EXECUTE ON FUNCTION azr_erase TO erase_admin;
SET ROLE erase_admin;
SELECT azr_erase('erase', NULL, azr_root('erase', 'f'), 3, 4, 'granted');
RESET ROLE;
SELECT reason, erased_by = session_user FROM azr_erasures('erase') WHERE root = r('f') AND sequence = 3;
REVOKE EXECUTE ON FUNCTION azr_erase FROM erase_admin;
SELECT azr_revoke('erase_admin', 'reader');
DROP ROLE erase_admin;

-- Scrubbing knows btrees and heaps, with PostgreSQL's own operators
CREATE INDEX erase_hash ON azr_main_events USING hash (external_id);
SELECT table_name, pages, waiting FROM azr_scrub() WHERE table_name LIKE '%erase_hash';
DROP INDEX erase_hash;
SET client_min_messages = warning;
DROP SCHEMA erasing CASCADE;
RESET client_min_messages;
RESET search_path;
