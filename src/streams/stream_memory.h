/*-------------------------------------------------------------------------
 *
 * stream_memory.h
 *	  The streams that a backend has lately used, by name.
 *
 * To find a stream by its names takes a descent of an index and a row of the table.  A
 * backend that uses the same streams again and again remembers their numbers: up to 1,024
 * streams of the main timeline, in 80 kB that are allocated once.  Further ones take the
 * places of those that came in first.
 *
 * What is remembered stays true: a row of a stream on the main timeline is never changed once it
 * is committed, and deleted only by azr_slot_drop(), which has all sessions forget.  Triggers see
 * to that, and those fire ALWAYS.  If they are not all in their places, because the owner is about
 * to delete something, nothing is remembered.  To drop, truncate or restore the table, and to take
 * away a trigger and put it back, are changes that the relation cache tells, after which all is
 * forgotten.
 *
 * Only committed rows are remembered: a row that the transaction itself has made may be rolled
 * back.  Other transactions may have older snapshots, or take over one.  So the transaction that
 * made the row is remembered too, and a snapshot that does not show it is told nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STREAM_MEMORY_H
#define AZR_STREAM_MEMORY_H

#include "streams/stream.h"

extern int64 azr_stream_recall(const AzrTable *table, const AzrStreamName *name,
							   Snapshot snapshot);
extern void azr_stream_remember(const AzrTable *table, Relation rel,
								const AzrStreamName *name, int64 id, TupleTableSlot *row,
								Snapshot snapshot);

#endif							/* AZR_STREAM_MEMORY_H */
