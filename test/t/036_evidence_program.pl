# script/evidence, which shares no code with the extension: it signs what the log says and keeps it
# outside the database, refuses a fork and a rollback, checks a proof without the database, and names
# the event that was altered in one. What it writes, and what the extension proves, is accepted by a
# library that nobody here wrote, that of Go's checksum database.

use strict;
use warnings;

use Digest::SHA qw(sha256);
use File::Spec;
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Storable qw(dclone);
use Test::More;

my $program = "$ENV{TESTDIR}/script/evidence";
plan skip_all => 'needs python3-cryptography and python3-psycopg2'
  if system(q{/usr/bin/python3 -c 'import cryptography, psycopg2' 2>/dev/null});

# An absolute path, as a connection string and Go want it.
my $dir = File::Spec->rel2abs(PostgreSQL::Test::Utils::tempdir());
my $json = JSON::PP->new->canonical;

sub evidence
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');

	my $ok = IPC::Run::run([ $program, @arguments ], '<', '/dev/null', '>', \$out, '2>', \$err);
	return ($ok, $out, $err);
}

sub accepts
{
	my ($name, $expected, @arguments) = @_;
	my ($ok, $out, $err) = evidence(@arguments);

	ok($ok, $name) or diag($err);
	like($out, $expected, "$name: what it says");
	return $out;
}

# What could not be checked is another answer than what does not hold.
sub cannot
{
	my ($name, $expected, @arguments) = @_;

	refuses($name, $expected, @arguments);
	is($? >> 8, 2, "$name: exit code 2");
}

# Refusing is an answer, not a program that fell over.
sub refuses
{
	my ($name, $expected, @arguments) = @_;
	my ($ok, $out, $err) = evidence(@arguments);

	ok(!$ok, $name);
	like("$out$err", $expected, "$name: what it says");
	unlike($err, qr/Traceback/, "$name: and how");
}

my $files = 0;

sub write_text
{
	my ($text) = @_;
	my $file = "$dir/" . ++$files;

	open my $handle, '>:raw', $file or die "$file: $!";
	print $handle $text;
	close $handle or die "$file: $!";
	return $file;
}

# Keys

my $key = "$dir/key";
my $printed = accepts('a key is made', qr{^test\.example/log\+[0-9a-f]{8}\+\S+\n\z}, 'keygen', 'test.example/log', $key);
is(sprintf('%o', (stat $key)[2] & 0777), '600', 'nobody else can read it');
is(slurp_file("$key.pub"), $printed, 'and what checks its signatures is beside it');
my $secret = slurp_file($key);
refuses('a key is not overwritten', qr/exists/, 'keygen', 'test.example/log', $key);
is(slurp_file($key), $secret, 'it is the same');
refuses('a name that a note cannot have', qr/no spaces/, 'keygen', 'a b', "$dir/other");
ok(!-e "$dir/other", 'makes none');

# The private key is no public one, and no message has it.
foreach my $given ($key, $secret =~ s/\n//r)
{
	my ($ok, $out, $err) = evidence('verify', '--key', $given, "$dir/none");
	is($? >> 8, 2, 'a private key does not check: exit code 2');
	is("$out$err", "script/evidence: that is a private key: give the file that ends in .pub\n", 'and it is not said');
}
cannot('a file that has no key', qr/^script\/evidence: not a verifier key: it is to be NAME\+ID\+BASE64$/, 'verify', '--key', 'se+cr+et', "$dir/none");
cannot('a proof that is not there', qr/none/, 'verify', '--key', "$key.pub", "$dir/none");
cannot('a port that is none', qr/not an address and a port, such as 127\.0\.0\.1:8080: 'foo'/, 'serve', '--folder', $dir, '--listen', 'foo');
cannot('serving nothing', qr/--only does nothing without --listen/, 'serve', '--folder', $dir, '--only');
{
	local %ENV = %ENV;
	delete @ENV{ 'PGDATABASE', 'PGSERVICE' };
	cannot('no database', qr/give --database/, 'publish', '--key', $key, '--folder', "$dir/none");
}
my ($helped, $help) = evidence('verify', '--help');
like($help =~ s/\s+/ /gr, qr/exit codes: 0 if all is as it should be; 1 if something is not as it was signed; 2 if/, 'the help has the exit codes');

# A proof without a database: the test vectors, of which two events make a log. The note was signed by
# the library of Go, with the key of its documentation.

my $neumann = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
my $note = <<'NOTE';
a.example/log
2
FOh52awAja/jaLme9xAwAD+lt2+iJNaje/bWZr9hg6w=

— PeterNeumann x08go62tewdhyhLr2sPDGCM1UScY+qPoVM2esV6YQMERFegN7mTr4p6TUW60mRHRMV0Imyuc0S7RK0RajDtaxSl+Lwg=
NOTE
utf8::decode(my $note_text = $note);
my $root = 'e5b6a2f0-0000-5000-8000-000000000001';
my @leaves = map { pack 'H*', $_ } '52fadfe543ceac5e99a338733c706d6a8950a394f94da96540e2fdb5f7a0443a',
  '7975e70d6d2d048fcb6fcf2d2175606805ceda060ac2ec63746673cd63f2a5f0';
my $vector = {
	origin => 'a.example/log', size => 2, index => 1, root_hash => 'FOh52awAja/jaLme9xAwAD+lt2+iJNaje/bWZr9hg6w=',
	domain => 'account', edition => 'angzarr', root => $root, sequence => 1,
	events => [
		{
			sequence => 0, type => 'Opened', created_at_us => 1767225600000000, committed => JSON::PP::true,
			payload => encode_base64('{"owner": "Alice"}', ''), salt => encode_base64("\xaa" x 16, '')
		},
		{
			sequence => 1, type => 'Deposited', created_at_us => 1767225600000001, committed => JSON::PP::true,
			source_domain => 'ledger', source_edition => 'angzarr', source_root => $root, source_sequence => 3,
			correlation_id => 'c-1', external_id => 'p-1', payload => encode_base64("\x08\x01", ''),
			metadata => '{"ip": "::1"}', salt => encode_base64("\xbb" x 16, '')
		}
	],
	proof => [ encode_base64($leaves[0], '') ],
	checkpoint => $note_text
};

sub proof_file { return write_text(ref $_[0] ? $json->utf8->encode($_[0]) : $_[0]) }

# The proof of the vectors, with a change.
sub changed
{
	my ($change) = @_;
	my $proof = dclone($vector);

	$change->($proof);
	return proof_file($proof);
}

# All that is not to be accepted is given to the program in one go.
my @wrong;

sub is_wrong
{
	my ($name, $expected, $file) = @_;

	push @wrong, [ $name, $expected, $file ];
}

sub check_what_is_wrong
{
	my ($ok, $out, $err) = evidence('verify', '--key', $neumann, map { $_->[2] } @wrong);
	my %said = $out =~ /^(\S+):\nnot proved: (.*)\n/mg;

	ok(!$ok, 'what is wrong is refused');
	is($err, 'script/evidence: ' . @wrong . ' of ' . @wrong . " proofs do not hold\n", 'all of it');
	like($said{ $_->[2] } // '', $_->[1], $_->[0]) foreach @wrong;
}

my $shown = accepts('the test vectors', qr/^proved: events 0 to 1 of account\/$root are these, by the note of a\.example\/log for size 2$/m,
	'verify', '--key', $neumann, changed(sub { }));
like($shown, qr/^ +0  2026-01-01T00:00:00\.000000Z  Opened\n +1  2026-01-01T00:00:00\.000001Z  Deposited\n/, 'with each event');
accepts('the event alone that is the first of its stream', qr/^proved: events 0 to 0/m, 'verify', '--key', $neumann, changed(sub {
	my ($proof) = @_;
	pop @{ $proof->{events} };
	$proof->{$_} = 0 foreach 'index', 'sequence';
	$proof->{proof} = [ encode_base64($leaves[1], '') ];
}));
accepts('a proof whose note was kept elsewhere', qr/^proved:/m,
	'verify', '--key', $neumann, '--note', write_text($note), changed(sub { delete $_[0]{checkpoint} }));
is_wrong('a proof without a note', qr/no signed note/, changed(sub { delete $_[0]{checkpoint} }));

# The digest of the first event's body, computed here for itself.
my $body = sha256("angzarr body 1\n" . "\xaa" x 16 . pack('N/a*', '{"owner": "Alice"}') . "\xff" x 12);
my $erase = sub {
	my ($proof) = @_;
	my $event = $proof->{events}[0];
	delete @$event{ 'payload', 'salt' };
	@$event{ 'body', 'erased' } = (encode_base64($body, ''), JSON::PP::true);
};
accepts('an event whose body was erased', qr/Opened  \(erased\)\n.*^proved:/ms, 'verify', '--key', $neumann, changed($erase));
is_wrong('another digest of what was erased', qr/hashes do not lead/,
	changed(sub { $erase->(@_); $_[0]{events}[0]{body} = encode_base64(sha256('other'), '') }));
is_wrong('an erased event with a payload', qr/'payload', which nothing vouches for/,
	changed(sub { $erase->(@_); $_[0]{events}[0]{payload} = '' }));

# Times that Python has no calendar for: the file is signed with a key of the test.
foreach my $time ([ 316516204800000000, '12000-01-01' ], [ -62198755200000000, '-0001-01-01' ], [ -62167219200000000, '0000-01-01' ])
{
	my $event = { %{ $vector->{events}[0] }, created_at_us => $time->[0] };
	my $entry = "angzarr event 1\n" . pack('N/a*' x 7, 'account', 'angzarr', pack('H*', $root =~ s/-//gr), pack('q>', 0), 'Opened', pack('q>', $time->[0]), "\1")
	  . "\xff" x 20 . "\xff" x 4 . pack('N/a*', $body);
	my $hash = encode_base64(sha256("\0$entry"), '');
	my $text = "test.example/log\n1\n$hash\n";
	accepts("a time in year $time->[1]", qr/^     0  $time->[1]T00:00:00\.000000Z  Opened\nproved: /, 'verify', '--key', "$key.pub", '--note', sign($text),
		changed(sub { my ($p) = @_; @$p{ 'origin', 'size', 'index', 'root_hash', 'sequence', 'events', 'proof' } = ('test.example/log', 1, 0, $hash, 0, [$event], []); delete $p->{checkpoint} }));
}
is_wrong('a proof of no event', qr/has no event/, changed(sub { $_[0]{sequence} = -1; $_[0]{events} = [] }));

# Signs by the key of the test, by the library alone.
sub sign
{
	my ($text) = @_;
	my $file = write_text($text);
	my $signed = '';

	IPC::Run::run([ '/usr/bin/python3', '-c', q{
import base64, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
_, _, name, id, key = open(sys.argv[1]).read().strip().split("+", 4)
text = open(sys.argv[2], "rb").read()
signature = bytes.fromhex(id) + Ed25519PrivateKey.from_private_bytes(base64.b64decode(key)[1:]).sign(text)
sys.stdout.buffer.write(text + f"\n— {name} {base64.b64encode(signature).decode()}\n".encode())
}, $key, $file ], '<', '/dev/null', '>', \$signed) or die 'not signed';
	return write_text($signed);
}

# Whatever is changed
my %other = (
	created_at_us => 1767225600000002, sequence => 7, source_sequence => 4, committed => JSON::PP::false,
	root => 'e5b6a2f0-0000-5000-8000-000000000002', source_root => 'e5b6a2f0-0000-5000-8000-000000000002', size => 3, index => 0,
	salt => encode_base64("\xab" x 16, ''), payload => encode_base64('other', ''), root_hash => encode_base64(sha256('other'), ''));
foreach my $i (0, 1)
{
	foreach my $name (sort keys %{ $vector->{events}[$i] })
	{
		is_wrong("event $i with another $name", qr/hashes do not lead|says that it is 7/, changed(sub { $_[0]{events}[$i]{$name} = $other{$name} // 'other' }));
		is_wrong("event $i without $name", qr/hashes do not lead|has no '$name'/, changed(sub { delete $_[0]{events}[$i]{$name} }));
	}
	is_wrong("event $i with one more key", qr/'amount', which nothing vouches for/, changed(sub { $_[0]{events}[$i]{amount} = 5 }));
	is_wrong("event $i with a cascade", qr/hashes do not lead/, changed(sub { $_[0]{events}[$i]{cascade_id} = 'c' }));
}
foreach my $name ('origin', 'size', 'index', 'root_hash', 'domain', 'edition', 'root', 'sequence')
{
	is_wrong("a proof with another $name", qr/do not lead|another log|main timeline only|2 events, not 0 to 7|too short/, changed(sub { $_[0]{$name} = $other{$name} // 'other' }));
	is_wrong("a proof without $name", qr/has no '$name'/, changed(sub { delete $_[0]{$name} }));
}
is_wrong('events in another order', qr/event 0 of the proof says that it is 1/, changed(sub { @{ $_[0]{events} } = reverse @{ $_[0]{events} } }));
is_wrong('a missing event', qr/has 1 events/, changed(sub { shift @{ $_[0]{events} } }));
is_wrong('another hash', qr/do not lead/, changed(sub { $_[0]{proof}[0] = encode_base64($leaves[1], '') }));
is_wrong('a hash too many', qr/too long/, changed(sub { push @{ $_[0]{proof} }, encode_base64($leaves[1], '') }));
is_wrong('a hash too few', qr/too short/, changed(sub { $_[0]{proof} = [] }));
is_wrong('a hash of another length', qr/wrong length/, changed(sub { $_[0]{proof}[0] = encode_base64('short', '') }));
is_wrong('another spelling of a hash', qr/not base64/, changed(sub { $_[0]{proof}[0] =~ s/o=$/p=/ }));
is_wrong('a text as a number', qr/wrong 'size'/, changed(sub { $_[0]{size} = 'two' }));
is_wrong('a uuid in other letters', qr/not a uuid/, changed(sub { $_[0]{root} = uc $root }));
my $text = $json->utf8->encode($vector);
is_wrong('a key that is there twice', qr/twice/, proof_file($text =~ s/"type":"Opened"/"type":"Closed","type":"Opened"/r));
is_wrong('a number that is too large', qr/out of range/, proof_file($text =~ s/1767225600000000/9223372036854775808/r));
is_wrong('half a character', qr/half a character in 'type'/, proof_file($text =~ s/"type":"Opened"/"type":"\\ud800"/r));
is_wrong('what is not UTF-8', qr/can't decode/, proof_file("\xff$text"));
is_wrong('what is no proof', qr/not JSON/, proof_file('proof'));
is_wrong('what is no object', qr/not an object/, proof_file('[]'));

# The note
foreach my $change ([ "2\n" => "3\n" ], [ 'a.example' => 'b.example' ], [ 'FOh52' => 'FOh53' ])
{
	is_wrong("a note with $change->[1]", qr/forged/, changed(sub { $_[0]{checkpoint} =~ s/$change->[0]/$change->[1]/ }));
}
is_wrong('a note without its signature', qr/signature/, changed(sub { $_[0]{checkpoint} =~ s/\n\x{2014}.*\n/\n/ }));
is_wrong('a signature that is cut', qr/forged|not base64/, changed(sub { $_[0]{checkpoint} =~ s/KSl\+Lwg=/KSl+/; $_[0]{checkpoint} =~ s/xSl\+Lwg=/xSl+/ }));
check_what_is_wrong();
refuses('a signature of somebody else', qr/not signed by/, 'verify', '--key', "$key.pub", proof_file($vector));
accepts('signatures of others beside', qr/^proved:/m, 'verify', '--key', $neumann,
	changed(sub { $_[0]{checkpoint} .= "\x{2014} witness.example/w " . encode_base64("\1\2\3\4" . 'x' x 72, '') . "\n" }));
refuses('a key with another id', qr/not a verifier key/, 'verify', '--key', $neumann =~ s/c74f/c74e/r, proof_file($vector));

# With a database: events of all kinds, in streams of which some are appended in turn, and in more than
# one tile.

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('postgres', 'CREATE ROLE publisher LOGIN; CREATE ROLE auditor LOGIN');

sub sql { return $node->safe_psql('shop', 'SET search_path = es, public; SET client_min_messages = warning;' . $_[0]) }

sql(q{
	CREATE SCHEMA es;
	CREATE EXTENSION angzarr SCHEMA es;
	SELECT azr_grant('publisher', 'admin'), azr_grant('auditor', 'reader');
	SELECT azr_evidence_enable('test.example/log')});

my $publisher = $node->connstr('shop') . ' user=publisher';
my $auditor = $node->connstr('shop') . ' user=auditor';
my $folder = "$dir/folder";

sub publishes { return accepts($_[0], $_[1], 'publish', '--key', $key, '--folder', $folder, '--database', $_[2] // $publisher) }
sub refuses_to_publish { return refuses($_[0], $_[1], 'publish', '--key', $key, '--folder', $folder, '--database', $_[2] // $publisher) }

publishes('a log without events', qr/^test\.example\/log: published size 0, root 47DEQpj8HBSa/);

sql(q{
	SELECT azr_append('account', NULL, azr_root('account', (i % 100)::text), NULL, ARRAY['Deposited'], ARRAY[decode(lpad(to_hex(i), 8, '0'), 'hex')])
		FROM generate_series(1, 300) i;
	SELECT azr_append('gemüse', NULL, azr_root('x', '1'), 0, ARRAY['Ünlisted', 'Sold'], ARRAY['\x00', '']::bytea[],
		metadata => ARRAY['{"b": 1.50, "a": ["\u00fc", null]}', NULL]::jsonb[], correlation_id => 'Ä-1', external_id => 'e-1');
	SELECT azr_append('account', NULL, azr_root('account', '7'), NULL, ARRAY['Taken'], ARRAY['a']::bytea[], cascade_id => 'trip', committed => false,
		source_domain => 'gemüse', source_root => azr_root('x', '1'), source_sequence => 1);
	SELECT azr_append('account', 'what-if', azr_root('account', '7'), 2, ARRAY['Forked'], ARRAY['f']::bytea[]);
	SELECT azr_append('big', NULL, azr_root('x', '1'), 0, ARRAY['Big'], ARRAY[decode(repeat('ab', 100000), 'hex')])});
$node->safe_psql('shop', "CREATE ROLE minimal LOGIN; SELECT es.azr_grant('minimal', 'reader'); GRANT EXECUTE ON FUNCTION es.azr_seal, es.azr_put_checkpoint TO minimal");
publishes('the events, by a role with the rights that this needs', qr/published size 304, /, $node->connstr('shop') . ' user=minimal');
is(slurp_file("$folder/checkpoint"), slurp_file("$folder/checkpoints/304"), 'the latest note is kept by its size too');
is($node->safe_psql("shop", "SELECT note FROM es.azr_checkpoints() WHERE size = 304"), slurp_file("$folder/checkpoint"), 'and filed');
publishes('nothing new', qr/^test\.example\/log: nothing new since size 304$/);
sql('CREATE TABLE public.unrelated ()');
$node->safe_psql('postgres', 'CREATE DATABASE earlier TEMPLATE shop');

sql(q{
	SELECT azr_confirm_cascade('trip');
	SELECT azr_append('account', NULL, azr_root('account', (i % 100)::text), NULL, ARRAY['Deposited'], ARRAY[decode(lpad(to_hex(i), 8, '0'), 'hex')])
		FROM generate_series(301, 700) i});
publishes('more events', qr/published size 705, /);

# Wherever an earlier run was ended, the next one does the rest.
my $latest = slurp_file("$folder/checkpoint");
my $unfile = 'ALTER TABLE es.azr_evidence_checkpoints DISABLE TRIGGER USER; UPDATE es.azr_evidence_checkpoints SET note = NULL WHERE size = 705;
	ALTER TABLE es.azr_evidence_checkpoints ENABLE ALWAYS TRIGGER azr_reject_change';
foreach my $state (
	[ 'before anything was written', qr/published size 705/, sub { sql($unfile); unlink "$folder/checkpoints/705"; put("$folder/checkpoint", slurp_file("$folder/checkpoints/304")) } ],
	[ 'while the first file was written', qr/published size 705/, sub {
		sql($unfile); unlink "$folder/checkpoints/705"; put("$folder/checkpoint", slurp_file("$folder/checkpoints/304")); put("$folder/checkpoints/.new-x", 'test.ex') } ],
	[ 'between the two files', qr/nothing new/, sub { sql($unfile); put("$folder/checkpoint", slurp_file("$folder/checkpoints/304")) } ],
	[ 'before the note was filed', qr/nothing new/, sub { sql($unfile) } ])
{
	my ($name, $says, $make) = @$state;

	$make->();
	publishes("after an end $name", $says);
	is(slurp_file("$folder/checkpoint"), $latest, "after an end $name: the latest note");
	is(slurp_file("$folder/checkpoints/705"), $latest, "after an end $name: and that of its size");
	is($node->safe_psql('shop', 'SELECT note FROM es.azr_checkpoints() WHERE size = 705'), $latest, "after an end $name: it is filed");
}

sub put
{
	my ($file, $text) = @_;

	open my $handle, '>:raw', $file or die "$file: $!";
	print $handle $text;
	close $handle or die "$file: $!";
}

ok(!-e "$folder/checkpoints/.new-x", 'no half of a file is left');

# A proof
my $alice = q{'account', NULL, es.azr_root('account', '7')};
my $proof = write_text($node->safe_psql('shop', "SELECT es.azr_prove($alice)"));
my @pub = ('--key', "$key.pub");
accepts('a proof', qr/^proved: events 0 to 8 of account\/[-0-9a-f]{36} are these, by the note of test\.example\/log for size 705$/m, 'verify', @pub, $proof);
accepts('of a part of the stream, by an older note', qr/^proved: events 0 to 3 of .* for size 304$/m, 'verify', @pub,
	write_text($node->safe_psql('shop', "SELECT es.azr_prove($alice, 3, 304)")));
accepts('of texts in other letters', qr/^     0 .*  Ünlisted\n     1 .*  Sold\nproved: /m, 'verify', @pub,
	write_text($node->safe_psql('shop', q{SELECT es.azr_prove('gemüse', NULL, es.azr_root('x', '1'))})));
refuses('a proof with another amount', qr/hashes do not lead/, 'verify', @pub,
	write_text(slurp_file($proof) =~ s/"payload": "AAAAB/"payload": "AAAAC/r));
refuses('a proof by the key of somebody else', qr/not signed by/, 'verify', '--key', $neumann, $proof);

# A whole database, as a reader, who sees the events and may change nothing
my @audit = ('verify', '--quiet', @pub, '--folder', $folder, '--database');
my $good = qr/^test\.example\/log: 705 events are as they were sealed, 0 of them erased on record; the note of size 705 vouches for the first 705$/;
accepts('the database', $good, @audit, $auditor);
accepts('also by the notes that it has', qr/the note of size 705 .* \(it is the database's own: /, 'verify', '--quiet', @pub, '--database', $auditor);
my ($progress_ok, $progress_out, $progress) = evidence('verify', @pub, '--database', $auditor);
like($progress, qr/^705 of 705 events, \d+\/s$/m, 'it says how far it is');

# A folder that has nothing, or that is not there, checks nothing.
mkdir "$dir/empty";
foreach my $path ("$dir/empty", "$dir/nowhere")
{
	cannot('an audit by a folder without notes', qr/\Q$path\E has no note/, 'verify', '--quiet', @pub, '--folder', $path, '--database', $auditor);
	cannot('a new folder for a log that has notes', qr/\Q$path\E has no note, and the database has one on file for size 705: .*--first/,
		'publish', '--key', $key, '--folder', $path, '--database', $publisher);
	ok(!-e "$path/checkpoints", 'nothing is made');
}
is((evidence('publish', '--quiet', '--first', '--key', $key, '--folder', "$dir/nowhere", '--database', $publisher))[1], '', 'if it is told to, it begins one, and says nothing');
is(slurp_file("$dir/nowhere/checkpoint"), $latest, 'with the same note');
evidence('keygen', 'test.example/log', "$dir/stranger");
evidence('keygen', 'test.example/shop', "$dir/renamed");
refuses('a note on file by another key', qr/the note on file for size 705 is not signed by .*signed by another key: test\.example\/log\+/,
	'publish', '--first', '--key', "$dir/stranger", '--folder', "$dir/third", '--database', $publisher);
is($node->safe_psql('shop', 'SELECT note FROM es.azr_checkpoints() WHERE size = 705'), $latest, 'is not replaced');
ok(!-e "$dir/third/checkpoint", 'and none is kept');
cannot('a key that is not named as the log', qr/keeps the log test\.example\/log, and the key is named test\.example\/shop/,
	'publish', '--key', "$dir/renamed", '--folder', $folder, '--database', $publisher);
$node->safe_psql('postgres', 'CREATE ROLE nobody LOGIN');
cannot('a role without rights', qr/needs the level reader: azr_grant/, @audit, $node->connstr('shop') . ' user=nobody');
cannot('a server that is not there', qr/connect/i, @audit, "host=$dir dbname=shop");
like((evidence('verify', '--quiet', '--key', "$dir/stranger.pub", '--database', $auditor))[1], qr/^signed by another key: the note that is filed for size 0 /m,
	'a note by a key that is not known is not called forged');

# Tiles as files
accepts('the tiles are written', qr/^test\.example\/log: 7 files written, size 705$/, 'serve', '--folder', $folder, '--database', $auditor);
is_deeply([ sort map { s/^\Q$folder\E\///r } split /\n/, `find $folder/tile -type f` ],
	[ map { "tile/$_" } '0/000', '0/001', '0/002.p/193', '1/000.p/2', 'entries/000', 'entries/001', 'entries/002.p/193' ], 'with the names of C2SP')
  or diag(`find $folder -type f`);

# Go's checksum database
SKIP:
{
	my $empty = '';
	skip 'needs golang-go and golang-golang-x-mod-dev', 6 if !-d '/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog' || system('go version >/dev/null 2>&1');
	local @ENV{ 'GO111MODULE', 'GOPATH', 'GOCACHE', 'GOFLAGS' } = ('off', '/usr/share/gocode', "$dir/go", '');
	ok(!system('go', 'build', '-o', "$dir/foreign", "$ENV{TESTDIR}/test/evidence/foreign.go"), 'a program with the library of Go is built');
	my $foreign = sub {
		my ($out, $err) = ('', '');
		my $ok = IPC::Run::run([ "$dir/foreign", slurp_file("$key.pub") =~ s/\n//r, $folder, @_ ], '<', \$empty, '>', \$out, '2>', \$err);
		return ($ok ? 'accepted' : 'refused') . " $out$err";
	};
	is($foreign->($proof), "accepted 705 entries\n3 notes\nentry " . $json->decode(slurp_file($proof))->{index} . " is in the log\n",
		'it accepts the notes, the tiles, the entries and the proof');
	like($foreign->(write_text(slurp_file($proof) =~ s/"proof": \["[^"]*"/'"proof": ["' . encode_base64(sha256('other'), '') . '"'/er)),
		qr/^refused 705 entries\n3 notes\n.*invalid/, 'another proof it refuses');
	like($foreign->(write_text(slurp_file($proof) =~ s/\\n705\\n/\\n706\\n/r)), qr/^refused .*invalid signature/s, 'and another note');
	my $tile = slurp_file("$folder/tile/0/001");
	put("$folder/tile/0/001", substr($tile, 0, 100) . chr(ord(substr $tile, 100, 1) ^ 1) . substr $tile, 101);
	like($foreign->($proof), qr/^refused .*(inconsistent|entry 259 does not give its leaf)/, 'and another tile');
	put("$folder/tile/0/001", $tile);
	my $entries = slurp_file("$folder/tile/entries/001");
	put("$folder/tile/entries/001", $entries =~ s/Deposited/Withdrawn/r);
	like($foreign->($proof), qr/^refused entry 256 does not give its leaf/, 'and another entry');
	put("$folder/tile/entries/001", $entries);
}

# The same files by HTTP, and no others
my $said = '';
my $server = IPC::Run::start([ $program, 'serve', '--only', '--folder', $folder, '--listen', '127.0.0.1:0' ], '<', '/dev/null', '>', \$said, '2>', "$dir/served");
my $timer = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default);
$timer->start;
$server->pump_nb until $said =~ /listening on (\S+)\n/ || $timer->is_expired;
my $url = "http://$1";
foreach my $file ('checkpoint', 'tile/0/000', 'tile/1/000.p/2', 'tile/entries/002.p/193')
{
	my $answer = HTTP::Tiny->new->get("$url/$file");
	is($answer->{status}, 200, "$file is served");
	ok($answer->{content} eq slurp_file("$folder/$file"), "$file is what the folder has");
}
is(HTTP::Tiny->new->get("$url/$_")->{status}, 404, "$_ is not served") foreach '', 'tile', 'tile/0/003', 'checkpoints/705', '../key', 'tile/../../key', '%2e%2e/key';
$server->kill_kill;

# What somebody changes behind the store's back, each in another stream of a copy of the database

sub copy_of
{
	my ($name, $change) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE shop");
	$node->safe_psql($name, "SET search_path = es, public; SET client_min_messages = warning; SET session_replication_role = replica;
		ALTER TABLE azr_main_events DISABLE TRIGGER USER; ALTER TABLE azr_evidence_tiles DISABLE TRIGGER USER; ALTER TABLE azr_evidence_salts DISABLE TRIGGER USER;
		ALTER TABLE azr_evidence_heads DISABLE TRIGGER USER; ALTER TABLE azr_evidence_checkpoints DISABLE TRIGGER USER;
		CREATE FUNCTION pg_temp.of(number int) RETURNS bigint LANGUAGE sql AS \$\$
			SELECT stream_id FROM azr_streams WHERE root = azr_root('account', number::text) AND stream_id > 0 \$\$;
		$change");
	return $node->connstr($name) . ' user=auditor';
}

my %root_of = map { split /\|/ } split /\n/, $node->safe_psql('shop', q{SELECT i, es.azr_root('account', i::text) FROM generate_series(0, 99) i});

# What an audit finds: the problems, without the positions
sub problems
{
	my ($database, @arguments) = @_;
	my ($ok, $out, $err) = evidence(@arguments ? @arguments : @audit, $database);

	ok(!$ok, 'it fails');
	unlike($err, qr/Traceback/, 'by an answer');
	$out =~ s/, position \d+//g;
	return [ sort split /\n/, $out ];
}

my @altered = (
	"payload = '\\x00'", q{metadata = '{}'}, q{type_id = (SELECT type_id FROM azr_event_types WHERE type = 'Sold')}, q{created_at = created_at + interval '1 microsecond'},
	q{committed = false, cascade_id = 'other'}, q{cascade_id = 'other'}, q{correlation_id = 'c', correlation_uuid = NULL}, q{external_id = 'x'},
	q{source_domain = 'account', source_root = azr_root('account', '7'), source_sequence = 1},
	q{type_id = (SELECT type_id FROM azr_event_types WHERE type = 'type.googleapis.com/angzarr.Erased'), payload = ''});
my $copy = copy_of('altered', q{
	INSERT INTO azr_event_types VALUES (1000, 'type.googleapis.com/angzarr.Erased') ON CONFLICT DO NOTHING;} . join ';',
	map { "UPDATE azr_main_events SET $altered[$_] WHERE stream_id = pg_temp.of(10 + $_) AND sequence = 1" } 0 .. $#altered);
is_deeply(problems($copy), [ sort map { "event_altered: event 1 of account/$root_of{10 + $_}: its row does not give the leaf of the log" } 0 .. $#altered ],
	'each event that was altered is named, and no other');

$copy = copy_of('exchanged', q{
	UPDATE azr_main_events e SET payload = o.payload FROM azr_main_events o WHERE e.sequence = 2 AND o.sequence = 2
		AND (e.stream_id, o.stream_id) IN ((pg_temp.of(20), pg_temp.of(21)), (pg_temp.of(21), pg_temp.of(20)));
	UPDATE azr_main_events SET sequence = -1 WHERE stream_id = pg_temp.of(22) AND sequence = 1;
	UPDATE azr_main_events SET sequence = 1 WHERE stream_id = pg_temp.of(22) AND sequence = 2;
	UPDATE azr_main_events SET sequence = 2 WHERE stream_id = pg_temp.of(22) AND sequence = -1});
my $found = problems($copy);
foreach my $name ([ 20, 2 ], [ 21, 2 ], [ 22, 1 ], [ 22, 2 ])
{
	ok((grep { /^event_altered: event $name->[1] of account\/$root_of{$name->[0]}: its row does not give/ } @$found),
		"event $name->[1] of stream $name->[0], which was exchanged or renumbered, is named");
}
my $touched = join '|', @root_of{ 20 .. 22 };
is(scalar(grep { !/$touched/ } @$found), 0, 'and no other') or diag(join "\n", @$found);

$copy = copy_of('deleted', q{DELETE FROM azr_main_events WHERE stream_id = pg_temp.of(30) AND sequence = 2});
$found = problems($copy);
ok((grep { /^event_missing: / } @$found), 'an event that was deleted is missed') or diag(join "\n", @$found);

# In an append of many events, and among appends of one event each: what comes after is not accused.
my $hundred = q{SET search_path = es, public;
	SELECT azr_append('hundred', NULL, azr_root('hundred', i::text), 0, array_fill('Deposited'::text, ARRAY[40]), array_fill('x'::bytea, ARRAY[40])) FROM generate_series(1, 20) i;
	SELECT azr_append('single', NULL, azr_root('single', (i % 10)::text), NULL, ARRAY['Deposited'], ARRAY['x']::bytea[]) FROM generate_series(1, 500) i;
	SELECT azr_erase('hundred', NULL, azr_root('hundred', '9'), 0, 1, 'asked for');
	SELECT azr_erase('single', NULL, azr_root('single', '4'), 10, 11, 'asked for');
	SELECT azr_seal()};
my ($in_many, $in_single) = split /\|/, $node->safe_psql('shop', q{SELECT es.azr_root('hundred', '3'), es.azr_root('single', '3')});
sub missing_of
{
	my ($name, $where) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE shop");
	$node->safe_psql($name, $hundred);
	$node->safe_psql($name, "SET search_path = es, public; SET session_replication_role = replica; ALTER TABLE azr_main_events DISABLE TRIGGER USER; DELETE FROM azr_main_events e USING azr_streams s
		WHERE s.stream_id = e.stream_id AND ($where)");
	return problems($node->connstr($name) . ' user=auditor');
}

is_deeply(missing_of('hole_in_many', "root = '$in_many' AND sequence = 5"), ["event_missing: event 5 of hundred/$in_many: the feed does not have it"],
	'a hole in a large append is named, and nothing else');
is_deeply(missing_of('hole_in_single', "root = '$in_single' AND sequence = 5"), ["event_missing: event 5 of single/$in_single: the feed does not have it"],
	'and one among small ones');
is_deeply(missing_of('hole_at_end', "root = '$in_many' AND sequence > 35"), ['event_missing: positions 821 to 824: the feed does not have them; azr_verify() names what is missing'],
	'the end of a stream is missed');
is((grep { !/^event_missing: / } @{ missing_of('holes', "domain = 'single' AND sequence % 7 = 3") }) + 0, 0, 'of many holes, none is taken for a change');

$copy = copy_of('inserted', q{
	INSERT INTO azr_main_events SELECT (jsonb_populate_record(e, '{"sequence": 7, "ticket": null}')).* FROM azr_main_events e
		WHERE stream_id = pg_temp.of(31) AND sequence = 6;
	UPDATE azr_main_events SET ticket = NULL WHERE stream_id = pg_temp.of(31) AND sequence = 6});
isnt(scalar @{ problems($copy) }, 0, 'an event that was put in place of another is found');

# What belongs to the log
$copy = copy_of('salted', q{UPDATE azr_evidence_salts SET salts = set_byte(salts, 16, get_byte(salts, 16) # 1) WHERE index = 1});
is((grep { /^event_altered: event \d of \S+: its row does not give the leaf of the log$/ } @{ problems($copy) }) + 0, 256, 'what the salts of a tile are made of');
$copy = copy_of('tiled', q{UPDATE azr_evidence_tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 1});
like("@{ problems($copy) }", qr/^tile_altered: tile 0 of level 1 is not what the leaves give$/, 'a tile that was changed');
$copy = copy_of('leafed', q{UPDATE azr_evidence_tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 0 AND index = 1});
$found = problems($copy);
ok((grep { /^event_altered: / } @$found) && (grep { /^root_differs: the log is not the one of the note of size 304/ } @$found), 'a leaf that was changed')
  or diag(join "\n", @$found);
$copy = copy_of('unfiled', q{DELETE FROM azr_evidence_checkpoints WHERE size = 304});
is_deeply(problems($copy), ['checkpoint_missing: the note of size 304 that is kept is not filed in the database'], 'a note that was dropped');
$copy = copy_of('forged', q{UPDATE azr_evidence_checkpoints SET note = replace(note, E'log\n304', E'lag\n304') WHERE size = 304});
like("@{ problems($copy) }", qr/^checkpoint_missing: .* note_forged: the note that is filed for size 304 is forged/, 'a note that was changed');

# The log sealed anew, with an event that was changed before: its rows fit it, but not the notes.
my $anew = q{
	UPDATE azr_main_events SET payload = '\xff' WHERE stream_id = pg_temp.of(40) AND sequence = 1;
	DELETE FROM azr_evidence_tiles; DELETE FROM azr_evidence_salts; DELETE FROM azr_evidence_heads; DELETE FROM azr_evidence_checkpoints;
	SET session_replication_role = origin; SELECT azr_seal()};
$copy = copy_of('anew', $anew);
is_deeply([ map { s/:.*//r } @{ problems($copy) } ], [ ('checkpoint_missing') x 3, ('root_differs') x 2 ], 'a log that was sealed anew is another one');
refuses_to_publish('and is not signed', qr/^script\/evidence: fork: /, $node->connstr('anew') . ' user=publisher');

# Fork and rollback, when an older backup was restored
refuses_to_publish('a database of before', qr/^script\/evidence: rollback: a note of size 705 is kept, and the database has sealed no more than 304 events/,
	$node->connstr('earlier') . ' user=publisher');
like("@{ problems($node->connstr('earlier') . ' user=auditor') }", qr/^root_differs: a note of size 705 is kept, and the database has sealed no more than 304 events$/,
	'and an audit says so too');
$node->safe_psql('earlier', q{
	SET search_path = es, public;
	SELECT azr_append('account', NULL, azr_root('account', (i % 100)::text), NULL, ARRAY['Deposited'], ARRAY['x']::bytea[]) FROM generate_series(1, 500) i});
refuses_to_publish('one that has gone on from there', qr/^script\/evidence: fork: /, $node->connstr('earlier') . ' user=publisher');
is(slurp_file("$folder/checkpoint"), $latest, 'nothing was signed');
is($node->safe_psql('earlier', 'SELECT count(*) FROM es.azr_checkpoints() WHERE size > 304 AND note IS NOT NULL'), '0', 'nor filed');

# The way on is a log of another name, which says in its folder what it lacks of the first one.
my $earlier = $node->connstr('earlier') . ' user=publisher';
my $second = "$dir/second";
accepts('a key for another log', qr/^test/, 'keygen', 'test.example/log-2', "$dir/key2");
my @follow = ('publish', '--key', "$dir/key2", '--trust', "$key.pub", '--folder', $second, '--database', $earlier);
cannot('as long as the database has the old name', qr/the database keeps the log test\.example\/log still: give it another name first/, @follow, '--follows', $folder);
ok(!-e $second, 'makes no folder');
$node->safe_psql('earlier', q{SELECT es.azr_evidence_enable('test.example/log-2', replaces => 'test.example/log')});
refuses_to_publish('with the old key', qr/the database keeps the log test\.example\/log-2, and the key is named test\.example\/log/, $earlier);
cannot('without a word on the one before', qr/has no note, and the database has one on file for size 304/, @follow);
cannot('or by a folder that is none', qr/none has no note/, @follow, '--follows', "$dir/none");
refuses('in the folder of the old one', qr/the database keeps the log test\.example\/log-2, and the notes are of test\.example\/log/, 'publish', '--key', "$dir/key2", '--trust', "$key.pub", '--folder', $folder, '--database', $earlier);
my ($lost_root) = $latest =~ /\n705\n(.*)\n/;
my $lacks = qr/test\.example\/log-2; follows test\.example\/log; has what its note of size 304 vouches for; lacks what its note of size 705 vouches for, root \Q$lost_root\E/;
accepts('a log that follows on another one', qr/^$lacks\ntest\.example\/log-2: published size 804, /, @follow, '--follows', $folder);
like(slurp_file("$second/follows"), qr/^test\.example\/log-2\nfollows test\.example\/log\n.*\n\n\x{e2}\x{80}\x{94} test\.example\/log-2 \S+\n\z/s, 'what it says is signed');
cannot('once its notes have begun', qr/second has notes already/, @follow, '--follows', $folder);
accepts('then as any other', qr/nothing new since size 804/, grep { $_ ne '--trust' && $_ ne "$key.pub" } @follow);
my @second = ('verify', '--quiet', '--folder', $second, '--key', "$dir/key2.pub", '--database', $node->connstr('earlier') . ' user=auditor');
accepts('an audit of it', qr/^the log $lacks\n(not checked: the note that is filed for size \d+ is of the log test\.example\/log, .*\n)+test\.example\/log-2: 804 events are as they were sealed/, @second);
accepts('an audit that takes the notes of before in', qr/^the log $lacks\ntest\.example\/log-2: 804 events are as they were sealed/, @second, '--key', "$key.pub");
accepts('a proof is by the notes of its log', qr/^proved: events 0 to \d+ of account\/\S+ are these, by the note of test\.example\/log-2 for size 804/m,
	'verify', '--key', "$dir/key2.pub", write_text($node->safe_psql('earlier', q{SELECT es.azr_prove('account', NULL, es.azr_root('account', '51'))})));
put("$second/follows", slurp_file("$second/follows") =~ s/304/305/r);
refuses('a word on the one before that was changed', qr/follows is forged/, @second);

# What is kept is checked before it is built on.
put("$folder/checkpoints/705", $latest =~ s/\n705\n/\n704\n/r);
refuses_to_publish('a forged note in the folder', qr/checkpoints\/705 is forged/);
refuses('and checks nothing by it', qr/checkpoints\/705 is forged/, @audit, $auditor);
put("$folder/checkpoints/705", $latest);

# Erasing: proofs from before and after hold, and so does an audit.
my $of_51 = q{'account', NULL, es.azr_root('account', '51')};
my $before = write_text($node->safe_psql('shop', "SELECT es.azr_prove($of_51)"));
is(sql(q{
	SELECT azr_append('account', NULL, azr_root('account', '52'), NULL, ARRAY['Early'], ARRAY['a person']::bytea[], external_id => 'e-2') IS NULL;
	SELECT azr_erase('account', NULL, azr_root('account', '50'), 1, 2, 'asked for');
	SELECT azr_erase('account', NULL, azr_root('account', '51'), 1, 3, 'asked for', ids => true);
	SELECT azr_erase('gemüse', NULL, azr_root('x', '1'), 0, 1, 'asked for', ids => true);
	SELECT azr_erase('account', NULL, azr_root('account', '52'), 7, 8, 'before it was sealed')}), "f\n1\n2\n1\n1", 'events are erased, one of them before it was sealed');
publishes('what comes after an erasure', qr/published size 710, /);
accepts('a proof from before', qr/^proved: events 0 to 6/m, 'verify', @pub, $before);
accepts('and one from after', qr/ 0 .*Deposited\n +1 .*Deposited  \(erased\)\n +2 .*Deposited  \(erased\)\n +3 .*Deposited\n.*proved: events 0 to 6/s, 'verify', @pub,
	write_text($node->safe_psql('shop', "SELECT es.azr_prove($of_51)")));
accepts('an audit', qr/^test\.example\/log: 710 events are as they were sealed, 4 of them erased on record; the note of size 710 /, @audit, $auditor);
sql(q{SELECT azr_erase('account', NULL, azr_root('account', '52'), 7, 8, 'with its ids', ids => true)});
accepts('an audit, after another erasure of the one that was erased first', qr/^test\.example\/log: 710 events are as they were sealed, /, @audit, $auditor);
$copy = copy_of('emptied', q{
	ALTER TABLE azr_erased_events DISABLE TRIGGER USER;
	DELETE FROM azr_erased_events WHERE stream_id = pg_temp.of(50)});
like(join(' ', @{ problems($copy) }), qr/erased_without_record: event 1 of account\/$root_of{+50}|event_altered/, 'a record that was dropped');
$copy = copy_of('refilled', q{
	UPDATE azr_main_events SET payload = 'other' WHERE stream_id = pg_temp.of(50) AND sequence = 1;
	UPDATE azr_main_events SET created_at = created_at + interval '1 s' WHERE stream_id = pg_temp.of(51) AND sequence = 1;
	UPDATE azr_main_events SET metadata = '{}' WHERE stream_id = pg_temp.of(51) AND sequence = 2});
$found = problems($copy);
is(join(' ', sort { $a cmp $b } uniq_events($found)), join(' ', sort { $a cmp $b } "1 $root_of{50}", "1 $root_of{51}", "2 $root_of{51}"),
	'erased events that were changed after') or diag(join "\n", @$found);

sub uniq_events
{
	my ($problems) = @_;
	my %seen = map { /^event_altered: event (\d+) of account\/([-0-9a-f]{36}):/ ? ("$1 $2" => 1) : ("other: $_" => 1) } @$problems;

	return keys %seen;
}

# Slots that have gone to another node, and were deleted here: the log has their leaves still. What is missing beside
# them, or altered, is told from them.
$node->safe_psql('postgres', 'CREATE DATABASE gone TEMPLATE shop');
my $gone = $node->connstr('gone') . ' user=auditor';
sub in_gone { return $node->safe_psql('gone', "SET search_path = es, public; $_[0]") }
in_gone(q{
	SELECT azr_erase('account', NULL, azr_root('account', '1'), 0, 1, 'asked for');
	SELECT azr_append('moved', NULL, azr_root('moved', (i % 60)::text), NULL, array_fill('Deposited'::text, ARRAY[1 + i % 3]), array_fill('x'::bytea, ARRAY[1 + i % 3])) FROM generate_series(1, 300) i;
	SELECT azr_own_slots('a', '{[0,1023]}')});
my $sealed = in_gone('SELECT azr_feed_advance() IS NULL; SELECT size FROM azr_seal()') =~ s/f\n//r;
in_gone(q{SELECT azr_slot_freeze(slot, 'b') FROM (SELECT DISTINCT azr_slot(root) AS slot FROM generate_series(0, 39) i,
	LATERAL (VALUES ('moved', i), ('account', 60 + i % 30)) v (domain, n), LATERAL azr_root(domain, n::text) root) s WHERE slot <> azr_slot(azr_root('account', '1'))});
my @moving = split /\n/, in_gone(q{SELECT slot FROM azr_slots() WHERE state = 'frozen'});
in_gone("SELECT azr_own_slots('b', int4multirange(int4range($_, $_ + 1)), false), azr_slot_drop($_, 1000000), azr_slot_drop($_)") foreach @moving;
my $left = in_gone("SELECT count(*) FROM azr_feed(-1, $sealed)");
my $moved = $sealed - $left;
cmp_ok($moved, '>', 400, "of $sealed sealed events, $moved are deleted");
cmp_ok($left, '>', 400, "and $left are left");
my $moves = qr/test\.example\/log: $moved events have moved to other nodes with their slots; by the feed, they were deleted here, so only their leaves were looked at/;
accepts('an audit of what is left', qr/^$moves\ntest\.example\/log: $left events are as they were sealed, 5 of them erased on record; the note of size 710 /, @audit, $gone);

sub problems_of_gone
{
	my ($name, $change) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE gone");
	$node->safe_psql($name, "SET search_path = es, public; SET session_replication_role = replica;
		ALTER TABLE azr_main_events DISABLE TRIGGER USER; ALTER TABLE azr_erased_events DISABLE TRIGGER USER;
		CREATE FUNCTION pg_temp.of(number int) RETURNS bigint LANGUAGE sql AS \$\$ SELECT stream_id FROM azr_streams WHERE root = azr_root('moved', number::text) \$\$; $change");
	return problems($node->connstr($name) . ' user=auditor');
}

my %moved_root = map { split /\|/ } split /\n/, in_gone(q{SELECT i, azr_root('moved', i::text) FROM generate_series(40, 59) i});
is_deeply(problems_of_gone('gone_altered', q{UPDATE azr_main_events SET payload = 'y' WHERE sequence = 2 AND stream_id IN (pg_temp.of(40), pg_temp.of(42), pg_temp.of(59))}),
	[ sort map { "event_altered: event 2 of moved/$moved_root{$_}: its row does not give the leaf of the log" } 40, 42, 59 ], 'beside events that have moved, those that were altered are named, and no others');
is_deeply(problems_of_gone('gone_missing', q{DELETE FROM azr_main_events WHERE sequence = 1 AND stream_id IN (pg_temp.of(40), pg_temp.of(42), pg_temp.of(59))}),
	[ sort map { "event_missing: event 1 of moved/$moved_root{$_}: the feed does not have it" } 40, 42, 59 ], 'and those that are missing');
my @whole = @{ problems_of_gone('gone_whole', q{DELETE FROM azr_main_events WHERE stream_id IN (pg_temp.of(40), pg_temp.of(50))}) };
ok(@whole > 0 && !grep({ !/^event_missing: / } @whole), 'a stream that was deleted without its slot is missed') or diag(join "\n", @whole);
@whole = @{ problems_of_gone('gone_end', q{DELETE FROM azr_main_events WHERE stream_id = pg_temp.of(59) AND sequence = (SELECT max(sequence) FROM azr_main_events WHERE stream_id = pg_temp.of(59))}) };
ok(@whole > 0 && !grep({ !/^event_missing: / } @whole), 'and the end of one') or diag(join "\n", @whole);
is((grep { !/^event_missing: / } @{ problems_of_gone('gone_holes', q{DELETE FROM azr_main_events USING azr_streams s WHERE s.stream_id = azr_main_events.stream_id AND s.domain = 'moved' AND sequence % 7 = 3}) }) + 0, 0,
	'of many holes beside what has moved, none is taken for a change');
my $unrecorded = problems_of_gone('gone_record', q{DELETE FROM azr_erased_events WHERE stream_id = (SELECT stream_id FROM azr_streams WHERE root = azr_root('account', '1') AND domain = 'account' AND edition = 'angzarr')});
ok((grep { $_ eq "erased_without_record: event 0 of account/$root_of{+1}" } @$unrecorded) && !grep({ !/event 0 of account\/\Q$root_of{+1}\E/ } @$unrecorded), 'and an event that was emptied without a record')
  or diag(join "\n", @$unrecorded);

# Of these, monitors get the leaves, and entries that are empty.
my $none = in_gone("SELECT count(*) FROM (SELECT generate_series(0, $sealed - 1) EXCEPT SELECT position FROM azr_feed(-1, $sealed)) g (position)
	WHERE get_byte(azr_tile(0, position / 256), (position % 256)::int * 32) >= 0");
is($none, $moved, 'their leaves are in the tiles');
my ($empty, $full) = (0, 0);
foreach my $index (0 .. ($sealed - 1) / 256)
{
	my $bundle = pack 'H*', in_gone("SELECT encode(azr_entries($index), 'hex')");
	length $_ ? $full++ : $empty++ foreach unpack '(n/a)*', $bundle;
}
is("$empty $full", "$moved $left", 'and their entries are empty');
my $gone_folder = "$dir/gone";
accepts('the notes of before go on', qr/published size $sealed, /, 'publish', '--key', $key, '--folder', $gone_folder, '--first', '--database', $node->connstr('gone') . ' user=publisher');
accepts('tiles are written, and no entries that are not whole', qr/^test\.example\/log: \d+ files written, size $sealed; \d bundles of entries not, since events of them have moved to other nodes$/,
	'serve', '--folder', $gone_folder, '--database', $gone);
ok(-e "$gone_folder/tile/0/000" && !-e "$gone_folder/tile/entries/000", 'the folder has the tile, and not its entries');

# Another key goes on with the notes of the one before, if it is told to.
accepts('another key', qr/^test/, 'keygen', 'test.example/log', "$dir/next");
sql(q{SELECT azr_append('account', NULL, azr_root('account', '1'), NULL, ARRAY['Deposited'], ARRAY['x']::bytea[])});
my @next = ('publish', '--key', "$dir/next", '--folder', $folder, '--database', $publisher);
refuses('another key', qr/checkpoints\/0 is not signed by/, @next);
accepts('which is told of the one before', qr/published size 712/, @next, '--trust', "$key.pub");
accepts('an audit by both', qr/^test\.example\/log: 712 events/, @audit, $auditor, '--key', "$dir/next.pub");

# Two at a time
my $other = IPC::Run::start([ 'flock', "$folder/checkpoints", 'sh', '-c', 'echo locked; cat >/dev/null' ], '<', \my $wait, '>', \my $locked);
$other->pump until $locked;
refuses_to_publish('while another one publishes', qr/another program is publishing/);
$other->kill_kill;

$node->stop;
done_testing();
