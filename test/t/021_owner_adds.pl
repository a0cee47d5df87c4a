# What the owner has added to the extension's tables is not in a dump. The recipe of
# docs/operation.md, line by line, restores it and every row; without it, events are lost.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN CREATEDB; CREATE DATABASE shop OWNER keeper');

my %script = (
	'columns.sql' => q{
		ALTER TABLE es.azr_events ADD COLUMN tenant text, ADD COLUMN seen es.mood NOT NULL DEFAULT 'well';
		ALTER TABLE es.azr_streams ADD COLUMN note text;
		ALTER TABLE es.azr_positions ADD COLUMN note text DEFAULT 'by default'},
	'additions.sql' => q{
		CREATE TRIGGER own BEFORE INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION es.own();
		CREATE INDEX own ON es.azr_events (tenant);
		ALTER TABLE es.azr_events ADD CONSTRAINT own CHECK (tenant <> 'nobody');
		CREATE VIEW es.tenants AS SELECT tenant, count(*) FROM es.azr_events GROUP BY tenant});
my @keeper = (extra_params => [ '-U', 'keeper' ]);
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

# the recipe
my ($recipe) = slurp_file($ENV{TESTDIR} . '/docs/operation.md') =~ /^## What you add to the tables.*?^```sh\n(.*?)^```$/ms;
my @recipe = split /\n/, $recipe;
is(scalar(@recipe), 6, 'the recipe has its lines') or diag($recipe);

sub follow
{
	my ($role, $name, $options) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $database = "${name}_$role";

	append_to_file("$dir/$_", "$script{$_};\n") foreach keys %script;
	foreach my $line (@recipe)
	{
		my $command = $line =~ s/\brestored\b/$database/r =~ s/^pg_dump /pg_dump $options /r;
		my @command = ('sh', '-c', "cd $dir && PGUSER=$role $command");
		if ($line =~ /pre-data/ && $script{'additions.sql'} =~ /VIEW/)
		{
			$node->command_checks_all(\@command, 1, [qr/^$/], [qr/tenant"? does not exist.*errors ignored on restore: \d+$/s], "$name as $role: $line, where a view comes too soon");
		}
		else
		{
			$node->command_ok(\@command, "$name as $role: $line");
		}
	}
	return $database;
}

foreach my $role ($superuser, 'keeper')
{
	my $database = follow($role, 'restored', '');
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
my $database = follow('keeper', 'snapshots', q{-T '*.azr_snapshot_history_2*'});
is($node->safe_psql($database, 'SELECT count(*) FROM es.azr_events'), '203', 'has all events, too');
like($node->safe_psql($database, 'SELECT count(*) FROM es.azr_maintain()'), qr/^[89]$/, 'and makes its partitions');

$node->stop;
done_testing();
