/*-------------------------------------------------------------------------
 *
 * router.c
 *	  The extension angzarr_router: the functions of the store, in a database that has no
 *	  events, for a store that is kept on several nodes.
 *
 * This is a library of its own.  PL/Proxy, another extension, asks the nodes.  Each function of
 * the store leads here, and from here to a function in SQL that only the extension's owner may
 * call, in one of two ways (router.sql has all of them, made by script/lib/router_surface.pl):
 *
 *	azr_router_read_at, azr_router_write_at: azr_at_NAME, which PL/Proxy runs on the node of a
 *			slot.  The slot is that of the argument "root".
 *	azr_router_read, azr_router_write: azr_route_NAME, which asks all nodes, or some in turn, and
 *			makes one answer of theirs.  Those are written by hand, in the files beside router.sql.
 *
 * What this does that they could not do:
 *
 * - A node commits what it is told at once.  So what writes is refused where the caller could
 *	 still roll back.
 * - The rows of a call are all fetched before the first one is given to the caller.  PL/Proxy
 *	 keeps one result for each node, and a second call in the same statement would take the place
 *	 of the first one's rows.
 * - PL/Proxy decorates the errors of nodes, and closes the connection after each of them.  Errors
 *	 are raised again as the node has raised them.  A conflict, which is no error but the normal
 *	 course of things, comes from the node as an outcome, and becomes an error here.
 * - Values travel as text.  Dates and intervals are written as each node reads them, whatever the
 *	 session has set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "plumbing/error.h"
#include "streams/root_of_key.h"
#include "streams/slot_of.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(
					.name = "angzarr_router",
					.version = AZR_VERSION
);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(azr_router_read);
PG_FUNCTION_INFO_V1(azr_router_read_at);
PG_FUNCTION_INFO_V1(azr_router_write);
PG_FUNCTION_INFO_V1(azr_router_write_at);
PG_FUNCTION_INFO_V1(azr_router_node_only);
PG_FUNCTION_INFO_V1(azr_router_root);
PG_FUNCTION_INFO_V1(azr_router_slot);
PG_FUNCTION_INFO_V1(azr_router_version);

/* The first minor releases of PostgreSQL 15 do not tell pipelines. */
#ifndef XACT_FLAGS_PIPELINING
#define XACT_FLAGS_PIPELINING 0
#endif

/* An argument that the function does not have. */
#define NO_ARGUMENT	(-1)

/* What is known of a function, by its OID, as long as the session lasts. */
typedef struct Route
{
	Oid			function;		/* the key of the hash table */
	int			root;			/* argument by which the node is found */
	int			on_conflict;	/* argument that says what is done about a
								 * conflict */
	bool		negative_conflict;	/* azr_append_one: so comes a conflict */
	Oid			result;
	bool		result_by_value;
	int16		result_length;
	SPIPlanPtr	plan;			/* the call of the function in SQL */
} Route;

static HTAB *routes = NULL;
static bool allow_in_transaction = false;

static Datum call(FunctionCallInfo fcinfo, bool by_root, bool writes);
static Datum run(FunctionCallInfo fcinfo, const Route *route, bool by_root);
static const Route *find_route(FunctionCallInfo fcinfo, bool by_root);
static const Route *add_route(FunctionCallInfo fcinfo, bool by_root);
static void read_function(Oid function, Route *route, int *nargs, Oid *types, char **schema,
						  char **name);
static Oid	owner_of(Oid function);
static SPIPlanPtr plan_call(const char *schema, const char *name, bool by_root, bool is_set,
							int nargs, const Oid *types);
static void check_may_write(FunctionCallInfo fcinfo);
static char *function_label(FunctionCallInfo fcinfo);
static void settle_formats(void);
static bool asks_for_error(FunctionCallInfo fcinfo, const Route *route);
static void check_conflict(FunctionCallInfo fcinfo, HeapTupleHeader result);
pg_noreturn static void raise_conflict(FunctionCallInfo fcinfo, long long next);
pg_noreturn static void raise_again(const ErrorData *error);
static bool is_of_proxy(const ErrorData *error);
static const char *after_database(const ErrorData *error);
static const char *after_decoration(const ErrorData *error);
static const char *without(const char *prefix, const char *text);
static bool is_lost_connection(const ErrorData *error);

/*
 * Called when a session first uses a function of the library.
 */
void
_PG_init(void)
{
	DefineCustomBoolVariable("angzarr_router.allow_in_transaction",
							 "Lets functions that write be called in a transaction block.",
							 "What they do is committed at once, and stays if the transaction is rolled back.",
							 &allow_in_transaction, false, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("angzarr_router");
}

/*
 * The functions of the store that read, and whose answer is made of several nodes'
 */
Datum
azr_router_read(PG_FUNCTION_ARGS)
{
	return call(fcinfo, false, false);
}

/*
 * The functions of the store that read on the node of a root
 */
Datum
azr_router_read_at(PG_FUNCTION_ARGS)
{
	return call(fcinfo, true, false);
}

/*
 * The functions of the store that write, on several nodes
 */
Datum
azr_router_write(PG_FUNCTION_ARGS)
{
	return call(fcinfo, false, true);
}

/*
 * The functions of the store that write on the node of a root
 */
Datum
azr_router_write_at(PG_FUNCTION_ARGS)
{
	return call(fcinfo, true, true);
}

/*
 * The functions of the store that concern one node
 */
Datum
azr_router_node_only(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be called through a router", function_label(fcinfo)),
			 errdetail("It concerns one node: each has a feed, a log and connections of its own."),
			 errhint("Connect to the nodes that azr_router_nodes() lists, and call it there.")));
	PG_RETURN_NULL();			/* keep compiler quiet */
}

/*
 * azr_root(domain, key) -> uuid
 *
 * As in the store.  What a node would refuse is given to one, which says why.
 */
Datum
azr_router_root(PG_FUNCTION_ARGS)
{
	const char *domain;
	int			len;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return call(fcinfo, true, false);
	domain = VARDATA_ANY(PG_GETARG_TEXT_PP(0));
	len = VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0));
	if (len < 1 || len > 255)
		return call(fcinfo, true, false);
	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) domain[i];

		/* a control character, or perhaps the first byte of one */
		if (c < 0x20 || c == 0x7F || c == 0xC2)
			return call(fcinfo, true, false);
	}
	PG_RETURN_UUID_P(azr_root_of_key(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

/*
 * azr_slot(root) -> integer
 */
Datum
azr_router_slot(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(azr_slot_of(PG_GETARG_UUID_P(0)));
}

/*
 * azr_version() -> text
 */
Datum
azr_router_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(AZR_VERSION));
}

/*
 * Have a function in SQL do what the function that was called is to do.  It runs with the rights
 * of the extension's owner.
 */
static Datum
call(FunctionCallInfo fcinfo, bool by_root, bool writes)
{
	MemoryContext caller_context = CurrentMemoryContext;
	Oid			caller;
	int			security;
	int			guc_level;
	const Route *route = find_route(fcinfo, by_root);
	Datum		result = (Datum) 0;

	if (writes)
		check_may_write(fcinfo);
	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(owner_of(fcinfo->flinfo->fn_oid), security | SECURITY_LOCAL_USERID_CHANGE);
	guc_level = NewGUCNestLevel();
	settle_formats();
	PG_TRY();
	{
		result = run(fcinfo, route, by_root);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller_context);
		error = CopyErrorData();
		FlushErrorState();
		AtEOXact_GUC(false, guc_level);
		SetUserIdAndSecContext(caller, security);
		raise_again(error);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(caller, security);
	return result;
}

static Datum
run(FunctionCallInfo fcinfo, const Route *route, bool by_root)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		is_set = fcinfo->flinfo->fn_retset;
	int			first = by_root ? 1 : 0;
	int			nvalues = first + fcinfo->nargs;
	Datum		values[FUNC_MAX_ARGS + 1];
	char		nulls[FUNC_MAX_ARGS + 1];
	bool		outcome_to_error = asks_for_error(fcinfo, route);
	Datum		result = (Datum) 0;
	bool		isnull = true;
	bool		has_row;
	int			rc;

	if (by_root)
	{
		/*
		 * without a root, any node will do, also to say that there must be
		 * one
		 */
		values[0] = Int32GetDatum(route->root == NO_ARGUMENT || PG_ARGISNULL(route->root)
								  ? 0 : azr_slot_of(PG_GETARG_UUID_P(route->root)));
		nulls[0] = ' ';
	}
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		values[first + i] = fcinfo->args[i].value;
		nulls[first + i] = fcinfo->args[i].isnull ? 'n' : ' ';
	}
	if (outcome_to_error)
		values[first + route->on_conflict] = CStringGetTextDatum("return");

	if (is_set)
	{
		SPIExecuteOptions options = {0};

		InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
		options.read_only = true;
		options.dest = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
										rsinfo->econtext->ecxt_per_query_memory, false,
										rsinfo->setDesc,
										"what a node has returned is not what the function returns");
		options.params = makeParamList(nvalues);
		for (int i = 0; i < nvalues; i++)
		{
			ParamExternData *param = &options.params->params[i];

			param->value = values[i];
			param->isnull = nulls[i] == 'n';
			param->pflags = PARAM_FLAG_CONST;
			param->ptype = SPI_getargtypeid(route->plan, i);
		}
		SPI_connect();
		rc = SPI_execute_plan_extended(route->plan, &options);
		has_row = true;
	}
	else
	{
		SPI_connect();
		rc = SPI_execute_plan(route->plan, values, nulls, true, 1);
		has_row = SPI_processed == 1;
		if (rc == SPI_OK_SELECT && has_row)
			result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	}
	if (rc != SPI_OK_SELECT || !has_row)
		elog(ERROR, "could not run query of extension \"angzarr_router\"");

	if (!isnull && outcome_to_error)
		check_conflict(fcinfo, DatumGetHeapTupleHeader(result));
	if (!isnull && route->negative_conflict && DatumGetInt64(result) < 0)
		raise_conflict(fcinfo, -1 - DatumGetInt64(result));
	if (is_set || route->result == VOIDOID)
		isnull = true;
	else if (!isnull)
		result = SPI_datumTransfer(result, route->result_by_value, route->result_length);
	SPI_finish();

	if (is_set)
		return (Datum) 0;
	if (route->result == VOIDOID)
		PG_RETURN_VOID();
	if (isnull)
		PG_RETURN_NULL();
	return result;
}

/*
 * What is known of the function that was called.
 */
static pg_noinline const Route *
find_route(FunctionCallInfo fcinfo, bool by_root)
{
	const Route *known = NULL;

	if (routes != NULL)
		known = hash_search(routes, &fcinfo->flinfo->fn_oid, HASH_FIND, NULL);
	return known != NULL ? known : add_route(fcinfo, by_root);
}

static const Route *
add_route(FunctionCallInfo fcinfo, bool by_root)
{
	Route		found = {0};
	Route	   *added;
	Oid			types[FUNC_MAX_ARGS];
	char	   *schema;
	char	   *name;
	int			nargs;

	if (routes == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(Oid);
		control.entrysize = sizeof(Route);
		routes = hash_create("angzarr_router functions", 128, &control, HASH_ELEM | HASH_BLOBS);
	}
	read_function(fcinfo->flinfo->fn_oid, &found, &nargs, types, &schema, &name);
	get_typlenbyval(found.result, &found.result_length, &found.result_by_value);
	found.plan = plan_call(schema,
						   psprintf("azr_%s_%s", by_root ? "at" : "route", name + strlen("azr_")),
						   by_root, fcinfo->flinfo->fn_retset, nargs, types);
	added = hash_search(routes, &found.function, HASH_ENTER, NULL);
	*added = found;
	return added;
}

static void
read_function(Oid function, Route *route, int *nargs, Oid *types, char **schema,
			  char **name)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	Oid		   *all_types;
	char	  **names;
	char	   *modes;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	route->function = function;
	*schema = get_namespace_name(proc->pronamespace);
	route->root = NO_ARGUMENT;
	route->on_conflict = NO_ARGUMENT;
	route->result = proc->prorettype;
	route->negative_conflict = strcmp(NameStr(proc->proname), "azr_append_one") == 0;
	*name = pstrdup(NameStr(proc->proname));
	if (*schema == NULL || strncmp(*name, "azr_", strlen("azr_")) != 0)
		elog(ERROR, "function %u is not one of extension \"angzarr_router\"", function);

	*nargs = get_func_arg_info(tuple, &all_types, &names, &modes);
	for (int i = 0; i < *nargs; i++)
	{
		types[i] = all_types[i];
		if (names != NULL && strcmp(names[i], "root") == 0 && types[i] == UUIDOID)
			route->root = i;
		if (names != NULL && strcmp(names[i], "on_conflict") == 0)
			route->on_conflict = i;
	}
	ReleaseSysCache(tuple);
}

/*
 * Who owns a function now: that can change, where what Route has of it cannot.
 */
static Oid
owner_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Plan the call of a function in SQL.  A slot comes before the arguments if the function takes
 * one.
 */
static SPIPlanPtr
plan_call(const char *schema, const char *name, bool by_root, bool is_set, int nargs,
		  const Oid *types)
{
	StringInfoData sql;
	Oid			params[FUNC_MAX_ARGS + 1];
	int			nparams = 0;
	SPIPlanPtr	plan;

	if (by_root)
		params[nparams++] = INT4OID;
	for (int i = 0; i < nargs; i++)
		params[nparams++] = types[i];

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s%s(", is_set ? "* FROM " : "",
					 quote_qualified_identifier(schema, name));
	for (int i = 0; i < nparams; i++)
		appendStringInfo(&sql, "%s$%d", i == 0 ? "" : ", ", i + 1);
	appendStringInfoChar(&sql, ')');

	SPI_connect();
	plan = SPI_prepare(sql.data, nparams, params);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not plan query of extension \"angzarr_router\": %s",
			 SPI_result_code_string(SPI_result));
	SPI_finish();
	return plan;
}

/*
 * A node commits at once.  Raise 25006 in a read-only transaction, and 25001 where what is done
 * here could still be rolled back.
 */
static void
check_may_write(FunctionCallInfo fcinfo)
{
	if (XactReadOnly || IsInParallelMode())
	{
		char	   *function = function_label(fcinfo);

		PreventCommandIfReadOnly(function);
		PreventCommandIfParallelMode(function);
	}
	if (allow_in_transaction)
		return;
	if (IsTransactionBlock() || (MyXactFlags & XACT_FLAGS_PIPELINING) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block of a router",
						function_label(fcinfo)),
				 errdetail("A node commits what it is told at once, so ROLLBACK could not undo it."),
				 errhint("Call it as a statement of its own, or connect to the node.")));

	/*
	 * in a pipeline of the extended protocol, what comes next is another
	 * transaction
	 */
	MyXactFlags |= XACT_FLAGS_NEEDIMMEDIATECOMMIT;
}

static char *
function_label(FunctionCallInfo fcinfo)
{
	return psprintf("%s()", get_func_name(fcinfo->flinfo->fn_oid));
}

/*
 * What is sent to nodes as text must not depend on what the caller has set, and PL/Proxy is not
 * to say that it connects anew.  The caller has begun a level of settings.
 */
static void
settle_formats(void)
{
	if (DateStyle != USE_ISO_DATES)
		(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (IntervalStyle != INTSTYLE_POSTGRES)
		(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (client_min_messages < WARNING)
		(void) set_config_option("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Is a conflict to be an error?
 */
static bool
asks_for_error(FunctionCallInfo fcinfo, const Route *route)
{
	return route->on_conflict != NO_ARGUMENT && !PG_ARGISNULL(route->on_conflict) &&
		strcmp(TextDatumGetCString(PG_GETARG_DATUM(route->on_conflict)), "error") == 0;
}

/*
 * If the outcome of an append is a conflict, raise the error.
 */
static void
check_conflict(FunctionCallInfo fcinfo, HeapTupleHeader result)
{
	bool		isnull;
	Datum		outcome = GetAttributeByName(result, "outcome", &isnull);

	if (!isnull && strcmp(TextDatumGetCString(outcome), "conflict") == 0)
		raise_conflict(fcinfo, DatumGetInt64(GetAttributeByName(result, "next_sequence", &isnull)));
}

/*
 * Raise the error that the node would have raised: azr_sequence_conflict().  The arguments begin
 * with domain, edition, root and expected_sequence.
 */
static void
raise_conflict(FunctionCallInfo fcinfo, long long next)
{
	long long	expected = PG_GETARG_INT64(3);
	char	   *edition = PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *expectation;
	char	   *hint;

	expectation = expected == -1
		? "At least one event is expected"
		: psprintf("Expected sequence is %lld", expected);
	hint = expected < next
		? psprintf("Another writer was faster: load the stream from sequence %lld, decide again, and append at %lld.",
				   expected, next)
		: "The stream has no such sequence yet: load it, and decide again.";
	ereport(ERROR,
			(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
			 errmsg("sequence conflict in stream \"%s/%s/%s\"",
					text_to_cstring(PG_GETARG_TEXT_PP(0)),
					edition[0] == '\0' ? "angzarr" : edition,
					DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(2)))),
			 errdetail("%s, next sequence is %lld.", expectation, next),
			 errhint("%s", hint)));
}

/*
 * Raise an error of a node as the node has raised it, and one of PL/Proxy so that the caller
 * knows what to do.  That a function of the router was called by another one is left out of the
 * context, which names the caller's own.
 */
static void
raise_again(const ErrorData *error)
{
	const char *message = after_decoration(error);
	const char *detail = error->detail;
	const char *hint = error->hint;

	if (is_lost_connection(error))
		ereport(ERROR,
				(errcode(strstr(error->message, "PQconnect") != NULL
						 ? ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION
						 : ERRCODE_CONNECTION_FAILURE),
				 errmsg("a node cannot be reached"),
				 errdetail_internal("%s", message != NULL ? message : error->message),
				 errhint("Whether the node has done what it was asked for is not known: repeat the call with the same external_id, or look first.")));
	if (is_of_proxy(error) && strstr(error->message, "l/Proxy: cluster not found") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the router knows no node"),
				 errhint("Use azr_router_map() to say where the slots are.")));
	if (message == NULL)
		message = error->message;
	detail = without("Remote detail: ", detail);
	hint = without("Remote hint: ", hint);
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg_internal("%s", message),
			 detail != NULL ? errdetail_internal("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * Has PL/Proxy raised this?  The text of another error, such as a conflict, may have any names in
 * it, also such that look like what PL/Proxy says.
 */
static bool
is_of_proxy(const ErrorData *error)
{
	return error->funcname != NULL &&
		strncmp(error->funcname, "plproxy_", strlen("plproxy_")) == 0;
}

/*
 * The severity and the message of a node in what PL/Proxy makes of it: "schema.function(n):
 * [database] REMOTE ERROR: message".  NULL if this is not of that form.
 */
static const char *
after_database(const ErrorData *error)
{
	const char *database = is_of_proxy(error) ? strstr(error->message, "): [") : NULL;
	const char *remote = database == NULL ? NULL : strstr(database, "] REMOTE ");

	return remote == NULL ? NULL : remote + strlen("] REMOTE ");
}

/*
 * The message alone.
 */
static const char *
after_decoration(const ErrorData *error)
{
	const char *remote = after_database(error);
	const char *message = remote == NULL ? NULL : strstr(remote, ": ");

	return message == NULL ? NULL : message + 2;
}

static const char *
without(const char *prefix, const char *text)
{
	if (text == NULL || strncmp(text, prefix, strlen(prefix)) != 0)
		return text;
	return text +strlen(prefix);
}

/*
 * Is this about the connection to a node: libpq's errors, which have no SQLSTATE, and those by
 * which a server says that it goes?
 */
static bool
is_lost_connection(const ErrorData *error)
{
	if (!is_of_proxy(error))
		return false;
	if (after_decoration(error) != NULL)
		return strncmp(after_database(error), "(null): ", strlen("(null): ")) == 0 ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN ||
			error->sqlerrcode == ERRCODE_CRASH_SHUTDOWN ||
			error->sqlerrcode == ERRCODE_CANNOT_CONNECT_NOW;
	return strncmp(error->message, "PL/Proxy function ", strlen("PL/Proxy function ")) == 0 &&
		(strstr(error->message, "] PQ") != NULL ||
		 strstr(error->message, "connect timeout") != NULL ||
		 strstr(error->message, "query timeout") != NULL);
}
