# azr_maintain() waits behind a long transaction, and nobody waits behind
# azr_maintain().

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "allow_in_place_tablespaces = on\nmax_locks_per_transaction = 10\nmax_connections = 50");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE FUNCTION put(n bigint) RETURNS void LANGUAGE sql AS
		$$ SELECT azr_put_snapshot('d', NULL, azr_root('d', 'a'), n, 't', n::text::bytea) $$;
	CREATE FUNCTION get(n bigint) RETURNS bigint LANGUAGE sql AS
		$$ SELECT sequence FROM azr_get_snapshot('d', NULL, azr_root('d', 'a'), n) $$;
	SELECT put(i) FROM generate_series(1, 3) i});

my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN; SELECT get(1);');

# it holds the reader's lock off for as long as it tries; others go on meanwhile
my $maintainer = $node->background_psql('postgres');
$maintainer->query_until(qr/begun/, "\\echo begun\nSELECT action FROM azr_maintain();\n");
my $busy = q{SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT action' AND state = 'active'};
$node->poll_query_until('postgres', $busy, '1') or die 'azr_maintain does not run';
my ($rc, $out, $err) = $node->psql('postgres',
	"SET lock_timeout = '2s';\n" . join('', map { "SELECT put($_); SELECT get(2), get($_);\n" } 4 .. 23));
is($out, join("\n", map { "\n2|$_" } 4 .. 23), 'put and read beside it');
is($node->safe_psql('postgres', $busy), '1', 'while it waits');
$node->poll_query_until('postgres', $busy, '0') or die 'azr_maintain does not end';
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT tableoid) FROM azr_snapshot_history}), '22|1', 'it has done nothing');
like(slurp_file($node->logfile), qr/WARNING:  azr_maintain did nothing/, 'and says so');

$reader->quit;
$maintainer->quit;
is($node->safe_psql('postgres', q{SELECT action, snapshots FROM azr_maintain() WHERE action = 'moved'}), 'moved|22', 'later it does its work');

# new partitions go where the owner wants them
$node->safe_psql('postgres', q{CREATE TABLESPACE "else where" LOCATION ''});
$node->safe_psql('postgres', q{ALTER TABLE azr_snapshot_history_by_time SET TABLESPACE "else where"});
$node->safe_psql('postgres', q{CREATE TABLE created AS SELECT partition FROM azr_maintain(ahead => 9) WHERE action = 'created'});
is( $node->safe_psql('postgres', q{
	SELECT count(*), min(t.spcname), max(t.spcname) FROM created m JOIN pg_class c ON c.relname = m.partition LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace}),
	'2|else where|else where', 'partitions are made in the tablespace of their table');

# one call takes no more locks than there is room for, and the next goes on
my $count = q{SELECT count(*) FROM pg_inherits WHERE inhparent = 'azr_snapshot_history_by_time'::regclass};
my $before = $node->safe_psql('postgres', $count);
foreach my $call (1 .. 3)
{
	my ($rc, $out, $err) = $node->psql('postgres',
		q{SELECT action, count(*), sum(partitions) FROM azr_maintain(partition => '1 hour', ahead => 1000) GROUP BY action ORDER BY action});
	like($out, qr/^created\|32\|32\nremaining\|1\|\d+$/, "call $call makes some of a thousand partitions");
	like($err, qr/NOTICE:  \d+ partitions are still to be made or dropped\nHINT:  Call azr_maintain again/, 'and says so');
}
is($node->safe_psql('postgres', $count) - $before, 96, 'all of it stays');

# What PostgreSQL evaluates of a partition key, it evaluates with the rights of whoever
# asks for it: so nobody asks for a key that has code of the owner in it, but SQL that
# runs as the owner.
$node->safe_psql('postgres', q{CREATE ROLE keeper LOGIN});
my %replaced = (
	'the history by time' => q{
		ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_by_time;
		ALTER TABLE es.azr_snapshot_history_by_time RENAME TO azr_by_time_old;
		CREATE TABLE es.azr_snapshot_history_by_time PARTITION OF es.azr_snapshot_history FOR VALUES IN ('default', 'transient')
			PARTITION BY RANGE ((CASE WHEN es.spy() THEN filed_at END));
		CREATE TABLE es.another_rest PARTITION OF es.azr_snapshot_history_by_time (PRIMARY KEY (domain, edition, root, sequence)) DEFAULT},
	'the history' => q{
		CREATE TABLE es.another (LIKE es.azr_snapshot_history) PARTITION BY LIST ((CASE WHEN es.spy() THEN retention END));
		ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_by_time;
		ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_persist;
		ALTER TABLE es.another ATTACH PARTITION es.azr_snapshot_history_by_time FOR VALUES IN ('default', 'transient');
		ALTER TABLE es.another ATTACH PARTITION es.azr_snapshot_history_persist FOR VALUES IN ('persist');
		ALTER TABLE es.azr_snapshot_history RENAME TO azr_snapshot_history_old;
		ALTER TABLE es.another RENAME TO azr_snapshot_history});
my %expected = ('the history by time' => '55000', 'the history' => '');
foreach my $what (sort keys %replaced)
{
	my $spied = sub { return scalar(() = slurp_file($node->logfile) =~ /spied on by $_[0]\b/g) };
	my $as = sub {
		my ($role, $sql) = @_;
		my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', $role ]);
		return $err =~ /ERROR:  (\w+)/ ? $1 : '';
	};
	my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
	my $root = q{es.azr_root('d', 'a')};

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS store');
	$node->safe_psql('postgres', 'CREATE DATABASE store OWNER keeper');
	is($as->('keeper', qq{
		CREATE SCHEMA es;
		CREATE EXTENSION angzarr SCHEMA es;
		CREATE FUNCTION es.spy() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
			\$\$ BEGIN RAISE WARNING 'spied on by %', current_user; RETURN true; END \$\$;
		SELECT es.azr_put_snapshot('d', NULL, $root, i, 't', '') FROM generate_series(1, 3) i;
		$replaced{$what}}), '', "the owner replaces $what");
	my $before = $spied->('keeper');
	foreach my $call (
		"es.azr_put_snapshot('d', NULL, $root, 4, 't', '')",
		"es.azr_get_snapshot('d', NULL, $root, 2)",
		'es.azr_maintain(ahead => 0)')
	{
		is($as->($superuser, "SELECT * FROM $call"), $expected{$what}, "$what replaced: $call");
	}
	foreach my $call (
		"es.azr_put_snapshot('d', NULL, $root, 1, 't', '', 'persist')",
		"es.azr_load_state('d', NULL, $root)",
		"es.azr_get_snapshot('d', NULL, $root)",
		'es.azr_check()',
		"es.azr_delete_snapshots('d', NULL, $root)",
		"es.azr_append('d', 'e', $root, 0, ARRAY['T'], ARRAY['{}'::bytea])",
		"es.azr_delete_edition('d', 'e')")
	{
		is($as->($superuser, "SELECT * FROM $call"), '', "$what replaced: $call");
	}
	is($spied->($superuser), 0, "no code of the owner ran as the superuser: $what");
	ok($spied->('keeper') > $before, 'but as the owner');
}

$node->stop;
done_testing();
