/*-------------------------------------------------------------------------
 *
 * publication.c
 *	  azr_publication: what a subscriber of logical replication needs.
 *
 * A subscriber must have each table that is published.  Partitions of the snapshots'
 * history are made and dropped by azr_maintain, on each side by the clock of that side, so
 * the history is not published.  It could not be published as one table either: rows of
 * different retention are in partitions, the key is unique only within each of them, and
 * without a key of the whole table a subscriber does not know which row to delete.
 *
 * Events are published by their leaves, which have the same names everywhere.  So a
 * subscriber need not find out where a row belongs, and copies both at once in the
 * beginning.
 *
 * The feed's tables are published: a subscriber's feed has the publisher's positions.  What is
 * counted of it (admin/statistics.c) is not: a subscriber counts for itself.  The tables of the
 * evidence are published: a subscriber has the publisher's log, proves from it, and goes on with it
 * after a switch-over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "admin/change.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/extension.h"
#include "plumbing/query.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(azr_publication);

/* All tables in which something is stored, except the history of snapshots. */
#define PUBLISHED_TABLES \
	"(VALUES ('azr_main_events'), ('azr_edition_events'), ('azr_streams'), ('azr_event_types'), " \
	"('azr_erased_events'), ('azr_registered_domains'), ('azr_registered_editions'), " \
	"('azr_slot_owners'), " \
	"('azr_positions'), ('azr_latest_snapshots'), " \
	"('azr_feed_batches'), ('azr_feed_state'), ('azr_feed_unborn'), " \
	"('azr_evidence'), ('azr_evidence_tiles'), ('azr_evidence_salts'), ('azr_evidence_heads'), " \
	"('azr_evidence_checkpoints')) t(name)"

#define ALL_CHANGES	"insert, update, delete, truncate"

/* What is known of the publication. */
typedef struct KnownPublication
{
	bool		exists;
	bool		of_everything;	/* of all tables, or of all in our schema */
	bool		of_all_changes;
} KnownPublication;

static char *arg_publication_name(FunctionCallInfo fcinfo, int argno, const char *argname);
static KnownPublication look_up(const char *name);
static void create(FunctionCallInfo fcinfo, const char *name);
static void bring_up_to_date(FunctionCallInfo fcinfo, const char *name,
							 const KnownPublication *known);
static void alter(FunctionCallInfo fcinfo, const char *name, const char *verb,
				  const char *action, const char *sql);
static void note_publication(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_table(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_publication(name) -> setof azr_change
 *
 * See publication.sql for locks and errors.
 */
Datum
azr_publication(PG_FUNCTION_ARGS)
{
	char	   *name = arg_publication_name(fcinfo, 0, "name");
	KnownPublication known;

	azr_check_can_write(fcinfo);
	azr_begin_changes(fcinfo);

	known = look_up(name);
	if (known.of_everything)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("publication \"%s\" publishes all tables", name),
				 errdetail("A subscriber would lack the partitions that azr_maintain() makes here."),
				 errhint("Choose another name, or drop that publication first.")));
	if (known.exists)
		bring_up_to_date(fcinfo, name, &known);
	else
		create(fcinfo, name);
	PG_RETURN_NULL();
}

static char *
arg_publication_name(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	char	   *name = text_to_cstring(azr_arg_name(fcinfo, argno, argname));

	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is too long", argname),
				 errdetail("It has %zu bytes, and the limit is %d bytes.",
						   strlen(name), NAMEDATALEN - 1)));
	return name;
}

static KnownPublication
look_up(const char *name)
{
	KnownPublication known = {false, false, false};
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(name), false);
	azr_query_latest("SELECT p.puballtables OR EXISTS (SELECT FROM pg_publication_namespace n "
					 "JOIN pg_extension e ON e.extname = 'angzarr' AND e.extnamespace = n.pnnspid "
					 "WHERE n.pnpubid = p.oid), "
					 "p.pubinsert AND p.pubupdate AND p.pubdelete "
					 "FROM pg_publication p WHERE p.pubname = $1",
					 &args, note_publication, &known);
	return known;
}

/*
 * Create the publication.
 *
 * Raises 42501 if the tables' owner may not.
 */
static void
create(FunctionCallInfo fcinfo, const char *name)
{
	AzrQueryArgs no_args = {0};
	AzrQueryValue may_create = {false, (Datum) 0};
	List	   *tables = NIL;
	ListCell   *lc;
	StringInfoData list;

	azr_query_read("SELECT has_database_privilege(current_database(), 'CREATE')",
				   &no_args, azr_query_note, &may_create);
	if (!may_create.found || !DatumGetBool(may_create.value))
	{
		char	   *owner = GetUserNameFromId(azr_extension_owner(), false);
		char	   *database = get_database_name(MyDatabaseId);

		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\", which owns the extension's tables, may not create a publication",
						owner),
				 errdetail("It has no CREATE on database \"%s\".", database),
				 errhint("Have the database's owner GRANT CREATE ON DATABASE %s TO %s.",
						 quote_identifier(database), quote_identifier(owner))));
	}

	azr_query_read("SELECT t.name FROM " PUBLISHED_TABLES, &no_args, note_table, &tables);
	initStringInfo(&list);
	foreach(lc, tables)
		appendStringInfo(&list, "%s%s.%s", list.len == 0 ? "" : ", ",
						 azr_extension_schema_name(),
						 quote_identifier(lfirst(lc)));
	azr_query_utility(psprintf("CREATE PUBLICATION %s FOR TABLE %s",
							   quote_identifier(name), list.data));
	azr_report_change(fcinfo, "created", name, NULL);
	foreach(lc, tables)
		azr_report_change(fcinfo, "added", lfirst(lc), NULL);
}

static void
bring_up_to_date(FunctionCallInfo fcinfo, const char *name, const KnownPublication *known)
{
	if (!known->of_all_changes)
	{
		azr_query_utility(psprintf("ALTER PUBLICATION %s SET (publish = '" ALL_CHANGES "')",
								   quote_identifier(name)));
		azr_report_change(fcinfo, "changed", name, ALL_CHANGES);
	}
	alter(fcinfo, name, "ADD", "added",
		  "SELECT t.name FROM " PUBLISHED_TABLES " JOIN pg_extension e ON e.extname = 'angzarr' "
		  "JOIN pg_class c ON c.relname = t.name AND c.relnamespace = e.extnamespace "
		  "WHERE NOT EXISTS (SELECT FROM pg_publication p "
		  "JOIN pg_publication_rel r ON r.prpubid = p.oid "
		  "WHERE r.prrelid = c.oid AND p.pubname = $1)");
	alter(fcinfo, name, "DROP", "removed",
		  "SELECT c.relname::text FROM pg_publication p "
		  "JOIN pg_publication_rel r ON r.prpubid = p.oid "
		  "JOIN pg_class c ON c.oid = r.prrelid JOIN pg_extension e ON e.extname = 'angzarr' "
		  "WHERE p.pubname = $1 AND c.relnamespace = e.extnamespace "
		  "AND EXISTS (SELECT FROM pg_partition_ancestors(c.oid) a "
		  "JOIN pg_class g ON g.oid = a.relid "
		  "WHERE g.relname IN ('azr_events', 'azr_snapshot_history') "
		  "AND g.relnamespace = e.extnamespace) "
		  "AND NOT EXISTS (SELECT FROM " PUBLISHED_TABLES " WHERE t.name = c.relname)");
}

/*
 * Add to, or drop from, a publication the tables whose names a query finds.
 */
static void
alter(FunctionCallInfo fcinfo, const char *name, const char *verb, const char *action,
	  const char *sql)
{
	AzrQueryArgs args = {0};
	List	   *tables = NIL;
	ListCell   *lc;
	const char *schema = azr_extension_schema_name();

	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(name), false);
	(void) azr_query_modify(sql, &args, note_table, &tables);
	foreach(lc, tables)
	{
		azr_query_utility(psprintf("ALTER PUBLICATION %s %s TABLE %s.%s",
								   quote_identifier(name), verb, schema,
								   quote_identifier(lfirst(lc))));
		azr_report_change(fcinfo, action, lfirst(lc), NULL);
	}
}

/*
 * Callback: what look_up() finds.
 */
static void
note_publication(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	KnownPublication *known = (KnownPublication *) arg;

	known->exists = true;
	known->of_everything = DatumGetBool(values[0]);
	known->of_all_changes = DatumGetBool(values[1]);
}

/*
 * Callback: add a name to a list.
 */
static void
note_table(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **tables = (List **) arg;

	*tables = lappend(*tables, TextDatumGetCString(values[0]));
}
