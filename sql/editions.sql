-- Editions: branches of history. Each part shows a sentence of the contract.
\set r '00000000-0000-0000-0000-000000000001'
-- The root R of the domain, in short: append n events to an edition, and read it
-- as sequence and owner, with a quote for what the edition owns itself.
CREATE FUNCTION add(edition text, expected bigint DEFAULT NULL, n int DEFAULT 1, divergence bigint DEFAULT NULL,
	root text DEFAULT 'a', external_id text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT a.outcome || ' ' || a.first_sequence || '-' || a.last_sequence || ', next ' || a.next_sequence
	FROM azr_append('ed', $1, azr_root('ed', $5), $2, types($3), payloads($3), divergence => $4, external_id => $6) a $$;
CREATE FUNCTION show(edition text, divergence bigint DEFAULT NULL, root text DEFAULT 'a') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(sequence || CASE edition WHEN 'angzarr' THEN '' WHEN $1 THEN '''' ELSE '?' END, ' '), '-')
		|| ', next ' || azr_next_sequence('ed', $1, azr_root('ed', $3), $2)
	FROM azr_load('ed', $1, azr_root('ed', $3), divergence => $2) $$;
-- outcome() of a call, without the stream's uuid
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome('SELECT ' || $1), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R', 'g') $$;
\pset format unaligned
\pset tuples_only on

-- Until a root has events in an edition, the edition reads as the main timeline
SELECT add(NULL, n => 5);
SELECT show('new'), show('new', root => 'none');
-- below the explicit divergence, where there is one
SELECT show('new', 3), show('new', 0), show('new', 5);
SELECT attempt($$show('new', 6)$$);
SELECT attempt($$show('new', 1, 'none')$$);

-- The divergence is fixed by the first append: the explicit one
SELECT add('explicit', divergence => 3), show('explicit');
SELECT add('explicit zero', divergence => 0), show('explicit zero');
SELECT add('explicit, expected', 3, divergence => 3), show('explicit, expected');
SELECT add('explicit at the head', divergence => 5), show('explicit at the head');
-- else expected_sequence
SELECT add('expected', 2, 2), show('expected');
SELECT add('expected zero', 0), show('expected zero');
-- else the main stream's next
SELECT add('head'), show('head');
SELECT add('no main', 0, root => 'none'), show('no main', root => 'none');
-- past the main stream's next: ZR004 for the explicit one, ZR001 for the expected one
SELECT attempt($$add('past', divergence => 6)$$);
SELECT attempt($$add('past', 6)$$);
SELECT attempt($$add('past', 1, root => 'none')$$);
SELECT attempt($$add('past', divergence => 9223372036854775807)$$);
-- an explicit one that is not the expected one
SELECT attempt($$add('both', 4, divergence => 3)$$);
SELECT attempt($$add('both', 2, divergence => 3)$$);
-- nothing of that was stored
SELECT show('past'), show('both'), (SELECT count(*) FROM azr_streams WHERE edition IN ('past', 'both'));

-- A divergence given for a root whose divergence is fixed must be that one
SELECT add('explicit', 4, divergence => 3);
SELECT attempt($$add('explicit', divergence => 4)$$);
SELECT attempt($$add('explicit', divergence => 5)$$);
SELECT attempt($$show('explicit', 4)$$);
SELECT attempt($$azr_next_sequence('ed', 'explicit', azr_root('ed', 'a'), 2)$$);
SELECT attempt($$azr_load_json('ed', 'explicit', azr_root('ed', 'a'), divergence => 2)$$);
SELECT show('explicit', 3);
-- and what is expected is compared as ever
SELECT attempt($$add('explicit', 3)$$);
SELECT attempt($$add('explicit', 6)$$);
SELECT add('explicit', 5), show('explicit');
-- nothing to append
SELECT a.* FROM azr_append('ed', 'explicit', azr_root('ed', 'a'), NULL, '{}', '{}') a;
SELECT a.* FROM azr_append('ed', 'new', azr_root('ed', 'a'), NULL, '{}', '{}', divergence => 2) a;
SELECT attempt($$azr_append('ed', 'explicit', azr_root('ed', 'a'), NULL, '{}', '{}', divergence => 2)$$);
SELECT show('new');

-- The main timeline growing later changes nothing below or above the divergence
SELECT add(NULL, n => 3), show(NULL);
SELECT show('explicit'), show('head'), show('expected'), show('no main', root => 'none');
SELECT add('head'), show('head');
-- while an edition without events of the root grows with it
SELECT show('new');
SELECT add(NULL, 0, 2, root => 'none'), show('no main', root => 'none'), show('new', root => 'none');

-- What happens in an edition is seen by no other edition
SELECT show(NULL), show('expected'), show('explicit zero');
-- in another domain, the same name is another edition
SELECT azr_next_sequence('ed2', 'explicit', azr_root('ed', 'a'));

-- A registered divergence: where an append says nothing else, never above the main stream's next
SELECT azr_create_edition('ed', 'registered', 4, 'what if');
SELECT show('registered'), show('registered', 2), show('registered', root => 'none');
SELECT add('registered'), show('registered');
SELECT add('registered', root => 'none'), show('registered', root => 'none');
SELECT azr_create_edition('ed', 'registered 2', 4);
SELECT add('registered 2', divergence => 1), show('registered 2');
SELECT attempt($$add('registered 2', 1, root => 'none')$$);
SELECT add('registered 2', 2, root => 'none'), show('registered 2', root => 'none');
SELECT azr_create_edition('ed', 'registered 3');
SELECT show('registered 3'), add('registered 3', 6), show('registered 3');

-- Every function of the event store takes an edition
SELECT sequence, type, edition FROM azr_load('ed', 'explicit', azr_root('ed', 'a'));
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 2, 5);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 1, 3);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 3);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 4, 4);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 1, max_count => 3);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'explicit', azr_root('ed', 'a'), 1, 5, divergence => 3, max_count => 4);
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'new', azr_root('ed', 'a'), 1, 5, divergence => 3);
SELECT e ->> 'sequence', e ->> 'edition' FROM jsonb_array_elements(azr_load_json('ed', 'explicit', azr_root('ed', 'a'), 2, 4) -> 'events') e;
SELECT azr_load_json('ed', 'explicit', azr_root('ed', 'a')) - 'events' - 'root';
SELECT outcome FROM azr_append_json('ed', 'until', azr_root('ed', 'u'), 0, '[{"type": "a", "data": 1, "created_at": "2020-01-03T00:00:00Z"}]');
SELECT outcome FROM azr_append_json('ed', NULL, azr_root('ed', 'v'), 0, '[{"type": "a", "data": 1, "created_at": "2020-01-01T00:00:00Z"}, {"type": "a", "data": 1, "created_at": "2020-01-05T00:00:00Z"}]');
SELECT outcome FROM azr_append_json('ed', 'until', azr_root('ed', 'v'), 2, '[{"type": "a", "data": 1, "created_at": "2020-01-02T00:00:00Z"}]');
SELECT string_agg(sequence || '', ' ') FROM azr_load('ed', 'until', azr_root('ed', 'v'), until => '2020-01-03');
SELECT azr_roots('ed', 'explicit') = azr_root('ed', 'a'), (SELECT count(*) FROM azr_roots('ed', 'registered')), (SELECT count(*) FROM azr_roots('ed', 'new'));
SELECT count(*) FROM azr_append('ed', 'trace', azr_root('ed', 'a'), 1, types(1), payloads(1), correlation_id => 'ed-trace', external_id => 'ed-x',
	source_domain => 's', source_edition => 'trace', source_root => :'r', source_sequence => 1);
SELECT count(*) FROM azr_append('ed', NULL, azr_root('ed', 'a'), NULL, types(1), payloads(1), correlation_id => 'ed-trace');
SELECT domain, edition, sequence FROM azr_trace('ed-trace');
SELECT sequence, edition FROM azr_find_by_external_id('ed', 'trace', azr_root('ed', 'a'), 'ed-x');
SELECT sequence, edition FROM azr_find_by_source('ed', 'trace', azr_root('ed', 'a'), 's', 'trace', :'r', 1);
SELECT count(*) FROM azr_find_by_external_id('ed', NULL, azr_root('ed', 'a'), 'ed-x');
SELECT DISTINCT edition FROM azr_timeline WHERE domain = 'ed' AND edition LIKE 'exp%' ORDER BY edition;

-- Idempotency is per stream: the same external_id in two editions is two appends
SELECT add(NULL, external_id => 'once', root => 'i');
SELECT add('i1', external_id => 'once', root => 'i'), add('i2', external_id => 'once', root => 'i'), show('i2', root => 'i');
-- a retry is a retry, whatever it expects, and whatever it takes for the divergence
SELECT add('i1', 77, external_id => 'once', root => 'i'), add('i1', external_id => 'once', root => 'i', divergence => 0);

-- NULL, '' and 'angzarr' are the main timeline everywhere, and are protected
SELECT attempt(format(call, edition)) FROM unnest(ARRAY['NULL', '''''', '''angzarr''']) edition,
	unnest(ARRAY['azr_create_edition(''ed'', %s)', 'azr_protect_edition(''ed'', %s, ''open'')', 'azr_delete_edition(''ed'', %s)']) call;

-- bad arguments
SELECT attempt(call) FROM unnest(ARRAY[
	'azr_create_edition(NULL, ''e'')', 'azr_create_edition('''', ''e'')', 'azr_create_edition(''ed'', E''\n'')',
	'azr_create_edition(''ed'', ''e'', -1)',
	'azr_protect_edition(''ed'', ''head'', NULL)', 'azr_protect_edition(''ed'', ''head'', ''closed'')', 'azr_protect_edition(NULL, ''head'', ''open'')',
	'azr_protect_edition(''ed'', ''unknown'', ''open'')', 'azr_delete_edition(NULL, ''e'')', 'azr_editions('''')']) call;
-- an edition that exists cannot be created
SELECT attempt($$azr_create_edition('ed', 'registered')$$);
SELECT attempt($$azr_create_edition('ed', 'head')$$);

-- azr_editions shows those that came to be by an append and those registered
SELECT domain, edition, divergence, protection, description, created_at <= now(), roots, events FROM azr_editions('ed') ORDER BY edition COLLATE "C";
SELECT count(*) = (SELECT count(*) FROM azr_editions('ed')) FROM azr_editions() WHERE domain = 'ed';
SELECT * FROM azr_editions('unknown');

-- protected refuses deletion; sealed refuses appends too
SELECT azr_protect_edition('ed', 'head', 'protected');
SELECT attempt($$azr_delete_edition('ed', 'head')$$);
SELECT add('head');
SELECT azr_protect_edition('ed', 'head', 'sealed');
SELECT attempt($$azr_delete_edition('ed', 'head')$$);
SELECT attempt($$add('head')$$);
SELECT attempt($$add('head', root => 'new root')$$);
SELECT show('head');
-- a retry of what was stored before is told so, and stores nothing
SELECT azr_protect_edition('ed', 'i1', 'sealed');
SELECT add('i1', external_id => 'once', root => 'i');
SELECT azr_create_edition('ed', 'sealed at once');
SELECT azr_protect_edition('ed', 'sealed at once', 'sealed');
SELECT attempt($$add('sealed at once')$$);
SELECT azr_protect_edition('ed', 'head', 'open');
SELECT add('head');

-- Deleting an edition takes its events in that domain, and leaves all else alone
SELECT count(*) FROM azr_append('ed2', 'head', azr_root('ed', 'a'), 0, types(2), payloads(2));
SELECT show(NULL), show('expected');
SELECT azr_delete_edition('ed', 'head');
SELECT show(NULL), show('expected'), show('head');
SELECT azr_next_sequence('ed2', 'head', azr_root('ed', 'a'));
SELECT count(*) FROM azr_editions('ed') WHERE edition = 'head';
SELECT azr_delete_edition('ed', 'head'), azr_delete_edition('ed', 'never was');
-- one that is registered and has two roots
SELECT azr_delete_edition('ed', 'registered'), show('registered'), (SELECT count(*) FROM azr_editions('ed') WHERE edition = 'registered');
-- the name can be used anew, with another divergence, and old ids are forgotten
SELECT azr_create_edition('ed', 'registered', 2);
SELECT add('registered', external_id => 'x'), show('registered');
SELECT azr_delete_edition('ed', 'registered'), add('registered', 1, external_id => 'x'), show('registered');
-- it can be rolled back
BEGIN;
SAVEPOINT s;
SELECT azr_delete_edition('ed', 'explicit'), show('explicit');
ROLLBACK TO s;
SELECT show('explicit');
SELECT azr_delete_edition('ed', 'explicit');
SELECT add('explicit', 1), show('explicit');
ROLLBACK;
SELECT show('explicit');
-- deleted and used anew in one transaction, and again
BEGIN;
SELECT azr_delete_edition('ed', 'explicit');
SELECT add('explicit', 2), azr_delete_edition('ed', 'explicit');
SELECT add('explicit', 4), show('explicit');
COMMIT;
SELECT show('explicit');
-- at the other isolation levels
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT add('serializable', 1), show('serializable');
SELECT azr_delete_edition('ed', 'serializable');
SELECT add('serializable', 2);
SELECT show('serializable');
COMMIT;

-- Nothing but azr_delete_edition deletes events of an edition, also right after it
SELECT attempt($$azr_delete_edition('ed', 'unknown')$$);
SELECT outcome($$DELETE FROM azr_edition_events$$);
SELECT outcome($$UPDATE azr_edition_events SET type_id = 1$$);
SELECT outcome($$DELETE FROM azr_streams WHERE stream_id < 0$$);
-- also where deletion failed in a trigger of the owner's own
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON azr_edition_events FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT attempt($$azr_delete_edition('ed', 'explicit')$$);
SELECT azr_delete_edition('ed', 'explicit');
DROP TRIGGER refuse ON azr_edition_events;
-- and where such a trigger tries to take the main timeline along
CREATE FUNCTION greedy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.azr_main_events; RETURN OLD; END $$;
CREATE TRIGGER greedy BEFORE DELETE ON azr_edition_events FOR EACH ROW EXECUTE FUNCTION greedy();
SELECT attempt($$azr_delete_edition('ed', 'explicit')$$);
-- or another edition
CREATE OR REPLACE FUNCTION greedy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	DELETE FROM public.azr_edition_events e USING public.azr_streams s WHERE s.stream_id = e.stream_id AND s.edition <> 'explicit'; RETURN OLD; END $$;
SELECT attempt($$azr_delete_edition('ed', 'explicit')$$);
DROP TRIGGER greedy ON azr_edition_events;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON azr_edition_events FOR EACH ROW EXECUTE FUNCTION keep();
SELECT attempt($$azr_delete_edition('ed', 'explicit')$$);
DROP TRIGGER keep ON azr_edition_events;
SELECT outcome($$DELETE FROM azr_edition_events$$);
SELECT show('explicit');

-- reading needs no rights to write; changing does
BEGIN READ ONLY;
SELECT show('explicit'), show('new'), show('registered 2');
SELECT count(*) > 0 FROM azr_editions();
SELECT attempt($$azr_create_edition('ed', 'ro')$$);
SELECT attempt($$azr_protect_edition('ed', 'explicit', 'open')$$);
SELECT attempt($$azr_delete_edition('ed', 'explicit')$$);
COMMIT;

-- main-timeline and edition events live in separate heaps
SELECT bool_and(stream_id > 0) AS main FROM azr_main_events;
SELECT bool_and(stream_id < 0) AS edition FROM azr_edition_events;
-- dense, always: from the divergence on
SELECT s.domain, s.edition, s.root FROM azr_streams s JOIN azr_events e USING (stream_id)
GROUP BY s.stream_id HAVING min(sequence) <> coalesce(divergence, 0) OR max(sequence) - min(sequence) + 1 <> count(*);

-- Snapshots of an edition that has read as the main timeline do not outlive what it
-- becomes, whichever comes first
CREATE FUNCTION state(edition text) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(CASE kind WHEN 'snapshot' THEN '[' || sequence || ']' ELSE sequence::text END || CASE edition WHEN 'angzarr' THEN '' ELSE '''' END, ' '), '-')
   FROM azr_load_state('ed', $1, azr_root('ed', 's')) $$;
CREATE FUNCTION put(edition text, sequence bigint) RETURNS text LANGUAGE sql AS
$$ SELECT split_part(outcome(format($f$SELECT azr_put_snapshot('ed', %L, azr_root('ed', 's'), %s, 's', '')$f$, $1, $2)), ' ', 1) $$;
SELECT add(NULL, n => 5, root => 's');
SELECT put('s 0', 3), put('s 0', 4);
SELECT azr_create_edition('ed', 's 0', 0);
SELECT state('s 0');
SELECT put('s 2', i) FROM generate_series(0, 4) i;
SELECT azr_create_edition('ed', 's 2', 2);
SELECT state('s 2'), put('s 2', 2), put('s 2', 1);
SELECT put('s 9', i) FROM generate_series(0, 4) i;
SELECT azr_create_edition('ed', 's 9', 9);
SELECT state('s 9');
SELECT add('s 9', divergence => 2, root => 's');
SELECT state('s 9');
SELECT azr_create_edition('ed', 's 3', 3);
SELECT put('s 3', 2), put('s 3', 3), add('s 3', root => 's');
SELECT put('s 3', 3), put('s 3', 4), state('s 3');
SELECT put('s', 4), put('s', 1), azr_create_edition('ed', 's');
SELECT state('s'), add('s', 2, root => 's');
SELECT state('s');
SELECT count(*) FROM azr_check('ed');
DROP FUNCTION state, put;

DROP FUNCTION add, show, attempt;
