/*-------------------------------------------------------------------------
 *
 * feed_args.c
 *	  Reading and checking the arguments of functions that read the feed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "feed/feed_args.h"
#include "feed/feed_table.h"
#include "plumbing/args.h"
#include "plumbing/error.h"

/*
 * What the arguments of azr_feed() ask for, by the active PostgreSQL snapshot.
 */
AzrFeedRead
azr_arg_feed_read(FunctionCallInfo fcinfo)
{
	AzrFeedRead read = {0};
	int64		head = azr_feed_state().next_position - 1;
	AzrOptionalInt64 max_count;

	read.after = azr_arg_after(fcinfo, 0);
	max_count = azr_arg_optional_count(fcinfo, 1, "max_count");
	read.domains = azr_arg_array(fcinfo, 2, "domains", TEXTOID);
	read.types = azr_arg_array(fcinfo, 3, "types", TEXTOID);
	read.effective = azr_arg_bool(fcinfo, 4, "effective");
	azr_arg_check_no_nulls(&read.domains, "domains");
	azr_arg_check_no_nulls(&read.types, "types");
	azr_check_position(read.after, head);

	/* without a limit, and also near the end of what a bigint can be */
	read.last = !max_count.given || max_count.value > head - read.after
		? head : read.after + max_count.value;
	return read;
}

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
