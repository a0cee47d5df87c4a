/*-------------------------------------------------------------------------
 *
 * append_scan.c
 *	  azr_append and azr_append_json in FROM as scans of their own.
 *
 * For a function in FROM, PostgreSQL compiles each of its arguments as an expression, has it
 * make a row, and keeps that in a tuplestore.  That is a tenth of an append of one event.
 * Calls that plumbing/function_scan.h excepts, and calls with a subplan among their arguments,
 * remain function scans.
 *
 * These functions write, so it matters when they are called, and how often: as a function
 * scan would call them.  That is when the first row is asked for.  From then on, the row
 * stays: it is given again when the scan is started again or read backward.  The function is
 * called again only if a parameter of the call has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/append.h"
#include "events/append_scan.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "pgstat.h"
#include "plumbing/function_scan.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(azr_append_support);

#define NUM_APPEND_ARGS			18
#define NUM_APPEND_JSON_ARGS	15
#define MAX_ARGS				Max(NUM_APPEND_ARGS, NUM_APPEND_JSON_ARGS)

/* Where a scan stands: it has one row. */
typedef enum RowPosition
{
	BEFORE_ROW,
	ON_ROW,
	AFTER_ROW
} RowPosition;

typedef struct AppendScan
{
	AzrFunctionScan scan;
	bool		called;
	RowPosition position;
	AzrAppendResult result;		/* if it was called */
} AppendScan;

static bool accepts(const FuncExpr *call);
static bool has_subplan(Node *node, void *context);
static TupleTableSlot *next_row(ScanState *node);
static bool move(AppendScan *scan, bool forward);
static void call_function(AppendScan *scan);
static void scan_again(CustomScanState *node);

static const Oid column_types[Natts_azr_append_result] = {AZR_APPEND_RESULT_TYPES};

static AzrScannedFunction scanned_append = {
	.name = "azr_append",
	.address = azr_append,
	.nargs = NUM_APPEND_ARGS,
	.ncolumns = Natts_azr_append_result,
	.column_types = column_types,
	.flags = CUSTOMPATH_SUPPORT_BACKWARD_SCAN,
	.state_size = sizeof(AppendScan),
	.accepts = accepts,
	.next = next_row,
	.rescan = scan_again
};

static AzrScannedFunction scanned_append_json = {
	.name = "azr_append_json",
	.address = azr_append_json,
	.nargs = NUM_APPEND_JSON_ARGS,
	.ncolumns = Natts_azr_append_result,
	.column_types = column_types,
	.flags = CUSTOMPATH_SUPPORT_BACKWARD_SCAN,
	.state_size = sizeof(AppendScan),
	.accepts = accepts,
	.next = next_row,
	.rescan = scan_again
};

/*
 * Called when the library is loaded.
 */
void
azr_append_scan_init(void)
{
	azr_scanned_function_register(&scanned_append);
	azr_scanned_function_register(&scanned_append_json);
}

/*
 * azr_append_support(internal) -> internal
 *
 * Answers no request.  But to ask, PostgreSQL has to load the library.
 */
Datum
azr_append_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}

/*
 * On which parameters a subplan depends cannot be seen from the call.
 */
static bool
accepts(const FuncExpr *call)
{
	return !has_subplan((Node *) call->args, NULL);
}

static bool
has_subplan(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		return true;
	return expression_tree_walker(node, has_subplan, context);
}

/*
 * The row in the scan's slot, which is empty before and after it.
 */
static TupleTableSlot *
next_row(ScanState *node)
{
	AppendScan *scan = (AppendScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext oldcontext;

	if (!scan->called)
		call_function(scan);

	ExecClearTuple(slot);
	if (!move(scan, ScanDirectionIsForward(node->ps.state->es_direction)))
		return slot;
	MemoryContextReset(scan->scan.context);
	oldcontext = MemoryContextSwitchTo(scan->scan.context);
	azr_append_result_columns(&scan->result, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);
	return ExecStoreVirtualTuple(slot);
}

/*
 * Move by one place.  Returns whether that is the row.
 */
static bool
move(AppendScan *scan, bool forward)
{
	if (forward && scan->position != AFTER_ROW)
		scan->position++;
	else if (!forward && scan->position != BEFORE_ROW)
		scan->position--;
	else
		return false;
	return scan->position == ON_ROW;
}

/*
 * Compute the arguments, and call the function, with all that a function scan does around it.
 * What that allocates goes to the scan's context, which is reset then.
 */
static void
call_function(AppendScan *scan)
{
	LOCAL_FCINFO(fcinfo, MAX_ARGS);
	FuncExpr   *call = scan->scan.call;
	MemoryContext oldcontext = MemoryContextSwitchTo(scan->scan.context);
	FmgrInfo	finfo;
	PgStat_FunctionCallUsage usage;

	fmgr_info(call->funcid, &finfo);
	fmgr_info_set_expr((Node *) call, &finfo);
	azr_function_scan_args(&scan->scan, fcinfo);
	fcinfo->flinfo = &finfo;

	pgstat_init_function_usage(fcinfo, &usage);
	scan->result = scan->scan.function == &scanned_append
		? azr_append_call(fcinfo) : azr_append_json_call(fcinfo);
	pgstat_end_function_usage(&usage, true);

	scan->called = true;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(scan->scan.context);
}

/*
 * The row stays, unless the call depends on what has changed.
 */
static void
scan_again(CustomScanState *node)
{
	AppendScan *scan = (AppendScan *) node;

	ExecScanReScan(&node->ss);
	scan->position = BEFORE_ROW;
	if (azr_function_scan_args_changed(&scan->scan))
		scan->called = false;
}
