# Groups under load: appends and cascades of all kinds, and workers who share the events: in
# the transaction in which they handle them, or by leases that mostly run out too soon. They
# roll back, park events and retry them, and are terminated at any moment; in the middle, the
# server stops at once.
#
# In the end, who works in the transaction has handled each event exactly once, and who works
# by leases at least once; and each stream's events in order.
#
# Nothing depends on how fast anything is: time only says how much is tried.
#
# Environment: GROUPS_STRESS, how many seconds the load lasts, in place of a few.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ':sys_wait_h';
use Test::More;
use Time::HiRes qw(usleep time);

my $seconds = $ENV{GROUPS_STRESS} || 8;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
	fsync = off
	max_connections = 60
	max_wal_size = '256MB'
	deadlock_timeout = '20ms'
	autovacuum_naptime = '1s'
	log_min_messages = panic});
$node->start;

$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	-- what was handled, in this order
	CREATE TABLE handled (id bigserial PRIMARY KEY, handler text NOT NULL, position bigint NOT NULL, root uuid NOT NULL, sequence bigint NOT NULL);
	CREATE TABLE cascades (id text PRIMARY KEY);
	CREATE TABLE batches (worker int, handler text, partition int, token uuid, position bigint, root uuid, sequence bigint, handled boolean DEFAULT false);
	-- how often something has happened; no lock is waited for
	CREATE TABLE happened (what text);

	CREATE FUNCTION put(stream text, n int DEFAULT 1, cascade text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
		SELECT azr_append('stress', NULL, azr_root('stress', stream), NULL, array_fill('T'::text, ARRAY[n]), array_fill(''::bytea, ARRAY[n]), cascade_id => cascade, committed => cascade IS NULL) $$;
	CREATE FUNCTION begin_cascade() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		c text := gen_random_uuid();
	BEGIN
		PERFORM put('hot' || i, 1 + (random() * 2)::int, c) FROM generate_series(1, 5) i WHERE random() < 0.4;
		INSERT INTO cascades VALUES (c);
	END $$;
	CREATE FUNCTION resolve_cascade() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		c text;
	BEGIN
		DELETE FROM cascades WHERE id = (SELECT id FROM cascades ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id INTO c;
		IF c IS NULL THEN
			RETURN;
		ELSIF NOT EXISTS (SELECT FROM azr_cascade_participants(c)) THEN
			RETURN;
		ELSIF random() < 0.7 THEN
			PERFORM azr_confirm_cascade(c);
		ELSE
			PERFORM azr_revoke_cascade(c, 'no');
		END IF;
	END $$;

	-- Handles events, some of which fail. What fails is parked with all that has its position,
	-- and later ones of its stream are passed over.
	CREATE FUNCTION handle(handler text, events azr_feed_event[], failing float) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		held uuid[] := '{}';
		last bigint := -1;
		e azr_feed_event;
	BEGIN
		FOREACH e IN ARRAY events LOOP
			IF e.position <> last AND e.root <> ALL (held) AND random() < failing THEN
				PERFORM azr_park(handler, e.position, 'failed');
				held := held || e.root;
				INSERT INTO happened VALUES ('parked');
			END IF;
			last := e.position;
			IF e.root <> ALL (held) THEN
				INSERT INTO handled (handler, position, root, sequence) VALUES (handler, e.position, e.root, e.sequence);
			END IF;
		END LOOP;
		IF random() < failing * 2 THEN
			PERFORM pg_sleep(random() * 0.02);
		END IF;
		IF random() < failing * 2 THEN
			RAISE 'rolled back';
		END IF;
	END $$;
	CREATE FUNCTION event(f azr_fetched_event) RETURNS azr_feed_event LANGUAGE sql AS $$
		SELECT f.position, f.domain, f.edition, f.root, f.sequence, f.type, f.payload, f.metadata, f.created_at, f.correlation_id, f.external_id, f.source_domain, f.source_edition, f.source_root, f.source_sequence, f.cascade_id, f.committed $$;

	-- What workers do. Each says how many events it got.
	CREATE FUNCTION work(handler text, n int, k int DEFAULT 1, failing float DEFAULT 0.02) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		events azr_feed_event[] := ARRAY(SELECT event(f) FROM azr_fetch(handler, n, k) f);
	BEGIN
		PERFORM handle(handler, events, failing);
		RETURN cardinality(events);
	END $$;
	CREATE FUNCTION retry(handler text, n int, failing float DEFAULT 0.1) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		events azr_feed_event[] := ARRAY(SELECT r FROM azr_retry(handler, max_count => n) r);
	BEGIN
		PERFORM handle(handler, events, failing);
		INSERT INTO happened SELECT 'retried' WHERE cardinality(events) > 0;
		RETURN cardinality(events);
	END $$;
	-- by a lease, in three transactions: get events, handle some of them, acknowledge these
	CREATE FUNCTION lease(worker int, handler text, n int, k int, lease interval) RETURNS int LANGUAGE sql AS $$
		DELETE FROM batches WHERE worker = lease.worker;
		WITH b AS (INSERT INTO batches SELECT worker, handler, partition, token, position, root, sequence FROM azr_fetch(handler, n, k, lease) RETURNING 1)
		SELECT count(*)::int FROM b $$;
	CREATE FUNCTION handle_leased(worker int, share float, failing float DEFAULT 0.02) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		DELETE FROM batches b WHERE b.worker = handle_leased.worker AND position > (SELECT percentile_disc(share) WITHIN GROUP (ORDER BY p.position) FROM batches p WHERE p.worker = b.worker AND p.partition = b.partition);
		PERFORM handle(handler, array_agg(ROW(position, '', '', root, sequence, '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::azr_feed_event ORDER BY position, sequence), failing)
		FROM batches b WHERE b.worker = handle_leased.worker GROUP BY handler;
		UPDATE batches b SET handled = true WHERE b.worker = handle_leased.worker;
	END $$;
	CREATE FUNCTION acknowledge(worker int) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		b record;
	BEGIN
		FOR b IN SELECT handler, partition, token, max(position) AS position FROM batches WHERE batches.worker = acknowledge.worker AND handled GROUP BY 1, 2, 3 LOOP
			BEGIN
				PERFORM azr_ack(b.handler, b.partition, b.token, b.position);
				INSERT INTO happened VALUES ('acknowledged');
			EXCEPTION WHEN SQLSTATE 'ZR010' THEN
				INSERT INTO happened VALUES ('lease lost');
			END;
		END LOOP;
	END $$;

	SELECT azr_group_create('exactly', 8), azr_group_create('at least', 8), azr_group_create('both', 8)});

my $dir = PostgreSQL::Test::Utils::tempdir;
my $started = 0;

# ---------------------------------------------------------------------------------------
# Writers.

my %writers = (
	single => q{
		\set s random(1, 5)
		SELECT put('hot' || :s);},
	several => q{
		\set a random(1, 4)
		\set b random(:a + 1, 5)
		\set n random(1, 3)
		\set ms random(0, 8)
		BEGIN;
		SELECT put('hot' || :a, :n);
		\sleep :ms ms
		SELECT put('hot' || :b, :n), put('hot' || :b);
		COMMIT;},
	fresh => q{
		\set s random(1, 200)
		SELECT put('cold' || :s, 2);},
	rollback => q{
		\set s random(1, 5)
		BEGIN;
		SELECT put('hot' || :s);
		ROLLBACK;},
	cascade => q{
		SELECT begin_cascade();},
	resolve => q{
		SELECT resolve_cascade();},
	advance => q{
		SELECT azr_feed_advance();
		\sleep 5 ms
		});
append_to_file("$dir/$_.sql", $writers{$_} =~ s/^\t\t//gmr) foreach keys %writers;

sub start_writers
{
	my ($duration) = @_;
	my %weights = (single => 4, several => 4, fresh => 6, rollback => 1, cascade => 2, resolve => 2, advance => 4);
	my $out = "$dir/writers." . ++$started;
	my $run = IPC::Run::start([ 'pgbench', '-n', '-c', 5, '-j', 1, '-R', 400, '-T', $duration, (map { ('-f', "$dir/$_.sql\@$weights{$_}") } sort keys %weights), $node->connstr('postgres') ],
		'<', '/dev/null', '>', "$out.out", '2>', "$out.err");
	return { run => $run, err => "$out.err" };
}

# ---------------------------------------------------------------------------------------
# Workers: psql with a long list of what to do. An error ends the transaction, and the worker
# goes on; when its backend is terminated, another worker takes its place.

my %kinds = (
	# what is handled is written in the transaction that has fetched it
	transactions => sub {
		my ($handler) = @_;
		my ($n, $k) = (1 + int rand 20, 1 + int rand 3);
		my $work = "SELECT work('$handler', $n, $k);\n";

		return (
			$work,
			"BEGIN;\n$work$work" . "COMMIT;\n",
			"BEGIN;\n$work" . "ROLLBACK;\n",
			"BEGIN;\n$work" . "SAVEPOINT s;\n${work}ROLLBACK TO s;\n${work}COMMIT;\n",
			"BEGIN ISOLATION LEVEL REPEATABLE READ;\n$work${work}COMMIT;\n",
			"BEGIN ISOLATION LEVEL SERIALIZABLE;\n${work}COMMIT;\n",
			"BEGIN;\nSELECT retry('$handler', $n);\nCOMMIT;\n",
			"BEGIN;\nSELECT retry('$handler', $n);\n${work}ROLLBACK;\n",
			"BEGIN;\n${work}SELECT retry('$handler', $n);\nCOMMIT;\n")[ int rand 9 ];
	},
	leases => sub {
		my ($handler, $worker) = @_;
		my ($n, $k, $ms, $share) = (1 + int rand 20, 1 + int rand 3, 1 + int(exp rand 5), (0.3, 1)[ int rand 2 ]);
		my $lease = "SELECT lease($worker, '$handler', $n, $k, '$ms ms');\n";
		my $handle = "SELECT handle_leased($worker, $share);\n";
		my $acknowledge = "SELECT acknowledge($worker);\n";
		my $sleep = 'SELECT pg_sleep(' . rand(0.01) . ");\n";

		return (
			$lease . $handle . $acknowledge,
			$lease . $sleep . $handle . $sleep . $acknowledge . $acknowledge,
			$lease . $handle,
			"SELECT retry('$handler', $n);\n")[ int rand 4 ];
	});
my @members = (
	[ 'exactly', 'transactions' ], [ 'exactly', 'transactions' ], [ 'exactly', 'transactions' ], [ 'exactly', 'transactions' ],
	[ 'at least', 'leases' ], [ 'at least', 'leases' ], [ 'at least', 'leases' ], [ 'at least', 'leases' ],
	[ 'both', 'leases' ], [ 'both', 'leases' ], [ 'both', 'transactions' ], [ 'both', 'transactions' ]);

sub start_worker
{
	my ($handler, $kind) = @_;
	my $worker = ++$started;
	my $out = "$dir/worker.$worker";

	append_to_file("$out.sql", "SET application_name = 'worker';\n" . join '', map { $kinds{$kind}->($handler, $worker) } 1 .. 300);
	my $pid = fork;
	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null' and open STDOUT, '>', '/dev/null' and open STDERR, '>', "$out.err" or die;
		exec 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-f', "$out.sql", $node->connstr('postgres');
	}
	return { pid => $pid, handler => $handler, kind => $kind, err => "$out.err" };
}

# Looks at what a worker has been told that it need not expect.
sub check_worker
{
	my ($worker) = @_;
	my @unexpected = grep { /(ERROR|PANIC): / && !/rolled back|ERROR:  (40001|40P01|25P02|3B001):|FATAL:/ } split /\n/, slurp_file($worker->{err});

	is(join("\n", @unexpected[ 0 .. ($#unexpected < 5 ? $#unexpected : 5) ]), '', "a worker by $worker->{kind} finds nothing wrong") if @unexpected;
}

my ($killed, @workers);

sub load
{
	my ($duration, $stops) = @_;
	my $rounds = 0;
	my ($writers, $end);

	@workers = map { start_worker(@$_) } @members;
	$writers = start_writers($duration);
	$end = time + $duration;
	while (time < $end || ++$rounds < 10)
	{
		usleep(20_000 + int rand 60_000);
		$killed += $node->safe_psql('postgres', q{SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'worker' ORDER BY random() LIMIT 1) p});
		foreach my $worker (@workers)
		{
			next if waitpid($worker->{pid}, WNOHANG) == 0;
			check_worker($worker);
			$worker = start_worker($worker->{handler}, $worker->{kind});
		}
	}
	$node->stop('immediate') if $stops;
	foreach my $worker (@workers)
	{
		kill 'KILL', $worker->{pid};
		waitpid $worker->{pid}, 0;
		check_worker($worker);
	}
	eval { $writers->{run}->finish };
	return if $stops;
	is(join("\n", grep { /error|ERROR|FATAL|PANIC|aborted/ } split /\n/, slurp_file($writers->{err})), '', 'no append fails');
}

load(int($seconds * 0.4) || 1, 1);
$node->start;
load(int($seconds * 0.6) || 1, 0);

# ---------------------------------------------------------------------------------------
# To the end: a worker that does not fail, by transactions, since no lease is left to wait for.

$node->safe_psql('postgres', 'SELECT azr_feed_advance(1000000000)');
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM azr_groups() WHERE leased_until > now()}) or die 'a lease does not end';
foreach my $handler ('exactly', 'at least', 'both')
{
	my $rounds = 0;

	while (1)
	{
		my $got = $node->safe_psql('postgres', "SELECT work('$handler', 700, 3, 0), retry('$handler', 300, 0); SELECT count(*) FROM azr_parked('$handler')");
		last if $got eq "0|0\n0";
		die 'there is no end to it' if ++$rounds > 100000;
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM azr_parked()'), '0', 'nothing is parked');
is($node->safe_psql('postgres', 'SELECT count(*) FROM azr_parked_streams s JOIN azr_group_partitions p USING (handler, partition) WHERE s.done_below <= p.position + 1'), '0', 'nor is anything noted of what was, longer than needed');
is($node->safe_psql('postgres', 'SELECT count(*) FROM azr_groups() WHERE behind > 1000'), '0', 'no partition is far behind');

$node->safe_psql('postgres', 'CREATE TABLE expected AS SELECT position, root, sequence FROM azr_feed(-1, NULL, effective => true)');
is($node->safe_psql('postgres', q{
	SELECT 'not handled', * FROM (SELECT * FROM expected EXCEPT ALL SELECT position, root, sequence FROM handled WHERE handler = 'exactly') s UNION ALL
	SELECT 'twice', * FROM (SELECT position, root, sequence FROM handled WHERE handler = 'exactly' EXCEPT ALL SELECT * FROM expected) t ORDER BY 1, 2 LIMIT 10}),
	'', 'in transactions: each event once');
foreach my $handler ('at least', 'both')
{
	is($node->safe_psql('postgres', qq{
		SELECT 'not handled', * FROM (SELECT * FROM expected EXCEPT SELECT position, root, sequence FROM handled WHERE handler = '$handler') s UNION ALL
		SELECT 'not in the feed', * FROM (SELECT position, root, sequence FROM handled WHERE handler = '$handler' EXCEPT SELECT * FROM expected) t ORDER BY 1, 2 LIMIT 10}),
		'', "by leases: each event at least once: $handler");
}
is($node->safe_psql('postgres', q{
	WITH firsts AS (SELECT handler, root, position, sequence, min(id) AS id FROM handled GROUP BY 1, 2, 3, 4)
	SELECT handler, root, position, sequence FROM (SELECT *, lag((position, sequence)) OVER (PARTITION BY handler, root ORDER BY id) AS before FROM firsts) f
	WHERE (position, sequence) < before ORDER BY 1, 2, 3 LIMIT 10}),
	'', 'each stream in order');

my %happened = map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT what, count(*) FROM happened GROUP BY 1');
cmp_ok($happened{$_} // 0, '>', 0, "$_: " . ($happened{$_} // 0)) foreach 'parked', 'retried', 'acknowledged', 'lease lost';
cmp_ok($killed, '>', 0, "terminated workers: $killed");
my ($all, $twice) = split /\|/, $node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM expected), (SELECT count(*) FROM handled WHERE handler <> 'exactly') - 2 * (SELECT count(*) FROM expected)});
cmp_ok($all, '>', 100, "events: $all");
note("handled more than once by leases: $twice");

$node->stop;
done_testing();
