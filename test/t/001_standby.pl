# A standby reads what the primary wrote and refuses to append; promoted, it
# goes on where the primary stopped.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	SELECT azr_append('player', NULL, azr_root('player', k), 0, ARRAY['A', 'B'], ARRAY['1', '\x00ff']::bytea[],
		correlation_id => 'c', external_id => 'x',
		source_domain => 's', source_root => azr_root('s', 's'), source_sequence => 7)
	FROM unnest(ARRAY['a', 'b', 'c']) k;
	SELECT azr_append('player', 'e', azr_root('player', 'b'), 1, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT azr_create_edition('player', 'r', 1);
	SELECT azr_put_position('reader', 'player', NULL, azr_root('player', 'a'), 0);
	SELECT azr_put_snapshot('player', NULL, azr_root('player', 'a'), 0, 't', '0');
	SELECT azr_maintain();
	SELECT azr_feed_advance();
	SELECT azr_group_create('group', 2, domains => ARRAY['player']);
});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# written before and after the backup
$primary->safe_psql('postgres',
	q{SELECT azr_append('player', NULL, azr_root('player', 'a'), 2, ARRAY['C'], ARRAY['3']::bytea[])});
$primary->safe_psql('postgres',
	q{SELECT azr_put_snapshot('player', NULL, azr_root('player', 'a'), 1, 't', '1')});
$primary->safe_psql('postgres', 'SELECT azr_feed_advance()');
$primary->safe_psql('postgres', 'SELECT azr_statistics()');
$primary->safe_psql('postgres', q{SELECT azr_fetch('group', 2, lease => '1 hour')});
$primary->safe_psql('postgres', q{SELECT azr_park('group', 1, 'why')});
$primary->safe_psql('postgres', q{SELECT azr_append('player', NULL, azr_root('player', 'b'), 2, ARRAY['not numbered'], ARRAY['3']::bytea[])});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

foreach my $query (
	q{SELECT * FROM azr_load('player', NULL, azr_root('player', 'a'))},
	q{SELECT azr_load_json('player', NULL, azr_root('player', 'a'), 1)},
	q{SELECT * FROM azr_load('player', 'e', azr_root('player', 'b'), until => 'infinity', backward => true)},
	q{SELECT * FROM azr_load('player', NULL, azr_root('player', 'a'), types => '{C,B,no such type}')},
	q{SELECT azr_next_sequence('player', NULL, azr_root('player', 'a'))},
	q{SELECT * FROM azr_trace('c')},
	q{SELECT * FROM azr_find_by_external_id('player', NULL, azr_root('player', 'b'), 'x')},
	q{SELECT * FROM azr_find_by_source('player', NULL, azr_root('player', 'c'), 's', NULL, azr_root('s', 's'), 7)},
	q{SELECT * FROM azr_load('player', 'e', azr_root('player', 'b'))},
	q{SELECT * FROM azr_load('player', 'r', azr_root('player', 'b'))},
	q{SELECT * FROM azr_editions()},
	q{SELECT azr_get_position('reader', 'player', NULL, azr_root('player', 'a'))},
	q{SELECT * FROM azr_lag('reader')},
	q{SELECT * FROM azr_get_snapshot('player', NULL, azr_root('player', 'a'))},
	q{SELECT * FROM azr_get_snapshot('player', NULL, azr_root('player', 'a'), 0)},
	q{SELECT * FROM azr_load_state('player', NULL, azr_root('player', 'a'))},
	q{SELECT * FROM azr_feed()},
	q{SELECT * FROM azr_feed(2, 3, ARRAY['player'], ARRAY['A', 'B'], true)},
	q{SELECT azr_feed_head()},
	q{SELECT head, epoch, in_flight, batches FROM azr_feed_status()},
	q{SELECT handler, partition, position, head, behind, oldest > '0', leased_until, parked FROM azr_groups()},
	q{SELECT * FROM azr_parked()},
	q{SET default_transaction_read_only = on; SELECT domain, streams, events, appends, bytes > 0, last_append FROM azr_statistics()},
	q{SELECT azr_domains()},
	q{SELECT azr_roots('player', NULL)},
	q{SELECT * FROM azr_streams_of('player', NULL)},
	q{SELECT * FROM azr_streams_of('player', 'e')})
{
	my $expected = $primary->safe_psql('postgres', $query);
	isnt($expected, '', "primary answers: $query");
	is($standby->safe_psql('postgres', $query), $expected, "standby answers the same");
}

foreach my $append (
	q{azr_append('player', NULL, azr_root('player', 'a'), NULL, ARRAY['D'], ARRAY['']::bytea[])},
	q{azr_append('player', NULL, azr_root('player', 'new'), NULL, ARRAY['D'], ARRAY['']::bytea[])},
	q{azr_append_json('player', NULL, azr_root('player', 'a'), NULL, '[{"type": "D", "data": 1}]')},
	q{azr_append('player', 'e', azr_root('player', 'b'), NULL, ARRAY['D'], ARRAY['']::bytea[])},
	q{azr_append('player', NULL, azr_root('player', 'a'), 0, ARRAY['D'], ARRAY['']::bytea[], on_conflict => 'return')},
	q{azr_append_one('player', NULL, azr_root('player', 'a'), NULL, 'D', '')},
	q{azr_expect('player', NULL, azr_root('player', 'a'), NULL)},
	q{azr_expect('player', NULL, azr_root('player', 'new'), 0)},
	q{azr_expect('player', 'e', azr_root('player', 'b'), NULL)},
	q{azr_put_position('reader', 'player', NULL, azr_root('player', 'a'), 1)},
	q{azr_put_snapshot('player', NULL, azr_root('player', 'a'), 2, 't', '2')},
	q{azr_delete_snapshots('player', NULL, azr_root('player', 'a'))},
	q{azr_maintain()},
	q{azr_feed_advance()},
	q{azr_evidence_enable('x')},
	q{azr_seal()},
	q{azr_group_create('new')},
	q{azr_group_drop('group')},
	q{azr_group_seek('group', -1)},
	q{azr_fetch('group')},
	q{azr_ack('group', 0, gen_random_uuid(), 0)},
	q{azr_park('group', 0, 'why')},
	q{azr_retry('group')},
	q{azr_create_edition('player', 'f')},
	q{azr_protect_edition('player', 'e', 'sealed')},
	q{azr_delete_edition('player', 'e')})
{
	my ($rc, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT $append");
	like($err, qr/ERROR:  25006/, "standby refuses $append");
}

# who waits there sees what the primary numbers, and numbers nothing
is($standby->safe_psql('postgres', q{SELECT azr_feed_wait(6, '10 ms'), azr_feed_wait(5, '1 minute'), oldest_pid FROM azr_feed_status()}), '6|6|', 'a standby numbers nothing');
my ($in, $waited) = ('', '');
my $waiter = IPC::Run::start([ 'psql', '-XAtq', '-d', $standby->connstr('postgres') ], '<', \$in, '>', \$waited, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$in .= "SELECT 'before';\nSELECT 'head ' || azr_feed_wait(6, '1 hour');\n\\q\n";
$waiter->pump until $waited =~ /before/;
$primary->safe_psql('postgres', 'SELECT azr_feed_advance()');
$waiter->finish;
is($waited, "before\nhead 7\n", 'and who waits sees what the primary has numbered');
my $epoch = $standby->safe_psql('postgres', 'SELECT epoch FROM azr_feed_status()');

$primary->stop;
$standby->promote;
is( $standby->safe_psql('postgres',
		q{SELECT next_sequence FROM azr_append('player', NULL, azr_root('player', 'a'), 3, ARRAY['D'], ARRAY['4']::bytea[])}),
	'4',
	'promoted, it goes on with the next sequence');
is( $standby->safe_psql('postgres',
		q{SELECT next_sequence FROM azr_append('player', NULL, azr_root('player', 'd'), 0, ARRAY['A'], ARRAY['1']::bytea[])}),
	'1',
	'and with new streams');
is($standby->safe_psql('postgres', q{SELECT count(DISTINCT stream_id) FROM azr_streams}),
	'5', 'whose numbers are not taken');
is($standby->safe_psql('postgres', q{SELECT azr_delete_edition('player', 'e')}), '1', 'and can delete editions');
is( $standby->safe_psql('postgres',
		q{SELECT azr_put_snapshot('player', NULL, azr_root('player', 'a'), 2, 't', '2');
		SELECT string_agg(sequence || ' ' || convert_from(state, 'UTF8'), ', ' ORDER BY sequence) FROM generate_series(0, 2) i, azr_get_snapshot('player', NULL, azr_root('player', 'a'), i)}),
	"\n0 0, 1 1, 2 2", 'and put snapshots');

is($standby->safe_psql('postgres', 'SELECT azr_feed_head(), azr_feed_advance() - count(*) FROM azr_main_events'), '7|-1', 'and number the feed');
isnt($standby->safe_psql('postgres', 'SELECT epoch FROM azr_feed_status()'), $epoch, 'in another epoch');
is($standby->safe_psql('postgres', q{SELECT azr_group_seek('group', 5); SELECT count(*) FROM azr_fetch('group', partitions => 2)}), "\n4", 'groups go on');

done_testing();
