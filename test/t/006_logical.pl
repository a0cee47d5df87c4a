# Logical replication to a database with the extension, by azr_publication(): what is stored
# goes there, what is deleted with an edition goes from there, history stays immutable, and
# azr_maintain() runs on both sides. Then the subscriber takes over.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
$_->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE DATABASE store OWNER keeper') foreach $publisher, $subscriber;
my @keeper = (extra_params => [ '-U', 'keeper' ]);
$_->safe_psql('store', 'CREATE EXTENSION angzarr', @keeper) foreach $publisher, $subscriber;

sub failure
{
	my ($node, $sql, @as) = @_;
	my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY verbose\n$sql", @as);
	return $err;
}

# the tables' owner makes it, who needs the right to
my $superuser = $publisher->safe_psql('postgres', 'SELECT current_user');
$publisher->safe_psql('postgres', "ALTER DATABASE store OWNER TO \"$superuser\"");
$publisher->safe_psql('store', 'GRANT CREATE ON SCHEMA public TO keeper');
foreach my $as ([], \@keeper)
{
	like(failure($publisher, 'SELECT azr_publication()', @$as),
		qr/ERROR:  42501: role "keeper", which owns the extension's tables, may not create a publication\nDETAIL:  It has no CREATE on database "store"\.\nHINT:  Have the database's owner GRANT CREATE ON DATABASE store TO keeper\./,
		'no CREATE on the database');
}
$publisher->safe_psql('postgres', 'GRANT CREATE ON DATABASE store TO keeper');
my @published = ('azr_main_events', 'azr_edition_events', 'azr_streams', 'azr_event_types', 'azr_erased_events', 'azr_registered_domains', 'azr_registered_editions', 'azr_slot_owners', 'azr_positions', 'azr_latest_snapshots', 'azr_feed_batches', 'azr_feed_state', 'azr_feed_unborn', 'azr_evidence', 'azr_evidence_tiles', 'azr_evidence_salts', 'azr_evidence_heads', 'azr_evidence_checkpoints');
is($publisher->safe_psql('store', 'SELECT action, object FROM azr_publication()', @keeper), join("\n", 'created|angzarr', map { "added|$_" } @published), 'a publication');
is($publisher->safe_psql('store', 'SELECT * FROM azr_publication()'), '', 'which is up to date');
is($publisher->safe_psql('store', "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables"), join(' ', sort @published), 'of the tables');
is($publisher->safe_psql('store', 'SELECT pubowner::regrole FROM pg_publication'), 'keeper', 'that is the owner\'s');

# every table with rows is in it, but the history of snapshots, groups, which belong to the
# server that their workers use, and what azr_statistics counts on each side
is( $publisher->safe_psql('store', q{
	SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_extension e, unnest(e.extconfig) x(id) JOIN pg_class c ON c.oid = x.id
	WHERE e.extname = 'angzarr' AND c.relkind = 'r' AND c.relname !~ '^azr_(snapshot_history|registered_groups|group_partitions|parked_streams|domain_counts)' AND NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prrelid = c.oid)}),
	'', 'no table was forgotten');

# bringing up to date
$publisher->safe_psql(
	'store', q{
	CREATE TABLE own (x int PRIMARY KEY);
	ALTER PUBLICATION angzarr DROP TABLE azr_positions, azr_streams;
	ALTER PUBLICATION angzarr ADD TABLE own, azr_snapshot_history, azr_snapshot_history_rest, azr_events;
	ALTER PUBLICATION angzarr SET (publish = 'insert')}, @keeper);
is( $publisher->safe_psql('store', "SELECT * FROM azr_publication('angzarr') ORDER BY 1, 2"),
	"added|azr_positions|\nadded|azr_streams|\nchanged|angzarr|insert, update, delete, truncate\nremoved|azr_events|\nremoved|azr_snapshot_history|\nremoved|azr_snapshot_history_rest|",
	'it is mended');
is($publisher->safe_psql('store', "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables"), join(' ', sort(@published, 'own')), 'and another\'s table stays');
$publisher->safe_psql('store', 'DROP TABLE own');
like(failure($publisher, "SELECT azr_publication('$_->[0]')"), qr/ERROR:  $_->[1]/, $_->[2])
  foreach [ 'x' x 64, '22023: argument "name" is too long', 'a long name' ], [ '', '22023', 'no name' ];
is($publisher->safe_psql('store', q{SELECT count(*) FROM azr_publication('An "odd" one; --')}), 1 + @published, 'an odd name');
$publisher->safe_psql('store', q{DROP PUBLICATION "An ""odd"" one; --"});
$publisher->safe_psql('store', 'CREATE PUBLICATION everything FOR ALL TABLES; CREATE PUBLICATION public FOR TABLES IN SCHEMA public');
like(failure($publisher, "SELECT azr_publication('$_')"), qr/ERROR:  55000: publication "$_" publishes all tables/, "one of all tables: $_") foreach 'everything', 'public';
like(failure($publisher, 'SELECT azr_publication(NULL)'), qr/ERROR:  22004/, 'NULL');

$publisher->safe_psql('store', q{SELECT azr_append('d', NULL, azr_root('d', 'a'), 0, ARRAY['A', 'B', 'C'], ARRAY['1', '2', '3']::bytea[])});
my $connection = $publisher->connstr . ' dbname=store';
my $subscription = "CREATE SUBSCRIPTION store CONNECTION '$connection' PUBLICATION angzarr";
$subscriber->safe_psql('store', $subscription);
$subscriber->wait_for_subscription_sync($publisher, 'store', 'store');

$publisher->safe_psql(
	'store', q{
	SELECT azr_append('d', 'e', azr_root('d', 'a'), 1, ARRAY['E', 'F'], ARRAY['e', 'f']::bytea[]);
	SELECT azr_append('d', 'f', azr_root('d', 'a'), 2, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT azr_create_edition('d', 'g', 1);
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'a'), 1);
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'a'), 2);
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'z'), 2);
	SELECT azr_put_position('gone', 'd', NULL, azr_root('d', 'a'), 2);
	SELECT azr_put_snapshot('d', NULL, azr_root('d', 'a'), 0, 's', decode(repeat(md5('0'), 2000), 'hex'))});

my @queries = (
	q{SELECT * FROM azr_timeline ORDER BY domain, edition, root, sequence},
	q{SELECT * FROM azr_load('d', 'e', azr_root('d', 'a'))},
	q{SELECT * FROM azr_load('d', NULL, azr_root('d', 'a'))},
	q{SELECT * FROM azr_editions()},
	q{SELECT * FROM azr_positions ORDER BY handler, domain, edition, root},
	q{SELECT * FROM azr_lag('h')},
	q{SELECT * FROM azr_latest_snapshots ORDER BY domain, edition, root},
	q{SELECT * FROM azr_load_state('d', NULL, azr_root('d', 'a'))},
	q{SELECT * FROM azr_get_snapshot('d', NULL, azr_root('d', 'a'))},
	q{SELECT * FROM azr_feed(-1, NULL)},
	q{SELECT head, epoch, in_flight FROM azr_feed_status()},
	q{SELECT domain, streams, events, appends, last_append, (SELECT sum(events) - azr_feed_head() FROM azr_statistics()) FROM azr_statistics()});

sub same_on_both
{
	my ($when) = @_;

	my $head = $publisher->safe_psql('store', 'SELECT azr_feed_advance()');
	$publisher->wait_for_catchup('store');
	is($subscriber->safe_psql('store', 'SELECT azr_feed_advance()'), $head, "$when: the subscriber numbers nothing itself");
	is($subscriber->safe_psql('store', q{SELECT azr_feed_wait(azr_feed_head(), '0')}), $head, "$when: nor by waiting");
	is($subscriber->safe_psql('store', $_), $publisher->safe_psql('store', $_), "$when: $_") foreach @queries;
}

# what the publisher has not numbered, the subscriber does not either
$publisher->wait_for_catchup('store');
is($subscriber->safe_psql('store', 'SELECT count(*) FROM azr_main_events; SELECT azr_feed_advance()'), "3\n-1", 'what the publisher has not numbered has no position');
same_on_both('stored');

# snapshots replace each other, and their history has partitions on each side for itself
$publisher->safe_psql('store', q{SELECT azr_put_snapshot('d', NULL, azr_root('d', 'a'), 1, 's', '1')});
like($publisher->safe_psql('store', 'SELECT action FROM azr_maintain(ahead => 9)'), qr/created\nmoved/, 'the publisher makes partitions');
$publisher->safe_psql('store', q{
	SELECT azr_put_snapshot('d', NULL, azr_root('d', 'a'), 2, 's', '2', 'persist');
	SELECT azr_put_snapshot('d', 'e', azr_root('d', 'a'), i, 's', '2') FROM generate_series(1, 2) i;
	SELECT azr_put_snapshot('d', NULL, azr_root('d', 's'), i, 's', '2', 'transient') FROM generate_series(1, 2) i});
same_on_both('snapshots after maintenance');
is($subscriber->safe_psql('store', 'SELECT count(*) FROM azr_maintain(ahead => 3)'), '4', 'the subscriber makes partitions of its own');
$publisher->safe_psql('store', q{SELECT azr_maintain(keep => '0', partition => '1 minute', ahead => 1); SELECT azr_delete_snapshots('d', NULL, azr_root('d', 's'))});
is($publisher->safe_psql('store', q{DELETE FROM azr_snapshot_history; SELECT azr_delete_positions('gone')}), '1', 'what is deleted from the history is nobody\'s business, a position is');
same_on_both('maintenance on both sides');

$publisher->safe_psql('store', q{SELECT azr_delete_edition('d', 'e')});
same_on_both('an edition deleted');
$publisher->safe_psql('store', q{SELECT azr_append('d', 'e', azr_root('d', 'a'), 2, ARRAY['E'], ARRAY['anew']::bytea[])});
same_on_both('its name used again');
$publisher->safe_psql('store', q{SELECT azr_append('d', NULL, azr_root('d', 'a'), 3, ARRAY['D'], ARRAY['4']::bytea[])});
same_on_both('going on');
is($subscriber->safe_psql('store', 'SELECT apply_error_count, sync_error_count FROM pg_stat_subscription_stats'), '0|0', 'nothing was refused');
is($subscriber->safe_psql('store', q{SELECT string_agg(DISTINCT problem, ' ') FROM azr_check()}), 'sequence_behind', 'the subscriber is sound, though not to be written to');

foreach my $change ('DELETE FROM azr_edition_events', 'DELETE FROM azr_streams WHERE stream_id < 0', 'UPDATE azr_main_events SET sequence = 9')
{
	like(failure($subscriber, $change), qr/ERROR:  ZR008/, "the subscriber's own sessions are refused: $change");
}

# A database that has not the extension gets the events as plain tables.
$subscriber->safe_psql('postgres', 'CREATE DATABASE plain');
$subscriber->safe_psql(
	'plain', q{
	CREATE TABLE azr_streams (stream_id bigint PRIMARY KEY, divergence bigint, created_at timestamptz, root uuid, domain text, edition text);
	CREATE TABLE azr_event_types (type_id int PRIMARY KEY, type text);
	CREATE TABLE azr_main_events (stream_id bigint, sequence bigint, created_at timestamptz, type_id int, committed boolean, payload bytea, metadata jsonb,
		correlation_uuid uuid, correlation_id text, external_id text, cascade_id text, source_sequence bigint, source_root uuid, source_domain text, source_edition text,
		ticket bigint, ticket_events int, PRIMARY KEY (stream_id, sequence))});
$publisher->safe_psql('store', 'CREATE PUBLICATION events FOR TABLE azr_streams, azr_event_types, azr_main_events');
$subscriber->safe_psql('plain', "CREATE SUBSCRIPTION events CONNECTION '$connection' PUBLICATION events");
$subscriber->wait_for_subscription_sync($publisher, 'events', 'plain');
$publisher->safe_psql('store', q{SELECT azr_append('d', NULL, azr_root('d', 'a'), 4, ARRAY['new here'], ARRAY['5']::bytea[], '{"{}"}', correlation_id => gen_random_uuid()::text, external_id => 'x')});
$publisher->wait_for_catchup('events');
my $plain = q{SELECT s.domain, s.edition, s.root, e.sequence, t.type, e.payload, e.metadata, e.created_at, e.correlation_uuid, e.correlation_id, e.external_id
	FROM azr_main_events e JOIN azr_streams s USING (stream_id) JOIN azr_event_types t USING (type_id) WHERE stream_id > 0 ORDER BY 1, 2, 3, 4};
is($subscriber->safe_psql('plain', $plain), $publisher->safe_psql('store', $plain), 'a database without the extension has the events');
is($subscriber->safe_psql('plain', 'SELECT count(*) FROM azr_main_events'), '5', 'all of them');

# While a subscription is set up, batches of the feed can be there before their events. Nothing is counted then. After
# that, events that are gone, as with a slot that the publisher has dropped, hold nothing up.
is( $subscriber->safe_psql('store', q{
	SET allow_system_table_mods = on;
	BEGIN;
	DELETE FROM azr_domain_counts;
	SELECT sum(events) = azr_feed_head() + 1 FROM azr_statistics();
	DELETE FROM azr_domain_counts;
	ALTER TABLE azr_main_events DISABLE TRIGGER USER;
	DELETE FROM azr_main_events WHERE ticket = (SELECT max(ticket) FROM azr_main_events WHERE ticket < (SELECT next_ticket FROM azr_feed_state));
	SAVEPOINT s;
	UPDATE pg_subscription_rel SET srsubstate = 's' WHERE srrelid = 'azr_main_events'::regclass;
	SELECT sum(events) FROM azr_statistics();
	ROLLBACK TO s;
	SELECT sum(events) - azr_feed_head() FROM azr_statistics();
	ROLLBACK}),
	"t\n0\n0", 'a subscriber counts what has arrived');

# In the end, the publisher has not numbered all, and has numbered past tickets of a
# transaction that does not reach the subscriber any more.
$publisher->safe_psql('store', q{BEGIN; SELECT azr_append('d', NULL, azr_root('d', 'late'), 0, ARRAY['late'], ARRAY['']::bytea[]); PREPARE TRANSACTION 'late'});
$publisher->safe_psql('store', q{BEGIN; SELECT count(azr_append('d', NULL, azr_root('d', 'lost'), NULL, ARRAY['lost'], ARRAY['']::bytea[])) FROM generate_series(1, 3000); PREPARE TRANSACTION 'lost'});

# A switch-over, as docs/reference.md has it: the subscriber takes over, and what was the
# publisher follows it.
same_on_both('before the switch-over');
$publisher->safe_psql('store', q{COMMIT PREPARED 'late'});
$publisher->wait_for_catchup('store');
$subscriber->safe_psql('store', 'DROP SUBSCRIPTION store');
$publisher->safe_psql('store', q{ROLLBACK PREPARED 'lost'});
my $feed = $subscriber->safe_psql('store', 'SELECT * FROM azr_feed(-1, NULL)');
my $epoch = $subscriber->safe_psql('store', 'SELECT epoch FROM azr_feed_status()');
$subscriber->safe_psql('plain', 'DROP SUBSCRIPTION events');
is($subscriber->safe_psql('store', 'SELECT action, object FROM azr_take_over()', @keeper), "advanced|azr_stream_ids\nadvanced|azr_tickets", 'the subscriber takes over');
is($subscriber->safe_psql('store', 'SELECT * FROM azr_check()'), '', 'and is sound');
is($subscriber->safe_psql('store', 'SELECT count(*) FROM azr_publication()', @keeper), 1 + @published, 'it publishes');
$publisher->safe_psql('store', 'DROP PUBLICATION angzarr; TRUNCATE azr_snapshot_history');
my $back = $subscriber->connstr . ' dbname=store';
$publisher->safe_psql('store', "CREATE SUBSCRIPTION back CONNECTION '$back' PUBLICATION angzarr WITH (copy_data = false)");
is($subscriber->safe_psql('store', 'SELECT azr_feed_advance() - count(*) FROM azr_main_events'), '-1', 'it numbers what was left');
is($subscriber->safe_psql('store', q{SELECT last_sequence FROM azr_append('d', NULL, azr_root('d', 'late'), 1, ARRAY['A'], ARRAY['']::bytea[]); SELECT azr_feed_advance() - count(*) FROM azr_main_events}), "1\n-1", 'and what comes');
like($subscriber->safe_psql('store', 'SELECT * FROM azr_feed(-1, NULL)'), qr/^\Q$feed\E\n/, 'after what it has had');
isnt($subscriber->safe_psql('store', 'SELECT epoch FROM azr_feed_status()'), $epoch, 'in another epoch');

$subscriber->safe_psql('store', q{
	SELECT azr_append('d', NULL, azr_root('d', i::text), NULL, ARRAY['new ' || i], ARRAY['']::bytea[]) FROM generate_series(1, 20) i;
	SELECT azr_append('d', 'n' || i, azr_root('d', i::text), NULL, ARRAY['new ' || i], ARRAY['']::bytea[]) FROM generate_series(1, 20) i;
	SELECT azr_append('d', NULL, azr_root('d', 'a'), 5, ARRAY['new'], ARRAY['']::bytea[]);
	SELECT azr_put_snapshot('d', NULL, azr_root('d', 'a'), i, 's', '2') FROM generate_series(3, 5) i;
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'a'), 5);
	SELECT azr_delete_edition('d', 'e')}, @keeper);
is($subscriber->safe_psql('store', 'SELECT * FROM azr_check()'), '', 'still sound when it was written to');
is($subscriber->safe_psql('store', q{SELECT string_agg((SELECT s.sequence FROM azr_get_snapshot('d', NULL, azr_root('d', 'a'), i) s)::text, ' ' ORDER BY i) FROM generate_series(2, 5) i}),
	'2 3 4 5', 'with a history of snapshots from here on');
$subscriber->safe_psql('store', 'SELECT azr_feed_advance()');
$subscriber->wait_for_catchup('back');
is($publisher->safe_psql('store', $_), $subscriber->safe_psql('store', $_), "the other way round: $_") foreach @queries;
is($publisher->safe_psql('store', q{SELECT sequence FROM azr_get_snapshot('d', NULL, azr_root('d', 'a'), 4)}), '', 'what was the publisher has no history of its own');

# and nobody need call anything
$publisher->safe_psql('store', 'DROP SUBSCRIPTION back');
is($publisher->safe_psql('store', q{SELECT string_agg(outcome, ' ') FROM generate_series(100, 110) i, azr_append('d', NULL, azr_root('d', i::text), 0, ARRAY['back ' || i], ARRAY['']::bytea[])}),
	join(' ', ('added') x 11), 'new streams begin, though nothing was called');
is($publisher->safe_psql('store', 'SELECT azr_feed_advance() - count(*) FROM azr_main_events'), '-1', 'all have positions');
is($publisher->safe_psql('store', 'SELECT * FROM azr_check()'), '', 'and all is sound');

$subscriber->stop;
$publisher->stop;
done_testing();
