\set s 100000 + random(1, :streams)
SELECT azr_append_one('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, 'com.example.bank.v1.AmountWasDeposited.x', '\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab'::bytea);
