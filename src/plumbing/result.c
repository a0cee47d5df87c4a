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

/*
 * Has a composite type these columns, and no others?
 */
bool
azr_has_columns(TupleDesc desc, const Oid *types, int count)
{
	if (desc->natts != count)
		return false;
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (attr->attisdropped || attr->atttypid != types[i])
			return false;
	}
	return true;
}

/*
 * Check that the composite type that a function returns has the columns that its C code
 * gives.
 *
 * Raises 55000 if it has others: the type's owner has altered it.
 */
void
azr_check_columns(FunctionCallInfo fcinfo, TupleDesc desc, const Oid *types, int count)
{
	if (!azr_has_columns(desc, types, count))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the columns that function \"%s\" returns were changed",
						get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Create its type as the extension's install script does.")));
}

/*
 * Return a row of the named composite type that the function returns.  Its values are of
 * 'types'.
 */
Datum
azr_return_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls,
			   const Oid *types, int count)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	HeapTuple	tuple;

	azr_check_columns(fcinfo, desc, types, count);
	tuple = heap_form_tuple(desc, unconstify(Datum *, values), unconstify(bool *, nulls));
	ReleaseTupleDesc(desc);
	return HeapTupleGetDatum(tuple);
}

/*
 * Begin to return a set of rows of the named composite type that the function returns, which
 * may be that of a view.  Their values are of 'types'.  They go to a tuplestore, so they take
 * work_mem at most.
 */
ReturnSetInfo *
azr_set_begin(FunctionCallInfo fcinfo, const Oid *types, int count)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	azr_check_columns(fcinfo, set->setDesc, types, count);
	return set;
}

void
azr_set_put(ReturnSetInfo *set, const Datum *values, const bool *nulls)
{
	tuplestore_putvalues(set->setResult, set->setDesc, unconstify(Datum *, values),
						 unconstify(bool *, nulls));
}
