/*-------------------------------------------------------------------------
 *
 * feed_scan.c
 *	  azr_feed in FROM as a scan of its own.
 *
 * A function scan has the whole result before it gives the first row, and builds each row
 * twice.  This one reads an event when one is asked for, and stops when no more are.  Calls
 * that have volatile arguments, or that plumbing/function_scan.h excepts, are function scans as
 * ever.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "feed/feed.h"
#include "feed/feed_args.h"
#include "feed/feed_reader.h"
#include "feed/feed_scan.h"
#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "plumbing/function_scan.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_feed_support);

/* What a call without an end is taken to give. */
#define MANY_EVENTS		100000.0

typedef struct FeedScan
{
	AzrFunctionScan scan;
	AzrFeedReader *reader;		/* in the scan's context, or NULL */
} FeedScan;

static TupleTableSlot *next_event(ScanState *node);
static void begin_read(FeedScan *scan);
static void end_read(CustomScanState *node);
static void read_again(CustomScanState *node);

static const Oid column_types[Natts_azr_feed_event] = {AZR_FEED_EVENT_TYPES};

static AzrScannedFunction scanned_feed = {
	.name = "azr_feed",
	.address = azr_feed,
	.nargs = AZR_FEED_ARGS,
	.ncolumns = Natts_azr_feed_event,
	.column_types = column_types,
	.state_size = sizeof(FeedScan),
	.accepts = azr_args_stay,
	.next = next_event,
	.end = end_read,
	.rescan = read_again
};

/*
 * Called when the library is loaded.
 */
void
azr_feed_scan_init(void)
{
	azr_scanned_function_register(&scanned_feed);
}

/*
 * azr_feed_support(internal) -> internal
 *
 * Tells the planner how many events a call gives, where "max_count" says so.  How many of them
 * are of a domain or a type is not known.
 */
Datum
azr_feed_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestRows *rows;
	FuncExpr   *call;
	Const	   *max_count;

	if (!IsA(request, SupportRequestRows))
		PG_RETURN_POINTER(NULL);
	rows = (SupportRequestRows *) request;
	call = (FuncExpr *) rows->node;
	if (call == NULL || !IsA(call, FuncExpr) || list_length(call->args) != AZR_FEED_ARGS)
		PG_RETURN_POINTER(NULL);
	max_count = (Const *) lsecond(call->args);
	if (!IsA(max_count, Const))
		PG_RETURN_POINTER(NULL);

	rows->rows = MANY_EVENTS;
	if (!max_count->constisnull)
		rows->rows = Min(rows->rows, Max(1, (double) DatumGetInt64(max_count->constvalue)));
	PG_RETURN_POINTER(rows);
}

/*
 * The next event in the scan's slot, which is empty after the last one.
 */
static TupleTableSlot *
next_event(ScanState *node)
{
	FeedScan   *scan = (FeedScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (scan->reader == NULL)
		begin_read(scan);
	if (!azr_feed_reader_next(scan->reader, slot->tts_values, slot->tts_isnull))
		return slot;
	return ExecStoreVirtualTuple(slot);
}

/*
 * Compute the arguments and begin to read, in the scan's memory context and by the query's
 * snapshot, which need not be the active one.
 */
static void
begin_read(FeedScan *scan)
{
	LOCAL_FCINFO(fcinfo, AZR_FEED_ARGS);
	Snapshot	snapshot = scan->scan.css.ss.ps.state->es_snapshot;
	MemoryContext oldcontext = MemoryContextSwitchTo(scan->scan.context);
	AzrFeedRead read;

	azr_function_scan_args(&scan->scan, fcinfo);
	PushActiveSnapshot(snapshot);
	read = azr_arg_feed_read(fcinfo);
	PopActiveSnapshot();
	read.no_correlation_id = !azr_function_scan_wants(&scan->scan,
													  Anum_azr_timeline_correlation_id + 1);
	scan->reader = azr_feed_reader_begin(&read, snapshot);
	MemoryContextSwitchTo(oldcontext);
}

static void
end_read(CustomScanState *node)
{
	FeedScan   *scan = (FeedScan *) node;

	if (scan->reader != NULL)
		azr_feed_reader_end(scan->reader);
	scan->reader = NULL;
}

static void
read_again(CustomScanState *node)
{
	ExecScanReScan(&node->ss);
	end_read(node);
	MemoryContextReset(((FeedScan *) node)->scan.context);
}
