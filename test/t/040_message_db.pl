# Message DB's server functions over the store, beside what sql/message_db.sql shows: who may call
# them, what writers wait for, what is moved in from Message DB itself, dump and restore, and where
# the script is refused.

use strict;
use warnings;

use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $docs = "$FindBin::RealBin/../../docs";
my $script = "$docs/compat/message_db.sql";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE message_store LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE store OWNER keeper});

is(slurp_file($node->config_data('--sharedir') . '/extension/message_db.sql'), slurp_file($script), 'the script is installed');

# Runs the script, and gives what it printed.
sub install
{
	my ($database, $role) = @_;

	IPC::Run::run([ 'psql', '-Xq', '-d', $node->connstr($database), '-U', $role, '-f', $script ], '<', '/dev/null', '>', \my $out, '2>&1');
	return $out;
}

sub as
{
	my ($role, $sql, $database) = @_;
	my ($rc, $out, $err) = $node->psql($database // 'store', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', $role ]);

	return $err =~ /ERROR:  (\w+)/ ? $1 : $out;
}

# Where it is refused, it leaves nothing.
sub refused
{
	my ($why, $what, $role) = @_;

	like(install('store', $role // 'keeper'), qr/$why/, "it is refused $what");
	is(as('keeper', q{SELECT count(*) FROM pg_proc WHERE pronamespace = to_regnamespace('message_store')}), '0', 'and leaves nothing');
}
refused('ERROR:  this database does not have the extension angzarr', 'without the extension');
as('keeper', 'CREATE SCHEMA "the store"; CREATE EXTENSION angzarr SCHEMA "the store"');
as('keeper', 'CREATE SCHEMA message_store; CREATE TABLE message_store.messages ()');
refused('ERROR:  schema "message_store" is that of Message DB itself', 'where Message DB is');
as('keeper', 'DROP SCHEMA message_store CASCADE; CREATE SCHEMA message_store; GRANT ALL ON SCHEMA message_store TO message_store');
refused('ERROR:  schema "message_store" belongs to another role', q{in another role's schema}, 'message_store');
as('message_store', 'CREATE TABLE message_store.stream_names (domain text, root uuid, name text)');
refused('ERROR:  schema "message_store" belongs to another role', q{with another role's table});
as('keeper', 'DROP SCHEMA message_store CASCADE');
is(install('store', 'keeper'), '', 'it runs as the owner of the database, who is no superuser');
is(install('store', 'keeper'), '', 'and once more');

# A role of the schema's name finds the functions, as with Message DB.
my ($a, $b, $c) = map { "'00000000-0000-4000-8000-00000000000$_'" } 'a', 'b', 'c';
as('keeper', q{SELECT "the store".azr_grant('reader', 'reader'), "the store".azr_grant('message_store', 'writer')});
is(as('message_store', "SELECT write_message($a, 'account-\x{e9}', 'T', '{\"a\": \"\x{e9}\"}'::jsonb)" =~ s/\x{e9}/\xc3\xa9/gr), '0', 'a writer writes');
is(as('message_store', "SELECT stream_name, data FROM get_stream_messages('account-\xc3\xa9')"), "account-\xc3\xa9|{\"a\": \"\xc3\xa9\"}", 'and reads');
my $read = q{SELECT stream_name, position, global_position FROM message_store.get_category_messages('account')};
is(as('reader', $read), "account-\xc3\xa9|0|1", 'a reader reads a category, and numbers what is committed');
is(as('reader', qq{SELECT type FROM message_store.get_stream_messages('account-\xc3\xa9')}), 'T', 'and a stream');
is(as('reader', qq{SELECT type FROM message_store.get_last_stream_message('account-\xc3\xa9', 'T')}), 'T', 'and its last message');
is(as('reader', qq{SELECT message_store.stream_version('account-\xc3\xa9')}), '0', 'and its version');
is(as('reader', "SELECT message_store.write_message($b, 'account-1', 'T', '{}')"), '42501', 'but does not write');
is(as('reader', q{INSERT INTO message_store.stream_names SELECT category, message_store.stream_root(n), n FROM (VALUES ('x', 'x-1')) v(category, n)}), '42501', 'nor stores names');
foreach my $call (q{get_category_messages('account')}, q{get_stream_messages('account-1')}, q{get_last_stream_message('account-1')},
	q{stream_version('account-1')}, "write_message($b, 'account-1', 'T', '{}')")
{
	is(as('stranger', "SELECT message_store.$call"), '42501', "nobody else may call $call");
}
is(as('stranger', 'SELECT count(*) FROM message_store.stream_names'), '0', 'or see names');
is(as('message_store', "DELETE FROM stream_names"), '42501', 'no writer takes a name away');
is(as('message_store', "UPDATE stream_names SET name = 'x'"), '42501', 'or changes it');

# Whatever the caller's search_path has, the functions use PostgreSQL's own operators and functions.
$node->safe_psql('store', q{
	CREATE SCHEMA sly;
	CREATE FUNCTION sly.fails(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sly code'; END $$;
	CREATE FUNCTION sly.fails(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sly code'; END $$;
	CREATE FUNCTION sly.md5(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sly code'; END $$;
	CREATE OPERATOR sly.<> (FUNCTION = sly.fails, LEFTARG = text, RIGHTARG = text);
	CREATE OPERATOR sly.= (FUNCTION = sly.fails, LEFTARG = text, RIGHTARG = text);
	CREATE OPERATOR sly.< (FUNCTION = sly.fails, LEFTARG = bigint, RIGHTARG = bigint);
	CREATE OPERATOR sly.>= (FUNCTION = sly.fails, LEFTARG = bigint, RIGHTARG = bigint);
	GRANT USAGE ON SCHEMA sly TO PUBLIC});
is(as('message_store', "SET search_path = sly, pg_catalog; SELECT message_store.write_message($b, 'account-1', 'T', '{}', NULL, -1)"), '0', 'a sly search_path changes no write');
is(as('message_store', "SET search_path = sly, pg_catalog; SELECT message_store.get_category_messages('account', consumer_group_member => 0, consumer_group_size => 1) IS NULL"), "f\nf", 'no read of a category');
is(as('message_store', "SET search_path = sly, pg_catalog; SELECT message_store.get_stream_messages('account-1') IS NULL, message_store.get_last_stream_message('account-1', 'T') IS NULL"), 'f|f', 'and no read of a stream');

$node->safe_psql('store', 'DROP SCHEMA sly CASCADE');

# Two writers expect the same version: the second waits, and fails. Writers of two streams of a category do not wait.
sub session
{
	my %session = (in => '', out => '', err => '');

	$session{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('store'), '-U', 'message_store' ],
		'<', \$session{in}, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return \%session;
}

sub say_and_hear
{
	my ($session, $sql) = @_;

	$session->{out} = '';
	$session->{in} .= "$sql;\n\\echo DONE\n";
	IPC::Run::pump($session->{run}) until $session->{out} =~ /DONE\n/;
	return $session->{out} =~ s/DONE\n//r;
}
my $waits = q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted};
my ($first, $second) = (session(), session());
my $uuid = 0;
my $write = sub { sprintf("SELECT write_message('10000000-0000-4000-8000-%012d', '%s', 'T', '{}', NULL, %s)", ++$uuid, @_) };
is(say_and_hear($first, 'BEGIN; ' . $write->('race-1', -1)), "0\n", 'the first writer');
is(say_and_hear($second, $write->('race-2', -1)), "0\n", 'a writer of another stream does not wait');
$second->{in} .= $write->('race-1', -1) . ";\n\\echo DONE\n";
$second->{out} = '';
$second->{run}->pump_nb;
$node->poll_query_until('store', $waits, '1') or die 'the second writer does not wait';
say_and_hear($first, 'COMMIT');
IPC::Run::pump($second->{run}) until $second->{out} =~ /DONE\n/;
like($second->{err}, qr/ERROR:  Wrong expected version: -1 \(Stream: race-1, Stream Version: 0\)/, 'the second writer waits, and fails');
is(as('reader', q{SELECT count(*) FROM message_store.get_stream_messages('race-1')}), '1', 'and stores nothing');

# the same message twice at the same time
is(say_and_hear($first, 'BEGIN; ' . $write->('race-1', 0)), "1\n", 'a message');
$uuid--;
$second->{in} .= $write->('race-1', 0) . ";\n\\echo DONE\n";
$second->{out} = '';
$second->{run}->pump_nb;
$node->poll_query_until('store', $waits, '1') or die 'the repeated write does not wait';
say_and_hear($first, 'COMMIT');
IPC::Run::pump($second->{run}) until $second->{out} =~ /DONE\n/;
is($second->{out}, "1\nDONE\n", 'and the same once more has its position');

# two streams of one name that are new
is(say_and_hear($first, 'BEGIN; ' . $write->('race-new', -1)), "0\n", 'a new stream');
$second->{in} .= $write->('race-new', 'NULL') . ";\n\\echo DONE\n";
$second->{out} = '';
$second->{run}->pump_nb;
$node->poll_query_until('store', $waits, '1') or die 'the second writer of a new stream does not wait';
say_and_hear($first, 'COMMIT');
IPC::Run::pump($second->{run}) until $second->{out} =~ /DONE\n/;
is($second->{out}, "1\nDONE\n", 'has one name');

# acquire_lock() keeps out who writes to the category
say_and_hear($first, q{BEGIN; SELECT acquire_lock('race-9')});
is(say_and_hear($second, $write->('other-1', 'NULL')), "0\n", 'a locked category is another one');
$second->{in} .= $write->('race-2', 0) . ";\n\\echo DONE\n";
$second->{out} = '';
$second->{run}->pump_nb;
$node->poll_query_until('store', $waits, '1') or die 'acquire_lock() keeps nobody out';
is(say_and_hear($first, $write->('race-3', -1)), "0\n", 'who has locked the category writes');
say_and_hear($first, 'COMMIT');
IPC::Run::pump($second->{run}) until $second->{out} =~ /DONE\n/;
is($second->{out}, "1\nDONE\n", 'and others when it is unlocked');
foreach my $session ($first, $second)
{
	$session->{in} .= "\\q\n";
	IPC::Run::finish($session->{run});
}

# Dump and restore keep the functions, the names and who may do what.
my $all = q{SELECT m FROM message_store.get_category_messages('account') m UNION ALL SELECT m FROM message_store.get_category_messages('race') m};
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my $before = as('message_store', $all);
cmp_ok(scalar(() = $before =~ /\n/g), '>', 5, 'there are messages');
$node->command_ok([ 'pg_dump', '-U', 'keeper', '-Fc', '-f', $dump, '-d', $node->connstr('store') ], 'a dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored OWNER keeper');
$node->command_ok([ 'pg_restore', '-U', 'keeper', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'is restored');
is(as('message_store', $all, 'restored'), $before, 'with its messages and names');
is(as('message_store', $write->('account-1', 0), 'restored'), '1', 'a writer goes on');
is(as('stranger', $read, 'restored'), '42501', 'and nobody else reads');
is(install('restored', 'postgres') =~ /belongs to another role/ ? 'refused' : '', 'refused', 'another role does not run the script over it');
is(install('restored', 'keeper'), '', 'its owner does');

# They are bound to the extension, whatever its schema is called.
is(as('keeper', 'ALTER SCHEMA "the store" RENAME TO es', 'restored'), '', 'the schema of the extension is renamed');
is(as('message_store', $write->('account-1', 1), 'restored'), '2', 'a writer goes on');
is(as('message_store', $write->('account-new', -1), 'restored'), '0', 'with new streams');
is(as('reader', $read, 'restored') =~ tr/\n//, '4', 'and a reader');
is(as('keeper', 'DROP EXTENSION angzarr', 'restored'), '2BP01', 'the extension is not dropped');

# Message DB's tables are moved in as the pages say, and its clients find what they had.
my %page = map { $_ => slurp_file("$docs/$_") } 'import.md', 'compat/README.md';
my ($import) = $page{'import.md'} =~ /^## Message DB\n.*?^```sql\n(.*?)^```/ms;
my ($names, $position) = $page{'compat/README.md'} =~ /^```sql\n(INSERT.*?)^```.*?^```sql\n(SELECT.*?)^```/ms;
$node->safe_psql('postgres', 'CREATE DATABASE moved');
$node->safe_psql(
	'moved', q{
	CREATE SCHEMA message_store;
	CREATE TABLE message_store.messages (global_position bigserial PRIMARY KEY, position bigint NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(),
		time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'), stream_name text NOT NULL, type text NOT NULL, data jsonb, metadata jsonb);
	INSERT INTO message_store.messages (global_position, stream_name, position, type, data, metadata)
	SELECT 3 * i, 'account-' || CASE i % 4 WHEN 0 THEN i % 3 || '+x' WHEN 1 THEN md5((i % 3)::text)::uuid::text ELSE 'key ' || i % 4 END, 0, 'T' || i,
		CASE WHEN i % 5 > 0 THEN jsonb_build_object('i', i) END, CASE WHEN i % 2 = 0 THEN '{"correlationStreamName": "c-1"}'::jsonb END
	FROM generate_series(1, 100) i;
	INSERT INTO message_store.messages (global_position, stream_name, position, type) VALUES (1000, 'account', 0, 'T');
	UPDATE message_store.messages m SET position = p.position
	FROM (SELECT global_position, row_number() OVER (PARTITION BY stream_name ORDER BY global_position) - 1 AS position FROM message_store.messages) p
	WHERE p.global_position = m.global_position;
	ALTER SCHEMA message_store RENAME TO old_store;
	CREATE EXTENSION angzarr});
is(install('moved', 'postgres'), '', 'the script runs beside the old store');
$import =~ s/message_store\./old_store./g;
ok($import =~ s/ORDER BY stream_name COLLATE "C", position/ORDER BY global_position/, 'docs/import.md has a query');
$node->safe_psql('moved', $import);
$node->safe_psql('moved', $names);
is($node->safe_psql('moved', q{
		WITH old AS (SELECT id::varchar, stream_name::varchar, type::varchar, position, row_number() OVER (ORDER BY global_position) AS global_position, data::varchar, metadata::varchar, time FROM old_store.messages),
			new AS (SELECT * FROM message_store.get_category_messages('account', batch_size => -1))
		SELECT 'old', * FROM (TABLE old EXCEPT ALL TABLE new) o UNION ALL SELECT 'new', * FROM (TABLE new EXCEPT ALL TABLE old) n}),
	'', 'what was moved in is read as it was, in the order that it had');
is($node->safe_psql('moved', 'SELECT count(*) FROM message_store.stream_names'), $node->safe_psql('moved',
		q{SELECT count(DISTINCT stream_name) FROM old_store.messages WHERE stream_name !~ '[0-9a-f]{12}$'}), 'only the names that are needed are kept');
($position = $position) =~ s/:\w+/90/;
is($node->safe_psql('moved', $position), '31', 'a position after the 30 messages to 90');
is($node->safe_psql('moved', q{SELECT count(*) FROM message_store.get_category_messages('account', 31)}), '71', 'from which 71 of 101 follow');

$node->stop;
done_testing();
