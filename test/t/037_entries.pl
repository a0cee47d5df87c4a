# Rows and entries of indexes that are put into their pages directly: crashes, a standby and WAL
# that is compared with the pages that it makes. amcheck compares heap and indexes.

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nwal_consistency_checking = 'btree'\nmax_wal_size = '4GB'\nwal_keep_size = '16GB'");
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION amcheck;
	CREATE EXTENSION angzarr;
	-- n events in an old or new stream, with those options that the bits of i say
	CREATE FUNCTION add(i int, n int, edition text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
		SELECT next_sequence FROM azr_append('d', edition, CASE WHEN i & 1 <> 0 THEN gen_random_uuid() ELSE azr_root('d', (i % 40)::text) END,
			NULL, array_fill('t'::text, ARRAY[n]), array_fill(decode(repeat('ab', i), 'hex'), ARRAY[n]),
			correlation_id => CASE WHEN i & 2 <> 0 THEN CASE i % 3 WHEN 0 THEN gen_random_uuid()::text ELSE 'c' || i % 3 END END,
			external_id => CASE WHEN i & 4 <> 0 THEN repeat('e', i % 100) || clock_timestamp() || random() END,
			source_domain => CASE WHEN i & 8 <> 0 THEN 's' END, source_root => CASE WHEN i & 8 <> 0 THEN gen_random_uuid() END,
			source_sequence => CASE WHEN i & 8 <> 0 THEN i END,
			cascade_id => CASE WHEN i & 16 <> 0 THEN 'cascade' || clock_timestamp() || random() END) $$;
	-- beside an entry of a row that was rolled back
	CREATE PROCEDURE add_again(i int) LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM add(i & ~1, 3);
			ROLLBACK;
			PERFORM add(i & ~1, 2);
		END $$;
	-- what the owner may add: with NULLs, in another order, with further columns, of long texts
	CREATE INDEX by_slot ON azr_streams (azr_slot(root));
	CREATE INDEX by_time ON azr_main_events (created_at DESC, type_id);
	CREATE INDEX by_causes ON azr_main_events (source_sequence, correlation_id, sequence);
	CREATE INDEX by_names ON azr_main_events (source_domain COLLATE "POSIX", external_id DESC NULLS LAST) INCLUDE (sequence);
	CREATE INDEX by_id ON azr_main_events (external_id, stream_id)});

my $version = $primary->safe_psql('postgres', 'SHOW server_version_num');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

sub indexes_are_sound
{
	my ($node, $when) = @_;

	is($node->safe_psql('postgres', q{
		SELECT count(bt_index_check(i.indexrelid, true)) > 15 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relname ~ '^azr_' AND c.relkind = 'r'}), 't', $when);
}

sub all_is_sound
{
	my ($when) = @_;

	indexes_are_sound($primary, "the indexes $when");
	$primary->safe_psql('postgres', q{
		SELECT bt_index_parent_check(i.indexrelid, true, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relname ~ '^azr_' AND c.relkind = 'r'});
	is($primary->safe_psql('postgres', q{
		SELECT count(*) FROM unnest('{azr_main_events, azr_edition_events, azr_streams}'::regclass[]) t, verify_heapam(t)}),
		'0', "the rows $when");
	is($primary->safe_psql('postgres', 'SELECT count(*) FROM azr_check()'), '0', "the store $when");
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	indexes_are_sound($standby, "the standby's indexes $when");
	is($standby->safe_psql('postgres', 'SELECT count(*), sum(sequence), max(ticket) FROM azr_events'),
		$primary->safe_psql('postgres', 'SELECT count(*), sum(sequence), max(ticket) FROM azr_events'),
		"the standby has the events $when");
}

# Half of the writers have PostgreSQL put in the entries.
my $script = PostgreSQL::Test::Utils::tempdir . '/add.sql';
append_to_file($script, join("\n",
	'\set i random(0, 127)', '\set n random(1, 120)', '\set off :client_id % 2',
	'\if :off', 'SET angzarr.direct_index_entries = off;', '\endif',
	'SELECT add(:i, 1);', 'SELECT add(:i, 1), add((:i + 2) % 128, :n);', 'SELECT add(:i & ~1, 2, \'e\');',
	'CALL add_again(:i);', ''));

sub write_with
{
	my ($out, $err, @how) = @_;

	return IPC::Run::start([ 'pgbench', '-n', '-c', 8, @how, '-f', $script, $primary->connstr('postgres') ], '>', $out, '2>', $err);
}

my ($out, $err) = ('', '');
ok(write_with(\$out, \$err, '-t', 20)->finish, 'eight writers') or diag($err);
all_is_sound('after eight writers');

# a crash while they write, in the middle of what one of them does
foreach my $round (1 .. 3)
{
	my $before = $primary->safe_psql('postgres', 'SELECT count(*) FROM azr_events');
	my $writers = write_with(\$out, \$err, '-T', 600);

	$primary->poll_query_until('postgres', "SELECT count(*) > $before + 2000 FROM azr_events") or die 'no events';
	$primary->stop('immediate');
	eval { $writers->finish };
	$primary->start;
	all_is_sound("after crash $round");
}

# what VACUUM has emptied is filled again
$primary->safe_psql('postgres', q{
	SELECT azr_delete_edition('d', 'e');
	VACUUM azr_edition_events;
	SELECT add(i & ~1, 30, 'e2') FROM generate_series(0, 127) i;
	SELECT add(i, 30) FROM generate_series(0, 127) i});
all_is_sound('after VACUUM');

# a table that is not in WAL yet
$primary->safe_psql('postgres', q{
	BEGIN;
	REINDEX TABLE azr_main_events;
	SELECT add(i, 3) FROM generate_series(0, 127) i;
	COMMIT});
all_is_sound('after REINDEX in the same transaction');

$standby->stop;
$primary->stop;
done_testing();
