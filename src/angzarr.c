/*-------------------------------------------------------------------------
 *
 * angzarr.c
 *	  The module itself: a complete event-sourcing store inside PostgreSQL.
 *
 * The rooms, each of which builds on those listed before it: a file includes headers of its
 * own room and of these, never of those listed after it.  script/analyze looks at that.
 *
 *	plumbing/  what PostgreSQL is asked for: arguments, errors, locks, direct access to the
 *			   extension's tables, SQL as their owner.  Knows nothing of streams and events
 *			   but what the locks and SQLSTATEs are for.
 *	streams/   what a stream and an edition are, and which there are
 *	events/    the event store: append, load, find
 *	feed/	   every committed event in one order: giving positions, reading, waiting
 *	import/	   appending the events of another store, many streams at a time
 *	groups/	   workers that share the feed: each event once, each stream in order
 *	positions/ the position store: how far handlers have read
 *	snapshots/ the snapshot store: cached states, their history and its partitions
 *	merge/	   appends that need not fail: comparing and merging states
 *	cascades/  commits across streams: pending events, confirmed or revoked
 *	editions/  the life of editions, which all three stores have parts of
 *	evidence/  the log of sealed events, by which an auditor can check them: sealing, proving,
 *			   verifying
 *	erasure/   emptying events on record, and their bytes out of the files
 *	slots/	   moving a slot to another node, with all that is kept for its streams
 *	admin/	   who may do what, whether what is stored is sound, what a new owner, or a
 *			   subscriber of logical replication, needs, and calls of routers
 *	router/	   one endpoint for several nodes.  It is an extension and a library of its own, and
 *			   shares with the others what both compute alike
 *
 * Beside each file of SQL-callable functions stands the .sql file that declares and
 * documents them; install.sql joins those into the extension's install script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/append_scan.h"
#include "events/load_scan.h"
#include "events/max_payload.h"
#include "feed/feed_scan.h"
#include "feed/numbering.h"
#include "fmgr.h"
#include "plumbing/entry.h"
#include "positions/positions.h"
#include "snapshots/load_state.h"
#include "snapshots/snapshot_table.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(
					.name = "angzarr",
					.version = AZR_VERSION
);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(azr_version);

/*
 * Called when a session first uses a function of the library.
 */
void
_PG_init(void)
{
	azr_entries_init();
	azr_feed_init();
	azr_feed_scan_init();
	azr_positions_init();
	azr_snapshots_init();
	azr_append_scan_init();
	azr_load_scan_init();
	azr_load_state_init();
	azr_max_payload_init();
	MarkGUCPrefixReserved("angzarr");
}

/*
 * azr_version() -> text
 *
 * Version of the library, which the Makefile takes from the control file.
 */
Datum
azr_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(AZR_VERSION));
}
