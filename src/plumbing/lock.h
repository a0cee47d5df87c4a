/*-------------------------------------------------------------------------
 *
 * lock.h
 *	  The advisory locks that serialise writers.
 *
 * PostgreSQL keeps an application's advisory locks apart by field4 of the lock
 * tag: 1 for pg_advisory_lock(bigint), 2 for pg_advisory_lock(int, int).  Ours
 * have values of their own, so no application lock can collide with them.
 * pg_locks shows the value in objsubid, and the key in classid (high half) and
 * objid (low half).
 *
 * A lock is held to the end of the transaction or subtransaction that took it, unless it
 * turns out not to be needed; AZR_LOCK_TYPE and AZR_LOCK_FEED_WAIT are held only while they
 * are needed.  Where a lock is taken,
 * as in streams/stream_lock.h, it is said in which order.  A lock is never held by the session,
 * so poolers in transaction mode work.  lock_timeout, statement_timeout and deadlock detection
 * apply.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LOCK_H
#define AZR_LOCK_H

#include "storage/lock.h"

typedef enum AzrLockClass
{
	/*
	 * The writers of one stream.  The key is its stream_id, so that two
	 * streams never share a lock.
	 */
	AZR_LOCK_STREAM = 24954,

	/*
	 * The creators of a stream that has no stream_id yet.  The key is a hash
	 * of 64 bits of its names.  Needed only until the stream's first append
	 * commits.  One who needs a main stream not to be created meanwhile takes
	 * it in ShareLock, after the lock of the edition's stream.
	 */
	AZR_LOCK_NEW_STREAM = 24955,

	/*
	 * One edition of one domain.  The key is a hash of 64 bits of the two
	 * names.  A transaction that writes to the edition, or has a stream of it
	 * stand still, takes it in ShareLock, before the stream's lock.  One that
	 * registers, protects or deletes the edition takes it in ExclusiveLock.
	 */
	AZR_LOCK_EDITION = 24956,

	/*
	 * Whoever makes, fills and drops partitions of a table, one at a time.
	 * The key is the table's OID.
	 */
	AZR_LOCK_MAINTENANCE = 24957,

	/*
	 * Whoever grants or revokes rights on the extension's functions, one at a
	 * time.  The key is 0.
	 */
	AZR_LOCK_PRIVILEGES = 24958,

	/*
	 * Whoever gives a new type of events its number.  The key is the number.
	 * Held only until the type's row is there.
	 */
	AZR_LOCK_TYPE = 24959,

	/*
	 * One cascade.  The key is a hash of 64 bits of its id.  A transaction
	 * that appends pending events takes it in ShareLock, before the locks of
	 * edition and stream.  One that resolves the cascade takes it in
	 * ExclusiveLock.
	 */
	AZR_LOCK_CASCADE = 24960,

	/*
	 * Whoever gives positions to the events of the feed, one at a time.  The
	 * key is 0.
	 */
	AZR_LOCK_NUMBERING = 24961,

	/*
	 * Whoever waits for events of the feed, in ShareLock.  The key is 0.  It
	 * keeps nobody out: an append looks, when it has committed, for who has
	 * it, and wakes them.
	 */
	AZR_LOCK_FEED_WAIT = 24962,

	/*
	 * Whoever has locked the row of a group's partition.  The key is a hash
	 * of handler and partition.  Nobody waits for it: it shows others that
	 * the partition is not free, which a locked row does only to who tries to
	 * lock it.
	 */
	AZR_LOCK_PARTITION = 24963,

	/*
	 * Whoever writes to the evidence, one at a time: who seals events, files
	 * a note, or erases what is sealed.  The key is 0.  An erasure takes it
	 * when it has the locks of all streams that it needs, those of editions
	 * among them; who seals takes no lock of a stream.  A transaction keeps
	 * it while it goes on to the next erasure.
	 */
	AZR_LOCK_EVIDENCE = 24964,

	/*
	 * Whoever brings a slot's streams here, or deletes what is left of them,
	 * one at a time.  The key is the slot.  It is taken after the lock on
	 * azr_streams, before all others.
	 */
	AZR_LOCK_SLOT = 24965,

	/*
	 * Whoever counts for azr_statistics(), one at a time, and who takes back
	 * what was counted of a slot.  The key is 0.  Only the latter waits for
	 * it.
	 */
	AZR_LOCK_STATISTICS = 24966
} AzrLockClass;

extern void azr_lock(AzrLockClass lockclass, uint64 key, LOCKMODE mode);
extern bool azr_try_lock(AzrLockClass lockclass, uint64 key, LOCKMODE mode);
extern bool azr_is_locked_by_us(AzrLockClass lockclass, uint64 key, LOCKMODE mode);
extern VirtualTransactionId *azr_lock_holders(AzrLockClass lockclass, uint64 key, int *count);
extern void azr_unlock(AzrLockClass lockclass, uint64 key, LOCKMODE mode);

#endif							/* AZR_LOCK_H */
