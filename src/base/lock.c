/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  The advisory locks that serialise writers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/lock.h"
#include "miscadmin.h"

/*
 * Wait for an advisory lock, and hold it to the end of the transaction.
 *
 * Raises 55P03 (lock_timeout), 57014 (statement_timeout or cancel) or 40P01
 * (deadlock) as any other lock does.
 */
void
azr_lock(AzrLockClass lockclass, uint64 key, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key,
						 (uint16) lockclass);
	(void) LockAcquire(&tag, mode, false, false);
}
