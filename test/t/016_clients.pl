# Drivers of other languages, directly and through PgBouncer in transaction mode: what
# docs/clients shows works, runs a command again after a conflict but after no other error, and
# does not decide a command again that is stored. As workers of a group, they handle each event
# once, park what they cannot handle, and retry it.
# And 50 clients on 5 connections.

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
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	CREATE ROLE app LOGIN PASSWORD '$password';
	SELECT es.azr_grant('app', 'writer')});

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

my $docs = "$ENV{TESTDIR}/docs/clients";
my %addresses = (
	directly => [ $node->host, $node->port ],
	'through the pooler' => [ $dir, $port ]);

# Runs the example of a driver. Returns whether it succeeded, what it printed, and what it
# complained of.
sub run_client
{
	my ($driver, $way) = @_;
	my ($host, $at) = @{ $addresses{$way} };
	my %commands = (
		psycopg2 => [ '/usr/bin/python3', "$docs/with_psycopg2.py", "host=$host port=$at dbname=postgres user=app" ],
		'node-pg' => [ 'node', "$docs/with_node_pg.js", "postgresql://app:$password\@127.0.0.1:$at/postgres" ],

		# the pooler of this version knows no prepared statements
		JDBC => [ 'java', '-cp', '/usr/share/java/postgresql.jar', "$docs/WithJdbc.java",
			"jdbc:postgresql://127.0.0.1:$at/postgres?user=app&password=$password&prepareThreshold=0" ]);
	local $ENV{NODE_PATH} = join ':', $ENV{NODE_PATH} || (), '/usr/share/nodejs';
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run($commands{$driver}, '<', '/dev/null', '>', \$out, '2>', \$err);

	return ($ok, $out, $err);
}

my $start = <<'OUTPUT';
append: added 0 2 3
load: 0 Opened 416c696365
load: 1 Signed 00ff
load: 2 Deposited 313030
decide: the balance is 100
conflict: ZR001 Expected sequence is 3, next sequence is 4.
OUTPUT
my $end = <<'OUTPUT';
decide: the balance is 105
append: added 4 4 5
again: duplicate 4 4 5
handle: 0 Opened Alice
park: 1 Signed
retry: 1 Signed 00ff
retry: 2 Deposited 313030
retry: 3 Deposited 35
retry: 4 Withdrawn 3630
OUTPUT
my @drivers = ('JDBC', 'node-pg', 'psycopg2');
foreach my $way (sort keys %addresses)
{
	foreach my $driver (@drivers)
	{
		my ($ok, $out, $err) = run_client($driver, $way);

		ok($ok, "$driver $way") or diag($err);
		is($out, "$start$end", "$driver $way: decides again after a conflict");
	}
}

is($node->safe_psql('postgres', 'SELECT count(DISTINCT handler) FROM es.azr_groups(); SELECT count(*) FROM es.azr_parked()'), "6\n0",
	'each has followed the feed in a group of its own, and nothing is parked any more');

# Other errors than a conflict. What a sequence has given out stays when the append fails, so it
# counts the attempts to store this one event.
$node->safe_psql('postgres', q{
	CREATE SEQUENCE attempts;
	CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF es.azr_event_type(NEW.type_id) = 'Withdrawn' AND nextval('public.attempts') <= TG_ARGV[1]::int THEN
			RAISE EXCEPTION 'somebody objects' USING ERRCODE = TG_ARGV[0], DETAIL = 'For now.';
		END IF;
		RETURN NEW;
	END $$});
my $attempts = q{SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM attempts};

sub object
{
	my ($sqlstate, $times) = @_;

	$node->safe_psql('postgres', qq{
		CREATE OR REPLACE TRIGGER object BEFORE INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION object('$sqlstate', $times);
		ALTER SEQUENCE attempts RESTART});
}

foreach my $driver (@drivers)
{
	foreach my $sqlstate ('23514', 'ZR004', '40002')
	{
		object($sqlstate, 1);
		my ($ok, $out, $err) = run_client($driver, 'directly');

		ok(!$ok, "$driver: $sqlstate fails");
		is($out, "${start}decide: the balance is 105\n", "$driver: $sqlstate is no conflict");
		like($err, qr/somebody objects/, "$driver: $sqlstate is shown");
		is($node->safe_psql('postgres', $attempts), '1', "$driver: $sqlstate is not tried again");
	}

	foreach my $sqlstate ('40001', '40P01')
	{
		object($sqlstate, 2);
		my ($ok, $out, $err) = run_client($driver, 'directly');

		ok($ok, "$driver: $sqlstate succeeds") or diag($err);
		is($out, $start . ("decide: the balance is 105\nconflict: $sqlstate For now.\n" x 2) . $end, "$driver: $sqlstate is tried again");
	}

	object('40001', 1000);
	my ($ok, $out, $err) = run_client($driver, 'directly');
	ok(!$ok, "$driver: 40001 without end fails");
	is($node->safe_psql('postgres', $attempts), '9', "$driver: after ten attempts in all");
}
$node->safe_psql('postgres', 'DROP TRIGGER object ON es.azr_events');

# many clients, few connections: locks go with the transaction
$node->safe_psql('postgres', q{CREATE TABLE told (n int); GRANT INSERT ON told TO app});
append_to_file("$dir/append.sql", <<'SQL');
\set s random(1, 10)
BEGIN;
SELECT es.azr_append('pooled', NULL, es.azr_root('pooled', :s::text), NULL, ARRAY['T', 'T'], ARRAY['', '']::bytea[]);
INSERT INTO told VALUES (2);
COMMIT;
SQL
append_to_file("$dir/fail.sql", <<'SQL');
\set s random(1, 10)
BEGIN;
SELECT es.azr_append('pooled', NULL, es.azr_root('pooled', :s::text), NULL, ARRAY['T', 'T'], ARRAY['', '']::bytea[]);
ROLLBACK;
SQL
my $pgbench = IPC::Run::run([ 'pgbench', '-n', '-c', 50, '-t', 40, '-f', "$dir/append.sql\@3", '-f', "$dir/fail.sql\@1", $pooled ], '>', \my $out, '2>', \my $err);
ok($pgbench, '50 clients on 5 connections') or diag($err);
is($node->safe_psql('postgres', q{SELECT count(*) FROM es.azr_timeline WHERE domain = 'pooled'}), $node->safe_psql('postgres', 'SELECT sum(n) FROM told'), 'what was committed is stored');
is($node->safe_psql('postgres', 'SELECT * FROM es.azr_check()'), '', 'and is sound');
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'}), '<=', 5, 'on 5 connections');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');

$pooler->signal('INT');
$pooler->kill_kill(grace => 5);
$node->stop;
done_testing();
