/*-------------------------------------------------------------------------
 *
 * int64.h
 *	  Comparing numbers, for qsort() and bsearch().
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_INT64_H
#define AZR_INT64_H

static inline int
azr_compare_int64(const void *a, const void *b)
{
	int64		first = *(const int64 *) a;
	int64		second = *(const int64 *) b;

	return first < second ? -1 : first > second;
}

#endif							/* AZR_INT64_H */
