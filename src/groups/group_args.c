/*-------------------------------------------------------------------------
 *
 * group_args.c
 *	  Reading and checking what functions of groups have in common in their arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "feed/feed_table.h"
#include "groups/group_args.h"
#include "groups/group_table.h"
#include "plumbing/args.h"
#include "plumbing/error.h"

/*
 * A number of partitions.
 */
int32
azr_arg_partitions(FunctionCallInfo fcinfo, int argno)
{
	int32		partitions = azr_arg_int(fcinfo, argno, "partitions");

	if (partitions < 1 || partitions > AZR_MAX_PARTITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"partitions\" must be between 1 and %d, but is %d",
						AZR_MAX_PARTITIONS, partitions)));
	return partitions;
}

/*
 * How many events are to be given at most.
 */
int64
azr_arg_max_count(FunctionCallInfo fcinfo, int argno)
{
	int64		max_count = azr_arg_count(fcinfo, argno, "max_count");

	if (max_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_count\" must not be 0")));
	return max_count;
}

/*
 * A position of the feed that there is, or -1 for none.
 */
int64
azr_arg_after(FunctionCallInfo fcinfo, int argno)
{
	int64		after;

	azr_arg_check_not_null(fcinfo, argno, "after");
	after = PG_GETARG_INT64(argno);
	if (after < -1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"after\" must not be less than -1, but is %lld",
						(long long) after)));
	azr_check_position(after);
	return after;
}

/*
 * Raise ZR009 where a position is past the last one that there is now.
 */
void
azr_check_position(int64 position)
{
	int64		head = azr_feed_state(NULL).next_position - 1;

	if (position > head)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_FEED_POSITION_AHEAD),
				 errmsg("the feed has no position %lld", (long long) position),
				 errdetail("Its last position is %lld.", (long long) head)));
}
