\set s random(1, :streams)
\set n :n + 1
\set first (1 + :n * :clients + :client_id) * 100
INSERT INTO bare_events (stream_id, sequence, created_at, type, payload)
SELECT :s, :first + e.i, now(), e.type, e.payload
FROM unnest(array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[100]), array_fill('\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab'::bytea, ARRAY[100])) WITH ORDINALITY AS e(type, payload, i);
