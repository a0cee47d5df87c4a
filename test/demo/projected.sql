-- What the workers of projector.sql have done: how far behind the feed they were after each
-- batch, what is in their table, and that this is what the history says.

SELECT count(*) AS batch_count, count(*) > 0 AS has_batches, coalesce(sum(events), 0) AS new_events FROM batches \gset

\echo A projector, contributions by author. Two workers of a group follow the feed: azr_fetch(), azr_groups()
\if :has_batches
-- of many batches, some
SELECT worker, events, behind,
	repeat('█', ceil(30.0 * behind / greatest(max(behind) OVER (), 1))::int) AS " "
FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM batches) b
WHERE (number - 1) * 11 / greatest(:batch_count - 1, 1) > (number - 2) * 11 / greatest(:batch_count - 1, 1) OR number = 1
ORDER BY id;
\else
\echo Nothing is new.
\echo
\endif
SELECT author, sum(changes) AS changes, sum(added) AS added, sum(removed) AS removed,
	repeat('█', ceil(30.0 * sum(changes) / max(sum(changes)) OVER ())::int) AS " "
FROM contributions
GROUP BY author
ORDER BY changes DESC, author
LIMIT 10;

SELECT count(*) AS rows_compared, count(*) FILTER (WHERE stored IS DISTINCT FROM counted) AS rows_that_differ
FROM contributions AS stored
FULL JOIN (
	SELECT data ->> 'author' AS author, root, count(*) AS changes,
		coalesce(sum((data ->> 'lines_added')::bigint), 0)::bigint AS added,
		coalesce(sum((data ->> 'lines_removed')::bigint), 0)::bigint AS removed
	FROM (
		SELECT root, convert_from(payload, 'UTF8')::jsonb AS data
		FROM azr_timeline
		WHERE domain = 'file' AND edition = 'angzarr'
	) AS event
	GROUP BY data ->> 'author', root
) AS counted USING (author, root) \gset
\echo :new_events new events, each handled once: counted again from the history, :rows_that_differ of :rows_compared rows differ
