# Databases in other encodings than UTF-8: JSON payloads are UTF-8 all the same,
# and roots are those that any client computes.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII')
{
	my $database = lc "db_$encoding";
	$node->safe_psql('postgres',
		"CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($database, 'CREATE EXTENSION angzarr');

	# é, as the bytes of its UTF-8 in every database; SQL_ASCII converts nothing
	my $e = "chr(233)";
	$e = "convert_from('\\xc3a9', 'SQL_ASCII')" if $encoding eq 'SQL_ASCII';

	is($node->safe_psql($database, "SELECT azr_root('d', $e)"),
		'a7c1c8e7-b1b4-58b4-b8b8-168d09ce7506', "$encoding: azr_root");
	is( $node->safe_psql($database, qq{
			SELECT outcome FROM azr_append_json('d', NULL, azr_root('d', 'a'), 0,
				jsonb_build_array(jsonb_build_object('type', 'T', 'data', $e)))}),
		'added', "$encoding: append");
	is($node->safe_psql($database, q{SELECT payload FROM azr_load('d', NULL, azr_root('d', 'a'))}),
		'\x22c3a922', "$encoding: the payload is UTF-8");
	is($node->safe_psql($database, qq{SELECT azr_load_json('d', NULL, azr_root('d', 'a')) #>> '{events,0,data}' = $e}),
		't', "$encoding: and comes back as it was");

	# what the encoding lacks comes as bytes
	$node->safe_psql($database,
		q{SELECT azr_append('d', NULL, azr_root('d', 'b'), 0, ARRAY['T', 'T', 'T'], ARRAY['\x22e282ac22', '\xff', '"\\\\u20ac"']::bytea[])});
	is( $node->safe_psql($database, q{
			SELECT string_agg(coalesce(e ->> 'payload_base64', 'data'), ' ')
			FROM jsonb_array_elements(azr_load_json('d', NULL, azr_root('d', 'b')) -> 'events') e}),
		$encoding eq 'LATIN1' ? 'IuKCrCI= /w== Ilx1MjBhYyI=' :
		$encoding eq 'SQL_ASCII' ? 'data /w== Ilx1MjBhYyI=' : 'data /w== data',
		"$encoding: what it cannot show");
	is( $node->safe_psql($database, q{
			SELECT azr_append_json('d', NULL, azr_root('d', 'copy'), 0, azr_load_json('d', NULL, azr_root('d', 'b')) -> 'events');
			SELECT payload FROM azr_load('d', NULL, azr_root('d', 'copy'))}),
		"(added,0,2,3)\n\\x22e282ac22\n\\xff\n" . ($encoding eq 'UTF8' ? '\x22e282ac22' : '\x225c753230616322'),
		"$encoding: and it can be appended again");

	# what the store itself writes is UTF-8, whatever the names are: a type, a domain, a cascade's id
	my ($name, $written) = $encoding eq 'SQL_ASCII' ? (q{convert_from('\x67ffc3a9e282', 'SQL_ASCII')}, '67efbfbdc3a9efbfbdefbfbd') : ("'g' || $e", '67c3a9');
	my $length = sprintf('%02x', length($written) / 2);
	is( $node->safe_psql($database, qq{
			SELECT outcome FROM azr_append($name, NULL, azr_root('d', 'n'), 0, ARRAY[$name], ARRAY['a']::bytea[], cascade_id => $name, committed => false);
			SELECT azr_erase($name, NULL, azr_root('d', 'n'), 0, 1, 'test'), azr_erase($name, NULL, azr_root('d', 'n'), 0, 1, 'test');
			SELECT azr_confirm_cascade($name);
			SELECT payload FROM azr_load($name, NULL, azr_root('d', 'n'), 0, 1);
			SELECT count(*) FROM azr_erasures() WHERE domain = $name AND type = $name;
			SELECT count(*) FROM (SELECT payload FROM azr_load('angzarr.erasures', NULL, azr_root('d', 'n')) UNION ALL SELECT payload FROM azr_load($name, NULL, azr_root('d', 'n'), 1)) p
				WHERE position(decode('12$length$written', 'hex') IN payload) > 0;
			SELECT problem FROM azr_check() WHERE problem LIKE 'erase%'}),
		"added\n1|0\n1\n\\x0a$length$written\n1\n2", "$encoding: names in what the store writes");

	# notes have a character that most encodings lack
	my ($code, $out, $err) = $node->psql($database, q{SELECT azr_evidence_enable('example.com/log')});
	like($err, $encoding eq 'UTF8' ? qr/^$/ : qr/only in a database whose encoding is UTF8/, "$encoding: evidence");
}

$node->stop;
done_testing();
