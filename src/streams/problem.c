/*-------------------------------------------------------------------------
 *
 * problem.c
 *	  What is wrong with what is stored: rows of azr_problem.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "streams/problem.h"
#include "utils/builtins.h"

/* Columns of the composite type azr_problem, as in problem.sql. */
enum
{
	Anum_azr_problem_problem = 1,
	Anum_azr_problem_domain,
	Anum_azr_problem_edition,
	Anum_azr_problem_root,
	Anum_azr_problem_sequence,
	Anum_azr_problem_detail,
	Natts_azr_problem = Anum_azr_problem_detail
};

static const Oid column_types[Natts_azr_problem] = {
	TEXTOID, TEXTOID, TEXTOID, UUIDOID, INT8OID, TEXTOID
};

/*
 * Prepare the result of a function that returns SETOF azr_problem.
 */
ReturnSetInfo *
azr_problems_begin(FunctionCallInfo fcinfo)
{
	return azr_set_begin(fcinfo, column_types, Natts_azr_problem);
}

/*
 * Add a row to it.  'place' is NULL for what belongs to no stream.
 */
void
azr_problem_put(ReturnSetInfo *problems, const char *problem, const AzrProblemPlace *place,
				AzrOptionalInt64 sequence, const char *detail)
{
	Datum		values[Natts_azr_problem] = {0};
	bool		nulls[Natts_azr_problem] = {false, true, true, true, false, false};

	values[Anum_azr_problem_problem - 1] = CStringGetTextDatum(problem);
	if (place != NULL)
	{
		memcpy(&values[Anum_azr_problem_domain - 1], place->names, sizeof(place->names));
		memcpy(&nulls[Anum_azr_problem_domain - 1], place->nulls, sizeof(place->nulls));
	}
	nulls[Anum_azr_problem_sequence - 1] = !sequence.given;
	values[Anum_azr_problem_sequence - 1] = Int64GetDatum(sequence.value);
	values[Anum_azr_problem_detail - 1] = CStringGetTextDatum(detail);
	azr_set_put(problems, values, nulls);
}
