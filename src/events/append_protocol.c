/*-------------------------------------------------------------------------
 *
 * append_protocol.c
 *	  How events get into a stream.
 *
 * See append_protocol.h for the protocol.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "events/append_protocol.h"
#include "events/cascade_resolution.h"
#include "events/divergence.h"
#include "events/event_insert.h"
#include "events/expected_sequence.h"
#include "events/idempotency.h"
#include "events/max_payload.h"
#include "events/timeline.h"
#include "plumbing/durability.h"
#include "plumbing/error.h"
#include "plumbing/text.h"
#include "storage/lmgr.h"
#include "streams/edition.h"
#include "streams/happening.h"
#include "streams/stream_lock.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

const char *const azr_outcome_names[] = {
	[AZR_ADDED] = "added",
	[AZR_DUPLICATE] = "duplicate",
	[AZR_UNCHANGED] = "unchanged",
	[AZR_CONFLICT] = "conflict"
};

static AzrAppendResult next_sequence_only(const AzrAppend *append);
static void check_registration(const AzrStreamName *name, const AzrEdition *edition);
static AzrAppendPlace place_of_first_append(const AzrAppend *append, const AzrEdition *edition);
static TimestampTz created_before(const AzrStream *main, int64 sequence, Snapshot snapshot);
static void check_unresolved(const AzrStreamName *name, const AzrStream *stream, int64 next,
							 const text *cascade_id);
static bool may_append_at(const AzrAppend *append, int64 next);
static AzrAppendResult store(AzrAppend *append, AzrStream stream, const AzrAppendPlace *place);
static int64 about_to_confirm(int64 stream_id, const AzrAppend *append);

static AzrConfirmedCallback confirmed_callback = NULL;

/*
 * Append events to a stream, or find that they are there already, or that the stream has
 * got past the sequence that was expected.
 *
 * The arguments are checked and the transaction may write.  Events get the time at which
 * they are created, where append->events says AZR_NOW.  Takes AZR_LOCK_CASCADE for
 * events of one, AZR_LOCK_EDITION for a named edition, and AZR_LOCK_STREAM or
 * AZR_LOCK_NEW_STREAM, to the end of the transaction, unless there is nothing to
 * append.  Only an append whose outcome is AZR_ADDED leaves anything else behind.
 *
 * Raises ZR001 unless append->return_conflict is set, ZR003, ZR004, ZR006, 40001, 54000,
 * what waiting for a lock raises, and what append->overtaken does.
 */
AzrAppendResult
azr_append_events(AzrAppend *append)
{
	const AzrNewEvents *events = &append->events;
	AzrAppendResult result = {0};
	AzrLockedStream locked;
	AzrSequenceRange duplicate;
	AzrAppendPlace place;

	if (events->count == 0)
		return next_sequence_only(append);

	if (events->cascade_id != NULL && !append->is_resolution)
		azr_cascade_lock(events->cascade_id, events->committed ? ExclusiveLock : ShareLock);
	locked = azr_append_lock(&append->stream,
							 append->expected.given && append->expected.value == 0);

	duplicate = azr_find_earlier_append(locked.lock.stream.id, events);
	if (duplicate.found)
	{
		result.outcome = AZR_DUPLICATE;
		result.first_sequence = duplicate.first;
		result.last_sequence = duplicate.last;
		result.next_sequence = locked.end.next;
		azr_count_happening(AZR_HAPPENING_DUPLICATE, append->stream.domain, true);
		azr_stream_appended(&locked.lock);
		return result;
	}

	place = azr_append_place(append, &locked);
	if (!events->committed)
		check_unresolved(&append->stream, &locked.lock.stream, place.next, events->cascade_id);
	if (!may_append_at(append, place.next))
	{
		result.outcome = AZR_CONFLICT;
		result.next_sequence = place.next;
		azr_count_happening(AZR_HAPPENING_CONFLICT, append->stream.domain, place.next > 0);
		return result;
	}
	result = store(append, locked.lock.stream, &place);
	azr_stream_appended(&locked.lock);
	return result;
}

/*
 * The result of an append of no events: the stream's next sequence, by the snapshot with
 * which anything is read that is not locked.
 */
static AzrAppendResult
next_sequence_only(const AzrAppend *append)
{
	AzrAppendResult result = {.outcome = AZR_UNCHANGED};
	Snapshot	snapshot = azr_register_read_snapshot();
	AzrTimeline timeline = azr_timeline_find(&append->stream, append->divergence, snapshot);

	result.next_sequence = azr_timeline_next(&timeline, snapshot);
	UnregisterSnapshot(snapshot);
	return result;
}

/*
 * Lock a stream to the end of the transaction, and its edition before it if that is a named
 * one, once no other transaction is writing to it, and say where its own events end.  A stream
 * that is probably new is not looked for before it is locked by its names.  'lockmode' is for
 * the table of events.
 *
 * Raises what waiting for a lock raises.
 */
AzrStreamLock
azr_writer_lock(const AzrStreamName *name, bool probably_new, LOCKMODE lockmode,
				AzrStreamEnd *end)
{
	for (;;)
	{
		AzrStreamLock lock = azr_stream_lock(name, probably_new);
		SnapshotData dirty;

		InitDirtySnapshot(dirty);
		dirty.xmin = InvalidTransactionId;
		end->next = 0;
		end->created_at = DT_NOBEGIN;
		end->leaf.index = InvalidOid;
		if (lock.stream.id != AZR_NO_STREAM)
			*end = azr_events_end(lock.stream.id, &dirty, lockmode);
		if (!TransactionIdIsValid(dirty.xmin))
			return lock;

		/* it has written to many streams: see stream_lock.h */
		azr_stream_unlock(&lock);
		XactLockTableWait(dirty.xmin, NULL, NULL, XLTW_None);
	}
}

/*
 * Lock a stream to the end of the transaction, and its edition before it if that is a named
 * one, and look at it as it is then.  A stream that is probably new is not looked for before it
 * is locked by its names.
 *
 * Raises 40001 where the transaction must stick to its snapshot and that shows another stream,
 * and what waiting for a lock raises.
 */
AzrLockedStream
azr_append_lock(const AzrStreamName *name, bool probably_new)
{
	AzrLockedStream result = {.edition = {false, {false, 0}, AZR_OPEN}};

	result.lock = azr_writer_lock(name, probably_new, RowExclusiveLock, &result.end);
	if (!azr_edition_is_main(name->edition))
		result.edition = azr_edition_find(name->domain, name->edition, SnapshotSelf);
	azr_timeline_check_isolation(name, &result.lock.stream, result.end.next);
	if (result.lock.stream.id == AZR_NO_STREAM && !azr_edition_is_main(name->edition))
		check_registration(name, &result.edition);
	return result;
}

/*
 * Fail with 40001 where the transaction must stick to its snapshot and what is registered of
 * the edition that the stream begins in is not what that shows.
 */
static void
check_registration(const AzrStreamName *name, const AzrEdition *edition)
{
	AzrEdition	then;

	if (!IsolationUsesXactSnapshot())
		return;

	then = azr_edition_find(name->domain, name->edition, GetTransactionSnapshot());
	if (then.registered != edition->registered ||
		then.divergence.given != edition->divergence.given ||
		then.divergence.value != edition->divergence.value)
		azr_serialization_failure("stream \"%s\" has changed after this transaction's snapshot",
								  azr_stream_label(name));
}

/*
 * Where the events are to be appended in a locked stream: at its end; or where it diverges, if
 * this is the root's first append to a named edition.
 *
 * Raises ZR003 or 54000 where they may not be stored, wherever that is, and ZR004 for a
 * divergence that the stream cannot have.
 */
AzrAppendPlace
azr_append_place(const AzrAppend *append, const AzrLockedStream *locked)
{
	const AzrStreamName *name = &append->stream;
	AzrAppendPlace place = {locked->end.next, locked->end.created_at, locked->end.leaf};

	if (locked->edition.protection == AZR_SEALED)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_EDITION_PROTECTED),
				 errmsg("edition of stream \"%s\" is sealed", azr_stream_label(name)),
				 errhint("Use azr_protect_edition to open it.")));
	azr_check_event_sizes(&append->events, append->max_payload);

	if (locked->lock.stream.id == AZR_NO_STREAM && !azr_edition_is_main(name->edition))
		return place_of_first_append(append, &locked->edition);

	if (append->divergence.given && append->divergence.value != locked->lock.stream.divergence)
		azr_divergence_is_fixed(name, append->divergence.value, locked->lock.stream.divergence);
	return place;
}

/*
 * Where a root diverges that has no events in the edition yet, and when the event of the main
 * timeline before that was created.
 */
static AzrAppendPlace
place_of_first_append(const AzrAppend *append, const AzrEdition *edition)
{
	AzrStreamName main_name = azr_main_stream(&append->stream);
	Snapshot	snapshot = azr_register_read_snapshot();
	AzrStream	main = azr_stream_find(&main_name, snapshot);
	AzrAppendPlace place = {0};

	place.next = azr_divergence_of_first_append(&append->stream, append->divergence,
												edition->divergence, append->expected,
												azr_timeline_own_next(&main, snapshot));
	place.created_before = created_before(&main, place.next, snapshot);
	UnregisterSnapshot(snapshot);
	return place;
}

/*
 * When the event before a sequence of the main timeline was created, or DT_NOBEGIN.
 */
static TimestampTz
created_before(const AzrStream *main, int64 sequence, Snapshot snapshot)
{
	AzrOptionalInt64 to = {true, sequence};
	TimestampTz created_at = DT_NOBEGIN;
	AzrEventScan scan;
	TupleTableSlot *event;

	if (sequence == 0)
		return DT_NOBEGIN;
	azr_event_scan_begin(&scan, main->id, sequence - 1, to, snapshot);
	event = azr_event_scan_next(&scan);
	if (event != NULL)
		created_at = azr_stored_created_at(event);
	azr_event_scan_end(&scan);
	return created_at;
}

/*
 * A stream takes part in a cascade until that is resolved there.  An event that
 * came later would be confirmed or revoked before anybody has seen it.  'next' is where
 * an edition diverges, if this is its first append.
 */
static void
check_unresolved(const AzrStreamName *name, const AzrStream *stream, int64 next,
				 const text *cascade_id)
{
	Snapshot	snapshot = azr_register_read_snapshot();
	AzrTimeline timeline = {.main = *stream};

	if (!azr_edition_is_main(name->edition))
	{
		AzrStreamName main_name = azr_main_stream(name);

		timeline.main = azr_stream_find(&main_name, snapshot);
		timeline.is_edition = true;
		timeline.own = *stream;
		timeline.shared_to.given = true;
		timeline.shared_to.value = stream->id == AZR_NO_STREAM ? next : stream->divergence;
	}
	if (azr_timeline_resolution(&timeline, cascade_id, snapshot) != AZR_UNRESOLVED)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_CASCADE_ERROR),
				 errmsg("cascade \"%s\" is resolved in stream \"%s\"",
						text_to_cstring(cascade_id), azr_stream_label(name)),
				 errhint("Give each cascade an id of its own.")));
	UnregisterSnapshot(snapshot);
}

/*
 * Is the next sequence the one that was expected, or one that is as good?  Where it is not,
 * raises ZR001, or what append->overtaken does, or returns false if that is how the caller
 * wants to be told.
 */
static bool
may_append_at(const AzrAppend *append, int64 next)
{
	int64		expected = append->expected.value;

	if (azr_is_expected(append->expected, next))
		return true;
	if (expected < next && append->overtaken != NULL)
	{
		append->overtaken(&append->stream, expected, next, append->overtaken_arg);
		return true;
	}
	if (!append->return_conflict)
		azr_sequence_conflict(&append->stream, expected, next, NULL);
	return false;
}

/*
 * Store the events where they are to go, and give a new stream its row before.
 *
 * Raises 22003 where there are not as many sequences, and ZR006.
 */
static AzrAppendResult
store(AzrAppend *append, AzrStream stream, const AzrAppendPlace *place)
{
	const AzrStreamName *name = &append->stream;
	AzrNewEvents *events = &append->events;
	AzrAppendResult result = {.outcome = AZR_ADDED};
	int64		confirmed = AZR_NO_SEQUENCE;
	AzrEventRun run;

	if (place->next > PG_INT64_MAX - events->count)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("stream \"%s\" has no sequences left", azr_stream_label(name))));
	result.first_sequence = place->next;
	result.next_sequence = place->next + events->count;
	result.last_sequence = result.next_sequence - 1;

	if (stream.id == AZR_NO_STREAM)
	{
		AzrNewStream created = {
			.name = *name,
			.first = result.first_sequence,
			.last = result.last_sequence
		};

		azr_streams_create(&created, 1);
		stream = created.stream;
	}
	else if (events->committed && events->cascade_id != NULL)
		confirmed = about_to_confirm(stream.id, append);
	azr_set_created_at(events, place->created_before);
	run.name = *name;
	run.stream_id = stream.id;
	run.first_sequence = result.first_sequence;
	run.leaf = place->leaf;
	run.events = *events;
	azr_events_insert(&run, 1);
	azr_appended_to(name->domain);
	if (confirmed != AZR_NO_SEQUENCE && confirmed_callback != NULL)
		confirmed_callback(name, confirmed);

	result.stream_id = stream.id;
	return result;
}

/*
 * Note that our transaction has appended to a domain, which says whether its commit waits for
 * the disk.
 */
void
azr_appended_to(const text *domain)
{
	if (azr_domain_settings_of(domain).relaxed)
		azr_work_is_relaxed();
	else
		azr_work_must_be_durable();
}

/*
 * Say when those events were created of which nobody has said so.  'before' is when the
 * event before them was.
 */
void
azr_set_created_at(AzrNewEvents *events, TimestampTz before)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	for (int i = 0; i < events->count; i++)
	{
		if (events->created_at[i] == AZR_NOW)
			events->created_at[i] = Max(now, before);
		before = events->created_at[i];
	}
}

/*
 * Committed events of a cascade resolve the pending ones of their stream, if there are any
 * that are not resolved.  Returns the sequence of the first one that they are about to
 * confirm, or AZR_NO_SEQUENCE.
 *
 * Raises ZR006 where other streams were resolved in the other way.
 */
static int64
about_to_confirm(int64 stream_id, const AzrAppend *append)
{
	const text *cascade_id = append->events.cascade_id;
	bool		revokes = azr_text_is(DatumGetTextPP(append->events.types[0]),
									  AZR_REVOCATION_TYPE);
	int64		pending = azr_events_first_pending(stream_id, cascade_id, SnapshotSelf);

	if (pending == AZR_NO_SEQUENCE ||
		azr_events_resolution(stream_id, cascade_id, PG_INT64_MAX,
							  SnapshotSelf) != AZR_UNRESOLVED)
		return AZR_NO_SEQUENCE;
	if (!append->is_resolution)
	{
		AzrCascadeProgress progress = azr_cascade_progress(cascade_id);

		azr_cascade_check(cascade_id, revokes ? AZR_REVOKED : AZR_CONFIRMED, &progress);
	}
	return revokes ? AZR_NO_SEQUENCE : pending;
}

/*
 * Have a callback told of each confirmation: the snapshot store, which lies in a later
 * room.
 */
void
azr_on_confirmed(AzrConfirmedCallback callback)
{
	Assert(confirmed_callback == NULL);
	confirmed_callback = callback;
}
