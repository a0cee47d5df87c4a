\set s 100000 + random(0, 9999)
SELECT * FROM azr_append('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[100]), array_fill('\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab'::bytea, ARRAY[100]));
