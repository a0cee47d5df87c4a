# Sees that the rooms of the source hold, and that nothing stands there unused.
#
# Usage: perl rooms.pl DIR
#
# DIR has the source in src, and programs beside it that use parts of it in test.  Prints
# what is wrong, and fails if anything is:
#
# - A file of a room includes a header of a room that comes after it.  The order is that of
#   the list in the comment at the head of src/angzarr.c.
# - A header includes another one, and that one, over any number of others, the first.
# - A header declares or defines what no other file uses: a function that is not static
#   though it could be, or a macro.
# - A function that SQL could call is not declared in the .sql file of the same name beside it.

use strict;
use warnings;

my ($directory) = @ARGV;
chdir($directory // die "usage: perl rooms.pl DIR\n") or die "cannot enter $directory: $!\n";

# By name: the text of each file, and the same without comments.
my (%text, %code);
foreach my $file (glob('src/*.[ch] src/*.sql src/*/*.[ch] src/*/*.sql test/*/*.[ch] test/*/*/*.[ch]'))
{
	open(my $handle, '<', $file) or die "cannot read $file: $!\n";
	$text{$file} = do { local $/; <$handle> };
	close($handle);
	$code{$file} = $text{$file} =~ s{/\*.*?\*/}{ }gsr if $file =~ /\.[ch]$/;
}
my @headers = grep { m{^src/.*\.h$} } sort keys %code;

my $wrong = 0;

sub complain
{
	print "@_\n";
	$wrong = 1;
}

# Rooms

my ($list) = ($text{'src/angzarr.c'} // die "there is no src/angzarr.c\n") =~ m{^(/\*.*?\*/)}s;
my @rooms = $list =~ m{^ \*\t(\w+)/}gm;
my %order = map { $rooms[$_] => $_ } 0 .. $#rooms;
my %includes;

die "the comment at the head of src/angzarr.c lists no rooms\n" unless @rooms;

foreach my $room (@rooms)
{
	complain("src/angzarr.c lists the room $room/, which is not there") unless -d "src/$room";
}
foreach my $room (map { m{^src/(.*)/$} } glob('src/*/'))
{
	complain("src/angzarr.c does not list the room $room/") unless defined $order{$room};
}

foreach my $file (grep { /^src/ } sort keys %code)
{
	my ($here, $room) = $file =~ m{^(src/(?:(.*)/)?)};

	foreach my $included ($code{$file} =~ /^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/gm)
	{
		my ($its_room) = $included =~ m{^(\w+)/};

		if (-e "src/$included" && $included !~ /\.\./)
		{
			push(@{ $includes{$file} }, "src/$included");
			complain("$file includes $included, but $its_room/ comes after $room/")
			  if defined $room
			  && defined $its_room
			  && defined $order{$room}
			  && ($order{$its_room} // -1) > $order{$room};
		}
		elsif (-e "$here$included")
		{
			complain("$file includes $included: say it from src on, with the name of its room");
		}
	}
}

# Circles

my %seen;

sub follow
{
	my ($header, @path) = @_;
	my ($first) = grep { $path[$_] eq $header } 0 .. $#path;

	if (defined $first)
	{
		complain('headers include each other: ' . join(' -> ', @path[ $first .. $#path ], $header));
	}
	elsif (!$seen{$header}++)
	{
		follow($_, @path, $header) foreach @{ $includes{$header} // [] };
	}
}
follow($_) foreach @headers;

# What is unused

# The files in which a name stands, which are searched for once for all names.
my %users;
foreach my $file (sort keys %code)
{
	# neither a declaration nor a definition is a use
	my $uses = $code{$file} =~ s/^extern\b[^;]*;//gmr;
	$uses =~ s/^[ \t]*#[ \t]*(?:define|undef|ifdef|ifndef)[ \t]+\w+//gm;
	my %names = map { $_ => 1 } $uses =~ /\b([A-Za-z_]\w*)\b/g;
	push(@{ $users{$_} }, $file) foreach keys %names;
}

foreach my $header (@headers)
{
	my ($guard) = $code{$header} =~ /^#ifndef (\w+)/m;
	my (%functions, %macros);

	foreach my $declaration ($code{$header} =~ /^extern\b([^;]*);/gm)
	{
		my ($name) = $declaration =~ /(\w+)\s*[\[(]/;
		($name) = $declaration =~ /(\w+)\s*$/ unless defined $name;
		my ($definer) = grep { $code{$_} =~ /^(?:\Q$name\E\(|[^\s#][^;(]*\b\Q$name\E(?:\[.*?\])? *[=;])/m }
		  grep { /\.c$/ } @{ $users{$name} // [] };

		complain("$header declares $name, which no other file uses")
		  unless grep { $_ ne ($definer // '') } @{ $users{$name} // [] };
	}
	foreach my $name ($code{$header} =~ /^static inline\b[^({;]*?(\w+)\s*\(/gm)
	{
		complain("$header defines $name, which no other file uses")
		  unless grep { $_ ne $header } @{ $users{$name} };
	}
	foreach my $name ($code{$header} =~ /^[ \t]*#[ \t]*define[ \t]+(\w+)/gm)
	{
		next if $name eq ($guard // '') || $macros{$name}++;
		# these are parameters of a header of PostgreSQL's
		next if $name =~ /^SH_/ && $code{$header} =~ /^#include "lib\/simplehash\.h"/m;
		complain("$header defines $name, which nothing uses") unless $users{$name};
	}
}

foreach my $file (grep { /^src/ } sort keys %code)
{
	my $beside = $file =~ s/\.[ch]$/.sql/r;
	my $sql = $text{$beside} // '';

	foreach my $name ($code{$file} =~ /^PG_FUNCTION_INFO_V1\((\w+)\)/gm)
	{
		complain("$file has $name for SQL, which $beside does not declare")
		  unless $sql =~ /^CREATE (?:FUNCTION|PROCEDURE) [^(]*\b\Q$name\E\(|'\Q$name\E'/m;
	}
}

exit($wrong);
