/*-------------------------------------------------------------------------
 *
 * load.c
 *	  azr_load, azr_load_json and azr_next_sequence: reading one stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/event_args.h"
#include "events/json_events.h"
#include "events/load.h"
#include "fmgr.h"
#include "plumbing/json.h"
#include "plumbing/result.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_load);
PG_FUNCTION_INFO_V1(azr_load_json);
PG_FUNCTION_INFO_V1(azr_next_sequence);

static void prepare(AzrLoad *load, const AzrStreamName *name, const AzrTimeline *timeline);
static AzrOptionalInt64 end_until(const AzrTimeline *timeline, AzrOptionalInt64 to,
								  TimestampTz until, Snapshot snapshot);
static TupleTableSlot *next_stored(AzrLoad *load, int *type, const text **edition);
static bool is_passed_over(const AzrLoad *load, TupleTableSlot *event);
static int	type_of(AzrLoad *load, TupleTableSlot *event);

/*
 * azr_load(domain, edition, root, from_sequence, to_sequence, until,
 *			divergence, max_count, backward, types) -> setof azr_event
 *
 * The events of a stream, ascending, or descending with backward.  Goes by the caller's
 * snapshot; takes AccessShareLock on the tables only.  See load.sql for arguments and errors.
 */
Datum
azr_load(PG_FUNCTION_ARGS)
{
	AzrLoad		load;

	azr_load_begin_call(&load, fcinfo, GetActiveSnapshot());
	return azr_load_return_set(&load, fcinfo);
}

/*
 * azr_load_json(...as azr_load...) -> jsonb
 *
 * The same as one document, which also says the stream's next sequence.
 */
Datum
azr_load_json(PG_FUNCTION_ARGS)
{
	AzrLoad		load;
	const AzrStreamName *name = &load.stream;
	AzrEventDocument document;
	Datum		values[Natts_azr_event];
	bool		nulls[Natts_azr_event];

	azr_load_begin_call(&load, fcinfo, GetActiveSnapshot());
	azr_event_document_begin(&document);
	azr_json_push_text(&document.json, "domain", name->domain);
	azr_json_push_text(&document.json, "edition", name->edition);
	azr_json_push_uuid(&document.json, "root", name->root);
	azr_json_push_int64(&document.json, "next_sequence",
						azr_timeline_next(&load.timeline, GetActiveSnapshot()));
	azr_json_push_key(&document.json, "events");
	azr_push_jsonb(&document.json, WJB_BEGIN_ARRAY, NULL);
	while (azr_load_next(&load, values, nulls))
		azr_event_document_push(&document, values, nulls);
	azr_load_end(&load);
	azr_push_jsonb(&document.json, WJB_END_ARRAY, NULL);
	azr_push_jsonb(&document.json, WJB_END_OBJECT, NULL);

	PG_RETURN_JSONB_P(JsonbValueToJsonb(document.json.result));
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

/*
 * Begin to load, by the arguments that azr_load and azr_load_json share.  What is
 * allocated, and the arguments, must live until azr_load_end().
 */
void
azr_load_begin_call(AzrLoad *load, FunctionCallInfo fcinfo, Snapshot snapshot)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	int64		from = azr_arg_optional_count(fcinfo, 3, "from_sequence").value;
	AzrOptionalInt64 to = azr_arg_optional_count(fcinfo, 4, "to_sequence");
	AzrOptionalInt64 divergence = azr_arg_divergence(fcinfo, 6, &name);
	AzrOptionalInt64 max_count = azr_arg_optional_count(fcinfo, 7, "max_count");
	bool		backward = azr_arg_bool(fcinfo, 8, "backward");
	AzrTimeline timeline = azr_timeline_find(&name, divergence, snapshot);

	prepare(load, &name, &timeline);
	if (max_count.given)
		load->left = max_count.value;
	if (!PG_ARGISNULL(9))
	{
		AzrArrayArg types = azr_arg_full_array(fcinfo, 9, "types", TEXTOID);

		for (int i = 0; i < types.count; i++)
			azr_check_type("types", i + 1, DatumGetTextPP(types.elems[i]));
		load->has_types = true;
		load->passes_over = true;
		load->only_types = azr_type_numbers(types.elems, types.count);

		/* a type without a number has no events */
		if (load->only_types.count == 0)
			load->left = 0;
	}
	if (!PG_ARGISNULL(5) && load->left > 0)
	{
		TimestampTz until = PG_GETARG_TIMESTAMPTZ(5);

		/*
		 * whether a time is past is asked of all events, from the first one
		 * on
		 */
		if (backward)
			to = end_until(&timeline, to, until, snapshot);
		else
		{
			load->passes_over = true;
			load->from = from;
			load->has_until = true;
			load->until = until;
			from = 0;
		}
	}
	azr_timeline_scan_begin(&load->scan, &load->timeline, from, to, backward, snapshot);
}

/*
 * Begin to load the events of a stream with from <= sequence < to, ascending.  What is
 * allocated, and the name, must live until azr_load_end().
 */
void
azr_load_begin(AzrLoad *load, const AzrStreamName *name, const AzrTimeline *timeline,
			   int64 from, AzrOptionalInt64 to, Snapshot snapshot)
{
	prepare(load, name, timeline);
	azr_timeline_scan_begin(&load->scan, &load->timeline, from, to, false, snapshot);
}

/*
 * What a load begins with, but for the scan.
 */
static void
prepare(AzrLoad *load, const AzrStreamName *name, const AzrTimeline *timeline)
{
	memset(load, 0, sizeof(AzrLoad));
	load->stream = *name;
	load->timeline = *timeline;
	load->left = PG_INT64_MAX;
	load->context = CurrentMemoryContext;
	load->main_edition = timeline->is_edition
		? cstring_to_text(AZR_MAIN_EDITION) : name->edition;
}

/*
 * Where the longest beginning of a stream ends in which all events have created_at <= until,
 * or 'to', if that comes first.  Reads all of it, and keeps nothing.
 */
static AzrOptionalInt64
end_until(const AzrTimeline *timeline, AzrOptionalInt64 to, TimestampTz until,
		  Snapshot snapshot)
{
	AzrTimelineScan scan;
	TupleTableSlot *event;
	bool		is_own;

	azr_timeline_scan_begin(&scan, timeline, 0, to, false, snapshot);
	while ((event = azr_timeline_scan_next(&scan, &is_own)) != NULL)
	{
		if (azr_stored_created_at(event) > until)
		{
			to.given = true;
			to.value = azr_stored_sequence(event);
			break;
		}
	}
	azr_timeline_scan_end(&scan);
	return to;
}

/*
 * Have a load put a NoOp in place of what business logic may not see: pending events of
 * other cascades than 'own_cascade' (which may be NULL), revoked ones, and the
 * framework's own.
 */
void
azr_load_show_effective(AzrLoad *load, const text *own_cascade)
{
	load->effective = true;
	load->view.timeline = &load->timeline;
	load->view.snapshot = load->scan.snapshot;
	load->view.own_cascade = own_cascade;
	load->view.context = load->context;
	load->no_op = cstring_to_text(AZR_NO_OP_TYPE);
	load->empty = cstring_to_text("");
}

/*
 * The next event as the columns of azr_event.  They are valid until the next one of this
 * load is looked at.  Returns false after the last one.
 */
bool
azr_load_next(AzrLoad *load, Datum *values, bool *nulls)
{
	int			type;
	const text *edition;
	TupleTableSlot *event = next_stored(load, &type, &edition);

	if (event == NULL)
		return false;
	azr_event_result(event, load->types[type].type, edition, &load->correlation, values, nulls);
	if (load->effective &&
		(load->types[type].is_framework || !azr_event_is_effective(&load->view, event)))
	{
		values[Anum_azr_event_type - 1] = PointerGetDatum(load->no_op);
		values[Anum_azr_event_payload - 1] = PointerGetDatum(load->empty);
		nulls[Anum_azr_event_metadata - 1] = true;
	}
	return true;
}

/*
 * The same for some columns of azr_event only, by their numbers and in their order.  Not for a
 * load that shows only what is effective.
 */
bool
azr_load_next_columns(AzrLoad *load, const AttrNumber *columns, int ncolumns,
					  Datum *values, bool *nulls)
{
	int			type;
	const text *edition;
	TupleTableSlot *event = next_stored(load, &type, &edition);

	Assert(!load->effective);
	if (event == NULL)
		return false;
	for (int i = 0; i < ncolumns; i++)
	{
		AttrNumber	stored;

		nulls[i] = false;
		switch (columns[i])
		{
			case Anum_azr_event_type:
				values[i] = PointerGetDatum(load->types[type].type);
				break;
			case Anum_azr_event_edition:
				values[i] = PointerGetDatum(edition);
				break;
			case Anum_azr_event_correlation_id:
				values[i] = azr_stored_correlation_id(event, &load->correlation, &nulls[i]);
				break;
			default:
				stored = azr_event_columns[columns[i] - 1].stored;
				values[i] = event->tts_values[stored - 1];
				nulls[i] = event->tts_isnull[stored - 1];
		}
	}
	return true;
}

/*
 * The next stored event, or NULL after the last one; where load->types has its type, and the
 * name of the timeline that owns it.
 */
static TupleTableSlot *
next_stored(AzrLoad *load, int *type, const text **edition)
{
	TupleTableSlot *event;
	bool		is_own;

	if (load->left <= 0)
		return NULL;
	do
	{
		event = azr_timeline_scan_next(&load->scan, &is_own);

		/*
		 * what comes after an event of a later time is left out too, whatever
		 * its own time
		 */
		if (event == NULL ||
			(load->has_until && azr_stored_created_at(event) > load->until))
		{
			load->left = 0;
			return NULL;
		}
	} while (load->passes_over && is_passed_over(load, event));
	load->left--;

	*type = type_of(load, event);
	*edition = is_own ? load->stream.edition : load->main_edition;
	return event;
}

/*
 * Return all events of a load, as a set of azr_event, and end it.
 */
Datum
azr_load_return_set(AzrLoad *load, FunctionCallInfo fcinfo)
{
	static const Oid types[Natts_azr_event] = {AZR_EVENT_TYPES};
	ReturnSetInfo *rsinfo = azr_set_begin(fcinfo, types, Natts_azr_event);
	Datum		values[Natts_azr_event];
	bool		nulls[Natts_azr_event];

	while (azr_load_next(load, values, nulls))
		azr_set_put(rsinfo, values, nulls);
	azr_load_end(load);
	PG_RETURN_NULL();
}

void
azr_load_end(AzrLoad *load)
{
	azr_timeline_scan_end(&load->scan);
}

/*
 * Is an event left out, although later ones may be asked for?
 */
static bool
is_passed_over(const AzrLoad *load, TupleTableSlot *event)
{
	if (azr_stored_sequence(event) < load->from)
		return true;
	return load->has_types &&
		!azr_type_is_among(&load->only_types, azr_stored_type_number(event));
}

/*
 * Where load->types has an event's type.  It is the load's own copy, since the caller's
 * memory context may be one that lives as long as the load.
 */
static int
type_of(AzrLoad *load, TupleTableSlot *event)
{
	int32		number = azr_stored_type_number(event);
	int			i = number & (AZR_LOAD_TYPES - 1);

	if (load->types[i].type == NULL || load->types[i].number != number)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(load->context);
		text	   *type = azr_type_name(number, false);

		MemoryContextSwitchTo(oldcontext);
		if (load->types[i].type != NULL)
			pfree(load->types[i].type);
		load->types[i].type = type;
		load->types[i].number = number;
		load->types[i].is_framework = azr_is_framework_type(type);
	}
	return i;
}
