/*-------------------------------------------------------------------------
 *
 * load_state.c
 *	  azr_load_state: the best snapshot of a stream, and the events after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/load.h"
#include "fmgr.h"
#include "plumbing/result.h"
#include "snapshots/load_state.h"
#include "snapshots/timeline_snapshot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_load_state);

/* Columns of the composite type azr_state_entry, as in load_state.sql. */
enum
{
	Anum_azr_state_entry_kind = 1,
	Anum_azr_state_entry_sequence,
	Anum_azr_state_entry_type,
	Anum_azr_state_entry_payload,
	Anum_azr_state_entry_metadata,
	Anum_azr_state_entry_created_at,
	Anum_azr_state_entry_edition,
	Natts_azr_state_entry = Anum_azr_state_entry_edition
};

static const Oid column_types[Natts_azr_state_entry] = {
	TEXTOID, INT8OID, TEXTOID, BYTEAOID, JSONBOID, TIMESTAMPTZOID, TEXTOID
};

static bool read_snapshots = true;

static void put_snapshot(const AzrOwnedSnapshot *best, ReturnSetInfo *rsinfo);
static AzrOwnedSnapshot find_best(const AzrStreamName *name, const AzrTimeline *timeline,
								  AzrOptionalInt64 at, const text *own_cascade,
								  Snapshot as_of);

/*
 * azr_load_state(domain, edition, root, at_sequence, cascade_id)
 *		-> setof azr_state_entry
 *
 * All of it is read by the caller's PostgreSQL snapshot, so the events are those after the
 * snapshot, whatever others write meanwhile.
 */
Datum
azr_load_state(PG_FUNCTION_ARGS)
{
	static const AttrNumber event_columns[Natts_azr_state_entry] = {
		[Anum_azr_state_entry_kind - 1] = InvalidAttrNumber,
		[Anum_azr_state_entry_sequence - 1] = Anum_azr_event_sequence,
		[Anum_azr_state_entry_type - 1] = Anum_azr_event_type,
		[Anum_azr_state_entry_payload - 1] = Anum_azr_event_payload,
		[Anum_azr_state_entry_metadata - 1] = Anum_azr_event_metadata,
		[Anum_azr_state_entry_created_at - 1] = Anum_azr_event_created_at,
		[Anum_azr_state_entry_edition - 1] = Anum_azr_event_edition
	};
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 at = azr_arg_optional_count(fcinfo, 3, "at_sequence");
	const text *own_cascade = azr_arg_id(fcinfo, 4, "cascade_id");
	AzrOptionalInt64 divergence = {false, 0};
	AzrOptionalInt64 to = {false, 0};
	ReturnSetInfo *rsinfo;
	Snapshot	as_of = GetActiveSnapshot();
	AzrTimeline timeline = azr_timeline_find(&name, divergence, as_of);
	Datum		kind = CStringGetTextDatum("event");
	AzrLoad		load;
	Datum		event[Natts_azr_event];
	bool		event_nulls[Natts_azr_event];
	int64		from = 0;

	rsinfo = azr_set_begin(fcinfo, column_types, Natts_azr_state_entry);

	if (read_snapshots)
	{
		AzrOwnedSnapshot best = find_best(&name, &timeline, at, own_cascade, as_of);

		if (best.snapshot.found)
		{
			put_snapshot(&best, rsinfo);
			if (best.snapshot.sequence == PG_INT64_MAX)
				PG_RETURN_NULL();
			from = best.snapshot.sequence + 1;
		}
	}

	/* no sequence is as high as the highest number */
	to.given = at.given && at.value < PG_INT64_MAX;
	if (to.given)
		to.value = at.value + 1;
	azr_load_begin(&load, &name, &timeline, from, to, as_of);
	azr_load_show_effective(&load, own_cascade);
	while (azr_load_next(&load, event, event_nulls))
	{
		Datum		values[Natts_azr_state_entry];
		bool		nulls[Natts_azr_state_entry];

		for (int i = 0; i < Natts_azr_state_entry; i++)
		{
			if (event_columns[i] == InvalidAttrNumber)
				continue;
			values[i] = event[event_columns[i] - 1];
			nulls[i] = event_nulls[event_columns[i] - 1];
		}
		values[Anum_azr_state_entry_kind - 1] = kind;
		nulls[Anum_azr_state_entry_kind - 1] = false;
		azr_set_put(rsinfo, values, nulls);
	}
	azr_load_end(&load);
	PG_RETURN_NULL();
}

/*
 * The snapshot to start from.  A caller that sees the pending events of a cascade starts
 * below the first of them while the cascade is not resolved, since no snapshot has them.
 */
static AzrOwnedSnapshot
find_best(const AzrStreamName *name, const AzrTimeline *timeline, AzrOptionalInt64 at,
		  const text *own_cascade, Snapshot as_of)
{
	int64		pending = AZR_NO_SEQUENCE;
	AzrOwnedSnapshot none = {.snapshot.found = false};

	if (own_cascade != NULL &&
		azr_timeline_resolution(timeline, own_cascade, as_of) == AZR_UNRESOLVED)
		pending = azr_timeline_first_pending(timeline, own_cascade, as_of);
	if (pending == 0)
		return none;
	if (pending != AZR_NO_SEQUENCE && (!at.given || at.value >= pending))
	{
		at.given = true;
		at.value = pending - 1;
	}
	return azr_timeline_snapshot(name, timeline, at, as_of);
}

/*
 * Called when the library is loaded.
 */
void
azr_load_state_init(void)
{
	DefineCustomBoolVariable("angzarr.read_snapshots",
							 "Whether azr_load_state starts from a snapshot.",
							 "Turn it off to have states made from all events again: "
							 "where a snapshot is wrong, or to see that none is.",
							 &read_snapshots, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
put_snapshot(const AzrOwnedSnapshot *best, ReturnSetInfo *rsinfo)
{
	const AzrSnapshot *snapshot = &best->snapshot;
	Datum		values[Natts_azr_state_entry];
	bool		nulls[Natts_azr_state_entry] = {false};

	values[Anum_azr_state_entry_kind - 1] = CStringGetTextDatum("snapshot");
	values[Anum_azr_state_entry_sequence - 1] = Int64GetDatum(snapshot->sequence);
	values[Anum_azr_state_entry_type - 1] = PointerGetDatum(snapshot->state_type);
	values[Anum_azr_state_entry_payload - 1] = PointerGetDatum(snapshot->state);
	values[Anum_azr_state_entry_metadata - 1] = (Datum) 0;
	nulls[Anum_azr_state_entry_metadata - 1] = true;
	values[Anum_azr_state_entry_created_at - 1] = TimestampTzGetDatum(snapshot->created_at);
	values[Anum_azr_state_entry_edition - 1] = PointerGetDatum(best->edition);
	azr_set_put(rsinfo, values, nulls);
}
