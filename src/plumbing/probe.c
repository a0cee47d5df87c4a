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
 * The descent is that of _bt_search() in PostgreSQL's nbtsearch.c, and the search within a
 * page that of _bt_binsrch(), for a key that is above all entries with the same values
 * ("nextkey").  Here the first column is compared without a function call, if it is a bigint
 * or a uuid: that is most of the work, since it nearly always decides.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "plumbing/compat.h"
#include "plumbing/probe.h"
#include "utils/fmgroids.h"
#include "utils/uuid.h"

typedef enum Probed
{
	PROBE_FOUND,
	PROBE_ABSENT,				/* there is no such row */
	PROBE_UNSURE
} Probed;

/* How the first column is compared. */
typedef enum FirstColumn
{
	FIRST_IS_BIGINT,
	FIRST_IS_UUID,
	FIRST_IS_OTHER
} FirstColumn;

/* A key that is above all entries whose first columns have its values, and below the rest. */
typedef struct SearchKey
{
	Relation	index;
	FirstColumn first_column;
	BTScanInsertData values;
} SearchKey;

static Probed probe(AzrScan *scan, Relation rel, Snapshot snapshot, ScanKey keys, int nkeys);
static void make_search_key(SearchKey *key, Relation index, ScanKey keys, int nkeys);
static FirstColumn first_column_of(Relation index);
static Buffer find_leaf(SearchKey *key, Relation rel);
static OffsetNumber last_not_above(SearchKey *key, Page page);
static int	compare(SearchKey *key, Page page, OffsetNumber offset);

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
	SearchKey	key;
	Buffer		buffer;
	Page		page;
	OffsetNumber last;
	ItemId		item;
	IndexTuple	entry;
	ItemPointerData tid;
	bool		is_visible;

	make_search_key(&key, index, keys, nkeys);
	pgstat_count_index_scan(index);
	buffer = find_leaf(&key, rel);
	if (!BufferIsValid(buffer))
		return PROBE_ABSENT;

	page = BufferGetPage(buffer);
	last = last_not_above(&key, page);

	/*
	 * if all entries of the page are above the key, the one before is on
	 * another page
	 */
	if (last == InvalidOffsetNumber)
	{
		_bt_relbuf(index, buffer);
		return PROBE_UNSURE;
	}
	if (compare(&key, page, last) != 0)
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

static void
make_search_key(SearchKey *key, Relation index, ScanKey keys, int nkeys)
{
	BTScanInsert values = &key->values;

	key->index = index;
	key->first_column = first_column_of(index);
	memset(values, 0, offsetof(BTScanInsertData, scankeys));
	_bt_metaversion(index, &values->heapkeyspace, &values->allequalimage);
	values->nextkey = true;
#if PG_VERSION_NUM >= 170000
	values->backward = true;
#endif
	values->keysz = nkeys;
	for (int i = 0; i < nkeys; i++)
		ScanKeyEntryInitializeWithInfo(&values->scankeys[i],
									   index->rd_indoption[i] << SK_BT_INDOPTION_SHIFT,
									   i + 1, InvalidStrategy, InvalidOid,
									   index->rd_indcollation[i],
									   index_getprocinfo(index, i + 1, BTORDER_PROC),
									   keys[i].sk_argument);
}

static FirstColumn
first_column_of(Relation index)
{
	if (index->rd_indoption[0] == 0)
		switch (index_getprocid(index, 1, BTORDER_PROC))
		{
			case F_BTINT8CMP:
				return FIRST_IS_BIGINT;
			case F_UUID_CMP:
				return FIRST_IS_UUID;
		}
	return FIRST_IS_OTHER;
}

/*
 * The leaf page that has the first entry above the key, or where that would be; pinned, and
 * locked for reading.  Returns InvalidBuffer if the index is empty.
 */
static Buffer
find_leaf(SearchKey *key, Relation rel)
{
	Buffer		buffer = azr_bt_getroot(key->index, rel, BT_READ);

	while (BufferIsValid(buffer))
	{
		Page		page = BufferGetPage(buffer);
		BTPageOpaque opaque = BTPageGetOpaque(page);
		BlockNumber next;

		/*
		 * a page that was split since its parent was read has less than its
		 * parent says
		 */
		if (!P_RIGHTMOST(opaque) && (P_IGNORE(opaque) || compare(key, page, P_HIKEY) >= 0))
			next = opaque->btpo_next;
		else if (P_IGNORE(opaque))
			elog(ERROR, "fell off the end of index \"%s\"", RelationGetRelationName(key->index));
		else if (P_ISLEAF(opaque))
			break;
		else
			next = BTreeTupleGetDownLink((IndexTuple)
										 PageGetItem(page, PageGetItemId(page, last_not_above(key, page))));
		buffer = _bt_relandgetbuf(key->index, buffer, next, BT_READ);
	}
	return buffer;
}

/*
 * The last entry of a page that is not above the key, or InvalidOffsetNumber if there is
 * none.  On a page that is no leaf there is always one.
 */
static OffsetNumber
last_not_above(SearchKey *key, Page page)
{
	BTPageOpaque opaque = BTPageGetOpaque(page);
	OffsetNumber first = P_FIRSTDATAKEY(opaque);
	OffsetNumber low = first;
	OffsetNumber high = OffsetNumberNext(PageGetMaxOffsetNumber(page));

	/*
	 * the first entry of a page that is no leaf stands for what is below all
	 * keys
	 */
	if (!P_ISLEAF(opaque))
		low = OffsetNumberNext(low);

	/* all below 'low' are not above the key, all from 'high' on are */
	while (low < high)
	{
		OffsetNumber middle = low + (high - low) / 2;

		if (compare(key, page, middle) >= 0)
			low = OffsetNumberNext(middle);
		else
			high = middle;
	}
	return low > first ? OffsetNumberPrev(low) : InvalidOffsetNumber;
}

/*
 * Is the key below (< 0) or above (> 0) an entry, or has that the same values (0)?  Not for the
 * first entry of a page that is no leaf.
 */
static int
compare(SearchKey *key, Page page, OffsetNumber offset)
{
	IndexTuple	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));
	const char *first = (const char *) entry + IndexInfoFindDataOffset(entry->t_info);
	Datum		value = key->values.scankeys[0].sk_argument;
	int			result = 0;

	switch (key->first_column)
	{
		case FIRST_IS_BIGINT:
			{
				int64		ours = DatumGetInt64(value);
				int64		theirs = *(const int64 *) first;

				result = (ours > theirs) - (ours < theirs);
				break;
			}
		case FIRST_IS_UUID:
			result = memcmp(DatumGetUUIDP(value)->data, first, UUID_LEN);
			break;
		case FIRST_IS_OTHER:
			break;
	}
	if (result != 0 || (key->values.keysz == 1 && key->first_column != FIRST_IS_OTHER))
		return result;
	return _bt_compare(key->index, &key->values, page, offset);
}
