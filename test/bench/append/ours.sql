\set s random(1, 100000)
SELECT (azr_append('bench', NULL, lpad(:s::text, 32, '0')::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[])).next_sequence;
