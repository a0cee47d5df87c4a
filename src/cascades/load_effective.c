/*-------------------------------------------------------------------------
 *
 * load_effective.c
 *	  azr_load_effective: a stream as business logic may see it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/timeline.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(azr_load_effective);

/* What is being loaded, and what was found out last: neighbours are often alike. */
typedef struct EffectiveLoad
{
	const AzrTimeline *timeline;
	Snapshot	as_of;
	const text *own_cascade;	/* whose pending events are shown, or NULL */
	text	   *last_cascade;
	AzrResolution last_resolution;
} EffectiveLoad;

static bool is_effective(EffectiveLoad *load, const Datum *values, const bool *nulls);
static bool is_framework_event(Datum stored_type);
static AzrResolution resolution_of(EffectiveLoad *load, const text *cascade_id);

/*
 * azr_load_effective(domain, edition, root, from_sequence, to_sequence, cascade_id)
 *		-> setof azr_event
 *
 * The events of azr_load(), with a NoOp in place of what business logic may not
 * see.  Whether a cascade is resolved is asked of the whole timeline, whichever part
 * of it is loaded.
 */
Datum
azr_load_effective(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	int64		from = azr_arg_count(fcinfo, 3, "from_sequence");
	AzrOptionalInt64 to = azr_arg_optional_count(fcinfo, 4, "to_sequence");
	AzrOptionalInt64 no_divergence = {false, 0};
	EffectiveLoad load = {0};
	AzrTimeline timeline;
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const text *main_edition = cstring_to_text(AZR_MAIN_EDITION);
	const text *no_op = cstring_to_text(AZR_NO_OP_TYPE);
	const text *empty = cstring_to_text("");
	AzrTimelineScan scan;
	TupleTableSlot *event;
	bool		is_own;

	load.own_cascade = azr_arg_id(fcinfo, 5, "cascade_id");
	load.as_of = GetActiveSnapshot();
	load.timeline = &timeline;
	timeline = azr_timeline_find(&name, no_divergence, load.as_of);

	InitMaterializedSRF(fcinfo, 0);
	if (rsinfo->setDesc->natts != Natts_azr_event)
		elog(ERROR, "unexpected number of columns in azr_event");

	azr_timeline_scan_begin(&scan, &timeline, from, to, load.as_of);
	while ((event = azr_timeline_scan_next(&scan, &is_own)) != NULL)
	{
		Datum		values[Natts_azr_event];
		bool		nulls[Natts_azr_event];

		azr_event_result(event, azr_stored_event_type(event),
						 is_own ? name.edition : main_edition, values, nulls);
		if (!is_effective(&load, values, nulls))
		{
			values[Anum_azr_event_type - 1] = PointerGetDatum(no_op);
			values[Anum_azr_event_payload - 1] = PointerGetDatum(empty);
			nulls[Anum_azr_event_metadata - 1] = true;
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	azr_timeline_scan_end(&scan);
	PG_RETURN_NULL();
}

/*
 * May business logic see an event, given as the columns of azr_event?
 */
static bool
is_effective(EffectiveLoad *load, const Datum *values, const bool *nulls)
{
	const text *cascade_id;

	if (is_framework_event(values[Anum_azr_event_type - 1]))
		return false;
	if (DatumGetBool(values[Anum_azr_event_committed - 1]))
		return true;

	/* no append stores one without, but an INSERT can */
	if (nulls[Anum_azr_event_cascade_id - 1])
		return false;

	cascade_id = DatumGetTextPP(values[Anum_azr_event_cascade_id - 1]);
	switch (resolution_of(load, cascade_id))
	{
		case AZR_CONFIRMED:
			return true;
		case AZR_REVOKED:
			return false;
		case AZR_UNRESOLVED:
			break;
	}
	return load->own_cascade != NULL && azr_same_text(cascade_id, load->own_cascade);
}

static bool
is_framework_event(Datum stored_type)
{
	text	   *type = DatumGetTextPP(stored_type);
	bool		result = azr_text_is(type, AZR_CONFIRMATION_TYPE) ||
		azr_text_is(type, AZR_REVOCATION_TYPE);

	if (type != (text *) DatumGetPointer(stored_type))
		pfree(type);
	return result;
}

static AzrResolution
resolution_of(EffectiveLoad *load, const text *cascade_id)
{
	if (load->last_cascade == NULL || !azr_same_text(load->last_cascade, cascade_id))
	{
		if (load->last_cascade != NULL)
			pfree(load->last_cascade);
		load->last_cascade = (text *)
			DatumGetPointer(datumCopy(PointerGetDatum(cascade_id), false, -1));
		load->last_resolution = azr_timeline_resolution(load->timeline, cascade_id, load->as_of);
	}
	return load->last_resolution;
}
