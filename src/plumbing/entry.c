/*-------------------------------------------------------------------------
 *
 * entry.c
 *	  Putting entries into a B-tree.
 *
 * For each entry, PostgreSQL descends the tree from its root, compares keys by calling functions,
 * and searches the page once for an equal key and once for the place.  That is a sixth of an
 * append of one event, and two thirds of a batch.  Here the page is mostly known before: it is
 * the one on which the last event of the stream was found, or the one that took the entry before,
 * or the last page of the index.  Otherwise it is found by one descent that compares numbers and
 * uuids itself.
 *
 * Which page that is, is never taken on trust.  Once it is locked, this looks whether it is the
 * page to which the entry belongs: a leaf that is part of the tree, with an entry below the new
 * one, and either a bound above it or no page to the right.  This is the rule by which PostgreSQL
 * uses the last page of an index without a descent (_bt_search_insert() in nbtinsert.c), for any
 * page.  An equal key could only stand on this page too, so a unique index is looked at by the
 * same search.
 *
 * Only the plain case is done here: there is room on the page, and no equal key if the index is
 * unique.  What is written then, to the page and to WAL, is what _bt_insertonpg() writes; no other
 * kind of WAL record is needed, and whoever replays it sees no difference.  Of many entries that
 * go on one page, a record each takes more WAL than the page itself does, and most of the time.
 * Then the page is logged once, as it is with all of them (log_newpage_buffer()), which is what
 * PostgreSQL logs of any page that changes for the first time after a checkpoint.  Until then, they
 * are put into a copy of the page, so that nobody else can read or write out what is not in WAL.
 * In every other case
 * the entry goes to index_insert(), which splits pages, removes dead entries, merges equal ones,
 * and raises errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/nbtxlog.h"
#include "access/xloginsert.h"
#include "access/xlogrecord.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/descent.h"
#include "plumbing/entry.h"
#include "storage/predicate.h"
#include "utils/guc.h"

/* As in nbtinsert.c: from which height on the last page of an index is remembered. */
#define MIN_HEIGHT_TO_REMEMBER_LAST_PAGE	2

/* Larger entries are left to index_insert(), which knows how large they may be. */
#define MAX_ENTRY_SIZE	(BLCKSZ / 16)

/* A page is copied if so many entries are left that all of them might be logged with it. */
#define MIN_ENTRIES_TO_COPY 16

/* The WAL of one entry, besides the entry. */
#define RECORD_OVERHEAD \
	(SizeOfXLogRecord + SizeOfXLogRecordBlockHeader + 3 * sizeof(Oid) + \
	 sizeof(BlockNumber) + SizeOfXLogRecordDataHeaderShort + SizeOfBtreeInsert)

/* An entry that is to be put in, and the page that is locked. */
typedef struct Place
{
	AzrSearchKey key;
	Relation	index;
	Relation	rel;
	Buffer		buffer;			/* locked for writing, or invalid */
	OffsetNumber offset;		/* of the entry before, if it is there */
	bool		has_equal;		/* there was no place because of an equal key */

	/* the last entries, if they are in the copy only */
	int			ncopied;
	Size		copied_records; /* WAL that they would take one by one */
	IndexTuple	copied[AZR_MAX_ENTRIES];
	OffsetNumber offsets[AZR_MAX_ENTRIES];
	PGAlignedBlock copy;
} Place;

static bool direct_index_entries = true;

static bool set_key(Place *place, IndexTuple entry);
static bool put_direct(Place *place, IndexTuple entry, const AzrLeaf *leaf, int nleft);
static bool put_on_page(Place *place, IndexTuple entry, bool copy);
static void add_to_copy(Place *place, IndexTuple entry);
static void write_copied(Place *place);
static void write_entry(Relation index, Buffer buffer, OffsetNumber offset, IndexTuple entry);
static void leave_page(Place *place);
static void put_by_index(Relation index, Relation rel, IndexTuple entry, IndexInfo *info);

/*
 * Called when the library is loaded.
 */
void
azr_entries_init(void)
{
	DefineCustomBoolVariable("angzarr.direct_index_entries",
							 "Puts entries into pages of indexes without PostgreSQL's own search.",
							 "Off is slower. It makes no other difference.",
							 &direct_index_entries, true, PGC_USERSET, 0, NULL, NULL, NULL);
}

/*
 * Put entries into a B-tree that takes entries and has no deferred constraint.  They are of rows
 * that are stored already, up to AZR_MAX_ENTRIES of them, and faster if each belongs beside the
 * one before.  'leaf' is where the first one may belong, if it is of this index; then it is set to
 * where they were put last.  index_insert() is given 'info'.
 *
 * Raises what index_insert() does, such as 23505.
 */
void
azr_entries_put(Relation index, Relation rel, IndexTuple *entries, int count,
				AzrLeaf *leaf, IndexInfo *info)
{
	Place		place;
	bool		direct;

	Assert(count <= AZR_MAX_ENTRIES);

	/*
	 * an index that was made, or emptied, in this transaction may not be in
	 * WAL
	 */
	direct = direct_index_entries && RelationNeedsWAL(index);
	if (direct)
	{
		azr_search_key_begin(&place.key, index, IndexRelationGetNumberOfKeyAttributes(index));
		direct = place.key.values.heapkeyspace;
		place.index = index;
		place.rel = rel;
		place.buffer = InvalidBuffer;
		place.offset = InvalidOffsetNumber;
		place.has_equal = false;
		place.ncopied = 0;
		place.copied_records = 0;
	}
	for (int i = 0; i < count; i++)
	{
		if (direct && put_direct(&place, entries[i], i == 0 ? leaf : NULL, count - i))
			continue;
		put_by_index(index, rel, entries[i], info);

		/* that key is likely to come again */
		direct = direct && !place.has_equal;
	}
	if (direct && BufferIsValid(place.buffer) && leaf->index == RelationGetRelid(index))
	{
		leaf->page = BufferGetBlockNumber(place.buffer);
		leaf->offset = place.offset;
	}
	if (direct)
		leave_page(&place);
}

/*
 * Put an entry, of 'nleft' that are left, into the page on which it belongs, if that is the plain
 * case.  Keeps the page locked if it does, and has none locked if it does not.
 */
static bool
put_direct(Place *place, IndexTuple entry, const AzrLeaf *leaf, int nleft)
{
	Relation	index = place->index;
	bool		is_hinted = leaf != NULL && leaf->index == RelationGetRelid(index);
	BlockNumber page = is_hinted ? leaf->page : RelationGetTargetBlock(index);

	if (IndexTupleSize(entry) > MAX_ENTRY_SIZE || !set_key(place, entry))
	{
		leave_page(place);
		return false;
	}

	/* the page of the entry before */
	if (BufferIsValid(place->buffer))
	{
		if (put_on_page(place, entry, nleft >= MIN_ENTRIES_TO_COPY))
			return true;
		leave_page(place);
		if (place->has_equal)
			return false;
	}

	/* what the caller says, or the last page of the index */
	if (BlockNumberIsValid(page))
	{
		place->buffer = _bt_getbuf(index, page, BT_WRITE);
		if (is_hinted)
			place->offset = leaf->offset;
		if (put_on_page(place, entry, false))
			return true;
		leave_page(place);
		if (place->has_equal)
			return false;
		if (!is_hinted)
			RelationSetTargetBlock(index, InvalidBlockNumber);
	}

	place->buffer = azr_find_leaf(&place->key, place->rel, BT_WRITE);
	if (!BufferIsValid(place->buffer))
		return false;			/* the index is empty */
	if (put_on_page(place, entry, false))
		return true;
	leave_page(place);
	return false;
}

/*
 * Have an entry's values as the key.  Returns false if one of them is NULL.
 */
static bool
set_key(Place *place, IndexTuple entry)
{
	BTScanInsert key = &place->key.values;
	Datum		values[INDEX_MAX_KEYS];

	for (int i = 0; i < key->keysz; i++)
	{
		bool		isnull;

		values[i] = index_getattr(entry, i + 1, RelationGetDescr(place->index), &isnull);
		if (isnull)
			return false;
	}
	azr_search_key_set(&place->key, values);

	/* entries with equal values are in the order of their rows' places */
	key->scantid = place->index->rd_index->indisunique ? NULL : &entry->t_tid;
	return true;
}

/*
 * Put an entry into the page that is locked, if it belongs there, and has a place there; or into
 * the copy of it, if there is one, or if 'copy' is set.
 */
static bool
put_on_page(Place *place, IndexTuple entry, bool copy)
{
	Page		page = place->ncopied > 0 ? (Page) place->copy.data : BufferGetPage(place->buffer);
	BTPageOpaque opaque = BTPageGetOpaque(page);
	OffsetNumber guess = place->offset;
	OffsetNumber before;
	bool		is_equal;

	if (!azr_is_page_for(&place->key, page) || P_INCOMPLETE_SPLIT(opaque) ||
		PageGetFreeSpace(page) < MAXALIGN(IndexTupleSize(entry)))
		return false;

	/* what goes to the last page of an index mostly goes to its end */
	if (guess == InvalidOffsetNumber && P_RIGHTMOST(opaque))
		guess = PageGetMaxOffsetNumber(page);

	/* if all entries are above the new one, it may belong on the page before */
	before = azr_last_not_above(&place->key, page, guess, &is_equal);
	if (before == InvalidOffsetNumber && !P_LEFTMOST(opaque))
		return false;
	if (is_equal)
	{
		place->has_equal = true;
		return false;
	}

	CheckForSerializableConflictIn(place->index, NULL, BufferGetBlockNumber(place->buffer));
	place->offset = before == InvalidOffsetNumber
		? P_FIRSTDATAKEY(opaque) : OffsetNumberNext(before);
	if (copy || place->ncopied > 0)
		add_to_copy(place, entry);
	else
		write_entry(place->index, place->buffer, place->offset, entry);
	if (P_RIGHTMOST(opaque) && !P_ISROOT(opaque) &&
		_bt_getrootheight(place->index) >= MIN_HEIGHT_TO_REMEMBER_LAST_PAGE)
		RelationSetTargetBlock(place->index, BufferGetBlockNumber(place->buffer));
	return true;
}

/*
 * Put an entry into the copy of the page that is locked.
 */
static void
add_to_copy(Place *place, IndexTuple entry)
{
	Page		copy = (Page) place->copy.data;

	if (place->ncopied == 0)
		memcpy(copy, BufferGetPage(place->buffer), BLCKSZ);
	if (PageAddItem(copy, (char *) entry, IndexTupleSize(entry), place->offset, false,
					false) == InvalidOffsetNumber)
		elog(ERROR, "failed to add new item to block %u in index \"%s\"",
			 BufferGetBlockNumber(place->buffer), RelationGetRelationName(place->index));
	place->copied[place->ncopied] = entry;
	place->offsets[place->ncopied++] = place->offset;
	place->copied_records += MAXALIGN(RECORD_OVERHEAD + IndexTupleSize(entry));
}

/*
 * Write the entries that are in the copy only into the page: all at once where that takes less
 * WAL, or else one by one.
 */
static void
write_copied(Place *place)
{
	PageHeader	copy = (PageHeader) place->copy.data;

	if (BLCKSZ - (copy->pd_upper - copy->pd_lower) <= place->copied_records)
	{
		START_CRIT_SECTION();
		memcpy(BufferGetPage(place->buffer), copy, BLCKSZ);
		MarkBufferDirty(place->buffer);
		log_newpage_buffer(place->buffer, true);
		END_CRIT_SECTION();
	}
	else
		for (int i = 0; i < place->ncopied; i++)
			write_entry(place->index, place->buffer, place->offsets[i], place->copied[i]);
	place->ncopied = 0;
	place->copied_records = 0;
}

/*
 * Write an entry into a leaf page, which is locked for writing and has room for it, as
 * _bt_insertonpg() does.
 */
static void
write_entry(Relation index, Buffer buffer, OffsetNumber offset, IndexTuple entry)
{
	Page		page = BufferGetPage(buffer);
	xl_btree_insert record = {.offnum = offset};
	XLogRecPtr	end;

	START_CRIT_SECTION();

	if (PageAddItem(page, (char *) entry, IndexTupleSize(entry), offset, false,
					false) == InvalidOffsetNumber)
		elog(PANIC, "failed to add new item to block %u in index \"%s\"",
			 BufferGetBlockNumber(buffer), RelationGetRelationName(index));
	MarkBufferDirty(buffer);

	XLogBeginInsert();
	XLogRegisterData((char *) &record, SizeOfBtreeInsert);
	XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
	XLogRegisterBufData(0, (char *) entry, IndexTupleSize(entry));
	end = XLogInsert(RM_BTREE_ID, XLOG_BTREE_INSERT_LEAF);
	PageSetLSN(page, end);

	END_CRIT_SECTION();
}

static void
leave_page(Place *place)
{
	if (place->ncopied > 0)
		write_copied(place);
	if (BufferIsValid(place->buffer))
		_bt_relbuf(place->index, place->buffer);
	place->buffer = InvalidBuffer;
	place->offset = InvalidOffsetNumber;
}

/*
 * Put in an entry by PostgreSQL's own way.
 */
static void
put_by_index(Relation index, Relation rel, IndexTuple entry, IndexInfo *info)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	index_deform_tuple(entry, RelationGetDescr(index), values, nulls);
	(void) index_insert(index, values, nulls, &entry->t_tid, rel,
						index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
						false, info);
}
