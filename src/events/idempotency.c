/*-------------------------------------------------------------------------
 *
 * idempotency.c
 *	  Has an append been made before?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/cascade_resolution.h"
#include "events/idempotency.h"
#include "miscadmin.h"
#include "plumbing/text.h"
#include "utils/snapmgr.h"

static AzrSequenceRange range_of(int64 stream_id, AzrFoundEvents found);

/*
 * The earlier append that this one repeats, if any.
 */
AzrSequenceRange
azr_find_earlier_append(int64 stream_id, const AzrNewEvents *events)
{
	AzrSequenceRange range = {false, 0, 0};

	if (stream_id != AZR_NO_STREAM && events->external_id != NULL)
		range = range_of(stream_id, azr_events_by_external_id(stream_id, events->external_id,
															  SnapshotSelf));
	if (stream_id != AZR_NO_STREAM && !range.found && events->source.given)
		range = range_of(stream_id, azr_events_by_source(stream_id, &events->source,
														 SnapshotSelf));
	return range;
}

/*
 * First and last of the events that count: those that no cascade has revoked.  One append
 * has made them all, since a second one stores nothing.
 */
static AzrSequenceRange
range_of(int64 stream_id, AzrFoundEvents found)
{
	AzrSequenceRange range = {false, 0, 0};
	const text *last_cascade = NULL;
	bool		was_revoked = false;

	for (int i = 0; i < found.count; i++)
	{
		const AzrFoundEvent *event = &found.all[i];

		CHECK_FOR_INTERRUPTS();
		if (event->pending_in != NULL)
		{
			if (last_cascade == NULL || !azr_same_text(last_cascade, event->pending_in))
				was_revoked = azr_events_resolution(stream_id, event->pending_in, PG_INT64_MAX,
													SnapshotSelf) == AZR_REVOKED;
			last_cascade = event->pending_in;
			if (was_revoked)
				continue;
		}
		if (!range.found)
			range.first = event->sequence;
		range.last = event->sequence;
		range.found = true;
	}
	return range;
}
