-- 10,000 streams of one event, made by what a router has also
SELECT azr_append('bench', NULL, ('00000000000000000000000000' || s)::uuid, 0, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY[decode(repeat('ab', 64), 'hex')])
FROM generate_series(100000, 109999) s;
VACUUM ANALYZE;
CHECKPOINT;
