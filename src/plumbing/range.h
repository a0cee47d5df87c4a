/*-------------------------------------------------------------------------
 *
 * range.h
 *	  Entries of an index on two bigints that stand one behind the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_RANGE_H
#define AZR_RANGE_H

#include "access/itup.h"
#include "access/skey.h"
#include "plumbing/args.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#define AZR_MAX_RANGE_KEYS	3

/* Those with one first value, and with from <= second value < to.  'from' is not negative. */
typedef struct AzrRange
{
	int64		first;
	int64		from;
	AzrOptionalInt64 to;
} AzrRange;

/* The places of the rows of the first entries of a range. */
typedef struct AzrRangeStart
{
	bool		is_all;			/* are these all entries of the range? */
	int64		next;			/* if not, all others have this second value
								 * or a higher one, and none of these has */
	int			nplaces;
	ItemPointerData places[MaxIndexTuplesPerPage];
} AzrRangeStart;

extern int	azr_range_keys(const AzrRange *range, ScanKeyData *keys);
extern void azr_range_start(AzrRangeStart *start, const AzrRange *range, Relation index,
							Relation rel, Snapshot snapshot);

#endif							/* AZR_RANGE_H */
