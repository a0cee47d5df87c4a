-- a stream of :size events
SELECT azr_append('bench', NULL, '00000000-0000-0000-0000-000000000001', NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[n]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[n]))
FROM (SELECT least(10000, :size - i)::int FROM generate_series(0, :size - 1, 10000) i) v(n);
VACUUM ANALYZE azr_streams, azr_main_events;
