/*-------------------------------------------------------------------------
 *
 * result.h
 *	  Returning rows from SQL-callable functions.
 *
 * The owner of a composite type can add attributes to it and change their types.  So each
 * function says which types its values have, and no row is made where the attributes have
 * others: a number would be read as a pointer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_RESULT_H
#define AZR_RESULT_H

#include "fmgr.h"
#include "nodes/execnodes.h"

extern bool azr_has_columns(TupleDesc desc, const Oid *types, int count);
extern void azr_check_columns(FunctionCallInfo fcinfo, TupleDesc desc, const Oid *types,
							  int count);

extern Datum azr_return_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls,
							const Oid *types, int count);

extern ReturnSetInfo *azr_set_begin(FunctionCallInfo fcinfo, const Oid *types, int count);
extern void azr_set_put(ReturnSetInfo *set, const Datum *values, const bool *nulls);

#endif							/* AZR_RESULT_H */
