-- What the demo shows of editions, after questions.sql: the branches of the
-- repository, and a what-if of its own that leaves no trace.

SELECT count(*) > 0 AS has_branches
FROM azr_editions('file')
WHERE description = 'git branch' \gset

\if :has_branches
\echo The branches, as editions: azr_editions()
SELECT edition, roots AS files, events,
	repeat('█', ceil(30.0 * events / max(events) OVER ())::int) AS " "
FROM azr_editions('file')
WHERE description = 'git branch'
ORDER BY events DESC, edition
LIMIT 10;

-- The file of a branch that has most to compare: changed in both since they parted.
SELECT t.edition AS branch, t.root AS branch_root,
	min(t.sequence) AS branch_parts,
	left(min(convert_from(t.payload, 'UTF8')::jsonb ->> 'path'), 60) AS branch_path
FROM azr_timeline t
JOIN azr_editions('file') e ON e.edition = t.edition AND e.description = 'git branch'
WHERE t.domain = 'file'
GROUP BY t.edition, t.root
ORDER BY azr_next_sequence('file', NULL, t.root) > min(t.sequence) AND min(t.sequence) > 0 DESC,
	min(t.sequence) > 0 DESC, count(*) DESC, t.edition, t.root
LIMIT 1 \gset

\echo One file, on the main timeline and on :branch, which parts at :branch_parts:
\echo :branch_path
SELECT sequence,
	m.type || ': ' || left(m.data ->> 'subject', 40) AS main,
	CASE b.edition WHEN 'angzarr' THEN '  shared'
		ELSE b.type || ': ' || left(b.data ->> 'subject', 40) END AS branch
FROM (
	SELECT sequence, type, convert_from(payload, 'UTF8')::jsonb AS data
	FROM azr_load('file', NULL, :'branch_root', greatest(0, :branch_parts - 2), :branch_parts + 6)
) AS m
FULL JOIN (
	SELECT sequence, type, edition, convert_from(payload, 'UTF8')::jsonb AS data
	FROM azr_load('file', :'branch', :'branch_root', greatest(0, :branch_parts - 2), :branch_parts + 6)
) AS b USING (sequence)
ORDER BY sequence;
\else
\echo No other branch has a commit of its own.
\echo
\endif

-- The main timeline, as one number.
SELECT md5(string_agg(t::text, ' ' ORDER BY root, sequence)) AS before
FROM azr_timeline t
WHERE domain = 'file' AND edition = 'angzarr' \gset

\echo What if its last change had deleted it instead? An edition of the busiest file:
\echo :file_path
SELECT outcome, first_sequence, next_sequence
FROM azr_append_json('file', 'what-if', :'file_root', :file_events - 1,
	jsonb_build_array(jsonb_build_object('type', 'FileDeleted',
		'data', jsonb_build_object('path', :'file_path', 'subject', 'What if it had gone?'))));
SELECT coalesce(m.sequence, w.sequence) AS sequence, m.type AS main, w.type AS "what-if", w.edition AS owner
FROM azr_load('file', NULL, :'file_root', greatest(0, :file_events - 3)) AS m
FULL JOIN azr_load('file', 'what-if', :'file_root', greatest(0, :file_events - 3)) AS w USING (sequence)
ORDER BY 1;

\echo And away with it: azr_delete_edition()
SELECT azr_delete_edition('file', 'what-if') AS "events deleted";
SELECT count(*) AS "events left",
	(SELECT md5(string_agg(t::text, ' ' ORDER BY root, sequence)) = :'before'
	FROM azr_timeline t WHERE domain = 'file' AND edition = 'angzarr') AS "main timeline the same"
FROM azr_timeline
WHERE domain = 'file' AND edition = 'what-if';
