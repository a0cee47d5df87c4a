/*-------------------------------------------------------------------------
 *
 * sha256.c
 *	  SHA-256, by PostgreSQL's own implementation, of many short messages.
 *
 * What is short is put together first: each call of the implementation takes longer than to
 * copy it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sha2.h"
#include "plumbing/sha256.h"

StaticAssertDecl(AZR_DIGEST_BYTES == PG_SHA256_DIGEST_LENGTH, "length of a digest");

/* As much is put together. */
#define SHORT	4096

static void check(const AzrSha256 *sha, int result);
static void hash_pending(AzrSha256 *sha);

/*
 * Begin to hash messages.  Allocates in the current memory context.
 */
void
azr_sha256_begin(AzrSha256 *sha)
{
	sha->context = pg_cryptohash_create(PG_SHA256);
	if (sha->context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	initStringInfo(&sha->pending);
}

/*
 * Begin a message.
 */
void
azr_sha256_start(AzrSha256 *sha)
{
	check(sha, pg_cryptohash_init(sha->context));
	resetStringInfo(&sha->pending);
}

/*
 * Add bytes to the message.
 */
void
azr_sha256_add(AzrSha256 *sha, const void *bytes, Size length)
{
	if (sha->pending.len + length > SHORT)
		hash_pending(sha);
	if (length > SHORT)
		check(sha, pg_cryptohash_update(sha->context, bytes, length));
	else
		appendBinaryStringInfoNT(&sha->pending, bytes, (int) length);
}

/*
 * End the message, and give its digest.
 */
void
azr_sha256_finish(AzrSha256 *sha, uint8 *digest)
{
	hash_pending(sha);
	check(sha, pg_cryptohash_final(sha->context, digest, AZR_DIGEST_BYTES));
}

void
azr_sha256_end(AzrSha256 *sha)
{
	pg_cryptohash_free(sha->context);
	pfree(sha->pending.data);
}

static void
hash_pending(AzrSha256 *sha)
{
	if (sha->pending.len > 0)
		check(sha, pg_cryptohash_update(sha->context, (const uint8 *) sha->pending.data,
										sha->pending.len));
	resetStringInfo(&sha->pending);
}

static void
check(const AzrSha256 *sha, int result)
{
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute a SHA-256 digest: %s",
						pg_cryptohash_error(sha->context))));
}
