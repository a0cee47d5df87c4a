/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  The advisory locks that serialise writers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/lock.h"

static LOCKTAG make_tag(AzrLockClass lockclass, uint64 key);

/*
 * Wait for an advisory lock, and hold it to the end of the transaction.
 *
 * Raises 55P03 (lock_timeout), 57014 (statement_timeout or cancel) or 40P01
 * (deadlock) as any other lock does.
 */
void
azr_lock(AzrLockClass lockclass, uint64 key, LOCKMODE mode)
{
	LOCKTAG		tag = make_tag(lockclass, key);

	(void) LockAcquire(&tag, mode, false, false);
}

/*
 * The same without waiting.  Returns whether it was free.
 */
bool
azr_try_lock(AzrLockClass lockclass, uint64 key, LOCKMODE mode)
{
	LOCKTAG		tag = make_tag(lockclass, key);

	return LockAcquire(&tag, mode, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Give back a lock that turned out not to be needed.  What was taken before in the
 * transaction stays.
 */
void
azr_unlock(AzrLockClass lockclass, uint64 key, LOCKMODE mode)
{
	LOCKTAG		tag = make_tag(lockclass, key);

	(void) LockRelease(&tag, mode, false);
}

/*
 * Does our transaction hold a lock?
 */
bool
azr_is_locked_by_us(AzrLockClass lockclass, uint64 key, LOCKMODE mode)
{
	LOCKTAG		tag = make_tag(lockclass, key);

	return azr_lock_held_by_me(&tag, mode);
}

/*
 * The other transactions that hold a lock in any mode, or NULL if there are none.  Allocates
 * memory only if anybody holds it.
 */
VirtualTransactionId *
azr_lock_holders(AzrLockClass lockclass, uint64 key, int *count)
{
	LOCKTAG		tag = make_tag(lockclass, key);
	VirtualTransactionId *holders = NULL;

	*count = 0;
	if (LockWaiterCount(&tag) > 0)
		holders = GetLockConflicts(&tag, AccessExclusiveLock, count);
	return *count > 0 ? holders : NULL;
}

static LOCKTAG
make_tag(AzrLockClass lockclass, uint64 key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key,
						 (uint16) lockclass);
	return tag;
}
