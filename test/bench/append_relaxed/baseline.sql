\if :n % 10000000 = 0
SET synchronous_commit = off;
\endif
\set s 100000 + random(1, :streams)
SELECT * FROM azr_append('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[]);
\set n :n + 1
