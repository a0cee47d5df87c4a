/*-------------------------------------------------------------------------
 *
 * snapshots.c
 *	  azr_put_snapshot, azr_get_snapshot and azr_delete_snapshots: the cached
 *	  states of a stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "events/append_protocol.h"
#include "events/cascade_resolution.h"
#include "events/event_args.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "plumbing/error.h"
#include "plumbing/result.h"
#include "snapshots/timeline_snapshot.h"
#include "streams/slot.h"
#include "streams/stream_lock.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_put_snapshot);
PG_FUNCTION_INFO_V1(azr_get_snapshot);
PG_FUNCTION_INFO_V1(azr_delete_snapshots);

/* Columns of the composite type azr_snapshot, as in snapshots.sql. */
enum
{
	Anum_azr_snapshot_sequence = 1,
	Anum_azr_snapshot_state_type,
	Anum_azr_snapshot_state,
	Anum_azr_snapshot_retention,
	Anum_azr_snapshot_created_at,
	Natts_azr_snapshot = Anum_azr_snapshot_created_at
};

static const Oid column_types[Natts_azr_snapshot] = {
	INT8OID, TEXTOID, BYTEAOID, TEXTOID, TIMESTAMPTZOID
};

static void check_place(const AzrStreamName *name, const AzrStream *stream, int64 sequence);

/*
 * azr_put_snapshot(domain, edition, root, sequence, state_type, state,
 *					retention) -> void
 *
 * Takes the stream's advisory lock, like an append.  See snapshots.sql for
 * arguments and errors.
 */
Datum
azr_put_snapshot(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrSnapshot snapshot = {.found = true};
	AzrStream	stream;
	AzrStreamEnd end;

	snapshot.sequence = azr_arg_count(fcinfo, 3, "sequence");
	snapshot.state_type = azr_arg_type(fcinfo, 4, "state_type");
	snapshot.state = azr_arg_bytea(fcinfo, 5, "state");
	azr_snapshot_check_size(&name, snapshot.state);
	snapshot.retention = azr_arg_choice(fcinfo, 6, "retention", azr_retention_names);
	snapshot.created_at = GetCurrentTransactionStartTimestamp();

	azr_check_can_write(fcinfo);
	stream = azr_writer_lock(&name, false, AccessShareLock, &end).stream;
	check_place(&name, &stream, snapshot.sequence);
	azr_snapshot_put(&name, &snapshot);
	PG_RETURN_VOID();
}

/*
 * azr_get_snapshot(domain, edition, root, at_sequence) -> setof azr_snapshot
 *
 * One row or none, by the caller's PostgreSQL snapshot.
 */
Datum
azr_get_snapshot(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 at = azr_arg_optional_count(fcinfo, 3, "at_sequence");
	ReturnSetInfo *rsinfo;
	AzrSnapshot snapshot;

	rsinfo = azr_set_begin(fcinfo, column_types, Natts_azr_snapshot);

	azr_slot_check_name(&name);
	snapshot = azr_own_snapshot(&name, at, GetActiveSnapshot());
	if (snapshot.found)
	{
		Datum		values[Natts_azr_snapshot];
		bool		nulls[Natts_azr_snapshot] = {false};

		values[Anum_azr_snapshot_sequence - 1] = Int64GetDatum(snapshot.sequence);
		values[Anum_azr_snapshot_state_type - 1] = PointerGetDatum(snapshot.state_type);
		values[Anum_azr_snapshot_state - 1] = PointerGetDatum(snapshot.state);
		values[Anum_azr_snapshot_retention - 1] =
			CStringGetTextDatum(azr_retention_names[snapshot.retention]);
		values[Anum_azr_snapshot_created_at - 1] = TimestampTzGetDatum(snapshot.created_at);
		azr_set_put(rsinfo, values, nulls);
	}
	PG_RETURN_NULL();
}

/*
 * azr_delete_snapshots(domain, edition, root) -> bigint
 */
Datum
azr_delete_snapshots(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrStreamEnd end;

	azr_check_can_write(fcinfo);
	(void) azr_writer_lock(&name, false, AccessShareLock, &end);
	PG_RETURN_INT64(azr_snapshots_delete(&name));
}

/*
 * Check that a stream can have a state after a sequence.  A stream that has events has no
 * state past the last of them.  And if an event up to there was confirmed only later, the
 * state was most likely made without it.
 *
 * Raises ZR007.
 */
static void
check_place(const AzrStreamName *name, const AzrStream *stream, int64 sequence)
{
	bool		is_main = azr_edition_is_main(name->edition);
	AzrOptionalInt64 no_divergence = {false, 0};
	AzrTimeline timeline = {.main = *stream};
	Snapshot	as_of = SnapshotSelf;
	int64		next;
	int64		lacking;

	/*
	 * The lock does not keep others away from what an edition shares.  A
	 * stream that begins there looks at what snapshots there are, so it must
	 * not begin before this one can be seen.
	 */
	if (!is_main)
	{
		AzrStreamName main_name = azr_main_stream(name);

		if (stream->id == AZR_NO_STREAM)
			azr_stream_hold_off(&main_name);
		as_of = RegisterSnapshot(GetLatestSnapshot());
		timeline = azr_timeline_find(name, no_divergence, as_of);
	}
	if (!azr_timeline_reaches(&timeline, sequence, as_of, &next))
		ereport(ERROR,
				(errcode(ERRCODE_AZR_PAST_END),
				 errmsg("snapshot past the end of stream \"%s\"", azr_stream_label(name)),
				 errdetail("Snapshot is at sequence %lld, next sequence is %lld.",
						   (long long) sequence, (long long) next),
				 errhint("A snapshot is the state after an event that is stored: append before you put it.")));

	lacking = azr_timeline_confirmed_late(&timeline, sequence, as_of);
	if (lacking != AZR_NO_SEQUENCE)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_PAST_END),
				 errmsg("snapshot of stream \"%s\" may lack an event that was confirmed later",
						azr_stream_label(name)),
				 errdetail("Snapshot is at sequence %lld; the event at sequence %lld was pending then.",
						   (long long) sequence, (long long) lacking),
				 errhint("Load the state again, and put a snapshot of all of it.")));
	if (!is_main)
		UnregisterSnapshot(as_of);
}
