# Sees that META.json is what the PGXN Meta Spec 1.0.0 asks for, and that it says of the
# distribution what is so.
#
# Usage: perl meta.pl DIR
#
# DIR is the top of the source.  Prints what is wrong, and fails if anything is:
#
# - META.json is not valid: a field that must be there is missing, one is of another kind
#   than the specification says, or one is there that it does not know.
# - An extension that has a control file is not among those that META.json provides, lacks
#   there a file, an abstract, a version or a docfile, or has another version there than
#   in its control file.  The distribution has the version of the extension of its name.
# - A file that META.json names does not exist.
# - The newest entry in debian/changelog or CHANGELOG.md is for another version, a package of
#   a client has another one or needs a client of another one, or debian/control is not what
#   Debian's tools make of control.in.

use strict;
use warnings;

use JSON::PP;

my ($directory) = @ARGV;
chdir($directory // die "usage: perl meta.pl DIR\n") or die "cannot enter $directory: $!\n";

my $wrong = 0;

sub complain
{
	print "@_\n";
	$wrong = 1;
}

sub contents
{
	my ($file) = @_;

	open(my $handle, '<:raw', $file) or return undef;
	local $/;
	return scalar <$handle>;
}

# What the specification says.  Each kind of value is a function that is given the place of
# a value and the value, and complains if it is not of that kind.

my @licenses = qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd freebsd gfdl_1_2 gfdl_1_3 gpl_1 gpl_2 gpl_3
  lgpl_2_1 lgpl_3_0 mit mozilla_1_0 mozilla_1_1 openssl perl_5 postgresql qpl_1_0 ssleay sun zlib
  open_source restricted unrestricted unknown);
my $number = qr/(?:0|[1-9][0-9]*)/;
my $semantic_version = qr/$number\.$number\.$number(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/;
my $version_range = qr/(?:(?:<=?|>=?|==|!=)\s*)?(?:0|$semantic_version)/;

# A string that a pattern matches as a whole.
sub matching
{
	my ($pattern, $what) = @_;

	return sub {
		my ($place, $value) = @_;

		# JSON's numbers are no strings, also where they look like a version
		complain("META.json: $place is not $what")
		  unless defined $value && !ref $value && encode_json([$value]) =~ /^\["/ && $value =~ /\A$pattern\z/;
	};
}

# A list, or a single one in place of it.
sub list_of
{
	my ($kind) = @_;

	return sub {
		my ($place, $value) = @_;
		my @values = ref $value eq 'ARRAY' ? @$value : ($value);

		complain("META.json: $place is an empty list") unless @values;
		$kind->(ref $value eq 'ARRAY' ? "${place}[$_]" : $place, $values[$_]) foreach 0 .. $#values;
	};
}

# An object whose keys are all of one kind, and so are the values.
sub map_of
{
	my ($key_kind, $value_kind) = @_;

	return sub {
		my ($place, $value) = @_;

		return complain("META.json: $place is not an object") unless ref $value eq 'HASH';
		complain("META.json: $place is empty") unless %$value;
		foreach my $key (sort keys %$value)
		{
			$key_kind->("a key of $place, $key,", $key);
			$value_kind->("$place/$key", $value->{$key});
		}
	};
}

# An object with fields of its own, of which those that begin with ! must be there.  Who
# wants more names them x_something.
sub object
{
	my (%fields) = @_;
	my %kinds = map { s/^!//r => $fields{$_} } keys %fields;

	return sub {
		my ($place, $value) = @_;
		my $below = $place eq '' ? '' : "$place/";

		return complain('META.json: ' . ($place || 'the whole') . ' is not an object') unless ref $value eq 'HASH';
		foreach my $field (map { /^!(.*)/ } sort keys %fields)
		{
			complain("META.json: $below$field is missing") unless exists $value->{$field};
		}
		foreach my $field (sort keys %$value)
		{
			if ($kinds{$field})
			{
				$kinds{$field}->("$below$field", $value->{$field});
			}
			elsif ($field !~ /^x_/i)
			{
				complain("META.json: $below$field is not in the specification");
			}
		}
	};
}

sub one_of
{
	my ($what, @values) = @_;

	return matching(join('|', map { quotemeta } @values) =~ s/(.*)/(?:$1)/r, "$what: " . join(', ', @values));
}

my $string = matching(qr/.+/s, 'a string that is not empty');
my $term = matching(qr{[^\s[:cntrl:]/\\]{2,}}, 'a term: two characters or more, without spaces and slashes');
my $tag = matching(qr{[^[:cntrl:]/\\]{1,256}}, 'a tag: up to 256 characters, without slashes');
my $version = matching($semantic_version, 'a semantic version');
my $range = matching(qr/$version_range(?:\s*,\s*$version_range)*/, 'a range of semantic versions');
my $url = matching(qr{[A-Za-z][A-Za-z0-9+.-]*://[^\s/?\#]+(?:[/?\#]\S*)?}, 'a URL');
my $email = matching(qr/[^\s@]+@[^\s@]+/, 'an email address');
my $license = list_of(one_of('a license that is known', @licenses));
my $licenses = map_of($string, $url);

my $meta_spec = object(
	'!abstract' => $string,
	'!license' => sub { ref $_[1] eq 'HASH' ? $licenses->(@_) : $license->(@_) },
	'!maintainer' => list_of($string),
	'!meta-spec' => object('!version' => one_of('a version that is checked here', '1.0.0'), url => $url),
	'!name' => $term,
	'!provides' => map_of($term, object('!file' => $string, '!version' => $version, abstract => $string, docfile => $string)),
	'!version' => $version,
	description => $string,
	generated_by => $string,
	no_index => object(file => list_of($string), directory => list_of($string)),
	prereqs => map_of(
		matching(qr/configure|build|test|runtime|develop|[xX]_.+/, 'a phase: configure, build, test, runtime or develop'),
		map_of(
			matching(qr/requires|recommends|suggests|conflicts|[xX]_.+/, 'a relation: requires, recommends, suggests or conflicts'),
			map_of($term, $range))),
	release_status => one_of('a status', qw(stable testing unstable)),
	resources => object(
		bugtracker => object(web => $url, mailto => $email),
		homepage => $url,
		license => list_of($url),
		repository => object(url => $url, web => $url, type => matching(qr/[^[:upper:]]+/, 'in lower case'))),
	tags => list_of($tag));

my $text = contents('META.json') // die "there is no META.json\n";
my $meta = eval { decode_json($text) };
unless (defined $meta)
{
	print 'META.json is no JSON: ', $@ =~ s/ at \S+ line \d+\.$//r;
	exit 1;
}
$meta_spec->('', $meta);

# What is so.  What has another shape than the specification's has been complained about.

sub field
{
	my ($object, @path) = @_;

	foreach my $key (@path)
	{
		$object = ref $object eq 'HASH' ? $object->{$key} : undef;
	}
	return $object;
}

sub is_missing
{
	my ($value) = @_;

	return !defined $value || $value eq '';
}

my $name = field($meta, 'name') // '';
my %provided = map { $_ => 1 } ref field($meta, 'provides') eq 'HASH' ? keys %{ $meta->{provides} } : ();
my $release;
foreach my $control (sort glob('*.control'))
{
	my ($extension) = $control =~ /^(.*)\.control$/;
	my ($default) = contents($control) =~ /^default_version\s*=\s*'([^']*)'/m;

	complain("META.json does not provide $extension, which has a control file") unless delete $provided{$extension};
	foreach my $wanted (grep { is_missing(field($meta, 'provides', $extension, $_)) } qw(abstract docfile))
	{
		complain("META.json: provides/$extension/$wanted is missing");
	}
	my %told = ("provides/$extension/version" => field($meta, 'provides', $extension, 'version'));
	if ($extension eq $name)
	{
		$release = $default;
		$told{version} = field($meta, 'version');
	}
	foreach my $place (grep { defined $told{$_} && $told{$_} ne $default } sort keys %told)
	{
		complain("META.json: $place is $told{$place}, but $control says $default");
	}
}
complain("META.json provides $_, which has no control file") foreach sort keys %provided;
complain("META.json: no extension has the distribution's name") unless defined $release;

foreach my $extension (ref field($meta, 'provides') eq 'HASH' ? sort keys %{ $meta->{provides} } : ())
{
	foreach my $place (qw(file docfile))
	{
		my $file = field($meta, 'provides', $extension, $place);

		complain("META.json: provides/$extension/$place names $file, which does not exist") if defined $file && !-f $file;
	}
}

if (defined $release && -f 'debian/changelog')
{
	my ($package_version) = contents('debian/changelog') =~ /\A\S+ \((?:\d+:)?([^)]*?)(?:-[^-)]*)?\)/;

	complain('debian/changelog begins with version ' . ($package_version // 'none') . ", but $name.control says $release")
	  unless defined $package_version && $package_version eq $release;
}

if (defined $release && -f 'CHANGELOG.md')
{
	my ($newest) = contents('CHANGELOG.md') =~ /^## (\S+) \((?:unreleased|\d{4}-\d\d-\d\d)\)$/m;

	complain('CHANGELOG.md begins with version ' . ($newest // 'none') . ", but $name.control says $release")
	  unless defined $newest && $newest eq $release;
}

foreach my $file (defined $release ? glob('clients/*/package.json clients/*/package-lock.json') : ())
{
	my $package = eval { decode_json(contents($file)) } // {};
	my %told = (
		version => field($package, 'version'),
		'packages//version' => field($package, 'packages', '', 'version'),
		'peerDependencies/angzarr-pg' => field($package, 'peerDependencies', 'angzarr-pg'));

	complain("$file: version is missing") unless defined $told{version};
	foreach my $place (grep { defined $told{$_} && $told{$_} ne $release } sort keys %told)
	{
		complain("$file: $place is $told{$place}, but $name.control says $release");
	}
}

if (-f 'debian/control.in')
{
	my $control = contents('debian/control') // '';
	my ($major) = $control =~ /^Package: postgresql-(\d+)-/m;

	complain('debian/control is not made from control.in: run pg_buildext updatecontrol')
	  unless defined $major && $control eq contents('debian/control.in') =~ s/PGVERSION/$major/gr;
}

exit $wrong;
