# Every function with every kind of argument: NULL, extremes, arrays of odd shapes, huge
# and wrong names, at all isolation levels, in transactions that fail and that are rolled
# back to savepoints. Nothing crashes, no error is internal, nothing is left behind, and
# what is stored is sound.
#
# Environment: ABUSE_CALLS, calls a session (2000); ABUSE_SEED, for other calls than the
# last time (1).

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = $ENV{ABUSE_CALLS} || 2000;
my $seed = $ENV{ABUSE_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\ndeadlock_timeout = '50ms'\nlog_min_messages = warning\nmax_locks_per_transaction = 500");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE ROLE clerk;

	-- what an argument may be, as SQL: by its name, or else by its type
	CREATE TABLE pool (kind text, value text, good boolean DEFAULT false);
	INSERT INTO pool (kind, value)
	SELECT kind, value FROM (VALUES
		('domain', ARRAY['NULL', '''''', '''d''', '''d''', '''d''', '''d''', '''o''', 'repeat(''x'', 255)', 'repeat(''x'', 256)', 'repeat(''ü'', 128)', '''a'' || chr(10)', '''D''', 'repeat(''y'', 100000)']),
		('edition', ARRAY['NULL', 'NULL', 'NULL', '''''', '''angzarr''', '''e''', '''e''', '''f''', '''g''', 'repeat(''x'', 256)', 'chr(127)']),
		('root', ARRAY['NULL', '''00000000-0000-0000-0000-000000000000''', 'azr_root(''d'', ''1'')', 'azr_root(''d'', ''1'')', 'azr_root(''d'', ''2'')', 'azr_root(''d'', ''3'')', 'gen_random_uuid()', '''ffffffff-ffff-ffff-ffff-ffffffffffff''']),
		('handler', ARRAY['NULL', '''''', '''h''', '''h''', '''i''', 'repeat(''x'', 256)']),
		('cascade_id', ARRAY['NULL', 'NULL', '''''', '''c1''', '''c2''', '''c'' || (random() * 20)::int', 'repeat(''x'', 256)']),
		('correlation_id', ARRAY['NULL', '''''', '''r''', 'gen_random_uuid()::text', 'repeat(''x'', 256)']),
		('external_id', ARRAY['NULL', 'NULL', '''''', '''x1''', '''x'' || (random() * 50)::int', 'repeat(''x'', 256)']),
		('protection', ARRAY['NULL', '''open''', '''open''', '''protected''', '''sealed''', '''shut''', '''''']),
		('retention', ARRAY['NULL', '''default''', '''transient''', '''persist''', '''''', '''forever''']),
		('state_type', ARRAY['NULL', '''s''', '''application/json''', '''application/json''', '''''', 'repeat(''x'', 1025)']),
		('state', ARRAY['NULL', '''''', '''{}''', '''{"a": 1}''', '''{"b": [1, 2]}''', '''\x0801''', '''\x0802120161''', '''\xff''', '''\x0a''', 'convert_to(''{"c": "'' || repeat(''y'', 100000) || ''"}'', ''UTF8'')']),
		('types', ARRAY['NULL', '''{}''', 'ARRAY[''T'']', 'ARRAY[''T'']', 'ARRAY[''T'']', 'ARRAY[''T'', ''U'']', 'ARRAY[''type.googleapis.com/angzarr.Revocation'']', 'ARRAY[NULL]', 'ARRAY[ARRAY[''T'', ''U''], ARRAY[''V'', ''W'']]', '''[0:1]={T,U}''', '''[-2147483648:-2147483647]={T,U}''', 'ARRAY['''']', 'ARRAY[repeat(''x'', 1024)]', 'ARRAY[repeat(''x'', 1025)]', 'array_fill(''T''::text, ARRAY[1200])', 'ARRAY[''new '' || (random() * 1000)::int]']),
		('payloads', ARRAY['NULL', '''{}''', 'ARRAY[''p'']', 'ARRAY[''p'']', 'ARRAY[''p'']', 'ARRAY[''p'', '''']', 'ARRAY[NULL]', 'ARRAY[ARRAY[''p'', ''q''], ARRAY[''r'', ''s'']]', '''[0:1]={p,q}''', 'ARRAY[convert_to(repeat(''x'', 100000), ''UTF8'')]', 'array_fill(''p''::bytea, ARRAY[1200])']),
		('metadata', ARRAY['NULL', 'NULL', '''{}''', 'ARRAY[''{}'']', 'ARRAY[''null'', NULL]', 'ARRAY[NULL]', 'ARRAY[''[1, {"a": "b"}]'']', 'array_fill(''1''::jsonb, ARRAY[1200])', 'ARRAY[ARRAY[''1'', ''2'']]']),
		('created_at', ARRAY['NULL', 'NULL', 'ARRAY[now()]', 'ARRAY[NULL]', 'ARRAY[''infinity'']', 'ARRAY[''-infinity'', now()]', 'ARRAY[''4714-11-24 00:00:00+00 BC'']', 'ARRAY[''294276-12-31 23:59:59+00'']']),
		('events', ARRAY['NULL', '''[]''', '''{}''', '''1''', '''[{"type": "T", "data": 1}]''', '''[{"type": "T", "data": {"a": [1, null]}, "metadata": {"m": 1}, "created_at": "2020-01-01T00:00:00Z"}]''', '''[{"type": 1, "data": 1}]''', '''[{"type": "T"}]''', '''[{"type": "T", "data": 1, "x": 1}]''', '''[null]''', '''[[[]]]''', '''[{"type": "T", "data": 1, "created_at": "soon"}]''', '''[{"type": "T", "data": 1, "created_at": "infinity"}]''', '(repeat(''['', 3000) || repeat('']'', 3000))::jsonb']),
		('roots', ARRAY['NULL', '''{}''', 'ARRAY[azr_root(''d'', ''1'')]', 'ARRAY[azr_root(''d'', ''1''), azr_root(''d'', ''1'')]', 'ARRAY[azr_root(''d'', ''2''), NULL]', 'ARRAY[ARRAY[azr_root(''d'', ''2'')]]', '(SELECT array_agg(azr_root(''d'', i::text)) FROM generate_series(1, 1000) i)']),
		('sequences', ARRAY['NULL', '''{}''', 'ARRAY[0]', 'ARRAY[1, 2]', 'ARRAY[-1]', 'ARRAY[NULL]', 'ARRAY[ARRAY[1]]', 'ARRAY[9223372036854775807]', 'array_fill(1::bigint, ARRAY[1000])']),
		('role', ARRAY['NULL', '0', '4294967295', '''clerk''', '''clerk''']),
		('level', ARRAY['NULL', '''reader''', '''writer''', '''admin''', '''king''']),
		('keep', ARRAY['NULL', '''0''', '''1 day''', '''-1 day''', '''1 microsecond''', '''178000000 years''', '''1 month -1 day''']),
		('partition', ARRAY['NULL', '''0''', '''1 day''', '''1 hour''', '''1 month''', '''-1 day''', '''1 microsecond''', '''178000000 years''', '''1 day 1 hour''']),
		('domains', ARRAY['NULL', '''{}''', 'ARRAY[''d'']', 'ARRAY[''d'', ''o'']', 'ARRAY[NULL]', 'ARRAY[ARRAY[''d'']]', '''[0:1]={d,o}''', 'ARRAY['''']']),
		('timeout', ARRAY['NULL', '''0''', '''1 ms''', '''-1 s''', '''178000000 years''']),
		('lease', ARRAY['NULL', '''0''', '''1 microsecond''', '''1 s''', '''-1 day''', '''178000000 years''']),
		('token', ARRAY['NULL', '''00000000-0000-0000-0000-000000000000''', '(SELECT token FROM azr_group_partitions WHERE token IS NOT NULL ORDER BY random() LIMIT 1)']),
		('partitions', ARRAY['NULL', '0', '1', '4096', '4097', '-2147483648']),
		('reason', ARRAY['NULL', '''''', 'repeat(''x'', 100000)']),
		('ahead', ARRAY['NULL', '0', '1', '3', '-1', '2147483647']),
		('node', ARRAY['NULL', '''''', '''a''', '''a''', '''a''', '''b''', 'repeat(''x'', 256)']),
		('slots', ARRAY['NULL', '''{}''', '''{[0,1023]}''', '''{[0,1023]}''', '''{[0,511],[600,1000]}''', '''{[1023,1024]}''', '''{(,)}''', '''{[-1,0]}''']),
		('slot', ARRAY['NULL', '0', '17', '1023', '1024', '-2147483648']),
		('have', ARRAY['NULL', '''{}''', '(SELECT array_agg(e) FROM azr_slot_ends(17) e)', 'ARRAY[NULL::azr_slot_end]', 'ARRAY[(''d'', ''e'', azr_root(''d'', ''1''), -5, now())::azr_slot_end]']),
		('query', ARRAY['NULL', '''''', '''SELECT 1''', '''SELECT * FROM azr_slot_export(17)''', '''SELECT * FROM azr_slot_export_state(17)''']),
		('packed', ARRAY['NULL', '''''', '''@''', '''@@@@''', '''~~~~''', 'repeat(''A'', 3000)', '(SELECT string_agg(chr(64 + (random() * 63)::int), '''') FROM generate_series(1, 200))']),
		('type_id', ARRAY['NULL', '0', '1', '-1', '2147483647']),
		('text', ARRAY['NULL', '''''', '''t''', 'repeat(''x'', 3000)', '''%s %n''']),
		('bytea', ARRAY['NULL', '''''', '''{"a": 1}''', '''{"a": 2, "b": 1}''', '''\x0801''', '''\x080110ffffffffffffffffff01''', '''\xffffffff''', '''\x0b0b0b0b0c0c0c0c''']),
		('bigint', ARRAY['NULL', 'NULL', '0', '0', '1', '1', '2', '3', '10', '-1', '9223372036854775807', '9223372036854775806', '-9223372036854775808']),
		('integer', ARRAY['NULL', '0', '1', '2147483647', '-2147483648']),
		('uuid', ARRAY['NULL', '''00000000-0000-0000-0000-000000000000''', 'azr_root(''d'', ''1'')', '''ffffffff-ffff-ffff-ffff-ffffffffffff''']),
		('boolean', ARRAY['NULL', 'true', 'true', 'false']),
		('timestamp with time zone', ARRAY['NULL', 'now()', '''infinity''', '''-infinity''', '''2020-01-01''', '''294276-12-31 23:59:59+00'''])
	) p(kind, v), unnest(v) value;
	INSERT INTO pool SELECT name, value FROM pool, unnest(ARRAY['source_domain', 'source_edition', 'source_root']) name WHERE 'source_' || kind = name;

	-- what is mostly taken, so that much succeeds
	INSERT INTO pool
	SELECT kind, value, true FROM (VALUES
		('domain', ARRAY['''d''']), ('edition', ARRAY['NULL', '''e''', '''f''']), ('root', ARRAY['azr_root(''d'', ''1'')', 'azr_root(''d'', ''2'')']),
		('handler', ARRAY['''h''']), ('cascade_id', ARRAY['''c'' || (random() * 20)::int']), ('external_id', ARRAY['NULL', '''x'' || (random() * 50)::int']),
		('types', ARRAY['ARRAY[''T'']', 'ARRAY[''new '' || (random() * 1000)::int]']), ('payloads', ARRAY['ARRAY[''p'']']),
		('metadata', ARRAY['NULL']), ('created_at', ARRAY['NULL']), ('events', ARRAY['''[{"type": "T", "data": 1}]''']),
		('roots', ARRAY['ARRAY[azr_root(''d'', ''1'')]']), ('sequences', ARRAY['ARRAY[1]']), ('node', ARRAY['''a''']), ('slots', ARRAY['''{[0,1023]}''']), ('sequence', ARRAY['0', '1', '5']),
		('state_type', ARRAY['''application/json''']), ('state', ARRAY['''{"a": 1}''', '''{"b": 1}''']), ('retention', ARRAY['''default''', '''transient''']),
		('protection', ARRAY['''open''']), ('role', ARRAY['''clerk''']), ('level', ARRAY['''reader''']), ('keep', ARRAY['''1 day''']), ('partition', ARRAY['''1 day''', '''0''']), ('ahead', ARRAY['1']),
		('domains', ARRAY['NULL', 'ARRAY[''d'']']), ('timeout', ARRAY['''1 ms''']), ('lease', ARRAY['NULL', '''1 microsecond''']), ('token', ARRAY['(SELECT token FROM azr_group_partitions WHERE token IS NOT NULL ORDER BY random() LIMIT 1)']), ('partitions', ARRAY['2', '3']), ('reason', ARRAY['''why''']),
		('text', ARRAY['''t''']), ('bytea', ARRAY['''{"a": 1}''', '''\x0801''']), ('bigint', ARRAY['NULL', '0', '1']), ('boolean', ARRAY['true']),
		('expected_sequence', ARRAY['NULL']), ('divergence', ARRAY['NULL'])
	) p(kind, v), unnest(v) value;
	-- where the name alone would not do
	INSERT INTO pool (kind, value) SELECT k, value FROM pool, unnest(ARRAY['sequence', 'expected_sequence', 'divergence']) k WHERE kind = 'bigint' AND NOT good;

	CREATE TABLE functions AS
	SELECT p.oid, p.proname, p.proargnames AS names, p.proargtypes::regtype[] AS types, p.pronargs AS nargs, p.pronargdefaults AS ndefaults
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE p.proname LIKE 'azr\_%' AND p.proname NOT IN ('azr_reject_change', 'azr_correlated_support', 'azr_load_support', 'azr_feed_support', 'azr_append_support');

	-- a call of any function
	CREATE FUNCTION any_call() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		f functions;
		args text[] := '{}';
		value text;
		wanted text;
		careful boolean := random() < 0.7;
	BEGIN
		SELECT * INTO f FROM functions ORDER BY random() * CASE WHEN proname LIKE '%append%' THEN 0.2 WHEN proname LIKE '%delete%' THEN 2 ELSE 1 END LIMIT 1;
		FOR i IN 1 .. f.nargs LOOP
			CONTINUE WHEN i > f.nargs - f.ndefaults AND random() < 0.7;
			wanted := CASE WHEN EXISTS (SELECT FROM pool WHERE kind = f.names[i]) THEN f.names[i] ELSE f.types[i - 1]::text END;
			SELECT p.value INTO value FROM pool p WHERE p.kind = wanted ORDER BY careful AND p.good DESC, random() LIMIT 1;
			IF value IS NULL THEN
				RAISE WARNING 'abuse: XX no value for % of %', f.names[i], f.proname;
			END IF;
			args := args || format('%s => (%s)::%s', f.names[i], value, f.types[i - 1]);
		END LOOP;
		RETURN format((ARRAY['SELECT count(*) FROM %s(%s)', 'SELECT count(r) FROM %s(%s) r', 'SELECT %s(%s)', 'SELECT * FROM %s(%s) LIMIT 1'])[1 + floor(random() * 4)],
			f.proname, array_to_string(args, ', '));
	END
	$$;

	-- calls, their outcomes counted; errors that nobody should ever see are noted whole
	CREATE TABLE outcomes (sqlstate text, call text, message text);
	CREATE PROCEDURE abuse(seed int, calls int) LANGUAGE plpgsql AS $$
	DECLARE
		call text;
		deep boolean;
	BEGIN
		PERFORM setseed(seed::float8 / 10000);
		FOR i IN 1 .. calls LOOP
			call := any_call();
			deep := random() < 0.3;
			BEGIN
				EXECUTE call;
				IF deep THEN
					BEGIN
						EXECUTE any_call();
						RAISE EXCEPTION USING errcode = 'ZZ000';
					EXCEPTION WHEN others THEN
						PERFORM 1;
					END;
				END IF;
				IF random() < 0.2 THEN
					RAISE EXCEPTION USING errcode = 'ZZ001';
				END IF;
				IF NOT current_setting('transaction_read_only')::boolean THEN
					INSERT INTO outcomes VALUES ('00000', NULL, NULL);
				END IF;
			EXCEPTION WHEN others THEN
				IF sqlstate LIKE 'XX%' THEN
					RAISE WARNING 'abuse: % % in %', sqlstate, sqlerrm, call;
				END IF;
				IF NOT current_setting('transaction_read_only')::boolean THEN
					INSERT INTO outcomes VALUES (sqlstate, left(call, 200), sqlerrm);
				END IF;
			END;
			IF random() < 0.3 THEN
				COMMIT;
			ELSIF random() < 0.1 THEN
				ROLLBACK;
			END IF;
		END LOOP;
	END
	$$});

my @sessions = (
	{ default_transaction_isolation => 'read committed' },
	{ default_transaction_isolation => 'repeatable read' },
	{ default_transaction_isolation => 'serializable' },
	{ default_transaction_isolation => 'read committed', 'angzarr.read_snapshots' => 'off' },
	{ default_transaction_read_only => 'on' });
my @running;
foreach my $n (0 .. $#sessions)
{
	my %settings = (%{ $sessions[$n] }, lock_timeout => '2s', statement_timeout => '0', client_min_messages => 'error');
	my $settings = join '', map { "SET $_ = '$settings{$_}';\n" } sort keys %settings;
	my ($out, $err) = ('', '');
	my $session = { settings => $settings, out => \$out, err => \$err };

	# whole transactions may fail at the higher levels: then it goes on
	$session->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', $node->connstr('postgres') ],
		'<', \($settings . join('', map { 'CALL abuse(' . ($seed * 1000 + $n * 100 + $_) % 10000 . ', ' . int($calls / 20) . ");\n" } 1 .. 20)),
		'>', \$out, '2>', \$err);
	push @running, $session;
}
foreach my $session (@running)
{
	ok($session->{run}->finish, "a session goes on to its end:\n$session->{settings}") or diag(${ $session->{err} });
}

my $log = slurp_file($node->logfile);
my @bad = grep { /WARNING:  abuse: XX|leak|PANIC|TRAP|terminated by signal|still referenced|not closed|XX000/ } split /\n/, $log;
is(join("\n", @bad[ 0 .. ($#bad < 10 ? $#bad : 10) ]), '', 'no internal error, no leak, no crash');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');
# A snapshot and a position may be put before the stream has events.
is($node->safe_psql('postgres', q{SELECT * FROM azr_check() WHERE problem NOT IN ('snapshot_past_end', 'position_past_end')}), '', 'what is stored is sound');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_prepared_xacts}), '0', 'nothing is prepared');
my $outcomes = $node->safe_psql('postgres', q{SELECT sqlstate, count(*) FROM outcomes GROUP BY sqlstate ORDER BY sqlstate});
note($outcomes);
my %seen = map { /^(\w+)\|(\d+)/ } split /\n/, $outcomes;
cmp_ok($seen{'00000'}, '>', 0, 'some calls succeed');
ok($seen{$_}, "$_ is seen") foreach qw(22023 22004 2202E ZR001 ZR004 ZR007);
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM azr_timeline'), '>', 100, 'events are stored');

$node->stop;
done_testing();
