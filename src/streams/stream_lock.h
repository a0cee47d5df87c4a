/*-------------------------------------------------------------------------
 *
 * stream_lock.h
 *	  The lock of those who write to a stream.
 *
 * A writer calls azr_stream_lock().  Then it sees everything that is committed in the stream,
 * and nobody else adds to it before the writer's transaction ends:
 *
 * - A stream that exists is locked by its stream_id (AZR_LOCK_STREAM).
 * - A stream that does not exist yet is locked by its names
 *	 (AZR_LOCK_NEW_STREAM), and looked up again once the lock is held: another
 *	 writer may have created it while this one waited.  Then its stream_id is
 *	 locked instead, since a third writer may have found it by then.  An append
 *	 that expects sequence 0 begins here, since it most likely makes a stream.
 * - Where the transaction itself created the stream, nobody else can see the
 *	 row, and whoever looks for it waits for the lock on the names: no further
 *	 lock is needed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STREAM_LOCK_H
#define AZR_STREAM_LOCK_H

#include "streams/stream.h"

extern AzrStream azr_stream_lock(const AzrStreamName *name, bool probably_new);
extern void azr_stream_hold_off(const AzrStreamName *name);

#endif							/* AZR_STREAM_LOCK_H */
