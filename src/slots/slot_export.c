/*-------------------------------------------------------------------------
 *
 * slot_export.c
 *	  azr_slot_ends, azr_slot_export and azr_slot_export_state: what this node has of a slot, for
 *	  another node.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/erased.h"
#include "events/event_table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/grow.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "slots/slot_row.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_slot_ends);
PG_FUNCTION_INFO_V1(azr_slot_export);
PG_FUNCTION_INFO_V1(azr_slot_export_state);

/* How many bytes of events are exported at once, but for what the last append has more. */
#define MOST_BYTES	(64 * 1024 * 1024)

/* A stream of the slot, and what the other node lacks of it. */
typedef struct ExportedStream
{
	AzrStreamName name;
	int64		id;
	bool		has_divergence;
	int64		divergence;
	TimestampTz created_at;
	int64		from;
	int64		next;
} ExportedStream;

/*
 * What is kept for the streams of slot $1 beside their events: a kind of rows, which query has
 * them, and which columns of azr_slot_row its columns are.
 */
typedef struct Kept
{
	const char *kind;
	const char *sql;
	AzrSlotRowColumn columns[11];	/* SLOT_ROW_COLUMNS comes after the last */
} Kept;

static const Kept kept[] = {
	{
		AZR_ROW_DOMAIN,
		"SELECT d.domain::text, d.durability::text, d.max_payload::int, d.description::text "
		"FROM %s.azr_registered_domains d "
		"WHERE d.domain IN (SELECT s.domain FROM %s.azr_streams s "
		"WHERE %s.azr_slot(s.root) = $1) ORDER BY d.domain",
		{SLOT_ROW_domain, SLOT_ROW_setting, SLOT_ROW_max_payload, SLOT_ROW_description, SLOT_ROW_COLUMNS}
	},
	{
		AZR_ROW_EDITION,
		"SELECT r.domain::text, r.edition::text, r.divergence::bigint, "
		"r.created_at::timestamptz, r.protection::text, r.description::text "
		"FROM %s.azr_registered_editions r "
		"WHERE r.domain IN (SELECT s.domain FROM %s.azr_streams s "
		"WHERE %s.azr_slot(s.root) = $1) ORDER BY r.domain, r.edition",
		{
			SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_divergence, SLOT_ROW_created_at,
			SLOT_ROW_setting, SLOT_ROW_description, SLOT_ROW_COLUMNS
		}
	},
	{
		AZR_ROW_ERASURE,
		"SELECT s.domain::text, s.edition::text, s.root::uuid, r.sequence::bigint, "
		"r.erased_at::timestamptz, r.erased_by::text, r.type::text, r.reason::text, "
		"coalesce(e.correlation_uuid::text, e.correlation_id::text), e.external_id::text "
		"FROM %s.azr_erased_events r "
		"JOIN %s.azr_streams s ON s.stream_id = r.stream_id "
		"JOIN %s.azr_events e ON e.stream_id = r.stream_id AND e.sequence = r.sequence "
		"WHERE %s.azr_slot(s.root) = $1 ORDER BY r.stream_id, r.sequence",
		{
			SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_root, SLOT_ROW_sequence,
			SLOT_ROW_erased_at, SLOT_ROW_erased_by, SLOT_ROW_erased_type, SLOT_ROW_description,
			SLOT_ROW_correlation_id, SLOT_ROW_external_id, SLOT_ROW_COLUMNS
		}
	},
	{
		AZR_ROW_POSITION,
		"SELECT p.domain::text, p.edition::text, p.root::uuid, p.sequence::bigint, "
		"p.handler::text FROM %s.azr_positions p WHERE %s.azr_slot(p.root) = $1 "
		"ORDER BY p.domain, p.edition, p.root",
		{
			SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_root, SLOT_ROW_sequence, SLOT_ROW_handler,
			SLOT_ROW_COLUMNS
		}
	},
	{
		AZR_ROW_SNAPSHOT,
		"SELECT n.domain::text, n.edition::text, n.root::uuid, n.sequence::bigint, "
		"n.state_type::text, n.state::bytea, n.created_at::timestamptz, "
		"n.retention::text, n.filed_at::timestamptz, n.late_transient::boolean "
		"FROM %s.azr_latest_snapshots n WHERE %s.azr_slot(n.root) = $1 "
		"UNION ALL "
		"SELECT n.domain::text, n.edition::text, n.root::uuid, n.sequence::bigint, "
		"n.state_type::text, n.state::bytea, n.created_at::timestamptz, "
		"n.retention::text, n.filed_at::timestamptz, NULL "
		"FROM %s.azr_snapshot_history n WHERE %s.azr_slot(n.root) = $1",
		{
			SLOT_ROW_domain, SLOT_ROW_edition, SLOT_ROW_root, SLOT_ROW_sequence, SLOT_ROW_type,
			SLOT_ROW_payload, SLOT_ROW_created_at, SLOT_ROW_setting, SLOT_ROW_filed_at,
			SLOT_ROW_late_transient, SLOT_ROW_COLUMNS
		}
	}
};

typedef struct Export
{
	ReturnSetInfo *set;
	Snapshot	snapshot;
	int64		max_rows;
	int64		rows;
	Size		bytes;
	text	   *kind;			/* of the rows that follow */
	const AzrSlotRowColumn *columns;	/* of a query of 'kept', with
										 * SLOT_ROW_COLUMNS as the end */
	Datum		values[SLOT_ROW_COLUMNS];
	bool		nulls[SLOT_ROW_COLUMNS];

	int			count;
	int			allocated;
	ExportedStream *streams;
} Export;

static void begin_rows(Export *export, const char *kind);
static void set_value(Export *export, AzrSlotRowColumn column, Datum value);
static void put_row(Export *export);
static void export_gone(Export *export, const AzrQueryArgs *args);
static void put_gone(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg);
static bool export_stream(Export *export, const ExportedStream *stream);
static Size export_event(Export *export, const ExportedStream *stream, TupleTableSlot *event);
static void export_erasure(Export *export, const ExportedStream *stream);
static void put_columns(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_slot_ends(slot) -> setof azr_slot_end
 */
Datum
azr_slot_ends(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT4OID, Int32GetDatum(azr_arg_slot(fcinfo, 0, "slot")), false);
	return azr_query_return_set(fcinfo,
								"SELECT s.domain, s.edition, s.root, n.next, s.created_at "
								"FROM %s.azr_streams s CROSS JOIN LATERAL ("
								"SELECT max(e.sequence) + 1 AS next FROM %s.azr_events e "
								"WHERE e.stream_id = s.stream_id) n "
								"WHERE %s.azr_slot(s.root) = $1",
								&args);
}

/*
 * azr_slot_export(slot, have, max_rows) -> setof azr_slot_row
 *
 * What 'have' says of a stream counts only if it is the same stream: see azr_slot_end.
 */
Datum
azr_slot_export(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {.plan_anew = true};
	Export	   *export = palloc0(sizeof(Export));
	int			slot = azr_arg_slot(fcinfo, 0, "slot");
	bool		has_none = PG_ARGISNULL(1);

	export->max_rows = azr_arg_count(fcinfo, 2, "max_rows");
	if (export->max_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_rows\" must be 1 or more")));
	export->snapshot = GetActiveSnapshot();
	export->set = azr_set_begin(fcinfo, azr_slot_row_types, SLOT_ROW_COLUMNS);
	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);
	if (!has_none)
	{
		azr_query_arg(&args, get_fn_expr_argtype(fcinfo->flinfo, 1), PG_GETARG_DATUM(1), false);
		export_gone(export, &args);
	}

	azr_query_read(has_none
				   ? "SELECT s.domain::text, s.edition::text, s.root::uuid, s.stream_id::bigint, "
				   "s.divergence::bigint, s.created_at::timestamptz, "
				   "coalesce(s.divergence, 0)::bigint, n.next::bigint "
				   "FROM %s.azr_streams s CROSS JOIN LATERAL ("
				   "SELECT max(e.sequence) + 1 AS next FROM %s.azr_events e "
				   "WHERE e.stream_id = s.stream_id) n "
				   "WHERE %s.azr_slot(s.root) = $1 AND n.next > 0 "
				   "ORDER BY s.root, s.domain, s.stream_id < 0, s.edition"
				   : "SELECT s.domain::text, s.edition::text, s.root::uuid, s.stream_id::bigint, "
				   "s.divergence::bigint, s.created_at::timestamptz, "
				   "coalesce(h.next_sequence, s.divergence, 0)::bigint, n.next::bigint "
				   "FROM %s.azr_streams s CROSS JOIN LATERAL ("
				   "SELECT max(e.sequence) + 1 AS next FROM %s.azr_events e "
				   "WHERE e.stream_id = s.stream_id) n "
				   "LEFT JOIN unnest($2) h ON h.root = s.root AND h.domain = s.domain "
				   "AND h.edition = s.edition AND h.created_at = s.created_at "
				   "WHERE %s.azr_slot(s.root) = $1 AND n.next > 0 "
				   "AND n.next <> coalesce(h.next_sequence, s.divergence, 0) "
				   "ORDER BY s.root, s.domain, s.stream_id < 0, s.edition",
				   &args, note_stream, export);
	begin_rows(export, AZR_ROW_EVENT);
	for (int i = 0; i < export->count; i++)
	{
		if (!export_stream(export, &export->streams[i]))
			break;
	}
	PG_RETURN_NULL();
}

/*
 * azr_slot_export_state(slot) -> setof azr_slot_row
 */
Datum
azr_slot_export_state(PG_FUNCTION_ARGS)
{
	int			slot = azr_arg_slot(fcinfo, 0, "slot");
	AzrQueryArgs args = {0};
	Export	   *export = palloc0(sizeof(Export));
	AzrSlotState state;

	azr_streams_lock(AccessShareLock);
	state = azr_slot_state(slot);
	if (state.is_own && !state.is_frozen)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d is not frozen", slot),
				 errdetail("What is exported of it could change before the slot has moved."),
				 errhint("Call azr_slot_freeze() first.")));
	export->set = azr_set_begin(fcinfo, azr_slot_row_types, SLOT_ROW_COLUMNS);
	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);

	begin_rows(export, AZR_ROW_STATE);
	put_row(export);
	for (int i = 0; i < lengthof(kept); i++)
	{
		begin_rows(export, kept[i].kind);
		export->columns = kept[i].columns;
		azr_query_each(kept[i].sql, &args, put_columns, export);
	}
	PG_RETURN_NULL();
}

/*
 * Begin with rows of a kind, which have no other column yet.
 */
static void
begin_rows(Export *export, const char *kind)
{
	export->kind = cstring_to_text(kind);
	memset(export->nulls, true, sizeof(export->nulls));
	set_value(export, SLOT_ROW_kind, PointerGetDatum(export->kind));
}

static void
set_value(Export *export, AzrSlotRowColumn column, Datum value)
{
	export->values[column] = value;
	export->nulls[column] = false;
}

static void
put_row(Export *export)
{
	set_value(export, SLOT_ROW_number, Int64GetDatum(++export->rows));
	azr_set_put(export->set, export->values, export->nulls);
}

/*
 * Name the streams that the other node has, and this one has no more.  Only an edition can be
 * deleted.
 */
static void
export_gone(Export *export, const AzrQueryArgs *args)
{
	begin_rows(export, AZR_ROW_GONE);
	azr_query_each("SELECT h.domain::text, h.edition::text, h.root::uuid, h IS NOT NULL "
				   "FROM unnest($2) h WHERE NOT h IS NOT NULL "
				   "OR %s.azr_slot(h.root) = $1 AND NOT EXISTS ("
				   "SELECT FROM %s.azr_streams s WHERE s.root = h.root AND s.domain = h.domain "
				   "AND s.edition = h.edition AND s.created_at = h.created_at)",
				   args, put_gone, export);
}

static void
put_gone(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Export	   *export = (Export *) arg;
	AzrStreamName name;

	if (nulls[3] || !DatumGetBool(values[3]))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"have\" must not have NULLs")));
	name = azr_copy_stream_name(values);
	if (azr_edition_is_main(name.edition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the other node has a stream \"%s\" that this node does not have",
						azr_stream_label(&name)),
				 errdetail("Either there is none of that name here, or it was created at another time."),
				 errhint("Delete what the other node has of the slot, with azr_slot_drop(), and begin again.")));
	set_value(export, SLOT_ROW_domain, values[0]);
	set_value(export, SLOT_ROW_edition, values[1]);
	set_value(export, SLOT_ROW_root, values[2]);
	put_row(export);
}

static void
note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Export	   *export = (Export *) arg;
	ExportedStream *stream;

	azr_check_row(nulls, 4);
	azr_check_row(&nulls[5], 3);
	export->streams = azr_grow(export->streams, export->count, &export->allocated,
							   sizeof(ExportedStream));
	stream = &export->streams[export->count++];
	stream->name = azr_copy_stream_name(values);
	stream->id = DatumGetInt64(values[3]);
	stream->has_divergence = !nulls[4];
	stream->divergence = nulls[4] ? 0 : DatumGetInt64(values[4]);
	stream->created_at = DatumGetTimestampTz(values[5]);
	stream->from = DatumGetInt64(values[6]);
	stream->next = DatumGetInt64(values[7]);
	if (stream->from > stream->next)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the other node has more events of stream \"%s\" than this node",
						azr_stream_label(&stream->name)),
				 errdetail("Its next sequence is %lld there, and %lld here.",
						   (long long) stream->from, (long long) stream->next)));
}

/*
 * Export the events of a stream that the other node lacks.  Returns false if there were enough
 * rows before the end.
 */
static bool
export_stream(Export *export, const ExportedStream *stream)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr export",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(scratch);
	AzrOptionalInt64 to = {true, stream->next};
	AzrEventScan scan;
	TupleTableSlot *event;
	int64		left = 0;		/* of the append */
	bool		is_full = false;

	azr_event_scan_begin(&scan, stream->id, stream->from, to, export->snapshot);
	while ((event = azr_event_scan_next(&scan)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (azr_stored_ticket(event) != AZR_NO_TICKET)
			left = 0;
		is_full = left == 0 &&
			(export->rows >= export->max_rows || export->bytes >= MOST_BYTES);
		if (is_full)
			break;
		if (azr_stored_ticket(event) != AZR_NO_TICKET)
			left = azr_stored_ticket_events(event);
		export->bytes += export_event(export, stream, event);
		left = Max(left - 1, 0);
	}
	azr_event_scan_end(&scan);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(scratch);
	return !is_full;
}

/*
 * Export an event.  Returns about how many bytes it takes.
 */
static Size
export_event(Export *export, const ExportedStream *stream, TupleTableSlot *event)
{
	const Datum *stored = event->tts_values;
	const bool *stored_nulls = event->tts_isnull;
	AzrCorrelationText room;
	bool		is_uncorrelated;
	Datum		correlation_id = azr_stored_correlation_id(event, &room, &is_uncorrelated);
	text	   *type = azr_stored_event_type(event);
	Size		bytes;

#define AZR_COPY(name) \
	export->values[SLOT_ROW_##name] = stored[Anum_azr_events_##name - 1], \
	export->nulls[SLOT_ROW_##name] = stored_nulls[Anum_azr_events_##name - 1]
	AZR_COPY(sequence);
	AZR_COPY(payload);
	AZR_COPY(metadata);
	AZR_COPY(created_at);
	AZR_COPY(external_id);
	AZR_COPY(source_domain);
	AZR_COPY(source_edition);
	AZR_COPY(source_root);
	AZR_COPY(source_sequence);
	AZR_COPY(cascade_id);
	AZR_COPY(committed);
#undef AZR_COPY
	set_value(export, SLOT_ROW_domain, PointerGetDatum(stream->name.domain));
	set_value(export, SLOT_ROW_edition, PointerGetDatum(stream->name.edition));
	set_value(export, SLOT_ROW_root, UUIDPGetDatum(stream->name.root));
	set_value(export, SLOT_ROW_type, PointerGetDatum(type));
	export->values[SLOT_ROW_correlation_id] = correlation_id;
	export->nulls[SLOT_ROW_correlation_id] = is_uncorrelated;
	export->nulls[SLOT_ROW_append_events] = azr_stored_ticket(event) == AZR_NO_TICKET;
	export->values[SLOT_ROW_append_events] =
		Int32GetDatum((int32) azr_stored_ticket_events(event));
	export->nulls[SLOT_ROW_divergence] = !stream->has_divergence;
	export->values[SLOT_ROW_divergence] = Int64GetDatum(stream->divergence);
	set_value(export, SLOT_ROW_stream_created_at, TimestampTzGetDatum(stream->created_at));
	export->nulls[SLOT_ROW_erased_at] = export->nulls[SLOT_ROW_erased_by] =
		export->nulls[SLOT_ROW_erased_type] = export->nulls[SLOT_ROW_description] = true;
	if (azr_text_is(type, AZR_ERASED_TYPE))
		export_erasure(export, stream);

	bytes = VARSIZE_ANY(DatumGetPointer(stored[Anum_azr_events_payload - 1]));
	if (!stored_nulls[Anum_azr_events_metadata - 1])
		bytes += VARSIZE_ANY(DatumGetPointer(stored[Anum_azr_events_metadata - 1]));
	put_row(export);
	pfree(type);
	return bytes;
}

/*
 * Say of an event that it was erased, by whom, when and why.
 */
static void
export_erasure(Export *export, const ExportedStream *stream)
{
	AzrErased	erased;

	if (!azr_erased_find(stream->id, DatumGetInt64(export->values[SLOT_ROW_sequence]),
						 export->snapshot, &erased))
		return;
	set_value(export, SLOT_ROW_erased_at, TimestampTzGetDatum(erased.erased_at));
	set_value(export, SLOT_ROW_erased_by, PointerGetDatum(erased.erased_by));
	set_value(export, SLOT_ROW_erased_type, PointerGetDatum(erased.type));
	set_value(export, SLOT_ROW_description, PointerGetDatum(erased.reason));
}

/*
 * Export a row of a query of 'kept'.
 */
static void
put_columns(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Export	   *export = (Export *) arg;

	for (int i = 0; export->columns[i] != SLOT_ROW_COLUMNS; i++)
	{
		export->values[export->columns[i]] = values[i];
		export->nulls[export->columns[i]] = nulls[i];
	}
	put_row(export);
}
