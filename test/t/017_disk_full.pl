# A disk that gets full: a clear error, nothing torn, reading goes on, and so does
# everything when there is room again.
#
# Environment: SMALL_DISK, a directory on a file system of some MB that may be filled.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $disk = $ENV{SMALL_DISK};
plan skip_all => 'needs a small file system: script/test makes one where it may' if !$disk;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
mkdir "$disk/tables" or die $!;
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/tables'");
$node->safe_psql('postgres', 'CREATE DATABASE store TABLESPACE small');
$node->safe_psql('store', q{
	CREATE EXTENSION angzarr;
	CREATE TABLE told (id int);
	CREATE PROCEDURE fill(first int, last int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN first .. last LOOP
			PERFORM azr_append('d', CASE WHEN i % 5 = 0 THEN 'e' END, azr_root('d', (i % 50)::text), NULL, ARRAY['T', 'T', 'new ' || i], ARRAY[convert_to(i::text, 'UTF8'), decode(repeat('ab', 500), 'hex'), '']::bytea[], external_id => i::text);
			PERFORM azr_put_snapshot('d', NULL, azr_root('d', 's' || i), 0, 's', decode(repeat('cd', 500), 'hex'));
			INSERT INTO told VALUES (i);
			COMMIT;
		END LOOP;
	END
	$$});

my $sound = 'SELECT * FROM azr_check()';
my $whole = q{SELECT count(*) FROM (SELECT external_id, count(*) AS n FROM azr_timeline GROUP BY external_id) e FULL JOIN told ON told.id::text = e.external_id WHERE e.n IS DISTINCT FROM 3 OR told.id IS NULL};
foreach my $round (1 .. 3)
{
	my $first = $node->safe_psql('store', 'SELECT coalesce(max(id), 0) + 1 FROM told');

	# what else is on the disk
	append_to_file("$disk/ballast", 'x' x (8 * 1024 * 1024));
	my ($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY verbose\nCALL fill($first, 1000000)");
	like($err, qr/ERROR:  53100: could not (extend|write)/, "round $round: the disk is full");
	is($node->safe_psql('store', 'SELECT count(*) > 0 FROM told'), 't', 'the server is up');
	is($node->safe_psql('store', $sound), '', 'what is stored is sound');
	is($node->safe_psql('store', $whole), '0', 'each append is there as a whole, or not at all');
	($rc, $out, $err) = $node->psql('store', "\\set VERBOSITY verbose\nCALL fill($first, 1000000)");
	like($err, qr/ERROR:  53100/, 'it still is');
	unlink("$disk/ballast") or die $!;
	$node->restart if $round == 2;
	$first = $node->safe_psql('store', 'SELECT coalesce(max(id), 0) + 1 FROM told');
	$node->safe_psql('store', "CALL fill($first, $first + 20)");
	is($node->safe_psql('store', $sound), '', 'with room, it goes on');
	is($node->safe_psql('store', $whole), '0', 'and nothing is missing');
}

$node->safe_psql('postgres', 'DROP DATABASE store');
$node->safe_psql('postgres', 'DROP TABLESPACE small');
$node->stop;
done_testing();
