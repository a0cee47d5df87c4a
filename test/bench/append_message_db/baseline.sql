\set s 100000 + random(1, :streams)
SELECT write_message(gen_random_uuid()::varchar, 'bench-00000000-0000-0000-0000-000000' || :s, 'com.example.bank.v1.AmountWasDeposited.x',
	'{"note": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "amount": 100}');
