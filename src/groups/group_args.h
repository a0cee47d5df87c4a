/*-------------------------------------------------------------------------
 *
 * group_args.h
 *	  Reading and checking what functions of groups have in common in their arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_GROUP_ARGS_H
#define AZR_GROUP_ARGS_H

#include "fmgr.h"

extern int32 azr_arg_partitions(FunctionCallInfo fcinfo, int argno);
extern int64 azr_arg_max_count(FunctionCallInfo fcinfo, int argno);

#endif							/* AZR_GROUP_ARGS_H */
