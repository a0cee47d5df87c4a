-- up to 1,000 streams of :size events, 1,000,000 events at most
SELECT (azr_append('bench', NULL, (repeat('0', 26) || s)::uuid, NULL, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[n]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[n]))).outcome
FROM generate_series(100001, 100000 + least(1000, 1000000 / :size)) s,
	(SELECT least(10000, :size - i)::int FROM generate_series(0, :size - 1, 10000) i) v(n);
VACUUM ANALYZE azr_streams, azr_main_events;
