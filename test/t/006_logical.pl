# Logical replication to a database with the extension: what is stored goes there,
# what is deleted with an edition goes from there, and history stays immutable.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;
$_->safe_psql('postgres', 'CREATE EXTENSION angzarr') foreach $publisher, $subscriber;

$publisher->safe_psql(
	'postgres', q{
	SELECT azr_append('d', NULL, azr_root('d', 'a'), 0, ARRAY['A', 'B', 'C'], ARRAY['1', '2', '3']::bytea[]);
	CREATE PUBLICATION store FOR TABLE azr_streams, azr_event_types, azr_main_events, azr_edition_events, azr_registered_editions, azr_positions});
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION store CONNECTION '$connection' PUBLICATION store");
$subscriber->wait_for_subscription_sync($publisher, 'store');

$publisher->safe_psql(
	'postgres', q{
	SELECT azr_append('d', 'e', azr_root('d', 'a'), 1, ARRAY['E', 'F'], ARRAY['e', 'f']::bytea[]);
	SELECT azr_append('d', 'f', azr_root('d', 'a'), 2, ARRAY['E'], ARRAY['e']::bytea[]);
	SELECT azr_create_edition('d', 'g', 1);
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'a'), 1);
	SELECT azr_put_position('h', 'd', NULL, azr_root('d', 'a'), 2)});

my @queries = (
	q{SELECT * FROM azr_timeline ORDER BY domain, edition, root, sequence},
	q{SELECT * FROM azr_load('d', 'e', azr_root('d', 'a'))},
	q{SELECT * FROM azr_editions()},
	q{SELECT azr_get_position('h', 'd', NULL, azr_root('d', 'a'))});

sub same_on_both
{
	my ($when) = @_;

	$publisher->wait_for_catchup('store');
	is($subscriber->safe_psql('postgres', $_), $publisher->safe_psql('postgres', $_), "$when: $_") foreach @queries;
}

same_on_both('stored');
$publisher->safe_psql('postgres', q{SELECT azr_delete_edition('d', 'e')});
same_on_both('an edition deleted');
$publisher->safe_psql('postgres', q{SELECT azr_append('d', NULL, azr_root('d', 'a'), 3, ARRAY['D'], ARRAY['4']::bytea[])});
same_on_both('going on');
is($subscriber->safe_psql('postgres', q{SELECT apply_error_count FROM pg_stat_subscription_stats}), '0', 'nothing was refused');

foreach my $change ('DELETE FROM azr_edition_events', 'DELETE FROM azr_streams WHERE stream_id < 0', 'UPDATE azr_main_events SET sequence = 9')
{
	my ($rc, $out, $err) = $subscriber->psql('postgres', "\\set VERBOSITY sqlstate\n$change");
	like($err, qr/ERROR:  ZR008/, "the subscriber's own sessions are refused: $change");
}

# A database that has not the extension gets the events as plain tables.
$subscriber->safe_psql('postgres', 'CREATE DATABASE plain');
$subscriber->safe_psql(
	'plain', q{
	CREATE TABLE azr_streams (stream_id bigint PRIMARY KEY, divergence bigint, created_at timestamptz, root uuid, domain text, edition text);
	CREATE TABLE azr_event_types (type_id int PRIMARY KEY, type text);
	CREATE TABLE azr_main_events (stream_id bigint, sequence bigint, created_at timestamptz, type_id int, committed boolean, payload bytea, metadata jsonb,
		correlation_id text, external_id text, cascade_id text, source_sequence bigint, source_root uuid, source_domain text, source_edition text,
		PRIMARY KEY (stream_id, sequence))});
$publisher->safe_psql('postgres', 'CREATE PUBLICATION events FOR TABLE azr_streams, azr_event_types, azr_main_events');
$subscriber->safe_psql('plain', "CREATE SUBSCRIPTION events CONNECTION '$connection' PUBLICATION events");
$subscriber->wait_for_subscription_sync($publisher, 'events', 'plain');
$publisher->safe_psql('postgres', q{SELECT azr_append('d', NULL, azr_root('d', 'a'), 4, ARRAY['new here'], ARRAY['5']::bytea[], '{"{}"}', correlation_id => 'c', external_id => 'x')});
$publisher->wait_for_catchup('events');
my $plain = q{SELECT s.domain, s.edition, s.root, e.sequence, t.type, e.payload, e.metadata, e.created_at, e.correlation_id, e.external_id
	FROM azr_main_events e JOIN azr_streams s USING (stream_id) JOIN azr_event_types t USING (type_id) ORDER BY 1, 2, 3, 4};
is($subscriber->safe_psql('plain', $plain), $publisher->safe_psql('postgres', $plain), 'a database without the extension has the events');
is($subscriber->safe_psql('plain', 'SELECT count(*) FROM azr_main_events'), '5', 'all of them');

$subscriber->stop;
$publisher->stop;
done_testing();
