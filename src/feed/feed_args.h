/*-------------------------------------------------------------------------
 *
 * feed_args.h
 *	  Reading and checking positions of the feed that are given as arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_ARGS_H
#define AZR_FEED_ARGS_H

#include "fmgr.h"

extern int64 azr_arg_after(FunctionCallInfo fcinfo, int argno);
extern void azr_check_position(int64 position, int64 head);

#endif							/* AZR_FEED_ARGS_H */
