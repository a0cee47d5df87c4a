\set s random(1, 100000)
\set n :n + 1
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
VALUES (:s, 1 + :n * :clients + :client_id, now(), true, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab');
