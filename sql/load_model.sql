-- azr_load and azr_load_json against a model: random arguments, all together, each compared
-- with what SQL over azr_timeline gives. The numbers are hashes of a counter, so that every run
-- is the same.

-- a number from 0 to below n
CREATE FUNCTION pg_temp.dice(seed bigint, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT ((hashint8extended(seed, 20) & 65535) % n)::int $$;

-- times go up and down a little, and types come in no order
CREATE FUNCTION pg_temp.fill(ed text, stream text, events int, seed int, divergence bigint DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
	SELECT (azr_append('load model', ed, azr_root('load model', stream), divergence, array_agg('load model ' || pg_temp.dice(seed * 1000 + i, 4)),
		array_agg(convert_to(seed || ' ' || i, 'UTF8')), array_agg(CASE WHEN i % 3 = 0 THEN to_jsonb(i) END),
		array_agg('2020-01-01 00:00+00'::timestamptz + (i + seed + pg_temp.dice(seed * 1000 + 500 + i, 9)) * interval '1 hour'))).next_sequence
	FROM generate_series(1, events) i
$$;
SELECT pg_temp.fill(NULL, 'a', 30, 1), pg_temp.fill('branch', 'a', 12, 10, 17), pg_temp.fill('early', 'a', 5, 3, 0), pg_temp.fill('late', 'a', 6, 20, 30),
	azr_create_edition('load model', 'registered', 9), pg_temp.fill('branch', 'b', 7, 5, 0);
-- one type has another number too, and events with either
INSERT INTO azr_event_types VALUES (7, 'load model 2');
INSERT INTO azr_events (stream_id, sequence, created_at, ticket, type_id, committed, payload)
SELECT stream_id, next + i, '2020-01-03 00:00+00'::timestamptz + i * interval '1 hour', CASE WHEN edition = 'angzarr' THEN nextval('azr_tickets') END, CASE i WHEN 1 THEN 7 ELSE t.type_id END, true, 'by hand'
FROM azr_streams s, azr_next_sequence(s.domain, s.edition, s.root) next, generate_series(0, 2) i, azr_event_types t
WHERE s.domain = 'load model' AND s.edition IN ('angzarr', 'branch') AND s.root = azr_root('load model', 'a') AND t.type = 'load model 2' AND t.type_id <> 7;
SELECT count(*) FROM azr_check('load model');

-- What the arguments give: the sequence and all other columns of each event, in order.
CREATE FUNCTION pg_temp.model(ed text, r uuid, first bigint, past bigint, until timestamptz, given bigint, most bigint, backward boolean, wanted text[])
RETURNS TABLE (place bigint, sequence bigint, event text) LANGUAGE sql AS $$
	WITH shared AS (
		SELECT CASE WHEN ed <> 'angzarr' THEN coalesce(
			(SELECT min(t.sequence) FROM azr_timeline t WHERE t.domain = 'load model' AND t.edition = ed AND t.root = r),
			given, CASE ed WHEN 'registered' THEN 9 END) END AS past
	), stream AS (
		SELECT t.* FROM azr_timeline t, shared WHERE t.domain = 'load model' AND t.root = r
			AND (t.edition = ed OR t.edition = 'angzarr' AND t.sequence < coalesce(shared.past, 1000))
	), prefix AS (
		SELECT s.*, row_number() OVER (ORDER BY CASE WHEN backward THEN -s.sequence ELSE s.sequence END) AS place FROM stream s
		WHERE s.sequence < coalesce((SELECT min(l.sequence) FROM stream l WHERE l.created_at > until), 1000)
			AND s.sequence >= coalesce(first, 0) AND s.sequence < coalesce(past, 1000)
			AND (wanted IS NULL OR s.type = ANY (wanted))
	)
	SELECT place, sequence, ROW(sequence, type, payload, metadata, created_at, edition, correlation_id, external_id, source_domain, source_edition,
		source_root, source_sequence, cascade_id, committed)::text
	FROM prefix WHERE place <= coalesce(most, 1000)
$$;

CREATE FUNCTION pg_temp.compare(n int) RETURNS TABLE (what text, calls bigint, events bigint) LANGUAGE plpgsql AS $$
DECLARE
	ed text;
	stream text;
	first bigint;
	past bigint;
	until timestamptz;
	given bigint;
	most bigint;
	backward boolean;
	wanted text[];
	args text;
	says text;
	numbers text;
	does text;
	names text[] := '{}';
	counts bigint[] := '{}';
BEGIN
	FOR i IN 1..n LOOP
		ed := (ARRAY['angzarr', 'branch', 'branch', 'early', 'late', 'registered', 'none'])[1 + pg_temp.dice(i * 20, 7)];
		stream := (ARRAY['a', 'a', 'a', 'b', 'c'])[1 + pg_temp.dice(i * 20 + 1, 5)];
		first := CASE WHEN pg_temp.dice(i * 20 + 2, 2) = 0 THEN pg_temp.dice(i * 20 + 3, 36) END;
		past := CASE WHEN pg_temp.dice(i * 20 + 4, 2) = 0 THEN pg_temp.dice(i * 20 + 5, 40) END;
		until := CASE WHEN pg_temp.dice(i * 20 + 6, 2) = 0 THEN '2020-01-01 00:00+00'::timestamptz + pg_temp.dice(i * 20 + 7, 60) * interval '1 hour' END;
		given := CASE WHEN ed = 'none' AND stream = 'a' AND pg_temp.dice(i * 20 + 8, 2) = 0 THEN pg_temp.dice(i * 20 + 9, 30) END;
		most := CASE WHEN pg_temp.dice(i * 20 + 10, 2) = 0 THEN pg_temp.dice(i * 20 + 11, 12) END;
		backward := pg_temp.dice(i * 20 + 12, 3) > 0;
		wanted := CASE WHEN pg_temp.dice(i * 20 + 13, 2) = 0 THEN
			ARRAY(SELECT 'load model ' || pg_temp.dice(i * 20 + 14 + t, 5) FROM generate_series(1, pg_temp.dice(i * 20 + 14, 4)) t) END;
		args := format('(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L)', 'load model', ed, azr_root('load model', stream), first, past, until, given, most, backward, wanted);

		SELECT coalesce(string_agg(event, E'\n' ORDER BY place), 'nothing'), coalesce(string_agg(m.sequence::text, ' ' ORDER BY place), '') INTO says, numbers
		FROM pg_temp.model(ed, azr_root('load model', stream), first, past, until, given, most, backward, wanted) m;

		EXECUTE 'SELECT coalesce(string_agg(ROW(sequence, type, payload, metadata, created_at, edition, correlation_id, external_id, source_domain, source_edition, '
			'source_root, source_sequence, cascade_id, committed)::text, E''\n''), ''nothing'') FROM azr_load' || args INTO does;
		IF does <> says THEN
			RAISE 'azr_load% gives % and not %', args, does, says;
		END IF;
		EXECUTE 'SELECT coalesce(string_agg(l::text, E''\n''), ''nothing'') FROM azr_load' || args || ' l' INTO does;
		IF does <> says THEN
			RAISE 'the function azr_load% gives % and not %', args, does, says;
		END IF;
		EXECUTE 'SELECT coalesce(string_agg(e ->> ''sequence'', '' '' ORDER BY o), '''') FROM jsonb_array_elements(azr_load_json' || args || ' -> ''events'') WITH ORDINALITY x(e, o)' INTO does;
		IF does <> numbers THEN
			RAISE 'azr_load_json% gives % and not %', args, does, numbers;
		END IF;

		-- what was compared
		names := names || concat_ws(', ', CASE WHEN backward THEN 'backward' ELSE 'forward' END, CASE WHEN until IS NOT NULL THEN 'until' END,
			CASE WHEN most IS NOT NULL THEN 'max_count' END, CASE WHEN wanted IS NOT NULL THEN 'types' END);
		counts := counts || cardinality(string_to_array(numbers, ' '))::bigint;
	END LOOP;
	RETURN QUERY SELECT x.name, count(*), sum(x.events)::bigint FROM unnest(names, counts) x(name, events) GROUP BY x.name ORDER BY x.name COLLATE "C";
END
$$;
SELECT * FROM pg_temp.compare(1200);
