/*-------------------------------------------------------------------------
 *
 * descent.c
 *	  Descending a B-tree to the one page on which a key belongs.
 *
 * The descent is that of _bt_search() in PostgreSQL's nbtsearch.c, and the search within a
 * page that of _bt_binsrch(), for a key that is above all entries with the same values
 * ("nextkey").  Here the first columns are compared without a function call, if they are
 * bigints or one uuid: that is most of the work, since they nearly always decide.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "plumbing/compat.h"
#include "plumbing/descent.h"
#include "utils/fmgroids.h"
#include "utils/uuid.h"

static bool column_is(Relation index, int column, RegProcedure comparison);
static inline int compare(AzrSearchKey *key, Page page, OffsetNumber offset);

/*
 * Prepare a key of the first 'nkeys' columns of an index.  The caller gives it the values, none
 * of which is NULL, in values.scankeys[].sk_argument.
 */
void
azr_search_key_begin(AzrSearchKey *key, Relation index, int nkeys)
{
	BTScanInsert values = &key->values;

	key->index = index;
	key->begins_with_uuid = column_is(index, 0, F_UUID_CMP);
	key->nbigints = 0;
	while (key->nbigints < nkeys && column_is(index, key->nbigints, F_BTINT8CMP))
		key->nbigints++;

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
									   (Datum) 0);
}

/*
 * Is a column in ascending order by one of PostgreSQL's own comparisons?
 */
static bool
column_is(Relation index, int column, RegProcedure comparison)
{
	return index->rd_indoption[column] == 0 &&
		index_getprocid(index, column + 1, BTORDER_PROC) == comparison;
}

/*
 * The leaf page that has the first entry above the key, or where that would be; pinned, and
 * locked for reading.  Returns InvalidBuffer if the index is empty.
 */
Buffer
azr_find_leaf(AzrSearchKey *key, Relation rel)
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
		{
			OffsetNumber offset = azr_last_not_above(key, page, NULL);

			next = BTreeTupleGetDownLink((IndexTuple) PageGetItem(page, PageGetItemId(page, offset)));
		}
		buffer = _bt_relandgetbuf(key->index, buffer, next, BT_READ);
	}
	return buffer;
}

/*
 * Is a page, which is locked, a leaf of the tree that has no entries at or above the key on pages
 * to its right?  If it also has one below the key, this is the only page for the key.
 */
bool
azr_is_page_for(AzrSearchKey *key, Page page)
{
	BTPageOpaque opaque = BTPageGetOpaque(page);

	return P_ISLEAF(opaque) && !P_IGNORE(opaque) &&
		(P_RIGHTMOST(opaque) || compare(key, page, P_HIKEY) < 0);
}

/*
 * The last entry of a page that is not above the key, or InvalidOffsetNumber if there is
 * none.  On a page that is no leaf there is always one.  Unless 'is_equal' is NULL, it is set to
 * whether that entry has the key's values.
 */
OffsetNumber
azr_last_not_above(AzrSearchKey *key, Page page, bool *is_equal)
{
	BTPageOpaque opaque = BTPageGetOpaque(page);
	OffsetNumber first = P_FIRSTDATAKEY(opaque);
	OffsetNumber low = first;
	OffsetNumber high = OffsetNumberNext(PageGetMaxOffsetNumber(page));
	int			result_at_low = 1;

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
		int			result = compare(key, page, middle);

		if (result >= 0)
		{
			low = OffsetNumberNext(middle);
			result_at_low = result;
		}
		else
			high = middle;
	}
	if (is_equal != NULL)
		*is_equal = result_at_low == 0;
	return low > first ? OffsetNumberPrev(low) : InvalidOffsetNumber;
}

/*
 * Is the key below (< 0) or above (> 0) an entry, or has that the same values (0)?  Not for the
 * first entry of a page that is no leaf.
 */
static inline int
compare(AzrSearchKey *key, Page page, OffsetNumber offset)
{
	IndexTuple	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));
	const char *column = (const char *) entry + IndexInfoFindDataOffset(entry->t_info);

	if (IndexTupleHasNulls(entry))
		return _bt_compare(key->index, &key->values, page, offset);
	if (key->begins_with_uuid)
	{
		Datum		ours = key->values.scankeys[0].sk_argument;
		int			result = memcmp(DatumGetUUIDP(ours)->data, column, UUID_LEN);

		if (result != 0)
			return result;
	}
	for (int i = 0; i < key->nbigints; i++)
	{
		int64		ours = DatumGetInt64(key->values.scankeys[i].sk_argument);
		int64		theirs;

		/* an entry that only bounds a page may lack columns: the next one */
		if (i > 0 && BTreeTupleIsPivot(entry) &&
			i >= BTreeTupleGetNAtts(entry, key->index))
			return 1;
		theirs = ((const int64 *) column)[i];
		if (ours != theirs)
			return ours < theirs ? -1 : 1;
	}
	if (key->nbigints == key->values.keysz && key->values.scantid == NULL)
		return 0;
	return _bt_compare(key->index, &key->values, page, offset);
}
