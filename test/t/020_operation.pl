# What docs/operation.md says of dumps: with a column of the owner's own, a plain restore loads no
# event, and the restore in four steps loads all, without running the owner's triggers for
# them; a dump of one schema restores.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# The scripts of the page, by the name in their first line.
my $page = slurp_file("$ENV{TESTDIR}/docs/operation.md");
my $dir = PostgreSQL::Test::Utils::tempdir;
foreach my $script ('columns.sql', 'additions.sql')
{
	like($page, qr/^```sql\n-- \Q$script\E\n.*?^```/ms, "the page has $script");
	$page =~ /^```sql\n(-- \Q$script\E\n.*?)^```/ms;
	append_to_file("$dir/$script", $1 // '');
}
my ($steps) = $page =~ /^```sh\n(pg_dump .*?)^```/ms;
my @steps = map { s/\s*#.*//r } split /\n/, $steps // '';
is(scalar @steps, 6, 'and the steps');

$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql(
	'shop', q{
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	CREATE TABLE watched (tenant text);
	CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
	BEGIN
		INSERT INTO watched VALUES (NEW.tenant);
		RETURN NEW;
	END $$});
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('shop'), '-f', "$dir/$_" ], $_)
  foreach 'columns.sql', 'additions.sql';
$node->safe_psql(
	'shop', q{
	SELECT es.azr_append('d', NULL, es.azr_root('d', i::text), 0, ARRAY['A', 'B'], ARRAY['a', 'b']::bytea[]) FROM generate_series(1, 10) i;
	SELECT es.azr_append('d', 'e', es.azr_root('d', '1'), 1, ARRAY['C'], ARRAY['c']::bytea[]);
	SELECT es.azr_put_snapshot('d', NULL, es.azr_root('d', '1'), i, 's', 'state') FROM generate_series(0, 1) i;
	SELECT count(*) FROM es.azr_maintain()});
my $everything = q{SELECT count(*), md5(string_agg(e::text, ' ' ORDER BY stream_id, sequence)) FROM es.azr_events e};
my $additions = q{
	SELECT count(*) FROM watched;
	SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE tgrelid = 'es.azr_events'::regclass AND tgname = 'watch';
	SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'es.azr_events'::regclass AND contype = 'c';
	SELECT pg_get_indexdef('es.events_by_tenant'::regclass);
	SELECT * FROM es.azr_check()};
my $events = $node->safe_psql('shop', $everything);
like($events, qr/^21\|/, 'events');
my $added = $node->safe_psql('shop', $additions);
like($added, qr/^21\nwatch\nCHECK .*\nCREATE INDEX /, 'and additions that work');

# the plain way
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/plain.dump", 'shop' ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_checks_all(
	[ 'pg_restore', '-d', 'plain', "$dir/plain.dump" ], 1, [],
	[qr/column "tenant" of relation "azr_main_events" does not exist/], 'a plain restore complains');
is($node->safe_psql('plain', 'SELECT count(*) FROM es.azr_timeline'), '0', 'and has no event');

# step by step
foreach my $step (@steps)
{
	my @command = map { /\.(sql|dump)$/ ? "$dir/$_" : $_ } split ' ', $step;

	splice @command, 1, 0, '-X', '-v', 'ON_ERROR_STOP=1' if $command[0] eq 'psql';
	$node->command_ok(\@command, $step);
}
is($node->safe_psql('restored', $everything), $events, 'every event is back');
is($node->safe_psql('restored', $additions), $added, 'so is what was added, and it did not run for them');
is($node->safe_psql('restored', q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', '1'), NULL, ARRAY['D'], ARRAY['']::bytea[]); SELECT count(*) FROM watched}),
	"added|2\n22", 'appends go on, and it runs for them');

# one schema
$node->safe_psql('shop', 'ALTER TABLE es.azr_events DROP COLUMN tenant CASCADE; DROP TRIGGER watch ON es.azr_events');
$events = $node->safe_psql('shop', $everything);
$node->command_ok([ 'pg_dump', '-n', 'es', '-e', 'angzarr', '-f', "$dir/schema.sql", 'shop' ], 'dump of the schema with -e');
$node->safe_psql('postgres', 'CREATE DATABASE schema_only');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'schema_only', '-f', "$dir/schema.sql" ], 'restores');
is($node->safe_psql('schema_only', $everything), $events, 'every event');
is($node->safe_psql('schema_only', q{SELECT count(*) FROM es.azr_get_snapshot('d', NULL, es.azr_root('d', '1'), 0)}), '1', 'and the history of snapshots');
is($node->safe_psql('schema_only', q{SELECT * FROM es.azr_check()}), '', 'is sound');
is($node->safe_psql('schema_only', q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', 'new'), NULL, ARRAY['D'], ARRAY['']::bytea[])}),
	'added|0', 'and goes on');

$node->stop;
done_testing();
