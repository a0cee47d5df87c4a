/*-------------------------------------------------------------------------
 *
 * find.c
 *	  azr_find_by_external_id, azr_find_by_source and azr_trace: events by
 *	  what they are connected with.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "events/correlation.h"
#include "events/event_args.h"
#include "events/event_table.h"
#include "events/type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/setting.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

/* A trace in the making. */
typedef struct Trace
{
	AzrStreamNames names;
	Tuplesortstate *sort;
	TupleTableSlot *row;
} Trace;

PG_FUNCTION_INFO_V1(azr_find_by_external_id);
PG_FUNCTION_INFO_V1(azr_find_by_source);
PG_FUNCTION_INFO_V1(azr_trace);

static const Oid event_types[Natts_azr_event] = {AZR_EVENT_TYPES};
static const Oid timeline_types[Natts_azr_timeline] = {AZR_TIMELINE_TYPES};

static char *trace_query(void);
static void begin_sort(Trace *trace, TupleDesc desc);
static void sort_event(uint64 row, const Datum *values, const bool *nulls, void *arg);
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
	AzrSource	source = azr_arg_source(fcinfo, 3);
	AzrStream	stream = azr_stream_find(&name, GetActiveSnapshot());
	AzrFoundEvents found = {0, 0, NULL};

	if (stream.id != AZR_NO_STREAM)
		found = azr_events_by_source(stream.id, &source, GetActiveSnapshot());
	return return_events(fcinfo, &name, &stream, found);
}

/*
 * azr_trace(correlation_id) -> setof azr_timeline
 *
 * The events are found by one query on their table alone, and their streams by the number
 * of each: a join would leave it to a planner, whose guess of how many events there are is
 * far off.
 */
Datum
azr_trace(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo;
	AzrQueryArgs args = {0};
	text	   *correlation_id = azr_arg_name(fcinfo, 0, "correlation_id");
	pg_uuid_t	uuid;
	bool		is_uuid = azr_correlation_uuid(correlation_id, &uuid);
	Trace		trace;
	TupleTableSlot *sorted;
	int			guc_level;

	rsinfo = azr_set_begin(fcinfo, timeline_types, Natts_azr_timeline);
	begin_sort(&trace, rsinfo->setDesc);
	azr_stream_names_begin(&trace.names, GetActiveSnapshot());

	/*
	 * by the index on the correlation ids, also where the statistics say that
	 * all have this one
	 */
	guc_level = NewGUCNestLevel();
	azr_set("enable_seqscan", "off");
	azr_query_arg(&args, TEXTOID, PointerGetDatum(correlation_id), false);
	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(&uuid), !is_uuid);
	azr_query_arg(&args, INT8OID,
				  Int64GetDatum(azr_correlation_key_of(is_uuid ? &uuid : NULL, correlation_id)),
				  false);
	azr_query_each(trace_query(), &args, sort_event, &trace);
	AtEOXact_GUC(false, guc_level);
	azr_stream_names_end(&trace.names);

	tuplesort_performsort(trace.sort);
	sorted = MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsMinimalTuple);
	while (tuplesort_gettupleslot(trace.sort, true, false, sorted, NULL))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttupleslot(rsinfo->setResult, sorted);
	}
	ExecDropSingleTupleTableSlot(sorted);
	ExecDropSingleTupleTableSlot(trace.row);
	tuplesort_end(trace.sort);
	PG_RETURN_NULL();
}

/*
 * The query for the events with the correlation id $1, which is also the uuid $2, if it is one,
 * and has the key $3: stream_id, type_id, and then the stored columns of azr_event.  The
 * tables' owner may have changed them, so it says of what type each is.
 */
static char *
trace_query(void)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT e.stream_id::bigint, e.type_id::integer");
	for (int i = 0; i < Natts_azr_event; i++)
		if (i == Anum_azr_event_correlation_id - 1)
			appendStringInfoString(&sql, ", $1");
		else if (azr_event_columns[i].stored != InvalidAttrNumber)
			appendStringInfo(&sql, ", e.%s::%s", azr_event_columns[i].name,
							 format_type_be(azr_event_columns[i].type));
	appendStringInfoString(&sql, " FROM %s.azr_events e WHERE "
						   "%s.azr_correlation_key(e.correlation_uuid, e.correlation_id) = $3 "
						   "AND (e.correlation_uuid = $2 OR e.correlation_id = $1)");
	return sql.data;
}

/*
 * Begin to sort rows of azr_timeline by domain, edition, root and sequence, in work_mem.
 */
static void
begin_sort(Trace *trace, TupleDesc desc)
{
	AttrNumber	columns[] = {
		Anum_azr_timeline_domain, Anum_azr_timeline_edition, Anum_azr_timeline_root,
		Anum_azr_timeline_sequence
	};
	Oid			operators[lengthof(columns)];
	Oid			collations[lengthof(columns)];
	bool		nulls_first[lengthof(columns)] = {false};

	for (int i = 0; i < lengthof(columns); i++)
	{
		Oid			type = timeline_types[columns[i] - 1];

		operators[i] = lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr;
		collations[i] = type == TEXTOID ? C_COLLATION_OID : InvalidOid;
	}
	trace->sort = tuplesort_begin_heap(desc, lengthof(columns), columns, operators, collations,
									   nulls_first, work_mem, NULL, TUPLESORT_NONE);
	trace->row = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
}

/*
 * Put an event among those to be sorted, with the names of its stream and its type.  One
 * that is of no stream is in no timeline, and one of another node's stream is traced there.
 */
static void
sort_event(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Trace	   *trace = (Trace *) arg;
	TupleTableSlot *slot = trace->row;
	const AzrStreamName *name = &trace->names.name;

	azr_check_row(nulls, 3);
	if (!azr_stream_names_find(&trace->names, DatumGetInt64(values[0])) ||
		!azr_slot_is_own(name->root))
		return;

	ExecClearTuple(slot);
	slot->tts_values[Anum_azr_timeline_domain - 1] = PointerGetDatum(name->domain);
	slot->tts_values[Anum_azr_timeline_edition - 1] = PointerGetDatum(name->edition);
	slot->tts_values[Anum_azr_timeline_root - 1] = UUIDPGetDatum(name->root);
	slot->tts_values[Anum_azr_timeline_sequence - 1] = values[2];
	slot->tts_values[Anum_azr_timeline_type - 1] =
		PointerGetDatum(azr_type_name(DatumGetInt32(values[1]), false));
	memset(slot->tts_isnull, false, Anum_azr_timeline_type * sizeof(bool));

	/* the others come in the view's order */
	for (int i = Anum_azr_timeline_type; i < Natts_azr_timeline; i++)
	{
		slot->tts_values[i] = values[i - Anum_azr_timeline_type + 3];
		slot->tts_isnull[i] = nulls[i - Anum_azr_timeline_type + 3];
	}
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(trace->sort, slot);
}

/*
 * Return some of a stream's own events.  One append has made them all, unless a cascade
 * has revoked it, and it was repeated.
 */
static Datum
return_events(FunctionCallInfo fcinfo, const AzrStreamName *name,
			  const AzrStream *stream, AzrFoundEvents found)
{
	ReturnSetInfo *rsinfo;
	int			first = 0;

	rsinfo = azr_set_begin(fcinfo, event_types, Natts_azr_event);

	while (first < found.count)
	{
		int			last = first;
		AzrOptionalInt64 end = {.given = true};
		AzrEventScan scan;
		TupleTableSlot *event;

		while (last + 1 < found.count &&
			   found.all[last + 1].sequence == found.all[last].sequence + 1)
			last++;
		end.value = found.all[last].sequence + 1;
		azr_event_scan_begin(&scan, stream->id, found.all[first].sequence, end,
							 GetActiveSnapshot());
		while ((event = azr_event_scan_next(&scan)) != NULL)
		{
			Datum		values[Natts_azr_event];
			bool		nulls[Natts_azr_event];
			text	   *type = azr_stored_event_type(event);
			AzrCorrelationText correlation;

			azr_event_result(event, type, name->edition, &correlation, values, nulls);
			azr_set_put(rsinfo, values, nulls);
			pfree(type);
		}
		azr_event_scan_end(&scan);
		first = last + 1;
	}
	PG_RETURN_NULL();
}
