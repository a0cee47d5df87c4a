/*-------------------------------------------------------------------------
 *
 * feed_finder.c
 *	  Finding the position of an event in the feed.
 *
 * The event's append is that of the last event before it that has a ticket.  The batch of that
 * ticket is looked for among batches from a given position on: batches are in the order of
 * positions, which is nearly, but not always, that of tickets.  Within the batch, the events of
 * appends with lower tickets come before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "feed/feed_finder.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

static bool find_batch(AzrFeedFinder *finder, int64 ticket, int64 from, int64 end);
static void begin_batch(AzrFeedFinder *finder);
static bool next_range(AzrFeedFinder *finder);

/*
 * Begin to look positions up, by a PostgreSQL snapshot.  The finder belongs to the current
 * memory context.
 */
void
azr_feed_finder_begin(AzrFeedFinder *finder, Snapshot snapshot)
{
	AzrOptionalInt64 end = {true, 0};

	memset(finder, 0, sizeof(AzrFeedFinder));
	finder->snapshot = snapshot;
	finder->context = AllocSetContextCreate(CurrentMemoryContext, "angzarr feed finder",
											ALLOCSET_SMALL_SIZES);
	azr_event_scan_begin(&finder->stream, 1, 0, end, snapshot);
	azr_ticket_event_scan_begin(&finder->tickets, 1, 0, snapshot);
}

void
azr_feed_finder_end(AzrFeedFinder *finder)
{
	azr_event_scan_end(&finder->tickets);
	azr_event_scan_end(&finder->stream);
	MemoryContextDelete(finder->context);
}

/*
 * Find the append that an event of a stream of the main timeline was stored by.  Returns false
 * if there is none, as for an event that was put there by hand.
 */
bool
azr_feed_append_of(AzrFeedFinder *finder, int64 stream_id, int64 sequence, AzrAppend *append)
{
	ScanKeyData keys[3];
	TupleTableSlot *event;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(0));
	ScanKeyInit(&keys[2], 2, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(sequence));
	index_rescan(finder->stream.scan.desc, keys, lengthof(keys), NULL, 0);
	while ((event = azr_event_scan_previous(&finder->stream)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (event->tts_isnull[Anum_azr_events_ticket - 1])
			continue;
		append->ticket = DatumGetInt64(event->tts_values[Anum_azr_events_ticket - 1]);
		append->first_sequence = azr_stored_sequence(event);
		append->events = azr_stored_ticket_events(event);
		return sequence - append->first_sequence < append->events;
	}
	return false;
}

/*
 * The position of the first event of an append, which is at one from 'from' to below 'end'; or
 * AZR_NO_POSITION.
 */
int64
azr_feed_find(AzrFeedFinder *finder, int64 ticket, int64 from, int64 end)
{
	int			range;

	if (!finder->batch.found || (range = azr_ranges_find(&finder->batch.tickets, ticket)) < 0)
	{
		if (!find_batch(finder, ticket, from, end))
			return AZR_NO_POSITION;
		range = azr_ranges_find(&finder->batch.tickets, ticket);
		begin_batch(finder);
	}

	for (int tries = 0; tries < 2; tries++)
	{
		while (finder->range <= range)
		{
			TupleTableSlot *first = azr_event_scan_next(&finder->tickets);
			int64		position = finder->position;

			if (first == NULL)
			{
				if (!next_range(finder))
					break;
				continue;
			}
			finder->position += azr_stored_ticket_events(first);
			if (DatumGetInt64(first->tts_values[Anum_azr_events_ticket - 1]) == ticket)
				return position < end ? position : AZR_NO_POSITION;
		}

		/* it may come before what was looked for last */
		begin_batch(finder);
	}
	return AZR_NO_POSITION;
}

static bool
find_batch(AzrFeedFinder *finder, int64 ticket, int64 from, int64 end)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(finder->context);
	AzrBatchScan scan;
	bool		found = false;

	finder->batch.found = false;
	MemoryContextReset(finder->context);
	azr_batch_scan_begin(&scan, from, finder->snapshot);
	while (!found && azr_batch_scan_next(&scan, &finder->batch) &&
		   finder->batch.first_position < end)
	{
		CHECK_FOR_INTERRUPTS();
		found = azr_ranges_find(&finder->batch.tickets, ticket) >= 0;
		if (!found)
			pfree(finder->batch.tickets.all);
	}
	azr_batch_scan_end(&scan);
	finder->batch.found = found;
	MemoryContextSwitchTo(oldcontext);
	return found;
}

static void
begin_batch(AzrFeedFinder *finder)
{
	finder->range = -1;
	finder->position = finder->batch.first_position;
	(void) next_range(finder);
}

/*
 * Begin to read the appends of the batch's next range of tickets.  Returns false after the last
 * one.
 */
static bool
next_range(AzrFeedFinder *finder)
{
	const AzrTicketRange *range;
	ScanKeyData keys[2];

	/* what is gone with its slot keeps its positions */
	while (++finder->range < finder->batch.tickets.count &&
		   finder->batch.tickets.all[finder->range].dropped > 0)
		finder->position += finder->batch.tickets.all[finder->range].dropped;
	if (finder->range >= finder->batch.tickets.count)
		return false;
	range = &finder->batch.tickets.all[finder->range];
	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(range->last));
	index_rescan(finder->tickets.scan.desc, keys, lengthof(keys), NULL, 0);
	return true;
}
