/*-------------------------------------------------------------------------
 *
 * slot_import.c
 *	  azr_slot_import: storing what another node has of a slot.
 *
 * Nobody else can use the slot's streams: they are another node's.  So what is here of them changes
 * only by imports, which come one after the other, and by azr_delete_edition().  Their locks are
 * taken all the same, as by an append, so that this stays true for what is found under them.
 *
 * Here rows are read and checked, and compared with what is here.  Those of events are gathered,
 * and stored together when there are enough of them: see slot_lot.h.  Rows of kinds that come after
 * the events are in slot_state.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "events/append_protocol.h"
#include "events/divergence.h"
#include "events/erased.h"
#include "events/event_args.h"
#include "events/expected_sequence.h"
#include "events/max_payload.h"
#include "events/timeline.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "import/import_rows.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/durability.h"
#include "plumbing/error.h"
#include "plumbing/lock.h"
#include "plumbing/text.h"
#include "slots/slot_drop.h"
#include "slots/slot_lot.h"
#include "slots/slot_row.h"
#include "slots/slot_state.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_slot_import);

static const AzrRowsShape shape = {
	.function = "azr_slot_import",
	.ncolumns = SLOT_ROW_COLUMNS,
	.names = azr_slot_row_names,
	.types = azr_slot_row_types,
	.hint = "The columns are those of azr_slot_row."
};

typedef struct SlotImport
{
	int			slot;
	AzrImportRows *rows;
	TupleTableSlot *ahead;
	int64		row;			/* that was read last, from 1 */
	const AzrStreamName *name;	/* its stream, if that is known */
	int64		stored;
	AzrStateImport *state;		/* or NULL before the first row of that */
	AzrLot		lot;
	int64		append_left;	/* events of the append that are still to come */
} SlotImport;

static void check_receiving(int slot);
static int64 import_rows(int slot, AzrImportRows *rows);
static bool read_row(SlotImport *import, MemoryContext context);
static void import_row(SlotImport *import);
static void read_columns(SlotImport *import, FunctionCallInfo columns);
static bool is_lot_full(const SlotImport *import);
static void check_new_stream(SlotImport *import, const AzrSlotRow *row, int64 sequence);
static void import_event(SlotImport *import, const AzrSlotRow *row);
static void add_event(SlotImport *import, const AzrSlotRow *row, int64 sequence);
static void read_common(const AzrSlotRow *row, AzrLotEvent *event);
static void read_erasure(SlotImport *import, const AzrSlotRow *row, AzrLotEvent *event);
static void begin_or_go_on(SlotImport *import, const AzrSlotRow *row, AzrLotEvent *event);
static bool has_same(const AzrLotEvent *a, const AzrLotEvent *b);
static bool same_text(const text *a, const text *b);
static void compare(SlotImport *import, const AzrSlotRow *row, int64 sequence);
static const char *difference(TupleTableSlot *event, const AzrSlotRow *row);
static bool same_column(TupleTableSlot *event, AttrNumber attno, const AzrSlotRow *row,
						AzrSlotRowColumn column);
static void check_append_is_whole(SlotImport *import);
static void store_lot(SlotImport *import);
static void delete_stream(SlotImport *import, const AzrSlotRow *row);
static void describe_row(void *arg);

/*
 * azr_slot_import(slot, query) -> bigint
 *
 * The query runs before anything of the slot is opened to us.
 */
Datum
azr_slot_import(PG_FUNCTION_ARGS)
{
	int			slot = azr_arg_slot(fcinfo, 0, "slot");
	char	   *query = text_to_cstring(azr_arg_text(fcinfo, 1, "query"));
	AzrImportRows *rows = palloc0(sizeof(AzrImportRows));
	int64		stored = 0;

	azr_check_can_write(fcinfo);
	check_receiving(slot);
	SPI_connect();
	PG_TRY();
	{
		azr_import_rows_read(rows, &shape, query, NULL, NULL);
		PreventCommandIfReadOnly("azr_slot_import()");
		check_receiving(slot);
		azr_lock(AZR_LOCK_SLOT, slot, ExclusiveLock);
		stored = import_rows(slot, rows);
	}
	PG_FINALLY();
	{
		azr_import_rows_end(rows);
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_INT64(stored);
}

/*
 * Raise 55000 unless the slot is being received.  As azr_streams is locked, it is until the
 * transaction ends.
 */
static void
check_receiving(int slot)
{
	AzrSlotState state;

	azr_streams_lock(AccessShareLock);
	state = azr_slot_state(slot);
	if (!state.is_receiving)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d is not being received", slot),
				 state.is_own
				 ? errdetail("It belongs to this node.")
				 : errdetail("It belongs to another node."),
				 errhint("Call azr_slot_receive() first, if the slot belongs to another node.")));
}

static int64
import_rows(int slot, AzrImportRows *rows)
{
	SlotImport *import = palloc0(sizeof(SlotImport));
	ErrorContextCallback context = {error_context_stack, describe_row, import};
	MemoryContext oldcontext;
	int			outer;

	import->slot = slot;
	import->rows = rows;
	import->ahead = MakeSingleTupleTableSlot(rows->desc, &TTSOpsMinimalTuple);
	import->lot.context = AllocSetContextCreate(CurrentMemoryContext, "angzarr slot import",
												ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(import->lot.context);
	error_context_stack = &context;
	outer = azr_slot_let_begin(slot);
	PG_TRY();
	{
		azr_lot_begin(&import->lot);
		while (read_row(import, oldcontext))
		{
			CHECK_FOR_INTERRUPTS();
			import->row++;
			import_row(import);
		}
		check_append_is_whole(import);
		store_lot(import);
		if (import->state != NULL)
			azr_state_import_end(import->state);
	}
	PG_FINALLY();
	{
		azr_slot_let_end(outer);
	}
	PG_END_TRY();
	error_context_stack = context.previous;
	MemoryContextSwitchTo(oldcontext);

	/* the other node will delete what is here now */
	azr_work_must_be_durable();
	return import->stored;
}

/*
 * Read the next row, if there is one.  From a file it comes as a copy, which must outlast the lot:
 * it may be stored while the row is at hand.
 */
static bool
read_row(SlotImport *import, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	bool		found = tuplestore_gettupleslot(import->rows->store, true, false, import->ahead);

	MemoryContextSwitchTo(oldcontext);
	return found;
}

/*
 * Take the row that was read.
 */
static void
import_row(SlotImport *import)
{
	LOCAL_FCINFO(columns, SLOT_ROW_COLUMNS);
	AzrSlotRow	row = {columns, NULL};

	import->name = NULL;
	if (is_lot_full(import))
		store_lot(import);
	read_columns(import, columns);
	row.kind = text_to_cstring(azr_arg_text(columns, SLOT_ROW_kind, "kind"));
	if (strcmp(row.kind, AZR_ROW_EVENT) == 0)
	{
		if (import->state != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("events must come before the state of a slot")));
		import_event(import, &row);
		return;
	}

	check_append_is_whole(import);
	store_lot(import);
	read_columns(import, columns);
	row.kind = text_to_cstring(azr_arg_text(columns, SLOT_ROW_kind, "kind"));
	if (strcmp(row.kind, AZR_ROW_GONE) == 0)
	{
		delete_stream(import, &row);
		return;
	}
	if (strcmp(row.kind, AZR_ROW_STATE) == 0 && import->state == NULL)
	{
		MemoryContext oldcontext =
			MemoryContextSwitchTo(MemoryContextGetParent(import->lot.context));

		import->state = azr_state_import_begin(import->slot, &import->row);
		MemoryContextSwitchTo(oldcontext);
		return;
	}
	if (import->state == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a row of kind \"%s\" cannot come here", row.kind),
				 errhint("The rows must be those of azr_slot_export() or azr_slot_export_state(), in their order.")));
	import->stored += azr_state_import_row(import->state, &row);
}

/*
 * Copy the row's columns to where they stay as long as the lot.
 */
static void
read_columns(SlotImport *import, FunctionCallInfo columns)
{
	MinimalTuple copy = ExecCopySlotMinimalTuple(import->ahead);
	HeapTupleData tuple = {0};
	Datum		values[SLOT_ROW_COLUMNS];
	bool		nulls[SLOT_ROW_COLUMNS];

	tuple.t_len = copy->t_len + MINIMAL_TUPLE_OFFSET;
	tuple.t_data = (HeapTupleHeader) ((char *) copy - MINIMAL_TUPLE_OFFSET);
	heap_deform_tuple(&tuple, import->rows->desc, values, nulls);
	for (int i = 0; i < SLOT_ROW_COLUMNS; i++)
	{
		columns->args[i].value = values[i];
		columns->args[i].isnull = nulls[i];
	}
	import->lot.bytes += copy->t_len;
}

/*
 * Is there enough in the lot?  An append is not cut in two.
 */
static bool
is_lot_full(const SlotImport *import)
{
	return import->append_left == 0 && azr_lot_is_full(&import->lot);
}

/*
 * Take the row of an event.
 */
static void
import_event(SlotImport *import, const AzrSlotRow *row)
{
	AzrStreamName name = azr_slot_row_stream(row, import->slot);
	int64		sequence = azr_arg_count(row->columns, SLOT_ROW_sequence, "sequence");
	AzrSlotRow	again = *row;
	AzrLotStream *stream;

	import->name = &name;
	if (!azr_lot_is_current(&import->lot, &name))
	{
		check_append_is_whole(import);
		if (azr_lot_must_store_before(&import->lot, &name))
		{
			store_lot(import);
			read_columns(import, again.columns);
			name = azr_slot_row_stream(&again, import->slot);
		}
		azr_lot_add_stream(&import->lot, &name);
	}
	stream = import->lot.current;
	import->name = &stream->name;

	if (sequence < stream->locked.end.next)
	{
		compare(import, &again, sequence);
		return;
	}
	if (stream->locked.lock.stream.id == AZR_NO_STREAM && stream->count == 0)
		check_new_stream(import, &again, sequence);
	else if (sequence != stream->next)
		azr_sequence_conflict(&stream->name, sequence, stream->next,
							  "The rows must be those of azr_slot_export(), in their order. Run azr_slot_ends() again, and export from there.");
	add_event(import, &again, sequence);
}

/*
 * Check that a stream can begin with an event, and where an edition branches off.
 */
static void
check_new_stream(SlotImport *import, const AzrSlotRow *row, int64 sequence)
{
	AzrLotStream *stream = import->lot.current;
	int64		first = 0;

	if (!import->lot.is_main)
	{
		AzrStreamName main_name = azr_main_stream(&stream->name);
		AzrStream	main = azr_stream_find(&main_name, SnapshotSelf);
		int64		main_next = azr_timeline_own_next(&main, SnapshotSelf);

		first = azr_arg_count(row->columns, SLOT_ROW_divergence, "divergence");
		if (first > main_next)
			azr_divergence_is_past(&stream->name, first, main_next);
	}
	if (sequence != first)
		azr_sequence_conflict(&stream->name, sequence, first,
							  "The rows must be those of azr_slot_export(), in their order. Run azr_slot_ends() again, and export from there.");
	stream->next = first;
	stream->created_at = azr_slot_row_time(row, SLOT_ROW_stream_created_at);
}

/*
 * Put an event into the lot.
 */
static void
add_event(SlotImport *import, const AzrSlotRow *row, int64 sequence)
{
	AzrLotStream *stream = import->lot.current;
	FunctionCallInfo columns = row->columns;
	AzrNewEvents sizes = {.count = 1};
	int			n = import->lot.count;
	AzrLotEvent *event;

	if (sequence == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("stream \"%s\" has no sequences left", azr_stream_label(&stream->name))));
	if (!import->lot.is_main && stream->locked.lock.stream.id != AZR_NO_STREAM)
	{
		int64		divergence = azr_arg_count(columns, SLOT_ROW_divergence, "divergence");

		if (divergence != stream->locked.lock.stream.divergence)
			azr_divergence_is_fixed(&stream->name, divergence,
									stream->locked.lock.stream.divergence);
	}
	azr_lot_grow(&import->lot);
	event = &import->lot.events[n];
	memset(event, 0, sizeof(AzrLotEvent));
	event->stream = (int) (stream - import->lot.streams);
	event->sequence = sequence;
	import->lot.types[n] = PointerGetDatum(azr_arg_type(columns, SLOT_ROW_type, "type"));
	import->lot.payloads[n] = PointerGetDatum(azr_arg_bytea(columns, SLOT_ROW_payload, "payload"));
	import->lot.metadata[n] = azr_slot_row_value(row, SLOT_ROW_metadata);
	import->lot.metadata_nulls[n] = azr_slot_row_is_null(row, SLOT_ROW_metadata);
	import->lot.created_at[n] = azr_slot_row_time(row, SLOT_ROW_created_at);
	import->lot.correlation_ids[n] = azr_arg_id(columns, SLOT_ROW_correlation_id, "correlation_id");
	import->lot.external_ids[n] = azr_arg_id(columns, SLOT_ROW_external_id, "external_id");
	sizes.payloads = &import->lot.payloads[n];
	sizes.metadata = import->lot.metadata_nulls[n] ? NULL : &import->lot.metadata[n];
	sizes.metadata_nulls = &import->lot.metadata_nulls[n];
	azr_check_event_sizes(&sizes, AZR_MAX_PAYLOAD_BYTES);
	read_common(row, event);
	read_erasure(import, row, event);
	begin_or_go_on(import, row, event);
	if (stream->count == 0)
		stream->first = sequence;
	stream->count++;
	stream->next = sequence + 1;
	import->lot.count++;
}

/*
 * What the events of an append have in common.
 */
static void
read_common(const AzrSlotRow *row, AzrLotEvent *event)
{
	FunctionCallInfo columns = row->columns;

	if (!azr_slot_row_is_null(row, SLOT_ROW_source_domain) ||
		!azr_slot_row_is_null(row, SLOT_ROW_source_root) ||
		!azr_slot_row_is_null(row, SLOT_ROW_source_sequence))
	{
		event->source.given = true;
		event->source.domain = azr_arg_name(columns, SLOT_ROW_source_domain, "source_domain");
		event->source.edition = azr_arg_edition(columns, SLOT_ROW_source_edition,
												"source_edition");
		event->source.root = azr_arg_uuid(columns, SLOT_ROW_source_root, "source_root");
		event->source.sequence = azr_arg_count(columns, SLOT_ROW_source_sequence,
											   "source_sequence");
	}
	event->cascade_id = azr_arg_id(columns, SLOT_ROW_cascade_id, "cascade_id");
	event->committed = azr_arg_bool(columns, SLOT_ROW_committed, "committed");
	if (!event->committed && event->cascade_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an event that is not committed needs a cascade_id")));
}

/*
 * What is on record of an erased event.
 */
static void
read_erasure(SlotImport *import, const AzrSlotRow *row, AzrLotEvent *event)
{
	FunctionCallInfo columns = row->columns;
	int			n = import->lot.count;

	event->is_erased = !azr_slot_row_is_null(row, SLOT_ROW_erased_at);
	if (!event->is_erased)
		return;
	event->erased_at = azr_slot_row_time(row, SLOT_ROW_erased_at);
	event->erased_by = azr_arg_text(columns, SLOT_ROW_erased_by, "erased_by");
	event->erased_type = azr_arg_type(columns, SLOT_ROW_erased_type, "erased_type");
	event->reason = azr_arg_text(columns, SLOT_ROW_description, "description");
	if (!azr_text_is(DatumGetTextPP(import->lot.types[n]), AZR_ERASED_TYPE) ||
		!azr_is_erased_payload(DatumGetByteaPP(import->lot.payloads[n])) ||
		!import->lot.metadata_nulls[n])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an event that was erased must have type \"%s\", the payload that goes with it, and no metadata",
						AZR_ERASED_TYPE)));
}

/*
 * Does an event begin a run of events, or does it go on with the last one?
 */
static void
begin_or_go_on(SlotImport *import, const AzrSlotRow *row, AzrLotEvent *event)
{
	int			n = import->lot.count;
	const AzrLotEvent *before = n > 0 && import->lot.events[n - 1].stream == event->stream
		? event - 1 : NULL;
	bool		is_same = before != NULL && has_same(before, event);

	if (!import->lot.is_main)
	{
		event->begins = !is_same;
		return;
	}
	event->begins = import->append_left == 0;
	if (event->begins)
	{
		if (azr_slot_row_is_null(row, SLOT_ROW_append_events))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an append must begin with its first event"),
					 errdetail("This one does not say how many events its append has.")));
		import->append_left =
			DatumGetInt32(azr_slot_row_value(row, SLOT_ROW_append_events));
		if (import->append_left < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("append_events must be 1 or more")));
	}
	else if (!azr_slot_row_is_null(row, SLOT_ROW_append_events))
		check_append_is_whole(import);
	else if (!is_same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the events of an append must have source and cascade in common")));
	import->append_left--;
}

/*
 * Do two events have in common what those of an append have?
 */
static bool
has_same(const AzrLotEvent *a, const AzrLotEvent *b)
{
	if (a->committed != b->committed || !same_text(a->cascade_id, b->cascade_id) ||
		a->source.given != b->source.given)
		return false;
	return !a->source.given ||
		(a->source.sequence == b->source.sequence &&
		 memcmp(a->source.root, b->source.root, UUID_LEN) == 0 &&
		 azr_same_text(a->source.domain, b->source.domain) &&
		 azr_same_text(a->source.edition, b->source.edition));
}

static bool
same_text(const text *a, const text *b)
{
	return a == NULL || b == NULL ? a == b : azr_same_text(a, b);
}

/*
 * Compare a row with the event that is here.
 */
static void
compare(SlotImport *import, const AzrSlotRow *row, int64 sequence)
{
	const AzrLotStream *stream = import->lot.current;
	AzrOptionalInt64 to = {true, sequence + 1};
	AzrEventScan scan;
	TupleTableSlot *event;
	const char *differs = NULL;

	azr_event_scan_begin(&scan, stream->locked.lock.stream.id, sequence, to, SnapshotSelf);
	event = azr_event_scan_next(&scan);
	if (event == NULL)
		azr_sequence_conflict(&stream->name, sequence, stream->next,
							  "Events that an edition shares are the main timeline's.");
	else
		differs = difference(event, row);
	azr_event_scan_end(&scan);
	if (differs != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
				 errmsg("stream \"%s\" has another event at sequence %lld",
						azr_stream_label(&stream->name), (long long) sequence),
				 errdetail("It differs in \"%s\".", differs),
				 errhint("Delete what is here of the slot: give it to its owner again with azr_own_slots(), and call azr_slot_drop(). Then begin again.")));
}

/*
 * The first column in which a stored event differs from a row, or NULL.
 */
static const char *
difference(TupleTableSlot *event, const AzrSlotRow *row)
{
#define AZR_COMPARED(name) {Anum_azr_events_##name, SLOT_ROW_##name}
	static const struct
	{
		AttrNumber	attno;
		AzrSlotRowColumn column;
	}			compared[] = {
		AZR_COMPARED(payload), AZR_COMPARED(metadata), AZR_COMPARED(created_at),
		AZR_COMPARED(external_id), AZR_COMPARED(source_domain), AZR_COMPARED(source_edition),
		AZR_COMPARED(source_root), AZR_COMPARED(source_sequence), AZR_COMPARED(cascade_id),
		AZR_COMPARED(committed)
	};
#undef AZR_COMPARED
	text	   *type = azr_stored_event_type(event);
	text	   *row_type = azr_arg_type(row->columns, SLOT_ROW_type, "type");
	AzrCorrelationText room;
	bool		uncorrelated;
	Datum		correlation_id = azr_stored_correlation_id(event, &room, &uncorrelated);

	/* what was erased on one node is erased on the other with the state */
	if (azr_text_is(type, AZR_ERASED_TYPE) || azr_text_is(row_type, AZR_ERASED_TYPE))
		return NULL;
	if (!azr_same_text(type, row_type))
		return "type";
	if (!same_text(uncorrelated ? NULL : DatumGetTextPP(correlation_id),
				   azr_arg_id(row->columns, SLOT_ROW_correlation_id, "correlation_id")))
		return "correlation_id";
	for (int i = 0; i < lengthof(compared); i++)
		if (!same_column(event, compared[i].attno, row, compared[i].column))
			return azr_slot_row_names[compared[i].column];
	return NULL;
}

static bool
same_column(TupleTableSlot *event, AttrNumber attno, const AzrSlotRow *row,
			AzrSlotRowColumn column)
{
	Form_pg_attribute attribute = TupleDescAttr(event->tts_tupleDescriptor, attno - 1);
	bool		isnull = azr_slot_row_is_null(row, column);

	if (isnull || event->tts_isnull[attno - 1])
		return isnull == event->tts_isnull[attno - 1];
	return datum_image_eq(event->tts_values[attno - 1], azr_slot_row_value(row, column),
						  attribute->attbyval, attribute->attlen);
}

/*
 * Raise 22023 if events of the last append are missing.
 */
static void
check_append_is_whole(SlotImport *import)
{
	if (import->append_left > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an append to stream \"%s\" lacks events",
						azr_stream_label(&import->lot.current->name)),
				 errdetail("%lld more were to come.", (long long) import->append_left)));
}

/*
 * Store what was gathered.
 */
static void
store_lot(SlotImport *import)
{
	import->stored += azr_lot_store(&import->lot);

	/* it may have been in the lot */
	import->name = NULL;
}

/*
 * Delete a stream of an edition that the other node has deleted.
 */
static void
delete_stream(SlotImport *import, const AzrSlotRow *row)
{
	AzrStreamName name = azr_slot_row_stream(row, import->slot);
	AzrLockedStream locked;
	AzrDeletion deletion;
	const AzrStream *stream = &locked.lock.stream;

	if (azr_edition_is_main(name.edition))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("stream \"%s\" is of the main timeline, and cannot be deleted",
						azr_stream_label(&name))));
	locked = azr_append_lock(&name, false);
	if (stream->id == AZR_NO_STREAM)
		return;
	deletion.count = 1;
	deletion.stream_ids = &locked.lock.stream.id;
	(void) azr_slot_delete_streams(import->slot, &deletion);
	import->stored++;
}

/*
 * Say in an error which row it is about.
 */
static void
describe_row(void *arg)
{
	const SlotImport *import = (const SlotImport *) arg;

	if (import->name == NULL)
		errcontext("row %lld of the query", (long long) import->row);
	else
		errcontext("row %lld of the query, stream \"%s\"", (long long) import->row,
				   azr_stream_label(import->name));
}
