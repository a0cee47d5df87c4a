-- Evidence and erasure. What somebody changes behind the store's back is found, and what is
-- erased on record leaves the evidence whole. Each ends with ROLLBACK, so that the demo can go
-- on with its history.

\set QUIET on
SET client_min_messages = warning;

\echo Evidence: azr_seal(), azr_prove(), azr_verify(). Erasure: azr_erase()
SELECT azr_evidence_enable('demo.example/history') \g /dev/null
SELECT azr_seal(1000000) \g /dev/null
SELECT size, encode(root_hash, 'hex') AS root_hash FROM azr_checkpoints() ORDER BY size DESC LIMIT 1 \gset
\echo sealed: :size events, root :root_hash

SELECT root AS file_root, count(*) AS file_events, count(*) / 2 AS file_middle
FROM azr_timeline
WHERE domain = 'file' AND edition = 'angzarr'
GROUP BY root
ORDER BY count(*) DESC, root
LIMIT 1 \gset
SELECT convert_from(payload, 'UTF8')::jsonb ->> 'path' AS file_path
FROM azr_load('file', NULL, :'file_root', 0, 1) \gset
SELECT jsonb_array_length(p -> 'proof') AS proof_hashes, length(p::text) AS proof_bytes
FROM azr_prove('file', NULL, :'file_root') AS p \gset
\echo proved: the :file_events events of :file_path, by :proof_hashes hashes, in a file of :proof_bytes bytes
SELECT count(*) AS problem_count FROM azr_verify() \gset
\echo verified: :problem_count problems

BEGIN;
ALTER TABLE azr_main_events DISABLE TRIGGER USER;
UPDATE azr_main_events SET payload = set_byte(payload, length(payload) / 2, get_byte(payload, length(payload) / 2) # 1)
WHERE sequence = :file_middle
	AND stream_id = (SELECT stream_id FROM azr_streams WHERE domain = 'file' AND edition = 'angzarr' AND root = :'file_root');
\echo a superuser turns the triggers off, and changes one bit of event :file_middle of :file_path
SELECT problem, sequence AS problem_sequence, CASE root WHEN :'file_root' THEN :'file_path' ELSE 'another file' END AS problem_path
FROM azr_verify() LIMIT 1 \gset
\echo verified: :problem, event :problem_sequence of :problem_path
ROLLBACK;
SELECT count(*) AS problem_count FROM azr_verify() \gset
\echo put back, verified: :problem_count problems

-- the author of the fewest events, and in each stream the sequences that follow each other
SELECT convert_from(payload, 'UTF8')::jsonb ->> 'author' AS author
FROM azr_timeline
WHERE domain = 'file' AND edition = 'angzarr'
GROUP BY 1
ORDER BY count(*), 1
LIMIT 1 \gset
BEGIN;
SELECT coalesce(sum(azr_erase('file', NULL, root, first, last + 1, 'asked for by the author')), 0) AS erased
FROM (
	SELECT root, min(sequence) AS first, max(sequence) AS last
	FROM (
		SELECT root, sequence, sequence - row_number() OVER (PARTITION BY root ORDER BY sequence) AS island
		FROM azr_timeline
		WHERE domain = 'file' AND edition = 'angzarr' AND convert_from(payload, 'UTF8')::jsonb ->> 'author' = :'author'
	) AS event
	GROUP BY root, island
) AS part \gset
SELECT count(*) AS named
FROM azr_timeline
WHERE domain = 'file' AND edition = 'angzarr' AND
	CASE WHEN type <> 'type.googleapis.com/angzarr.Erased' THEN convert_from(payload, 'UTF8')::jsonb ->> 'author' END = :'author' \gset
\echo erased: :erased events of :author, whose name is in :named events of the main timeline now (rolled back, so that you can go on asking)
SELECT count(*) AS problem_count FROM azr_verify() \gset
SELECT count(event -> 'erased') AS proof_erased
FROM azr_prove('file', NULL, :'file_root') AS p, jsonb_array_elements(p -> 'events') AS event \gset
\echo verified: :problem_count problems; the proof of :file_path still holds for all :file_events events, :proof_erased of them erased: their data is gone, their digests are not
\echo not signed here: see script/evidence
ROLLBACK;
\echo
