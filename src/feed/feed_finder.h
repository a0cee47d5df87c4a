/*-------------------------------------------------------------------------
 *
 * feed_finder.h
 *	  Finding the position of an event in the feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_FINDER_H
#define AZR_FEED_FINDER_H

#include "events/event_table.h"
#include "feed/feed_table.h"

/* No position. */
#define AZR_NO_POSITION		INT64CONST(-1)

/* An append to the main timeline. */
typedef struct AzrAppend
{
	int64		ticket;
	int64		first_sequence;
	int64		events;
} AzrAppend;

/*
 * A look-up of positions.  It remembers where it has found the last one: the appends of one
 * stream, ascending, are found with little reading.
 */
typedef struct AzrFeedFinder
{
	Snapshot	snapshot;
	AzrEventScan stream;
	AzrEventScan tickets;
	AzrFeedBatch batch;
	MemoryContext context;		/* of 'batch' */
	int			range;			/* of its tickets, that is being read */
	int64		position;		/* of the next append in it */
} AzrFeedFinder;

extern void azr_feed_finder_begin(AzrFeedFinder *finder, Snapshot snapshot);
extern bool azr_feed_append_of(AzrFeedFinder *finder, int64 stream_id, int64 sequence,
							   AzrAppend *append);
extern int64 azr_feed_find(AzrFeedFinder *finder, int64 ticket, int64 from, int64 end);
extern void azr_feed_finder_end(AzrFeedFinder *finder);

#endif							/* AZR_FEED_FINDER_H */
