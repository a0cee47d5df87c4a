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
 * A transaction may write to any number of streams, but the server's lock table has room for
 * some thousand locks only.  So once a transaction has taken as many of these locks as the
 * server has set aside for one (max_locks_per_transaction), it gives back each further one as
 * soon as it has stored events in the stream (azr_stream_appended()).  From then on, its
 * transaction id is the coarser lock, which covers all streams that it has written to:
 * PostgreSQL keeps that lock for each transaction that writes.  So it takes no more room, it is
 * there without waiting, and two such transactions cannot deadlock over it.
 * So whoever has got a stream's lock looks at the row of the stream (azr_stream_lock()) and
 * at its last event (azr_writer_lock(), in the room of events).  If one of them is of another
 * transaction in progress, it gives back the lock, waits for that transaction, and begins
 * again.  It must not keep the lock while it waits, since the other transaction may want it for
 * its next append.  Both rows are read in any case, so this costs nobody anything.
 *
 * Past that number, the lock is also given back after an append whose events were there already.
 * So who does not know whether such a transaction was committed can run it again.
 *
 * Other locks of streams in which nothing is stored are kept to the end: those of azr_expect(),
 * of appends that found a conflict, and of who puts or deletes snapshots alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STREAM_LOCK_H
#define AZR_STREAM_LOCK_H

#include "plumbing/lock.h"
#include "streams/stream.h"

/* The lock of a stream, and the stream as it was when the lock was taken. */
typedef struct AzrStreamLock
{
	AzrStream	stream;
	bool		taken;			/* not where our transaction has created the
								 * stream */
	AzrLockClass lockclass;
	uint64		key;
} AzrStreamLock;

extern AzrStreamLock azr_stream_lock(const AzrStreamName *name, bool probably_new);
extern void azr_stream_unlock(const AzrStreamLock *lock);
extern void azr_stream_appended(const AzrStreamLock *lock);
extern void azr_stream_hold_off(const AzrStreamName *name);

#endif							/* AZR_STREAM_LOCK_H */
