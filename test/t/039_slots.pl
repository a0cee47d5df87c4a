# Slots of several nodes, each a database of its own: every stream is kept on one of them, whoever is
# asked. What was said of slots is in dumps, on standbys and on subscribers, and holds there; no
# prepared transaction slips through.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "fsync = off\nmax_prepared_transactions = 5");
$node->start;
$node->safe_psql('postgres', qq{CREATE DATABASE $_}) foreach qw(a b restored replica);

my $name = q{'shop', NULL, azr_root('shop', i::text)};
my @events = (q{ARRAY['T', 'T']}, q{ARRAY['1', '2']::bytea[]});
my ($lower, $upper) = (q{'{[0,511]}'}, q{'{[512,1023]}'});

$node->safe_psql($_, 'CREATE EXTENSION angzarr') foreach qw(a b);
$node->safe_psql('a', "SELECT azr_own_slots('a', $lower), azr_own_slots('b', $upper, false)");
$node->safe_psql('b', "SELECT azr_own_slots('b', $upper), azr_own_slots('a', $lower, false)");

# What a node answers, by its number in DETAIL if it is asked for another one's stream.
sub ask
{
	my ($database, $call) = @_;
	my ($rc, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\nSELECT $call");

	return $out if $rc == 0;
	return "of $2" if $err =~ /ERROR:  ZR013: .*\nDETAIL:  Slot (\d+) belongs to node "(\w+)"\./;
	return $err;
}

# appends to both, whatever the root
my %kept = (a => 0, b => 0);
my $misled = 0;
foreach my $i (1 .. 60)
{
	my $call = "next_sequence FROM azr_append('shop', NULL, azr_root('shop', '$i'), 0, $events[0], $events[1], correlation_id => 'all')";
	my %answer = map { $_ => ask($_, $call) } qw(a b);
	my ($owner, $other) = $answer{a} eq '2' ? qw(a b) : qw(b a);

	$misled++ unless $answer{$owner} eq '2' && $answer{$other} eq "of $owner";
	$kept{$owner}++;
}
is($misled, 0, 'a stream is kept on one node, and the other one names it');
cmp_ok($kept{a} * $kept{b}, '>', 0, 'both keep some');
is($node->safe_psql('a', "SELECT count(*), max(azr_slot(root)) < 512 FROM azr_roots('shop', NULL) root"), "$kept{a}|t", 'the one lists its own');
is($node->safe_psql('b', "SELECT count(DISTINCT root), min(azr_slot(root)) > 511 FROM azr_trace('all')"), "$kept{b}|t", 'and so does the other');

my $ours = $node->safe_psql('a', "SELECT root FROM azr_roots('shop', NULL) root LIMIT 1");
my $theirs = $node->safe_psql('b', "SELECT root FROM azr_roots('shop', NULL) root LIMIT 1");
my $slots = q{SELECT md5(string_agg(s::text, ' ' ORDER BY slot)), count(*) FROM azr_slots() s};
my $said = $node->safe_psql('a', $slots);

# a dump has it, and a store that was restored from it refuses what its source has refused
my $dump = "$PostgreSQL::Test::Utils::tmp_check/a.dump";
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'a' ], 'dump of a node');
$node->command_ok([ 'pg_restore', '-d', 'restored', $dump ], 'restore');
is($node->safe_psql('restored', $slots), $said, 'what was said of slots is there');
is(ask('restored', "azr_next_sequence('shop', NULL, '$ours')"), 2, 'a stream is where it was');
is(ask('restored', "azr_next_sequence('shop', NULL, '$theirs')"), 'of b', 'and another one is not');
is($node->safe_psql('restored', 'SELECT * FROM azr_check()'), '', 'all is sound');

# restored over a node that says otherwise, streams are foreign
$node->safe_psql('restored', "TRUNCATE azr_slot_owners; INSERT INTO azr_slot_owners (slot, this_node, receiving, leftover, node) SELECT slot, state = 'foreign', false, false, coalesce(nullif(node, 'a'), 'c') FROM (SELECT s AS slot, CASE WHEN s < 512 THEN 'own' ELSE 'foreign' END AS state, CASE WHEN s < 512 THEN 'a' ELSE 'b' END AS node FROM generate_series(0, 1023) s) o");
is($node->safe_psql('restored', q{SELECT count(*), count(DISTINCT root), min(problem), max(detail) ~ '^Slot \d+ belongs to node "c"\.$' FROM azr_check()}), "$kept{a}|$kept{a}|foreign_stream|t", 'streams of other nodes are reported');
is($node->safe_psql('restored', "SELECT count(*) FROM azr_roots('shop', NULL)"), 0, 'and not listed');

# a standby
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $session = $standby->background_psql('a', on_error_stop => 0);
$session->query("SELECT azr_next_sequence('shop', NULL, azr_root('shop', 'free'))");
my $free = $node->safe_psql('a', q{SELECT root FROM (SELECT azr_root('shop', 'free ' || i) AS root FROM generate_series(1, 1000) i) r
	WHERE azr_slot(root) < 512 AND azr_slot(root) NOT IN (SELECT azr_slot(root) FROM azr_streams) LIMIT 1});
is($session->query("SELECT azr_next_sequence('shop', NULL, '$free')"), 0, 'a standby knows what it may answer');
$node->safe_psql('a', "SELECT azr_own_slots('b', int4multirange(int4range(azr_slot('$free'), azr_slot('$free'), '[]')), false)");
$node->wait_for_catchup($standby);
$session->query("SELECT azr_next_sequence('shop', NULL, '$free')");
like($session->{stderr}, qr/stream "shop\/angzarr\/$free" is kept on another node/, 'and is told of a change');
$session->{stderr} = '';
is($session->query("SELECT azr_next_sequence('shop', NULL, '$ours')"), 2, 'its other streams are there');
$session->quit;
$standby->stop;

# a subscriber
$node->safe_psql('a', "SELECT azr_publication('shop')");
$node->safe_psql('a', "SELECT pg_create_logical_replication_slot('shop', 'pgoutput')");
$node->safe_psql('replica', 'CREATE EXTENSION angzarr');
my $connection = $node->connstr('a');
$node->safe_psql('replica', qq{CREATE SUBSCRIPTION shop CONNECTION \$c\$$connection\$c\$ PUBLICATION shop WITH (create_slot = false, slot_name = 'shop')});
$node->poll_query_until('replica', "SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')") or die 'no tables were copied';
is($node->safe_psql('replica', $slots), $node->safe_psql('a', $slots), 'a subscriber has what was said of slots');
my $reader = $node->background_psql('replica', on_error_stop => 0);
$reader->query("SELECT azr_next_sequence('shop', NULL, '$free')");
like($reader->{stderr}, qr/kept on another node/, 'and goes by it');
$reader->{stderr} = '';
$node->safe_psql('a', "SELECT azr_own_slots('a', int4multirange(int4range(azr_slot('$free'), azr_slot('$free'), '[]')))");
$node->wait_for_catchup('shop');
is($reader->query("SELECT azr_next_sequence('shop', NULL, '$free')"), 0, 'also when that changes');
$reader->quit;
$node->safe_psql('replica', 'DROP SUBSCRIPTION shop');

# a prepared transaction holds its slot
$node->safe_psql('a', "BEGIN; SELECT azr_append('shop', NULL, '$free', 0, $events[0], $events[1]); PREPARE TRANSACTION 'p'");
my $give = "azr_own_slots('b', int4multirange(int4range(azr_slot('$free'), azr_slot('$free'), '[]')), false)";
my ($rc, $out, $err) = $node->psql('a', "SET lock_timeout = '100ms'; SELECT $give");
like($err, qr/lock timeout/, 'a slot waits for a prepared transaction');
$node->safe_psql('a', "COMMIT PREPARED 'p'");
($rc, $out, $err) = $node->psql('a', "SELECT $give");
like($err, qr/this node has streams in slots that would belong to another node/, 'and stays, since there is a stream then');
is(ask('a', "azr_next_sequence('shop', NULL, '$free')"), 2, 'which is there');
is($node->safe_psql('a', 'SELECT * FROM azr_check()') . $node->safe_psql('b', 'SELECT * FROM azr_check()'), '', 'both nodes are sound');

done_testing();
