-- Snapshots in the demo: a state of each file, kept up to date from the state before
-- and the events since, and what that saves. Run after questions.sql.

-- A file's state after an event, made of its state before: what a command handler
-- would have in its own language.
CREATE OR REPLACE FUNCTION file_after(state jsonb, type text, event jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object(
		'path', event -> 'path',
		'there', type <> 'FileDeleted' AND NOT event ? 'to',
		'changes', coalesce((state ->> 'changes')::bigint, 0) + 1,
		'added', coalesce((state ->> 'added')::bigint, 0) + coalesce((event ->> 'lines_added')::bigint, 0),
		'removed', coalesce((state ->> 'removed')::bigint, 0) + coalesce((event ->> 'lines_removed')::bigint, 0),
		'last_author', event -> 'author')
$$;

-- The state of a file, from its snapshot where there is one, and how many events
-- had to be applied: azr_load_state in one call. A snapshot comes first, and is
-- the state that the events are applied to.
CREATE OR REPLACE FUNCTION load_file(root uuid, OUT state jsonb, OUT sequence bigint, OUT applied bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	entry record;
BEGIN
	applied := 0;
	FOR entry IN SELECT * FROM azr_load_state('file', NULL, root) LOOP
		sequence := entry.sequence;
		IF entry.kind = 'snapshot' THEN
			state := convert_from(entry.payload, 'UTF8')::jsonb;
		ELSE
			state := file_after(state, entry.type, convert_from(entry.payload, 'UTF8')::jsonb);
			applied := applied + 1;
		END IF;
	END LOOP;
END $$;

-- One snapshot for each file that has none of its last event.
SELECT count(azr_put_snapshot('file', NULL, root, f.sequence, 'application/json',
		convert_to(f.state::text, 'UTF8'))) AS new_snapshots,
	coalesce(sum(f.applied), 0) AS applied_events
FROM azr_roots('file', NULL) AS root
CROSS JOIN LATERAL load_file(root) AS f
WHERE f.applied > 0 \gset

SELECT count(*) AS files, sum(f.applied) AS with_snapshots,
	sum(azr_next_sequence('file', NULL, root)) AS all_events
FROM azr_roots('file', NULL) AS root
CROSS JOIN LATERAL load_file(root) AS f \gset
\echo
\echo A state of each file: azr_put_snapshot(), azr_load_state()
\echo :new_snapshots new snapshots, made by applying :applied_events events
\echo To load all :files files now, :with_snapshots events are replayed; without snapshots, :all_events

SELECT state ->> 'path' AS path, (state ->> 'changes')::bigint AS changes,
	state ->> 'added' AS added, state ->> 'removed' AS removed, state ->> 'last_author' AS last_author,
	sequence + 1 - applied AS events_saved
FROM azr_roots('file', NULL) AS root
CROSS JOIN LATERAL load_file(root)
ORDER BY changes DESC, path
LIMIT 10;

SET angzarr.read_snapshots = off;
SELECT count(*) FILTER (WHERE s.state IS DISTINCT FROM f.state) AS differences
FROM azr_roots('file', NULL) AS root
CROSS JOIN LATERAL load_file(root) AS f
CROSS JOIN LATERAL (SELECT convert_from(state, 'UTF8')::jsonb AS state FROM azr_get_snapshot('file', NULL, root)) AS s \gset
RESET angzarr.read_snapshots;
\echo Replayed from the first event (angzarr.read_snapshots = off), :differences of :files states differ
