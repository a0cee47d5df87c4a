/*-------------------------------------------------------------------------
 *
 * descent.c
 *	  Descending a B-tree to the one page on which a key belongs.
 *
 * The descent is that of _bt_search() in PostgreSQL's nbtsearch.c, and the search within a
 * page that of _bt_binsrch(), for a key that is above all entries with the same values
 * ("nextkey").  Here bigints, uuids and texts that are compared by bytes are compared without a
 * function call: that is most of the work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "plumbing/compat.h"
#include "plumbing/descent.h"
#include "port/pg_bswap.h"
#include "utils/fmgroids.h"
#include "utils/uuid.h"

/* As long as most processors have it. */
#define CACHE_LINE	64

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void) 0)
#endif

static AzrComparison comparison_of(Relation index, int column);
static inline int compare(AzrSearchKey *key, Page page, OffsetNumber offset);
static inline int compare_plain(AzrSearchKey *key, IndexTuple entry, bool *is_decided);
static inline int compare_uuids(const char *ours, const char *theirs);
static inline void prefetch_places(Page page, OffsetNumber low, OffsetNumber high);
static inline void prefetch_entry(Page page, OffsetNumber offset);

/*
 * Prepare a key of the first 'nkeys' columns of an index.
 */
void
azr_search_key_begin(AzrSearchKey *key, Relation index, int nkeys)
{
	BTScanInsert values = &key->values;

	key->index = index;
	memset(values, 0, offsetof(BTScanInsertData, scankeys));
	_bt_metaversion(index, &values->heapkeyspace, &values->allequalimage);
	values->nextkey = true;
#if PG_VERSION_NUM >= 170000
	values->backward = true;
#endif
	values->keysz = nkeys;
	for (int i = 0; i < nkeys; i++)
	{
		key->columns[i].comparison = comparison_of(index, i);
		ScanKeyEntryInitializeWithInfo(&values->scankeys[i],
									   index->rd_indoption[i] << SK_BT_INDOPTION_SHIFT,
									   i + 1, InvalidStrategy, InvalidOid,
									   index->rd_indcollation[i],
									   index_getprocinfo(index, i + 1, BTORDER_PROC),
									   (Datum) 0);
	}
}

static AzrComparison
comparison_of(Relation index, int column)
{
	if (index->rd_indoption[column] == 0)
		switch (index_getprocid(index, column + 1, BTORDER_PROC))
		{
			case F_BTINT8CMP:
				return AZR_COMPARE_BIGINT;
			case F_UUID_CMP:
				return AZR_COMPARE_UUID;
			case F_BTTEXTCMP:
				if (index->rd_indcollation[column] == C_COLLATION_OID)
					return AZR_COMPARE_TEXT;
				break;
		}
	return AZR_COMPARE_OTHER;
}

/*
 * Give the key its values, none of which is NULL.  They must live as long as the key has them.
 */
void
azr_search_key_set(AzrSearchKey *key, const Datum *values)
{
	key->nplain = 0;
	for (int i = 0; i < key->values.keysz; i++)
	{
		AzrSearchColumn *column = &key->columns[i];
		void	   *value = DatumGetPointer(values[i]);

		key->values.scankeys[i].sk_argument = values[i];
		if (key->nplain < i)
			continue;
		switch (column->comparison)
		{
			case AZR_COMPARE_BIGINT:
				column->number = DatumGetInt64(values[i]);
				break;
			case AZR_COMPARE_UUID:
				column->bytes = value;
				column->length = UUID_LEN;
				break;
			case AZR_COMPARE_TEXT:
				if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
					continue;
				column->bytes = VARDATA_ANY(value);
				column->length = VARSIZE_ANY_EXHDR(value);
				break;
			case AZR_COMPARE_OTHER:
				continue;
		}
		key->nplain++;
	}
}

/*
 * The leaf page that has the first entry above the key, or where that would be; pinned, and
 * locked as 'access' says.  Returns InvalidBuffer if the index is empty.
 *
 * If the root is the leaf, and is to be written to, it may have been split since it was found to
 * be the page.
 */
Buffer
azr_find_leaf(AzrSearchKey *key, Relation rel, int access)
{
	Buffer		buffer = azr_bt_getroot(key->index, rel, BT_READ);
	int			locked = BT_READ;

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
			OffsetNumber offset = azr_last_not_above(key, page, InvalidOffsetNumber, NULL);

			next = BTreeTupleGetDownLink((IndexTuple) PageGetItem(page, PageGetItemId(page, offset)));
			if (opaque->btpo_level == 1)
				locked = access;
		}
		buffer = _bt_relandgetbuf(key->index, buffer, next, locked);
	}
	if (BufferIsValid(buffer) && locked != access)
	{
		_bt_unlockbuf(key->index, buffer);
		_bt_lockbuf(key->index, buffer, access);
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
 * none.  On a page that is no leaf there is always one.  'guess' is where it probably stands, or
 * InvalidOffsetNumber.  Unless 'is_equal' is NULL, it is set to whether that entry has the key's
 * values.
 */
OffsetNumber
azr_last_not_above(AzrSearchKey *key, Page page, OffsetNumber guess, bool *is_equal)
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
	if (guess >= low && guess < high)
	{
		int			result = compare(key, page, guess);

		if (result >= 0)
		{
			low = OffsetNumberNext(guess);
			result_at_low = result;

			/* then the guess is right */
			if (low < high && compare(key, page, low) < 0)
				high = low;
		}
		else
			high = guess;
	}
	if (P_ISLEAF(opaque) && low < high)
		prefetch_places(page, low, high);
	while (low < high)
	{
		OffsetNumber middle = low + (high - low) / 2;
		int			result;

		/* one of these is the next that is compared */
		if (P_ISLEAF(opaque) && high - low > 2)
		{
			prefetch_entry(page, low + (middle - low) / 2);
			prefetch_entry(page, middle + 1 + (high - middle - 1) / 2);
		}
		result = compare(key, page, middle);
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
 * Have the processor fetch the places of entries.  A leaf page is mostly one that nobody has looked
 * at lately: then a search spends most of its time waiting for memory, once for each entry that it
 * compares and once for its place.
 */
static inline void
prefetch_places(Page page, OffsetNumber low, OffsetNumber high)
{
	const char *end = (const char *) PageGetItemId(page, high - 1);

	for (const char *place = (const char *) PageGetItemId(page, low); place <= end;
		 place += CACHE_LINE)
		PREFETCH(place);
}

static inline void
prefetch_entry(Page page, OffsetNumber offset)
{
	PREFETCH(PageGetItem(page, PageGetItemId(page, offset)));
}

/*
 * Is the key below (< 0) or above (> 0) an entry, or has that the same values (0)?  Not for the
 * first entry of a page that is no leaf.
 */
static inline int
compare(AzrSearchKey *key, Page page, OffsetNumber offset)
{
	IndexTuple	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));

	if (key->nplain > 0 && !IndexTupleHasNulls(entry))
	{
		bool		is_decided;
		int			result = compare_plain(key, entry, &is_decided);

		if (is_decided)
			return result;
	}
	return _bt_compare(key->index, &key->values, page, offset);
}

/*
 * The same by those columns only that are compared here, which may not decide.
 */
static inline int
compare_plain(AzrSearchKey *key, IndexTuple entry, bool *is_decided)
{
	const char *theirs = (const char *) entry + IndexInfoFindDataOffset(entry->t_info);

	*is_decided = true;
	for (int i = 0; i < key->nplain; i++)
	{
		const AzrSearchColumn *ours = &key->columns[i];
		int			length;
		int			result;

		/*
		 * an entry that only bounds a page may lack columns: it is below the
		 * key then
		 */
		if (i > 0 && BTreeTupleIsPivot(entry) && i >= BTreeTupleGetNAtts(entry, key->index))
			return 1;

		if (ours->comparison == AZR_COMPARE_BIGINT)
		{
			int64		number;

			theirs = (const char *) MAXALIGN(theirs);
			number = *(const int64 *) theirs;
			if (ours->number != number)
				return ours->number < number ? -1 : 1;
			theirs += sizeof(int64);
			continue;
		}

		if (ours->comparison == AZR_COMPARE_UUID)
		{
			result = compare_uuids(ours->bytes, theirs);
			if (result != 0)
				return result;
			theirs += UUID_LEN;
			continue;
		}

		if (!VARATT_NOT_PAD_BYTE(theirs))
			theirs = (const char *) INTALIGN(theirs);
		if (VARATT_IS_COMPRESSED(theirs))
		{
			*is_decided = false;
			return 0;
		}
		length = VARSIZE_ANY_EXHDR(theirs);
		theirs = VARDATA_ANY(theirs);
		result = memcmp(ours->bytes, theirs, Min(ours->length, length));
		if (result != 0)
			return result;
		if (ours->length != length)
			return ours->length < length ? -1 : 1;
		theirs += length;
	}
	*is_decided = key->nplain == key->values.keysz && key->values.scantid == NULL;
	return 0;
}

static inline int
compare_uuids(const char *ours, const char *theirs)
{
	for (int i = 0; i < UUID_LEN; i += sizeof(uint64))
	{
		uint64		our_part;
		uint64		their_part;

		memcpy(&our_part, ours + i, sizeof(uint64));
		memcpy(&their_part, theirs + i, sizeof(uint64));
		if (our_part != their_part)
			return pg_ntoh64(our_part) < pg_ntoh64(their_part) ? -1 : 1;
	}
	return 0;
}
