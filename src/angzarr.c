/*-------------------------------------------------------------------------
 *
 * angzarr.c
 *	  The module itself: a complete event-sourcing store inside PostgreSQL.
 *
 * Where to find what:
 *
 *	base/	what all stores share: arguments, errors, locks, stream identity,
 *			direct access to tables, SQL as the tables' owner
 *	events/ the event store: append, load, find
 *	snapshots/ the snapshot store: cached states, their history and its partitions
 *	positions/ the position store: how far handlers have read
 *	merge/	appends that need not fail: comparing and merging states
 *	cascades/ commits across streams: pending events, confirmed or revoked
 *	editions/ the life of editions, which all three stores have parts of
 *	care/	who may do what, whether what is stored is sound, and what a new owner, or a
 *			subscriber of logical replication, needs
 *
 * Dependencies point to base/, never back; snapshots/ looks into events/, and merge/,
 * cascades/ and editions/ into the stores.  Beside each file of SQL-callable functions stands
 * the .sql file that declares and documents them; the Makefile joins those into the
 * extension's install script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"
#include "events/load_scan.h"
#include "events/max_payload.h"
#include "fmgr.h"
#include "positions/positions.h"
#include "snapshots/load_state.h"
#include "snapshots/snapshot_table.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(azr_version);

/*
 * Called when a session first uses a function of the library.
 */
void
_PG_init(void)
{
	azr_positions_init();
	azr_snapshots_init();
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
