/*-------------------------------------------------------------------------
 *
 * problem.h
 *	  What is wrong with what is stored: rows of azr_problem.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PROBLEM_H
#define AZR_PROBLEM_H

#include "plumbing/args.h"
#include "plumbing/result.h"

/* Where a problem is: the names of a stream, or NULLs if it has none. */
typedef struct AzrProblemPlace
{
	Datum		names[3];		/* domain, edition, root */
	bool		nulls[3];
} AzrProblemPlace;

extern ReturnSetInfo *azr_problems_begin(FunctionCallInfo fcinfo);
extern void azr_problem_put(ReturnSetInfo *problems, const char *problem,
							const AzrProblemPlace *place, AzrOptionalInt64 sequence,
							const char *detail);

#endif							/* AZR_PROBLEM_H */
