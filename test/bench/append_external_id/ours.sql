\set s random(1, 100000)
\set n :n + 1
\set sequence 1 + :n * :clients + :client_id
SELECT (azr_append('bench', NULL, lpad(:s::text, 32, '0')::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[],
	external_id => 'request-' || :sequence)).next_sequence;
