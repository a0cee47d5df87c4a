/*-------------------------------------------------------------------------
 *
 * append.c
 *	  azr_append and azr_append_json: reading the arguments of an append.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "events/append.h"
#include "events/json_events.h"
#include "events/max_payload.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(azr_append);
PG_FUNCTION_INFO_V1(azr_append_json);

const char *const azr_outcome_names[] = {
	[AZR_ADDED] = "added",
	[AZR_DUPLICATE] = "duplicate",
	[AZR_UNCHANGED] = "unchanged"
};

static char *describe_counts(const AzrArrayArg *types, const AzrArrayArg *payloads,
							 const AzrArrayArg *metadata, const AzrArrayArg *created_at);
static void read_options(FunctionCallInfo fcinfo, int argno, AzrAppend *append);
static Datum append_and_return(FunctionCallInfo fcinfo, const AzrAppend *append,
							   const char *function);

/*
 * azr_append(domain, edition, root, expected_sequence, types, payloads,
 *			  metadata, created_at, correlation_id, external_id, source_domain,
 *			  source_edition, source_root, source_sequence, divergence,
 *			  cascade_id, committed) -> azr_append_result
 *
 * Appends one event per element of 'types', atomically.  See append.sql for
 * arguments, result, locks and errors, and appender.h for the protocol.
 */
Datum
azr_append(PG_FUNCTION_ARGS)
{
	AzrAppend	append = {0};

	append.stream = azr_arg_stream(fcinfo, 0);
	append.expected = azr_arg_optional_count(fcinfo, 3, "expected_sequence");
	azr_append_read_events(fcinfo, 4, 6, &append.events);
	read_options(fcinfo, 8, &append);
	return append_and_return(fcinfo, &append, "azr_append()");
}

/*
 * azr_append_json(domain, edition, root, expected_sequence, events,
 *				   correlation_id, external_id, source_domain, source_edition,
 *				   source_root, source_sequence, divergence, cascade_id,
 *				   committed) -> azr_append_result
 *
 * The same with the events as a JSON array; see append.sql and json_events.h.
 */
Datum
azr_append_json(PG_FUNCTION_ARGS)
{
	AzrAppend	append = {0};

	append.stream = azr_arg_stream(fcinfo, 0);
	append.expected = azr_arg_optional_count(fcinfo, 3, "expected_sequence");
	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("events must not be null")));
	azr_events_from_json(PG_GETARG_JSONB_P(4), &append.events);
	read_options(fcinfo, 5, &append);
	return append_and_return(fcinfo, &append, "azr_append_json()");
}

/*
 * Read types and payloads from 'argno' on, and metadata and created_at from
 * 'metadata_argno' on.
 */
void
azr_append_read_events(FunctionCallInfo fcinfo, int argno, int metadata_argno,
					   AzrNewEvents *events)
{
	AzrArrayArg types = azr_arg_full_array(fcinfo, argno, "types", TEXTOID);
	AzrArrayArg payloads = azr_arg_full_array(fcinfo, argno + 1, "payloads", BYTEAOID);
	AzrArrayArg metadata = azr_arg_array(fcinfo, metadata_argno, "metadata", JSONBOID);
	AzrArrayArg created_at = azr_arg_array(fcinfo, metadata_argno + 1, "created_at",
										   TIMESTAMPTZOID);

	if (!metadata.given)
		metadata.count = types.count;
	if (!created_at.given)
		created_at.count = types.count;
	if (payloads.count != types.count ||
		metadata.count != types.count ||
		created_at.count != types.count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("types, payloads, metadata and created_at must have as many elements each"),
				 errdetail_internal("%s", describe_counts(&types, &payloads,
														  &metadata, &created_at))));

	events->count = types.count;
	events->types = types.elems;
	events->payloads = payloads.elems;
	if (metadata.given)
	{
		events->metadata = metadata.elems;
		events->metadata_nulls = metadata.nulls;
	}
	events->created_at = palloc(types.count * sizeof(TimestampTz));
	for (int i = 0; i < types.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		azr_check_type("types", i + 1, DatumGetTextPP(types.elems[i]));
		if (created_at.given && !created_at.nulls[i])
		{
			events->created_at[i] = DatumGetTimestampTz(created_at.elems[i]);
			azr_check_created_at(i + 1, events->created_at[i]);
		}
		else
			events->created_at[i] = AZR_NOW;
	}
}

/*
 * A sentence that says how many elements each array has, of those that were given.
 */
static char *
describe_counts(const AzrArrayArg *types, const AzrArrayArg *payloads,
				const AzrArrayArg *metadata, const AzrArrayArg *created_at)
{
	if (metadata->given && created_at->given)
		return psprintf("The number of elements is %d in types, %d in payloads, %d in metadata and %d in created_at.",
						types->count, payloads->count, metadata->count, created_at->count);
	if (metadata->given)
		return psprintf("The number of elements is %d in types, %d in payloads and %d in metadata.",
						types->count, payloads->count, metadata->count);
	if (created_at->given)
		return psprintf("The number of elements is %d in types, %d in payloads and %d in created_at.",
						types->count, payloads->count, created_at->count);
	return psprintf("The number of elements is %d in types and %d in payloads.",
					types->count, payloads->count);
}

/*
 * Read correlation_id, external_id and the source, which stand together.
 */
void
azr_append_read_ids(FunctionCallInfo fcinfo, int argno, AzrNewEvents *events)
{
	AzrSource  *source = &events->source;

	events->correlation_id = azr_arg_id(fcinfo, argno, "correlation_id");
	events->external_id = azr_arg_id(fcinfo, argno + 1, "external_id");

	source->given = !PG_ARGISNULL(argno + 2);
	if (PG_ARGISNULL(argno + 4) == source->given ||
		PG_ARGISNULL(argno + 5) == source->given ||
		(!PG_ARGISNULL(argno + 3) && !source->given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("source_domain, source_root and source_sequence must be given together or not at all"),
				 errdetail("source_edition goes with them; without it, the main timeline is meant.")));
	if (source->given)
	{
		source->domain = azr_arg_name(fcinfo, argno + 2, "source_domain");
		source->edition = azr_arg_edition(fcinfo, argno + 3, "source_edition");
		source->root = azr_arg_uuid(fcinfo, argno + 4, "source_root");
		source->sequence = azr_arg_count(fcinfo, argno + 5, "source_sequence");
	}
}

/*
 * Read the options from correlation_id to committed, which stand together.
 */
static void
read_options(FunctionCallInfo fcinfo, int argno, AzrAppend *append)
{
	AzrNewEvents *events = &append->events;

	append->max_payload = azr_max_payload();
	azr_append_read_ids(fcinfo, argno, events);
	append->divergence = azr_arg_divergence(fcinfo, argno + 6, &append->stream);

	events->cascade_id = azr_arg_id(fcinfo, argno + 7, "cascade_id");
	events->committed = azr_arg_bool(fcinfo, argno + 8, "committed");
	if (!events->committed && events->cascade_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed => false needs a cascade_id"),
				 errhint("Give the id of the cascade whose confirmation the events wait for.")));
}

/*
 * Append, and make the outcome a row.
 */
static Datum
append_and_return(FunctionCallInfo fcinfo, const AzrAppend *append, const char *function)
{
	AzrAppendResult result;
	Datum		values[4];
	bool		nulls[4] = {false};

	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	result = azr_append_events(append);

	values[0] = CStringGetTextDatum(azr_outcome_names[result.outcome]);
	values[1] = Int64GetDatum(result.first_sequence);
	values[2] = Int64GetDatum(result.last_sequence);
	values[3] = Int64GetDatum(result.next_sequence);
	nulls[1] = nulls[2] = result.outcome == AZR_UNCHANGED;
	return azr_return_row(fcinfo, values, nulls, lengthof(values));
}
