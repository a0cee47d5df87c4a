# From each released version to the newest, with data inside: everything is there, works, and
# looks as if it had been installed new, object by object. The new library serves the old
# version until then.
#
# A version was released when CHANGELOG.md gives its date; from then on, its install script
# stands in test/upgrade, and this test fails where it cannot walk from there.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $newest = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'angzarr'");
my @released = grep { $_ ne $newest } slurp_file("$ENV{TESTDIR}/CHANGELOG.md") =~ /^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)/mg;
like(slurp_file("$ENV{TESTDIR}/CHANGELOG.md"), qr/^## \Q$newest\E \((unreleased|\d{4}-\d\d-\d\d)\)/m, 'the newest version is in the change log');
foreach my $version (@released)
{
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extension_versions WHERE name = 'angzarr' AND version = '$version'"),
		'1', "$version, which was released, can be installed: test/upgrade has its script");
}

$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN; CREATE ROLE app LOGIN');
my @keeper = (extra_params => [ '-U', 'keeper' ]);

my $fill = q{
	SELECT es.azr_append('d', NULL, es.azr_root('d', '1'), 0, ARRAY['A', 'B', 'A'], ARRAY['1', '2', '3']::bytea[], external_id => 'x', correlation_id => 'c');
	SELECT es.azr_append('d', 'e', es.azr_root('d', '1'), 2, ARRAY['C'], ARRAY['4']::bytea[], cascade_id => 'k', committed => false);
	SELECT es.azr_put_snapshot('d', NULL, es.azr_root('d', '1'), i, 's', 'state') FROM generate_series(1, 2) i;
	SELECT es.azr_put_position('h', 'd', NULL, es.azr_root('d', '1'), 1);
	SELECT count(*) FROM es.azr_maintain();
	GRANT EXECUTE ON FUNCTION es.azr_load TO PUBLIC;
	GRANT USAGE ON SCHEMA es TO PUBLIC;
	SELECT es.azr_grant('app', 'admin')};
my @queries = (
	q{SELECT * FROM es.azr_load('d', 'e', es.azr_root('d', '1'))},
	q{SELECT * FROM es.azr_trace('c')},
	q{SELECT * FROM es.azr_timeline ORDER BY domain, edition, root, sequence},
	q{SELECT * FROM es.azr_load_state('d', NULL, es.azr_root('d', '1'))},
	q{SELECT * FROM es.azr_get_snapshot('d', NULL, es.azr_root('d', '1'), 1)},
	q{SELECT * FROM es.azr_lag('h')},
	q{SELECT * FROM es.azr_cascade_participants('k')},
	q{SELECT outcome, first_sequence FROM es.azr_append('d', NULL, es.azr_root('d', '1'), 0, ARRAY['A'], ARRAY['1']::bytea[], external_id => 'x')},
	q{SELECT count(*) FROM pg_inherits});

my %catalogs = (
	members => q{SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'angzarr')},
	functions => q{SELECT pg_get_functiondef(oid), procost, prorows, prosupport, proparallel, proowner::regrole = 'keeper'::regrole FROM pg_proc WHERE pronamespace = 'es'::regnamespace},
	function_rights => q{SELECT oid::regprocedure, a.grantee::regrole, a.privilege_type, a.is_grantable FROM pg_proc, aclexplode(proacl) a WHERE pronamespace = 'es'::regnamespace},
	type_rights => q{SELECT oid::regtype, a.grantee::regrole, a.privilege_type, a.is_grantable FROM pg_type, aclexplode(typacl) a WHERE typnamespace = 'es'::regnamespace},
	relation_rights => q{SELECT oid::regclass, a.grantee::regrole, a.privilege_type, a.is_grantable FROM pg_class, aclexplode(relacl) a WHERE relnamespace = 'es'::regnamespace},
	initial_rights => q{SELECT pg_describe_object(classoid, objoid, objsubid), a.grantee::regrole, a.privilege_type, a.is_grantable FROM pg_init_privs, aclexplode(initprivs) a WHERE pg_describe_object(classoid, objoid, objsubid) LIKE '% es.%'},
	columns => q{SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation, attstorage, pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'es'::regnamespace) AND attnum > 0},
	relations => q{SELECT oid::regclass, relkind, reloptions, relpersistence, relowner::regrole, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid) FROM pg_class WHERE relnamespace = 'es'::regnamespace},
	indexes => q{SELECT pg_get_indexdef(indexrelid), indisprimary, indisunique FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'es'::regnamespace)},
	constraints => q{SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'es'::regnamespace},
	triggers => q{SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'es'::regnamespace)},
	views => q{SELECT oid::regclass, pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'es'::regnamespace},
	sequences => q{SELECT seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle FROM pg_sequence},
	comments => q{SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description WHERE pg_describe_object(classoid, objoid, objsubid) ~ '(es\.|azr_)'},
	dumped => q{SELECT unnest(extconfig)::regclass, unnest(extcondition) FROM pg_extension WHERE extname = 'angzarr'});

# Makes a database with a store of a version, used.
sub make_store
{
	my ($database, $version) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE \"$database\" OWNER keeper");
	$node->safe_psql($database, "CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es VERSION '$version'", @keeper);
	$node->safe_psql($database, $fill, @keeper);
}

make_store('fresh', $newest);
isnt($node->safe_psql('fresh', "SELECT count(*) FROM ($catalogs{$_}) t"), '0', "there are $_") foreach sort keys %catalogs;

foreach my $version (@released)
{
	make_store($version, $version);
	my @before = map { $node->safe_psql($version, $_, @keeper) } @queries;
	is($before[7], 'duplicate|0', "$version works by the new library");

	$node->safe_psql($version, 'ALTER EXTENSION angzarr UPDATE', @keeper);
	is($node->safe_psql($version, q{SELECT extversion FROM pg_extension WHERE extname = 'angzarr'}), $newest, "$version is gone");
	is($node->safe_psql($version, $queries[$_], @keeper), $before[$_], "$version: as before: $queries[$_]") foreach 0 .. $#queries;
	is($node->safe_psql($version, q{SELECT es.azr_append('d', NULL, es.azr_root('d', '1'), 3, ARRAY['N'], ARRAY['5']::bytea[])}, extra_params => [ '-U', 'app' ]),
		'(added,3,3,4)', "$version: appends go on, by whom they were granted to");
	is($node->safe_psql($version, q{SELECT bool_or(grantee = 0) FROM pg_proc, aclexplode(proacl) WHERE proname = 'azr_load'}), 't', "$version: what was granted to PUBLIC stays so");
	is($node->safe_psql($version, q{SELECT * FROM es.azr_check()}, @keeper), '', "$version: what is stored is sound");

	# what is new since may be granted
	$node->safe_psql($version, q{SELECT es.azr_grant('app', 'admin')}, @keeper);
	foreach my $catalog (sort keys %catalogs)
	{
		my ($updated, $fresh) = map { $node->safe_psql($_, "SELECT t::text FROM ($catalogs{$catalog}) t ORDER BY t::text COLLATE \"C\"") } $version, 'fresh';

		is($updated, $fresh, "$version: the same $catalog as in a new installation with the same use");
	}
}

$node->stop;
done_testing();
