/*-------------------------------------------------------------------------
 *
 * forget.c
 *	  What erasing needs of the evidence: digests of bodies, and taking salts away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/evidence.h"
#include "evidence/log.h"
#include "miscadmin.h"
#include "plumbing/error.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* The salts of a tile, some of which are taken away. */
typedef struct Salts
{
	int64		index;			/* of the tile, or -1 */
	int64		last_ticket;
	int			count;
	bool		is_changed;
	uint8		salt[AZR_SALTS_BYTES];
} Salts;

static void forget(AzrLog *log, const AzrStreamName *name, int64 stream_id, int64 from, int64 to,
				   AzrBodyDigest *digests);
static void check_event(AzrLog *log, const AzrStreamName *name, const AzrLogEvent *event);
static void forget_salt(AzrLog *log, int64 position, Salts *salts);
static void store_salts(Salts *salts);

/*
 * Take away the salts of events from 'from' to 'to' of a stream, all of which there are, and
 * which are about to be erased; and give the digests of their bodies, one for each.  If an event
 * is not sealed, or no evidence is kept, there is none.  One that was erased before it was sealed
 * has one of what is left of it; one that was erased after that keeps that on its record.
 *
 * The caller holds the stream's lock, and has changed nothing of the events yet.  Takes
 * AZR_LOCK_EVIDENCE to the end of the transaction.
 *
 * Raises ZR011 if a row does not give the leaf that was sealed: it was altered before.  Raises
 * 40001 if the transaction must stick to a PostgreSQL snapshot that does not show what is
 * sealed, and XX001 if tables of the evidence are damaged.
 */
void
azr_evidence_forget(const AzrStreamName *name, int64 stream_id, int64 from, int64 to,
					AzrBodyDigest *digests)
{
	MemoryContext context;
	MemoryContext oldcontext;
	Snapshot	snapshot;
	AzrLog		log;

	memset(digests, 0, (to - from + 1) * sizeof(AzrBodyDigest));

	/* editions' own events are not in the log */
	if (stream_id < 0)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "angzarr evidence",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	/* so that nobody begins to keep evidence meanwhile */
	azr_evidence_lock();
	if (azr_evidence_origin() != NULL)
	{
		snapshot = RegisterSnapshot(GetTransactionSnapshot());
		azr_log_begin(&log, snapshot);
		forget(&log, name, stream_id, from, to, digests);
		azr_log_end(&log);
		UnregisterSnapshot(snapshot);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

static void
forget(AzrLog *log, const AzrStreamName *name, int64 stream_id, int64 from, int64 to,
	   AzrBodyDigest *digests)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr event",
												  ALLOCSET_DEFAULT_SIZES);
	Salts	   *salts = palloc0(sizeof(Salts));
	AzrLogScan	scan;
	AzrLogEvent *event = palloc0(sizeof(AzrLogEvent));

	salts->index = -1;
	azr_log_scan_begin(&scan, log, name, stream_id, from, to);
	for (;;)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scratch);
		bool		found = azr_log_scan_next(&scan, event);

		CHECK_FOR_INTERRUPTS();
		if (found)
		{
			AzrBodyDigest *digest = &digests[event->sequence - from];

			check_event(log, name, event);
			digest->is_sealed = true;
			memcpy(digest->digest, event->body, AZR_DIGEST_BYTES);
		}
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(scratch);
		if (!found)
			break;
		forget_salt(log, event->position, salts);
	}
	azr_log_scan_end(&scan);
	store_salts(salts);
}

/*
 * Raise ZR011 if an event does not give its sealed leaf.
 */
static void
check_event(AzrLog *log, const AzrStreamName *name, const AzrLogEvent *event)
{
	uint8		leaf[AZR_DIGEST_BYTES];

	azr_log_leaf(log, event->position, leaf);
	if (memcmp(leaf, event->leaf, AZR_DIGEST_BYTES) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_EVIDENCE_MISMATCH),
				 errmsg("event %lld of %s is not what was sealed",
						(long long) event->sequence, azr_stream_label(name)),
				 errdetail("It was altered behind the store's back, so nothing would vouch for what is erased."),
				 errhint("Call azr_verify().")));
}

/*
 * Take the salt away of the event at a position.  Salts are stored tile by tile.
 */
static void
forget_salt(AzrLog *log, int64 position, Salts *salts)
{
	static const uint8 none[AZR_SALT_BYTES] = {0};
	uint8	   *salt;

	if (salts->index != azr_tile_of(position))
	{
		const uint8 *stored;

		store_salts(salts);
		salts->index = azr_tile_of(position);
		salts->last_ticket = azr_evidence_last_ticket(log->reader, salts->index);
		stored = azr_evidence_salts(log->reader, salts->index, &salts->count);
		memcpy(salts->salt, stored, salts->count * AZR_SALT_BYTES);

		/* those of events that are not sealed yet are drawn when they are */
		salts->count = Min(salts->count, azr_tile_hashes(0, salts->index, log->size));
	}
	salt = salts->salt + azr_place_in_tile(position) * AZR_SALT_BYTES;
	salts->is_changed = salts->is_changed || memcmp(salt, none, AZR_SALT_BYTES) != 0;
	memset(salt, 0, AZR_SALT_BYTES);
}

static void
store_salts(Salts *salts)
{
	if (salts->is_changed)
		azr_evidence_put_salts(salts->index, salts->last_ticket, salts->salt, salts->count);
	salts->is_changed = false;
}
