/*-------------------------------------------------------------------------
 *
 * row_pages.c
 *	  Reading the rows of a range of an index, a page of the table at a time.
 *
 * An index scan pins, locks and unlocks a page of the table for each row.  Rows that were stored
 * together mostly stand on the same page, in the order of the index.  So here the places of some
 * rows are taken from the index first, as long as they are on one page, and then all of them are
 * looked at while that is locked once.
 *
 * Ascending, there is an index scan only where the range goes on behind the page of the index on
 * which it begins.
 *
 * A snapshot that shows what was committed when it was taken shows the same however early a row
 * is looked at, and the pin on the page keeps the row where it is.  The index is not told of rows
 * that are dead to all; VACUUM and inserts of the same key tell it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "pgstat.h"
#include "plumbing/compat.h"
#include "plumbing/row_pages.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"

/*
 * How many rows are looked at together: few at first, since few may be asked for.  More than MOST_ROWS
 * would save little.
 */
#define FIRST_ROWS	8
#define MOST_ROWS	32

struct AzrRowPages
{
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;
	AzrRange	range;
	ScanDirection direction;
	AzrRangeStart start;
	int			nstart;			/* how many places of the start were taken */
	IndexScanDesc scan;			/* of the rest; NULL if it was not begun */
	Buffer		buffer;			/* pinned, or invalid */
	int			most;			/* how many rows to look at together next */
	bool		has_place;		/* is there a place that was read too far? */
	bool		at_end;			/* of the index */
	ItemPointerData place;
	int			nplaces;
	ItemPointerData places[MOST_ROWS];
	int			nrows;
	int			next;			/* of the rows */
	HeapTupleData rows[MOST_ROWS];
};

static bool take_places(AzrRowPages *pages);
static ItemPointer next_place(AzrRowPages *pages);
static void look_at_rows(AzrRowPages *pages);
static bool is_seen_by_all(Page page, ItemPointer place, HeapTuple row);

/*
 * May rows of a table be looked at together?  Not those of another kind of table than PostgreSQL's
 * own, by a snapshot for which it matters when a row is looked at, or in a serializable
 * transaction, which notes what it reads.
 */
bool
azr_row_pages_possible(Relation rel, Snapshot snapshot)
{
	return rel->rd_rel->relam == HEAP_TABLE_AM_OID && IsMVCCSnapshot(snapshot) &&
		!IsolationIsSerializable();
}

/*
 * Begin to read rows of a table by a range of an index of two bigints, in the current memory
 * context, where that is possible.
 */
AzrRowPages *
azr_row_pages_begin(Relation rel, Relation index, const AzrRange *range,
					ScanDirection direction, Snapshot snapshot)
{
	AzrRowPages *pages = palloc(sizeof(AzrRowPages));

	pages->rel = rel;
	pages->index = index;
	pages->snapshot = snapshot;
	pages->range = *range;
	pages->direction = direction;
	pages->nstart = 0;
	pages->scan = NULL;
	pages->buffer = InvalidBuffer;
	pages->most = FIRST_ROWS;
	pages->has_place = false;
	pages->at_end = false;
	pages->nrows = 0;
	pages->next = 0;
	if (ScanDirectionIsForward(direction))
		azr_range_start(&pages->start, range, index, rel, snapshot);
	else
	{
		pages->start.is_all = false;
		pages->start.next = range->from;
		pages->start.nplaces = 0;
	}
	return pages;
}

/*
 * The next row of the range, in a slot of the table's kind.  Returns false after the last one.  To
 * be called in the memory context in which this was begun.
 */
bool
azr_row_pages_next(AzrRowPages *pages, TupleTableSlot *slot)
{
	while (pages->next == pages->nrows)
	{
		if (!take_places(pages))
			return false;
		look_at_rows(pages);
	}
	pgstat_count_heap_fetch(pages->index);
	ExecStoreBufferHeapTuple(&pages->rows[pages->next++], slot, pages->buffer);
	return true;
}

/*
 * To be called when the slot is empty.
 */
void
azr_row_pages_end(AzrRowPages *pages)
{
	if (BufferIsValid(pages->buffer))
		ReleaseBuffer(pages->buffer);
	if (pages->scan != NULL)
		index_endscan(pages->scan);
	else if (ScanDirectionIsForward(pages->direction))
		pgstat_count_index_scan(pages->index);	/* an index scan counts itself */
	pfree(pages);
}

/*
 * Take the places of rows on one page from the index.  Returns false if there are no more.
 *
 * No page of the table is locked meanwhile: who inserts into the index locks its pages first.
 */
static bool
take_places(AzrRowPages *pages)
{
	pages->nplaces = 0;
	while (pages->nplaces < pages->most)
	{
		ItemPointer place = &pages->place;

		if (!pages->has_place)
		{
			ItemPointer found = pages->at_end ? NULL : next_place(pages);

			pages->at_end = found == NULL;
			if (pages->at_end)
				break;
			*place = *found;
		}
		pages->has_place = pages->nplaces > 0 &&
			ItemPointerGetBlockNumber(place) != ItemPointerGetBlockNumber(&pages->places[0]);
		if (pages->has_place)
			break;
		pages->places[pages->nplaces++] = *place;
	}
	pages->most = Min(pages->most * 2, MOST_ROWS);
	return pages->nplaces > 0;
}

/*
 * The place of the next row, or NULL after the last one.
 */
static ItemPointer
next_place(AzrRowPages *pages)
{
	AzrRangeStart *start = &pages->start;

	if (pages->nstart < start->nplaces)
		return &start->places[pages->nstart++];
	if (start->is_all)
		return NULL;

	if (pages->scan == NULL)
	{
		ScanKeyData keys[AZR_MAX_RANGE_KEYS];
		int			nkeys;

		pages->range.from = start->next;
		nkeys = azr_range_keys(&pages->range, keys);
		pages->scan = azr_index_beginscan(pages->rel, pages->index, pages->snapshot, nkeys);
		index_rescan(pages->scan, keys, nkeys, NULL, 0);
	}
	return index_getnext_tid(pages->scan, pages->direction);
}

/*
 * Find out which of the rows the snapshot shows.
 */
static void
look_at_rows(AzrRowPages *pages)
{
	Page		page;
	bool		all_seen;

	pages->buffer = ReleaseAndReadBuffer(pages->buffer, pages->rel,
										 ItemPointerGetBlockNumber(&pages->places[0]));
	LockBuffer(pages->buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(pages->buffer);

	/* on a standby, what all see there may be newer than the snapshot */
	all_seen = PageIsAllVisible(page) && !pages->snapshot->takenDuringRecovery;
	pages->next = 0;
	pages->nrows = 0;
	for (int i = 0; i < pages->nplaces; i++)
	{
		HeapTuple	row = &pages->rows[pages->nrows];

		if (all_seen && is_seen_by_all(page, &pages->places[i], row))
		{
			row->t_tableOid = RelationGetRelid(pages->rel);
			pages->nrows++;
		}
		else if (heap_hot_search_buffer(&pages->places[i], pages->rel, pages->buffer,
										pages->snapshot, row, NULL, true))
			pages->nrows++;
	}
	LockBuffer(pages->buffer, BUFFER_LOCK_UNLOCK);
}

/*
 * On a page that says that all transactions see all of its rows: is there a row at a place?  If
 * not, it may have moved on the page, or be gone.
 */
static bool
is_seen_by_all(Page page, ItemPointer place, HeapTuple row)
{
	OffsetNumber offset = ItemPointerGetOffsetNumber(place);
	ItemId		item;

	if (offset > PageGetMaxOffsetNumber(page))
		return false;
	item = PageGetItemId(page, offset);
	if (!ItemIdIsNormal(item))
		return false;
	row->t_data = (HeapTupleHeader) PageGetItem(page, item);
	row->t_len = ItemIdGetLength(item);
	row->t_self = *place;
	return true;
}
