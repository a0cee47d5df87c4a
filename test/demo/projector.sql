-- A projector of the demo: contributions by author, from the feed. Its workers are sessions
-- that call follow(); script/demo has two of them side by side. Then projected.sql shows what
-- they have done. A second run goes on where this one ends.

-- One row for each author of each file. A file is a stream, and two workers never have events
-- of the same stream, so they never wait for each other's rows.
CREATE TABLE IF NOT EXISTS contributions (
	author text,
	root uuid,
	changes bigint NOT NULL,
	added bigint NOT NULL,
	removed bigint NOT NULL,
	PRIMARY KEY (author, root)
);

-- What the workers have done in this run.
SET client_min_messages = warning;
DROP TABLE IF EXISTS batches;
RESET client_min_messages;
CREATE TABLE batches (
	id bigserial PRIMARY KEY,
	worker int NOT NULL,
	events bigint NOT NULL,
	behind bigint NOT NULL
);

-- Works until there is nothing left; a program would then wait, by azr_feed_wait(). What a batch
-- adds to the table, and that the group has got these events, is committed together.
CREATE OR REPLACE PROCEDURE follow(worker int, batch bigint) LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	LOOP
		WITH fetched AS MATERIALIZED (
			SELECT root, convert_from(payload, 'UTF8')::jsonb AS data
			FROM azr_fetch('contributions', batch, partitions => 4)
		), written AS (
			INSERT INTO contributions AS c
			SELECT data ->> 'author', root, count(*),
				coalesce(sum((data ->> 'lines_added')::bigint), 0),
				coalesce(sum((data ->> 'lines_removed')::bigint), 0)
			FROM fetched
			GROUP BY data ->> 'author', root
			ON CONFLICT (author, root) DO UPDATE
			SET changes = c.changes + excluded.changes,
				added = c.added + excluded.added,
				removed = c.removed + excluded.removed
		)
		SELECT count(*) INTO n FROM fetched;
		EXIT WHEN n = 0;
		COMMIT;
		INSERT INTO batches (worker, events, behind)
		SELECT follow.worker, n, max(behind) FROM azr_groups('contributions');
	END LOOP;
END $$;

-- Created once: later runs go on with it.
SELECT azr_group_create('contributions', domains => ARRAY['file'])
WHERE NOT EXISTS (SELECT FROM azr_groups('contributions')) \g /dev/null

-- All that was replayed gets its place in the feed.
SELECT azr_feed_advance(max_appends => 1000000000) \g /dev/null

-- Some forty batches, however long the history is.
SELECT greatest(50, max(behind) / 40) FROM azr_groups('contributions');
