/*-------------------------------------------------------------------------
 *
 * maintain.c
 *	  azr_maintain: the upkeep of the history of snapshots.
 *
 * partition_upkeep.c does the work.  Here are its arguments, and the report of what it
 * has done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/partition_upkeep.h"
#include "plumbing/result.h"
#include "snapshots/snapshot_table.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_maintain);

/* Columns of the composite type azr_maintenance, as in maintain.sql. */
enum
{
	Anum_azr_maintenance_action = 1,
	Anum_azr_maintenance_partition,
	Anum_azr_maintenance_starts_at,
	Anum_azr_maintenance_ends_at,
	Anum_azr_maintenance_snapshots,
	Anum_azr_maintenance_partitions,
	Natts_azr_maintenance = Anum_azr_maintenance_partitions
};

static const Oid column_types[Natts_azr_maintenance] = {
	TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT4OID
};

#define MAX_AHEAD	1000

/* What a row of the result says nothing of: a count, or the start and end of a period. */
#define NOT_COUNTED	(-1)
#define NO_PERIOD	{DT_NOBEGIN, DT_NOEND}

/* A row of the result. */
typedef struct Row
{
	const char *action;
	const char *partition;		/* its name, or NULL */
	AzrPeriod	period;
	int64		snapshots;
	int			partitions;
} Row;

static TimestampTz cutoff_arg(FunctionCallInfo fcinfo, int argno, TimestampTz now);
static int	ahead_arg(FunctionCallInfo fcinfo, int argno);
static void report_result(ReturnSetInfo *rsinfo, const AzrUpkeepResult *result);
static void report_part(ReturnSetInfo *rsinfo, const char *action, const AzrUpkeepPart *part);
static void report_moved(ReturnSetInfo *rsinfo, const AzrUpkeepPart *part);
static void report_pruned(ReturnSetInfo *rsinfo, const AzrUpkeepResult *result);
static void report_postponed(ReturnSetInfo *rsinfo);
static void report_remaining(ReturnSetInfo *rsinfo, int remaining);
static void report(ReturnSetInfo *rsinfo, const Row *row);

/*
 * azr_maintain(keep, partition, ahead) -> setof azr_maintenance
 *
 * See maintain.sql for arguments, locks and errors.
 */
Datum
azr_maintain(PG_FUNCTION_ARGS)
{
	AzrUpkeepRequest request;
	AzrUpkeepResult result;
	ReturnSetInfo *rsinfo;

	request.cutoff = cutoff_arg(fcinfo, 0, GetCurrentTimestamp());
	request.span = azr_span(azr_arg_interval(fcinfo, 1, "partition"), "partition");
	request.ahead = ahead_arg(fcinfo, 2);

	azr_check_can_write(fcinfo);
	rsinfo = azr_set_begin(fcinfo, column_types, Natts_azr_maintenance);

	if (azr_partitions_keep_up(azr_snapshot_history(), &request, &result))
		report_result(rsinfo, &result);
	else
		report_postponed(rsinfo);
	PG_RETURN_NULL();
}

/*
 * The time before which the history is past.
 */
static TimestampTz
cutoff_arg(FunctionCallInfo fcinfo, int argno, TimestampTz now)
{
	Interval   *keep = azr_arg_interval(fcinfo, argno, "keep");
	Interval	zero = {0};

	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(keep),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"keep\" must not be negative")));
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(keep)));
}

static int
ahead_arg(FunctionCallInfo fcinfo, int argno)
{
	int			ahead = azr_arg_int(fcinfo, argno, "ahead");

	if (ahead < 0 || ahead > MAX_AHEAD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"ahead\" must be between 0 and %d, but is %d", MAX_AHEAD, ahead)));
	return ahead;
}

/*
 * Say what was done, and how much is left.
 */
static void
report_result(ReturnSetInfo *rsinfo, const AzrUpkeepResult *result)
{
	ListCell   *lc;

	foreach(lc, result->created)
	{
		AzrUpkeepPart *part = lfirst(lc);

		report_part(rsinfo, "created", part);
		if (part->moved > 0)
			report_moved(rsinfo, part);
	}
	if (result->pruned > 0)
		report_pruned(rsinfo, result);
	foreach(lc, result->dropped)
		report_part(rsinfo, "dropped", lfirst(lc));
	if (result->remaining > 0)
		report_remaining(rsinfo, result->remaining);
}

static void
report_part(ReturnSetInfo *rsinfo, const char *action, const AzrUpkeepPart *part)
{
	Row			row = {action, part->name, part->period, NOT_COUNTED, 1};

	report(rsinfo, &row);
}

static void
report_moved(ReturnSetInfo *rsinfo, const AzrUpkeepPart *part)
{
	Row			row = {"moved", part->name, part->period, part->moved, NOT_COUNTED};

	report(rsinfo, &row);
}

static void
report_pruned(ReturnSetInfo *rsinfo, const AzrUpkeepResult *result)
{
	Row			row = {"pruned", result->default_partition,
	{DT_NOBEGIN, result->pruned_before}, result->pruned, NOT_COUNTED};

	report(rsinfo, &row);
}

/*
 * Say that nothing was done.
 */
static void
report_postponed(ReturnSetInfo *rsinfo)
{
	Row			row = {"postponed", NULL, NO_PERIOD, NOT_COUNTED, NOT_COUNTED};

	ereport(WARNING,
			(errmsg("azr_maintain did nothing, since the history of snapshots was in use for too long"),
			 errhint("Look for long transactions that have read it, such as a dump, and call azr_maintain again.")));
	report(rsinfo, &row);
}

/*
 * Say that there is more to be done.
 */
static void
report_remaining(ReturnSetInfo *rsinfo, int remaining)
{
	Row			row = {"remaining", NULL, NO_PERIOD, NOT_COUNTED, remaining};

	ereport(NOTICE,
			(errmsg_plural("%d partition is still to be made or dropped",
						   "%d partitions are still to be made or dropped",
						   remaining, remaining),
			 errhint("Call azr_maintain again, in another transaction.")));
	report(rsinfo, &row);
}

static void
report(ReturnSetInfo *rsinfo, const Row *row)
{
	Datum		values[Natts_azr_maintenance] = {0};
	bool		nulls[Natts_azr_maintenance] = {false};

	values[Anum_azr_maintenance_action - 1] = CStringGetTextDatum(row->action);
	nulls[Anum_azr_maintenance_partition - 1] = row->partition == NULL;
	if (row->partition != NULL)
		values[Anum_azr_maintenance_partition - 1] = CStringGetTextDatum(row->partition);
	values[Anum_azr_maintenance_starts_at - 1] = TimestampTzGetDatum(row->period.from);
	nulls[Anum_azr_maintenance_starts_at - 1] = TIMESTAMP_IS_NOBEGIN(row->period.from);
	values[Anum_azr_maintenance_ends_at - 1] = TimestampTzGetDatum(row->period.to);
	nulls[Anum_azr_maintenance_ends_at - 1] = TIMESTAMP_IS_NOEND(row->period.to);
	values[Anum_azr_maintenance_snapshots - 1] = Int64GetDatum(row->snapshots);
	nulls[Anum_azr_maintenance_snapshots - 1] = row->snapshots == NOT_COUNTED;
	values[Anum_azr_maintenance_partitions - 1] = Int32GetDatum(row->partitions);
	nulls[Anum_azr_maintenance_partitions - 1] = row->partitions == NOT_COUNTED;
	azr_set_put(rsinfo, values, nulls);
}
