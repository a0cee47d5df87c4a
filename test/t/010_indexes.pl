# Appends give every index its entries: those of the extension and those that the
# owner adds, also while it is being built. amcheck compares heap and indexes.

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION amcheck;
	CREATE EXTENSION angzarr;
	-- n events with those options that the bits of i say, on the main timeline or in an edition
	CREATE FUNCTION add(i int, n int, edition text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
		SELECT outcome FROM azr_append('d', edition, azr_root('d', (i % 5)::text), NULL, array_fill('t'::text, ARRAY[n]), array_fill(decode(repeat('ab', i), 'hex'), ARRAY[n]),
			metadata => CASE WHEN i & 1 <> 0 THEN (SELECT array_agg(CASE WHEN j % 2 = 0 THEN jsonb_build_object('j', j) END) FROM generate_series(1, n) j) END,
			correlation_id => CASE WHEN i & 2 <> 0 THEN CASE i % 3 WHEN 0 THEN gen_random_uuid()::text ELSE 'c' || i % 3 END END, external_id => CASE WHEN i & 4 <> 0 THEN 'e' || i || clock_timestamp() END,
			source_domain => CASE WHEN i & 8 <> 0 THEN 's' END, source_root => CASE WHEN i & 8 <> 0 THEN gen_random_uuid() END,
			source_sequence => CASE WHEN i & 8 <> 0 THEN i END,
			cascade_id => CASE WHEN i & 16 <> 0 THEN 'cascade' || i || clock_timestamp() END, committed => i & 32 = 0 OR i & 16 = 0) $$});

sub indexes_are_sound
{
	my ($when) = @_;

	is($node->safe_psql('postgres', q{
		SELECT count(bt_index_check(i.indexrelid, true)) > 15 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relname ~ '^azr_' AND c.relkind = 'r'}), 't', $when);
}

sub append_all
{
	$node->safe_psql('postgres', q{
		SELECT add(i, n) FROM generate_series(0, 63) i, (VALUES (1), (3), (1500)) v(n);
		SELECT add(i, n, 'e') FROM generate_series(0, 63) i, (VALUES (1), (3), (1500)) v(n);
		SELECT azr_put_snapshot('d', NULL, azr_root('d', i::text), j, 's', '', CASE WHEN j % 3 = 0 THEN 'persist' ELSE 'default' END) FROM generate_series(0, 4) i, generate_series(1, 9) j;
		SELECT azr_put_position('h', 'd', NULL, azr_root('d', i::text), j) FROM generate_series(0, 4) i, generate_series(1, 9) j});
}

append_all();
indexes_are_sound('the indexes of the extension');

$node->safe_psql('postgres', q{
	CREATE INDEX by_time ON azr_main_events (created_at, type_id);
	CREATE INDEX by_commitment ON azr_main_events (created_at) WHERE committed;
	CREATE INDEX by_causes ON azr_main_events (source_sequence, correlation_id);
	CREATE INDEX by_key ON azr_main_events (created_at, azr_correlation_key(correlation_uuid, correlation_id), correlation_uuid);
	CREATE INDEX by_no_key ON azr_main_events (created_at) WHERE azr_correlation_key(correlation_uuid, correlation_id) IS NULL;
	CREATE INDEX by_no_key_and_metadata ON azr_main_events (created_at)
		WHERE azr_correlation_key(correlation_uuid, correlation_id) IS NULL AND metadata IS NOT NULL;
	CREATE INDEX by_metadata ON azr_main_events (metadata) WHERE metadata IS NOT NULL;
	CREATE UNIQUE INDEX one_external_id ON azr_main_events (external_id, sequence) WHERE external_id IS NOT NULL;
	CREATE INDEX by_payload ON azr_edition_events (committed) INCLUDE (payload) WHERE cascade_id IS NOT NULL;
	CREATE INDEX by_root ON azr_streams (root, created_at)});
my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM azr_main_events');
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT azr_append('d', NULL, azr_root('d', i::text), NULL, ARRAY['t'], ARRAY['']::bytea[], external_id => 'the same') FROM generate_series(100, 101) i");
like($err, qr/ERROR:  23505/, "the owner's unique index is one");
is($node->safe_psql('postgres', 'SELECT count(*) FROM azr_main_events'), $before, 'nothing is stored');
$node->safe_psql('postgres', 'DROP INDEX one_external_id');
append_all();
indexes_are_sound("the owner's too");

# built while appends go on
my $script = PostgreSQL::Test::Utils::tempdir . '/add.sql';
append_to_file($script, "\\set i random(0, 63)\nSELECT add(:i, 2), add(:i, 1, 'e');\n");
my $appends = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-T', 6, '-f', $script, $node->connstr('postgres') ], '>', \my $pgbench_out, '2>', \my $pgbench_err);
foreach my $n (1 .. 8)
{
	$node->safe_psql('postgres', "CREATE INDEX CONCURRENTLY late_$n ON azr_main_events (stream_id, created_at)");
	$node->safe_psql('postgres', "CREATE INDEX CONCURRENTLY late_e_$n ON azr_edition_events (correlation_id) WHERE correlation_id IS NOT NULL");
	$node->safe_psql('postgres', "DROP INDEX CONCURRENTLY late_$n") if $n % 2;
}
ok($appends->finish, 'appends go on meanwhile') or diag($pgbench_err);
indexes_are_sound('those that were built meanwhile');

$node->stop;
done_testing();
