# What README.md shows is what happens: its SQL runs in its order, by a role without superuser
# rights, in one session of a database of its own, and prints what is printed there. So does the
# SQL of docs/operation.md, by a superuser, and that of docs/recipes.md. A page may begin with examples that need what its
# section "Installation" creates: that section runs first. What docs/reference.md says of
# arguments, results and levels is what the functions have, and what it shows of cascades works.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN CREATEROLE; CREATE DATABASE shop OWNER keeper');

# The examples in a page, in its order: what to run, what is shown (or undef), and the line. An
# example is a statement in a block of SQL, to a line that ends with a semicolon or a comment
# after it. What is shown follows an empty line, as psql prints it without the number of rows,
# and ends with an empty line.
sub examples
{
	my ($file) = @_;
	my @examples;
	my ($in_block, $sql, $shown, $number, $section) = (0, '', '', 0, '');

	my $end_of_shown = sub {
		$examples[-1]{shown} = $shown if $shown ne '';
		$shown = '';
	};
	foreach my $line (split /\n/, slurp_file($file))
	{
		$number++;
		if ($line =~ /^```/)
		{
			die "$file:$number: a statement without an end: $sql" if $sql =~ /^(?!\s*(--|$))/m;
			$end_of_shown->();
			($in_block, $sql) = ($line eq '```sql', '');
		}
		elsif (!$in_block)
		{
			$section = $1 if $line =~ /^## (.*)/;
		}
		elsif ($line =~ /^\s*$/ && $sql eq '') { $end_of_shown->() }
		elsif ($shown ne '' || ($sql eq '' && $line =~ /^( |ERROR|WARNING|NOTICE)/))
		{
			die "$file:$number: a result without a statement" if !@examples;
			$shown .= "$line\n";
		}
		else
		{
			$sql .= "$line\n";
			next if $line !~ /;\s*(--.*)?$/ || (() = $sql =~ /\$\$/g) % 2;
			push @examples, { sql => $sql, line => $number, section => $section };
			$sql = '';
		}
	}
	return ((grep { $_->{section} eq 'Installation' } @examples), (grep { $_->{section} ne 'Installation' } @examples));
}

# Runs examples in one session, and adds what each of them printed.
sub run_examples
{
	my ($database, $user, @examples) = @_;
	my ($file, $out) = (PostgreSQL::Test::Utils::tempdir . '/examples.sql');

	append_to_file($file, join '', "\\pset footer off\n", map { "$_->{sql}\n\\echo ENDS\n" } @examples);
	IPC::Run::run([ 'psql', '-Xq', '-U', $user, '-d', $node->connstr($database), '-f', $file ], '<', '/dev/null', '>', \$out, '2>&1');
	$out =~ s/^psql:\S+:\d+: //mg;
	$out =~ s/[ ]+$//mg;
	my @printed = split /^ENDS\n/m, $out, -1;
	foreach my $example (@examples)
	{
		($example->{printed} = shift @printed) =~ s/\n+\z/\n/;
		$example->{printed} =~ s/\A\n+//;
	}
	return @examples;
}

# Runs the examples of a page and compares.
sub check_page
{
	my ($page, $database, $user) = @_;
	my @examples = examples("$ENV{TESTDIR}/$page");

	foreach my $example (run_examples($database, $user, @examples))
	{
		my ($sql, $shown, $printed) = @$example{ 'sql', 'shown', 'printed' };

		$sql =~ s/^\s*--.*\n//mg;
		my $name = "$page:$example->{line}: " . (split /\n/, $sql)[0];
		if (defined $shown)
		{
			$shown =~ s/[ ]+$//mg;
			is($printed, $shown, $name);
		}
		else
		{
			unlike($printed, qr/^(ERROR|WARNING|NOTICE)/m, $name);
		}
	}
	return @examples;
}

my @examples = check_page('README.md', 'shop', 'keeper');
cmp_ok(scalar @examples, '>', 30, 'README.md has examples');
cmp_ok(scalar(grep { defined $_->{shown} } @examples), '>', 10, 'and shows what many of them print');
is($node->safe_psql('shop', 'SELECT count(*) FROM es.azr_check()'), '0', 'what the examples leave is sound');

# The reference: levels
my $reference = slurp_file("$ENV{TESTDIR}/docs/reference.md");
my %levels;
while ($reference =~ /^\| (`azr_.*) \| (reader|writer|admin|owner) \|$/mg)
{
	my ($functions, $level) = ($1, $2);

	$levels{$_} = $level foreach $functions =~ /`(azr_\w+)`/g;
}
my %actual = split /[|\n]/, $node->safe_psql('shop', q{
	SELECT DISTINCT p.proname, v.level FROM es.azr_privileges() v JOIN pg_proc p ON p.oid = v.function});
is_deeply(\%levels, \%actual, 'docs/reference.md has the level of every function');

# The reference: signatures, and the columns of results
my %signatures;
foreach my $block ($reference =~ /^```\n((?:CALL )?azr_\w+\(.*?)^```/msg)
{
	$block =~ s/--.*$//mg;
	$block =~ s/\s+/ /g;
	while ($block =~ /(azr_\w+)\(([^()]*)\) -> ((?:setof )?\w+(?:\[\])?(?: \([^()]*\))?)/g)
	{
		$signatures{$1} = "($2) -> $3";
	}
	$signatures{$1} = "($2) -> procedure" if $block =~ /^CALL (azr_\w+)\(([^()]*)\)/;
}
my $spell = sub {
	my ($name) = @_;

	return qq{replace(regexp_replace($name, '\\mes\\.', '', 'g'), 'timestamp with time zone', 'timestamptz')};
};
my $composite = q{(SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
	FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
	WHERE t.oid = p.prorettype)};
foreach my $row (split /\n/, $node->safe_psql('shop', qq{
	SELECT p.proname,
		@{[ $spell->('pg_get_function_arguments(p.oid)') ]},
		coalesce(replace(@{[ $spell->('pg_get_function_result(p.oid)') ]}, 'SETOF', 'setof'), 'procedure'),
		@{[ $spell->($composite) ]}
	FROM es.azr_privileges() v JOIN pg_proc p ON p.oid = v.function
	WHERE p.proname NOT IN ('azr_correlated', 'azr_correlated_support', 'azr_load_support', 'azr_feed_support', 'azr_append_support', 'azr_reject_change', 'azr_table_changed')}))
{
	my ($name, $arguments, $result, $columns) = split /\|/, $row;

	$arguments =~ s/ DEFAULT / = /g;
	$arguments =~ s/\bIN //g;
	$arguments =~ s/::[a-z_ ]+(\[\])?(?=,|$)//g;
	$arguments =~ s/'(-\d+)'/$1/g;
	$arguments =~ s/"(\w+)"/$1/g;
	my $known = $signatures{$name} // 'nothing';
	$result .= " ($columns)" if $columns && $known =~ /\)$/;
	is($known, "($arguments) -> $result", "docs/reference.md has $name");
	delete $signatures{$name};
}
is_deeply([ sort keys %signatures ], [], 'docs/reference.md has no other functions');

# The reference: what a handler reads where there are cascades, and the reaper
my ($reaper) = $reference =~ /^```sql\n(DO .*?)^```/ms;
my ($handler) = $reference =~ /^```sql\n(SELECT (?:(?!^```).)*azr_cascade_participants.*?)^```/ms;
like($reaper // '', qr/interval '1 minute'/, 'docs/reference.md has a reaper');
$reaper =~ s/now\(\) - interval '1 minute'/'infinity'/;
$handler =~ s/'account'/'cascaded'/;
$handler =~ s/^SELECT l\.root, (.*)$/SELECT read, x.sequence, type, convert_from(payload, 'UTF8') FROM (SELECT l.root, $1/m;
$handler =~ s/;\n\z/) x/;
$node->safe_psql('shop', q{
	SELECT es.azr_append('cascaded', NULL, es.azr_root('c', '1'), 0, ARRAY['Opened'], ARRAY['a']::bytea[]);
	SELECT es.azr_append('cascaded', NULL, es.azr_root('c', '1'), 1, ARRAY['Taken', 'Paid'], ARRAY['b', 'c']::bytea[], cascade_id => 'good', committed => false);
	SELECT es.azr_append('cascaded', NULL, es.azr_root('c', '1'), 3, ARRAY['Taken'], ARRAY['d']::bytea[], cascade_id => 'bad', committed => false);
	SELECT es.azr_append('cascaded', 'sealed', es.azr_root('c', '1'), 4, ARRAY['Taken'], ARRAY['e']::bytea[], cascade_id => 'stuck', committed => false);
	SELECT es.azr_protect_edition('cascaded', 'sealed', 'sealed')});
is($node->safe_psql('shop', $handler), "0|0|Opened|a\n1|||\n2|||\n3|||", 'a handler skips what is pending');
$node->safe_psql('shop', q{SELECT es.azr_put_position('balances', 'cascaded', NULL, es.azr_root('c', '1'), 2); SELECT es.azr_confirm_cascade('good')});
my ($status, $out, $err) = $node->psql('shop', $reaper);
is($status, 0, 'the reaper runs');
like($err, qr/^psql:<stdin>:\d+: WARNING:  cascade stuck: /, 'and goes on after what it cannot end');
is($node->safe_psql('shop', q{SELECT cascade_id FROM es.azr_stale_cascades('infinity')}), 'stuck', 'it ends the others');
is($node->safe_psql('shop', $handler), "3|||\n4|1|Taken|b\n4|2|Paid|c\n5|||", 'a handler takes what was confirmed, and skips what was revoked');

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE DATABASE operated');
cmp_ok(scalar check_page('docs/operation.md', 'operated', $superuser), '>', 10, 'docs/operation.md has examples');
is($node->safe_psql('operated', q{SELECT count(*) FROM pg_extension WHERE extname = 'angzarr'}), '1', 'the guards have kept the extension');

$node->safe_psql('postgres', 'CREATE DATABASE recipes OWNER keeper');
$node->safe_psql('recipes', 'CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es; ALTER DATABASE recipes SET search_path = public, es', extra_params => [ '-U', 'keeper' ]);
cmp_ok(scalar check_page('docs/recipes.md', 'recipes', 'keeper'), '>', 30, 'docs/recipes.md has examples');
is($node->safe_psql('recipes', 'SELECT count(*) FROM azr_check()'), '0', 'what they leave is sound');

$node->stop;
done_testing();
