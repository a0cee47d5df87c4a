\set s random(100001, 200000)
SELECT (azr_append('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[])).next_sequence;
