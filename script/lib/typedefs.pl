# Prints the names that C files make types of with typedef, one a line, sorted.
#
# Usage: perl typedefs.pl FILE...

use strict;
use warnings;

my %typedefs;

foreach my $file (@ARGV)
{
	open(my $handle, '<', $file) or die "cannot read $file: $!\n";
	my $source = do { local $/; <$handle> };
	close($handle);

	$source =~ s{/\*.*?\*/}{ }gs;
	# what is between braces is no name, however deep
	my $inner = qr/(\{(?:[^{}]++|(?1))*\})/;
	while ($source =~ /\btypedef\b((?:[^;{}]++|$inner)*);/g)
	{
		my $declaration = $1 =~ s/$inner/ /gr;

		# a pointer to a function, a function, or anything else with its name at the end
		if ($declaration =~ /\(\s*\*\s*(\w+)\s*\)/
			|| $declaration =~ /(\w+)\s*\(/
			|| $declaration =~ /(\w+)\s*(?:\[[^\]]*\]\s*)*$/)
		{
			$typedefs{$1} = 1;
		}
		else
		{
			die "cannot find the name in $file: typedef$declaration;\n";
		}
	}
}

print "$_\n" foreach sort keys %typedefs;
