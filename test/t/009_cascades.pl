# Cascades: a protobuf library reads what resolves them, stale ones are found by an
# index alone, and many that are resolved at the same time do not deadlock.

use strict;
use warnings;

use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "max_connections = 30\nfsync = off");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE FUNCTION add(domain text, edition text, root uuid, n int, cascade text, committed boolean DEFAULT false) RETURNS bigint LANGUAGE sql AS
	$$ SELECT first_sequence FROM azr_append(domain, edition, root, NULL, array_fill('t'::text, ARRAY[n]), array_fill(''::bytea, ARRAY[n]),
			cascade_id => cascade, committed => committed) $$});

# As the library reads it, in its text format.
sub decoded
{
	my ($message, $query) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir . '/payload';
	my $text;

	append_to_file($file, pack('H*', $node->safe_psql('postgres', "SELECT encode(payload, 'hex') FROM $query")));
	IPC::Run::run([ 'protoc', "--proto_path=$FindBin::RealBin/../../docs", "--decode=angzarr.$message", 'angzarr.proto' ], '<', $file, '>', \$text)
	  or die 'protoc could not decode it';
	return $text;
}

my $root = '00010203-0405-0607-0809-0a7f80ff220d';
my $bytes = '\\\\000\\\\001\\\\002\\\\003\\\\004\\\\005\\\\006\\\\007\\\\010\\\\t\\\\n\\\\177\\\\200\\\\377\\\\"\\\\r';
$node->safe_psql(
	'postgres', qq{
	SELECT add('ördér', NULL, '$root', 300, NULL, true), add('ördér', NULL, '$root', 2, 'cascade'), add('ördér', NULL, '$root', 1, NULL, true),
		add('ördér', NULL, '$root', 1, 'cascade');
	SELECT azr_confirm_cascade('cascade');
	SELECT add('ördér', 'what if', '$root', 1, 'another'), azr_revoke_cascade('another', E'nö, "never"\\n')});
like(decoded('Confirmation', "azr_load('ördér', NULL, '$root', 304)"), qr/^target \{
  root \{
    value: "$bytes"
  \}
  domain: "\\303\\266rd\\303\\251r"
  edition \{
    name: "angzarr"
  \}
\}
sequences: 300
sequences: 301
sequences: 303
cascade_id: "cascade"
$/, 'a confirmation');
like(decoded('Revocation', "azr_load('ördér', 'what if', '$root', 306)"), qr/^target \{
  root \{
    value: "$bytes"
  \}
  domain: "\\303\\266rd\\303\\251r"
  edition \{
    name: "what if"
  \}
\}
sequences: 305
cascade_id: "another"
reason: "n\\303\\266, \\"never\\"\\n"
$/, 'a revocation');

# A message has 32 bits for a sequence. No append gets there, but an INSERT can.
$node->safe_psql('postgres', qq{
	SELECT add('long', NULL, '$root', 1, NULL, true);
	INSERT INTO azr_main_events (stream_id, sequence, created_at, committed, type_id, payload, cascade_id)
		SELECT stream_id, 4294967294, now(), true, 1, '', NULL FROM azr_streams WHERE domain = 'long';
	SELECT add('long', NULL, '$root', 1, 'fits'), add('long', NULL, '$root', 1, 'too long');
	SELECT azr_confirm_cascade('fits')});
like(decoded('Confirmation', "azr_load('long', NULL, '$root', 4294967297)"), qr/^sequences: 4294967295$/m, 'the highest sequence that it has room for');
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT azr_confirm_cascade('too long')");
like($err, qr/ERROR:  22003: sequence 4294967296 cannot be confirmed or revoked/, 'a higher one is refused');

# Strings of a message are UTF-8, whatever the database's encoding.
$node->safe_psql('postgres', q{CREATE DATABASE latin1 ENCODING 'LATIN1' TEMPLATE template0});
$node->safe_psql('latin1', q{
	SET client_encoding = 'UTF8';
	CREATE EXTENSION angzarr;
	SELECT azr_append('é', NULL, azr_root('é', 'é'), 0, ARRAY['t'], ARRAY['']::bytea[], cascade_id => 'é', committed => false), azr_revoke_cascade('é', 'é')});
is($node->safe_psql('latin1', q{SELECT count(*) FROM azr_timeline, (VALUES (convert_to('é', 'UTF8'))) v(utf8) WHERE sequence = 1
		AND position('\x12020000'::bytea IN payload) = 0 AND position('\x1202c3a9'::bytea IN payload) > 0
		AND position('\x1a02c3a9'::bytea IN payload) > 0 AND position('\x2202c3a9'::bytea IN payload) > 0}),
	'1', 'in another encoding');

# Events without a cascade are not in the index, and finding stale cascades reads
# nothing but the index, however many events there are.
my $size = q{SELECT sum(pg_relation_size(c.oid)) FROM pg_class c WHERE relname ~ 'events_cascade_idx$'};
$node->safe_psql('postgres', 'CREATE DATABASE large');
$node->safe_psql('large', 'CREATE EXTENSION angzarr');
my $empty = $node->safe_psql('large', $size);
$node->safe_psql('large', q{
	SELECT azr_append('d', NULL, azr_root('d', i::text), NULL, array_fill('t'::text, ARRAY[1000]), array_fill('p'::bytea, ARRAY[1000])) FROM generate_series(1, 50) i;
	SELECT azr_append('d', 'e', azr_root('d', i::text), NULL, array_fill('t'::text, ARRAY[100]), array_fill('p'::bytea, ARRAY[100])) FROM generate_series(1, 50) i});
is($node->safe_psql('large', $size), $empty, 'stores without cascades have an empty index');
$node->safe_psql('large', q{
	SELECT azr_append('d', NULL, azr_root('d', i::text), NULL, ARRAY['t'], ARRAY['p']::bytea[], cascade_id => 'c' || i, committed => false) FROM generate_series(1, 50) i;
	SELECT azr_confirm_cascade('c' || i) FROM generate_series(2, 50) i});
foreach my $analyzed ('never analyzed', 'analyzed')
{
	my $plan;

	$node->safe_psql('large', 'VACUUM ANALYZE') if $analyzed eq 'analyzed';
	($rc, $out, $plan) = $node->psql('large', q{
		LOAD 'auto_explain';
		SET auto_explain.log_nested_statements = on;
		SET auto_explain.log_level = 'notice';
		SET auto_explain.log_min_duration = 0;
		SELECT cascade_id FROM azr_stale_cascades('infinity')});
	is($out, 'c1', "$analyzed: the stale cascade");
	like($plan, qr/Index.* $_/, "$analyzed: by $_") foreach 'azr_main_events_cascade_idx', 'azr_edition_events_cascade_idx';
	unlike($plan, qr/Seq Scan/, "$analyzed: and no table is read as a whole");
}

# Twenty cascades with some of the same streams, on the main timeline and in editions,
# resolved by many at the same time, one way or the other, while others append.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE outcomes (outcome text);
	CREATE FUNCTION take_part(cascade int) RETURNS void LANGUAGE sql AS $$
		SELECT add('race', CASE WHEN i % 3 = 0 THEN 'e' || i % 2 END, azr_root('race', (i % 7)::text), 1, 'race ' || cascade)
		FROM generate_series(1, 12) i WHERE random() < 0.4 ORDER BY random() $$;
	CREATE FUNCTION race() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		n int := 1 + floor(random() * 20)::int;
		r float := random();
		s text;
		m text;
	BEGIN
		IF r < 0.1 THEN
			PERFORM add('race', NULL, azr_root('race', floor(random() * 7)::text), 1, NULL, true);
		ELSIF r < 0.2 THEN
			PERFORM add('race', NULL, azr_root('race', 'late ' || floor(random() * 7)), 1, 'race ' || n);
		ELSIF r < 0.6 THEN
			PERFORM azr_confirm_cascade('race ' || n);
		ELSE
			PERFORM azr_revoke_cascade('race ' || n, 'race');
		END IF;
		PERFORM pg_sleep(random() * 0.005);
		INSERT INTO outcomes VALUES ('done');
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
		INSERT INTO outcomes VALUES (s || CASE WHEN s = 'ZR006' THEN '' ELSE ' ' || m END);
	END $$});
$node->safe_psql('postgres', "SELECT take_part($_)") foreach 1 .. 20;
my $script = PostgreSQL::Test::Utils::tempdir . '/race.sql';
append_to_file($script, "SELECT race();\n");
$node->command_ok([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', 100, '-f', $script, 'postgres' ], 'cascades that race');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome) FROM outcomes}), 'ZR006 done', 'without a deadlock');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT cascade_id FROM azr_timeline WHERE domain = 'race' AND type LIKE '%angzarr.%'
	GROUP BY cascade_id HAVING count(DISTINCT type) > 1) c}), '0', 'each in one way');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT FROM azr_timeline WHERE domain = 'race' AND type LIKE '%angzarr.%'
	GROUP BY cascade_id, edition, root HAVING count(*) > 1) c}), '0', 'and once in each stream');
$node->safe_psql('postgres', q{
	DO $$
	DECLARE
		c record;
	BEGIN
		FOR c IN SELECT * FROM azr_stale_cascades('infinity') WHERE cascade_id LIKE 'race%' LOOP
			IF c.outcome = 'revoked' THEN
				PERFORM azr_revoke_cascade(c.cascade_id, 'stale');
			ELSE
				PERFORM azr_confirm_cascade(c.cascade_id);
			END IF;
		END LOOP;
	END $$});
is($node->safe_psql('postgres', q{SELECT count(*) FROM azr_stale_cascades('infinity') WHERE cascade_id LIKE 'race%'}), '0', 'what came late can be resolved alike');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT FROM azr_timeline WHERE domain = 'race'
	GROUP BY edition, root HAVING max(sequence) - min(sequence) + 1 <> count(*)) s}), '0', 'sequences are dense');

$node->stop;
done_testing();
