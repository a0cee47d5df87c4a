/*-------------------------------------------------------------------------
 *
 * import_batch.c
 *	  Storing imported events: appends to many streams at once.
 *
 * See import_batch.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "events/append_protocol.h"
#include "events/event_args.h"
#include "events/event_insert.h"
#include "events/expected_sequence.h"
#include "events/max_payload.h"
#include "import/import_batch.h"
#include "miscadmin.h"
#include "plumbing/error.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* How much is gathered at most.  Each stream has a lock meanwhile. */
#define LOT_ROWS	2048
#define LOT_STREAMS 256
#define LOT_BYTES	(4 * 1024 * 1024)

/* The memory of one lot, and more. */
#define MALLOC_KEEPS	(16 * 1024 * 1024)

/* Places for hashes of the streams of a lot: a power of 2, and more than those. */
#define SEEN_PLACES 1024

StaticAssertDecl(SEEN_PLACES > 2 * LOT_STREAMS, "too few places for hashes of streams");

/* A row, checked. */
typedef struct ImportRow
{
	AzrStreamName name;
	int64		sequence;
	text	   *type;
	Datum		payload;
	Datum		metadata;
	bool		no_metadata;
	TimestampTz created_at;		/* or AZR_NOW */
	text	   *correlation_id;
	text	   *external_id;
	Size		bytes;
} ImportRow;

/* A stream of the lot. */
typedef struct LotStream
{
	AzrStreamName name;
	AzrLockedStream locked;
	bool		checked;		/* that it may be appended to, and where */
	AzrAppendPlace place;		/* where its first event of the lot goes */
	int			first;			/* of its events in the lot */
	int			count;
} LotStream;

struct AzrImport
{
	AzrImportRows *rows;
	MemoryContext context;		/* of all this */
	MemoryContext scratch;		/* of the lot */
	int			max_payload;	/* of the domain of the row that was read last */

	/* where we are, for errors */
	int64		row;			/* that was read last, from 1 */
	int64		first_row;		/* of the lot */
	bool		at_row;			/* doing something with that row alone? */
	const AzrStreamName *row_name;	/* its stream, if that is known */
	int64		row_sequence;

	TupleTableSlot *ahead;		/* the row that was read last */
	bool		has_ahead;		/* and is not in the lot yet */

	/* the lot */
	bool		is_main;		/* are its streams on the main timeline? */
	int			nslots;			/* whose data the lot needs */
	Size		bytes;
	int			nevents;
	int			nstreams;
	LotStream  *current;		/* the one that the last row was of; NULL for
								 * none */
	struct
	{
		char		domain[VARHDRSZ + AZR_MAX_NAME_BYTES];
		char		edition[VARHDRSZ + AZR_MAX_NAME_BYTES];
		pg_uuid_t	root;
	}			kept;			/* its names, if it was in the lot before */
	bool		comparing;		/* is there a scan of its events? */
	AzrEventScan scan;
	uint64		seen[SEEN_PLACES];	/* hashes of streams; 0 for none */
	LotStream	streams[LOT_STREAMS];
	TupleTableSlot *slots[LOT_ROWS];

	/* its events, which are to be stored */
	Datum		types[LOT_ROWS];
	Datum		payloads[LOT_ROWS];
	Datum		metadata[LOT_ROWS];
	bool		metadata_nulls[LOT_ROWS];
	TimestampTz created_at[LOT_ROWS];
	text	   *correlation_ids[LOT_ROWS];
	text	   *external_ids[LOT_ROWS];
};

static bool fetch(AzrImport *import);
static void read_row(AzrImport *import, ImportRow *row, bool *new_stream);
static bool is_current(const AzrImport *import, TupleTableSlot *slot);
static bool is_text(TupleTableSlot *slot, int column, const text *value);
static bool fits(AzrImport *import, const ImportRow *row, bool new_stream);
static bool see(AzrImport *import, const AzrStreamName *name);
static void begin_stream(AzrImport *import, const ImportRow *row);
static void check_stream(AzrImport *import, const ImportRow *row);
static bool put(AzrImport *import, const ImportRow *row);
static void compare(AzrImport *import, const ImportRow *row);
static const char *difference(TupleTableSlot *event, const ImportRow *row);
static bool same_column(TupleTableSlot *event, AttrNumber attno, Datum value, bool isnull);
static bool same_text(const text *a, const text *b);
static void end_comparing(AzrImport *import);
static void store_lot(AzrImport *import);
static void create_streams(AzrImport *import);
static void store_events(AzrImport *import);
static void keep_current(AzrImport *import);
static text *keep_text(const text *value, char *place);
static void describe_row(void *arg);

/*
 * Begin to import rows.  What is kept lives in the current memory context.
 */
AzrImport *
azr_import_begin(AzrImportRows *rows)
{
	AzrImport  *import = palloc0(sizeof(AzrImport));

	/*
	 * Each lot needs some megabytes again.  Once a larger block was freed,
	 * malloc() of the GNU C library keeps such memory between lots, in place
	 * of giving it back to the system each time.
	 */
	pfree(palloc(MALLOC_KEEPS));

	import->rows = rows;
	import->context = CurrentMemoryContext;
	import->scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr import",
											ALLOCSET_DEFAULT_SIZES);
	import->first_row = 1;
	import->ahead = MakeSingleTupleTableSlot(rows->desc, &TTSOpsMinimalTuple);
	return import;
}

/*
 * Store 'nrows' rows, and those after them that are of the same stream as the last of them.
 * Adds to what was done.  Returns false if there are no more rows.
 *
 * Raises 25006 if the transaction is read-only: the query may have made it so, or those that
 * follow its own.  Raises what an append does, and ZR001 for a row that does not follow the one
 * before it, or is another event than the one that the stream has.  The error's context names
 * the row.
 */
bool
azr_import_batch(AzrImport *import, int64 nrows, AzrImportCounts *counts)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(import->scratch);
	ErrorContextCallback context = {error_context_stack, describe_row, import};
	int64		taken = 0;
	bool		more;

	PreventCommandIfReadOnly("azr_import()");
	error_context_stack = &context;
	while ((more = fetch(import)))
	{
		ImportRow	row;
		bool		new_stream;

		CHECK_FOR_INTERRUPTS();
		read_row(import, &row, &new_stream);
		if (new_stream && taken >= nrows)
			break;
		if (!fits(import, &row, new_stream))
		{
			store_lot(import);
			read_row(import, &row, &new_stream);
			(void) see(import, &row.name);
		}
		if (new_stream)
		{
			begin_stream(import, &row);
			counts->streams++;
		}
		if (put(import, &row))
			counts->stored++;
		else
			counts->passed_over++;
		taken++;
	}
	store_lot(import);

	/*
	 * the locks go with the transaction, and the next row is of another
	 * stream
	 */
	import->current = NULL;
	import->nstreams = 0;
	error_context_stack = context.previous;
	MemoryContextSwitchTo(oldcontext);
	counts->rows += taken;
	return more;
}

/*
 * Have the next row in the slot for it.  Returns false after the last one.
 */
static bool
fetch(AzrImport *import)
{
	MemoryContext oldcontext;

	if (import->has_ahead)
		return true;
	oldcontext = MemoryContextSwitchTo(import->context);
	import->has_ahead = tuplestore_gettupleslot(import->rows->store, true, true, import->ahead);
	MemoryContextSwitchTo(oldcontext);
	if (import->has_ahead)
		import->row++;
	return import->has_ahead;
}

/*
 * Check the row, as the arguments of an append are.  Says whether it is of another stream than
 * the row before.
 */
static void
read_row(AzrImport *import, ImportRow *row, bool *new_stream)
{
	TupleTableSlot *slot = import->ahead;

	LOCAL_FCINFO(columns, AZR_IMPORT_COLUMNS);
	AzrNewEvents event = {0};

	event.count = 1;
	event.payloads = &row->payload;
	import->at_row = true;
	import->row_name = NULL;
	slot_getallattrs(slot);
	for (int i = 0; i < AZR_IMPORT_COLUMNS; i++)
	{
		columns->args[i].value = slot->tts_values[i];
		columns->args[i].isnull = slot->tts_isnull[i];
	}

#define NAME_OF(column)	azr_import_columns[column]
	/* most rows are of the stream that the one before was of */
	*new_stream = !is_current(import, slot);
	if (!*new_stream)
		row->name = import->current->name;
	else
	{
		row->name.domain = azr_arg_name(columns, AZR_IMPORT_DOMAIN,
										NAME_OF(AZR_IMPORT_DOMAIN));
		row->name.edition = azr_arg_edition(columns, AZR_IMPORT_EDITION,
											NAME_OF(AZR_IMPORT_EDITION));
		row->name.root = azr_arg_uuid(columns, AZR_IMPORT_ROOT, NAME_OF(AZR_IMPORT_ROOT));
		import->max_payload = azr_max_payload(row->name.domain);
	}
	row->sequence = azr_arg_count(columns, AZR_IMPORT_SEQUENCE, NAME_OF(AZR_IMPORT_SEQUENCE));
	import->row_name = &row->name;
	import->row_sequence = row->sequence;

	row->type = azr_arg_type(columns, AZR_IMPORT_TYPE, NAME_OF(AZR_IMPORT_TYPE));
	row->payload = PointerGetDatum(azr_arg_bytea(columns, AZR_IMPORT_PAYLOAD,
												 NAME_OF(AZR_IMPORT_PAYLOAD)));
	row->metadata = slot->tts_values[AZR_IMPORT_METADATA];
	row->no_metadata = slot->tts_isnull[AZR_IMPORT_METADATA];
	row->created_at = AZR_NOW;
	if (!slot->tts_isnull[AZR_IMPORT_CREATED_AT])
	{
		row->created_at = DatumGetTimestampTz(slot->tts_values[AZR_IMPORT_CREATED_AT]);
		if (TIMESTAMP_NOT_FINITE(row->created_at))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("created_at of an event must be finite")));
	}
	row->correlation_id = azr_arg_id(columns, AZR_IMPORT_CORRELATION_ID,
									 NAME_OF(AZR_IMPORT_CORRELATION_ID));
	row->external_id = azr_arg_id(columns, AZR_IMPORT_EXTERNAL_ID,
								  NAME_OF(AZR_IMPORT_EXTERNAL_ID));
#undef NAME_OF

	row->bytes = VARSIZE_ANY(DatumGetPointer(row->payload));
	if (!row->no_metadata)
	{
		event.metadata = &row->metadata;
		event.metadata_nulls = &row->no_metadata;
		row->bytes += VARSIZE_ANY(DatumGetPointer(row->metadata));
	}
	azr_check_event_sizes(&event, import->max_payload);
}

/*
 * Is a row of the same stream as the one before it?
 */
static bool
is_current(const AzrImport *import, TupleTableSlot *slot)
{
	const AzrStreamName *current;

	if (import->current == NULL)
		return false;
	current = &import->current->name;
	return !slot->tts_isnull[AZR_IMPORT_ROOT] &&
		memcmp(current->root, DatumGetUUIDP(slot->tts_values[AZR_IMPORT_ROOT]), UUID_LEN) == 0 &&
		is_text(slot, AZR_IMPORT_DOMAIN, current->domain) &&
		(slot->tts_isnull[AZR_IMPORT_EDITION] ||
		 VARSIZE_ANY_EXHDR(DatumGetPointer(slot->tts_values[AZR_IMPORT_EDITION])) == 0
		 ? azr_edition_is_main(current->edition)
		 : is_text(slot, AZR_IMPORT_EDITION, current->edition));
}

static bool
is_text(TupleTableSlot *slot, int column, const text *value)
{
	return !slot->tts_isnull[column] &&
		azr_same_text(DatumGetTextPP(slot->tts_values[column]), value);
}

/*
 * May the row join the lot?  A stream that was in the lot before, and is not the current one,
 * must be stored first, since it is looked up in the tables.
 */
static bool
fits(AzrImport *import, const ImportRow *row, bool new_stream)
{
	if (import->nslots == LOT_ROWS || import->bytes >= LOT_BYTES)
		return false;
	if (!new_stream)
		return true;
	if (import->nstreams > 0 &&
		(import->nstreams == LOT_STREAMS ||
		 import->is_main != azr_edition_is_main(row->name.edition)))
		return false;
	return see(import, &row->name);
}

/*
 * Note that a stream is in the lot.  Returns false if it was already, or may have been.
 */
static bool
see(AzrImport *import, const AzrStreamName *name)
{
	uint64		hash = azr_hash_text(name->edition, azr_hash_text(name->domain, 0));
	int			place;

	hash = hash_bytes_extended(name->root->data, UUID_LEN, hash) | 1;
	for (place = hash / 2 % SEEN_PLACES; import->seen[place] != 0;
		 place = (place + 1) % SEEN_PLACES)
		if (import->seen[place] == hash)
			return false;
	import->seen[place] = hash;
	return true;
}

/*
 * Lock the stream of a row, which is the first of this stream in the lot.
 */
static void
begin_stream(AzrImport *import, const ImportRow *row)
{
	LotStream  *stream;

	end_comparing(import);
	import->is_main = azr_edition_is_main(row->name.edition);
	stream = &import->streams[import->nstreams];
	stream->name = row->name;
	stream->locked = azr_append_lock(&row->name, row->sequence == 0);
	stream->checked = false;
	stream->first = import->nevents;
	stream->count = 0;
	import->current = stream;
	import->nstreams++;
}

/*
 * Find out where events go in the current stream, which has none of them yet.
 */
static void
check_stream(AzrImport *import, const ImportRow *row)
{
	LotStream  *stream = import->current;
	AzrAppend	append = {0};

	append.stream = row->name;
	append.expected.given = true;
	append.expected.value = row->sequence;
	stream->place = azr_append_place(&append, &stream->locked);
	stream->checked = true;
}

/*
 * Take the row.  Returns false if the stream has it already.
 */
static bool
put(AzrImport *import, const ImportRow *row)
{
	LotStream  *stream = import->current;
	int			n = import->nevents;
	TupleTableSlot *slot = import->ahead;
	bool		is_new = row->sequence >= stream->locked.end.next;
	int64		next = stream->locked.end.next;

	/* what is there may be imported again where nothing may be added */
	if (is_new && !stream->checked)
		check_stream(import, row);
	if (stream->checked)
		next = stream->place.next + stream->count;
	if (!is_new)
		compare(import, row);
	else if (row->sequence != next)
		azr_sequence_conflict(&row->name, row->sequence, next,
							  row->sequence < next
							  ? "The query gives a sequence twice, or not in the order of the stream."
							  : "The query must give all events of a stream, in order, that are not stored yet.");
	else
	{
		import->types[n] = PointerGetDatum(row->type);
		import->payloads[n] = row->payload;
		import->metadata[n] = row->metadata;
		import->metadata_nulls[n] = row->no_metadata;
		import->created_at[n] = row->created_at;
		import->correlation_ids[n] = row->correlation_id;
		import->external_ids[n] = row->external_id;
		import->nevents++;
		stream->count++;
		import->bytes += row->bytes;
	}

	/* the row's data must stay where it is */
	import->ahead = import->slots[import->nslots];
	import->slots[import->nslots++] = slot;
	if (import->ahead == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(import->context);

		import->ahead = MakeSingleTupleTableSlot(import->rows->desc, &TTSOpsMinimalTuple);
		MemoryContextSwitchTo(oldcontext);
	}
	import->has_ahead = false;
	return is_new;
}

/*
 * Compare a row with the event that the stream has at its sequence.
 */
static void
compare(AzrImport *import, const ImportRow *row)
{
	const AzrLockedStream *locked = &import->current->locked;
	AzrOptionalInt64 to = {true, locked->end.next};
	TupleTableSlot *event;
	const char *differs = NULL;

	if (!import->comparing)
	{
		azr_event_scan_begin(&import->scan, locked->lock.stream.id, row->sequence, to,
							 SnapshotSelf);
		import->comparing = true;
	}
	event = azr_event_scan_next(&import->scan);
	if (event != NULL && azr_stored_sequence(event) == row->sequence)
		differs = difference(event, row);
	else
		azr_sequence_conflict(&row->name, row->sequence, locked->end.next,
							  "The query must give the events of a stream in order, and only those that it owns.");
	if (differs != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
				 errmsg("stream \"%s\" has another event at sequence %lld",
						azr_stream_label(&row->name), (long long) row->sequence),
				 errdetail("It differs in \"%s\".", differs),
				 errhint("An event that is stored already is passed over only if it is the same.")));
}

/*
 * The first column in which a stored event differs from a row, or NULL.  A row that does not
 * say when its event was created may have been stored at any time.
 */
static const char *
difference(TupleTableSlot *event, const ImportRow *row)
{
	AzrCorrelationText room;
	bool		uncorrelated;
	Datum		correlation_id = azr_stored_correlation_id(event, &room, &uncorrelated);

	if (!azr_same_text(azr_stored_event_type(event), row->type))
		return azr_import_columns[AZR_IMPORT_TYPE];
	if (!same_column(event, Anum_azr_events_payload, row->payload, false))
		return azr_import_columns[AZR_IMPORT_PAYLOAD];
	if (!same_column(event, Anum_azr_events_metadata, row->metadata, row->no_metadata))
		return azr_import_columns[AZR_IMPORT_METADATA];
	if (row->created_at != AZR_NOW && row->created_at != azr_stored_created_at(event))
		return azr_import_columns[AZR_IMPORT_CREATED_AT];
	if (!same_text(uncorrelated ? NULL : DatumGetTextPP(correlation_id), row->correlation_id))
		return azr_import_columns[AZR_IMPORT_CORRELATION_ID];
	if (!same_column(event, Anum_azr_events_external_id,
					 PointerGetDatum(row->external_id), row->external_id == NULL))
		return azr_import_columns[AZR_IMPORT_EXTERNAL_ID];
	if (!event->tts_isnull[Anum_azr_events_cascade_id - 1])
		return "cascade_id";
	if (!event->tts_isnull[Anum_azr_events_source_root - 1])
		return "source_root";
	return NULL;
}

static bool
same_column(TupleTableSlot *event, AttrNumber attno, Datum value, bool isnull)
{
	if (isnull || event->tts_isnull[attno - 1])
		return isnull == event->tts_isnull[attno - 1];
	return datum_image_eq(event->tts_values[attno - 1], value, false, -1);
}

static bool
same_text(const text *a, const text *b)
{
	return a == NULL || b == NULL ? a == b : azr_same_text(a, b);
}

static void
end_comparing(AzrImport *import)
{
	if (import->comparing)
		azr_event_scan_end(&import->scan);
	import->comparing = false;
}

/*
 * Store what was gathered.  The current stream stays that.
 */
static void
store_lot(AzrImport *import)
{
	import->at_row = false;
	end_comparing(import);
	if (import->nevents > 0)
	{
		create_streams(import);
		store_events(import);
	}
	for (int i = 0; i < import->nstreams; i++)
	{
		LotStream  *stream = &import->streams[i];

		if (stream->count > 0)
			azr_stream_appended(&stream->locked.lock);
		else if (stream != import->current)
			azr_stream_unlock(&stream->locked.lock);
	}
	keep_current(import);

	for (int i = 0; i < import->nslots; i++)
		ExecClearTuple(import->slots[i]);
	import->nslots = 0;
	import->bytes = 0;
	import->nevents = 0;
	import->first_row = import->row;
	memset(import->seen, 0, sizeof(import->seen));
	MemoryContextReset(import->scratch);
}

/*
 * Give the lot's new streams their rows.
 */
static void
create_streams(AzrImport *import)
{
	AzrNewStream *created = palloc(import->nstreams * sizeof(AzrNewStream));
	int			ncreated = 0;

	for (int i = 0; i < import->nstreams; i++)
	{
		const LotStream *stream = &import->streams[i];

		if (stream->locked.lock.stream.id == AZR_NO_STREAM)
			created[ncreated++] = (AzrNewStream)
		{
			.name = stream->name,
				.first = stream->place.next,
				.last = stream->place.next + stream->count - 1
		};
	}
	if (ncreated > 0)
		azr_streams_create(created, ncreated);
	ncreated = 0;
	for (int i = 0; i < import->nstreams; i++)
		if (import->streams[i].locked.lock.stream.id == AZR_NO_STREAM)
			import->streams[i].locked.lock.stream = created[ncreated++].stream;
}

/*
 * Store the lot's events, those of each stream in one run.
 */
static void
store_events(AzrImport *import)
{
	AzrEventRun *runs = palloc(import->nstreams * sizeof(AzrEventRun));
	int			nruns = 0;

	for (int i = 0; i < import->nstreams; i++)
	{
		LotStream  *stream = &import->streams[i];
		AzrEventRun *run = &runs[nruns];
		AzrNewEvents *events;

		if (stream->count == 0)
			continue;
		events = &run->events;
		memset(run, 0, sizeof(AzrEventRun));
		run->name = stream->name;
		run->stream_id = stream->locked.lock.stream.id;
		run->first_sequence = stream->place.next;
		run->leaf = stream->place.leaf;
		events->count = stream->count;
		events->types = &import->types[stream->first];
		events->payloads = &import->payloads[stream->first];
		events->metadata = &import->metadata[stream->first];
		events->metadata_nulls = &import->metadata_nulls[stream->first];
		events->created_at = &import->created_at[stream->first];
		events->correlation_ids = &import->correlation_ids[stream->first];
		events->external_ids = &import->external_ids[stream->first];
		events->committed = true;
		azr_set_created_at(events, stream->place.created_before);
		azr_appended_to(stream->name.domain);
		nruns++;
	}
	azr_events_insert(runs, nruns);
}

/*
 * Begin the next lot with the current stream.  Its names are copied.  Its lock is kept if it
 * has none of our events.
 */
static void
keep_current(AzrImport *import)
{
	LotStream	kept;

	import->nstreams = 0;
	if (import->current == NULL)
		return;
	kept = *import->current;
	kept.name.domain = keep_text(kept.name.domain, import->kept.domain);
	kept.name.edition = keep_text(kept.name.edition, import->kept.edition);
	import->kept.root = *kept.name.root;
	kept.name.root = &import->kept.root;
	kept.locked.lock.taken = kept.locked.lock.taken && kept.count == 0;
	if (kept.count > 0)
		kept.place.created_before = import->created_at[kept.first + kept.count - 1];
	kept.place.next += kept.count;
	kept.count = 0;
	kept.first = 0;
	import->streams[0] = kept;
	import->current = &import->streams[0];
	import->nstreams = 1;
}

static text *
keep_text(const text *value, char *place)
{
	memmove(place, value, VARSIZE_ANY(value));
	return (text *) place;
}

/*
 * Say in an error which row it is about, or which rows.
 */
static void
describe_row(void *arg)
{
	const AzrImport *import = (const AzrImport *) arg;

	if (!import->at_row)
		errcontext("rows %lld to %lld of the query",
				   (long long) import->first_row, (long long) import->row);
	else if (import->row_name == NULL)
		errcontext("row %lld of the query", (long long) import->row);
	else
		errcontext("row %lld of the query, sequence %lld of stream \"%s\"",
				   (long long) import->row, (long long) import->row_sequence,
				   azr_stream_label(import->row_name));
}
