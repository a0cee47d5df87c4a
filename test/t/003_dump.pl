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
		correlation_id => CASE i % 2 WHEN 0 THEN 'c' ELSE gen_random_uuid()::text END, external_id => 'x',
		source_domain => 's', source_root => store.azr_root('s', 's'), source_sequence => 7,
		cascade_id => 'k', committed => false)
	FROM generate_series(1, 300) i;
	SELECT store.azr_append('dump', 'e', store.azr_root('dump', '1'), 1, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT store.azr_feed_advance(250);
	SELECT store.azr_group_create('workers', 2, 100, ARRAY['dump'], ARRAY['A', 'D']), store.azr_park('workers', 120, 'why');
	SELECT store.azr_put_positions('h', 'dump', 'e', ARRAY[store.azr_root('dump', '1'), store.azr_root('dump', '2')], ARRAY[1, 2]);
	SELECT store.azr_put_snapshot('dump', NULL, store.azr_root('dump', 's'), i, 't', decode(repeat(md5(i::text), 50 * i), 'hex'), CASE i % 3 WHEN 0 THEN 'persist' ELSE 'default' END)
	FROM generate_series(0, 4) i;
	SELECT store.azr_maintain();
	SELECT store.azr_put_snapshot('dump', NULL, store.azr_root('dump', 's'), i, 't', decode(repeat(md5(i::text), 50 * i), 'hex'))
	FROM generate_series(5, 9) i;
	GRANT SELECT ON store.azr_snapshot_history_rest TO clerk;
	SELECT store.azr_maintain(partition => '2 days', ahead => 9);
	INSERT INTO store.azr_snapshot_history SELECT sequence + 100, created_at, filed_at + interval '1000 days', root, domain, edition, retention, state_type, state FROM store.azr_snapshot_history WHERE sequence = 5;
	SELECT store.azr_create_edition('dump', 'registered', 2, 'what if');
	SELECT store.azr_protect_edition('dump', 'e', 'protected')}, @keeper);

# A grant by a superuser is one by the functions' owner, which any role that
# restores can repeat.
$node->safe_psql('source', 'GRANT EXECUTE ON FUNCTION store.azr_next_sequence, store.azr_root TO clerk');

my $everything = q{SELECT md5(string_agg(t::text, ' ' ORDER BY domain, edition, root, sequence)), count(*) FROM store.azr_timeline t};
my $feed = q{SELECT md5(string_agg(f::text, ' ' ORDER BY position)), count(*), max(position) FROM store.azr_feed(-1, NULL) f};
my $groups = q{SELECT handler, partition, position, behind, parked FROM store.azr_groups(); SELECT domains, types FROM store.azr_registered_groups; SELECT * FROM store.azr_parked()};
my $snapshots = q{SELECT md5(string_agg(h.tableoid::regclass::text || h::text, ' ' ORDER BY sequence)), count(*), count(DISTINCT h.tableoid) FROM store.azr_snapshot_history h};
my $partitions = q{SELECT string_agg(concat_ws(' ', c.relname, c.relkind, pg_get_expr(c.relpartbound, c.oid),
	(SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation), ',' ORDER BY attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0),
	(SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY conname) FROM pg_constraint k WHERE k.conrelid = c.oid AND contype = 'p'),
	has_table_privilege('clerk', c.oid, 'SELECT')), E'\n' ORDER BY c.relname)
	FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent::regclass::text ~ '^store.azr_snapshot_history' AND c.relkind IN ('r', 'p')};
my $expected = $node->safe_psql('source', $everything);
my $expected_feed = $node->safe_psql('source', $feed);
like($expected_feed, qr/\|750\|749$/, 'some of it has positions');
my $expected_groups = $node->safe_psql('source', $groups);
like($expected_groups, qr/^workers\|0\|100\|649\|.*\|120\|0\|.*\|why\|3$/s, 'there is a group');
my $expected_snapshots = $node->safe_psql('source', $snapshots);
like($expected_snapshots, qr/\|10\|3$/, 'snapshots in three partitions');
my $expected_partitions = $node->safe_psql('source', $partitions);
is(scalar(() = $expected_partitions =~ /_\d{8} r .* [tf]$/mg), 10, 'and some to come') or diag($expected_partitions);
like($expected, qr/\|901$/, 'there is something to dump');

is(scalar(() = $expected_partitions =~ / t$/mg), 3, 'some with rights of their own');

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
		is($node->safe_psql($target, $feed), $expected_feed, "the feed: $name");
		is($node->safe_psql($target, $groups), $expected_groups, "groups: $name");
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
			'2', "positions: $name");
		is($node->safe_psql($target, $snapshots), $expected_snapshots, "every snapshot in its partition: $name");
		is($node->safe_psql($target, $partitions), $expected_partitions, "partitions are what they were: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT store.azr_put_snapshot('dump', NULL, store.azr_root('dump', 's'), 10, 't', 'x');
				SELECT string_agg((SELECT s.sequence FROM store.azr_get_snapshot('dump', NULL, store.azr_root('dump', 's'), i) s)::text, ' ' ORDER BY i) FROM generate_series(0, 11) i},
				extra_params => [ '-U', $role ]),
			"\n0 1 2 3 4 5 6 7 8 9 10 10",
			"snapshots go on: $name");
		is( $node->safe_psql(
				$target,
				q{SELECT string_agg(concat_ws(' ', action, snapshots), ', ' ORDER BY action, starts_at) FROM store.azr_maintain(keep => '0', ahead => 10)},
				extra_params => [ '-U', $role ]),
			'created, created, moved 1',
			"and so does their maintenance: $name");
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
				q{SELECT count(*) FROM pg_class WHERE relname LIKE 'azr%' AND relkind IN ('r', 'p', 'v', 'S') AND pg_get_userbyid(relowner) <> ALL (ARRAY[}
				  . "'$role', CASE WHEN relname ~ '_2\\d+\$' THEN 'keeper' END])"),
			'0',
			"the restoring role owns the data, and partitions keep their owner: $name");

		is( $node->safe_psql(
				$target,
				q{SELECT store.azr_feed_advance() - count(*) FROM store.azr_main_events; SELECT md5(string_agg(f::text, ' ' ORDER BY position)), count(*), max(position) FROM store.azr_feed(-1, 750) f},
				extra_params => [ '-U', $role ]),
			"-1\n$expected_feed",
			"the feed goes on: $name");

		is($node->safe_psql($target, q{SELECT type FROM store.azr_fetch('workers', partitions => 2); SELECT count(*) FROM store.azr_retry('workers'); SELECT count(*) FROM store.azr_parked()}, extra_params => [ '-U', $role ]),
			"D\nD\n0\n0", "groups go on: $name");

		$node->safe_psql($target, 'ALTER SCHEMA store RENAME TO elsewhere');
		is( $node->safe_psql(
				$target,
				q{SELECT outcome, first_sequence FROM elsewhere.azr_append('dump', NULL, elsewhere.azr_root('dump', 'new'), 1, ARRAY['D'], ARRAY['']::bytea[]);
				SELECT count(*) FROM elsewhere.azr_maintain(keep => '0', ahead => 12);
				SELECT * FROM elsewhere.azr_check()},
				extra_params => [ '-U', $role ]),
			"added|1\n2",
			"sound, and at home in another schema too: $name");
	}
}

$node->stop;
done_testing();
