/*-------------------------------------------------------------------------
 *
 * change.h
 *	  How functions report what they have changed: rows of azr_change.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_CHANGE_H
#define AZR_CHANGE_H

#include "fmgr.h"

extern void azr_begin_changes(FunctionCallInfo fcinfo);
extern void azr_report_change(FunctionCallInfo fcinfo, const char *action,
							  const char *object, const char *detail);

#endif							/* AZR_CHANGE_H */
