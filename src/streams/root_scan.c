/*-------------------------------------------------------------------------
 *
 * root_scan.c
 *	  Reading many rows of an edition in the order of their roots.
 *
 * Roots are mostly random, so rows in their order lie all over the table.  Reading them one
 * by one, as the index names them, would look for another page each time, which costs more
 * than all the rest.  So many entries of the index are read first, and then their rows are
 * fetched in the order in which they lie, as a bitmap scan does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/relscan.h"
#include "access/table.h"
#include "miscadmin.h"
#include "plumbing/query.h"
#include "streams/root_scan.h"
#include "streams/slot.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

/* Where a row lies, and the place of its root in the order of the index. */
typedef struct RowPlace
{
	ItemPointerData tid;
	int			place;
} RowPlace;

#define ST_SORT sort_by_tid
#define ST_ELEMENT_TYPE RowPlace
#define ST_COMPARE(a, b) ItemPointerCompare(&(a)->tid, &(b)->tid)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Begin to read rows in the order of their roots.  'keys' fix the first columns of the
 * index; its next column is the root.  Reading begins after the root 'after', or at the
 * first one if that is NULL.  The array 'keys' has room for one more.
 *
 * The snapshot must be one that protects what it shows from VACUUM, so not SnapshotSelf.
 */
void
azr_root_scan_begin(AzrRootScan *scan, AzrTable *table, int index, ScanKeyData *keys,
					int nkeys, const pg_uuid_t *after, AttrNumber column, Snapshot snapshot)
{
	Assert(IsMVCCSnapshot(snapshot));

	scan->root_key = nkeys + 1;
	scan->column = column;
	scan->finished = false;
	if (after != NULL)
		ScanKeyInit(&keys[nkeys++], scan->root_key, BTGreaterStrategyNumber, F_UUID_GT,
					UUIDPGetDatum(after));
	scan->rel = azr_table_open(table, AccessShareLock);
	azr_scan_begin(&scan->scan, table, scan->rel, index, snapshot, keys, nkeys);

	/* a scan that is to return index entries must know before it starts */
	scan->scan.desc->xs_want_itup = true;
	index_rescan(scan->scan.desc, keys, nkeys, NULL, 0);
}

/*
 * Read the next entries of the index, at most 'max'.  The rows of these that the snapshot
 * shows are put into 'found', in the order of the roots, without those of other nodes.  Returns
 * how many there are, which may be 0 although more are to come.
 */
int
azr_root_scan_read(AzrRootScan *scan, AzrRootValue *found, int max)
{
	IndexScanDesc desc = scan->scan.desc;
	TupleTableSlot *slot = scan->scan.slot;
	RowPlace   *rows = MemoryContextAllocHuge(CurrentMemoryContext, max * sizeof(RowPlace));
	bool	   *visible = MemoryContextAllocHuge(CurrentMemoryContext, max * sizeof(bool));
	int			nrows = 0;
	int			nfound = 0;

	while (nrows < max)
	{
		ItemPointer tid = index_getnext_tid(desc, ForwardScanDirection);
		bool		isnull;
		Datum		root;

		CHECK_FOR_INTERRUPTS();
		if (tid == NULL)
		{
			scan->finished = true;
			break;
		}
		root = index_getattr(desc->xs_itup, scan->root_key, desc->xs_itupdesc, &isnull);
		azr_check_row(&isnull, 1);
		if (!isnull)			/* it is not, but analyzers do not know */
			found[nrows].root = *DatumGetUUIDP(root);
		rows[nrows].tid = *tid;
		rows[nrows].place = nrows;
		nrows++;
	}
	if (nrows > 0)
		scan->last = found[nrows - 1].root;

	sort_by_tid(rows, nrows);
	for (int i = 0; i < nrows; i++)
	{
		int			place = rows[i].place;

		CHECK_FOR_INTERRUPTS();
		desc->xs_heaptid = rows[i].tid;
		visible[place] = index_fetch_heap(desc, slot);
		if (visible[place])
		{
			bool		isnull;

			found[place].value = DatumGetInt64(slot_getattr(slot, scan->column, &isnull));
			azr_check_row(&isnull, 1);
		}
	}
	ExecClearTuple(slot);

	/*
	 * this is about the row that was fetched last, which is not the last
	 * entry that was read
	 */
	desc->kill_prior_tuple = false;

	for (int i = 0; i < nrows; i++)
		if (visible[i] && azr_slot_is_own(&found[i].root))
			found[nfound++] = found[i];
	pfree(rows);
	pfree(visible);
	return nfound;
}

void
azr_root_scan_end(AzrRootScan *scan)
{
	azr_scan_end(&scan->scan);
	table_close(scan->rel, NoLock);
}

/*
 * Roots compare as in the indexes on them.
 */
int
azr_compare_roots(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN);
}
