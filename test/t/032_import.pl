# Imports that are killed and run again, imports beside appends to the same streams, and
# transactions with many thousands of streams: what is stored is dense, whole and the same.
#
# Environment: IMPORT_STREAMS (3000), of ten events each.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $streams = $ENV{IMPORT_STREAMS} || 3000;
my $events = 10 * $streams;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 20\nmax_locks_per_transaction = 64\nwork_mem = '64kB'\ndeadlock_timeout = '100ms'");
$node->start;
$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION angzarr;
	CREATE TABLE source AS
	SELECT 'd' AS domain, NULL::text AS edition, azr_root('d', s::text) AS root, i::bigint AS sequence,
		'T' || i % 3 AS type, convert_to(repeat(md5(s || ' ' || i), 3), 'UTF8') AS payload,
		CASE WHEN i % 4 = 0 THEN jsonb_build_object('s', s) END AS metadata,
		timestamptz '2020-01-01' + s * interval '1 min' + i * interval '1 s' AS created_at,
		CASE WHEN i % 2 = 0 THEN 'c' || s END AS correlation_id, NULL::text AS external_id, s * 10 + i AS n
	FROM generate_series(1, $streams) s, generate_series(0, 9) i;
	CREATE VIEW rows AS SELECT domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id, external_id
		FROM source ORDER BY n;
	CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS
	\$\$ SELECT (SELECT count(*) FROM source s WHERE NOT EXISTS (
			SELECT FROM azr_timeline t WHERE (t.domain, t.root, t.sequence) = (s.domain, s.root, s.sequence)
			AND (t.type, t.payload, t.metadata, t.created_at, t.correlation_id) IS NOT DISTINCT FROM (s.type, s.payload, s.metadata, s.created_at, s.correlation_id))) \$\$;
	CREATE FUNCTION append(stream text, payload text) RETURNS text LANGUAGE sql AS
	\$\$ SELECT a.first_sequence::text FROM azr_append('a', NULL, azr_root('a', stream), NULL, ARRAY['T'], ARRAY[convert_to(payload, 'UTF8')]) a \$\$});

my $import = q{CALL azr_import('SELECT * FROM rows', 500, false)};

sub value
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

# Waits until some batches are stored, but not all.
sub wait_for_batches
{
	my ($at_least) = @_;
	$node->poll_query_until('postgres', "SELECT count(*) >= $at_least FROM azr_timeline WHERE domain = 'd'")
	  or die 'the import does not get on';
}

sub check_whole
{
	my ($what) = @_;

	# batches are of whole streams, so a stream has all of its events or none
	is(value(q{SELECT count(*) FROM azr_streams_of('d', NULL) WHERE next_sequence <> 10}), '0', "$what: no stream is torn");
	is(value(q{SELECT count(*) FROM azr_check()}), '0', "$what: what is stored is sound");
}

# Killed in the middle, in three ways, each time somewhere else. A trigger that waits stops it
# where it is to be killed, so no timing matters.
value(q{CREATE TABLE stops (at bigint);
	CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN
		IF (SELECT count(*) FROM public.azr_streams) > coalesce((SELECT max(at) FROM public.stops), 1000000) THEN PERFORM pg_catalog.pg_sleep(600); END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER stop BEFORE INSERT ON azr_streams FOR EACH ROW EXECUTE FUNCTION stop()});

my $third = int($streams / 4);
for my $kill (1 .. 3)
{
	my $stop = $kill * $third;
	value("TRUNCATE stops; INSERT INTO stops VALUES ($stop)");

	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/started/, "\\echo started\n$import;\n");
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL azr_import%' AND wait_event = 'PgSleep'})
	  or die 'the import does not stop where it should';
	my $pid = value(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL azr_import%'});
	if ($kill == 1)
	{
		value("SELECT pg_cancel_backend($pid)");
		$node->poll_query_until('postgres', qq{SELECT state <> 'active' FROM pg_stat_activity WHERE pid = $pid});
	}
	elsif ($kill == 2)
	{
		value("SELECT pg_terminate_backend($pid, 60000)");
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	eval { $session->quit };
	my $stored = value(q{SELECT count(*) FROM azr_timeline WHERE domain = 'd'});
	cmp_ok($stored, '>', 10 * ($stop - 200), "kill $kill: the batches before are kept");
	cmp_ok($stored, '<=', 10 * $stop, "kill $kill: the batch that was killed is not there");
	check_whole("kill $kill");
}
value('DROP TRIGGER stop ON azr_streams');
my ($ret, $out, $err) = $node->psql('postgres', q{CALL azr_import('SELECT * FROM rows', 500)});
like($err, qr/done, (\d+) events stored, (\d+) were there already/, 'run again, it goes on');
my ($stored, $there) = $err =~ /done, (\d+) events stored, (\d+) were/;
is($stored + $there, $events, 'every row was stored or there');
cmp_ok($there, '>', 20 * $third, 'what was there was passed over');
is(value('SELECT differences()'), '0', 'the same bytes');
check_whole('run again');
is(value(q{SELECT count(*) FROM pg_ls_tmpdir()}), '0', 'no temporary file is left behind');

# Two imports at once, of the same streams in the same order: one waits for the other
value(q{DROP EXTENSION angzarr CASCADE; CREATE EXTENSION angzarr;
	CREATE OR REPLACE FUNCTION append(stream text, payload text) RETURNS text LANGUAGE sql AS
	$$ SELECT a.first_sequence::text FROM azr_append('a', NULL, azr_root('a', stream), NULL, ARRAY['T'], ARRAY[convert_to(payload, 'UTF8')]) a $$});
sub differences
{
	return value(q{SELECT count(*) FROM source s WHERE NOT EXISTS (
		SELECT FROM azr_timeline t WHERE (t.domain, t.root, t.sequence) = (s.domain, s.root, s.sequence)
		AND (t.type, t.payload, t.metadata, t.created_at, t.correlation_id) IS NOT DISTINCT FROM (s.type, s.payload, s.metadata, s.created_at, s.correlation_id))});
}
my @sessions = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
$_->query_until(qr/started/, "\\echo started\n$import;\n") foreach @sessions;

# Meanwhile, appends after the imported events of some streams wait for these at most
my $n = 0;
for my $s (1, 2, 3)
{
	$node->poll_query_until('postgres', "SELECT azr_next_sequence('d', NULL, azr_root('d', '$s')) >= 10");
	value("SELECT azr_append('d', NULL, azr_root('d', '$s'), NULL, ARRAY['U'], ARRAY['u']::bytea[])");
	$n++;
}
$_->query('SELECT 1') foreach @sessions;
$_->quit foreach @sessions;
is(differences(), '0', 'two imports at once: all is there');
is(value(q{SELECT count(*) FROM azr_timeline WHERE domain = 'd'}), $events + $n, 'and once, with what was appended beside');
is(value(q{SELECT count(*) FROM azr_check()}), '0', 'what is stored is sound');

# Transactions with more streams than the lock table has room for, beside ordinary appends
my $many = 20000;
my @big = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
$_->query_until(qr/started/, "\\echo started\nSELECT count(append('s' || i, 'big')) FROM generate_series(1, $many) i;\n") foreach @big;
my $small = 0;
for my $i (1 .. 30)
{
	my $s = $i % 2 ? "s" . (1 + $i) : "own $i";
	my ($r, $o, $e) = $node->psql('postgres', "SELECT append('$s', 'small')");
	$small++ if $r == 0;
	diag($e) if $r != 0;
}
is($small, 30, 'ordinary appends beside do not fail');
for my $big (@big)
{
	my ($result) = $big->query('SELECT 1') =~ /(\d+)/;
	$big->quit;
}
is(value(q{SELECT count(*) FROM azr_timeline WHERE domain = 'a' AND payload = 'big'}), 2 * $many, 'two transactions with very many streams: no event is lost');
is(value(q{SELECT count(*) FROM azr_timeline WHERE domain = 'a' AND payload = 'small'}), '30', 'nor of those beside');
is(value(q{SELECT count(*) FROM azr_check()}), '0', 'what is stored is sound');

$node->stop;
done_testing();
