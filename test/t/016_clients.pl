# Drivers of other languages, directly and through PgBouncer in transaction mode: what
# docs/clients shows works. And 50 clients on 5 connections.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $pgbouncer = (grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer')[0];
plan skip_all => 'needs pgbouncer, python3-psycopg2, node-pg and libpostgresql-jdbc-java' if !$pgbouncer;

# JDBC knows no Unix sockets: it gets a port of the loopback interface, and a password.
my $node = PostgreSQL::Test::Cluster->new('main');
my $port = PostgreSQL::Test::Cluster::get_free_port();
$node->init;
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nmax_connections = 20");
unlink($node->data_dir . '/pg_hba.conf');
$node->append_conf('pg_hba.conf', "local all all trust\nhost all app 127.0.0.1/32 scram-sha-256\n");
$node->start;
my $password = join '', map { ('a' .. 'z')[ rand 26 ] } 1 .. 20;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION angzarr;
	CREATE ROLE app LOGIN PASSWORD '$password';
	SELECT azr_grant('app', 'writer')});

my $dir = PostgreSQL::Test::Utils::tempdir_short;
append_to_file("$dir/users", qq{"app" "$password"\n});
append_to_file("$dir/pgbouncer.ini", join "\n", '[databases]', 'postgres = host=' . $node->host . ' port=' . $node->port,
	'[pgbouncer]', 'pool_mode = transaction', 'default_pool_size = 5', 'max_client_conn = 100', 'auth_type = scram-sha-256',
	"auth_file = $dir/users", "unix_socket_dir = $dir", 'listen_addr = 127.0.0.1', "listen_port = $port",
	"logfile = $dir/log", "pidfile = $dir/pid", 'ignore_startup_parameters = extra_float_digits', '');
my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$dir/pgbouncer.ini" ], '<', '/dev/null', '>', "$dir/out", '2>&1');
$ENV{PGPASSWORD} = $password;
my $pooled = "host=$dir port=$port dbname=postgres user=app";
my $up = 0;
for (1 .. 100)
{
	last if $up = !system(qq{psql -XAtq "$pooled" -c 'SELECT 1' >/dev/null 2>&1});
	select(undef, undef, undef, 0.1);
}
ok($up, 'the pooler is up') or diag(slurp_file("$dir/log"));

my $expected = <<'OUTPUT';
append: added 0 1 2
load: 0 Opened 7b226f776e6572223a2022416c696365227d
load: 1 Deposited 00ff
conflict: ZR001 Expected sequence is 1, next sequence is 2.
append: added 2 2 3
again: duplicate 0 1 3
OUTPUT
my $docs = "$ENV{TESTDIR}/docs/clients";
my %addresses = (
	directly => [ $node->host, $node->port ],
	'through the pooler' => [ $dir, $port ]);
foreach my $way (sort keys %addresses)
{
	my ($host, $at) = @{ $addresses{$way} };
	my %commands = (
		psycopg2 => [ '/usr/bin/python3', "$docs/with_psycopg2.py", "host=$host port=$at dbname=postgres user=app" ],
		'node-pg' => [ 'node', "$docs/with_node_pg.js", "postgresql://app:$password\@127.0.0.1:$at/postgres" ],

		# the pooler of this version knows no prepared statements
		JDBC => [ 'java', '-cp', '/usr/share/java/postgresql.jar', "$docs/WithJdbc.java",
			"jdbc:postgresql://127.0.0.1:$at/postgres?user=app&password=$password&prepareThreshold=0" ]);
	foreach my $driver (sort keys %commands)
	{
		local $ENV{NODE_PATH} = join ':', $ENV{NODE_PATH} || (), '/usr/share/nodejs';
		my ($out, $err);

		IPC::Run::run($commands{$driver}, '<', '/dev/null', '>', \$out, '2>', \$err);
		is($out, $expected, "$driver $way") or diag($err);
	}
}

# many clients, few connections: locks go with the transaction
$node->safe_psql('postgres', q{CREATE TABLE told (n int); GRANT INSERT ON told TO app});
append_to_file("$dir/append.sql", <<'SQL');
\set s random(1, 10)
BEGIN;
SELECT azr_append('pooled', NULL, azr_root('pooled', :s::text), NULL, ARRAY['T', 'T'], ARRAY['', '']::bytea[]);
INSERT INTO told VALUES (2);
COMMIT;
SQL
append_to_file("$dir/fail.sql", <<'SQL');
\set s random(1, 10)
BEGIN;
SELECT azr_append('pooled', NULL, azr_root('pooled', :s::text), NULL, ARRAY['T', 'T'], ARRAY['', '']::bytea[]);
ROLLBACK;
SQL
my $pgbench = IPC::Run::run([ 'pgbench', '-n', '-c', 50, '-t', 40, '-f', "$dir/append.sql\@3", '-f', "$dir/fail.sql\@1", $pooled ], '>', \my $out, '2>', \my $err);
ok($pgbench, '50 clients on 5 connections') or diag($err);
is($node->safe_psql('postgres', q{SELECT count(*) FROM azr_timeline WHERE domain = 'pooled'}), $node->safe_psql('postgres', 'SELECT sum(n) FROM told'), 'what was committed is stored');
is($node->safe_psql('postgres', 'SELECT * FROM azr_check()'), '', 'and is sound');
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'}), '<=', 5, 'on 5 connections');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');

$pooler->signal('INT');
$pooler->kill_kill(grace => 5);
$node->stop;
done_testing();
