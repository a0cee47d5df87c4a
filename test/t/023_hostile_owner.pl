# Whoever created the extension owns its tables, and may put code of his own on them in
# every way that PostgreSQL has. That code must never run with the rights of those who
# call the functions, a superuser among them; and nothing that he does to his tables may
# crash the server.
#
# For each attack, the owner gets a database of his own and prepares it. Then a writer and
# a superuser call every function. All code of the owner says whose rights it has, and
# tries to get more.
#
# Not tested: what PostgreSQL itself runs for a superuser who touches a table of somebody
# else, as in ANALYZE, INSERT or a SELECT from a view. An operator class would be one more
# way, but needs a superuser to create it.
#
# Environment: HOSTILE, a regular expression: only attacks whose names it matches.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $only = $ENV{HOSTILE};

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
	fsync = off
	full_page_writes = off
	autovacuum = off
	jit = off
	shared_buffers = 32MB
	restart_after_crash = on
	log_statement = none
	max_worker_processes = 4});
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# Runs a script of psql that may connect to other databases as other roles. Gives what it
# says to stderr, where "\warn" writes too.
sub run_script
{
	my ($database, $script) = @_;
	my $file = $node->basedir . '/script.sql';
	my ($out, $err);

	# a file, since psql may end before it has read all
	open my $handle, '>', $file or die "$file: $!";
	print $handle $script;
	close $handle;
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr($database), '-f', $file ], '>', \$out, '2>', \$err);
	return $err =~ s/^psql:.*?:\d+: //gmr;
}

# ---------------------------------------------------------------------------------------
# The calls: function, arguments. ROOT, EDITION and ROLE are the caller's own. They are
# literals, since operators and functions of a superuser's own query are his own affair.

my @calls = (
	[ azr_append => q{'d', NULL, 'ROOT', NULL, ARRAY['A', 'new by ROLE'], ARRAY['1', '2']::bytea[], metadata => ARRAY['{}', NULL]::jsonb[], correlation_id => 'c', external_id => 'y', source_domain => 's', source_root => 'ROOT', source_sequence => 8} ],
	[ azr_append => q{'d', 'EDITION', 'ROOT', NULL, ARRAY['A'], ARRAY['1']::bytea[], external_id => 'y'} ],
	[ azr_append => q{'new domain of ROLE', NULL, 'ROOT', 0, ARRAY['A'], ARRAY['1']::bytea[]} ],
	[ azr_append => q{'d', 'new EDITION', 'ROOT', NULL, ARRAY['A'], ARRAY['1']::bytea[], divergence => 1} ],
	[ azr_append => q{'d', NULL, 'ROOT', NULL, ARRAY['A'], ARRAY['1']::bytea[], cascade_id => 'p ROLE', committed => false} ],
	[ azr_append => q{'d', NULL, 'ROOT', 0, ARRAY['never by ROLE'], ARRAY['1']::bytea[], on_conflict => 'return'} ],
	[ azr_append_one => q{'d', NULL, 'ROOT', NULL, 'O ROLE', '1', '{}', 'c', 'z'} ],
	[ azr_expect => q{'d', NULL, 'ROOT', -1} ],
	[ azr_expect => q{'d', 'no edition of ROLE', 'ROOT', -1} ],
	[ azr_expect => q{'d', 'EDITION', 'ROOT', NULL} ],
	[ azr_append_json => q{'d', NULL, 'ROOT', NULL, '[{"type": "J ROLE", "data": {"a": 1}}]'} ],
	[ azr_append_commutative => q{'m', NULL, 'ROOT', 1, ARRAY['A'], ARRAY['1']::bytea[], 'application/json', '{"a": 1, "b": 2}'} ],
	[ azr_load => q{'d', NULL, 'ROOT'} ],
	[ azr_load => q{'d', 'EDITION', 'ROOT', max_count => 3} ],
	[ azr_load => q{'d', 'EDITION', 'ROOT', backward => true, types => '{A,B,new by ROLE}'} ],
	[ azr_load => q{'d', NULL, 'ROOT', until => 'infinity', backward => true, max_count => 2} ],
	[ azr_load_json => q{'d', 'EDITION', 'ROOT'} ],
	[ azr_load_json => q{'d', NULL, 'ROOT', backward => true, types => '{A,new by ROLE}'} ],
	[ azr_load_effective => q{'d', NULL, 'ROOT'} ],
	[ azr_load_state => q{'d', NULL, 'ROOT'} ],
	[ azr_load_state => q{'d', NULL, 'ROOT', 1} ],
	[ azr_load_state => q{'d', 'EDITION', 'ROOT'} ],
	[ azr_next_sequence => q{'d', 'EDITION', 'ROOT'} ],
	[ azr_correlated => q{NULL, 'c'} ],
	[ azr_correlation_key => q{NULL, 'c'} ],
	[ azr_event_type => q{1} ],
	[ azr_feed_advance => q{2} ],
	[ azr_feed_advance => q{} ],
	[ azr_feed => q{} ],
	[ azr_feed => q{2, 5, ARRAY['d', 'm'], ARRAY['A', 'B'], true} ],
	[ azr_feed_head => q{} ],
	[ azr_feed_status => q{} ],
	[ azr_feed_wait => q{-1} ],
	[ azr_feed_wait => q{es.azr_feed_head(), '10 ms'} ],
	[ azr_group_create => q{'group of ROLE', 2, domains => ARRAY['d'], types => ARRAY['A', 'B']} ],
	[ azr_groups => q{} ],
	[ azr_fetch => q{'group for ROLE', 2, 2} ],
	[ azr_fetch => q{'group for ROLE', lease => '1 hour'} ],
	[ azr_ack => q{'leased to ROLE', 0, '00000000-0000-0000-0000-000000000001', 2} ],
	[ azr_park => q{'group for ROLE', 1, 'why'} ],
	[ azr_parked => q{} ],
	[ azr_retry => q{'parked for ROLE', max_count => 2} ],
	[ azr_retry => q{'parked for ROLE'} ],
	[ azr_group_seek => q{'group for ROLE', 0} ],
	[ azr_group_drop => q{'group for ROLE'} ],
	[ azr_evidence_enable => q{'example.com/log'} ],
	[ azr_evidence_enable => q{CASE 'ROLE' WHEN 'superuser' THEN 'example.com/log-2' ELSE 'example.com/log' END, 'example.com/log'} ],
	[ azr_seal => q{3} ],
	[ azr_seal => q{} ],
	[ azr_checkpoint => q{} ],
	[ azr_checkpoint => q{2} ],
	[ azr_put_checkpoint => q{es.azr_checkpoint(1) || E'\\n\\u2014 ROLE AAAA\\n'} ],
	[ azr_checkpoints => q{} ],
	[ azr_prove => q{'d', NULL, 'ROOT'} ],
	[ azr_prove => q{'d', NULL, 'ROOT', 0, split_part(es.azr_checkpoint(), E'\\n', 2)::bigint} ],
	[ azr_prove_consistency => q{2, 3} ],
	[ azr_tile => q{0, 0} ],
	[ azr_entries => q{0} ],
	[ azr_salts => q{0} ],
	[ azr_verify => q{} ],
	[ azr_verify => q{E'example.com/log\\n3\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n'} ],
	[ azr_domains => q{} ],
	[ azr_domain_set => q{'d', 'relaxed', 5000, 'by ROLE'} ],
	[ azr_domain_settings => q{} ],
	[ azr_slot => q{'ROOT'} ],
	[ azr_slots => q{} ],
	[ azr_own_slots => q{'a', '{[0,1022]}'} ],
	[ azr_own_slots => q{'b', '{[1023,1023]}', false} ],
	[ azr_slot_ends => q{es.azr_slot('ROOT')} ],
	[ azr_slot_export => q{es.azr_slot('ROOT')} ],
	[ azr_slot_export => q{es.azr_slot('ROOT'), (SELECT array_agg(e) FROM es.azr_slot_ends(es.azr_slot('ROOT')) e)} ],
	[ azr_slot_freeze => q{es.azr_slot('ROOT'), 'b'} ],
	[ azr_slot_export_state => q{es.azr_slot('ROOT')} ],
	[ azr_own_slots => q{'b', int4multirange(int4range(es.azr_slot('ROOT'), es.azr_slot('ROOT'), '[]')), false} ],
	[ azr_feed_advance => q{} ],
	[ azr_slot_drop => q{es.azr_slot('ROOT'), 1} ],
	[ azr_slot_receive => q{es.azr_slot('ROOT'), 'b'} ],
	[ azr_slot_import => q{es.azr_slot('ROOT'), 'SELECT * FROM es.azr_slot_export(es.azr_slot(''ROOT''))'} ],
	[ azr_slot_import => q{es.azr_slot('ROOT'), 'SELECT * FROM es.azr_slot_export_state(es.azr_slot(''ROOT''))'} ],
	[ azr_own_slots => q{'a', int4multirange(int4range(es.azr_slot('ROOT'), es.azr_slot('ROOT'), '[]'))} ],
	[ azr_roots => q{'d', NULL} ],
	[ azr_streams_of => q{'d', NULL} ],
	[ azr_streams_of => q{'d', 'EDITION'} ],
	[ azr_trace => q{'c'} ],
	[ azr_find_by_external_id => q{'d', NULL, 'ROOT', 'x'} ],
	[ azr_find_by_source => q{'d', NULL, 'ROOT', 's', NULL, 'ROOT', 7} ],
	[ azr_root => q{'d', 'a'} ],
	[ azr_version => q{} ],
	[ azr_editions => q{} ],
	[ azr_erase => q{'d', NULL, 'ROOT', 0, 2, 'why', ids => true} ],
	[ azr_erase => q{'d', 'EDITION', 'ROOT', NULL, NULL, 'why'} ],
	[ azr_erasures => q{} ],
	[ azr_scrub => q{} ],
	[ azr_create_edition => q{'d', 'made by ROLE', 1, 'why'} ],
	[ azr_protect_edition => q{'d', 'made by ROLE', 'protected'} ],
	[ azr_protect_edition => q{'d', 'EDITION', 'open'} ],
	[ azr_put_snapshot => q{'d', NULL, 'ROOT', 4, 't', 'four'} ],
	[ azr_put_snapshot => q{'d', NULL, 'ROOT', 0, 't', 'late', 'transient'} ],
	[ azr_put_snapshot => q{'d', 'EDITION', 'ROOT', 2, 't', 'two', 'persist'} ],
	[ azr_put_snapshot => q{'d', 'EDITION', 'ROOT', 3, 't', 'three'} ],
	[ azr_get_snapshot => q{'d', NULL, 'ROOT'} ],
	[ azr_get_snapshot => q{'d', NULL, 'ROOT', 1} ],
	[ azr_changed_fields => q{'application/json', '{"a": 1}', '{"a": 2}'} ],
	[ azr_merge_state => q{'application/json', '{}', '{"a": 1}', '{"b": 2}'} ],
	[ azr_put_position => q{'h', 'd', NULL, 'ROOT', 2} ],
	[ azr_put_position => q{'new handler of ROLE', 'd', 'EDITION', 'ROOT', 2} ],
	[ azr_put_positions => q{'h', 'd', NULL, ARRAY['ROOT']::uuid[], ARRAY[3]} ],
	[ azr_get_position => q{'h', 'd', NULL, 'ROOT'} ],
	[ azr_lag => q{'h', 'd'} ],
	[ azr_lag => q{'h'} ],
	[ azr_stale_cascades => q{'infinity'} ],
	[ azr_cascade_participants => q{'confirm ROLE'} ],
	[ azr_confirm_cascade => q{'confirm ROLE'} ],
	[ azr_revoke_cascade => q{'revoke ROLE', 'why'} ],
	[ azr_maintain => q{ahead => AHEAD} ],
	[ azr_check => q{} ],
	[ azr_statistics => q{} ],
	[ azr_statistics => q{'d'} ],
	[ azr_locks => q{} ],
	[ azr_call => q{'} . packed_call('azr_load', [qw(type payload)], 'd', undef, pack('H32', '1' x 32)) . q{'} ],
	[ azr_call => q{'} . packed_call('azr_append_one', [], 'd', undef, pack('H32', '3' x 32), undef, 'T', 'packed') . q{'} ],
	[ azr_check => q{'d'} ],
	[ azr_publication => q{'of ROLE'} ],
	[ azr_publication => q{'of ROLE'} ],
	[ azr_take_over => q{} ],
	[ azr_privileges => q{} ],
	[ azr_grant => q{'clerk', 'reader'} ],
	[ azr_revoke => q{'stranger', 'reader'} ],
	[ azr_delete_positions => q{'h', 'd', NULL, 'ROOT'} ],
	[ azr_delete_snapshots => q{'d', NULL, 'ROOT'} ],
	[ azr_delete_edition => q{'d', 'EDITION'} ],
	[ azr_delete_positions => q{'h'} ]);

# A call as routers pack it: src/plumbing/packed.h.
sub packed_call
{
	my ($function, $columns, @arguments) = @_;
	my $head = pack('C C/a C', 1, $function, scalar(@$columns)) . join('', map { pack('C/a', $_) } @$columns) . pack('C', scalar(@arguments));
	my $bits = unpack('b*', pack('n', 2 + length($head)) . $head . join('', map { defined ? pack('N/a', $_) : pack('N', 0xFFFFFFFF) } @arguments));

	return join('', map { chr(64 + ord(pack('b6', $_))) } $bits =~ /(.{1,6})/g);
}

# Nobody can call these: the one is the planner's, the other a trigger.
my %uncallable = map { $_ => 1 } qw(azr_append_support azr_correlated_support azr_feed_support azr_load_support azr_reject_change azr_table_changed);

my %own_roots = (clerk => '11111111-1111-1111-1111-111111111111', superuser => '22222222-2222-2222-2222-222222222222');

sub for_caller
{
	my ($who, $sql) = @_;
	my %values = (ROOT => $own_roots{$who}, EDITION => "edition of $who", ROLE => $who, AHEAD => $who eq 'clerk' ? 2 : 3);

	$sql =~ s/\b(ROOT|EDITION|ROLE|AHEAD)\b/$values{$1}/g;
	return $sql;
}

# The calls as the database lab.calls has them.
sub all_calls
{
	my @all;

	foreach my $who (sort keys %own_roots)
	{
		foreach my $call (@calls)
		{
			my ($function, $arguments) = @$call;

			# refused to who is neither the owner nor a superuser
			next if $function eq 'azr_take_over' && $who eq 'clerk';

			push @all, [ $who, $function, for_caller($who, "SELECT * FROM es.$function($arguments)") ];
			push @all, [ $who, $function, for_caller($who, "SELECT es.$function($arguments)") ] if $function eq 'azr_load';
		}
	}
	return join ",\n", map { my ($who, $function, $sql) = @$_; "('$who', '$function', \$call\$$sql\$call\$)" } @all;
}

# ---------------------------------------------------------------------------------------
# The database that all attacks begin with. The role lab is the test's own.

$node->safe_psql(
	'postgres', q{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE clerk LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE store OWNER keeper});

my $laboratory = q{
	CREATE SCHEMA lab;
	GRANT USAGE ON SCHEMA lab TO PUBLIC;
	SET client_min_messages = error;
	CREATE FOREIGN DATA WRAPPER lab;
	GRANT USAGE ON FOREIGN DATA WRAPPER lab TO keeper;
	CREATE PUBLICATION lab FOR ALL TABLES WITH (publish = '');
	CREATE TABLE lab.calls (n serial, who text, function text, sql text);
	GRANT SELECT ON lab.calls TO PUBLIC;

	-- Every session forgets what it knows of every table.
	CREATE FUNCTION lab.forget() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog AS $$
	BEGIN
		ALTER PUBLICATION lab SET (publish = '');
	END $$;
	CREATE FUNCTION lab.tame() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog AS $$
	BEGIN
		ALTER ROLE keeper NOSUPERUSER;
	END $$;

	-- What has a call left behind? It is undone, for the next one.
	CREATE FUNCTION lab.look() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) 'keeper') THEN
			RAISE WARNING 'escaped: the owner is superuser';
			PERFORM lab.tame();
		END IF;
		IF current_user OPERATOR(pg_catalog.<>) session_user THEN
			RAISE WARNING 'escaped: the session became %', current_user;
		END IF;
		IF pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.=) 'evil' THEN
			RAISE WARNING 'escaped: the session got another search_path';
			RESET search_path;
		END IF;
		IF EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name OPERATOR(pg_catalog.=) 'evil') THEN
			RAISE WARNING 'escaped: a held cursor is left';
			EXECUTE 'CLOSE evil';
		END IF;
		IF pg_catalog.to_regclass('pg_temp.evil') IS NOT NULL THEN
			RAISE WARNING 'escaped: a temporary table is left';
			DROP TABLE pg_temp.evil;
		END IF;
	END $$;

	-- Makes all calls of a role. In the end of each, it either commits, so that what is
	-- deferred happens, or goes on in the caller's transaction. With "fresh", each call
	-- finds a session that knows as little of the tables as a new one.
	CREATE PROCEDURE lab.call_all(caller text, commits boolean, fresh boolean) LANGUAGE plpgsql AS $$
	DECLARE
		functions text[] := (SELECT pg_catalog.array_agg(function ORDER BY n) FROM lab.calls WHERE who OPERATOR(pg_catalog.=) caller);
		calls text[] := (SELECT pg_catalog.array_agg(sql ORDER BY n) FROM lab.calls WHERE who OPERATOR(pg_catalog.=) caller);
	BEGIN
		FOR i IN 1 .. pg_catalog.cardinality(calls) LOOP
			RAISE WARNING 'call: % as %', functions[i], caller;
			BEGIN
				EXECUTE calls[i];
			EXCEPTION WHEN others THEN
				RAISE WARNING 'failed: % %', SQLSTATE, SQLERRM;
			END;
			IF commits THEN
				COMMIT;
			END IF;
			IF fresh THEN
				PERFORM lab.forget();
				PERFORM lab.look();
			END IF;
		END LOOP;
	END $$};

my $evil = q{
	CREATE SCHEMA evil;
	GRANT USAGE ON SCHEMA evil TO PUBLIC;

	CREATE FUNCTION evil.tell(label text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		RAISE WARNING 'sprung as %: %', current_user, label;
		BEGIN ALTER ROLE keeper SUPERUSER; EXCEPTION WHEN others THEN NULL; END;
	END $$;
	CREATE FUNCTION evil.late() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM evil.tell('deferred, from ' || NEW.label);
		RETURN NULL;
	END $$;
	CREATE TABLE evil.bait (label text);
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON evil.bait DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION evil.late();

	-- Says whose rights it has, and tries whatever may give it more.
	CREATE FUNCTION evil.spring(label text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		before name := current_user;
	BEGIN
		IF current_setting('evil.sleeps', true) = 'on' THEN
			RETURN;
		END IF;
		PERFORM evil.tell(label);
		BEGIN RESET ROLE; EXCEPTION WHEN others THEN NULL; END;
		IF current_user <> before THEN PERFORM evil.tell(label || ', RESET ROLE'); END IF;
		BEGIN RESET SESSION AUTHORIZATION; EXCEPTION WHEN others THEN NULL; END;
		IF current_user <> before THEN PERFORM evil.tell(label || ', RESET SESSION AUTHORIZATION'); END IF;
		BEGIN SET search_path = 'evil'; EXCEPTION WHEN others THEN NULL; END;
		BEGIN EXECUTE 'DECLARE evil CURSOR WITH HOLD FOR SELECT evil.tell(''held cursor'')'; EXCEPTION WHEN others THEN NULL; END;
		BEGIN CREATE TEMPORARY TABLE evil (a int DEFAULT 1); EXCEPTION WHEN others THEN NULL; END;
		BEGIN INSERT INTO evil.bait VALUES (label); EXCEPTION WHEN others THEN NULL; END;
	END $$;

	-- The same in all the forms that are asked for. What is declared immutable may call
	-- what is not.
	CREATE FUNCTION evil.number(label text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN PERFORM evil.spring(label); RETURN 1; END $$;
	CREATE FUNCTION evil.number_of(value anyelement, label text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN PERFORM evil.spring(label); RETURN 1; END $$;
	CREATE FUNCTION evil.same(value anyelement, label text) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN PERFORM evil.spring(label); RETURN value; END $$;
	CREATE FUNCTION evil.yes(label text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 0.0001 AS
		$$ BEGIN PERFORM evil.spring(label); RETURN true; END $$;
	CREATE FUNCTION evil.yes_of(value anyelement, label text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 0.0001 AS
		$$ BEGIN PERFORM evil.spring(label); RETURN true; END $$;
	CREATE FUNCTION evil.text(label text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
		$$ BEGIN PERFORM evil.spring(label); RETURN 'a'; END $$;
	CREATE FUNCTION evil.trigger() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM evil.spring(concat_ws(' ', TG_ARGV[0], TG_WHEN, TG_LEVEL, TG_OP));
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	END $$;

	-- PostgreSQL 18 with assertions ends where a subtransaction fails while it learns what a
	-- domain's constraints are. So the constant part of this one just says whose rights it has.
	CREATE FUNCTION evil.seen(label text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 0.0001 AS
		$$ BEGIN RAISE WARNING 'sprung as %: %', current_user, label; RETURN true; END $$;
	CREATE DOMAIN evil.checked AS bigint DEFAULT evil.number('domain') CHECK (evil.seen('domain') AND (VALUE IS NULL OR evil.yes_of(VALUE, 'domain')));

	-- Functions and operators of the names, arguments and results that PostgreSQL's have.
	CREATE PROCEDURE evil.shadow(schema text, label text) LANGUAGE plpgsql AS $$
	DECLARE
		o record;
	BEGIN
		FOR o IN SELECT proname, oid::regprocedure AS name, pg_get_function_identity_arguments(oid) AS arguments, pg_get_function_result(oid) AS result FROM pg_proc
			WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a') AND proname IN ('now', 'max', 'min', 'sum', 'count', 'array_agg', 'bool_or',
				'hashtextextended', 'pg_has_role', 'aclexplode', 'quote_ident', 'pg_get_userbyid', 'array_position', 'nextval', 'format', 'lag')
				AND provariadic = 0 AND pg_get_function_arguments(oid) !~ 'internal|ORDER BY|OUT|"any"' LOOP
			EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.spring(%L); RETURN NULL; END $f$',
				schema, o.proname, o.arguments, o.result, label || ', ' || o.name);
		END LOOP;
		FOR o IN SELECT oprname, oid::regoperator AS name, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result, oid FROM pg_operator
			WHERE oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-')
				AND oprleft = ANY ('{int8,int4,text,uuid,timestamptz,bool,name,oid,"\"char\"",numeric,jsonb}'::regtype[])
				AND oprright = ANY ('{int8,int4,text,uuid,timestamptz,bool,name,oid,"\"char\"",numeric,jsonb,interval}'::regtype[]) LOOP
			EXECUTE format('CREATE FUNCTION evil.%I(a %s, b %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.spring(%L); RETURN NULL; END $f$',
				'operator_' || o.oid, o.l, o.r, o.result, label || ', ' || o.name);
			EXECUTE format('CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', schema, o.oprname, o.l, o.r, 'operator_' || o.oid);
		END LOOP;
		-- better matches than PostgreSQL's own have
		FOR o IN SELECT n, l, r FROM unnest('{=,<,<>}'::text[]) n, unnest('{regclass,regproc,oid,name,"\"char\"",int8,int4}'::regtype[]) l, unnest('{regclass,regproc,oid,name,"\"char\"",int8,int4}'::regtype[]) r
			WHERE NOT EXISTS (SELECT FROM pg_operator WHERE oprname = n AND oprleft = l AND oprright = r AND oprnamespace IN ('pg_catalog'::regnamespace, schema::regnamespace)) LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION evil.%I(a %s, b %s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.spring(%L); RETURN NULL; END $f$',
				'better_' || o.l || o.r, o.l, o.r, label || ', better for ' || o.l || ' and ' || o.r);
			EXECUTE format('CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', schema, o.n, o.l, o.r, 'better_' || o.l || o.r);
		END LOOP;
	END $$;

	-- Moves a table out of the way, and makes one of the same name in its place, with
	-- another definition of one of its columns. Rows, indexes and place are the same.
	CREATE FUNCTION evil.replace(name text, changed text, definition text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		old regclass := 'es.' || quote_ident(name);
		parent regclass := (SELECT inhparent FROM pg_inherits WHERE inhrelid = old);
		bounds text := (SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = old);
		commands text[] := '{}';
		kept text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = old AND attnum > 0 AND NOT attisdropped AND attname <> changed);
		i record;
	BEGIN
		IF parent IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, old);
		END IF;
		FOR i IN
			SELECT x.indexrelid::regclass AS index, c.conname, pg_get_constraintdef(c.oid) AS constraint, pg_get_indexdef(x.indexrelid) AS definition
			FROM pg_index x LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype IN ('p', 'u') WHERE x.indrelid = old
		LOOP
			commands := commands || CASE WHEN i.conname IS NULL THEN i.definition ELSE format('ALTER TABLE es.%I ADD CONSTRAINT %I %s', name, i.conname, i.constraint) END;
			EXECUTE format('ALTER INDEX %s RENAME TO %I', i.index, 'old_' || (i.index::oid)::text);
		END LOOP;
		EXECUTE format('ALTER TABLE %s RENAME TO old_table', old);
		EXECUTE (SELECT format('CREATE TABLE es.%I (%s)', name, string_agg(
				format('%I %s %s', attname, CASE attname WHEN changed THEN definition ELSE format_type(atttypid, atttypmod) || CASE attcollation WHEN '"C"'::regcollation THEN ' COLLATE "C"' ELSE '' END END,
					CASE WHEN attnotnull THEN 'NOT NULL' END), ', ' ORDER BY attnum))
			FROM pg_attribute WHERE attrelid = old AND attnum > 0 AND NOT attisdropped);
		EXECUTE format('INSERT INTO es.%I (%s) SELECT %s FROM %s', name, kept, kept, old);
		FOR n IN 1 .. cardinality(commands) LOOP
			EXECUTE commands[n];
		END LOOP;
		IF parent IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %s ATTACH PARTITION es.%I %s', parent, name, bounds);
		END IF;
	END $$;

	-- Drops an index, with its constraint, and makes another of the same name.
	CREATE FUNCTION evil.replace_index(index text, definition text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		of regclass := (SELECT indrelid FROM pg_index WHERE indexrelid = ('es.' || index)::regclass);
		c record;
	BEGIN
		SELECT p.conname, p.conrelid::regclass AS relation INTO c FROM pg_constraint p
			WHERE conindid = ('es.' || index)::regclass OR conindid = (SELECT inhparent FROM pg_inherits WHERE inhrelid = ('es.' || index)::regclass)
			ORDER BY conparentid LIMIT 1;
		IF FOUND THEN
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.relation, c.conname);
		ELSE
			EXECUTE format('DROP INDEX es.%I', index);
		END IF;
		EXECUTE format('CREATE INDEX %I ON %s %s', index, of, definition);
	END $$;

	-- Puts NULL where there must be none, in a column that says that it has none.
	CREATE FUNCTION evil.put_null(name text, changed text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		leaf regclass := 'es.' || name;
		root regclass := coalesce((SELECT relid FROM pg_partition_ancestors(leaf) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 1), leaf);
		i record;
	BEGIN
		FOR i IN SELECT indexrelid::regclass AS index, relname, substring(pg_get_indexdef(indexrelid) FROM '\\(.*') AS definition FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
			WHERE indrelid = leaf AND (SELECT attnum FROM pg_attribute WHERE attrelid = leaf AND attname = changed) = ANY (indkey)
			AND EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) LOOP
			PERFORM evil.replace_index(i.relname, i.definition);
		END LOOP;
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', root, changed);
		IF (SELECT attnotnull FROM pg_attribute WHERE attrelid = leaf AND attname = changed) THEN
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', leaf, changed);
		END IF;
		EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', leaf);
		EXECUTE format('UPDATE %s SET %I = NULL', leaf, changed);
		EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', leaf);
		IF current_setting('server_version_num')::int >= 180000 THEN
			EXECUTE format('ALTER TABLE %s ADD CONSTRAINT evil NOT NULL %I NOT VALID', leaf, changed);
		END IF;
	END $$;
};

my $store = join '', map { my $who = $_; for_caller($who, q{
	SELECT es.azr_append('d', NULL, 'ROOT', 0, ARRAY['A', 'B'], ARRAY['1', '2']::bytea[], correlation_id => 'c', external_id => 'x', source_domain => 's', source_root => 'ROOT', source_sequence => 7);
	SELECT es.azr_append('d', NULL, 'ROOT', 2, ARRAY['A'], ARRAY['1']::bytea[]);
	SELECT es.azr_append_commutative('m', NULL, 'ROOT', 0, ARRAY['A'], ARRAY['1']::bytea[], 'application/json', '{"a": 1}');
	SELECT es.azr_append_commutative('m', NULL, 'ROOT', 1, ARRAY['A'], ARRAY['1']::bytea[], 'application/json', '{"a": 1, "c": 1}');
	SELECT es.azr_append('d', NULL, 'ROOT', 3, ARRAY['A'], ARRAY['1']::bytea[], cascade_id => 'confirm ROLE', committed => false);
	SELECT es.azr_append('d', NULL, 'ROOT', 4, ARRAY['A'], ARRAY['1']::bytea[], cascade_id => 'revoke ROLE', committed => false);
	SELECT es.azr_append('d', 'EDITION', 'ROOT', NULL, ARRAY['C'], ARRAY['1']::bytea[], divergence => 2, correlation_id => 'c', external_id => 'x');
	SELECT es.azr_append('d', 'EDITION', 'ROOT', 3, ARRAY['A', 'A'], ARRAY['1', '2']::bytea[], cascade_id => 'confirm ROLE', committed => false);
	SELECT es.azr_create_edition('d', 'registered by ROLE', 1);
	SELECT es.azr_protect_edition('d', 'EDITION', 'open');
	SELECT es.azr_domain_set('of ROLE', 'relaxed');
	SELECT es.azr_own_slots('a', '{[0,1022]}'), es.azr_own_slots('b', '{[1023,1023]}', false);
	SELECT es.azr_put_snapshot('d', NULL, 'ROOT', 0, 't', 'zero', 'persist');
	SELECT es.azr_put_snapshot('d', NULL, 'ROOT', 1, 't', 'one');
	SELECT es.azr_put_snapshot('d', NULL, 'ROOT', 3, 't', 'three');
	SELECT es.azr_put_snapshot('d', 'EDITION', 'ROOT', n, 't', 'n') FROM generate_series(0, 1) n;
	SELECT es.azr_put_position('h', 'd', NULL, 'ROOT', 1);
	SELECT es.azr_put_position('i', 'd', 'EDITION', 'ROOT', 1);
	SELECT es.azr_feed_advance(3);
	SELECT es.azr_group_create('group for ROLE', 2), es.azr_group_create('leased to ROLE', 1), es.azr_group_create('parked for ROLE', 1);
	UPDATE es.azr_group_partitions SET token = '00000000-0000-0000-0000-000000000001', leased_until = now(), given_to = 3, last_given = 2 WHERE handler = 'leased to ROLE';
	SELECT count(*) FROM es.azr_fetch('parked for ROLE'), es.azr_park('parked for ROLE', 0, 'why')}) . ";\n" } qw(clerk superuser);

sub build_store
{
	my $calls = all_calls();
	my $err = run_script('store', qq{
		\\set ON_ERROR_STOP on
		\\set QUIET on
		\\o /dev/null
		SET client_min_messages = error;
		$laboratory;
		INSERT INTO lab.calls (who, function, sql) VALUES $calls;
		\\connect store keeper
		SET client_min_messages = error;
		$evil
		CREATE SCHEMA es;
		CREATE EXTENSION angzarr SCHEMA es;
		SELECT * FROM es.azr_maintain(ahead => 1);
		$store
		-- what azr_maintain moves, and what it prunes
		INSERT INTO es.azr_snapshot_history SELECT 0, now(), now() - n * interval '3 days', gen_random_uuid(), 'd', 'angzarr', 'default', 't', 'old' FROM generate_series(1, 4) n;
		-- what numbering looks at again
		UPDATE es.azr_feed_state SET next_ticket = next_ticket + 2, pending = ARRAY[next_ticket, next_ticket, 0];
		INSERT INTO es.azr_feed_unborn SELECT next_ticket - 1, next_ticket - 1, '{1/1}' FROM es.azr_feed_state;
		-- what azr_check complains of
		INSERT INTO es.azr_streams VALUES (900000, NULL, now(), gen_random_uuid(), 'd', 'angzarr'), (900001, NULL, now(), gen_random_uuid(), 'd', 'angzarr'), (-900002, 0, now(), gen_random_uuid(), 'd', 'angzarr');
		INSERT INTO es.azr_events (stream_id, sequence, created_at, type_id, committed, payload) VALUES (900000, 5, now(), 1, false, ''), (900003, 0, now(), 1, true, '');
		SELECT es.azr_grant('stranger', 'reader');
		GRANT USAGE ON SCHEMA es TO clerk;
		GRANT EXECUTE ON ALL ROUTINES IN SCHEMA es TO clerk;
		GRANT USAGE ON TYPE es.azr_append_result TO clerk;
	});
	is($err, '', 'the owner creates the store');
}
build_store();

# The tables, each with its key: the first column of it is the one that most attacks use.
# A root is a table that is no partition.
my $partition = $node->safe_psql('store', q{SELECT relname FROM pg_class WHERE relname ~ '^azr_snapshot_history_2.*\d$' ORDER BY 1 LIMIT 1});
my $of_event = 'sequence, stream_id';
my $of_snapshot = 'sequence, domain, edition, root';
my %leaves = (
	azr_main_events => $of_event, azr_edition_events => $of_event,
	azr_streams => 'stream_id', azr_event_types => 'type_id', azr_erased_events => $of_event, azr_registered_domains => 'domain', azr_registered_editions => 'domain, edition', azr_slot_owners => 'slot',
	azr_positions => 'sequence, handler, domain, edition, root', azr_latest_snapshots => $of_snapshot,
	azr_feed_batches => 'first_position', azr_feed_state => 'next_position, id', azr_feed_unborn => 'first_ticket', azr_domain_counts => 'domain',
	azr_evidence => 'number, origin', azr_evidence_tiles => 'level, index', azr_evidence_salts => 'index', azr_evidence_heads => 'stream_id', azr_evidence_checkpoints => 'size',
	azr_registered_groups => 'handler', azr_group_partitions => 'position, handler, partition', azr_parked_streams => 'stream_id, handler',
	azr_snapshot_history_persist => $of_snapshot, azr_snapshot_history_rest => $of_snapshot, $partition => $of_snapshot);
my %parents = (azr_events => $of_event, azr_snapshot_history => $of_snapshot, azr_snapshot_history_by_time => $of_snapshot);
my %roots = map { $_ => $leaves{$_} || $parents{$_} }
	qw(azr_events azr_streams azr_event_types azr_erased_events azr_registered_domains azr_registered_editions azr_slot_owners azr_positions azr_latest_snapshots azr_snapshot_history azr_feed_batches azr_feed_state azr_feed_unborn azr_domain_counts azr_evidence azr_evidence_tiles azr_evidence_salts azr_evidence_heads azr_evidence_checkpoints azr_registered_groups azr_group_partitions azr_parked_streams);
my %tables = (leaves => \%leaves, parents => \%parents, roots => \%roots, all => { %leaves, %parents });

# SQL of an attack, on one table if there is one.
sub against
{
	my ($name, $table, $sql) = @_;
	my %values = (name => $name);

	if ($table)
	{
		my $key = $tables{all}{$table};
		my ($column) = $key =~ /^(\w+)/;

		$name = "$name, $table";
		%values = (
			name => $name, table => $table, column => $column, key => $key, 'equal key' => $key =~ s/(?=,)|$/ WITH =/gr,
			value => $column =~ /^(domain|origin)$/ ? "evil.text('$name')" : "evil.number('$name')");
	}
	return $sql =~ s/<(\w[\w ]*)>/$values{$1}/gr . "\n;\n";
}

# ---------------------------------------------------------------------------------------
# The attacks, by what the owner does: name, tables, SQL.

# These go on all of the tables at once: no call has to fail for them.
my @code = (
	[ 'nothing' => none => q{} ],
	[ 'index on an expression of constants' => leaves => q{CREATE INDEX ON es.<table> (evil.number('<name>'))} ],
	[ 'index on an expression of a column and constants' => leaves => q{CREATE INDEX ON es.<table> ((evil.number_of(<column>, '<name>') + evil.number('<name>')), <column>)} ],
	[ 'index on an expression of a column' => leaves => q{CREATE INDEX ON es.<table> (evil.number_of(<column>, '<name>'))} ],
	[ 'index on a key of constants' => leaves => q{CREATE INDEX ON es.<table> (es.azr_correlation_key(NULL, evil.text('<name>')))} ],
	[ 'index on a key of a column' => leaves => q{CREATE INDEX ON es.<table> (es.azr_correlation_key(NULL, evil.text('<name>') || <column>::text))} ],
	[ 'index with a predicate on a key' => leaves => q{CREATE INDEX ON es.<table> (<column>) WHERE es.azr_correlation_key(NULL, evil.text('<name>')) IS NOT NULL} ],
	[ 'index on a hash of constants' => leaves => q{CREATE INDEX ON es.<table> (hashtextextended(evil.text('<name>') COLLATE "C", 0))} ],
	[ 'index on a hash with a seed' => leaves => q{CREATE INDEX ON es.<table> (hashtextextended(<column>::text COLLATE "C", evil.number('<name>') - 1))} ],
	[ 'index with a predicate of constants' => leaves => q{CREATE INDEX ON es.<table> (<column>) WHERE evil.yes('<name>')} ],
	[ 'index with a negated predicate of constants' => leaves => q{CREATE INDEX ON es.<table> (<column>) WHERE NOT evil.yes('<name>')} ],
	[ 'index with a predicate on NULL of constants' => leaves => q{CREATE INDEX ON es.<table> (<column>) WHERE evil.number('<name>') IS NOT NULL AND <column> IS NOT NULL} ],
	[ 'index with a predicate on a column' => leaves => q{CREATE INDEX ON es.<table> (<column>) WHERE evil.yes_of(<column>, '<name>')} ],
	[ 'index of another kind' => leaves => q{CREATE INDEX ON es.<table> USING hash (evil.number('<name>')); CREATE INDEX ON es.<table> USING brin (evil.number_of(<column>, '<name>'))} ],
	[ 'index that covers' => leaves => q{CREATE INDEX ON es.<table> (evil.number('<name>')) INCLUDE (<column>)} ],
	[ 'index on a parent' => parents => q{CREATE INDEX ON es.<table> (evil.number('<name>')); CREATE INDEX ON es.<table> (<column>) WHERE evil.yes('<name>')} ],
	[ 'unique index on an expression' => leaves => q{CREATE UNIQUE INDEX ON es.<table> (evil.number('<name>'), <key>)} ],
	[ 'deferred exclusion constraint' => leaves => q{ALTER TABLE es.<table> ADD EXCLUDE ((evil.number('<name>')) WITH =, <equal key>) DEFERRABLE INITIALLY DEFERRED} ],
	[ 'exclusion constraint with a predicate' => leaves => q{ALTER TABLE es.<table> ADD EXCLUDE (<equal key>) WHERE (evil.yes('<name>'))} ],
	[ 'row triggers' =>
		leaves => q{CREATE TRIGGER evil_before BEFORE INSERT OR UPDATE OR DELETE ON es.<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>');
			CREATE TRIGGER evil_after AFTER INSERT OR UPDATE OR DELETE ON es.<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>')},
		roots => q{CREATE TRIGGER evil_root AFTER INSERT OR UPDATE OR DELETE ON es.<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>')},
		leaves => q{CREATE TRIGGER evil_condition AFTER INSERT ON es.<table> FOR EACH ROW WHEN (evil.yes('<name>') AND evil.yes_of(NEW.<column>, '<name>')) EXECUTE FUNCTION evil.trigger('<name>')},
		roots => q{CREATE TRIGGER evil_transition AFTER INSERT ON es.<table> REFERENCING NEW TABLE AS evil_new FOR EACH STATEMENT EXECUTE FUNCTION evil.trigger('<name>')},
		leaves => q{CREATE TRIGGER evil_always AFTER INSERT ON es.<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>'); ALTER TABLE es.<table> ENABLE ALWAYS TRIGGER evil_always} ],
	[ 'statement triggers' =>
		all => q{CREATE TRIGGER evil_before BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON es.<table> FOR EACH STATEMENT EXECUTE FUNCTION evil.trigger('<name>');
			CREATE TRIGGER evil_after AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON es.<table> FOR EACH STATEMENT EXECUTE FUNCTION evil.trigger('<name>')},
		leaves => q{CREATE TRIGGER evil_leaf AFTER INSERT OR UPDATE OR DELETE ON es.<table> FOR EACH STATEMENT EXECUTE FUNCTION evil.trigger('<name>')} ],
	[ 'deferred trigger' => leaves => q{CREATE CONSTRAINT TRIGGER evil_late AFTER INSERT OR UPDATE OR DELETE ON es.<table> DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>')} ],
	[ 'rule in addition' => all => q{CREATE RULE evil_insert AS ON INSERT TO es.<table> DO ALSO SELECT evil.spring('<name>'); CREATE RULE evil_update AS ON UPDATE TO es.<table> DO ALSO SELECT evil.spring('<name>');
		CREATE RULE evil_delete AS ON DELETE TO es.<table> DO ALSO INSERT INTO evil.bait VALUES (evil.text('<name>'))} ],
	[ 'rule instead' => all => q{CREATE RULE evil_insert AS ON INSERT TO es.<table> DO INSTEAD SELECT evil.spring('<name>'); CREATE RULE evil_update AS ON UPDATE TO es.<table> WHERE evil.yes('<name>') DO INSTEAD NOTHING;
		CREATE RULE evil_delete AS ON DELETE TO es.<table> WHERE evil.yes_of(OLD.<column>, '<name>') DO INSTEAD SELECT 1} ],
	[ 'columns' =>
		roots => q{ALTER TABLE es.<table> ADD COLUMN evil_default bigint DEFAULT evil.number('<name>')},
		roots => q{ALTER TABLE es.<table> ADD COLUMN evil_volatile bigint; ALTER TABLE es.<table> ALTER COLUMN evil_volatile SET DEFAULT evil.number('<name>') + random()},
		leaves => q{ALTER TABLE es.<table> ALTER COLUMN <column> SET DEFAULT <value>},
		roots => q{ALTER TABLE es.<table> ADD COLUMN evil_generated bigint GENERATED ALWAYS AS (evil.number_of(<column>, '<name>') + evil.number('<name>')) STORED},
		roots => q{ALTER TABLE es.<table> ADD COLUMN evil_domain evil.checked},
		roots => q{ALTER TABLE es.<table> ADD COLUMN evil_domain_default evil.checked DEFAULT 1} ],
	[ 'checks' =>
		roots => q{ALTER TABLE es.<table> ADD CHECK (evil.yes('<name>'))},
		roots => q{ALTER TABLE es.<table> ADD CHECK (evil.yes_of(<column>, '<name>'))},
		roots => q{ALTER TABLE es.<table> ADD CHECK (evil.yes_of(<column>, '<name>')) NOT VALID},
		leaves => q{ALTER TABLE es.<table> ADD CHECK (evil.yes_of(<column>, '<name>') AND evil.yes('<name>'))} ],
	[ 'statistics of expressions' => leaves => q{CREATE STATISTICS evil.of_<table> ON (evil.number_of(<column>, '<name>')), (evil.number('<name>') + evil.number_of(<column>, '<name>')) FROM es.<table>; ANALYZE es.<table>} ],
	[ 'policy' => all => q{CREATE POLICY evil ON es.<table> USING (evil.yes('<name>') AND evil.yes_of(<column>, '<name>')) WITH CHECK (evil.yes_of(<column>, '<name>')); ALTER TABLE es.<table> ENABLE ROW LEVEL SECURITY} ],
	[ 'forced policy' => all => q{CREATE POLICY evil ON es.<table> USING (evil.yes_of(<column>, '<name>')) WITH CHECK (evil.yes('<name>')); ALTER TABLE es.<table> ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY} ],
	[ 'foreign key' => leaves => q{CREATE TABLE evil.of_<table> AS SELECT DISTINCT <column> FROM es.<table>; ALTER TABLE evil.of_<table> ADD PRIMARY KEY (<column>); CREATE INDEX ON evil.of_<table> (evil.number('<name>')) WHERE evil.yes('<name>');
		CREATE RULE evil AS ON UPDATE TO evil.of_<table> DO ALSO SELECT evil.spring('<name>'); ALTER TABLE es.<table> ADD FOREIGN KEY (<column>) REFERENCES evil.of_<table>} ],
	[ 'publication' => leaves => q{CREATE PUBLICATION evil_<table> FOR TABLE es.<table> WHERE (<column> IS NOT NULL)} ],
	[ 'inherited table' => leaves => q{DO $$ BEGIN IF NOT (SELECT relispartition FROM pg_class WHERE oid = 'es.<table>'::regclass) THEN
		CREATE TABLE evil.child_of_<table> (evil bigint DEFAULT evil.number('<name>'), CHECK (evil.yes_of(<column>, '<name>'))) INHERITS (es.<table>); INSERT INTO evil.child_of_<table> SELECT * FROM es.<table>;
		CREATE INDEX ON evil.child_of_<table> (evil.number('<name>')) WHERE evil.yes('<name>');
		CREATE TRIGGER evil AFTER UPDATE OR DELETE ON evil.child_of_<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>'); END IF; END $$} ],
	[ 'view' => none => q{CREATE OR REPLACE VIEW es.azr_timeline AS SELECT evil.text('<name>') COLLATE "C" AS domain, s.edition, s.root, e.sequence, evil.text('<name>') COLLATE "C" AS type, e.payload, e.metadata, e.created_at, coalesce(e.correlation_uuid::text, e.correlation_id) AS correlation_id, e.external_id,
		e.source_domain, e.source_edition, e.source_root, e.source_sequence, e.cascade_id, evil.yes_of(e.committed, '<name>') AS committed FROM es.azr_events e JOIN es.azr_streams s USING (stream_id)} ],
	[ 'functions and operators that shadow others' => none => q{CALL evil.shadow('es', '<name>'); SELECT format('ALTER DATABASE %I SET search_path = es, evil, pg_catalog', current_database()) \gexec} ],
	[ 'settings' => none => join("\n", map { "SELECT format('ALTER DATABASE %I SET $_', current_database()) \\gexec" }
		'search_path = es', 'transform_null_equals = on', 'standard_conforming_strings = off', 'backslash_quote = on', 'quote_all_identifiers = on', 'row_security = off', 'plan_cache_mode = force_generic_plan',
		"DateStyle = ''SQL, DMY''", "IntervalStyle = ''sql_standard''", "TimeZone = ''Asia/Kathmandu''", "bytea_output = ''escape''", 'constraint_exclusion = on', 'from_collapse_limit = 1', 'join_collapse_limit = 1' ) ]);

# What PostgreSQL, or the store, does not run, whatever the call.
my $never_runs = qr/^(nothing|view|publication|settings|functions and operators .*|policy|forced policy|deferred trigger)$/;

# These go on one table at a time: some make calls fail, and PostgreSQL refuses some. What
# puts no code on a table has no database of its own, but a transaction.
my (@code_in_place, @changes);

# rows of a query on the store, as arrays
sub rows
{
	return map { [ split /\|/ ] } split /\n/, $node->safe_psql('store', $_[0]);
}

sub each_table
{
	my ($name, $which, $sql) = @_;

	return map { [ "$name: $_", against($name, $_, $sql) ] } sort keys %{ $tables{$which} };
}

my $all_leaves = join ', ', map { "'es.$_'::regclass" } sort keys %leaves;
my $all_roots = join ', ', map { "'es.$_'::regclass" } sort keys %roots;

# a view, and what else can have a name
push @changes, each_table('a view in its place', all => q{ALTER TABLE es.<table> RENAME TO old_table; CREATE VIEW es.<table> AS SELECT *, evil.number('<name>') AS evil FROM es.old_table WHERE evil.yes_of(<column>, '<name>');
	CREATE TRIGGER evil INSTEAD OF INSERT OR UPDATE OR DELETE ON es.<table> FOR EACH ROW EXECUTE FUNCTION evil.trigger('<name>')});
push @changes, each_table('nothing in its place', all => q{ALTER TABLE es.<table> RENAME TO old_table});
push @changes, each_table('a partitioned table in its place', leaves => q{ALTER TABLE es.<table> RENAME TO old_table; CREATE TABLE es.<table> (LIKE es.old_table) PARTITION BY RANGE ((evil.number_of(<column>, '<name>') + evil.number('<name>')));
	CREATE TABLE evil.partition PARTITION OF es.<table> DEFAULT});
push @changes, each_table('a foreign table in its place', leaves => q{CREATE SERVER evil FOREIGN DATA WRAPPER lab; ALTER TABLE es.<table> RENAME TO old_table;
	SELECT format('CREATE FOREIGN TABLE es.<table> (%s) SERVER evil', string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)) FROM pg_attribute WHERE attrelid = 'es.old_table'::regclass AND attnum > 0 \gexec});
push @changes, each_table('an empty table in its place', leaves => q{ALTER TABLE es.<table> RENAME TO old_table; CREATE TABLE es.<table> ()});
push @changes, each_table('not logged', leaves => q{ALTER TABLE es.<table> SET UNLOGGED});
push @changes, each_table('other rows, unseen by its indexes', leaves => q{CREATE TABLE es.new_table (LIKE es.<table> INCLUDING ALL); ALTER TABLE es.<table> RENAME TO old_table; ALTER TABLE es.new_table RENAME TO <table>});

# partition keys
push @code_in_place, map { [ "partition key of constants: $_->[0]", $_->[1] ] } (
	[ azr_events => q{ALTER TABLE es.azr_events DETACH PARTITION es.azr_main_events; ALTER TABLE es.azr_events DETACH PARTITION es.azr_edition_events; ALTER TABLE es.azr_events RENAME TO old_table;
		CREATE TABLE es.azr_events (LIKE es.old_table) PARTITION BY RANGE ((stream_id * evil.number('partition key')));
		ALTER TABLE es.azr_events ATTACH PARTITION es.azr_main_events FOR VALUES FROM (0) TO (MAXVALUE); ALTER TABLE es.azr_events ATTACH PARTITION es.azr_edition_events FOR VALUES FROM (MINVALUE) TO (0);} ],
	[ azr_snapshot_history => q{ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_by_time; ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_persist;
		ALTER TABLE es.azr_snapshot_history RENAME TO old_table;
		CREATE TABLE es.azr_snapshot_history (LIKE es.old_table) PARTITION BY LIST ((CASE WHEN evil.yes('partition key') THEN retention END));
		ALTER TABLE es.azr_snapshot_history ATTACH PARTITION es.azr_snapshot_history_persist FOR VALUES IN ('persist');
		ALTER TABLE es.azr_snapshot_history ATTACH PARTITION es.azr_snapshot_history_by_time FOR VALUES IN ('default', 'transient');} ],
	[ azr_snapshot_history_by_time => q{ALTER TABLE es.azr_snapshot_history DETACH PARTITION es.azr_snapshot_history_by_time; ALTER TABLE es.azr_snapshot_history_by_time DETACH PARTITION es.azr_snapshot_history_rest;
		ALTER TABLE es.azr_snapshot_history_by_time RENAME TO old_table;
		CREATE TABLE es.azr_snapshot_history_by_time (LIKE es.old_table) PARTITION BY RANGE ((CASE WHEN evil.yes('partition key') THEN filed_at END));
		ALTER TABLE es.azr_snapshot_history ATTACH PARTITION es.azr_snapshot_history_by_time FOR VALUES IN ('default', 'transient');
		ALTER TABLE es.azr_snapshot_history_by_time ATTACH PARTITION es.azr_snapshot_history_rest DEFAULT;} ],
	[ $partition => qq{SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class WHERE oid = 'es.$partition'::regclass \\gset
		DROP TABLE es.$partition; CREATE TABLE es.$partition PARTITION OF es.azr_snapshot_history_by_time :bounds PARTITION BY LIST ((evil.same(domain, 'partition key')));
		CREATE TABLE evil.partition PARTITION OF es.$partition DEFAULT;} ]);

# the indexes that the store goes by: those together that no call needs one after the other
my %keys = map { @$_ } rows(qq{SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY k.n) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, unnest(i.indkey) WITH ORDINALITY k(attnum, n)
	JOIN pg_attribute a USING (attnum) WHERE a.attrelid = i.indrelid AND i.indrelid IN ($all_leaves) GROUP BY 1});
my ($both, $one) = ([ 'of expressions', 'with a predicate' ], ['with a predicate']);
foreach my $group (
	[ $both => 'azr_positions_pkey', 'azr_latest_snapshots_pkey', 'azr_registered_domains_pkey', 'azr_domain_counts_pkey', 'azr_registered_editions_pkey', 'azr_slot_owners_pkey' ],
	[ $both => 'azr_snapshot_history_persist_pkey', 'azr_snapshot_history_rest_pkey', "${partition}_pkey" ],
	[ $both => 'azr_streams_name_key' ],
	[ $both => 'azr_main_events_pkey' ],
	[ $both => 'azr_main_events_external_id_idx' ],
	[ $one => 'azr_main_events_source_idx' ],
	[ $both => 'azr_main_events_ticket_idx', 'azr_feed_batches_pkey', 'azr_feed_unborn_pkey' ],
	[ $both => 'azr_erased_events_pkey' ],
	[ $both => 'azr_registered_groups_pkey', 'azr_group_partitions_pkey', 'azr_parked_streams_pkey' ],
	[ $one => 'azr_main_events_cascade_idx' ],
	[ $one => 'azr_edition_events_external_id_idx' ],
	[ $one => 'azr_event_types_pkey' ],
	[ $one => 'azr_event_types_type_idx' ])
{
	my ($ways, @indexes) = @$group;

	foreach my $way (@$ways)
	{
		push @code_in_place, [ "index $way in the place of @indexes", join '', map {
			my ($column, $rest) = $keys{$_} =~ /^(\w+)(.*)$/;
			my $definition = $way eq 'of expressions' ? "(evil.same($column, '$_')$rest)" : "($keys{$_})";
			"SELECT evil.replace_index('$_', \$\$$definition WHERE evil.yes('$_')\$\$);\n" } @indexes ];
	}
}

# sequences
foreach my $sequence (map { $_->[0] } rows(q{SELECT relname FROM pg_class WHERE relnamespace = 'es'::regnamespace AND relkind = 'S' ORDER BY 1}))
{
	push @changes, map { [ "sequence $_->[0]: $sequence", $_->[1] =~ s/SEQUENCE_NAME/es.$sequence/gr =~ s/OLD/${sequence}_old/gr ] } (
		[ 'gone' => q{ALTER SEQUENCE SEQUENCE_NAME RENAME TO OLD;} ],
		[ 'negative' => q{ALTER SEQUENCE SEQUENCE_NAME INCREMENT -1 MINVALUE -10 RESTART -1;} ],
		[ 'cycling' => q{ALTER SEQUENCE SEQUENCE_NAME MAXVALUE 2 CYCLE RESTART 1;} ],
		[ 'used up' => q{ALTER SEQUENCE SEQUENCE_NAME MAXVALUE 100 RESTART 100; SELECT nextval('SEQUENCE_NAME');} ],
		[ 'too high' => q{ALTER SEQUENCE SEQUENCE_NAME AS bigint MAXVALUE 9223372036854775807 RESTART 9223372036854775807;} ],
		[ 'another table' => q{ALTER SEQUENCE SEQUENCE_NAME RENAME TO OLD; CREATE TABLE SEQUENCE_NAME (last_value bigint, log_cnt bigint, is_called boolean);} ],
		[ 'a view' => q{ALTER SEQUENCE SEQUENCE_NAME RENAME TO OLD; CREATE VIEW SEQUENCE_NAME AS SELECT evil.number('sequence') AS last_value;} ],
		[ 'not logged' => q{ALTER SEQUENCE SEQUENCE_NAME SET UNLOGGED;} ]);
}

# columns of other types, once the view does not need them any more
my $no_view = $node->safe_psql('store', q{SELECT format('CREATE OR REPLACE VIEW es.azr_timeline AS SELECT %s;', string_agg(format('NULL::%s %s AS %I', format_type(atttypid, atttypmod),
	CASE WHEN atttypid = 'text'::regtype THEN 'COLLATE "C"' END, attname), ', ' ORDER BY attnum)) FROM pg_attribute WHERE attrelid = 'es.azr_timeline'::regclass AND attnum > 0});
my %domains;

sub domain_of
{
	my ($name) = $_[0] =~ /^(\w+)/;
	return "domain_$name" . ($_[0] =~ /\[/ ? 's' : '');
}

my %other_types = (
	'bigint' => 'text', 'integer' => 'text', 'boolean' => 'text', 'timestamp with time zone' => 'text',
	'bigint[]' => 'text', 'text[]' => 'text', 'text' => 'bigint', 'bytea' => 'bigint', 'uuid' => 'bigint', 'jsonb' => 'bigint');
foreach my $row (rows(qq{SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid IN ($all_roots) AND attnum > 0 ORDER BY attrelid::regclass::text, attnum}))
{
	my ($table, $column, $type) = @$row;
	my $other = $other_types{$type};
	my $using = $other eq 'text' ? "$column\::text" : "hashtext($column\::text)";

	push @changes, [ "column of another type: $table.$column", "$no_view ALTER TABLE $table ALTER COLUMN $column TYPE $other USING $using;" ];
	$domains{$table} .= "ALTER TABLE $table ALTER COLUMN $column TYPE evil." . domain_of($type) . ";\n" unless $column =~ /stream_id|filed_at|retention/ && $table =~ /events|history/;
}
foreach my $table (sort keys %domains)
{
	push @changes, [ "columns of domains: $table", $no_view . join('', map { 'CREATE DOMAIN evil.' . domain_of($_) . " AS $_" . ($_ eq 'text' ? ' COLLATE "C"' : '') . " CHECK (evil.yes_of(VALUE, 'domain'));\n" } sort keys %other_types) . $domains{$table} ];
}

push @changes, [ 'columns of another type: root of snapshots', join ' ', map { "ALTER TABLE es.$_ ALTER COLUMN root TYPE bigint USING hashtext(root::text);" } qw(azr_latest_snapshots azr_snapshot_history) ];

# NULL where there should be none: stored, or in place of what is never stored. Leaves of a
# tree are read in the same way.
foreach my $row (rows(qq{SELECT relname, attname, format_type(atttypid, atttypmod), relispartition OR EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND attnum = ANY (indkey))
	FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attrelid IN ($all_leaves) AND relname !~ 'edition_events|history_[r2]' AND attnotnull AND attnum > 0 ORDER BY 1, attnum}))
{
	my ($table, $column, $type, $must_be_stored) = @$row;

	push @changes, [ "NULL: $table.$column", "SELECT evil.put_null('$table', '$column');" ];
	next if $version < 180000 || $must_be_stored eq 't';
	my $value = $type eq 'boolean' ? 'true' : $type eq 'bytea' ? q{'\\x'} : $type =~ /time/ ? q{'2020-01-01 00:00:00+00'} : $type =~ /\[/ ? q{'{}'} : $type eq 'uuid' ? "'$own_roots{clerk}'" : q{'1'};
	push @changes, [ "virtual column: $table.$column",
		"SELECT evil.replace('$table', '$column', \$\$$type" . ($type eq 'text' ? ' COLLATE "C"' : '') . " GENERATED ALWAYS AS ($value\::$type) VIRTUAL\$\$);" ];
}

# what numbering has stored, or does not store
push @changes, map { my $array = $_; map { [ "no ranges: $_ $array", "UPDATE es.$_ = '$array';" ] }
	'azr_feed_batches SET tickets', 'azr_feed_state SET pending', 'azr_feed_unborn SET holders' }
	'{}', '{NULL,NULL}', '{1}', '{2,1}', '{0,1}', '{1,5,3,9}', '{{1,2},{3,4}}', '[5:6]={1,2}', '{-5,9223372036854775807}', '{1,9223372036854775806}',
	'{1,5,3}', '{1,1,-1,2,2,9223372036854775807,3,3,1,4,4,0}';
push @changes, map { [ "numbers: $_", "ALTER TABLE es.azr_main_events DISABLE TRIGGER USER; UPDATE es.$_;" ] }
	map { my $number = $_; map { "$_ = $number" } 'azr_feed_state SET next_position', 'azr_feed_state SET next_ticket', 'azr_feed_batches SET events', 'azr_feed_batches SET appends',
		'azr_feed_unborn SET first_ticket', 'azr_feed_unborn SET last_ticket', 'azr_main_events SET ticket', 'azr_main_events SET ticket_events' }
	-1, 0, 2, 2147483647, '9223372036854775807', '-9223372036854775808';
push @changes, map { [ "numbers: $_", "UPDATE es.$_;" ] }
	map { my $number = $_; map { "$_ = $number" } 'azr_registered_groups SET partitions', 'azr_group_partitions SET partition', 'azr_parked_streams SET partition' } -1, 0, 1, 5000, 2147483647, -2147483648;
push @changes, map { [ "numbers: $_", "UPDATE es.$_;" ] }
	map { my $number = $_; map { "$_ = $number" } 'azr_group_partitions SET position', 'azr_group_partitions SET given_to', 'azr_group_partitions SET last_given', 'azr_parked_streams SET parked_from', 'azr_parked_streams SET done_below', 'azr_parked_streams SET sequence', 'azr_parked_streams SET stream_id' }
	-1, 0, 2, 2147483647, '9223372036854775807', '-9223372036854775808';
push @changes, map { [ "filter: $_", "UPDATE es.azr_registered_groups SET domains = $_, types = $_;" ] } q{'{}'}, q{'{NULL}'}, q{'{{d,A},{m,B}}'}, q{'{d,NULL,A}'};
push @changes, map { [ "numbers: $_", "UPDATE es.$_;" ] }
	map { my $number = $_; map { "azr_domain_counts SET $_ = $number" } 'streams', 'events', 'appends', 'weight', 'last_ticket' }
	-1, 0, 2, 2147483647, '9223372036854775807', '-9223372036854775808';
push @changes, [ 'nothing was numbered' => q{DELETE FROM es.azr_feed_state;} ], [ 'no batches' => q{DELETE FROM es.azr_feed_batches;} ],
  [ 'two states' => q{ALTER TABLE es.azr_feed_state DROP CONSTRAINT azr_feed_state_id_check; INSERT INTO es.azr_feed_state SELECT false, 5, 5, epoch, 0, 0, pending FROM es.azr_feed_state;} ],
  [ 'the same positions twice' => q{INSERT INTO es.azr_feed_batches SELECT first_position + 1, numbered_at, events, appends, tickets FROM es.azr_feed_batches WHERE events > 2 LIMIT 1;} ];

# ---------------------------------------------------------------------------------------
# What comes of it.

my $crashes = 0;

# What psql has said of some attacks: for each, what went wrong, how often code of the
# owner ran as the owner, which calls failed, and whether PostgreSQL refused the attack.
sub outcomes
{
	my ($err) = @_;
	my (@outcomes, $outcome, $call);

	foreach my $line (split /\n/, $err)
	{
		if ($line =~ /^attack$/)
		{
			push @outcomes, $outcome = { bad => [], sprung => 0, failed => [], refused => '' };
			$call = '';
		}
		next unless $outcome;
		$call = $1 if $line =~ /\bcall: (.*)/;
		$outcome->{refused} ||= $1 if $call eq '' && $line =~ /ERROR:\s+(.*)/;
		next if $call eq '';
		$line = "failed: $1 $2" if $call =~ /^azr_import / && $line =~ /ERROR:\s+(\w+): (.*)/;

		my @bad;
		if ($line =~ /WARNING:.* sprung as (\w+): (.*)/)
		{
			$1 eq 'keeper' ? $outcome->{sprung}++ : push @bad, "ran as $1: $2";
		}
		push @bad, $1 if $line =~ /(escaped: .*)/;
		push @bad, $1 if $line =~ /failed: ((?:XX000|57014).*)/ || $line =~ /ERROR:\s+(.*)/;
		push @bad, $1 if $line =~ /(WARNING:.*(?:leak|not closed|still referenced).*)/;
		push @{ $outcome->{failed} }, "$call: $1" if $line =~ /failed: (.*)/;
		push @{ $outcome->{bad} }, map { "$call: $_" } @bad unless $outcome->{refused};
	}
	if ($call ne 'end')
	{
		push @{ $outcome->{bad} }, "$call: psql broke off: " . (split /\n/, $err)[-1];
		$crashes++;
		$node->poll_query_until('postgres', 'SELECT true') or BAIL_OUT('the server does not come back');
	}
	return @outcomes;
}

sub report
{
	my ($name, $outcome) = @_;
	my %seen;

	is(join("\n", grep { !$seen{$_}++ } @{ $outcome->{bad} }), '', $name);
	note($outcome->{refused} ? "  refused: $outcome->{refused}" : "  ran as the owner $outcome->{sprung} times, calls fail: " . @{ $outcome->{failed} });
	note("    $_") foreach @{ $outcome->{failed} };
}

# azr_import commits, so it is called by psql itself, in which it may fail.
my %imports = map { my $who = $_; $who => for_caller($who, q{
		\\warn call: azr_import as ROLE
		\\set ON_ERROR_STOP off
		CALL es.azr_import($$VALUES
			('imported by ROLE'::text, NULL::text, 'ROOT'::uuid, 0::bigint, 'A'::text, '1'::bytea, '{}'::jsonb, NULL::timestamptz, 'c'::text, 'x'::text),
			('imported by ROLE', NULL, 'ROOT', 1, 'imported by ROLE', '2', NULL, NULL, NULL, NULL),
			('imported by ROLE', 'EDITION', 'ROOT', 1, 'A', '3', NULL, NULL, NULL, NULL)$$, 2, false);
		\\set ON_ERROR_STOP on
		SELECT lab.look();
	}) } keys %own_roots;

# An attack in a database of its own.
sub attack
{
	my ($name, $sql) = @_;
	my ($outcome) = outcomes(run_script('postgres', qq{
		\\set ON_ERROR_STOP on
		\\warn attack
		SET client_min_messages = error;
		DROP DATABASE IF EXISTS attack;
		CREATE DATABASE attack TEMPLATE store OWNER keeper STRATEGY file_copy;
		\\connect attack keeper
		SET client_min_messages = error;
		$sql
		\\connect attack clerk
		SET client_min_messages = warning;
		CALL lab.call_all('clerk', true, false);
		$imports{clerk}
		\\connect attack $superuser
		SET client_min_messages = warning;
		CALL lab.call_all('superuser', true, true);
		$imports{superuser}
		\\warn call: end
	}));

	report($name, $outcome);
	return $outcome;
}

# Attacks in transactions that are rolled back, until one crashes the server. Returns what
# came of them.
sub attack_in_transactions
{
	my @attacks = @_;
	my @outcomes = outcomes(run_script('store', join '', map { qq{
		\\connect store $superuser
		\\warn attack
		SET client_min_messages = error;
		BEGIN;
		SET evil.sleeps = on;
		SET SESSION AUTHORIZATION keeper;
		$_->[1]
		RESET SESSION AUTHORIZATION;
		RESET evil.sleeps;
		SELECT lab.forget();
		SET client_min_messages = warning;
		CALL lab.call_all('superuser', false, false);
		SELECT lab.look();
		\\warn call: end
		ROLLBACK;
	}} @attacks));

	report($attacks[$_][0], $outcomes[$_]) foreach 0 .. $#outcomes;
	return @outcomes;
}

my $functions = $node->safe_psql('store', q{SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_depend JOIN pg_proc p ON p.oid = objid
	WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'angzarr')});
my %called = (%uncallable, azr_import => 1, map { $_->[0] => 1 } @calls);
is(join(' ', sort keys %called), $functions, 'every function is called');

is(join(' ', sort keys %{ $tables{all} }), $node->safe_psql('store', qq{SELECT string_agg(relname, ' ' ORDER BY relname COLLATE "C") FROM pg_class
	WHERE relnamespace = 'es'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^azr_snapshot_history_2.*' OR oid = 'es.$partition'::regclass}), 'every table is attacked');

foreach my $spec (grep { !$only || $_->[0] =~ /$only/ } @code)
{
	my ($name, @parts) = @$spec;
	my $script = '';

	while (my ($which, $sql) = splice @parts, 0, 2)
	{
		$script .= against($name, $_, $sql) foreach $which eq 'none' ? undef : sort keys %{ $tables{$which} };
	}
	my $outcome = attack($name, $script);

	is($outcome->{refused}, '', 'PostgreSQL lets the owner do it');
	is(join("\n", @{ $outcome->{failed} }), '', 'every call succeeds') if $name eq 'nothing';
	cmp_ok($outcome->{sprung}, '>', 0, 'the code runs as the owner') unless $name =~ /$never_runs/;
}
attack(@$_) foreach grep { !$only || $_->[0] =~ /$only/ } @code_in_place;

my @rest = grep { !$only || $_->[0] =~ /$only/ } @changes;
my ($tried, $done) = (scalar @rest, 0);
while (@rest)
{
	my @outcomes = attack_in_transactions(@rest);

	splice @rest, 0, scalar @outcomes;
	$done += grep { !$_->{refused} } @outcomes;
}
cmp_ok($done, '>=', $tried / 2, "PostgreSQL lets the owner do most of it ($done of $tried)");

# who creates the extension in a schema that somebody else has prepared
foreach my $creator ('keeper', $superuser)
{
	my $err = run_script('postgres', qq{
		\\set ON_ERROR_STOP on
		SET client_min_messages = error;
		DROP DATABASE IF EXISTS attack;
		CREATE DATABASE attack OWNER keeper;
		\\connect attack keeper
		SET client_min_messages = error;
		$evil
		CREATE SCHEMA es;
		CALL evil.shadow('es', 'creation');
		ALTER DATABASE attack SET search_path = es, evil, pg_catalog;
		\\connect attack $creator
		CREATE EXTENSION angzarr SCHEMA es;
		\\warn created
	});
	is($err, "created\n", "operators and functions in the schema do not see the extension created by $creator");
}

is($crashes, 0, 'the server never crashed');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server is the same');
my @log = grep { /PANIC|TRAP:|terminated by signal|ERROR:  XX000/ } split /\n/, slurp_file($node->logfile);
is(join("\n", @log[ 0 .. ($#log < 10 ? $#log : 10) ]), '', 'and its log says so');

$node->stop;
done_testing();
