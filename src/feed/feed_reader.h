/*-------------------------------------------------------------------------
 *
 * feed_reader.h
 *	  Reading a part of the feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_READER_H
#define AZR_FEED_READER_H

#include "events/event_columns.h"
#include "nodes/execnodes.h"
#include "plumbing/args.h"
#include "utils/snapshot.h"

/* Columns of azr_feed_event, as in feed.sql: a position, and then those of azr_timeline. */
#define Natts_azr_feed_event	(1 + Natts_azr_timeline)

/* What is to be read. */
typedef struct AzrFeedRead
{
	int64		after;
	int64		last;			/* the position to end with */
	AzrArrayArg domains;		/* only of these, if given */
	AzrArrayArg types;
	bool		effective;		/* only what has become effective, when it
								 * has? */
} AzrFeedRead;

extern void azr_feed_read(const AzrFeedRead *read, Snapshot snapshot, ReturnSetInfo *rsinfo);

#endif							/* AZR_FEED_READER_H */
