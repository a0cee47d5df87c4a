/*-------------------------------------------------------------------------
 *
 * feed_reader.h
 *	  Reading a part of the feed.
 *
 * Events that are asked for are given one by one, or shown to a callback, in the order of
 * positions.  Where what becomes effective is asked for, several of them can have one position,
 * and a callback cannot end reading between these.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_READER_H
#define AZR_FEED_READER_H

#include "events/correlation.h"
#include "events/event_columns.h"
#include "nodes/execnodes.h"
#include "plumbing/args.h"
#include "utils/snapshot.h"

/* Columns of azr_feed_event, as in feed.sql: a position, and then those of azr_timeline. */
#define Natts_azr_feed_event	(1 + Natts_azr_timeline)
#define AZR_FEED_EVENT_TYPES	INT8OID, AZR_TIMELINE_TYPES

/* An event of the feed.  All of it is valid until the next one is shown. */
typedef struct AzrFeedRow
{
	int64		position;
	int64		stream_id;
	int64		sequence;		/* of the event that has the position, which
								 * may have made this one effective */
	const Datum *values;		/* columns of azr_feed_event */
	const bool *nulls;
} AzrFeedRow;

/*
 * May an event of a stream be wanted that is at a position from 'first' to 'last'?
 */
typedef bool (*AzrFeedFilter) (void *arg, int64 stream_id, int64 first, int64 last);

/*
 * Looks at an event, in the caller's memory context.  Returns whether positions after its own
 * are to be read.
 */
typedef bool (*AzrFeedCallback) (void *arg, const AzrFeedRow *row);

/* What is to be read. */
typedef struct AzrFeedRead
{
	int64		after;
	int64		last;			/* the position to end with */
	AzrArrayArg domains;		/* only of these, if given */
	AzrArrayArg types;
	bool		effective;		/* only what has become effective, when it
								 * has? */
	int64		stream_id;		/* if not 0, only events of this stream, whose
								 * event at after + 1 has this sequence */
	int64		sequence;
	bool		no_correlation_id;	/* does nobody look at that? */
	bool		no_moved;		/* no appends that came from another node with
								 * their slot, and have tickets above this? */
	int64		moved_after;

	AzrFeedFilter filter;		/* or NULL */
	void	   *filter_arg;
} AzrFeedRead;

/* Where an event is: its position, and the names of its stream and type. */
typedef struct AzrFeedPlace
{
	int64		position;
	const text *domain;
	const text *edition;
	const pg_uuid_t *root;
	const text *type;
} AzrFeedPlace;

/* A read that is going on. */
typedef struct AzrFeedReader AzrFeedReader;

extern AzrFeedReader *azr_feed_reader_begin(const AzrFeedRead *read, Snapshot snapshot);
extern bool azr_feed_reader_next(AzrFeedReader *reader, Datum *values, bool *nulls);
extern int64 azr_feed_reader_stream(const AzrFeedReader *reader);
extern int64 azr_feed_reader_last_ticket(const AzrFeedReader *reader);
extern void azr_feed_reader_end(AzrFeedReader *reader);

extern int64 azr_feed_each(const AzrFeedRead *read, Snapshot snapshot,
						   AzrFeedCallback callback, void *arg);
extern void azr_feed_event_result(TupleTableSlot *event, const AzrFeedPlace *place,
								  AzrCorrelationText *correlation, Datum *values, bool *nulls);
extern void azr_feed_read(const AzrFeedRead *read, Snapshot snapshot, ReturnSetInfo *rsinfo);

#endif							/* AZR_FEED_READER_H */
