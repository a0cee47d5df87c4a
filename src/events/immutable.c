/*-------------------------------------------------------------------------
 *
 * immutable.c
 *	  The trigger that keeps stored history as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "events/immutable.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "plumbing/error.h"
#include "replication/logicalworker.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(azr_reject_change);

/* NULL where nothing is being deleted. */
static const AzrDeletion *current = NULL;

static bool may_delete(TriggerData *trigdata);
static int	compare_ids(const void *a, const void *b);

/*
 * azr_reject_change() -> trigger
 *
 * Fires before UPDATE, DELETE and TRUNCATE on the event store's tables, for
 * every role.  Takes no locks.  Raises ZR008, unless azr_delete_edition() is
 * deleting just these rows, here or on the server that this one replicates.
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

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) && may_delete(trigdata))
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
 * Let the rows of some streams be deleted, until azr_deletion_end() is called with what this
 * returns.  That must happen in any case, so in PG_FINALLY().
 */
const AzrDeletion *
azr_deletion_begin(const AzrDeletion *deletion)
{
	const AzrDeletion *outer = current;

	current = deletion;
	return outer;
}

void
azr_deletion_end(const AzrDeletion *outer)
{
	current = outer;
}

/*
 * Is a row one of a stream that is being deleted?  Every table with this trigger
 * has a stream_id.
 */
static bool
may_delete(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(desc, "stream_id");
	bool		isnull = true;
	int64		stream_id = 0;

	if (attno > 0)
		stream_id = DatumGetInt64(SPI_getbinval(trigdata->tg_trigtuple, desc, attno, &isnull));
	if (isnull || stream_id >= 0)
		return false;

	/* the publisher has checked what a subscriber is told to delete */
	if (IsLogicalWorker())
		return true;

	return current != NULL &&
		bsearch(&stream_id, current->stream_ids, current->count, sizeof(int64),
				compare_ids) != NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	int64		first = *(const int64 *) a;
	int64		second = *(const int64 *) b;

	return first < second ? -1 : first > second;
}
