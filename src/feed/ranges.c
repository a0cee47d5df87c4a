/*-------------------------------------------------------------------------
 *
 * ranges.c
 *	  Ranges of tickets.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "feed/ranges.h"
#include "utils/array.h"

/*
 * Add a range after the others.  One that follows on the last one becomes part of it.
 */
void
azr_ranges_add(AzrTicketRanges *ranges, int64 first, int64 last)
{
	AzrTicketRange *range = ranges->count > 0 ? &ranges->all[ranges->count - 1] : NULL;

	if (range != NULL && range->last + 1 == first)
	{
		range->last = last;
		return;
	}
	if (ranges->count == ranges->allocated)
	{
		ranges->allocated = Max(16, ranges->allocated * 2);
		ranges->all = ranges->all == NULL
			? palloc(ranges->allocated * sizeof(AzrTicketRange))
			: repalloc_huge(ranges->all, ranges->allocated * sizeof(AzrTicketRange));
	}
	ranges->all[ranges->count].first = first;
	ranges->all[ranges->count].last = last;
	ranges->count++;
}

/*
 * How many tickets are in the ranges?
 */
int64
azr_ranges_size(const AzrTicketRanges *ranges)
{
	int64		size = 0;

	for (int i = 0; i < ranges->count; i++)
		size += ranges->all[i].last - ranges->all[i].first + 1;
	return size;
}

/*
 * As a bigint[]: first and last of each.
 */
Datum
azr_ranges_array(const AzrTicketRanges *ranges)
{
	Datum	   *bounds = palloc(Max(2 * ranges->count, 1) * sizeof(Datum));
	ArrayType  *array;

	for (int i = 0; i < ranges->count; i++)
	{
		bounds[2 * i] = Int64GetDatum(ranges->all[i].first);
		bounds[2 * i + 1] = Int64GetDatum(ranges->all[i].last);
	}
	array = construct_array(bounds, 2 * ranges->count, INT8OID, sizeof(int64),
							FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	pfree(bounds);
	return PointerGetDatum(array);
}

/*
 * The ranges of such an array, in the current memory context.
 *
 * Raises XX001 where it is none: somebody has changed it.
 */
AzrTicketRanges
azr_ranges_from_array(Datum array)
{
	ArrayType  *bounds_array = DatumGetArrayTypeP(array);
	AzrTicketRanges ranges = {0};
	Datum	   *bounds;
	bool	   *nulls;
	int			count;
	bool		sound = ARR_NDIM(bounds_array) <= 1;

	deconstruct_array(bounds_array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &bounds, &nulls, &count);
	sound = sound && count % 2 == 0;
	for (int i = 0; i < count && sound; i += 2)
	{
		int64		first = DatumGetInt64(bounds[i]);
		int64		last = DatumGetInt64(bounds[i + 1]);

		sound = !nulls[i] && !nulls[i + 1] && first > 0 && first <= last &&
			last < PG_INT64_MAX &&
			(ranges.count == 0 || ranges.all[ranges.count - 1].last < first);
		if (sound)
			azr_ranges_add(&ranges, first, last);
	}
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a table of the feed has an array that is not one of ranges")));
	return ranges;
}
