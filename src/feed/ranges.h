/*-------------------------------------------------------------------------
 *
 * ranges.h
 *	  Ranges of tickets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_RANGES_H
#define AZR_RANGES_H

/* No transaction. */
#define AZR_NO_XID	UINT64CONST(0)

/* From 'first' to 'last', both included. */
typedef struct AzrTicketRange
{
	int64		first;
	int64		last;
	uint64		xid;			/* a full transaction id that they have in
								 * common, or AZR_NO_XID */
	int64		dropped;		/* how many events of appends are gone with
								 * their slot, the first of which had the
								 * ticket 'first'; 0 for a range of tickets */
} AzrTicketRange;

/* Ranges, ascending, that do not overlap. */
typedef struct AzrTicketRanges
{
	int			count;
	int			allocated;
	AzrTicketRange *all;
} AzrTicketRanges;

extern void azr_ranges_add(AzrTicketRanges *ranges, int64 first, int64 last);
extern void azr_ranges_add_of_xid(AzrTicketRanges *ranges, int64 first, int64 last, uint64 xid);
extern void azr_ranges_add_dropped(AzrTicketRanges *ranges, int64 ticket, int64 events);
extern int	azr_ranges_find(const AzrTicketRanges *ranges, int64 ticket);
extern int64 azr_ranges_size(const AzrTicketRanges *ranges);
extern Datum azr_ranges_array(const AzrTicketRanges *ranges);
extern AzrTicketRanges azr_ranges_from_array(Datum array);
extern Datum azr_ranges_array_with_xids(const AzrTicketRanges *ranges);
extern AzrTicketRanges azr_ranges_from_array_with_xids(Datum array);

#endif							/* AZR_RANGES_H */
