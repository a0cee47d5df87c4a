/*-------------------------------------------------------------------------
 *
 * immutable.c
 *	  The trigger that keeps stored history as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/error.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(azr_reject_change);

/*
 * azr_reject_change() -> trigger
 *
 * Fires before UPDATE, DELETE and TRUNCATE on the event store's tables, for
 * every role.  Takes no locks.  Raises ZR008, always.
 */
Datum
azr_reject_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const char *command;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("azr_reject_change must be called as a trigger")));

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		command = "UPDATE";
	else if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		command = "DELETE";
	else
		command = "TRUNCATE";

	ereport(ERROR,
			(errcode(ERRCODE_AZR_HISTORY_IMMUTABLE),
			 errmsg("cannot %s \"%s\": stored history is immutable",
					command, RelationGetRelationName(trigdata->tg_relation)),
			 errhint("To correct the past, append an event that says so.")));
	PG_RETURN_NULL();			/* keep compiler quiet */
}
