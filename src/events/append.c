/*-------------------------------------------------------------------------
 *
 * append.c
 *	  azr_append, azr_append_one and azr_append_json.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/append.h"
#include "events/append_args.h"
#include "events/event_args.h"
#include "events/json_events.h"
#include "fmgr.h"
#include "plumbing/result.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_append);
PG_FUNCTION_INFO_V1(azr_append_one);
PG_FUNCTION_INFO_V1(azr_append_json);

static Datum append_and_return(FunctionCallInfo fcinfo, AzrAppendCall call);

/*
 * azr_append(domain, edition, root, expected_sequence, types, payloads,
 *			  metadata, created_at, correlation_id, external_id, source_domain,
 *			  source_edition, source_root, source_sequence, divergence,
 *			  cascade_id, committed, on_conflict) -> azr_append_result
 *
 * Appends one event per element of 'types', atomically.  See append.sql for
 * arguments, result, locks and errors, and append_protocol.h for the protocol.
 */
Datum
azr_append(PG_FUNCTION_ARGS)
{
	return append_and_return(fcinfo, azr_append_call);
}

/*
 * A call of azr_append, as what it did.
 */
AzrAppendResult
azr_append_call(FunctionCallInfo fcinfo)
{
	AzrAppend	append = azr_append_read_place(fcinfo);

	azr_append_read_events(fcinfo, 4, 6, &append.events);
	azr_append_read_options(fcinfo, 8, &append);
	azr_check_can_write(fcinfo);
	return azr_append_events(&append);
}

/*
 * azr_append_one(domain, edition, root, expected_sequence, type, payload, metadata,
 *				  correlation_id, external_id) -> bigint
 *
 * The short form for one event.
 */
Datum
azr_append_one(PG_FUNCTION_ARGS)
{
	AzrAppend	append = azr_append_read_place(fcinfo);
	AzrNewEvents *events = &append.events;
	Datum		type;
	Datum		payload;
	Datum		metadata;
	bool		no_metadata = PG_ARGISNULL(6);
	TimestampTz created_at = AZR_NOW;

	type = PointerGetDatum(azr_arg_type(fcinfo, 4, "type"));
	payload = PointerGetDatum(azr_arg_bytea(fcinfo, 5, "payload"));
	metadata = PG_GETARG_DATUM(6);

	events->count = 1;
	events->types = &type;
	events->payloads = &payload;
	events->metadata = &metadata;
	events->metadata_nulls = &no_metadata;
	events->created_at = &created_at;
	events->correlation_id = azr_arg_id(fcinfo, 7, "correlation_id");
	events->external_id = azr_arg_id(fcinfo, 8, "external_id");

	azr_check_can_write(fcinfo);
	PG_RETURN_INT64(azr_append_events(&append).first_sequence);
}

/*
 * azr_append_json(domain, edition, root, expected_sequence, events,
 *				   correlation_id, external_id, source_domain, source_edition,
 *				   source_root, source_sequence, divergence, cascade_id,
 *				   committed, on_conflict) -> azr_append_result
 *
 * The same with the events as a JSON array; see append.sql and json_events.h.
 */
Datum
azr_append_json(PG_FUNCTION_ARGS)
{
	return append_and_return(fcinfo, azr_append_json_call);
}

/*
 * A call of azr_append_json, as what it did.
 */
AzrAppendResult
azr_append_json_call(FunctionCallInfo fcinfo)
{
	AzrAppend	append = azr_append_read_place(fcinfo);

	azr_arg_check_not_null(fcinfo, 4, "events");
	azr_events_from_json(PG_GETARG_JSONB_P(4), &append.events);
	azr_append_read_options(fcinfo, 5, &append);
	azr_check_can_write(fcinfo);
	return azr_append_events(&append);
}

/*
 * Append, and make the outcome a row.
 */
static Datum
append_and_return(FunctionCallInfo fcinfo, AzrAppendCall call)
{
	AzrAppendResult result = call(fcinfo);
	static const Oid types[Natts_azr_append_result] = {AZR_APPEND_RESULT_TYPES};
	Datum		values[Natts_azr_append_result];
	bool		nulls[Natts_azr_append_result];

	azr_append_result_columns(&result, values, nulls);
	return azr_return_row(fcinfo, values, nulls, types, lengthof(types));
}

/*
 * What an append did as the columns of azr_append_result, in the current memory context.
 */
void
azr_append_result_columns(const AzrAppendResult *result, Datum *values, bool *nulls)
{
	bool		has_range = result->outcome == AZR_ADDED || result->outcome == AZR_DUPLICATE;

	memset(nulls, 0, Natts_azr_append_result * sizeof(bool));
	values[Anum_azr_append_result_outcome - 1] =
		CStringGetTextDatum(azr_outcome_names[result->outcome]);
	values[Anum_azr_append_result_first_sequence - 1] = Int64GetDatum(result->first_sequence);
	nulls[Anum_azr_append_result_first_sequence - 1] = !has_range;
	values[Anum_azr_append_result_last_sequence - 1] = Int64GetDatum(result->last_sequence);
	nulls[Anum_azr_append_result_last_sequence - 1] = !has_range;
	values[Anum_azr_append_result_next_sequence - 1] = Int64GetDatum(result->next_sequence);
}
