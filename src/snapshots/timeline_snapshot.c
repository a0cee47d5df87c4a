/*-------------------------------------------------------------------------
 *
 * timeline_snapshot.c
 *	  Snapshots of a timeline, which may be of the part that an edition shares with the
 *	  main timeline.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/cascade_resolution.h"
#include "snapshots/timeline_snapshot.h"

static AzrTimeline timeline_of_edition(const AzrStreamName *name, Snapshot as_of);
static AzrSnapshot find_complete(const AzrStreamName *name, const AzrTimeline *timeline,
								 AzrOptionalInt64 at, Snapshot as_of);
static AzrOptionalInt64 at_most(AzrOptionalInt64 at, int64 limit);

/*
 * The stream's own snapshot with the highest sequence, or the highest at or below
 * 'at'.
 */
AzrSnapshot
azr_own_snapshot(const AzrStreamName *name, AzrOptionalInt64 at, Snapshot as_of)
{
	AzrTimeline timeline = timeline_of_edition(name, as_of);

	return find_complete(name, &timeline, at, as_of);
}

/*
 * The snapshot with the highest sequence up to 'at' that is a state of the
 * timeline: the stream's own, or for an edition one of the part that it shares
 * with the main timeline.
 *
 * A stream without events may have a snapshot at any sequence.  Once it has events, a
 * snapshot past them is not a state of it.
 */
AzrOwnedSnapshot
azr_timeline_snapshot(const AzrStreamName *name, const AzrTimeline *timeline,
					  AzrOptionalInt64 at, Snapshot as_of)
{
	AzrOwnedSnapshot best;
	int64		next = azr_timeline_next(timeline, as_of);

	if (next > 0)
		at = at_most(at, next - 1);
	best.snapshot = find_complete(name, timeline, at, as_of);
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
		shared = find_complete(&main_name, timeline, at, as_of);
		if (shared.found &&
			(!best.snapshot.found || shared.sequence > best.snapshot.sequence))
		{
			best.snapshot = shared;
			best.edition = main_name.edition;
		}
	}
	return best;
}

/*
 * The snapshot of the timeline at exactly this sequence, at which it has an event.
 */
AzrSnapshot
azr_timeline_snapshot_at(const AzrStreamName *name, int64 sequence, Snapshot as_of)
{
	AzrOptionalInt64 at = {true, sequence};
	AzrTimeline timeline = timeline_of_edition(name, as_of);
	AzrSnapshot snapshot = find_complete(name, &timeline, at, as_of);

	if (!(snapshot.found && snapshot.sequence == sequence) && timeline.is_edition &&
		(!timeline.shared_to.given || sequence < timeline.shared_to.value))
	{
		AzrStreamName main_name = azr_main_stream(name);

		snapshot = find_complete(&main_name, &timeline, at, as_of);
	}
	snapshot.found = snapshot.found && snapshot.sequence == sequence;
	return snapshot;
}

/*
 * The timeline of a named edition's stream.  For a stream of the main timeline it is empty,
 * since find_complete() looks at nothing in it.
 */
static AzrTimeline
timeline_of_edition(const AzrStreamName *name, Snapshot as_of)
{
	AzrOptionalInt64 no_divergence = {false, 0};
	AzrTimeline none = {0};

	if (azr_edition_is_main(name->edition))
		return none;
	return azr_timeline_find(name, no_divergence, as_of);
}

/*
 * The highest snapshot up to 'at' of the stream 'name' that lacks no event that was
 * confirmed later, as 'timeline' shows it.  'name' is the timeline's own stream or the one
 * on the main timeline.
 *
 * On the main timeline, no snapshot lacks such an event, since confirming it deletes those
 * that would.  But what an edition shares may be confirmed in the edition alone.  And an
 * edition without own events reads what is confirmed on the main timeline.  That does not
 * delete the edition's snapshots, which are put under another lock.
 */
static AzrSnapshot
find_complete(const AzrStreamName *name, const AzrTimeline *timeline,
			  AzrOptionalInt64 at, Snapshot as_of)
{
	AzrSnapshot snapshot = azr_snapshot_find(name, at, as_of);

	while (snapshot.found && timeline->is_edition)
	{
		int64		lacking = azr_timeline_confirmed_late(timeline, snapshot.sequence, as_of);

		if (lacking == AZR_NO_SEQUENCE)
			break;
		if (lacking == 0)
			snapshot.found = false;
		else
			snapshot = azr_snapshot_find(name, at_most(at, lacking - 1), as_of);
	}
	return snapshot;
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
