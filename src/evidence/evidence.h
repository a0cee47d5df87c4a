/*-------------------------------------------------------------------------
 *
 * evidence.h
 *	  What erasing needs of the evidence.
 *
 * A sealed event is vouched for by its leaf of the log, which has a digest of the event's body:
 * payload, metadata and ids, with a random salt.  When the body is erased, the digest stands
 * for it, and the salt goes too: with it, one could try which body has that digest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVIDENCE_H
#define AZR_EVIDENCE_H

#include "plumbing/sha256.h"
#include "streams/stream.h"

/* What vouches for an event's body once that is erased. */
typedef struct AzrBodyDigest
{
	bool		is_sealed;		/* else nothing does: the log has no leaf of
								 * the event */
	uint8		digest[AZR_DIGEST_BYTES];
} AzrBodyDigest;

extern void azr_evidence_forget(const AzrStreamName *name, int64 stream_id,
								int64 from, int64 to, AzrBodyDigest *digests);

#endif							/* AZR_EVIDENCE_H */
