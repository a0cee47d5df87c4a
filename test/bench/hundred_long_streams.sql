-- 100 streams of 1,000 events, made by what a router has also
SELECT azr_append('bench', NULL, azr_root('bench', s::text), 0, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[1000]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[1000]))
FROM generate_series(1, 100) s;
VACUUM ANALYZE;
CHECKPOINT;
