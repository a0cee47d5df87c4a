/*-------------------------------------------------------------------------
 *
 * numbered.c
 *	  The numbers of a table's rows, which come from a PostgreSQL sequence.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/htup_details.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/numbered.h"
#include "plumbing/query.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* How long a sequence is trusted once it was compared with the rows that there are. */
#define LOOK_AGAIN_AFTER	USECS_PER_SEC

/*
 * How far past the highest number a sequence is taken.  Others go on drawing numbers
 * between the moment at which its value is read and the moment at which it is set; they
 * draw fewer than this.  A gap between numbers is harmless.
 */
#define MARGIN	"1000"

/* How many numbers that are taken already are drawn, before the sequence is called wrong. */
#define MAX_DRAWS	1000

/* How often a sequence, any one, was changed. */
static uint64 changes = 0;

static void find_sequence(AzrNumbers *numbers);
static bool gives_in_order(Oid sequence_id);
static void sequence_changed(Datum arg, AzrSyscacheId cache, uint32 hash);
static int64 draw(const AzrNumbers *numbers);
static void raise_sequence_changed(const AzrNumbers *numbers, int64 number);
static bool should_look(AzrNumbers *numbers);
static int64 highest_from(const AzrNumbers *numbers, int64 number);
static int64 end_of_range(const AzrNumbers *numbers, Relation rel, StrategyNumber strategy,
						  int64 bound);

/*
 * The number of a new row.  The caller has opened the table before.
 *
 * Rows may have come in without a number being drawn: by logical replication, or by a
 * restore of the rows alone.  Then the sequence stands below them, and each number that it
 * gives is taken.  So a backend looks for rows from the drawn number on, and moves the
 * sequence past them.  It does so when it draws its first number, when some time has passed
 * since it last looked, and when the last row did not get in.
 *
 * Raises 42P01 if the sequence is gone, 2200H where it has no numbers left, 55000
 * where it was changed to give others than positive ones.
 */
int64
azr_next_number(AzrNumbers *numbers)
{
	int64		number;

	if (numbers->found_beside != numbers->table->relid || numbers->found_at != changes)
		find_sequence(numbers);
	number = draw(numbers);
	if (numbers->in_doubt || (numbers->in_order && number <= numbers->last) ||
		should_look(numbers))
	{
		int64		highest = highest_from(numbers, number);

		/*
		 * usually, others have just drawn higher numbers and were faster, or
		 * drew their CACHE of numbers later
		 */
		if (highest >= number)
			(void) azr_raise_sequence(numbers->sequence, numbers->sequence_id, highest);

		/*
		 * of a sequence with a CACHE, this session may have lower numbers
		 * left from before
		 */
		for (int i = 0; number <= highest; i++)
		{
			int64		next = draw(numbers);

			if (next <= number || i >= MAX_DRAWS)
				raise_sequence_changed(numbers, next);
			number = next;
		}
		numbers->looked_at = GetCurrentTransactionStartTimestamp();
	}
	numbers->last = number;
	return number;
}

/*
 * Find the sequence beside its table.
 */
static void
find_sequence(AzrNumbers *numbers)
{
	static bool callback_registered = false;
	uint64		found_at;

	if (!callback_registered)
	{
		CacheRegisterSyscacheCallback(SEQRELID, sequence_changed, (Datum) 0);
		callback_registered = true;
	}
	numbers->found_beside = InvalidOid;
	found_at = changes;
	numbers->sequence_id = get_relname_relid(numbers->sequence, azr_extension_schema());
	if (!OidIsValid(numbers->sequence_id))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("sequence \"%s\" of extension \"angzarr\" does not exist",
						numbers->sequence)));
	if (numbers->in_order && !gives_in_order(numbers->sequence_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sequence \"%s\" was changed: it does not give numbers in order",
						numbers->sequence),
				 errhint("It must have CACHE 1, a positive INCREMENT and NO CYCLE.")));
	numbers->found_beside = numbers->table->relid;
	numbers->found_at = found_at;
	numbers->last = 0;
	numbers->looked_at = DT_NOBEGIN;
}

/*
 * Does a sequence give each session a higher number than any session has got before?
 */
static bool
gives_in_order(Oid sequence_id)
{
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence_id));
	bool		result = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_sequence sequence = (Form_pg_sequence) GETSTRUCT(tuple);

		result = sequence->seqcache == 1 && sequence->seqincrement > 0 && !sequence->seqcycle;
		ReleaseSysCache(tuple);
	}
	return result;
}

static void
sequence_changed(Datum arg, AzrSyscacheId cache, uint32 hash)
{
	changes++;
}

/*
 * Make a sequence give numbers above 'highest', and say whether it had to be set for that.
 * It is set at once, and stays so if the transaction is rolled back.
 */
bool
azr_raise_sequence(const char *sequence, Oid sequence_id, int64 highest)
{
	AzrQueryArgs args = {0};
	uint64		raised;

	azr_query_arg(&args, INT8OID, Int64GetDatum(highest), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(sequence_id), false);

	/* one at a time, without being in the way of those who draw numbers */
	LockRelationOid(sequence_id, ShareUpdateExclusiveLock);
	raised = azr_query_modify(psprintf("SELECT setval($2, least(greatest(s.last_value, $1) + "
									   MARGIN "::numeric, q.seqmax)::bigint) "
									   "FROM %%s.%s s JOIN pg_sequence q ON q.seqrelid = $2 "
									   "WHERE s.last_value < $1 "
									   "OR s.last_value = $1 AND NOT s.is_called",
									   sequence),
							  &args, NULL, NULL);
	UnlockRelationOid(sequence_id, ShareUpdateExclusiveLock);
	return raised > 0;
}

static int64
draw(const AzrNumbers *numbers)
{
	int64		number = nextval_internal(numbers->sequence_id, false);

	if (number <= 0)
		raise_sequence_changed(numbers, number);
	return number;
}

static void
raise_sequence_changed(const AzrNumbers *numbers, int64 number)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("sequence \"%s\" was changed: it gave %lld",
					numbers->sequence, (long long) number),
			 errhint("It must give positive numbers, above any in %s.",
					 numbers->table->name)));
}

/*
 * Is it time to compare numbers with rows?
 */
static bool
should_look(AzrNumbers *numbers)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	return TIMESTAMP_IS_NOBEGIN(numbers->looked_at) ||
		now < numbers->looked_at || now - numbers->looked_at >= LOOK_AGAIN_AFTER;
}

/*
 * The highest number that is taken.  A result below 'number' means that none from there on is.
 *
 * Two probes of the index, which usually find nothing.  Deleted rows, such as those of an
 * edition, mostly have lower numbers, so the probes have few of them to step over.
 */
static int64
highest_from(const AzrNumbers *numbers, int64 number)
{
	Relation	rel = azr_table_open(numbers->table, AccessShareLock);
	int64		highest = end_of_range(numbers, rel, BTGreaterEqualStrategyNumber, number);
	int64		lowest = end_of_range(numbers, rel, BTLessEqualStrategyNumber, -number);

	table_close(rel, NoLock);
	highest = Max(highest, lowest == PG_INT64_MIN ? PG_INT64_MAX : -lowest);
	return numbers->also_taken == NULL ? highest : Max(highest, numbers->also_taken());
}

/*
 * The outermost number of the rows from 'bound' upward or downward, or 0 if there are none.
 * Rows that other transactions have not committed yet count.
 */
static int64
end_of_range(const AzrNumbers *numbers, Relation rel, StrategyNumber strategy, int64 bound)
{
	bool		upward = strategy == BTGreaterEqualStrategyNumber;
	SnapshotData everything;
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;
	int64		result = 0;

	ScanKeyInit(&key, 1, strategy, upward ? F_INT8GE : F_INT8LE, Int64GetDatum(bound));

	InitDirtySnapshot(everything);
	azr_scan_begin(&scan, numbers->table, rel, numbers->index, &everything, &key, 1);
	row = azr_scan_next(&scan, upward ? BackwardScanDirection : ForwardScanDirection);
	if (row != NULL)
		result = DatumGetInt64(row->tts_values[numbers->column - 1]);
	azr_scan_end(&scan);
	return result;
}
