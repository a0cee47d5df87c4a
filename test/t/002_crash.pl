# After a crash, what was committed is there, what was not leaves no gap.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION angzarr');
$node->safe_psql('postgres', q{
	CREATE FUNCTION append(stream text, n int) RETURNS text LANGUAGE sql AS $$
		SELECT a.first_sequence || ' to ' || a.last_sequence
		FROM azr_append('crash', NULL, azr_root('crash', stream), NULL,
			array_fill('T'::text, ARRAY[n]), array_fill('\x00'::bytea, ARRAY[n])) a $$});

is($node->safe_psql('postgres', q{SELECT append('a', 5)}), '0 to 4', 'committed append');
$node->safe_psql('postgres',
	q{SELECT azr_append('crash', 'e', azr_root('crash', 'a'), 3, ARRAY['E', 'E'], ARRAY['', '']::bytea[])});

# a transaction that is still open when the server crashes, in an old and in a
# new stream
my ($in, $out, $err) = ('', '', '');
my $session = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$in .= "BEGIN;\nSELECT append('a', 1500);\nSELECT append('b', 3);\nSELECT azr_delete_edition('crash', 'e');\nSELECT pg_switch_wal() IS NOT NULL;\n";
$session->pump until $out =~ /0 to 2\n2\nt\n/;
like($out, qr/^5 to 1504$/m, 'open append');

$node->stop('immediate');
eval { $session->finish };
$node->start;

is($node->safe_psql('postgres', q{SELECT azr_next_sequence('crash', NULL, azr_root('crash', 'a'))}),
	'5', 'what was committed is there');
is($node->safe_psql('postgres', q{SELECT azr_next_sequence('crash', NULL, azr_root('crash', 'b'))}),
	'0', 'what was not is gone');
is($node->safe_psql('postgres', q{SELECT append('a', 2)}), '5 to 6', 'the next sequence is the next');
is($node->safe_psql('postgres', q{SELECT append('b', 1)}), '0 to 0', 'in the new stream too');
is($node->safe_psql('postgres', q{SELECT string_agg(sequence::text, ' ') FROM azr_load('crash', NULL, azr_root('crash', 'a'))}),
	'0 1 2 3 4 5 6', 'no gap');

is($node->safe_psql('postgres', q{SELECT string_agg(sequence || edition, ' ') FROM azr_load('crash', 'e', azr_root('crash', 'a'))}),
	'0angzarr 1angzarr 2angzarr 3e 4e', 'the edition whose deletion was open is whole');

# a prepared transaction keeps its streams over a crash
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->restart;
$node->safe_psql('postgres', q{BEGIN; SELECT append('a', 1); SELECT append('c', 1); PREPARE TRANSACTION 'p'});
$node->stop('immediate');
$node->start;
foreach my $stream ('a', 'c')
{
	my ($rc, $o, $e) = $node->psql('postgres',
		"\\set VERBOSITY sqlstate\nSET lock_timeout = '10ms';\nSELECT append('$stream', 1)");
	like($e, qr/ERROR:  55P03/, "stream $stream is still locked");
}
$node->safe_psql('postgres', q{COMMIT PREPARED 'p'});
is($node->safe_psql('postgres', q{SELECT append('a', 1)}), '8 to 8', 'and free after COMMIT PREPARED');
is($node->safe_psql('postgres', q{SELECT append('c', 1)}), '1 to 1', 'for a new stream too');

$node->stop;
done_testing();
