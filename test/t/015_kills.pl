# Eight writers of all kinds, while backends and the postmaster are killed and the server
# stops at once, round after round. Afterwards everything that was acknowledged is there,
# once; everything else is there whole, or not at all; and what is stored is sound.
#
# Environment: KILL_ROUNDS (6).

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{KILL_ROUNDS} || 6;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 30\ncheckpoint_timeout = '30s'\nmax_wal_size = '64MB'\nrestart_after_crash = on");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;

	-- an append of three events that carry an id, by one of four kinds of writers
	CREATE FUNCTION write(kind text, writer int, id text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		root uuid := azr_root('kills', CASE kind WHEN 'merge' THEN 'shared' WHEN 'plain' THEN (random() * 2)::int::text ELSE kind || writer END);
		types text[] := ARRAY['first', 'second', 'third'];
		payloads bytea[] := ARRAY[convert_to(id, 'UTF8'), convert_to(id, 'UTF8'), convert_to(id, 'UTF8')];
		state jsonb;
		next bigint;
	BEGIN
		CASE kind
			WHEN 'plain' THEN PERFORM azr_append('kills', NULL, root, NULL, types, payloads);
			WHEN 'retry' THEN PERFORM azr_append('kills', NULL, root, NULL, types, payloads, external_id => id);
			WHEN 'branch' THEN PERFORM azr_append('kills', 'branch ' || writer, azr_root('kills', '0'), NULL, types, payloads);
			WHEN 'merge' THEN
				next := azr_next_sequence('merge', NULL, root);
				state := coalesce((SELECT convert_from(s.state, 'UTF8')::jsonb FROM azr_get_snapshot('merge', NULL, root, greatest(next - 1, 0)) s), '{}');
				state := jsonb_set(state, ARRAY[writer::text], to_jsonb(coalesce((state ->> writer::text)::int, 0) + 1));
				PERFORM azr_append_commutative('merge', NULL, root, next, types, payloads, 'application/json', convert_to(state::text, 'UTF8'));
		END CASE;
		RETURN id;
	END
	$$});

my @kinds = qw(plain plain retry retry branch branch merge merge);
my (%acknowledged, %unknown, @last);
my $n = 0;

# Starts a writer: psql says what is committed, and ends when the connection does.
sub start_writer
{
	my ($writer) = @_;
	my $kind = $kinds[$writer];
	my $file = PostgreSQL::Test::Utils::tempdir . '/writer';

	# who retries does so for what broke off, and for what it was told but has forgotten
	my @ids = $kind eq 'retry' ? ($last[$writer] // (), grep { /^retry $writer / } keys %unknown) : ();

	push @ids, "$kind $writer " . $n++ while @ids < 10000;
	append_to_file("$file.sql", join('', map { "SELECT 'ack ' || write('$kind', $writer, '$_');\n" } @ids));
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-f', "$file.sql", $node->connstr('postgres') ], '<', '/dev/null', '>', "$file.out", '2>', "$file.err");
	return { writer => $writer, ids => \@ids, out => "$file.out", run => $run };
}

# Notes what a writer was told, and what it does not know the fate of: the call that
# broke off.
sub finish_writer
{
	my ($writer) = @_;
	my %seen;

	eval { $writer->{run}->finish };
	foreach (slurp_file($writer->{out}) =~ /^ack (.*)$/mg)
	{
		$seen{$_} = 1;
		$acknowledged{$_}++;
		$last[ $writer->{writer} ] = $_;
		delete $unknown{$_};
	}
	foreach (@{ $writer->{ids} })
	{
		$unknown{$_} = 1 if !$seen{$_};
	}
	return scalar keys %seen;
}

my @ways = ('a backend is killed', 'the postmaster is killed', 'the server stops at once');
foreach my $round (1 .. $rounds)
{
	my $way = $ways[ $round % 3 ];
	my @writers = map { start_writer($_) } 0 .. $#kinds;

	usleep(100_000 + int(rand(500_000)));
	if ($round % 3 == 0)
	{
		my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%ack%' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1});
		kill 'KILL', $pid if $pid;
	}
	elsif ($round % 3 == 1)
	{
		$node->kill9;
	}
	else
	{
		$node->stop('immediate');
	}
	my $acknowledged = 0;
	$acknowledged += finish_writer($_) foreach @writers;
	if ($round % 3 == 1)
	{
		# not before the backends of the old one are gone
		for (my $tries = 0; $tries < 100 && !$node->start(fail_ok => 1); $tries++)
		{
			$node->{_pid} = undef;
			usleep(100_000);
		}
	}
	$node->start if $round % 3 == 2;
	ok($node->poll_query_until('postgres', 'SELECT true'), "round $round, $way: the server is up again, after $acknowledged appends");
	cmp_ok($acknowledged, '>', 0, 'in which something was stored');
	is($node->safe_psql('postgres', 'SELECT * FROM azr_check()'), '', 'what is stored is sound');
}

# what there is of each id: its events, in how many streams, next to each other
my %stored;
foreach (split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT convert_from(payload, 'UTF8'), count(*), string_agg(type, ' ' ORDER BY sequence), count(DISTINCT (domain, edition, root)), max(sequence) - min(sequence)
	FROM azr_timeline GROUP BY 1}))
{
	my ($id, @rest) = split /\|/;
	$stored{$id} = join '|', @rest;
}
my @lost = grep { !exists $stored{$_} } keys %acknowledged;
my @torn = grep { $stored{$_} ne '3|first second third|1|2' } keys %stored;
my @foreign = grep { !$acknowledged{$_} && !$unknown{$_} } keys %stored;
is(join(', ', @lost[ 0 .. ($#lost < 5 ? $#lost : 5) ]), '', 'nothing that was acknowledged is lost, of ' . keys %acknowledged);
is(join(', ', map { "$_: $stored{$_}" } @torn[ 0 .. ($#torn < 5 ? $#torn : 5) ]), '', 'nothing is torn or there twice, of ' . keys %stored);
is(join(', ', @foreign), '', 'nothing else is there');

# the merged state has every command, once
is( $node->safe_psql('postgres', q{
	SELECT string_agg(key || ' ' || value, ', ' ORDER BY key) FROM azr_get_snapshot('merge', NULL, azr_root('kills', 'shared')), jsonb_each_text(convert_from(state, 'UTF8')::jsonb)}),
	$node->safe_psql('postgres', q{
	SELECT string_agg(writer || ' ' || n, ', ' ORDER BY writer)
	FROM (SELECT split_part(convert_from(payload, 'UTF8'), ' ', 2) AS writer, count(*) AS n FROM azr_timeline WHERE domain = 'merge' AND type = 'first' GROUP BY 1) c}),
	'the merged state is that of the events');
my %by_kind;
$by_kind{ (split / /)[0] }++ foreach keys %acknowledged;
is(join(' ', sort keys %by_kind), 'branch merge plain retry', 'all kinds of writers have stored');
note(join ', ', map { "$_ $by_kind{$_}" } sort keys %by_kind);
note(scalar(keys %acknowledged), ' appends acknowledged in ', $rounds, ' rounds, ', scalar(keys %stored), ' stored');

$node->stop;
done_testing();
