/*-------------------------------------------------------------------------
 *
 * slot_lot.c
 *	  Events of a slot on their way in, which are stored together.
 *
 * For each append to the main timeline there is one run of events, with one ticket.  Editions have
 * no tickets, so there the events that have a source and a cascade in common make a run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xlog.h"
#include "events/erased.h"
#include "events/event_insert.h"
#include "plumbing/error.h"
#include "plumbing/grow.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "slots/slot_lot.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"

/* How much is gathered at most, but for what the last append has more. */
#define LOT_ROWS	2000
#define LOT_BYTES	(4 * 1024 * 1024)

static bool is_stream(const AzrStreamName *a, const AzrStreamName *b);
static void create_streams(AzrLot *lot);
static void store_events(AzrLot *lot);
static void store_records(AzrLot *lot);

/*
 * Begin with an empty lot.
 */
void
azr_lot_begin(AzrLot *lot)
{
	MemoryContextReset(lot->context);
	lot->bytes = 0;
	lot->nstreams = 0;
	lot->current = NULL;
	lot->count = 0;
	lot->allocated = 0;
}

/*
 * Is there enough in the lot?
 */
bool
azr_lot_is_full(const AzrLot *lot)
{
	return lot->count >= LOT_ROWS || lot->bytes >= LOT_BYTES;
}

/*
 * Was the last row of this stream?
 */
bool
azr_lot_is_current(const AzrLot *lot, const AzrStreamName *name)
{
	return lot->current != NULL && is_stream(&lot->current->name, name);
}

/*
 * Must the lot be stored before a stream joins it?  One that is in it already is looked up in the
 * tables, and so is the main stream that an edition's stream branches off.
 */
bool
azr_lot_must_store_before(const AzrLot *lot, const AzrStreamName *name)
{
	if (lot->nstreams == 0)
		return false;
	if (lot->nstreams == AZR_LOT_STREAMS ||
		lot->is_main != azr_edition_is_main(name->edition))
		return true;
	for (int i = 0; i < lot->nstreams; i++)
	{
		if (is_stream(&lot->streams[i].name, name))
			return true;
	}
	return false;
}

static bool
is_stream(const AzrStreamName *a, const AzrStreamName *b)
{
	return memcmp(a->root, b->root, UUID_LEN) == 0 &&
		azr_same_text(a->domain, b->domain) && azr_same_text(a->edition, b->edition);
}

/*
 * Lock a stream, and put it into the lot.
 */
void
azr_lot_add_stream(AzrLot *lot, const AzrStreamName *name)
{
	AzrLotStream *stream;

	lot->current = NULL;
	stream = &lot->streams[lot->nstreams++];
	stream->name = *name;
	stream->locked = azr_append_lock(name, false);
	stream->next = stream->locked.end.next;
	stream->count = 0;
	lot->is_main = azr_edition_is_main(name->edition);
	lot->current = stream;
}

/*
 * Have room for one more event.
 */
void
azr_lot_grow(AzrLot *lot)
{
	int			allocated = 0;

	if (lot->count < lot->allocated)
		return;

#define AZR_GROW(array) \
	do { \
		allocated = lot->allocated; \
		if (allocated == 0) \
		{ \
			allocated = LOT_ROWS; \
			lot->array = palloc(allocated * sizeof(*lot->array)); \
		} \
		else \
			lot->array = azr_grow(lot->array, lot->count, &allocated, \
									 sizeof(*lot->array)); \
	} while (0)

	AZR_GROW(events);
	AZR_GROW(types);
	AZR_GROW(payloads);
	AZR_GROW(metadata);
	AZR_GROW(metadata_nulls);
	AZR_GROW(created_at);
	AZR_GROW(correlation_ids);
	AZR_GROW(external_ids);
#undef AZR_GROW
	lot->allocated = allocated;
}

/*
 * Store what was gathered, and begin with an empty lot.  Returns how many events there were.
 */
int64
azr_lot_store(AzrLot *lot)
{
	int			stored = lot->count;

	if (lot->count > 0)
	{
		create_streams(lot);
		store_events(lot);
		store_records(lot);
	}
	for (int i = 0; i < lot->nstreams; i++)
	{
		AzrLotStream *stream = &lot->streams[i];

		if (stream->count > 0)
			azr_stream_appended(&stream->locked.lock);
		else
			azr_stream_unlock(&stream->locked.lock);
	}
	azr_lot_begin(lot);
	return stored;
}

/*
 * Give the lot's new streams their rows.
 */
static void
create_streams(AzrLot *lot)
{
	AzrNewStream *created = palloc0(lot->nstreams * sizeof(AzrNewStream));
	int			ncreated = 0;

	for (int i = 0; i < lot->nstreams; i++)
	{
		const AzrLotStream *stream = &lot->streams[i];
		AzrNewStream *new = &created[ncreated];

		if (stream->locked.lock.stream.id != AZR_NO_STREAM || stream->count == 0)
			continue;
		new->name = stream->name;
		new->first = stream->first;
		new->last = stream->next - 1;
		new->is_moved = true;
		new->created_at = stream->created_at;
		ncreated++;
	}
	if (ncreated > 0)
		azr_streams_create(created, ncreated);
	ncreated = 0;
	for (int i = 0; i < lot->nstreams; i++)
	{
		AzrLotStream *stream = &lot->streams[i];

		if (stream->locked.lock.stream.id == AZR_NO_STREAM && stream->count > 0)
			stream->locked.lock.stream = created[ncreated++].stream;
	}
}

/*
 * Store the lot's events, each append in a run of its own.
 */
static void
store_events(AzrLot *lot)
{
	AzrEventRun *runs = palloc0(lot->count * sizeof(AzrEventRun));
	int			nruns = 0;

	for (int i = 0; i < lot->count; i++)
	{
		const AzrLotEvent *event = &lot->events[i];
		AzrLotStream *stream = &lot->streams[event->stream];
		AzrEventRun *run;

		if (!event->begins)
		{
			runs[nruns - 1].events.count++;
			continue;
		}
		run = &runs[nruns++];
		run->name = stream->name;
		run->stream_id = stream->locked.lock.stream.id;
		run->first_sequence = event->sequence;
		run->leaf = stream->locked.end.leaf;
		run->events.count = 1;
		run->events.types = &lot->types[i];
		run->events.payloads = &lot->payloads[i];
		run->events.metadata = &lot->metadata[i];
		run->events.metadata_nulls = &lot->metadata_nulls[i];
		run->events.created_at = &lot->created_at[i];
		run->events.correlation_ids = &lot->correlation_ids[i];
		run->events.external_ids = &lot->external_ids[i];
		run->events.source = event->source;
		run->events.cascade_id = event->cascade_id;
		run->events.committed = event->committed;
		run->events.is_moved = true;
	}
	azr_events_insert(runs, nruns);
}

/*
 * Put on record which of the lot's events were erased.  They were not sealed here before.
 */
static void
store_records(AzrLot *lot)
{
	AzrTable   *table = azr_erased_table();
	Datum		values[Natts_azr_erased_events] = {0};
	bool		nulls[Natts_azr_erased_events] = {false};
	Relation	rel;
	AzrWrite   *write;
	int			count = 0;

	for (int i = 0; i < lot->count; i++)
		count += lot->events[i].is_erased;
	if (count == 0)
		return;
	rel = azr_table_open(table, RowExclusiveLock);
	write = azr_write_begin(table, rel, count);
	nulls[Anum_azr_erased_events_body_digest - 1] = true;
	for (int i = 0; i < lot->count; i++)
	{
		const AzrLotEvent *event = &lot->events[i];
		const AzrLotStream *stream = &lot->streams[event->stream];

		if (!event->is_erased)
			continue;
		values[Anum_azr_erased_events_stream_id - 1] =
			Int64GetDatum(stream->locked.lock.stream.id);
		values[Anum_azr_erased_events_sequence - 1] = Int64GetDatum(event->sequence);
		values[Anum_azr_erased_events_erased_at - 1] = TimestampTzGetDatum(event->erased_at);
		values[Anum_azr_erased_events_lsn - 1] = LSNGetDatum(GetXLogInsertRecPtr());
		values[Anum_azr_erased_events_was_sealed - 1] = BoolGetDatum(false);
		values[Anum_azr_erased_events_erased_by - 1] = PointerGetDatum(event->erased_by);
		values[Anum_azr_erased_events_type - 1] = PointerGetDatum(event->erased_type);
		values[Anum_azr_erased_events_reason - 1] = PointerGetDatum(event->reason);
		azr_write_row(write, values, nulls, VARSIZE_ANY(event->erased_type));
	}
	if (!azr_write_end(write, NULL))
		azr_trigger_interfered(table, azr_stream_label(&lot->streams[0].name));
	table_close(rel, NoLock);
}
