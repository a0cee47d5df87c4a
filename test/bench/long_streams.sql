-- 100 streams of 1,000 events, in the store and in the baseline's table
SELECT azr_append('bench', NULL, (repeat('0', 29) || s)::uuid, 0, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[1000]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[1000]))
FROM generate_series(101, 200) s;
\ir events.sql
VACUUM ANALYZE events, azr_streams, azr_main_events;
