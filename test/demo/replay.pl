#!/usr/bin/perl
#
# replay.pl REPOSITORY PSQL [ARGUMENT...]
#
# Appends the history of a git repository to the event store: a stream per path
# in the domain "file", an event per commit that touched it.  script/demo runs
# this; PSQL is the command that reaches the database.
#
# All commits reachable from HEAD are read, parents before children, for the main
# timeline.  Every other local branch becomes an edition, with the commits that
# HEAD does not have: each file that they touch diverges after those events of the
# main timeline that were known at the merge base.  Events are
# FileAdded, FileModified, FileDeleted, and FileRenamed, which goes to two
# streams: to the old path's with "to", to the new path's with "from" and the
# line counts.  Of a merge, only what differs from every parent counts, with the
# lines that it changed in the first parent's file.  The commit's hash is both
# correlation_id and external_id, so replaying a history again adds nothing.
#
# Neither side waits for the other: git finds the changes of one batch while the
# server stores another.  Memory holds a batch and the changes of one commit,
# however long the history is.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use IPC::Open2;
use POSIX qw(strftime);
use Time::HiRes qw(time);

# A batch is one transaction.  Every stream that it touches takes a lock until
# commit, so the server's lock table sets the limit, not its memory.
use constant {
	BATCH_ROWS  => 500,
	BATCH_BYTES => 1024 * 1024,
	BAR_WIDTH   => 40,
	SAY_EVERY   => 5,
	MAX_LINES   => 10,
};

# Well-formed UTF-8 beyond ASCII, as the server sees it.
my $UTF8 = qr/
	  [\xC2-\xDF] [\x80-\xBF]
	| \xE0 [\xA0-\xBF] [\x80-\xBF]
	| [\xE1-\xEC\xEE\xEF] [\x80-\xBF]{2}
	| \xED [\x80-\x9F] [\x80-\xBF]
	| \xF0 [\x90-\xBF] [\x80-\xBF]{2}
	| [\xF1-\xF3] [\x80-\xBF]{3}
	| \xF4 [\x80-\x8F] [\x80-\xBF]{2}
/x;

my %JSON_ESCAPE = (
	(map { chr($_) => sprintf('\u%04x', $_) } 0 .. 31),
	'"'  => '\"',
	'\\' => '\\\\');

my %COPY_ESCAPE = ("\t" => '\t', "\n" => '\n', "\r" => '\r', '\\' => '\\\\');

# One row is what a commit did to one path.  The rows are appended in the order
# of the history: "place" is their place in it.
#
# In an edition, a path that has no events there yet diverges at the first event
# of the main timeline that the merge base did not know.
my $PREPARE = <<'SQL';
SET client_min_messages = warning;
CREATE TEMPORARY TABLE batch (
	place bigint,
	opens_commit boolean,
	commit text,
	path text,
	events jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE known_at_base (commit text PRIMARY KEY);
CREATE TEMPORARY TABLE branch_commits (commit text PRIMARY KEY);
CREATE FUNCTION pg_temp.divergence(branch text, path text) RETURNS bigint
LANGUAGE sql AS $$
	SELECT CASE
		WHEN EXISTS (
			SELECT FROM azr_timeline t
			WHERE t.domain = 'file' AND t.edition = branch
				AND t.root = azr_root('file', path))
		THEN NULL
		ELSE coalesce(
			(SELECT min(e.sequence) FROM azr_load('file', NULL, azr_root('file', path)) e
			WHERE NOT EXISTS (SELECT FROM known_at_base k WHERE k.commit = e.correlation_id)),
			azr_next_sequence('file', NULL, azr_root('file', path)))
	END
$$;
PREPARE append_batch(text) AS
WITH appended AS MATERIALIZED (
	SELECT opens_commit,
		azr_append_json('file', $1, azr_root('file', path), NULL, events,
			correlation_id => commit, external_id => commit,
			divergence => CASE WHEN $1 IS NOT NULL THEN pg_temp.divergence($1, path) END) AS result
	FROM (SELECT * FROM batch ORDER BY place) AS in_order
), outcomes AS (
	SELECT opens_commit,
		(result).outcome = 'added' AS added,
		(result).first_sequence = 0 AS opens_stream,
		(result).last_sequence - (result).first_sequence + 1 AS events
	FROM appended
)
SELECT coalesce(sum(events) FILTER (WHERE added), 0),
	coalesce(sum(events) FILTER (WHERE NOT added), 0),
	count(*) FILTER (WHERE added AND opens_commit),
	count(*) FILTER (WHERE added AND opens_stream)
FROM outcomes;
SQL

die "usage: replay.pl REPOSITORY PSQL [ARGUMENT...]\n" if @ARGV < 2;

my ($repository, @psql) = @ARGV;
my $loader = open_loader(@psql);

print replay_main($loader, $repository), "\n";
foreach my $line (replay_branches($loader, $repository))
{
	print "$line\n";
}
close_loader($loader);
exit 0;


# Timelines

sub replay_main
{
	my ($loader, $repository) = @_;
	my $started = time;
	my $progress = open_progress(count_commits($repository), 'commits');

	my $total = replay($loader, $repository, undef, $progress, 'HEAD');
	close_progress($progress);
	return summary($total, time - $started);
}

# Replays every local branch but the one that HEAD is on, and says what there is
# of those that have something of their own.
#
# An edition shows its branch as it is now: where a branch lost commits that the
# edition has, by a rebase or a merge, the edition is started over, and where the
# branch is gone, it goes.
sub replay_branches
{
	my ($loader, $repository) = @_;
	my @branches = git_lines($repository, 'for-each-ref', '--no-merged=HEAD', '--format=%(refname)', 'refs/heads');
	my $progress = open_progress(scalar @branches, 'branches');
	my ($done, $known, @editions) = (0, '');

	foreach my $branch (@branches)
	{
		my $edition = edition_of($branch);
		my $name = sql_string($edition);

		copy_commits($loader, $repository, 'branch_commits', '^HEAD', $branch);
		my ($dropped) = ask($loader, "SELECT coalesce(sum(azr_delete_edition('file', edition)), 0)
			FROM azr_editions('file')
			WHERE edition = $name AND EXISTS (
				SELECT FROM azr_timeline t
				WHERE t.domain = 'file' AND t.edition = $name
					AND NOT EXISTS (SELECT FROM branch_commits b WHERE b.commit = t.correlation_id));");

		ask($loader, "SELECT count(azr_create_edition('file', $name, description => 'git branch'))
			WHERE NOT EXISTS (SELECT FROM azr_editions('file') WHERE edition = $name);");

		# Many branches begin at the same commit.
		my @bases = git_lines($repository, 'merge-base', '--all', 'HEAD', $branch);
		copy_commits($loader, $repository, 'known_at_base', @bases) if "@bases" ne $known;
		$known = "@bases";

		my $total = replay($loader, $repository, $edition, undef, '^HEAD', $branch);
		push @editions, { %$total, name => $edition, started_over => $dropped > 0 };
		show_progress($progress, ++$done);
	}
	close_progress($progress) if @branches;

	ask($loader, "SELECT count(azr_delete_edition('file', edition)) FROM azr_editions('file')
		WHERE description = 'git branch' AND NOT edition = ANY (ARRAY["
		  . join(', ', map { sql_string($_->{name}) } @editions) . "]::text[]);");
	return edition_lines(@editions);
}

# A line an edition, and of many, one for all but those that have most that is new.
sub edition_lines
{
	my (@editions) = @_;
	my ($events, $new) = (0, 0);
	my @others;

	if (@editions > MAX_LINES)
	{
		@editions = sort { $b->{added} <=> $a->{added} || $b->{present} <=> $a->{present} } @editions;
		@others = splice(@editions, MAX_LINES - 1);
	}
	my @lines = map {
		sprintf('edition "%s": %s, %s new%s', $_->{name},
			counted($_->{added} + $_->{present}, 'event'), with_commas($_->{added}),
			$_->{started_over} ? ', started over' : '')
	} @editions;

	foreach my $edition (@others)
	{
		$events += $edition->{added} + $edition->{present};
		$new += $edition->{added};
	}
	push @lines, sprintf('and %s: %s, %s new',
		counted(scalar @others, 'more edition'), counted($events, 'event'), with_commas($new))
	  if @others;
	return @lines;
}

# Appends the commits of a range to the main timeline, or to an edition.
sub replay
{
	my ($loader, $repository, $edition, $progress, @range) = @_;
	my $log = open_log($repository, @range);

	$loader->{edition} = defined $edition ? sql_string($edition) : 'NULL';
	while (my $commit = read_commit($log))
	{
		my $opens_commit = 't';

		foreach my $change (changes_by_path($commit))
		{
			my ($path, @events) = @$change;

			add_row($loader, $opens_commit, $commit->{hash}, $path,
				'[' . join(',', map { event_json($commit, $path, $_) } @events) . ']');
			$opens_commit = 'f';
		}
		show_progress($progress, $log->{commits}) if $progress;
	}
	close_log($log);
	return take_total($loader);
}

# A branch's name, where an edition can have it.
sub edition_of
{
	my ($branch) = @_;

	my $edition = valid_path($branch =~ s{^refs/heads/}{}r);
	$edition = "branch $edition" if $edition eq 'angzarr';
	$edition = valid_path(substr($edition, 0, 150)) . ' ' . md5_hex($edition)
	  if length $edition > 255;
	return $edition;
}


# The history

sub git_command
{
	my ($directory, @command) = @_;

	# Nobody's configuration may change what the log looks like.
	return (
		'git', '-C', $directory, '--no-pager',
		'-c', 'safe.directory=*',
		'-c', 'core.quotePath=false',
		'-c', 'diff.renames=true',
		'-c', 'diff.algorithm=myers',
		'-c', 'diff.orderFile=/dev/null',
		'-c', 'log.showSignature=false',
		@command);
}

# What a git command prints, line by line.
sub git_lines
{
	my ($directory, @command) = @_;

	open(my $pipe, '-|', git_command($directory, @command))
	  or die "could not run git: $!\n";
	binmode $pipe;
	chomp(my @lines = <$pipe>);

	# Histories without a common commit have no merge base: status 1, no error.
	close($pipe)
	  or $command[0] eq 'merge-base' && $? == 256
	  or die "git $command[0] failed\n";
	return @lines;
}

sub count_commits
{
	my ($directory) = @_;
	my ($count) = git_lines($directory, qw(rev-list --count HEAD --));

	return $count;
}

# In the header of a commit, hash and time start with a byte that starts neither
# a change nor line counts.
sub open_log
{
	my ($directory, @range) = @_;

	open(
		my $pipe, '-|',
		git_command(
			$directory, qw(log -z --reverse --topo-order --root
			  --raw --numstat -c --combined-all-paths --find-renames -l1000
			  --no-relative --ignore-submodules=none --no-ext-diff --no-textconv
			  --no-color --encoding=UTF-8 --format=tformat:%x01%H%x20%ct%x00%an%x00%s),
			@range, '--')) or die "could not run git: $!\n";
	binmode $pipe;
	return { pipe => $pipe, header => undef, commits => 0 };
}

sub read_field
{
	my ($log) = @_;
	local $/ = "\0";

	my $field = readline($log->{pipe});
	chomp $field if defined $field;
	return $field;
}

# Reads the next commit: hash, time, author, subject, its changes as [letters,
# paths...], and the line counts as path => [added, removed].
#
# A change starts with as many colons as there are parents to compare with, and
# ends with a letter for each.  Then come the path in each parent and the path
# now: all of them for a merge, one for any other commit, two if it renames.
sub read_commit
{
	my ($log) = @_;

	my $header = $log->{header} // read_field($log) // return;
	my ($hash, $time) = $header =~ /^\x01([0-9a-f]+) (\d*)$/
	  or die "could not read the header of a commit from git log: \"$header\"\n";
	my $commit = {
		hash => $hash,
		time => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($time || 0)),
		author => valid_text(read_field($log)),
		subject => valid_text(read_field($log)),
		changes => [],
		lines => {},
	};
	$log->{header} = undef;
	$log->{commits}++;

	while (defined(my $field = read_field($log)))
	{
		if ($field =~ /^\n?(:+)[0-9]/)
		{
			my $parents = length $1;
			my ($letters) = $field =~ / ([A-Z]+)[0-9]*$/;
			my $paths = $parents > 1 ? $parents + 1 : $letters =~ /[RC]/ ? 2 : 1;

			push @{ $commit->{changes} },
			  [ $letters, map { valid_path(read_field($log)) } 1 .. $paths ];
		}
		elsif ($field =~ /^(\d+|-)\t(\d+|-)\t(.*)$/s)
		{
			my ($added, $removed, $path) = ($1, $2, $3);

			# A renamed file's paths are in two fields of their own.
			if ($path eq '')
			{
				read_field($log);
				$path = read_field($log);
			}
			$commit->{lines}{ valid_path($path) } = [ $added, $removed ]
			  if $added ne '-';
		}
		elsif ($field =~ /^\x01/)
		{
			$log->{header} = $field;
			last;
		}
		elsif ($field ne '')
		{
			die "could not read a change of commit $hash from git log: \"$field\"\n";
		}
	}
	return $commit;
}

sub close_log
{
	my ($log) = @_;

	close($log->{pipe}) or die "git log failed\n";
	return;
}


# Events

# Returns [path, event...] for each path that a commit touched, an event being
# [type, what else is in its data].  All events of a path stand together, since a
# second append with the same external_id would be taken for a retry.
sub changes_by_path
{
	my ($commit) = @_;
	my (@order, %events);

	my $touch = sub {
		my ($path, @event) = @_;

		push @order, $path if !$events{$path};
		push @{ $events{$path} }, \@event;
	};

	foreach my $change (@{ $commit->{changes} })
	{
		my ($letters, @from) = @$change;
		my $path = pop @from;

		# What a merge has in common with any parent was in that parent.
		if ($letters =~ /^D+$/)
		{
			$touch->($path, 'FileDeleted', lines_json($commit, $path));
		}
		elsif ($letters =~ /[MT]/)
		{
			$touch->($path, 'FileModified', lines_json($commit, $path));
		}
		elsif ($letters =~ /R/)
		{
			my %seen = ($path => 1);
			my @old = grep { !$seen{$_}++ } @from;

			$touch->($_, 'FileRenamed', ',"to":' . json_string($path)) foreach @old;
			$touch->(
				$path, 'FileRenamed',
				',"from":' . json_string($old[0]) . lines_json($commit, $path));
		}
		elsif ($letters =~ /^A+$/)
		{
			$touch->($path, 'FileAdded', lines_json($commit, $path));
		}
		else
		{
			die "commit $commit->{hash} has a change of unknown kind \"$letters\"\n";
		}
	}
	return map { [ $_, @{ $events{$_} } ] } @order;
}

sub lines_json
{
	my ($commit, $path) = @_;
	my $lines = $commit->{lines}{$path} // return '';

	return ",\"lines_added\":$lines->[0],\"lines_removed\":$lines->[1]";
}

sub event_json
{
	my ($commit, $path, $event) = @_;
	my ($type, $more) = @$event;

	$commit->{json} //= sprintf('"commit":"%s","author":%s,"subject":%s',
		$commit->{hash}, json_string($commit->{author}), json_string($commit->{subject}));
	return
		"{\"type\":\"$type\",\"created_at\":\"$commit->{time}\",\"data\":{\"path\":"
	  . json_string($path)
	  . ",$commit->{json}$more}}";
}

# JSON::PP would take longer than all the rest.
sub json_string
{
	my ($text) = @_;

	$text =~ s/(["\\\x00-\x1F])/$JSON_ESCAPE{$1}/g;
	return "\"$text\"";
}

# A path is bytes to git, and text to us: what is not UTF-8 can be read as hex.
sub valid_path
{
	my ($path) = @_;

	$path =~ s/($UTF8+)|([\x80-\xFF])/$1 \/\/ sprintf('\x%02X', ord $2)/eg
	  if $path =~ /[\x80-\xFF]/;
	return $path;
}

# In other text, it becomes the replacement character.
sub valid_text
{
	my ($text) = @_;

	$text =~ s/($UTF8+)|[\x80-\xFF]/$1 \/\/ "\xEF\xBF\xBD"/eg
	  if $text =~ /[\x80-\xFF]/;
	return $text;
}


# The store

sub open_loader
{
	my @command = (@_, qw(-X -q -A -t -F), ' ', qw(-v ON_ERROR_STOP=1));

	# If psql ends early, its exit status says so.
	$SIG{PIPE} = 'IGNORE';

	my $pid = open2(my $out, my $in, @command);
	binmode $in;
	my $loader = {
		pid => $pid,
		in => $in,
		out => $out,
		batch => '',
		rows => 0,
		place => 0,
		unanswered => 0,
		total => [ 0, 0, 0, 0 ],
	};
	send_sql($loader, $PREPARE);
	return $loader;
}

sub add_row
{
	my ($loader, $opens_commit, $hash, $path, $json) = @_;

	$path =~ s/([\t\n\r\\])/$COPY_ESCAPE{$1}/g;
	$json =~ s/\\/\\\\/g;
	$loader->{place}++;
	$loader->{batch} .= "$loader->{place}\t$opens_commit\t$hash\t$path\t$json\n";
	$loader->{rows}++;
	send_batch($loader)
	  if $loader->{rows} >= BATCH_ROWS || length($loader->{batch}) >= BATCH_BYTES;
	return;
}

# One batch is under way while the next is made.
sub send_batch
{
	my ($loader) = @_;

	send_sql($loader,
		"BEGIN;\nCOPY batch FROM STDIN;\n",
		$loader->{batch}, "\\.\nEXECUTE append_batch($loader->{edition});\nCOMMIT;\n");
	$loader->{batch} = '';
	$loader->{rows} = 0;
	read_answer($loader) if $loader->{unanswered}++;
	return;
}

sub send_sql
{
	my ($loader, @sql) = @_;
	my $in = $loader->{in};

	(print $in @sql) && $in->flush or fail_loader($loader);
	return;
}

sub read_answer
{
	my ($loader) = @_;
	my $answer = readline($loader->{out}) // fail_loader($loader);
	my @counts = split ' ', $answer;

	$loader->{total}[$_] += $counts[$_] foreach 0 .. $#counts;
	$loader->{unanswered}--;
	return;
}

# Ends what was begun, and returns how many events were added, how many were there
# already, and of how many commits, and in how many new streams, the added ones
# are.
sub take_total
{
	my ($loader) = @_;

	send_batch($loader) if $loader->{rows};
	read_answer($loader) while $loader->{unanswered};

	my ($added, $present, $commits, $streams) = @{ $loader->{total} };
	$loader->{total} = [ 0, 0, 0, 0 ];
	return {
		added => $added,
		present => $present,
		commits => $commits,
		streams => $streams,
	};
}

# Fills a table with the commits of a range.
sub copy_commits
{
	my ($loader, $directory, $table, @range) = @_;

	send_sql($loader, "TRUNCATE $table;\nCOPY $table FROM STDIN;\n");
	if (@range)
	{
		open(my $pipe, '-|', git_command($directory, 'rev-list', @range, '--'))
		  or die "could not run git: $!\n";
		while (my $line = <$pipe>)
		{
			(print { $loader->{in} } $line) or fail_loader($loader);
		}
		close($pipe) or die "git rev-list failed\n";
	}
	send_sql($loader, "\\.\n");
	return;
}

# Runs a query of one row, and returns its columns.
sub ask
{
	my ($loader, $sql) = @_;

	send_sql($loader, "$sql\n");
	my $answer = readline($loader->{out}) // fail_loader($loader);
	return split ' ', $answer;
}

sub sql_string
{
	my ($text) = @_;

	return "'" . $text =~ s/'/''/gr . "'";
}

sub close_loader
{
	my ($loader) = @_;

	close($loader->{in}) or fail_loader($loader);
	waitpid($loader->{pid}, 0);
	die "psql failed\n" if $? != 0;
	return;
}

# psql went away early; it has said why.
sub fail_loader
{
	my ($loader) = @_;

	close($loader->{in});
	waitpid($loader->{pid}, 0);
	die "psql failed: the history is not replayed to its end\n";
}


# What the user sees

# On a terminal, a bar; elsewhere, a line now and then.
sub open_progress
{
	my ($of, $what) = @_;
	my $bar = -t STDERR;

	STDERR->autoflush(1);
	return { of => $of, what => $what, bar => $bar, next => $bar ? 0 : time + SAY_EVERY };
}

sub show_progress
{
	my ($progress, $done) = @_;
	my $of = $progress->{of};
	my $now = time;

	return if $now < $progress->{next} && !($progress->{bar} && $done == $of);
	if ($progress->{bar})
	{
		my $full = int(BAR_WIDTH * $done / $of);

		$progress->{next} = $now + 0.1;
		printf STDERR "\r%s%s %3d %%  %s of %s %s",
		  "\xE2\x96\x88" x $full, "\xE2\x96\x91" x (BAR_WIDTH - $full),
		  100 * $done / $of, with_commas($done), with_commas($of), $progress->{what};
	}
	else
	{
		$progress->{next} = $now + SAY_EVERY;
		printf STDERR "%s of %s %s\n", with_commas($done), with_commas($of), $progress->{what};
	}
	return;
}

sub close_progress
{
	my ($progress) = @_;

	print STDERR "\n" if $progress->{bar};
	return;
}

sub summary
{
	my ($total, $seconds) = @_;
	my ($added, $present) = @$total{qw(added present)};

	die "no commit touches a file\n" if $added + $present == 0;
	return sprintf('nothing new: all %s were there already (%.1f s)',
		counted($present, 'event'), $seconds)
	  if $added == 0;
	return sprintf('replayed %s of %s in %.1f s; %s were there already',
		counted($added, 'new event'), counted($total->{commits}, 'commit'),
		$seconds, with_commas($present))
	  if $present > 0;
	return sprintf(
		'replayed %s of %s into %s in %.1f s (%s events/s)',
		counted($added, 'event'),
		counted($total->{commits}, 'commit'),
		counted($total->{streams}, 'stream'),
		$seconds, with_commas(int($added / $seconds)));
}

sub counted
{
	my ($count, $what) = @_;

	return with_commas($count) . " $what" . ($count == 1 ? '' : 's');
}

sub with_commas
{
	my ($number) = @_;

	1 while $number =~ s/^(\d+)(\d{3})/$1,$2/;
	return $number;
}
