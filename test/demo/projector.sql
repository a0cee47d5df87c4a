-- A projector of the demo: contributions by author, from the main timeline. It
-- reads what is new since its positions, writes its table, and records how far it
-- has come, in one transaction; a second run finds nothing to do.

CREATE TABLE IF NOT EXISTS contributions (
	author text PRIMARY KEY,
	changes bigint NOT NULL,
	added bigint NOT NULL,
	removed bigint NOT NULL
);

BEGIN;
-- one worker at a time: a second one would read the same events
SELECT FROM pg_advisory_xact_lock(hashtextextended('contributions', 0)) \g /dev/null
CREATE TEMPORARY TABLE behind ON COMMIT DROP AS
SELECT * FROM azr_lag('contributions', 'file');

INSERT INTO contributions AS c
SELECT data ->> 'author', count(*),
	coalesce(sum((data ->> 'lines_added')::bigint), 0),
	coalesce(sum((data ->> 'lines_removed')::bigint), 0)
FROM behind b
CROSS JOIN LATERAL azr_load('file', NULL, b.root, coalesce(b.position + 1, 0), b.next_sequence) AS e
CROSS JOIN LATERAL (SELECT convert_from(e.payload, 'UTF8')::jsonb AS data) AS d
GROUP BY data ->> 'author'
ON CONFLICT (author) DO UPDATE
SET changes = c.changes + excluded.changes,
	added = c.added + excluded.added,
	removed = c.removed + excluded.removed;

SELECT coalesce(sum(lag), 0) AS new_events, count(*) AS moved_files FROM behind \gset
SELECT azr_put_positions('contributions', 'file', NULL,
		coalesce(array_agg(root), '{}'), coalesce(array_agg(next_sequence - 1), '{}')) AS moved_positions
FROM behind \gset
COMMIT;

\echo A projector, contributions by author: :new_events new events of :moved_files files, :moved_positions positions moved
SELECT author, changes, added, removed,
	repeat('█', ceil(30.0 * changes / max(changes) OVER ())::int) AS " "
FROM contributions
ORDER BY changes DESC, author
LIMIT 10;
