/*-------------------------------------------------------------------------
 *
 * upsert.c
 *	  Writing a row into a plain table (see table.h) in place of the one that
 *	  has its key, without a planner.
 *
 * What INSERT ... ON CONFLICT DO UPDATE does (ExecInsert() and
 * ExecOnConflictUpdate() in nodeModifyTable.c), for one row and one unique index.
 * A concurrent transaction that writes the same key is waited for, and what it
 * committed is looked at, at any isolation level: callers only replace a row by
 * one that they may put in place of any.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/table.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

/* PostgreSQL 16 says of an update which indexes need new entries. */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes AzrUpdateIndexes;
#define azr_needs_index_entries(update_indexes) ((update_indexes) != TU_None)
#else
typedef bool AzrUpdateIndexes;
#define azr_needs_index_entries(update_indexes) (update_indexes)
#endif

/* What became of a try. */
typedef enum Attempt
{
	STORED,						/* the row is in place */
	KEPT,						/* the existing one stays */
	AGAIN						/* another transaction was faster: look again */
} Attempt;

typedef struct Upsert
{
	AzrTable   *table;
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	TupleTableSlot *row;
} Upsert;

static Attempt update_existing(Upsert *upsert, AzrScan *scan);
static Attempt insert_new(Upsert *upsert);

/*
 * Store a row.  The table's first index is the unique one that 'keys' describe;
 * the caller has opened the table with RowExclusiveLock.
 *
 * Returns false if there is a row with the key and 'replace' has it stay.
 */
bool
azr_upsert(AzrTable *table, Relation rel, ScanKey keys, int nkeys,
		   const Datum *values, const bool *nulls, AzrReplaceCallback replace, void *arg)
{
	Upsert		upsert;
	Attempt		attempt;
	int			natts = RelationGetDescr(rel)->natts;

	upsert.table = table;
	upsert.rel = rel;
	upsert.estate = CreateExecutorState();
	upsert.target = makeNode(ResultRelInfo);
	InitResultRelInfo(upsert.target, rel, 0, NULL, 0);
	ExecOpenIndices(upsert.target, true);
	upsert.row = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	memcpy(upsert.row->tts_values, values, natts * sizeof(Datum));
	memcpy(upsert.row->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(upsert.row);

	do
	{
		AzrScan		scan;
		TupleTableSlot *existing;

		CHECK_FOR_INTERRUPTS();
		azr_scan_begin(&scan, table, rel, 0, SnapshotSelf, keys, nkeys);
		existing = azr_scan_next(&scan, ForwardScanDirection);
		if (existing == NULL)
			attempt = insert_new(&upsert);
		else if (replace(existing, arg))
			attempt = update_existing(&upsert, &scan);
		else
			attempt = KEPT;
		azr_scan_end(&scan);
	} while (attempt == AGAIN);

	ExecDropSingleTupleTableSlot(upsert.row);
	ExecCloseIndices(upsert.target);
	FreeExecutorState(upsert.estate);

	if (attempt == STORED)
		CommandCounterIncrement();
	return attempt == STORED;
}

/*
 * Put the row in place of the one that the scan is at, unless that was updated or
 * deleted since.
 */
static Attempt
update_existing(Upsert *upsert, AzrScan *scan)
{
	ItemPointerData tid = scan->slot->tts_tid;
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TM_FailureData failure;
	TM_Result	locked;
	AzrUpdateIndexes update_indexes;

	locked = table_tuple_lock(upsert->rel, &tid, snapshot, scan->slot,
							  GetCurrentCommandId(false), LockTupleNoKeyExclusive,
							  LockWaitBlock, 0, &failure);
	if (locked == TM_Ok)
	{
		simple_table_tuple_update(upsert->rel, &tid, upsert->row, snapshot, &update_indexes);
		if (azr_needs_index_entries(update_indexes))
			(void) azr_insert_index_tuples(upsert->target, upsert->row, upsert->estate);
	}
	else if (locked != TM_Updated && locked != TM_Deleted)
		elog(ERROR, "could not lock row of table \"%s\": status %d",
			 upsert->table->name, (int) locked);

	UnregisterSnapshot(snapshot);
	return locked == TM_Ok ? STORED : AGAIN;
}

/*
 * Insert the row, unless another transaction inserts one with its key first.
 */
static Attempt
insert_new(Upsert *upsert)
{
	List	   *arbiters = list_make1_oid(upsert->table->indexids[0]);
	ItemPointerData conflict;
	ItemPointerData none;
	uint32		token;
	bool		conflicts = false;

	ItemPointerSetInvalid(&none);
	if (!azr_check_index_constraints(upsert->target, upsert->row, upsert->estate,
									 &conflict, &none, arbiters))
		return AGAIN;

	/* others wait for the token while they find us in the index */
	token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
	table_tuple_insert_speculative(upsert->rel, upsert->row, GetCurrentCommandId(true),
								   0, NULL, token);
	(void) azr_insert_index_tuples_speculative(upsert->target, upsert->row, upsert->estate,
											   &conflicts, arbiters);
	table_tuple_complete_speculative(upsert->rel, upsert->row, token, !conflicts);
	SpeculativeInsertionLockRelease(GetCurrentTransactionId());

	list_free(arbiters);
	return conflicts ? AGAIN : STORED;
}
