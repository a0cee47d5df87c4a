/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Writing rows into a plain table (see table.h), without a planner.
 *
 * Rows are gathered in slots and written together, as COPY does
 * (CopyMultiInsertBufferFlush() in copyfrom.c): one WAL record and one buffer
 * lock a page rather than a row.
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

/* What is written together at most: the limits that COPY uses. */
#define MAX_GATHERED_ROWS	1000
#define MAX_GATHERED_BYTES	65535

struct AzrInsert
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	CommandId	cid;
	int			ngathered;
	Size		gathered_bytes;
	TupleTableSlot *slots[MAX_GATHERED_ROWS];	/* made when first needed */
};

static void flush(AzrInsert *insert);

/*
 * Begin to insert into a table that the caller has opened with
 * RowExclusiveLock.
 */
AzrInsert *
azr_insert_begin(Relation rel)
{
	AzrInsert  *insert = palloc0(sizeof(AzrInsert));

	insert->rel = rel;
	insert->estate = CreateExecutorState();
	insert->target = makeNode(ResultRelInfo);
	InitResultRelInfo(insert->target, rel, 0, NULL, 0);
	ExecOpenIndices(insert->target, false);
	insert->cid = GetCurrentCommandId(true);
	return insert;
}

/*
 * An empty slot for the next row.  The caller fills tts_values and tts_isnull,
 * whose data must live until azr_insert_end(), and calls azr_insert_put().
 */
TupleTableSlot *
azr_insert_slot(AzrInsert *insert)
{
	TupleTableSlot **slot = &insert->slots[insert->ngathered];

	if (*slot == NULL)
		*slot = MakeSingleTupleTableSlot(RelationGetDescr(insert->rel),
										 &TTSOpsVirtual);
	return ExecClearTuple(*slot);
}

/*
 * Take the row that was filled in.  'bytes' is about what its variable part
 * takes, to bound the memory of what is written together.
 */
void
azr_insert_put(AzrInsert *insert, Size bytes)
{
	ExecStoreVirtualTuple(insert->slots[insert->ngathered]);
	insert->ngathered++;
	insert->gathered_bytes += bytes;

	if (insert->ngathered >= MAX_GATHERED_ROWS ||
		insert->gathered_bytes >= MAX_GATHERED_BYTES)
		flush(insert);
}

/*
 * Write what is left, and let the rest of the transaction see all rows.
 */
void
azr_insert_end(AzrInsert *insert)
{
	flush(insert);

	for (int i = 0; i < MAX_GATHERED_ROWS && insert->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(insert->slots[i]);
	ExecCloseIndices(insert->target);
	FreeExecutorState(insert->estate);
	pfree(insert);

	CommandCounterIncrement();
}

static void
flush(AzrInsert *insert)
{
	EState	   *estate = insert->estate;
	MemoryContext oldcontext;

	if (insert->ngathered == 0)
		return;

	/* both leak what they build of a row */
	oldcontext = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	if (insert->ngathered == 1)
		table_tuple_insert(insert->rel, insert->slots[0], insert->cid, 0, NULL);
	else
		table_multi_insert(insert->rel, insert->slots, insert->ngathered,
						   insert->cid, 0, NULL);
	MemoryContextSwitchTo(oldcontext);

	for (int i = 0; i < insert->ngathered; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) azr_insert_index_tuples(insert->target, insert->slots[i], estate);
		ExecClearTuple(insert->slots[i]);
	}
	ResetPerTupleExprContext(estate);

	insert->ngathered = 0;
	insert->gathered_bytes = 0;
}
