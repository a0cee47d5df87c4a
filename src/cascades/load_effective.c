/*-------------------------------------------------------------------------
 *
 * load_effective.c
 *	  azr_load_effective: a stream as business logic may see it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/load.h"
#include "fmgr.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_load_effective);

/*
 * azr_load_effective(domain, edition, root, from_sequence, to_sequence, cascade_id)
 *		-> setof azr_event
 *
 * The events of azr_load(), with a NoOp in place of what business logic may not see.
 * Whether a cascade is resolved is decided by the whole timeline, whichever part of it is
 * loaded.
 */
Datum
azr_load_effective(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	int64		from = azr_arg_optional_count(fcinfo, 3, "from_sequence").value;
	AzrOptionalInt64 to = azr_arg_optional_count(fcinfo, 4, "to_sequence");
	const text *own_cascade = azr_arg_id(fcinfo, 5, "cascade_id");
	AzrOptionalInt64 no_divergence = {false, 0};
	Snapshot	snapshot = GetActiveSnapshot();
	AzrTimeline timeline = azr_timeline_find(&name, no_divergence, snapshot);
	AzrLoad		load;

	azr_load_begin(&load, &name, &timeline, from, to, snapshot);
	azr_load_show_effective(&load, own_cascade);
	return azr_load_return_set(&load, fcinfo);
}
