/*-------------------------------------------------------------------------
 *
 * event_args.h
 *	  Reading and checking what many functions are told of events: types and sources.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_ARGS_H
#define AZR_EVENT_ARGS_H

#include "events/event_table.h"
#include "fmgr.h"

extern text *azr_arg_type(FunctionCallInfo fcinfo, int argno, const char *argname);
extern AzrSource azr_arg_source(FunctionCallInfo fcinfo, int argno);
extern void azr_check_type(const char *argname, int element, const text *type);

#endif							/* AZR_EVENT_ARGS_H */
