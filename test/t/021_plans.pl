# How often PostgreSQL plans a statement for a call of the store: where a table's owner has
# added a CHECK, the store's statements are planned for the first calls only, and a position
# is written without one.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION angzarr');

# How many statements the server plans while a session runs one, which is itself planned
# once, after one that is not counted.
sub planned
{
	my ($warm_up, $sql) = @_;
	my $begin = -s $node->logfile;

	$node->safe_psql('postgres', "$warm_up; SET log_planner_stats = on; $sql");
	return scalar(() = slurp_file($node->logfile, $begin) =~ /PLANNER STATISTICS/g);
}

my $append = q{SELECT count(azr_append('d', NULL, azr_root('d', '1'), NULL, ARRAY['T'], ARRAY['']::bytea[])) FROM generate_series(1, %d)};
my $put = q{SELECT count(azr_put_position('h', 'd', NULL, azr_root('d', '2'), i + (SELECT coalesce(max(sequence), 0) FROM azr_positions))) FROM generate_series(1, %d) i};
my $put_all = q{SELECT count(azr_put_positions('h', 'd', NULL, ARRAY[azr_root('d', '2')], ARRAY[i + (SELECT coalesce(max(sequence), 0) FROM azr_positions)])) FROM generate_series(1, %d) i};

foreach my $call ($append, $put, $put_all)
{
	my $name = (split /[(]/, $call)[1];

	is(planned(sprintf($call, 1), sprintf($call, 100)), 1, "$name: no plan is made");
}

$node->safe_psql('postgres', q{
	ALTER TABLE azr_main_events ADD CHECK (sequence >= 0);
	ALTER TABLE azr_positions ADD CHECK (sequence >= 0)});
foreach my $call ($append, $put, $put_all)
{
	my $name = (split /[(]/, $call)[1];

	cmp_ok(planned('SELECT 1', sprintf($call, 1)), '>', 1, "$name: with a CHECK, a plan is made");
	cmp_ok(planned(sprintf($call, 1), sprintf($call, 1000)), '<', 200, "$name: but not for each call");
}

$node->stop;
done_testing();
