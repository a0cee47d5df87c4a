/*-------------------------------------------------------------------------
 *
 * type.c
 *	  Types of events by number.
 *
 * A backend remembers what it has looked up.  It remembers only what is committed: a
 * type that the transaction itself has added may be rolled back.  It forgets all of it
 * when the table is not the same any more (see table.h), or when there is too much.
 *
 * Lookups see whatever is committed (SnapshotSelf), not what the caller's snapshot
 * shows.  An event is visible no sooner than its type, and a row once committed
 * stays.  But a transaction that must stick to its snapshot gives its events no type that
 * this does not show: SQL that joins the table could not see them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "events/type.h"
#include "fmgr.h"
#include "lib/qunique.h"
#include "plumbing/grow.h"
#include "plumbing/lock.h"
#include "plumbing/write.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* More than a store should ever have; with the longest names, 16 MB. */
#define MAX_REMEMBERED	16384

/* Columns of azr_event_types, as in type.sql. */
enum
{
	Anum_azr_event_types_type_id = 1,
	Anum_azr_event_types_type,
	Natts_azr_event_types = Anum_azr_event_types_type
};

static const AzrColumn types_columns[Natts_azr_event_types] = {
	{"type_id", INT4OID, true},
	{"type", TEXTOID, true}
};

/* Places in the array of indexes below. */
enum
{
	INDEX_PRIMARY_KEY,
	INDEX_TYPE,
	NUM_INDEXES
};

static const AzrIndex types_indexes[NUM_INDEXES] = {
	[INDEX_PRIMARY_KEY] = {NULL, 1, {Anum_azr_event_types_type_id}, 0, 0},
	[INDEX_TYPE] = {"azr_event_types_type_idx", 1, {Anum_azr_event_types_type}, 0, 0}
};

AZR_CHECK_INDEXES(types_indexes);

static AzrTable types_table = {
	.name = "azr_event_types",
	.exact = true,
	.ncolumns = Natts_azr_event_types,
	.columns = types_columns,
	.nindexes = NUM_INDEXES,
	.indexes = types_indexes
};

PG_FUNCTION_INFO_V1(azr_event_type);

typedef struct TypeByNumber
{
	int32		number;			/* hash key */
	text	   *type;
} TypeByNumber;

typedef struct TypeByHash
{
	uint64		hash;			/* of the type's bytes; hash key */
	text	   *type;
	int32		number;
} TypeByHash;

/* What is remembered, in a context of its own; NULL for nothing. */
static MemoryContext remembered = NULL;
static HTAB *by_number;
static HTAB *by_hash;
static uint64 remembered_finding;	/* of types_table */

static int32 add_type(const text *type);
static int	compare_numbers(const void *a, const void *b);
static bool number_is_taken(Relation rel, int32 number);
static void remember(int32 number, TupleTableSlot *row);
static bool remembers(void);
static void forget(void);

/*
 * azr_event_type(type_id) -> text
 */
Datum
azr_event_type(PG_FUNCTION_ARGS)
{
	text	   *type;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	type = azr_type_name(PG_GETARG_INT32(0), true);
	if (type == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(type);
}

/*
 * The number of a type that azr_check_type() lets pass.  One that has none gets one.
 */
int32
azr_type_number(const text *type)
{
	Relation	rel;
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;
	int32		number = 0;
	bool		by_snapshot = IsolationUsesXactSnapshot();

	if (remembers() && !by_snapshot)
	{
		uint64		hash = azr_hash_text(type, 0);
		TypeByHash *entry = hash_search(by_hash, &hash, HASH_FIND, NULL);

		if (entry != NULL && azr_same_text(entry->type, type))
			return entry->number;
	}

	rel = azr_table_open(&types_table, AccessShareLock);
	azr_key_text(&key, 1, type);
	azr_scan_begin(&scan, &types_table, rel, INDEX_TYPE, SnapshotSelf, &key, 1);
	do
		row = azr_scan_next(&scan, ForwardScanDirection);
	while (row != NULL && by_snapshot &&
		   !table_tuple_satisfies_snapshot(rel, row, GetTransactionSnapshot()));
	if (row != NULL)
	{
		number = DatumGetInt32(row->tts_values[Anum_azr_event_types_type_id - 1]);
		remember(number, row);
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return row != NULL ? number : add_type(type);
}

/*
 * The type with a number, copied into the current memory context: what is remembered can
 * go at any time that a table is opened.
 *
 * Where there is none, returns NULL if missing_ok; else, for a number that an event has,
 * raises XX001: somebody has changed the table.
 */
text *
azr_type_name(int32 number, bool missing_ok)
{
	Relation	rel;
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;
	text	   *type = NULL;

	if (remembers())
	{
		TypeByNumber *entry = hash_search(by_number, &number, HASH_FIND, NULL);

		if (entry != NULL)
			return azr_copy_text(entry->type, CurrentMemoryContext);
	}

	rel = azr_table_open(&types_table, AccessShareLock);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(number));
	azr_scan_begin(&scan, &types_table, rel, INDEX_PRIMARY_KEY, SnapshotSelf, &key, 1);
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
	{
		type = azr_copy_text(DatumGetTextPP(row->tts_values[Anum_azr_event_types_type - 1]),
							 CurrentMemoryContext);
		remember(number, row);
	}
	else if (!missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("event type %d does not exist", number),
				 errhint("The row of azr_event_types that had this type_id is gone.")));
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return type;
}

/*
 * All numbers of some types, in the current memory context: a type may have several, or
 * none.  An event that the caller's snapshot shows has one of them if it is of such a type.
 * One index probe a type.
 */
AzrTypeNumbers
azr_type_numbers(const Datum *types, int count)
{
	AzrTypeNumbers numbers = {0, NULL};
	int			allocated = count;
	Relation	rel;
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;

	if (count == 0)
		return numbers;

	numbers.all = palloc(allocated * sizeof(int32));
	rel = azr_table_open(&types_table, AccessShareLock);
	azr_key_text(&key, 1, DatumGetTextPP(types[0]));
	azr_scan_begin(&scan, &types_table, rel, INDEX_TYPE, SnapshotSelf, &key, 1);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
		{
			azr_key_text(&key, 1, DatumGetTextPP(types[i]));
			index_rescan(scan.desc, &key, 1, NULL, 0);
		}
		while ((row = azr_scan_next(&scan, ForwardScanDirection)) != NULL)
		{
			numbers.all = azr_grow(numbers.all, numbers.count, &allocated, sizeof(int32));
			numbers.all[numbers.count++] =
				DatumGetInt32(row->tts_values[Anum_azr_event_types_type_id - 1]);
		}
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);

	qsort(numbers.all, numbers.count, sizeof(int32), compare_numbers);
	numbers.count = qunique(numbers.all, numbers.count, sizeof(int32), compare_numbers);
	return numbers;
}

/*
 * Is a number among those that azr_type_numbers() found?
 */
bool
azr_type_is_among(const AzrTypeNumbers *numbers, int32 number)
{
	int			low = 0;
	int			high = numbers->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (numbers->all[middle] == number)
			return true;
		if (numbers->all[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int
compare_numbers(const void *a, const void *b)
{
	int32		first = *(const int32 *) a;
	int32		second = *(const int32 *) b;

	return first < second ? -1 : first > second;
}

/*
 * Give a type a number, and a row.
 *
 * Another transaction may be about to use the same number.  A lock keeps it out while we
 * look and insert, and no longer: whoever comes next sees our row, and takes the next number.
 */
static int32
add_type(const text *type)
{
	Relation	rel = azr_table_open(&types_table, RowExclusiveLock);
	uint64		hash = azr_hash_text(type, 0);
	int32		number;
	Datum		values[Natts_azr_event_types];
	bool		nulls[Natts_azr_event_types] = {false};

	for (;;)
	{
		number = (int32) (hash & PG_INT32_MAX);
		azr_lock(AZR_LOCK_TYPE, number, ExclusiveLock);
		if (number > 0 && !number_is_taken(rel, number))
			break;
		azr_unlock(AZR_LOCK_TYPE, number, ExclusiveLock);
		hash = hash_bytes_uint32_extended((uint32) number, hash);
	}
	values[Anum_azr_event_types_type_id - 1] = Int32GetDatum(number);
	values[Anum_azr_event_types_type - 1] = PointerGetDatum(type);
	if (!azr_write_one(&types_table, rel, values, nulls))
		azr_trigger_interfered(&types_table, text_to_cstring(type));
	azr_unlock(AZR_LOCK_TYPE, number, ExclusiveLock);
	table_close(rel, NoLock);
	return number;
}

/*
 * Is there a row with the number, be it of a transaction that has not ended yet?
 */
static bool
number_is_taken(Relation rel, int32 number)
{
	SnapshotData dirty;
	ScanKeyData key;
	AzrScan		scan;
	bool		taken;

	InitDirtySnapshot(dirty);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(number));
	azr_scan_begin(&scan, &types_table, rel, INDEX_PRIMARY_KEY, &dirty, &key, 1);
	taken = azr_scan_next(&scan, ForwardScanDirection) != NULL;
	azr_scan_end(&scan);
	return taken;
}

/*
 * Note a row of the table, unless it may go again.
 */
static void
remember(int32 number, TupleTableSlot *row)
{
	const text *type = DatumGetTextPP(row->tts_values[Anum_azr_event_types_type - 1]);
	TypeByNumber *entry;
	TypeByHash *named;
	uint64		hash;

	if (!azr_row_is_settled(row))
		return;
	if (!remembers() || hash_get_num_entries(by_number) >= MAX_REMEMBERED)
		forget();

	entry = hash_search(by_number, &number, HASH_FIND, NULL);
	if (entry == NULL)
	{
		text	   *copy = azr_copy_text(type, remembered);

		entry = hash_search(by_number, &number, HASH_ENTER, NULL);
		entry->type = copy;
	}
	hash = azr_hash_text(type, 0);
	named = hash_search(by_hash, &hash, HASH_ENTER, NULL);
	named->type = entry->type;
	named->number = number;
}

/*
 * Is what was remembered still true?
 */
static bool
remembers(void)
{
	return remembered != NULL && azr_table_is_known(&types_table, remembered_finding);
}

/*
 * Begin anew to remember, of the table as it was just opened.
 */
static void
forget(void)
{
	MemoryContext context;
	HASHCTL		number_info = {0};
	HASHCTL		hash_info = {0};

	if (remembered != NULL)
		MemoryContextDelete(remembered);
	remembered = NULL;

	context = AllocSetContextCreate(CacheMemoryContext, "angzarr event types",
									ALLOCSET_SMALL_SIZES);
	number_info.keysize = sizeof(int32);
	number_info.entrysize = sizeof(TypeByNumber);
	number_info.hcxt = context;
	by_number = hash_create("angzarr event types by number", 64, &number_info,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	hash_info.keysize = sizeof(uint64);
	hash_info.entrysize = sizeof(TypeByHash);
	hash_info.hcxt = context;
	by_hash = hash_create("angzarr event types by hash", 64, &hash_info,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	remembered = context;
	remembered_finding = types_table.findings;
}
