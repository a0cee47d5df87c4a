/*-------------------------------------------------------------------------
 *
 * append.h
 *	  Calls of azr_append and azr_append_json whose result is not wanted as a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_APPEND_H
#define AZR_APPEND_H

#include "events/append_protocol.h"
#include "fmgr.h"

/* Columns of the composite type azr_append_result, as in append.sql. */
enum
{
	Anum_azr_append_result_outcome = 1,
	Anum_azr_append_result_first_sequence,
	Anum_azr_append_result_last_sequence,
	Anum_azr_append_result_next_sequence,
	Natts_azr_append_result = Anum_azr_append_result_next_sequence
};

#define AZR_APPEND_RESULT_TYPES	TEXTOID, INT8OID, INT8OID, INT8OID

/* A call of one of the functions that return azr_append_result. */
typedef AzrAppendResult (*AzrAppendCall) (FunctionCallInfo fcinfo);

extern PGDLLEXPORT Datum azr_append(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum azr_append_json(PG_FUNCTION_ARGS);

extern AzrAppendResult azr_append_call(FunctionCallInfo fcinfo);
extern AzrAppendResult azr_append_json_call(FunctionCallInfo fcinfo);
extern void azr_append_result_columns(const AzrAppendResult *result, Datum *values,
									  bool *nulls);

#endif							/* AZR_APPEND_H */
