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
#include "plumbing/grow.h"
#include "utils/array.h"

static Datum to_array(const AzrTicketRanges *ranges, int width);
static AzrTicketRanges from_array(Datum array, int width);

/*
 * Add a range after the others.  One that follows on the last one becomes part of it.
 */
void
azr_ranges_add(AzrTicketRanges *ranges, int64 first, int64 last)
{
	azr_ranges_add_of_xid(ranges, first, last, AZR_NO_XID);
}

/*
 * The same for tickets of one transaction.
 */
void
azr_ranges_add_of_xid(AzrTicketRanges *ranges, int64 first, int64 last, uint64 xid)
{
	AzrTicketRange *range = ranges->count > 0 ? &ranges->all[ranges->count - 1] : NULL;

	if (range != NULL && range->last + 1 == first && range->xid == xid && range->dropped == 0)
	{
		range->last = last;
		return;
	}
	ranges->all = azr_grow(ranges->all, ranges->count, &ranges->allocated, sizeof(AzrTicketRange));
	ranges->all[ranges->count].first = first;
	ranges->all[ranges->count].last = last;
	ranges->all[ranges->count].xid = xid;
	ranges->all[ranges->count].dropped = 0;
	ranges->count++;
}

/*
 * Add an append that is gone after the others.  One that follows on others that are gone becomes
 * part of their range.
 */
void
azr_ranges_add_dropped(AzrTicketRanges *ranges, int64 ticket, int64 events)
{
	AzrTicketRange *range = ranges->count > 0 ? &ranges->all[ranges->count - 1] : NULL;

	if (range == NULL || range->dropped == 0)
	{
		ranges->all = azr_grow(ranges->all, ranges->count, &ranges->allocated,
							   sizeof(AzrTicketRange));
		range = &ranges->all[ranges->count++];
		*range = (AzrTicketRange)
		{
			ticket, ticket, AZR_NO_XID, 0
		};
	}
	range->dropped += events;
}

/*
 * The place of the range that has a ticket, or -1.
 */
int
azr_ranges_find(const AzrTicketRanges *ranges, int64 ticket)
{
	int			low = 0;
	int			high = ranges->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ticket > ranges->all[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges->count && ticket >= ranges->all[low].first ? low : -1;
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
 * As a bigint[]: first and last of each; of one that is gone, the first, and how many events it
 * had, as a negative number.
 */
Datum
azr_ranges_array(const AzrTicketRanges *ranges)
{
	return to_array(ranges, 2);
}

/*
 * The same with the transaction of each as a third number.
 */
Datum
azr_ranges_array_with_xids(const AzrTicketRanges *ranges)
{
	return to_array(ranges, 3);
}

static Datum
to_array(const AzrTicketRanges *ranges, int width)
{
	int			count = width * ranges->count;
	Datum	   *numbers = palloc(Max(count, 1) * sizeof(Datum));
	ArrayType  *array;

	for (int i = 0; i < ranges->count; i++)
	{
		numbers[width * i] = Int64GetDatum(ranges->all[i].first);
		numbers[width * i + 1] = Int64GetDatum(ranges->all[i].dropped > 0
											   ? -ranges->all[i].dropped : ranges->all[i].last);
		if (width > 2)
			numbers[width * i + 2] = Int64GetDatum((int64) ranges->all[i].xid);
	}
	array = construct_array(numbers, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
							TYPALIGN_DOUBLE);
	pfree(numbers);
	return PointerGetDatum(array);
}

/*
 * The ranges of such arrays, in the current memory context.
 *
 * Raises XX001 where it is none: somebody has changed it.
 */
AzrTicketRanges
azr_ranges_from_array(Datum array)
{
	return from_array(array, 2);
}

AzrTicketRanges
azr_ranges_from_array_with_xids(Datum array)
{
	return from_array(array, 3);
}

static AzrTicketRanges
from_array(Datum array, int width)
{
	ArrayType  *numbers_array = DatumGetArrayTypeP(array);
	AzrTicketRanges ranges = {0};
	Datum	   *numbers;
	bool	   *nulls;
	int			count;
	bool		sound = ARR_NDIM(numbers_array) <= 1;

	deconstruct_array(numbers_array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &numbers, &nulls, &count);
	sound = sound && count % width == 0;
	for (int i = 0; i < count && sound; i += width)
	{
		int64		first = DatumGetInt64(numbers[i]);
		int64		last = DatumGetInt64(numbers[i + 1]);
		uint64		xid = width > 2 ? (uint64) DatumGetInt64(numbers[i + 2]) : AZR_NO_XID;
		bool		is_dropped = width == 2 && last < 0 && last > -PG_INT64_MAX;

		sound = !nulls[i] && !nulls[i + 1] && !nulls[i + width - 1] &&
			first > 0 && (is_dropped || (first <= last && last < PG_INT64_MAX)) &&
			(ranges.count == 0 || ranges.all[ranges.count - 1].last < first);
		if (sound && is_dropped)
			azr_ranges_add_dropped(&ranges, first, -last);
		else if (sound)
			azr_ranges_add_of_xid(&ranges, first, last, xid);
	}
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a table of the feed has an array that is not one of ranges")));
	return ranges;
}
