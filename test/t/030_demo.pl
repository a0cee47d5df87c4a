# The demo's replay of a repository with many branches: an edition for each, but not a
# line for each. And its projector, of which two workers follow the feed.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant BRANCHES => 43;

my $replay = "$ENV{TESTDIR}/test/demo/replay.pl";
my $repository = PostgreSQL::Test::Utils::tempdir() . '/many';

# One commit of the main timeline, and for each branch a number of commits of one file.
# A branch has as many as its number divided by ten says, and one.
my $history = '';
my ($time, $mark) = (1600000000, 0);
sub commit
{
	my ($branch, $from, $path, $text) = @_;

	$mark++;
	$time += 60;
	$history .= "commit refs/heads/$branch\nmark :$mark\ncommitter A <a\@example.org> $time +0000\n"
	  . 'data ' . length($text) . "\n$text\n" . ($from ? "from :$from\n" : '')
	  . "M 100644 inline $path\ndata " . length($text) . "\n$text\n\n";
	return $mark;
}
my $main = commit('main', commit('main', 0, 'file', 'first'), 'file', 'second');
foreach my $number (1 .. BRANCHES)
{
	my $last = $main - $number % 2;

	$last = commit("branch-$number", $last, 'file', "$number of $_") foreach 0 .. int($number / 10);
}
my $empty = '';
IPC::Run::run([ 'git', 'init', '-q', $repository ], '<', \$empty) or BAIL_OUT('git init');
IPC::Run::run([ 'git', '-C', $repository, 'symbolic-ref', 'HEAD', 'refs/heads/main' ], '<', \$empty) or BAIL_OUT('git');
IPC::Run::run([ 'git', '-C', $repository, 'fast-import', '--quiet' ], '<', \$history) or BAIL_OUT('git fast-import');
my $events = $mark - $main;

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION angzarr');

sub replayed
{
	my ($name) = @_;

	my $ok = IPC::Run::run([ $replay, $repository, 'psql', '-d', $node->connstr('postgres') ], '<', \$empty, '>', \my $out, '2>', \my $err);
	ok($ok, $name) or diag($err);
	return split /\n/, $out;
}

my @lines = replayed('a repository with many branches');
like($lines[0], qr/^replayed 2 events of 2 commits into 1 stream /, 'the main timeline');
is(scalar @lines, 1 + 10, 'ten lines say what there is of the branches');
is((grep { /^edition "branch-4[0-3]": 5 events, 5 new$/ } @lines[ 1 .. 4 ]), 4, 'those with most events first');
my $shown = 0;
$shown += /^edition "branch-\d+": (\d+) events, \g1 new$/ ? $1 : 0 foreach @lines[ 1 .. 9 ];
my $rest = $events - $shown;
is($lines[10], sprintf('and %d more editions: %s events, %2$s new', BRANCHES - 9, $rest), 'and one line for all others')
  or diag(join "\n", @lines);

is($node->safe_psql('postgres', q{SELECT count(*), sum(events), min(events), max(events) FROM azr_editions('file')}),
	BRANCHES . "|$events|1|5", 'each branch is an edition, with all its events');
is($node->safe_psql('postgres', q{SELECT string_agg(sequence || ' ' || edition, ', ' ORDER BY sequence)
	FROM azr_load('file', 'branch-4', azr_root('file', 'file'))}), '0 angzarr, 1 angzarr, 2 branch-4', 'from where it began');
is($node->safe_psql('postgres', q{SELECT string_agg(sequence || ' ' || edition, ', ' ORDER BY sequence)
	FROM azr_load('file', 'branch-5', azr_root('file', 'file'))}), '0 angzarr, 1 branch-5', 'also where that is not the last commit');

# What is new is shown, however small its edition is.
IPC::Run::run([ 'git', '-C', $repository, 'branch', '-q', '-D', 'branch-2' ], '<', \$empty) or BAIL_OUT('git branch');
IPC::Run::run([ 'git', '-C', $repository, 'update-ref', 'refs/heads/branch-3', 'branch-41' ], '<', \$empty) or BAIL_OUT('git update-ref');
@lines = replayed('again, when a branch is gone and one was moved');
is(scalar @lines, 1 + 10, 'ten lines again');
is($lines[1], 'edition "branch-3": 5 events, 5 new, started over', 'the one with new events first');
like($lines[10], qr/^and 33 more editions: \d+ events, 0 new$/, 'and the others have nothing new');
is($node->safe_psql('postgres', q{SELECT count(*) FROM azr_editions('file') WHERE edition = 'branch-2'}), '0',
	'the edition of the branch that is gone is gone');

# The projector: two workers, as script/demo has them.
sub demo_psql
{
	my (@arguments) = @_;
	my ($out, $err);
	my $psql = IPC::Run::start([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), @arguments ],
		'<', '/dev/null', '>', \$out, '2>', \$err);

	return ($psql, \$out, \$err);
}

sub follow
{
	my ($name) = @_;
	my ($prepare, $batch, $errors) = demo_psql('-f', "$ENV{TESTDIR}/test/demo/projector.sql");

	ok($prepare->finish, "$name: it is prepared") or diag($$errors);
	like($$batch, qr/^\d+\n\z/, "$name: with the size of a batch");
	my @workers = map { [ demo_psql('-c', "CALL follow($_, 3)") ] } 1, 2;
	ok($_->[0]->finish, "$name: a worker ends") or diag(${ $_->[2] }) foreach @workers;
	my ($show, $shown, $complaints) = demo_psql('-f', "$ENV{TESTDIR}/test/demo/projected.sql");
	ok($show->finish, "$name: it is shown") or diag($$complaints);
	return $$shown;
}

($history, $time) = ('', 1700000000);
commit('main', 0, 'file ' . $_ % 7, "new $_") foreach 1 .. 40;
$history =~ s/^M /from refs\/heads\/main^0\nM /m;
IPC::Run::run([ 'git', '-C', $repository, 'fast-import', '--quiet' ], '<', \$history) or BAIL_OUT('git fast-import');
like((replayed('with more commits'))[0], qr/^replayed 40 new events of 40 commits/, 'more commits are replayed');
like(follow('the projector'), qr/^42 new events, each handled once: .* 0 of 8 rows differ$/m, 'it has handled each event once');
is($node->safe_psql('postgres', q{SELECT sum(events), count(*) >= 14 FROM batches}), '42|t', 'in batches');
is($node->safe_psql('postgres', q{SELECT author, count(*), sum(changes) FROM contributions GROUP BY author}), 'A|8|42', 'and has counted them');
like(follow('again'), qr/^Nothing is new\.\n.*^0 new events, each handled once: .* 0 of 8 rows differ$/ms, 'then it finds nothing');

done_testing();
