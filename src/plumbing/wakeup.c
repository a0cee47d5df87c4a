/*-------------------------------------------------------------------------
 *
 * wakeup.c
 *	  Waking sessions when a transaction has committed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/wakeup.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/wait_event.h"

/* The class of lock whose holders are to be woken, or 0. */
static AzrLockClass to_be_woken = 0;

static uint32 wait_event(void);
static void transaction_ends(XactEvent event, void *arg);
static void try_to_wake_all(AzrLockClass lockclass);
static void wake_all(AzrLockClass lockclass);

/*
 * When the transaction has committed, wake the sessions that hold the lock of a class whose
 * key is 0.  They hold it in ShareLock while they wait.
 */
void
azr_wake_at_commit(AzrLockClass lockclass)
{
	static bool callback_registered = false;

	if (!callback_registered)
	{
		RegisterXactCallback(transaction_ends, NULL);
		callback_registered = true;
	}
	Assert(to_be_woken == 0 || to_be_woken == lockclass);
	to_be_woken = lockclass;
}

/*
 * Wait until a transaction wakes us, for 'timeout' milliseconds at most.  The caller took the
 * lock first and looked for work after that: so a commit that comes later wakes it.
 */
void
azr_wait_to_be_woken(long timeout)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
					 wait_event());
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * What pg_stat_activity shows of a session that waits.  Since PostgreSQL 17 an extension can have
 * names of its own.
 */
static uint32
wait_event(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 event = 0;

	if (event == 0)
		event = WaitEventExtensionNew("AzrFeedWait");
	return event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

/*
 * By COMMIT, others see what the transaction has done.  COMMIT PREPARED comes from another
 * session: it wakes nobody.
 */
static void
transaction_ends(XactEvent event, void *arg)
{
	AzrLockClass lockclass = to_be_woken;

	switch (event)
	{
		case XACT_EVENT_COMMIT:
			to_be_woken = 0;
			if (lockclass != 0)
				try_to_wake_all(lockclass);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			to_be_woken = 0;
			break;
		default:
			break;
	}
}

/*
 * After the commit, an error would stop the server.  The only one that there can be is a lack of
 * memory for the list of those who wait.  Then they are not woken: they look by themselves.
 */
static void
try_to_wake_all(AzrLockClass lockclass)
{
	MemoryContext context = CurrentMemoryContext;
	uint32		holdoff = InterruptHoldoffCount;

	PG_TRY();
	{
		wake_all(lockclass);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		InterruptHoldoffCount = holdoff;
	}
	PG_END_TRY();
}

/*
 * Memory is allocated only if somebody waits.
 */
static void
wake_all(AzrLockClass lockclass)
{
	int			count;
	VirtualTransactionId *waiters = azr_lock_holders(lockclass, 0, &count);

	for (int i = 0; i < count; i++)
	{
		PGPROC	   *proc = azr_vxid_proc(waiters[i]) >= 0 ? azr_proc_of(waiters[i]) : NULL;

		if (proc != NULL)
			SetLatch(&proc->procLatch);
	}
	if (waiters != NULL)
		pfree(waiters);
}
