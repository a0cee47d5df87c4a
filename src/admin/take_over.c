/*-------------------------------------------------------------------------
 *
 * take_over.c
 *	  azr_take_over: make a store work again that has a new owner, or rows from elsewhere.
 *
 * The functions of a trusted extension belong to the superuser whose rights were lent to
 * its creation, and the creator may use them by a grant.  That grant does not go to a new
 * owner with the tables, and only the owner of the functions can repeat it.  So this
 * function does just that, with the rights of its own owner, for whoever owns the tables:
 * it grants what creator.sql has granted, on functions of this library and types of this
 * extension.
 *
 * The new owner cannot have been granted EXECUTE before, so everybody has it, and the
 * function first checks who calls.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "admin/change.h"
#include "admin/take_over.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "plumbing/args.h"
#include "plumbing/extension.h"
#include "plumbing/function_owner.h"
#include "plumbing/lock.h"
#include "plumbing/numbered.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(azr_take_over);

typedef struct TakeOver
{
	FunctionCallInfo fcinfo;
	Oid			owner;			/* of the tables */
	const char *owner_name;		/* quoted */
	Oid			lender;			/* who owns the functions */
	Oid			self;			/* this function */
} TakeOver;

/* A sequence that is behind the numbers that are taken. */
typedef struct Behind
{
	char	   *sequence;
	Oid			id;
	int64		given;
	int64		taken;
} Behind;

/*
 * The functions of this library and the types of this extension that belong to the
 * functions' owner.  $1 is that owner, $2 the tables' owner, and $3 this function.
 */
#define MEMBERS(catalog) \
	"FROM pg_extension e " \
	"JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid " \
	"AND d.classid = '" catalog "'::regclass AND d.deptype = 'e' " \
	"JOIN " catalog " o ON o.oid = d.objid "
#define OBJECTS \
	"(SELECT d.classid, o.oid, 'EXECUTE ON ROUTINE ' AS privilege, " \
	"o.oid::regprocedure::text AS name, o.proacl AS acl, ' functions' AS kind " \
	MEMBERS("pg_proc") \
	"JOIN pg_proc self ON self.oid = $3 AND self.prolang = o.prolang AND self.probin = o.probin " \
	"WHERE e.extname = 'angzarr' AND o.proowner = $1 " \
	"UNION ALL SELECT d.classid, o.oid, 'USAGE ON TYPE ', " \
	"o.oid::regtype::text, o.typacl, ' types' " \
	MEMBERS("pg_type") \
	"JOIN pg_class c ON c.reltype = o.oid AND c.relkind = 'c' " \
	"WHERE e.extname = 'angzarr' AND o.typowner = $1) x "

/* Grants to the tables' owner that are missing: what, how many, and two empty columns. */
#define MISSING_GRANTS \
	"SELECT x.privilege || string_agg(x.name, ', '), count(*) || x.kind, '', '' FROM " OBJECTS \
	"WHERE $1 <> $2 AND NOT EXISTS (SELECT FROM aclexplode(x.acl) a " \
	"WHERE a.grantor = $1 AND a.grantee = $2 AND a.is_grantable) " \
	"GROUP BY x.privilege, x.kind ORDER BY x.privilege"

/*
 * Grants that the present owner of the tables has not made, by roles that have the right to
 * make them from the functions' owner, as an earlier owner of the tables has.  Columns:
 * what, how many, to whom, and with which option.
 */
#define EARLIER_GRANTS \
	"SELECT x.privilege || string_agg(DISTINCT x.name, ', '), " \
	"count(DISTINCT x.name) || x.kind, " \
	"CASE a.grantee WHEN 0 THEN 'PUBLIC' " \
	"ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee, " \
	"CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option " \
	"FROM " OBJECTS "CROSS JOIN LATERAL aclexplode(x.acl) a " \
	"WHERE a.grantor NOT IN ($1, $2) AND a.grantee NOT IN ($1, $2) " \
	"AND EXISTS (SELECT FROM aclexplode(x.acl) r " \
	"WHERE r.grantor = $1 AND r.grantee = a.grantor AND r.is_grantable) " \
	"AND NOT EXISTS (SELECT FROM aclexplode(x.acl) r " \
	"WHERE r.grantor = $2 AND r.grantee = a.grantee " \
	"AND (r.is_grantable OR NOT a.is_grantable)) " \
	"GROUP BY x.privilege, x.kind, grantee, option ORDER BY grantee, x.privilege, option"

/*
 * Make the creator's rights the present owner's, in what pg_dump takes for the rights that
 * CREATE EXTENSION gives.
 */
#define HAND_OVER_INITIAL_RIGHTS \
	"UPDATE pg_init_privs i SET initprivs = (SELECT array_agg(makeaclitem(" \
	"CASE WHEN a.grantee IN (0, $1) THEN a.grantee ELSE $2 END, a.grantor, a.privilege_type, " \
	"a.is_grantable)) " \
	"FROM aclexplode(i.initprivs) a WHERE $1 <> $2 OR a.grantee IN (0, $1)) " \
	"FROM " OBJECTS "WHERE i.objoid = x.oid AND i.classoid = x.classid AND i.objsubid = 0 " \
	"AND EXISTS (SELECT FROM aclexplode(i.initprivs) a WHERE a.grantee NOT IN (0, $1, $2))"

static void check_caller(Oid owner);
static void give_rights_to_owner(const TakeOver *take_over);
static void advance_sequences(const TakeOver *take_over);
static void enable_triggers(const TakeOver *take_over);
static void grant_as_lender(const TakeOver *take_over, const char *command);
#if PG_VERSION_NUM < 170000
static void update_initial_rights(const TakeOver *take_over);
#endif
static void borrow_rights(Oid lender, Oid *userid, int *sec_context, int *guc_level);
static void give_back_rights(Oid userid, int sec_context, int guc_level);
static AzrQueryArgs role_args(const TakeOver *take_over);
static void note_texts(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_behind(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_trigger(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_take_over() -> setof azr_change
 *
 * See take_over.sql for who may call it, locks and errors.
 */
Datum
azr_take_over(PG_FUNCTION_ARGS)
{
	TakeOver	take_over;

	azr_check_can_write(fcinfo);
	take_over.owner = azr_extension_owner();
	check_caller(take_over.owner);
	take_over.owner_name = quote_identifier(GetUserNameFromId(take_over.owner, false));
	take_over.self = fcinfo->flinfo->fn_oid;
	take_over.lender = azr_function_owner(take_over.self);
	take_over.fcinfo = fcinfo;
	azr_begin_changes(fcinfo);

	/* GRANT fails if another transaction changes the same function's rights */
	azr_lock(AZR_LOCK_PRIVILEGES, 0, ExclusiveLock);
	give_rights_to_owner(&take_over);
	advance_sequences(&take_over);
	enable_triggers(&take_over);
	PG_RETURN_NULL();
}

/*
 * Raise 42501 unless the caller is a superuser or has the rights of the tables' owner.
 */
static void
check_caller(Oid owner)
{
	Oid			streams = get_relname_relid("azr_streams", azr_extension_schema());

	/* if the owner has renamed it, another table may have the name */
	if (getExtensionOfObject(RelationRelationId, streams) != get_extension_oid("angzarr", false))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of extension \"angzarr\" does not exist",
						"azr_streams")));
	if (!superuser() && !has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of the tables of extension \"angzarr\""),
				 errdetail("They belong to role \"%s\".", GetUserNameFromId(owner, false))));
}

/*
 * Give the tables' owner what the creator of the extension is given.
 */
static void
give_rights_to_owner(const TakeOver *take_over)
{
	AzrQueryArgs args = role_args(take_over);
	List	   *grants = NIL;
	ListCell   *lc;

	(void) azr_query_modify(MISSING_GRANTS, &args, note_texts, &grants);
	foreach(lc, grants)
	{
		char	  **grant = lfirst(lc);

		grant_as_lender(take_over, psprintf("GRANT %s TO %s WITH GRANT OPTION",
											grant[0], take_over->owner_name));
		azr_report_change(take_over->fcinfo, "granted", take_over->owner_name, grant[1]);
	}
#if PG_VERSION_NUM < 170000
	update_initial_rights(take_over);
#endif

	grants = NIL;
	(void) azr_query_modify(EARLIER_GRANTS, &args, note_texts, &grants);
	foreach(lc, grants)
	{
		char	  **grant = lfirst(lc);

		azr_query_utility(psprintf("GRANT %s TO %s%s", grant[0], grant[2], grant[3]));
		azr_report_change(take_over->fcinfo, "repeated", grant[2], grant[1]);
	}
}

/*
 * Move the sequences of streams' numbers and of tickets past those that are taken.
 */
static void
advance_sequences(const TakeOver *take_over)
{
	AzrQueryArgs no_args = {.plan_anew = true};
	List	   *sequences = NIL;
	ListCell   *lc;

	(void) azr_query_modify(AZR_SEQUENCE_BEHIND, &no_args, note_behind, &sequences);
	foreach(lc, sequences)
	{
		Behind	   *behind = lfirst(lc);

		if (azr_raise_sequence(behind->sequence, behind->id, behind->taken))
			azr_report_change(take_over->fcinfo, "advanced", behind->sequence,
							  psprintf("from %lld, past %lld",
									   (long long) behind->given, (long long) behind->taken));
	}
}

/*
 * Have the triggers that keep history immutable fire always.
 */
static void
enable_triggers(const TakeOver *take_over)
{
	AzrQueryArgs no_args = {.plan_anew = true};
	List	   *triggers = NIL;
	ListCell   *lc;
	const char *schema = azr_extension_schema_name();

	(void) azr_query_modify(AZR_WEAK_TRIGGERS, &no_args, note_trigger, &triggers);
	foreach(lc, triggers)
	{
		char	  **trigger = lfirst(lc);

		azr_query_utility(psprintf("ALTER TABLE %s.%s ENABLE ALWAYS TRIGGER %s",
								   schema, trigger[0], trigger[1]));
		azr_report_change(take_over->fcinfo, "enabled", trigger[1],
						  psprintf("on %s", trigger[0]));
	}
}

/*
 * Run a GRANT as the functions' owner.
 *
 * The function behind GRANT is called directly, not by a statement, so that no event
 * trigger runs with these rights.
 */
static void
grant_as_lender(const TakeOver *take_over, const char *command)
{
	RawStmt    *statement = linitial_node(RawStmt, raw_parser(command, RAW_PARSE_DEFAULT));
	Oid			userid;
	int			sec_context;
	int			guc_level;

	borrow_rights(take_over->lender, &userid, &sec_context, &guc_level);
	ExecuteGrantStmt(castNode(GrantStmt, statement->stmt));
	CommandCounterIncrement();
	give_back_rights(userid, sec_context, guc_level);
}

#if PG_VERSION_NUM < 170000
/*
 * Make pg_dump go by the present owner.  REASSIGN OWNED does so from PostgreSQL 17 on.
 * Before, a dump would revoke a right from the earlier owner, and could not be restored if
 * that role is gone.
 */
static void
update_initial_rights(const TakeOver *take_over)
{
	AzrQueryArgs args = role_args(take_over);
	Oid			userid;
	int			sec_context;
	int			guc_level;

	if (!superuser_arg(take_over->lender))
		return;
	borrow_rights(take_over->lender, &userid, &sec_context, &guc_level);
	SPI_connect();
	if (SPI_execute_with_args(HAND_OVER_INITIAL_RIGHTS, args.count, args.types, args.values,
							  NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not update initial rights of extension \"angzarr\"");
	SPI_finish();
	give_back_rights(userid, sec_context, guc_level);
}
#endif

/*
 * Become the functions' owner, with a search_path that has only PostgreSQL's own objects,
 * for what is written out above.
 */
static void
borrow_rights(Oid lender, Oid *userid, int *sec_context, int *guc_level)
{
	GetUserIdAndSecContext(userid, sec_context);
	SetUserIdAndSecContext(lender, *sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	*guc_level = NewGUCNestLevel();
	azr_set("search_path", "pg_catalog, pg_temp");
}

static void
give_back_rights(Oid userid, int sec_context, int guc_level)
{
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(userid, sec_context);
}

/*
 * The arguments of the queries on rights: see OBJECTS.
 */
static AzrQueryArgs
role_args(const TakeOver *take_over)
{
	AzrQueryArgs args = {.plan_anew = true};

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(take_over->lender), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(take_over->owner), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(take_over->self), false);
	return args;
}

/*
 * Callback: add a row of MISSING_GRANTS or EARLIER_GRANTS to a list.
 */
static void
note_texts(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **rows = (List **) arg;
	char	  **texts = palloc(4 * sizeof(char *));

	for (int i = 0; i < 4; i++)
		texts[i] = TextDatumGetCString(values[i]);
	*rows = lappend(*rows, texts);
}

/*
 * Callback: add a row of AZR_SEQUENCE_BEHIND to a list.
 */
static void
note_behind(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **sequences = (List **) arg;
	Behind	   *behind = palloc(sizeof(Behind));

	behind->sequence = TextDatumGetCString(values[0]);
	behind->id = DatumGetObjectId(values[1]);
	behind->given = DatumGetInt64(values[2]);
	behind->taken = DatumGetInt64(values[3]);
	*sequences = lappend(*sequences, behind);
}

/*
 * Callback: add the names of a row of AZR_WEAK_TRIGGERS to a list, if the trigger only
 * needs to be enabled.
 */
static void
note_trigger(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **triggers = (List **) arg;
	char	  **names;

	if (!DatumGetBool(values[3]))
		return;
	names = palloc(2 * sizeof(char *));
	names[0] = TextDatumGetCString(values[0]);
	names[1] = TextDatumGetCString(values[1]);
	*triggers = lappend(*triggers, names);
}
