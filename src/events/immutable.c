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
#include "events/immutable.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(azr_reject_change);

bool		azr_deleting_edition = false;

static bool is_row_of_edition(TriggerData *trigdata);

/*
 * azr_reject_change() -> trigger
 *
 * Fires before UPDATE, DELETE and TRUNCATE on the event store's tables, for
 * every role.  Takes no locks.  Raises ZR008, unless azr_delete_edition() is
 * deleting rows of an edition.
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

	if (azr_deleting_edition &&
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
		is_row_of_edition(trigdata))
		return PointerGetDatum(trigdata->tg_trigtuple);

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
			 errhint("To correct the past, append an event that says so; to drop an edition, use azr_delete_edition.")));
	PG_RETURN_NULL();			/* keep compiler quiet */
}

/*
 * The streams of editions have negative ids, in every table that has them.
 */
static bool
is_row_of_edition(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(desc, "stream_id");
	bool		isnull = true;
	Datum		stream_id = (Datum) 0;

	if (attno > 0)
		stream_id = SPI_getbinval(trigdata->tg_trigtuple, desc, attno, &isnull);
	return !isnull && DatumGetInt64(stream_id) < 0;
}
