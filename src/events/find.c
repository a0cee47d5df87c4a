/*-------------------------------------------------------------------------
 *
 * find.c
 *	  azr_find_by_external_id, azr_find_by_source and azr_trace: events by
 *	  what they are connected with.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/query.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(azr_find_by_external_id);
PG_FUNCTION_INFO_V1(azr_find_by_source);
PG_FUNCTION_INFO_V1(azr_trace);

static Datum return_events(FunctionCallInfo fcinfo, const AzrStreamName *name,
						   const AzrStream *stream, AzrFoundEvents found);

/*
 * azr_find_by_external_id(domain, edition, root, external_id)
 *		-> setof azr_event
 */
Datum
azr_find_by_external_id(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	text	   *external_id = azr_arg_name(fcinfo, 3, "external_id");
	AzrStream	stream = azr_stream_find(&name, GetActiveSnapshot());
	AzrFoundEvents found = {0, 0, NULL};

	if (stream.id != AZR_NO_STREAM)
		found = azr_events_by_external_id(stream.id, external_id, GetActiveSnapshot());
	return return_events(fcinfo, &name, &stream, found);
}

/*
 * azr_find_by_source(domain, edition, root, source_domain, source_edition,
 *					  source_root, source_sequence) -> setof azr_event
 */
Datum
azr_find_by_source(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrSource	source;
	AzrStream	stream;
	AzrFoundEvents found = {0, 0, NULL};

	source.given = true;
	source.domain = azr_arg_name(fcinfo, 3, "source_domain");
	source.edition = azr_arg_edition(fcinfo, 4, "source_edition");
	source.root = azr_arg_uuid(fcinfo, 5, "source_root");
	source.sequence = azr_arg_count(fcinfo, 6, "source_sequence");

	stream = azr_stream_find(&name, GetActiveSnapshot());
	if (stream.id != AZR_NO_STREAM)
		found = azr_events_by_source(stream.id, &source, GetActiveSnapshot());
	return return_events(fcinfo, &name, &stream, found);
}

/*
 * azr_trace(correlation_id) -> setof azr_timeline
 */
Datum
azr_trace(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *correlation_id = azr_arg_name(fcinfo, 0, "correlation_id");

	azr_query_arg(&args, TEXTOID, PointerGetDatum(correlation_id), false);
	return azr_query_return_set(fcinfo,
								"SELECT s.domain, s.edition, s.root, "
								"e.sequence, t.type, e.payload, e.metadata, e.created_at, "
								"e.correlation_id, e.external_id, "
								"e.source_domain, e.source_edition, e.source_root, "
								"e.source_sequence, e.cascade_id, e.committed "
								"FROM %s.azr_events e "
								"JOIN %s.azr_streams s ON s.stream_id = e.stream_id "
								"JOIN %s.azr_event_types t ON t.type_id = e.type_id "
								"WHERE hashtextextended(e.correlation_id, 0) = hashtextextended($1, 0) "
								"AND e.correlation_id = $1 "
								"ORDER BY s.domain, s.edition, s.root, e.sequence",
								&args);
}

/*
 * Return some of a stream's own events.  One append has made them all, unless a cascade
 * has revoked it, and it was repeated.
 */
static Datum
return_events(FunctionCallInfo fcinfo, const AzrStreamName *name,
			  const AzrStream *stream, AzrFoundEvents found)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			first = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (rsinfo->setDesc->natts != Natts_azr_event)
		elog(ERROR, "unexpected number of columns in azr_event");

	while (first < found.count)
	{
		int			last = first;
		AzrEventScan scan;
		TupleTableSlot *event;

		while (last + 1 < found.count && found.all[last + 1].sequence == found.all[last].sequence + 1)
			last++;
		azr_event_scan_begin(&scan, stream->id, found.all[first].sequence,
							 (AzrOptionalInt64) {true, found.all[last].sequence + 1},
							 GetActiveSnapshot());
		while ((event = azr_event_scan_next(&scan)) != NULL)
		{
			Datum		values[Natts_azr_event];
			bool		nulls[Natts_azr_event];
			text	   *type = azr_stored_event_type(event);

			azr_event_result(event, type, name->edition, values, nulls);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			pfree(type);
		}
		azr_event_scan_end(&scan);
		first = last + 1;
	}
	PG_RETURN_NULL();
}
