# The largest payload: what is stored can be dumped, restored and read; and nobody but the
# owner of a database, and those who are allowed to, sets angzarr.max_payload, by whatever
# way and whether or not the session has loaded the library already.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmax_wal_size = '8GB'\nwal_level = minimal\nmax_wal_senders = 0");
$node->start;

my $load = 'SELECT azr_version() IS NOT NULL';
my $raise = "SET angzarr.max_payload = '511MB'";
my $bytes = sub { my ($n) = @_; "SELECT outcome FROM azr_append('d', NULL, gen_random_uuid(), 0, ARRAY['T'], ARRAY[convert_to(repeat('x', $n), 'UTF8')])" };
my $large = $bytes->(5000);
my $small = $bytes->(2000);

# What a session gets to see, as a single line: results, and SQLSTATEs of errors and
# warnings.
sub run
{
	my ($user, $sql, $options, $database) = @_;
	my ($out, $err) = ('', '');

	local $ENV{PGOPTIONS} = $options // '';
	$node->psql($database // 'app', "\\set VERBOSITY sqlstate\n$sql",
		stdout => \$out, stderr => \$err, on_error_stop => 0, extra_params => [ '-U', $user ]);
	$err =~ s/^.*?(ERROR|WARNING|FATAL):\s+/$1 /mg;
	$err =~ s/\s*\n/, /g;
	$err =~ s/, $//;
	$out =~ s/\n/, /g;
	return $out . ($err eq '' ? '' : " [$err]");
}

$node->safe_psql('postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE ROLE alice LOGIN;
	CREATE ROLE trusted LOGIN;
	CREATE DATABASE app OWNER owner});
$node->safe_psql('app', q{
	GRANT CREATE ON SCHEMA public TO alice, owner;
	CREATE EXTENSION angzarr;
	SELECT azr_grant('alice', 'writer'), azr_grant('trusted', 'writer'), azr_grant('owner', 'writer')});

is(run('alice', $large), 'added', 'no limit but that of dumps');

# What takes most of a line of COPY and is still accepted: so many numbers of 131072 digits,
# of 12 bytes each.
my $numbers = sub { my ($n) = @_; "ARRAY[('[' || repeat('1e131071,', $n - 1) || '1e131071]')::jsonb]" };
is(run('alice', "SELECT outcome FROM azr_append('d', NULL, azr_root('d', 'line'), 0, ARRAY['T'], ARRAY['']::bytea[], @{[$numbers->(8191)]})"),
	'added', 'the longest line');
is(run('alice', "SELECT outcome FROM azr_append('d', NULL, azr_root('d', 'line'), 1, ARRAY['T'], ARRAY['']::bytea[], @{[$numbers->(8192)]})"),
	' [ERROR 54000]', 'a longer one');
is(run('alice', "SELECT outcome FROM azr_append('d', NULL, azr_root('d', 'payload'), 0, ARRAY['T'], ARRAY[repeat('x', 540000000)]::bytea[])"),
	' [ERROR 54000]', 'a payload that would be too long');

# All that was accepted is dumped, restored and read: the longest line, and the largest payload,
# with metadata that take the rest of its line.  That takes 6 GB and, on a slow machine,
# minutes.
SKIP:
{
	skip 'set LARGE_PAYLOADS=1 to dump and restore gigabytes', 7 unless $ENV{LARGE_PAYLOADS};

	is(run('alice', "SELECT azr_put_snapshot('d', NULL, azr_root('d', 'payload'), 0, 'S', repeat('x', 540000000)::bytea)"),
		' [ERROR 54000]', 'a state that would be too long');
	is(run('postgres', "COPY azr_main_events TO '/dev/null'"), '', 'the longest line is dumped');
	is(run('postgres', "SELECT octet_length(metadata::text) > 1073600000 FROM azr_load('d', NULL, azr_root('d', 'line'))"), 't', 'and read');

	$node->safe_psql('postgres', 'CREATE DATABASE source');
	$node->safe_psql('postgres', 'CREATE DATABASE target');
	$node->safe_psql('source', 'CREATE EXTENSION angzarr');
	is(run('postgres', q{SELECT outcome FROM azr_append('d', NULL, azr_root('d', 'a'), 0, ARRAY['T'],
			ARRAY[convert_to(repeat('x', 511 * 1024 * 1024), 'UTF8')], ARRAY[to_jsonb(repeat('\\', 500000))])}, '', 'source'),
		'added', 'the largest payload');
	my $dump = $node->basedir . '/dump';
	$node->command_ok([ 'pg_dump', '-Fc', '-Z1', '-f', $dump, $node->connstr('source') ], 'is dumped');
	$node->command_ok([ 'pg_restore', '-d', $node->connstr('target'), $dump ], 'is restored');
	is(run('postgres', q{SELECT md5(payload) = md5(repeat('x', 511 * 1024 * 1024)), length(metadata::text) FROM azr_load('d', NULL, azr_root('d', 'a'))}, '', 'target'),
		't|1000002', 'and is what it was');
}

# The owner of the database is no superuser.
is(run('alice', "$load; ALTER DATABASE app SET angzarr.max_payload = '5MB'"), 't [ERROR 42501]', 'ALTER DATABASE is for its owner');
is(run('owner', "$load; ALTER DATABASE app SET angzarr.max_payload = '3kB'"), 't', 'who sets a limit');
is(run('alice', "$load; SHOW angzarr.max_payload; $small; $large"), 't, 3kB, added [ERROR 54000]', 'which is in force');

# SET
is(run('alice', "$load; $raise; SHOW angzarr.max_payload; $large"), 't, 3kB [ERROR 42501, ERROR 54000]', 'SET is refused');
is(run('alice', "$load; SET angzarr.max_payload = '2kB'"), 't [ERROR 42501]', 'and so is lowering it');
is(run('alice', "$load; SELECT set_config('angzarr.max_payload', '500MB', true)"), 't [ERROR 42501]', 'set_config() is refused');
is(run('alice', "$load; BEGIN; SET LOCAL angzarr.max_payload = '500MB'; ROLLBACK; $large"), 't [ERROR 42501, ERROR 54000]', 'SET LOCAL is refused');
is(run('alice', "$load; RESET angzarr.max_payload; SHOW angzarr.max_payload; RESET ALL; SHOW angzarr.max_payload; DISCARD ALL; $large"),
	't, 3kB, 3kB [ERROR 54000]', 'RESET goes to what the owner has set');
is(run('alice', "$raise; $large; SHOW angzarr.max_payload; $small"), '3kB, added [WARNING 42501, ERROR 54000]', 'SET before the library is loaded');
is(run('alice', "SET angzarr.max_payload = 'much'; $large; SHOW angzarr.max_payload"), '3kB [WARNING 22023, ERROR 54000]', 'SET to nonsense');
is(run('alice', qq{SET "Angzarr.Max_Payload" = '511MB'; $large; SHOW angzarr.max_payload}), '3kB [WARNING 42501, ERROR 54000]', 'SET in capitals');
is(run('alice', "BEGIN; $raise; $load; SHOW angzarr.max_payload; ROLLBACK; SHOW angzarr.max_payload; $large"),
	't, 3kB, 3kB [WARNING 42501, ERROR 54000]', 'SET in a transaction that loads it and is rolled back');
is(run('alice', "$raise; BEGIN; SET LOCAL angzarr.max_payload = '500MB'; SAVEPOINT s; SET angzarr.max_payload = '400MB'; $load; SHOW angzarr.max_payload;
		ROLLBACK TO s; SHOW angzarr.max_payload; COMMIT; SHOW angzarr.max_payload; RESET angzarr.max_payload; SHOW angzarr.max_payload; $large"),
	't, 3kB, 3kB, 3kB, 3kB [WARNING 42501, WARNING 42501, WARNING 42501, ERROR 54000]', 'SET at several levels');

# A function's SET
my $function = "CREATE FUNCTION public.large() RETURNS text LANGUAGE sql SET angzarr.max_payload = '511MB' AS \$\$ $large \$\$";
is(run('alice', "$load; $function"), 't [ERROR 42501]', "a function's SET is refused when it is looked at");
is(run('alice', "$load; SET check_function_bodies = off; $function; BEGIN; SELECT public.large(); ROLLBACK; SELECT public.large(); $large"),
	't [ERROR 42501, ERROR 42501, ERROR 54000]', 'and when it runs');
is(run('alice', "SELECT public.large(); SHOW angzarr.max_payload; $large"), '3kB [WARNING 42501, ERROR 54000, ERROR 54000]',
	'also where that loads the library');

# Connection options take the place of what the database has. So they do where they are
# refused in the end.
my $override = '-c angzarr.max_payload=511MB';
is(run('alice', "$load; $large", $override), 't [WARNING 42501, ERROR 42501]', 'connection options');
is(run('alice', $small, $override), ' [WARNING 42501, ERROR 42501]', 'with which nothing can be stored');
is(run('alice', "SELECT azr_put_snapshot('d', NULL, gen_random_uuid(), 0, 'S', 'x')", $override), ' [WARNING 42501, ERROR 42501]', 'no snapshot either');
is(run('alice', 'SELECT count(*) > 0 FROM azr_domains()', $override), 't [WARNING 42501]', 'but all can be read');
is(run('alice', "RESET ALL; $large", $override), ' [WARNING 42501, ERROR 42501]', 'also after RESET');
is(run('alice', "$load; RESET ALL; DISCARD ALL; $large", $override), 't [WARNING 42501, ERROR 42501]', 'at any time');
is(run('alice', $large, '-c angzarr.max_payload=nonsense'), ' [WARNING 22023, ERROR 42501]', 'connection options that are nonsense');
is(run('alice', $large, '-c angzarr.max_payload=1'), ' [WARNING 22023, ERROR 42501]', 'or out of range');
is(run('alice', $large, '-c Angzarr.MAX_payload=511MB'), ' [WARNING 42501, ERROR 42501]', 'or in capitals');

# ALTER ROLE
is(run('alice', "ALTER ROLE alice SET angzarr.max_payload = '511MB'"), ' [ERROR 42501]', 'ALTER ROLE before the library is loaded');
is(run('alice', "$load; ALTER ROLE alice SET angzarr.max_payload = '511MB'"), 't', 'ALTER ROLE is taken');
is(run('alice', $large), ' [WARNING 42501, ERROR 42501]', 'but nothing can be stored');
is(run('alice', "$load; ALTER ROLE alice RESET angzarr.max_payload; ALTER ROLE alice IN DATABASE app SET angzarr.max_payload = '511MB'"),
	't [WARNING 42501]', 'ALTER ROLE IN DATABASE is taken');
is(run('alice', $large), ' [WARNING 42501, ERROR 42501]', 'but nothing can be stored with that either');
is(run('alice', "$load; ALTER ROLE alice IN DATABASE app RESET angzarr.max_payload"), 't [WARNING 42501]', 'RESET');
is(run('alice', "$small; $large"), 'added [ERROR 54000]', 'all is well again');

# Who is allowed to
is(run('trusted', "$load; $raise"), 't [ERROR 42501]', 'before it is allowed to');
$node->safe_psql('postgres', 'GRANT SET ON PARAMETER angzarr.max_payload TO trusted');
is(run('trusted', "$load; $raise; $large; RESET angzarr.max_payload; $large"), 't, added [ERROR 54000]', 'who was granted SET');
is(run('trusted', "$raise; $large"), 'added', 'before the library is loaded');
is(run('trusted', $large, $override), 'added', 'by connection options');
is(run('trusted', "$load; ALTER ROLE trusted SET angzarr.max_payload = '511MB'"), 't', 'by ALTER ROLE');
is(run('trusted', $large), 'added', 'which is in force');
$node->safe_psql('postgres', 'REVOKE SET ON PARAMETER angzarr.max_payload FROM trusted');
is(run('trusted', $large), ' [WARNING 42501, ERROR 42501]', 'no more');
is(run('postgres', "$load; $raise; SHOW angzarr.max_payload; $large; RESET angzarr.max_payload; $large"), 't, 511MB, added [ERROR 54000]', 'a superuser');
is(run('postgres', "BEGIN; $raise; $large; SHOW angzarr.max_payload; ROLLBACK; SHOW angzarr.max_payload; $large"), 'added, 511MB, 3kB [ERROR 54000]', 'transactionally');
is(run('postgres', "$load; $raise; SET ROLE alice; RESET angzarr.max_payload; $raise"), 't [ERROR 42501]', 'but not as another role');
is(run('postgres', "$load; SET SESSION AUTHORIZATION alice; $raise"), 't [ERROR 42501]', 'nor as another user');

# Functions of a superuser: one that sets it may, but one that only happens to load the library
# gives nothing away.
$node->safe_psql('app', qq{
	CREATE FUNCTION load() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS '$load';
	CREATE FUNCTION allow() RETURNS text LANGUAGE sql SECURITY DEFINER SET angzarr.max_payload = '511MB' AS \$\$ $large \$\$});
is(run('alice', "$raise; SELECT load(); $large"), 't [WARNING 42501, ERROR 54000]', "loaded by a superuser's function");
is(run('alice', "$load; SELECT allow(); $large"), 't, added [ERROR 54000]', "a superuser's function that allows it");

# The configuration, below what the database has
$node->append_conf('postgresql.conf', "angzarr.max_payload = '4kB'");
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', "CREATE EXTENSION angzarr; SELECT azr_grant('alice', 'writer')");
$node->reload;
is(run('alice', "$load; SHOW angzarr.max_payload; $large", '', 'other'), 't, 4kB [ERROR 54000]', 'by the configuration');
is(run('alice', "$load; SHOW angzarr.max_payload"), 't, 3kB', 'the database has its own');
is(run('alice', "$large", $override, 'other'), ' [WARNING 42501, ERROR 42501]', 'which connection options do not lift');
my $session = $node->background_psql('other');
is($session->query("$load; SHOW angzarr.max_payload"), "t\n4kB", 'a session that goes on');
is(run('postgres', "$load; ALTER SYSTEM SET angzarr.max_payload = '6kB'"), 't', 'ALTER SYSTEM');
$node->reload;
ok($session->query("SELECT 1") == 1, 'the session is there');
ok($node->poll_query_until('other', "SELECT current_setting('angzarr.max_payload') = '6kB'"), 'it is read');
is($session->query('SHOW angzarr.max_payload'), '6kB', 'it has what the configuration says now');
$session->quit;

# In a parallel worker, which has what its leader has
my $parallel = $node->safe_psql('app', "SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')");
is(run('postgres', "$load; $raise; SET $parallel = on; SELECT count(*) > 0 FROM azr_domains(); SELECT current_setting('angzarr.max_payload')"),
	't, t, 511MB', 'parallel query');
is(run('alice', "$load; SET $parallel = on; SELECT azr_next_sequence('d', NULL, azr_root('d', 'x')); SELECT current_setting('angzarr.max_payload')"),
	't, 0, 3kB', 'also of others');

# The same where the library is loaded with the server
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'angzarr'");
$node->restart;
is(run('alice', "$raise; $large; $small"), 'added [ERROR 42501, ERROR 54000]', 'preloaded: SET');
like(run('alice', $large, $override), qr/permission denied to set parameter "angzarr\.max_payload"/, 'preloaded: connection options');
is(run('alice', "ALTER ROLE alice SET angzarr.max_payload = '511MB'"), '', 'preloaded: ALTER ROLE');
like(run('alice', "$large; $small"), qr/^added \[WARNING permission denied .*, ERROR 54000\]$/, 'preloaded: which changes nothing');
is(run('owner', "ALTER DATABASE app SET angzarr.max_payload = '6kB'"), '', 'preloaded: the owner need not load it');
like(run('trusted', 'SHOW angzarr.max_payload'), qr/^6kB \[WARNING permission denied /, 'preloaded: which is in force');

$node->stop;
done_testing();
