/*-------------------------------------------------------------------------
 *
 * feed_reader.c
 *	  Reading a part of the feed.
 *
 * A batch says which tickets it has.  The index on tickets gives the first event of each of
 * its appends, in order, with the number of events; the others follow it in the stream.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/event_table.h"
#include "events/resolution.h"
#include "events/type.h"
#include "feed/feed_reader.h"
#include "feed/feed_table.h"
#include "miscadmin.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "utils/memutils.h"

typedef struct Reader
{
	const AzrFeedRead *read;
	Snapshot	snapshot;
	ReturnSetInfo *rsinfo;
	AzrStreamNames names;
	MemoryContext scratch;		/* of one append */
	int64		position;		/* of the next event */

	/* what is known of the stream that was looked at last */
	int64		stream_id;
	bool		is_wanted;
} Reader;

static bool read_batch(Reader *reader, const AzrFeedBatch *batch);
static bool read_range(Reader *reader, const AzrTicketRange *range);
static void read_append(Reader *reader, TupleTableSlot *first, int64 events);
static bool is_wanted_stream(Reader *reader, int64 stream_id);
static void show(Reader *reader, TupleTableSlot *event);
static void show_effective(Reader *reader, TupleTableSlot *event, const text *type);
static void show_confirmed(Reader *reader, TupleTableSlot *event);
static void put(Reader *reader, TupleTableSlot *event, const text *type);
static bool contains(const AzrArrayArg *array, const text *value);

/*
 * Return the events with after < position <= last that match, by a PostgreSQL snapshot.
 *
 * Raises XX001 where events of a batch are missing.
 */
void
azr_feed_read(const AzrFeedRead *read, Snapshot snapshot, ReturnSetInfo *rsinfo)
{
	Reader		reader = {.read = read,.snapshot = snapshot,.rsinfo = rsinfo};
	AzrBatchScan scan;
	AzrFeedBatch batch;

	if (read->after >= read->last)
		return;
	reader.scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr feed",
										   ALLOCSET_DEFAULT_SIZES);
	azr_stream_names_begin(&reader.names, snapshot);
	azr_batch_scan_begin(&scan, read->after + 1, snapshot);
	while (azr_batch_scan_next(&scan, &batch) && read_batch(&reader, &batch))
		;
	azr_batch_scan_end(&scan);
	azr_stream_names_end(&reader.names);
	MemoryContextDelete(reader.scratch);
}

/*
 * Read a batch.  Returns whether positions after it are asked for.
 */
static bool
read_batch(Reader *reader, const AzrFeedBatch *batch)
{
	int64		end = batch->first_position + batch->events;

	reader->position = batch->first_position;
	for (int i = 0; i < batch->tickets.count; i++)
		if (!read_range(reader, &batch->tickets.all[i]))
			return false;
	if (reader->position != end)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("events of the feed from position %lld on are missing",
						(long long) batch->first_position),
				 errdetail("There are %lld of %lld.",
						   (long long) (reader->position - batch->first_position),
						   (long long) batch->events),
				 errhint("Somebody has deleted events, or changed tables of the feed.")));
	return end <= reader->read->last;
}

static bool
read_range(Reader *reader, const AzrTicketRange *range)
{
	AzrEventScan scan;
	TupleTableSlot *first;
	bool		goes_on = true;

	azr_ticket_event_scan_begin(&scan, range->first, range->last, reader->snapshot);
	while (goes_on && (first = azr_event_scan_next(&scan)) != NULL)
	{
		int64		events = azr_stored_ticket_events(first);

		CHECK_FOR_INTERRUPTS();
		if (reader->position + events > reader->read->after + 1 &&
			is_wanted_stream(reader, azr_stored_stream_id(first)))
			read_append(reader, first, events);
		else
			reader->position += events;
		goes_on = reader->position <= reader->read->last;
	}
	azr_event_scan_end(&scan);
	return goes_on;
}

/*
 * Show the events of an append that are asked for.
 */
static void
read_append(Reader *reader, TupleTableSlot *first, int64 events)
{
	int64		end = reader->position + events;
	int64		skipped = Max(reader->read->after + 1 - reader->position, 0);
	int64		stream_id = azr_stored_stream_id(first);
	int64		sequence = azr_stored_sequence(first);
	AzrEventScan scan;
	TupleTableSlot *event;

	reader->position += skipped;
	if (skipped == 0)
	{
		show(reader, first);
		reader->position++;
	}
	if (reader->position < end && reader->position <= reader->read->last)
	{
		AzrOptionalInt64 to = {true, sequence + events};

		azr_event_scan_begin(&scan, stream_id, sequence + Max(skipped, 1), to, reader->snapshot);
		while (reader->position <= reader->read->last &&
			   (event = azr_event_scan_next(&scan)) != NULL)
		{
			show(reader, event);
			reader->position++;
		}
		azr_event_scan_end(&scan);
	}
	if (reader->position <= reader->read->last && reader->position != end)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("events of stream %lld from sequence %lld on are missing",
						(long long) stream_id, (long long) sequence)));
}

/*
 * Is a stream of a domain that is asked for?  Its names are looked up with it.
 */
static bool
is_wanted_stream(Reader *reader, int64 stream_id)
{
	if (reader->stream_id == stream_id)
		return reader->is_wanted;
	reader->stream_id = stream_id;
	reader->is_wanted = azr_stream_names_find(&reader->names, stream_id) &&
		(!reader->read->domains.given ||
		 contains(&reader->read->domains, reader->names.name.domain));
	return reader->is_wanted;
}

static void
show(Reader *reader, TupleTableSlot *event)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(reader->scratch);
	text	   *type = azr_type_name(azr_stored_type_number(event), false);

	if (reader->read->effective)
		show_effective(reader, event, type);
	else
		put(reader, event, type);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(reader->scratch);
}

/*
 * Show what becomes effective with an event: the event itself, unless it waits for its
 * cascade or is the framework's; and what it confirms, before it.
 */
static void
show_effective(Reader *reader, TupleTableSlot *event, const text *type)
{
	if (!azr_stored_committed(event))
		return;
	if (azr_stored_cascade(event) != NULL && !azr_text_is(type, AZR_REVOCATION_TYPE))
		show_confirmed(reader, event);
	if (!azr_is_framework_type(type))
		put(reader, event, type);
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

	if (azr_events_resolution(stream_id, cascade_id, sequence, reader->snapshot) != AZR_UNRESOLVED)
		return;
	azr_cascade_scan_begin(&scan, stream_id, cascade_id, false, reader->snapshot);
	while ((pending = azr_event_scan_next(&scan)) != NULL &&
		   azr_stored_sequence(pending) < sequence)
		put(reader, pending, azr_type_name(azr_stored_type_number(pending), false));
	azr_event_scan_end(&scan);
}

/*
 * Return an event at the current position, if it is of a type that is asked for.
 */
static void
put(Reader *reader, TupleTableSlot *event, const text *type)
{
	const AzrStreamName *name = &reader->names.name;
	Datum		columns[Natts_azr_event];
	bool		column_nulls[Natts_azr_event];
	Datum		values[Natts_azr_feed_event];
	bool		nulls[Natts_azr_feed_event] = {false};
	int			n = 0;

	if (reader->read->types.given && !contains(&reader->read->types, type))
		return;
	azr_event_result(event, type, name->edition, columns, column_nulls);
	values[n++] = Int64GetDatum(reader->position);
	values[n++] = PointerGetDatum(name->domain);
	values[n++] = PointerGetDatum(name->edition);
	values[n++] = UUIDPGetDatum(name->root);
	for (int i = 0; i < Natts_azr_event; i++)
	{
		if (i == Anum_azr_event_edition - 1)
			continue;
		values[n] = columns[i];
		nulls[n++] = column_nulls[i];
	}
	Assert(n == Natts_azr_feed_event);
	azr_set_put(reader->rsinfo, values, nulls);
}

static bool
contains(const AzrArrayArg *array, const text *value)
{
	for (int i = 0; i < array->count; i++)
		if (azr_same_text(DatumGetTextPP(array->elems[i]), value))
			return true;
	return false;
}
