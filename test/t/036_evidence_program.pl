# script/evidence, which shares no code with the extension: it signs what the log says and keeps it
# outside the database, refuses a fork and a rollback, checks a proof without the database, and names
# the event that was altered in one. What it writes, and what the extension proves, is accepted by a
# library that nobody here wrote, that of Go's checksum database.

use strict;
use warnings;

use Digest::SHA qw(sha256);
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

my $dir = PostgreSQL::Test::Utils::tempdir();
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

done_testing();
