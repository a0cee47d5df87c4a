# Makes src/router/router.sql: the functions of the router, as the store's catalog has them.
#
# Usage: perl router_surface.pl >src/router/router.sql
#
# The environment says which database is asked (PGHOST, PGDATABASE and so on). It has the
# extension angzarr, and nothing of the router. script/lib/router_surface.pl is the place where
# it is decided where a function's calls go: a function of the store that has no line in the
# list below, or a line without a function, is an error. test/t/043_router.pl fails if
# router.sql is not what this makes.

use strict;
use warnings;

use JSON::PP;

# Where the calls of a function go.
#
#	at			to the node of the root's slot, or to any if there is no argument "root". All share
#				azr_at_node, unless there is other wording for one in %queries. After it may stand
#				"at" again, if the SQL of the router calls azr_at_NAME
#	all			to all nodes: by hand, azr_route_NAME in merge.sql makes one answer of theirs
#	route WAYS	by hand, as azr_route_NAME, which has the WAYS named here: azr_at_NAME, which takes
#				a slot before the arguments, and azr_all_NAME
#	node		nowhere: it concerns one node, and the caller is told to connect to that
#	here WAYS	a function of router.c answers
#	none		the router does not have it
#
# "write": what it does cannot be undone, so it is refused where it would have to be.
my %rules = (
	# events
	azr_append => 'write at at',
	azr_append_json => 'write at',
	azr_append_one => 'write at',
	azr_append_commutative => 'write at',
	azr_load => 'read at at',
	azr_load_effective => 'read at',
	azr_load_json => 'read at',
	azr_load_state => 'read at',
	azr_next_sequence => 'read at',
	azr_find_by_external_id => 'read at',
	azr_find_by_source => 'read at',
	azr_domains => 'read all',
	azr_roots => 'read all',
	azr_streams_of => 'read all',
	azr_trace => 'read all',
	# its lock would end with the call
	azr_expect => 'node',
	# node by node, with a COMMIT after each batch
	azr_import => 'node',

	# editions
	azr_create_edition => 'write route at',
	azr_protect_edition => 'write route at',
	azr_delete_edition => 'write route all',
	azr_editions => 'read all',

	# snapshots, merge
	azr_put_snapshot => 'write at',
	azr_get_snapshot => 'read at',
	azr_delete_snapshots => 'write at',
	azr_maintain => 'write all',
	azr_changed_fields => 'read at',
	azr_merge_state => 'read at',

	# positions
	azr_put_position => 'write at',
	azr_put_positions => 'write route at',
	azr_get_position => 'read at',
	azr_delete_positions => 'write route at all',
	azr_lag => 'read all',

	# the feed: a cursor for each node
	azr_feed => 'node',
	azr_feed_advance => 'node',
	azr_feed_head => 'node',
	azr_feed_status => 'node',
	azr_feed_wait => 'node',

	# groups
	azr_group_create => 'write route at',
	azr_group_drop => 'write all',
	azr_groups => 'read all',
	azr_parked => 'read all',
	azr_ack => 'node',
	azr_fetch => 'node',
	azr_group_seek => 'node',
	azr_park => 'node',
	azr_retry => 'node',

	# cascades
	azr_cascade_participants => 'read all',
	azr_stale_cascades => 'read all',
	azr_confirm_cascade => 'write route',
	azr_revoke_cascade => 'write route',

	# evidence: a log for each node
	azr_prove => 'read at',
	azr_checkpoint => 'node',
	azr_checkpoints => 'node',
	azr_entries => 'node',
	azr_evidence_enable => 'node',
	azr_prove_consistency => 'node',
	azr_put_checkpoint => 'node',
	azr_salts => 'node',
	azr_seal => 'node',
	azr_tile => 'node',
	azr_verify => 'node',

	# erasing
	azr_erase => 'write at',
	azr_erasures => 'read all',
	azr_scrub => 'node',

	# care
	azr_check => 'read all',
	azr_domain_set => 'write all',
	azr_domain_settings => 'read all',
	azr_statistics => 'read all',
	azr_locks => 'node',
	azr_publication => 'node',
	azr_take_over => 'node',

	# slots: a move concerns two nodes
	azr_slots => 'read all',
	azr_own_slots => 'node',
	azr_slot_drop => 'node',
	azr_slot_ends => 'node',
	azr_slot_export => 'node',
	azr_slot_export_state => 'node',
	azr_slot_freeze => 'node',
	azr_slot_import => 'node',
	azr_slot_receive => 'node',

	# what the router knows itself
	azr_grant => 'read route',
	azr_revoke => 'read route',
	azr_privileges => 'read route',
	# a node says what is wrong with its arguments
	azr_root => 'here at',
	azr_slot => 'here',
	azr_version => 'here',

	# parts of the store's tables, indexes and planning, which nobody calls, and what routers do
	azr_append_support => 'none',
	azr_call => 'none',
	azr_correlated => 'none',
	azr_correlated_support => 'none',
	azr_correlation_key => 'none',
	azr_event_type => 'none',
	azr_feed_support => 'none',
	azr_load_support => 'none',
	azr_reject_change => 'none',
	azr_table_changed => 'none');

# What a node is asked in place of the plain call: after an error, PL/Proxy connects anew, and a
# conflict is no rare thing. So it comes as an outcome, as those of azr_append do by on_conflict, which
# is -1 and less by the next sequence here. What azr_append would refuse in other words is left alone.
my %queries = (
	azr_append_one => q{CASE WHEN pg_catalog.octet_length($6) BETWEEN 1 AND 1024 AND $7 IS NOT NULL
		THEN (SELECT CASE r.outcome WHEN 'conflict' THEN -1 - r.next_sequence ELSE r.first_sequence END
			FROM @extschema@.azr_append($2, $3, $4, $5, ARRAY[$6], ARRAY[$7], metadata => ARRAY[$8],
				correlation_id => $9, external_id => $10, on_conflict => 'return') r)
		ELSE @extschema@.azr_append_one($2, $3, $4, $5, $6, $7, $8, $9, $10) END AS r});

# What the catalog says

# Runs a query that gives rows of JSON objects. With this search_path, types of the extension are
# spelled with their schema.
sub ask
{
	my ($query) = @_;

	open(my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', 'SET search_path = pg_catalog',
		'-c', "SELECT to_json(r) FROM ($query) r") or die "cannot run psql: $!\n";
	my @rows = map { JSON::PP->new->utf8->decode($_) } <$psql>;
	close($psql) or die "psql has failed\n";
	return @rows;
}

my ($schema) = map { $_->{schema} } ask(q{SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'angzarr'});
die "the database does not have the extension angzarr\n" unless defined $schema;

my $members = q{pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	AND d.deptype = 'e' AND e.extname = 'angzarr'};

my @functions = ask(qq{SELECT p.proname AS name, p.prokind AS kind, p.proretset AS retset, p.provolatile AS volatility,
		p.proisstrict AS strict, p.procost AS cost, p.prorows AS rows,
		pg_get_function_arguments(p.oid) AS arguments, pg_get_function_identity_arguments(p.oid) AS identity,
		pg_get_function_result(p.oid) AS result, obj_description(p.oid, 'pg_proc') AS comment,
		ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n) ORDER BY n) AS types,
		ARRAY(SELECT quote_ident(a.attname) FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
			WHERE t.oid = p.prorettype AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
		ARRAY(SELECT format_type(a.atttypid, NULL) FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
			WHERE t.oid = p.prorettype AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS column_types,
		(SELECT l.level FROM $schema.azr_privileges() l WHERE l.function = p.oid) AS level
	FROM $members JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
	ORDER BY p.proname COLLATE "C"});

my @types = ask(qq{SELECT t.typname AS name, obj_description(t.oid, 'pg_type') AS comment,
		ARRAY(SELECT quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
			FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
	FROM pg_type t WHERE t.typrelid <> 0 AND EXISTS (
		SELECT FROM $members JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid WHERE p.prorettype = t.oid)
	ORDER BY t.typname COLLATE "C"});

# Is each function decided?
my %there = map { $_->{name} => 1 } @functions;
my @undecided = grep { !defined $rules{$_} } sort keys %there;
my @gone = grep { !$there{$_} } sort keys %rules;
die "script/lib/router_surface.pl does not say where the calls of these functions go: @undecided\n" if @undecided;
die "script/lib/router_surface.pl has functions that the store does not have: @gone\n" if @gone;

# What is made of it

sub literal
{
	my ($text) = @_;

	return q{'} . $text =~ s/'/''/gr . q{'};
}

sub here
{
	my ($text) = @_;

	return $text =~ s/(?<![\w.])\Q$schema\E\.azr_/\@extschema\@.azr_/gr;
}

# The function by which PL/Proxy calls one of the store's: on the node of a slot, which is the
# first argument then, or on all nodes. The columns are named, so that a node may be of a later
# version that has more of them. Arguments have no names, so that no word of the query is taken
# for one.
sub forward
{
	my ($function, $way) = @_;
	my $first = $way eq 'at' ? 2 : 1;
	my @types = @{ $function->{types} };
	my $call = "\@extschema\@.$function->{name}(" . join(', ', map { '$' . ($_ + $first) } 0 .. $#types) . ')';
	my @columns = @{ $function->{columns} };
	my $void = $function->{result} eq 'void';
	my $result = $void ? 'integer' : $function->{result} =~ s/^SETOF //r;
	my $query =
		$queries{ $function->{name} } // (
		$void ? "pg_catalog.count(*)::pg_catalog.int4 FROM $call"
	  : @columns ? join(', ', map { "r.$_" } @columns) . " FROM $call r"
	  : "r FROM $call r");

	$result = "SETOF $result" if $way eq 'all' || $function->{retset};
	return "CREATE FUNCTION \@extschema\@." . $function->{name} =~ s/^azr_/azr_${way}_/r
	  . '(' . here(join(', ', ($way eq 'at' ? 'integer' : ()), @types)) . ') RETURNS ' . here($result) . "\n"
	  . 'LANGUAGE plproxy AS $$ CLUSTER \'angzarr\'; RUN ON ' . ($way eq 'at' ? '$1' : 'ALL') . "; SELECT $query; \$\$;\n\n";
}

my %volatility = (i => 'IMMUTABLE', s => 'STABLE', v => 'VOLATILE');

print "-- The router's functions, as the store has them: made by script/lib/router_surface.pl\n\n";

foreach my $type (@types)
{
	print "CREATE TYPE \@extschema\@.$type->{name} AS (\n\t", join(",\n\t", map { here($_) } @{ $type->{columns} }), "\n);\n\n";
	print "COMMENT ON TYPE \@extschema\@.$type->{name} IS\n", literal($type->{comment}), ";\n\n" if defined $type->{comment};
}

# The way to the node of a slot that functions share: see src/plumbing/packed.h.
print "CREATE FUNCTION \@extschema\@.azr_at_node(integer, text) RETURNS SETOF text\n",
  "LANGUAGE plproxy AS \$\$ CLUSTER 'angzarr'; RUN ON \$1; SELECT \@extschema\@.azr_call(\$2); \$\$;\n\n";

my @levels;

foreach my $function (@functions)
{
	my ($name, $rule) = ($function->{name}, $rules{ $function->{name} });
	my ($use, $way, @forwards) = split(/ /, $rule =~ /^(read|write) / ? $rule : "any $rule");
	my $volatility = $function->{volatility};
	my $symbol;

	next if $way eq 'none';
	die "router_surface.pl: $name has a type of the extension, whose number differs between databases\n"
	  if $way eq 'at' && !defined $queries{$name} && grep { /\bazr_/ } @{ $function->{types} }, @{ $function->{column_types} };
	my $reworded = defined $queries{$name};
	@forwards = ($way) if $reworded || $way eq 'all';
	print forward($function, $_) foreach @forwards;

	if ($way eq 'here') { $symbol = 'azr_router' . $name =~ s/^azr//r; }
	elsif ($way eq 'node') { $symbol = 'azr_router_node_only'; }
	else { $symbol = "azr_router_$use" . ($reworded ? '_reworded' : $way eq 'at' ? '_at' : ''); }

	# what asks a node is not to be asked while a query is planned
	$volatility = 's' if $volatility eq 'i' && $way ne 'here';
	my $object = $function->{kind} eq 'p' ? 'PROCEDURE' : 'FUNCTION';

	print "CREATE $object \@extschema\@.$name(" . here($function->{arguments}) . ')';
	if ($object eq 'FUNCTION')
	{
		my $parallel = $way eq 'here' ? 'SAFE' : $volatility eq 'v' ? 'UNSAFE' : 'RESTRICTED';

		print ' RETURNS ', here($function->{result}), "\nLANGUAGE c $volatility{$volatility}",
		  ($function->{strict} ? ' STRICT' : ''), " PARALLEL $parallel COST ", ($way eq 'here' ? $function->{cost} : 100000),
		  ($function->{retset} ? " ROWS $function->{rows}" : '');
	}
	else { print "\nLANGUAGE c"; }
	print " AS 'MODULE_PATHNAME', '$symbol';\n\n";
	print "COMMENT ON $object \@extschema\@.$name(", here(join(', ', @{ $function->{types} })), ") IS\n",
	  literal($function->{comment}), ";\n\n";
	push(@levels, [ $name, $function->{level} ]);
}

print "CREATE FUNCTION \@extschema\@.azr_router_levels(OUT name text, OUT level text) RETURNS SETOF record\n",
  "LANGUAGE sql IMMUTABLE BEGIN ATOMIC VALUES\n\t",
  join(",\n\t", map { '(' . literal($_->[0]) . ', ' . literal($_->[1]) . ')' } @levels), ";\nEND;\n\n",
  "COMMENT ON FUNCTION \@extschema\@.azr_router_levels() IS\n'Which level may call which of the store''s functions.';\n",
  "\n-- End of what is made\n";
