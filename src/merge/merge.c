/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  azr_changed_fields and azr_merge_state: the comparison and the merge of states
 *	  that azr_append_commutative makes, by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/event_args.h"
#include "fmgr.h"
#include "merge/state.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_changed_fields);
PG_FUNCTION_INFO_V1(azr_merge_state);

static bytea *state_arg(FunctionCallInfo fcinfo, int argno, const char *argname);

/*
 * azr_changed_fields(state_type, before, after) -> text[]
 */
Datum
azr_changed_fields(PG_FUNCTION_ARGS)
{
	AzrFields	fields = azr_state_changes(azr_arg_type(fcinfo, 0, "state_type"),
										   state_arg(fcinfo, 1, "before"),
										   state_arg(fcinfo, 2, "after"));
	int			count = fields.all_because != NULL ? 1 : fields.count;
	Datum	   *names = palloc(count * sizeof(Datum));

	if (fields.all_because != NULL)
		names[0] = CStringGetTextDatum("*");
	else
		for (int i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			names[i] = CStringGetTextDatum(fields.names[i]);
		}
	PG_RETURN_ARRAYTYPE_P(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * azr_merge_state(state_type, base, ours, theirs) -> bytea
 */
Datum
azr_merge_state(PG_FUNCTION_ARGS)
{
	bytea	   *merged = NULL;
	AzrFields	overlap = azr_state_merge(azr_arg_type(fcinfo, 0, "state_type"),
										  state_arg(fcinfo, 1, "base"),
										  state_arg(fcinfo, 2, "ours"),
										  state_arg(fcinfo, 3, "theirs"), &merged);

	if (merged == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_MERGE_CONFLICT),
				 errmsg("states cannot be merged"),
				 errdetail_internal("%s", azr_fields_detail(&overlap)),
				 errhint("Make the change anew, to what the other side has made.")));
	PG_RETURN_BYTEA_P(merged);
}

static bytea *
state_arg(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	return (bytea *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(azr_arg_bytea(fcinfo, argno,
																		   argname)));
}
