# Concurrent commutative appends against a model: the history itself. Each event
# says which fields its command has changed, from what to what. Replayed in the order
# of their sequences, every event must find what its command has seen, and what comes
# out at each sequence must be the snapshot there.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $commands = 40;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 30\nfsync = off");
$node->start;

# A state has counters. As JSON, {"1": n, ...}; as Protocol Buffers, fixed32 fields, of
# which those that are 0 are missing. Commands write them in any order.
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION angzarr;
	CREATE TABLE outcomes (stream text, client int, field int, outcome text);

	CREATE FUNCTION from_message(state bytea) RETURNS jsonb LANGUAGE sql AS $$
		SELECT coalesce(jsonb_object_agg((get_byte(state, i) >> 3)::text, get_byte(state, i + 1) + 256 * get_byte(state, i + 2)), '{}')
		FROM generate_series(0, length(state) - 5, 5) i $$;
	CREATE FUNCTION to_message(counters jsonb) RETURNS bytea LANGUAGE sql AS $$
		SELECT coalesce(string_agg(set_byte(set_byte(set_byte('\x0000000000', 0, key::int << 3 | 5), 1, value::int % 256), 2, value::int / 256), '' ORDER BY random()), '')
		FROM jsonb_each_text(counters) WHERE value <> '0' $$;
	CREATE FUNCTION counters(state bytea, type text) RETURNS jsonb LANGUAGE sql AS $$
		SELECT CASE type WHEN 'application/json' THEN convert_from(state, 'UTF8')::jsonb ELSE from_message(state) END $$;

	-- loads the state, thinks, counts a field up (or two), appends; field NULL: any
	CREATE FUNCTION command(stream text, client int, own_field int) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		r uuid := azr_root('counters', stream);
		t text := CASE WHEN stream LIKE 'json%' THEN 'application/json' ELSE 'Counters' END;
		before jsonb := '{}';
		state jsonb;
		expected bigint := 0;
		changes jsonb := '{}';
		f int;
		s record;
		result record;
	BEGIN
		SELECT * INTO s FROM azr_get_snapshot('counters', NULL, r);
		IF FOUND THEN
			before := counters(s.state, s.state_type);
			expected := s.sequence + 1;
		END IF;
		state := before;
		FOR i IN 1 .. CASE WHEN own_field IS NULL AND random() < 0.3 THEN 2 ELSE 1 END LOOP
			f := coalesce(own_field, 1 + floor(random() * 6)::int);
			state := state || jsonb_build_object(f::text, coalesce((before->>f::text)::int, 0) + 1);
			changes := changes || jsonb_build_object(f::text, ARRAY[coalesce((before->>f::text)::int, 0), coalesce((before->>f::text)::int, 0) + 1]);
		END LOOP;
		PERFORM pg_sleep(random() * 0.01);
		BEGIN
			SELECT * INTO result FROM azr_append_commutative('counters', NULL, r, expected, ARRAY['Counted'], ARRAY[convert_to(changes::text, 'UTF8')],
				t, CASE t WHEN 'application/json' THEN convert_to(state::text, 'UTF8') ELSE to_message(state) END);
			INSERT INTO outcomes VALUES (stream, client, own_field, result.outcome);
		EXCEPTION WHEN SQLSTATE 'ZR005' THEN
			INSERT INTO outcomes VALUES (stream, client, own_field, 'conflict');
		END;
	END $$;

	CREATE FUNCTION compare_with_model(stream text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		model jsonb := '{}';
		e record;
		c record;
		s record;
	BEGIN
		FOR e IN SELECT * FROM azr_load('counters', NULL, azr_root('counters', stream)) LOOP
			FOR c IN SELECT key, value->>0 AS was, value->>1 AS becomes FROM jsonb_each(convert_from(e.payload, 'UTF8')::jsonb) LOOP
				IF coalesce(model->>c.key, '0') <> c.was THEN
					RETURN format('event %s saw %s in field %s, which was %s: an update was lost', e.sequence, c.was, c.key, model->>c.key);
				END IF;
				model := model || jsonb_build_object(c.key, c.becomes::int);
			END LOOP;
			SELECT * INTO s FROM azr_get_snapshot('counters', NULL, azr_root('counters', stream), e.sequence);
			IF s.sequence IS DISTINCT FROM e.sequence OR counters(s.state, s.state_type) <> model THEN
				RETURN format('snapshot at %s is %s, and should be %s', e.sequence, counters(s.state, s.state_type), model);
			END IF;
		END LOOP;
		RETURN model;
	END $$});

sub run_clients
{
	my ($stream, $field) = @_;

	my $script = PostgreSQL::Test::Utils::tempdir . '/command.sql';

	append_to_file($script, "SELECT command('$stream', :client_id, $field);\n");
	$node->command_ok([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $commands, '-f', $script, 'postgres' ], "$stream: $clients clients");
}

foreach my $kind ('json', 'message')
{
	# different fields: everybody succeeds, whatever the interleaving
	my $stream = "$kind, a field each";
	run_clients($stream, ':client_id + 1');
	is($node->safe_psql('postgres', "SELECT count(*), bool_or(outcome = 'merged') FROM outcomes WHERE stream = '$stream' AND outcome <> 'conflict'"),
		$clients * $commands . '|t', "$stream: all succeed, some by merging");
	is($node->safe_psql('postgres', "SELECT compare_with_model('$stream')::jsonb = (SELECT jsonb_object_agg(i::text, $commands) FROM generate_series(1, $clients) i)"),
		't', "$stream: the state has all their changes, at the end and in between");

	# the same field: one of those that have the same base
	$stream = "$kind, one field";
	run_clients($stream, '1');
	is($node->safe_psql('postgres', "SELECT count(*) = $clients * $commands AND bool_or(outcome = 'conflict') AND NOT bool_or(outcome = 'merged') FROM outcomes WHERE stream = '$stream'"),
		't', "$stream: others fail, and nothing is merged");
	is($node->safe_psql('postgres', "SELECT compare_with_model('$stream')::jsonb = (SELECT jsonb_build_object('1', count(*)) FROM outcomes WHERE stream = '$stream' AND outcome = 'added')"),
		't', "$stream: it counts what succeeded");

	# any fields
	$stream = "$kind, any field";
	run_clients($stream, 'NULL');
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome) FROM outcomes WHERE stream = '$stream'"),
		'added conflict merged', "$stream: all outcomes");
	like($node->safe_psql('postgres', "SELECT compare_with_model('$stream')"), qr/^\{/, "$stream: as the model");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM outcomes WHERE outcome <> 'conflict'}),
	$node->safe_psql('postgres', q{SELECT count(*) FROM azr_timeline}), 'what succeeded is stored, once');

# Merging still works where the history is in partitions, and a base that was pruned
# is told from one that nobody put.
my $command = q{SELECT a.outcome FROM azr_append_commutative('d', NULL, azr_root('d', 'a'), %s, ARRAY['t'], ARRAY['']::bytea[], 'T', '%s') a};
$node->safe_psql('postgres', q{SELECT action FROM azr_maintain()});
$node->safe_psql('postgres', sprintf($command, 0, '\x0800'));
$node->safe_psql('postgres', sprintf($command, $_, '\x08' . sprintf('%02x', $_))) foreach 1 .. 3;
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT tableoid::regclass::text, ' ') !~ '_rest' FROM azr_snapshot_history WHERE domain = 'd'}),
	't', 'snapshots are filed in a partition by time');
is($node->safe_psql('postgres', sprintf($command, 3, '\x08021001')), 'merged', 'and found there');
my $partition = $node->safe_psql('postgres', q{SELECT DISTINCT tableoid::regclass FROM azr_snapshot_history WHERE domain = 'd'});
$node->safe_psql('postgres', "DROP TABLE $partition");
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n" . sprintf($command, 3, '\x08021001'));
like($err, qr/ERROR:  ZR001: .*HINT:  To merge, there would have to be a snapshot at sequence 2, but it was pruned or never put/s, 'a base that was pruned');

$node->stop;
done_testing();
