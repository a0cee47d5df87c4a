/*-------------------------------------------------------------------------
 *
 * immutable.c
 *	  The trigger that keeps stored history as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "events/erased.h"
#include "events/event_table.h"
#include "events/immutable.h"
#include "events/type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "plumbing/error.h"
#include "plumbing/int64.h"
#include "plumbing/text.h"
#include "replication/logicalworker.h"
#include "streams/slot.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_reject_change);

/* NULL where nothing is being deleted, or erased. */
static const AzrDeletion *current = NULL;
static const AzrErasure *erasing = NULL;

/* A row that is being changed. */
typedef struct Change
{
	TupleDesc	desc;
	HeapTuple	before;
	HeapTuple	after;
} Change;

/* A column of it. */
typedef struct ChangedColumn
{
	Datum		before;
	Datum		after;
	bool		before_null;
	bool		after_null;
	bool		same;
	Oid			type;			/* the owner can change it */
} ChangedColumn;

/* A condition more: a column of this name is the same. */
#define AND_IS_SAME(name)	&& is_same(change, #name)

static bool may_delete(TriggerData *trigdata);
static bool is_leftover(int64 stream_id);
static bool may_update(TriggerData *trigdata);
static bool is_being_erased(const Change *change);
static bool becomes_erased(const Change *change);
static bool gets_type_erased(const Change *change);
static bool is_cleared(const Change *change, const char *name, bool or_same);
static bool gets_digest(const Change *change);
static bool is_same(const Change *change, const char *name);
static ChangedColumn column_of(const Change *change, const char *name);

/*
 * azr_reject_change() -> trigger
 *
 * Fires before UPDATE, DELETE and TRUNCATE on the event store's tables, for
 * every role.  Takes no locks but to look up types.  Raises ZR008, unless
 * azr_delete_edition() or azr_slot_drop() is deleting just these rows, or azr_erase() is erasing
 * just these events, here or on the server that this one replicates.
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

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) && may_update(trigdata))
		return PointerGetDatum(trigdata->tg_newtuple);

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
			 errhint("Append an event that corrects the past. Use azr_delete_edition() to drop an edition, and azr_erase() to erase an event.")));
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
 * Let some events be erased, until azr_erasure_end() is called with what this returns.  That
 * must happen in any case, so in PG_FINALLY().
 */
const AzrErasure *
azr_erasure_begin(const AzrErasure *erasure)
{
	const AzrErasure *outer = erasing;

	erasing = erasure;
	return outer;
}

void
azr_erasure_end(const AzrErasure *outer)
{
	erasing = outer;
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
	if (isnull)
		return false;

	/*
	 * the publisher has checked what a subscriber is told to delete: but on
	 * the main timeline, that is only what is left of a slot that has moved
	 */
	if (IsLogicalWorker())
		return stream_id < 0 || is_leftover(stream_id);

	return current != NULL &&
		bsearch(&stream_id, current->stream_ids, current->count, sizeof(int64),
				azr_compare_int64) != NULL;
}

/*
 * Is a stream one of a slot of which streams are left over here?  It is told before its streams are
 * deleted, in a transaction of its own.
 */
static bool
is_leftover(int64 stream_id)
{
	AzrStreamNames names;
	bool		found;
	pg_uuid_t	root;

	azr_stream_names_begin(&names, SnapshotSelf);
	found = azr_stream_names_find(&names, stream_id);
	if (found)
		root = *names.name.root;
	azr_stream_names_end(&names);
	return found && azr_slot_state(azr_slot_of(&root)).is_leftover;
}

/*
 * Is a row an event that is being erased, and is that all that becomes of it, or the record of
 * one, and does that get its digest?  A column that the owner has added may change too: it may
 * be made of what is erased.
 */
static bool
may_update(TriggerData *trigdata)
{
	Change		change;
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	if (erasing == NULL && !IsLogicalWorker())
		return false;

	/* a trigger that the owner has made for a statement has no rows */
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return false;
	change.desc = RelationGetDescr(trigdata->tg_relation);
	change.before = trigdata->tg_trigtuple;
	change.after = trigdata->tg_newtuple;
	if (!is_being_erased(&change))
		return false;
	if (strcmp(table, azr_erased_table()->name) == 0)
		return gets_digest(&change);
	return (strcmp(table, azr_events_leaf(1)->name) == 0 ||
			strcmp(table, azr_events_leaf(-1)->name) == 0) &&
		becomes_erased(&change);
}

/*
 * Does a row keep its key, and is that of an event that is being erased?
 */
static bool
is_being_erased(const Change *change)
{
	ChangedColumn stream_id = column_of(change, "stream_id");
	ChangedColumn sequence = column_of(change, "sequence");

	if (stream_id.type != INT8OID || sequence.type != INT8OID ||
		!stream_id.same || !sequence.same || stream_id.before_null || sequence.before_null)
		return false;

	/* the publisher has checked which events a subscriber is told to erase */
	if (IsLogicalWorker())
		return true;
	return DatumGetInt64(stream_id.before) == erasing->stream_id &&
		DatumGetInt64(sequence.before) >= erasing->from &&
		DatumGetInt64(sequence.before) < erasing->to;
}

/*
 * Does a row of an event get the form of an erased one, and keep everything else?
 */
static bool
becomes_erased(const Change *change)
{
	bool		ids = IsLogicalWorker() || erasing->ids;

	return gets_type_erased(change) &&
		is_cleared(change, "metadata", false) &&
		(ids ? is_cleared(change, "correlation_uuid", true) : is_same(change, "correlation_uuid")) &&
		(ids ? is_cleared(change, "correlation_id", true) : is_same(change, "correlation_id")) &&
		(ids ? is_cleared(change, "external_id", true) : is_same(change, "external_id"))
		AZR_KEPT_COLUMNS(AND_IS_SAME);
}

/*
 * Does an event get the type of erased ones, and the payload that goes with the type that it has,
 * or keep both if it has that type?
 *
 * A subscriber may not have the types yet.
 */
static bool
gets_type_erased(const Change *change)
{
	ChangedColumn type_id = column_of(change, "type_id");
	ChangedColumn payload = column_of(change, "payload");
	text	   *before;
	text	   *after;

	if (type_id.type != INT4OID || payload.type != BYTEAOID ||
		type_id.before_null || type_id.after_null || payload.after_null)
		return false;
	before = azr_type_name(DatumGetInt32(type_id.before), true);
	after = azr_type_name(DatumGetInt32(type_id.after), true);
	if (IsLogicalWorker())
		return (after == NULL || azr_text_is(after, AZR_ERASED_TYPE)) &&
			azr_is_erased_payload(DatumGetByteaPP(payload.after));
	if (before == NULL || after == NULL || !azr_text_is(after, AZR_ERASED_TYPE))
		return false;
	return (azr_text_is(before, AZR_ERASED_TYPE) && payload.same) ||
		datum_image_eq(payload.after, PointerGetDatum(azr_erased_payload(before)), false, -1);
}

/*
 * Is a column NULL in the changed row, or, with 'or_same', as it was?
 */
static bool
is_cleared(const Change *change, const char *name, bool or_same)
{
	ChangedColumn column = column_of(change, name);

	return column.after_null || (or_same && column.same);
}

/*
 * Does the record of an erased event get the digest that it lacks, and keep everything else?
 */
static bool
gets_digest(const Change *change)
{
	ChangedColumn digest = column_of(change, "body_digest");

	return digest.before_null && !digest.after_null &&
		is_same(change, "erased_at") && is_same(change, "lsn") &&
		is_same(change, "was_sealed") &&
		is_same(change, "erased_by") && is_same(change, "type") && is_same(change, "reason");
}

static bool
is_same(const Change *change, const char *name)
{
	return column_of(change, name).same;
}

/*
 * A column by its name.  One that the table does not have counts as not the same.
 */
static ChangedColumn
column_of(const Change *change, const char *name)
{
	int			attno = SPI_fnumber(change->desc, name);
	ChangedColumn column = {.before_null = true};
	Form_pg_attribute attribute;

	if (attno <= 0)
		return column;
	attribute = TupleDescAttr(change->desc, attno - 1);
	column.type = attribute->atttypid;
	column.before = SPI_getbinval(change->before, change->desc, attno, &column.before_null);
	column.after = SPI_getbinval(change->after, change->desc, attno, &column.after_null);
	column.same = column.before_null == column.after_null &&
		(column.before_null ||
		 datum_image_eq(column.before, column.after, attribute->attbyval, attribute->attlen));
	return column;
}
