/*-------------------------------------------------------------------------
 *
 * grow.h
 *	  Arrays that grow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_GROW_H
#define AZR_GROW_H

#include "utils/memutils.h"

/*
 * Make room for one more element after the first 'count' ones of an array that has room for
 * 'allocated', each of 'size' bytes.  Returns the array, which may have moved.  An array that
 * is NULL is made in the current memory context, and stays in that one.
 *
 * Raises 54000 for more elements than an int can count.
 */
static inline void *
azr_grow(void *array, int count, int *allocated, Size size)
{
	if (likely(count < *allocated))
		return array;
	if (*allocated > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one call")));
	*allocated = Max(16, *allocated * 2);
	return array == NULL
		? palloc(*allocated * size)
		: repalloc_huge(array, *allocated * size);
}

#endif							/* AZR_GROW_H */
