/*-------------------------------------------------------------------------
 *
 * append.h
 *	  Reading the arguments of an append.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_APPEND_H
#define AZR_APPEND_H

#include "events/appender.h"
#include "fmgr.h"

/* By AzrOutcome. */
extern const char *const azr_outcome_names[];

extern void azr_append_read_events(FunctionCallInfo fcinfo, int argno, int metadata_argno,
								   AzrNewEvents *events);
extern void azr_append_read_ids(FunctionCallInfo fcinfo, int argno, AzrNewEvents *events);

#endif							/* AZR_APPEND_H */
