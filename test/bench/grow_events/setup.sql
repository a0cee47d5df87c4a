-- 10 streams with :size events together
SELECT (azr_append('bench', NULL, azr_root('bench', r::text), NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[n]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[n]))).outcome
FROM generate_series(1, 10) r, (SELECT least(10000, :size / 10 - i)::int FROM generate_series(0, :size / 10 - 1, 10000) i) v(n);
VACUUM ANALYZE azr_streams, azr_main_events;
