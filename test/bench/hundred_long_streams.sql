-- 100 streams of 1,000 events, made by what a router has also
SELECT azr_append('bench', NULL, ('00000000000000000000000000000' || s)::uuid, 0, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[1000]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[1000]))
FROM generate_series(101, 200) s;
VACUUM ANALYZE;
CHECKPOINT;
