/*-------------------------------------------------------------------------
 *
 * result.h
 *	  Returning rows from SQL-callable functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_RESULT_H
#define AZR_RESULT_H

#include "fmgr.h"
#include "nodes/execnodes.h"

extern Datum azr_return_row(FunctionCallInfo fcinfo, const Datum *values,
							const bool *nulls, int count);

extern ReturnSetInfo *azr_set_begin(FunctionCallInfo fcinfo, int count);
extern void azr_set_put(ReturnSetInfo *set, const Datum *values, const bool *nulls);

#endif							/* AZR_RESULT_H */
