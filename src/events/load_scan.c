/*-------------------------------------------------------------------------
 *
 * load_scan.c
 *	  azr_load in FROM as a scan of its own.
 *
 * PostgreSQL calls a function in FROM to its end, keeps all rows, and only then goes
 * on.  So a client would wait for the last event before it got the first one, and each
 * row would be built twice.  Here the planner is offered a custom scan in the place of
 * that function scan: it reads an event when one is asked for, and stops when no more
 * are.  Calls in other places, and such as ask for the row as a whole, WITH ORDINALITY,
 * ROWS FROM with others, or have volatile arguments, are function scans as ever.
 *
 * The function's planner support function sees to it that the library is loaded, with
 * its hook, before the first of its calls is planned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "plumbing/compat.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "events/load.h"
#include "events/load_scan.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(azr_load_support);

#define NUM_LOAD_ARGS	10

/*
 * What a call is taken to give at most: as many events as this, or as LONG_STREAM streams
 * of average length have; where there are no statistics, MANY_EVENTS.
 */
#define FEW_EVENTS		1000.0
#define LONG_STREAM		10.0
#define MANY_EVENTS		100000.0

typedef struct LoadScanState
{
	CustomScanState css;
	List	   *args;			/* of ExprStates */
	MemoryContext context;		/* of what lives as long as the load */
	bool		loading;
	AzrLoad		load;
} LoadScanState;

static void add_load_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte);
static FuncExpr *load_call(const RangeTblEntry *rte);
static bool needs_whole_row(const RelOptInfo *rel);
static List *all_columns(const FuncExpr *call, Index rti);
static Plan *plan_load_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
							List *tlist, List *clauses, List *custom_plans);
static Node *create_load_scan_state(CustomScan *scan);
static void begin_load_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_load_scan(CustomScanState *node);
static TupleTableSlot *next_event(ScanState *node);
static bool recheck_event(ScanState *node, TupleTableSlot *slot);
static void begin_load(LoadScanState *state);
static void end_load_scan(CustomScanState *node);
static void rescan_load_scan(CustomScanState *node);
static void explain_load_scan(CustomScanState *node, List *ancestors, ExplainState *es);
static bool constant_count(const FuncExpr *call, int argno, double *value);
static double most_events(Oid schema);
static double estimated_tuples(const char *table, Oid schema);

static const CustomPathMethods path_methods = {
	.CustomName = "azr_load",
	.PlanCustomPath = plan_load_scan
};

static const CustomScanMethods scan_methods = {
	.CustomName = "azr_load",
	.CreateCustomScanState = create_load_scan_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "azr_load",
	.BeginCustomScan = begin_load_scan,
	.ExecCustomScan = exec_load_scan,
	.EndCustomScan = end_load_scan,
	.ReScanCustomScan = rescan_load_scan,
	.ExplainCustomScan = explain_load_scan
};

static set_rel_pathlist_hook_type previous_hook = NULL;

/*
 * Called when the library is loaded.
 */
void
azr_load_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_load_path;
}

/*
 * azr_load_support(internal) -> internal
 *
 * Tells the planner how many events a call gives, where its arguments say so.  A bound that
 * is meant to be none says nothing: so no stream is taken to be far longer than others.  Of
 * what types, if only some are asked for, nothing is known.
 */
Datum
azr_load_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestRows *rows;
	FuncExpr   *call;
	double		from;
	double		to;
	double		max_count;

	if (!IsA(request, SupportRequestRows))
		PG_RETURN_POINTER(NULL);
	rows = (SupportRequestRows *) request;
	if (rows->node == NULL || !IsA(rows->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	call = (FuncExpr *) rows->node;

	rows->rows = -1;
	if (constant_count(call, 3, &from) && constant_count(call, 4, &to))
		rows->rows = Max(to - from, 1);
	if (constant_count(call, 7, &max_count) &&
		(rows->rows < 0 || max_count < rows->rows))
		rows->rows = Max(max_count, 1);
	if (rows->rows < 0)
		PG_RETURN_POINTER(NULL);
	if (rows->rows > FEW_EVENTS)
		rows->rows = Min(rows->rows, most_events(get_func_namespace(call->funcid)));
	PG_RETURN_POINTER(rows);
}

/*
 * Offer the scan in place of a function scan.
 */
static void
add_load_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr   *call;
	CustomPath *path;
	QualCost	qual_cost;

	if (previous_hook != NULL)
		previous_hook(root, rel, rti, rte);

	call = load_call(rte);
	if (call == NULL || needs_whole_row(rel) || all_columns(call, rti) == NIL)
		return;

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = get_baserel_parampathinfo(root, rel, rel->lateral_relids);
	path->path.parallel_safe = rel->consider_parallel;
	path->path.rows = path->path.param_info != NULL ? path->path.param_info->ppi_rows : rel->rows;

	/*
	 * what a function scan costs (cost_functionscan()), but for keeping the
	 * rows
	 */
	cost_qual_eval_node(&qual_cost, (Node *) call, root);
	path->path.startup_cost = rel->baserestrictcost.startup + qual_cost.startup +
		qual_cost.per_tuple;
	path->path.total_cost = path->path.startup_cost +
		(cpu_operator_cost + rel->baserestrictcost.per_tuple) * rel->tuples;
	path->path.startup_cost += rel->reltarget->cost.startup;
	path->path.total_cost += rel->reltarget->cost.startup +
		rel->reltarget->cost.per_tuple * path->path.rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	add_path(rel, &path->path);
}

/*
 * The call of azr_load that an entry of FROM is, or NULL.
 */
static FuncExpr *
load_call(const RangeTblEntry *rte)
{
	FuncExpr   *call;
	HeapTuple	tuple;
	bool		candidate;
	FmgrInfo	finfo;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality || list_length(rte->functions) != 1)
		return NULL;
	call = (FuncExpr *) linitial_node(RangeTblFunction, rte->functions)->funcexpr;
	if (call == NULL || !IsA(call, FuncExpr) || list_length(call->args) != NUM_LOAD_ARGS)
		return NULL;

	/* a function scan computes them once, this one for each rescan */
	if (contain_volatile_functions((Node *) call->args) ||
		expression_returns_set((Node *) call->args))
		return NULL;

	/* it may stand in any schema: what it calls is what counts */
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	candidate = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId &&
		!((Form_pg_proc) GETSTRUCT(tuple))->proisstrict &&
		strcmp(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname), "azr_load") == 0;
	ReleaseSysCache(tuple);
	if (!candidate)
		return NULL;
	fmgr_info(call->funcid, &finfo);
	return finfo.fn_addr == azr_load ? call : NULL;
}

/*
 * Is a row asked for as a whole, above the scan or in its own conditions?
 */
static bool
needs_whole_row(const RelOptInfo *rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	foreach(lc, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, lc)->clause, rel->relid, &columns);
	return rel->attr_needed[InvalidAttrNumber - rel->min_attr] != NULL ||
		bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, columns);
}

static Plan *
plan_load_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
			   List *tlist, List *clauses, List *custom_plans)
{
	FuncExpr   *call = load_call(planner_rt_fetch(rel->relid, root));
	CustomScan *scan = makeNode(CustomScan);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = 0;	/* no table */
	scan->flags = best_path->flags;
	scan->custom_scan_tlist = all_columns(call, rel->relid);

	/* the whole call, so that the plan is known to depend on the function */
	scan->custom_exprs = list_make1(call);
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

/*
 * What the scan gives, as a target list: the columns of azr_event.  NIL if these are not
 * what they should be.
 */
static List *
all_columns(const FuncExpr *call, Index rti)
{
	List	   *columns = NIL;
	TupleDesc	desc;

	if (get_expr_result_type(unconstify(Node *, (const Node *) call),
							 NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != Natts_azr_event)
		return NIL;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		Var		   *column;

		if (attr->attisdropped)
			return NIL;
		column = makeVar(rti, attr->attnum, attr->atttypid, attr->atttypmod,
						 attr->attcollation, 0);
		columns = lappend(columns, makeTargetEntry((Expr *) column, attr->attnum,
												   pstrdup(NameStr(attr->attname)), false));
	}
	return columns;
}

static Node *
create_load_scan_state(CustomScan *scan)
{
	LoadScanState *state = (LoadScanState *) newNode(sizeof(LoadScanState), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}

/*
 * Prepare to run.  Like a function scan, this is where the right to call the function is
 * checked.
 */
static void
begin_load_scan(CustomScanState *node, EState *estate, int eflags)
{
	LoadScanState *state = (LoadScanState *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;
	FuncExpr   *call = linitial_node(FuncExpr, scan->custom_exprs);
	AclResult	acl = azr_function_aclcheck(call->funcid, GetUserId(), ACL_EXECUTE);

	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_FUNCTION, get_func_name(call->funcid));
	InvokeFunctionExecuteHook(call->funcid);

	state->args = ExecInitExprList(call->args, &node->ss.ps);
	state->context = AllocSetContextCreate(estate->es_query_cxt, "angzarr load",
										   ALLOCSET_SMALL_SIZES);
}

static TupleTableSlot *
exec_load_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_event, recheck_event);
}

/*
 * The next event in the scan's slot, which is empty after the last one.
 */
static TupleTableSlot *
next_event(ScanState *node)
{
	LoadScanState *state = (LoadScanState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext oldcontext;
	bool		found;

	ExecClearTuple(slot);
	oldcontext = MemoryContextSwitchTo(state->context);
	if (!state->loading)
		begin_load(state);
	found = azr_load_next(&state->load, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);

	return found ? ExecStoreVirtualTuple(slot) : slot;
}

/*
 * What the executor calls in place of next_event() while it looks again at a row that
 * another transaction has changed: of a scan without a table, it expects the next row in
 * the slot.  Events have no conditions that could fail then.
 */
static bool
recheck_event(ScanState *node, TupleTableSlot *slot)
{
	(void) next_event(node);
	return true;
}

/*
 * Compute the arguments and begin to load, in the load's memory context.
 */
static void
begin_load(LoadScanState *state)
{
	LOCAL_FCINFO(fcinfo, NUM_LOAD_ARGS);
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	ListCell   *lc;

	InitFunctionCallInfoData(*fcinfo, NULL, NUM_LOAD_ARGS, InvalidOid, NULL, NULL);
	foreach(lc, state->args)
	{
		NullableDatum *arg = &fcinfo->args[foreach_current_index(lc)];

		arg->value = ExecEvalExpr((ExprState *) lfirst(lc), econtext, &arg->isnull);
	}
	azr_load_begin_call(&state->load, fcinfo, state->css.ss.ps.state->es_snapshot);
	state->loading = true;
}

static void
end_load_scan(CustomScanState *node)
{
	LoadScanState *state = (LoadScanState *) node;

	if (state->loading)
		azr_load_end(&state->load);
	state->loading = false;
}

static void
rescan_load_scan(CustomScanState *node)
{
	LoadScanState *state = (LoadScanState *) node;

	ExecScanReScan(&node->ss);
	end_load_scan(node);
	MemoryContextReset(state->context);
}

/*
 * EXPLAIN (VERBOSE) shows the call, as for a function scan.
 */
static void
explain_load_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;
	List	   *context;

	if (!es->verbose)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, ancestors);
	ExplainPropertyText("Function Call",
						deparse_expression(linitial(scan->custom_exprs), context, true, false),
						es);
}

/*
 * The value of an argument that is a bigint known to the planner.
 */
static bool
constant_count(const FuncExpr *call, int argno, double *value)
{
	Node	   *arg;

	if (list_length(call->args) != NUM_LOAD_ARGS)
		return false;
	arg = list_nth(call->args, argno);
	if (!IsA(arg, Const) || ((Const *) arg)->constisnull)
		return false;
	*value = (double) DatumGetInt64(((Const *) arg)->constvalue);
	return true;
}

/*
 * How many events a stream has at most, as far as a planner should care, by the statistics of
 * the tables in a schema.  A few probes of PostgreSQL's own caches: nothing is opened.
 */
static double
most_events(Oid schema)
{
	double		streams = estimated_tuples("azr_streams", schema);
	double		events = estimated_tuples("azr_main_events", schema) +
		estimated_tuples("azr_edition_events", schema);

	if (streams < 1 || events < 1)
		return MANY_EVENTS;
	return Max(LONG_STREAM * events / streams, FEW_EVENTS);
}

/*
 * How many rows a table has, by the last VACUUM or ANALYZE; 0 where that is not known.
 */
static double
estimated_tuples(const char *table, Oid schema)
{
	Oid			relid = get_relname_relid(table, schema);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	double		tuples;

	if (!HeapTupleIsValid(tuple))
		return 0;
	tuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return Max(tuples, 0);
}
