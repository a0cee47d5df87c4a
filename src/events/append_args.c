/*-------------------------------------------------------------------------
 *
 * append_args.c
 *	  Reading the arguments of the functions that append.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/append_args.h"
#include "events/event_args.h"
#include "events/max_payload.h"
#include "miscadmin.h"

/* What is done about a sequence conflict. */
enum
{
	ON_CONFLICT_ERROR,
	ON_CONFLICT_RETURN
};

static const char *const on_conflict_names[] = {
	[ON_CONFLICT_ERROR] = "error",
	[ON_CONFLICT_RETURN] = "return",
	NULL
};

static char *describe_counts(const AzrArrayArg *types, const AzrArrayArg *payloads,
							 const AzrArrayArg *metadata, const AzrArrayArg *created_at);

/*
 * Begin to read the arguments of an append: domain, edition, root and expected_sequence, which
 * stand together at the beginning of every such function's signature.  The events are committed
 * unless other arguments say otherwise, and the limit on payloads is that of the session
 * and the domain.
 */
AzrAppend
azr_append_read_place(FunctionCallInfo fcinfo)
{
	AzrAppend	append = {0};

	append.stream = azr_arg_stream(fcinfo, 0);
	append.expected = azr_arg_optional_count(fcinfo, 3, "expected_sequence");
	append.events.committed = true;
	append.max_payload = azr_max_payload(append.stream.domain);
	return append;
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
				 errmsg("arguments \"types\", \"payloads\", \"metadata\" and \"created_at\" must have the same number of elements"),
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
			if (TIMESTAMP_NOT_FINITE(events->created_at[i]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("created_at of event %d must be finite", i + 1)));
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
	bool		given = !PG_ARGISNULL(argno + 2);

	events->correlation_id = azr_arg_id(fcinfo, argno, "correlation_id");
	events->external_id = azr_arg_id(fcinfo, argno + 1, "external_id");

	if (PG_ARGISNULL(argno + 4) == given || PG_ARGISNULL(argno + 5) == given ||
		(!PG_ARGISNULL(argno + 3) && !given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arguments \"source_domain\", \"source_root\" and \"source_sequence\" must be given together or not at all"),
				 errdetail("source_edition goes with them; without it, the main timeline is meant.")));
	if (given)
		events->source = azr_arg_source(fcinfo, argno + 2);
}

/*
 * Read the options from correlation_id to on_conflict, which stand together.
 */
void
azr_append_read_options(FunctionCallInfo fcinfo, int argno, AzrAppend *append)
{
	AzrNewEvents *events = &append->events;

	azr_append_read_ids(fcinfo, argno, events);
	append->divergence = azr_arg_divergence(fcinfo, argno + 6, &append->stream);

	events->cascade_id = azr_arg_id(fcinfo, argno + 7, "cascade_id");
	events->committed = azr_arg_bool(fcinfo, argno + 8, "committed");
	if (!events->committed && events->cascade_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed => false needs a cascade_id"),
				 errhint("Give the id of the cascade whose confirmation the events wait for.")));
	append->return_conflict = azr_arg_choice(fcinfo, argno + 9, "on_conflict",
											 on_conflict_names) == ON_CONFLICT_RETURN;
}
