# What docs/operation.md says of dumps. What the owner has added to the extension's tables is
# not in a dump: with a column, a plain restore loads no event. The recipe of the page, line
# by line, restores all, without running the owner's triggers for restored events: with the
# scripts of the page, and with others on more tables, by a superuser and by the owner. A dump
# of one schema restores.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my @keeper = (extra_params => [ '-U', 'keeper' ]);
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN CREATEDB; CREATE DATABASE page; CREATE DATABASE shop OWNER keeper');

# The scripts of the page, by the name in their first line, and the recipe.
my $page = slurp_file("$ENV{TESTDIR}/docs/operation.md");
my %script;
foreach my $name ('columns.sql', 'additions.sql')
{
	($script{$name}) = $page =~ /^```sql\n(-- \Q$name\E\n.*?)^```/ms;
	ok($script{$name}, "the page has $name");
}
my ($recipe) = $page =~ /^## What you add to the tables.*?^```sh\n(.*?)^```$/ms;
my @recipe = split /\n/, $recipe // '';
is(scalar @recipe, 6, 'and the recipe') or diag($recipe);

# Follows the recipe, with the scripts as they are by now. Returns the database that it restores to.
sub follow
{
	my ($role, $source, $name, $options) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $database = "${name}_$role";

	append_to_file("$dir/$_", "$script{$_};\n") foreach keys %script;
	foreach my $line (@recipe)
	{
		my $command = $line =~ s/\brestored\b/$database/r =~ s/^pg_dump (.*)\bshop\s*$/pg_dump $options $1$source/r;
		my @command = ('sh', '-c', "cd $dir && PGUSER=$role $command");
		if ($line =~ /pre-data/ && $script{'additions.sql'} =~ /VIEW/)
		{
			$node->command_checks_all(\@command, 1, [qr/^$/], [qr/tenant"? does not exist.*errors ignored on restore: \d+$/s],
				"$name as $role: $line, where a view comes too soon");
		}
		else
		{
			$node->command_ok(\@command, "$name as $role: $line");
		}
	}
	return $database;
}

# the scripts of the page
$node->safe_psql(
	'page', qq{
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	CREATE TABLE watched (tenant text);
	CREATE FUNCTION set_tenant() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS \$\$
	BEGIN
		INSERT INTO watched VALUES (NEW.tenant);
		RETURN NEW;
	END \$\$;
	$script{'columns.sql'};
	$script{'additions.sql'};
	SELECT es.azr_append('d', NULL, es.azr_root('d', i::text), 0, ARRAY['A', 'B'], ARRAY['a', 'b']::bytea[]) FROM generate_series(1, 10) i;
	SELECT es.azr_append('d', 'e', es.azr_root('d', '1'), 1, ARRAY['C'], ARRAY['c']::bytea[]);
	SELECT es.azr_put_snapshot('d', NULL, es.azr_root('d', '1'), i, 's', 'state') FROM generate_series(0, 1) i;
	SELECT count(*) FROM es.azr_maintain()});
my $everything = q{SELECT count(*), md5(string_agg(e::text, ' ' ORDER BY stream_id, sequence)) FROM es.azr_events e};
my $additions = q{
	SELECT count(*) FROM watched;
	SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE tgrelid = 'es.azr_events'::regclass AND tgname = 'set_tenant';
	SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'es.azr_events'::regclass AND contype = 'c';
	SELECT pg_get_indexdef('es.events_by_tenant'::regclass);
	SELECT * FROM es.azr_check()};
my $events = $node->safe_psql('page', $everything);
like($events, qr/^21\|/, 'events');
my $added = $node->safe_psql('page', $additions);
like($added, qr/^21\nset_tenant\nCHECK .*\nCREATE INDEX /, 'and additions that work');
my $database = follow($superuser, 'page', 'page', '');
is($node->safe_psql($database, $everything), $events, 'every event is back');
is($node->safe_psql($database, $additions), $added, 'so is what was added, and it did not run for them');
is( $node->safe_psql(
		$database, q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', '1'), NULL, ARRAY['D'], ARRAY['']::bytea[]); SELECT count(*) FROM watched}),
	"added|2\n22",
	'appends go on, and it runs for them');

# the trigger function of the page, as it stands there
my ($function) = $page =~ /^```sql\n(CREATE FUNCTION set_tenant\(\).*?)^```/ms;
$node->safe_psql($database, $function =~ s/CREATE/CREATE OR REPLACE/r);
is( $node->safe_psql(
		$database, q{
		SELECT FROM es.azr_append('d', NULL, es.azr_root('d', 'tenants'), 0, ARRAY['D', 'D'], ARRAY['', '']::bytea[], ARRAY['{"tenant": "Ann"}', NULL]::jsonb[]);
		SELECT tenant FROM es.azr_events WHERE stream_id = (SELECT max(stream_id) FROM es.azr_streams) ORDER BY sequence}),
	"Ann\nnone",
	'the function of the page has a column from the metadata');

# one schema
$node->safe_psql('page', 'ALTER TABLE es.azr_events DROP COLUMN tenant CASCADE; DROP TRIGGER set_tenant ON es.azr_events');
$events = $node->safe_psql('page', $everything);
my $dump = PostgreSQL::Test::Utils::tempdir . '/schema.sql';
$node->command_ok([ 'pg_dump', '-n', 'es', '-e', 'angzarr', '-f', $dump, 'page' ], 'dump of the schema with -e');
$node->safe_psql('postgres', 'CREATE DATABASE schema_only');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'schema_only', '-f', $dump ], 'restores');
is($node->safe_psql('schema_only', $everything), $events, 'every event');
is($node->safe_psql('schema_only', q{SELECT count(*) FROM es.azr_get_snapshot('d', NULL, es.azr_root('d', '1'), 0)}), '1', 'and the history of snapshots');
is($node->safe_psql('schema_only', q{SELECT * FROM es.azr_check()}), '', 'is sound');
is($node->safe_psql('schema_only', q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', 'new'), NULL, ARRAY['D'], ARRAY['']::bytea[])}),
	'added|0', 'and goes on');

# other scripts: columns of several tables, and a view
%script = (
	'columns.sql' => q{
		ALTER TABLE es.azr_events ADD COLUMN tenant text, ADD COLUMN seen es.mood NOT NULL DEFAULT 'well';
		ALTER TABLE es.azr_streams ADD COLUMN note text;
		ALTER TABLE es.azr_positions ADD COLUMN note text DEFAULT 'by default'},
	'additions.sql' => q{
		CREATE TRIGGER own BEFORE INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION es.own();
		CREATE INDEX own ON es.azr_events (tenant);
		ALTER TABLE es.azr_events ADD CONSTRAINT own CHECK (tenant <> 'nobody');
		CREATE VIEW es.tenants AS SELECT tenant, count(*) FROM es.azr_events GROUP BY tenant});
$node->safe_psql(
	'shop', qq{
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	CREATE TYPE es.mood AS ENUM ('well', 'unwell');
	CREATE FUNCTION es.own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant := coalesce(NEW.tenant, ''tenant '' || NEW.sequence); RETURN NEW; END';
	SELECT es.azr_append('d', NULL, es.azr_root('d', 'before'), 0, ARRAY['A', 'B'], ARRAY['1', '2']::bytea[]);
	$script{'columns.sql'};
	$script{'additions.sql'};
	SELECT es.azr_append('d', NULL, es.azr_root('d', i::text), 0, ARRAY['A', 'B'], ARRAY['1', '2']::bytea[]) FROM generate_series(1, 100) i;
	SELECT es.azr_append('d', 'e', es.azr_root('d', '1'), 1, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT es.azr_put_position('h', 'd', NULL, es.azr_root('d', '1'), 1);
	SELECT count(*) FROM es.azr_maintain();
	SELECT es.azr_put_snapshot('d', NULL, es.azr_root('d', '1'), i, 's', 'x') FROM generate_series(0, 1) i}, @keeper);

my @queries = (
	q{SELECT md5(string_agg(e::text, ' ' ORDER BY stream_id, sequence)), count(*), count(tenant) FROM es.azr_events e},
	q{SELECT * FROM es.azr_streams ORDER BY stream_id},
	q{SELECT * FROM es.azr_positions},
	q{SELECT * FROM es.azr_snapshot_history},
	q{SELECT * FROM es.azr_check()},
	q{SELECT string_agg(relid::regclass || ' ' || pg_get_triggerdef(t.oid), E'\n' ORDER BY relid::regclass::text) FROM pg_trigger t, LATERAL (SELECT tgrelid) r(relid) WHERE tgname = 'own'},
	q{SELECT string_agg(pg_get_indexdef(indexrelid), E'\n' ORDER BY indrelid::regclass::text) FROM pg_index WHERE indrelid::regclass::text ~ 'events' AND pg_get_indexdef(indexrelid) ~ 'tenant'},
	q{SELECT string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), E'\n' ORDER BY conrelid::regclass::text) FROM pg_constraint WHERE conname = 'own'},
	q{SELECT * FROM es.tenants ORDER BY 1});
my %expected = map { $_ => $node->safe_psql('shop', $_) } @queries;
like($expected{ $queries[0] }, qr/\|203\|201$/, 'there is something to dump');

foreach my $role ($superuser, 'keeper')
{
	my $database = follow($role, 'shop', 'restored', '');
	is($node->safe_psql($database, $_), $expected{$_}, "as $role: $_") foreach @queries;
	is( $node->safe_psql(
			$database,
			q{SELECT outcome FROM es.azr_append('d', NULL, es.azr_root('d', 'before'), 2, ARRAY['C'], ARRAY['3']::bytea[]);
			SELECT tenant FROM es.azr_events WHERE sequence = 2},
			extra_params => [ '-U', $role ]),
		"added\ntenant 2",
		"and goes on: $role");

	# without it
	my $file = PostgreSQL::Test::Utils::tempdir . '/dump';
	$node->safe_psql('postgres', "CREATE DATABASE lost_$role OWNER keeper");
	$node->command_ok([ 'pg_dump', '-U', $role, '-Fc', '-f', $file, 'shop' ], "dump as $role");
	$node->command_checks_all([ 'pg_restore', '-U', $role, '-d', "lost_$role", $file ], 1, [qr/^$/],
		[qr/column "tenant" of relation "azr_main_events" does not exist.*errors ignored on restore/s], "a restore without the recipe as $role");
	is($node->safe_psql("lost_$role", 'SELECT count(*) FROM es.azr_events'), '0', 'has no event');
}

# what is no column is just not there
$node->safe_psql('shop', q{
	DROP VIEW es.tenants;
	ALTER TABLE es.azr_events DROP COLUMN tenant CASCADE, DROP COLUMN seen;
	ALTER TABLE es.azr_streams DROP COLUMN note;
	ALTER TABLE es.azr_positions DROP COLUMN note;
	DROP TRIGGER own ON es.azr_events;
	CREATE INDEX own ON es.azr_events (created_at);
	CREATE FUNCTION es.none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER own AFTER INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION es.none()}, @keeper);
my $file = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->safe_psql('postgres', 'CREATE DATABASE plain OWNER keeper');
$node->command_ok([ 'pg_dump', '-U', 'keeper', '-Fc', '-f', $file, 'shop' ], 'dump without columns');
$node->command_ok([ 'pg_restore', '-U', 'keeper', '--exit-on-error', '-d', 'plain', $file ], 'restore without columns');
is($node->safe_psql('plain', 'SELECT count(*) FROM es.azr_events'), '203', 'has all events');
is($node->safe_psql('plain', q{SELECT (SELECT count(*) FROM pg_trigger WHERE tgname = 'own') + (SELECT count(*) FROM pg_class WHERE relname = 'own')}), '0', 'but nothing that was added');

# columns of the history of snapshots
%script = ('columns.sql' => 'ALTER TABLE es.azr_snapshot_history ADD COLUMN note text', 'additions.sql' => 'SELECT 1');
$node->safe_psql('shop', "DROP TRIGGER own ON es.azr_events; $script{'columns.sql'}", @keeper);
$database = follow('keeper', 'shop', 'snapshots', q{-T '*.azr_snapshot_history_2*'});
is($node->safe_psql($database, 'SELECT count(*) FROM es.azr_events'), '203', 'has all events, too');
like($node->safe_psql($database, 'SELECT count(*) FROM es.azr_maintain()'), qr/^[89]$/, 'and makes its partitions');

$node->stop;
done_testing();
