WITH s AS (INSERT INTO streams (domain, edition, root, created_at) VALUES ('bench', 'angzarr', gen_random_uuid(), now()) RETURNING stream_id)
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
SELECT stream_id, 0, now(), true, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab' FROM s;
