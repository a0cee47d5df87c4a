/*-------------------------------------------------------------------------
 *
 * load.c
 *	  azr_load, azr_load_json and azr_next_sequence: reading one stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/json_events.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_load);
PG_FUNCTION_INFO_V1(azr_load_json);
PG_FUNCTION_INFO_V1(azr_next_sequence);

/* What is asked of a stream. */
typedef struct LoadRequest
{
	AzrStreamName stream;
	int64		from;
	AzrOptionalInt64 to;
	bool		has_until;
	TimestampTz until;
	AzrOptionalInt64 divergence;
	AzrOptionalInt64 max_count;
} LoadRequest;

/* Sees one event as the columns of azr_event. */
typedef void (*EventSink) (const Datum *values, const bool *nulls, void *arg);

static LoadRequest read_request(FunctionCallInfo fcinfo);
static AzrTimeline find_timeline(const LoadRequest *request);
static void load(const LoadRequest *request, const AzrTimeline *timeline,
				 EventSink sink, void *arg);
static void put_row(const Datum *values, const bool *nulls, void *arg);
static void put_json(const Datum *values, const bool *nulls, void *arg);

/*
 * azr_load(domain, edition, root, from_sequence, to_sequence, until,
 *			divergence, max_count) -> setof azr_event
 *
 * The events of a stream, ascending.  Goes by the caller's snapshot; takes
 * AccessShareLock on the tables only.  See load.sql for arguments and errors.
 */
Datum
azr_load(PG_FUNCTION_ARGS)
{
	LoadRequest request = read_request(fcinfo);
	AzrTimeline timeline = find_timeline(&request);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (rsinfo->setDesc->natts != Natts_azr_event)
		elog(ERROR, "unexpected number of columns in azr_event");

	load(&request, &timeline, put_row, rsinfo);
	PG_RETURN_NULL();
}

/*
 * azr_load_json(...as azr_load...) -> jsonb
 *
 * The same as one document, which also says the stream's next sequence.
 */
Datum
azr_load_json(PG_FUNCTION_ARGS)
{
	LoadRequest request = read_request(fcinfo);
	AzrTimeline timeline = find_timeline(&request);
	const AzrStreamName *name = &request.stream;
	AzrJsonWriter writer;
	JsonbValue *document;

	azr_json_begin(&writer);
	azr_json_push_text(&writer, "domain", name->domain);
	azr_json_push_text(&writer, "edition", name->edition);
	azr_json_push_uuid(&writer, "root", name->root);
	azr_json_push_int64(&writer, "next_sequence",
						azr_timeline_next(&timeline, GetActiveSnapshot()));
	azr_json_push_key(&writer, "events");
	(void) pushJsonbValue(&writer.state, WJB_BEGIN_ARRAY, NULL);
	load(&request, &timeline, put_json, &writer);
	(void) pushJsonbValue(&writer.state, WJB_END_ARRAY, NULL);
	document = pushJsonbValue(&writer.state, WJB_END_OBJECT, NULL);

	PG_RETURN_JSONB_P(JsonbValueToJsonb(document));
}

/*
 * azr_next_sequence(domain, edition, root, divergence) -> bigint
 *
 * The sequence that the stream's next event gets, by the caller's snapshot.
 */
Datum
azr_next_sequence(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 divergence = azr_arg_divergence(fcinfo, 3, &name);
	AzrTimeline timeline = azr_timeline_find(&name, divergence, GetActiveSnapshot());

	PG_RETURN_INT64(azr_timeline_next(&timeline, GetActiveSnapshot()));
}

static LoadRequest
read_request(FunctionCallInfo fcinfo)
{
	LoadRequest request = {0};

	request.stream = azr_arg_stream(fcinfo, 0);
	request.from = azr_arg_count(fcinfo, 3, "from_sequence");
	request.to = azr_arg_optional_count(fcinfo, 4, "to_sequence");
	request.has_until = !PG_ARGISNULL(5);
	if (request.has_until)
		request.until = PG_GETARG_TIMESTAMPTZ(5);
	request.divergence = azr_arg_divergence(fcinfo, 6, &request.stream);
	request.max_count = azr_arg_optional_count(fcinfo, 7, "max_count");
	return request;
}

static AzrTimeline
find_timeline(const LoadRequest *request)
{
	return azr_timeline_find(&request->stream, request->divergence, GetActiveSnapshot());
}

/*
 * Hand the events that were asked for to 'sink', ascending.
 */
static void
load(const LoadRequest *request, const AzrTimeline *timeline, EventSink sink, void *arg)
{
	const text *main_edition = cstring_to_text(AZR_MAIN_EDITION);
	AzrTimelineScan scan;
	TupleTableSlot *event;
	bool		is_own;
	int64		left = request->max_count.given ? request->max_count.value : PG_INT64_MAX;

	azr_timeline_scan_begin(&scan, timeline, request->from, request->to, GetActiveSnapshot());
	while (left > 0 && (event = azr_timeline_scan_next(&scan, &is_own)) != NULL)
	{
		Datum		values[Natts_azr_event];
		bool		nulls[Natts_azr_event];

		azr_event_result(event, is_own ? request->stream.edition : main_edition,
						 values, nulls);
		if (request->has_until &&
			DatumGetTimestampTz(values[Anum_azr_event_created_at - 1]) > request->until)
			continue;
		sink(values, nulls, arg);
		left--;
	}
	azr_timeline_scan_end(&scan);
}

static void
put_row(const Datum *values, const bool *nulls, void *arg)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) arg;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc,
						 unconstify(Datum *, values), unconstify(bool *, nulls));
}

static void
put_json(const Datum *values, const bool *nulls, void *arg)
{
	azr_json_push_event((AzrJsonWriter *) arg, values, nulls);
}
