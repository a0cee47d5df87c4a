/*-------------------------------------------------------------------------
 *
 * idempotency.h
 *	  Has an append been made before?
 *
 * Events that carry the same external id, or the same source, were made by the same call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_IDEMPOTENCY_H
#define AZR_IDEMPOTENCY_H

#include "events/event_table.h"

/* Sequences first to last of some events. */
typedef struct AzrSequenceRange
{
	bool		found;
	int64		first;
	int64		last;
} AzrSequenceRange;

extern AzrSequenceRange azr_find_earlier_append(int64 stream_id, const AzrNewEvents *events);

#endif							/* AZR_IDEMPOTENCY_H */
