\set s 100000 + random(0, 9999)
SELECT * FROM azr_append('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[]);
