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
#include "plumbing/lock.h"
#include "plumbing/text.h"
#include "streams/stream_lock.h"
#include "utils/snapmgr.h"

static uint64 hash_name(const AzrStreamName *name);

/*
 * Wait until no other transaction is writing to the stream, and keep others out until this
 * one ends.  A named edition is locked before, in ShareLock.  Returns the stream as it is
 * then.  If it does not exist, only the holder of this lock can create it.  A stream that
 * is probably new is not looked for before it is locked by its names.
 */
AzrStream
azr_stream_lock(const AzrStreamName *name, bool probably_new)
{
	AzrStream	stream = {AZR_NO_STREAM, 0};
	bool		created_here;

	if (!azr_edition_is_main(name->edition))
		azr_edition_lock(name->domain, name->edition, ShareLock);
	if (!probably_new)
		stream = azr_stream_probe(name, SnapshotSelf, &created_here);
	if (stream.id == AZR_NO_STREAM)
	{
		uint64		hash = hash_name(name);

		azr_lock(AZR_LOCK_NEW_STREAM, hash, ExclusiveLock);
		stream = azr_stream_probe(name, SnapshotSelf, &created_here);

		/* one lock at a time, so that writers of one stream cannot deadlock */
		if (stream.id != AZR_NO_STREAM && !created_here)
			azr_unlock(AZR_LOCK_NEW_STREAM, hash, ExclusiveLock);
	}
	if (stream.id != AZR_NO_STREAM && !created_here)
		azr_lock(AZR_LOCK_STREAM, (uint64) stream.id, ExclusiveLock);
	return stream;
}

/*
 * If a stream does not exist, have it not created before this transaction ends.  If another
 * transaction is creating it, this waits for that one.
 */
void
azr_stream_hold_off(const AzrStreamName *name)
{
	bool		created_here;

	if (azr_stream_probe(name, SnapshotSelf, &created_here).id == AZR_NO_STREAM)
		azr_lock(AZR_LOCK_NEW_STREAM, hash_name(name), ShareLock);
}

static uint64
hash_name(const AzrStreamName *name)
{
	uint64		hash = azr_hash_text(name->edition, azr_hash_text(name->domain, 0));

	return hash_bytes_extended(name->root->data, UUID_LEN, hash);
}
