/*-------------------------------------------------------------------------
 *
 * feed_reader.c
 *	  Reading a part of the feed.
 *
 * A batch says which tickets it has.  The index on tickets gives the first event of each of
 * its appends, in order, with the number of events; the others follow it in the stream.
 *
 * A reader gives a row when it is asked for one.  In between it remembers where it stands: in
 * which batch, in which of the batch's ranges of tickets, and in which append.
 *
 * What is looked up for an event, its stream's names and its type, is remembered for the
 * next one, as far as that takes little memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/cascade_resolution.h"
#include "events/event_table.h"
#include "events/type.h"
#include "feed/feed_reader.h"
#include "feed/feed_table.h"
#include "miscadmin.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

/* How many streams a backend remembers, and how many types a reader, a power of two. */
#define MOST_STREAMS	20000
#define TYPES			64

/*
 * What is remembered of a stream of the main timeline: its names, which never change.  An event
 * that is in the feed is committed, and so is its stream.
 */
typedef struct KnownStream
{
	int64		stream_id;		/* hash key */
	text	   *domain;
	pg_uuid_t	root;
	char		status;			/* private to the hash */
} KnownStream;

#define SH_PREFIX		known_streams
#define SH_ELEMENT_TYPE	KnownStream
#include "streams/stream_hash.h"

/* Streams that are remembered, in a context of its own; NULL for none. */
static MemoryContext streams_context = NULL;
static known_streams_hash * known_streams;
static uint64 known_finding;	/* of the table of streams */
static text *last_domain;		/* that was remembered */

/* What is remembered of a type. */
typedef struct KnownType
{
	int32		number;
	text	   *type;			/* or NULL for nothing */
	bool		is_framework;
	bool		is_revocation;
	bool		is_wanted;
} KnownType;

struct AzrFeedReader
{
	AzrFeedRead read;
	Snapshot	snapshot;
	AzrBatchScan batches;
	AzrEventScan appends;		/* by ticket */
	AzrEventScan rest;			/* of an append */
	AzrEventScan only;			/* if one stream is read: its events after
								 * those that were read */
	int64		next_ticket;	/* of that, or AZR_NO_TICKET */
	AzrStreamNames names;
	AzrTypeNumbers types;		/* that are asked for */

	int64		position;		/* of the next event */
	AzrFeedBatch batch;
	bool		in_batch;
	int			next_range;		/* of the batch */
	bool		in_range;
	int64		append_end;		/* the position after the append that is read */
	int64		sequence;		/* of its next event */
	ItemPointerData place;		/* of an event before that */
	bool		in_rest;		/* is that found by its sequence? */
	KnownStream stream;			/* of that append; its domain is in 'scratch' */

	TupleTableSlot *event;		/* the one before 'position' */
	AzrEventScan confirmed;		/* pending events that it confirms */
	bool		is_confirming;	/* are these read? */

	text	   *edition;
	AzrCorrelationText correlation; /* of the last event */
	KnownType	known_types[TYPES];
	MemoryContext context;
	MemoryContext scratch;		/* of one batch */
};

static bool is_empty(const AzrFeedReader *reader);
static bool next_row(AzrFeedReader *reader, Datum *values, bool *nulls);
static TupleTableSlot *next_event(AzrFeedReader *reader);
static void begin_batch(AzrFeedReader *reader);
static void end_batch(AzrFeedReader *reader);
pg_noreturn static void raise_positions_missing(int64 first, int64 last);
static void begin_range(AzrFeedReader *reader);
static TupleTableSlot *next_append(AzrFeedReader *reader);
static bool is_read_there(const AzrFeedReader *reader, TupleTableSlot *first);
static bool is_wanted_append(AzrFeedReader *reader, int64 stream_id, int64 events);
static TupleTableSlot *next_of_append(AzrFeedReader *reader);
static void pass_stream(AzrFeedReader *reader);
static void next_of_stream(AzrFeedReader *reader);
static const KnownStream *know_stream(AzrFeedReader *reader, int64 stream_id);
static const KnownStream *remember_stream(int64 stream_id, const AzrStreamNames *names);
static void forget_streams(uint64 finding);
static const KnownType *know_type(AzrFeedReader *reader, TupleTableSlot *event);
static bool is_passed_over(AzrFeedReader *reader);
static void begin_confirmed(AzrFeedReader *reader);
static TupleTableSlot *next_confirmed(AzrFeedReader *reader);
static bool contains(const AzrArrayArg *array, const text *value);

/*
 * Return the events with after < position <= last that match, by a PostgreSQL snapshot.
 *
 * Raises XX001 where events of a batch are missing.
 */
void
azr_feed_read(const AzrFeedRead *read, Snapshot snapshot, ReturnSetInfo *rsinfo)
{
	AzrFeedReader *reader = azr_feed_reader_begin(read, snapshot);
	Datum		values[Natts_azr_feed_event];
	bool		nulls[Natts_azr_feed_event];

	while (azr_feed_reader_next(reader, values, nulls))
		azr_set_put(rsinfo, values, nulls);
	azr_feed_reader_end(reader);
}

/*
 * Show them to the callback.  Returns the last position that was looked at.
 *
 * Raises XX001 where events of a batch are missing.
 */
int64
azr_feed_each(const AzrFeedRead *read, Snapshot snapshot, AzrFeedCallback callback, void *arg)
{
	AzrFeedReader *reader = azr_feed_reader_begin(read, snapshot);
	Datum		values[Natts_azr_feed_event];
	bool		nulls[Natts_azr_feed_event];
	int64		last;

	while (azr_feed_reader_next(reader, values, nulls))
	{
		AzrFeedRow	row = {
			reader->position - 1, reader->stream.stream_id, azr_stored_sequence(reader->event),
			values, nulls
		};

		/* others of the same position are still to be shown */
		if (!callback(arg, &row))
			reader->read.last = row.position;
	}
	last = Max(reader->read.last, read->after);
	azr_feed_reader_end(reader);
	return last;
}

/*
 * Begin to read, by a PostgreSQL snapshot.  The reader belongs to the current memory context.
 * What 'read' points to, and the snapshot, must stay until azr_feed_reader_end().
 */
AzrFeedReader *
azr_feed_reader_begin(const AzrFeedRead *read, Snapshot snapshot)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "angzarr feed",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	AzrFeedReader *reader = palloc0(sizeof(AzrFeedReader));
	AzrOptionalInt64 end = {true, 0};
	AzrOptionalInt64 no_end = {false, 0};

	reader->context = context;
	reader->read = *read;
	reader->snapshot = snapshot;
	reader->position = read->after + 1;
	if (!is_empty(reader))
	{
		reader->scratch = AllocSetContextCreate(context, "angzarr feed batch",
												ALLOCSET_DEFAULT_SIZES);
		reader->edition = cstring_to_text(AZR_MAIN_EDITION);
		if (read->types.given)
			reader->types = azr_type_numbers(read->types.elems, read->types.count);
		azr_stream_names_begin(&reader->names, snapshot);
		if (streams_context == NULL || known_finding != reader->names.finding)
			forget_streams(reader->names.finding);
		azr_batch_scan_begin(&reader->batches, read->after + 1, snapshot);
		azr_ticket_event_scan_begin(&reader->appends, 1, 0, snapshot);
		azr_event_scan_begin(&reader->rest, 1, 0, end, snapshot);
	}
	if (!is_empty(reader) && read->stream_id != AZR_NO_STREAM)
	{
		azr_event_scan_begin(&reader->only, read->stream_id, read->sequence + 1, no_end,
							 snapshot);
		next_of_stream(reader);
	}
	MemoryContextSwitchTo(oldcontext);
	return reader;
}

/*
 * The next row, as the columns of azr_feed_event.  They are valid until the next one is asked
 * for.  Returns false after the last one.
 *
 * Raises XX001 where events of a batch are missing.
 */
bool
azr_feed_reader_next(AzrFeedReader *reader, Datum *values, bool *nulls)
{
	MemoryContext oldcontext;
	bool		found;

	if (is_empty(reader))
		return false;
	oldcontext = MemoryContextSwitchTo(reader->scratch);
	found = next_row(reader, values, nulls);
	MemoryContextSwitchTo(oldcontext);
	return found;
}

/*
 * The event that the last row is from: its stream, and the highest ticket of the appends that
 * were numbered together with it.
 */
int64
azr_feed_reader_stream(const AzrFeedReader *reader)
{
	return reader->stream.stream_id;
}

int64
azr_feed_reader_last_ticket(const AzrFeedReader *reader)
{
	const AzrTicketRanges *tickets = &reader->batch.tickets;

	return tickets->count > 0 ? tickets->all[tickets->count - 1].last : AZR_NO_TICKET;
}

void
azr_feed_reader_end(AzrFeedReader *reader)
{
	if (!is_empty(reader))
	{
		if (reader->is_confirming)
			azr_event_scan_end(&reader->confirmed);
		if (reader->read.stream_id != AZR_NO_STREAM)
			azr_event_scan_end(&reader->only);
		azr_event_scan_end(&reader->rest);
		azr_event_scan_end(&reader->appends);
		azr_batch_scan_end(&reader->batches);
		azr_stream_names_end(&reader->names);
	}
	MemoryContextDelete(reader->context);
}

/*
 * Is no position asked for at all?
 */
static bool
is_empty(const AzrFeedReader *reader)
{
	return reader->read.last <= reader->read.after;
}

/*
 * An event gives itself; or what becomes effective with it.  That is the event, unless it waits
 * for its cascade or is the framework's, and what it confirms, before it.
 */
static bool
next_row(AzrFeedReader *reader, Datum *values, bool *nulls)
{
	bool		effective = reader->read.effective;

	for (;;)
	{
		TupleTableSlot *row = NULL;
		const KnownType *type;

		if (!reader->is_confirming)
		{
			reader->event = next_event(reader);
			if (reader->event == NULL)
				return false;
			if (is_passed_over(reader))
				continue;
			if (effective)
				begin_confirmed(reader);
		}
		if (reader->is_confirming)
			row = next_confirmed(reader);
		if (row == NULL)
		{
			row = reader->event;
			type = know_type(reader, row);
			if (effective && type->is_framework)
				continue;
		}
		else
			type = know_type(reader, row);
		if (type->is_wanted)
		{
			AzrFeedPlace place = {
				reader->position - 1, reader->stream.domain, reader->edition,
				&reader->stream.root, type->type
			};

			azr_feed_event_result(row, &place,
								  reader->read.no_correlation_id ? NULL : &reader->correlation,
								  values, nulls);
			return true;
		}
	}
}

/*
 * The next event of an append that is asked for, or NULL after the last one.
 */
static TupleTableSlot *
next_event(AzrFeedReader *reader)
{
	TupleTableSlot *event = NULL;

	while (event == NULL && reader->position <= reader->read.last)
	{
		if (reader->position < reader->append_end)
			event = next_of_append(reader);
		else if (reader->in_range)
			event = next_append(reader);
		else if (!reader->in_batch)
			begin_batch(reader);
		else if (reader->next_range < reader->batch.tickets.count)
			begin_range(reader);
		else
			end_batch(reader);
	}
	return event;
}

/*
 * Begin with the next batch, or pass over it where it has nothing of the stream that is read.
 */
static void
begin_batch(AzrFeedReader *reader)
{
	AzrFeedBatch *batch = &reader->batch;
	bool		is_first;
	int64		next;

	MemoryContextReset(reader->scratch);
	if (!azr_batch_scan_next(&reader->batches, batch))
		raise_positions_missing(reader->position, reader->read.last);
	is_first = batch->first_position <= reader->read.after + 1;
	next = batch->first_position + batch->events;
	if (is_first ? next <= reader->position : batch->first_position != reader->position)
		raise_positions_missing(reader->position, reader->read.last);

	reader->in_batch = true;
	reader->next_range = 0;
	reader->position = batch->first_position;
	if (reader->read.stream_id != AZR_NO_STREAM && !is_first &&
		azr_ranges_find(&batch->tickets, reader->next_ticket) < 0)
	{
		reader->next_range = batch->tickets.count;
		reader->position = next;
	}
}

static void
end_batch(AzrFeedReader *reader)
{
	const AzrFeedBatch *batch = &reader->batch;

	if (reader->position != batch->first_position + batch->events)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("events of the feed from position %lld on are missing",
						(long long) batch->first_position),
				 errdetail("There are %lld of %lld.",
						   (long long) (reader->position - batch->first_position),
						   (long long) batch->events),
				 errhint("Somebody has deleted events, or changed tables of the feed.")));
	if (reader->read.stream_id != AZR_NO_STREAM)
		pass_stream(reader);
	reader->in_batch = false;
}

static void
raise_positions_missing(int64 first, int64 last)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("the feed has no batch for position %lld", (long long) first),
			 errdetail("Its last position is %lld or higher.", (long long) last),
			 errhint("Somebody has changed azr_feed_batches, or a subscription has not copied it yet.")));
}

static void
begin_range(AzrFeedReader *reader)
{
	const AzrTicketRange *range = &reader->batch.tickets.all[reader->next_range++];
	ScanKeyData keys[2];

	/* what is gone with its slot keeps its positions */
	reader->position += range->dropped;
	if (range->dropped > 0)
		return;
	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(range->last));
	index_rescan(reader->appends.scan.desc, keys, lengthof(keys), NULL, 0);
	reader->in_range = true;
}

/*
 * Go to the next append of the range that is asked for, if there is one.  Returns its first
 * event, or NULL if that is not at a position that is asked for.
 */
static TupleTableSlot *
next_append(AzrFeedReader *reader)
{
	TupleTableSlot *first;

	while (reader->position <= reader->read.last)
	{
		int64		events;
		int64		passed;

		first = azr_event_scan_next(&reader->appends);
		if (first == NULL)
		{
			reader->in_range = false;
			return NULL;
		}
		events = azr_stored_ticket_events(first);
		if (is_read_there(reader, first) ||
			!is_wanted_append(reader, azr_stored_stream_id(first), events))
		{
			reader->position += events;
			continue;
		}
		passed = Max(reader->read.after + 1 - reader->position, 0);
		reader->append_end = reader->position + events;
		reader->sequence = azr_stored_sequence(first) + Max(passed, 1);
		reader->position += Max(passed, 1);
		reader->place = first->tts_tid;
		reader->in_rest = false;
		return passed == 0 ? first : NULL;
	}
	return NULL;
}

/*
 * Is an append, whose first event this is, one that came from another node and was read there?
 */
static bool
is_read_there(const AzrFeedReader *reader, TupleTableSlot *first)
{
	return reader->read.no_moved && azr_stored_is_moved(first) &&
		azr_stored_ticket(first) > reader->read.moved_after;
}

/*
 * May some of the events of an append be asked for, the first of which has the current
 * position?  If so, its stream is known.
 */
static bool
is_wanted_append(AzrFeedReader *reader, int64 stream_id, int64 events)
{
	const AzrFeedRead *read = &reader->read;
	int64		first = Max(reader->position, read->after + 1);
	int64		last = Min(reader->position + events - 1, read->last);
	const KnownStream *known;

	if (first > last ||
		(read->stream_id != AZR_NO_STREAM && read->stream_id != stream_id) ||
		(read->filter != NULL && !read->filter(read->filter_arg, stream_id, first, last)))
		return false;
	known = know_stream(reader, stream_id);
	if (read->domains.given && !contains(&read->domains, known->domain))
		return false;

	/* what is remembered can go when we call others, so keep a copy */
	reader->stream = *known;
	reader->stream.domain = azr_copy_text(known->domain, reader->scratch);
	return true;
}

/*
 * The next event of the append that is read.  It is not the first one, which is read by its
 * ticket.
 *
 * Raises XX001 if it is missing.
 */
static TupleTableSlot *
next_of_append(AzrFeedReader *reader)
{
	TupleTableSlot *event = NULL;

	/* no event was read if a row of the feed's tables was changed by hand */
	if (!reader->in_rest && ItemPointerIsValid(&reader->place))
		event = azr_event_behind(&reader->rest, &reader->place, reader->stream.stream_id,
								 reader->sequence);
	if (event == NULL && !reader->in_rest)
	{
		int64		left = reader->append_end - reader->position;
		ScanKeyData keys[3];

		ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ,
					Int64GetDatum(reader->stream.stream_id));
		ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE,
					Int64GetDatum(reader->sequence));
		ScanKeyInit(&keys[2], 2, BTLessStrategyNumber, F_INT8LT,
					Int64GetDatum(reader->sequence + left));
		index_rescan(reader->rest.scan.desc, keys, lengthof(keys), NULL, 0);
		reader->in_rest = true;
	}
	if (event == NULL)
		event = azr_event_scan_next(&reader->rest);
	if (event == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("events of stream %lld from sequence %lld on are missing",
						(long long) reader->stream.stream_id, (long long) reader->sequence)));
	reader->place = event->tts_tid;
	reader->position++;
	reader->sequence++;
	return event;
}

/*
 * Of the stream that is read, go past the events in the batch.  If none comes after them, the
 * rest of the feed has nothing of it.
 */
static void
pass_stream(AzrFeedReader *reader)
{
	while (reader->next_ticket != AZR_NO_TICKET &&
		   azr_ranges_find(&reader->batch.tickets, reader->next_ticket) >= 0)
		next_of_stream(reader);
	if (reader->next_ticket == AZR_NO_TICKET)
		reader->position = reader->read.last + 1;
}

/*
 * Look for the next append to the stream that is read.
 */
static void
next_of_stream(AzrFeedReader *reader)
{
	TupleTableSlot *event;

	do
	{
		event = azr_event_scan_next(&reader->only);
		reader->next_ticket = event != NULL ? azr_stored_ticket(event) : AZR_NO_TICKET;
	} while (event != NULL && reader->next_ticket == AZR_NO_TICKET);
}

/*
 * Look a stream's names up.  They stay valid until others are called.
 *
 * Raises XX001 where there is no such stream.
 */
static const KnownStream *
know_stream(AzrFeedReader *reader, int64 stream_id)
{
	const KnownStream *known = known_streams_lookup(known_streams, stream_id);

	if (known == NULL)
	{
		if (!azr_stream_names_find(&reader->names, stream_id))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("stream %lld of an event does not exist", (long long) stream_id),
					 errhint("Somebody has deleted a row of azr_streams.")));
		known = remember_stream(stream_id, &reader->names);
	}
	return known;
}

static const KnownStream *
remember_stream(int64 stream_id, const AzrStreamNames *names)
{
	KnownStream *known;
	bool		found;

	if (known_streams->members >= MOST_STREAMS)
		forget_streams(names->finding);

	/* all of a domain, one after the other, mostly have one copy */
	if (last_domain == NULL || !azr_same_text(last_domain, names->name.domain))
		last_domain = azr_copy_text(names->name.domain, streams_context);
	known = known_streams_insert(known_streams, stream_id, &found);
	known->domain = last_domain;
	known->root = *names->name.root;
	return known;
}

static void
forget_streams(uint64 finding)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "angzarr feed streams",
												  ALLOCSET_DEFAULT_SIZES);
	known_streams_hash *streams = known_streams_create(context, 256, NULL);

	if (streams_context != NULL)
		MemoryContextDelete(streams_context);
	streams_context = context;
	known_streams = streams;
	known_finding = finding;
	last_domain = NULL;
}

/*
 * What is known of an event's type.  It stays valid until the next one is asked for.
 */
static const KnownType *
know_type(AzrFeedReader *reader, TupleTableSlot *event)
{
	int32		number = azr_stored_type_number(event);
	KnownType  *known = &reader->known_types[number & (TYPES - 1)];
	MemoryContext oldcontext;
	text	   *type;

	if (known->type != NULL && known->number == number)
		return known;
	oldcontext = MemoryContextSwitchTo(reader->context);
	type = azr_type_name(number, false);
	MemoryContextSwitchTo(oldcontext);
	if (known->type != NULL)
		pfree(known->type);
	known->number = number;
	known->type = type;
	known->is_framework = azr_is_framework_type(type);
	known->is_revocation = azr_text_is(type, AZR_REVOCATION_TYPE);
	known->is_wanted = !reader->read.types.given || azr_type_is_among(&reader->types, number);
	return known;
}

/*
 * Does the current event give nothing?
 */
static bool
is_passed_over(AzrFeedReader *reader)
{
	const AzrFeedRead *read = &reader->read;
	int64		position = reader->position - 1;

	/* an append may have some that are wanted, and others that are not */
	if (read->filter != NULL &&
		!read->filter(read->filter_arg, reader->stream.stream_id, position, position))
		return true;
	return read->effective && !azr_stored_committed(reader->event);
}

/*
 * If the current event, which is committed, is the first such one of its cascade, begin to read
 * the pending ones that it confirms.
 */
static void
begin_confirmed(AzrFeedReader *reader)
{
	int64		stream_id = reader->stream.stream_id;
	text	   *cascade_id = azr_stored_cascade(reader->event);

	if (cascade_id == NULL || know_type(reader, reader->event)->is_revocation)
		return;
	cascade_id = azr_copy_text(cascade_id, reader->scratch);
	if (azr_events_resolution(stream_id, cascade_id, azr_stored_sequence(reader->event),
							  reader->snapshot) != AZR_UNRESOLVED)
		return;
	azr_cascade_scan_begin(&reader->confirmed, stream_id, cascade_id, false, reader->snapshot);
	reader->is_confirming = true;
}

/*
 * The next of the pending events that the current one confirms: those before it.  After the last
 * one, ends reading them and returns NULL.
 */
static TupleTableSlot *
next_confirmed(AzrFeedReader *reader)
{
	TupleTableSlot *pending = azr_event_scan_next(&reader->confirmed);

	if (pending != NULL && azr_stored_sequence(pending) < azr_stored_sequence(reader->event))
		return pending;
	azr_event_scan_end(&reader->confirmed);
	reader->is_confirming = false;
	return NULL;
}

/*
 * Turn a stored event into the columns of azr_feed_event.  They are valid as long as what 'place'
 * points to and 'correlation', which has room for a correlation id, and until the next event is
 * looked at.  If there is no such room, the correlation id is left out.
 */
void
azr_feed_event_result(TupleTableSlot *event, const AzrFeedPlace *place,
					  AzrCorrelationText *correlation, Datum *values, bool *nulls)
{
	const Datum *stored = event->tts_values;
	const bool *stored_nulls = event->tts_isnull;

	/* the position comes before the columns of azr_timeline */
	values[0] = Int64GetDatum(place->position);
	values[Anum_azr_timeline_domain] = PointerGetDatum(place->domain);
	values[Anum_azr_timeline_edition] = PointerGetDatum(place->edition);
	values[Anum_azr_timeline_root] = UUIDPGetDatum(place->root);
	values[Anum_azr_timeline_type] = PointerGetDatum(place->type);
	nulls[0] = nulls[Anum_azr_timeline_domain] = nulls[Anum_azr_timeline_edition] =
		nulls[Anum_azr_timeline_root] = nulls[Anum_azr_timeline_type] = false;

	/* no loop: this is done for each event that is read */
#define AZR_COPY(name, type) \
	values[Anum_azr_timeline_##name] = stored[Anum_azr_events_##name - 1]; \
	nulls[Anum_azr_timeline_##name] = stored_nulls[Anum_azr_events_##name - 1];
	AZR_EVENT_COLUMNS(AZR_COPY, AZR_NO_COLUMN, AZR_NO_COLUMN, AZR_NO_COLUMN)
#undef AZR_COPY
		nulls[Anum_azr_timeline_correlation_id] = true;
	if (correlation != NULL)
		values[Anum_azr_timeline_correlation_id] =
			azr_stored_correlation_id(event, correlation,
									  &nulls[Anum_azr_timeline_correlation_id]);
}

static bool
contains(const AzrArrayArg *array, const text *value)
{
	for (int i = 0; i < array->count; i++)
		if (azr_same_text(DatumGetTextPP(array->elems[i]), value))
			return true;
	return false;
}
