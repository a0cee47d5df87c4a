-- What the owner of the tables adds to them works as in any INSERT: triggers
-- for rows and statements, with transition tables, on the partitioned table or
-- a leaf, constraints, columns and indexes.
\set r '00000000-0000-0000-0000-000000000001'
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION log_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log (what) VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, NEW.sequence, public.azr_event_type(NEW.type_id)));
	RETURN NEW;
END
$$;
CREATE FUNCTION log_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log (what) SELECT concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, count(*), 'rows') FROM added;
	RETURN NULL;
END
$$;

CREATE TRIGGER on_parent_row AFTER INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION log_row();
SELECT * FROM azr_append('triggers', NULL, :'r', 0, types(2), payloads(2));
DROP TRIGGER on_parent_row ON azr_events;

CREATE TRIGGER on_parent_statement AFTER INSERT ON azr_events REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION log_statement();
SELECT * FROM azr_append('triggers', NULL, :'r', 2, types(3), payloads(3));
DROP TRIGGER on_parent_statement ON azr_events;

CREATE TRIGGER on_leaf_before BEFORE INSERT ON azr_main_events FOR EACH ROW EXECUTE FUNCTION log_row();
SELECT * FROM azr_append('triggers', NULL, :'r', 5, types(1), payloads(1), ARRAY['{"a": 1}']::jsonb[],
	ARRAY['2020-01-01 00:00+00']::timestamptz[], 'trig-c', 'trig-e', 'sd', 'se', :'r', 7, cascade_id => 'trig-k', committed => false);
SELECT sequence, type, payload, metadata, created_at AT TIME ZONE 'UTC', correlation_id, external_id,
	source_domain, source_edition, source_root, source_sequence, cascade_id, committed
FROM azr_load('triggers', NULL, :'r', 5);
SELECT * FROM azr_append('triggers', NULL, :'r', 5, types(1), payloads(1), external_id => 'trig-e');
SELECT (azr_append('triggers', NULL, :'r', NULL, types(2), payloads(2))).first_sequence FROM generate_series(1, 2);
DROP TRIGGER on_leaf_before ON azr_main_events;

CREATE FUNCTION log_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log (what) VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, NEW.domain, NEW.edition, NEW.root, NEW.stream_id > 0, NEW.divergence IS NULL, NEW.created_at = now()));
	RETURN NEW;
END
$$;
CREATE TRIGGER on_streams AFTER INSERT ON azr_streams FOR EACH ROW EXECUTE FUNCTION log_stream();
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'a'), i, types(1), payloads(1)) FROM generate_series(0, 1) i$$);
DROP TRIGGER on_streams ON azr_streams;

SELECT what FROM log ORDER BY n;

-- they run as the owner of the tables, with a search_path that is nobody's
CREATE FUNCTION log_context() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log (what)
	SELECT concat_ws(' ', 'search_path:', current_setting('search_path'),
		'owner:', current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID));
	RETURN NULL;
END
$$;
CREATE TRIGGER context AFTER INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION log_context();
SET search_path = public, pg_temp;
SELECT outcome FROM azr_append('triggers', NULL, azr_root('triggers', 'a'), 2, types(1), payloads(1));
SHOW search_path;
RESET search_path;
DROP TRIGGER context ON azr_events;
SELECT what FROM log WHERE what LIKE 'search_path%';

-- a trigger cannot make a gap
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	CASE TG_ARGV[0]
		WHEN 'drop' THEN RETURN NULL;
		WHEN 'sequence' THEN NEW.sequence := NEW.sequence + 1;
		WHEN 'stream' THEN NEW.stream_id := NEW.stream_id + 1;
		WHEN 'last' THEN IF public.azr_event_type(NEW.type_id) = 'T2' THEN RETURN NULL; END IF;
		WHEN 'type' THEN NEW.type_id := (SELECT type_id FROM public.azr_event_types WHERE type = 'T2');
		WHEN 'error' THEN RAISE EXCEPTION 'not today';
	END CASE;
	RETURN NEW;
END
$$;
\pset format unaligned
\pset tuples_only on
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('drop');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_events;
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('sequence');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_events;
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('stream');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_events;
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('last');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_events;
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('error');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_events;
CREATE TRIGGER spoil BEFORE INSERT ON azr_streams FOR EACH ROW EXECUTE FUNCTION spoil('drop');
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'b'), 0, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_streams;
-- of a stream, it must not change anything, nor of a position
CREATE TRIGGER spoil BEFORE INSERT ON azr_streams FOR EACH ROW EXECUTE FUNCTION spoil('stream');
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'b'), 0, types(2), payloads(2))$$);
DROP TRIGGER spoil ON azr_streams;
CREATE TRIGGER spoil BEFORE INSERT ON azr_positions FOR EACH ROW EXECUTE FUNCTION spoil('sequence');
SELECT outcome($$SELECT azr_put_position('spoiled', 'triggers', NULL, azr_root('triggers', 'b'), 1)$$);
SELECT outcome($$SELECT azr_put_positions('spoiled', 'triggers', NULL, ARRAY[azr_root('triggers', 'b'), azr_root('triggers', 'c')], ARRAY[1, 2])$$);
DROP TRIGGER spoil ON azr_positions;
-- what is changed in many rows is seen at the first one
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('sequence');
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'b'), 0, types(20000), payloads(20000))$$);
DROP TRIGGER spoil ON azr_events;
-- what it does to the rest is its owner's business
CREATE TRIGGER spoil BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION spoil('type');
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 10, types(1), payloads(1))$$);
DROP TRIGGER spoil ON azr_events;
SELECT sequence, type FROM azr_load('triggers', NULL, :'r', 9);

-- constraints, columns with defaults, indexes with expressions, NOT NULL
ALTER TABLE azr_events ADD CONSTRAINT short CHECK (length(correlation_id) < 10) NOT VALID;
SELECT left(outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 11, types(1), payloads(1), correlation_id => 'an id too long')$$), 5);
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 11, types(1), payloads(1))$$);
ALTER TABLE azr_events DROP CONSTRAINT short;
ALTER TABLE azr_events ADD COLUMN extra text DEFAULT 'given';
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 12, types(1), payloads(1))$$);
SELECT extra FROM azr_events e JOIN azr_streams s USING (stream_id) WHERE domain = 'triggers' AND sequence = 12;
ALTER TABLE azr_events DROP COLUMN extra;
CREATE INDEX by_length ON azr_main_events (length(external_id));
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 13, types(1), payloads(1))$$);
DROP INDEX by_length;
CREATE UNIQUE INDEX one_event ON azr_main_events (stream_id, correlation_id) WHERE length(correlation_id) > 10;
SELECT left(outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 14, types(2), payloads(2), correlation_id => 'this one only once')$$), 5);
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 14, types(1), payloads(1), correlation_id => 'this one only once')$$);
DROP INDEX one_event;
ALTER TABLE azr_main_events ADD CONSTRAINT has_metadata CHECK (metadata IS NOT NULL) NOT VALID;
SELECT left(outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 15, types(1), payloads(1))$$), 5);
ALTER TABLE azr_main_events DROP CONSTRAINT has_metadata;

-- what the C code relies on must stay; a clear error, and no crash
BEGIN;
ALTER TABLE azr_events RENAME COLUMN committed TO done;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_load('triggers', NULL, '00000000-0000-0000-0000-000000000001')$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_main_events DROP CONSTRAINT azr_main_events_pkey;
ROLLBACK;
BEGIN;
DROP INDEX azr_main_events_external_id_idx;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
CREATE INDEX azr_main_events_external_id_idx ON azr_main_events (external_id, stream_id) WHERE external_id IS NOT NULL;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
DROP INDEX azr_main_events_external_id_idx;
CREATE INDEX azr_main_events_external_id_idx ON azr_main_events (stream_id, external_id) WHERE payload IS NOT NULL;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
DROP INDEX azr_main_events_external_id_idx;
CREATE INDEX azr_main_events_external_id_idx ON azr_main_events (stream_id, external_id) WHERE external_id IS NOT NULL;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_events DETACH PARTITION azr_main_events;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_load('triggers', NULL, '00000000-0000-0000-0000-000000000001')$$);
ROLLBACK;
-- names compare by bytes, or not at all
BEGIN;
CREATE OR REPLACE VIEW azr_timeline AS SELECT NULL::text COLLATE "C" AS domain, NULL::text COLLATE "C" AS edition, NULL::uuid AS root,
	NULL::bigint AS sequence, NULL::text COLLATE "C" AS type, NULL::bytea AS payload, NULL::jsonb AS metadata, NULL::timestamptz AS created_at,
	NULL::text COLLATE "C" AS correlation_id, NULL::text COLLATE "C" AS external_id, NULL::text COLLATE "C" AS source_domain,
	NULL::text COLLATE "C" AS source_edition, NULL::uuid AS source_root, NULL::bigint AS source_sequence,
	NULL::text COLLATE "C" AS cascade_id, NULL::boolean AS committed;
ALTER TABLE azr_streams ALTER COLUMN domain TYPE text COLLATE "POSIX";
SELECT outcome($$SELECT azr_load('triggers', NULL, '00000000-0000-0000-0000-000000000001')$$);
ROLLBACK;
-- numbers that no append gives
BEGIN;
ALTER SEQUENCE azr_stream_ids MINVALUE -100 RESTART WITH 0;
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'zero'), 0, types(1), payloads(1))$$);
ROLLBACK;
BEGIN;
INSERT INTO azr_events (stream_id, sequence, created_at, committed, type_id, payload)
SELECT stream_id, 9223372036854775807, now(), true, 1, '' FROM azr_streams WHERE domain = 'triggers' AND root = :'r';
SELECT left(outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1))$$), 50);
SELECT left(outcome($$SELECT azr_next_sequence('triggers', NULL, '00000000-0000-0000-0000-000000000001')$$), 50);
ROLLBACK;
REINDEX TABLE CONCURRENTLY azr_main_events;
REINDEX TABLE CONCURRENTLY azr_streams;
SELECT outcome($$SELECT azr_append('triggers', NULL, '00000000-0000-0000-0000-000000000001', 15, types(1), payloads(1))$$);
SELECT count(*), max(sequence) FROM azr_load('triggers', NULL, :'r');

-- a rule on the partitioned table is heeded
CREATE TABLE rule_log (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE RULE also AS ON INSERT TO azr_events DO ALSO INSERT INTO public.rule_log (what) VALUES ('rule ' || NEW.sequence);
SELECT first_sequence FROM azr_append('triggers', NULL, azr_root('triggers', 'rule'), 0, types(2), payloads(2));
SELECT what FROM rule_log ORDER BY n;
DROP RULE also ON azr_events;
CREATE RULE instead AS ON INSERT TO azr_events DO INSTEAD NOTHING;
SELECT split_part(outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'rule'), 2, types(1), payloads(1))$$), ' | ', 1);
DROP RULE instead ON azr_events;
SELECT azr_next_sequence('triggers', NULL, azr_root('triggers', 'rule'));
DROP TABLE rule_log;

-- a trigger may append, but not to the stream that is being appended to
CREATE FUNCTION append_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF public.azr_event_type(NEW.type_id) <> 'More' THEN
		PERFORM public.azr_append(domain, edition, CASE TG_ARGV[0] WHEN 'same' THEN root ELSE public.azr_root('triggers', 'other') END, NULL, ARRAY['More'], ARRAY['']::bytea[])
		FROM public.azr_streams WHERE stream_id = NEW.stream_id;
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER append_more AFTER INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION append_more('same');
SELECT regexp_replace(outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'more'), 0, types(1), payloads(1))$$), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R');
DROP TRIGGER append_more ON azr_events;
CREATE TRIGGER append_more BEFORE INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION append_more('same');
SELECT regexp_replace(outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'more'), 0, types(1), payloads(1))$$), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R');
DROP TRIGGER append_more ON azr_events;
CREATE TRIGGER append_more AFTER INSERT ON azr_events FOR EACH ROW EXECUTE FUNCTION append_more('other');
SELECT * FROM azr_append('triggers', NULL, azr_root('triggers', 'more'), 0, types(2), payloads(2));
SELECT azr_next_sequence('triggers', NULL, azr_root('triggers', 'more')), azr_next_sequence('triggers', NULL, azr_root('triggers', 'other'));
DROP TRIGGER append_more ON azr_events;
DROP FUNCTION append_more();
-- the same while a type gets its number, and while the state goes with the events
CREATE FUNCTION append_there() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public.azr_append('triggers', NULL, public.azr_root('triggers', 'more'), NULL, ARRAY['More'], ARRAY['']::bytea[]);
	RETURN NEW;
END
$$;
CREATE TRIGGER append_there AFTER INSERT ON azr_event_types FOR EACH ROW EXECUTE FUNCTION append_there();
SELECT split_part(outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'more'), NULL, ARRAY['triggers.unknown'], payloads(1))$$), ' | ', 1);
SELECT split_part(outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'others'), NULL, ARRAY['triggers.unknown'], payloads(1))$$), ' | ', 1);
DROP TRIGGER append_there ON azr_event_types;
CREATE TRIGGER append_there AFTER INSERT OR UPDATE ON azr_latest_snapshots FOR EACH ROW EXECUTE FUNCTION append_there();
SELECT split_part(outcome($$SELECT azr_append_commutative('triggers', NULL, azr_root('triggers', 'more'), azr_next_sequence('triggers', NULL, azr_root('triggers', 'more')), ARRAY['T1'], payloads(1), 's', '')$$), ' | ', 1);
DROP TRIGGER append_there ON azr_latest_snapshots;
DROP FUNCTION append_there();

-- an unlogged table would be empty after a crash: nothing goes there, but it can be read
BEGIN;
ALTER TABLE azr_main_events SET UNLOGGED;
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'more'), NULL, types(1), payloads(1))$$);
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'new'), NULL, types(1), payloads(1))$$);
SELECT count(*) FROM azr_load('triggers', NULL, azr_root('triggers', 'more'));
ROLLBACK;
BEGIN;
ALTER TABLE azr_streams SET UNLOGGED;
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'new'), NULL, types(1), payloads(1))$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_event_types SET UNLOGGED;
SELECT outcome($$SELECT azr_append('triggers', NULL, azr_root('triggers', 'more'), NULL, ARRAY['triggers.new'], payloads(1))$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_edition_events SET UNLOGGED;
SELECT outcome($$SELECT azr_append('triggers', 'e', azr_root('triggers', 'more'), NULL, types(1), payloads(1))$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_registered_editions SET UNLOGGED;
SELECT outcome($$SELECT azr_create_edition('triggers', 'unlogged')$$);
ROLLBACK;
BEGIN;
ALTER TABLE azr_positions SET UNLOGGED;
SELECT outcome($$SELECT azr_put_position('triggers', 'triggers', NULL, azr_root('triggers', 'more'), 0)$$);
SELECT outcome($$SELECT azr_put_positions('triggers', 'triggers', NULL, ARRAY[azr_root('triggers', 'more')], ARRAY[0])$$);
ROLLBACK;
-- snapshots are a cache, and may get lost
BEGIN;
ALTER TABLE azr_latest_snapshots SET UNLOGGED;
SELECT outcome($$SELECT azr_put_snapshot('triggers', NULL, azr_root('triggers', 'more'), 0, 's', '')$$);
ROLLBACK;
