/*-------------------------------------------------------------------------
 *
 * feed.c
 *	  azr_feed, azr_feed_head, azr_feed_advance, azr_feed_wait and azr_feed_status: all
 *	  events of the main timeline in one order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "feed/feed.h"
#include "feed/feed_args.h"
#include "feed/feed_reader.h"
#include "feed/feed_table.h"
#include "feed/numbering.h"
#include "feed/writers.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/lock.h"
#include "plumbing/result.h"
#include "plumbing/wakeup.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_feed);
PG_FUNCTION_INFO_V1(azr_feed_head);
PG_FUNCTION_INFO_V1(azr_feed_advance);
PG_FUNCTION_INFO_V1(azr_feed_wait);
PG_FUNCTION_INFO_V1(azr_feed_status);

/*
 * How long a waiter sleeps, in milliseconds, before it looks without being woken.  If it cannot
 * be woken, it looks more often; if others were numbering, who may not have seen the last
 * commit, it looks soon.
 */
#define LOOK_EVERY			1000
#define LOOK_OFTEN			100
#define LOOK_SOON			20

static long timeout_arg(FunctionCallInfo fcinfo, int argno);
static int64 head_now(bool can_number, AzrNumbered *numbered);

/* Columns of the composite type azr_feed_status, as in feed.sql. */
enum
{
	Anum_azr_feed_status_head = 1,
	Anum_azr_feed_status_epoch,
	Anum_azr_feed_status_in_flight,
	Anum_azr_feed_status_oldest_in_flight,
	Anum_azr_feed_status_oldest_pid,
	Anum_azr_feed_status_batches,
	Natts_azr_feed_status = Anum_azr_feed_status_batches
};

static const Oid feed_event_types[Natts_azr_feed_event] = {AZR_FEED_EVENT_TYPES};
static const Oid status_types[Natts_azr_feed_status] = {
	INT8OID, UUIDOID, INT8OID, INTERVALOID, INT4OID, INT8OID
};

/*
 * azr_feed(after, max_count, domains, types, effective) -> setof azr_feed_event
 *
 * By the caller's snapshot.  See feed.sql for arguments and errors.
 */
Datum
azr_feed(PG_FUNCTION_ARGS)
{
	AzrFeedRead read = azr_arg_feed_read(fcinfo);

	azr_feed_read(&read, GetActiveSnapshot(),
				  azr_set_begin(fcinfo, feed_event_types, Natts_azr_feed_event));
	PG_RETURN_NULL();
}

/*
 * azr_feed_head() -> bigint
 */
Datum
azr_feed_head(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(azr_feed_state().next_position - 1);
}

/*
 * azr_feed_advance(max_appends) -> bigint
 */
Datum
azr_feed_advance(PG_FUNCTION_ARGS)
{
	int64		max_appends = azr_arg_count(fcinfo, 0, "max_appends");

	azr_check_can_write(fcinfo);
	PG_RETURN_INT64(azr_feed_number(max_appends));
}

/*
 * azr_feed_wait(after, timeout) -> bigint
 *
 * The waiter holds AZR_LOCK_FEED_WAIT while it waits: by that, an append knows whom to wake
 * when it has committed.  It looks once more when it has the lock, so that no commit is missed.
 */
Datum
azr_feed_wait(PG_FUNCTION_ARGS)
{
	int64		after = azr_arg_after(fcinfo, 0);
	long		timeout = timeout_arg(fcinfo, 1);
	bool		can_be_woken = !RecoveryInProgress() && !IsInParallelMode();
	bool		can_number = can_be_woken && !XactReadOnly && azr_may_number();
	TimestampTz start = GetCurrentTimestamp();
	AzrNumbered numbered;
	int64		head = head_now(can_number, &numbered);

	azr_check_position(after, head);

	/*
	 * a transaction that sticks to an old snapshot would see nothing new, and
	 * one that has numbered keeps others from it
	 */
	if (head > after || numbered == AZR_NUMBERED || timeout == 0 ||
		IsolationUsesXactSnapshot() || azr_is_locked_by_us(AZR_LOCK_NUMBERING, 0, ExclusiveLock))
		PG_RETURN_INT64(head);

	if (can_be_woken)
		azr_lock(AZR_LOCK_FEED_WAIT, 0, ShareLock);
	for (;;)
	{
		long		waited;
		long		sleep = can_be_woken ? LOOK_EVERY : LOOK_OFTEN;

		head = head_now(can_number, &numbered);
		waited = TimestampDifferenceMilliseconds(start, GetCurrentTimestamp());
		if (head > after || numbered == AZR_NUMBERED || waited >= timeout)
			break;
		if (numbered == AZR_OTHERS_NUMBER)
			sleep = LOOK_SOON;
		azr_wait_to_be_woken(Min(timeout - waited, sleep));
	}
	if (can_be_woken)
		azr_unlock(AZR_LOCK_FEED_WAIT, 0, ShareLock);
	PG_RETURN_INT64(head);
}

/*
 * azr_feed_status() -> azr_feed_status
 */
Datum
azr_feed_status(PG_FUNCTION_ARGS)
{
	AzrFeedState state = azr_feed_state();
	Datum		values[Natts_azr_feed_status] = {0};
	bool		nulls[Natts_azr_feed_status] = {false};
	bool		has_writer;
	TimestampTz since = 0;
	int			pid = 0;

	values[Anum_azr_feed_status_head - 1] = Int64GetDatum(state.next_position - 1);
	nulls[Anum_azr_feed_status_epoch - 1] = !state.found;
	values[Anum_azr_feed_status_epoch - 1] = UUIDPGetDatum(&state.epoch);
	values[Anum_azr_feed_status_in_flight - 1] =
		Int64GetDatum(azr_ranges_size(&state.pending) + azr_feed_unborn_count());
	values[Anum_azr_feed_status_batches - 1] = Int64GetDatum(azr_feed_batch_count());

	/* the locks that show who writes are those of this server */
	has_writer = !RecoveryInProgress() && azr_oldest_writer(&since, &pid);
	nulls[Anum_azr_feed_status_oldest_in_flight - 1] = !has_writer;
	nulls[Anum_azr_feed_status_oldest_pid - 1] = !has_writer || pid == 0;
	if (has_writer)
	{
		values[Anum_azr_feed_status_oldest_in_flight - 1] =
			DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(GetCurrentTimestamp()),
								TimestampTzGetDatum(since));
		values[Anum_azr_feed_status_oldest_pid - 1] = Int32GetDatum(pid);
	}
	return azr_return_row(fcinfo, values, nulls, status_types, Natts_azr_feed_status);
}

/*
 * May this session number while it waits?  Until its transaction ends, nobody else numbers.  So
 * a reader, who must not call azr_feed_advance(), does it only in a statement of its own.
 */
bool
azr_may_number(void)
{
	const Oid	types[] = {INT8OID};
	List	   *name;
	Oid			advance;

	if (!IsTransactionBlock())
		return true;
	name = list_make2(makeString(get_namespace_name(azr_extension_schema())),
					  makeString("azr_feed_advance"));
	advance = LookupFuncName(name, lengthof(types), types, true);
	return OidIsValid(advance) &&
		azr_function_aclcheck(advance, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
}

/*
 * An interval in milliseconds.
 */
static long
timeout_arg(FunctionCallInfo fcinfo, int argno)
{
	Interval   *timeout = azr_arg_interval(fcinfo, argno, "timeout");
	Datum		seconds = DirectFunctionCall2(extract_interval,
											  PointerGetDatum(cstring_to_text("epoch")),
											  IntervalPGetDatum(timeout));
	double		milliseconds = 1000 *
		DatumGetFloat8(DirectFunctionCall1(numeric_float8, seconds));

	if (!(milliseconds >= 0 && milliseconds <= INT_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"timeout\" must be between 0 and %d seconds", INT_MAX / 1000)));
	return (long) milliseconds;
}

/*
 * The last position by what is committed now.  Sets 'numbered' to what was done to find out.
 */
static int64
head_now(bool can_number, AzrNumbered *numbered)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "angzarr feed head",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	int64		head;

	*numbered = AZR_NOTHING_TO_NUMBER;
	if (can_number)
		head = azr_feed_number_if_any(AZR_APPENDS_AT_A_TIME, numbered);
	else
		head = azr_feed_head_now();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return head;
}
