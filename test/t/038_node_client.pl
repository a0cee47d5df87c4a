# The client for Node.js and its adapter for Emmett: their own tests, directly and through PgBouncer
# in transaction mode, by a role that is no superuser.
#
# CLIENT_NODE_MODULES is the directory that "npm ci" in a copy of clients/node made. Without it, that
# of the checkout is used, if there is one.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

# The longest that the tests of one file may take, in seconds.
use constant PATIENCE => 600;

my $source = "$ENV{TESTDIR}/clients/node";
my $modules = $ENV{CLIENT_NODE_MODULES} || "$source/node_modules";
my ($version) = (`node --version 2>/dev/null` || '') =~ /^v(\d+)/;
plan skip_all => 'needs Node.js 20 or newer' if !$version || $version < 20;
my @missing = grep { !-d "$modules/$_" } 'pg', '@event-driven-io/emmett', '@types/node', '@types/pg', 'typescript';
plan skip_all => "needs npm's packages of clients/node: @missing" if @missing;

# Modules are looked for beside the file that imports them, so the client gets a place where they are.
my $client = PostgreSQL::Test::Utils::tempdir . '/client';
PostgreSQL::Test::RecursiveCopy::copypath($source, $client, filterfn => sub { $_[0] ne 'node_modules' });
symlink($modules, "$client/node_modules") or die "cannot link $modules: $!";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'max_connections = 60');
$node->start;
$node->safe_psql('postgres', q{
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	CREATE ROLE app LOGIN CREATEDB;
	GRANT CREATE ON SCHEMA public TO app;
	SELECT es.azr_grant('app', 'admin')});

my ($released) = slurp_file("$client/package.json") =~ /"version": "(.*?)"/;
is($released, $node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'angzarr'}),
	'the client has the version of the extension');

# What a user installs: the files of the package alone, beside the packages that it needs.
SKIP:
{
	skip 'needs npm', 4 if system('npm --version >/dev/null 2>&1');

	my $user = PostgreSQL::Test::Utils::tempdir . '/user';
	mkdir $_ or die "cannot make $_: $!" foreach $user, "$user/node_modules", "$user/node_modules/angzarr-pg";
	foreach my $package ('pg', '@event-driven-io')
	{
		symlink("$modules/$package", "$user/node_modules/$package") or die "cannot link $package: $!";
	}
	local $ENV{HOME} = $user;
	command_ok([ 'npm', 'pack', '--silent', '--offline', '--pack-destination', $user, $client ], 'the package is packed');
	system_or_bail('tar', '-C', "$user/node_modules/angzarr-pg", '--strip-components=1', '-xzf', "$user/angzarr-pg-$released.tgz");
	append_to_file("$user/program.mjs", q{
		import { Angzarr } from 'angzarr-pg';
		import { getAngzarrEventStore } from 'angzarr-pg/emmett';
		import pg from 'pg';

		const pool = new pg.Pool();
		await getAngzarrEventStore(pool, { schema: 'es' }).appendToStream('packed-1', [{ type: 'T', data: {} }]);
		console.log(await new Angzarr(pool, { schema: 'es' }).nextSequence({ domain: 'packed', key: '1' }));
		await pool.end();
	});
	local @ENV{ 'PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE' } = ($node->host, $node->port, 'app', 'postgres');
	command_like([ 'node', "$user/program.mjs" ], qr/^1n$/, 'and has all that a program needs');
}

# What the client and the programs that it starts may know of the server.
my %direct = (PGHOST => $node->host, PGPORT => $node->port, PGUSER => 'app', PGDATABASE => 'postgres', AZR_SCHEMA => 'es');

# Runs the tests of some files, and passes for a file if all of its tests do.
sub test_client
{
	my ($way, $files, %environment) = @_;

	local @ENV{ keys %environment } = values %environment;
	foreach my $file (@$files)
	{
		my $out = '';
		my $tests = IPC::Run::start([ 'node', '--test', '--test-reporter=tap', "$client/test/$file" ],
			'<', \undef, '>', \$out, '2>&1', IPC::Run::timeout(PATIENCE));
		my $ok = eval { $tests->finish };

		$tests->kill_kill if $@;
		my ($passed) = $out =~ /^# pass (\d+)$/m;
		ok($ok && $passed && $out =~ /^# fail 0$/m && $out =~ /^# skipped 0$/m, "$way: $file, " . ($passed // 0) . ' tests')
		  or diag($@, $out);
	}
}

my @files = map { s{.*/}{}r } sort glob "'$client/test/*.test.js'";
cmp_ok(scalar @files, '>=', 10, 'there are tests');
test_client('directly', \@files, %direct);

SKIP:
{
	my $pgbouncer = (grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer')[0];
	skip 'needs pgbouncer', 1 if !$pgbouncer;

	my $dir = PostgreSQL::Test::Utils::tempdir_short;
	append_to_file("$dir/users", qq{"app" ""\n});
	append_to_file("$dir/pgbouncer.ini", join "\n", '[databases]', '* = host=' . $node->host . ' port=' . $node->port,
		'[pgbouncer]', 'pool_mode = transaction', 'default_pool_size = 5', 'max_client_conn = 100', 'auth_type = trust',
		"auth_file = $dir/users", "unix_socket_dir = $dir", 'listen_addr =', 'listen_port = ' . $node->port,
		"logfile = $dir/log", "pidfile = $dir/pid", '');
	my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$dir/pgbouncer.ini" ], '<', '/dev/null', '>', "$dir/out", '2>&1');
	my $pooled = "host=$dir port=$direct{PGPORT} dbname=postgres user=app";
	my $up = 0;
	for (1 .. 100)
	{
		last if $up = !system(qq{psql -XAtq "$pooled" -c 'SELECT 1' >/dev/null 2>&1});
		select(undef, undef, undef, 0.1);
	}
	ok($up, 'the pooler is up') or diag(slurp_file("$dir/log"));

	# the types have nothing to do with the server
	test_client('through the pooler', [ grep { $_ ne 'types.test.js' } @files ], %direct, PGHOST => $dir);
	cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'}), '<=', 5,
		'the pooler kept to its connections');

	$pooler->signal('INT');
	$pooler->kill_kill(grace => 5);
}

is($node->safe_psql('postgres', 'SELECT * FROM es.azr_check()'), '', 'what the tests leave is sound');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');
$node->stop;
done_testing();
