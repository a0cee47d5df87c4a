# What the scripts in script/ do where a clone, a terminal or patience is missing: they
# count what is skipped, do without git's list of files, and say what they wait for.  And
# what script/analyze finds in the source, and in META.json.

use strict;
use warnings;

use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Utils;
use Test::More;

my $scripts = "$ENV{TESTDIR}/script";
my $empty = '';

# Runs a line of bash that has the helpers.  Gives what it printed, and its status.
sub bash
{
	my ($line) = @_;

	IPC::Run::run([ 'bash', '-c', "set -euo pipefail; . '$scripts/lib/common.sh'; $line" ],
		'<', \$empty, '>', \my $out, '2>', \my $err);
	my $status = $? >> 8;
	return wantarray ? ($out, $err, $status) : $out;
}

# Counting

sub counts
{
	my ($status, @output) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/output';

	append_to_file($file, join("\n", @output) . "\n");
	return bash("passed=1 failed=2 skipped=3; add_counts '$file' $status; say_counts");
}

is(counts(0, '5 passed, 0 failed'), "6 passed, 2 failed, 3 skipped\n", 'what passed and failed is added up');
is(counts(0, '5 passed, 0 failed, 7 skipped'), "6 passed, 2 failed, 10 skipped\n", 'and what was skipped');
is(counts(1, '5 passed, 1 failed, 7 skipped'), "6 passed, 3 failed, 10 skipped\n", 'a failed test is one');
is(counts(1, '5 passed, 0 failed, 7 skipped'), "6 passed, 3 failed, 10 skipped\n", 'and so is a script that fails without');
like(counts(1, '5 passed, 0 failed', 'no'), qr/broke off with status 1\n1 passed, 3 failed, 3 skipped\n$/, 'or breaks off');
is(bash('passed=5 failed=0 skipped=0; say_counts'), "5 passed, 0 failed\n", 'nothing is said of nothing that was skipped');

sub counts_tests
{
	my ($status, @output) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/tests';

	append_to_file($file, join("\n", @output) . "\n");
	return bash("passed=0 failed=0 skipped=0; tests() { cat '$file'; return $status; }; count_tests name tests; say_counts") =~ s/.*\n(?=.)//sr;
}

is(counts_tests(0, 'ok 1 - a', 'ok 2', 'ok 3 # skip no b', '1..3'), "2 passed, 0 failed, 1 skipped\n", 'a test that is skipped');
is(counts_tests(0, 'test/t/018_a.pl ... skipped: no older PostgreSQL'), "0 passed, 0 failed, 1 skipped\n", 'a file that is skipped');
is(counts_tests(1, 'ok 1', 'not ok 2 - b', 'test a ... ok 5 ms', 'test b ... FAILED 5 ms'), "2 passed, 2 failed\n", 'a test that fails');
is(counts_tests(1, 'ok 1'), "1 passed, 1 failed\n", 'a command that fails');
is(counts_tests(0, 'nothing'), "0 passed, 1 failed\n", 'one that tests nothing');

# A copy of the files, without a clone

my $copies = PostgreSQL::Test::Utils::tempdir();
mkdir "$copies/$_" foreach qw(project project/script project/script/lib copy);
my %files = (
	'.gitignore' => "*.o\n/angzarr--*.sql\n",
	'kept' => "yes\n",
	"with a\nline" => "yes\n",
	'left.o' => "no\n",
	'angzarr--1.sql' => "no\n");
append_to_file("$copies/project/$_", $files{$_}) foreach keys %files;
append_to_file("$copies/project/script/lib/common.sh", slurp_file("$scripts/lib/common.sh"));
IPC::Run::run([ 'bash', '-c', ". '$copies/project/script/lib/common.sh'; set -euo pipefail; copy_checkout '$copies/copy'" ],
	'<', \$empty, '>', \my $out, '2>', \my $err);
is("$?$err", '0', 'what was unpacked from an archive can be copied');
is(join(' ', sort(map { s/.*\///sr } glob "'$copies/copy/*' '$copies/copy/.git*'")), ".gitignore kept script with a\nline",
	'as what git would have listed');

# The rooms of the source

# Gives what is said of a tree in which nothing is wrong, but for the files given.
sub rooms
{
	my %changed = @_;
	my $tree = PostgreSQL::Test::Utils::tempdir();
	my %files = (
		'angzarr.c' => <<'C', 'cellar/wine.h' => <<'C', 'cellar/wine.c' => <<'C', 'attic/hat.h' => <<'C', 'attic/hat.c' => <<'C', 'attic/hat.sql' => <<'SQL', %changed);
/*
 * The rooms:
 *
 *	cellar/	below
 *	attic/	above
 */
#include "attic/hat.h"
C
#ifndef WINE_H
#define WINE_H
extern int	drink(void);
#endif
C
#include "cellar/wine.h"

int
drink(void)
{
	return 0;
}
C
#include "cellar/wine.h"
C
#include "postgres.h"
#include "attic/hat.h"

PG_FUNCTION_INFO_V1(hat);

Datum
hat(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(drink());
}
C
CREATE FUNCTION @extschema@.hat() RETURNS integer LANGUAGE c AS 'MODULE_PATHNAME';
SQL

	mkdir "$tree/src";
	foreach my $file (grep { defined $files{$_} } sort keys %files)
	{
		mkdir "$tree/src/$1" if $file =~ m{^(.*)/};
		append_to_file("$tree/src/$file", $files{$file});
	}
	IPC::Run::run([ 'perl', "$scripts/lib/rooms.pl", $tree ], '<', \$empty, '>', \my $said, '2>&1');
	is($? >> 8, $said eq '' ? 0 : 1, 'what is wrong makes it fail, and nothing else');
	return $said;
}

is(rooms(), '', 'a room may use what comes before it');
is(rooms('cellar/rat.c' => qq{#include "attic/hat.h"\n}),
	"src/cellar/rat.c includes attic/hat.h, but attic/ comes after cellar/\n", 'and not what comes after it');
is(rooms('cellar/rat.h' => qq{ # include "attic/hat.h"\n}),
	"src/cellar/rat.h includes attic/hat.h, but attic/ comes after cellar/\n", 'nor may a header');
is(rooms('cellar/rat.c' => qq{/*\n#include "attic/hat.h"\n*/\n}), '', 'a comment includes nothing');
is(rooms('cellar/rat.c' => qq{#include "../attic/hat.h"\n}),
	"src/cellar/rat.c includes ../attic/hat.h: say it from src on, with the name of its room\n",
	'there is one way to name a header');
is(rooms('attic/cat.c' => qq{#include "hat.h"\n}),
	"src/attic/cat.c includes hat.h: say it from src on, with the name of its room\n", 'also in its own room');
is(rooms('garage/car.c' => qq{#include "attic/hat.h"\n}), "src/angzarr.c does not list the room garage/\n", 'each room is in the list');
is( rooms(
		'attic/cat.h' => qq{#include "attic/dog.h"\n},
		'attic/dog.h' => qq{#include "attic/flea.h"\n},
		'attic/flea.h' => qq{#include "attic/cat.h"\n}),
	"headers include each other: src/attic/cat.h -> src/attic/dog.h -> src/attic/flea.h -> src/attic/cat.h\n",
	'headers stand in no circle');
is( rooms('attic/hat.c' => qq{#include "attic/hat.h"\n}),
	"src/cellar/wine.h declares drink, which no other file uses\n", 'a function that only its own file could use');
is( rooms(
		'attic/cat.h' => "extern PGDLLIMPORT const int *purrs[];\n",
		'attic/cat.c' => "const int  *purrs[] = {NULL};\nint\t\t\tlast = lengthof(purrs);\n"),
	"src/attic/cat.h declares purrs, which no other file uses\n", 'or a variable');
is(rooms('attic/cat.h' => "#ifndef CAT_H\n#define CAT_H\n#define PURR(x) (x)\n#endif\n"),
	"src/attic/cat.h defines PURR, which nothing uses\n", 'or a macro');
is(rooms('attic/cat.h' => "#define SH_SCOPE static inline\n"),
	"src/attic/cat.h defines SH_SCOPE, which nothing uses\n", 'or a parameter of nothing');
is(rooms('attic/cat.h' => qq{#define SH_SCOPE static inline\n#include "lib/simplehash.h"\n}), '', 'but one of a header of PostgreSQL has its use there');
is(rooms('attic/cat.h' => "static inline int\npurr(void)\n{\n}\n"),
	"src/attic/cat.h defines purr, which no other file uses\n", 'or a function of a header');
is(rooms('attic/hat.sql' => undef),
	"src/attic/hat.c has hat for SQL, which src/attic/hat.sql does not declare\n", 'or SQL, if it knew of it');
is( rooms(
		'attic/hat.sql' => undef,
		'attic/other.sql' => "CREATE FUNCTION \@extschema@.hat() RETURNS integer LANGUAGE c AS 'MODULE_PATHNAME';\n"),
	"src/attic/hat.c has hat for SQL, which src/attic/hat.sql does not declare\n", 'and it is looked for beside the code');

# META.json

# Gives what is said of our META.json after a change, which is a function that gets what it
# holds; and after further ones to the other files that are looked at.
sub meta
{
	my ($change, %changed) = @_;
	my $tree = PostgreSQL::Test::Utils::tempdir();
	my %files = (
		'angzarr.control' => "comment = 'c'\ndefault_version = '1.2.3'\n",
		'angzarr_router.control' => "comment = 'c'\ndefault_version = '1.2.3'\n",
		'README.md' => "readme\n",
		'docs/router.md' => "a router\n",
		'debian/changelog' => "angzarr (1.2.3-1) unstable; urgency=medium\n\n  * New.\n\nangzarr (1.2.2-1) unstable; urgency=medium\n",
		%changed);
	my $meta = decode_json(slurp_file("$ENV{TESTDIR}/META.json"));

	$_->{version} = '1.2.3' foreach $meta, values %{ $meta->{provides} };
	$change->($meta);
	$files{'META.json'} //= encode_json($meta);
	system_or_bail('mkdir', '-p', "$tree/debian", "$tree/docs", "$tree/clients/a");
	append_to_file("$tree/$_", $files{$_}) foreach grep { defined $files{$_} } keys %files;
	IPC::Run::run([ 'perl', "$scripts/lib/meta.pl", $tree ], '<', \$empty, '>', \my $said, '2>&1');
	is($? >> 8, $said eq '' ? 0 : 1, 'what is wrong with META.json makes it fail, and nothing else');
	return $said;
}

my $nothing = sub { };
is(meta($nothing), '', 'ours is valid');
is( meta(
		sub {
			my ($meta) = @_;
			$meta->{license} = { 'PostgreSQL' => 'https://www.postgresql.org/about/licence/' };
			$meta->{maintainer} = [ 'A <a@example.com>', 'B' ];
			$meta->{x_color} = { red => [] };
			$meta->{release_status} = 'testing';
			$meta->{no_index} = { directory => ['test'], file => 'a' };
			$meta->{prereqs}->{build}->{recommends}->{plperl} = '>= 1.0.0, != 1.2.0-rc1, < 2.0.0';
			$meta->{resources}->{bugtracker} = { mailto => 'bugs@example.com', web => 'https://example.com/bugs' };
			$meta->{resources}->{repository} = { url => 'git://example.com/a.git', web => 'https://example.com', type => 'git' };
		}),
	'', 'with all that the specification allows');
foreach my $field (qw(abstract license maintainer meta-spec name provides version))
{
	like(meta(sub { delete $_[0]->{$field} }), qr/^META\.json: \Q$field\E is missing$/m, "$field must be there");
}
foreach my $wrong (
	[ 'license is not a license that is known', sub { $_[0]->{license} = 'PostgreSQL' } ],
	[ 'license/ours is not a URL', sub { $_[0]->{license} = { ours => 'LICENSE' } } ],
	[ 'maintainer is an empty list', sub { $_[0]->{maintainer} = [] } ],
	[ 'maintainer[1] is not a string that is not empty', sub { $_[0]->{maintainer} = [ 'A', '' ] } ],
	[ 'abstract is not a string that is not empty', sub { $_[0]->{abstract} = undef } ],
	[ 'description is not a string that is not empty', sub { $_[0]->{description} = ['a'] } ],
	[ 'meta-spec/version is not a version that is checked here', sub { $_[0]->{'meta-spec'}->{version} = '2.0.0' } ],
	[ 'name is not a term', sub { $_[0]->{name} = 'ang zarr' } ],
	[ 'version is not a semantic version', sub { $_[0]->{version} = '1.2' } ],
	[ 'version is not a semantic version', sub { $_[0]->{version} = 1.2 } ],
	[ 'version is not a semantic version', sub { $_[0]->{version} = '01.2.3' } ],
	[ 'generatedby is not in the specification', sub { $_[0]->{generatedby} = 'hand' } ],
	[ 'provides is empty', sub { $_[0]->{provides} = {} } ],
	[ 'provides/angzarr/file is missing', sub { delete $_[0]->{provides}->{angzarr}->{file} } ],
	[ 'provides/angzarr/version is missing', sub { delete $_[0]->{provides}->{angzarr}->{version} } ],
	[ 'provides/angzarr/docfile is missing', sub { delete $_[0]->{provides}->{angzarr}->{docfile} } ],
	[ 'provides/angzarr/abstract is missing', sub { delete $_[0]->{provides}->{angzarr}->{abstract} } ],
	[ 'provides/angzarr/docfile names docs.md, which does not exist', sub { $_[0]->{provides}->{angzarr}->{docfile} = 'docs.md' } ],
	[ 'a key of prereqs/runtime, needs, is not a relation', sub { $_[0]->{prereqs}->{runtime}->{needs} = { PostgreSQL => 0 } } ],
	[ 'prereqs/runtime/requires/PostgreSQL is not a range', sub { $_[0]->{prereqs}->{runtime}->{requires}->{PostgreSQL} = '~> 15.0.0' } ],
	[ 'prereqs is not an object', sub { $_[0]->{prereqs} = ['PostgreSQL'] } ],
	[ 'resources/homepage is not a URL', sub { $_[0]->{resources}->{homepage} = 'angzarr.dev' } ],
	[ 'resources/bugtracker/mailto is not an email address', sub { $_[0]->{resources}->{bugtracker}->{mailto} = 'bugs' } ],
	[ 'resources/repository/type is not in lower case', sub { $_[0]->{resources}->{repository}->{type} = 'Git' } ],
	[ 'release_status is not a status', sub { $_[0]->{release_status} = 'beta' } ],
	[ 'tags[0] is not a tag', sub { $_[0]->{tags} = ['a/b'] } ],
	[ 'version is 1.2.4, but angzarr.control says 1.2.3', sub { $_[0]->{version} = '1.2.4' } ],
	[ 'provides/angzarr/version is 1.2.4, but angzarr.control says 1.2.3', sub { $_[0]->{provides}->{angzarr}->{version} = '1.2.4' } ])
{
	my ($said, $change) = @$wrong;
	like(meta($change), qr{^META\.json: \Q$said\E}m, $said);
}
like(meta($nothing, 'other.control' => "default_version = '1.0.0'\n"),
	qr/^META\.json does not provide other, which has a control file$/m, 'each extension is provided');
like(meta($nothing, 'angzarr.control' => undef), qr/^META\.json provides angzarr, which has no control file$/m, 'and no other one');
like(meta($nothing, 'META.json' => '{"name": "angzarr",}'), qr/^META\.json is no JSON: /, 'it is JSON');
like(meta($nothing, 'META.json' => '["angzarr"]'), qr/^META\.json: the whole is not an object$/m, 'and an object');
is(meta($nothing, 'debian/changelog' => "angzarr (1.2.2-1) unstable; urgency=medium\n"),
	"debian/changelog begins with version 1.2.2, but angzarr.control says 1.2.3\n", 'the Debian package has the same version');
is(meta($nothing, 'debian/changelog' => undef), '', 'if there is one');
my $control = "Source: angzarr\n\nPackage: postgresql-PGVERSION-angzarr\nDescription: store in PostgreSQL PGVERSION\n";
is(meta($nothing, 'debian/control.in' => $control, 'debian/control' => $control =~ s/PGVERSION/17/gr), '', 'its control file is made for a version');
is(meta($nothing, 'debian/control.in' => "$control More.\n", 'debian/control' => $control =~ s/PGVERSION/17/gr),
	"debian/control is not made from control.in: run pg_buildext updatecontrol\n", 'and has all of what it is made from');

is(meta($nothing, 'CHANGELOG.md' => "# Changelog\n\n## 1.2.2 (2026-01-31)\n"),
	"CHANGELOG.md begins with version 1.2.2, but angzarr.control says 1.2.3\n", 'the change log has the same version');
is(meta($nothing, 'CHANGELOG.md' => "# Changelog\n\n## 1.2.3 (unreleased)\n\n## 1.2.2 (2026-01-31)\n"), '', 'as its newest');
is(meta($nothing, 'clients/a/package.json' => '{"version": "1.2.3", "peerDependencies": {"angzarr-pg": "1.2.2"}}'),
	"clients/a/package.json: peerDependencies/angzarr-pg is 1.2.2, but angzarr.control says 1.2.3\n", 'a client needs the client of the same version');
is(meta($nothing, 'clients/a/package-lock.json' => '{"version": "1.2.3", "packages": {"": {"version": "1.2.2"}}}'),
	"clients/a/package-lock.json: packages//version is 1.2.2, but angzarr.control says 1.2.3\n", 'and has it itself');
is(meta($nothing, 'clients/a/package.json' => '{}'), "clients/a/package.json: version is missing\n", 'everywhere');

# A version is written everywhere

my $release = "$copies/release";
foreach my $file (qw(angzarr.control angzarr_router.control CHANGELOG.md META.json README.md docs/router.md debian/changelog),
	map { s{^\Q$ENV{TESTDIR}/}{}r } glob "'$ENV{TESTDIR}/clients/*/package*.json' '$ENV{TESTDIR}/clients/*/README.md'")
{
	system_or_bail('mkdir', '-p', "$release/" . $file =~ s{[^/]*$}{}r);
	next if $file eq 'debian/changelog';
	system_or_bail('cp', "$ENV{TESTDIR}/$file", "$release/$file");
}
my ($current) = slurp_file("$release/angzarr.control") =~ /^default_version = '(.*)'/m;
append_to_file("$release/debian/changelog", "angzarr ($current-1) UNRELEASED; urgency=medium\n\n  * The first package.\n\n -- a <a\@b.c>  Sat, 28 Nov 2026 09:00:00 +0000\n");
system_or_bail('sed', '-i', '0,/^## .*/s//## ' . $current . ' (unreleased)/', "$release/CHANGELOG.md");

# Gives what meta.pl and version.pl said.
sub write_version
{
	my (@arguments) = @_;

	IPC::Run::run([ 'perl', "$scripts/lib/version.pl", @arguments ], '<', \$empty, '>', \my $out, '2>&1');
	IPC::Run::run([ 'perl', "$scripts/lib/meta.pl", $release ], '<', \$empty, '>', \my $wrong, '2>&1');
	return "$out$wrong";
}

# which is also that of PGXN's specification
is(write_version($release, '1.0.0'), '', 'a version is written, and meta.pl agrees');
like(slurp_file("$release/CHANGELOG.md"), qr/\A# Changelog\n\n## 1\.0\.0 \(\d{4}-\d\d-\d\d\)\n/, 'with a date');
like(slurp_file("$release/debian/changelog"), qr/\Aangzarr \(1\.0\.0-1\) unstable; .* -- a <a\@b\.c>  \w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\n\z/s, 'and Debian has it');
my @old = grep { slurp_file($_) =~ /(?<![\d.])\Q$current\E(?=["'.]|-1\))/ } glob "'$release/angzarr*.control' '$release/META.json' '$release/debian/*' '$release/clients/*/package.json' '$release/clients/*/README.md'";
is(join(' ', @old), '', 'the one before stands nowhere any more');
is(write_version($release, '1.0.1'), "CHANGELOG.md: the newest version has been released already\n", 'nothing is released twice');
is(write_version('--open', $release, '1.1.0'), '', 'the next version is begun');
like(slurp_file("$release/CHANGELOG.md"), qr/\A# Changelog\n\n## 1\.1\.0 \(unreleased\)\n\n## 1\.0\.0 \(\d/, 'before the other one');
like(slurp_file("$release/debian/changelog"), qr/\Aangzarr \(1\.1\.0-1\) UNRELEASED; .*\n\nangzarr \(1\.0\.0-1\) unstable/s, 'in Debian too');
is(write_version('--open', $release, '1.2.0'), "CHANGELOG.md: the newest version has not been released\n", 'but only after that');
is(write_version($release, '1.2'), "not a version such as 1.2.3: 1.2\n", 'a version has three numbers');

# The types that pgindent has to know

append_to_file("$copies/types.c", <<'C');
/* typedef int Comment; */
typedef struct Inner
{
	struct
	{
		int			x;
	}			field;
	void	   *(*function) (size_t size);
} Outer;
typedef enum {A, B} Listed;
typedef void (*Callback) (const Outer *outer, int (*inner) (void));
typedef int Compare(const void *a, const void *b);
typedef char Buffer[10][2];
typedef struct Opaque Opaque;
static struct Inner variable;
C
IPC::Run::run([ 'perl', "$scripts/lib/typedefs.pl", "$copies/types.c" ], '<', \$empty, '>', \$out, '2>&1');
is($out, "Buffer\nCallback\nCompare\nListed\nOpaque\nOuter\n", 'types of all kinds are found');

# The demo shows a history, which an archive leaves out.
ok(!-e "$ENV{TESTDIR}/.git", 'this is no clone');
IPC::Run::run([ "$scripts/demo" ], '<', \$empty, '>', \$out, '2>', \$err);
isnt($?, 0, 'the demo refuses');
like($err, qr/not cloned with git.*script\/demo GIT-REPOSITORY/, 'and says what to do');

# What needs root's rights says so at once.
foreach my $script (qw(embedded matrix package))
{
	IPC::Run::run([ "$scripts/$script" ], '<', \$empty, '>', \$out, '2>', \$err);
	like($err, qr{^script/$script: needs root}, "script/$script refuses to run as another user");
}

# Debian's PostgreSQL is told to make no cluster of its own, for as long as packages are
# installed, also where that fails.

foreach my $succeeds ('true', 'false')
{
	($out, $err) = bash("as_root() { printf '%s\\n' \"\$*\" >&2; case \$1 in tee) cat ;; env) $succeeds ;; esac; }; install_packages some-package || echo failed");
	my ($file) = $err =~ m{^tee (/etc/postgresql-common/createcluster\.d/\S+\.conf)$}m;
	isnt($file, undef, 'a file says so') or diag($err);
	like($err, qr/^tee \Q$file\E\nenv .* install some-package\nrm -f \Q$file\E$/m, 'before, and is gone after');
	is($out, $succeeds eq 'true' ? '' : "failed\n", 'and a failure is one');
	my @made = $err =~ /^mkdir (.*)$/mg;
	is(join(' ', reverse @made), $err =~ /^rmdir --ignore-fail-on-non-empty (.*)$/m ? $1 : '', 'no empty directory is left');
}

# What a public CI runs is .ci/run, once for each PostgreSQL that it knows, and nothing of its own.

SKIP:
{
	skip 'needs .ci', 6 unless -d "$ENV{TESTDIR}/.ci";

	my $workflow = slurp_file("$ENV{TESTDIR}/.github/workflows/ci.yml");
	is(join(' ', $workflow =~ /^ *(?:- )?run: *(.*)$/mg), '.ci/run ${{ matrix.major }}', 'the CI file runs .ci/run alone');
	is(join(' ', map { s/@.*//r } $workflow =~ /^ *(?:- )?uses: *(.*)$/mg), 'actions/checkout', 'on what it has checked out');
	is(join(' ', $workflow =~ /^ *image: *(.*)$/mg), 'debian:12', 'in a bare Debian 12');
	like($workflow, qr/^ +major: \[15, 17, 18\]$/m, 'for each PostgreSQL of a Debian release');
	my ($majors) = slurp_file("$ENV{TESTDIR}/.ci/run") =~ m{^\s*0/ \| (1/.*)\) only=}m;
	is($majors =~ s{1/}{}gr =~ s{ \|}{,}gr, '15, 17, 18', 'which are those that .ci/run knows');
	IPC::Run::run([ "$ENV{TESTDIR}/.ci/run", '16' ], '<', \$empty, '>', \$out, '2>', \$err);
	like($err, qr/^\.ci\/run: takes one of 15, 17 and 18, or nothing/, 'and no others');
}

# Waiting

# The command ends when its first progress was seen.
my $seen = "$copies/seen";
$out = $err = '';
my $waiting = IPC::Run::start([ 'bash', '-c',
		". '$scripts/lib/common.sh'; quietly bash -c 'echo begun; echo secret >&2; until [[ -e $seen ]]; do sleep 0.1; done'" ],
	'<', \$empty, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$waiting->pump until $out =~ /secret\n/ || !$waiting->pumpable;
like($out, qr/^(  \d+0 s(: begun)?\n)*  \d+0 s: secret\n$/, 'who waits sees now and then how far it is');
append_to_file($seen, '');
ok($waiting->finish, 'until it is done');
is($err, '', 'and no more of what goes well');
($out, $err, my $status) = bash('quietly bash -c "echo told; exit 3"');
like($err, qr/^told\n.*failed with status 3: bash/s, 'what fails is shown');
is($status, 1, 'and ends the script');

done_testing();
