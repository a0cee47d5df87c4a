-- Upstream writes all values into the text of its statements, so they cannot be prepared.  It
-- sends each of them on its own.
--
-- Two clients that append to one stream at the same time make one of them fail there, so each
-- client has streams of its own here.
\set s 100001 + random(0, :streams / :clients - 1) * :clients + :client_id
BEGIN;
SELECT max(sequence) AS last FROM upstream_events
WHERE edition IS NULL AND domain = 'bench' AND root = '00000000-0000-0000-0000-000000' || :s \gset
INSERT INTO upstream_events (edition, domain, root, sequence, created_at, event_data, correlation_id, external_id,
	source_edition, source_domain, source_root, source_seq, committed, cascade_id)
VALUES (NULL, 'bench', '00000000-0000-0000-0000-000000' || :s, :last + 1, '2026-05-04T12:00:00.123456+00:00',
	'\x0a28636f6d2e6578616d706c652e62616e6b2e76312e416d6f756e745761734465706f73697465642e781240abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab',
	gen_random_uuid()::text, '', NULL, NULL, NULL, NULL, true, NULL);
COMMIT;
