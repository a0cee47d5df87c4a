/*-------------------------------------------------------------------------
 *
 * result.c
 *	  Returning rows from SQL-callable functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "plumbing/result.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

static void check_columns(FunctionCallInfo fcinfo, TupleDesc desc, int count);

/*
 * Return a row of the named composite type that the function returns.
 */
Datum
azr_return_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls, int count)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	HeapTuple	tuple;

	check_columns(fcinfo, desc, count);
	tuple = heap_form_tuple(desc, unconstify(Datum *, values), unconstify(bool *, nulls));
	ReleaseTupleDesc(desc);
	return HeapTupleGetDatum(tuple);
}

/*
 * Begin to return a set of rows of the named composite type that the function returns, which
 * may be that of a view.  They go to a tuplestore, so they take work_mem at most.
 */
ReturnSetInfo *
azr_set_begin(FunctionCallInfo fcinfo, int count)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	check_columns(fcinfo, set->setDesc, count);
	return set;
}

void
azr_set_put(ReturnSetInfo *set, const Datum *values, const bool *nulls)
{
	tuplestore_putvalues(set->setResult, set->setDesc, unconstify(Datum *, values),
						 unconstify(bool *, nulls));
}

/*
 * The type's owner may have added an attribute, and the C code gives only those that it
 * knows.
 */
static void
check_columns(FunctionCallInfo fcinfo, TupleDesc desc, int count)
{
	if (desc->natts != count)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns that function \"%s\" returns were changed",
						get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Create its type as the extension's install script does.")));
}
