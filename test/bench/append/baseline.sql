\set s random(1, :streams)
\set n :n + 1
\set sequence 1 + :n * :clients + :client_id
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
VALUES (:s, :sequence, now(), true, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab');
