# What is erased is gone from the files, once they are vacuumed and scrubbed: on the primary, on a
# standby, and on a subscriber, which gets the erasure by itself. It is not in a dump, and records
# and proofs are. A crash takes nothing of this back.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $events = 50;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical', extra => ['--data-checksums']);
$primary->append_conf('postgresql.conf', "autovacuum = off\nfull_page_writes = on\n");
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical', extra => ['--data-checksums']);
$subscriber->append_conf('postgresql.conf', "autovacuum = off\n");
$subscriber->start;

# Each event has bytes that no other has, and that stand in a file as they are: small and larger
# payloads, compressed ones (of which the first bytes are not changed), those in the TOAST table,
# as they are and compressed, metadata, ids, also in their indexes, states, and reasons for parking.
my $payload = q{CASE kind WHEN 'sml' THEN convert_to(mark || repeat('s', 42), 'UTF8') WHEN 'med' THEN convert_to(mark, 'UTF8') || noise(1000, mark)
	WHEN 'zip' THEN convert_to(mark || repeat('z', 5000), 'UTF8') WHEN 'ext' THEN convert_to(mark, 'UTF8') || noise(5000, mark)
	ELSE convert_to(mark, 'UTF8') || noise(5000, mark) || convert_to(repeat('t', 10000), 'UTF8') END};
my $setup = q{
	CREATE FUNCTION noise(n int, seed text) RETURNS bytea LANGUAGE sql AS $$ SELECT string_agg(decode(md5(seed || i), 'hex'), '' ORDER BY i) FROM generate_series(1, n / 16) i $$;
	CREATE FUNCTION mark(kind text, i int) RETURNS text LANGUAGE sql AS $$ SELECT kind || lpad(i::text, 5, '0') $$;};
$_->safe_psql('postgres', 'CREATE EXTENSION angzarr') foreach $primary, $subscriber;
$primary->safe_psql('postgres', "$setup SELECT azr_publication(); SELECT azr_evidence_enable('example.com/erasure')");
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION store CONNECTION '" . $primary->connstr . " dbname=postgres' PUBLICATION angzarr");
$subscriber->wait_for_subscription_sync($primary, 'store', 'postgres');

# kept and erased events side by side, in streams of their own and in one
$primary->safe_psql('postgres', qq{
	SELECT count(azr_append('d', NULL, azr_root('d', kind || i % 7), NULL, ARRAY['T' || i % 3], ARRAY[$payload], metadata => ARRAY[jsonb_build_object('k', mark('met' || left(kind, 1), i))],
		correlation_id => CASE WHEN i % 2 = 0 THEN mark('cor' || left(kind, 1), i) ELSE md5(kind || i)::uuid::text END, external_id => mark('xid' || left(kind, 1), i)))
	FROM generate_series(1, $events) i, unnest(ARRAY['sml', 'med', 'zip', 'ext', 'tzp']) kind, mark(kind, i) mark;
	SELECT count(azr_append('d', NULL, azr_root('d', kind || i % 7), NULL, ARRAY['Kept'], ARRAY[noise(600, 'kept' || kind || i)], metadata => ARRAY['{"kept": 1}'::jsonb], correlation_id => 'kept' || i, external_id => 'kept' || i))
	FROM generate_series(1, $events) i, unnest(ARRAY['sml', 'ext']) kind;
	SELECT count(azr_put_snapshot('d', NULL, azr_root('d', 'sml' || k), n, 't', convert_to(mark('sta', (10 * k + n)::int), 'UTF8') || noise(3000 * (n % 2)::int + 40, 'state' || k || n)))
	FROM generate_series(0, 6) k, generate_series(2, 5) n});
# and what a group says of a stream that it has parked
$primary->safe_psql('postgres', 'SELECT azr_feed_advance()');
$primary->safe_psql('postgres', q{
	SELECT azr_group_create('workers', 1);
	SELECT count(azr_park('workers', position, mark('rea', row_number::int))) FROM (SELECT position, row_number() OVER () FROM azr_feed() WHERE domain = 'd' AND sequence = 0) p});
$primary->safe_psql('postgres', 'ANALYZE');
$primary->safe_psql('postgres', 'SELECT azr_seal()');

my %marks;
foreach my $i (1 .. $events)
{
	foreach my $kind (qw(sml med zip ext tzp))
	{
		my ($number, $letter) = (sprintf('%05d', $i), substr($kind, 0, 1));
		$marks{$kind}{"$kind$number"} = 1;
		$marks{metadata}{"met$letter$number"} = 1;
		$marks{external_id}{"xid$letter$number"} = 1;
		$marks{correlation_id}{"cor$letter$number"} = 1 if $i % 2 == 0;
	}
}
$marks{reason}{ sprintf('rea%05d', $_) } = 1 foreach 1 .. 35;
foreach my $k (0 .. 6) { $marks{state}{ sprintf('sta%05d', 10 * $k + $_) } = 1 foreach 2 .. 5; }
my @uuids = split /\n/, $primary->safe_psql('postgres', "SELECT md5(kind || i) FROM generate_series(1, $events, 2) i, unnest(ARRAY['sml', 'med', 'zip', 'ext', 'tzp']) kind");
foreach my $uuid (@uuids)
{
	my $bytes = pack('H*', $uuid);
	$marks{correlation_uuid}{$bytes} = 1;

	# in the index: the first eight bytes as a bigint
	$marks{correlation_key}{ pack('Q<', unpack('Q>', substr($bytes, 0, 8)) ^ (1 << 63)) } = 1 if unpack('S', pack('C2', 1, 0)) == 1;
}

# How many of the bytes of each kind are in the files of a server that is stopped.
sub found
{
	my ($node) = @_;
	my %found;
	my $content = '';

	foreach my $database (glob($node->data_dir . '/base/*'))
	{
		foreach my $file (grep { -f $_ && -s $_ } glob("$database/*")) { $content .= slurp_file($file) . "\n"; }
	}
	foreach my $kind (keys %marks)
	{
		# one pass for all of a kind: those of text have a prefix in common
		$found{$kind} = grep { index($content, $_) >= 0 } keys %{ $marks{$kind} };
	}
	return \%found;
}

sub total { my ($found) = @_; my $sum = 0; $sum += $_ foreach values %$found; return $sum; }
sub listed { my ($found) = @_; return join(' ', map { "$_ $found->{$_}" } grep { $found->{$_} > 0 } sort keys %$found); }

# Stop a server, look at its files, and start it again.
sub found_when_stopped
{
	my ($node) = @_;

	$node->stop;
	command_ok([ 'pg_checksums', '--check', '-D', $node->data_dir ], 'the checksums of ' . $node->name . ' are right');
	my $found = found($node);
	$node->start;
	return $found;
}

# all of them are there before: the search finds what it looks for
my $before = found_when_stopped($primary);
is($before->{$_}, scalar keys %{ $marks{$_} }, "before: all of $_ is in the files") foreach sort keys %marks;

# A transaction that may still see the rows.
my $kept = q{SELECT md5(string_agg(e::text, ',' ORDER BY root, sequence)) FROM azr_timeline e WHERE type = 'Kept'};
my $kept_before = $primary->safe_psql('postgres', $kept);
my $reader = $primary->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM azr_timeline');
my $erase = q{SELECT sum(azr_erase('d', NULL, root, sequence, sequence + 1, 'test', ids => %s)) FROM (SELECT root, sequence FROM azr_timeline WHERE domain = 'd' AND type <> 'Kept' ORDER BY root, sequence) e};

# first without ids, then with
is($primary->safe_psql('postgres', sprintf($erase, 'false')), 5 * $events, 'all are erased');
is($primary->safe_psql('postgres', 'SELECT count(*), bool_and(body_digest IS NOT NULL AND was_sealed) FROM azr_erased_events'), 5 * $events . '|t', 'on record, with digests');
is($primary->safe_psql('postgres', sprintf($erase, 'true')), 5 * $events, 'and their ids');
is($primary->safe_psql('postgres', sprintf($erase, 'true')), 0, 'then there is nothing left to do');
is($primary->safe_psql('postgres', 'SELECT count(*) FROM azr_latest_snapshots, azr_snapshot_history'), 0, 'snapshots went');
$primary->safe_psql('postgres', 'ANALYZE');

sub clean { $_[0]->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON)'); return $_[0]->safe_psql('postgres', 'SELECT coalesce(sum(pages), 0) > 0, coalesce(sum(waiting), 0) > 0 FROM azr_scrub()'); }
like(clean($primary), qr/\|t$/, 'rows that a transaction may still see are waiting');
like($reader->query_safe(q{SELECT count(*) FROM azr_timeline WHERE type LIKE 'T%'}), qr/^250$/m, 'and it does see them');
$reader->query_safe('COMMIT');
$reader->quit;

$primary->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON)');
cmp_ok(total(found_when_stopped($primary)), '>', $events, 'VACUUM alone leaves many in the files');
# what has ids in the bounds of an index is built anew
$primary->safe_psql('postgres', 'REINDEX INDEX azr_main_events_correlation_id_idx; REINDEX INDEX azr_main_events_external_id_idx');

# what ANALYZE had sampled is in a catalog, whose rows a replication slot keeps for some time
foreach my $round (1 .. 60)
{
	$primary->safe_psql('postgres', 'CHECKPOINT');
	$primary->wait_for_catchup('store');
	last if clean($primary) !~ /\|t$/;
	sleep 1;
}
is($primary->safe_psql('postgres', 'SELECT * FROM azr_scrub()'), '', 'then nothing is left to scrub');
is($primary->safe_psql('postgres', $kept), $kept_before, 'and what was kept is as it was');
is($primary->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*) FROM azr_timeline WHERE correlation_id LIKE $$kept%$$; SELECT count(*) FROM azr_check()'), 2 * $events . "\n0", 'also by its indexes');

# a crash takes nothing back
$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', 'SELECT * FROM azr_scrub()'), '', 'after a crash nothing is left to scrub');
is($primary->safe_psql('postgres', "$kept; SELECT count(*) FROM azr_check()"), "$kept_before\n0", 'after a crash what was kept is as it was');

is(listed(found_when_stopped($primary)), '', 'nothing is in the files of the primary');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', "$kept; SELECT count(*) FROM azr_erasures()"), "$kept_before\n" . 5 * $events, 'a standby has what was kept, and the records');
like(($standby->psql('postgres', 'SELECT azr_scrub()'))[2], qr/cannot execute azr_scrub\(\) in a read-only transaction/, 'a standby scrubs nothing itself');
is(listed(found_when_stopped($standby)), '', 'nothing is in the files of a standby');

# proofs stand, for what was erased and what was kept
my $proof = q{SELECT azr_prove('d', NULL, azr_root('d', 'sml1'))};
like($primary->safe_psql('postgres', $proof), qr/"erased": true/, 'a proof vouches for erased events');

# a dump has records and proofs, and nothing that was erased
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$primary->command_ok([ 'pg_dump', '-Fp', '-f', $dump, 'postgres' ], 'dumped');
my $dumped = slurp_file($dump);
is(scalar(grep { index($dumped, $_) >= 0 || index($dumped, unpack('H*', $_)) >= 0 } map { keys %{ $marks{$_} } } qw(sml med ext tzp zip metadata external_id correlation_id)), 0, 'a dump has none of it');
$primary->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$primary->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'restored', '-f', $dump ], 'restored');
is($primary->safe_psql('restored', $_), $primary->safe_psql('postgres', $_), "restored: $_") foreach $kept, $proof, 'SELECT * FROM azr_erasures()', 'SELECT * FROM azr_erased_events ORDER BY stream_id, sequence';
is($primary->safe_psql('restored', sprintf($erase, 'true') . '; SELECT count(*) FROM azr_check()'), "0\n0", 'erasing again does nothing there');
$primary->safe_psql('postgres', 'DROP DATABASE restored');

# A subscriber got it all by itself.
my @replicated = ($kept, 'SELECT * FROM azr_erasures()', 'SELECT * FROM azr_erased_events ORDER BY stream_id, sequence', 'SELECT * FROM azr_timeline ORDER BY domain, edition, root, sequence', 'SELECT count(*) FROM azr_latest_snapshots');
$primary->safe_psql('postgres', 'SELECT azr_feed_advance()');
$primary->wait_for_catchup('store');
is($subscriber->safe_psql('postgres', $_), $primary->safe_psql('postgres', $_), "subscriber: $_") foreach @replicated;
is($subscriber->safe_psql('postgres', q{SELECT problem FROM azr_check() WHERE problem <> 'sequence_behind'}), '', 'which is sound');

# It has the log, too: it proves and verifies as the publisher does, and seals nothing.
my @log = ($proof, q{SELECT azr_prove('d', NULL, azr_root('d', 'ext2'), 3, 200)}, 'SELECT azr_checkpoint(), azr_checkpoint(100)', 'SELECT * FROM azr_checkpoints()', 'SELECT azr_prove_consistency(10, 300)',
	'SELECT azr_tile(0, 0), azr_entries(1), azr_salts(1)', 'SELECT * FROM azr_seal(0)');
is($subscriber->safe_psql('postgres', $_), $primary->safe_psql('postgres', $_), "subscriber, the log: $_") foreach @log;
my $note = $primary->safe_psql('postgres', 'SELECT azr_checkpoint()');
is($subscriber->safe_psql('postgres', "SELECT * FROM azr_verify('$note\n')"), '', 'a subscriber verifies');
is($subscriber->safe_psql('postgres', 'SELECT size FROM azr_seal()'), ($note =~ /\n(\d+)\n/)[0], 'and seals nothing');

# an event that is erased before it is sealed, and loses its ids after: its record gets a digest
$primary->safe_psql('postgres', q{
	SELECT azr_append_one('late', NULL, azr_root('late', 'x'), 0, 'A', 'secret', correlation_id => 'c', external_id => 'x');
	SELECT azr_erase('late', NULL, azr_root('late', 'x'), 0, 1, 'before sealing')});
$primary->safe_psql('postgres', 'SELECT azr_seal()');
is($primary->safe_psql('postgres', q{SELECT was_sealed, body_digest IS NULL FROM azr_erased_events WHERE reason = 'before sealing'}), 'f|t', 'what was not sealed has no digest');
$primary->safe_psql('postgres', q{SELECT azr_erase('late', NULL, azr_root('late', 'x'), 0, 1, 'after', ids => true)});
is($primary->safe_psql('postgres', q{SELECT was_sealed, body_digest IS NULL, reason FROM azr_erased_events JOIN azr_streams s USING (stream_id) WHERE domain = 'late'}), 'f|f|before sealing', 'until it loses its ids');
like($primary->safe_psql('postgres', q{SELECT azr_prove('late', NULL, azr_root('late', 'x'))}), qr/"type": "type.googleapis.com\/angzarr.Erased"/, 'and a proof vouches for it as it was sealed');
$primary->wait_for_catchup('store');
is($subscriber->safe_psql('postgres', $_), $primary->safe_psql('postgres', $_), "subscriber, a digest: $_") foreach @replicated;

# there, nobody else changes an event or a record either, not even to what an erasure would make of it
like(($subscriber->psql('postgres', $_))[2], qr/stored history is immutable/, "subscriber: $_")
  foreach q{UPDATE azr_events SET type_id = (SELECT type_id FROM azr_event_types WHERE type LIKE '%.Erased'), payload = '\x0a0141', metadata = NULL WHERE external_id = 'kept1'},
  q{UPDATE azr_erased_events SET body_digest = decode(repeat('00', 32), 'hex')}, 'DELETE FROM azr_erased_events', q{SET session_replication_role = replica; UPDATE azr_erased_events SET reason = 'x'};

# a publisher that changes more than an erasure would, with its triggers off, does not get through
$primary->safe_psql('postgres', q{
	ALTER TABLE azr_main_events DISABLE TRIGGER azr_reject_change;
	UPDATE azr_main_events SET payload = 'forged' WHERE external_id = 'kept1';
	ALTER TABLE azr_main_events ENABLE ALWAYS TRIGGER azr_reject_change});
$subscriber->wait_for_log(qr/cannot UPDATE "azr_main_events": stored history is immutable/);
is($subscriber->safe_psql('postgres', $kept), $kept_before, 'the subscriber keeps what it has');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION store DISABLE; ALTER SUBSCRIPTION store SET (slot_name = NONE); DROP SUBSCRIPTION store');

$subscriber->safe_psql('postgres', 'ANALYZE');
clean($subscriber);
$subscriber->safe_psql('postgres', 'REINDEX INDEX azr_main_events_correlation_id_idx; REINDEX INDEX azr_main_events_external_id_idx');
clean($subscriber);
is($subscriber->safe_psql('postgres', 'SELECT * FROM azr_scrub()'), '', 'the subscriber is scrubbed');
is(listed(found_when_stopped($subscriber)), '', 'nothing is in the files of the subscriber');

# The keys by which an index tells its pages apart: an event in ten keeps its id, so that no page of
# the index goes.  And what ANALYZE samples of several columns together: few, so that it is stored as
# it is.
my $single = PostgreSQL::Test::Cluster->new('single');
$single->init;
$single->append_conf('postgresql.conf', "autovacuum = off\n");
$single->start;
$single->safe_psql('postgres', q{
	CREATE EXTENSION angzarr;
	CREATE STATISTICS sampled (mcv) ON external_id, sequence FROM azr_main_events;
	ALTER STATISTICS sampled SET STATISTICS 20;
	SELECT count(azr_append_one('d', NULL, azr_root('d', 'x'), NULL, 'A', 'a', external_id => 'id' || i || CASE WHEN i % 10 = 0 THEN 'kept' ELSE 'gone' END)) FROM generate_series(1, 3000) i});
my $vacuum = 'VACUUM (INDEX_CLEANUP ON)';
sub sampled { $single->safe_psql('postgres', 'CHECKPOINT'); return slurp_file($single->data_dir . '/' . $single->safe_psql('postgres', q{SELECT pg_relation_filepath('pg_statistic_ext_data')})); }
# twice: VACUUM moves what is new over what is oldest
$single->safe_psql('postgres', 'ANALYZE') foreach 1 .. 2;
$single->safe_psql('postgres', q{SELECT count(azr_erase('d', NULL, azr_root('d', 'x'), i, i + 9, 'bounds', ids => true)) FROM generate_series(0, 2990, 10) i});
$single->safe_psql('postgres', $_) foreach 'ANALYZE', $vacuum;
like(sampled(), qr/gone/, 'extended statistics keep ids in their file');
my $waiting = 'SELECT table_name FROM azr_scrub() WHERE waiting > 0';
is($single->safe_psql('postgres', $waiting), 'public.azr_main_events_external_id_idx', 'an index is waiting because of its bounds');
unlike(sampled(), qr/gone/, 'extended statistics are scrubbed');
$single->safe_psql('postgres', $_) foreach 'REINDEX INDEX azr_main_events_external_id_idx', $vacuum;
is($single->safe_psql('postgres', $waiting), '', 'until it is built anew');
# those that the owner has made of states, and expressions of them
$single->safe_psql('postgres', q{
	CREATE INDEX of_state ON azr_latest_snapshots (state);
	CREATE INDEX of_expression ON azr_latest_snapshots (encode(state, 'escape'));
	CREATE INDEX of_others ON azr_latest_snapshots (state_type);
	CREATE INDEX of_history ON azr_snapshot_history (state);
	SELECT count(azr_put_snapshot('d', NULL, azr_root('d', 's' || i), n, 't', convert_to('state' || lpad(i::text, 5, '0') || n, 'UTF8'), 'persist')) FROM generate_series(1, 1500) i, generate_series(0, 1) n;
	SELECT count(azr_append('d', NULL, azr_root('d', 's' || i), NULL, '{A,B}', '{a,b}')) FROM generate_series(1, 1500) i WHERE i % 10 > 0;
	SELECT count(azr_delete_snapshots('d', NULL, azr_root('d', 's' || i))) FROM generate_series(1, 1500) i WHERE i % 10 > 0});
$single->safe_psql('postgres', $vacuum);
my $of_history = $single->safe_psql('postgres', q{SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relname LIKE 'azr_snapshot%' AND relkind = 'r' AND pg_get_indexdef(indexrelid) LIKE '%(state)' AND pg_relation_size(indexrelid) > 16384});
is($single->safe_psql('postgres', "$waiting ORDER BY 1"), join("\n", sort("public.$of_history", 'public.of_expression', 'public.of_state')), 'indexes of states are waiting because of their bounds');
$single->safe_psql('postgres', $_) foreach 'REINDEX INDEX of_state', 'REINDEX INDEX of_expression', "REINDEX INDEX $of_history", $vacuum;
is($single->safe_psql('postgres', $waiting), '', 'until they are built anew');
$single->stop;

# Beside load: pages are scrubbed while they are written to.
$primary->safe_psql('postgres', q{SELECT count(azr_append_one('load', NULL, azr_root('load', (i % 20)::text), NULL, 'A', noise(300, i::text), external_id => 'l' || i)) FROM generate_series(1, 3000) i});
my @writers = map {
	my $n = $_;
	my $session = $primary->background_psql('postgres');
	$session->query_until(qr/started/, "\\echo started\nDO \$\$ BEGIN FOR i IN 1 .. 3000 LOOP PERFORM azr_append_one('load', NULL, azr_root('load', (i % 20)::text), NULL, 'B', noise(300, 'w$n' || i), external_id => 'w$n' || i); COMMIT; END LOOP; END \$\$;\n");
	$session
} 1 .. 2;
foreach my $round (0 .. 4)
{
	$primary->safe_psql('postgres', "DO \$\$ BEGIN FOR k IN 0 .. 19 LOOP PERFORM azr_erase('load', NULL, azr_root('load', k::text), 0, 20 * ($round + 1), 'load', ids => true); COMMIT; END LOOP; END \$\$");
	$primary->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) azr_main_events');
	$primary->safe_psql('postgres', 'SELECT count(*) FROM azr_scrub()');
}
$_->quit foreach @writers;
is($primary->safe_psql('postgres', q{
	SELECT count(*), count(*) FILTER (WHERE type LIKE '%.Erased') FROM azr_timeline WHERE domain = 'load';
	SELECT count(*) FROM azr_timeline WHERE domain = 'load' AND type = 'B' AND payload <> noise(300, external_id);
	SELECT count(*) FROM azr_check()}), "9000|2000\n0\n0", 'scrubbing beside load loses nothing');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $all = q{SELECT md5(string_agg(e::text, ',' ORDER BY domain, root, sequence)) FROM azr_timeline e};
is($standby->safe_psql('postgres', $all), $primary->safe_psql('postgres', $all), 'nor does the standby');

$_->stop foreach $subscriber, $standby, $primary;
done_testing();
