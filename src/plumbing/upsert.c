/*-------------------------------------------------------------------------
 *
 * upsert.c
 *	  Writing a row into a plain table (see table.h) in place of the one that
 *	  has its key, without a planner.
 *
 * What INSERT ... ON CONFLICT DO UPDATE does (ExecInsert() and ExecOnConflictUpdate() in
 * nodeModifyTable.c), for one row and one unique index.  If a concurrent transaction writes
 * the same key, we wait for it, and look at what it committed.  But if our transaction must
 * stick to a PostgreSQL snapshot that does not show what is to be replaced, it fails with
 * 40001.
 *
 * Nothing is waited for while a scan is open: a scan pins a page of the index, and VACUUM
 * may have to wait for that, which no deadlock detector sees.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "plumbing/compat.h"
#include "plumbing/error.h"
#include "plumbing/upsert.h"
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

struct AzrUpsert
{
	AzrTable   *table;
	Relation	rel;
	TupleTableSlot *row;
	MemoryContext row_context;	/* reset after each row */
	EState	   *estate;			/* NULL while no index was to be filled */
	ResultRelInfo *target;
	bool		stored;			/* any row */
};

static void open_indexes(AzrUpsert *upsert);
static bool find_existing(AzrUpsert *upsert, const Datum *values, ItemPointer tid,
						  bool *keep, int64 *kept);
static void check_no_row_in_snapshot(AzrUpsert *upsert, const Datum *values);
static Attempt update_existing(AzrUpsert *upsert, ItemPointer tid);
static Attempt insert_new(AzrUpsert *upsert);
static List *find_arbiters(AzrUpsert *upsert);
static void serialization_failure(AzrUpsert *upsert);

/*
 * Begin to store rows in a plain table that the caller has opened with
 * RowExclusiveLock.
 */
AzrUpsert *
azr_upsert_begin(AzrTable *table, Relation rel)
{
	AzrUpsert  *upsert = palloc0(sizeof(AzrUpsert));

	upsert->table = table;
	upsert->rel = rel;
	upsert->row = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	upsert->row_context = AllocSetContextCreate(CurrentMemoryContext, "angzarr row",
												ALLOCSET_SMALL_SIZES);

	/* the statement that calls us may have written a row, as an owner's can */
	CommandCounterIncrement();
	return upsert;
}

/*
 * Prepare to fill the table's indexes.  Most rows that take the place of another need no
 * new index entries, so this is left until one does.
 */
static void
open_indexes(AzrUpsert *upsert)
{
	MemoryContext oldcontext;

	if (upsert->estate != NULL)
		return;

	oldcontext = MemoryContextSwitchTo(MemoryContextGetParent(upsert->row_context));
	upsert->estate = CreateExecutorState();
	upsert->target = makeNode(ResultRelInfo);
	InitResultRelInfo(upsert->target, upsert->rel, 0, NULL, 0);
	ExecOpenIndices(upsert->target, true);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Store a row, given as all columns of the table.  Of rows with the same key, only one may
 * be stored between begin and end.
 *
 * Returns false if there is a row with the key that is not lower, and sets 'kept' to its
 * value in the column that grows.  Raises 40001 if the transaction must stick to a
 * PostgreSQL snapshot that does not show the row to be replaced.
 */
bool
azr_upsert_put(AzrUpsert *upsert, const Datum *values, const bool *nulls, int64 *kept)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(upsert->row_context);
	int			natts = RelationGetDescr(upsert->rel)->natts;
	Attempt		attempt;

	ExecClearTuple(upsert->row);
	memcpy(upsert->row->tts_values, values, natts * sizeof(Datum));
	memcpy(upsert->row->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(upsert->row);

	do
	{
		ItemPointerData tid;
		bool		keep;

		CHECK_FOR_INTERRUPTS();
		if (!find_existing(upsert, values, &tid, &keep, kept))
		{
			check_no_row_in_snapshot(upsert, values);
			attempt = insert_new(upsert);
		}
		else
			attempt = keep ? KEPT : update_existing(upsert, &tid);
	} while (attempt == AGAIN);

	upsert->stored = upsert->stored || attempt == STORED;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(upsert->row_context);
	if (upsert->estate != NULL)
		ResetPerTupleExprContext(upsert->estate);
	return attempt == STORED;
}

/*
 * End, and let the rest of the transaction see what was stored.
 */
void
azr_upsert_end(AzrUpsert *upsert)
{
	ExecDropSingleTupleTableSlot(upsert->row);
	MemoryContextDelete(upsert->row_context);
	if (upsert->estate != NULL)
	{
		ExecCloseIndices(upsert->target);
		FreeExecutorState(upsert->estate);
	}
	if (upsert->stored)
		CommandCounterIncrement();
	pfree(upsert);
}

/*
 * Look for a row with the key, whatever the transaction's snapshot shows, and say whether
 * it stays.  If another transaction is inserting one, this waits for it first.
 */
static bool
find_existing(AzrUpsert *upsert, const Datum *values, ItemPointer tid, bool *keep,
			  int64 *kept)
{
	for (;;)
	{
		SnapshotData dirty;
		ScanKeyData keys[AZR_MAX_INDEX_KEYS];
		AzrScan		scan;
		TupleTableSlot *existing;
		bool		found;

		InitDirtySnapshot(dirty);
		azr_row_keys(keys, upsert->table, values);
		azr_scan_begin(&scan, upsert->table, upsert->rel, 0, &dirty, keys,
					   upsert->table->indexes[0].nkeys);
		existing = azr_scan_next(&scan, ForwardScanDirection);
		found = existing != NULL;
		if (found)
			*tid = existing->tts_tid;
		if (found && !TransactionIdIsValid(dirty.xmin))
		{
			*keep = !azr_row_grows(upsert->table, existing, values);
			if (*keep)
				*kept = azr_row_growth(upsert->table, existing);
			else if (IsolationUsesXactSnapshot() &&
					 !table_tuple_satisfies_snapshot(upsert->rel, existing, GetTransactionSnapshot()))
				serialization_failure(upsert);
		}
		azr_scan_end(&scan);
		if (!found || !TransactionIdIsValid(dirty.xmin))
			return found;

		if (dirty.speculativeToken != 0)
			SpeculativeInsertionWait(dirty.xmin, dirty.speculativeToken);
		else
			XactLockTableWait(dirty.xmin, upsert->rel, tid, XLTW_InsertIndex);
	}
}

/*
 * If there is no row now, the transaction's snapshot must not show one either: the
 * transaction would see both that one and the new one.
 */
static void
check_no_row_in_snapshot(AzrUpsert *upsert, const Datum *values)
{
	ScanKeyData keys[AZR_MAX_INDEX_KEYS];
	AzrScan		scan;

	if (!IsolationUsesXactSnapshot())
		return;

	azr_row_keys(keys, upsert->table, values);
	azr_scan_begin(&scan, upsert->table, upsert->rel, 0, GetTransactionSnapshot(), keys,
				   upsert->table->indexes[0].nkeys);
	if (azr_scan_next(&scan, ForwardScanDirection) != NULL)
		serialization_failure(upsert);
	azr_scan_end(&scan);
}

/*
 * Put the row in place of the one that was found, unless another transaction updates or
 * deletes that first.
 */
static Attempt
update_existing(AzrUpsert *upsert, ItemPointer tid)
{
	TM_FailureData failure;
	LockTupleMode lockmode;
	AzrUpdateIndexes update_indexes;
	TM_Result	result;

	CheckCmdReplicaIdentity(upsert->rel, CMD_UPDATE);
	result = azr_tuple_update(upsert->rel, tid, upsert->row, &failure, &lockmode,
							  &update_indexes);
	switch (result)
	{
		case TM_Ok:
			if (azr_needs_index_entries(update_indexes))
			{
				open_indexes(upsert);
				(void) azr_insert_index_tuples(upsert->target, upsert->row, upsert->estate);
			}
			return STORED;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				serialization_failure(upsert);
			return AGAIN;
		default:
			elog(ERROR, "could not update row of table \"%s\": status %d",
				 RelationGetRelationName(upsert->rel), (int) result);
			return AGAIN;		/* keep compiler quiet */
	}
}

/*
 * Insert the row, unless another transaction inserts one with its key first.
 */
static Attempt
insert_new(AzrUpsert *upsert)
{
	List	   *arbiters;
	uint32		token;
	bool		conflicts = false;

	open_indexes(upsert);
	arbiters = find_arbiters(upsert);

	/* others that find our row in the index wait for the token */
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

/*
 * The unique indexes on the key.  While one is rebuilt concurrently, there are two.
 */
static List *
find_arbiters(AzrUpsert *upsert)
{
	const AzrIndex *expected = &upsert->table->indexes[0];
	List	   *arbiters = NIL;

	for (int i = 0; i < upsert->target->ri_NumIndices; i++)
	{
		Form_pg_index index = upsert->target->ri_IndexRelationDescs[i]->rd_index;
		bool		same = index->indisunique && index->indnkeyatts == expected->nkeys &&
			upsert->target->ri_IndexRelationInfo[i]->ii_Predicate == NIL;

		for (int key = 0; same && key < expected->nkeys; key++)
			same = index->indkey.values[key] == expected->keys[key];
		if (same)
			arbiters = lappend_oid(arbiters, index->indexrelid);
	}
	return arbiters;
}

static void
serialization_failure(AzrUpsert *upsert)
{
	azr_serialization_failure("a row of table \"%s\" has changed after this transaction's snapshot",
							  RelationGetRelationName(upsert->rel));
}
