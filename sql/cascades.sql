-- Cascades: commits across streams, in two phases. Each part shows a sentence of
-- the contract.
\pset format unaligned
\pset tuples_only on
-- appends n events, pending ones where there is a cascade and nothing else is said
CREATE FUNCTION add(k text, n int DEFAULT 1, cascade text DEFAULT NULL, committed boolean DEFAULT NULL, edition text DEFAULT NULL,
	created_at timestamptz DEFAULT NULL, external_id text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT outcome || coalesce(' ' || first_sequence || '-' || last_sequence, '')
   FROM azr_append('casc', $5, azr_root('casc', $1), NULL, types($2), payloads($2), metadata => array_fill('{"m": 1}'::jsonb, ARRAY[$2]),
	created_at => array_fill($6, ARRAY[$2]), external_id => $7, cascade_id => $3, committed => coalesce($4, $3 IS NULL)) $$;
CREATE FUNCTION attempt_add(k text, cascade text, external_id text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome(format('SELECT add(%L, 1, %L, external_id => %L)', $1, $2, $3)), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R') $$;
CREATE FUNCTION attempt_resolve(what text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome('SELECT azr_' || what), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R') $$;
-- a stream as it is, and as business logic may see it
CREATE FUNCTION events(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(sequence || ' ' || regexp_replace(type, '.*\.', '') || CASE WHEN committed THEN '' ELSE '?' END
	|| coalesce(' (' || cascade_id || ')', ''), ', ' ORDER BY sequence) FROM azr_load('casc', $2, azr_root('casc', $1)) $$;
CREATE FUNCTION effective(k text, cascade text DEFAULT NULL, edition text DEFAULT NULL, f bigint DEFAULT 0, t bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(sequence || ' ' || regexp_replace(type, '.*\.', ''), ', ')
   FROM azr_load_effective('casc', $3, azr_root('casc', $1), $4, $5, $2) $$;
CREATE FUNCTION names() RETURNS TABLE (k text, root uuid) LANGUAGE sql AS
$$ SELECT k, azr_root('casc', k) FROM unnest(string_to_array('a b c d e f g h i j', ' ')) k $$;
CREATE FUNCTION participants(cascade text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(edition || '/' || k || ' ' || sequences::text, ', ' ORDER BY edition, k)
   FROM azr_cascade_participants($1) p JOIN names() n USING (root) WHERE domain = 'casc' $$;

-- pending: appended with committed => false, which needs a cascade
SELECT outcome($$SELECT add('a', 1, NULL, false)$$);
SELECT outcome($$SELECT add('a', 1, '', false)$$);
SELECT add('a', 3), add('b');
SELECT add('a', 2, 'c1'), add('b', 1, 'c1'), add('c', 1, 'c1'), add('a'), add('a', 1, 'c1'), add('a', 1, 'c2');
SELECT events('a');
-- who takes part
SELECT participants('c1');
SELECT participants('c2');
SELECT count(*) FROM azr_cascade_participants('unknown');
-- what business logic may see: nobody's pending events, or those of its own cascade
SELECT effective('a');
SELECT effective('a', 'c1');
SELECT effective('a', 'c2');
SELECT effective('a', '');
SELECT effective('a', 'unknown');
SELECT effective('c');
-- ranges, and what an event that is not seen comes as
SELECT effective('a', f => 3, t => 6);
SELECT effective('a', f => 6);
SELECT count(*) FROM azr_load_effective('casc', NULL, azr_root('casc', 'unknown'));
SELECT sequence, type, payload, metadata, edition, cascade_id, committed FROM azr_load_effective('casc', NULL, azr_root('casc', 'a'), 2, 5);

-- confirm: one event to each participant, which makes its pending ones effective
SELECT azr_confirm_cascade('c1');
SELECT events('a');
SELECT events('b');
SELECT effective('a');
SELECT effective('a', 'c2');
SELECT effective('b');
SELECT effective('c');
-- with a page that does not hold the confirmation too
SELECT effective('a', f => 2, t => 4);
-- twice says 0, the other way is an error, and nothing was stored
SELECT azr_confirm_cascade('c1');
SELECT attempt_resolve($$revoke_cascade('c1', 'too late')$$);
SELECT events('a');
SELECT participants('c1');
-- what comes after it does not change that
SELECT outcome FROM azr_append('casc', NULL, azr_root('casc', 'b'), NULL, ARRAY['type.googleapis.com/angzarr.Revocation'], ARRAY['']::bytea[], cascade_id => 'c1');
SELECT effective('b'), azr_confirm_cascade('c1');

-- revoke
SELECT add('d'), add('d', 1, 'c3'), add('d', 1, 'c4'), add('e', 2, 'c3'), add('d');
SELECT azr_revoke_cascade('c3', 'out of stock');
SELECT azr_revoke_cascade('c3', NULL);
SELECT attempt_resolve($$confirm_cascade('c3')$$);
SELECT effective('d');
SELECT effective('d', 'c3');          -- revoked is revoked, for its own too
SELECT effective('d', 'c4');
SELECT effective('e');
SELECT azr_confirm_cascade('c4');
SELECT effective('d');
SELECT events('d');

-- the payloads say what they are about (a protobuf library reads them in the test with servers of its own)
SELECT replace(encode(payload, 'hex'), replace(azr_root('casc', 'd')::text, '-', ''), ' root ') FROM azr_load('casc', NULL, azr_root('casc', 'd'), 4);

-- sequences ascend there, whatever created_at says
SELECT add('k', 1, 'k1', created_at => '2002-01-01'), add('k', 1, 'k1', created_at => '2001-01-01'), azr_confirm_cascade('k1');
SELECT position('\x12020001'::bytea IN payload) > 0 FROM azr_load('casc', NULL, azr_root('casc', 'k'), 2);

-- unknown, or never pending
SELECT attempt_resolve($$confirm_cascade('unknown')$$);
SELECT attempt_resolve($$revoke_cascade('unknown', 'x')$$);
SELECT add('f', 1, 'c5', true);
SELECT participants('c5');
SELECT attempt_resolve($$confirm_cascade('c5')$$);

-- resolution is per participant: a client may do it too, by any committed event
SELECT add('f', 1, 'c6'), add('g', 1, 'c6'), add('h', 1, 'c6');
SELECT add('f', 1, 'c6', true);
SELECT effective('f'), effective('g');
SELECT azr_confirm_cascade('c6');
SELECT effective('f'), effective('g');
SELECT events('f'), events('g');
-- what one participant has made effective cannot be taken back in another
SELECT add('f', 1, 'c7'), add('g', 1, 'c7'), add('f', 1, 'c7', true);
SELECT attempt_resolve($$revoke_cascade('c7', 'x')$$);
SELECT effective('g');
SELECT azr_confirm_cascade('c7');
-- nor the other way: the revocation is a client's own
SELECT add('f', 1, 'c8'), add('g', 1, 'c8');
SELECT outcome FROM azr_append('casc', NULL, azr_root('casc', 'f'), NULL, ARRAY['type.googleapis.com/angzarr.Revocation'], ARRAY['']::bytea[], cascade_id => 'c8');
SELECT attempt_resolve($$confirm_cascade('c8')$$);
SELECT azr_revoke_cascade('c8', 'x');
SELECT effective('f', f => 5), effective('g', 'c8', f => 4);
-- a participant that comes after the others were resolved is resolved alike, or not at all
SELECT add('h', 1, 'c7');
SELECT attempt_resolve($$revoke_cascade('c7', 'x')$$);
SELECT azr_confirm_cascade('c7');
SELECT effective('h');
-- but a stream that was resolved takes no further pending events; a retry is told where it was
SELECT add('i', 1, 'c9', external_id => 'i1');
SELECT azr_confirm_cascade('c9');
SELECT attempt_add('i', 'c9', 'i2');
SELECT attempt_add('i', 'c9', 'i1');
SELECT attempt_add('i', 'c10');
SELECT add('i', 1, 'c9', true);
SELECT events('i');

-- editions: what was shared when it diverged is known there, and what it does itself
SELECT add('j'), add('j', 1, 'j1'), add('j', 1, 'j2');
SELECT azr_confirm_cascade('j1');
SELECT add('j', 1, edition => 'casc e'), add('j', 1, 'j3', edition => 'casc e');
SELECT azr_confirm_cascade('j2');
SELECT events('j', 'casc e');
SELECT effective('j'), effective('j', edition => 'casc e');
SELECT effective('j', 'j3', 'casc e'), effective('j', 'j2', 'casc e');
SELECT participants('j3'), participants('j2');
SELECT azr_confirm_cascade('j3');
-- what is resolved there takes no further events, also of what it shares, also in its first append
SELECT regexp_replace(outcome(format('SELECT add(''j'', 1, %L, edition => %L)', c, e)), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R')
FROM (VALUES ('j3', 'casc e'), ('j1', 'casc e'), ('j1', 'casc f')) v(c, e);
SELECT effective('j', edition => 'casc e');
-- one cascade, in the main timeline and in an edition
SELECT add('j', 1, 'j4'), add('j', 2, 'j4', edition => 'casc e');
SELECT participants('j4');
SELECT azr_protect_edition('casc', 'casc e', 'sealed');
SELECT attempt_resolve($$revoke_cascade('j4', 'x')$$);
SELECT azr_protect_edition('casc', 'casc e', 'open');
SELECT azr_revoke_cascade('j4', 'x');
SELECT azr_delete_edition('casc', 'casc e');
SELECT participants('j4'), participants('j3');

-- stale: an unresolved participant has a pending event from before
SELECT add('a', 1, 's1', created_at => '2001-01-01 00:00+00'), add('b', 1, 's1', created_at => '2003-01-01 00:00+00');
SELECT add('c', 1, 's2', created_at => '2000-01-01 00:00+00'), add('c', 1, 's2', created_at => '2004-01-01 00:00+00');
SELECT add('d', 1, 's3', created_at => '2000-06-01 00:00+00'), add('e', 1, 's3', true, created_at => '2000-06-01 00:00+00');
SELECT add('d', 1, 's4', true, created_at => '2000-06-01 00:00+00');
CREATE FUNCTION stale(t text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', cascade_id, outcome, participants, oldest AT TIME ZONE 'UTC'), ', ') FROM azr_stale_cascades($1::timestamptz) WHERE cascade_id LIKE 's_' $$;
SELECT stale('2000-01-01 00:00+00');
SELECT stale('2000-01-01 00:00:00.000001+00');
SELECT stale('2002-01-01 00:00+00');
SELECT count(*) FILTER (WHERE cascade_id = 's1') = 1 AND count(*) FILTER (WHERE cascade_id = 'c1') = 0 FROM azr_stale_cascades('infinity');
SELECT azr_revoke_cascade('s2', 'stale');
SELECT stale('2002-01-01 00:00+00');
SELECT add('a', 1, 's1', true);          -- resolves one participant, and leaves the other
SELECT stale('2002-01-01 00:00+00');
SELECT stale('2003-01-02 00:00+00');
SELECT azr_confirm_cascade('s1'), azr_confirm_cascade('s3');
SELECT stale('infinity');

-- sequences are dense, whatever happened
SELECT k, count(*) = max(sequence) + 1 AND min(sequence) = 0 FROM names(), azr_load('casc', NULL, root) GROUP BY k ORDER BY k;

-- all or none: a transaction takes it back whole
BEGIN;
SELECT add('b', 1, 't1'), add('c', 1, 't1');
SAVEPOINT s;
SELECT azr_confirm_cascade('t1');
SELECT azr_confirm_cascade('t1');
ROLLBACK TO s;
SELECT azr_revoke_cascade('t1', repeat('because ', 1000));
COMMIT;
SELECT azr_revoke_cascade('t1', NULL);
-- many participants: 1,000 a call, and what the first call has begun is finished in no other way
SELECT count(azr_append('pieces', NULL, azr_root('pieces', i::text), 0, types(1), payloads(1), cascade_id => 'pieces', committed => false)) FROM generate_series(1, 2001) i;
SELECT azr_confirm_cascade('pieces');
SELECT attempt_resolve($$revoke_cascade('pieces', 'x')$$) LIKE 'ZR006 | cascade "pieces" cannot be revoked any more | It was confirmed in stream "pieces/angzarr/R".';
SELECT outcome, participants FROM azr_stale_cascades('infinity') WHERE cascade_id = 'pieces';
SELECT azr_confirm_cascade('pieces');
SELECT azr_confirm_cascade('pieces');
SELECT azr_confirm_cascade('pieces');
SELECT count(*) FROM azr_stale_cascades('infinity') WHERE cascade_id = 'pieces';
-- fewer, in one
SELECT count(azr_append('many', NULL, azr_root('many', i::text), 0, types(3), payloads(3), cascade_id => 'many', committed => false)) FROM generate_series(1, 500) i;
SELECT azr_confirm_cascade('many');
SELECT count(*), sum(cardinality(sequences)) FROM azr_cascade_participants('many');
SELECT count(*) FROM azr_timeline WHERE domain = 'many' AND type LIKE '%Confirmation' AND sequence = 3;

-- many events of one
SELECT azr_append('long', NULL, azr_root('long', '1'), 0, types(40), payloads(40), cascade_id => 'long', committed => false);
SELECT azr_confirm_cascade('long');
SELECT sequences = ARRAY(SELECT generate_series(0, 39)::bigint) AS all FROM azr_cascade_participants('long');
SELECT count(*), min(type), max(type) FROM azr_load_effective('long', NULL, azr_root('long', '1')) WHERE sequence < 40;

-- nor by a client's own event: a cascade has one outcome
SELECT add('v', 1, 'v1'), azr_revoke_cascade('v1', 'x'), add('w', 1, 'v1');
SELECT regexp_replace(outcome($$SELECT add('w', 1, 'v1', true)$$), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R');
SELECT azr_revoke_cascade('v1', 'x');
SELECT add('w', 1, 'v1', true), effective('w');      -- resolved by now: any event may follow
SELECT add('v', 1, 'v2'), add('w', 1, 'v2'), add('v', 1, 'v2', true);
SELECT split_part(outcome($$SELECT azr_append('casc', NULL, azr_root('casc', 'w'), NULL, ARRAY['type.googleapis.com/angzarr.Revocation'], ARRAY['']::bytea[], cascade_id => 'v2')$$), ' | ', 2);
SELECT azr_confirm_cascade('v2');

-- types are looked up one after the other, while the one before is still in use: in a transaction
-- that has added them, and where the tables are found anew at any time
BEGIN;
SELECT outcome FROM azr_append('types of cascades', NULL, azr_root('casc', '1'), 0, ARRAY[repeat('long', 200), repeat('longer', 150)], payloads(2));
SELECT count(type) FROM azr_load('types of cascades', NULL, azr_root('casc', '1'));
SELECT outcome FROM azr_append('types of cascades', NULL, azr_root('casc', '1'), 2, ARRAY[repeat('p', 300)], payloads(1), cascade_id => 'types', committed => false);
SELECT outcome FROM azr_append('types of cascades', NULL, azr_root('casc', '1'), 3, ARRAY['short'], payloads(1), cascade_id => 'types');
SELECT sequence, md5(type) FROM azr_load_effective('types of cascades', NULL, azr_root('casc', '1'));
SELECT kind, sequence, md5(type) FROM azr_load_state('types of cascades', NULL, azr_root('casc', '1'));
SELECT md5(repeat('long', 200)), md5(repeat('longer', 150)), md5(repeat('p', 300)), md5('short');
ROLLBACK;
SELECT azr_append('types of cascades', NULL, azr_root('casc', '2'), 0, ARRAY['types.Withdrawn'], payloads(1), cascade_id => 'types 2', committed => false), azr_confirm_cascade('types 2');
SELECT azr_append('types of cascades', NULL, azr_root('casc', '2'), 2, ARRAY['types.Withdrawn'], payloads(1), cascade_id => 'types 3', committed => false), azr_revoke_cascade('types 3', 'x');
SELECT string_agg(type, ' ') FROM azr_load('types of cascades', NULL, azr_root('casc', '2'));
CREATE FUNCTION find_anew() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE azr_event_types ALTER type SET STATISTICS 300;
	RETURN (SELECT string_agg(type, ' ') FROM azr_load_effective('types of cascades', NULL, azr_root('casc', '2')));
END
$$;
SELECT find_anew();
DROP FUNCTION find_anew();

-- a retry of what was revoked is a new append; of what is pending or confirmed, it is none
SELECT add('q', 1, 'q1', external_id => 'q'), add('q', 1, 'q2', external_id => 'q');
SELECT azr_revoke_cascade('q1', 'x');
SELECT add('q', 2, 'q2', external_id => 'q'), add('q', 1, 'q3', external_id => 'q');
SELECT azr_revoke_cascade('q2', 'x');
SELECT add('q', 1, external_id => 'q'), add('q', 1, external_id => 'q'), add('q', 1, 'q3', external_id => 'q');
SELECT events('q');
SELECT effective('q');
SELECT string_agg(sequence::text, ' ') FROM azr_find_by_external_id('casc', NULL, azr_root('casc', 'q'), 'q');
-- the same for a source
CREATE FUNCTION react(cascade text) RETURNS text LANGUAGE sql AS
$$ SELECT outcome || ' ' || first_sequence FROM azr_append('casc', NULL, azr_root('casc', 'r'), NULL, types(1), payloads(1),
	source_domain => 'casc', source_root => azr_root('casc', 'q'), source_sequence => 0, cascade_id => $1, committed => $1 IS NULL) $$;
SELECT react('r1'), react('r2'), azr_revoke_cascade('r1', 'x');
SELECT react('r2'), azr_confirm_cascade('r2'), react('r3'), react(NULL);
SELECT string_agg(sequence::text, ' ') FROM azr_find_by_source('casc', NULL, azr_root('casc', 'r'), 'casc', NULL, azr_root('casc', 'q'), 0);
DROP FUNCTION react(text);

-- a state is made of what business logic may see
CREATE FUNCTION state(k text, edition text DEFAULT NULL, cascade text DEFAULT NULL, at bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(CASE kind WHEN 'snapshot' THEN '[' || sequence || ']' ELSE sequence || ' ' || regexp_replace(type, '.*\.', '') || CASE WHEN metadata IS NULL THEN '-' ELSE '' END END, ', ')
   FROM azr_load_state('casc', $2, azr_root('casc', $1), $4, $3) $$;
CREATE FUNCTION put(k text, sequence bigint, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome(format($f$SELECT azr_put_snapshot('casc', %L, azr_root('casc', %L), %s, 's', '')$f$, $3, $1, $2)), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R') $$;
CREATE FUNCTION snapshots(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(coalesce((SELECT s.sequence::text FROM azr_get_snapshot('casc', $2, azr_root('casc', $1), i) s), '-'), ' ' ORDER BY i) FROM generate_series(0, 6) i $$;
SELECT add('s', 2), add('s', 1, 's7'), add('s', 1), add('s', 1, 's8');
SELECT state('s'), state('s', cascade => 's7'), state('s', cascade => 'unknown');
SELECT put('s', i) FROM generate_series(0, 4) i;
SELECT state('s'), snapshots('s');
-- who sees the pending events of a cascade starts before them
SELECT state('s', cascade => 's7'), state('s', cascade => 's8'), state('s', cascade => 's7', at => 1), state('s', cascade => 's8', at => 3);
-- confirming takes the snapshots that lack what is confirmed; revoking takes none
SELECT azr_revoke_cascade('s8', 'x'), snapshots('s');
SELECT state('s'), state('s', cascade => 's8');
SELECT azr_confirm_cascade('s7'), snapshots('s');
SELECT state('s'), state('s', cascade => 's7');
-- one that comes late is refused, until it can have what was confirmed
SELECT put('s', 1), put('s', 2);
SELECT put('s', 5);
SELECT put('s', 6), snapshots('s');
SELECT state('s');
-- what a client commits confirms too, and so does what it commits in an edition
SELECT add('t'), add('t', 1, 't7'), add('t'), put('t', 0), put('t', 2), snapshots('t');
SELECT add('t', 1, 't7', true), snapshots('t');
SELECT state('t');
SELECT add('u'), add('u', 1, 'u7'), add('u'), put('u', 0), put('u', 2), add('u', 1, edition => 'casc u');
SELECT put('u', 3, 'casc u'), state('u', 'casc u');
SELECT add('u', 1, 'u7', true, 'casc u');
SELECT state('u', 'casc u'), snapshots('u', 'casc u'), state('u');
SELECT put('u', 3, 'casc u'), put('u', 4, 'casc u');
SELECT state('u', 'casc u');
-- an edition without events of its own reads what the main timeline confirms
SELECT put('u', 2, 'casc v'), snapshots('u', 'casc v'), state('u', 'casc v');
SELECT azr_confirm_cascade('u7');
SELECT snapshots('u', 'casc v'), state('u', 'casc v'), put('u', 2, 'casc v');
SELECT azr_delete_edition('casc', 'casc u'), azr_delete_edition('casc', 'casc v');
SELECT count(*) FROM azr_check('casc');
DROP FUNCTION state, put, snapshots;

-- bad values
SELECT outcome($$SELECT azr_confirm_cascade(NULL)$$), outcome($$SELECT azr_confirm_cascade('')$$);
SELECT outcome($$SELECT azr_revoke_cascade(NULL, 'x')$$), outcome($$SELECT azr_revoke_cascade(repeat('x', 256), 'x')$$);
SELECT outcome($$SELECT * FROM azr_cascade_participants(NULL)$$), outcome($$SELECT * FROM azr_cascade_participants(E'a\nb')$$);
SELECT outcome($$SELECT * FROM azr_stale_cascades(NULL)$$);
SELECT outcome($$SELECT * FROM azr_load_effective(NULL, NULL, azr_root('casc', 'a'))$$), outcome($$SELECT * FROM azr_load_effective('casc', NULL, NULL)$$);
SELECT outcome($$SELECT * FROM azr_load_effective('casc', NULL, azr_root('casc', 'a'), -1)$$), outcome($$SELECT * FROM azr_load_effective('casc', NULL, azr_root('casc', 'a'), NULL)$$);
BEGIN READ ONLY;
SELECT azr_confirm_cascade('c1');
ROLLBACK;
BEGIN READ ONLY;
SELECT azr_revoke_cascade('c1', 'x');
ROLLBACK;
