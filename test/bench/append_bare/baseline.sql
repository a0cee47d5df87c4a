\set s random(1, :streams)
\set n :n + 1
\set sequence 1 + :n * :clients + :client_id
INSERT INTO bare_events (stream_id, sequence, created_at, type, payload)
VALUES (:s, :sequence, now(), 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab');
