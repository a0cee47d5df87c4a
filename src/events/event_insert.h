/*-------------------------------------------------------------------------
 *
 * event_insert.h
 *	  The one way to write to the table of events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_INSERT_H
#define AZR_EVENT_INSERT_H

#include "events/event_table.h"

/* Events on their way into a stream, one after the other from a sequence on. */
typedef struct AzrEventRun
{
	AzrStreamName name;			/* for errors */
	int64		stream_id;
	int64		first_sequence;
	AzrLeaf		leaf;			/* where the key of the event before was found */
	AzrNewEvents events;
} AzrEventRun;

/* A stream that is being appended to. */
typedef struct AzrAppendGuard
{
	int64		stream_id;
	struct AzrAppendGuard *outer;
} AzrAppendGuard;

extern void azr_events_insert(const AzrEventRun *runs, int count);
extern void azr_append_guard_begin(AzrAppendGuard *guard, int64 stream_id);
extern void azr_append_guard_end(const AzrAppendGuard *guard);

#endif							/* AZR_EVENT_INSERT_H */
