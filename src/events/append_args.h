/*-------------------------------------------------------------------------
 *
 * append_args.h
 *	  Reading the arguments of the functions that append.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_APPEND_ARGS_H
#define AZR_APPEND_ARGS_H

#include "events/append_protocol.h"
#include "fmgr.h"

extern AzrAppend azr_append_read_place(FunctionCallInfo fcinfo);
extern void azr_append_read_events(FunctionCallInfo fcinfo, int argno, int metadata_argno,
								   AzrNewEvents *events);
extern void azr_append_read_ids(FunctionCallInfo fcinfo, int argno, AzrNewEvents *events);
extern void azr_append_read_options(FunctionCallInfo fcinfo, int argno, AzrAppend *append);

#endif							/* AZR_APPEND_ARGS_H */
