/*-------------------------------------------------------------------------
 *
 * feed_reader.c
 *	  Reading a part of the feed.
 *
 * A batch says which tickets it has.  The index on tickets gives the first event of each of
 * its appends, in order, with the number of events; the others follow it in the stream.
 *
 * What is looked up for an event, its stream's names and its type, is remembered for the
 * next one, as far as that takes little memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
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

#define NO_TICKET		0

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
#define SH_KEY_TYPE		int64
#define SH_KEY			stream_id
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

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

typedef struct Reader
{
	const AzrFeedRead *read;
	Snapshot	snapshot;
	AzrFeedCallback callback;
	void	   *arg;
	AzrEventScan appends;		/* by ticket */
	AzrEventScan rest;			/* of an append */
	AzrEventScan only;			/* if one is read: its events after those that
								 * were read */
	int64		next_ticket;	/* of that, or NO_TICKET */
	AzrStreamNames names;
	AzrTypeNumbers types;		/* that are asked for */

	int64		position;		/* of the next event */
	bool		is_done;		/* is no further position to be read? */
	KnownStream stream;			/* of the append that is read; its domain is
								 * in 'scratch' */
	text	   *edition;
	KnownType	known_types[TYPES];
	MemoryContext context;
	MemoryContext scratch;		/* of one batch */
	MemoryContext callers_context;
} Reader;

static void begin(Reader *reader);
static void end(Reader *reader);
static void read_batch(Reader *reader, const AzrFeedBatch *batch);
static void raise_positions_missing(int64 first, int64 last);
static void read_range(Reader *reader, const AzrTicketRange *range);
static bool is_wanted_append(Reader *reader, int64 stream_id, int64 events);
static void read_append(Reader *reader, TupleTableSlot *first, int64 events);
static void read_rest(Reader *reader, int64 stream_id, int64 from, int64 to);
static void pass_stream(Reader *reader, const AzrTicketRanges *tickets);
static void next_of_stream(Reader *reader);
static bool is_in_ranges(const AzrTicketRanges *tickets, int64 ticket);
static void know_stream(Reader *reader, int64 stream_id);
static const KnownStream *remember_stream(int64 stream_id, const AzrStreamNames *names);
static void forget_streams(uint64 finding);
static const KnownType *know_type(Reader *reader, TupleTableSlot *event);
static void show(Reader *reader, TupleTableSlot *event);
static void show_confirmed(Reader *reader, TupleTableSlot *event);
static void put(Reader *reader, TupleTableSlot *event, const KnownType *type, int64 sequence);
static bool contains(const AzrArrayArg *array, const text *value);
static int64 stored_ticket(TupleTableSlot *event);
static bool return_row(void *arg, const AzrFeedRow *row);

/*
 * Return the events with after < position <= last that match, by a PostgreSQL snapshot.
 *
 * Raises XX001 where events of a batch are missing.
 */
void
azr_feed_read(const AzrFeedRead *read, Snapshot snapshot, ReturnSetInfo *rsinfo)
{
	(void) azr_feed_each(read, snapshot, return_row, rsinfo);
}

static bool
return_row(void *arg, const AzrFeedRow *row)
{
	azr_set_put((ReturnSetInfo *) arg, row->values, row->nulls);
	return true;
}

/*
 * Show them to the callback.  Returns the last position that was looked at.
 *
 * Raises XX001 where events of a batch are missing.
 */
int64
azr_feed_each(const AzrFeedRead *read, Snapshot snapshot, AzrFeedCallback callback, void *arg)
{
	Reader		reader = {.read = read,.snapshot = snapshot,.callback = callback,.arg = arg};
	AzrBatchScan scan;
	AzrFeedBatch batch;
	MemoryContext oldcontext;

	if (read->after >= read->last)
		return read->after;
	reader.position = read->after + 1;
	begin(&reader);
	azr_batch_scan_begin(&scan, read->after + 1, snapshot);
	oldcontext = MemoryContextSwitchTo(reader.scratch);
	while (!reader.is_done && azr_batch_scan_next(&scan, &batch))
	{
		read_batch(&reader, &batch);
		MemoryContextReset(reader.scratch);
	}
	MemoryContextSwitchTo(oldcontext);
	if (!reader.is_done && reader.position <= read->last)
		raise_positions_missing(reader.position, read->last);
	azr_batch_scan_end(&scan);
	end(&reader);
	return Min(reader.position - 1, read->last);
}

static void
begin(Reader *reader)
{
	const AzrFeedRead *read = reader->read;
	AzrOptionalInt64 end = {true, 0};
	AzrOptionalInt64 no_end = {false, 0};

	reader->callers_context = CurrentMemoryContext;
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "angzarr feed",
											ALLOCSET_DEFAULT_SIZES);
	reader->scratch = AllocSetContextCreate(reader->context, "angzarr feed batch",
											ALLOCSET_DEFAULT_SIZES);
	reader->edition = cstring_to_text(AZR_MAIN_EDITION);
	if (read->types.given)
		reader->types = azr_type_numbers(read->types.elems, read->types.count);
	azr_stream_names_begin(&reader->names, reader->snapshot);
	if (streams_context == NULL || known_finding != reader->names.finding)
		forget_streams(reader->names.finding);
	azr_ticket_event_scan_begin(&reader->appends, 1, 0, reader->snapshot);
	azr_event_scan_begin(&reader->rest, 1, 0, end, reader->snapshot);
	if (read->stream_id != AZR_NO_STREAM)
	{
		azr_event_scan_begin(&reader->only, read->stream_id, read->sequence + 1, no_end,
							 reader->snapshot);
		next_of_stream(reader);
	}
}

static void
end(Reader *reader)
{
	if (reader->read->stream_id != AZR_NO_STREAM)
		azr_event_scan_end(&reader->only);
	azr_event_scan_end(&reader->rest);
	azr_event_scan_end(&reader->appends);
	azr_stream_names_end(&reader->names);
	MemoryContextDelete(reader->context);
}

/*
 * Read a batch, or pass over it where it has nothing of the stream that is read.
 */
static void
read_batch(Reader *reader, const AzrFeedBatch *batch)
{
	bool		is_first = batch->first_position <= reader->read->after + 1;
	int64		next = batch->first_position + batch->events;

	if (is_first ? next <= reader->position : batch->first_position != reader->position)
		raise_positions_missing(reader->position, reader->read->last);
	reader->position = batch->first_position;
	if (reader->read->stream_id == AZR_NO_STREAM || is_first ||
		is_in_ranges(&batch->tickets, reader->next_ticket))
	{
		for (int i = 0; i < batch->tickets.count && !reader->is_done; i++)
			read_range(reader, &batch->tickets.all[i]);
		if (!reader->is_done && reader->position != next)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("events of the feed from position %lld on are missing",
							(long long) batch->first_position),
					 errdetail("There are %lld of %lld.",
							   (long long) (reader->position - batch->first_position),
							   (long long) batch->events),
					 errhint("Somebody has deleted events, or changed tables of the feed.")));
	}
	else
		reader->position = next;
	if (reader->read->stream_id != AZR_NO_STREAM)
		pass_stream(reader, &batch->tickets);
	reader->is_done |= reader->position > reader->read->last;
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
read_range(Reader *reader, const AzrTicketRange *range)
{
	AzrScan    *scan = &reader->appends.scan;
	ScanKeyData keys[2];
	TupleTableSlot *first;

	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(range->last));
	index_rescan(scan->desc, keys, lengthof(keys), NULL, 0);
	while (!reader->is_done && (first = azr_event_scan_next(&reader->appends)) != NULL)
	{
		int64		events = azr_stored_ticket_events(first);

		if (is_wanted_append(reader, azr_stored_stream_id(first), events))
			read_append(reader, first, events);
		else
			reader->position += events;
		reader->is_done |= reader->position > reader->read->last;
	}
}

/*
 * May some of the events of an append be asked for, the first of which has the current
 * position?  If so, its stream is known.
 */
static bool
is_wanted_append(Reader *reader, int64 stream_id, int64 events)
{
	const AzrFeedRead *read = reader->read;
	int64		first = Max(reader->position, read->after + 1);
	int64		last = Min(reader->position + events - 1, read->last);

	if (first > last ||
		(read->stream_id != AZR_NO_STREAM && read->stream_id != stream_id) ||
		(read->filter != NULL && !read->filter(read->filter_arg, stream_id, first, last)))
		return false;
	know_stream(reader, stream_id);
	return !read->domains.given || contains(&read->domains, reader->stream.domain);
}

/*
 * Show the events of an append that are asked for.
 */
static void
read_append(Reader *reader, TupleTableSlot *first, int64 events)
{
	int64		end = reader->position + events;
	int64		stream_id = azr_stored_stream_id(first);
	int64		sequence = azr_stored_sequence(first);
	int64		read = Max(reader->read->after + 1 - reader->position, 0);

	reader->position += read;
	if (read == 0)
	{
		show(reader, first);
		reader->position++;
		read = 1;
	}
	if (reader->position < end && reader->position <= reader->read->last && !reader->is_done)
		read_rest(reader, stream_id, sequence + read, sequence + events);
	if (reader->position <= reader->read->last && reader->position != end && !reader->is_done)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("events of stream %lld from sequence %lld on are missing",
						(long long) stream_id, (long long) sequence)));
}

/*
 * Show the events of a stream with from <= sequence < to, the first of which has the current
 * position.
 */
static void
read_rest(Reader *reader, int64 stream_id, int64 from, int64 to)
{
	ScanKeyData keys[3];
	TupleTableSlot *event;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
	ScanKeyInit(&keys[2], 2, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(to));
	index_rescan(reader->rest.scan.desc, keys, lengthof(keys), NULL, 0);
	while (!reader->is_done && reader->position <= reader->read->last &&
		   (event = azr_event_scan_next(&reader->rest)) != NULL)
	{
		show(reader, event);
		reader->position++;
	}
}

/*
 * Of the stream that is read, go past the events in a batch.  If none comes after them, the
 * rest of the feed has nothing of it.
 */
static void
pass_stream(Reader *reader, const AzrTicketRanges *tickets)
{
	while (reader->next_ticket != NO_TICKET && is_in_ranges(tickets, reader->next_ticket))
		next_of_stream(reader);
	if (reader->next_ticket == NO_TICKET && !reader->is_done)
	{
		reader->position = reader->read->last + 1;
		reader->is_done = true;
	}
}

/*
 * Look for the next append to the stream that is read.
 */
static void
next_of_stream(Reader *reader)
{
	TupleTableSlot *event;

	do
	{
		event = azr_event_scan_next(&reader->only);
		reader->next_ticket = event != NULL ? stored_ticket(event) : NO_TICKET;
	} while (event != NULL && reader->next_ticket == NO_TICKET);
}

static bool
is_in_ranges(const AzrTicketRanges *tickets, int64 ticket)
{
	int			low = 0;
	int			high = tickets->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ticket > tickets->all[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tickets->count && ticket >= tickets->all[low].first;
}

/*
 * Look a stream's names up, for reader->stream.  What is remembered can go when we call others,
 * so that is a copy.
 *
 * Raises XX001 where there is no such stream.
 */
static void
know_stream(Reader *reader, int64 stream_id)
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
	reader->stream = *known;
	reader->stream.domain = azr_copy_text(known->domain, reader->scratch);
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
know_type(Reader *reader, TupleTableSlot *event)
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
	known->is_wanted = !reader->read->types.given || azr_type_is_among(&reader->types, number);
	return known;
}

/*
 * Show what an event is asked for: the event itself; or what becomes effective with it.
 * That is the event, unless it waits for its cascade or is the framework's, and what it
 * confirms, before it.
 */
static void
show(Reader *reader, TupleTableSlot *event)
{
	const AzrFeedRead *read = reader->read;
	const KnownType *type;
	int64		sequence = azr_stored_sequence(event);

	/* an append may have some that are wanted, and others that are not */
	if (read->filter != NULL &&
		!read->filter(read->filter_arg, reader->stream.stream_id, reader->position,
					  reader->position))
		return;
	type = know_type(reader, event);
	if (!read->effective)
	{
		put(reader, event, type, sequence);
		return;
	}
	if (!azr_stored_committed(event))
		return;
	if (azr_stored_cascade(event) != NULL && !type->is_revocation)
		show_confirmed(reader, event);
	type = know_type(reader, event);
	if (!type->is_framework)
		put(reader, event, type, sequence);
}

/*
 * Show the pending events of a stream that a committed one confirms: those before it, if it is
 * the first committed one of their cascade.
 */
static void
show_confirmed(Reader *reader, TupleTableSlot *event)
{
	int64		stream_id = azr_stored_stream_id(event);
	int64		sequence = azr_stored_sequence(event);
	text	   *cascade_id = azr_copy_text(azr_stored_cascade(event), CurrentMemoryContext);
	AzrEventScan scan;
	TupleTableSlot *pending;

	if (azr_events_resolution(stream_id, cascade_id, sequence, reader->snapshot) == AZR_UNRESOLVED)
	{
		azr_cascade_scan_begin(&scan, stream_id, cascade_id, false, reader->snapshot);
		while ((pending = azr_event_scan_next(&scan)) != NULL &&
			   azr_stored_sequence(pending) < sequence)
			put(reader, pending, know_type(reader, pending), sequence);
		azr_event_scan_end(&scan);
	}
	pfree(cascade_id);
}

/*
 * Show an event at the current position, if it is of a type that is asked for.  'sequence' is
 * that of the event that has the position.
 */
static void
put(Reader *reader, TupleTableSlot *event, const KnownType *type, int64 sequence)
{
	const KnownStream *stream = &reader->stream;
	Datum		columns[Natts_azr_event];
	bool		column_nulls[Natts_azr_event];
	Datum		values[Natts_azr_feed_event];
	bool		nulls[Natts_azr_feed_event] = {false};
	AzrFeedRow	row = {reader->position, stream->stream_id, sequence, values, nulls};
	MemoryContext oldcontext;
	int			n = 0;

	if (!type->is_wanted)
		return;
	azr_event_result(event, type->type, reader->edition, columns, column_nulls);
	values[n++] = Int64GetDatum(reader->position);
	values[n++] = PointerGetDatum(stream->domain);
	values[n++] = PointerGetDatum(reader->edition);
	values[n++] = UUIDPGetDatum(&reader->stream.root);
	for (int i = 0; i < Natts_azr_event; i++)
	{
		if (i == Anum_azr_event_edition - 1)
			continue;
		values[n] = columns[i];
		nulls[n++] = column_nulls[i];
	}
	Assert(n == Natts_azr_feed_event);
	oldcontext = MemoryContextSwitchTo(reader->callers_context);
	if (!reader->callback(reader->arg, &row))
		reader->is_done = true;
	MemoryContextSwitchTo(oldcontext);
}

static bool
contains(const AzrArrayArg *array, const text *value)
{
	for (int i = 0; i < array->count; i++)
		if (azr_same_text(DatumGetTextPP(array->elems[i]), value))
			return true;
	return false;
}

/*
 * The ticket of an event, or NO_TICKET.
 */
static int64
stored_ticket(TupleTableSlot *event)
{
	if (event->tts_isnull[Anum_azr_events_ticket - 1])
		return NO_TICKET;
	return DatumGetInt64(event->tts_values[Anum_azr_events_ticket - 1]);
}
