/*-------------------------------------------------------------------------
 *
 * sha256.h
 *	  SHA-256, by PostgreSQL's own implementation, of many short messages.
 *
 * One context serves them all.  It belongs to the resource owner that is current when it is
 * begun: an error frees it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SHA256_H
#define AZR_SHA256_H

#include "common/cryptohash.h"
#include "lib/stringinfo.h"

#define AZR_DIGEST_BYTES	32

/* A message that is being hashed. */
typedef struct AzrSha256
{
	pg_cryptohash_ctx *context;
	StringInfoData pending;		/* the end of it, which is not hashed yet */
} AzrSha256;

extern void azr_sha256_begin(AzrSha256 *sha);
extern void azr_sha256_start(AzrSha256 *sha);
extern void azr_sha256_add(AzrSha256 *sha, const void *bytes, Size length);
extern void azr_sha256_finish(AzrSha256 *sha, uint8 *digest);
extern void azr_sha256_end(AzrSha256 *sha);

#endif							/* AZR_SHA256_H */
