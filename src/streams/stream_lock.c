/*-------------------------------------------------------------------------
 *
 * stream_lock.c
 *	  The lock of those who write to a stream.
 *
 * See stream_lock.h for the protocol.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "plumbing/compat.h"
#include "plumbing/text.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "streams/slot.h"
#include "streams/stream_lock.h"
#include "utils/snapmgr.h"

/* How many locks our transaction has taken, and which transaction that was. */
static int	nlocks = 0;
static LocalTransactionId nlocks_of = InvalidLocalTransactionId;

static void take(AzrStreamLock *lock, AzrLockClass lockclass, uint64 key);
static uint64 hash_name(const AzrStreamName *name);

/*
 * Wait until no other transaction is writing to the stream, and keep others out until this
 * one ends.  A named edition is locked before, in ShareLock.  Returns the stream as it is
 * then.  If it does not exist, only the holder of this lock can create it.  A stream that
 * is probably new is not looked for before it is locked by its names.
 *
 * If the stream exists, the caller looks at its last event: see stream_lock.h.
 */
AzrStreamLock
azr_stream_lock(const AzrStreamName *name, bool probably_new)
{
	if (!azr_edition_is_main(name->edition))
		azr_edition_lock(name->domain, name->edition, ShareLock);
	for (;;)
	{
		AzrStreamLock lock = {.stream = {AZR_NO_STREAM, 0}};
		bool		created_here;

		if (!probably_new)
			lock.stream = azr_stream_probe(name, SnapshotSelf, &created_here);
		if (lock.stream.id == AZR_NO_STREAM)
		{
			SnapshotData dirty;

			InitDirtySnapshot(dirty);
			dirty.xmin = InvalidTransactionId;
			take(&lock, AZR_LOCK_NEW_STREAM, hash_name(name));
			lock.stream = azr_stream_probe(name, &dirty, &created_here);

			/*
			 * one lock at a time, so that writers of one stream cannot
			 * deadlock
			 */
			if (lock.stream.id != AZR_NO_STREAM)
				azr_stream_unlock(&lock);
			lock.taken = lock.stream.id == AZR_NO_STREAM;
			if (TransactionIdIsValid(dirty.xmin))
			{
				XactLockTableWait(dirty.xmin, NULL, NULL, XLTW_None);
				continue;
			}
		}
		if (lock.stream.id != AZR_NO_STREAM && !created_here)
			take(&lock, AZR_LOCK_STREAM, (uint64) lock.stream.id);

		/* the table of streams is locked by now */
		azr_slot_check_write(name);
		return lock;
	}
}

/*
 * Give back a stream's lock.  What was taken of it before in the transaction stays.
 */
void
azr_stream_unlock(const AzrStreamLock *lock)
{
	if (!lock->taken)
		return;
	azr_unlock(lock->lockclass, lock->key, ExclusiveLock);
	nlocks--;
}

/*
 * An append to a locked stream is done.  Either our transaction has stored events there, so that
 * its id keeps others out, or they were there already, so that nobody needs to be kept out.  Give
 * back the lock if there are many.
 */
void
azr_stream_appended(const AzrStreamLock *lock)
{
	if (nlocks > max_locks_per_xact)
		azr_stream_unlock(lock);
}

/*
 * If a stream does not exist, have it not created before this transaction ends.  If another
 * transaction is creating it, this waits for that one.
 */
void
azr_stream_hold_off(const AzrStreamName *name)
{
	uint64		hash = hash_name(name);
	bool		created_here;

	while (azr_stream_probe(name, SnapshotSelf, &created_here).id == AZR_NO_STREAM)
	{
		SnapshotData dirty;

		InitDirtySnapshot(dirty);
		dirty.xmin = InvalidTransactionId;
		azr_lock(AZR_LOCK_NEW_STREAM, hash, ShareLock);
		if (azr_stream_probe(name, &dirty, &created_here).id == AZR_NO_STREAM)
			break;
		azr_unlock(AZR_LOCK_NEW_STREAM, hash, ShareLock);
		if (TransactionIdIsValid(dirty.xmin))
			XactLockTableWait(dirty.xmin, NULL, NULL, XLTW_None);
	}
}

static void
take(AzrStreamLock *lock, AzrLockClass lockclass, uint64 key)
{
	if (nlocks_of != azr_proc_lxid(MyProc))
	{
		nlocks = 0;
		nlocks_of = azr_proc_lxid(MyProc);
	}
	azr_lock(lockclass, key, ExclusiveLock);
	nlocks++;
	lock->taken = true;
	lock->lockclass = lockclass;
	lock->key = key;
}

static uint64
hash_name(const AzrStreamName *name)
{
	uint64		hash = azr_hash_text(name->edition, azr_hash_text(name->domain, 0));

	return hash_bytes_extended(name->root->data, UUID_LEN, hash);
}
