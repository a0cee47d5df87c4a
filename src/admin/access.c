/*-------------------------------------------------------------------------
 *
 * access.c
 *	  azr_grant, azr_revoke and azr_privileges: who may do what.
 *
 * A level is a set of functions.  Each level has the functions of those below it too.  No
 * level has a right to write to a table: the functions are the only way in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "utils/acl.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_grant);
PG_FUNCTION_INFO_V1(azr_revoke);
PG_FUNCTION_INFO_V1(azr_privileges);

/* In ascending order: each includes those before it. */
enum
{
	READER,
	WRITER,
	ADMIN
};

static const char *const levels[] = {
	[READER] = "reader",
	[WRITER] = "writer",
	[ADMIN] = "admin",
	NULL
};

/*
 * What each function is for.  Those of "owner" are for the role that created the
 * extension, which can grant them one by one.
 */
#define FUNCTION_LEVELS \
	"(VALUES " \
	"('azr_call', 'reader'), " \
	"('azr_changed_fields', 'reader'), " \
	"('azr_checkpoint', 'reader'), " \
	"('azr_checkpoints', 'reader'), " \
	"('azr_cascade_participants', 'reader'), " \
	"('azr_correlated', 'reader'), " \
	"('azr_correlation_key', 'reader'), " \
	"('azr_domain_settings', 'reader'), " \
	"('azr_domains', 'reader'), " \
	"('azr_editions', 'reader'), " \
	"('azr_entries', 'reader'), " \
	"('azr_erasures', 'reader'), " \
	"('azr_event_type', 'reader'), " \
	"('azr_feed', 'reader'), " \
	"('azr_feed_head', 'reader'), " \
	"('azr_feed_status', 'reader'), " \
	"('azr_feed_wait', 'reader'), " \
	"('azr_find_by_external_id', 'reader'), " \
	"('azr_find_by_source', 'reader'), " \
	"('azr_get_position', 'reader'), " \
	"('azr_get_snapshot', 'reader'), " \
	"('azr_groups', 'reader'), " \
	"('azr_lag', 'reader'), " \
	"('azr_load', 'reader'), " \
	"('azr_load_effective', 'reader'), " \
	"('azr_load_json', 'reader'), " \
	"('azr_load_state', 'reader'), " \
	"('azr_locks', 'reader'), " \
	"('azr_merge_state', 'reader'), " \
	"('azr_next_sequence', 'reader'), " \
	"('azr_parked', 'reader'), " \
	"('azr_privileges', 'reader'), " \
	"('azr_prove', 'reader'), " \
	"('azr_prove_consistency', 'reader'), " \
	"('azr_root', 'reader'), " \
	"('azr_roots', 'reader'), " \
	"('azr_salts', 'reader'), " \
	"('azr_slot', 'reader'), " \
	"('azr_slots', 'reader'), " \
	"('azr_stale_cascades', 'reader'), " \
	"('azr_statistics', 'reader'), " \
	"('azr_streams_of', 'reader'), " \
	"('azr_tile', 'reader'), " \
	"('azr_trace', 'reader'), " \
	"('azr_verify', 'reader'), " \
	"('azr_version', 'reader'), " \
	"('azr_ack', 'writer'), " \
	"('azr_append', 'writer'), " \
	"('azr_append_commutative', 'writer'), " \
	"('azr_append_json', 'writer'), " \
	"('azr_append_one', 'writer'), " \
	"('azr_confirm_cascade', 'writer'), " \
	"('azr_create_edition', 'writer'), " \
	"('azr_expect', 'writer'), " \
	"('azr_feed_advance', 'writer'), " \
	"('azr_fetch', 'writer'), " \
	"('azr_group_create', 'writer'), " \
	"('azr_park', 'writer'), " \
	"('azr_put_position', 'writer'), " \
	"('azr_put_positions', 'writer'), " \
	"('azr_put_snapshot', 'writer'), " \
	"('azr_retry', 'writer'), " \
	"('azr_revoke_cascade', 'writer'), " \
	"('azr_check', 'admin'), " \
	"('azr_delete_edition', 'admin'), " \
	"('azr_delete_positions', 'admin'), " \
	"('azr_delete_snapshots', 'admin'), " \
	"('azr_domain_set', 'admin'), " \
	"('azr_group_drop', 'admin'), " \
	"('azr_group_seek', 'admin'), " \
	"('azr_import', 'admin'), " \
	"('azr_maintain', 'admin'), " \
	"('azr_own_slots', 'admin'), " \
	"('azr_protect_edition', 'admin'), " \
	"('azr_put_checkpoint', 'admin'), " \
	"('azr_seal', 'admin'), " \
	"('azr_append_support', 'owner'), " \
	"('azr_correlated_support', 'owner'), " \
	"('azr_evidence_enable', 'owner'), " \
	"('azr_erase', 'owner'), " \
	"('azr_feed_support', 'owner'), " \
	"('azr_grant', 'owner'), " \
	"('azr_load_support', 'owner'), " \
	"('azr_publication', 'owner'), " \
	"('azr_reject_change', 'owner'), " \
	"('azr_revoke', 'owner'), " \
	"('azr_scrub', 'owner'), " \
	"('azr_slot_drop', 'owner'), " \
	"('azr_slot_ends', 'owner'), " \
	"('azr_slot_export', 'owner'), " \
	"('azr_slot_export_state', 'owner'), " \
	"('azr_slot_freeze', 'owner'), " \
	"('azr_slot_import', 'owner'), " \
	"('azr_slot_receive', 'owner'), " \
	"('azr_table_changed', 'owner'), " \
	"('azr_take_over', 'owner')) AS l(name, level)"

/* The functions of the extension, with their levels. */
#define EXTENSION_FUNCTIONS \
	"FROM pg_extension e " \
	"JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid " \
	"AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' " \
	"JOIN pg_proc p ON p.oid = d.objid " \
	"LEFT JOIN " FUNCTION_LEVELS " ON l.name = p.proname " \
	"WHERE e.extname = 'angzarr' "

/* The types of what they return. */
#define EXTENSION_TYPES \
	"FROM pg_extension e " \
	"JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid " \
	"AND d.classid = 'pg_type'::regclass AND d.deptype = 'e' " \
	"JOIN pg_class c ON c.reltype = d.objid AND c.relkind = 'c' " \
	"JOIN pg_type t ON t.oid = d.objid " \
	"WHERE e.extname = 'angzarr' "

/* What azr_grant and azr_revoke are asked to do, in a schema. */
typedef struct Change
{
	Oid			role;
	const char *name;			/* of the role, as SQL names it */
	int			level;
	const char *schema;			/* as SQL names it */
} Change;

static Change begin_change(FunctionCallInfo fcinfo);
static const char *arg_role(FunctionCallInfo fcinfo, int argno, const char *argname, Oid *role);
static char *functions_of(int from, int to);
static char *all_types(void);
static void add_name(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void lock_privileges(void);
static void check_owner_may_grant(void);
static bool has_usage(Oid role);
static bool was_granted_usage(Oid role);

/*
 * azr_grant(role, level) -> void
 */
Datum
azr_grant(PG_FUNCTION_ARGS)
{
	Change		grant = begin_change(fcinfo);

	if (!has_usage(grant.role))
		azr_query_utility(psprintf("GRANT USAGE ON SCHEMA %s TO %s", grant.schema, grant.name));
	if (!has_usage(grant.role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role %s has no USAGE on schema %s, and the extension's owner cannot grant it",
						grant.name, grant.schema),
				 errhint("Have the schema's owner GRANT USAGE ON SCHEMA %s TO %s.",
						 grant.schema, grant.name)));
	azr_query_utility(psprintf("GRANT SELECT ON %s.azr_timeline TO %s", grant.schema, grant.name));
	azr_query_utility(psprintf("GRANT USAGE ON TYPE %s TO %s", all_types(), grant.name));
	azr_query_utility(psprintf("GRANT EXECUTE ON ROUTINE %s TO %s",
							   functions_of(READER, grant.level), grant.name));
	PG_RETURN_VOID();
}

/*
 * azr_revoke(role, level) -> void
 */
Datum
azr_revoke(PG_FUNCTION_ARGS)
{
	Change		revoke = begin_change(fcinfo);

	azr_query_utility(psprintf("REVOKE EXECUTE ON ROUTINE %s FROM %s",
							   functions_of(revoke.level, ADMIN), revoke.name));
	if (revoke.level == READER)
	{
		azr_query_utility(psprintf("REVOKE SELECT ON %s.azr_timeline FROM %s",
								   revoke.schema, revoke.name));
		azr_query_utility(psprintf("REVOKE USAGE ON TYPE %s FROM %s", all_types(), revoke.name));
		if (was_granted_usage(revoke.role))
			azr_query_utility(psprintf("REVOKE USAGE ON SCHEMA %s FROM %s",
									   revoke.schema, revoke.name));
	}
	PG_RETURN_VOID();
}

/*
 * azr_privileges() -> setof azr_privilege
 */
Datum
azr_privileges(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	return azr_query_return_set(fcinfo,
								"SELECT p.oid::regprocedure, l.level " EXTENSION_FUNCTIONS
								"ORDER BY array_position("
								"ARRAY['reader', 'writer', 'admin', 'owner'], l.level), "
								"p.proname COLLATE \"C\"",
								&args);
}

/*
 * Read the arguments role and level, and keep others from changing privileges to the end of
 * the transaction.
 *
 * Raises 42704 for an unknown role, 25006, and 42501 unless the tables' owner may grant.
 */
static Change
begin_change(FunctionCallInfo fcinfo)
{
	Change		change;

	change.name = arg_role(fcinfo, 0, "role", &change.role);
	change.level = azr_arg_choice(fcinfo, 1, "level", levels);
	azr_check_can_write(fcinfo);
	lock_privileges();
	check_owner_may_grant();
	change.schema = azr_extension_schema_name();
	return change;
}

/*
 * Read a role, as GRANT is to name it.
 */
static const char *
arg_role(FunctionCallInfo fcinfo, int argno, const char *argname, Oid *role)
{
	char	   *name;

	azr_arg_check_not_null(fcinfo, argno, argname);
	*role = PG_GETARG_OID(argno);
	if (!OidIsValid(*role))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must name a role", argname),
				 errdetail("Nothing of the extension is granted to PUBLIC.")));
	name = GetUserNameFromId(*role, true);
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role with OID %u does not exist", *role)));
	return quote_identifier(name);
}

/*
 * The functions of the levels from 'from' to 'to', as GRANT is to list them.
 */
static char *
functions_of(int from, int to)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int level = from; level <= to; level++)
	{
		AzrQueryArgs args = {0};

		azr_query_arg(&args, TEXTOID, CStringGetTextDatum(levels[level]), false);
		azr_query_read("SELECT p.oid::regprocedure::text " EXTENSION_FUNCTIONS "AND l.level = $1",
					   &args, add_name, &list);
	}
	return list.data;
}

/*
 * The types of what functions return, as GRANT is to list them.
 */
static char *
all_types(void)
{
	StringInfoData list;
	AzrQueryArgs args = {0};

	initStringInfo(&list);
	azr_query_read("SELECT t.oid::regtype::text " EXTENSION_TYPES, &args, add_name, &list);
	return list.data;
}

static void
add_name(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	StringInfo	list = (StringInfo) arg;

	appendStringInfo(list, "%s%s", list->len == 0 ? "" : ", ", TextDatumGetCString(values[0]));
}

/*
 * GRANT and REVOKE fail if another transaction changes the same function's rights.
 */
static void
lock_privileges(void)
{
	azr_lock(AZR_LOCK_PRIVILEGES, 0, ExclusiveLock);
}

/*
 * Raise 42501 unless the tables' owner may grant every function and type.  A new owner may
 * not, until azr_take_over() has been called.
 */
static void
check_owner_may_grant(void)
{
	AzrQueryArgs args = {0};
	AzrQueryValue lacking = {false, (Datum) 0};
	char	   *owner = GetUserNameFromId(azr_extension_owner(), false);

	azr_query_read("SELECT true " EXTENSION_FUNCTIONS
				   "AND NOT has_function_privilege(p.oid, 'EXECUTE WITH GRANT OPTION') "
				   "UNION ALL SELECT true " EXTENSION_TYPES
				   "AND NOT has_type_privilege(t.oid, 'USAGE WITH GRANT OPTION')",
				   &args, azr_query_note, &lacking);
	if (lacking.found)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\", which owns the extension's tables, may not grant its functions",
						owner),
				 errdetail("It has not created the extension."),
				 errhint("As role %s, or as a superuser, call azr_take_over() first.",
						 quote_identifier(owner))));
}

static bool
has_usage(Oid role)
{
	return azr_schema_aclcheck(azr_extension_schema(), role, ACL_USAGE) == ACLCHECK_OK;
}

/*
 * Has the extension's owner granted the role USAGE on the schema?
 */
static bool
was_granted_usage(Oid role)
{
	AzrQueryArgs args = {0};
	AzrQueryValue granted = {false, (Datum) 0};

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(azr_extension_schema()), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(role), false);
	azr_query_read("SELECT true FROM pg_namespace n, aclexplode(n.nspacl) a "
				   "WHERE n.oid = $1 AND a.grantee = $2 AND a.privilege_type = 'USAGE' "
				   "AND pg_has_role(a.grantor, 'USAGE')",
				   &args, azr_query_note, &granted);
	return granted.found;
}
