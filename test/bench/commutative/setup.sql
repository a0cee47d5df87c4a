-- a stream with one event, and the state after it: 8 fields that are 0
SELECT azr_append_commutative('bench', NULL, azr_root('bench', 'hot'), 0, ARRAY['Counted'], ARRAY['\x0d00000000']::bytea[],
	'Counters', '\x0d0000000015000000001d0000000025000000002d0000000035000000003d000000004500000000');
