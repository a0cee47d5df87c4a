-- Plans are kept, in each backend: as many as there are statements, and no more.
\set r '00000000-0000-0000-0000-000000000001'
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- the plans that are kept of a statement
CREATE FUNCTION plans(statement text) RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' AND ident LIKE statement || '%' $$;

-- an owner's CHECK makes an append run SQL
ALTER TABLE azr_main_events ADD CONSTRAINT small CHECK (sequence < 100) NOT VALID;
SELECT (azr_append('plans', NULL, :'r', NULL, types(1), payloads(1))).outcome FROM generate_series(1, 3);
SELECT plans('INSERT INTO public.azr_events');
-- a table that is altered is seen to be
ALTER TABLE azr_main_events DROP CONSTRAINT small, ADD CONSTRAINT small CHECK (sequence < 4) NOT VALID;
SELECT (azr_append('plans', NULL, :'r', NULL, types(1), payloads(1))).outcome;
-- an error leaves nothing behind
SELECT azr_append('plans', NULL, :'r', NULL, types(1), payloads(1)) FROM generate_series(1, 3);
DO $$
BEGIN
	FOR i IN 1 .. 10 LOOP
		BEGIN
			PERFORM azr_append('plans', NULL, '00000000-0000-0000-0000-000000000001', NULL, types(1), payloads(1));
		EXCEPTION WHEN check_violation THEN
		END;
	END LOOP;
END
$$;
SELECT plans('INSERT INTO public.azr_events');
ALTER TABLE azr_main_events DROP CONSTRAINT small;
BEGIN;
ALTER TABLE azr_events ADD COLUMN extra int DEFAULT 7;
SELECT (azr_append('plans', NULL, :'r', 4, types(2), payloads(2))).outcome;
SELECT sequence, extra FROM azr_main_events e JOIN azr_streams s USING (stream_id) WHERE s.domain = 'plans' ORDER BY sequence DESC LIMIT 3;
ROLLBACK;

-- a trigger that calls the store runs the plan that it is itself run by
CREATE TABLE chain (n int);
CREATE FUNCTION append_next() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	next int := convert_from(NEW.payload, 'UTF8')::int - 1;
BEGIN
	INSERT INTO public.chain VALUES (next);
	IF next > 0 THEN
		PERFORM public.azr_append('plans', NULL, public.azr_root('plans', next::text), NULL, ARRAY['T'], ARRAY[convert_to(next::text, 'UTF8')]);
	ELSIF next < 0 THEN
		RAISE 'at the end';
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER chain AFTER INSERT ON azr_main_events FOR EACH ROW EXECUTE FUNCTION append_next();
SELECT (azr_append('plans', NULL, azr_root('plans', 'chain'), NULL, ARRAY['T', 'T'], ARRAY['5', '3']::bytea[])).outcome;
SELECT count(*), sum(n) FROM chain;
SELECT azr_append('plans', NULL, azr_root('plans', 'chain'), NULL, ARRAY['T', 'T'], ARRAY['5', '0']::bytea[]);
SELECT count(*), plans('INSERT INTO public.azr_events') FROM chain;
DROP TRIGGER chain ON azr_main_events;
-- and one that has that plan forgotten: the owner is another, and is again who it was
CREATE ROLE plans_owner SUPERUSER;
SELECT current_user AS me \gset
CREATE FUNCTION change_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	me text := current_user;
BEGIN
	ALTER TABLE public.azr_streams OWNER TO plans_owner;
	PERFORM public.azr_append('plans', NULL, public.azr_root('plans', 'forgotten'), NULL, ARRAY['T'], ARRAY['x']::bytea[]);
	EXECUTE format('ALTER TABLE public.azr_streams OWNER TO %I', me);
	RETURN NEW;
END
$$;
CREATE TRIGGER change_owner AFTER INSERT ON azr_main_events FOR EACH ROW WHEN (NEW.payload = 'change') EXECUTE FUNCTION change_owner();
SELECT (azr_append('plans', NULL, :'r', NULL, ARRAY['T'], ARRAY['change']::bytea[])).outcome;
SELECT count(*), plans('INSERT INTO public.azr_events') <= 1 FROM azr_load('plans', NULL, azr_root('plans', 'forgotten'));
DROP TRIGGER change_owner ON azr_main_events;
DROP FUNCTION append_next, change_owner;
DROP ROLE plans_owner;
DROP TABLE chain;

-- a query of azr_timeline by a correlation id goes by the index on its key
CREATE FUNCTION by_index(condition text, tables text DEFAULT 'azr_timeline t') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	keys bool := false;
	with_it bigint;
	without bigint;
BEGIN
	SET LOCAL enable_seqscan = off;
	FOR line IN EXECUTE format('EXPLAIN SELECT FROM %s WHERE (%s) AND t.domain = ''plans''', tables, condition) LOOP
		keys := keys OR line LIKE '%(azr_correlation_key(%';
	END LOOP;
	EXECUTE format('SELECT count(*) FROM %s WHERE (%s) AND t.domain = ''plans''', tables, condition) INTO with_it;
	EXECUTE format('SELECT count(*) FROM %s WHERE (%s) AND t.domain = ''plans''', replace(tables, 'azr_timeline', '(SELECT * FROM azr_timeline OFFSET 0)'), condition) INTO without;
	RETURN format('by key: %s, %s rows, %s without', keys, with_it, without);
END
$$;
SELECT count(*) FROM (SELECT azr_append('plans', NULL, azr_root('plans', (i % 5)::text || 'c'), NULL, types(2), payloads(2), correlation_id => 'c' || i % 3) FROM generate_series(1, 9) i) a;
SELECT by_index($$correlation_id = 'c1'$$);
SELECT count(*) FROM (SELECT azr_append('plans', NULL, azr_root('plans', i || 'u'), NULL, types(2), payloads(2), correlation_id => id)
	FROM (VALUES (1, '0123abcd-89ab-7cde-8f01-23456789abcd'), (2, '0123ABCD-89AB-7CDE-8F01-23456789ABCD'), (3, '{0123abcd-89ab-7cde-8f01-23456789abcd}'), (4, '0123abcd89ab7cde8f0123456789abcd')) v(i, id)) a;
SELECT id, by_index(format('correlation_id = %L', id)), by_index(format('t.correlation_id = %L', id), 'generate_series(0, 1) g LEFT JOIN azr_timeline t ON g = t.sequence')
FROM (VALUES ('0123abcd-89ab-7cde-8f01-23456789abcd'), ('0123ABCD-89AB-7CDE-8F01-23456789ABCD'), ('{0123abcd-89ab-7cde-8f01-23456789abcd}'), ('0123abcd89ab7cde8f0123456789abcd'), ('0123abcd-89ab-7cde-8f01-23456789abce')) v(id);
SELECT by_index($$t.id = 'c1'$$, '(SELECT t.*, t.correlation_id AS id FROM azr_timeline t) t');
SELECT by_index($$t.id = 'c1'$$, 'generate_series(0, 1) g LEFT JOIN (generate_series(0, 1) h LEFT JOIN (SELECT t.*, t.correlation_id AS id FROM azr_timeline t) t ON h = t.sequence) ON g = h');
SELECT by_index($$coalesce(t.correlation_id, 'c1') = 'c1'$$);
SELECT by_index($$'c1' = t.correlation_id AND sequence < 3$$);
SELECT by_index($$t.correlation_id = 'c1'$$, 'azr_timeline t JOIN azr_streams s USING (domain, edition, root)');
SELECT by_index('g = 1', $$generate_series(1, 2) g LEFT JOIN (SELECT * FROM azr_timeline u WHERE correlation_id = 'c2') t ON g = t.sequence$$);
SELECT by_index($$t.correlation_id = 'c1'$$, 'generate_series(1, 2) g LEFT JOIN azr_timeline t ON g = t.sequence');
-- what does not say that each row has the id cannot
SELECT by_index('true', $$azr_timeline t LEFT JOIN generate_series(1, 2) g ON t.correlation_id = 'c1'$$);
SELECT by_index($$correlation_id = 'c1' OR sequence = 0$$);
SELECT by_index($$correlation_id <> 'c1'$$);
SELECT by_index($$t.correlation_id = 'c' || current_setting('server_version_num')::int / 1000000 + 1$$);
SELECT by_index($$correlation_id = (SELECT 'c1' LIMIT 1)$$);
SELECT by_index($$correlation_id = 'c1' COLLATE "POSIX"$$);
SELECT by_index('correlation_id = type');
SELECT by_index($$correlation_id = 'c' || (random() * 0)::int$$);
SELECT by_index('correlation_id IS NULL');
SELECT by_index('correlation_id = NULL');
PREPARE generic(text) AS SELECT count(*) FROM azr_timeline WHERE correlation_id = $1 AND domain = 'plans';
SET plan_cache_mode = force_generic_plan;
EXECUTE generic('c2');
EXECUTE generic('0123abcd-89ab-7cde-8f01-23456789abcd');
EXECUTE generic('0123ABCD-89AB-7CDE-8F01-23456789ABCD');
EXECUTE generic(NULL);
RESET plan_cache_mode;
DEALLOCATE generic;
SELECT azr_correlated(NULL, NULL), azr_correlated(NULL, 'x');
-- nor does a condition of a LATERAL subquery that need not give a row
CREATE TABLE one (id text);
INSERT INTO one VALUES ('c1');
SELECT by_index('true', $$azr_timeline t LEFT JOIN LATERAL (SELECT id FROM one WHERE t.correlation_id = 'c1') s ON true$$);
SELECT by_index('true', $$one LEFT JOIN (azr_timeline t LEFT JOIN LATERAL (SELECT id FROM one o WHERE t.correlation_id = 'c1') s ON true) ON true$$);
SELECT by_index('true', $$azr_timeline t JOIN LATERAL (SELECT id FROM one WHERE t.correlation_id = 'c1') s ON true$$);
SELECT (SELECT count(*) FROM azr_timeline t WHERE t.correlation_id = max(one.id) AND t.domain = 'plans') FROM one;
SELECT count(*) FROM azr_timeline WHERE false AND correlation_id = (1 / 0)::text;
SELECT by_index($$correlation_id = 'c1'::varchar$$);
DROP TABLE one;
DROP FUNCTION by_index;

-- what is made of names that are not known beforehand is not kept, and there is a limit to all
BEGIN;
SELECT count(*) > 20 FROM azr_maintain(partition => '1 hour', ahead => 30);
ROLLBACK;
SELECT plans('WITH moved AS'), plans('%public.azr_%') <= 64;
DROP FUNCTION plans;
