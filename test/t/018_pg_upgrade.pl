# pg_upgrade takes a store from an older PostgreSQL to this one, with copied and with
# linked files: everything is there, sound, granted as before, and goes on.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# a directory with bin and lib of PostgreSQL, and the extension installed there
my $older = $ENV{OLDER_POSTGRES};
plan skip_all => 'no older PostgreSQL: set OLDER_POSTGRES, as script/matrix does' unless $older;

my @initdb = (extra => [ '--data-checksums', '--locale=C', '--encoding=UTF8' ]);
my $store = q{
	CREATE ROLE app LOGIN;
	CREATE SCHEMA es;
	GRANT USAGE ON SCHEMA es TO app;
	CREATE EXTENSION angzarr SCHEMA es;
	SELECT es.azr_grant('app', 'writer');
	SELECT es.azr_append('d', NULL, es.azr_root('d', i::text), 0, ARRAY['A', 'B', 'C'], ARRAY['', '\x00ff', decode(repeat(md5(i::text), 500), 'hex')]::bytea[],
		metadata => ARRAY['{"a": 1}', NULL, NULL]::jsonb[], correlation_id => CASE i % 7 WHEN 0 THEN gen_random_uuid()::text ELSE 'c' || i % 7 END, external_id => 'x',
		source_domain => 's', source_root => es.azr_root('s', 's'), source_sequence => 7)
	FROM generate_series(1, 300) i;
	SELECT es.azr_append('d', 'e', es.azr_root('d', '1'), 1, ARRAY['E'], ARRAY['e']::bytea[], cascade_id => 'k', committed => false);
	SELECT es.azr_create_edition('d', 'registered', 2, 'what if');
	SELECT es.azr_put_snapshot('d', NULL, es.azr_root('d', '1'), i, 's', repeat('x', i)::bytea) FROM generate_series(0, 2) i;
	SELECT count(*) FROM es.azr_maintain();
	SELECT es.azr_feed_advance(250);
	SELECT es.azr_group_create('workers', 2), es.azr_park('workers', 3, 'why');
	SELECT count(*) FROM es.azr_fetch('workers', 10);
	SELECT es.azr_put_position('h', 'd', NULL, es.azr_root('d', '1'), 1)};
my @queries = (
	q{SELECT md5(string_agg(t::text, ' ' ORDER BY domain, edition, root, sequence)), count(*) FROM es.azr_timeline t},
	q{SELECT count(*) FROM es.azr_trace('c3')},
	q{SELECT sequence, state FROM generate_series(0, 2) i, es.azr_get_snapshot('d', NULL, es.azr_root('d', '1'), i)},
	q{SELECT * FROM es.azr_editions()},
	q{SELECT * FROM es.azr_cascade_participants('k')},
	q{SELECT * FROM es.azr_lag('h') ORDER BY root LIMIT 3},
	q{SELECT count(*), max(position), md5(string_agg(f::text, ' ' ORDER BY position)) FROM es.azr_feed(-1, NULL) f},
	q{SELECT handler, partition, position, behind, parked FROM es.azr_groups()},
	q{SELECT * FROM es.azr_parked()},
	q{SELECT p.oid::regprocedure, has_function_privilege('app', p.oid, 'EXECUTE') FROM pg_proc p WHERE pronamespace = 'es'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C"},
	q{SELECT relname, pg_get_expr(relpartbound, oid), relacl FROM pg_class WHERE relname ~ '^azr_snapshot_history' ORDER BY 1},
	q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', '2'), 0, ARRAY['A'], ARRAY['']::bytea[], external_id => 'x')});

foreach my $mode ('--copy', '--link')
{
	my $from = PostgreSQL::Test::Cluster->new("old$mode", install_path => $older);
	my $to = PostgreSQL::Test::Cluster->new("new$mode");

	$from->init(@initdb);
	$from->start;
	$from->safe_psql('postgres', $store);
	my $epoch = $from->safe_psql('postgres', 'SELECT epoch FROM es.azr_feed_status()');
	my @before = map { $from->safe_psql('postgres', $_) } @queries;
	is($before[-1], 'duplicate|0', "$mode: there is a store to upgrade");
	$from->stop;

	$to->init(@initdb);
	command_ok(
		[ 'pg_upgrade', '--no-sync', $mode, '-d', $from->data_dir, '-D', $to->data_dir,
			'-b', "$older/bin", '-B', $to->config_data('--bindir'),
			'-s', $to->host, '-p', $from->port, '-P', $to->port ],
		"$mode: pg_upgrade");
	$to->start;

	is($to->safe_psql('postgres', $queries[$_]), $before[$_], "$mode: as before: $queries[$_]") foreach 0 .. $#queries;
	is($to->safe_psql('postgres', 'SELECT * FROM es.azr_check()'), '', "$mode: what is stored is sound");
	my @app = (extra_params => [ '-U', 'app' ]);
	is($to->safe_psql('postgres', q{SELECT es.azr_append('d', NULL, es.azr_root('d', '1'), 3, ARRAY['N'], ARRAY['']::bytea[])}, @app),
		'(added,3,3,4)', "$mode: streams go on");
	is($to->safe_psql('postgres', q{SELECT es.azr_append('d', NULL, es.azr_root('d', 'new'), 0, ARRAY['N2'], ARRAY['']::bytea[])}, @app),
		'(added,0,0,1)', "$mode: new ones begin");
	is($to->safe_psql('postgres', 'SELECT es.azr_feed_advance()', @app), $to->safe_psql('postgres', 'SELECT count(*) - 1 FROM es.azr_main_events'), "$mode: the feed goes on");
	is($to->safe_psql('postgres', 'SELECT count(*) FROM es.azr_feed(-1, 750)', @app), '750', "$mode: from where it was");
	is($to->safe_psql('postgres', q{SELECT sum(n) FROM (SELECT count(*) AS n FROM es.azr_fetch('workers', 10000, 2) UNION ALL SELECT count(*) FROM es.azr_retry('workers')) g}, @app), $to->safe_psql('postgres', 'SELECT count(*) - 10 FROM es.azr_feed(-1, NULL, effective => true)'), "$mode: groups go on");
	isnt($to->safe_psql('postgres', 'SELECT epoch FROM es.azr_feed_status()'), $epoch, "$mode: in another epoch");
	is($to->safe_psql('postgres', q{SELECT es.azr_confirm_cascade('k')}, @app), '1', "$mode: cascades are confirmed");
	is($to->safe_psql('postgres', q{SELECT string_agg(type, ' ' ORDER BY domain, root, sequence) FROM es.azr_timeline WHERE type LIKE 'N%'}),
		$to->safe_psql('postgres', q{SELECT string_agg(t, ' ' ORDER BY r) FROM (VALUES ('N', es.azr_root('d', '1')), ('N2', es.azr_root('d', 'new'))) v(t, r)}), "$mode: with their types");
	is($to->safe_psql('postgres', q{SELECT count(*) FROM es.azr_maintain(keep => '0', ahead => 9)}) > 0, 1, "$mode: the history is maintained");
	is($to->safe_psql('postgres', 'SELECT * FROM es.azr_check()'), '', "$mode: and all is sound");
	my ($rc) = $to->psql('postgres', q{SELECT es.azr_delete_edition('d', 'e')}, @app);
	isnt($rc, 0, "$mode: no more than was granted");
	$to->stop;
}

done_testing();
