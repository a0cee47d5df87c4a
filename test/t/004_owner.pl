# The owner of a database needs no superuser to create, use and grant the
# extension; who was granted nothing can do nothing.

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
	CREATE ROLE clerk LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE store OWNER keeper});

sub as
{
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY sqlstate\n$sql",
		extra_params => [ '-U', $role ]);
	return $err =~ /ERROR:  (\w+)/ ? $1 : $out;
}

my @calls = (
	q{SELECT outcome FROM es.azr_append('d', NULL, es.azr_root('d', 'a'), NULL, ARRAY['A'], ARRAY['1']::bytea[], correlation_id => 'c', external_id => 'x', source_domain => 's', source_root => es.azr_root('s', 's'), source_sequence => 7)},
	q{SELECT outcome FROM es.azr_append_json('d', NULL, es.azr_root('d', current_user), NULL, '[{"type": "A", "data": 1}]')},
	q{SELECT count(*) FROM es.azr_load('d', NULL, es.azr_root('d', 'a'))},
	q{SELECT count(l) FROM es.azr_load('d', NULL, es.azr_root('d', 'a')) l},
	q{SELECT es.azr_load_json('d', NULL, es.azr_root('d', 'a')) ->> 'next_sequence'},
	q{SELECT es.azr_next_sequence('d', NULL, es.azr_root('d', 'a'))},
	q{SELECT es.azr_domains()},
	q{SELECT count(*) > 0 FROM es.azr_roots('d', NULL)},
	q{SELECT count(*) > 0 FROM es.azr_streams_of('d', NULL)},
	q{SELECT count(*) FROM es.azr_trace('c')},
	q{SELECT count(*) FROM es.azr_find_by_external_id('d', NULL, es.azr_root('d', 'a'), 'x')},
	q{SELECT count(*) FROM es.azr_find_by_source('d', NULL, es.azr_root('d', 'a'), 's', NULL, es.azr_root('s', 's'), 7)},
	q{SELECT position FROM es.azr_put_position('h', 'd', NULL, es.azr_root('d', 'a'), 0)},
	q{SELECT es.azr_get_position('h', 'd', NULL, es.azr_root('d', 'a'))},
	q{SELECT count(*) > 0 FROM es.azr_lag('h2', 'd')},
	q{SELECT count(es.azr_put_snapshot('d', NULL, es.azr_root('d', 's'), i, 't', '')) FROM generate_series(0, 1) i},
	q{SELECT count(*) FROM es.azr_get_snapshot('d', NULL, es.azr_root('d', 's'), 0)},
	q{SELECT count(*) FROM es.azr_load_state('d', NULL, es.azr_root('d', 's'))},
	q{SELECT count(*) > 0 FROM es.azr_maintain(ahead => (SELECT count(*)::int FROM pg_inherits))},
	q{SELECT es.azr_version() <> ''},
	q{SELECT es.azr_root('d', 'a') IS NOT NULL},
	q{SELECT es.azr_append_one('d', NULL, es.azr_root('d', 'one by ' || current_user), NULL, 'A', '1', external_id => 'once')},
	q{SELECT es.azr_expect('d', NULL, es.azr_root('d', 'one by ' || current_user), -1)});
my @answers = ('added', 'added', 1, 1, 1, 1, 'd', 't', 't', 1, 1, 1, 0, 0, 't', 2, 1, 1, 't', 't', 't', 0, 1);

is(as('keeper', 'CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es; SELECT 1'), '1', 'the owner creates it');
foreach my $i (0 .. $#calls)
{
	is(as('keeper', $calls[$i]), $answers[$i], "the owner may: $calls[$i]");
}

# a role with USAGE on the schema and nothing else
is(as('keeper', 'GRANT USAGE ON SCHEMA es TO clerk, stranger; SELECT 1'), '1', 'the owner lets others see the schema');
foreach my $i (0 .. $#calls)
{
	is(as('stranger', $calls[$i]), '42501', "a stranger may not: $calls[$i]");
}
foreach my $table ('azr_events', 'azr_main_events', 'azr_edition_events', 'azr_streams', 'azr_stream_ids', 'azr_event_types', 'azr_timeline',
	'azr_positions', 'azr_latest_snapshots', 'azr_snapshot_history', 'azr_snapshot_history_persist', 'azr_snapshot_history_rest',
	$node->safe_psql('store', q{SELECT relname FROM pg_class WHERE relname ~ '^azr_snapshot_history_2.*\d$' ORDER BY 1 LIMIT 1}))
{
	is(as('stranger', "SELECT * FROM es.$table"), '42501', "a stranger may not read $table");
}

# functions are enough: no right on the tables is needed, none is given
is(as('keeper', q{DO $$ DECLARE f regprocedure; BEGIN
	FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'es'::regnamespace AND proname <> 'azr_reject_change'
	LOOP EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO clerk', f); END LOOP; END $$; SELECT 1}),
	'1', 'the owner grants the functions');
$answers[0] = 'duplicate';
foreach my $i (0 .. $#calls)
{
	is(as('clerk', $calls[$i]), $answers[$i], "a clerk may: $calls[$i]");
}
is(as('clerk', 'SELECT * FROM es.azr_events'), '42501', 'a clerk may not read the table');
is(as('clerk', 'INSERT INTO es.azr_streams DEFAULT VALUES'), '42501', 'a clerk may not write the table');
is(as('clerk', 'GRANT EXECUTE ON FUNCTION es.azr_load TO stranger; SELECT 1'), '1', 'a grant by a clerk is void');
is(as('stranger', $calls[2]), '42501', 'and gives nothing');

# SQL runs as the owner of the tables where they have triggers, and as the
# caller again after
is( as( 'keeper', q{
	CREATE TABLE es.log (who text);
	CREATE FUNCTION es.note() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO es.log VALUES (current_user); RETURN NULL; END $$;
	CREATE TRIGGER note AFTER INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION es.note();
	SELECT 1}),
	'1',
	'the owner adds a trigger');
is(as('clerk', q{SELECT (es.azr_append('d', NULL, es.azr_root('d', 'a'), NULL, ARRAY['A'], ARRAY['1']::bytea[])).outcome, current_user}),
	'added|clerk', 'a clerk appends');
is(as('keeper', 'SELECT * FROM es.log'), 'keeper', 'the trigger ran as the owner');
is( as( 'clerk', q{
	DO $$ BEGIN
		PERFORM es.azr_append('d', NULL, es.azr_root('d', 'a'), NULL, ARRAY['A'], ARRAY[NULL]::bytea[]);
	EXCEPTION WHEN OTHERS THEN NULL; END $$;
	SELECT current_user, current_setting('search_path')}),
	'clerk|"$user", public',
	'an error leaves the caller what it was');

# The owner gets no rights from those who call the functions, a superuser among
# them: not by a view in the way, nor by what would run after the call.
is( as( 'keeper', q{
	DROP TRIGGER note ON es.azr_events;
	CREATE FUNCTION es.trap() RETURNS text LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO es.log VALUES ('trapped ' || current_user); RETURN ''; END $$;
	CREATE FUNCTION es.plant() RETURNS text LANGUAGE plpgsql AS
		$$ BEGIN EXECUTE 'DECLARE hold CURSOR WITH HOLD FOR SELECT es.trap()'; RETURN ''; END $$;
	CREATE OR REPLACE VIEW es.azr_timeline AS SELECT NULL::text COLLATE "C" AS domain, NULL::text COLLATE "C" AS edition, NULL::uuid AS root,
		NULL::bigint AS sequence, es.plant() COLLATE "C" AS type, NULL::bytea AS payload, NULL::jsonb AS metadata, NULL::timestamptz AS created_at,
		'c' COLLATE "C" AS correlation_id, NULL::text COLLATE "C" AS external_id, NULL::text COLLATE "C" AS source_domain,
		NULL::text COLLATE "C" AS source_edition, NULL::uuid AS source_root, NULL::bigint AS source_sequence,
		NULL::text COLLATE "C" AS cascade_id, NULL::boolean AS committed;
	SELECT 1}),
	'1', 'the owner sets a trap in the view');
is($node->safe_psql('store', q{SELECT count(*) FROM es.azr_trace('c')}), '1', 'azr_trace does not step into it');

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $superuser_append = q{SELECT outcome FROM es.azr_append('d', NULL, es.azr_root('d', 'a'), NULL, ARRAY['A'], ARRAY['1']::bytea[])};
foreach my $trap (
	[ 'a held cursor', q{CREATE TRIGGER trap AFTER INSERT ON es.azr_events FOR EACH ROW EXECUTE FUNCTION es.trap_row()} ],
	[ 'a deferred trigger', q{CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON es.azr_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION es.log_row()} ])
{
	as('keeper', q{
		CREATE OR REPLACE FUNCTION es.trap_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM es.plant(); RETURN NULL; END $$;
		CREATE OR REPLACE FUNCTION es.log_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM es.trap(); RETURN NULL; END $$});
	is(as('keeper', "$trap->[1]; SELECT 1"), '1', "the owner sets $trap->[0]");
	is(as($superuser, $superuser_append), '42501', "a superuser's append is refused rather than trapped: $trap->[0]");
	is(as('keeper', $superuser_append), 'added', "the owner's own works: $trap->[0]");
	is(as('keeper', 'DROP TRIGGER trap ON es.azr_events; SELECT 1'), '1', "the owner takes it away: $trap->[0]");
}
is($node->safe_psql('store', q{SELECT DISTINCT who FROM es.log WHERE who LIKE 'trapped%'}), 'trapped keeper', 'nobody was trapped but the owner');

# an owner who changes hands
$node->safe_psql('postgres', 'CREATE ROLE heir LOGIN; CREATE ROLE reader LOGIN');
$node->safe_psql('store', 'GRANT USAGE ON SCHEMA es TO reader; GRANT EXECUTE ON FUNCTION es.azr_load TO stranger WITH GRANT OPTION; GRANT EXECUTE ON FUNCTION es.azr_root TO PUBLIC',
	extra_params => [ '-U', 'keeper' ]);
$node->safe_psql('store', 'GRANT EXECUTE ON FUNCTION es.azr_load TO reader', extra_params => [ '-U', 'stranger' ]);
$node->safe_psql('store', 'REASSIGN OWNED BY keeper TO heir');
is(as('clerk', q{SELECT outcome FROM es.azr_append('d', NULL, es.azr_root('d', 'a'), NULL, ARRAY['A'], ARRAY['1']::bytea[])}),
	'added', 'the functions go on for a new owner');
is(as('clerk', q{SELECT count(*) > 0 FROM es.azr_lag('h2', 'd')}), 't', 'all of them');
is( $node->safe_psql('store', q{SELECT count(*) FROM pg_class WHERE relname ~ '^azr.*(s|history.*)$' AND relkind IN ('r', 'p', 'v', 'S') AND pg_get_userbyid(relowner) <> 'heir'}),
	'0', 'who has all tables');
is(as('clerk', q{SELECT count(*) > 0 FROM es.azr_maintain(ahead => (SELECT count(*)::int + 1 FROM pg_inherits))}), 't', 'and makes new ones');
is($node->safe_psql('store', q{SELECT count(DISTINCT relowner) FROM pg_class WHERE relname ~ '^azr_snapshot_history' AND relkind IN ('r', 'p')}), '1', 'of the same owner');

# The new owner has none of the rights on functions yet, says so, and takes them over.
sub error
{
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY verbose\n$sql", extra_params => [ '-U', $role ]);
	return $err;
}
is(as('heir', $calls[0]), '42501', 'the new owner may not call the functions yet');
like(error($superuser, "SELECT es.azr_$_('stranger', 'reader')"),
	qr/ERROR:  42501: role "heir", which owns the extension's tables, may not grant its functions\nDETAIL:  .*\nHINT:  As role heir, or as a superuser, call azr_take_over\(\) first\./,
	"nor can anybody $_ in its name") foreach 'grant', 'revoke';
like(error($_, 'SELECT es.azr_take_over()'), qr/ERROR:  42501: must be owner of the tables of extension "angzarr"\nDETAIL:  They belong to role "heir"\./, "$_ is not who takes over")
  foreach 'clerk', 'stranger';

# what there is, but for the grants that the earlier owner has made, in the names of both
my $rights = q{SELECT string_agg(r, E'\n' ORDER BY r) FROM (
	SELECT concat_ws(' ', o.oid::regprocedure, a.grantee::regrole, a.is_grantable) FROM pg_proc o, aclexplode(o.proacl) a WHERE pronamespace = 'es'::regnamespace AND a.grantee <> 'heir'::regrole
	UNION SELECT concat_ws(' ', o.oid::regtype, a.grantee::regrole, a.is_grantable) FROM pg_type o, aclexplode(o.typacl) a WHERE typnamespace = 'es'::regnamespace AND a.grantee <> 'heir'::regrole) x(r)};
my $before = $node->safe_psql('store', $rights);
my $functions = $node->safe_psql('store', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'es'::regnamespace AND proowner <> 'heir'::regrole});
like(as('heir', 'SELECT * FROM es.azr_take_over()'),
	qr/^granted\|heir\|$functions functions\ngranted\|heir\|\d+ types\nrepeated\|PUBLIC\|1 functions\nrepeated\|clerk\|\d+ functions\nrepeated\|stranger\|1 functions$/, 'it takes over');
is(as('heir', 'SELECT * FROM es.azr_take_over()'), '', 'once');
is($node->safe_psql('store', $rights), $before, 'nobody but the new owner has got or lost a right');
@answers[2 .. 5] = (5, 5, 5, 5);
foreach my $i (0 .. $#calls)
{
	is(as('heir', $calls[$i]), $answers[$i], "the new owner may: $calls[$i]");
}
is(as('heir', q{SELECT count(es.azr_grant('stranger', 'writer'))}), '1', 'and grant');
is($node->safe_psql('store', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'es'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') AND (prosecdef OR pg_get_userbyid(proowner) = 'heir')}), '0', 'of functions that are not its own');

# the earlier one goes, and nobody misses anything
$node->safe_psql('postgres', 'REASSIGN OWNED BY keeper TO heir; DROP OWNED BY keeper');
$node->safe_psql('store', 'DROP OWNED BY keeper');
$node->safe_psql('postgres', 'DROP ROLE keeper');
is(as('clerk', $calls[$_]), $answers[$_], "a clerk still may: $calls[$_]") foreach 0 .. $#calls;
is(as('reader', $calls[2]), '5', 'also what somebody had passed on');

# A grant that somebody has passed on can be repeated by a superuser alone.
$node->safe_psql('store', 'REVOKE EXECUTE ON FUNCTION es.azr_load FROM reader', extra_params => [ '-U', 'stranger' ]);

# and the dump can be restored by it, and by a superuser in its name
foreach my $restore ([ 'heir', '-U', 'heir' ], [ 'superuser', '-U', $superuser, '--role', 'heir' ])
{
	my ($name, @options) = @$restore;
	my $file = PostgreSQL::Test::Utils::tempdir . '/store';
	$node->safe_psql('postgres', "CREATE DATABASE restored_$name OWNER heir");
	$node->command_ok([ 'pg_dump', @options, '-Fc', '-f', $file, 'store' ], "dump by $name");
	$node->command_ok([ 'pg_restore', @options, '--exit-on-error', '-d', "restored_$name", $file ], "restore by $name");
	is($node->safe_psql("restored_$name", 'SELECT count(*) FROM es.azr_events'), $node->safe_psql('store', 'SELECT count(*) FROM es.azr_events'), "all is there: $name");
	is($node->safe_psql("restored_$name", $calls[2], extra_params => [ '-U', $_ ]), $node->safe_psql('store', $calls[2]), "rights of $_ too: $name") foreach 'heir', 'clerk';
}

$node->stop;
done_testing();
