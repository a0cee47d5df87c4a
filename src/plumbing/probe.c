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

static Probed find_entry(Relation index, Relation rel, ScanKey keys, int nkeys, Buffer *buffer,
						 OffsetNumber *last);
static Probed probe(AzrScan *scan, Relation rel, Snapshot snapshot, ScanKey keys, int nkeys);

/*
 * Find the last row whose first columns in the index equal 'keys', in the scan's slot, or
 * return NULL if there is none.  The keys are of the first columns of the index, in their
 * order.  Whoever is going to add to the index gives the lock mode that this takes.  The first
 * 'ncolumns' columns of the row are read.
 *
 * The caller ends the scan with azr_scan_end() in either case, and does not read on.  'leaf' of
 * the scan is then where the row's entry stands, if that is known.
 */
TupleTableSlot *
azr_probe_last(AzrScan *scan, AzrTable *table, Relation rel, int index, LOCKMODE lockmode,
			   Snapshot snapshot, ScanKey keys, int nkeys, int ncolumns)
{
	CHECK_FOR_INTERRUPTS();
	scan->leaf.index = InvalidOid;

	/*
	 * a serializable transaction must note which part of the index it has
	 * read
	 */
	if (!IsolationIsSerializable())
	{
		scan->index = index_open(table->indexids[index], lockmode);
		scan->desc = NULL;
		scan->pages = NULL;
		scan->slot = table_slot_create(rel, NULL);
		switch (probe(scan, rel, snapshot, keys, nkeys))
		{
			case PROBE_FOUND:
				slot_getsomeattrs(scan->slot, ncolumns);
				return scan->slot;
			case PROBE_ABSENT:
				return NULL;
			case PROBE_UNSURE:
				azr_scan_end(scan);
				break;
		}
	}
	azr_scan_begin_locking(scan, table, rel, index, lockmode, snapshot, keys, nkeys);
	scan->ncolumns = ncolumns;
	return azr_scan_next(scan, BackwardScanDirection);
}

/*
 * Is there no entry whose first columns equal 'keys'?  False also means that this could not be
 * found out by one descent.
 */
bool
azr_probe_is_absent(AzrTable *table, Relation rel, int index, ScanKey keys, int nkeys)
{
	Relation	index_rel;
	OffsetNumber last;
	Buffer		buffer;
	Probed		probed;

	if (IsolationIsSerializable())
		return false;
	CHECK_FOR_INTERRUPTS();
	index_rel = index_open(table->indexids[index], AccessShareLock);
	probed = find_entry(index_rel, rel, keys, nkeys, &buffer, &last);
	if (probed != PROBE_ABSENT)
		_bt_relbuf(index_rel, buffer);
	index_close(index_rel, NoLock);
	return probed == PROBE_ABSENT;
}

/*
 * Find the last entry whose first columns equal 'keys'.  Unless it is absent, a page is left
 * locked for reading.
 */
static Probed
find_entry(Relation index, Relation rel, ScanKey keys, int nkeys, Buffer *buffer,
		   OffsetNumber *last)
{
	AzrSearchKey key;
	Datum		values[AZR_MAX_INDEX_KEYS];
	Page		page;
	bool		is_equal;

	Assert(nkeys <= AZR_MAX_INDEX_KEYS);
	azr_search_key_begin(&key, index, nkeys);
	for (int i = 0; i < nkeys; i++)
		values[i] = keys[i].sk_argument;
	azr_search_key_set(&key, values);
	pgstat_count_index_scan(index);
	*buffer = azr_find_leaf(&key, rel, BT_READ);
	if (!BufferIsValid(*buffer))
		return PROBE_ABSENT;

	page = BufferGetPage(*buffer);
	*last = azr_last_not_above(&key, page, InvalidOffsetNumber, &is_equal);
	if (is_equal)
		return PROBE_FOUND;

	/*
	 * if all entries of the page are above the key, the one before is on
	 * another page
	 */
	if (*last == InvalidOffsetNumber && !P_LEFTMOST(BTPageGetOpaque(page)))
		return PROBE_UNSURE;
	_bt_relbuf(index, *buffer);
	return PROBE_ABSENT;
}

static Probed
probe(AzrScan *scan, Relation rel, Snapshot snapshot, ScanKey keys, int nkeys)
{
	Relation	index = scan->index;
	Buffer		buffer;
	Page		page;
	OffsetNumber last;
	ItemId		item;
	IndexTuple	entry;
	ItemPointerData tid;
	bool		is_visible;

	switch (find_entry(index, rel, keys, nkeys, &buffer, &last))
	{
		case PROBE_FOUND:
			break;
		case PROBE_ABSENT:
			return PROBE_ABSENT;
		case PROBE_UNSURE:
			_bt_relbuf(index, buffer);
			return PROBE_UNSURE;
	}

	page = BufferGetPage(buffer);
	item = PageGetItemId(page, last);
	entry = (IndexTuple) PageGetItem(page, item);
	if (ItemIdIsDead(item) || BTreeTupleIsPosting(entry))
	{
		_bt_relbuf(index, buffer);
		return PROBE_UNSURE;
	}
	tid = entry->t_tid;
	scan->leaf.index = RelationGetRelid(index);
	scan->leaf.page = BufferGetBlockNumber(buffer);
	scan->leaf.offset = last;

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
