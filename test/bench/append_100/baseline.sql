\set s random(1, 100000)
\set n :n + 1
\set first (1 + :n * :clients + :client_id) * 100
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
SELECT :s, :first + e.i, now(), true, e.type, e.payload
FROM unnest(array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[100]), array_fill('\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab'::bytea, ARRAY[100])) WITH ORDINALITY AS e(type, payload, i);
