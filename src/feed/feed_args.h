/*-------------------------------------------------------------------------
 *
 * feed_args.h
 *	  Reading and checking the arguments of functions that read the feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_ARGS_H
#define AZR_FEED_ARGS_H

#include "feed/feed_reader.h"
#include "fmgr.h"

/* How many arguments azr_feed() has. */
#define AZR_FEED_ARGS	5

extern AzrFeedRead azr_arg_feed_read(FunctionCallInfo fcinfo);
extern int64 azr_arg_after(FunctionCallInfo fcinfo, int argno);
extern void azr_check_position(int64 position, int64 head);

#endif							/* AZR_FEED_ARGS_H */
