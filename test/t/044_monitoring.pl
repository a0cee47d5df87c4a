# What docs/monitoring has: each query runs as a role that has the level reader and nothing else,
# and gives the columns that its file declares, of types that an exporter takes; both files of
# queries give the same metrics; the dashboard and the alerts name no other ones. Then what
# becomes of the statistics: in a restart, a crash, a dump and pg_stat_reset, with track_counts
# off, and between two sessions.

use strict;
use warnings;

use CPAN::Meta::YAML;
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_prepared_transactions = 2\nlog_lock_waits = on\ndeadlock_timeout = '100ms'");
$node->start;

my $folder = "$ENV{TESTDIR}/docs/monitoring";

# The role is made as the page says.
my ($role) = slurp_file("$folder/README.md") =~ /^```sql\n(CREATE ROLE monitor.*?)^```/ms;
ok($role, 'the page says how to make the role');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', 'CREATE SCHEMA es; CREATE EXTENSION angzarr SCHEMA es');
$node->safe_psql('shop', $role // '');
my @monitor = (extra_params => [ '-U', 'monitor' ]);

# The files

sub read_yaml
{
	my ($file) = @_;
	my $yaml = CPAN::Meta::YAML->read("$folder/$file");

	ok($yaml, "$file is YAML") or diag(CPAN::Meta::YAML->errstr);
	return $yaml ? $yaml->[0] : {};
}

my $queries = read_yaml('queries.yaml');
my (%metrics, %columns);
foreach my $name (keys %$queries)
{
	my $query = $queries->{$name};

	is(join(' ', grep { !/^(query|metrics|cache_seconds)$/ } keys %$query), '', "$name: only keys that the exporter knows");
	foreach my $metric (@{ $query->{metrics} })
	{
		my ($column) = keys %$metric;

		is(join(' ', sort keys %{ $metric->{$column} }), 'description usage', "$name: $column is described");
		like($metric->{$column}{usage}, qr/^(LABEL|COUNTER|GAUGE)$/, "$name: $column is used");
		$columns{$name}{$column} = $metric->{$column}{usage};
	}
	foreach my $column (grep { $columns{$name}{$_} ne 'LABEL' } keys %{ $columns{$name} })
	{
		$metrics{"${name}_$column"} = { type => lc $columns{$name}{$column}, query => $query->{query} =~ s/\s+\z//r,
			labels => join(' ', grep { $columns{$name}{$_} eq 'LABEL' } sort keys %{ $columns{$name} }) };
	}
}
cmp_ok(scalar keys %metrics, '>', 20, 'there are metrics');

my $collector = read_yaml('angzarr.collector.yml');
my %texts = map { $_->{query_name} => $_->{query} =~ s/\s+\z//r } @{ $collector->{queries} };
my %collected = map { $_->{metric_name} => { type => $_->{type}, query => $texts{ $_->{query_ref} }, labels => join(' ', sort @{ $_->{key_labels} // [] }) } } @{ $collector->{metrics} };
is_deeply(\%collected, \%metrics, 'both files of queries give the same metrics');
is(join(' ', map { @{ $_->{values} } == 1 && $_->{metric_name} eq "$_->{query_ref}_$_->{values}[0]" ? () : $_->{metric_name} } @{ $collector->{metrics} }), '', 'from the same columns');

# The metrics that an expression names. Those of Prometheus itself have other names.
sub unknown_metrics
{
	my %seen;

	$seen{$_}++ foreach grep { !$metrics{$_} } map { /\b(angzarr_\w+)\b/g } @_;
	return join ' ', sort keys %seen;
}

# Do brackets close, and is each label in braces or behind "by" one that the metrics have?
sub problems_of
{
	my ($expression) = @_;
	my ($open, %labels) = ('', map { $_ => 1 } qw(instance));

	foreach my $metric ($expression =~ /\b(angzarr_\w+)\b/g)
	{
		$labels{$_} = 1 foreach split / /, $metrics{$metric}{labels} // '';
	}
	(my $bare = $expression) =~ s/"[^"]*"//g;
	foreach my $bracket ($bare =~ /[(){}\[\]]/g)
	{
		if ($bracket =~ /[({\[]/) { $open .= $bracket }
		else { ($open =~ s/\Q$_\E\z// or return "wrong $bracket") foreach { ')' => '(', '}' => '{', ']' => '[' }->{$bracket} }
	}
	return "$open stays open" if $open ne '';
	foreach my $label (($bare =~ /(\w+)=~?/g), map { split /, */ } $bare =~ /\bby \(([^)]*)\)/g)
	{
		return "no label $label" if !$labels{$label};
	}
	# a rate is that of a counter
	return "$1 is no counter" if $expression =~ /\b(?:rate|increase)\((angzarr_\w+)/ && $metrics{$1}{type} ne 'counter';
	return '';
}
is(problems_of('sum by (domain) (rate(angzarr_domain_events{domain=~"$domain"}[5m]))'), '', 'an expression is looked at');
is(problems_of('sum(angzarr_feed_events'), '( stays open', 'and one that does not close is found');
is(problems_of('sum by (handler) (angzarr_feed_events)'), 'no label handler', 'and a label that is not there');
is(problems_of('rate(angzarr_domain_bytes[5m])'), 'angzarr_domain_bytes is no counter', 'and a rate of something else');
is(unknown_metrics('angzarr_domain_events + angzarr_domain_nothing'), 'angzarr_domain_nothing', 'and a metric that is not there');

my $alerts = read_yaml('alerts.yaml');
my @rules = map { @{ $_->{rules} } } @{ $alerts->{groups} };
cmp_ok(scalar @rules, '>', 5, 'there are alerts');
foreach my $rule (@rules)
{
	is(join(' ', sort keys %$rule), 'alert annotations expr for labels', "$rule->{alert} is complete");
	is(unknown_metrics($rule->{expr}), '', "$rule->{alert} goes by metrics that there are");
	is(problems_of($rule->{expr}), '', "$rule->{alert} can be read");
	like($rule->{for}, qr/^\d+[smh]$/, "$rule->{alert} waits");
	like($rule->{annotations}{$_}, qr/\w/, "$rule->{alert} has a $_") foreach 'summary', 'description';
	my @in_text = map { /\$labels\.(\w+)/g } values %{ $rule->{annotations} };
	my ($metric) = $rule->{expr} =~ /\b(angzarr_\w+)/;
	is(join(' ', grep { my $label = $_; !grep { $_ eq $label } split / /, $metrics{$metric}{labels} } @in_text), '', "$rule->{alert} names labels that there are");
}
SKIP:
{
	skip 'no promtool', 1 if system('promtool --version >/dev/null 2>&1') != 0;
	is(system("promtool check rules '$folder/alerts.yaml' >/dev/null"), 0, 'Prometheus takes the alerts');
}

my $dashboard = decode_json(slurp_file("$folder/dashboard.json"));
my %panel_ids;
foreach my $panel (@{ $dashboard->{panels} })
{
	my @expressions = map { $_->{expr} } @{ $panel->{targets} };

	cmp_ok(scalar @expressions, '>', 0, "panel $panel->{title} shows something");
	is(unknown_metrics(@expressions), '', "panel $panel->{title} shows metrics that there are");
	is(join(' ', map { problems_of($_) } @expressions), join(' ', map { '' } @expressions), "panel $panel->{title} can be read");
	ok(!$panel_ids{ $panel->{id} }++, "panel $panel->{title} has a number of its own");
}
foreach my $variable (grep { $_->{type} eq 'query' } @{ $dashboard->{templating}{list} })
{
	is(unknown_metrics($variable->{query}), '', "variable $variable->{name} goes by a metric that there is");
}

# Runs each query as an exporter does. Gives the rows of each, with the column's name.
sub collect
{
	my ($when) = @_;
	my %rows;

	foreach my $name (sort keys %$queries)
	{
		my ($status, $out, $err) = $node->psql('shop', "\\pset format csv\n\\pset tuples_only off\n$queries->{$name}{query};", @monitor);

		is($err, '', "$when: $name runs");
		my ($head, @lines) = split /\n/, $out;
		my @names = split /,/, $head // '';
		is_deeply([ sort @names ], [ sort keys %{ $columns{$name} } ], "$when: $name gives the columns that the file says");
		foreach my $line (@lines)
		{
			my %row;
			@row{@names} = split /,/, $line, -1;
			push @{ $rows{$name} }, \%row;
			is(join(' ', grep { $columns{$name}{$_} ne 'LABEL' && $row{$_} !~ /^(-?\d+(\.\d+)?(e[-+]\d+)?|)$/ } @names), '', "$when: $name gives numbers");
		}
		my @labels = grep { $columns{$name}{$_} eq 'LABEL' } sort keys %{ $columns{$name} };
		my %seen;
		is(join(' ', grep { $seen{$_}++ } map { my $row = $_; join '/', map { $row->{$_} } @labels } @{ $rows{$name} // [] }), '', "$when: each row of $name has other labels");
	}
	return \%rows;
}

my $rows = collect('empty');
is(join(' ', sort keys %$rows), 'angzarr_feed angzarr_lock angzarr_table', 'a store without events has the feed, locks and tables');
is($rows->{angzarr_feed}[0]{events}, 0, 'no event has a position');

$node->safe_psql('shop', q{
	SET search_path = es;
	SELECT azr_group_create('mails');
	SELECT azr_evidence_enable('example.com/shop');
	SELECT azr_maintain(ahead => 3);
	SELECT azr_append_one('order', NULL, azr_root('order', i::text), 0, 'A', 'x') FROM generate_series(1, 10) i;
	SELECT azr_append_one('customer', NULL, azr_root('customer', '1'), 0, 'A', 'x', external_id => 'x');
	SELECT azr_append_one('customer', NULL, azr_root('customer', '1'), 0, 'A', 'x', external_id => 'x');
	SELECT azr_feed_advance()});
$node->safe_psql('shop', q{SELECT es.azr_seal()});
$node->safe_psql('shop', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', i::text), 1, 'A', 'x') FROM generate_series(1, 5) i});
$node->psql('shop', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', '1'), 7, 'A', 'x')});

# a writer that waits for another
my $holder = $node->background_psql('shop');
$holder->query_safe(q{BEGIN; SELECT es.azr_append_one('order', NULL, es.azr_root('order', '1'), NULL, 'A', 'held')});
my $waiter = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('shop'), '-c', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', '1'), NULL, 'A', 'waited')} ], '>', \my $waited, '2>', \my $waiter_error);
ok($node->poll_query_until('shop', q{SELECT count(*) = 1 FROM es.azr_locks() WHERE NOT granted}), 'one waits for a lock');
is($node->safe_psql('shop', q{SELECT kind, domain, edition, root = es.azr_root('order', '1'), mode, waiting_since <= now(), pid <> (SELECT pid FROM es.azr_locks() h WHERE h.granted AND h.key = l.key) FROM es.azr_locks() l LIMIT 1}, @monitor),
	'stream|order|angzarr|t|ExclusiveLock|t|t', 'a reader sees for which, first');
ok($node->poll_query_until('shop', q{SELECT conflicts = 1 FROM es.azr_statistics('order')}), 'sessions that have ended have told what they met');
my $stream = $node->safe_psql('shop', q{SELECT stream_id FROM es.azr_streams WHERE (domain, root) = ('order', es.azr_root('order', '1'))});
$node->wait_for_log(qr/still waiting for ExclusiveLock on advisory lock \[\d+,0,$stream,24954\] after/);
$rows = collect('full');
is(join(' ', sort keys %$rows), join(' ', sort keys %$queries), 'every query has something to say');
my %domains = map { $_->{domain} => $_ } @{ $rows->{angzarr_domain} };
is(join(' ', map { $domains{order}{$_} } qw(streams events appends conflicts duplicates merges)), '10 15 15 1 0 0', 'of a domain');
is(join(' ', map { $domains{customer}{$_} } qw(streams events appends conflicts duplicates merges)), '1 1 1 0 1 0', 'and of another');
is($rows->{angzarr_feed}[0]{events}, 16, 'of the feed');
cmp_ok($rows->{angzarr_feed}[0]{oldest_in_flight_seconds}, '>', 0, 'of the transaction that is open');
is(join(' ', map { $rows->{angzarr_group}[0]{$_} } qw(handler behind parked partitions leased)), 'mails 16 0 8 0', 'of a group');
is(join(' ', map { "$_->{kind} $_->{waiting}" } sort { $a->{kind} cmp $b->{kind} } @{ $rows->{angzarr_lock} }), 'cascade 0 edition 0 new stream 0 stream 1', 'of who waits');
is(join(' ', map { $rows->{angzarr_evidence}[0]{$_} } qw(sealed noted without_note)), '11 0 16', 'of what is sealed');
is($rows->{angzarr_snapshots}[0]{partitions}, 4, 'of partitions');
ok($rows->{angzarr_snapshots}[0]{ahead_seconds} > 2 * 86400 && $rows->{angzarr_snapshots}[0]{ahead_seconds} <= 4 * 86400, 'which are ahead of now');
my %tables = map { $_->{table} => $_ } @{ $rows->{angzarr_table} };
ok($tables{azr_main_events}{bytes} > 0 && $tables{azr_main_events}{frozen_age} > 0, 'of tables');
$holder->query_safe('COMMIT');
$holder->quit;
$waiter->finish;
is("$waited$waiter_error", "3\n", 'the other appends then');

# What becomes of them. The last sessions may not have told what they met: none met anything.
my $stored = q{SELECT domain, streams, events, appends, last_append FROM es.azr_statistics()};
my $met = q{SELECT string_agg(concat_ws(' ', domain, conflicts, duplicates, merges), ', ' ORDER BY domain) FROM es.azr_statistics()};
my $before = $node->safe_psql('shop', $stored);
like($before, qr/^customer\|1\|1\|1\|.*\norder\|10\|17\|17\|/, 'what is stored');
is($node->safe_psql('shop', $met), 'customer 0 1 0, order 1 0 0', 'and what is not');
$node->restart;
is($node->safe_psql('shop', $stored), $before, 'a restart keeps what is stored');
is($node->safe_psql('shop', $met), 'customer 0 1 0, order 1 0 0', 'and what is not');
is($node->safe_psql('shop', "SET track_counts = off; $met"), 'customer, order', 'without track_counts, it is not known');
$node->psql('shop', q{SET track_counts = off; SELECT es.azr_expect('order', NULL, es.azr_root('order', '1'), 0)});
$node->psql('shop', q{SELECT es.azr_expect('order', NULL, es.azr_root('order', '1'), 0)});
ok($node->poll_query_until('shop', "$met", 'customer 0 1 0, order 2 0 0'), 'and nothing is counted');
$node->stop('immediate');
$node->start;
is($node->safe_psql('shop', $stored), $before, 'a crash keeps what is stored');
is($node->safe_psql('shop', $met), 'customer 0 0 0, order 0 0 0', 'and loses what is not');
$node->psql('shop', q{SELECT es.azr_expect('order', NULL, es.azr_root('order', '1'), 0)});
ok($node->poll_query_until('shop', "$met", 'customer 0 0 0, order 1 0 0'), 'which is counted anew');
$node->safe_psql('shop', 'SELECT pg_stat_reset()');
is($node->safe_psql('shop', $met), 'customer 0 0 0, order 0 0 0', 'as after pg_stat_reset');

# a session that does nothing more tells it, too
my $idle = $node->background_psql('shop', on_error_stop => 0);
$idle->query(q{SELECT es.azr_expect('order', NULL, es.azr_root('order', '1'), 0)});
ok($node->poll_query_until('shop', "$met", 'customer 0 0 0, order 1 0 0'), 'an idle session tells what it met');

# one at a time: who does not count shows what was counted, and waits for nobody
$idle->query(q{BEGIN; SELECT es.azr_append_one('order', NULL, es.azr_root('order', 'new'), 0, 'A', 'x'); COMMIT; BEGIN; SELECT es.azr_statistics()});
is($node->safe_psql('shop', "SET lock_timeout = '1 s'; $stored"), $before, 'while another session has counted');
$idle->query('COMMIT');
like($node->safe_psql('shop', $stored), qr/^order\|11\|18\|18\|/m, 'and when it has ended');
# a reader does not number in a transaction that it could leave open
$idle->query(q{SET SESSION AUTHORIZATION monitor; BEGIN; SELECT es.azr_statistics()});
is($node->safe_psql('shop', q{SELECT count(*) FROM es.azr_locks()}), '0', 'with nothing to count, no lock is kept');
$node->safe_psql('shop', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', 'new'), 1, 'A', 'x')});
$idle->query('SELECT es.azr_statistics()');
is($node->safe_psql('shop', q{SELECT count(*) FROM es.azr_locks()}), '0', 'nor by a reader in a transaction block');
$idle->query('COMMIT; RESET SESSION AUTHORIZATION');
$idle->quit;
like($node->safe_psql('shop', $stored, @monitor), qr/^order\|11\|19\|19\|/m, 'outside of one, a reader numbers');

# what a session that is at rest shows
my $resting = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('shop'), '-c', q{SELECT es.azr_feed_wait(es.azr_feed_head(), '1 h')} ], '>', \my $head);
my $event = $node->pg_version >= 17 ? 'AzrFeedWait' : 'Extension';
ok($node->poll_query_until('shop', qq{SELECT (wait_event_type, wait_event) = ('Extension', '$event') FROM pg_stat_activity WHERE query LIKE 'SELECT es.azr_feed_wait%'}), 'a session that waits for events');
is($node->safe_psql('shop', 'SELECT kind, mode FROM es.azr_locks()'), 'feed wait|ShareLock', 'keeps nobody out');
$node->safe_psql('shop', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', 'new'), 2, 'A', 'x')});
$resting->finish;
like($head, qr/^\d+$/, 'and gets them');

# A dump has what is stored. What is counted after it goes on from there.
$before = $node->safe_psql('shop', $stored);
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('shop') ], 'a dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'is restored');
is($node->safe_psql('restored', "SET default_transaction_read_only = on; $stored"), $before, 'with what is stored');
is($node->safe_psql('restored', $met), 'customer 0 0 0, order 0 0 0', 'without what is not');
$node->safe_psql('restored', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', 'new'), 3, 'A', 'x')});
like($node->safe_psql('restored', $stored), qr/^order\|11\|21\|21\|/m, 'and goes on');
is($node->safe_psql('restored', 'SELECT sum(events) - es.azr_feed_head() FROM es.azr_statistics()'), '1', 'with all of the feed');

# an extension that is created anew begins at 0
$node->psql('restored', q{SELECT es.azr_expect('order', NULL, es.azr_root('order', '1'), 0)});
ok($node->poll_query_until('restored', "$met", 'customer 0 0 0, order 1 0 0'), 'a conflict');
$node->safe_psql('restored', 'DROP EXTENSION angzarr; CREATE EXTENSION angzarr SCHEMA es');
$node->safe_psql('restored', q{SELECT es.azr_append_one('order', NULL, es.azr_root('order', '1'), 0, 'A', 'x')});
is($node->safe_psql('restored', $met), 'order 0 0 0', 'is not one of an extension that is created anew');

# what a prepared transaction has appended counts when it is committed
$node->safe_psql('restored', q{BEGIN; SELECT es.azr_append_one('order', NULL, es.azr_root('order', 'prepared'), 0, 'A', 'x'); PREPARE TRANSACTION 'p'});
like($node->safe_psql('restored', $stored), qr/^order\|1\|1\|1\|/, 'a prepared transaction');
is($node->safe_psql('restored', 'SELECT DISTINCT pid IS NULL, kind FROM es.azr_locks()'), 't|new stream', 'whose locks are of no process');
$node->safe_psql('restored', q{COMMIT PREPARED 'p'});
like($node->safe_psql('restored', $stored), qr/^order\|2\|2\|2\|/, 'when it is committed');

$node->stop;
done_testing();
