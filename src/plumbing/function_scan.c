/*-------------------------------------------------------------------------
 *
 * function_scan.c
 *	  A function of ours in FROM as a scan of its own.
 *
 * See function_scan.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "plumbing/compat.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plumbing/function_scan.h"
#include "plumbing/result.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

static AzrScannedFunction *registered = NULL;
static set_rel_pathlist_hook_type previous_hook = NULL;

static void add_scan_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte);
static FuncExpr *only_call(const RangeTblEntry *rte);
static AzrScannedFunction *called_function(const FuncExpr *call);
static bool needs_whole_row(const RelOptInfo *rel);
static List *wanted_columns(const RelOptInfo *rel, List *clauses);
static List *pull_vars(List *exprs);
static List *those_wanted(List *columns, const List *wanted);
static int	as_bits(const List *wanted);
static List *all_columns(const AzrScannedFunction *function, const FuncExpr *call, Index rti);
static Plan *plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
					   List *tlist, List *clauses, List *custom_plans);
static Node *create_scan_state(CustomScan *scan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static void prepare_columns(AzrFunctionScan *scan, const CustomScan *plan);
static void prepare_args(AzrFunctionScan *scan);
static void read_param(ExprContext *econtext, const Param *param, NullableDatum *value);
static TupleTableSlot *exec_scan(CustomScanState *node);
static bool recheck(ScanState *node, TupleTableSlot *slot);
static void end_scan(CustomScanState *node);
static void explain_scan(CustomScanState *node, List *ancestors, ExplainState *es);
static bool uses_changed_param(Node *node, Bitmapset *changed);

/*
 * Have calls of a function scanned.  Called when the library is loaded.
 */
void
azr_scanned_function_register(AzrScannedFunction *function)
{
	function->path_methods.CustomName = function->name;
	function->path_methods.PlanCustomPath = plan_scan;
	function->scan_methods.CustomName = function->name;
	function->scan_methods.CreateCustomScanState = create_scan_state;
	function->exec_methods.CustomName = function->name;
	function->exec_methods.BeginCustomScan = begin_scan;
	function->exec_methods.ExecCustomScan = exec_scan;
	function->exec_methods.EndCustomScan = end_scan;
	function->exec_methods.ReScanCustomScan = function->rescan;
	function->exec_methods.ExplainCustomScan = explain_scan;
	RegisterCustomScanMethods(&function->scan_methods);

	if (registered == NULL)
	{
		previous_hook = set_rel_pathlist_hook;
		set_rel_pathlist_hook = add_scan_path;
	}
	function->next_registered = registered;
	registered = function;
}

/*
 * Offer the scan in place of a function scan.
 */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr   *call;
	AzrScannedFunction *function;
	CustomPath *path;
	QualCost	qual_cost;

	if (previous_hook != NULL)
		previous_hook(root, rel, rti, rte);

	call = only_call(rte);
	function = call == NULL ? NULL : called_function(call);
	if (function == NULL || needs_whole_row(rel) || all_columns(function, call, rti) == NIL)
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
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION | function->flags;
	path->methods = &function->path_methods;
	add_path(rel, &path->path);
}

/*
 * The call that an entry of FROM consists of, or NULL.
 */
static FuncExpr *
only_call(const RangeTblEntry *rte)
{
	FuncExpr   *call;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality || list_length(rte->functions) != 1)
		return NULL;
	call = (FuncExpr *) linitial_node(RangeTblFunction, rte->functions)->funcexpr;
	return call != NULL && IsA(call, FuncExpr) ? call : NULL;
}

/*
 * The function that is called, if it has a scan of its own and that can take the place of
 * this call.
 *
 * It may stand in any schema: what it calls is what counts.  Where PostgreSQL is to do more
 * than to call that, as for SECURITY DEFINER, it is not among ours.
 */
static AzrScannedFunction *
called_function(const FuncExpr *call)
{
	AzrScannedFunction *function;
	HeapTuple	tuple;
	Form_pg_proc proc;
	FmgrInfo	finfo;

	for (function = registered; function != NULL; function = function->next_registered)
		if (list_length(call->args) == function->nargs)
			break;
	if (function == NULL)
		return NULL;

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->prolang != ClanguageId || proc->proisstrict)
		function = NULL;
	for (; function != NULL; function = function->next_registered)
		if (list_length(call->args) == function->nargs &&
			strcmp(NameStr(proc->proname), function->name) == 0)
			break;
	ReleaseSysCache(tuple);
	if (function == NULL)
		return NULL;

	fmgr_info(call->funcid, &finfo);
	if (finfo.fn_addr != function->address ||
		expression_returns_set((Node *) call->args) ||
		(function->accepts != NULL && !function->accepts(call)))
		return NULL;
	return function;
}

/*
 * For functions that compute their arguments again whenever their scan is started again: may
 * they?  A function scan computes volatile arguments once.
 */
bool
azr_args_stay(const FuncExpr *call)
{
	return !contain_volatile_functions((Node *) call->args);
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
plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
		  List *tlist, List *clauses, List *custom_plans)
{
	FuncExpr   *call = only_call(planner_rt_fetch(rel->relid, root));
	AzrScannedFunction *function = (AzrScannedFunction *)
		((char *) best_path->methods - offsetof(AzrScannedFunction, path_methods));
	CustomScan *scan = makeNode(CustomScan);
	List	   *wanted = wanted_columns(rel, clauses);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = 0;	/* no table */
	scan->flags = best_path->flags;
	scan->custom_scan_tlist = all_columns(function, call, rel->relid);
	if (function->only_wanted)
		scan->custom_scan_tlist = those_wanted(scan->custom_scan_tlist, wanted);

	scan->custom_private = list_make1(makeInteger(as_bits(wanted)));

	/* the whole call, so that the plan is known to depend on the function */
	scan->custom_exprs = list_make1(call);
	scan->methods = &function->scan_methods;
	return &scan->scan.plan;
}

/*
 * The numbers of the columns that are asked for, above the scan or in its own conditions, in the
 * order in which they are first used.  The target list that the plan begins with does not tell:
 * it may be empty, and be replaced.
 */
static List *
wanted_columns(const RelOptInfo *rel, List *clauses)
{
	List	   *vars = pull_vars(rel->reltarget->exprs);
	List	   *wanted = NIL;
	ListCell   *lc;

	vars = list_concat(vars, pull_vars(extract_actual_clauses(clauses, false)));
	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (var->varno == rel->relid && var->varlevelsup == 0)
			wanted = list_append_unique_int(wanted, var->varattno);
	}
	return wanted;
}

static List *
pull_vars(List *exprs)
{
	return pull_var_clause((Node *) exprs, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
						   PVC_RECURSE_PLACEHOLDERS);
}

/*
 * Those entries of a target list of all columns that are wanted.  Where the plan's target list
 * turns out to be the same, the executor gives the scan's slot to the plan above as it is.
 */
static List *
those_wanted(List *columns, const List *wanted)
{
	List	   *those = NIL;
	ListCell   *lc;

	foreach(lc, wanted)
	{
		TargetEntry *column = list_nth_node(TargetEntry, columns, lfirst_int(lc) - 1);

		column->resno = list_length(those) + 1;
		those = lappend(those, column);
	}
	return those;
}

static int
as_bits(const List *wanted)
{
	int			bits = 0;
	ListCell   *lc;

	foreach(lc, wanted)
		bits |= 1 << lfirst_int(lc);
	return bits;
}

/*
 * What the scan gives, as a target list: the columns of the type that the function returns.
 * NIL if these are not what they should be.
 */
static List *
all_columns(const AzrScannedFunction *function, const FuncExpr *call, Index rti)
{
	List	   *columns = NIL;
	TupleDesc	desc;

	if (get_expr_result_type(unconstify(Node *, (const Node *) call),
							 NULL, &desc) != TYPEFUNC_COMPOSITE ||
		!azr_has_columns(desc, function->column_types, function->ncolumns))
		return NIL;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		Var		   *column = makeVar(rti, attr->attnum, attr->atttypid, attr->atttypmod,
									 attr->attcollation, 0);

		columns = lappend(columns, makeTargetEntry((Expr *) column, attr->attnum,
												   pstrdup(NameStr(attr->attname)), false));
	}
	return columns;
}

static Node *
create_scan_state(CustomScan *scan)
{
	const AzrScannedFunction *function = (const AzrScannedFunction *)
		((const char *) scan->methods - offsetof(AzrScannedFunction, scan_methods));
	AzrFunctionScan *state = (AzrFunctionScan *) newNode(function->state_size, T_CustomScanState);

	state->css.methods = &function->exec_methods;
	state->function = function;
	return (Node *) state;
}

/*
 * Prepare to run.  Like a function scan, this is where the right to call the function is
 * checked.
 */
static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	AzrFunctionScan *scan = (AzrFunctionScan *) node;
	AclResult	acl;

	scan->call = linitial_node(FuncExpr, ((CustomScan *) node->ss.ps.plan)->custom_exprs);
	scan->wanted = intVal(linitial(((CustomScan *) node->ss.ps.plan)->custom_private));
	acl = azr_function_aclcheck(scan->call->funcid, GetUserId(), ACL_EXECUTE);
	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_FUNCTION, get_func_name(scan->call->funcid));
	InvokeFunctionExecuteHook(scan->call->funcid);

	prepare_columns(scan, (CustomScan *) node->ss.ps.plan);
	prepare_args(scan);
	scan->context = AllocSetContextCreate(estate->es_query_cxt, "angzarr scan",
										  ALLOCSET_DEFAULT_SIZES);
}

static void
prepare_columns(AzrFunctionScan *scan, const CustomScan *plan)
{
	ListCell   *lc;

	scan->ncolumns = list_length(plan->custom_scan_tlist);
	scan->columns = palloc(scan->ncolumns * sizeof(AttrNumber));
	foreach(lc, plan->custom_scan_tlist)
		scan->columns[foreach_current_index(lc)] =
		castNode(Var, lfirst_node(TargetEntry, lc)->expr)->varattno;
}

/*
 * Most arguments are constants, as defaults are, or parameters of the statement: to compile
 * those as expressions would take longer than to read them.
 */
static void
prepare_args(AzrFunctionScan *scan)
{
	ListCell   *lc;

	scan->args = palloc(scan->function->nargs * sizeof(AzrScanArg));
	foreach(lc, scan->call->args)
	{
		AzrScanArg *arg = &scan->args[foreach_current_index(lc)];

		arg->node = (Node *) lfirst(lc);
		arg->state = IsA(arg->node, Const) ||
			(IsA(arg->node, Param) && ((Param *) arg->node)->paramkind == PARAM_EXTERN)
			? NULL : ExecInitExpr((Expr *) arg->node, &scan->css.ss.ps);
	}
}

/*
 * Compute the arguments of the call, in the current memory context as far as the scan's
 * expressions do not bring one of their own.
 */
void
azr_function_scan_args(AzrFunctionScan *scan, FunctionCallInfo fcinfo)
{
	ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;

	InitFunctionCallInfoData(*fcinfo, NULL, scan->function->nargs, scan->call->inputcollid,
							 NULL, NULL);
	for (int i = 0; i < scan->function->nargs; i++)
	{
		AzrScanArg *arg = &scan->args[i];
		NullableDatum *value = &fcinfo->args[i];

		if (arg->state != NULL)
			value->value = ExecEvalExpr(arg->state, econtext, &value->isnull);
		else if (IsA(arg->node, Const))
		{
			value->value = ((Const *) arg->node)->constvalue;
			value->isnull = ((Const *) arg->node)->constisnull;
		}
		else
			read_param(econtext, (Param *) arg->node, value);
	}
}

/*
 * The value of a parameter of the statement, as ExecEvalParamExtern() reads it.
 */
static void
read_param(ExprContext *econtext, const Param *param, NullableDatum *value)
{
	ParamListInfo params = econtext->ecxt_param_list_info;
	ParamExternData workspace;
	ParamExternData *given = NULL;

	if (params != NULL && param->paramid > 0 && param->paramid <= params->numParams)
		given = params->paramFetch != NULL
			? params->paramFetch(params, param->paramid, false, &workspace)
			: &params->params[param->paramid - 1];
	if (given == NULL || !OidIsValid(given->ptype))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no value found for parameter %d", param->paramid)));
	if (given->ptype != param->paramtype)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type of parameter %d (%s) does not match that when preparing the plan (%s)",
						param->paramid, format_type_be(given->ptype),
						format_type_be(param->paramtype))));
	value->value = given->value;
	value->isnull = given->isnull;
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	const AzrScannedFunction *function = ((AzrFunctionScan *) node)->function;

	/*
	 * where there is nothing to test and to compute, the row is given as it
	 * is
	 */
	if (node->ss.ps.qual == NULL && node->ss.ps.ps_ProjInfo == NULL &&
		node->ss.ps.state->es_epq_active == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		return function->next(&node->ss);
	}
	return ExecScan(&node->ss, function->next, recheck);
}

/*
 * What the executor calls in place of the function's next() while it looks again at a row
 * that another transaction has changed: of a scan without a table, it expects the next row in
 * the slot.  There are no conditions that could fail then.
 */
static bool
recheck(ScanState *node, TupleTableSlot *slot)
{
	(void) ((AzrFunctionScan *) node)->function->next(node);
	return true;
}

static void
end_scan(CustomScanState *node)
{
	const AzrScannedFunction *function = ((AzrFunctionScan *) node)->function;

	if (function->end != NULL)
		function->end(node);
}

/*
 * EXPLAIN (VERBOSE) shows the call, as for a function scan.
 */
static void
explain_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	List	   *context;

	if (!es->verbose)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, ancestors);
	ExplainPropertyText("Function Call",
						deparse_expression((Node *) ((AzrFunctionScan *) node)->call, context,
										   true, false),
						es);
}

/*
 * While a scan is being started again: does the call depend on a parameter that has changed
 * since?  Not to be asked if the arguments have subplans.
 */
bool
azr_function_scan_args_changed(const AzrFunctionScan *scan)
{
	Bitmapset  *changed = scan->css.ss.ps.chgParam;

	return changed != NULL && uses_changed_param((Node *) scan->call, changed);
}

/*
 * Does anybody look at a column?  If not, the scan may give NULL for it.
 */
bool
azr_function_scan_wants(const AzrFunctionScan *scan, AttrNumber column)
{
	return (scan->wanted & (1 << column)) != 0;
}

static bool
uses_changed_param(Node *node, Bitmapset *changed)
{
	if (node == NULL)
		return false;
	Assert(!IsA(node, SubPlan) && !IsA(node, AlternativeSubPlan));
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC &&
			bms_is_member(((Param *) node)->paramid, changed);
	return expression_tree_walker(node, uses_changed_param, changed);
}
