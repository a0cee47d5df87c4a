BEGIN;
UPDATE heads SET next_sequence = next_sequence + 1 WHERE stream_id = 1 RETURNING next_sequence - 1 AS sequence \gset
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
VALUES (1, :sequence, now(), true, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab');
COMMIT;
