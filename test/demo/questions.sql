-- What the demo asks the store.  Run by script/demo with psql, once the history
-- is replayed: every answer comes from the events alone.

\set QUIET on
\pset footer off
\pset null ''

-- How the events of the main timeline look to the questions: what they share, and
-- what is in data.
CREATE TEMPORARY VIEW history AS
SELECT root, sequence, type, created_at, correlation_id,
	convert_from(payload, 'UTF8')::jsonb AS data
FROM azr_timeline
WHERE domain = 'file' AND edition = 'angzarr';

SELECT correlation_id AS commit_id,
	left(correlation_id, 12) AS commit_short,
	left(min(data ->> 'subject'), 60) AS commit_subject
FROM history
GROUP BY correlation_id
ORDER BY count(*) <= 12 DESC, abs(count(*) - 12), max(created_at) DESC
LIMIT 1 \gset

\echo
\echo One commit, traced over the streams that it touched: azr_trace()
\echo :commit_short :commit_subject
SELECT data ->> 'path' AS path,
	type,
	'+' || (data ->> 'lines_added') AS added,
	'-' || (data ->> 'lines_removed') AS removed,
	coalesce('from ' || (data ->> 'from'), 'to ' || (data ->> 'to')) AS renamed
FROM (
	SELECT type, convert_from(payload, 'UTF8')::jsonb AS data
	FROM azr_trace(:'commit_id')
) AS event
ORDER BY path
LIMIT 12;

SELECT root AS file_root, count(*) AS file_events, count(*) > 10 AS file_is_long
FROM history
GROUP BY root
ORDER BY count(*) DESC, root
LIMIT 1 \gset

SELECT data ->> 'path' AS file_path
FROM history
WHERE root = :'file_root'
LIMIT 1 \gset

\echo A life of :file_events events: azr_load(), first and last
\echo :file_path
SELECT sequence, to_char(created_at, 'YYYY-MM-DD') AS date, type,
	left(data ->> 'author', 24) AS author,
	left(data ->> 'subject', 60) AS subject
FROM (
	SELECT *, convert_from(payload, 'UTF8')::jsonb AS data
	FROM azr_load('file', NULL, azr_root('file', :'file_path'))
) AS event
WHERE sequence < 3 OR sequence >= :file_events - 7
ORDER BY sequence;

SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at) AS past,
	to_char(percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at), 'YYYY-MM-DD HH24:MI') AS past_short
FROM history \gset

-- A file is there unless the last thing that happened to it took it away.
CREATE TEMPORARY VIEW tree AS
SELECT data ->> 'path' AS path
FROM azr_roots('file', NULL) AS root
CROSS JOIN LATERAL (
	SELECT type, convert_from(payload, 'UTF8')::jsonb AS data
	FROM azr_load('file', NULL, root, until => :'past')
	ORDER BY sequence DESC
	LIMIT 1
) AS last_event
WHERE type <> 'FileDeleted' AND NOT data ? 'to';

SELECT count(*) AS tree_files FROM tree \gset

\echo The tree as it stood half-way, at :past_short: :tree_files files
SELECT CASE WHEN strpos(path, '/') > 0 THEN split_part(path, '/', 1) || '/' ELSE '.' END AS directory,
	count(*) AS files
FROM tree
GROUP BY directory
ORDER BY files DESC, directory
LIMIT 12;

\echo The busiest files
SELECT min(data ->> 'path') AS path, count(*) AS events,
	repeat('█', ceil(30.0 * count(*) / max(count(*)) OVER ())::int) AS " "
FROM history
GROUP BY root
ORDER BY events DESC, path
LIMIT 10;

\echo The last twelve months with changes
SELECT to_char(month, 'YYYY-MM') AS month, events,
	repeat('█', ceil(30.0 * events / max(events) OVER ())::int) AS " "
FROM (
	SELECT date_trunc('month', created_at) AS month, count(*) AS events
	FROM history
	GROUP BY 1
	ORDER BY 1 DESC
	LIMIT 12
) AS months
ORDER BY month;
