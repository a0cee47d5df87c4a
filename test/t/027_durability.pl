# Durability by domain: a transaction that appends to relaxed domains alone does not wait for
# the disk, nor for a replica; every other one does as its session says. After a crash, what was
# acknowledged as durable is there. Of the rest, the last moments may be lost, but nothing
# before something that is there, and no half of an append.
#
# Whether a commit waits is seen by one that cannot end: it waits for a replica that there is
# not.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
	max_prepared_transactions = 10
	max_connections = 30
	wal_writer_delay = '10s'});
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE FUNCTION put(domain text, stream text DEFAULT 's', n int DEFAULT 1) RETURNS bigint LANGUAGE sql AS $$
		SELECT first_sequence FROM azr_append(domain, NULL, azr_root(domain, stream), NULL, array_fill('T'::text, ARRAY[n]), array_fill(''::bytea, ARRAY[n])) $$;
	CREATE FUNCTION fail(domain text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM put(domain);
		RAISE EXCEPTION 'no';
	EXCEPTION WHEN raise_exception THEN
	END $$;
	CREATE TABLE other (a int);
	SELECT azr_domain_set(d, 'relaxed') FROM unnest(ARRAY['relaxed', 'relaxed too', 'changed']) d;
	SELECT put('relaxed', 'pending'), put('durable', 'pending')});
$node->append_conf('postgresql.conf', q{synchronous_standby_names = 'nobody'});
$node->reload;

# Runs SQL in a session of its own, and says whether a commit in it waits.
sub waits
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-c', "SET application_name = 'waits'", (map { ('-c', $_) } split /;\s*/, $sql), $node->connstr('postgres') ],
		'<', '/dev/null', '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	my $canceled = 0;

	while ($run->pumpable)
	{
		$canceled += $node->safe_psql('postgres', q{SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'waits' AND wait_event = 'SyncRep'});
		usleep(10_000);
		$run->pump_nb;
	}
	$run->finish;
	die $err if $err =~ /ERROR/;
	return $canceled > 0;
}

my @waits = (
	q{SELECT put('durable')},
	q{INSERT INTO other VALUES (1)},
	q{BEGIN; SELECT put('relaxed'); SELECT put('durable'); COMMIT},
	q{BEGIN; SELECT put('durable'); SELECT put('relaxed'); COMMIT},
	q{SELECT put('relaxed'), put('durable')},
	# the relaxed append is rolled back, and the rest is not
	q{BEGIN; INSERT INTO other VALUES (1); SAVEPOINT s; SELECT put('relaxed'); ROLLBACK TO s; COMMIT},
	q{BEGIN; INSERT INTO other VALUES (1); SAVEPOINT s; SAVEPOINT t; SELECT put('relaxed'); RELEASE t; ROLLBACK TO s; COMMIT},
	q{BEGIN; INSERT INTO other VALUES (1); SELECT fail('relaxed'); COMMIT},
	q{BEGIN; SELECT put('relaxed'); SAVEPOINT s; SELECT put('durable'); RELEASE s; COMMIT},
	# an earlier transaction's append is not this one's
	q{SELECT put('relaxed'); INSERT INTO other VALUES (1)},
	# no append
	q{SELECT azr_put_position('h', 'relaxed', NULL, azr_root('relaxed', 'pending'), 0)},
	q{BEGIN; SELECT put('relaxed'); SELECT azr_domain_set('changed', 'durable'); SELECT put('changed'); COMMIT});
my @does_not_wait = (
	q{SELECT put('relaxed')},
	q{SELECT put('relaxed'), put('relaxed too')},
	q{BEGIN; SELECT put('relaxed'); INSERT INTO other VALUES (1); COMMIT},
	q{BEGIN; SAVEPOINT s; SELECT put('relaxed'); RELEASE s; COMMIT},
	q{BEGIN; SELECT put('relaxed'); SAVEPOINT s; SELECT put('relaxed'); ROLLBACK TO s; COMMIT},
	q{BEGIN; SELECT put('relaxed'); SELECT fail('relaxed'); COMMIT},
	q{BEGIN; SAVEPOINT s; SELECT put('relaxed'); RELEASE s; SAVEPOINT s; SELECT put('relaxed'); ROLLBACK TO s; COMMIT},
	q{SELECT azr_append_one('relaxed', NULL, azr_root('relaxed', 'one'), NULL, 'T', '')},
	q{SELECT azr_append_json('relaxed', NULL, azr_root('relaxed', 'json'), NULL, '[{"type": "T", "data": 1}]')},
	q{SELECT azr_append('relaxed', 'edition', azr_root('relaxed', 's'), 0, ARRAY['T'], ARRAY['']::bytea[])},
	q{SET synchronous_commit = off; SELECT put('durable')});
ok(waits($_), "waits: $_") foreach @waits;
ok(!waits($_), "does not wait: $_") foreach @does_not_wait;

# one that is set for the transaction is what it goes back to
is($node->safe_psql('postgres', q{SET synchronous_commit = local; SELECT put('relaxed') IS NOT NULL; SHOW synchronous_commit}), "t\nlocal", 'the setting is as it was');
$node->append_conf('postgresql.conf', q{synchronous_standby_names = ''});
$node->reload;

# a prepared one is on disk when it is prepared
$node->safe_psql('postgres', q{BEGIN; SELECT put('relaxed', 'prepared', 3); PREPARE TRANSACTION 'p'});
$node->stop('immediate');
$node->start;
$node->safe_psql('postgres', q{COMMIT PREPARED 'p'});
is($node->safe_psql('postgres', q{SELECT azr_next_sequence('relaxed', NULL, azr_root('relaxed', 'prepared'))}), '3', 'a prepared transaction is kept');

# ---------------------------------------------------------------------------------------
# Crashes under load. Each client writes to streams of its own, and to two that all write to; it
# says of each transaction what was acknowledged.

my $dir = PostgreSQL::Test::Utils::tempdir;

# of each durable stream, the last sequence that was acknowledged
my %acknowledged;

sub start_client
{
	my ($number) = @_;
	my @kinds = (
		[ 'relaxed', "client$number", 2 ], [ 'durable', "client$number", 2 ], [ 'relaxed', 'all', 3 ], [ 'durable', 'all', 2 ]);
	my $file = "$dir/client." . int(rand 1e9);
	my $call = sub { my ($domain, $stream, $n) = @_; "'$domain/$stream/' || put('$domain', '$stream', $n) + $n - 1" };
	my $transaction = sub {
		my $one = $call->(@{ $kinds[ int rand @kinds ] });
		return (
			"SELECT $one;\n",
			# relaxed first, since all lock the streams of a domain in this order
			'SELECT ' . $call->('relaxed', "client$number", 2) . ' || chr(10) || ' . $call->('durable', "client$number", 2) . ";\n",
			"BEGIN;\nSELECT put('durable', 'client$number', 5);\nROLLBACK;\n")[ int rand 3 ];
	};

	append_to_file("$file.sql", join '', map { $transaction->() } 1 .. 20000);
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', "$file.sql", $node->connstr('postgres') ], '<', '/dev/null', '>', "$file.out", '2>', "$file.err");
	return { run => $run, out => "$file.out" };
}

foreach my $round (1 .. 3)
{
	my @clients = map { start_client($_) } 1 .. 4;
	my $read = 0;

	$node->poll_query_until('postgres', "SELECT count(DISTINCT root) = 5 FROM azr_timeline WHERE domain = 'durable' AND root = ANY (ARRAY(SELECT azr_root('durable', s) FROM unnest(ARRAY['all', 'client1', 'client2', 'client3', 'client4']) s))") or die;
	usleep(200_000 + int rand 500_000);
	$node->stop('immediate');
	foreach my $client (@clients)
	{
		eval { $client->{run}->finish };
		my $out = slurp_file($client->{out});

		# the last line may be torn
		$out =~ s/[^\n]*\z//;
		foreach (split /\n/, $out)
		{
			my ($domain, $stream, $last) = m{^(\w+)/(\w+)/(\d+)$} or next;
			$read++ if $domain eq 'durable';
			$acknowledged{$stream} = $last if $domain eq 'durable' && $last > ($acknowledged{$stream} // -1);
		}
	}
	cmp_ok($read, '>', 0, "round $round: durable appends were acknowledged: $read");
	$node->start;
	is($node->safe_psql('postgres', 'SELECT * FROM azr_check()'), '', "round $round: what is there is sound");
	foreach my $stream (sort keys %acknowledged)
	{
		cmp_ok($node->safe_psql('postgres', "SELECT azr_next_sequence('durable', NULL, azr_root('durable', '$stream'))"), '>', $acknowledged{$stream}, "round $round: what was said to be durable is there: $stream");
	}
	is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT sequence, row_number() OVER (PARTITION BY domain, root ORDER BY sequence) - 1 AS n FROM azr_timeline WHERE edition = 'angzarr') t WHERE sequence <> n}), '0', "round $round: no gaps");
	is($node->safe_psql('postgres', q{SELECT count(*) % 3 FROM azr_timeline WHERE domain = 'relaxed' AND root = azr_root('relaxed', 'all')}), '0', "round $round: no half of an append");
}

$node->stop;
done_testing();
