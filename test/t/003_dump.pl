# pg_dump and restore bring back everything, and appends go on with the next
# sequence: as superuser and as the database's owner, into another database.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE clerk LOGIN;
	CREATE DATABASE source OWNER keeper});

my @keeper = (extra_params => [ '-U', 'keeper' ]);
$node->safe_psql(
	'source', q{
	CREATE SCHEMA store;
	CREATE EXTENSION angzarr SCHEMA store;
	GRANT USAGE ON SCHEMA store TO clerk;
	SELECT store.azr_append('dump', NULL, store.azr_root('dump', i::text), 0,
		ARRAY['A', 'B', 'C'], ARRAY['', '\x00ff', decode(repeat(md5(i::text), 500), 'hex')]::bytea[],
		metadata => ARRAY['{"a": 1}', NULL, NULL]::jsonb[], created_at => ARRAY[NULL, '2020-01-01', NULL]::timestamptz[],
		correlation_id => 'c', external_id => 'x',
		source_domain => 's', source_root => store.azr_root('s', 's'), source_sequence => 7,
		cascade_id => 'k', committed => false)
	FROM generate_series(1, 300) i;
	SELECT store.azr_append('dump', 'e', store.azr_root('dump', '1'), 1, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT store.azr_put_positions('h', 'dump', 'e', ARRAY[store.azr_root('dump', '1'), store.azr_root('dump', '2')], ARRAY[1, 7]);
	SELECT store.azr_create_edition('dump', 'registered', 2, 'what if');
	SELECT store.azr_protect_edition('dump', 'e', 'protected')}, @keeper);

# A grant by a superuser is one by the functions' owner, which any role that
# restores can repeat.
$node->safe_psql('source', 'GRANT EXECUTE ON FUNCTION store.azr_next_sequence, store.azr_root TO clerk');

my $everything = q{SELECT md5(string_agg(t::text, ' ' ORDER BY domain, edition, root, sequence)), count(*) FROM store.azr_timeline t};
my $expected = $node->safe_psql('source', $everything);
like($expected, qr/\|901$/, 'there is something to dump');

my $dir = PostgreSQL::Test::Utils::tempdir;
foreach my $role ($node->safe_psql('postgres', 'SELECT current_user'), 'keeper')
{
	foreach my $format ('plain', 'custom', 'directory')
	{
		my $file = "$dir/$role.$format";
		my $target = "target_${role}_$format";
		my $name = "$format as " . ($role eq 'keeper' ? 'owner' : 'superuser');

		$node->safe_psql('postgres', "CREATE DATABASE \"$target\" OWNER keeper");
		$node->command_ok([ 'pg_dump', '-U', $role, '-F', $format, '-f', $file, 'source' ], "dump $name");
		$node->command_ok(
			$format eq 'plain'
			? [ 'psql', '-XqU', $role, '-v', 'ON_ERROR_STOP=1', '-d', $target, '-f', $file ]
			: [ 'pg_restore', '-U', $role, '--exit-on-error',
				$format eq 'directory' ? ('-j', '2') : (), '-d', $target, $file ],
			"restore $name");

		is($node->safe_psql($target, $everything), $expected, "every row: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT outcome, first_sequence FROM store.azr_append('dump', NULL, store.azr_root('dump', '1'), NULL, ARRAY['D'], ARRAY['']::bytea[])},
				extra_params => [ '-U', $role ]),
			'added|3',
			"append goes on: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT outcome, first_sequence FROM store.azr_append('dump', NULL, store.azr_root('dump', '2'), NULL, ARRAY['D'], ARRAY['']::bytea[], external_id => 'x')},
				extra_params => [ '-U', $role ]),
			'duplicate|0',
			"retries are known: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT outcome, first_sequence FROM store.azr_append('dump', 'e', store.azr_root('dump', '1'), NULL, ARRAY['D'], ARRAY['']::bytea[], divergence => 1)},
				extra_params => [ '-U', $role ]),
			'added|2',
			"editions go on: $name");
		is($node->safe_psql($target, q{SELECT string_agg(concat_ws(' ', edition, divergence, protection, description), ', ') FROM store.azr_editions()}),
			'e protected, registered 2 open what if', "and are what they were: $name");
		is($node->safe_psql($target, q{SELECT store.azr_get_position('h', 'dump', 'e', store.azr_root('dump', '2'))}),
			'7', "positions: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT outcome, first_sequence FROM store.azr_append('dump', NULL, store.azr_root('dump', 'new'), NULL, ARRAY['D'], ARRAY['']::bytea[])},
				extra_params => [ '-U', $role ]),
			'added|0',
			"new streams go on: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT store.azr_next_sequence('dump', NULL, store.azr_root('dump', '1'))},
				extra_params => [ '-U', 'clerk' ]),
			'4',
			"grants: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT count(*) FROM pg_class WHERE relname LIKE 'azr%' AND relkind IN ('r', 'p', 'v', 'S') AND pg_get_userbyid(relowner) <> }
				  . "'$role'"),
			'0',
			"the restoring role owns the data: $name");
	}
}

$node->stop;
done_testing();
