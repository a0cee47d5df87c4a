-- a stream of 10,000 events, sealed
SELECT azr_append('bench', NULL, azr_root('bench', 'erase'), 0, array_fill('com.example.bank.v1.AmountWasDeposited.x'::text, ARRAY[10000]),
	array_fill(decode(repeat('ab', 64), 'hex'), ARRAY[10000]));
SELECT azr_evidence_enable('bench');
SELECT azr_seal(100000);
VACUUM ANALYZE;
CHECKPOINT;
