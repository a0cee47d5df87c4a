# azr_maintain() waits behind a long transaction, and nobody waits behind
# azr_maintain().

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'allow_in_place_tablespaces = on');
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
foreach my $n (4 .. 23)
{
	my ($rc, $out, $err) = $node->psql('postgres', "SET lock_timeout = '2s'; SELECT put($n); SELECT get(2), get($n)");
	is($out, "\n2|$n", "put and read beside it: $n");
}
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

$node->stop;
done_testing();
