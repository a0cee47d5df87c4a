/*-------------------------------------------------------------------------
 *
 * range.c
 *	  Entries of an index on two bigints that stand one behind the other.
 *
 * An index scan prepares itself for all that may come.  A short range mostly stands on one page
 * of the index: one descent finds that, and reads the entries from it.  Where a range goes on
 * behind that page, an index scan is to read the rest.
 *
 * As in an index scan by a snapshot of what was committed when it was taken, the page is not kept
 * pinned: if VACUUM gives a row's place to another row meanwhile, the snapshot shows neither.
 * Entries that are marked as dead are taken as others are, and their rows tell that they are not
 * to be seen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgstat.h"
#include "plumbing/compat.h"
#include "plumbing/descent.h"
#include "plumbing/range.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"

static void take_entries(AzrRangeStart *start, const AzrRange *range, Page page,
						 OffsetNumber offset);
static bool ends_with(const AzrRange *range, Page page, Relation index);
static bool is_behind(const AzrRange *range, const int64 *values, int nvalues);
static const int64 *values_of(IndexTuple entry);

/*
 * Keys of an index scan of a range.  Returns how many, at most AZR_MAX_RANGE_KEYS.
 */
int
azr_range_keys(const AzrRange *range, ScanKeyData *keys)
{
	int			nkeys = 2;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->from));
	if (range->to.given)
		ScanKeyInit(&keys[nkeys++], 2, BTLessStrategyNumber, F_INT8LT,
					Int64GetDatum(range->to.value));
	return nkeys;
}

/*
 * Read the entries of a range from the page on which it begins, in their order.  This may be none,
 * though there are some.  The snapshot is an MVCC snapshot, and the transaction not serializable.
 * The caller counts this as a scan of the index, unless an index scan is to read the rest.
 */
void
azr_range_start(AzrRangeStart *start, const AzrRange *range, Relation index, Relation rel,
				Snapshot snapshot)
{
	AzrSearchKey key;
	Datum		values[] = {Int64GetDatum(range->first), Int64GetDatum(range->from - 1)};
	Buffer		buffer;
	Page		page;

	start->nplaces = 0;
	start->is_all = false;
	start->next = range->from;

	azr_search_key_begin(&key, index, lengthof(values));
	azr_search_key_set(&key, values);
	if (key.nplain < lengthof(values))
		return;
	buffer = azr_find_leaf(&key, rel, BT_READ);
	start->is_all = !BufferIsValid(buffer);
	if (start->is_all)
		return;
	page = BufferGetPage(buffer);
	azr_test_for_old_snapshot(snapshot, index, page);
	start->is_all = ends_with(range, page, index);
	take_entries(start, range, page,
				 Max(OffsetNumberNext(azr_last_not_above(&key, page, InvalidOffsetNumber, NULL)),
					 P_FIRSTDATAKEY(BTPageGetOpaque(page))));
	_bt_relbuf(index, buffer);
	pgstat_count_index_tuples(index, start->nplaces);
}

/*
 * Take the entries of the range from an offset of a page on.  If the page ends before the range
 * does, its last second value is left, which entries of the next page may have too.
 */
static void
take_entries(AzrRangeStart *start, const AzrRange *range, Page page, OffsetNumber offset)
{
	OffsetNumber last = PageGetMaxOffsetNumber(page);
	int			nbefore = 0;	/* entries with lower second values than
								 * 'next' */

	for (; offset <= last; offset = OffsetNumberNext(offset))
	{
		IndexTuple	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));
		const int64 *values = values_of(entry);

		if (is_behind(range, values, 2))
		{
			start->is_all = true;
			break;
		}
		if (values[1] != start->next)
		{
			start->next = values[1];
			nbefore = start->nplaces;
		}
		if (BTreeTupleIsPosting(entry))
		{
			start->is_all = false;
			break;
		}
		start->places[start->nplaces++] = entry->t_tid;
	}
	if (!start->is_all)
		start->nplaces = nbefore;
}

/*
 * Are there no entries of the range on pages to the right of a page?  Its high key is not above
 * any of theirs.
 */
static bool
ends_with(const AzrRange *range, Page page, Relation index)
{
	IndexTuple	high;

	if (P_RIGHTMOST(BTPageGetOpaque(page)))
		return true;
	high = (IndexTuple) PageGetItem(page, PageGetItemId(page, P_HIKEY));
	return is_behind(range, values_of(high), BTreeTupleGetNAtts(high, index));
}

/*
 * Is an entry that is not before a range behind it?  One that bounds a page may have only its first
 * value.
 */
static bool
is_behind(const AzrRange *range, const int64 *values, int nvalues)
{
	return values[0] != range->first ||
		(nvalues > 1 && range->to.given && values[1] >= range->to.value);
}

/*
 * The values of an entry of a leaf, neither of which is NULL.
 */
static const int64 *
values_of(IndexTuple entry)
{
	return (const int64 *) ((const char *) entry +
							MAXALIGN(IndexInfoFindDataOffset(entry->t_info)));
}
