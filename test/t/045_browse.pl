# The window, "angzarr-pg browse": that it needs no more than a reader and changes nothing, whom it
# answers, what it says to those who may not read, and the page itself in a browser.
#
# CLIENT_NODE_MODULES is as in 038_node_client.pl; CHROMIUM names the browser.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;

# The longest that the page may take to be tested, in seconds.
use constant PATIENCE => 600;

my $source = "$ENV{TESTDIR}/clients/node";
my $modules = $ENV{CLIENT_NODE_MODULES} || "$source/node_modules";
my ($version) = (`node --version 2>/dev/null` || '') =~ /^v(\d+)/;
plan skip_all => 'needs Node.js 20 or newer' if !$version || $version < 20;
plan skip_all => "needs npm's package pg" if !-d "$modules/pg";

my $client = PostgreSQL::Test::Utils::tempdir . '/client';
PostgreSQL::Test::RecursiveCopy::copypath($source, $client, filterfn => sub { $_[0] ne 'node_modules' });
symlink($modules, "$client/node_modules") or die "cannot link $modules: $!";
my $program = "$client/bin/angzarr-pg.js";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE viewer LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE keeper LOGIN; CREATE DATABASE shop');
$node->safe_psql('shop', slurp_file("$ENV{TESTDIR}/test/demo/shop.sql") =~ s/^\\set QUIET on$//mr);
$node->safe_psql('shop', q{SELECT es.azr_grant('keeper', 'admin')});

# What hostile writers can store: names, payloads and reasons that would be HTML, scripts, or other text than is seen.
my $domain = q{<img src=x onerror="window.hacked='domain'">};
my $root = '00000000-0000-0000-0000-000000000000';
my $correlation = qq{"><svg onload="window.hacked='id'"> \x{202e}gpj.exe javascript:alert(1)};
utf8::encode(my $stored_correlation = $correlation);
$node->safe_psql('shop', <<"EOF_SQL");
SET search_path = es, public;
SELECT azr_append(\$h\$$domain\$h\$, NULL, '$root', 0,
	ARRAY[E'<script>window.hacked=\\'type\\'</script>\\u202Ex', 'type.googleapis.com/<b>bold</b>', 'T', 'Deep', 'Bytes', 'Large', 'Number', 'Late'],
	ARRAY[convert_to('{"__proto__": "<img src=x onerror=window.hacked=1>", "a": "</pre><script>window.hacked=2</script>"}', 'UTF8'),
		convert_to('<iframe srcdoc="<script>parent.hacked=3</script>"></iframe>', 'UTF8'),
		'\\x0a1a3c7363726970743e616c6572742831293c2f7363726970743e',
		convert_to(repeat('[', 50000) || repeat(']', 50000), 'UTF8'), '\\xfffe00c080', convert_to(repeat('<b>x</b>', 125000), 'UTF8'),
		convert_to('{"n": 12345678901234567890.10}', 'UTF8'), ''],
	metadata => ARRAY['{"<b>k</b>": "<style>*{display:none}</style>"}', NULL, '"x"', NULL, NULL, NULL, NULL, NULL]::jsonb[],
	created_at => ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, '294276-12-31 23:59:59+00']::timestamptz[],
	correlation_id => \$h\$$stored_correlation\$h\$, external_id => '<b>external</b>');
SELECT azr_put_snapshot(\$h\$$domain\$h\$, NULL, '$root', 2, '<b>state</b>', convert_to('{"<b>": "<img src=x onerror=window.hacked=4>"}', 'UTF8'));
SELECT azr_append_one(\$h\$$domain\$h\$, '<b>edition</b>', '$root', 3, '<b>T</b>', '<b>');
SELECT azr_protect_edition(\$h\$$domain\$h\$, '<b>edition</b>', 'sealed');
SELECT azr_create_edition('order', 'rehearsal', divergence => 3);
SELECT azr_domain_set(\$h\$$domain\$h\$, description => '<script>window.hacked=5</script>');
EOF_SQL


# What a test that dies has left running ends with it.
my @running;
END { my $status = $?; eval { $_->kill_kill if $_->pumpable } foreach @running; $? = $status }

# Starts the window, and returns { process, out, err, port, key }. Dies unless it says its address.
sub window
{
	my ($role, @arguments) = @_;
	my %window = (out => '', err => '');

	local @ENV{ 'PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE' } = ($node->host, $node->port, $role, 'shop');
	$window{process} = IPC::Run::start([ 'node', $program, 'browse', '--port', '0', @arguments ], '<', \undef,
		'>', \$window{out}, '2>', \$window{err}, my $timeout = IPC::Run::timeout(60));
	push @running, $window{process};
	$window{process}->pump until $window{out} =~ /Ctrl-C/ || !$window{process}->pumpable;
	$timeout->reset;
	@window{ 'port', 'key' } = $window{out} =~ m{^Open http://127\.0\.0\.1:(\d+)/#key=([0-9a-f]{32})$}m
	  or die "no window: $window{out}$window{err}";
	return \%window;
}

# The status, the headers and the body of an answer. Headers that are undef are left out.
sub request
{
	my ($window, $line, %headers) = @_;
	my %all = (Host => "127.0.0.1:$window->{port}", 'X-Angzarr-Key' => $window->{key}, Connection => 'close', %headers);
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $window->{port}, Timeout => 30) or die "cannot connect: $!";

	print $socket "$line HTTP/1.1\r\n", (map { defined $all{$_} ? "$_: $all{$_}\r\n" : () } sort keys %all), "\r\n";
	my $answer = do { local $/; <$socket> };
	my ($head, $body) = split /\r\n\r\n/, $answer // '', 2;
	my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+)};
	return ($status, $head, $body);
}

sub encoded
{
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ger;
}

# What the window says to a question, as a structure.
sub ask
{
	my ($window, $name, %parameters) = @_;
	my $query = join '&', map { "$_=" . encoded($parameters{$_}) } sort keys %parameters;
	my ($status, undef, $body) = request($window, "GET /api/$name?$query");

	return ($status, decode_json($body));
}

sub answer
{
	my ($status, $answer) = ask(@_);

	is($status, 200, "$_[1] is answered") or diag(encode_json($answer));
	return $answer;
}

sub written
{
	return $node->safe_psql('shop', q{SELECT pg_stat_force_next_flush(); SELECT pg_stat_clear_snapshot();
		SELECT es.azr_feed_head(), (SELECT count(*) FROM es.azr_timeline), (SELECT count(*) FROM pg_class), pg_current_wal_insert_lsn() > '0/0'});
}

# --- A reader, and what nobody may do ------------------------------------------------------------

my $before = written();
my $log = -s $node->logfile;
$node->append_conf('postgresql.conf', q{log_statement = 'all'});
$node->reload;
my $window = window('viewer');
like($window->{out}, qr/^Reading the database "shop" as "viewer"\.$/m, 'a reader opens the window');
unlike($window->{out}, qr/may do more/, 'and is told nothing of other rights');

my ($status, $head, $body) = request($window, 'GET /');
is($status, 200, 'there is a page');
like($head, qr/^Content-Security-Policy: default-src 'none'; script-src 'self'; [^\r]*frame-ancestors 'none'; require-trusted-types-for 'script'\r$/m, 'with a policy');
like($head, qr/^X-Content-Type-Options: nosniff\r$/m, 'whose files are what they say');
like($head, qr/^Referrer-Policy: no-referrer\r$/m, 'and whose address goes nowhere');
unlike($body, qr{(?:src|href)="(?!#)[^"]*//}, 'it needs nothing from elsewhere');
unlike($body, qr/ on\w+=|<style|<script>/, 'and has no script or style in it');

foreach my $line ('POST /api/info', 'PUT /api/info', 'DELETE /', 'OPTIONS /api/info', 'PATCH /api/info')
{
	($status, $head) = request($window, $line, Origin => 'https://evil.example');
	is($status, 405, "no $line");
	unlike($head, qr/^Access-Control-/mi, 'and no leave for other sites');
}
($status, $head) = request($window, 'GET /api/info', Origin => 'https://evil.example');
unlike($head, qr/^Access-Control-/mi, 'no leave to read, either');
($status, $head, $body) = request($window, 'HEAD /api/info');
is("$status $body", '200 ', 'a HEAD is answered without a body');

foreach my $host ('evil.example', "evil.example:$window->{port}", "127.0.0.1.evil.example:$window->{port}", 'localhost.evil.example', '0.0.0.0', "127.0.0.1:$window->{port}\@evil.example", '')
{
	($status) = request($window, 'GET /', Host => $host);
	is($status, 421, qq{the host "$host" is refused});
}
foreach my $host ('localhost', 'LOCALHOST:80', '127.0.0.1', '[::1]:8000')
{
	($status) = request($window, 'GET /api/info', Host => $host);
	is($status, 200, qq{the host "$host" is this machine});
}
foreach my $key (undef, '', 'x', substr($window->{key}, 1), "$window->{key}0")
{
	($status) = request($window, 'GET /api/info', 'X-Angzarr-Key' => $key);
	is($status, 401, 'no answer to the key ' . ($key // 'that is missing'));
}
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.2', PeerPort => $window->{port}, Timeout => 5), 'no other address is listened on');

foreach my $path ('/../server.js', '/..%2fserver.js', '/%2e%2e/store.js', '/page/app.js', '/api/', '/api/constructor', '/api/__proto__', '/api/read', '/api/info/', '//evil.example/')
{
	($status) = request($window, "GET $path");
	is($status, 404, "there is no $path");
}

# --- What is asked wrongly -----------------------------------------------------------------------

my ($order) = $node->safe_psql('shop', q{SELECT es.azr_root('order', '4056')});
foreach my $case (
	[ 'stream', { domain => 'order' }, qr/"root" is not a uuid/ ],
	[ 'stream', { domain => 'order', root => "$order'" }, qr/"root" is not a uuid/ ],
	[ 'stream', { root => $order }, qr/"domain" is missing/ ],
	[ 'stream', { domain => "a\0b", root => $order }, qr/zero byte/ ],
	[ 'stream', { domain => 'x' x 256, root => $order }, qr/./ ],
	[ 'events', { domain => 'order', root => $order, from => '-1' }, qr/not a sequence/ ],
	[ 'events', { domain => 'order', root => $order, from => '1e3' }, qr/not a number/ ],
	[ 'events', { domain => 'order', root => $order, from => '9223372036854775807' }, qr/not a sequence/ ],
	[ 'events', { domain => 'order', root => $order, from => '99999999999999999999' }, qr/not a number/ ],
	[ 'events', { domain => 'order', root => $order, count => '0' }, qr/"count"/ ],
	[ 'feed', { after => 'x' }, qr/"after"/ ],
	[ 'streams', { domain => 'order', after => 'x' }, qr/"after" is not a uuid/ ],
	[ 'search', { q => ' ' }, qr/1 to 255/ ],
	[ 'search', { q => 'x' x 256 }, qr/1 to 255/ ],
	[ 'trace', {}, qr/"id" is missing/ ],
	[ 'state', { domain => 'order', root => $order }, qr/"at"/ ])
{
	my ($name, $parameters, $message) = @$case;
	my ($code, $says) = ask($window, $name, %$parameters);

	is($code, 400, "$name: a request that is wrong");
	like($says->{error}, $message, 'says what is');
}
($status, undef, $body) = request($window, 'GET /api/feed?count=1&count=2');
is($status, 400, 'a parameter is given once');
is((ask($window, 'event', domain => 'order', root => $order, sequence => 99))[0], 404, 'an event that is not there');
is((request($window, 'GET /' . 'x' x 20000))[0], 431, 'an address without end');

# --- What it says is what the store says ---------------------------------------------------------

foreach my $edition ('', 'pay-by-invoice', 'audit-2026', 'rehearsal', 'of that name there is none')
{
	my $stream = answer($window, 'stream', domain => 'order', edition => $edition, root => $order);
	my $next = $node->safe_psql('shop', "SELECT es.azr_next_sequence('order', '$edition', '$order')");

	is($stream->{next_sequence}, $next, "the next sequence in edition '$edition'");
	is(join(' ', map { "$_->{edition}:$_->{divergence}" } @{ $stream->{editions} }), 'pay-by-invoice:5 audit-2026:8', 'and where editions begin');
	my (@got, @wanted);
	foreach my $at (0 .. $next - 1)
	{
		my (undef, $state) = ask($window, 'state', domain => 'order', edition => $edition, root => $order, at => $at);
		push @got, join ' ', "$at:", $state->{snapshot} ? "snapshot $state->{snapshot}{sequence}" : (), map { "$_->{sequence} $_->{type}" } @{ $state->{events} };
		push @wanted, "$at: " . $node->safe_psql('shop', "SELECT string_agg(CASE kind WHEN 'snapshot' THEN 'snapshot ' || sequence
			ELSE sequence || ' ' || type END, ' ') FROM es.azr_load_state('order', '$edition', '$order', $at)");
	}
	is_deeply(\@got, \@wanted, 'each state is the one that azr_load_state gives');
}
my $events = answer($window, 'events', domain => 'order', edition => 'pay-by-invoice', root => $order, from => 4, count => 2);
is(join(' ', map { "$_->{sequence} $_->{edition}" } @{ $events->{events} }), '4 angzarr 5 pay-by-invoice', 'events of an edition, from a sequence on');
$events = answer($window, 'events', domain => 'order', root => $order, from => 9, count => 3, backward => 'true');
is(join(' ', map { $_->{sequence} } @{ $events->{events} }), '7 8 9', 'and up to one');
my $event = answer($window, 'event', domain => 'order', root => $order, sequence => 5);
is(join(' ', sort map { "$_->{domain} $_->{type}" } @{ $event->{effects} }), 'shipment type.googleapis.com/carrier.ParcelAnnounced '
	. 'shipment type.googleapis.com/carrier.ParcelHandedOver stock GoodsReserved', 'what an event has caused');
my %effects;
foreach my $item ('Lamp', 'Kettle')
{
	my $of = $node->safe_psql('shop', "SELECT es.azr_root('stock', '$item')");
	$effects{$_->{cascade_id}} = $_->{effect} foreach grep { $_->{cascade_id} && !$_->{committed} } @{ answer($window, 'events', domain => 'stock', root => $of)->{events} };
}
is_deeply(\%effects, { 'move-17' => 'pending', 'move-16' => 'revoked' }, 'what is pending, and what was revoked');
is(answer($window, 'trace', id => 'checkout-4056')->{events}[0]{type}, 'OrderOpened', 'a trace');
is(answer($window, 'search', q => substr($order, 0, 9))->{found}[0]{root}, $order, 'the beginning of a root is found');
is(scalar(grep { $_->{root} eq $order } @{ answer($window, 'search', q => '4056')->{found} }), 1, 'and a business key');
is(answer($window, 'search', q => $root)->{found}[0]{root}, $root, 'and the first root of all');
is(answer($window, 'search', q => 'checkout-4056')->{traced}, '17', 'and a correlation id');
my $evidence = answer($window, 'evidence');
is("$evidence->{origin} $evidence->{sealed} " . scalar(@{ $evidence->{checkpoints} }), 'shop.example/orders 611 2', 'the evidence');
my $groups = answer($window, 'groups');
is(join(' ', map { "$_->{handler}:$_->{behind}:$_->{parked}" } @{ $groups->{groups} }), 'invoices:612:0 mailer:1:1 order-list:0:0', 'the groups');
is($groups->{parked}[0]{reason}, 'the mail server says: 550 no such mailbox', 'and why a stream is parked');
answer($window, $_) foreach qw(info overview feed);
answer($window, 'lag', handler => 'nobody');
answer($window, 'streams', domain => 'order', edition => 'audit-2026');
my $hostile = answer($window, 'event', domain => $domain, root => $root, sequence => 0);
is($hostile->{correlation_id}, $correlation, 'hostile names come as they are');
($status, $head) = request($window, "GET /api/event?sequence=0&root=$root&domain=" . encoded($domain));
like($head, qr{^Content-Type: application/json; charset=utf-8\r$}m, 'as JSON');

is(written(), $before, 'nothing was changed, and nothing numbered');
my @statements = slurp_file($node->logfile, $log) =~ /LOG:  (?:statement|execute [^:]*): (.*)/g;
my @begun = grep { /^BEGIN / } @statements;
cmp_ok(scalar @begun, '>', 50, 'transactions were begun');
is((grep { !/^BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog; / } @begun), 0, 'each of them read-only');

# What others have created does not stand in for what PostgreSQL has.
$node->safe_psql('shop', q{
	CREATE SCHEMA trap;
	CREATE FUNCTION trap.octet_length(bytea) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION trap.quote_ident(name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	GRANT USAGE ON SCHEMA trap TO PUBLIC;
	ALTER ROLE viewer SET search_path = trap, pg_catalog;
	ALTER ROLE viewer SET bytea_output = 'escape';
	ALTER ROLE viewer SET DateStyle = 'German'});
my $trapped = window('viewer');
is(answer($trapped, 'events', domain => 'order', root => $order)->{events}[0]{payload}, $event && answer($window, 'events', domain => 'order', root => $order)->{events}[0]{payload},
	'settings of the role make no difference');
$trapped->{process}->signal('TERM');
ok($trapped->{process}->finish, 'SIGTERM ends the window');
$node->safe_psql('shop', 'ALTER ROLE viewer RESET ALL');

# --- Who may not read, or may do more ------------------------------------------------------------

sub refused
{
	my ($name, $message, %how) = @_;
	my ($out, $err);

	local @ENV{ 'PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE' } = ($node->host, $node->port, $how{user} // 'viewer', $how{database} // 'shop');
	IPC::Run::run([ 'node', $program, @{ $how{arguments} // [ 'browse', '--port', '0' ] } ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	is($? >> 8, $how{status} // 1, "$name: it ends");
	like($err, $message, 'and says why');
	unlike($err, qr/^\s+at /m, 'in words');
}

refused('a role without rights', qr/the role "stranger" may not read the store in the database "shop"\n.*SELECT es\.azr_grant\('"stranger"', 'reader'\);$/m, user => 'stranger');
refused('a database without the extension', qr/the database "postgres" does not have the extension angzarr/, database => 'postgres');
refused('a role that is not there', qr/role "nobody" does not exist/, user => 'nobody');
refused('a role that one is not a member of', qr/permission denied to set role "keeper"/, arguments => [ 'browse', '--port', '0', '--role', 'keeper' ]);
refused('a server that is not there', qr/cannot connect to the store/, arguments => [ 'browse', '--port', '0', 'postgres://127.0.0.1:1/shop' ]);
refused('a port that is taken', qr/the port $window->{port} is in use/, arguments => [ 'browse', '--port', $window->{port} ]);
refused('no command', qr/Usage: angzarr-pg browse.*say what to do/s, arguments => [], status => 2);
refused('another command', qr/there is no command "show"/, arguments => ['show'], status => 2);
refused('an unknown option', qr/--all/, arguments => [ 'browse', '--all' ], status => 2);
refused('a port that is none', qr/from 0 to 65535/, arguments => [ 'browse', '--port', '65536' ], status => 2);
refused('something else than an address', qr/begins with postgres:/, arguments => [ 'browse', 'shop' ], status => 2);

# The script in a checkout, whose client has its packages: a signal to it alone leaves nothing.
my $checkout = PostgreSQL::Test::Utils::tempdir . '/checkout';
my $room = PostgreSQL::Test::Utils::tempdir . '/room';
mkdir $_ or die "cannot make $_: $!" foreach $checkout, "$checkout/clients", $room;
PostgreSQL::Test::RecursiveCopy::copypath("$ENV{TESTDIR}/script", "$checkout/script");
symlink($client, "$checkout/clients/node") or die "cannot link $client: $!";
{
	local $ENV{TMPDIR} = $room;
	my ($said, $complained) = ('', '');
	my $script = IPC::Run::start([ 'bash', "$checkout/script/browse", 'postgres://' . encoded($node->host) . ':' . $node->port . '/shop?user=viewer', '--port', '0' ],
		'<', \undef, '>', \$said, '2>', \$complained, IPC::Run::timeout(60));
	push @running, $script;
	$script->pump until $said =~ /Ctrl-C/ || !$script->pumpable;
	like($said, qr/^Reading the database "shop" as "viewer"\.$/m, 'script/browse shows a store') or diag($complained);
	$script->signal('INT');
	ok($script->finish, 'and ends');
	is(join(' ', glob "'$room/*'"), '', 'and leaves nothing behind');
	isnt(system("bash $checkout/script/browse shop >/dev/null 2>'$room/err'"), 0, 'script/browse takes an address');
	like(slurp_file("$room/err"), qr/Usage: script\/browse.*cannot understand shop/s, 'and says how');
}

my $keeper = window('keeper');
like($keeper->{out}, qr/This role may do more than read \(admin, writer\)/, 'who may do more is told so');
is_deeply(answer($keeper, 'info')->{more}, [ 'admin', 'writer' ], 'on the page, too');
$keeper->{process}->signal('INT');
ok($keeper->{process}->finish, 'Ctrl-C ends the window');
my $superuser = window('viewer', 'postgres://' . encoded($node->host) . ':' . $node->port . '/shop?user=' . scalar(getpwuid($<)), '--role', 'viewer');
is(answer($superuser, 'info')->{user}, 'viewer', 'a superuser can read as a reader');
unlike($superuser->{out}, qr/may do more/, 'who may do no more');
$superuser->{process}->signal('TERM');
$superuser->{process}->finish;

$node->safe_psql('shop', q{SELECT es.azr_revoke('viewer', 'reader')});
my ($code, $says) = ask($window, 'overview');
is($code, 403, 'rights that are taken away');
like($says->{hint}, qr/azr_grant\('"viewer"', 'reader'\)/, 'are asked for');
$node->safe_psql('shop', q{SELECT es.azr_grant('viewer', 'reader')});
is((ask($window, 'overview'))[0], 200, 'and when they are back, it goes on');
$node->restart;
is((ask($window, 'overview'))[0], 200, 'as after a restart of the server');

# --- The page ------------------------------------------------------------------------------------

my ($chromium) = grep { defined && -x } $ENV{CHROMIUM}, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome';
SKIP:
{
	skip 'needs Chromium', 1 if !$chromium;
	skip "needs npm's package playwright-core", 1 if !-d "$modules/playwright-core";

	utf8::encode(my $id = $correlation);
	local @ENV{ 'CHROMIUM', 'HOME' } = ($chromium, PostgreSQL::Test::Utils::tempdir);
	my ($out, $err) = ('', '');
	my $ok = eval
	{
		IPC::Run::run([ 'node', "$client/test/window.mjs", "http://127.0.0.1:$window->{port}/#key=$window->{key}", '--hostile', $domain, $root, $id ],
			'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(PATIENCE));
	};
	my @results = $out =~ /^((?:not )?ok .*(?:\n#.*)*)/mg;
	foreach my $result (@results)
	{
		my ($passed, $name, $why) = $result =~ /^((?:not )?)ok ([^\n]*)\n?(.*)/s;
		ok(!$passed, "in the browser: $name") or diag($why);
	}
	ok($ok, 'the browser has looked at all of it') or diag($@, $err);
	cmp_ok(scalar @results, '>=', 25, 'with all tests');
}

$window->{process}->signal('INT');
ok($window->{process}->finish, 'the window ends');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'angzarr-pg browse'}), '0', 'and leaves no connection');
is($node->safe_psql('shop', 'SELECT * FROM es.azr_check()'), '', 'what it has read is sound');
$node->stop;
done_testing();
