/*-------------------------------------------------------------------------
 *
 * timeline_snapshot.c
 *	  The best snapshot of a timeline, which may be one of the part that an edition
 *	  shares with the main timeline.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "snapshots/timeline_snapshot.h"

static AzrOptionalInt64 at_most(AzrOptionalInt64 at, int64 limit);

/*
 * The snapshot with the highest sequence up to 'at' that is a state of the
 * timeline: the stream's own, or for an edition one of the part that it shares
 * with the main timeline.
 *
 * A stream without events may have a snapshot at any sequence.  Once it has
 * events, one past them is no state that it had.
 */
AzrOwnedSnapshot
azr_timeline_snapshot(const AzrStreamName *name, const AzrTimeline *timeline,
					  AzrOptionalInt64 at, Snapshot as_of)
{
	AzrOwnedSnapshot best;
	int64		next = azr_timeline_next(timeline, as_of);

	if (next > 0)
		at = at_most(at, next - 1);
	best.snapshot = azr_snapshot_find(name, at, as_of);
	best.edition = name->edition;

	if (!azr_edition_is_main(name->edition) &&
		!(timeline->shared_to.given && timeline->shared_to.value == 0))
	{
		AzrStreamName main_name = azr_main_stream(name);
		AzrSnapshot shared;

		if (timeline->shared_to.given)
			at = at_most(at, timeline->shared_to.value - 1);
		if (best.snapshot.found && at.given && best.snapshot.sequence >= at.value)
			return best;
		shared = azr_snapshot_find(&main_name, at, as_of);
		if (shared.found &&
			(!best.snapshot.found || shared.sequence > best.snapshot.sequence))
		{
			best.snapshot = shared;
			best.edition = main_name.edition;
		}
	}
	return best;
}

static AzrOptionalInt64
at_most(AzrOptionalInt64 at, int64 limit)
{
	if (!at.given || at.value > limit)
	{
		at.given = true;
		at.value = limit;
	}
	return at;
}
