/*-------------------------------------------------------------------------
 *
 * wakeup.h
 *	  Waking sessions when a transaction has committed.
 *
 * NOTIFY would do, but its commits wait for each other, in all databases of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_WAKEUP_H
#define AZR_WAKEUP_H

#include "plumbing/lock.h"

extern void azr_wake_at_commit(AzrLockClass lockclass);
extern void azr_wait_to_be_woken(long timeout);

#endif							/* AZR_WAKEUP_H */
