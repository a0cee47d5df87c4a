# A slot moves from one database to another with everything in it, and back: events, editions, cascades,
# erased events, positions, snapshots. Nothing of it is lost or doubled, whether an append is in progress,
# a transaction is prepared, a node is restored from a dump in the middle, or what was copied is erased
# or deleted meanwhile. Feed, groups, evidence and a subscriber go on.

use strict;
use warnings;

use File::Spec;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "fsync = off\nmax_prepared_transactions = 5");
$node->start;
$node->safe_psql('postgres', qq{CREATE DATABASE $_}) foreach qw(a b restored_a restored_b replica);

my $slot = 17;
my $slots = "'{[$slot,$slot]}'";
foreach my $name (qw(a b))
{
	$node->safe_psql($name, 'CREATE EXTENSION angzarr');
	$node->safe_psql($name, q{
		CREATE TABLE roots AS SELECT azr_slot(azr_root('moves', i::text)) AS slot, azr_root('moves', i::text) AS root, row_number() OVER (PARTITION BY azr_slot(azr_root('moves', i::text)) ORDER BY i) AS n FROM generate_series(1, 30000) i;
		CREATE FUNCTION r(int) RETURNS uuid LANGUAGE sql AS $$ SELECT root FROM roots WHERE slot = 17 AND n = $1 $$;
		CREATE FUNCTION t(int) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg('T' || i) FROM generate_series(1, $1) i $$;
		CREATE FUNCTION p(int) RETURNS bytea[] LANGUAGE sql AS $$ SELECT array_agg(convert_to('payload ' || i, 'UTF8')) FROM generate_series(1, $1) i $$});
}
$node->safe_psql('a', q{SELECT azr_own_slots('a', '{[0,511]}'), azr_own_slots('b', '{[512,1023]}', false)});
$node->safe_psql('b', q{SELECT azr_own_slots('b', '{[512,1023]}'), azr_own_slots('a', '{[0,511]}', false)});

# What one node gives, the other one stores: rows go through a file, as COPY writes them.
my $file = File::Spec->rel2abs("$PostgreSQL::Test::Utils::tmp_check/rows");

sub carry
{
	my ($from, $to, $query) = @_;

	unlink $file;
	$node->safe_psql($from, "COPY ($query) TO '$file' (FORMAT binary)");
	return $node->safe_psql($to, qq{
		BEGIN;
		CREATE TEMP TABLE moved OF azr_slot_row ON COMMIT DROP;
		COPY moved FROM '$file' (FORMAT binary);
		SELECT azr_slot_import($slot, 'TABLE moved');
		COMMIT});
}

# The events that the other node lacks, until it has all of them. Returns how many.
sub copy_events
{
	my ($from, $to, $max_rows) = @_;
	my $all = 0;

	while (1)
	{
		my $have = $node->safe_psql($to, "SELECT coalesce(array_agg(e), '{}') FROM azr_slot_ends($slot) e");
		my $stored = carry($from, $to, "SELECT * FROM azr_slot_export($slot, \$h\$$have\$h\$, $max_rows)");

		return $all if $stored == 0;
		$all += $stored;
	}
}

sub state_of
{
	my ($name) = @_;

	return $node->safe_psql($name, "SELECT concat_ws(' ', state, node, moving_to) FROM azr_slots() WHERE slot = $slot");
}

sub is_sound
{
	my ($name, $what) = @_;

	is($node->safe_psql($name, 'SELECT * FROM azr_check()'), '', "azr_check finds nothing $what");
}

my $contents = "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY domain, edition, root, sequence)) FROM azr_timeline t WHERE azr_slot(root) = $slot";
my $state = "SELECT (SELECT md5(string_agg(p::text, ' ' ORDER BY handler, domain, edition, root)) FROM azr_positions p WHERE azr_slot(root) = $slot), (SELECT md5(string_agg(s::text, ' ' ORDER BY domain, edition, root)) FROM azr_latest_snapshots s WHERE azr_slot(root) = $slot), (SELECT md5(string_agg(s::text, ' ' ORDER BY domain, edition, root, sequence)) FROM azr_snapshot_history s WHERE azr_slot(root) = $slot), (SELECT md5(string_agg(concat_ws(' ', domain, edition, root, sequence, type, erased_at, erased_by, reason), ',' ORDER BY domain, edition, root, sequence)) FROM azr_erasures() WHERE azr_slot(root) = $slot)";

# much of everything, and streams of other slots between
$node->safe_psql('a', q{
	SELECT azr_evidence_enable('example.com/a'), azr_group_create('g', 3), azr_domain_set('moves', NULL, 100000, 'that move'), azr_create_edition('moves', 'plan', 2, 'a plan');
	SELECT azr_append('moves', NULL, root, NULL, t(1 + (n + k)::int % 3), p(1 + (n + k)::int % 3), external_id => 'x' || k, correlation_id => 'c' || n, metadata => NULL, created_at => array_fill('2020-01-01'::timestamptz + k * interval '1 hour', ARRAY[1 + (n + k)::int % 3]))
		FROM generate_series(1, 6) k, roots WHERE slot IN (17, 18, 300) AND n <= 8;
	SELECT azr_append('moves', 'plan', root, NULL, t(2), p(2)), azr_append('moves', 'old', root, 1, t(1), p(1), divergence => 1) FROM roots WHERE slot = 17 AND n <= 4;
	SELECT azr_append('other', NULL, r(1), 0, t(1), p(1), source_domain => 'moves', source_root => r(2), source_sequence => 1);
	SELECT azr_append('moves', NULL, r(n), NULL, t(2), p(2), cascade_id => 'confirmed later', committed => false) FROM generate_series(1, 2) n;
	SELECT azr_append('moves', NULL, r(3), NULL, t(1), p(1), cascade_id => 'revoked', committed => false);
	SELECT azr_revoke_cascade('revoked', 'no');
	SELECT azr_erase('moves', NULL, r(4), 1, 3, 'asked for', true);
	SELECT azr_put_snapshot('moves', NULL, r(5), k, 'S', convert_to('state ' || k, 'UTF8'), CASE k WHEN 0 THEN 'persist' ELSE 'default' END) FROM generate_series(0, 3) k;
	SELECT azr_put_snapshot('moves', 'plan', r(1), 2, 'S', 'state of the plan');
	SELECT azr_put_position('h', 'moves', NULL, r(n), n) FROM generate_series(1, 5) n;
	SELECT azr_put_position('h', 'moves', 'plan', r(1), 2);});
$node->safe_psql('a', 'SELECT azr_feed_advance()');
$node->safe_psql('b', q{SELECT azr_evidence_enable('example.com/b'), azr_group_create('g', 5); SELECT azr_append('moves', NULL, root, 0, t(2), p(2)) FROM roots WHERE slot = 900 AND n <= 5});
is_sound($_, 'at first') foreach qw(a b);

# a subscriber of the one
$node->safe_psql('a', "SELECT azr_publication('moves')");
$node->safe_psql('a', "SELECT pg_create_logical_replication_slot('moves', 'pgoutput')");
$node->safe_psql('replica', 'CREATE EXTENSION angzarr');
my $connection = $node->connstr('a');
$node->safe_psql('replica', qq{CREATE SUBSCRIPTION moves CONNECTION \$c\$$connection\$c\$ PUBLICATION moves WITH (create_slot = false, slot_name = 'moves')});
$node->poll_query_until('replica', "SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')") or die 'no tables were copied';

# copied while it is used
$node->safe_psql('b', "SELECT azr_slot_receive($slot, 'a')");
is(state_of('b'), 'receiving a', 'the slot is received');
cmp_ok(copy_events('a', 'b', 10), '>', 60, 'it is copied in small parts');
is($node->safe_psql('b', $contents), $node->safe_psql('a', $contents), 'all is there');
is(copy_events('a', 'b', 10), 0, 'nothing is copied twice');
is_sound('b', 'while a slot is received');
$node->safe_psql('b', 'SELECT azr_feed_advance()');

# the copy is dumped, and goes on from there
my $dump = "$PostgreSQL::Test::Utils::tmp_check/dump";
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'b' ], 'dump of a node that receives');
$node->command_ok([ 'pg_restore', '-d', 'restored_b', $dump ], 'restore');
is(state_of('restored_b'), 'receiving a', 'it goes on receiving');
is_sound('restored_b', 'there');

# meanwhile: more events, an edition deleted, one deleted and made anew, an event erased that was copied
$node->safe_psql('a', q{
	SELECT azr_append('moves', NULL, r(n), NULL, t(2), p(2)) FROM generate_series(1, 10) n;
	SELECT azr_delete_edition('moves', 'old');
	SELECT azr_append('moves', 'old', r(2), 2, t(3), p(3), divergence => 2);
	SELECT azr_erase('moves', NULL, r(6), 0, 1, 'erased after it was copied', true), azr_erase('moves', NULL, r(4), 5, 6, 'with ids')});

# a prepared transaction holds up the freeze, and is not lost
$node->safe_psql('a', "BEGIN; SELECT azr_append('moves', NULL, r(7), NULL, t(1), p(1), external_id => 'prepared'); PREPARE TRANSACTION 'p'");
my ($rc, $out, $err) = $node->psql('a', "SET lock_timeout = '100ms'; SELECT azr_slot_freeze($slot, 'b')");
like($err, qr/lock timeout/, 'the freeze waits for a prepared transaction');
cmp_ok(copy_events('a', 'b', 10000), '>', 20, 'what came is copied');
$node->safe_psql('a', "COMMIT PREPARED 'p'");
$node->safe_psql('a', "SELECT azr_slot_freeze($slot, 'b')");
is(state_of('a'), 'frozen a b', 'the slot is frozen');
($rc, $out, $err) = $node->psql('a', "\\set VERBOSITY verbose\nSELECT azr_append_one('moves', NULL, r(1), NULL, 'T', 'late')");
like($err, qr/ZR013: .*\nDETAIL:  Slot $slot is moving to node "b"\./, 'nobody writes to it');
is(copy_events('a', 'b', 10000), 1, 'the rest is copied, which is what was prepared');
carry('a', 'b', "SELECT * FROM azr_slot_export_state($slot)");
is($node->safe_psql('b', $contents), $node->safe_psql('a', $contents), 'all events are the same');
is($node->safe_psql('b', $state), $node->safe_psql('a', $state), 'and all that is kept beside them');
is($node->safe_psql('b', q{SELECT divergence, protection, description, events FROM azr_editions('moves') WHERE edition = 'plan'}), '2|open|a plan|8', 'the edition is registered');
is($node->safe_psql('b', q{SELECT * FROM azr_domain_settings()}), 'moves|durable|100000|that move', 'and the domain has its settings');

# both dumped in the middle of it, and the switch made with what is restored
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'a' ], 'dump of a node that has a frozen slot');
$node->command_ok([ 'pg_restore', '-d', 'restored_a', $dump ], 'restore');
is(state_of('restored_a'), 'frozen a b', 'it is frozen there too');
cmp_ok(copy_events('restored_a', 'restored_b', 7), '>', 20, 'the move goes on between what was restored');
carry('restored_a', 'restored_b', "SELECT * FROM azr_slot_export_state($slot)");
$node->safe_psql('restored_a', "SELECT azr_own_slots('b', $slots, false)");
$node->safe_psql('restored_b', "SELECT azr_own_slots('b', $slots)");
is($node->safe_psql('restored_b', $contents), $node->safe_psql('a', $contents), 'and has all');
is_sound($_, 'there') foreach qw(restored_a restored_b);

# the group of the source gets all that was appended there, in order
my $got = q{SELECT domain, root, sequence, type FROM azr_fetch('g', 100000, 5) WHERE azr_slot(root) = 17};
$node->safe_psql('a', 'SELECT azr_feed_advance()');
my @there = map { split /\n/, $node->safe_psql('a', $got) } 1 .. 4;
cmp_ok(scalar @there, '>', 60, 'the group of the source gets its events');
is(scalar @there, $node->safe_psql('a', q{SELECT count(*) FROM azr_feed(-1, 100000, effective => true) WHERE azr_slot(root) = 17}), 'each of them');

# the switch
$node->safe_psql('a', "SELECT azr_own_slots('b', $slots, false)");
is(state_of('a'), 'leftover b', 'the source gives the slot up');
($rc, $out, $err) = $node->psql('a', "\\set VERBOSITY verbose\nSELECT azr_next_sequence('moves', NULL, r(1))");
like($err, qr/ZR013: .*\nDETAIL:  Slot $slot belongs to node "b"\./, 'and names the target');
$node->safe_psql('b', "SELECT azr_own_slots('b', $slots)");
is(state_of('b'), 'own b', 'the target owns it');
is_sound($_, 'after the switch') foreach qw(a b);

# retries, cascades and editions go on
is($node->safe_psql('b', q{SELECT outcome, first_sequence, last_sequence FROM azr_append('moves', NULL, r(2), 0, t(3), p(3), external_id => 'x2')}),
	$node->safe_psql('restored_b', q{SELECT outcome, first_sequence, last_sequence FROM azr_append('moves', NULL, r(2), 0, t(3), p(3), external_id => 'x2')}), 'a retry finds the same');
is($node->safe_psql('b', q{SELECT outcome, last_sequence - first_sequence FROM azr_append('moves', NULL, r(2), 0, t(3), p(3), external_id => 'x3')}), 'duplicate|2', 'the whole of the first call');
is($node->safe_psql('b', q{SELECT azr_confirm_cascade('confirmed later')}), 2, 'what was pending is confirmed');
$node->safe_psql('b', q{SELECT azr_append('moves', NULL, r(n), NULL, t(1), p(1)), azr_append('moves', 'plan', r(n), NULL, t(1), p(1)) FROM generate_series(1, 10) n});
$node->safe_psql('b', 'SELECT azr_feed_advance()');
my @here = map { split /\n/, $node->safe_psql('b', $got) } 1 .. 6;
is(scalar @here, 2 * 2 + 10, 'the group of the target gets what came there, and what was confirmed there');
my %times;
$times{$_}++ foreach map { s/\|[^|]*$//r } @there, @here;
is(scalar(grep { $_ > 1 } values %times), 0, 'and nothing that the other one got');
$node->safe_psql('b', q{SELECT azr_group_create('new', 1)});
is($node->safe_psql('b', q{SELECT count(DISTINCT (domain, root, sequence)) FROM azr_fetch('new', 100000) WHERE azr_slot(root) = 17}),
	$node->safe_psql('b', q{SELECT count(*) FROM azr_feed(-1, 100000, effective => true) WHERE azr_slot(root) = 17}), 'a new group gets all of it');

# the query of an import has the rights of the caller
$node->safe_psql('b', q{CREATE ROLE carrier LOGIN; GRANT EXECUTE ON FUNCTION azr_slot_import TO carrier; CREATE TABLE hidden OF azr_slot_row; SELECT azr_slot_receive(18, 'a')});
($rc, $out, $err) = $node->psql('b', q{SELECT azr_slot_import(18, 'TABLE hidden')}, extra_params => [ '-U', 'carrier' ]);
like($err, qr/permission denied for table hidden/, 'the query of an import has the rights of the caller');
is($node->safe_psql('b', q{SELECT azr_slot_import(18, 'SELECT (NULL::azr_slot_row).* WHERE false')}, extra_params => [ '-U', 'carrier' ]), 0, 'who needs no others');
($rc, $out, $err) = $node->psql('b', q{SELECT azr_slot_export(18)}, extra_params => [ '-U', 'carrier' ]);
like($err, qr/permission denied for function azr_slot_export/, 'an export is for the owner');

# What is counted that is not there, and the other way round
my $counted = q{SELECT domain, streams, events, appends FROM azr_statistics() WHERE streams > 0};
my $there = q{SELECT s.domain, count(DISTINCT s.stream_id), count(*), count(e.ticket) FROM azr_main_events e JOIN azr_streams s USING (stream_id) GROUP BY s.domain};
my $miscounted = "($counted EXCEPT $there) UNION ALL ($there EXCEPT $counted)";

# what is left is deleted when all is sealed; the feed, the log and the subscriber stay as they are
$node->safe_psql('a', 'SELECT azr_seal(20)');
my $early = $node->safe_psql('a', 'SELECT azr_checkpoint()');
($rc, $out, $err) = $node->psql('a', "SELECT azr_slot_drop($slot)");
like($err, qr/slot $slot cannot be dropped yet.*not all sealed/s, 'not before all is sealed');
$node->safe_psql('a', 'SELECT azr_seal()');
my $checkpoint = $node->safe_psql('a', 'SELECT azr_checkpoint()');
$node->safe_psql('a', 'CREATE TABLE fed AS SELECT * FROM azr_feed(-1, 100000)');
is($node->safe_psql('a', $miscounted), '', 'all is counted');
my ($dropped, $calls) = (0, 0);
my $events = (split /\|/, $node->safe_psql('a', $contents))[0];
while ((my $count = $node->safe_psql('a', "SELECT azr_slot_drop($slot, 15)")) > 0)
{
	$dropped += $count;
	$calls++;
}
is($dropped, $events, 'all its events are deleted');
cmp_ok($calls, '>', 3, 'in several calls');
is(state_of('a'), 'foreign b', 'nothing is left');
is($node->safe_psql('a', "SELECT count(*) FROM azr_slot_ends($slot)"), 0, 'not a stream');
is($node->safe_psql('a', $state), '|||', 'and nothing beside');
is($node->safe_psql('a', q{SELECT count(*) FROM (TABLE fed EXCEPT SELECT * FROM azr_feed(-1, 100000)) f WHERE azr_slot(root) <> 17}), 0, 'the others have their positions');
is($node->safe_psql('a', q{SELECT count(*) FROM azr_feed(-1, 100000) WHERE azr_slot(root) = 17}), 0, 'it has none');
is($node->safe_psql('a', $miscounted), '', 'it is not counted any more');
is_sound('a', 'after the drop');
is($node->safe_psql('a', 'SELECT * FROM azr_verify()'), '', 'the log is as it was');
is($node->safe_psql('a', "SELECT count(*) FROM azr_verify(\$n\$$_\$n\$)"), 0, 'and has the root that it had') foreach $early, $checkpoint;
is($node->safe_psql('a', 'SELECT azr_checkpoint()'), $checkpoint, 'which is the last one');
$node->wait_for_catchup('moves');
is($node->safe_psql('replica', "SELECT count(*) FROM azr_slot_ends($slot)"), 0, 'a subscriber follows');
is($node->safe_psql('replica', 'SELECT count(*) FROM azr_feed(-1, 100000)'), $node->safe_psql('a', 'SELECT count(*) FROM azr_feed(-1, 100000)'), 'and reads the same feed');
$node->safe_psql('a', q{SELECT azr_append('moves', NULL, root, NULL, t(2), p(2)) FROM roots WHERE slot = 18 AND n = 1});
$node->safe_psql('a', 'SELECT azr_feed_advance()');
$node->safe_psql('a', 'SELECT azr_seal()');
is($node->safe_psql('a', q{SELECT count(*) FROM azr_fetch('g', 1000, 3)}), 2, 'feed and group go on');
is($node->safe_psql('a', 'SELECT * FROM azr_verify()'), '', 'and the log');
$node->wait_for_catchup('moves');
is($node->safe_psql('replica', 'SELECT azr_feed_head()'), $node->safe_psql('a', 'SELECT azr_feed_head()'), 'on the subscriber too');
is($node->safe_psql('replica', $miscounted), '', 'which counts what is there');
$node->safe_psql('replica', 'DROP SUBSCRIPTION moves');
$node->safe_psql('postgres', 'DROP DATABASE restored_a');
$node->safe_psql('postgres', 'CREATE DATABASE restored_a');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'a' ], 'dump after the drop');
$node->command_ok([ 'pg_restore', '-d', 'restored_a', $dump ], 'restore');
is_sound('restored_a', 'there');
is($node->safe_psql('restored_a', 'SELECT * FROM azr_verify()'), '', 'nor azr_verify');

# the target's log has it anew
$node->safe_psql('b', 'SELECT azr_seal()');
is($node->safe_psql('b', 'SELECT * FROM azr_verify()'), '', 'the log of the target');
is($node->safe_psql('b', q{SELECT jsonb_typeof(azr_prove('moves', NULL, r(6)))}), 'object', 'which proves events that have moved in');

# and back, where a session has used the streams before
my $session = $node->background_psql('a', on_error_stop => 0);
$session->query(q{SELECT azr_next_sequence('moves', NULL, r(1))});
$node->safe_psql('a', "SELECT azr_slot_receive($slot, 'b')");
copy_events('b', 'a', 1000);
$node->safe_psql('b', "SELECT azr_slot_freeze($slot, 'a')");
copy_events('b', 'a', 1000);
carry('b', 'a', "SELECT * FROM azr_slot_export_state($slot)");
my $all = $node->safe_psql('b', $contents);
is($node->safe_psql('a', $contents), $all, 'it has come back');
is($node->safe_psql('a', $state), $node->safe_psql('b', $state), 'with all that is kept beside');
$node->safe_psql('b', "SELECT azr_own_slots('a', $slots, false)");
$node->safe_psql('a', "SELECT azr_own_slots('a', $slots)");
$session->{stderr} = '';
is($session->query(q{SELECT outcome, next_sequence FROM azr_append('moves', NULL, r(1), NULL, t(1), p(1))}),
	'added|' . ($node->safe_psql('b', q{SELECT next_sequence FROM azr_slot_ends(17) WHERE domain = 'moves' AND edition = 'angzarr' AND root = r(1)}) + 1), 'an append goes on where it was');
$session->quit;
$node->safe_psql('a', 'SELECT azr_feed_advance()');
is($node->safe_psql('a', q{SELECT count(*), min(azr_slot(root)) FROM azr_fetch('g', 1000, 3)}), '1|17', 'the group gets that alone');

# the target still has all: what has come since is all that is copied when it moves there again
$node->safe_psql('b', "SELECT azr_slot_receive($slot, 'a')");
is(copy_events('a', 'b', 1000), 1, 'it moves again, and only what is new is copied');
$node->safe_psql('b', "SELECT azr_own_slots('a', $slots, false)");
is(state_of('b'), 'leftover a', 'that is given up');
$node->safe_psql('b', 'SELECT azr_feed_advance(), azr_group_drop(handler) FROM unnest(ARRAY[\'g\', \'new\']) handler');
$node->safe_psql('b', 'SELECT azr_feed_advance()');
$node->safe_psql('b', 'SELECT azr_seal()');
cmp_ok($node->safe_psql('b', "SELECT azr_slot_drop($slot)"), '>', 60, 'and deleted');
is($node->safe_psql('b', "SELECT azr_slot_drop($slot)"), 0, 'all of it');
is($node->safe_psql('b', $miscounted), '', 'so nothing of it is counted where nobody had counted before');
is_sound($_, 'in the end') foreach qw(a b);
is($node->safe_psql($_, 'SELECT * FROM azr_verify()'), '', "the log of $_ in the end") foreach qw(a b);

# evidence that begins when a slot is gone: a leaf's place is the position of its event all the same
$node->safe_psql('postgres', 'CREATE DATABASE late');
$node->safe_psql('late', 'CREATE EXTENSION angzarr');
$node->safe_psql('late', q{
	CREATE TABLE roots AS SELECT azr_slot(root) AS slot, root, row_number() OVER (ORDER BY root) AS n FROM (SELECT azr_root('late', i::text) AS root FROM generate_series(1, 600) i) r;
	SELECT azr_own_slots('a', '{[0,1023]}');
	SELECT azr_append('late', NULL, root, k, ARRAY['T'], ARRAY['p']::bytea[]) FROM generate_series(0, 1) k, roots});
$node->safe_psql('late', 'SELECT azr_feed_advance()');
$node->safe_psql('late', q{
	SELECT azr_slot_freeze(slot, 'b') FROM (SELECT DISTINCT slot FROM roots WHERE slot < 512 ORDER BY slot) s;
	SELECT azr_own_slots('b', '{[0,511]}', false);
	SELECT sum(azr_slot_drop(slot)) FROM (SELECT DISTINCT slot FROM roots WHERE slot < 512 ORDER BY slot) s});
$node->safe_psql('late', "SELECT azr_evidence_enable('example.com/late')");
is($node->safe_psql('late', "SELECT size FROM azr_seal($_)"), { 7, 7, 300, 307 }->{$_}, "$_ positions are sealed, also empty ones") foreach 7, 300;
is($node->safe_psql('late', 'SELECT size FROM azr_seal()'), 1200, 'all of them');
is($node->safe_psql('late', 'SELECT * FROM azr_verify()'), '', 'the log has each event at its position');
is($node->safe_psql('late', q{SELECT count(*) FROM (SELECT root FROM roots WHERE slot > 511 LIMIT 20) r WHERE (azr_prove('late', NULL, root)->>'index')::bigint = (SELECT position FROM azr_feed() f WHERE f.root = r.root AND sequence = 1)}), 20, 'and proves it');
is($node->safe_psql('late', q{SELECT azr_erase('late', NULL, root, 0, 1, 'late', true) FROM roots WHERE slot > 511 LIMIT 1; SELECT * FROM azr_verify()}), 1, 'erasing goes on, too');

# a slot goes also where somebody has deleted an event by hand
my $torn = $node->safe_psql('late', 'SELECT max(root::text) FROM roots WHERE slot > 511');
$node->safe_psql('late', "SELECT azr_append('late', NULL, '$torn', 2, ARRAY['T'], ARRAY['p']::bytea[])");
$node->safe_psql('late', 'SELECT azr_feed_advance()');
$node->safe_psql('late', 'SELECT azr_seal()');
$node->safe_psql('late', qq{
	SET session_replication_role = replica;
	ALTER TABLE azr_events DISABLE TRIGGER azr_reject_change;
	DELETE FROM azr_events WHERE sequence = 1 AND stream_id = (SELECT stream_id FROM azr_streams WHERE root = '$torn');
	ALTER TABLE azr_events ENABLE ALWAYS TRIGGER azr_reject_change;
	SELECT azr_slot_freeze(azr_slot('$torn'), 'b'), azr_own_slots('b', int4multirange(int4range(azr_slot('$torn'), azr_slot('$torn') + 1)), false)});
my $left = $node->safe_psql('late', "SELECT count(*) FROM azr_events JOIN azr_streams USING (stream_id) WHERE azr_slot(root) = azr_slot('$torn')");
is($node->safe_psql('late', "SELECT azr_slot_drop(azr_slot('$torn'))"), $left, 'a slot is dropped that lacks an event');
is($node->safe_psql('late', "SELECT azr_slot_drop(azr_slot('$torn')), count(*) FROM azr_slot_ends(azr_slot('$torn'))"), '0|0', 'all of it');

done_testing();
