-- Snapshots, and loading a state from them. Each part shows a sentence of the
-- contract.
\set r '00000000-0000-0000-0000-000000000001'
-- a snapshot in short, of stream k: sequence, state and retention
CREATE FUNCTION put(k text, sequence bigint, retention text DEFAULT 'default', edition text DEFAULT NULL, state text DEFAULT NULL)
RETURNS void LANGUAGE sql AS
$$ SELECT azr_put_snapshot('snap', $4, azr_root('snap', $1), $2, 'text', convert_to(coalesce($5, coalesce($4 || ':', '') || $2), 'UTF8'), $3) $$;
CREATE FUNCTION get(k text, at_sequence bigint DEFAULT NULL, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT sequence || ' ' || convert_from(state, 'UTF8') || ' ' || retention FROM azr_get_snapshot('snap', $3, azr_root('snap', $1), $2) $$;
-- all that get() finds of sequences 0 to 9
CREATE FUNCTION gets(k text, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(coalesce(split_part(get($1, i, $2), ' ', 1), '-'), ' ' ORDER BY i) FROM generate_series(0, 9) i $$;
-- what a state is made of: the snapshot, its edition, and the events
CREATE FUNCTION load(k text, at_sequence bigint DEFAULT NULL, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(CASE kind WHEN 'snapshot' THEN '[' || convert_from(payload, 'UTF8') || ']' ELSE sequence::text END
	|| CASE edition WHEN 'angzarr' THEN '' WHEN $3 THEN '''' ELSE '?' END, ' ')
   FROM azr_load_state('snap', $3, azr_root('snap', $1), $2) $$;
CREATE FUNCTION add(k text, n int, edition text DEFAULT NULL, divergence bigint DEFAULT NULL) RETURNS bigint LANGUAGE sql AS
$$ SELECT next_sequence FROM azr_append('snap', $3, azr_root('snap', $1), NULL, types($2), payloads($2), divergence => $4) $$;
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(outcome('SELECT ' || $1), '[0-9a-f]{8}-[0-9a-f-]{27}', 'R', 'g') $$;
\pset format unaligned
\pset tuples_only on
\pset null '(null)'

-- a stream without events may have one
SELECT get('a'), load('a');
SELECT put('a', 5);
SELECT get('a'), load('a');
BEGIN;
SELECT azr_put_snapshot('snap', NULL, :'r', 3, 'player.State', '\x00ff', 'persist');
SELECT sequence, state_type, state, retention, created_at = now() FROM azr_get_snapshot('snap', '', :'r');
SELECT kind, sequence, type, payload, metadata, created_at = now(), edition FROM azr_load_state('snap', 'angzarr', :'r');
ROLLBACK;
SELECT count(*) FROM azr_get_snapshot('snap', NULL, :'r');

-- the one with the highest sequence; at or below at_sequence; or no row
SELECT put('a', 7), put('a', 9);
SELECT get('a'), get('a', 8), get('a', 7), get('a', 6), get('a', 4), get('a', 9223372036854775807), gets('a');
-- again at the same sequence replaces, in the history too, and moves it to another class
SELECT put('a', 9, state => 'nine');
SELECT put('a', 7, state => 'seven');
SELECT put('a', 5, 'persist', state => 'five');
SELECT get('a'), get('a', 8), get('a', 5);
SELECT tableoid::regclass, sequence FROM azr_snapshot_history WHERE domain = 'snap' ORDER BY sequence;
SELECT put('a', 5, 'default', state => 'five again');
SELECT count(*) = 1, min(sequence) FROM azr_snapshot_history_persist WHERE domain = 'snap' HAVING count(*) > 0;
SELECT get('a', 6), gets('a');
-- one that arrives late goes into history and does not hide the latest
SELECT put('a', 6), put('a', 2), put('a', 8);
SELECT get('a'), gets('a');

-- transient goes when a newer one is put, default and persist stay
SELECT put('b', 1, 'transient'), put('b', 2, 'transient'), put('b', 3), put('b', 4, 'transient'), put('b', 5, 'persist'),
	put('b', 6, 'transient'), put('b', 7, 'transient');
SELECT get('b'), gets('b');
-- also one that came late
SELECT put('b', 4, 'transient'), gets('b');
SELECT put('b', 4, 'transient', state => 'again'), get('b', 4);
SELECT put('b', 6), gets('b');
SELECT put('b', 2, 'transient'), put('b', 1, 'transient'), gets('b');
SELECT put('b', 8), gets('b');
SELECT put('b', 7, 'transient'), gets('b'), put('b', 8), gets('b');
-- but not one that is put at the same sequence
SELECT put('c', 1, 'transient'), put('c', 1, 'transient', state => 'one'), get('c');
SELECT put('c', 1), put('c', 2), gets('c');

-- domains, editions and roots are independent
SELECT put('a', 1, edition => 'e'), azr_put_snapshot('snap2', NULL, azr_root('snap', 'a'), 99, 't', '');
SELECT get('a'), get('a', edition => 'e'), get('a', edition => 'f'), get('d');
SELECT azr_delete_snapshots('snap', 'e', azr_root('snap', 'a')), azr_delete_snapshots('snap', 'e', azr_root('snap', 'a'));
SELECT get('a'), get('a', edition => 'e');
-- deleted of any class, however many
SELECT azr_delete_snapshots('snap', NULL, azr_root('snap', 'b')), gets('b');
SELECT put('b', 0), gets('b');
SELECT azr_delete_snapshots('snap', NULL, azr_root('snap', k)) FROM unnest(ARRAY['a', 'b', 'c']) k;
SELECT count(*) FROM azr_snapshot_history WHERE domain = 'snap';

-- byte for byte, as the latest and in the history: nothing, what compresses, what does not, and a lot
CREATE TABLE states AS
SELECT i AS n, CASE i WHEN 0 THEN '' WHEN 1 THEN convert_to(repeat('x', 1000), 'UTF8')
	WHEN 2 THEN (SELECT string_agg(decode(md5(j::text), 'hex'), '') FROM generate_series(1, 20000) j)
	ELSE convert_to(repeat('y', 100000000), 'UTF8') END AS state
FROM generate_series(0, 3) i;
SELECT azr_put_snapshot('snap', NULL, azr_root('snap', 'big'), n, 't', state) FROM states ORDER BY n;
SELECT n, length(s.state), s.state = states.state FROM states, azr_get_snapshot('snap', NULL, azr_root('snap', 'big'), n) s ORDER BY n;
SELECT azr_put_snapshot('snap', NULL, azr_root('snap', 'big'), 4, 't', '', 'transient');
SELECT n, s.state = states.state FROM states, azr_load_state('snap', NULL, azr_root('snap', 'big'), n) e, azr_get_snapshot('snap', NULL, azr_root('snap', 'big'), n) s
WHERE e.payload = s.state ORDER BY n;
SELECT azr_delete_snapshots('snap', NULL, azr_root('snap', 'big'));
DROP TABLE states;

-- one past the stream's last event is refused
SELECT add('e', 5);
SELECT attempt($$put('e', 5)$$);
SELECT attempt($$put('e', 9223372036854775807)$$);
SELECT put('e', 4), get('e');
-- in an edition, past what it consists of
SELECT attempt($$put('e', 5, edition => 'ahead')$$);
SELECT azr_create_edition('snap', 'ahead', 2);
SELECT attempt($$put('e', 2, edition => 'ahead')$$);
SELECT put('e', 1, edition => 'ahead'), get('e', edition => 'ahead');
SELECT add('e', 1, 'ahead');
SELECT put('e', 2, edition => 'ahead'), get('e', edition => 'ahead'), get('e', 1, 'ahead');
SELECT attempt($$put('e', 3, edition => 'ahead')$$);

-- a state: the best snapshot, and the events after it, up to at_sequence
SELECT load('e'), load('e', 4), load('e', 3), load('e', 9223372036854775807);
SELECT put('e', 2), load('e', 3), load('e', 2), load('e', 1);
SELECT add('e', 2), load('e'), load('e', 5);
SELECT kind, sequence, type, convert_from(payload, 'UTF8'), metadata, edition FROM azr_load_state('snap', NULL, azr_root('snap', 'e'));
-- off, it replays from 0; deleting all snapshots changes no result
SET angzarr.read_snapshots = off;
SELECT load('e'), load('e', 3), get('e');
RESET angzarr.read_snapshots;
SELECT azr_delete_snapshots('snap', NULL, azr_root('snap', 'e')), load('e'), load('e', 3);
SELECT load('none'), load('none', 0);
-- one that was put before the stream had as many events is no state of it yet
SELECT put('f', 3), load('f'), add('f', 2), load('f'), get('f'), add('f', 3), load('f');

-- nor will it ever be one, even when there are as many
SELECT put('f2', 100), put('f2', 1), gets('f2'), add('f2', 2), gets('f2'), load('f2');
SELECT add('f2', 120), load('f2', 101);
SELECT count(*) FROM azr_check('snap');
-- an edition uses its own snapshot, or one of the main timeline below its divergence
SELECT add('g', 6);
SELECT put('g', 1), put('g', 2), put('g', 3), put('g', 5);
SELECT add('g', 3, 'e', 3);
SELECT load('g', edition => 'e'), load('g', 2, 'e'), load('g', 1, 'e'), load('g', 0, 'e'), load('g', 4, 'e');
-- whichever is further, up to at_sequence
SELECT put('g', 4, edition => 'e');
SELECT load('g', edition => 'e'), load('g', 4, 'e'), load('g', 3, 'e'), load('g', 2, 'e');
SELECT put('g', 0, edition => 'e'), load('g', 0, 'e'), load('g', 2, 'e');
SELECT put('g', 2, edition => 'e'), load('g', 2, 'e'), load('g', 3, 'e');
-- never one past the divergence
SELECT add('g', 1, 'at 0', 0), load('g', edition => 'at 0'), add('g', 1, 'at 1', 1), load('g', edition => 'at 1'),
	add('g', 1, 'at 2', 2), load('g', edition => 'at 2'), add('g', 1, 'at 6', 6), load('g', edition => 'at 6');
-- an edition that has nothing of the root yet reads as the main timeline
SELECT load('g', edition => 'none'), load('g', 4, 'none');
SELECT azr_create_edition('snap', 'registered', 4), load('g', edition => 'registered'), load('g', 2, 'registered');
SELECT azr_create_edition('snap', 'registered 0', 0), load('g', edition => 'registered 0');
SET angzarr.read_snapshots = off;
SELECT load('g', edition => 'e'), load('g', edition => 'at 6'), load('g', edition => 'registered');
RESET angzarr.read_snapshots;

-- what an edition had put of the main timeline is not its own once it diverges below
SELECT put('g', 1, edition => 'late'), put('g', 3, edition => 'late'), put('g', 5, edition => 'late');
SELECT load('g', edition => 'late');
SELECT add('g', 4, 'late', 3), gets('g', 'late'), load('g', edition => 'late');
SELECT put('g', 5, edition => 'late'), put('g', 3, edition => 'late'), gets('g', 'late'), load('g', edition => 'late');
SELECT put('g', 2, 'persist', 'later'), put('g', 5, 'persist', 'later'), add('g', 1, 'later', 2), gets('g', 'later');
SELECT put('g', 1, edition => 'latest'), put('g', 2, edition => 'latest'), add('g', 1, 'latest', 3), gets('g', 'latest');

-- deleting an edition takes its snapshots in that domain, and no others
SELECT azr_put_snapshot('snap2', 'late', azr_root('snap', 'g'), 0, 't', ''), put('g', 3, 'persist', 'late');
SELECT azr_delete_edition('snap', 'late'), gets('g', 'late');
SELECT count(*) FROM azr_snapshot_history WHERE edition = 'late';
SELECT gets('g'), gets('g', 'e'), (SELECT count(*) FROM azr_get_snapshot('snap2', 'late', azr_root('snap', 'g')));
-- also where it has nothing else
SELECT put('g', 3, edition => 'only'), azr_delete_edition('snap', 'only'), get('g', edition => 'only');

-- one statement, one transaction, savepoints: all see their own
SELECT put('own', i) FROM unnest(ARRAY[3, 1, 4, 2, 5]) i;
SELECT gets('own');
BEGIN;
SELECT put('own', 6, 'transient');
SAVEPOINT s;
SELECT put('own', 7), put('own', 0), gets('own');
ROLLBACK TO s;
SELECT gets('own');
SELECT put('own', 8), gets('own');
ROLLBACK;
SELECT gets('own');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT put('own', 9), put('own', 7), put('own', 7, 'transient'), put('own', 8), gets('own');
COMMIT;
SELECT gets('own');

-- what the owner adds to the tables works as in any INSERT and UPDATE
CREATE FUNCTION note_snapshot() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO public.log (what) VALUES (concat_ws(' ', 'snapshot', TG_OP, CASE WHEN TG_TABLE_NAME LIKE '%history%' THEN 'history' ELSE 'latest' END, NEW.sequence)); RETURN NEW; END $$;
CREATE TRIGGER on_latest AFTER INSERT OR UPDATE ON azr_latest_snapshots FOR EACH ROW EXECUTE FUNCTION note_snapshot();
CREATE TRIGGER on_history AFTER INSERT ON azr_snapshot_history FOR EACH ROW EXECUTE FUNCTION note_snapshot();
SELECT put('t', 1), put('t', 2), put('t', 2, 'persist'), put('t', 3, 'transient'), put('t', 4);
DROP TRIGGER on_latest ON azr_latest_snapshots;
DROP TRIGGER on_history ON azr_snapshot_history;
SELECT what FROM log WHERE what LIKE 'snapshot%' ORDER BY n;
SELECT gets('t');

-- bad arguments, and nothing stored
SELECT attempt(call) FROM unnest(ARRAY[
	'azr_put_snapshot(NULL, NULL, azr_root(''a'', ''b''), 1, ''t'', '''')',
	'azr_put_snapshot('''', NULL, azr_root(''a'', ''b''), 1, ''t'', '''')',
	'azr_put_snapshot(repeat(''d'', 256), NULL, azr_root(''a'', ''b''), 1, ''t'', '''')',
	'azr_put_snapshot(''bad'', E''\n'', azr_root(''a'', ''b''), 1, ''t'', '''')',
	'azr_put_snapshot(''bad'', NULL, NULL, 1, ''t'', '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), NULL, ''t'', '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), -1, ''t'', '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, NULL, '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, '''', '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, repeat(''t'', 1025), '''')',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, ''t'', NULL)',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, ''t'', '''', NULL)',
	'azr_put_snapshot(''bad'', NULL, azr_root(''a'', ''b''), 1, ''t'', '''', ''forever'')',
	'azr_get_snapshot(NULL, NULL, azr_root(''a'', ''b''))',
	'azr_get_snapshot(''bad'', NULL, NULL)',
	'azr_get_snapshot(''bad'', NULL, azr_root(''a'', ''b''), -1)',
	'azr_delete_snapshots(''bad'', NULL, NULL)',
	'azr_load_state(''bad'', NULL, NULL)',
	'azr_load_state(''bad'', NULL, azr_root(''a'', ''b''), -1)']) call;
SELECT count(*) FROM azr_latest_snapshots WHERE domain = 'bad';
SELECT azr_put_snapshot('snap3', NULL, :'r', 9223372036854775807, repeat('t', 1024), '', 'transient');
SELECT sequence, length(type) FROM azr_load_state('snap3', NULL, :'r', 9223372036854775807);
BEGIN READ ONLY;
SELECT get('own'), load('own');
SELECT attempt(call) FROM unnest(ARRAY[
	'put(''own'', 9)', 'azr_delete_snapshots(''snap'', NULL, azr_root(''snap'', ''own''))', 'azr_maintain()']) call;
COMMIT;
SET angzarr.read_snapshots = 'sometimes';
\set VERBOSITY terse
SET angzarr.read_snapshot = off;
DROP FUNCTION put, get, gets, load, add, attempt;
DELETE FROM azr_snapshot_history;
DELETE FROM azr_latest_snapshots;
