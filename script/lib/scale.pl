#!/usr/bin/perl
#
# scale.pl [OPTION...] COMMAND [ARGUMENT...]
#
# What script/scale does with a store that is kept on several nodes; docs/scale.md says what
# the commands are for.  Nodes are named in a file, one in a line: "name = connection string".
#
# Nothing is kept here.  Who owns a slot, and how far a move has come, each node says itself
# (azr_slots), and every step can be repeated.  So whatever breaks off, the same command goes
# on where it stands.  A slot never has two owners: a node takes it only after another one has
# said that it no longer has it.
#
# A line may begin with "router": that is a database of angzarr_router, which is told where slots
# are.  One with an old map asks the wrong node, and gets ZR013 from it.
#
# Environment: PSQL, the program (psql).  psql takes PGPASSFILE and the like from it, too.

use strict;
use warnings;

use Fcntl qw(:flock);
use File::Temp;
use IO::Handle;
use List::Util qw(max min sum0);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant {
	SLOTS        => 1024,
	BAR_WIDTH    => 64,
	SMALL_REST   => 500,      # rows that are worth standing still for
	MAX_PASSES   => 100,      # of copying while the slot is written to
	DROP_EVENTS  => 10_000,
	NEAR         => 10_000,   # positions that a group may be behind when the slot is frozen
	FROZEN_WAIT  => 20,       # seconds that one may stand still while nobody can write to the slot
	NUMBERED     => 10_000,   # appends that azr_feed_advance gives positions to at a time
	ROUTER_PAUSE => 10,       # seconds before a router that cannot be told is tried again
	LOCK_TIMEOUT => '500ms',
	BY_INDEX     => 'SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off',
	FIELD        => "\x1f",
	RECORD       => "\x1e",
};

# An error that a node gave: the SQLSTATE, or none if the connection broke, and its words.
package NodeError
{
	sub throw { my ($class, %fields) = @_; die bless {%fields}, $class }
	sub lost { return !defined $_[0]{code} }
	sub text { return main::title($_[0]{node}) . ": $_[0]{text}" }
}

my %options = (batch => 50_000, wait => 60, index => 100_000, plan => 0);
my (@nodes, %connection, @routers, %schema, %untold, %partition);
my $tell_steps = 1;
my ($psql) = $ENV{PSQL} || 'psql';
my %commands = (
	divide    => [ \&divide ],
	status    => [ \&status ],
	move      => [ \&move, qw(SLOTS FROM TO) ],
	rebalance => [ \&rebalance ],
	tell      => [ \&tell ],
	clean     => [ \&clean ],
);

STDOUT->autoflush(1);
$SIG{PIPE} = 'IGNORE';
exit main();

sub main
{
	my @arguments = read_options(@ARGV);
	my $command = shift @arguments // refuse('give a command');
	my ($code, @names) = @{ $commands{$command} // refuse("there is no command $command: see script/scale help") };

	refuse(@names ? "$command takes @names" : "$command takes no argument") if @arguments != @names;
	refuse('--plan and --without are for rebalance') if ($options{plan} || $options{without}) && $command ne 'rebalance';
	read_nodes();
	my $status = eval { $code->(@arguments) };
	return $status if defined $status;
	refuse($@->text) if ref $@ && $@->isa('NodeError');
	refuse($@ =~ s/\n\z//r);
}

sub refuse
{
	my ($message) = @_;

	print STDERR "script/scale: $message\n";
	exit 1;
}

sub say_line { print "$_[0]\n" }

sub step { say_line($_[0]) if $tell_steps }

sub read_options
{
	my @rest = @_;
	my @arguments;

	while (@rest)
	{
		my $argument = shift @rest;
		if ($argument eq '--plan')
		{
			$options{plan} = 1;
		}
		elsif ($argument =~ /^--(nodes|wait|batch|index|without)(?:=(.*))?$/s)
		{
			$options{$1} = $2 // shift @rest // refuse("$argument needs a value");
		}
		elsif ($argument =~ /^-/)
		{
			refuse("there is no option $argument");
		}
		else
		{
			push @arguments, $argument;
		}
	}
	defined $options{nodes} or refuse('name the file of nodes: --nodes FILE');
	$options{wait} =~ /^\d{1,6}$/ or refuse("not a number of seconds: $options{wait}");
	$options{index} =~ /^\d{1,12}$/ or refuse("not a number of streams: $options{index}");
	$options{batch} =~ /^[1-9]\d{0,8}$/ or refuse("not a number of events: $options{batch}");
	return @arguments;
}

# --- The file of nodes ------------------------------------------------------------------------

sub read_nodes
{
	my $line = 0;

	open(my $file, '<', $options{nodes}) or refuse("cannot read $options{nodes}: $!");
	foreach (<$file>)
	{
		$line++;
		next if /^\s*(#|$)/;
		/^\s*(router\s+)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,62})\s*=\s*(\S.*?)\s*$/
		  or refuse("$options{nodes}, line $line: must be NAME = CONNECTION STRING, or router NAME = CONNECTION STRING");
		refuse("$options{nodes}, line $line: there are two lines for $2") if $connection{$2};
		$connection{$2} = $3;
		push @{ $1 ? \@routers : \@nodes }, $2;
	}
	close($file);
	@nodes or refuse("$options{nodes} names no node");
	!defined $options{without} || grep { $_ eq $options{without} } @nodes
	  or refuse("$options{nodes} names no node $options{without}");
}

# What a name of the file is called in messages.
sub title
{
	my ($name) = @_;

	return "node $name" if !is_router($name);
	return $name eq 'router' ? 'the router' : "router $name";
}

sub is_router
{
	my ($name) = @_;

	return scalar grep { $_ eq $name } @routers;
}

# One at a time changes who owns what.  The lock goes with the process, however it ends.
sub lock_nodes
{
	our $lock;

	open($lock, '<', $options{nodes}) or refuse("cannot read $options{nodes}: $!");
	flock($lock, LOCK_EX | LOCK_NB) or refuse("another script/scale is at work on the nodes of $options{nodes}");
}

# --- Asking a node ----------------------------------------------------------------------------

sub quote
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return $text =~ s/\\/\\\\/g ? " E'$text'" : "'$text'";
}

sub psql_command
{
	my ($node, @arguments) = @_;

	return ($psql, '-X', '-q', '-A', '-t', '-F', FIELD, '-R', RECORD, '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose',
		'-v', 'SHOW_CONTEXT=never', '-d', $connection{$node}, @arguments);
}

# Starts a program with files for its input, output and errors.
sub start
{
	my ($in, $out, $err, @command) = @_;
	my $pid = fork // die "cannot start a process: $!\n";

	return $pid if $pid;
	open(STDIN, '<&', $in) && open(STDOUT, '>&', $out) && open(STDERR, '>&', $err) or POSIX::_exit(127);
	exec { $command[0] } @command or print STDERR "cannot run $command[0]: $!\n";
	POSIX::_exit(127);
}

sub temporary { return File::Temp->new(TEMPLATE => 'angzarr-scale-XXXXXXXX', TMPDIR => 1) }

sub contents
{
	my ($file) = @_;

	seek($file, 0, 0);
	local $/;
	return scalar(<$file>) // '';
}

# Throws what psql said, if it failed.
sub check
{
	my ($node, $status, $errors) = @_;

	return if $status == 0;
	my $text = contents($errors);
	refuse($text =~ s/\n\z//r) if $status >> 8 == 127;
	$text =~ s/^psql:.*?: (?=[A-Z]+:)//mg;
	my ($code, $message) = $text =~ /^(?:ERROR|FATAL|PANIC):  ([0-9A-Z]{5}): (.*)/m;

	if (defined $message)
	{
		$text = join ' ', "$message.", $text =~ /^(?:DETAIL|HINT):  (.*)/mg;
	}

	# 2: the connection could not be made, or broke; but while a COPY runs, only the words say that it did
	$code //= '';
	undef $code if ($status >> 8) == 2 || ($status & 127) || $code =~ /^(57P0[123]|08...)$/
	  || ($code eq '' && $text =~ /^WARNING:  57P0[123]:|server closed the connection|connection to server was lost/m);
	NodeError->throw(node => $node, code => $code, text => $text =~ s/\s*\n\s*/ /gr =~ s/ \z//r || "psql ended with status $status");
}

# What each session begins with, so that both ends write times alike, and names mean the store's.
sub session
{
	my ($node) = @_;

	return ('SET client_min_messages = warning', "SET TimeZone = 'UTC'", 'SET DateStyle = ISO', defined $schema{$node} ? "SET search_path = $schema{$node}" : ());
}

# Runs statements on a node, and returns the rows of the one that gives rows.
sub ask
{
	my ($node, @statements) = @_;
	my ($in, $out, $err) = map { temporary() } 1 .. 3;

	binmode $in, ':raw';
	print {$in} "$_;\n" foreach session($node), @statements;
	$in->flush;
	seek($in, 0, 0);
	my $pid = start($in, $out, $err, psql_command($node, '-f', '-'));
	waitpid($pid, 0);
	check($node, $?, $err);
	return map { [ split FIELD, s/\n\z//r, -1 ] } split RECORD, contents($out) =~ s/\n\z//r;
}

sub ask_one { return (ask(@_))[0][0] }

# Where the extension is on a node.
sub find_schema
{
	my ($node) = @_;

	return if defined $schema{$node};
	my $extension = is_router($node) ? 'angzarr_router' : 'angzarr';
	my ($schema) = ask($node, "SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = '$extension'");
	if (!$schema)
	{
		my $missing = "has no extension $extension: CREATE EXTENSION $extension";
		refuse("node $node $missing") if !is_router($node);
		NodeError->throw(node => $node, code => '', text => "$missing CASCADE");
	}
	$schema{$node} = $schema->[0];
}

# Runs statements in a transaction that waits for all who use streams.  While it waits, all others
# wait for it: so it does not wait for long, and tries again.
sub ask_alone
{
	my ($node, $what, @statements) = @_;
	my $end = time + $options{wait};
	my $told = 0;

	for (my $pause = 0.05;; $pause = min($pause * 2, 2))
	{
		my @rows = eval { ask($node, 'SET lock_timeout = ' . quote(LOCK_TIMEOUT), 'BEGIN', @statements, 'COMMIT') };
		return @rows if !$@;
		die $@ if !ref $@ || $@->lost || $@->{code} !~ /^(55P03|40P01)$/;
		die $@ if time > $end;
		if (!$told++)
		{
			my ($other) = ask($node, q{SELECT coalesce('process ' || a.pid, 'a prepared transaction'), coalesce(extract(epoch FROM now() - a.xact_start)::int || ' s', 'some time')
				FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'relation' AND l.granted AND l.relation = 'azr_streams'::regclass
				AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY a.xact_start NULLS FIRST LIMIT 1});
			say_line("$what: waits on node $node for transactions that have used streams"
				  . ($other ? "; the oldest is that of $other->[0], of $other->[1]" : ''));
		}
		sleep($pause * (0.5 + rand));
	}
}

# --- Who owns what ----------------------------------------------------------------------------

# What a node says of each slot: [owner, state, node that it moves to]; undef if nothing was said.
sub slots_of
{
	my ($node) = @_;

	find_schema($node);
	my @rows = ask($node, q{SELECT slot, coalesce(node, ''), state, coalesce(moving_to, '') FROM azr_slots()});
	return undef if !@rows;
	my @slots;
	$slots[ $_->[0] ] = [ @$_[ 1 .. 3 ] ] foreach @rows;
	foreach my $slot (@slots)
	{
		refuse("node $node calls itself $slot->[0]: see $options{nodes}") if $slot->[1] =~ /^(own|frozen)$/ && $slot->[0] ne $node;
	}
	return \@slots;
}

sub is_own { return $_[0][1] eq 'own' || $_[0][1] eq 'frozen' }

# What all nodes say, by their names.
sub read_cluster
{
	my %said = map { $_ => slots_of($_) } @nodes;
	my @silent = grep { !$said{$_} } @nodes;

	@silent == 0 or refuse("node $silent[0] was not told who owns which slot: run script/scale init");
	return \%said;
}

# Who owns each slot, by the owners' own words, or by what is agreed on a node that was not told yet.
sub owners
{
	my ($said) = @_;
	my @owner;

	foreach my $slot (0 .. SLOTS - 1)
	{
		my @claims = grep { $said->{$_} && is_own($said->{$_}[$slot]) } @nodes;
		refuse("slot $slot is owned by @claims at the same time: appends to its streams may differ. Stop one of the nodes, and restore it")
		  if @claims > 1;
		$owner[$slot] = $claims[0] // handed_to($said, $slot);
	}
	return @owner;
}

# The node that a slot was given to that nobody owns: it receives the slot, or was told of nothing yet.
sub handed_to
{
	my ($said, $slot) = @_;

	foreach my $node (grep { $said->{$_} } @nodes)
	{
		my $owner = $said->{$node}[$slot][0];
		next if $owner eq '' || !grep { $_ eq $owner } @nodes;
		return $owner if !$said->{$owner} || ($said->{$owner}[$slot][1] eq 'receiving' && $said->{$owner}[$slot][0] eq $node);
	}
	return undef;
}

# A list of slots as a multirange, and as people read it.
sub ranges
{
	my @slots = sort { $a <=> $b } @_;
	my @ranges;

	foreach my $slot (@slots)
	{
		if (@ranges && $ranges[-1][1] == $slot - 1)
		{
			$ranges[-1][1] = $slot;
		}
		else
		{
			push @ranges, [ $slot, $slot ];
		}
	}
	return @ranges;
}

sub multirange { return "'{" . join(',', map { "[$_->[0],$_->[1]]" } ranges(@_)) . "}'::int4multirange" }

sub listed { return join ', ', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]-$_->[1]" } ranges(@_) }

sub counted { return $_[0] == 1 ? "1 $_[1]" : "$_[0] $_[1]s" }

# Statements that say who owns slots: for a node, to that node.
sub own_statements
{
	my ($node, @owner) = @_;
	my %slots;

	push @{ $slots{ $owner[$_] } }, $_ foreach grep { defined $owner[$_] } 0 .. $#owner;
	return map { "SELECT azr_own_slots('$_', " . multirange(@{ $slots{$_} }) . ', ' . ($_ eq $node ? 'true' : 'false') . ')' }
	  sort { ($b eq $node) <=> ($a eq $node) || $a cmp $b } keys %slots;
}

# init: sees that every node was told who owns what.  At the beginning, the one node that has
# streams owns all slots, or each of the empty nodes its share.
sub divide
{
	my %said = map { $_ => slots_of($_) } @nodes;
	my @silent = grep { !$said{$_} } @nodes;
	my @used = grep { ask_one($_, 'SELECT EXISTS (SELECT FROM azr_streams)') eq 't' } @silent;
	my @owner;

	lock_nodes();
	if (@silent < @nodes)
	{
		@used == 0 or refuse("node $used[0] has streams, and was not told who owns which slot, while other nodes were: see docs/scale.md");
		@owner = owners(\%said);
	}
	elsif (@used)
	{
		@used == 1 or refuse("nodes @used have streams: a store begins with one node, and the others empty");
		@owner = ($used[0]) x SLOTS;
	}
	else
	{
		@owner = map { $nodes[ int($_ * @nodes / SLOTS) ] } 0 .. SLOTS - 1;
	}
	foreach my $node (@silent)
	{
		my @own = grep { ($owner[$_] // '') eq $node } 0 .. SLOTS - 1;
		ask_alone($node, "node $node", own_statements($node, @owner));
		say_line("node $node owns " . counted(scalar @own, 'slot') . (@own ? ': ' . listed(@own) : ', and knows who owns the others'));
	}
	say_line('all nodes know who owns which slot') if !@silent;
	return tell_all_routers() ? 0 : 1;
}

# Tells nodes that know less.  One that receives a slot from a node that no longer has it receives it no
# more, unless it is to have it.
sub tell
{
	lock_nodes();
	tell_all(read_cluster());
	return tell_all_routers() ? 0 : 1;
}

sub tell_all
{
	my ($said) = @_;
	my @owner = owners($said);

	foreach my $node (@nodes)
	{
		my @news = map {
			defined $owner[$_] && $owner[$_] ne $node && $said->{$node}[$_][0] ne $owner[$_] ? $owner[$_] : undef
		} 0 .. SLOTS - 1;
		my $count = grep { defined } @news;

		next if !$count;
		ask_alone($node, "node $node", own_statements($node, @news));
		step("node $node was told of " . counted($count, 'slot'));
	}
}

# --- Telling routers --------------------------------------------------------------------------

# The parameters of a connection string of libpq, in which a router is told of a node: without those
# that it has from its user mapping, and those that it sets itself.  undef, if that is not its form.
sub route
{
	my ($text) = @_;
	my @parameters;

	while ($text =~ /\G\s*([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|\z)/gcs)
	{
		push @parameters, "$1=$2" if $1 !~ /^(user|password|passfile|options)$/;
	}
	return $text =~ /\G\s*\z/gc && @parameters ? join(' ', @parameters) : undef;
}

# Where a router has each slot: undef if nobody has told it, else a route for each.
sub map_of
{
	my ($router) = @_;
	my @map;

	find_schema($router);
	my @rows = ask($router, q{SELECT lower(r), upper(r) - 1, connection FROM azr_router_nodes(), unnest(slots) r});
	foreach (@rows)
	{
		my ($first, $last, $connection) = @$_;
		@map[ $first .. $last ] = (route($connection) // $connection) x ($last - $first + 1);
	}
	return @rows ? \@map : undef;
}

# The slots that a router has elsewhere than with their owner: owner => [slot, ...].
sub misled
{
	my ($map, @owner) = @_;
	my (%slots, %route);

	foreach my $slot (grep { defined $owner[$_] } 0 .. $#owner)
	{
		my $owner = $owner[$slot];
		$route{$owner} //= route($connection{$owner})
		  // NodeError->throw(node => $owner, code => '', text => 'routers need its connection string in the form host=... dbname=...');
		push @{ $slots{$owner} }, $slot if !$map || ($map->[$slot] // '') ne $route{$owner};
	}
	return \%slots;
}

# Tells routers who owns slots.  Returns whether all know: one that cannot be told has an old map, by
# which it gets ZR013 from the nodes.
sub tell_routers
{
	my ($owner, @which) = @_;
	my $all = 1;

	foreach my $router (@which)
	{
		my $told = eval {
			my $map = map_of($router);
			my $slots = misled($map, @$owner);
			my @statements = map { 'SELECT azr_router_map(' . multirange(@{ $slots->{$_} }) . ', ' . quote(route($connection{$_})) . ')' } sort keys %$slots;

			# the first call says where all are
			unshift @statements, $statements[0] =~ s/'\{.*?\}'/'{[0,1023]}'/r if !$map && @statements;
			ask($router, 'BEGIN', @statements, 'COMMIT') if @statements;
			step(title($router) . " was told of " . counted(sum0(map { scalar @$_ } values %$slots), 'slot')) if @statements;
			1;
		};
		die $@ if !$told && !ref $@;
		say_line(title($router) . " was not told: " . $@->{text} . ': run script/scale tell later') if !$told && !$untold{$router};
		delete $untold{$router} if $told;
		$untold{$router} = time if !$told;
		$all &&= $told;
	}
	return $all;
}

# At the end of a command, by what the nodes say, as far as they can be asked.
sub tell_all_routers
{
	my %said;

	return 1 if !@routers;
	foreach my $node (@nodes)
	{
		my $reached = eval { $said{$node} = slots_of($node); 1 };
		die $@ if !$reached && !ref $@;
	}
	return tell_routers([ owners(\%said) ], @routers);
}

# In the middle of one, of a slot that has moved.  A router that cannot be told is not waited for with each slot.
sub tell_routers_of
{
	my ($slot, $owner) = @_;
	my @owner;

	$owner[$slot] = $owner;
	tell_routers(\@owner, grep { !$untold{$_} || time - $untold{$_} > ROUTER_PAUSE } @routers);
}

# --- Moving a slot ----------------------------------------------------------------------------

sub move
{
	my ($slots, $from, $to) = @_;
	my @slots;

	foreach my $part (split /,/, $slots)
	{
		$part =~ /^(\d{1,4})(?:-(\d{1,4}))?$/ && $1 < SLOTS && ($2 // $1) < SLOTS && ($2 // $1) >= $1
		  or refuse('slots are numbers from 0 to ' . (SLOTS - 1) . ", such as 17 or 16-31,40: $slots");
		push @slots, $1 .. $2 // $1;
	}
	foreach my $node ($from, $to)
	{
		grep { $_ eq $node } @nodes or refuse("$options{nodes} names no node $node");
	}
	$from ne $to or refuse('a slot moves from one node to another one');
	lock_nodes();
	read_cluster();
	index_streams($_) foreach $from, $to;
	move_slot($_, $from, $to, $options{wait}) foreach @slots;
	tell_all_routers();
	return 0;
}

# Each step of a move asks a node which streams a slot has, for which it reads all that it has, unless there
# is an index.  A small store needs none.  It stays for the next moves; without it, they only take longer.
# Any index that finds all streams of a slot will do.
sub index_streams
{
	my ($node) = @_;
	my $wait = 'SET lock_timeout = ' . quote($options{wait} > 0 ? "$options{wait}s" : LOCK_TIMEOUT);
	my $left = q{EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = 'azr_streams'::regclass AND NOT i.indisvalid AND c.relname = 'azr_streams_slot_idx')};
	my @drop = ($wait, 'DROP INDEX CONCURRENTLY IF EXISTS azr_streams_slot_idx');
	my ($indexed, $making, $rest) = (0, 0, 0);
	my $made = eval {
		find_schema($node);
		my ($row) = ask($node, "SELECT (SELECT count(*) FROM (SELECT FROM azr_streams LIMIT $options{index}) s) = $options{index}, pg_is_in_recovery(), $left,
			EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
				WHERE i.indrelid = 'azr_streams'::regclass AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND m.amname IN ('btree', 'hash')
				AND pg_get_indexdef(i.indexrelid, 1, true) = 'azr_slot(root)')");
		my ($many, $is_standby, $is_left, $is_indexed) = @$row;

		$indexed = $is_indexed eq 't';
		return 1 if $is_standby eq 't' || (!$indexed && $many ne 't');
		step("node $node: makes an index of its streams by slot") if !$indexed;
		$rest = $is_left eq 't';
		ask($node, @drop) if $rest;
		$rest = 0;
		return 1 if $indexed;
		$making = 1;
		ask($node, $wait, 'CREATE INDEX CONCURRENTLY azr_streams_slot_idx ON azr_streams (azr_slot(root))');
		1;
	};
	return if $made;
	die $@ if !ref $@;
	my $text = $@->{text};

	if ($making)
	{
		# nobody reads what is left of it, but appends may have to fill it
		$rest = !eval { ask($node, @drop) if ask_one($node, "SELECT $left") eq 't'; 1 };
		die $@ if $rest && !ref $@;
	}
	$text = "no index of its streams, so moves take longer: $text" if !$indexed;
	$text .= " An index that is not whole may be left, which costs appends time: run this again, or DROP INDEX CONCURRENTLY $schema{$node}.azr_streams_slot_idx"
	  if $rest;
	say_line("node $node: $text");
}

# Takes a move to its end, from wherever it stands.  A node that cannot be reached is waited for.
sub move_slot
{
	my ($slot, $from, $to, $drop_wait) = @_;
	my $end = time + $options{wait};
	my $waiting = 0;

	while (1)
	{
		my $progress = 0;
		my $done = eval { continue_move($slot, $from, $to, $drop_wait, \$progress); 1 };

		return if $done;
		die $@ if !ref $@ || !$@->lost;
		($end, $waiting) = (time + $options{wait}, 0) if $progress;
		die $@ if time > $end;
		say_line("slot $slot: waits for node $@->{node}: $@->{text}") if !$waiting++;
		sleep(0.5);
	}
}

sub continue_move
{
	my ($slot, $from, $to, $drop_wait, $progress) = @_;
	my %state = map { $_ => state_of($_, $slot) } $from, $to;
	my $frozen_at = $state{$from}[1] eq 'frozen' ? time : undef;
	my $copied = 0;

	if (is_own($state{$from}))
	{
		check_move($slot, $from, $to, \%state);
		if ($state{$to}[1] ne 'receiving')
		{
			ask($to, "SELECT azr_slot_receive($slot, '$from')");
			step("slot $slot: $to receives it");
		}
		$$progress = 1;
		if (!defined $frozen_at)
		{
			my $passes = 0;
			my ($events, $rest) = (0, 0);

			do
			{
				$rest = copy($slot, $from, $to);
				$events += $rest;
			} while ($rest >= SMALL_REST && ++$passes < MAX_PASSES);
			step('slot ' . $slot . ': ' . counted($events, 'event') . ' copied');
			wait_for_groups($slot, $from, 0) or refuse("slot $slot stays on $from: run this again when the group has come on");
			$frozen_at = time;
			ask_alone($from, "slot $slot", "SELECT azr_slot_freeze($slot, '$to')");
			step("slot $slot: $from has frozen it");
		}
		1 while copy($slot, $from, $to);
		step("slot $slot: the rest copied");
		if (!wait_for_groups($slot, $from, 1))
		{
			ask_alone($from, "slot $slot", "SELECT azr_own_slots('$from', " . multirange($slot) . ')');
			refuse("slot $slot stays on $from, and can be written to: run this again when the group has workers, or drop the group if nobody works for it");
		}
		copy_state($slot, $from, $to);
		check_same($slot, $from, $to);
		step("slot $slot: positions and snapshots copied");
		ask_alone($from, "slot $slot", "SELECT azr_own_slots('$to', " . multirange($slot) . ', false)');
		step("slot $slot: $from has given it up");
		$state{$from} = [ $to, 'leftover' ];
	}
	elsif (!is_own($state{$to}) && $state{$from}[0] ne $to)
	{
		refuse("slot $slot is not owned by $from, but by " . ($state{$from}[0] eq '' ? 'a node that it does not know' : $state{$from}[0]));
	}
	if (!is_own($state{$to}))
	{
		# what is lacking would be lost
		check_same($slot, $from, $to) if $state{$from}[1] eq 'leftover';
		ask_alone($to, "slot $slot", "SELECT azr_own_slots('$to', " . multirange($slot) . ')');
		step("slot $slot: $to owns it" . (defined $frozen_at ? sprintf('; nobody could write to it for %.2f s', time - $frozen_at) : ''));
	}
	$$progress = 1;
	tell_routers_of($slot, $to);
	tell_others($slot, $from, $to);
	drop_rest($slot, $from, $drop_wait) if $state{$from}[1] eq 'leftover';
	step("slot $slot: done");
}

sub state_of
{
	my ($node, $slot) = @_;

	find_schema($node);
	my ($row) = ask($node, "SELECT coalesce(node, ''), state, coalesce(moving_to, '') FROM azr_slots() WHERE slot = $slot");
	$row or refuse("node $node was not told who owns which slot: run script/scale init");
	return $row;
}

# Whatever would make the move end badly.
sub check_move
{
	my ($slot, $from, $to, $state) = @_;

	refuse("slot $slot is moving from $from to $state->{$from}[2]: first run script/scale move $slot $from $state->{$from}[2]")
	  if $state->{$from}[1] eq 'frozen' && $state->{$from}[2] ne $to;
	refuse("slot $slot is owned by $from and $to at the same time: appends to its streams may differ. Stop one of the nodes, and restore it")
	  if is_own($state->{$to});
	check_groups($from, $to);
	check_editions($from, $to);
	my ($parked) = ask($from, "SELECT handler, domain || '/' || root FROM azr_parked() WHERE azr_slot(root) = $slot LIMIT 1");
	refuse("slot $slot: the group $parked->[0] has parked stream $parked->[1]: retry it first, with azr_retry") if $parked;
}

# An edition that the target has registered with another divergence would branch off elsewhere there.
sub check_editions
{
	my ($from, $to) = @_;
	my %editions = map { $_ => { map { ("$_->[0]/$_->[1]" => $_->[2]) } ask($_, q{SELECT domain, edition, coalesce(divergence::text, 'none') FROM azr_registered_editions}) } } $from, $to;
	foreach my $edition (sort keys %{ $editions{$from} })
	{
		my ($here, $there) = map { $editions{$_}{$edition} } $from, $to;
		refuse("the edition $edition is registered with divergence $here on node $from, and $there on node $to: they must be the same")
		  if defined $there && $there ne $here;
	}
}

# Slots go only to a node that has the same groups: or else events would be handled by none, or twice.
sub check_groups
{
	my ($from, $to) = @_;
	my %groups = map { $_ => { map { $_->[0] => $_->[1] } ask($_, q{SELECT handler, format('domains %s and types %s', coalesce(domains::text, 'all'), coalesce(types::text, 'all')) FROM azr_registered_groups}) } } $from, $to;
	foreach ([ $from, $to ], [ $to, $from ])
	{
		my ($has, $lacks) = @$_;
		foreach my $handler (sort keys %{ $groups{$has} })
		{
			my $theirs = $groups{$lacks}{$handler};
			refuse("node $lacks has no group $handler, and node $has has one: make it with azr_group_create, or drop it on both. Each event must be handled, and once")
			  if !defined $theirs;
			refuse("the group $handler has $groups{$has}{$handler} on node $has, and $theirs on node $lacks: they must be the same")
			  if $theirs ne $groups{$has}{$handler};
		}
	}
}

# Copies a batch of events that the target lacks, whole appends.  Returns how many rows there were.
sub copy
{
	my ($slot, $from, $to) = @_;
	my ($ends, $err) = (temporary(), temporary());
	my $pid = start(temporary(), $ends, $err, psql_command($to, map { ('-c', $_) } session($to), "COPY (SELECT * FROM azr_slot_ends($slot)) TO STDOUT"));

	waitpid($pid, 0);
	check($to, $?, $err);
	return transport($slot, $from, $to,
		"SELECT * FROM azr_slot_export($slot, (SELECT array_agg(ROW(e.*)::azr_slot_end) FROM moved_ends e), $options{batch})", contents($ends));
}

sub copy_state
{
	my ($slot, $from, $to) = @_;

	return transport($slot, $from, $to, "SELECT * FROM azr_slot_export_state($slot)", '');
}

# Has the rows of a query on the source stored by the target, in one transaction there.
sub transport
{
	my ($slot, $from, $to, $query, $ends) = @_;
	my ($in, $out, @err) = map { temporary() } 1 .. 4;
	my ($read, $write);

	binmode $in, ':raw';
	print {$in} "$_;\n" foreach session($from), 'BEGIN', 'CREATE TEMP TABLE moved_ends OF azr_slot_end ON COMMIT DROP';
	print {$in} "COPY moved_ends FROM STDIN;\n$ends\\.\nCOPY ($query) TO STDOUT (FORMAT binary);\nCOMMIT;\n";
	$in->flush;
	seek($in, 0, 0);
	pipe($read, $write) or die "cannot make a pipe: $!\n";
	my $source = start($in, $write, $err[0], psql_command($from, '-f', '-'));
	my $target = start($read, $out, $err[1], psql_command($to, map { ('-c', $_) } session($to), 'BEGIN',
			'CREATE TEMP TABLE moved OF azr_slot_row ON COMMIT DROP', 'COPY moved FROM STDIN (FORMAT binary)',
			"SELECT azr_slot_import($slot, 'TABLE moved')", 'COMMIT'));
	close($read);
	close($write);
	waitpid($source, 0);
	my $source_status = $?;
	waitpid($target, 0);
	my $target_status = $?;

	# when one breaks off, so does the other: the one that says why comes first
	check($from, $source_status, $err[0]) if $source_status && ($source_status & 127) != 13 && contents($err[0]) !~ /could not write to output|broken pipe/i;
	check($to, $target_status, $err[1]);
	check($from, $source_status, $err[0]);
	return contents($out) =~ s/\s.*//sr;
}

# Do both have the same streams, as long as each other?
sub check_same
{
	my ($slot, $from, $to) = @_;
	my $query = "SELECT count(*) || ' ' || coalesce(sum(next_sequence), 0) || ' ' || md5(coalesce(string_agg(e::text, ' ' ORDER BY domain COLLATE \"C\", edition COLLATE \"C\", root), '')) FROM azr_slot_ends($slot) e";
	my ($here, $there) = map { ask_one($_, $query) } $from, $to;

	$here eq $there
	  or refuse("slot $slot: node $from has streams and events ($here) that node $to lacks ($there). Nobody owns the slot as long as you do nothing");
}

# Waits until the groups of a node are done with what they have of a slot, so that a stream's events
# come in order also over a move.  While the slot is written to, being near is enough.  When nobody can
# write to it, one that stands still for long has no worker.
sub wait_for_groups
{
	my ($slot, $node, $frozen) = @_;
	my $end = time + $options{wait};
	my ($told, $place, $here_since) = (0, '');

	# what is committed gets positions; others go on writing meanwhile, to other slots
	my ($head, $before) = (-1);
	do
	{
		($before, $head) = ($head, ask_one($node, 'SELECT azr_feed_advance()'));
	} while $head - $before >= NUMBERED;
	while ($frozen && ask_one($node, BY_INDEX, has_no_position($slot)) eq 't')
	{
		if (time > $end)
		{
			say_line("slot $slot: some of its events have no position in the feed of node $node: somebody keeps others from numbering it");
			return 0;
		}
		sleep(0.05);
		ask($node, 'SELECT azr_feed_advance()');
	}
	$head = ask_one($node, 'SELECT azr_feed_head()');
	while (1)
	{
		my $behind = group_behind($slot, $node, $head, $frozen);
		return 1 if !defined $behind;
		my $now = "$behind " . ask_one($node, 'SELECT sum("position") FROM azr_groups() WHERE handler = ' . quote($behind));
		($place, $here_since) = ($now, time) if $now ne $place;
		if (time > $end || ($frozen && time - $here_since > FROZEN_WAIT))
		{
			say_line("slot $slot: group $behind on node $node is not done with the slot's events");
			return 0;
		}
		step("slot $slot: waits for group $behind on node $node") if !$told++;
		sleep($frozen ? 0.05 : 0.5);
	}
}

# Asks whether numbering has not come to some of a slot's events, or passed over them before they were
# committed.  Nobody can write to the slot meanwhile, and the planner cannot know that these are few: so
# it is told to look for them first, and by the indexes.
sub has_no_position
{
	my ($slot) = @_;

	return "SELECT EXISTS (SELECT FROM azr_feed_state f,
		LATERAL (SELECT f.next_ticket, 9223372036854775807 UNION ALL SELECT f.pending[i], f.pending[i + 1] FROM generate_series(1, cardinality(f.pending), 3) i) r (first, last),
		LATERAL (SELECT stream_id FROM azr_main_events WHERE ticket BETWEEN r.first AND r.last OFFSET 0) e,
		LATERAL (SELECT root FROM azr_streams s WHERE s.stream_id = e.stream_id OFFSET 0) s WHERE azr_slot(s.root) = $slot)";
}

# A group that has yet to handle events up to a position: of this slot, or more than are looked at.
sub group_behind
{
	my ($slot, $node, $head, $frozen) = @_;
	my %group;

	push @{ $group{ $_->[0] } }, $_ foreach ask($node, 'SELECT handler, "partition", "position" FROM azr_groups() ORDER BY 1, 2');
	foreach my $handler (sort keys %group)
	{
		my @position = map { $_->[2] } @{ $group{$handler} };
		my $first = min(@position);

		next if $first >= $head;
		return $handler if $head - $first > NEAR;
		next if !$frozen;

		# what came here by a move after the group was made was handled where it came from
		my @last = ask($node, BY_INDEX, "SELECT s.stream_id, max(f.\"position\")
			FROM azr_registered_groups g, azr_feed($first, $head - $first, g.domains, g.types, true) f
			JOIN azr_streams s ON s.root = f.root AND s.domain = f.domain AND s.edition = f.edition
			WHERE g.handler = " . quote($handler) . " AND azr_slot(f.root) = $slot
			AND NOT EXISTS (SELECT FROM azr_main_events e WHERE e.stream_id = s.stream_id AND e.ticket_events < 0 AND e.ticket > g.moved_after
				AND e.sequence = (SELECT max(b.sequence) FROM azr_main_events b WHERE b.stream_id = s.stream_id AND b.sequence <= f.sequence AND b.ticket IS NOT NULL))
			GROUP BY s.stream_id");
		learn_partitions($node, scalar @position, @last);
		return $handler if grep { $_->[1] > $position[ $partition{$node}{ scalar @position }{ $_->[0] } ] } @last;
	}
	return undef;
}

# Has a node say in which of so many partitions streams are, given as [stream, position of an event of
# it, ...]: as a group does that is made for this, and gone before anybody else sees it.
sub learn_partitions
{
	my ($node, $partitions, @streams) = @_;
	my $known = $partition{$node}{$partitions} //= {};
	my @new = grep { !defined $known->{ $_->[0] } } @streams;
	my $group = quote("script/scale $$");

	return if !@new;
	my $list = join ', ', map { "($_->[0], $_->[1])" } @new;
	$known->{ $_->[0] } = $_->[1] foreach ask($node, 'BEGIN', 'CREATE TEMP TABLE partitions (stream bigint, "partition" int) ON COMMIT DROP', <<"DO", 'SELECT stream, "partition" FROM partitions', 'ROLLBACK');
DO \$\$
DECLARE
	asked record;
BEGIN
	PERFORM azr_group_create($group, $partitions);
	FOR asked IN SELECT * FROM (VALUES $list) v (stream, at) LOOP
		PERFORM azr_group_seek($group, asked.at - 1);
		INSERT INTO partitions SELECT s.stream_id, f."partition" FROM azr_fetch($group, 1, $partitions) f
			JOIN azr_streams s ON s.root = f.root AND s.domain = f.domain AND s.edition = f.edition
			WHERE s.stream_id = asked.stream LIMIT 1;
	END LOOP;
END \$\$
DO
	my @unknown = grep { !defined $known->{ $_->[0] } } @new;
	refuse('no group can tell the partition of ' . counted(scalar @unknown, 'stream') . " on node $node") if @unknown;
}

sub tell_others
{
	my ($slot, $from, $to) = @_;
	my @told;

	foreach my $node (grep { $_ ne $from && $_ ne $to } @nodes)
	{
		my $told = eval {
			my $state = state_of($node, $slot);
			ask_alone($node, "slot $slot", "SELECT azr_own_slots('$to', " . multirange($slot) . ', false)')
			  if $state->[0] ne $to;
			1;
		};
		die $@ if !$told && !ref $@;

		# it knows an owner that will name the next one
		say_line("slot $slot: not told: " . $@->text . ': run script/scale tell later') if !$told;
		push @told, $node if $told;
	}
	step("slot $slot: told: @told") if @told;
}

# Deletes what a node has of a slot that is another one's, as soon as its groups are done with it.
sub drop_rest
{
	my ($slot, $node, $wait) = @_;
	my $end = time + $wait;
	my $events = 0;
	my $told = 0;

	while (1)
	{
		my $deleted = eval { ask_one($node, "SELECT azr_slot_drop($slot, " . DROP_EVENTS . ')') };
		die $@ if $@ && (!ref $@ || $@->lost || $@->{code} ne '55000');
		if (!$@)
		{
			$events += $deleted;
			next if $deleted > 0;
			step('slot ' . $slot . ': ' . counted($events, 'event') . " deleted on $node");
			return 1;
		}
		if (time > $end)
		{
			step("slot $slot: what is left of it on $node stays for now: " . $@->{text} . ' Run script/scale clean later') if $wait;
			return 0;
		}
		step("slot $slot: not deleted on $node yet: " . $@->{text}) if !$told++;

		# it may be that an event has no position in the feed yet
		ask($node, 'SELECT azr_feed_advance()');
		sleep(0.5);
	}
}

# Deletes what moves have left over, wherever that is possible.
sub clean
{
	my $rest = 0;

	lock_nodes();
	my $said = read_cluster();
	foreach my $node (@nodes)
	{
		$rest += !drop_rest($_, $node, 0.001) foreach grep { $said->{$node}[$_][1] eq 'leftover' } 0 .. SLOTS - 1;
	}
	say_line($rest ? counted($rest, 'slot') . ' could not be cleaned yet' : 'nothing is left over');
	return $rest ? 1 : 0;
}

# --- Rebalancing ------------------------------------------------------------------------------

# Moves that were begun: [slot, from, to].
sub begun
{
	my ($said) = @_;
	my @begun;

	foreach my $slot (0 .. SLOTS - 1)
	{
		foreach my $node (@nodes)
		{
			my ($owner, $state, $moving_to) = @{ $said->{$node}[$slot] };
			push @begun, [ $slot, $owner, $node ] if $state eq 'receiving';
		}
	}
	return @begun;
}

# The fewest moves that give each node its share.  Where shares differ by one, those that have most
# keep more.
sub plan
{
	my @owner = @_;
	my %has = map { $_ => [] } @nodes;
	my @keepers = grep { !defined $options{without} || $_ ne $options{without} } @nodes;
	my %place = map { $nodes[$_] => $_ } 0 .. $#nodes;
	my (%share, @moves, @spare);

	@keepers or refuse('no node would be left');
	foreach my $slot (0 .. SLOTS - 1)
	{
		defined $owner[$slot] && $has{ $owner[$slot] } or refuse("no node of $options{nodes} owns slot $slot: see script/scale status");
		push @{ $has{ $owner[$slot] } }, $slot;
	}
	my $more = SLOTS % @keepers;
	foreach my $node (sort { @{ $has{$b} } <=> @{ $has{$a} } || $place{$a} <=> $place{$b} } @keepers)
	{
		$share{$node} = int(SLOTS / @keepers) + ($more-- > 0 ? 1 : 0);
	}
	foreach my $node (@nodes)
	{
		my $spare = @{ $has{$node} } - ($share{$node} // 0);
		push @spare, map { [ $_, $node ] } splice(@{ $has{$node} }, -$spare) if $spare > 0;
	}
	foreach my $node (@keepers)
	{
		my $missing = $share{$node} - @{ $has{$node} };
		push @moves, map { [ @$_, $node ] } splice(@spare, 0, $missing) if $missing > 0;
	}
	return @moves;
}

sub rebalance
{
	lock_nodes() if !$options{plan};
	my $said = read_cluster();
	my @begun = begun($said);
	my @owner = owners($said);

	$owner[ $_->[0] ] = $_->[2] foreach @begun;
	my @moves = plan(@owner);
	say_line('first, ' . counted(scalar @begun, 'move') . ' that was begun: slot ' . listed(map { $_->[0] } @begun)) if @begun;
	show_plan(@moves);
	return 0 if $options{plan};

	my %pairs = map { ("@$_[1, 2]" => $_) } @moves;
	check_groups(@{ $pairs{$_} }[ 1, 2 ]) foreach sort keys %pairs;

	my %moving = map { $_ => 1 } map { @$_[ 1, 2 ] } @begun, @moves;
	index_streams($_) foreach grep { $moving{$_} } @nodes;
	$tell_steps = 0;
	my $started = time;
	my $done = 0;
	my @todo = (@begun, without_streams(@moves));
	foreach (@todo)
	{
		my ($slot, $from, $to) = @$_;
		my $began = time;

		move_slot($slot, $from, $to, 0);
		$done++;
		say_line(sprintf('slot %d: moved from %s to %s in %.1f s, %d of %d', $slot, $from, $to, time - $began, $done, scalar @todo));
	}
	tell_all_routers();
	if (@begun || @moves)
	{
		say_line(sprintf('done in %.0f s', time - $started));
		my $left = grep { $_->[1] eq 'leftover' } map { @$_ } values %{ read_cluster() };
		say_line(counted($left, 'slot') . ' left to be cleaned: run script/scale clean') if $left;
	}
	return 0;
}

sub show_plan
{
	my @moves = @_;
	my %slots;

	say_line('each node has its share: nothing to move') if !@moves;
	push @{ $slots{"from $_->[1] to $_->[2]"} }, $_->[0] foreach @moves;
	say_line("$_: " . counted(scalar @{ $slots{$_} }, 'slot') . ': ' . listed(@{ $slots{$_} })) foreach sort keys %slots;
	say_line(counted(scalar @moves, 'slot') . ' of ' . SLOTS . ' to move') if @moves;
}

# Slots in which nobody has stored anything change hands at once.  Returns the moves that are left.
# In a store with many streams there are none, and looking for them would take long.
sub without_streams
{
	my @moves = @_;
	my (%used, %pairs);

	foreach my $from (map { $_->[1] } @moves)
	{
		next if $used{$from};
		my $many = ask_one($from, 'SELECT count(*) > 20000 FROM (SELECT FROM azr_streams LIMIT 20001) s') eq 't';
		$used{$from} = $many ? undef : { map { $_->[0] => 1 } ask($from, 'SELECT DISTINCT azr_slot(root) FROM azr_streams') };
		$used{$from} //= { map { $_ => 1 } 0 .. SLOTS - 1 };
	}
	my (@rest, %empty);
	foreach my $move (@moves)
	{
		my ($slot, $from, $to) = @$move;
		push @{ $used{$from}{$slot} ? \@rest : $empty{$from}{$to} }, $used{$from}{$slot} ? $move : $slot;
	}
	foreach my $from (sort keys %empty)
	{
		foreach my $to (sort keys %{ $empty{$from} })
		{
			my @slots = @{ $empty{$from}{$to} };

			# so that this goes on as a move, if it breaks off
			ask($to, map { "SELECT azr_slot_receive($_, '$from')" } @slots);
			my $given = eval { ask_alone($from, "slots of $from", "SELECT azr_own_slots('$to', " . multirange(@slots) . ', false)'); 1 };
			if (!$given)
			{
				# somebody has just begun a stream in one of them
				die $@ if !ref $@ || ($@->{code} // '') ne '55000';
				push @rest, map { [ $_, $from, $to ] } @slots;
				next;
			}
			ask_alone($to, "slots of $to", "SELECT azr_own_slots('$to', " . multirange(@slots) . ')');
			say_line(counted(scalar @slots, 'slot') . " without streams given from $from to $to");
		}
	}
	if (%empty)
	{
		tell_all(read_cluster());
		tell_all_routers();
	}
	return @rest;
}

# --- Status -----------------------------------------------------------------------------------

sub status
{
	my (%said, %facts, @trouble, @notes, @groups);
	my $width = max(map { length } @nodes, 'node');

	foreach my $node (@nodes)
	{
		my $reached = eval {
			$said{$node} = slots_of($node);
			($facts{$node}) = ask($node, q{SELECT pg_database_size(current_database()), pg_size_pretty(pg_database_size(current_database())), azr_feed_advance(1000000) + 1,
				(SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'azr_streams'::regclass), pg_is_in_recovery()});
			push @groups, map { [ $node, @$_ ] } ask($node, q{SELECT handler, max(behind), coalesce(extract(epoch FROM max(oldest))::numeric(12,1)::text, '0'), sum(parked)
				FROM azr_groups() GROUP BY handler ORDER BY handler});
			1;
		};
		die $@ if !$reached && !ref $@;
		push @trouble, 'cannot be asked: ' . $@->text if !$reached;
		push @trouble, "node $node was not told who owns which slot: run script/scale init" if $reached && !$said{$node} && @nodes > 1;
	}
	printf "%-*s  %s\n", $width, 'node', 'slots 0 to ' . (SLOTS - 1) . ', ' . SLOTS / BAR_WIDTH . ' in a character: # owns all of them, + some';
	foreach my $node (@nodes)
	{
		my @own = grep { $said{$node} ? is_own($said{$node}[$_]) : $facts{$node} && @nodes == 1 } 0 .. SLOTS - 1;
		my @count = (0) x BAR_WIDTH;

		$count[ int($_ * BAR_WIDTH / SLOTS) ]++ foreach @own;
		printf "%-*s  |%s|%5d%6.1f %%\n", $width, $node, join('', map { $_ == 0 ? ' ' : $_ == SLOTS / BAR_WIDTH ? '#' : '+' } @count), scalar @own, 100 * @own / SLOTS;
	}
	bars('size', $width, map { [ $_, $facts{$_}[0], "$facts{$_}[1], " . counted($facts{$_}[2], 'event') . ' in the feed, about ' . counted($facts{$_}[3], 'stream') . ($facts{$_}[4] eq 't' ? ', a standby' : '') ] } grep { $facts{$_} } @nodes);
	foreach my $handler (sort keys %{ { map { $_->[1] => 1 } @groups } })
	{
		bars("group $handler, events behind", $width, map { [ $_->[0], $_->[2], $_->[2] . ($_->[2] > 0 ? ", the oldest of $_->[3] s" : '') . ($_->[4] > 0 ? ", $_->[4] parked" : '') ] } grep { $_->[1] eq $handler } @groups);
		my @lack = grep { my $node = $_; $facts{$node} && !grep { $_->[0] eq $node && $_->[1] eq $handler } @groups } @nodes;
		push @notes, "the group $handler is not on @lack, so slots cannot move there" if @lack;
	}
	slot_notes(\%said, \@notes, \@trouble);
	router_notes(\%said, \@notes, \@trouble);
	print "\n" if @trouble || @notes;
	say_line($_) foreach @notes, @trouble;
	return @trouble ? 1 : 0;
}

sub bars
{
	my ($title, $width, @rows) = @_;
	my $most = max(map { $_->[1] } @rows) || 1;

	print "\n$title\n";
	printf "%-*s  %-*s  %s\n", $width, $_->[0], BAR_WIDTH / 2, '#' x int($_->[1] / $most * BAR_WIDTH / 2 + 0.5), $_->[2] foreach @rows;
}

# What is in motion, and what is not as it should be.
sub slot_notes
{
	my ($said, $notes, $trouble) = @_;
	my @told = grep { $said->{$_} } @nodes;
	my (%note, %trouble);

	return if !@told;
	foreach my $slot (0 .. SLOTS - 1)
	{
		my @claims = grep { is_own($said->{$_}[$slot]) } @told;
		my ($owner) = @claims;
		my $moving = 0;

		foreach my $node (@told)
		{
			my ($named, $state, $moving_to) = @{ $said->{$node}[$slot] };

			$moving ||= $state eq 'receiving';
			push @{ $note{"moves from $named to $node: script/scale move SLOT $named $node goes on"} }, $slot if $state eq 'receiving';
			push @{ $note{"frozen on $node, to go to $moving_to"} }, $slot if $state eq 'frozen';
			push @{ $note{"left over on $node: script/scale clean"} }, $slot if $state eq 'leftover';
			push @{ $trouble{"$node was not told that it is ${owner}'s: script/scale tell"} }, $slot
			  if defined $owner && $state ne 'receiving' && $owner ne $node && $named ne $owner;
		}
		push @{ $trouble{"two nodes own it, @claims: appends to its streams may differ"} }, $slot if @claims > 1;
		push @{ $trouble{'nobody owns it' . (@told < @nodes ? ', as far as could be asked' : '') } }, $slot if !@claims && !$moving;
	}
	push @$notes, map { 'slot ' . listed(@{ $note{$_} }) . ": $_" } sort keys %note;
	push @$trouble, map { 'slot ' . listed(@{ $trouble{$_} }) . ": $_" } sort keys %trouble;
}

# Which routers know where slots are.
sub router_notes
{
	my ($said, $notes, $trouble) = @_;
	my @owner;

	foreach my $slot (0 .. SLOTS - 1)
	{
		my @claims = grep { $said->{$_} && is_own($said->{$_}[$slot]) } @nodes;
		$owner[$slot] = $claims[0] if @claims == 1;
	}
	return if !grep { defined } @owner;
	foreach my $router (@routers)
	{
		my $slots = eval { misled(map_of($router), @owner) };

		die $@ if !$slots && !ref $@;
		if (!$slots)
		{
			push @$trouble, title($router) . ' cannot be asked: ' . $@->{text};
			next;
		}
		my @old = map { @$_ } values %$slots;
		push @$trouble, title($router) . " has an old map: slot " . listed(@old) . ' elsewhere: script/scale tell' if @old;
		push @$notes, title($router) . " knows who owns which slot" if !@old;
	}
}
