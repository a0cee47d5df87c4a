# A store on four nodes, by script/scale: who owns what, and slots that move under eight writers,
# readers and workers, while the mover, the source and the target are killed at each step. Afterwards
# every acknowledged append is there once, no read was wrong, the feeds have skipped nothing, and the
# groups have handled each event once, in the order of its stream. And what the script refuses, the
# example of a client, a router over moves, and a demo of its own.
#
# Environment: SCALE_ROUNDS (1): how often the moves under load are repeated.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use constant PATIENCE => 180;

my $rounds = $ENV{SCALE_ROUNDS} || 1;
my $scale = "$ENV{TESTDIR}/script/scale";
my $python = '/usr/bin/python3';
my %node;
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $file = "$dir/nodes";

foreach my $name (qw(a b c d))
{
	$node{$name} = PostgreSQL::Test::Cluster->new($name);
	$node{$name}->init;
	$node{$name}->append_conf('postgresql.conf', "fsync = off\nmax_connections = 50\nshared_buffers = '16MB'\nautovacuum = off\nlog_statement = none\nlog_min_messages = fatal");
	$node{$name}->start;
	$node{$name}->safe_psql('postgres', 'CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es; ALTER DATABASE postgres SET search_path = public, es;
		CREATE TABLE handled (domain text, root uuid, sequence bigint, position bigint, at timestamptz DEFAULT clock_timestamp())');
	append_to_file($file, "$name = " . $node{$name}->connstr('postgres') . "\n") if $name ne 'd';
}
append_to_file($file, "# a comment\n\n");

# Runs the script. Gives what it said, and whether it succeeded.
sub scale
{
	my @arguments = @_;
	my $out = '';
	my $ok = IPC::Run::run([ $scale, '--nodes', $file, @arguments ], '<', \undef, '>', \$out, '2>&1', IPC::Run::timeout(PATIENCE));

	return wantarray ? ($out, $ok) : $out;
}

sub ask
{
	my ($name, $query) = @_;

	return $node{$name}->safe_psql('postgres', $query);
}

sub owned
{
	return join ' ', map { "$_ " . ask($_, q{SELECT coalesce(range_agg(int4range(slot, slot, '[]'))::text, '{}') FROM azr_slots() WHERE state = 'own'}) } @_;
}

# -- who owns what

like(scale('status'), qr/^node a was not told who owns which slot: run script\/scale init$/m, 'nothing is said yet');
like(scale('move', 1, 'a', 'b'), qr/^script\/scale: node a was not told who owns which slot/, 'and nothing moves');
is(scale('init'), "node a owns 342 slots: 0-341\nnode b owns 341 slots: 342-682\nnode c owns 341 slots: 683-1023\n", 'each gets its share');
is(scale('init'), "all nodes know who owns which slot\n", 'once');
is(owned(qw(a b c)), 'a {[0,342)} b {[342,683)} c {[683,1024)}', 'and they know');
is(ask('a', 'SELECT string_agg(DISTINCT node, $$ $$) FROM azr_slots()'), 'a b c', 'of the others, too');

# a new node, first without streams
append_to_file($file, 'd = ' . $node{d}->connstr('postgres') . "\n");
like(scale('rebalance', '--plan'), qr/^script\/scale: node d was not told/, 'a new node has to be told first');
is(scale('init'), "node d owns 0 slots, and knows who owns the others\n", 'which init does');
my $plan = "from a to d: 86 slots: 256-341\nfrom b to d: 85 slots: 598-682\nfrom c to d: 85 slots: 939-1023\n256 slots of 1024 to move\n";
is(scale('rebalance', '--plan'), $plan, 'the fewest slots that give it its share');
is(owned('d'), 'd {}', 'a plan moves nothing');
my ($out, $ok) = scale('rebalance');
ok($ok, 'they are given') or diag($out);
is(owned(qw(a b c d)), 'a {[0,256)} b {[342,598)} c {[683,939)} d {[256,342),[598,683),[939,1024)}', 'as planned');
is(ask('b', q{SELECT string_agg(DISTINCT node, ' ') FROM azr_slots() WHERE slot BETWEEN 256 AND 341}), 'd', 'and others know');
like(scale('rebalance'), qr/^each node has its share: nothing to move$/, 'then there is nothing to do');
($out, $ok) = scale('status');
ok($ok, 'status finds nothing wrong') or diag($out);
like($out, qr/^a     \|#{16} {48}\|  256  25\.0 %\nb     \| {21}\+#{15}\+ {26}\|  256/m, 'and shows who owns what');

# -- an index of streams by slot, where there are many

my $has_index = q{SELECT coalesce(bool_and(indisvalid), false) FROM pg_index WHERE indrelid = 'azr_streams'::regclass AND indexrelid = to_regclass('es.azr_streams_slot_idx')};
unlike(scale('move', 5, 'a', 'b'), qr/index/, 'a small store needs none');
is(ask('a', $has_index), 'f', 'and has none');
like(scale('move', 5, 'b', 'a', '--index', 0), qr/^node b: makes an index of its streams by slot\nnode a: makes an index of its streams by slot\nslot 5: /, 'nodes get one');
is(ask($_, $has_index), 't', "node $_ has it") foreach qw(a b);
unlike(scale('move', 5, 'a', 'b', '--index', 0), qr/index/, 'once');
ask('b', q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'es.azr_streams_slot_idx'::regclass});
like(scale('move', 5, 'b', 'a', '--index', 0), qr/^node b: makes an index of its streams by slot\nslot 5: /, 'one that is not whole is made anew');
is(ask('b', $has_index), 't', 'so that it is');

# One that an owner has made counts, whatever its name, if it has all streams.
ask('b', 'DROP INDEX es.azr_streams_slot_idx; CREATE INDEX by_slot ON es.azr_streams USING hash (es.azr_slot(root))');
unlike(scale('move', 5, 'a', 'b', '--index', 0), qr/index/, 'an index of another name will do');
is(ask('b', $has_index), 'f', 'so there is no second one');
ask('b', q{DROP INDEX es.by_slot; CREATE INDEX by_slot ON es.azr_streams (es.azr_slot(root)) WHERE domain = 'refused'});
like(scale('move', 5, 'b', 'a', '--index', 0), qr/^node b: makes an index of its streams by slot\nslot 5: /, 'one of some streams only does not count');
ask('b', 'DROP INDEX es.by_slot, es.azr_streams_slot_idx');

# Making it waits for the transactions of others, but not for ever.
sub with_transaction
{
	my ($name, $begin, $code) = @_;
	my $other = IPC::Run::start([ 'psql', '-XAtq', '-d', $node{$name}->connstr('postgres'), '-c', "$begin SELECT pg_sleep(" . PATIENCE . ')' ],
		'<', \undef, '>', '/dev/null', '2>&1');
	my $sleeps = q{FROM pg_stat_activity WHERE wait_event = 'PgSleep'};

	$node{$name}->poll_query_until('postgres', "SELECT count(*) = 1 $sleeps") or die 'the other transaction does not begin';
	my @result = $code->();
	ask($name, "SELECT pg_terminate_backend(pid) $sleeps");
	$other->finish;
	$node{$name}->poll_query_until('postgres', "SELECT count(*) = 0 $sleeps") or die 'the other transaction does not end';
	return @result;
}
my $any_index = q{SELECT count(*) FROM pg_class WHERE relname = 'azr_streams_slot_idx'};
($out, $ok) = with_transaction('b', '', sub { scale('move', 5, 'a', 'b', '--index', 0, '--wait', 0) });
ok($ok, 'without an index, slots move all the same') or diag($out);
like($out, qr/^node b: no index of its streams, so moves take longer: canceling statement due to lock timeout\.$/m, 'an old snapshot is in its way') or diag($out);
is(ask('b', $any_index), '0', 'and nothing is left of it');
($out, $ok) = with_transaction('b', 'BEGIN; LOCK TABLE es.azr_streams IN ROW EXCLUSIVE MODE;', sub { scale('move', 5, 'b', 'a', '--index', 0, '--wait', 0) });
ok(!$ok, 'a transaction that uses streams is in the way of moves, too') or diag($out);
like($out, qr/^node b: no index of its streams, so moves take longer: canceling statement due to lock timeout\. An index that is not whole may be left, which costs appends time: run this again, or DROP INDEX CONCURRENTLY es\.azr_streams_slot_idx$/m, 'it says what is left')
  or diag($out);
is(ask('b', $any_index) . ask('b', $has_index), '1f', 'since it could not be dropped');
like(scale('move', 5, 'b', 'a', '--index', 0), qr/^node b: makes an index of its streams by slot\nslot 5: /, 'which is made anew');
is(ask('b', $has_index), 't', 'once nothing is in the way');

# -- the example of a client

SKIP:
{
	skip 'needs python3-psycopg2', 1 if system("$python -c 'import psycopg2' 2>/dev/null");
	my ($said, $errors) = ('', '');
	IPC::Run::run([ $python, "$ENV{TESTDIR}/docs/clients/nodes_with_psycopg2.py", map { "$_=" . $node{$_}->connstr('postgres') } sort keys %node ],
		'<', \undef, '>', \$said, '2>', \$errors);
	is("$said$errors", "learned: True\nlisted: [] 0\nagain: {('duplicate', 0, 1, 2)}\n", 'a client finds the node of each stream');
}

# -- what is refused

ask('a', q{SELECT azr_append('refused', NULL, root, 0, '{T}', ARRAY['']::bytea[]) FROM (SELECT root FROM (SELECT azr_root('refused', i::text) AS root FROM generate_series(1, 20000) i OFFSET 0) r WHERE azr_slot(root) = 17 LIMIT 1) r});
sub refused
{
	my ($expected, $name, @arguments) = @_;
	my ($said, $succeeded) = scale(@arguments);

	ok(!$succeeded, "$name fails");
	like($said, qr/^script\/scale: $expected/m, $name);
}
like(scale('status'), qr/^a .* [1-9]\d* events? in the feed, about \d+ streams$/m, 'status counts what nobody has asked the feed for');
refused(qr/there is no command divine: see/, 'no command', 'divine');
refused(qr/move takes SLOTS FROM TO$/m, 'a move of nothing', 'move', 17, 'a');
refused(qr/status takes no argument$/m, 'an argument too many', 'status', 'a');
refused(qr/slot 17 is not owned by b, but by a$/m, 'a move from a node that does not own the slot', 'move', 17, 'b', 'c');
refused(qr/.* names no node x$/m, 'a node that is not in the file', 'move', 17, 'a', 'x');
refused(qr/slots are numbers from 0 to 1023/, "no slot: $_", 'move', $_, 'a', 'b') foreach qw(1024 x 9-3);
refused(qr/a slot moves from one node to another one$/m, 'from a node to itself', 'move', 17, 'a', 'a');
ask('a', q{SELECT azr_group_create('load')});
refused(qr/node b has no group load, and node a has one/, 'a node without the groups', 'move', 17, 'a', 'b');
like(scale('status'), qr/^the group load is not on b c d, so slots cannot move there$/m, 'status says so');
refused(qr/node b has no group load, and node a has one/, 'slots without streams are not given there, either', 'rebalance', '--without', 'a');
is(owned('a'), 'a {[0,256)}', 'none of them');
ask($_, q{SELECT azr_group_create('load', types => '{T}')}) foreach qw(b c d);
refused(qr/the group load has domains all and types all on node a, and domains all and types \{T\} on node b/, 'other groups', 'move', 17, 'a', 'b');
foreach (qw(b c d))
{
	ask($_, q{SELECT azr_group_drop('load'), azr_group_create('load')});
}
ask('a', q{SELECT azr_feed_advance(); SELECT azr_park('load', position, 'no') FROM azr_feed() WHERE domain = 'refused'});
refused(qr/slot 17: the group load has parked stream refused\//, 'a parked stream', 'move', 17, 'a', 'b');
ask('a', q{SELECT sequence FROM azr_retry('load')});
is(ask('a', q{SELECT state FROM azr_slots() WHERE slot = 17}) . ask('b', q{SELECT state FROM azr_slots() WHERE slot = 17}), 'ownforeign', 'what is refused has begun nothing');

# without a worker, the slot stays
($out, $ok) = scale('--wait', 2, 'move', 17, 'a', 'b');
ok(!$ok, 'a group without workers') or diag($out);
like($out, qr/^slot 17: group load on node a is not done with the slot's events$/m, 'keeps its slot') or diag($out);
is(ask('a', q{SELECT state FROM azr_slots() WHERE slot = 17}), 'own', 'where it can be written to');
my $begun = time;
($out, $ok) = scale('--wait', 170, 'move', 17, 'a', 'b');
like($out, qr/run this again when the group has workers, or drop the group if nobody works for it/, 'also if there is much time') or diag($out);
cmp_ok(time - $begun, '<', 120, 'most of which it does not take');

# -- moves under load

my @steps = ('receives it', 'copied$', 'has frozen it', 'the rest copied', 'positions and snapshots copied', 'has given it up', 'owns it', 'told:', 'deleted on');
my @names = sort keys %node;
my %place;
my $kills = 0;

# Moves a slot. At each of the steps, something happens.
sub move
{
	my ($slot, $to, $victim, @at) = @_;
	my $from = $place{$slot};
	my @left = @at;
	my $said = '';

	while (1)
	{
		my $out = '';
		my $mover = IPC::Run::start([ $scale, '--nodes', $file, 'move', $slot, $from, $to ], '<', \undef, '>', \$out, '2>&1', IPC::Run::timeout(PATIENCE));
		my $killed = 0;
		while (@left && $mover->pumpable)
		{
			$mover->pump_nb;
			sleep(0.005);
			# one may pass unseen: what the mover has begun goes on when it is killed
			my ($seen) = grep { $out =~ /$left[$_]/m } 0 .. $#left;
			next if !defined $seen;
			splice(@left, 0, $seen + 1);
			sleep(rand(0.05));
			$kills++;
			if ($victim eq 'mover')
			{
				$mover->signal('KILL');
				$killed = 1;
				last;
			}
			my $node = $node{ $victim eq 'source' ? $from : $to };
			if ($kills % 3 == 0)
			{
				$node->kill9;
			}
			else
			{
				$node->stop('immediate');
			}
			# not before the backends of the old one are gone
			for (my $tries = 0; $tries < 100 && !$node->start(fail_ok => 1); $tries++)
			{
				$node->{_pid} = undef;
				sleep(0.1);
			}
		}
		my $ended = eval { $mover->finish };
		$said .= "$out--\n";
		last if !$killed;
	}
	my $ok = ask($to, "SELECT state FROM azr_slots() WHERE slot = $slot") eq 'own' && ask($from, "SELECT state FROM azr_slots() WHERE slot = $slot") eq 'foreign';
	ok($ok, "slot $slot moves from $from to $to" . (@at ? ", $victim killed " . @at . ' times' : '')) or diag($said);
	$place{$slot} = $to;
	return $said;
}

SKIP:
{
	skip 'needs python3-psycopg2', 1 if system("$python -c 'import psycopg2' 2>/dev/null");

	my @slots = (17, 18, 400, 401, 700, 1000);
	%place = map { my $slot = $_; $slot => (grep { ask($_, "SELECT state FROM azr_slots() WHERE slot = $slot") eq 'own' } @names)[0] } @slots;
	my ($report, $errors) = ('', '');
	my $load = IPC::Run::start([ $python, "$ENV{TESTDIR}/test/scale/load.py", "$ENV{TESTDIR}/docs/clients", "$dir/stop", join(',', @slots), map { "$_=" . $node{$_}->connstr('postgres') } @names ],
		'<', \undef, '>', \$report, '2>', \$errors, IPC::Run::timeout(PATIENCE * (2 + $rounds)));
	$load->pump until $report =~ /started/ || !$load->pumpable;

	my $turn = 0;
	foreach my $round (1 .. $rounds)
	{
		foreach my $move (1 .. 12)
		{
			my $slot = $slots[ $turn++ % @slots ];
			my $to = $names[ (index('abcd', $place{$slot}) + 1 + $turn % 3) % 4 ];
			my ($victim, @at) = ('');

			if ($move > 9)
			{
				($victim, @at) = ('target', grep { ($_ + $move) % 3 == 0 || $rounds > 1 } 0 .. $#steps);
			}
			elsif ($move > 6)
			{
				($victim, @at) = ('source', grep { ($_ + $move) % 3 == 0 || $rounds > 1 } 0 .. $#steps);
			}
			elsif ($move > 3)
			{
				($victim, @at) = ('mover', 0 .. $#steps);
			}
			move($slot, $to, $victim, map { $steps[$_] } @at);
			$load->pump_nb;
		}
	}
	append_to_file("$dir/stop", '');
	eval { $load->finish };
	like($report, qr/^problems: 0$/m, 'what was acknowledged is there once, reads were right, and each event was handled once') or diag($report, $errors);
	like($report, qr/[1-9]\d+ appends/, 'and it was much');
	note($report);
	cmp_ok($kills, '>=', 30, 'with so many killed');
}

# -- a router is told

my $nodes = $file;
SKIP:
{
	skip 'PL/Proxy is not installed', 1 if !ask('a', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'plproxy'});
	my $root = ask('a', q{SELECT root FROM (SELECT azr_root('routed', i::text) AS root FROM generate_series(1, 20000) i OFFSET 0) r WHERE azr_slot(root) = 17 LIMIT 1});
	my ($owner, @others) = sort { ($b eq $place{17}) <=> ($a eq $place{17}) } @names;

	ask($_, q{SELECT azr_group_drop('load')}) foreach @names;
	ask('a', 'CREATE DATABASE router');
	$node{a}->safe_psql('router', 'CREATE SCHEMA es; CREATE EXTENSION angzarr_router SCHEMA es CASCADE; ALTER DATABASE router SET search_path = public, es');
	my $router = $node{a}->connstr('router');
	my $routed = "$dir/routed";
	append_to_file($routed, slurp_file($nodes) . "router r = $router\n");
	$file = $routed;
	like(scale('status'), qr/^router r has an old map: slot 0-1023 elsewhere: script\/scale tell$/m, 'a router that knows nothing');
	is(scale('tell'), "router r was told of 1024 slots\n", 'is told');
	is(scale('tell'), '', 'once');

	# one after the other, without end; what is refused is not tried again
	append_to_file("$dir/appends.sql", qq{SELECT outcome FROM azr_append('routed', NULL, '$root', NULL, '{T}', '{x}'::bytea[]);\n} x 200_000);
	my ($done, $refused) = ('', '');
	my $writer = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never', '-d', $router, '-f', "$dir/appends.sql" ],
		'<', \undef, '>', \$done, '2>', \$refused, IPC::Run::timeout(PATIENCE));
	my $goes_on = sub {
		$writer->pump_nb;
		my $before = length $done;
		$writer->pump while $writer->pumpable && length $done < $before + 100;
		return length $done >= $before + 100;
	};
	ok($goes_on->(), 'appends through a router') or diag($refused);
	like(scale('move', 17, $owner, $others[0]), qr/^router r was told of 1 slot$/m, 'a move tells it');
	ok($goes_on->(), 'and they go on') or diag($refused);
	$file = $nodes;
	scale('move', 17, $others[0], $others[1]);
	$file = $routed;
	my ($said, $sound) = scale('status');
	ok(!$sound, 'an old map is trouble');
	like($said, qr/^router r has an old map: slot 17 elsewhere: script\/scale tell$/m, 'which status shows') or diag($said);
	is(scale('tell'), "router r was told of 1 slot\n", 'and tell ends');
	ok($goes_on->(), 'then they go on') or diag($refused);
	$writer->signal('KILL');
	eval { $writer->finish };    # reads what it has still said
	my $appended = () = $done =~ /^added$/mg;
	my ($stored) = $node{ $others[1] }->safe_psql('postgres', "SELECT azr_next_sequence('routed', NULL, '$root')");
	ok($stored == $appended || $stored == $appended + 1, "$stored are stored of $appended");
	like($refused, qr/ZR013/, 'an old map asks the wrong node');
	unlike($refused, qr/(?:ERROR|FATAL):  (?!ZR013)/, 'and is refused for nothing else');

	# one that is not there
	append_to_file($routed, "router gone = host=$dir/none dbname=none\n");
	($said, $sound) = scale('tell');
	ok(!$sound, 'one that is not there cannot be told');
	like($said, qr/^router gone was not told: .*: run script\/scale tell later$/m, 'it says so');
	like(scale('status'), qr/^router gone cannot be asked: .*/m, 'as status does');
}
$file = $nodes;

# the move that was given up has left something on its target, until it is deleted
($out, $ok) = scale('clean');
ok($ok, 'what is left over can be deleted') or diag($out);
like($out, qr/^nothing is left over$/m, 'all of it');
foreach my $name (@names)
{
	is(ask($name, 'SELECT * FROM azr_check()'), '', "node $name is sound");
	is(ask($name, q{SELECT count(*) FROM azr_slots() WHERE state NOT IN ('own', 'foreign')}), '0', "and has nothing left of any move");
}
($out, $ok) = scale('status');
ok($ok, 'status finds nothing wrong') or diag($out);

$node{$_}->stop foreach @names;

# -- a demo

{
	local $ENV{TMPDIR} = $dir;
	my $demo = sub {
		my ($in, @arguments) = @_;
		my $said = '';

		IPC::Run::run([ $scale, @arguments ], '<', \$in, '>', \$said, '2>&1', IPC::Run::timeout(PATIENCE));
		return $said;
	};
	my $append = q{SELECT outcome FROM azr_append('demo', NULL, azr_root('demo', '1'), NULL, '{T}', '{x}'::bytea[]);};

	my $said = $demo->('', '--installed', 'init', 1);
	like($said, qr/^node a owns 1024 slots: 0-1023$/m, 'a demo');
	like($demo->($append, 'psql', 'a'), qr/added/, 'its node');
SKIP:
	{
		skip 'PL/Proxy is not installed', 2 if $said =~ /^There is no router, since PL\/Proxy is not installed/m;
		like($demo->($append, 'psql', 'router'), qr/added/, 'its router');
		my ($pid) = (glob("$dir/angzarr-scale.*/router/data/postmaster.pid"));
		kill 'KILL', slurp_file($pid) =~ /^(\d+)/;
		$demo->('', '--installed', 'init');
		like($demo->($append, 'psql', 'router'), qr/added/, 'which was killed, and starts again');
	}
	like($demo->('', 'stop'), qr/^stopped all of it/m, 'is stopped');
	is(join(' ', glob("$dir/angzarr-scale.*")), '', 'and is gone');
}

done_testing();
