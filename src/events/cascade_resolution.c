/*-------------------------------------------------------------------------
 *
 * cascade_resolution.c
 *	  What events know of cascades.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/cascade_resolution.h"
#include "plumbing/error.h"
#include "plumbing/grow.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#define PROGRESS(condition) \
	"SELECT count(*) OVER (), " \
	"count(*) FILTER (WHERE p.resolved_by IS NULL" condition ") OVER (), " \
	"p.resolved_by IS NOT NULL, coalesce(" AZR_IS_REVOKED ", false), " \
	"s.domain::text, s.edition::text, s.root::uuid " \
	"FROM " AZR_PARTICIPANTS("$1") " " \
	"JOIN %s.azr_streams s ON s.stream_id = p.stream_id " \
	"ORDER BY 3 DESC, 4 DESC, 5, 6, 7 LIMIT 1"

static int64 first_of_cascade(int64 stream_id, const text *cascade_id, bool committed,
							  Snapshot snapshot, bool *is_revocation);
static int64 confirmed_late_in(const AzrTimeline *timeline, int64 stream_id, int64 sequence,
							   AzrOptionalInt64 to, Snapshot snapshot);
static AzrResolution resolution_below(const AzrTimeline *timeline, const text *cascade_id,
									  int64 below, Snapshot snapshot);
static void note_progress(uint64 row, const Datum *values, const bool *nulls, void *arg);
static AzrResolution resolution_of(AzrEffectiveView *view, const text *cascade_id);

/*
 * Whether a stream's events below a sequence resolve a cascade.
 */
AzrResolution
azr_events_resolution(int64 stream_id, const text *cascade_id, int64 below, Snapshot snapshot)
{
	bool		is_revocation;
	int64		sequence = first_of_cascade(stream_id, cascade_id, true, snapshot,
											&is_revocation);

	if (sequence == AZR_NO_SEQUENCE || sequence >= below)
		return AZR_UNRESOLVED;
	return is_revocation ? AZR_REVOKED : AZR_CONFIRMED;
}

/*
 * The sequences of a stream's pending events of a cascade, resolved or not.
 */
AzrSequences
azr_events_pending(int64 stream_id, const text *cascade_id, Snapshot snapshot)
{
	int			allocated = 16;
	AzrSequences pending = {0, palloc(allocated * sizeof(int64))};
	AzrEventScan scan;
	TupleTableSlot *event;

	azr_cascade_scan_begin(&scan, stream_id, cascade_id, false, snapshot);
	while ((event = azr_event_scan_next(&scan)) != NULL)
	{
		pending.all = azr_grow(pending.all, pending.count, &allocated, sizeof(int64));
		pending.all[pending.count++] = azr_stored_sequence(event);
	}
	azr_event_scan_end(&scan);
	return pending;
}

/*
 * What has become of a cascade.  An edition knows what the main timeline had come to
 * where it diverged, and then what was resolved in the edition itself.
 */
AzrResolution
azr_timeline_resolution(const AzrTimeline *timeline, const text *cascade_id, Snapshot snapshot)
{
	return resolution_below(timeline, cascade_id, PG_INT64_MAX, snapshot);
}

/*
 * The same as of the events below a sequence.
 */
static AzrResolution
resolution_below(const AzrTimeline *timeline, const text *cascade_id, int64 below,
				 Snapshot snapshot)
{
	AzrResolution resolution = AZR_UNRESOLVED;

	if (timeline->main.id != AZR_NO_STREAM)
		resolution = azr_events_resolution(timeline->main.id, cascade_id,
										   timeline->shared_to.given
										   ? Min(timeline->shared_to.value, below) : below,
										   snapshot);
	if (resolution == AZR_UNRESOLVED && timeline->own.id != AZR_NO_STREAM)
		resolution = azr_events_resolution(timeline->own.id, cascade_id, below, snapshot);
	return resolution;
}

/*
 * The sequence of the first pending event of a cascade, resolved or not, or
 * AZR_NO_SEQUENCE.
 */
int64
azr_timeline_first_pending(const AzrTimeline *timeline, const text *cascade_id,
						   Snapshot snapshot)
{
	int64		sequence = AZR_NO_SEQUENCE;

	if (timeline->main.id != AZR_NO_STREAM)
		sequence = azr_events_first_pending(timeline->main.id, cascade_id, snapshot);
	if (timeline->shared_to.given && sequence >= timeline->shared_to.value)
		sequence = AZR_NO_SEQUENCE;
	if (sequence == AZR_NO_SEQUENCE && timeline->own.id != AZR_NO_STREAM)
		sequence = azr_events_first_pending(timeline->own.id, cascade_id, snapshot);
	return sequence;
}

/*
 * The first of the events up to a sequence that were confirmed by an event after it, or
 * AZR_NO_SEQUENCE.  A state that was made of the events up to there may lack it, and so
 * may all states from that event on.
 */
int64
azr_timeline_confirmed_late(const AzrTimeline *timeline, int64 sequence, Snapshot snapshot)
{
	int64		first = AZR_NO_SEQUENCE;
	AzrOptionalInt64 no_end = {false, 0};

	if (sequence == PG_INT64_MAX)
		return AZR_NO_SEQUENCE;
	if (timeline->main.id != AZR_NO_STREAM)
		first = confirmed_late_in(timeline, timeline->main.id, sequence,
								  timeline->shared_to, snapshot);
	if (timeline->own.id != AZR_NO_STREAM)
		first = Min(first, confirmed_late_in(timeline, timeline->own.id, sequence,
											 no_end, snapshot));
	return first;
}

/*
 * The same as far as the events that confirm are in one of the timeline's streams, and
 * below 'to'.
 */
static int64
confirmed_late_in(const AzrTimeline *timeline, int64 stream_id, int64 sequence,
				  AzrOptionalInt64 to, Snapshot snapshot)
{
	int64		first = AZR_NO_SEQUENCE;
	AzrEventScan scan;
	TupleTableSlot *event;

	azr_resolving_scan_begin(&scan, stream_id, sequence + 1, to, snapshot);
	while ((event = azr_event_scan_next(&scan)) != NULL)
	{
		text	   *cascade_id = azr_stored_cascade(event);
		int64		pending = azr_timeline_first_pending(timeline, cascade_id, snapshot);

		if (pending <= sequence && pending < first &&
			azr_timeline_resolution(timeline, cascade_id, snapshot) == AZR_CONFIRMED &&
			resolution_below(timeline, cascade_id, sequence + 1, snapshot) == AZR_UNRESOLVED)
			first = pending;
	}
	azr_event_scan_end(&scan);
	return first;
}

/*
 * What a cascade has come to in all streams, by what is committed now and this transaction's
 * own work.  What a stream of another node was resolved to, as far as that is stored here, is an
 * outcome too.  But if it is unresolved here, that is for the other node to change.
 */
AzrCascadeProgress
azr_cascade_progress(const text *cascade_id)
{
	AzrQueryArgs args = {0};
	AzrCascadeProgress progress = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(cascade_id), false);
	PushActiveSnapshot(GetLatestSnapshot());
	azr_query_read(azr_slots_arg(&args)
				   ? PROGRESS(" AND " AZR_SLOT_IS_OWN("$2", "s.root")) : PROGRESS(""),
				   &args, note_progress, &progress);
	PopActiveSnapshot();
	return progress;
}

static void
note_progress(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrCascadeProgress *progress = (AzrCascadeProgress *) arg;

	azr_check_row(nulls, 7);
	progress->participants = DatumGetInt64(values[0]);
	progress->unresolved = DatumGetInt64(values[1]);
	if (DatumGetBool(values[2]))
		progress->outcome = DatumGetBool(values[3]) ? AZR_REVOKED : AZR_CONFIRMED;
	progress->resolved = azr_copy_stream_name(&values[4]);
}

/*
 * May a cascade be resolved in this way, after what other participants were resolved to?
 *
 * Raises ZR006.
 */
void
azr_cascade_check(const text *cascade_id, AzrResolution resolution,
				  const AzrCascadeProgress *progress)
{
	if (progress->outcome != AZR_UNRESOLVED && progress->outcome != resolution)
		azr_resolved_otherwise(cascade_id, resolution, &progress->resolved);
}

/*
 * A cascade was resolved in the other way, in the stream that is named: ZR006.
 */
void
azr_resolved_otherwise(const text *cascade_id, AzrResolution resolution,
					   const AzrStreamName *name)
{
	AzrResolution other = resolution == AZR_CONFIRMED ? AZR_REVOKED : AZR_CONFIRMED;

	ereport(ERROR,
			(errcode(ERRCODE_AZR_CASCADE_ERROR),
			 errmsg("cascade \"%s\" cannot be %s any more",
					text_to_cstring(cascade_id), azr_resolution_name(resolution)),
			 errdetail("It was %s in stream \"%s\".",
					   azr_resolution_name(other), azr_stream_label(name))));
}

const char *
azr_resolution_name(AzrResolution resolution)
{
	return resolution == AZR_CONFIRMED ? "confirmed" : "revoked";
}

/*
 * Is this the type of events that are about other events, which are nothing to business
 * logic?
 */
bool
azr_is_framework_type(const text *type)
{
	return azr_text_is(type, AZR_CONFIRMATION_TYPE) || azr_text_is(type, AZR_REVOCATION_TYPE);
}

/*
 * May business logic see a stored event, which is not one of the framework's?
 */
bool
azr_event_is_effective(AzrEffectiveView *view, TupleTableSlot *event)
{
	text	   *cascade_id;

	if (azr_stored_committed(event))
		return true;

	/* no append stores one without, but an INSERT can */
	cascade_id = azr_stored_cascade(event);
	if (cascade_id == NULL)
		return false;

	switch (resolution_of(view, cascade_id))
	{
		case AZR_CONFIRMED:
			return true;
		case AZR_REVOKED:
			return false;
		case AZR_UNRESOLVED:
			break;
	}
	return view->own_cascade != NULL && azr_same_text(cascade_id, view->own_cascade);
}

static AzrResolution
resolution_of(AzrEffectiveView *view, const text *cascade_id)
{
	if (view->last_cascade == NULL || !azr_same_text(view->last_cascade, cascade_id))
	{
		AzrResolution resolution = azr_timeline_resolution(view->timeline, cascade_id,
														   view->snapshot);

		if (view->last_cascade != NULL)
			pfree(view->last_cascade);
		view->last_cascade = azr_copy_text(cascade_id, view->context);
		view->last_resolution = resolution;
	}
	return view->last_resolution;
}

/*
 * The sequence of a stream's first pending event of a cascade, or AZR_NO_SEQUENCE.
 */
int64
azr_events_first_pending(int64 stream_id, const text *cascade_id, Snapshot snapshot)
{
	return first_of_cascade(stream_id, cascade_id, false, snapshot, NULL);
}

/*
 * The sequence of a stream's first committed, or first pending, event of a cascade, or
 * AZR_NO_SEQUENCE.  If 'is_revocation' is not NULL, it is set to whether that event is a
 * revocation.
 */
static int64
first_of_cascade(int64 stream_id, const text *cascade_id, bool committed,
				 Snapshot snapshot, bool *is_revocation)
{
	AzrEventScan scan;
	TupleTableSlot *event;
	int64		sequence = AZR_NO_SEQUENCE;

	azr_cascade_scan_begin(&scan, stream_id, cascade_id, committed, snapshot);
	event = azr_event_scan_next(&scan);
	if (event != NULL)
		sequence = azr_stored_sequence(event);
	if (event != NULL && is_revocation != NULL)
	{
		text	   *type = azr_stored_event_type(event);

		*is_revocation = azr_text_is(type, AZR_REVOCATION_TYPE);
		pfree(type);
	}
	azr_event_scan_end(&scan);
	return sequence;
}

/*
 * Wait for a cascade, and hold it to the end of the transaction: in ShareLock to append
 * pending events of it, in ExclusiveLock to resolve it.
 */
void
azr_cascade_lock(const text *cascade_id, LOCKMODE mode)
{
	azr_lock(AZR_LOCK_CASCADE, azr_hash_text(cascade_id, 0), mode);
}
