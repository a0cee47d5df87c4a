\set s 100000 + random(1, :streams)
\set n :n + 1
\set sequence 1 + :n * :clients + :client_id
SELECT * FROM azr_append('bench', NULL, ('00000000000000000000000000' || :s)::uuid, NULL, ARRAY['com.example.bank.v1.AmountWasDeposited.x'], ARRAY['\xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab']::bytea[],
	external_id => 'request-' || :sequence);
