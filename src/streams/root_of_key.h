/*-------------------------------------------------------------------------
 *
 * root_of_key.h
 *	  The root of a business key, which the store and the router compute alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ROOT_OF_KEY_H
#define AZR_ROOT_OF_KEY_H

#include "common/cryptohash.h"
#include "common/sha1.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

/*
 * A version-5 UUID (RFC 9562, section 5.5), so that any client can compute the
 * same.
 */
static inline pg_uuid_t *
azr_root_of_key(const text *domain, const text *key)
{
	/* the version-5 UUID of "angzarr.dev" in the DNS namespace */
	static const uint8 namespace[UUID_LEN] = {
		0x40, 0x4F, 0x3B, 0xDA, 0x57, 0x8A, 0x5C, 0x4D,
		0xA7, 0xF4, 0x27, 0x51, 0xB8, 0x43, 0x69, 0x8A
	};
	char	   *name = psprintf("%s:%s", text_to_cstring(domain), text_to_cstring(key));
	char	   *utf8 = pg_server_to_any(name, strlen(name), PG_UTF8);
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA1);
	uint8		digest[SHA1_DIGEST_LENGTH];
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

	if (pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, namespace, UUID_LEN) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) utf8, strlen(utf8)) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-1 hash: %s", pg_cryptohash_error(ctx));
	pg_cryptohash_free(ctx);

	memcpy(uuid->data, digest, UUID_LEN);
	uuid->data[6] = (uuid->data[6] & 0x0F) | 0x50;	/* version 5 */
	uuid->data[8] = (uuid->data[8] & 0x3F) | 0x80;	/* variant of the RFC */
	return uuid;
}

#endif							/* AZR_ROOT_OF_KEY_H */
