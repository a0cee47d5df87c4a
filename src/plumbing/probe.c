/*-------------------------------------------------------------------------
 *
 * probe.c
 *	  Finding one row by a B-tree: the last one whose first columns have given values.
 *
 * An index scan prepares itself for any number of rows, and copies from a page of the index
 * all entries that match.  To find one row, it is enough to descend the tree once, and to
 * look at the entry that stands last among those that are not above the key.  That is most
 * of what it costs to find a stream, and where it ends.
 *
 * Only the plain case is done here: the entry stands on the page on which the descent ends,
 * and the snapshot shows its row.  In every other case an index scan looks again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "plumbing/descent.h"
#include "plumbing/probe.h"

typedef enum Probed
{
	PROBE_FOUND,
	PROBE_ABSENT,				/* there is no such row */
	PROBE_UNSURE
} Probed;

static Probed probe(AzrScan *scan, Relation rel, Snapshot snapshot, ScanKey keys, int nkeys);

/*
 * Find the last row whose first columns in the index equal 'keys', in the scan's slot, or
 * return NULL if there is none.  The keys are of the first columns of the index, in their
 * order.  Whoever is going to add to the index gives the lock mode that this takes.
 *
 * The caller ends the scan with azr_scan_end() in either case, and does not read on.
 */
TupleTableSlot *
azr_probe_last(AzrScan *scan, AzrTable *table, Relation rel, int index, LOCKMODE lockmode,
			   Snapshot snapshot, ScanKey keys, int nkeys)
{
	CHECK_FOR_INTERRUPTS();

	/*
	 * a serializable transaction must note which part of the index it has
	 * read
	 */
	if (!IsolationIsSerializable())
	{
		scan->index = index_open(table->indexids[index], lockmode);
		scan->desc = NULL;
		scan->slot = table_slot_create(rel, NULL);
		switch (probe(scan, rel, snapshot, keys, nkeys))
		{
			case PROBE_FOUND:
				slot_getallattrs(scan->slot);
				return scan->slot;
			case PROBE_ABSENT:
				return NULL;
			case PROBE_UNSURE:
				azr_scan_end(scan);
				break;
		}
	}
	azr_scan_begin_locking(scan, table, rel, index, lockmode, snapshot, keys, nkeys);
	return azr_scan_next(scan, BackwardScanDirection);
}

static Probed
probe(AzrScan *scan, Relation rel, Snapshot snapshot, ScanKey keys, int nkeys)
{
	Relation	index = scan->index;
	AzrSearchKey key;
	Datum		values[AZR_MAX_INDEX_KEYS];
	Buffer		buffer;
	Page		page;
	OffsetNumber last;
	bool		is_equal;
	ItemId		item;
	IndexTuple	entry;
	ItemPointerData tid;
	bool		is_visible;

	azr_search_key_begin(&key, index, nkeys);
	Assert(nkeys <= AZR_MAX_INDEX_KEYS);
	for (int i = 0; i < nkeys; i++)
		values[i] = keys[i].sk_argument;
	azr_search_key_set(&key, values);
	pgstat_count_index_scan(index);
	buffer = azr_find_leaf(&key, rel);
	if (!BufferIsValid(buffer))
		return PROBE_ABSENT;

	page = BufferGetPage(buffer);
	last = azr_last_not_above(&key, page, &is_equal);

	/*
	 * if all entries of the page are above the key, the one before is on
	 * another page
	 */
	if (last == InvalidOffsetNumber)
	{
		_bt_relbuf(index, buffer);
		return PROBE_UNSURE;
	}
	if (!is_equal)
	{
		_bt_relbuf(index, buffer);
		return PROBE_ABSENT;
	}
	item = PageGetItemId(page, last);
	entry = (IndexTuple) PageGetItem(page, item);
	if (ItemIdIsDead(item) || BTreeTupleIsPosting(entry))
	{
		_bt_relbuf(index, buffer);
		return PROBE_UNSURE;
	}
	tid = entry->t_tid;

	/*
	 * as long as the page is pinned, VACUUM does not give the row's place to
	 * another row
	 */
	_bt_unlockbuf(index, buffer);
	is_visible = table_tuple_fetch_row_version(rel, &tid, snapshot, scan->slot);
	ReleaseBuffer(buffer);
	if (!is_visible)
		return PROBE_UNSURE;
	pgstat_count_index_tuples(index, 1);
	pgstat_count_heap_fetch(index);
	return PROBE_FOUND;
}
