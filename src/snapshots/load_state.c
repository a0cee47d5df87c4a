/*-------------------------------------------------------------------------
 *
 * load_state.c
 *	  azr_load_state: the best snapshot of a stream, and the events after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/timeline.h"
#include "fmgr.h"
#include "funcapi.h"
#include "snapshots/load_state.h"
#include "snapshots/timeline_snapshot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

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

static bool read_snapshots = true;

static void put_snapshot(const AzrOwnedSnapshot *best, ReturnSetInfo *rsinfo);
static void put_event(TupleTableSlot *event, const text *kind, const text *edition,
					  ReturnSetInfo *rsinfo);

/*
 * azr_load_state(domain, edition, root, at_sequence) -> setof azr_state_entry
 *
 * All of it by the caller's PostgreSQL snapshot: however writers go on meanwhile,
 * the events are those after the snapshot.
 */
Datum
azr_load_state(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 at = azr_arg_optional_count(fcinfo, 3, "at_sequence");
	AzrOptionalInt64 divergence = {false, 0};
	AzrOptionalInt64 to = {false, 0};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const text *main_edition = cstring_to_text(AZR_MAIN_EDITION);
	const text *kind = cstring_to_text("event");
	Snapshot	as_of = GetActiveSnapshot();
	AzrTimeline timeline = azr_timeline_find(&name, divergence, as_of);
	AzrTimelineScan scan;
	TupleTableSlot *event;
	bool		is_own;
	int64		from = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (rsinfo->setDesc->natts != Natts_azr_state_entry)
		elog(ERROR, "unexpected number of columns in azr_state_entry");

	if (read_snapshots)
	{
		AzrOwnedSnapshot best = azr_timeline_snapshot(&name, &timeline, at, as_of);

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
	azr_timeline_scan_begin(&scan, &timeline, from, to, as_of);
	while ((event = azr_timeline_scan_next(&scan, &is_own)) != NULL)
		put_event(event, kind, is_own ? name.edition : main_edition, rsinfo);
	azr_timeline_scan_end(&scan);
	PG_RETURN_NULL();
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
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_event(TupleTableSlot *event, const text *kind, const text *edition,
		  ReturnSetInfo *rsinfo)
{
	Datum	   *stored = event->tts_values;
	Datum		values[Natts_azr_state_entry];
	bool		nulls[Natts_azr_state_entry] = {false};

	values[Anum_azr_state_entry_kind - 1] = PointerGetDatum(kind);
	values[Anum_azr_state_entry_sequence - 1] = stored[Anum_azr_events_sequence - 1];
	values[Anum_azr_state_entry_type - 1] = PointerGetDatum(azr_stored_event_type(event));
	values[Anum_azr_state_entry_payload - 1] = stored[Anum_azr_events_payload - 1];
	values[Anum_azr_state_entry_metadata - 1] = stored[Anum_azr_events_metadata - 1];
	nulls[Anum_azr_state_entry_metadata - 1] =
		event->tts_isnull[Anum_azr_events_metadata - 1];
	values[Anum_azr_state_entry_created_at - 1] = stored[Anum_azr_events_created_at - 1];
	values[Anum_azr_state_entry_edition - 1] = PointerGetDatum(edition);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}
