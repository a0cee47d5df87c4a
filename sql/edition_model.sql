-- Editions against a model: some thousand random calls, each compared with what
-- a simple reference in SQL says. The numbers are hashes of a seed and a counter,
-- so that every run is the same.

-- The reference: who owns which event, and where roots diverge.
CREATE TEMP TABLE model_events (edition text, root int, sequence bigint, payload text, external_id text);
CREATE TEMP TABLE model_roots (edition text, root int, divergence bigint, PRIMARY KEY (edition, root));
CREATE TEMP TABLE model_registered (edition text PRIMARY KEY, divergence bigint, protection text);

CREATE FUNCTION pg_temp.own_next(ed text, r int) RETURNS bigint LANGUAGE sql AS
$$ SELECT coalesce(max(sequence) + 1, 0) FROM model_events WHERE edition = ed AND root = r $$;

-- End of what an edition reads of the main timeline, and the error instead.
CREATE FUNCTION pg_temp.shared_to(ed text, r int, given bigint) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN ed = 'angzarr' THEN CASE WHEN given IS NULL THEN own_next ELSE '22023' END
		WHEN d IS NOT NULL THEN CASE WHEN given <> d THEN 'ZR004' ELSE d::text END
		WHEN given > own_next::bigint THEN 'ZR004'
		ELSE least(given, own_next::bigint, CASE WHEN given IS NULL THEN registered END)::text END
	FROM (SELECT pg_temp.own_next('angzarr', r)::text AS own_next,
		(SELECT divergence FROM model_roots WHERE edition = ed AND root = r) AS d,
		(SELECT divergence FROM model_registered WHERE edition = ed) AS registered) x $$;

CREATE FUNCTION pg_temp.model_load(ed text, r int, given bigint, first bigint, past bigint, most bigint) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN shared ~ '^(ZR...|22023)$' THEN shared ELSE (
		SELECT coalesce(string_agg(concat_ws(':', sequence, edition, payload), ' ' ORDER BY sequence), 'nothing')
		FROM (SELECT * FROM model_events e WHERE root = r AND sequence >= first AND sequence < coalesce(past, 1000000)
				AND (edition = 'angzarr' AND sequence < shared::bigint OR edition = ed AND ed <> 'angzarr')
			ORDER BY sequence LIMIT most) e) END
	FROM pg_temp.shared_to(ed, r, given) shared $$;

CREATE FUNCTION pg_temp.model_next(ed text, r int, given bigint) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN shared ~ '^(ZR...|22023)$' THEN shared
		WHEN EXISTS (SELECT FROM model_roots WHERE edition = ed AND root = r) THEN pg_temp.own_next(ed, r)::text
		ELSE shared END
	FROM pg_temp.shared_to(ed, r, given) shared $$;

CREATE FUNCTION pg_temp.model_append(ed text, r int, given bigint, expected bigint, n int, ext text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	main_next bigint := pg_temp.own_next('angzarr', r);
	d bigint := (SELECT divergence FROM model_roots WHERE edition = ed AND root = r);
	next bigint := pg_temp.own_next(ed, r);
	registered model_registered := (SELECT m FROM model_registered m WHERE edition = ed);
	earlier record;
BEGIN
	IF ed = 'angzarr' AND given IS NOT NULL THEN RETURN '22023'; END IF;
	SELECT min(sequence), max(sequence) INTO earlier FROM model_events WHERE edition = ed AND root = r AND external_id = ext;
	IF earlier.min IS NOT NULL THEN RETURN concat_ws(' ', 'duplicate', earlier.min, earlier.max, next); END IF;
	IF registered.protection = 'sealed' THEN RETURN 'ZR003'; END IF;
	IF ed <> 'angzarr' AND d IS NULL THEN
		IF given > main_next THEN RETURN 'ZR004'; END IF;
		next := coalesce(given, least(registered.divergence, CASE WHEN registered.divergence IS NOT NULL THEN main_next END),
			CASE WHEN expected <= main_next THEN expected END, main_next);
	ELSIF given <> d THEN RETURN 'ZR004';
	END IF;
	IF expected <> next THEN RETURN 'ZR001'; END IF;
	IF ed <> 'angzarr' AND d IS NULL THEN INSERT INTO model_roots VALUES (ed, r, next); END IF;
	INSERT INTO model_events SELECT ed, r, next + i, 'p' || i + 1, ext FROM generate_series(0, n - 1) i;
	RETURN concat_ws(' ', 'added', next, next + n - 1, next + n);
END $$;

CREATE FUNCTION pg_temp.model_delete(ed text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	IF ed = 'angzarr' THEN RETURN 'ZR002'; END IF;
	IF EXISTS (SELECT FROM model_registered WHERE edition = ed AND protection <> 'open') THEN RETURN 'ZR003'; END IF;
	DELETE FROM model_events WHERE edition = ed;
	GET DIAGNOSTICS n = ROW_COUNT;
	DELETE FROM model_roots WHERE edition = ed;
	DELETE FROM model_registered WHERE edition = ed;
	RETURN n;
END $$;

CREATE FUNCTION pg_temp.model_create(ed text, d bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF ed = 'angzarr' THEN RETURN 'ZR002'; END IF;
	IF EXISTS (SELECT FROM model_registered WHERE edition = ed) OR EXISTS (SELECT FROM model_roots WHERE edition = ed) THEN RETURN '42710'; END IF;
	INSERT INTO model_registered VALUES (ed, d, 'open');
	RETURN '';
END $$;

CREATE FUNCTION pg_temp.model_protect(ed text, p text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF ed = 'angzarr' THEN RETURN 'ZR002'; END IF;
	UPDATE model_registered SET protection = p WHERE edition = ed;
	IF NOT FOUND THEN
		IF NOT EXISTS (SELECT FROM model_roots WHERE edition = ed) THEN RETURN '42704'; END IF;
		INSERT INTO model_registered VALUES (ed, NULL, p);
	END IF;
	RETURN '';
END $$;

-- A call's result as text, or its SQLSTATE.
CREATE FUNCTION pg_temp.result(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE call INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

CREATE TEMP TABLE tally (call text, result text, calls int, PRIMARY KEY (call, result));

CREATE FUNCTION pg_temp.run(seed int, calls int) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	dom text := 'model ' || seed;
	ed text;
	spelling text;
	r int;
	root uuid;
	given bigint;
	expected bigint;
	n int;
	ext text;
	first bigint;
	past bigint;
	most bigint;
	kind text;
	call text;
	says text;
	does text;
	dice int[];
BEGIN
	TRUNCATE model_events, model_roots, model_registered;
	FOR i IN 1..calls LOOP
		dice := ARRAY(SELECT (hashint8extended(seed::bigint * 1000003 + i, d) & 65535)::int FROM generate_series(1, 12) d);
		ed := (ARRAY['angzarr', 'angzarr', 'one', 'two', 'three'])[1 + dice[1] % 5];
		spelling := CASE WHEN ed <> 'angzarr' THEN quote_literal(ed) ELSE (ARRAY['NULL', '''''', '''angzarr'''])[1 + dice[2] % 3] END;
		r := 1 + dice[3] % 3;
		root := azr_root(dom, r::text);
		given := CASE WHEN dice[4] % 3 = 0 AND ed <> 'angzarr' OR dice[4] % 60 = 0
			THEN greatest(0, pg_temp.own_next('angzarr', r) - dice[5] % 6 + 1) END;
		IF dice[4] % 4 < 2 AND given IS NOT NULL THEN
			given := coalesce((SELECT divergence FROM model_roots WHERE edition = ed AND model_roots.root = r), given);
		END IF;
		-- mostly what is next, at times a little off
		expected := CASE WHEN dice[6] % 2 = 0 THEN
			greatest(0, coalesce(nullif(pg_temp.own_next(ed, r), 0), pg_temp.own_next('angzarr', r) - dice[7] % 4)
				+ CASE WHEN dice[8] % 4 = 0 THEN dice[8] / 4 % 5 - 2 ELSE 0 END) END;
		n := 1 + dice[9] % 3;
		ext := CASE WHEN dice[10] % 3 = 0 THEN 'x' || dice[10] / 3 % 40 END;
		first := CASE WHEN dice[11] % 2 = 0 THEN 0 ELSE dice[11] / 2 % 12 END;
		past := CASE WHEN dice[12] % 2 = 0 THEN dice[12] / 2 % 16 END;
		most := CASE WHEN dice[12] % 3 = 0 THEN dice[12] / 3 % 6 END;

		CASE
			WHEN dice[2] % 100 < 40 THEN
				kind := 'append';
				call := format('SELECT concat_ws('' '', a.outcome, a.first_sequence, a.last_sequence, a.next_sequence) FROM azr_append(%L, %s, %L, %L, types(%s), payloads(%s), external_id => %L, divergence => %L) a',
					dom, spelling, root, expected, n, n, ext, given);
				says := pg_temp.model_append(ed, r, given, expected, n, ext);
			WHEN dice[2] % 100 < 65 THEN
				kind := 'load';
				call := format('SELECT coalesce(string_agg(concat_ws('':'', sequence, edition, convert_from(payload, ''UTF8'')), '' ''), ''nothing'') FROM azr_load(%L, %s, %L, %s, %L, NULL, %L, %L)',
					dom, spelling, root, first, past, given, most);
				says := pg_temp.model_load(ed, r, given, first, past, most);
			WHEN dice[2] % 100 < 80 THEN
				kind := 'next';
				call := format('SELECT azr_next_sequence(%L, %s, %L, %L)', dom, spelling, root, given);
				says := pg_temp.model_next(ed, r, given);
			WHEN dice[2] % 100 < 86 THEN
				kind := 'delete';
				call := format('SELECT azr_delete_edition(%L, %s)', dom, spelling);
				says := pg_temp.model_delete(ed);
			WHEN dice[2] % 100 < 96 THEN
				kind := 'create';
				call := format('SELECT azr_create_edition(%L, %s, %L)', dom, spelling, given);
				says := pg_temp.model_create(ed, given);
			ELSE
				kind := 'protect';
				call := (ARRAY['open', 'open', 'protected', 'sealed'])[1 + dice[5] % 4];
				says := pg_temp.model_protect(ed, call);
				call := format('SELECT azr_protect_edition(%L, %s, %L)', dom, spelling, call);
		END CASE;

		does := pg_temp.result(call);
		IF does IS DISTINCT FROM says THEN
			RETURN format('call %s differs: %s%sdoes: %s%ssays: %s', i, call, E'\n', does, E'\n', says);
		END IF;
		INSERT INTO tally VALUES (kind, CASE WHEN does ~ '^(ZR...|22023|42...)$' THEN does WHEN kind = 'append' THEN split_part(does, ' ', 1) ELSE 'ok' END, 1)
		ON CONFLICT ON CONSTRAINT tally_pkey DO UPDATE SET calls = tally.calls + 1;

		-- what is sealed would stay so for long
		IF i % 100 = 0 THEN
			UPDATE model_registered SET protection = 'open';
			PERFORM azr_protect_edition(dom, edition, 'open') FROM model_registered;
		END IF;
	END LOOP;
	-- and in the end, everything
	IF EXISTS (
		(SELECT edition, root, sequence, payload, external_id FROM azr_timeline t WHERE t.domain = dom
		EXCEPT ALL
		SELECT edition, azr_root(dom, m.root::text), sequence, convert_to(payload, 'UTF8'), external_id FROM model_events m)
		UNION ALL
		(SELECT edition, azr_root(dom, m.root::text), sequence, convert_to(payload, 'UTF8'), external_id FROM model_events m
		EXCEPT ALL
		SELECT edition, root, sequence, payload, external_id FROM azr_timeline t WHERE t.domain = dom))
	THEN RETURN 'the events differ in the end'; END IF;
	RETURN 'the same ' || calls || ' times';
END $$;

SELECT seed, pg_temp.run(seed, 800) FROM generate_series(1, 6) seed;

-- what was compared
SELECT * FROM tally ORDER BY call COLLATE "C", result COLLATE "C";
