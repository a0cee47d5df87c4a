/*-------------------------------------------------------------------------
 *
 * group_args.c
 *	  Reading and checking what functions of groups have in common in their arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "groups/group_args.h"
#include "groups/group_table.h"
#include "plumbing/args.h"

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
