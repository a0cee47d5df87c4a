/*-------------------------------------------------------------------------
 *
 * feed_args.c
 *	  Reading and checking positions of the feed that are given as arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "feed/feed_args.h"
#include "plumbing/args.h"
#include "plumbing/error.h"

/*
 * The argument "after": a position, or -1 for none.
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
	return after;
}

/*
 * Raise ZR009 if a position is past the last one, 'head': nobody can have read it.
 */
void
azr_check_position(int64 position, int64 head)
{
	if (position > head)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_FEED_POSITION_AHEAD),
				 errmsg("the feed has no position %lld", (long long) position),
				 errdetail("Its last position is %lld.", (long long) head),
				 errhint("The server may have lost what came later, in a failover or by a restore: compare the epoch that azr_feed_status() gives.")));
}
