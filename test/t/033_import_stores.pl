# The queries of docs/import.md, each against a small store in the layout that it is for.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# the SQL of each section
my %documented;
my $section = '';
foreach my $block (split /^(?=## |```sql$)/m, slurp_file("$FindBin::Bin/../../docs/import.md"))
{
	$section = $1 if $block =~ /^## (.*)/;
	$documented{$section} .= $1 if $block =~ /^```sql\n(.*?)^```$/ms;
}

my ($a, $b) = map { "00000000-0000-4000-8000-00000000000$_" } 'a', 'b';
my $time = "timestamptz '2026-01-02 03:04:05.678901+00'";
my $columns = q{domain, edition, root, sequence, type, encode(payload, 'escape'), metadata, created_at AT TIME ZONE 'UTC', correlation_id, external_id};
my %stores = (
	'Message DB' => {
		make => qq{
			CREATE SCHEMA message_store;
			CREATE TABLE message_store.messages (global_position bigserial PRIMARY KEY, position bigint NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(),
				time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'), stream_name text NOT NULL, type text NOT NULL, data jsonb, metadata jsonb);
			INSERT INTO message_store.messages (position, id, time, stream_name, type, data, metadata) VALUES
				(0, '$a', $time AT TIME ZONE 'UTC', 'account-$a', 'Opened', '{"owner": "é"}', '{"correlationStreamName": "transfer-1"}'),
				(0, '$b', $time AT TIME ZONE 'UTC', 'account:command-one-two', 'Open', NULL, NULL),
				(1, '$b', $time AT TIME ZONE 'UTC', 'account-$a', 'Closed', '{}', NULL),
				(0, '$a', $time AT TIME ZONE 'UTC', 'account', 'Counted', '1', NULL)},
		expected => qq{
			('account', 'angzarr', '$a', 0, 'Opened', '{"owner": "\\303\\251"}', '{"correlationStreamName": "transfer-1"}', 'transfer-1', '$a'),
			('account', 'angzarr', '$a', 1, 'Closed', '{}', NULL, NULL, '$b'),
			('account', 'angzarr', azr_root('account', ''), 0, 'Counted', '1', NULL, NULL, '$a'),
			('account:command', 'angzarr', azr_root('account:command', 'one-two'), 0, 'Open', 'null', NULL, NULL, '$b')},
		next => q{INSERT INTO message_store.messages (position, stream_name, type) VALUES (3, 'account', 'Counted')} },
	'Marten' => {
		make => qq{
			CREATE TABLE mt_streams (id uuid NOT NULL PRIMARY KEY, type varchar, version bigint, timestamp timestamptz NOT NULL DEFAULT now(), snapshot jsonb, snapshot_version int,
				created timestamptz NOT NULL DEFAULT now(), tenant_id varchar DEFAULT '*DEFAULT*', is_archived boolean DEFAULT false);
			CREATE TABLE mt_events (seq_id bigint PRIMARY KEY, id uuid NOT NULL, stream_id uuid REFERENCES mt_streams, version bigint NOT NULL, data jsonb NOT NULL, type varchar(500) NOT NULL,
				timestamp timestamptz NOT NULL DEFAULT now(), tenant_id varchar DEFAULT '*DEFAULT*', mt_dotnet_type varchar, is_archived boolean DEFAULT false);
			INSERT INTO mt_streams (id, type, version) VALUES ('$b', 'quest', 2), ('$a', NULL, 1);
			INSERT INTO mt_events (seq_id, id, stream_id, version, data, type, timestamp) VALUES
				(1, '$a', '$b', 1, '{"name": "Ring"}', 'quest_started', $time), (2, '$a', '$a', 1, '{}', 'other', $time), (4, '$b', '$b', 2, '{"members": 2}', 'members_joined', $time)},
		expected => qq{
			('events', 'angzarr', '$a', 0, 'other', '{}', NULL, NULL, '$a'),
			('quest', 'angzarr', '$b', 0, 'quest_started', '{"name": "Ring"}', NULL, NULL, '$a'),
			('quest', 'angzarr', '$b', 1, 'members_joined', '{"members": 2}', NULL, NULL, '$b')},
		next => qq{INSERT INTO mt_events (seq_id, id, stream_id, version, data, type) VALUES (9, '$a', '$a', 3, '{}', 'late')} },
	q{Commanded's EventStore} => {
		make => qq{
			CREATE TABLE streams (stream_id bigserial PRIMARY KEY, stream_uuid text NOT NULL, stream_version bigint DEFAULT 0 NOT NULL, stream_origin bigint DEFAULT 0 NOT NULL,
				created_at timestamptz DEFAULT now() NOT NULL, deleted_at timestamptz);
			CREATE TABLE events (event_id uuid PRIMARY KEY, event_type text NOT NULL, causation_id uuid, correlation_id uuid, data bytea NOT NULL, metadata bytea, created_at timestamptz DEFAULT now() NOT NULL);
			CREATE TABLE stream_events (event_id uuid NOT NULL REFERENCES events, stream_id bigint NOT NULL REFERENCES streams, stream_version bigint NOT NULL,
				original_stream_id bigint REFERENCES streams, original_stream_version bigint, PRIMARY KEY (event_id, stream_id));
			INSERT INTO streams (stream_id, stream_uuid, stream_version) VALUES (0, '\$all', 3), (1, 'bank-account-$a', 2), (2, 'singleton', 1), (3, '$b', 1);
			INSERT INTO events VALUES ('$a', 'Elixir.Opened', NULL, '$b', '{"x":1}', '{"user": "u"}', $time), ('$b', 'Elixir.Closed', '$a', NULL, '{}', NULL, $time);
			INSERT INTO events VALUES ('00000000-0000-4000-8000-00000000000c', 'Elixir.Once', NULL, NULL, '1', NULL, $time), ('00000000-0000-4000-8000-00000000000d', 'Elixir.Bare', NULL, NULL, '2', NULL, $time);
			INSERT INTO stream_events VALUES ('$a', 1, 1, 1, 1), ('$b', 1, 2, 1, 2), ('00000000-0000-4000-8000-00000000000c', 2, 1, 2, 1), ('00000000-0000-4000-8000-00000000000d', 3, 1, 3, 1),
				('$a', 0, 1, 1, 1), ('00000000-0000-4000-8000-00000000000c', 0, 2, 2, 1), ('$b', 0, 3, 1, 2), ('$b', 3, 2, 1, 2)},
		expected => qq{
			('bank-account', 'angzarr', '$a', 0, 'Elixir.Opened', '{"x":1}', '{"user": "u"}', '$b', '$a'),
			('bank-account', 'angzarr', '$a', 1, 'Elixir.Closed', '{}', NULL, NULL, '$b'),
			('events', 'angzarr', azr_root('events', 'singleton'), 0, 'Elixir.Once', '1', NULL, NULL, '00000000-0000-4000-8000-00000000000c'),
			('events', 'angzarr', '$b', 0, 'Elixir.Bare', '2', NULL, NULL, '00000000-0000-4000-8000-00000000000d')},
		next => qq{INSERT INTO events VALUES ('00000000-0000-4000-8000-00000000000e', 'T', NULL, NULL, ''); INSERT INTO stream_events VALUES ('00000000-0000-4000-8000-00000000000e', 2, 3, 2, 3)} },
	q{Angzarr's own tables} => {
		# fields: 1 a number, 3 the time, 4 the event, which has its type and its payload
		make => qq{
			CREATE TABLE events (domain text NOT NULL, edition text, root text NOT NULL, sequence integer NOT NULL, created_at text NOT NULL, event_data bytea NOT NULL, correlation_id text NOT NULL DEFAULT '',
				external_id text NOT NULL DEFAULT '', committed boolean DEFAULT true, cascade_id text);
			CREATE FUNCTION page(sequence int, type text, payload bytea) RETURNS bytea LANGUAGE sql AS \$\$
				SELECT '\\x08'::bytea || set_byte('\\x00', 0, sequence) || '\\x1a0408b7d60d'::bytea || '\\x4dffffffff'::bytea || '\\x51ffffffffffffffff'::bytea || '\\x22'::bytea || size(event) || event
				FROM (SELECT '\\x0a'::bytea || size(convert_to(type, 'UTF8')) || convert_to(type, 'UTF8') || CASE WHEN payload = '' THEN '' ELSE '\\x12'::bytea || size(payload) || payload END) e(event) \$\$;
			CREATE FUNCTION size(bytea) RETURNS bytea LANGUAGE sql AS \$\$
				SELECT CASE WHEN length(\$1) < 128 THEN set_byte('\\x00', 0, length(\$1)) ELSE set_byte('\\x00', 0, length(\$1) & 127 | 128) || set_byte('\\x00', 0, length(\$1) >> 7) END \$\$;
			INSERT INTO events VALUES
				('shop', 'what if', '$a', 1, '2026-01-02T03:04:05.678901Z', page(1, 'type.googleapis.com/B', 'other'), '', ''),
				('shop', NULL, '$a', 0, '2026-01-02T03:04:05.678901Z', page(0, 'type.googleapis.com/A', ''), 'c', 'x'),
				('shop', NULL, '$a', 1, '2026-01-02T03:04:05.678901Z', page(1, 'type.googleapis.com/B', convert_to(repeat('long ', 60), 'UTF8')), '', '')},
		expected => qq{
			('shop', 'angzarr', '$a', 0, 'type.googleapis.com/A', '', NULL, 'c', 'x'),
			('shop', 'angzarr', '$a', 1, 'type.googleapis.com/B', repeat('long ', 60), NULL, NULL, NULL),
			('shop', 'what if', '$a', 1, 'type.googleapis.com/B', 'other', NULL, NULL, NULL)},
		next => qq{INSERT INTO events VALUES ('shop', NULL, '$a', 2, '2026-01-02', '\\x0802', '', '')} });

is(join(', ', sort grep { $documented{$_} } keys %documented), join(', ', sort keys %stores), 'each query is tested');
my $n = 0;
foreach my $name (sort keys %stores)
{
	my $store = $stores{$name};
	my $database = 'store' . ++$n;
	my $make = $store->{make};

	# a function that another one calls comes before it
	$make =~ s/(CREATE FUNCTION page.*?\$\$;\n)(\s*CREATE FUNCTION size.*?\$\$;\n)/$2$1/s;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION angzarr;\n$make");
	foreach my $again ('', ', and once more')
	{
		my ($rc, $out, $err) = $node->psql($database, $documented{$name});
		is($rc, 0, "$name: it is imported$again") or diag($err);
		is($node->safe_psql($database, qq{
				WITH expected AS (SELECT domain, edition, root::uuid, sequence::bigint, type, payload, metadata::jsonb, timestamp '2026-01-02 03:04:05.678901' AS created_at, correlation_id, external_id
					FROM (VALUES $store->{expected}) v(domain, edition, root, sequence, type, payload, metadata, correlation_id, external_id)),
				stored AS (SELECT $columns FROM azr_timeline)
				SELECT 'expected', * FROM (TABLE expected EXCEPT ALL TABLE stored) e UNION ALL SELECT 'stored', * FROM (TABLE stored EXCEPT ALL TABLE expected) s}),
			'', "$name: as it was$again");
		is($node->safe_psql($database, 'SELECT * FROM azr_check()'), '', "$name: and sound$again");
	}
	$node->safe_psql($database, $store->{next});
	my ($rc, $out, $err) = $node->psql($database, $documented{$name});
	isnt($rc, 0, "$name: what is not whole is not imported");
	like($err, qr/row \d+ of the query/, "$name: and the row is named");
}
$node->stop;
done_testing();
