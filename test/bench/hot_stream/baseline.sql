WITH head AS (UPDATE heads SET next_sequence = next_sequence + 1 WHERE stream_id = 1 RETURNING next_sequence)
INSERT INTO events (stream_id, sequence, created_at, committed, type, payload)
SELECT 1, next_sequence - 1, now(), true, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab' FROM head;
