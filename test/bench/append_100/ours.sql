\set s random(1, 100000)
SELECT (azr_append('bench', NULL, lpad(:s::text, 32, '0')::uuid, NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[100]), array_fill('\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab'::bytea, ARRAY[100]))).next_sequence;
