/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Inserting rows into a plain table (see table.h), without a planner.
 *
 * Rows are gathered in slots and written together, as COPY does
 * (CopyMultiInsertBufferFlush() in copyfrom.c): one WAL record and one buffer
 * lock a page rather than a row.
 *
 * The executor would open all indexes and prepare their predicates for each insert.  The
 * indexes of a plain table are on columns only, or on what the table computes of some columns
 * (AzrComputed), and their predicates test one of these.  So only the indexes that get an entry
 * are opened, and nothing has to be prepared, which would be most of the work of appending one
 * event.  Entries are made as btinsert() in nbtree.c does, and go in by entry.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/entry.h"
#include "plumbing/insert.h"
#include "plumbing/row_slot.h"
#include "utils/memutils.h"

/* What is written together at most: the limits that COPY uses. */
#define MAX_GATHERED_ROWS	1000
#define MAX_GATHERED_BYTES	65535

struct AzrInsert
{
	const AzrTable *table;
	Relation	rel;
	CommandId	cid;
	TupleDesc	desc;			/* of the columns up to the last one that a
								 * row had so far; NULL before the first row */
	MemoryContext context;		/* of all this, if there may be many rows; or
								 * NULL */
	MemoryContext scratch;		/* reset for each flush; or NULL */
	Relation	indexes[AZR_MAX_ALL_INDEXES];	/* opened when first needed */
	IndexInfo  *index_info;		/* that a B-tree does not look at */
	AzrLeaf		leaf;			/* where the first row's entry may belong */
	int			ngathered;
	Size		gathered_bytes;
	bool		has_column[AZR_MAX_COLUMNS];	/* does one of them have it? */
	int			nslots;
	TupleTableSlot *slots[FLEXIBLE_ARRAY_MEMBER];	/* made when first needed */
};

static TupleTableSlot *next_slot(AzrInsert *insert, int natts);
static TupleDesc first_columns(TupleDesc desc, int natts);
static void flush(AzrInsert *insert);
static void insert_index_entries(AzrInsert *insert, int i);
static bool may_have_entries(const AzrInsert *insert, int i);
static Relation open_index(AzrInsert *insert, int i);
static inline Datum column_of(TupleTableSlot *row, AttrNumber attno, bool *isnull);
static Datum computed_of(const AzrComputed *computed, TupleTableSlot *row, bool *isnull);
static inline Datum key_of(const AzrTable *table, TupleTableSlot *row, AttrNumber attno,
						   bool *isnull);
static bool belongs_in_index(const AzrTable *table, int i, TupleTableSlot *row);
static IndexTuple index_entry(const AzrTable *table, Relation index, TupleTableSlot *row);
static IndexTuple fixed_entry(TupleDesc desc, int natts, const Datum *values, const bool *nulls);

/*
 * Begin to insert up to 'nrows' rows into a plain table that the caller has opened
 * with RowExclusiveLock.
 */
AzrInsert *
azr_insert_begin(const AzrTable *table, Relation rel, int nrows)
{
	int			nslots = Min(nrows, MAX_GATHERED_ROWS);
	MemoryContext context = nrows <= 1 ? NULL :
		AllocSetContextCreate(CurrentMemoryContext, "angzarr insert", ALLOCSET_DEFAULT_SIZES);
	AzrInsert  *insert = MemoryContextAllocZero(context ? context : CurrentMemoryContext,
												offsetof(AzrInsert, slots) +
												nslots * sizeof(TupleTableSlot *));

	insert->table = table;
	insert->rel = rel;
	insert->cid = GetCurrentCommandId(true);
	insert->nslots = nslots;
	insert->context = context;
	if (context != NULL)
		insert->scratch = AllocSetContextCreate(context, "angzarr insert scratch",
												ALLOCSET_DEFAULT_SIZES);
	return insert;
}

/*
 * Say on which page of an index the first row's entry probably belongs: that saves a descent.
 */
void
azr_insert_beside(AzrInsert *insert, AzrLeaf leaf)
{
	insert->leaf = leaf;
}

/*
 * Take a row, given as all columns of the table.  Its data must live until
 * azr_insert_end().  'bytes' is roughly the size of its columns of variable length.
 */
void
azr_insert_put(AzrInsert *insert, const Datum *values, const bool *nulls, Size bytes)
{
	int			natts = insert->table->ncolumns;
	TupleTableSlot *row;

	while (natts > 1 && nulls[natts - 1])
		natts--;
	row = next_slot(insert, natts);
	natts = row->tts_tupleDescriptor->natts;
	memcpy(row->tts_values, values, natts * sizeof(Datum));
	memcpy(row->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(row);
	for (int i = 0; i < natts; i++)
		insert->has_column[i] |= !nulls[i];
	insert->ngathered++;
	insert->gathered_bytes += bytes;

	if (insert->ngathered == insert->nslots ||
		insert->gathered_bytes >= MAX_GATHERED_BYTES)
		flush(insert);
}

/*
 * An empty slot for the next row, of 'natts' columns or more.
 *
 * A row that ends with its last column that is not NULL is shorter: it keeps no bits for the
 * NULLs after that.  It says how many columns it has, and those that it lacks are NULL.
 */
static TupleTableSlot *
next_slot(AzrInsert *insert, int natts)
{
	TupleTableSlot **slot = &insert->slots[insert->ngathered];

	if (*slot == NULL || (*slot)->tts_tupleDescriptor->natts < natts)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(insert));

		if (insert->desc == NULL || insert->desc->natts < natts)
			insert->desc = first_columns(RelationGetDescr(insert->rel), natts);
		*slot = azr_row_slot(insert->desc);
		MemoryContextSwitchTo(oldcontext);
	}
	return ExecClearTuple(*slot);
}

/*
 * A description of a table's first columns.
 */
static TupleDesc
first_columns(TupleDesc desc, int natts)
{
	TupleDesc	result = CreateTemplateTupleDesc(natts);

	for (int i = 1; i <= natts; i++)
		TupleDescCopyEntry(result, i, desc, i);
	TupleDescFinalize(result);
	return result;
}

/*
 * Write what is left, and let the rest of the transaction see all rows.
 */
void
azr_insert_end(AzrInsert *insert)
{
	flush(insert);

	for (int i = 0; i < insert->table->nall_indexes; i++)
		if (insert->indexes[i] != NULL)
			index_close(insert->indexes[i], NoLock);
	if (insert->context != NULL)
		MemoryContextDelete(insert->context);
	else
	{
		if (insert->desc != NULL)
		{
			ExecDropSingleTupleTableSlot(insert->slots[0]);
			pfree(insert->desc);
		}
		pfree(insert);
	}

	CommandCounterIncrement();
}

static void
flush(AzrInsert *insert)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	if (insert->ngathered == 0)
		return;

	/* both inserts leave behind in memory what they build of a row */
	if (insert->scratch != NULL)
		MemoryContextSwitchTo(insert->scratch);
	if (insert->ngathered == 1)
		table_tuple_insert(insert->rel, insert->slots[0], insert->cid, 0, NULL);
	else
		table_multi_insert(insert->rel, insert->slots, insert->ngathered,
						   insert->cid, 0, NULL);
	for (int i = 0; i < insert->table->nall_indexes; i++)
		insert_index_entries(insert, i);
	for (int i = 0; i < insert->ngathered; i++)
		ExecClearTuple(insert->slots[i]);
	MemoryContextSwitchTo(oldcontext);
	if (insert->scratch != NULL)
		MemoryContextReset(insert->scratch);

	insert->ngathered = 0;
	insert->gathered_bytes = 0;
	memset(insert->has_column, 0, sizeof(insert->has_column));
}

/*
 * Give an index its entries of the gathered rows.
 */
static void
insert_index_entries(AzrInsert *insert, int i)
{
	IndexTuple	entries[AZR_MAX_ENTRIES];
	int			count = 0;
	Relation	index = NULL;

	if (!may_have_entries(insert, i))
		return;
	for (int n = 0; n < insert->ngathered; n++)
	{
		TupleTableSlot *row = insert->slots[n];

		if (!belongs_in_index(insert->table, i, row))
			continue;
		if (index == NULL)
			index = open_index(insert, i);

		/*
		 * an index that is being built concurrently takes entries only from
		 * some point on
		 */
		if (!index->rd_index->indisready)
			return;

		entries[count++] = index_entry(insert->table, index, row);
		if (count == AZR_MAX_ENTRIES)
		{
			CHECK_FOR_INTERRUPTS();
			azr_entries_put(index, insert->rel, entries, count, &insert->leaf,
							insert->index_info);
			count = 0;
		}
	}
	if (count > 0)
		azr_entries_put(index, insert->rel, entries, count, &insert->leaf, insert->index_info);
}

/*
 * Can any of the gathered rows belong in an index?  Most partial indexes are on columns that
 * none of them has.
 */
static bool
may_have_entries(const AzrInsert *insert, int i)
{
	const AzrTable *table = insert->table;

	for (int n = 0; n < table->all_indexes[i].nconditions; n++)
	{
		const AzrCondition *condition = &table->all_indexes[i].conditions[n];
		bool		has_column = false;

		if (condition->attno != InvalidAttrNumber)
		{
			if (condition->test != AZR_IS_NULL &&
				(condition->attno > table->ncolumns ||
				 !insert->has_column[condition->attno - 1]))
				return false;
			continue;
		}

		/*
		 * what is computed of no column is the same for all rows, and is NULL
		 * or not
		 */
		for (int arg = 0; arg < table->computed->nargs; arg++)
			has_column = has_column || insert->has_column[table->computed->args[arg] - 1];
		if (!has_column)
		{
			bool		isnull;

			(void) computed_of(table->computed, insert->slots[0], &isnull);
			if (isnull != (condition->test == AZR_IS_NULL))
				return false;
		}
	}
	return true;
}

static Relation
open_index(AzrInsert *insert, int i)
{
	MemoryContext oldcontext;

	if (insert->indexes[i] != NULL)
		return insert->indexes[i];
	oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(insert));
	insert->indexes[i] = index_open(insert->table->all_indexes[i].id, RowExclusiveLock);
	if (insert->index_info == NULL)
		insert->index_info = makeNode(IndexInfo);
	MemoryContextSwitchTo(oldcontext);
	return insert->indexes[i];
}

/*
 * A column of a gathered row.
 */
static inline Datum
column_of(TupleTableSlot *row, AttrNumber attno, bool *isnull)
{
	*isnull = attno > row->tts_nvalid || row->tts_isnull[attno - 1];
	return *isnull ? (Datum) 0 : row->tts_values[attno - 1];
}

/*
 * What the table has computed, of a gathered row.
 */
static Datum
computed_of(const AzrComputed *computed, TupleTableSlot *row, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, AZR_COMPUTED_ARGS);
	Datum		result;

	InitFunctionCallInfoData(*fcinfo, NULL, computed->nargs, InvalidOid, NULL, NULL);
	for (int i = 0; i < computed->nargs; i++)
		fcinfo->args[i].value = column_of(row, computed->args[i], &fcinfo->args[i].isnull);
	result = computed->function(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

/*
 * What an index may have of a gathered row: a column, or for 0 what the table has computed.
 */
static inline Datum
key_of(const AzrTable *table, TupleTableSlot *row, AttrNumber attno, bool *isnull)
{
	return attno != InvalidAttrNumber
		? column_of(row, attno, isnull) : computed_of(table->computed, row, isnull);
}

static bool
belongs_in_index(const AzrTable *table, int i, TupleTableSlot *row)
{
	for (int n = 0; n < table->all_indexes[i].nconditions; n++)
	{
		const AzrCondition *condition = &table->all_indexes[i].conditions[n];
		bool		isnull;
		Datum		value = key_of(table, row, condition->attno, &isnull);
		bool		met = false;

		switch (condition->test)
		{
			case AZR_IS_NULL:
				met = isnull;
				break;
			case AZR_IS_NOT_NULL:
				met = !isnull;
				break;
			case AZR_IS_TRUE:
				met = !isnull && DatumGetBool(value);
				break;
			case AZR_IS_FALSE:
				met = !isnull && !DatumGetBool(value);
				break;
		}
		if (!met)
			return false;
	}
	return true;
}

/*
 * A row's entry in an index, in the current memory context.
 */
static IndexTuple
index_entry(const AzrTable *table, Relation index, TupleTableSlot *row)
{
	int			natts = IndexRelationGetNumberOfAttributes(index);
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];
	IndexTuple	entry;

	for (int n = 0; n < natts; n++)
		values[n] = key_of(table, row, index->rd_index->indkey.values[n], &nulls[n]);
	entry = fixed_entry(RelationGetDescr(index), natts, values, nulls);
	if (entry == NULL)
		entry = index_form_tuple(RelationGetDescr(index), values, nulls);
	entry->t_tid = row->tts_tid;
	return entry;
}

/*
 * What index_form_tuple() makes of columns of fixed length that are not NULL, or NULL if there
 * are others.
 */
static IndexTuple
fixed_entry(TupleDesc desc, int natts, const Datum *values, const bool *nulls)
{
	Size		size = sizeof(IndexTupleData);
	Size		offsets[INDEX_MAX_KEYS];
	char	   *entry;

	for (int n = 0; n < natts; n++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, n);

		if (nulls[n] || column->attlen <= 0)
			return NULL;
		offsets[n] = att_align_nominal(size, column->attalign);
		size = offsets[n] + column->attlen;
	}
	size = MAXALIGN(size);
	entry = palloc0(size);
	for (int n = 0; n < natts; n++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, n);

		if (column->attbyval)
			store_att_byval(entry + offsets[n], values[n], column->attlen);
		else
			memcpy(entry + offsets[n], DatumGetPointer(values[n]), column->attlen);
	}
	((IndexTuple) entry)->t_info = size;
	return (IndexTuple) entry;
}
