/*-------------------------------------------------------------------------
 *
 * timeline.c
 *	  What a stream consists of: its own events, and for an edition's stream
 *	  what it shares with the main timeline.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "events/divergence.h"
#include "events/timeline.h"
#include "plumbing/error.h"
#include "streams/edition.h"
#include "utils/snapmgr.h"

static bool begin_part(AzrTimelineScan *scan);

/*
 * What a stream consists of, as 'snapshot' sees it.
 *
 * Raises ZR004 where the root's divergence is fixed and is not the given one, or
 * where it is not fixed and the given one is past the main stream's next.
 */
AzrTimeline
azr_timeline_find(const AzrStreamName *name, AzrOptionalInt64 divergence, Snapshot snapshot)
{
	AzrTimeline timeline = {0};
	AzrStreamName main_name;

	if (azr_edition_is_main(name->edition))
	{
		timeline.main = azr_stream_find(name, snapshot);
		return timeline;
	}

	timeline.is_edition = true;
	main_name = azr_main_stream(name);
	timeline.main = azr_stream_find(&main_name, snapshot);
	timeline.own = azr_stream_find(name, snapshot);

	if (timeline.own.id != AZR_NO_STREAM)
	{
		timeline.shared_to.given = true;
		timeline.shared_to.value = timeline.own.divergence;
		if (divergence.given && divergence.value != timeline.own.divergence)
			azr_divergence_is_fixed(name, divergence.value, timeline.own.divergence);
	}
	else if (divergence.given)
	{
		int64		main_next = azr_timeline_own_next(&timeline.main, snapshot);

		timeline.shared_to = divergence;
		if (divergence.value > main_next)
			azr_divergence_is_past(name, divergence.value, main_next);
	}
	else
		timeline.shared_to = azr_edition_find(name->domain, name->edition, snapshot).divergence;
	return timeline;
}

/*
 * The sequence that the next event gets.
 */
int64
azr_timeline_next(const AzrTimeline *timeline, Snapshot snapshot)
{
	int64		main_next;

	if (timeline->own.id != AZR_NO_STREAM)
		return azr_timeline_own_next(&timeline->own, snapshot);

	main_next = azr_timeline_own_next(&timeline->main, snapshot);
	if (timeline->shared_to.given && timeline->shared_to.value < main_next)
		return timeline->shared_to.value;
	return main_next;
}

/*
 * For what a client says of a sequence: does the timeline reach it, or may it do so for all
 * that is known?  Of a root without events nothing is known, except that an edition shares
 * nothing from its divergence on.  If not, 'next' is set to the next sequence.
 */
bool
azr_timeline_reaches(const AzrTimeline *timeline, int64 sequence, Snapshot snapshot,
					 int64 *next)
{
	bool		is_shared = !timeline->shared_to.given || sequence < timeline->shared_to.value;
	const AzrStream *stream = is_shared ? &timeline->main : &timeline->own;

	/* mostly it does, and one event is found more quickly than the end */
	if (stream->id != AZR_NO_STREAM && azr_event_exists(stream->id, sequence, snapshot))
		return true;

	*next = azr_timeline_next(timeline, snapshot);
	return sequence < *next || (*next == 0 && is_shared);
}

/*
 * The sequence after the last event that a stream owns itself, which may not
 * exist.
 */
int64
azr_timeline_own_next(const AzrStream *stream, Snapshot snapshot)
{
	if (stream->id == AZR_NO_STREAM)
		return 0;
	return azr_events_end(stream->id, snapshot, AccessShareLock).next;
}

/*
 * Begin to read events with from <= sequence < to.  Ascending, what is shared comes first,
 * and then what is owned; backward, it is the other way round.  So there is nothing to sort.
 */
void
azr_timeline_scan_begin(AzrTimelineScan *scan, const AzrTimeline *timeline, int64 from,
						AzrOptionalInt64 to, bool backward, Snapshot snapshot)
{
	scan->timeline = timeline;
	scan->from = from;
	scan->to = to;
	scan->snapshot = snapshot;
	scan->ncolumns = 0;
	scan->backward = backward;
	scan->in_own = backward;
	scan->scanning = begin_part(scan);
}

/*
 * Have a scan read only the first columns of events.
 */
void
azr_timeline_scan_columns(AzrTimelineScan *scan, int ncolumns)
{
	scan->ncolumns = ncolumns;
	if (scan->scanning)
		scan->scan.scan.ncolumns = ncolumns;
}

/*
 * The next event, or NULL after the last one.  'is_own' says whether the
 * edition owns it, not the main timeline.
 */
TupleTableSlot *
azr_timeline_scan_next(AzrTimelineScan *scan, bool *is_own)
{
	for (;;)
	{
		TupleTableSlot *event = NULL;

		if (scan->scanning)
			event = scan->backward
				? azr_event_scan_previous(&scan->scan) : azr_event_scan_next(&scan->scan);

		/* the part to begin with is the owned one if backward */
		if (event != NULL || scan->in_own != scan->backward)
		{
			*is_own = scan->in_own;
			return event;
		}
		azr_timeline_scan_end(scan);
		scan->in_own = !scan->in_own;
		scan->scanning = begin_part(scan);
	}
}

void
azr_timeline_scan_end(AzrTimelineScan *scan)
{
	if (scan->scanning)
		azr_event_scan_end(&scan->scan);
	scan->scanning = false;
}

/*
 * Begin to scan the shared or the owned part.  Returns false if nothing of it is
 * asked for.
 */
static bool
begin_part(AzrTimelineScan *scan)
{
	const AzrTimeline *timeline = scan->timeline;
	const AzrStream *stream = scan->in_own ? &timeline->own : &timeline->main;
	AzrOptionalInt64 to = scan->to;

	if (stream->id == AZR_NO_STREAM)
		return false;

	/* an edition has no events of its own below its divergence */
	if (!scan->in_own && timeline->shared_to.given &&
		(!to.given || timeline->shared_to.value < to.value))
		to = timeline->shared_to;
	if (to.given && to.value <= scan->from)
		return false;

	azr_event_scan_begin_by_page(&scan->scan, stream->id, scan->from, to, scan->backward,
								 scan->snapshot);
	scan->scan.scan.ncolumns = scan->ncolumns;
	return true;
}

/*
 * Fail with 40001 where the transaction must stick to its snapshot and the stream,
 * or its own events, are not what that shows, own appends included.  It may be
 * another stream by now: an edition was deleted, and its name used anew.
 */
void
azr_timeline_check_isolation(const AzrStreamName *name, const AzrStream *stream, int64 next)
{
	Snapshot	snapshot;
	AzrStream	then;
	int64		next_then;

	if (!IsolationUsesXactSnapshot())
		return;

	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	then = azr_stream_find(name, snapshot);
	next_then = azr_timeline_own_next(&then, snapshot);
	UnregisterSnapshot(snapshot);

	if (then.id != stream->id || next_then != next)
		azr_serialization_failure("stream \"%s\" has changed after this transaction's snapshot",
								  azr_stream_label(name));
}
