# The feed under load: writers of all kinds, several who number it, and consumers that read
# it as it grows. In the end it has every committed event of the main timeline once, nothing
# else, at positions without a hole, and each stream's events in order; and what each
# consumer has read as it went is what is there.
#
# Then the same over kill -9 and stops without a checkpoint, with prepared transactions that
# are committed afterwards; a dump and its restore into another database; the promotion of a
# standby; and pg_upgrade, where it is long. Nothing depends on how fast anything is: time only
# says how much is tried.
#
# Environment: FEED_STRESS, how many minutes the load lasts, in place of some seconds.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $minutes = $ENV{FEED_STRESS} || 0;

# seconds of each part
sub seconds
{
	my ($short, $share) = @_;
	return $minutes ? int($minutes * 60 * $share) || 1 : $short;
}

# Says when a part begins.
sub part
{
	note(sprintf('%d s: %s', time() - $^T, $_[0]));
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
	fsync = off
	max_connections = 100
	max_prepared_transactions = 50
	checkpoint_timeout = '30s'
	max_wal_size = '256MB'
	autovacuum_naptime = '1s'
	log_statement = none
	log_min_messages = warning
	log_lock_waits = off});
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE store; CREATE DATABASE other');

# ---------------------------------------------------------------------------------------
# What is written is also noted in a table, in the same transaction: the feed is compared
# with that, and not with what the store itself says.

$node->safe_psql(
	'store', q{
	CREATE EXTENSION angzarr;
	CREATE TABLE journal (id bigserial PRIMARY KEY, root uuid NOT NULL, first bigint NOT NULL, last bigint NOT NULL, main boolean NOT NULL);
	CREATE TABLE consumed (consumer text, position bigint, root uuid, sequence bigint, payload bytea, PRIMARY KEY (consumer, position));
	CREATE TABLE stop (at timestamptz);

	CREATE FUNCTION put(stream text, n int DEFAULT 1, edition text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		note bigint := nextval('journal_id_seq');
		a record;
	BEGIN
		a := azr_append('stress', edition, azr_root('stress', stream), NULL, array_fill('T'::text, ARRAY[n]),
			array_fill(convert_to(note::text || repeat('x', (random() * 200)::int), 'UTF8'), ARRAY[n]), divergence => CASE WHEN edition IS NOT NULL THEN 0 END);
		INSERT INTO journal VALUES (note, azr_root('stress', stream), a.first_sequence, a.last_sequence, edition IS NULL);
		RETURN a.last_sequence;
	END $$;

	-- A consumer: the head first, then a page that ends there at most. It goes on where it
	-- stopped, and ends when it is told to and has everything.
	CREATE PROCEDURE consume(name text, page int, waits boolean) LANGUAGE plpgsql AS $$
	DECLARE
		after bigint := (SELECT coalesce(max(position), -1) FROM consumed c WHERE c.consumer = name);
		head bigint;
		n bigint;
		stopping boolean;
	BEGIN
		LOOP
			COMMIT;
			stopping := EXISTS (SELECT FROM stop);
			head := CASE WHEN waits AND NOT stopping THEN azr_feed_wait(after, '200 ms') ELSE azr_feed_head() END;
			IF waits AND NOT stopping THEN
				-- so that others can number
				COMMIT;
			END IF;
			n := least(head - after, 1 + (random() * page)::bigint);
			INSERT INTO consumed SELECT name, f.position, f.root, f.sequence, f.payload FROM azr_feed(after, n) f;
			after := after + n;
			EXIT WHEN stopping AND n = 0;
			IF n = 0 THEN
				PERFORM pg_sleep(0.005);
			END IF;
		END LOOP;
	END $$;

	-- Rewriting an event, as erasing does, needs no more than that.
	ALTER TABLE azr_main_events DISABLE TRIGGER USER;
	CREATE FUNCTION rewrite() RETURNS void LANGUAGE sql AS $$
		UPDATE azr_main_events SET payload = payload || 'rewritten'
		WHERE ctid IN (SELECT ctid FROM azr_main_events WHERE ticket > (SELECT max(ticket) FROM azr_main_events) - 20 AND length(payload) < 1000 FOR UPDATE SKIP LOCKED LIMIT 5) $$;

	-- A slow one, between its ticket and its row: it sleeps, or waits for who holds a lock.
	CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('test.gate', true) = 'closed' THEN
			PERFORM pg_advisory_lock(1);
			PERFORM pg_advisory_unlock(1);
		ELSIF current_setting('test.gate', true) = 'open' THEN
			NULL;
		ELSIF random() < 0.7 THEN
			PERFORM pg_sleep(random() * 0.006);
		END IF;
		RETURN NEW;
	END $$});

# Rewritten events differ from what was read before, and may.
my $columns = q{position, root, sequence, substring(convert_from(payload, 'UTF8') FROM '^[0-9]+')};

my %scripts = (
	single => q{
		\set s random(1, 5)
		SELECT put('hot' || :s);},
	short => q{
		\set s random(1, 5)
		\set n random(1, 4)
		\set ms random(0, 15)
		BEGIN;
		SELECT put('hot' || :s, :n);
		\sleep :ms ms
		COMMIT;},
	several => q{
		\set a random(1, 4)
		\set b random(:a + 1, 5)
		\set n random(1, 3)
		\set ms random(0, 8)
		BEGIN;
		SELECT put('hot' || :a, :n);
		SELECT put('hot' || :a);
		\sleep :ms ms
		SELECT put('hot' || :b, :n), put('hot' || :b);
		COMMIT;},
	fresh => q{
		\set s random(1, 1000000000)
		\set n random(1, 3)
		\set ms random(0, 5)
		BEGIN;
		SELECT put('new' || :s, :n);
		\sleep :ms ms
		SELECT put('new' || :s);
		COMMIT;},
	rollback => q{
		\set s random(1, 5)
		\set n random(1, 3)
		\set ms random(0, 15)
		BEGIN;
		SELECT put('hot' || :s, :n);
		\sleep :ms ms
		ROLLBACK;},
	savepoint => q{
		\set a random(1, 3)
		\set b random(:a + 1, 4)
		\set c random(:b + 1, 5)
		\set ms random(0, 8)
		BEGIN;
		SELECT put('hot' || :a, 2);
		SAVEPOINT s;
		SELECT put('hot' || :b, 2), put('hot' || :b);
		\sleep :ms ms
		ROLLBACK TO s;
		SELECT put('hot' || :c);
		SAVEPOINT t;
		SELECT put('hot' || :c, 2);
		RELEASE t;
		COMMIT;},
	early_xid => q{
		\set s random(1, 5)
		\set ms random(0, 100)
		BEGIN;
		SELECT pg_current_xact_id();
		\sleep :ms ms
		SELECT put('hot' || :s);
		COMMIT;},
	long => q{
		\set s random(1, 40)
		\set ms random(500, 2000)
		BEGIN;
		SELECT put('slow' || :s, 2), put('slow' || :s);
		\sleep :ms ms
		SELECT put('slow' || :s);
		COMMIT;},
	long_rollback => q{
		\set s random(41, 80)
		\set ms random(500, 2000)
		BEGIN;
		SELECT put('slow' || :s);
		\sleep :ms ms
		ROLLBACK;},
	prepared => q{
		\set s random(1, 10)
		\set ms random(0, 600)
		BEGIN;
		SELECT put('prepared' || :s, 2);
		PREPARE TRANSACTION 'commit :client_id';
		\sleep :ms ms
		COMMIT PREPARED 'commit :client_id';},
	prepared_rollback => q{
		\set s random(11, 20)
		\set ms random(0, 600)
		BEGIN;
		SELECT put('prepared' || :s, 2);
		PREPARE TRANSACTION 'rollback :client_id';
		\sleep :ms ms
		ROLLBACK PREPARED 'rollback :client_id';},
	edition => q{
		\set s random(1, 5)
		SELECT put('hot' || :s, 2, 'branch');},
	bulk => q{
		\set s random(1, 1000000000)
		\set n random(300, 1000)
		\set ms random(0, 30)
		BEGIN;
		SELECT put('bulk' || :s, :n);
		\sleep :ms ms
		SELECT put('bulk' || :s, 2);
		COMMIT;},
	many => q{
		\set s random(1, 1000000000)
		SELECT count(put('many' || :s || ' ' || i)) FROM generate_series(1, 100) i;},
	rewrite => q{
		\set ms random(0, 30)
		BEGIN;
		SELECT rewrite();
		\sleep :ms ms
		COMMIT;},
	advance => q{
		\set n random(1, 4)
		\set max case when :n = 1 then 3 when :n = 2 then 40 else 10000 end
		\set ms random(0, 20)
		SET synchronous_commit = off;
		SELECT azr_feed_advance(:max);
		\sleep :ms ms
		},
	wait => q{
		\set ms random(0, 100)
		SET synchronous_commit = off;
		SELECT azr_feed_wait(azr_feed_head(), :ms * interval '1 ms');},
	own => q{
		\set s random(1, 5)
		\set ms random(0, 5)
		BEGIN;
		SELECT put('hot' || :s);
		SELECT azr_feed_advance(50);
		SAVEPOINT s;
		SELECT put('own' || :client_id, 2);
		SELECT azr_feed_advance(50);
		ROLLBACK TO s;
		\sleep :ms ms
		COMMIT;},
	own_rollback => q{
		BEGIN;
		SELECT azr_feed_advance(50);
		SELECT put('own' || :client_id);
		SELECT azr_feed_advance();
		ROLLBACK;});

my $dir = PostgreSQL::Test::Utils::tempdir;
foreach my $name (sort keys %scripts)
{
	append_to_file("$dir/$name.sql", $scripts{$name} =~ s/^\t\t//gmr);
}

# Starts pgbench with scripts and how often each is chosen.
sub start_load
{
	my ($name, $clients, $seconds, %weights) = @_;
	my $out = "$dir/$name." . int(rand(1e9));
	my $run = IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-T', $seconds, '--max-tries', 1, (map { ('-f', "$dir/$_.sql\@$weights{$_}") } sort keys %weights), $node->connstr('store') ],
		'<', '/dev/null', '>', "$out.out", '2>', "$out.err");
	return { run => $run, out => "$out.out", err => "$out.err", name => $name };
}

# How often each script was run.
my %done;

sub finish_load
{
	my ($load, $broken_off) = @_;
	eval { $load->{run}->finish };
	my $script;
	foreach (split /\n/, slurp_file($load->{out}))
	{
		$script = $1 if m{^SQL script \d+: .*/(\w+)\.sql};
		$done{$script} += $1 if /^ - (\d+) transactions/;
	}
	return if $broken_off;
	my ($count) = slurp_file($load->{out}) =~ /transactions actually processed: (\d+)/;
	my $failures = join "\n", grep { /ERROR|aborted|PANIC|FATAL/ } split /\n/, slurp_file($load->{err});

	is($failures, '', "$load->{name}: no call fails");
	note("$load->{name}: ", $count // 'no', ' transactions');
	return $count;
}

# ---------------------------------------------------------------------------------------
# Consumers.

# One that is outside of the database: what it has read, it keeps, whatever becomes of the
# server.
my %outside;

sub start_outside
{
	my ($page) = @_;
	my $file = "$dir/outside." . int(rand(1e9));
	my $after = @{ $outside{$page} || [] } - 1;
	my $step = qq{
		SELECT azr_feed_head() AS head \\gset
		SELECT least($page, :head - :after) AS n \\gset
		SELECT $columns FROM azr_feed(:after, :n);
		SELECT :after + :n AS after \\gset
		SELECT pg_sleep(CASE WHEN :n = 0 THEN 0.005 ELSE 0 END) \\g /dev/null
	} =~ s/^\t+//gmr;

	append_to_file("$file.sql", "\\set after $after\n" . $step x 20000);
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', "$file.sql", $node->connstr('store') ], '<', '/dev/null', '>', "$file.out", '2>', "$file.err");
	return { page => $page, run => $run, out => "$file.out", err => "$file.err" };
}

sub finish_outside
{
	my ($consumer, $broken_off) = @_;
	$consumer->{run}->kill_kill(grace => 10);
	my $out = slurp_file($consumer->{out});

	# the last line may be torn
	push @{ $outside{ $consumer->{page} } }, $out =~ /^(.*\|.*)\n/mg;
	is(slurp_file($consumer->{err}), '', 'a consumer outside finds nothing wrong') unless $broken_off;
}

my @inside = ([ 'paging' => 'read committed', 50, 'false' ], [ 'slow' => 'read committed', $minutes ? 100 : 4, 'false' ], [ 'waiting' => 'read committed', 1000, 'true' ], [ 'repeatable' => 'repeatable read', 300, 'false' ]);

sub start_inside
{
	return map {
		my ($name, $level, $page, $waits) = @$_;
		my $file = "$dir/inside." . int(rand(1e9));
		my $run = IPC::Run::start([ 'psql', '-XAtq', '-c', "SET default_transaction_isolation = '$level'", '-c', "CALL consume('$name', $page, $waits)", $node->connstr('store') ], '<', '/dev/null', '>', "$file.out", '2>', "$file.err");
		{ name => $name, run => $run, err => "$file.err" }
	} @inside;
}

# ---------------------------------------------------------------------------------------
# What there must be in the end.

# Numbers what is left, a few at a time and then the rest.
sub number_rest
{
	my ($on, $database) = @_;
	return $on->safe_psql($database, q{SELECT azr_feed_advance(7); SELECT azr_feed_advance(200); SELECT azr_feed_advance(1000000000); SELECT azr_feed_advance(1000000000)});
}

sub check_feed
{
	my ($on, $database, $when) = @_;

	# a ticket without a row waits also for who vacuums the events
	$on->poll_query_until($database, 'SELECT azr_feed_advance() IS NOT NULL AND NOT EXISTS (SELECT FROM azr_feed_unborn)');
	is($on->safe_psql($database, 'SELECT in_flight FROM azr_feed_status()'), '0', "$when: nothing is in flight");
	is($on->safe_psql($database, 'SELECT count(*) FROM azr_feed_unborn'), '0', "$when: no ticket waits for a row");
	$on->safe_psql($database, "DROP TABLE IF EXISTS feed; CREATE TABLE feed AS SELECT * FROM azr_feed(-1, NULL)");
	is($on->safe_psql($database, 'SELECT (SELECT count(*) FROM generate_series(0, azr_feed_head()) p LEFT JOIN feed f ON f.position = p WHERE f.position IS NULL), count(*) - count(DISTINCT position), azr_feed_head() + 1 - count(*) FROM feed'),
		'0|0|0', "$when: positions without a hole");
	is($on->safe_psql($database, q{
		WITH written AS (SELECT id, root, s AS sequence FROM journal, generate_series(first, last) s WHERE main),
			fed AS (SELECT substring(convert_from(payload, 'UTF8') FROM '^[0-9]+')::bigint AS id, root, sequence FROM feed)
		SELECT 'skipped', * FROM (SELECT * FROM written EXCEPT ALL SELECT * FROM fed) s UNION ALL
		SELECT 'twice or rolled back', * FROM (SELECT * FROM fed EXCEPT ALL SELECT * FROM written) t ORDER BY 1, 2, 4 LIMIT 10}),
		'', "$when: every committed event once, and no other");
	is($on->safe_psql($database, q{
		SELECT * FROM (SELECT domain, edition, root, sequence, row_number() OVER (PARTITION BY root ORDER BY position) - 1 AS place FROM feed) f
		WHERE sequence <> place OR (domain, edition) <> ('stress', 'angzarr') LIMIT 10}),
		'', "$when: each stream in order, and no edition");
	is($on->safe_psql($database, q{SELECT problem, detail FROM azr_check() WHERE problem <> 'trigger_not_always'}), '', "$when: the store is sound");
}

sub check_consumers
{
	my ($when) = @_;

	foreach my $name (map { $_->[0] } @inside)
	{
		is($node->safe_psql('store', qq{
			SELECT * FROM (SELECT $columns FROM consumed WHERE consumer = '$name') c
			FULL JOIN (SELECT $columns FROM feed) f USING (position)
			WHERE (c.*) IS DISTINCT FROM (f.*) ORDER BY position LIMIT 5} =~ s/\$columns/$columns/gr =~ s/'\^\[0-9\]\+'\)/'^[0-9]+') AS id/gr), '', "$when: consumer $name has read the feed");
	}
	my @feed = split /\n/, $node->safe_psql('store', "SELECT $columns FROM feed ORDER BY position");
	foreach my $page (sort keys %outside)
	{
		my @read = @{ $outside{$page} };
		my @wrong = grep { $read[$_] ne ($feed[$_] // 'nothing') } 0 .. $#read;

		is(join(', ', map { "$read[$_] for " . ($feed[$_] // 'nothing') } @wrong[ 0 .. ($#wrong < 4 ? $#wrong : 4) ]), '', "$when: what a consumer outside has read is what is there: " . @read);
	}
}

# Tells the consumers to read to the end, when all is numbered.
sub finish_inside
{
	my (@consumers) = @_;

	$node->safe_psql('store', 'INSERT INTO stop VALUES (now())');
	foreach (@consumers)
	{
		$_->{run}->finish;
		is(slurp_file($_->{err}), '', "consumer $_->{name} finds nothing wrong");
	}
	$node->safe_psql('store', 'DELETE FROM stop');
}

# ---------------------------------------------------------------------------------------
# Load without a break, of three kinds.

# Sessions that hold transaction ids for as long as the load lasts, in this and in another
# database, and an append that stays open.
sub hold
{
	my ($database, @sql) = @_;
	my ($in, $out) = ('', '');
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', $node->connstr($database) ], '<', \$in, '>', \$out, IPC::Run::timeout(600 + $minutes * 120));
	my $session = { run => $run, in => \$in, out => \$out };

	say_to($session, 'BEGIN', @sql);
	return $session;
}

sub say_to
{
	my ($session, @sql) = @_;

	${ $session->{out} } = '';
	${ $session->{in} } .= join(";\n", @sql) . ";\n\\echo done\n";
	$session->{run}->pump until ${ $session->{out} } =~ /^done$/m;
}

sub let_go
{
	my ($session, $sql) = @_;

	say_to($session, $sql);
	${ $session->{in} } .= "\\q\n";
	$session->{run}->finish;
}

my %everything = (
	single => 10, short => 20, several => 10, fresh => 12, rollback => 6, savepoint => 6, early_xid => 6, long => 2, long_rollback => 1,
	prepared => 2, prepared_rollback => 1, edition => 4, many => 1, rewrite => 6, own => 3, own_rollback => 2);

# a long run is also to have many events
$everything{bulk} = 4 if $minutes;
my %numbering = (advance => 3, wait => 2);

sub load
{
	my ($when, $seconds, $writers, %weights) = @_;

	part($when);
	my @held = (
		hold('store', 'SELECT pg_current_xact_id()'),
		hold('other', 'SELECT pg_current_xact_id()'),
		hold('store', "SELECT put('open', 3)", 'SAVEPOINT s', "SELECT put('open too')"),
		hold('store', "SELECT put('to be rolled back')"));
	my @consumers = start_inside();
	my @outside = map { start_outside($_) } 10, 500;

	# again, where that was too short for anything
	foreach (1 .. 100)
	{
		my @loads = (start_load("$when, numbering", 4, $seconds, %numbering), start_load("$when, writing", $writers, $seconds, %weights));

		# one after the other, so that nobody waits for a pipe
		last unless grep { !$_ } map { finish_load($_) } @loads;
	}
	cmp_ok($node->safe_psql('store', 'SELECT azr_feed_advance()'), '>', 0, "$when: what stays open holds up no others");
	is($node->safe_psql('store', q{SELECT count(*) FROM azr_feed(-1, NULL) WHERE root IN (azr_root('stress', 'open'), azr_root('stress', 'to be rolled back')) AND sequence >= (SELECT coalesce(max(last), -1) + 1 FROM journal j WHERE j.root = azr_feed.root)}),
		'0', "$when: nor has it positions");
	let_go($held[$_], $_ == 3 ? 'ROLLBACK' : 'COMMIT') foreach 0 .. 3;
	number_rest($node, 'store');
	finish_outside($_) foreach @outside;
	finish_inside(@consumers);
	check_feed($node, 'store', $when);
	check_consumers($when);
	note($node->safe_psql('store', q{SELECT 'appends ' || count(*) || ', events ' || sum(last - first + 1) || ', in the feed ' || (SELECT count(*) FROM feed) || ', batches ' || (SELECT batches FROM azr_feed_status()) FROM journal}));
}

load('load', seconds(2, 0.35), 20, %everything);

# the same where rows come some time after their tickets
$node->safe_psql('store', 'CREATE TRIGGER dawdle BEFORE INSERT ON azr_main_events FOR EACH ROW EXECUTE FUNCTION dawdle()');
load('slow rows', seconds(2, 0.25), 16, %everything);

# ---------------------------------------------------------------------------------------
# What may happen in the middle of a numbering, whose process is stopped at any moment of it.
# An append whose ticket has no row yet stores it and commits; half the time, the ticket was
# seen to have none before. Or an append draws a ticket, and has no row at the next numbering
# either.

sub start_saying
{
	my ($session, $sql) = @_;

	${ $session->{out} } = '';
	${ $session->{in} } .= "$sql;\n\\echo done\n";
	$session->{run}->pump_nb;
}

# Whether it is done, in the end or after some seconds.
sub is_done
{
	my ($session, $seconds) = @_;
	my $end = Time::HiRes::time() + $seconds;

	while (${ $session->{out} } !~ /^done$/m)
	{
		return 0 if Time::HiRes::time() > $end;
		$session->{run}->pump_nb;
		usleep(500);
	}
	return 1;
}

# Whether an append waits between its ticket and its row, in the end or after some seconds. The session that looks may
# have to wait for the process that is stopped.
sub waits_at_gate
{
	my ($observer, $seconds) = @_;
	my $end = Time::HiRes::time() + $seconds;

	while (Time::HiRes::time() < $end)
	{
		start_saying($observer, q{SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted)});
		return 0 if !is_done($observer, $seconds);
		return 1 if ${ $observer->{out} } =~ /^t$/m;
		usleep(3000);
	}
	return 0;
}

{
	part('stopped in the middle');
	my ($writer, $gate, $many, $numberer, $observer) = map { hold('store', 'COMMIT') } 1 .. 5;
	my $duration = 0.02;
	my $meanwhile = 0;

	# most of the time goes to looking at tickets: each has versions that nobody removes
	my $old = hold('store', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'SELECT count(*) FROM journal');
	my $rewrite = "UPDATE azr_main_events SET payload = payload || 'x' WHERE ticket > (SELECT max(ticket) - 300 FROM azr_main_events)";

	say_to($numberer, 'SELECT pg_backend_pid()');
	my ($pid) = ${ $numberer->{out} } =~ /(\d+)/;
	say_to($writer, "SET test.gate = 'closed'");
	say_to($many, "SET test.gate = 'open'");
	number_rest($node, 'store');
	foreach my $n (1 .. ($minutes ? 20 * $minutes : 24))
	{
		my $way = $n % 3;
		my $begin = sub {
			start_saying($writer, "SELECT put('gated')");
			return waits_at_gate($observer, $_[0]);
		};

		say_to($gate, 'SELECT pg_advisory_lock(1)');
		$begin->(60) or die 'the append does not wait' if $way < 2;
		say_to($many, "SELECT put('one more')", 'SELECT azr_feed_advance()') if $way == 1;
		say_to($many, "SELECT count(put('many ' || i)) FROM generate_series(1, 300) i", map { $rewrite } 1 .. 20);

		my $start = Time::HiRes::time();
		start_saying($numberer, 'SELECT azr_feed_advance()');
		usleep(int(rand(1e6 * $duration)));
		kill 'STOP', $pid;
		my $between = Time::HiRes::time();

		# the process may hold something that the append needs
		if ($way < 2)
		{
			start_saying($gate, 'SELECT pg_advisory_unlock(1)');
			$meanwhile++ if is_done($writer, 0.3);
		}
		elsif ($begin->(0.4))
		{
			start_saying($many, "SELECT put('one more')");
			$meanwhile++ if is_done($many, 0.3);
		}
		kill 'CONT', $pid;
		my $end = Time::HiRes::time();
		is_done($numberer, 60) or die 'the numbering does not end';
		$duration = ($duration + Time::HiRes::time() - $end + $between - $start) / 2;
		if ($way == 2)
		{
			say_to($numberer, 'SELECT azr_feed_advance()');
			start_saying($gate, 'SELECT pg_advisory_unlock(1)');
		}
		is_done($_, 60) or die 'somebody waits forever' foreach $gate, $writer, $many, $observer;
	}
	note("in $meanwhile of them, the append got on while the numbering stood still; a numbering took $duration s");
	let_go($_, 'SELECT 1') foreach $writer, $gate, $many, $numberer, $observer, $old;
	number_rest($node, 'store');
	check_feed($node, 'store', 'stopped in the middle');
}

# few writers: at times, there is none
load('few writers', seconds(1, 0.15), 3, single => 4, fresh => 4, rollback => 1);
$node->safe_psql('store', 'DROP TRIGGER dawdle ON azr_main_events');

# ---------------------------------------------------------------------------------------
# The server stops at once, or is killed.

# Kills all processes of the server. The first one is stopped before, so that it starts no
# others meanwhile.
sub kill_server
{
	my $session = hold('postgres', 'COMMIT');
	my ($first) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	kill 'STOP', $first;
	say_to($session, 'SELECT pid FROM pg_stat_activity');
	my @pids = ${ $session->{out} } =~ /^(\d+)$/mg;
	$node->kill9;
	kill 'KILL', @pids;
	eval { $session->{run}->finish };
	foreach my $pid (@pids)
	{
		my $end = time() + $PostgreSQL::Test::Utils::timeout_default;

		# one that has ended may be left for its parent to see
		while (kill(0, $pid) && ((eval { slurp_file("/proc/$pid/stat") } // '') !~ /\) Z /))
		{
			die 'a process does not end' if time() > $end;
			usleep(5000);
		}
	}
}

# Starts it, as soon as all that it had in memory is gone.
sub start_again
{
	my $end = time() + $PostgreSQL::Test::Utils::timeout_default;

	until ($node->start(fail_ok => 1))
	{
		die 'the server does not start' if time() > $end;
		$node->{_pid} = undef;
		usleep(100_000);
	}
}

my ($prepared, $kills) = (0, 0);
foreach my $round (1 .. ($minutes ? 2 + int($minutes / 2) : 1))
{
	my $when = "stop $round";

	part($when);
	my @consumers = start_inside();
	my @outside = map { start_outside($_) } 10, 500;
	my @loads = (start_load("$when, numbering", 4, 600, %numbering), start_load("$when, writing", 20, 600, %everything, prepared => 8, prepared_rollback => 4));

	# not before there are prepared transactions, and one that is there in any case
	$node->safe_psql('store', "BEGIN; SELECT put('prepared $round', 2); PREPARE TRANSACTION 'commit $round stop'");
	$node->poll_query_until('store', 'SELECT count(*) > 2 FROM pg_prepared_xacts') or die 'no prepared transactions';
	usleep(300_000 + int(rand(1_000_000)));
	if ($round % 2 == 1)
	{
		kill_server();
		$kills++;
	}
	else
	{
		$node->stop('immediate');
	}
	finish_load($_, 1) foreach @loads;
	finish_outside($_, 1) foreach @outside;
	eval { $_->{run}->finish } foreach @consumers;
	start_again();

	# what others number is numbered while these are open
	number_rest($node, 'store');
	@consumers = start_inside();
	@outside = map { start_outside($_) } 10, 500;
	my $load = start_load("$when, going on", 8, seconds(1, 0.02), single => 3, fresh => 3, advance => 2);

	foreach my $gid (split /\n/, $node->safe_psql('store', 'SELECT gid FROM pg_prepared_xacts ORDER BY random()'))
	{
		$node->safe_psql('store', ($gid =~ /^commit/ ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'");
		$prepared++ if $gid =~ /^commit/;
	}
	finish_load($load);
	number_rest($node, 'store');
	finish_outside($_) foreach @outside;
	finish_inside(@consumers);
	check_feed($node, 'store', $when);
	check_consumers($when);
}
cmp_ok($prepared, '>', 0, "prepared transactions were committed after a stop: $prepared");
note("killed: $kills");

# What has a position keeps it, also if no commit waits for the disk, and nobody else writes
# to it.
part('kill');
kill 'STOP', split /\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type IN ('walwriter', 'background writer', 'checkpointer', 'autovacuum launcher')});
$node->safe_psql('store', "SELECT put('hot1')");
{
	my $read = $node->safe_psql('store', "SET synchronous_commit = off; SELECT put('hot1', 3); SELECT azr_feed_advance(); SELECT $columns FROM azr_feed(-1, NULL)") =~ s/^.*\n.*\n//r;

	kill_server();
	start_again();
	is($node->safe_psql('store', "SELECT $columns FROM azr_feed(-1, NULL)"), $read, 'what was read is there after a kill');
}

# ---------------------------------------------------------------------------------------
# A dump, taken while something is in flight, and restored elsewhere.

sub value
{
	my ($on, $database, $sql) = @_;
	return $on->safe_psql($database, $sql);
}

part('dump and restore');
my $feed_of = "SELECT $columns FROM azr_feed(-1, NULL)";
my $epoch = value($node, 'store', 'SELECT epoch FROM azr_feed_status()');
my $open = hold('store', "SELECT put('open', 3)");
$node->safe_psql('store', "SELECT put('hot1'); SELECT azr_feed_advance(); SELECT put('hot2', 2); SELECT put('fresh at the dump'); BEGIN; SELECT put('prepared1'); PREPARE TRANSACTION 'dump'");
$node->command_ok([ 'pg_dump', '-F', 'custom', '-f', "$dir/dump", 'store' ], 'dump');
my $feed = value($node, 'store', $feed_of);
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', "$dir/dump" ], 'restore');
let_go($open, 'COMMIT');
$node->safe_psql('store', "ROLLBACK PREPARED 'dump'");
is(value($node, 'restored', $feed_of), $feed, 'restored: positions are what they were');
is(value($node, 'restored', 'SELECT epoch FROM azr_feed_status()'), $epoch, 'restored: and the epoch, in the same cluster');
$node->safe_psql('restored', "SELECT put('hot1'), put('hot2', 3), put('fresh when restored', 2)");
number_rest($node, 'restored');
check_feed($node, 'restored', 'restored');
like(value($node, 'restored', $feed_of), qr/^\Q$feed\E\n/, 'restored: positions go on from there');

# ---------------------------------------------------------------------------------------
# A standby reads the same feed, and goes on with it when it is promoted.

part('standby');
number_rest($node, 'store');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

my @consumers = start_inside();
my @loads = (start_load('beside a standby, numbering', 2, seconds(1, 0.05), %numbering), start_load('beside a standby, writing', 8, seconds(1, 0.05), %everything));
my @read;
foreach (1 .. ($minutes ? 50 : 8))
{
	# what a standby has shown does not change
	push @read, split /\n/, value($standby, 'store', "SELECT $columns FROM azr_feed(" . (@read - 1) . ', NULL)');
}
finish_load($_) foreach @loads;
number_rest($node, 'store');
finish_inside(@consumers);
$open = hold('store', "SELECT put('open', 3)");
$node->safe_psql('store', "SELECT put('hot1'); BEGIN; SELECT put('prepared1', 2); PREPARE TRANSACTION 'commit'");
number_rest($node, 'store');
$node->safe_psql('store', "SELECT put('hot2'); SELECT put('fresh at the promotion')");
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$feed = value($node, 'store', $feed_of);
is(value($standby, 'store', $feed_of), $feed, 'a standby reads the same feed');
is(join("\n", @read), join("\n", (split /\n/, $feed)[ 0 .. $#read ]), 'and read the same as it went: ' . @read);
is(value($standby, 'store', 'SELECT head, in_flight, epoch FROM azr_feed_status()'), value($node, 'store', 'SELECT head, in_flight, epoch FROM azr_feed_status()'), 'with the same status');

part('promotion');
# what the standby never gets
$standby->stop;
$node->safe_psql('store', "SELECT put('lost ' || i) FROM generate_series(1, 30) i");
my $ahead = number_rest($node, 'store') =~ s/.*\n//sr;
$node->stop('immediate');
eval { $open->{run}->finish };
$standby->start;
$standby->promote;

my ($rc, $out, $err) = $standby->psql('store', "\\set VERBOSITY verbose\nSELECT * FROM azr_feed($ahead)");
like($err, qr/ERROR:  ZR009: the feed has no position $ahead\n/, 'promoted: who has read what was lost is told');
is(value($standby, 'store', $feed_of), $feed, 'promoted: the feed is what it was');
is(value($standby, 'store', 'SELECT epoch FROM azr_feed_status()'), $epoch, 'promoted: with the epoch that it had');
$standby->safe_psql('store', "SELECT put('hot1', 2); SELECT put('fresh when promoted'); COMMIT PREPARED 'commit'; SELECT put('hot1'), put('prepared1')");
$node = $standby;
number_rest($node, 'store');
isnt(value($node, 'store', 'SELECT epoch FROM azr_feed_status()'), $epoch, 'promoted: the epoch changes when it is numbered');
check_feed($node, 'store', 'promoted');
like(value($node, 'store', $feed_of), qr/^\Q$feed\E\n/, 'promoted: positions go on from there');

# ---------------------------------------------------------------------------------------
# pg_upgrade, here to the same version. What was open when the server stopped never comes.

if ($minutes)
{
	my $new = PostgreSQL::Test::Cluster->new('upgraded');

	part('pg_upgrade');
	$open = hold('store', "SELECT put('open', 3)");
	$node->safe_psql('store', "SELECT put('hot1')");
	number_rest($node, 'store');
	$node->safe_psql('store', "SELECT put('hot2'); SELECT put('fresh at the upgrade')");
	$feed = value($node, 'store', $feed_of);
	$node->stop('fast');
	eval { $open->{run}->finish };
	$new->init;
	command_ok(
		[ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $new->config_data('--bindir'), '-B', $new->config_data('--bindir'),
			'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
	$node = $new;
	$node->start;
	is(value($node, 'store', $feed_of), $feed, 'upgraded: the feed is what it was');
	$node->safe_psql('store', "SELECT put('hot1', 2); SELECT put('fresh when upgraded')");
	number_rest($node, 'store');
	check_feed($node, 'store', 'upgraded');
	like(value($node, 'store', $feed_of), qr/^\Q$feed\E\n/, 'upgraded: positions go on from there');
}

part('end');
is(join(' ', grep { !$done{$_} } qw(advance fresh short single)), '', 'something was done in all that time');
note('run: ' . join(', ', map { "$_ $done{$_}" } sort keys %done));
note(value($node, 'store', q{SELECT 'appends ' || count(*) || ', events ' || sum(last - first + 1) || ', of these in editions ' || sum(CASE WHEN main THEN 0 ELSE last - first + 1 END) FROM journal}));
$node->stop;
done_testing();
