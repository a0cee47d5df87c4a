/*-------------------------------------------------------------------------
 *
 * timeline.h
 *	  What a stream consists of: an edition's stream is the main timeline below
 *	  its divergence, and its own events from there on.
 *
 *		main timeline	0 1 2 3 4 5 6
 *		an edition		0 1 2 : 3'4'		diverged at 3
 *		another			0 1 2 3 4 : 5'		diverged at 5
 *
 * The divergence of a root is fixed by its first event in the edition.  Until
 * then, the edition reads as the main timeline, below the divergence that the
 * caller gives or that is registered, where there is one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TIMELINE_H
#define AZR_TIMELINE_H

#include "events/event_table.h"
#include "streams/stream.h"

typedef struct AzrTimeline
{
	AzrStream	main;			/* the stream on the main timeline */
	AzrStream	own;			/* the edition's; none on the main timeline */
	AzrOptionalInt64 shared_to; /* end of what is read of the main timeline */
	bool		is_edition;
} AzrTimeline;

/* A scan of one or two streams, in either direction. */
typedef struct AzrTimelineScan
{
	const AzrTimeline *timeline;
	AzrOptionalInt64 to;
	int64		from;
	Snapshot	snapshot;
	int			ncolumns;		/* of stored events that are read, or 0 for
								 * all */
	bool		backward;
	bool		in_own;			/* in what is owned, not in what is shared */
	bool		scanning;
	AzrEventScan scan;
} AzrTimelineScan;

extern AzrTimeline azr_timeline_find(const AzrStreamName *name,
									 AzrOptionalInt64 divergence, Snapshot snapshot);
extern int64 azr_timeline_next(const AzrTimeline *timeline, Snapshot snapshot);
extern bool azr_timeline_reaches(const AzrTimeline *timeline, int64 sequence,
								 Snapshot snapshot, int64 *next);
extern int64 azr_timeline_own_next(const AzrStream *stream, Snapshot snapshot);

extern void azr_timeline_scan_begin(AzrTimelineScan *scan, const AzrTimeline *timeline,
									int64 from, AzrOptionalInt64 to, bool backward,
									Snapshot snapshot);
extern void azr_timeline_scan_columns(AzrTimelineScan *scan, int ncolumns);
extern TupleTableSlot *azr_timeline_scan_next(AzrTimelineScan *scan, bool *is_own);
extern void azr_timeline_scan_end(AzrTimelineScan *scan);

extern void azr_timeline_check_isolation(const AzrStreamName *name, const AzrStream *stream,
										 int64 next);

#endif							/* AZR_TIMELINE_H */
