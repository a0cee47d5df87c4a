/*-------------------------------------------------------------------------
 *
 * load_scan.c
 *	  azr_load in FROM as a scan of its own.
 *
 * PostgreSQL calls a function in FROM to its end, keeps all rows, and only then goes
 * on.  So a client would wait for the last event before it got the first one, and each
 * row would be built twice.  Here the planner is offered a custom scan in the place of
 * that function scan: it reads an event when one is asked for, and stops when no more
 * are.  Calls that have volatile arguments, or that plumbing/function_scan.h excepts, are
 * function scans as ever.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "events/load.h"
#include "events/load_scan.h"
#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "plumbing/function_scan.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
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

typedef struct LoadScan
{
	AzrFunctionScan scan;
	bool		loading;
	AzrLoad		load;			/* with what it allocates in the scan's
								 * context */
} LoadScan;

static TupleTableSlot *next_event(ScanState *node);
static void begin_load(LoadScan *scan);
static int	columns_read(const LoadScan *scan);
static void end_load(CustomScanState *node);
static void load_again(CustomScanState *node);
static bool constant_count(const FuncExpr *call, int argno, double *value);
static double most_events(Oid schema);
static double estimated_tuples(const char *table, Oid schema);

static const Oid column_types[Natts_azr_event] = {AZR_EVENT_TYPES};

static AzrScannedFunction scanned_load = {
	.name = "azr_load",
	.address = azr_load,
	.nargs = NUM_LOAD_ARGS,
	.ncolumns = Natts_azr_event,
	.column_types = column_types,
	.only_wanted = true,
	.state_size = sizeof(LoadScan),
	.accepts = azr_args_stay,
	.next = next_event,
	.end = end_load,
	.rescan = load_again
};

/*
 * Called when the library is loaded.
 */
void
azr_load_scan_init(void)
{
	azr_scanned_function_register(&scanned_load);
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
 * The next event in the scan's slot, which is empty after the last one.
 */
static TupleTableSlot *
next_event(ScanState *node)
{
	LoadScan   *scan = (LoadScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	MemoryContext oldcontext;
	bool		found;

	ExecClearTuple(slot);
	oldcontext = MemoryContextSwitchTo(scan->scan.context);
	if (!scan->loading)
		begin_load(scan);
	found = azr_load_next_columns(&scan->load, scan->scan.columns, scan->scan.ncolumns,
								  slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(oldcontext);

	return found ? ExecStoreVirtualTuple(slot) : slot;
}

/*
 * Compute the arguments and begin to load, in the scan's memory context.
 */
static void
begin_load(LoadScan *scan)
{
	LOCAL_FCINFO(fcinfo, NUM_LOAD_ARGS);

	azr_function_scan_args(&scan->scan, fcinfo);
	azr_load_begin_call(&scan->load, fcinfo, scan->scan.css.ss.ps.state->es_snapshot);
	azr_timeline_scan_columns(&scan->load.scan, columns_read(scan));
	scan->loading = true;
}

/*
 * How many columns of stored events are read: up to the last one that somebody looks at, or that
 * loading does.
 */
static int
columns_read(const LoadScan *scan)
{
	int			last = Anum_azr_events_committed;

	for (int i = 0; i < scan->scan.ncolumns; i++)
		last = Max(last, azr_event_columns[scan->scan.columns[i] - 1].stored);
	return last;
}

static void
end_load(CustomScanState *node)
{
	LoadScan   *scan = (LoadScan *) node;

	if (scan->loading)
		azr_load_end(&scan->load);
	scan->loading = false;
}

static void
load_again(CustomScanState *node)
{
	ExecScanReScan(&node->ss);
	end_load(node);
	MemoryContextReset(((LoadScan *) node)->scan.context);
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
