# What a backend's memory comes to: it does not grow with the streams and types that it
# has seen, a large append takes it in the order of its input, and a large load no more
# than PostgreSQL is allowed to keep rows in.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = '4MB'\nautovacuum = off\nfsync = off\nwork_mem = '4MB'\nmax_locks_per_transaction = 1000");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE FUNCTION memory(which text) RETURNS int LANGUAGE sql AS $$
		SELECT substring(pg_read_file('/proc/self/status') FROM which || ':\s+(\d+) kB')::int $$;

	-- touches streams, a few of which there are, and appends now and then
	CREATE PROCEDURE touch(first int, last int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN first .. last LOOP
			PERFORM azr_next_sequence('d', CASE WHEN i % 2 = 0 THEN 'e' END, azr_root('d', i::text));
			IF i % 50 = 0 THEN
				PERFORM azr_append('d', NULL, azr_root('d', i::text), NULL, ARRAY['type ' || i], ARRAY['']::bytea[]);
				PERFORM count(*) FROM azr_load('d', NULL, azr_root('d', i::text));
				COMMIT;
			END IF;
		END LOOP;
	END
	$$});

# kB by which the memory of a session rises at most while it runs something, beyond what
# it has before.
sub growth
{
	my ($before, $sql) = @_;
	my $result = $node->safe_psql(
		'postgres', qq{
		SET client_min_messages = warning;
		$before;
		SELECT memory('VmHWM') > 0 \\g /dev/null
		COPY (SELECT 5) TO '/proc/self/clear_refs';	-- the mark falls to what there is now
		SELECT memory('VmRSS') AS start \\gset
		$sql;
		SELECT memory('VmHWM') - :start});
	my ($last) = $result =~ /(-?\d+)\s*$/;
	note("$last kB: $sql");
	return $last;
}

cmp_ok(growth('CALL touch(1, 20000)', 'CALL touch(20001, 1000000)'), '<', 8 * 1024, 'a million streams');

# of all these streams, a backend remembers as many as there is room for
is($node->safe_psql('postgres', q{
	CALL touch(1, 100) \g /dev/null
	SELECT used_bytes AS few FROM pg_backend_memory_contexts WHERE name = 'angzarr streams' \gset
	CALL touch(101, 20000) \g /dev/null
	SELECT count(*), bool_and(used_bytes = :few), bool_and(used_bytes BETWEEN 80 * 1024 AND 84 * 1024), bool_and(total_bytes < 90 * 1024) FROM pg_backend_memory_contexts WHERE name = 'angzarr streams'}),
	'1|t|t|t', 'the memory of streams does not grow');

# types that are looked up for each append: of a transaction that must stick to its
# snapshot, and of one that has brought them
$node->safe_psql('postgres', q{
	CREATE PROCEDURE repeat(type text) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1 .. 20000 LOOP
			PERFORM azr_append('d', NULL, azr_root('d', type), NULL, ARRAY[repeat('a', 500) || type, repeat('b', 500) || type], ARRAY['', '']::bytea[]);
		END LOOP;
		PERFORM count(*) FROM azr_load_effective('d', NULL, azr_root('d', type));
	END
	$$;
	SELECT azr_append('d', NULL, azr_root('d', 'a'), NULL, ARRAY[repeat('a', 500) || 'a', repeat('b', 500) || 'a'], ARRAY['', '']::bytea[])});
cmp_ok(growth("SET default_transaction_isolation = 'repeatable read'; CALL touch(1, 100)", q{CALL repeat('a')}), '<', 8 * 1024, 'types by snapshot');
cmp_ok(growth('CALL touch(1, 100)', q{CALL repeat('b')}), '<', 8 * 1024, 'types of the transaction itself');

# more types than a backend remembers
$node->safe_psql('postgres', q{
	SELECT azr_append('d', NULL, azr_root('types', i::text), NULL, array_agg(rpad('t' || i * 1000 + j, 400, 'x')), array_agg(''::bytea)) FROM generate_series(1, 60) i, generate_series(1, 1000) j GROUP BY i});
cmp_ok(growth(q{SELECT count(type) FROM azr_load('d', NULL, azr_root('types', '1'))}, q{SELECT count(type) FROM generate_series(1, 60) i, azr_load('d', NULL, azr_root('types', i::text))}),
	'<', 16 * 1024, '60,000 types');

# 10,000 events of 1 kB
my $input = 10 * 1024;
my $append = q{SELECT count(azr_append('d', NULL, azr_root('large', '%s'), NULL, array_fill('large'::text, ARRAY[%d]), array_fill(convert_to(repeat('x', 1000), 'UTF8'), ARRAY[%d])))};
cmp_ok(growth(sprintf($append, 'a', 10, 10), sprintf($append, 'b', 10000, 10000)), '<', 4 * $input, 'an append of 10,000 events');

# a million events, in FROM and as a materialized set
$node->safe_psql('postgres', q{
	SELECT count(azr_append('d', NULL, azr_root('long', ''), NULL, array_fill('long'::text, ARRAY[10000]), array_fill(convert_to(repeat('x', 64), 'UTF8'), ARRAY[10000])))
	FROM generate_series(1, 100)});
foreach my $load (q{SELECT count(payload) FROM azr_load('d', NULL, azr_root('long', ''))}, q{SELECT count(l) FROM azr_load('d', NULL, azr_root('long', '')) l},
	q{SELECT count(payload) FROM azr_load('d', NULL, azr_root('long', ''), until => 'infinity', backward => true)},
	q{SELECT count(*) FROM azr_load('d', NULL, azr_root('long', ''), types => '{large}')})
{
	cmp_ok(growth(q{SELECT count(*) FROM azr_load('d', NULL, azr_root('large', 'a'))}, $load), '<', 16 * 1024, $load);
}

$node->stop;
done_testing();
