# Writes a version of the extension into all files that say it.
#
# Usage: perl version.pl DIR VERSION            the newest version is to be released, as VERSION, today
#        perl version.pl --open DIR VERSION     VERSION is begun after a release
#
# DIR is the top of the source.  Those files are the control files, META.json, CHANGELOG.md,
# debian/changelog, and of the clients package.json, package-lock.json and README.md.  What
# meta.pl would complain of is not written.

use strict;
use warnings;

use POSIX qw(strftime);

# Dates are in English, and in UTC.
POSIX::setlocale(POSIX::LC_ALL(), 'C');

my $open = @ARGV && $ARGV[0] eq '--open' && shift @ARGV;
my ($directory, $version) = @ARGV;
die "usage: perl version.pl [--open] DIR VERSION\n" unless @ARGV == 2;
die "not a version such as 1.2.3: $version\n" unless $version =~ /\A\d+\.\d+\.\d+\z/;
chdir($directory) or die "cannot enter $directory: $!\n";

my %text;

# edit FILE, CODE: CODE changes the text in $_.  Nothing is written before all is changed.
sub edit
{
	my ($file, $code) = @_;

	open(my $handle, '<:raw', $file) or die "cannot read $file: $!\n";
	local $/;
	local $_ = <$handle>;
	$code->() or die "$file is not as expected\n";
	$text{$file} = $_;
}

my $old;
edit('angzarr.control', sub { ($old) = /^default_version = '(.*)'$/m and s/^(default_version = )'.*'$/$1'$version'/m });
edit('angzarr_router.control', sub { s/^(default_version = )'\Q$old\E'/$1'$version'/m });
my $today = strftime('%Y-%m-%d', gmtime);
my $now = strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime);

edit('CHANGELOG.md', sub {
	if ($open)
	{
		die "CHANGELOG.md: the newest version has not been released\n" unless /\A# Changelog\n\n## \Q$old\E \(\d/;
		return s/\A(# Changelog\n\n)/$1## $version (unreleased)\n\n/;
	}
	die "CHANGELOG.md: the newest version has been released already\n" unless /\A# Changelog\n\n## \Q$old\E \(unreleased\)/;
	s/\A(# Changelog\n\n## ).*/$1$version ($today)/;
});
edit('debian/changelog', sub {
	return $_ = "angzarr ($version-1) UNRELEASED; urgency=medium\n\n  * A new version.\n\n -- the angzarr authors <authors\@angzarr.dev>  $now\n\n$_"
	  if $open;
	s/\A.*/angzarr ($version-1) unstable; urgency=medium/ and s/^( -- .*>  ).*/$1$now/m;
});
# the one that is indented by 6 is the specification's
edit('META.json', sub { (s/^((?: {3}| {9})"version": )"\Q$old\E"/$1"$version"/mg || 0) == 3 });
foreach my $file (glob('clients/*/package.json'))
{
	edit($file, sub {
		s/^(  "version": ")\Q$old\E"/$1$version"/m and (s/^(    "angzarr-pg": )"\Q$old\E"/$1"$version"/m or 1);
	});
}
# the others in there are those of packages
edit($_, sub { s/\A(.*?"version": )"\Q$old\E"(.*?"version": )"\Q$old\E"/$1"$version"$2"$version"/s }) foreach glob('clients/*/package-lock.json');
edit($_, sub { s/-\Q$old\E\.tgz/-$version.tgz/g or 1 }) foreach glob('clients/*/README.md');

foreach my $file (sort keys %text)
{
	open(my $handle, '>:raw', $file) or die "cannot write $file: $!\n";
	print $handle $text{$file} or die "cannot write $file: $!\n";
	close($handle) or die "cannot write $file: $!\n";
}
