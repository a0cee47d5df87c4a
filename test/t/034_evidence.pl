# Evidence: a superuser changes events and the log behind the store's back, and azr_verify
# says what was changed, and nothing else. A log that was rebuilt, cut off, or restored from an
# older backup is no log that a note from before vouches for. Proofs outlive dump and restore, and
# the log outlives crashes, concurrent appends and concurrent seals.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'synchronous_commit = off');
$node->start;

# 40 streams, in the order of their ids 1 to 40, which have events 0 to 9 each: an append of
# one, one of three, one of six; and a stream that is read by no attack.
my $fill = q{
	SELECT count(azr_append_one('d', NULL, root, 0, 'A', convert_to('one ' || i, 'UTF8'), '{"a": 1}', 'c' || i, 'x' || i)) FROM roots;
	SELECT count(azr_append('d', NULL, root, 1, ARRAY['A', 'B', 'C'], ARRAY['1', '2', '3']::bytea[], metadata => ARRAY['{"k": [1, null]}', '7', NULL]::jsonb[],
		source_domain => 's', source_root => root, source_sequence => 5)) FROM roots;
	SELECT count(azr_append('d', NULL, root, 4, ARRAY['P', 'P', 'P', 'P', 'P', 'P'], ARRAY['1', '2', '3', '4', '5', '6']::bytea[], cascade_id => 'k', committed => false)) FROM roots};
my $setup = qq{
	CREATE EXTENSION angzarr;
	SELECT azr_evidence_enable('example.com/test');
	CREATE TABLE roots AS SELECT i, ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid AS root FROM generate_series(1, 40) i;
	$fill};
$node->safe_psql('postgres', $setup);
$node->safe_psql('postgres', 'SELECT azr_seal(300)');
my $early_note = $node->safe_psql('postgres', 'SELECT azr_checkpoint()');
$node->safe_psql('postgres', 'SELECT azr_seal(1)');
$node->safe_psql('postgres', 'SELECT azr_seal()');
my $note = $node->safe_psql('postgres', 'SELECT azr_checkpoint()');
like($note, qr{^example.com/test\n400\n[A-Za-z0-9+/]{43}=\n\z}, 'a checkpoint');
is($node->safe_psql('postgres', 'SELECT * FROM azr_verify()'), '', 'all is sound');

my ($code, $out, $err) = $node->psql('postgres', q{SET session_replication_role = replica; UPDATE azr_main_events SET payload = ''});
like($err, qr/stored history is immutable/, 'triggers hold in session_replication_role = replica');

# What azr_verify says after a superuser has run some SQL with triggers off, all of which is
# rolled back. A row is problem, the end of root, sequence, detail.
my @tables = qw(azr_events azr_main_events azr_streams azr_event_types azr_evidence_tiles azr_evidence_salts azr_evidence_heads azr_evidence_checkpoints);
my $disable = join ';', map { "ALTER TABLE $_ DISABLE TRIGGER ALL" } @tables;

sub found
{
	my ($sql, $arg) = @_;
	return $node->safe_psql('postgres', qq{BEGIN; $disable; SET LOCAL session_replication_role = replica; $sql;
		SELECT concat_ws(' ', problem, right(root::text, 2), sequence, CASE WHEN root IS NULL THEN detail END) FROM azr_verify(} . ($arg // '') . ')');
}

# An event that is altered by a SET clause
my $event = 'WHERE stream_id = 7 AND sequence = 2';
foreach my $set (q{payload = 'x'}, q{payload = ''}, q{metadata = '{}'}, q{metadata = NULL},
	q{type_id = (SELECT type_id FROM azr_event_types WHERE type = 'A')}, q{type_id = -5},
	q{created_at = created_at + interval '1 us'}, q{created_at = 'infinity'}, q{created_at = '-infinity'},
	q{committed = false}, q{cascade_id = 'other'}, q{correlation_id = 'other'}, q{correlation_uuid = gen_random_uuid()},
	q{external_id = 'other'}, q{external_id = ''}, q{source_domain = 'other'}, q{source_domain = NULL}, q{source_edition = 'e'},
	q{source_root = gen_random_uuid()}, q{source_sequence = 6})
{
	is(found("UPDATE azr_main_events SET $set $event"), 'event_altered 07 2', "$set is seen");
}

my $missing = qr/^event_missing 07 2$/;
my $root_hash = 'sha256(\'x\')';
my @attacks = (
	[ 'the first event of a stream altered' => q{UPDATE azr_main_events SET payload = 'x' WHERE stream_id = 7 AND sequence = 0}, qr/^event_altered 07 0$/ ],
	[ 'events of several streams altered' => q{UPDATE azr_main_events SET payload = 'x' WHERE stream_id IN (7, 9) AND sequence IN (2, 8)}, qr/^event_altered 07 2\nevent_altered 09 2\nevent_altered 07 8\nevent_altered 09 8$/ ],
	[ 'the name of a type changed' => q{UPDATE azr_event_types SET type = 'Z' WHERE type = 'B'}, qr/^(event_altered \d\d 2\n?){40}$/ ],
	[ 'the name of a stream changed' => q{UPDATE azr_streams SET domain = 'other' WHERE stream_id = 7}, qr/^(event_altered 07 \d\n?){10}$/ ],
	[ 'a stream without its row' => q{DELETE FROM azr_streams WHERE stream_id = 7}, qr/^(event_altered \d .*\n?){10}$/ ],
	[ 'an event of an append deleted' => "DELETE FROM azr_main_events $event", $missing ],
	[ 'an event that was an append deleted' => q{DELETE FROM azr_main_events WHERE stream_id = 7 AND sequence = 0}, qr/^event_missing 07 0$/ ],
	[ 'the last event of a stream deleted' => q{DELETE FROM azr_main_events WHERE stream_id = 7 AND sequence = 9}, qr/^event_missing 07 9$/ ],
	[ 'an append deleted' => q{DELETE FROM azr_main_events WHERE stream_id = 7 AND sequence BETWEEN 1 AND 3}, qr/^event_missing 07 1$/ ],
	[ 'the first event of an append deleted' => q{DELETE FROM azr_main_events WHERE stream_id = 7 AND sequence = 1}, qr/^event_missing 07 1\nevent_missing 3 entries .* For 2 of them/ ],
	[ 'a stream deleted' => q{DELETE FROM azr_main_events WHERE stream_id = 7}, qr/^event_missing 07 0$/ ],
	[ 'a stream deleted with all that is known of it' => q{DELETE FROM azr_main_events WHERE stream_id = 7; DELETE FROM azr_streams WHERE stream_id = 7; DELETE FROM azr_evidence_heads WHERE stream_id = 7}, qr/^event_missing 10 entries of the log have no event any more, the first of which is 6\. / ],
	[ 'all events deleted' => q{DELETE FROM azr_main_events}, qr/^(event_missing \d\d 0\n?){40}$/ ],
	[ 'an event inserted' => q{INSERT INTO azr_main_events SELECT stream_id, 10, created_at, ticket, type_id, committed, payload FROM azr_main_events WHERE stream_id = 7 AND sequence = 0}, qr/^event_altered 07 10$/ ],
	[ 'an event exchanged for another' => "DELETE FROM azr_main_events $event; INSERT INTO azr_main_events SELECT stream_id, sequence - 1, created_at, NULL, type_id, committed, payload FROM azr_main_events WHERE stream_id = 7 AND sequence = 3", qr/^event_altered 07 2$/ ],
	[ 'two events swapped' => q{UPDATE azr_main_events e SET payload = o.payload, type_id = o.type_id, metadata = o.metadata FROM azr_main_events o
		WHERE e.stream_id = 7 AND o.stream_id = 7 AND e.sequence IN (2, 3) AND o.sequence = 5 - e.sequence}, qr/^event_altered 07 2\nevent_altered 07 3$/ ],
	[ 'two appends swapped in the feed' => q{UPDATE azr_main_events SET ticket = -ticket WHERE stream_id IN (7, 8) AND sequence = 0; UPDATE azr_main_events e SET ticket = -o.ticket FROM azr_main_events o
		WHERE e.stream_id IN (7, 8) AND o.stream_id = 15 - e.stream_id AND e.sequence = 0 AND o.sequence = 0}, qr/^event_altered 08 0\nevent_altered 07 0$/ ],
	[ 'an event renumbered' => q{UPDATE azr_main_events SET sequence = 10 WHERE stream_id = 7 AND sequence = 9}, qr/^not_in_feed 07 10\nevent_missing 07 9$/ ],
	[ 'an append renumbered' => q{UPDATE azr_main_events SET sequence = 10 WHERE stream_id = 7 AND sequence = 0}, qr/^event_altered 07 10\nevent_missing 07 0$/ ],
	[ 'events of two streams exchanged' => q{UPDATE azr_main_events SET sequence = 100 WHERE stream_id IN (7, 8) AND sequence = 2; UPDATE azr_main_events SET stream_id = 15 - stream_id, sequence = 2 WHERE sequence = 100}, qr/^event_altered 07 2\nevent_altered 08 2$/ ],
	[ 'an event without a ticket' => q{UPDATE azr_main_events SET ticket = NULL WHERE stream_id = 7 AND sequence = 0}, qr/^event_missing 1 entries .* the first of which is 6\. / ],
	[ 'batches of the feed deleted' => q{DELETE FROM azr_feed_batches}, qr/^event_missing 400 entries / ],
	[ 'a batch moved' => q{UPDATE azr_feed_batches SET first_position = first_position + 1}, qr/^event_/ ],
	[ 'an event blanked' => qq{INSERT INTO azr_event_types (type_id, type) VALUES (-1, 'type.googleapis.com/angzarr.Erased'); UPDATE azr_main_events SET type_id = -1, payload = '\\x0a0142', metadata = NULL $event}, qr/^erased_without_record 07 2$/ ],
	[ 'an event blanked and its salt gone' => qq{INSERT INTO azr_event_types (type_id, type) VALUES (-1, 'type.googleapis.com/angzarr.Erased'); UPDATE azr_main_events SET type_id = -1, payload = '', metadata = NULL $event; UPDATE azr_evidence_salts SET salts = decode(repeat('00', length(azr_salts(index))), 'hex') WHERE index = 0}, qr/^erased_without_record 07 2$/m ],
	[ 'an event blanked, and that put on record' => qq{INSERT INTO azr_event_types (type_id, type) VALUES (-1, 'type.googleapis.com/angzarr.Erased'); UPDATE azr_main_events SET type_id = -1, payload = '\\x0a0142', metadata = NULL $event;
		INSERT INTO azr_erased_events VALUES (7, 2, now(), '0/0', true, 'eve', 'B', 'forged', $root_hash)}, qr/^event_altered 07 2$/ ],
	[ 'a leaf rewritten' => qq{UPDATE azr_evidence_tiles SET hashes = overlay(hashes placing $root_hash from 33) WHERE level = 0 AND index = 0}, qr/^root_differs 02 0\nroot_differs .*Tile 0 of level 0/ ],
	[ 'a leaf of the last tile rewritten' => qq{UPDATE azr_evidence_tiles SET hashes = overlay(hashes placing $root_hash from 33 + 32 * 60) WHERE level = 0 AND index = 1}, qr/^root_differs \d\d \d\nroot_differs The checkpoint of size 400/ ],
	[ 'an event and its leaf rewritten' => qq{UPDATE azr_main_events SET payload = 'x' WHERE stream_id = 2 AND sequence = 0; UPDATE azr_evidence_tiles SET hashes = overlay(hashes placing $root_hash from 33) WHERE level = 0 AND index = 0}, qr/^event_altered 02 0\n/ ],
	[ 'a tile of level 1 rewritten' => qq{UPDATE azr_evidence_tiles SET hashes = $root_hash WHERE level = 1}, qr/^root_differs Tile 0 of level 0, which has entries 0 to 255,.*\n(root_differs The checkpoint of size \d+ .*\n?){3}$/ ],
	[ 'a tile deleted' => q{DELETE FROM azr_evidence_tiles WHERE level = 0 AND index = 0}, qr/^root_differs Tile 0 of level 0 is missing or too short: it has 0 leaves, and not 256\.$/ ],
	[ 'a tile of level 1 deleted' => q{DELETE FROM azr_evidence_tiles WHERE level = 1}, qr/^root_differs Tile 0 of level 1 is missing/ ],
	[ 'a tile cut off' => q{UPDATE azr_evidence_tiles SET hashes = substr(hashes, 1, 100) WHERE level = 0 AND index = 0}, qr/^root_differs Tile 0 of level 0 is missing or too short/ ],
	[ 'a tile that is too long' => q{UPDATE azr_evidence_tiles SET hashes = decode(repeat('ab', 1000000), 'hex') WHERE level = 0 AND index = 0}, qr/^root_differs Tile 0 of level 0 is missing or too short.*\nroot_differs Tile 0 of level 0 is longer/ ],
	[ 'a tile of nowhere' => q{INSERT INTO azr_evidence_tiles VALUES (-9223372036854775808, -9223372036854775808, 'x'), (9223372036854775807, 5, ''), (0, 9223372036854775807, 'x'), (3, 0, 'x')}, qr/^(root_differs Tile .* is longer .*\n?){4}$/ ],
	[ 'all tiles deleted' => q{DELETE FROM azr_evidence_tiles}, qr/^root_differs Tile 0 of level 0 is missing/ ],
	[ 'a salt rewritten' => q{UPDATE azr_evidence_salts SET salts = overlay(azr_salts(0) placing '0123456789abcdef'::bytea from 17) WHERE index = 0}, qr/^event_altered 02 0$/ ],
	[ 'salts deleted' => q{DELETE FROM azr_evidence_salts WHERE index = 0}, qr/^root_differs Salts 0 are missing/ ],
	[ 'salts cut off' => q{UPDATE azr_evidence_salts SET salts = substr(azr_salts(0), 1, 17) WHERE index = 0}, qr/^root_differs Salts 0 are missing or too few/ ],
	[ 'salts that are too many' => q{UPDATE azr_evidence_salts SET salts = decode(repeat('ab', 1000000), 'hex') WHERE index = 0}, qr/^root_differs Salts 0 are missing or too few.*\nroot_differs Salts 0 are more/ ],
	[ 'a head rewritten' => qq{UPDATE azr_evidence_heads SET leaf = $root_hash WHERE stream_id = 7}, qr/^root_differs 07 9$/ ],
	[ 'a head that is no digest' => q{UPDATE azr_evidence_heads SET leaf = '' WHERE stream_id = 7}, qr/^root_differs 07 9$/ ],
	[ 'a head that is behind' => q{UPDATE azr_evidence_heads SET next_sequence = 3 WHERE stream_id = 7}, qr/^root_differs 07 2$/ ],
	[ 'a head that is far ahead' => q{UPDATE azr_evidence_heads SET next_sequence = 9223372036854775807 WHERE stream_id = 7}, qr/^root_differs 07 9223372036854775806$/ ],
	[ 'a head deleted' => q{DELETE FROM azr_evidence_heads WHERE stream_id = 7}, qr/^root_differs azr_evidence_heads has 39 rows/ ],
	[ 'a head of no stream' => qq{INSERT INTO azr_evidence_heads VALUES (-9223372036854775808, 1, $root_hash)}, qr/^root_differs 0\n?/ ],
	[ 'a last ticket lowered' => q{UPDATE azr_evidence_salts SET last_ticket = 5 WHERE index = 0}, qr/^root_differs Salts 0 have 5 as last_ticket, and there is \d+ up to there: somebody has changed them\.\z/ ],
	[ 'a last ticket raised' => q{UPDATE azr_evidence_salts SET last_ticket = 9223372036854775807 WHERE index = 0}, qr/^root_differs Salts 1 have \d+ as last_ticket, and there is 9223372036854775807 up to there/ ],
	[ 'a checkpoint rewritten' => qq{UPDATE azr_evidence_checkpoints SET root = $root_hash WHERE size = 300}, qr/^root_differs The checkpoint of size 300 has another root/ ],
	[ 'a checkpoint without a digest' => q{UPDATE azr_evidence_checkpoints SET root = '' WHERE size = 300}, qr/^root_differs The checkpoint of size 300 has another root/ ],
	[ 'a checkpoint of a negative size' => qq{INSERT INTO azr_evidence_checkpoints VALUES (-5, $root_hash, now())}, qr/^root_differs The checkpoint of size -5 / ],
	[ 'a checkpoint of a size that there is not' => qq{INSERT INTO azr_evidence_checkpoints VALUES (1000, $root_hash, now())}, qr/^root_differs The last checkpoint is of size 1000, and the feed and the tiles have no more than 400 events\.\z/ ],
	[ 'a checkpoint of more than can be counted to' => qq{INSERT INTO azr_evidence_checkpoints VALUES (9223372036854775807, $root_hash, now())}, qr/^root_differs The last checkpoint is of size 9223372036854775807, and the feed and the tiles have no more than 400 events\.\z/ ],
	[ 'a checkpoint of a tile more' => qq{INSERT INTO azr_evidence_checkpoints VALUES (600, $root_hash, now())}, qr/^root_differs Tile 1 of level 0 is missing or too short.*\nevent_missing 200 entries/s ],
	[ 'the last checkpoints deleted' => q{DELETE FROM azr_evidence_checkpoints WHERE size > 300}, qr/^root_differs .*somebody has changed it, or has deleted checkpoints\.$/m ],
	[ 'all checkpoints deleted' => q{DELETE FROM azr_evidence_checkpoints}, qr/^root_differs Tile 0 of level 0 is longer than a log of 0 events/m ]);
foreach my $attack (@attacks)
{
	my ($name, $sql, $expected) = @$attack;
	like(found($sql), $expected, $name);
}

# An event that was put there by hand, which the feed does not have: it is named before and after
# azr_seal() stops for it, and what the documentation says lets that go on. What one transaction
# appends can be sealed by the next one, so each has a database of its own.
my $seven = '00000000-0000-0000-0000-000000000007';
sub by_hand { my ($stream, $sequence) = @_; return "INSERT INTO azr_main_events (stream_id, sequence, created_at, type_id, committed, payload) SELECT $stream, $sequence, now(), type_id, true, 'by hand' FROM azr_main_events WHERE stream_id = 8 AND sequence = 0"; }
my $append = q{SELECT count(azr_append('d', NULL, root, NULL, '{A,B}', '{next,next}')) FROM roots WHERE i IN (6, 7, 8)};
my $verify = q{SELECT concat_ws(' ', problem, right(root::text, 2), sequence) FROM azr_verify()};
sub committed
{
	my (@sql) = @_;

	$node->safe_psql('template1', 'DROP DATABASE IF EXISTS by_hand; CREATE DATABASE by_hand TEMPLATE postgres');
	return ($node->psql('by_hand', join(';', $disable, @sql)))[1, 2];
}
is((committed(by_hand(7, 10), $verify))[0], 'not_in_feed 07 10', 'an event put there by hand is named');
is((committed(by_hand(7, 10), $append, $verify))[0], "3\nnot_in_feed 07 10", 'also when others have followed');
is((committed(q{SELECT azr_append_one('d', NULL, '00000000-0000-0000-0000-000000000041', NULL, 'A', 'a')}, 'UPDATE azr_main_events SET ticket = NULL WHERE stream_id > 40', $verify))[0], "0\nnot_in_feed 41 0", 'also as the first one of its stream');
is((committed($append, 'SELECT size FROM azr_seal(1)', $verify))[0], "3\n401", 'what is in the middle of an append is in the feed');
is((committed($append, $verify))[0], '3', 'and what is not sealed yet');
my ($shown, $said) = committed(by_hand(7, 10), $append, 'SELECT azr_seal()');
like($said, qr{ERROR:  event 11 of d/angzarr/$seven cannot be sealed\nDETAIL:  Event 10 does not come before it in the feed: somebody has stored it by hand}, 'azr_seal() names both events');
is($node->safe_psql('by_hand', $verify), 'not_in_feed 07 10', 'as does azr_verify() then');
my ($repair) = slurp_file("$ENV{TESTDIR}/docs/evidence.md") =~ /```\n(BEGIN;\n.*?azr_delete_snapshots.*?COMMIT;\n)```/s;
$repair =~ s/\bes\.//g;
$node->safe_psql('by_hand', 'SELECT azr_take_over()');
is($node->safe_psql('by_hand', "\\set stream 7\n\\set m 10\n$repair"), 0, 'what is documented leaves nothing to azr_check()');
is($node->safe_psql('by_hand', "SELECT size FROM azr_seal(); $verify; SELECT convert_from(payload, 'UTF8') FROM azr_load('d', NULL, '$seven', 9)"), "406\n6\nnext\nnext", 'and sealing goes on');
($shown, $said) = committed("SELECT azr_append_one('d', NULL, '$seven', NULL, 'A', 'a')", $append, 'DELETE FROM azr_main_events WHERE stream_id = 7 AND sequence = 10', 'SELECT azr_seal()');
like($said, qr{ERROR:  event 11 of d/angzarr/$seven cannot be sealed\nDETAIL:  Event 10 does not come before it}, 'nor without an event that was deleted before it was sealed');
foreach my $head ([ 'next_sequence = 12', qr{event 10 of d/angzarr/$seven cannot be sealed\nDETAIL:  The stream is sealed up to event 11: } ], [ q{leaf = ''}, qr{the leaf of stream 7 in azr_evidence_heads is no digest} ])
{
	like((committed($append, "UPDATE azr_evidence_heads SET $head->[0] WHERE stream_id = 7", 'SELECT azr_seal()'))[1], qr/^psql:<stdin>:1: ERROR:  $head->[1]/m, "a head with $head->[0]");
}

# A checkpoint in the middle can be deleted; who has its note sees that nothing else was.
is(found('DELETE FROM azr_evidence_checkpoints WHERE size = 300', "\$\$$early_note\$\$"), '', 'the root at a size follows from the leaves');

# What only a note shows

my $quoted = sub { "\$\$$_[0]\$\$" };
my $forget = 'DELETE FROM azr_evidence_tiles; DELETE FROM azr_evidence_salts; DELETE FROM azr_evidence_heads; DELETE FROM azr_evidence_checkpoints';
is(found("$forget; UPDATE azr_main_events SET payload = 'x' $event; SELECT FROM azr_seal(400)"), '', 'a log that was rebuilt is sound by itself');
foreach my $old ($early_note, $note)
{
	like(found("$forget; SELECT FROM azr_seal(400)", $quoted->($old)), qr/^root_differs The note of size \d00 has another root/, 'but no note of before is of it');
}
like(found("$forget; SELECT FROM azr_seal(350)", $quoted->($note)), qr/^root_differs The note is of size 400, and only 350 events are sealed/, 'a log that is shorter');
like(found('ALTER TABLE azr_evidence DISABLE TRIGGER ALL; DELETE FROM azr_evidence', $quoted->($note)), qr/^root_differs No evidence is kept/, 'the name of the log deleted');
like(found('ALTER TABLE azr_evidence DISABLE TRIGGER ALL; UPDATE azr_evidence SET origin = $$x$$', $quoted->($note)), qr/^root_differs The note is of log "example.com\/test", and the log of this database is "x"/, 'the log renamed');
($code, $out, $err) = $node->psql('postgres', "BEGIN; $disable; $forget; SELECT FROM azr_seal(400); \\set VERBOSITY verbose\nSELECT azr_put_checkpoint(\$\$$note\$\$ || E'\\n' || chr(8212) || E' a AAAA\\n')");
like($err, qr/ZR011: +the note of log "example.com\/test" at size 400 is not of the log/, 'no note of another log is filed');

# Damage ends neither the server nor a proof of what is not damaged
foreach my $attack (@attacks)
{
	my ($name, $sql) = @$attack;
	$node->psql('postgres', "BEGIN; $disable; $sql; SAVEPOINT s; " . join '; ROLLBACK TO s; ',
		map { "SELECT $_" } 'azr_seal()', 'azr_checkpoint(1)', 'azr_entries(0)', 'azr_tile(0, 0)', 'azr_salts(1)',
		q{azr_prove('d', NULL, '00000000-0000-0000-0000-000000000007')}, 'azr_prove_consistency(3, 300)');
}
is($node->safe_psql('postgres', 'SELECT * FROM azr_verify()'), '', 'nothing of all this stays');

# A crash while a seal is in progress, and after one that was acknowledged
my $size = sub { $node->safe_psql('postgres', 'SELECT split_part(azr_checkpoint(), E\'\n\', 2)') };
$node->safe_psql('postgres', q{SET synchronous_commit = on; SELECT count(azr_append_one('d', NULL, root, NULL, 'D', 'late')) FROM roots});
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('BEGIN; SELECT azr_seal(20)');
$node->stop('immediate');
$node->start;
is($size->(), 400, 'a seal that was not committed is gone');
is($node->safe_psql('postgres', 'SELECT size FROM azr_seal(20)'), 420, 'it is done again');
$node->stop('immediate');
$node->start;
is($size->(), 420, 'a seal that was acknowledged stays, whatever synchronous_commit is');
is($node->safe_psql('postgres', "SELECT * FROM azr_verify(\$\$$note\$\$)"), '', 'all is sound');
eval { $session->quit };

# Dump and restore, into a database where the log goes on
my $proof = q{SELECT azr_prove('d', NULL, '00000000-0000-0000-0000-000000000007', 5, 400)};
my $before = $node->safe_psql('postgres', $proof);
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('restored', $proof), $before, 'a proof is the same after a restore');
is($node->safe_psql('restored', "SELECT * FROM azr_verify(\$\$$note\$\$)"), '', 'so is the log');
$node->safe_psql('postgres', 'SELECT azr_seal()');
my $later_note = $node->safe_psql('postgres', 'SELECT azr_checkpoint()');
like($node->safe_psql('restored', "SELECT detail FROM azr_verify(\$\$$later_note\$\$)"), qr/The note is of size 440, and only 420 events are sealed/, 'an older backup is seen');
is($node->safe_psql('restored', 'SELECT size FROM azr_seal()'), 440, 'the restored log goes on');
is($node->safe_psql('restored', "SELECT detail FROM azr_verify(\$\$$later_note\$\$)"), '', 'and has the same events, so that the note is of it too');
$node->safe_psql('restored', q{SELECT azr_append_one('d', NULL, root, NULL, 'R', 'restored') FROM roots WHERE i = 1; SELECT azr_seal()});
$node->safe_psql('postgres', q{SELECT azr_append_one('d', NULL, root, NULL, 'O', 'original') FROM roots WHERE i = 1; SELECT azr_seal()});
$later_note = $node->safe_psql('postgres', 'SELECT azr_checkpoint()');
like($node->safe_psql('restored', "SELECT detail FROM azr_verify(\$\$$later_note\$\$)"), qr/The note of size 441 has another root/, 'until other events come');

# A standby proves and verifies
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $proof), $before, 'a standby gives the same proof');
is($standby->safe_psql('postgres', "SELECT * FROM azr_verify(\$\$$later_note\$\$)"), '', 'and verifies');
($code, $out, $err) = $standby->psql('postgres', 'SELECT azr_seal()');
like($err, qr/cannot execute azr_seal\(\)/, 'and does not seal');
$standby->stop;

# Beside appends, some of which are rolled back, and other seals
my $script = $node->basedir . '/append.sql';
append_to_file($script, q{\set r random(1, 40)
BEGIN;
SELECT azr_append_one('d', NULL, root, NULL, 'L', 'load') FROM roots WHERE i = :r;
\if :client_id
COMMIT;
\else
ROLLBACK;
\endif
});
my $seal = $node->basedir . '/seal.sql';
append_to_file($seal, "SELECT azr_seal(37);\n");
$node->command_ok([ 'pgbench', '-n', '-t', '100', '-c', '6', '-f', "$script\@4", '-f', "$seal\@1", $node->connstr('postgres') ], 'appends beside seals');
my $head = $node->safe_psql('postgres', 'SELECT azr_feed_advance() + 1');
is($node->safe_psql('postgres', 'SELECT size FROM azr_seal(1000000)'), $head, 'every event of the feed is sealed');
is($node->safe_psql('postgres', "SELECT * FROM azr_verify(\$\$$later_note\$\$)"), '', 'and all is sound');

# Streams that were forgotten for want of memory are looked for
is($node->safe_psql('postgres', q{SET maintenance_work_mem = '1MB';
	SELECT count(azr_append_one('many', NULL, azr_root('many', i::text), n, 'M', '')) FROM generate_series(0, 1) n, generate_series(1, 4000) i;
	SELECT size - } . $head . q{ FROM azr_seal(1000000); SELECT * FROM azr_verify()}), "8000\n8000", 'more streams than are remembered');

$node->stop;
done_testing();
