\set s 10000000 + random(1, :size)
SELECT * FROM azr_append('bench', NULL, ('000000000000000000000000' || :s)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[]);
