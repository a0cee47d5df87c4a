/*-------------------------------------------------------------------------
 *
 * ranges.h
 *	  Ranges of tickets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_RANGES_H
#define AZR_RANGES_H

/* From 'first' to 'last', both included. */
typedef struct AzrTicketRange
{
	int64		first;
	int64		last;
} AzrTicketRange;

/* Ranges, ascending, that do not overlap. */
typedef struct AzrTicketRanges
{
	int			count;
	int			allocated;
	AzrTicketRange *all;
} AzrTicketRanges;

extern void azr_ranges_add(AzrTicketRanges *ranges, int64 first, int64 last);
extern int64 azr_ranges_size(const AzrTicketRanges *ranges);
extern Datum azr_ranges_array(const AzrTicketRanges *ranges);
extern AzrTicketRanges azr_ranges_from_array(Datum array);

#endif							/* AZR_RANGES_H */
