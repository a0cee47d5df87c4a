# azr_feed_wait(): a commit wakes it, and a rollback does not; it sees what another session
# has numbered, and what COMMIT PREPARED brings; it ends with its timeout, and with the
# server's; and who waits keeps nobody from numbering.
#
# That a commit wakes is seen by how soon the waiter returns, in the best of some rounds: who
# only looks each second has just looked when it begins to wait.
#
# A commit is held up before others see it by waiting for a standby that there is not, where
# the session says so.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_prepared_transactions = 2\nwal_level = replica\nmax_wal_senders = 1\nsynchronous_standby_names = 'nobody'\nsynchronous_commit = local");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE FUNCTION put(stream text, edition text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS
	$$ SELECT last_sequence FROM azr_append('d', edition, azr_root('d', stream), NULL, ARRAY['A'], ARRAY['']::bytea[]) $$;
	SELECT put('a'); SELECT azr_feed_advance()});

sub session
{
	my ($in, $out, $err) = ('', '', '');
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default * 3));
	return { run => $run, in => \$in, out => \$out, err => \$err };
}

sub begin_to_say
{
	my ($session, $sql) = @_;

	${ $session->{$_} } = '' foreach qw(out err);
	${ $session->{in} } .= "$sql;\n\\echo done\n\\warn done\n";
	$session->{run}->pump_nb;
}

# Results and errors come by two pipes: both are read to the end of the statement.
sub has_ended
{
	my ($session) = @_;
	return !grep { ${ $session->{$_} } !~ /^done$/m } qw(out err);
}

sub is_done
{
	my ($session) = @_;
	$session->{run}->pump_nb;
	return has_ended($session);
}

sub answer
{
	my ($session) = @_;
	$session->{run}->pump until has_ended($session);
	${ $session->{err} } =~ s/done\n//;
	return ${ $session->{out} } =~ s/done\n//r =~ s/\n$//r;
}

sub say_to
{
	my ($session, $sql) = @_;
	begin_to_say($session, $sql);
	return answer($session);
}

sub begin_to_wait
{
	my ($session, $timeout, $after) = @_;

	$after //= 'azr_feed_head()';
	begin_to_say($session, "SELECT azr_feed_wait($after, '$timeout')");
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE locktype = 'advisory' AND objsubid = 24962 AND a.wait_event_type = 'Extension' AND pid = } . $session->{pid} . ')')
	  or die 'the session does not wait';
}

my ($waiter, $other, $writer) = map { session() } 1 .. 3;
$_->{pid} = say_to($_, 'SELECT pg_backend_pid()') foreach $waiter, $other, $writer;

sub head
{
	return $node->safe_psql('postgres', 'SELECT azr_feed_head()');
}

# how long it takes from the sending of an append to the return of who waits, at best
my $best = 1e9;
foreach (1 .. 8)
{
	my $head = head();
	begin_to_wait($waiter, '1 hour');
	my $start = time;
	say_to($writer, "SELECT put('a')");
	is(answer($waiter), $head + 1, 'who waits is told of a commit');
	$best = time - $start if time - $start < $best;
}
cmp_ok($best, '<', 0.5, sprintf('and woken by it: %.1f ms', 1000 * $best));

sub wait_for_event
{
	my ($session, $event) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;

	while (say_to($other, "SELECT wait_event IS NOT DISTINCT FROM '$event' FROM pg_stat_activity WHERE pid = $session->{pid}") ne 't')
	{
		die "the session does not wait for $event" if time > $end;
		usleep(2000);
	}
}

# a commit wakes who waits when it can be seen, not before
say_to($writer, 'SET synchronous_commit = on');
$best = 1e9;
foreach (1 .. 3)
{
	my $head = head();
	my $start;
	begin_to_wait($waiter, '1 hour');
	begin_to_say($writer, "SELECT put('a')");
	wait_for_event($writer, 'SyncRep');
	$start = time;
	say_to($other, "SELECT pg_cancel_backend($writer->{pid})");
	is(answer($waiter), $head + 1, 'who waits is told of a commit that was held up');
	$best = time - $start if time - $start < $best;
	answer($writer);
}
cmp_ok($best, '<', 0.5, sprintf('and woken when it can be seen: %.1f ms', 1000 * $best));
say_to($writer, 'RESET synchronous_commit');

# what is not committed, or not in the feed, ends no waiting
my $head = head();
begin_to_wait($waiter, '1 hour');
say_to($writer, $_) foreach 'BEGIN', "SELECT put('a')", 'ROLLBACK', "SELECT put('a', 'e')", 'BEGIN', "SELECT put('b')", "SAVEPOINT s", "SELECT put('c')";
usleep(100_000);
ok(!is_done($waiter), 'neither a rollback nor an edition nor what is open ends the waiting');
say_to($writer, $_) foreach 'ROLLBACK TO s', 'COMMIT';
is(answer($waiter), $head + 1, 'but what is committed does');

# prepared, and numbered by others
$head = head();
begin_to_wait($waiter, '1 hour');
say_to($writer, $_) foreach 'BEGIN', "SELECT put('a')", "PREPARE TRANSACTION 'p'";
ok(!is_done($waiter), 'PREPARE TRANSACTION does not');
say_to($writer, "COMMIT PREPARED 'p'");
is(answer($waiter), $head + 1, 'COMMIT PREPARED does');
begin_to_wait($waiter, '1 hour');
begin_to_wait($other, '1 hour');
say_to($writer, "SELECT put('a')");
is(answer($_), $head + 2, 'two wait for the same') foreach $waiter, $other;

# with a timeout, of its own or of the server
is(say_to($waiter, "SELECT azr_feed_wait(azr_feed_head(), '20 ms')"), $head + 2, 'its own timeout');
is(say_to($waiter, "SELECT azr_feed_wait(azr_feed_head(), '0')"), $head + 2, 'none at all');
is(say_to($waiter, "SELECT azr_feed_wait(azr_feed_head() - 1, '1 hour')"), $head + 2, 'nothing to wait for');
say_to($waiter, "\\set VERBOSITY sqlstate\nSET statement_timeout = '50ms'");
say_to($waiter, "SELECT azr_feed_wait(azr_feed_head(), '1 hour')");
like(${ $waiter->{err} }, qr/^ERROR:  57014$/m, 'statement_timeout');
say_to($waiter, "RESET statement_timeout; SET lock_timeout = '10ms'");
is(say_to($waiter, "SELECT azr_feed_wait(azr_feed_head(), '100 ms')"), $head + 2, 'lock_timeout is for locks');
begin_to_wait($waiter, '1 hour');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($waiter->{pid})");
answer($waiter);
like(${ $waiter->{err} }, qr/^ERROR:  57014$/m, 'it can be cancelled');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'and nothing is left of it');
say_to($waiter, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT azr_feed_head()');
$node->safe_psql('postgres', "SELECT put('a'); SELECT azr_feed_advance()");
say_to($waiter, "SELECT put('d'); SELECT azr_feed_wait(azr_feed_head(), '1 hour')");
like(${ $waiter->{err} }, qr/^ERROR:  40001$/m, 'a transaction that cannot see what was numbered is told so');
say_to($waiter, 'ROLLBACK');
is(say_to($waiter, "BEGIN READ ONLY; SELECT azr_feed_wait(-1, '1 hour'); COMMIT"), $head + 3, 'a read-only transaction waits too');

# who waits keeps nobody from numbering
say_to($waiter, 'SELECT azr_feed_wait(azr_feed_head() + 1)');
like(${ $waiter->{err} }, qr/^ERROR:  ZR009$/m, 'a position that there is not is not waited for');
say_to($writer, "BEGIN; SELECT put('a')");
$node->safe_psql('postgres', "SELECT put('b')");
$head = $node->safe_psql('postgres', 'SELECT azr_feed_advance()');
say_to($other, "BEGIN; SELECT put('c')");
begin_to_wait($waiter, '1 hour');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 24961}), '0', 'who waits keeps nobody from numbering, whatever is in flight');
# who waits may be faster, and then it is numbering
$node->safe_psql('postgres', "SELECT put('d')");
ok($node->poll_query_until('postgres', "SELECT azr_feed_advance() > $head"), 'and others can number');
is(answer($waiter), $head + 1, 'which who waits is told of');
say_to($_, 'ROLLBACK') foreach $writer, $other;

# Much that is passed over is stored, which ends the waiting early. Who waits may have done that
# before: then there is nothing left to store.
$head = $node->safe_psql('postgres', 'SELECT azr_feed_advance()');
begin_to_wait($waiter, '1 hour');
say_to($writer, "BEGIN; SELECT count(*) FROM (SELECT put('a') FROM generate_series(1, 1100)) a; ROLLBACK; SELECT put('x', 'e')");
is(say_to($other, "SELECT azr_feed_wait($head, '2 s')"), $head, 'who has passed over many tickets returns with nothing new');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($waiter->{pid})");
answer($waiter);
is($node->safe_psql('postgres', 'SELECT next_ticket > 1100 FROM azr_feed_state'), 't', 'and need not look at them again');

# what others have numbered is told of, without an append that wakes
begin_to_wait($waiter, '1 hour');
say_to($writer, "BEGIN; SELECT put('a')");
say_to($writer, "PREPARE TRANSACTION 'p'");
$best = 1e9;
foreach (1 .. 3)
{
	my $start;
	say_to($other, 'BEGIN');
	say_to($writer, "COMMIT PREPARED 'p'");
	$head = say_to($other, 'SELECT azr_feed_advance()');
	$start = time;
	say_to($other, 'COMMIT');
	answer($waiter);
	$best = time - $start if time - $start < $best;
	begin_to_wait($waiter, '1 hour');
	say_to($writer, $_) foreach 'BEGIN', "SELECT put('a')", "PREPARE TRANSACTION 'p'";
}
cmp_ok($best, '<', 0.5, sprintf('who numbers wakes those who wait: %.1f ms', 1000 * $best));

# a prepared transaction has no process
is($node->safe_psql('postgres', 'SELECT oldest_pid IS NULL, oldest_in_flight IS NOT NULL FROM azr_feed_status()'), 't|t', 'a prepared transaction is in flight');
say_to($writer, "ROLLBACK PREPARED 'p'");
is($node->safe_psql('postgres', 'SELECT oldest_pid IS NULL, oldest_in_flight IS NULL FROM azr_feed_status()'), 't|t', 'and no longer when it has ended');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($waiter->{pid})");
answer($waiter);

# A reader numbers in a statement of its own; in a transaction it only waits, since it must
# not keep others from numbering.
$node->safe_psql('postgres', "CREATE ROLE reading LOGIN; SELECT azr_grant('reading', 'reader'); SELECT azr_feed_advance()");
$head = head();
$node->safe_psql('postgres', "SELECT put('a')");
is($node->safe_psql('postgres', "BEGIN; SELECT azr_feed_wait(azr_feed_head(), '20 ms'); COMMIT", extra_params => [ '-U', 'reading' ]), $head, 'a reader in a transaction does not number');
is($node->safe_psql('postgres', "SELECT azr_feed_wait(azr_feed_head(), '1 hour')", extra_params => [ '-U', 'reading' ]), $head + 1, 'but does in a statement of its own');

# who has numbered and does not end is told of
say_to($writer, "SELECT put('a'); BEGIN; SELECT azr_feed_advance()");
is($node->safe_psql('postgres', 'SELECT oldest_pid FROM azr_feed_status()'), $writer->{pid}, 'whoever keeps others from numbering is shown');
is(say_to($writer, "SELECT azr_feed_wait(azr_feed_head(), '1 hour')"), $head + 2, 'and does not wait meanwhile');
say_to($writer, 'COMMIT');

# whose transaction is the oldest, where others have come and gone
{
	my @gone = map { session() } 1 .. 3;
	my $oldest;
	say_to($_, 'SELECT 1') foreach @gone;
	$oldest = session();
	$oldest->{pid} = say_to($oldest, 'SELECT pg_backend_pid()');
	foreach (@gone)
	{
		${ $_->{in} } .= "\\q\n";
		$_->{run}->finish;
	}
	$node->poll_query_until('postgres', "SELECT count(*) = 5 FROM pg_stat_activity WHERE backend_type = 'client backend'") or die 'sessions do not end';
	say_to($oldest, "BEGIN; SELECT put('e')");
	say_to($writer, "BEGIN; SELECT put('f')");
	is($node->safe_psql('postgres', 'SELECT oldest_pid FROM azr_feed_status()'), $oldest->{pid}, 'whose transaction is the oldest');
	say_to($_, 'COMMIT') foreach $oldest, $writer;
	${ $oldest->{in} } .= "\\q\n";
	$oldest->{run}->finish;
}

# who numbers waits for the disk, also where no other commit does
is($node->safe_psql('postgres', q{
	SET synchronous_commit = off;
	SELECT put('a') \g /dev/null
	SELECT pg_current_wal_insert_lsn() AS lsn \gset
	SELECT azr_feed_advance() \g /dev/null
	SELECT pg_current_wal_flush_lsn() > :'lsn'}), 't', 'what is numbered is on disk');

# What is committed after who waits has looked for the first time, and before it is known to
# wait: it looks again. It is held up while it has the state in its hands.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION state_is_read() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('test.state', true) <> '' THEN
			PERFORM pg_advisory_lock(1);
			PERFORM pg_advisory_unlock(1);
		END IF;
		RETURN true;
	END $$;
	ALTER TABLE azr_feed_state RENAME TO stored_state;
	CREATE VIEW azr_feed_state AS SELECT * FROM stored_state WHERE state_is_read();
	SELECT azr_feed_advance()});
say_to($waiter, "RESET lock_timeout; SET test.state = 'slow'");
$best = 1e9;
foreach (1 .. 3)
{
	my $start;
	my $head = head();
	$node->safe_psql('postgres', "SELECT put('a')");
	say_to($writer, 'SELECT pg_advisory_lock(1)');
	say_to($other, 'BEGIN; SELECT azr_feed_advance()');
	begin_to_say($waiter, "SELECT azr_feed_wait($head, '1 hour')");
	wait_for_event($waiter, 'advisory');
	say_to($other, 'COMMIT');
	$start = time;
	say_to($writer, 'SELECT pg_advisory_unlock(1)');
	is(answer($waiter), $head + 1, 'who begins to wait is told of what came meanwhile');
	$best = time - $start if time - $start < $best;
}
cmp_ok($best, '<', 0.5, sprintf('since it looks again: %.1f ms', 1000 * $best));

foreach ($waiter, $other, $writer)
{
	${ $_->{in} } .= "\\q\n";
	$_->{run}->finish;
}
$node->stop;
done_testing();
