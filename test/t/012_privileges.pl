# Who may do what: readers, writers and admins, whom the extension's owner has made such;
# and that there is no way around it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE writer LOGIN;
	CREATE ROLE admin LOGIN;
	CREATE ROLE "sly; DROP TABLE x; --" LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE store OWNER keeper});

sub as
{
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', $role ]);

	return $err =~ /ERROR:  (\w+)/ ? $1 : $out;
}

is(as('keeper', 'CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es; SELECT 1'), '1', 'the owner creates it');
is(as('keeper', "SELECT es.azr_append('d', NULL, es.azr_root('d', 'a'), 0, ARRAY['T', 'T'], ARRAY['', '']::bytea[])"), '(added,0,1,2)', 'and appends');
is(as('keeper', "SELECT es.azr_grant('$_', '$_') IS NULL"), 'f', "makes a $_") foreach 'reader', 'writer', 'admin';
is(as('keeper', q{SELECT es.azr_grant('"sly; DROP TABLE x; --"', 'reader') IS NULL}), 'f', 'of whatever name');

# every function has a level, and each role has those of its own and lower levels
is(as('keeper', 'SELECT string_agg(function::text, $$ $$) FROM es.azr_privileges() WHERE level IS NULL'), '', 'no function was forgotten');
my %rank = (stranger => 0, reader => 1, writer => 2, admin => 3, keeper => 4);
my %level_rank = (reader => 1, writer => 2, admin => 3, owner => 4);
foreach my $line (split /\n/, as('keeper', q{SELECT function::oid || ' ' || function || ' ' || level FROM es.azr_privileges()}))
{
	my ($oid, $function, $level) = $line =~ /^(\d+) (.*) (\w+)$/;
	# one has to look by itself who calls, since a new owner has no right yet
	my $expected = join ' ', grep { $rank{$_} >= $level_rank{$level} || $function =~ /^es\.azr_(take_over|correlation_key)\(/ } sort keys %rank;
	my $may = $node->safe_psql('store', "SELECT string_agg(r, ' ' ORDER BY r COLLATE \"C\") FROM unnest(ARRAY['stranger', 'reader', 'writer', 'admin', 'keeper']) r WHERE has_function_privilege(r, $oid, 'EXECUTE')");
	is($may, $expected, "$level: $function");
}

# the table in the docs says the same
my %documented;
foreach (grep { /^\| `azr_/ } split /\n/, slurp_file($ENV{TESTDIR} . '/docs/reference.md'))
{
	my ($functions, $level) = /^\| (`azr_.*) \| (reader|writer|admin|owner) \|$/ or next;
	$documented{$_} = $level foreach $functions =~ /`(azr_\w+)`/g;
}
is(join("\n", map { "$_ $documented{$_}" } sort keys %documented),
	as('keeper', q{SELECT DISTINCT regexp_replace(function::text, '^es\.|\(.*', '', 'g') || ' ' || level AS l FROM es.azr_privileges() ORDER BY 1}),
	'as documented');

# no right on any relation but the view
is( $node->safe_psql('store', q{
	SELECT r || ' ' || c.relname || ' ' || p
	FROM unnest(ARRAY['stranger', 'reader', 'writer', 'admin']) r,
		unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p, pg_class c
	WHERE c.relnamespace = 'es'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(r, c.oid, p)
	ORDER BY 1}),
	"admin azr_timeline SELECT\nreader azr_timeline SELECT\nwriter azr_timeline SELECT", 'tables are out of reach');
is( $node->safe_psql('store', q{
	SELECT count(*) FROM unnest(ARRAY['stranger', 'reader', 'writer', 'admin']) r, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p, pg_class c
	WHERE c.relnamespace = 'es'::regnamespace AND c.relkind = 'S' AND has_sequence_privilege(r, c.oid, p)}),
	'0', 'so are sequences');
is(as('reader', 'SELECT count(*) FROM es.azr_timeline'), '2', 'a reader reads the view');
is(as('stranger', 'SELECT count(*) FROM es.azr_timeline'), '42501', 'a stranger does not even see the schema');
is($node->safe_psql('store', q{SELECT has_type_privilege('reader', 'es.azr_event', 'USAGE') || ' ' || has_type_privilege('stranger', 'es.azr_event', 'USAGE')}), 'true false', 'types go with the functions');
is( as('reader', q{DO $$ DECLARE e es.azr_event; BEGIN SELECT * INTO e FROM es.azr_load('d', NULL, es.azr_root('d', 'a')) LIMIT 1; END $$; SELECT 1}), '1', 'and are of use');

# what each level is for
my %calls = (
	reader => q{SELECT count(*) FROM es.azr_load('d', NULL, es.azr_root('d', 'a'))},
	writer => q{SELECT count(es.azr_append('d', NULL, es.azr_root('d', current_user), NULL, ARRAY['T'], ARRAY['']::bytea[])) + 1},
	admin => q{SELECT es.azr_delete_positions('nobody') + 2},
	keeper => q{SELECT count(es.azr_revoke('stranger', 'reader')) + 1});
foreach my $role (sort keys %rank)
{
	foreach my $level (sort keys %calls)
	{
		is(as($role, $calls{$level}), $rank{$role} >= $rank{$level} ? 2 : '42501', "$role does what is a $level\'s");
	}
}

is(as($_, 'SELECT * FROM es.azr_take_over()'), '42501', "$_ takes nothing over") foreach 'reader', 'writer', 'admin';
is(as('admin', 'SELECT * FROM es.azr_publication()'), '42501', 'and publishes nothing');
is(as('keeper', 'SELECT * FROM es.azr_take_over()'), '', 'the owner has all there is');

# bad arguments
is(as('keeper', $_->[0]), $_->[1], $_->[0])
  foreach [ q{SELECT es.azr_grant('reader', 'king')}, '22023' ], [ q{SELECT es.azr_grant('reader', NULL)}, '22004' ],
  [ q{SELECT es.azr_grant(NULL, 'reader')}, '22004' ], [ q{SELECT es.azr_grant(0, 'reader')}, '22023' ],
  [ q{SELECT es.azr_grant(4294967295::oid, 'reader')}, '42704' ], [ q{SELECT es.azr_grant('nobody_at_all', 'reader')}, '42704' ],
  [ q{SELECT es.azr_revoke('reader', 'READER')}, '22023' ],
  [ q{BEGIN READ ONLY; SELECT es.azr_grant('reader', 'reader')}, '25006' ], [ q{BEGIN READ ONLY; SELECT es.azr_revoke('reader', 'reader')}, '25006' ];

# the higher levels go, the lower ones stay
is(as('keeper', q{SELECT count(es.azr_revoke('admin', 'writer'))}), '1', 'an admin becomes a reader');
is(as('admin', $calls{admin}), '42501', 'and is no admin');
is(as('admin', $calls{writer}), '42501', 'and no writer');
is(as('admin', $calls{reader}), '2', 'but a reader');
is(as('keeper', q{SELECT count(es.azr_revoke('admin', 'reader'))}), '1', 'and then nothing');
is( $node->safe_psql('store', q{
	SELECT (SELECT count(*) FROM es.azr_privileges() WHERE has_function_privilege('admin', function, 'EXECUTE') AND function NOT IN ('es.azr_take_over()'::regprocedure, 'es.azr_correlation_key(uuid, text)'::regprocedure))
		+ has_schema_privilege('admin', 'es', 'USAGE')::int + has_table_privilege('admin', 'es.azr_timeline', 'SELECT')::int
		+ has_type_privilege('admin', 'es.azr_event', 'USAGE')::int}),
	'0', 'nothing at all');
is(as('keeper', q{SELECT count(es.azr_revoke('admin', 'reader'))}), '1', 'twice');
is(as('keeper', q{SELECT count(es.azr_grant('admin', 'admin')), count(es.azr_grant('admin', 'reader'))}), '1|1', 'granting less takes nothing');
is(as('admin', $calls{admin}), '2', 'an admin again');

# a superuser grants as the owner
is($node->safe_psql('store', q{SELECT count(es.azr_grant('stranger', 'reader'))}), '1', 'a superuser grants');
is($node->safe_psql('store', q{SELECT DISTINCT pg_get_userbyid(a.grantor) FROM pg_proc p, aclexplode(p.proacl) a WHERE p.proname = 'azr_load' AND a.grantee = 'stranger'::regrole}), 'keeper', 'in the name of the owner');
is(as('keeper', q{SELECT count(es.azr_revoke('stranger', 'reader'))}), '1', 'who can revoke it');
is(as('stranger', $calls{reader}), '42501', 'it is gone');

# a schema of another's
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', q{CREATE SCHEMA es; GRANT CREATE ON DATABASE other TO keeper; GRANT USAGE, CREATE ON SCHEMA es TO keeper});
my $others = { extra_params => [ '-U', 'keeper' ] };
$node->safe_psql('other', 'CREATE EXTENSION angzarr SCHEMA es', %$others);
my ($rc, $out, $err) = $node->psql('other', "\\set VERBOSITY verbose\nSELECT es.azr_grant('reader', 'reader')", %$others);
like($err, qr/ERROR:  42501: role reader has no USAGE on schema es, and the extension's owner cannot grant it.*HINT:  Have the schema's owner GRANT USAGE ON SCHEMA es TO reader\./s, 'needs its owner');
$node->safe_psql('other', 'GRANT USAGE ON SCHEMA es TO reader');
is($node->safe_psql('other', q{SELECT count(es.azr_grant('reader', 'reader'))}, %$others), '1', 'who helps');
is($node->safe_psql('other', q{SELECT count(es.azr_revoke('reader', 'reader')), has_schema_privilege('reader', 'es', 'USAGE')}, %$others), '1|t', 'and whose grant stays');

# two at once
my @grants = map { IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'keeper', '-c', "DO \$\$ BEGIN FOR i IN 1 .. 20 LOOP PERFORM es.azr_grant('stranger', 'admin'); PERFORM es.azr_revoke('stranger', 'reader'); COMMIT; END LOOP; END \$\$", $node->connstr('store') ], '>', \my $o, '2>', \my $e) } 1 .. 3;
is(join(' ', map { $_->finish ? 'done' : 'failed' } @grants), 'done done done', 'grants at the same time');

# Traps: objects of a writer's own, of the names that ours use, first in the search_path.
# Whoever is trapped has done so with the rights of who called.
is( as('writer', q{SELECT 1}), '1', 'a writer');
$node->safe_psql('store', q{CREATE SCHEMA trap AUTHORIZATION writer});
is( as( 'writer', q{
	SET search_path = trap;
	CREATE TABLE caught (who text, what text);
	GRANT ALL ON caught TO PUBLIC;
	GRANT USAGE ON SCHEMA trap TO PUBLIC;
	CREATE FUNCTION caught(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trap.caught VALUES (current_user, what); RETURN true; END $$;
	CREATE FUNCTION eq(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.caught('=(bigint, bigint)') $$;
	CREATE FUNCTION eq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.caught('=(text, text)') $$;
	CREATE FUNCTION eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.caught('=(uuid, uuid)') $$;
	CREATE FUNCTION lt(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.caught('<(timestamptz, timestamptz)') $$;
	CREATE OPERATOR = (FUNCTION = eq, LEFTARG = bigint, RIGHTARG = bigint);
	CREATE OPERATOR = (FUNCTION = eq, LEFTARG = text, RIGHTARG = text);
	CREATE OPERATOR = (FUNCTION = eq, LEFTARG = uuid, RIGHTARG = uuid);
	CREATE OPERATOR < (FUNCTION = lt, LEFTARG = timestamptz, RIGHTARG = timestamptz);
	CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.now() FROM trap.caught('now') $$;
	CREATE FUNCTION nextval(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint FROM trap.caught('nextval') $$;
	CREATE FUNCTION hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint FROM trap.caught('hash') $$;
	CREATE FUNCTION max_of(bigint, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint FROM trap.caught('max') $$;
	CREATE AGGREGATE max(bigint) (SFUNC = max_of, STYPE = bigint);
	CREATE VIEW azr_streams AS SELECT trap.caught('azr_streams') AS stream_id;
	CREATE VIEW azr_events AS SELECT trap.caught('azr_events') AS stream_id;
	CREATE VIEW pg_extension AS SELECT trap.caught('pg_extension') AS oid, 'angzarr'::name AS extname;
	CREATE VIEW pg_class AS SELECT trap.caught('pg_class') AS oid;
	CREATE VIEW pg_proc AS SELECT trap.caught('pg_proc') AS oid;
	SELECT 1}),
	'1', 'sets traps');
foreach my $search_path ('trap, pg_catalog, es', 'trap, es, pg_catalog, pg_temp')
{
	# something that is done with the rights of who owns the functions
	$node->safe_psql('store', q{REVOKE EXECUTE ON FUNCTION es.azr_version FROM keeper CASCADE; SELECT setval('es.azr_stream_ids', 1, false)});
	is( as( 'keeper', qq{
		SET search_path = $search_path;
		DO \$\$ BEGIN
			IF (SELECT count(*) FROM es.azr_take_over()) <> 2 THEN RAISE 'nothing to take over'; END IF;
			PERFORM es.azr_append('d', NULL, es.azr_root('d', 'b'), NULL, ARRAY['T'], ARRAY['']::bytea[], correlation_id => 'c', external_id => 'x');
			PERFORM es.azr_append('d', 'e', es.azr_root('d', 'a'), NULL, ARRAY['T'], ARRAY['']::bytea[], cascade_id => 'k' || clock_timestamp(), committed => false);
			PERFORM es.azr_put_snapshot('d', NULL, es.azr_root('d', 'a'), 1, 's', '');
			PERFORM es.azr_put_position('h', 'd', NULL, es.azr_root('d', 'a'), 1);
			PERFORM es.azr_trace('c'), es.azr_lag('h'), es.azr_editions(), es.azr_domains(), es.azr_roots('d', NULL), es.azr_streams_of('d', NULL), es.azr_privileges();
			PERFORM es.azr_load('d', 'e', es.azr_root('d', 'a')), es.azr_load_state('d', NULL, es.azr_root('d', 'a'));
			PERFORM * FROM es.azr_timeline;
			PERFORM es.azr_confirm_cascade(cascade_id) FROM es.azr_stale_cascades('infinity');
			PERFORM es.azr_delete_edition('d', 'e'), es.azr_delete_positions('h'), es.azr_delete_snapshots('d', NULL, es.azr_root('d', 'a'));
			PERFORM es.azr_grant('stranger', 'reader'), es.azr_revoke('stranger', 'reader');
			PERFORM count(*) FROM es.azr_maintain();
			PERFORM count(*) FROM es.azr_publication('p' || clock_timestamp());
		END \$\$;
		SELECT string_agg(DISTINCT what, ' ') FROM trap.caught}),
		'', "nobody steps into them with search_path $search_path");
}
is( as( 'keeper', q{SET search_path = trap, pg_catalog; SELECT 1::bigint = 2::bigint}), 't', 'though they work');

# what is created around a function does not lend its rights
is(as('writer', $_), '42501', $_)
  foreach q{CREATE TRIGGER t BEFORE INSERT ON es.azr_main_events FOR EACH ROW EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()},
  q{CREATE RULE r AS ON INSERT TO es.azr_streams DO NOTHING},
  q{CREATE INDEX ON es.azr_streams (root)},
  q{CREATE TABLE trap.part PARTITION OF es.azr_events FOR VALUES FROM (0) TO (1)},
  q{CREATE TABLE trap.child () INHERITS (es.azr_streams)},
  q{CREATE TABLE trap.key (stream_id bigint REFERENCES es.azr_streams)},
  q{CREATE TABLE es.planted (x int)},
  q{CREATE FUNCTION es.azr_load(text) RETURNS text LANGUAGE sql AS 'SELECT 1'},
  q{CREATE TRIGGER t BEFORE UPDATE ON trap.caught FOR EACH ROW EXECUTE FUNCTION es.azr_reject_change()},
  q{CREATE OR REPLACE VIEW es.azr_timeline AS SELECT 1},
  q{ALTER FUNCTION es.azr_load SECURITY DEFINER},
  q{ALTER EXTENSION angzarr ADD TABLE trap.caught};
$node->safe_psql('store', q{CREATE SCHEMA own AUTHORIZATION stranger; GRANT USAGE ON SCHEMA es TO stranger});
is(as('stranger', $_), '42501', $_)
  foreach q{CREATE TABLE own.a (n bigint DEFAULT es.azr_next_sequence('d', NULL, '00000000-0000-0000-0000-000000000000')); INSERT INTO own.a DEFAULT VALUES},
  q{CREATE TABLE own.b (k text); INSERT INTO own.b VALUES ('x'); CREATE INDEX ON own.b (es.azr_root('d', k))},
  q{CREATE TABLE own.c (k text, r uuid GENERATED ALWAYS AS (es.azr_root('d', k)) STORED); INSERT INTO own.c VALUES ('x')},
  q{CREATE VIEW own.v AS SELECT * FROM es.azr_load('d', NULL, '00000000-0000-0000-0000-000000000000'); SELECT * FROM own.v},
  q{CREATE FUNCTION own.f() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT es.azr_domains()'; SELECT own.f()},
  q{CREATE OPERATOR own.== (FUNCTION = es.azr_root, LEFTARG = text, RIGHTARG = text)},
  q{CREATE TABLE own.d (k text CHECK (es.azr_version() <> k)); INSERT INTO own.d VALUES ('x')},
  q{SELECT count(*) FROM generate_series(1, 3) i, LATERAL es.azr_load('d', NULL, '00000000-0000-0000-0000-000000000000', i) l},
  q{PREPARE p AS SELECT sequence FROM es.azr_load('d', NULL, '00000000-0000-0000-0000-000000000000'); EXECUTE p},
  q{DECLARE c CURSOR WITH HOLD FOR SELECT sequence FROM es.azr_load('d', NULL, '00000000-0000-0000-0000-000000000000')};

# a plan made with the right is of no use without it
is(as('reader', q{PREPARE p AS SELECT count(*) FROM es.azr_load('d', NULL, es.azr_root('d', 'a')); EXECUTE p; SET ROLE NONE; EXECUTE p}), "2\n2", 'a plan of a reader');
$node->safe_psql('store', 'GRANT stranger TO reader');
is(as('reader', q{PREPARE p AS SELECT sequence FROM es.azr_load('d', NULL, '00000000-0000-0000-0000-000000000000'); EXECUTE p; SET ROLE stranger; EXECUTE p}), '42501', 'is none of a stranger');

# where a superuser has changed the function, it is called as such
is($node->safe_psql('store', q{BEGIN; ALTER FUNCTION es.azr_load STRICT; SELECT count(sequence) FROM es.azr_load('d', NULL, es.azr_root('d', 'a'))}), '0', 'a strict function is not called with NULL');

$node->stop;
done_testing();
