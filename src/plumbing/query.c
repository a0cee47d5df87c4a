/*-------------------------------------------------------------------------
 *
 * query.c
 *	  SQL on the extension's own tables, run as their owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* How many rows of a large result are fetched together. */
#define ROWS_AT_A_TIME	1000

/*
 * How many plans are kept, and for how long.  A plan that was made while a table was small
 * would be slow when it has grown, and nothing tells of that before the next ANALYZE.  So
 * no plan gets old: to make one anew each second costs next to nothing.
 */
#define MAX_KEPT_PLANS	64
#define PLAN_LIFE_MS	1000

/* A plan that is kept for the next time. */
typedef struct KeptPlan
{
	dlist_node	node;			/* in kept_plans, while it is found there */
	bool		listed;
	int			uses;			/* executions that are going on */
	uint64		hash;			/* of the text */
	char	   *sql;			/* as in the C code, with "%s" for the schema */
	SPIPlanPtr	plan;
	TimestampTz made_at;
} KeptPlan;

/* The last used one comes first. */
static dlist_head kept_plans = DLIST_STATIC_INIT(kept_plans);
static int	num_kept_plans = 0;
static uint64 kept_finding = 0; /* where the extension was when they were made */

/* Who was calling, and with which settings. */
typedef struct CallerScope
{
	Oid			userid;
	int			sec_context;
	int			guc_level;
} CallerScope;

static uint64 run(const char *sql, const AzrQueryArgs *args, bool exact, bool read_only,
				  AzrRowCallback callback, void *arg);
static int	execute(const char *sql, const AzrQueryArgs *args, SPIExecuteOptions *options);
static KeptPlan *find_plan(const char *sql, const AzrQueryArgs *args);
static KeptPlan *make_plan(const char *sql, uint64 hash, const AzrQueryArgs *args);
static void forget_plan(KeptPlan *kept);
static void free_plan(KeptPlan *kept);
static uint64 call_back(SPITupleTable *rows, uint64 row, MemoryContext context,
						AzrRowCallback callback, void *arg);
static void become_owner(CallerScope *caller);
static void become_caller(const CallerScope *caller);
static char *qualify(const char *sql);
static ParamListInfo make_params(const AzrQueryArgs *args);

void
azr_query_arg(AzrQueryArgs *args, Oid type, Datum value, bool isnull)
{
	if (args->count == AZR_MAX_QUERY_ARGS)
		elog(ERROR, "too many arguments of a query");

	args->types[args->count] = type;
	args->values[args->count] = value;
	args->nulls[args->count] = isnull;
	args->count++;
}

/*
 * For callbacks: check that the first 'count' columns of a row are not NULL.
 *
 * Raises XX001 if one is: the tables' owner has let in what the extension's tables do not
 * allow.
 */
void
azr_check_row(const bool *nulls, int count)
{
	for (int i = 0; i < count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("a table of extension \"angzarr\" has a NULL where it must not"),
					 errhint("Its owner has dropped a NOT NULL constraint.")));
}

/*
 * A callback that notes a value in an AzrQueryValue.
 */
void
azr_query_note(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrQueryValue *noted = (AzrQueryValue *) arg;

	noted->found = !nulls[0];
	noted->value = values[0];
}

/*
 * Run a SELECT with the caller's snapshot, and return its rows from a set-returning
 * function.  They must have that function's row type.  They go straight to a tuplestore, so
 * they take work_mem at most.
 */
Datum
azr_query_return_set(FunctionCallInfo fcinfo, const char *sql,
					 const AzrQueryArgs *args)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CallerScope caller;
	SPIExecuteOptions options = {0};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	options.params = make_params(args);
	options.read_only = true;
	options.dest = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
									rsinfo->econtext->ecxt_per_query_memory,
									false, rsinfo->setDesc,
									"query result does not match the function's");

	become_owner(&caller);
	SPI_connect();
	if (execute(sql, args, &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run query of extension \"angzarr\"");
	SPI_finish();
	become_caller(&caller);

	PG_RETURN_NULL();
}

/*
 * Run a SELECT with the active snapshot.  'callback' sees each row.
 */
void
azr_query_read(const char *sql, const AzrQueryArgs *args,
			   AzrRowCallback callback, void *arg)
{
	(void) run(sql, args, false, true, callback, arg);
}

/*
 * As azr_query_read(), but for many rows: they are fetched in batches, and what 'callback'
 * allocates is freed after each batch.  No plan is kept, since it is the rows that take the
 * time.
 */
void
azr_query_each(const char *sql, const AzrQueryArgs *args,
			   AzrRowCallback callback, void *arg)
{
	CallerScope caller;
	SPIParseOpenOptions options = {0};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr rows",
												  ALLOCSET_DEFAULT_SIZES);
	Portal		portal;
	uint64		row = 0;

	options.params = make_params(args);
	options.read_only = true;

	become_owner(&caller);
	SPI_connect();
	portal = SPI_cursor_parse_open(NULL, qualify(sql), &options);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, ROWS_AT_A_TIME);
		if (SPI_processed == 0)
			break;
		row = call_back(SPI_tuptable, row, scratch, callback, arg);
		SPI_freetuptable(SPI_tuptable);
		MemoryContextReset(scratch);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	become_caller(&caller);
	MemoryContextDelete(scratch);
}

/*
 * As azr_query_read(), but with a new snapshot, which shows what others have committed by
 * now, unless the transaction must stick to an old one.
 */
void
azr_query_latest(const char *sql, const AzrQueryArgs *args,
				 AzrRowCallback callback, void *arg)
{
	(void) run(sql, args, false, false, callback, arg);
}

/*
 * Run a statement that changes rows, and say how many rows it processed.  'callback',
 * unless it is NULL, sees each row that the statement returns.
 */
uint64
azr_query_modify(const char *sql, const AzrQueryArgs *args,
				 AzrRowCallback callback, void *arg)
{
	return run(sql, args, false, false, callback, arg);
}

/*
 * Run a statement that changes this many rows of a table, unless a trigger keeps it from that.
 *
 * Raises 27000 if it has changed fewer or more.
 */
void
azr_query_must_change(const char *table, uint64 rows, const char *sql, const AzrQueryArgs *args)
{
	if (azr_query_modify(sql, args, NULL, NULL) != rows)
		azr_query_row_dropped(table);
}

/*
 * Raise 27000: a trigger on a table has dropped a row.
 */
void
azr_query_row_dropped(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("a trigger on table \"%s\" dropped a row", table),
			 errhint("A BEFORE trigger there must return every row.")));
}

/*
 * Run a command such as CREATE TABLE, which has names in it that are not known
 * beforehand.  It is run as it stands: here "%s" is nothing special.
 */
void
azr_query_utility(const char *command)
{
	CallerScope caller;
	SPIExecuteOptions options = {0};

	become_owner(&caller);
	SPI_connect();
	if (SPI_execute_extended(command, &options) < 0)
		elog(ERROR, "could not run command of extension \"angzarr\"");
	SPI_finish();
	become_caller(&caller);
}

/*
 * Run a statement that has names in it that are not known beforehand.  It is run as it
 * stands: here "%s" is nothing special.  'read_only' is whether it is to see what the
 * active snapshot shows, as for azr_query_read(), or else as for azr_query_latest().
 */
uint64
azr_query_exact(const char *sql, const AzrQueryArgs *args, bool read_only,
				AzrRowCallback callback, void *arg)
{
	return run(sql, args, true, read_only, callback, arg);
}

static uint64
run(const char *sql, const AzrQueryArgs *args, bool exact, bool read_only,
	AzrRowCallback callback, void *arg)
{
	CallerScope caller;
	SPIExecuteOptions options = {0};
	MemoryContext caller_context = CurrentMemoryContext;
	uint64		processed;
	int			result;

	options.params = make_params(args);
	options.read_only = read_only;

	become_owner(&caller);
	SPI_connect();
	result = exact ? SPI_execute_extended(sql, &options) : execute(sql, args, &options);
	if (result < 0)
		elog(ERROR, "could not run query of extension \"angzarr\"");
	processed = SPI_processed;
	if (callback != NULL && SPI_tuptable != NULL)
		(void) call_back(SPI_tuptable, 0, caller_context, callback, arg);
	SPI_finish();
	become_caller(&caller);
	return processed;
}

/*
 * Run a statement by its kept plan, unless the arguments ask for a new one.  The caller has
 * become the owner, and is connected to SPI.  Returns SPI's result code.
 *
 * The statement may run code of the owner that calls us again, even for the same statement.
 * If that makes us forget the plan that is being executed, it is freed after its last
 * execution.
 */
static int
execute(const char *sql, const AzrQueryArgs *args, SPIExecuteOptions *options)
{
	KeptPlan   *volatile kept;
	volatile int result;

	if (args->plan_anew)
		return SPI_execute_extended(qualify(sql), options);

	kept = find_plan(sql, args);
	kept->uses++;
	PG_TRY();
	{
		result = SPI_execute_plan_extended(kept->plan, options);
	}
	PG_FINALLY();
	{
		kept->uses--;
		if (!kept->listed && kept->uses == 0)
			free_plan(kept);
	}
	PG_END_TRY();
	return result;
}

/*
 * The plan of a statement, which is made now if there is none or if it is too old.
 */
static KeptPlan *
find_plan(const char *sql, const AzrQueryArgs *args)
{
	uint64		finding = azr_extension_finding();
	uint64		hash = hash_bytes_extended((const unsigned char *) sql, strlen(sql), 0);
	dlist_mutable_iter iter;

	if (finding != kept_finding)
	{
		dlist_foreach_modify(iter, &kept_plans)
			forget_plan(dlist_container(KeptPlan, node, iter.cur));
		kept_finding = finding;
	}

	dlist_foreach_modify(iter, &kept_plans)
	{
		KeptPlan   *kept = dlist_container(KeptPlan, node, iter.cur);

		if (kept->hash != hash || strcmp(kept->sql, sql) != 0)
			continue;
		if (TimestampDifferenceExceeds(kept->made_at, GetCurrentTimestamp(), PLAN_LIFE_MS))
		{
			forget_plan(kept);
			break;
		}
		dlist_move_head(&kept_plans, &kept->node);
		return kept;
	}
	return make_plan(sql, hash, args);
}

/*
 * Make a plan and keep it.  All executions share it, whatever their arguments: a query that
 * needs another plan for other values sets plan_anew.  If there are too many plans, the one
 * that was not used for longest is forgotten.
 */
static KeptPlan *
make_plan(const char *sql, uint64 hash, const AzrQueryArgs *args)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(qualify(sql), args->count,
										  (Oid *) args->types,
										  CURSOR_OPT_GENERIC_PLAN);
	Size		length = strlen(sql) + 1;
	KeptPlan   *kept;

	if (plan == NULL)
		elog(ERROR, "could not prepare query of extension \"angzarr\"");
	if (num_kept_plans >= MAX_KEPT_PLANS)
		forget_plan(dlist_tail_element(KeptPlan, node, &kept_plans));

	kept = MemoryContextAllocZero(CacheMemoryContext, sizeof(KeptPlan) + length);
	kept->sql = (char *) (kept + 1);
	memcpy(kept->sql, sql, length);
	kept->hash = hash;
	kept->plan = plan;
	kept->made_at = GetCurrentTimestamp();
	SPI_keepplan(plan);
	kept->listed = true;
	dlist_push_head(&kept_plans, &kept->node);
	num_kept_plans++;
	return kept;
}

/*
 * Take a plan out of the list, and free it unless it is being executed.
 */
static void
forget_plan(KeptPlan *kept)
{
	dlist_delete(&kept->node);
	num_kept_plans--;
	kept->listed = false;
	if (kept->uses == 0)
		free_plan(kept);
}

static void
free_plan(KeptPlan *kept)
{
	SPI_freeplan(kept->plan);
	pfree(kept);
}

/*
 * Show rows to a callback, in a memory context that outlives them.  The first one has the
 * number 'row'.  Returns the number of the row after the last one.
 */
static uint64
call_back(SPITupleTable *rows, uint64 row, MemoryContext context,
		  AzrRowCallback callback, void *arg)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	TupleDesc	desc = rows->tupdesc;
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));

	for (uint64 i = 0; i < rows->numvals; i++)
	{
		heap_deform_tuple(rows->vals[i], desc, values, nulls);
		callback(row++, values, nulls, arg);
	}
	MemoryContextSwitchTo(oldcontext);
	return row;
}

/*
 * Become the tables' owner, with a safe search_path.  An error undoes it with
 * the transaction or subtransaction.
 *
 * The owner's triggers must not get at the caller's rights.  So an owner that could not
 * become the caller anyway may do nothing whose effect outlasts the switch: no deferred
 * trigger, temporary object or held cursor.  Logical replication does the same when it
 * writes to a table (SwitchToUntrustedUser() in usercontext.c).
 */
static void
become_owner(CallerScope *caller)
{
	Oid			owner = azr_extension_owner();
	int			sec_context;

	GetUserIdAndSecContext(&caller->userid, &caller->sec_context);
	sec_context = caller->sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS;
	if (!azr_can_set_role(owner, caller->userid))
		sec_context |= SECURITY_RESTRICTED_OPERATION;
	SetUserIdAndSecContext(owner, sec_context);

	caller->guc_level = NewGUCNestLevel();
	azr_set("search_path", "pg_catalog, pg_temp");
}

static void
become_caller(const CallerScope *caller)
{
	AtEOXact_GUC(false, caller->guc_level);
	SetUserIdAndSecContext(caller->userid, caller->sec_context);
}

/*
 * Put the extension's schema in place of each "%s".
 */
static char *
qualify(const char *sql)
{
	const char *schema = azr_extension_schema_name();
	StringInfoData buf;
	const char *rest;

	initStringInfo(&buf);
	while ((rest = strstr(sql, "%s")) != NULL)
	{
		appendBinaryStringInfo(&buf, sql, rest - sql);
		appendStringInfoString(&buf, schema);
		sql = rest + 2;
	}
	appendStringInfoString(&buf, sql);
	return buf.data;
}

static ParamListInfo
make_params(const AzrQueryArgs *args)
{
	ParamListInfo params = makeParamList(args->count);

	for (int i = 0; i < args->count; i++)
	{
		params->params[i].value = args->values[i];
		params->params[i].isnull = args->nulls[i];
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = args->types[i];
	}
	return params;
}
