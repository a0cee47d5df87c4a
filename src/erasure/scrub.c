/*-------------------------------------------------------------------------
 *
 * scrub.c
 *	  azr_scrub: no old bytes in the free space of pages.
 *
 * When VACUUM removes a row, or an entry of an index, it only makes its space free: the bytes stay
 * on the page, and in the file, until something else is written there.  So a page's free space is
 * filled with zeros here: between the line pointers and the rows, and between two rows.
 *
 * A page that had other bytes there is written to the write-ahead log as a full image.  An image
 * leaves out the space between line pointers and rows, and replaying it fills that with zeros.  So
 * a standby has none of the bytes either.
 *
 * An exclusive lock on the page's buffer is enough.  Whoever holds only a pin may be looking at a
 * row, and no row is touched; a row that is being looked at is not removed in the first place.
 *
 * Pages with rows that VACUUM has not removed yet are counted, since these are not zeroed.  An
 * index has entries for removed rows as long as its table has line pointers for them, so those
 * pages are counted too.  VACUUM never removes the keys by which a btree tells its pages apart:
 * where one has what may be erased, and no entry has it any more, only REINDEX does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_scrub);

/* Columns of the composite type azr_scrubbed, as in scrub.sql. */
enum
{
	Anum_azr_scrubbed_table_name = 1,
	Anum_azr_scrubbed_pages,
	Anum_azr_scrubbed_waiting,
	Natts_azr_scrubbed = Anum_azr_scrubbed_waiting
};

static const Oid column_types[Natts_azr_scrubbed] = {TEXTOID, INT8OID, INT8OID};

/*
 * What may have held something that was erased: events, snapshots, reasons for parking, and what
 * ANALYZE has sampled of them, each with its TOAST table, and the indexes of all.
 */
#define SCRUBBED_RELATIONS \
	"WITH tables AS (" \
	"SELECT c.oid, c.reltoastrelid, 1 AS place FROM pg_extension e " \
	"JOIN pg_class c ON c.relnamespace = e.extnamespace AND c.relname = ANY (ARRAY[" \
	"'azr_main_events', 'azr_edition_events', 'azr_latest_snapshots', 'azr_evidence_salts', " \
	"'azr_parked_streams']) " \
	"WHERE e.extname = 'angzarr' " \
	"UNION ALL SELECT c.oid, c.reltoastrelid, 2 FROM pg_extension e " \
	"JOIN pg_class p ON p.relnamespace = e.extnamespace AND p.relname = 'azr_snapshot_history' " \
	"CROSS JOIN LATERAL pg_partition_tree(p.oid) t JOIN pg_class c ON c.oid = t.relid " \
	"WHERE e.extname = 'angzarr' AND t.isleaf " \
	"UNION ALL SELECT c.oid, c.reltoastrelid, 3 FROM pg_class c " \
	"WHERE c.oid IN ('pg_statistic'::regclass, 'pg_statistic_ext_data'::regclass)), " \
	"heaps AS (SELECT oid, oid AS of, place, 1 AS kind FROM tables UNION ALL " \
	"SELECT reltoastrelid, oid, place, 2 FROM tables WHERE reltoastrelid <> 0) " \
	"SELECT r.oid FROM (SELECT oid, of, place, kind FROM heaps UNION ALL " \
	"SELECT i.indexrelid, h.of, h.place, h.kind + 2 FROM heaps h " \
	"JOIN pg_index i ON i.indrelid = h.oid) r " \
	"JOIN pg_class c ON c.oid = r.oid JOIN pg_class t ON t.oid = r.of " \
	"WHERE c.relkind IN ('r', 't', 'i') ORDER BY r.place, t.relname, r.kind, c.relname"

/* What is being scrubbed. */
typedef struct Scrub
{
	Relation	rel;
	Relation	heap;			/* of an index */
	bool		is_known;		/* is it of a kind whose pages are known? */
	TransactionId oldest;		/* what is older and dead can be removed */
	int			erasable;		/* an index's first key column that may have
								 * what is erased; 0 for none */
	int64		pages;			/* that had other bytes than zeros */
	int64		waiting;		/* that have what is not removed yet */
} Scrub;

/* A part of a page. */
typedef struct Part
{
	uint16		begin;
	uint16		end;
} Part;

static void scrub_relation(ReturnSetInfo *set, Oid relid);
static void report(ReturnSetInfo *set, Relation rel, const Scrub *scrub);
static void note_relation(uint64 row, const Datum *values, const bool *nulls, void *arg);
static bool can_scrub(Relation rel);
static int	first_erasable(Relation index);
static void scrub_page(Scrub *scrub, BlockNumber block, BufferAccessStrategy strategy);
static bool heap_page_waits(const Scrub *scrub, Buffer buffer);
static bool index_page_waits(Page page);
static List *page_bounds(const Scrub *scrub, Page page);
static bool has_entry(const Scrub *scrub, IndexTuple bound);
static int	free_parts(Relation rel, Page page, Part *parts);
static int	compare_parts(const void *a, const void *b);
static bool is_zero(const char *bytes, Size size);

/*
 * azr_scrub() -> setof azr_scrubbed
 *
 * See scrub.sql.
 */
Datum
azr_scrub(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = azr_set_begin(fcinfo, column_types, lengthof(column_types));
	AzrQueryArgs no_args = {0};
	List	   *relations = NIL;
	ListCell   *lc;

	azr_check_can_write(fcinfo);
	azr_query_latest(SCRUBBED_RELATIONS, &no_args, note_relation, &relations);
	foreach(lc, relations)
		scrub_relation(set, lfirst_oid(lc));
	PG_RETURN_NULL();
}

static void
note_relation(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **relations = (List **) arg;

	*relations = lappend_oid(*relations, DatumGetObjectId(values[0]));
}

/*
 * Scrub a table or an index, and say what was done, if anything was.  One that was dropped
 * meanwhile is left out.
 */
static void
scrub_relation(ReturnSetInfo *set, Oid relid)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr scrub",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	Scrub		scrub = {0};
	Oid			heapid = InvalidOid;
	Relation	rel;

	/* the table is locked before its index */
	if (get_rel_relkind(relid) == RELKIND_INDEX)
	{
		heapid = IndexGetRelation(relid, true);
		if (OidIsValid(heapid))
			scrub.heap = try_relation_open(heapid, RowExclusiveLock);
	}
	rel = OidIsValid(heapid) && scrub.heap == NULL ? NULL
		: try_relation_open(relid, RowExclusiveLock);
	if (rel != NULL)
	{
		BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);

		scrub.rel = rel;
		scrub.is_known = can_scrub(rel);
		if (scrub.is_known)
		{
			BlockNumber blocks = RelationGetNumberOfBlocks(rel);

			if (scrub.heap != NULL)
				scrub.erasable = first_erasable(rel);
			else
				scrub.oldest = GetOldestNonRemovableTransactionId(rel);
			for (BlockNumber block = 0; block < blocks; block++)
			{
				CHECK_FOR_INTERRUPTS();
				scrub_page(&scrub, block, strategy);
			}
		}
		FreeAccessStrategy(strategy);
		MemoryContextSwitchTo(caller);
		if (!scrub.is_known || scrub.pages > 0 || scrub.waiting > 0)
			report(set, rel, &scrub);
		relation_close(rel, NoLock);
	}
	if (scrub.heap != NULL)
		relation_close(scrub.heap, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

static void
report(ReturnSetInfo *set, Relation rel, const Scrub *scrub)
{
	Datum		values[Natts_azr_scrubbed];
	bool		nulls[Natts_azr_scrubbed] = {false};
	char	   *name =
		quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
								   RelationGetRelationName(rel));

	values[Anum_azr_scrubbed_table_name - 1] = CStringGetTextDatum(name);
	values[Anum_azr_scrubbed_pages - 1] = Int64GetDatum(scrub->pages);
	nulls[Anum_azr_scrubbed_pages - 1] = !scrub->is_known;
	values[Anum_azr_scrubbed_waiting - 1] = Int64GetDatum(scrub->waiting);
	nulls[Anum_azr_scrubbed_waiting - 1] = !scrub->is_known;
	azr_set_put(set, values, nulls);
}

/*
 * Is a table or index of a kind whose pages are known here?  An index with operators that are not
 * PostgreSQL's own is not: they would be called with the caller's rights.
 */
static bool
can_scrub(Relation rel)
{
	if (rel->rd_rel->relkind != RELKIND_INDEX)
		return rel->rd_rel->relam == HEAP_TABLE_AM_OID;
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(rel); i++)
		if (rel->rd_opfamily[i] >= FirstNormalObjectId)
			return false;
	return rel->rd_rel->relam == BTREE_AM_OID;
}

/*
 * The first key column of an index that may have what is erased: an id, a state, or an expression.
 * The owner may have made such an index on any of the store's tables.
 */
static int
first_erasable(Relation index)
{
	static const char *const names[] = {
		"correlation_uuid", "correlation_id", "external_id", "payload", "metadata",
		"state", "salts", "reason"
	};
	Oid			heapid = index->rd_index->indrelid;

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];
		char	   *name = attno > 0 ? get_attname(heapid, attno, true) : NULL;

		if (attno == 0)
			return i + 1;
		for (int n = 0; name != NULL && n < lengthof(names); n++)
			if (strcmp(name, names[n]) == 0)
				return i + 1;
	}
	return 0;
}

/*
 * Fill the free space of a page with zeros, and see whether it has something that is still to be
 * removed.
 */
static void
scrub_page(Scrub *scrub, BlockNumber block, BufferAccessStrategy strategy)
{
	bool		is_index = scrub->heap != NULL;
	Buffer		buffer;
	Page		page;
	Part		parts[MaxOffsetNumber + 1];
	int			nparts;
	bool		clean = true;
	bool		waits;
	List	   *bounds = NIL;
	ListCell   *lc;

	/* the first page of a btree has none of its entries */
	if (is_index && block == BTREE_METAPAGE)
		return;
	buffer = ReadBufferExtended(scrub->rel, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	page = BufferGetPage(buffer);
	if (PageIsNew(page))
	{
		UnlockReleaseBuffer(buffer);
		return;
	}
	waits = is_index ? index_page_waits(page) : heap_page_waits(scrub, buffer);
	if (scrub->erasable > 0)
		bounds = page_bounds(scrub, page);

	nparts = free_parts(scrub->rel, page, parts);
	for (int i = 0; i < nparts; i++)
		clean = clean && is_zero((char *) page + parts[i].begin, parts[i].end - parts[i].begin);
	if (!clean)
	{
		START_CRIT_SECTION();
		for (int i = 0; i < nparts; i++)
			memset((char *) page + parts[i].begin, 0, parts[i].end - parts[i].begin);
		MarkBufferDirty(buffer);
		if (RelationNeedsWAL(scrub->rel))
			log_newpage_buffer(buffer, true);
		END_CRIT_SECTION();
		scrub->pages++;
	}
	UnlockReleaseBuffer(buffer);

	foreach(lc, bounds)
		waits = waits || !has_entry(scrub, (IndexTuple) lfirst(lc));
	list_free_deep(bounds);
	if (waits)
		scrub->waiting++;
}

/*
 * Does a page of a table have a row that nobody sees any more, or will not once all transactions
 * in progress have ended, or a line pointer to one that was removed?
 */
static bool
heap_page_waits(const Scrub *scrub, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	OffsetNumber last = PageGetMaxOffsetNumber(page);

	for (OffsetNumber offset = FirstOffsetNumber; offset <= last; offset++)
	{
		ItemId		item = PageGetItemId(page, offset);
		HeapTupleData row;

		if (ItemIdIsDead(item))
			return true;
		if (!ItemIdIsNormal(item))
			continue;
		ItemPointerSet(&row.t_self, BufferGetBlockNumber(buffer), offset);
		row.t_tableOid = RelationGetRelid(scrub->rel);
		row.t_data = (HeapTupleHeader) PageGetItem(page, item);
		row.t_len = ItemIdGetLength(item);
		switch (HeapTupleSatisfiesVacuum(&row, scrub->oldest, buffer))
		{
			case HEAPTUPLE_LIVE:
			case HEAPTUPLE_INSERT_IN_PROGRESS:
				break;
			default:
				return true;
		}
	}
	return false;
}

/*
 * Does a page of a btree have an entry of which a scan has found that its row is gone?
 */
static bool
index_page_waits(Page page)
{
	BTPageOpaque opaque = BTPageGetOpaque(page);

	if (P_ISDELETED(opaque) || !P_ISLEAF(opaque))
		return false;
	for (OffsetNumber offset = P_FIRSTDATAKEY(opaque);
		 offset <= PageGetMaxOffsetNumber(page); offset++)
		if (ItemIdIsDead(PageGetItemId(page, offset)))
			return true;
	return false;
}

/*
 * Copies of the keys on a page by which the btree tells its pages apart, as far as they have a
 * column that may have what was erased.
 */
static List *
page_bounds(const Scrub *scrub, Page page)
{
	BTPageOpaque opaque = BTPageGetOpaque(page);
	List	   *bounds = NIL;
	OffsetNumber last = PageGetMaxOffsetNumber(page);

	if (P_ISDELETED(opaque) || P_ISHALFDEAD(opaque))
		return NIL;
	if (P_ISLEAF(opaque))
		last = P_RIGHTMOST(opaque) ? InvalidOffsetNumber : P_HIKEY;
	for (OffsetNumber offset = FirstOffsetNumber; offset <= last; offset++)
	{
		IndexTuple	bound = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));

		/* the first key of a page that is no leaf stands for "less than all" */
		if (BTreeTupleGetNAtts(bound, scrub->rel) >= scrub->erasable)
			bounds = lappend(bounds, CopyIndexTuple(bound));
	}
	return bounds;
}

/*
 * Does an entry of the index have the key of a bound?
 */
static bool
has_entry(const Scrub *scrub, IndexTuple bound)
{
	Relation	index = scrub->rel;
	int			nkeys = Min(BTreeTupleGetNAtts(bound, index),
							IndexRelationGetNumberOfKeyAttributes(index));
	ScanKeyData keys[INDEX_MAX_KEYS];
	IndexScanDesc scan;
	bool		found;

	for (int i = 0; i < nkeys; i++)
	{
		bool		isnull;
		Datum		value = index_getattr(bound, i + 1, RelationGetDescr(index), &isnull);
		Oid			type = index->rd_opcintype[i];
		Oid			equal = get_opfamily_member(index->rd_opfamily[i], type, type,
												BTEqualStrategyNumber);

		ScanKeyEntryInitialize(&keys[i], isnull ? SK_ISNULL | SK_SEARCHNULL : 0, i + 1,
							   isnull ? InvalidStrategy : BTEqualStrategyNumber, InvalidOid,
							   index->rd_indcollation[i],
							   isnull ? InvalidOid : get_opcode(equal), value);
	}
	scan = azr_index_beginscan(scrub->heap, index, SnapshotAny, nkeys);
	index_rescan(scan, keys, nkeys, NULL, 0);
	found = index_getnext_tid(scan, ForwardScanDirection) != NULL;
	index_endscan(scan);
	return found;
}

/*
 * The parts of a page that nothing is stored in.  There is room for one more than a page can have
 * line pointers.  Returns none for a page that is not as it should be: it is not for us to make
 * that worse.
 */
static int
free_parts(Relation rel, Page page, Part *parts)
{
	PageHeader	header = (PageHeader) page;
	Part		used[MaxOffsetNumber];
	int			nused = 0;
	int			nparts = 0;
	uint16		begin = header->pd_lower;
	bool		has_items = rel->rd_rel->relkind != RELKIND_INDEX ||
		!P_ISDELETED(BTPageGetOpaque(page));

	if (header->pd_lower < SizeOfPageHeaderData || header->pd_lower > header->pd_upper ||
		header->pd_upper > header->pd_special || header->pd_special > BLCKSZ)
		return 0;

	/* a deleted page of a btree has no line pointers, but its entries' bytes */
	for (OffsetNumber offset = FirstOffsetNumber;
		 has_items && offset <= PageGetMaxOffsetNumber(page); offset++)
	{
		ItemId		item = PageGetItemId(page, offset);

		if (!ItemIdHasStorage(item))
			continue;
		used[nused].begin = ItemIdGetOffset(item);
		used[nused].end = ItemIdGetOffset(item) + ItemIdGetLength(item);
		if (used[nused].begin < header->pd_upper || used[nused].end > header->pd_special)
			return 0;
		nused++;
	}
	qsort(used, nused, sizeof(Part), compare_parts);
	for (int i = 0; i < nused; i++)
	{
		if (used[i].begin < begin)
			return 0;
		if (used[i].begin > begin)
		{
			parts[nparts].begin = begin;
			parts[nparts++].end = used[i].begin;
		}
		begin = used[i].end;
	}
	if (begin < header->pd_special)
	{
		parts[nparts].begin = begin;
		parts[nparts++].end = header->pd_special;
	}
	return nparts;
}

static int
compare_parts(const void *a, const void *b)
{
	return ((const Part *) a)->begin - ((const Part *) b)->begin;
}

static bool
is_zero(const char *bytes, Size size)
{
	for (Size i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}
