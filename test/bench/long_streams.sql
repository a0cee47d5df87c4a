-- 100 streams of 1,000 events, in the store and in a table with the same columns and indexes
SELECT azr_append('bench', NULL, lpad(s::text, 32, '0')::uuid, 0, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[1000]), array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[1000]))
FROM generate_series(1, 100) s;
CREATE TABLE events (LIKE azr_main_events INCLUDING ALL);
INSERT INTO events SELECT * FROM azr_main_events;
VACUUM ANALYZE events, azr_streams, azr_main_events;
