/*-------------------------------------------------------------------------
 *
 * appender.c
 *	  How events get into a stream.
 *
 * See appender.h for the protocol.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/error.h"
#include "events/appender.h"
#include "utils/snapmgr.h"

static int64 next_of(int64 stream_id, Snapshot snapshot);
static int64 next_in_snapshot(const AzrStreamName *name);
static AzrRange find_duplicate(int64 stream_id, const AzrNewEvents *events);

/*
 * Append events to a stream, or find that they are there already.
 *
 * The arguments are checked and the transaction may write.  Takes
 * AZR_LOCK_STREAM or AZR_LOCK_NEW_STREAM to the end of the transaction, unless
 * there is nothing to append.
 *
 * Raises ZR001, 40001, and what waiting for a lock raises.
 */
AzrAppendResult
azr_append_events(const AzrAppend *append)
{
	const AzrStreamName *name = &append->stream;
	const AzrNewEvents *events = &append->events;
	AzrAppendResult result = {AZR_UNCHANGED, 0, 0, 0};
	AzrRange	duplicate;
	int64		stream_id;
	int64		next;

	if (events->count == 0)
	{
		result.next_sequence = IsolationUsesXactSnapshot()
			? next_in_snapshot(name)
			: next_of(azr_stream_find(name, SnapshotSelf), SnapshotSelf);
		return result;
	}

	stream_id = azr_stream_lock(name);
	next = next_of(stream_id, SnapshotSelf);

	if (IsolationUsesXactSnapshot() && next_in_snapshot(name) != next)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: stream \"%s\" got events after this transaction's snapshot",
						azr_stream_label(name)),
				 errhint("Run the whole transaction again.")));

	duplicate = find_duplicate(stream_id, events);
	if (duplicate.found)
	{
		result.outcome = AZR_DUPLICATE;
		result.first_sequence = duplicate.first;
		result.last_sequence = duplicate.last;
		result.next_sequence = next;
		return result;
	}

	if (append->expected.given && append->expected.value != next)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
				 errmsg("sequence conflict in stream \"%s\"", azr_stream_label(name)),
				 errdetail("Expected sequence is %lld, next sequence is %lld.",
						   (long long) append->expected.value, (long long) next),
				 append->expected.value < next
				 ? errhint("Another writer was faster: load the stream from sequence %lld, decide again, and append at %lld.",
						   (long long) append->expected.value, (long long) next)
				 : errhint("The stream has no such sequence yet: append at %lld.",
						   (long long) next)));

	if (next > PG_INT64_MAX - events->count)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("stream \"%s\" has no sequences left", azr_stream_label(name))));

	if (stream_id == AZR_NO_STREAM)
		stream_id = azr_stream_create(name);
	azr_events_insert(stream_id, next, events, name);

	result.outcome = AZR_ADDED;
	result.first_sequence = next;
	result.last_sequence = next + events->count - 1;
	result.next_sequence = next + events->count;
	return result;
}

/*
 * Next sequence of a stream that may not exist.
 */
static int64
next_of(int64 stream_id, Snapshot snapshot)
{
	return stream_id == AZR_NO_STREAM ? 0 : azr_events_next(stream_id, snapshot);
}

/*
 * Next sequence as the transaction's snapshot shows it, own appends included.
 */
static int64
next_in_snapshot(const AzrStreamName *name)
{
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	int64		next = next_of(azr_stream_find(name, snapshot), snapshot);

	UnregisterSnapshot(snapshot);
	return next;
}

/*
 * The earlier append that this one repeats, if any.
 */
static AzrRange
find_duplicate(int64 stream_id, const AzrNewEvents *events)
{
	AzrRange	range = {false, 0, 0};

	if (stream_id != AZR_NO_STREAM && events->external_id != NULL)
		range = azr_events_by_external_id(stream_id, events->external_id, SnapshotSelf);
	if (stream_id != AZR_NO_STREAM && !range.found && events->source.given)
		range = azr_events_by_source(stream_id, &events->source, SnapshotSelf);
	return range;
}
