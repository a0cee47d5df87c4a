/*-------------------------------------------------------------------------
 *
 * lists.c
 *	  azr_domains, azr_roots and azr_root: which streams there are, and what
 *	  the root of a business key is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha1.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "streams/edition.h"
#include "streams/slot.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_domains);
PG_FUNCTION_INFO_V1(azr_roots);
PG_FUNCTION_INFO_V1(azr_root);

#define DOMAINS \
	"WITH RECURSIVE d AS (" \
	"(SELECT s.domain FROM %s.azr_streams s ORDER BY s.domain LIMIT 1) " \
	"UNION ALL " \
	"SELECT (SELECT s.domain FROM %s.azr_streams s " \
	"WHERE s.domain > d.domain ORDER BY s.domain LIMIT 1) " \
	"FROM d WHERE d.domain IS NOT NULL) " \
	"SELECT d.domain FROM d WHERE d.domain IS NOT NULL"

static pg_uuid_t *uuid_v5(const uint8 *namespace, const char *name, int len);

/*
 * azr_domains() -> setof text
 *
 * One index probe a domain, however many streams each has: PostgreSQL's wiki
 * calls it a loose index scan.
 */
Datum
azr_domains(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	return azr_query_return_set(fcinfo,
								azr_slots_arg(&args)
								? DOMAINS " AND EXISTS (SELECT FROM %s.azr_streams s "
								"WHERE s.domain = d.domain AND "
								AZR_SLOT_IS_OWN("$1", "s.root") ")"
								: DOMAINS,
								&args);
}

/*
 * azr_roots(domain, edition, after, max_count) -> setof uuid
 */
Datum
azr_roots(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {.plan_anew = true};
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	text	   *edition = azr_arg_edition(fcinfo, 1, "edition");
	AzrOptionalInt64 max_count = azr_arg_optional_count(fcinfo, 3, "max_count");
	bool		from_start = PG_ARGISNULL(2);
	const char *own_only = "";

	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(max_count.value), !max_count.given);
	if (!from_start)
		azr_query_arg(&args, UUIDOID, PG_GETARG_DATUM(2), false);
	if (azr_slots_arg(&args))
		own_only = from_start ? " AND " AZR_SLOT_IS_OWN("$4", "root")
			: " AND " AZR_SLOT_IS_OWN("$5", "root");
	return azr_query_return_set(fcinfo,
								psprintf("SELECT root FROM %%s.azr_streams "
										 "WHERE domain = $1 AND edition = $2%s%s "
										 "ORDER BY root LIMIT $3",
										 from_start ? "" : " AND root > $4", own_only),
								&args);
}

/*
 * azr_root(domain, key) -> uuid
 *
 * A version-5 UUID (RFC 9562, section 5.5), so that any client can compute the
 * same.
 */
Datum
azr_root(PG_FUNCTION_ARGS)
{
	/* the version-5 UUID of "angzarr.dev" in the DNS namespace */
	static const uint8 namespace[UUID_LEN] = {
		0x40, 0x4F, 0x3B, 0xDA, 0x57, 0x8A, 0x5C, 0x4D,
		0xA7, 0xF4, 0x27, 0x51, 0xB8, 0x43, 0x69, 0x8A
	};
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	text	   *key = azr_arg_text(fcinfo, 1, "key");
	char	   *name = psprintf("%s:%s", text_to_cstring(domain), text_to_cstring(key));
	char	   *utf8 = pg_server_to_any(name, strlen(name), PG_UTF8);

	PG_RETURN_UUID_P(uuid_v5(namespace, utf8, strlen(utf8)));
}

static pg_uuid_t *
uuid_v5(const uint8 *namespace, const char *name, int len)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA1);
	uint8		digest[SHA1_DIGEST_LENGTH];
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

	if (pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, namespace, UUID_LEN) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) name, len) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-1 hash: %s", pg_cryptohash_error(ctx));
	pg_cryptohash_free(ctx);

	memcpy(uuid->data, digest, UUID_LEN);
	uuid->data[6] = (uuid->data[6] & 0x0F) | 0x50;	/* version 5 */
	uuid->data[8] = (uuid->data[8] & 0x3F) | 0x80;	/* variant of the RFC */
	return uuid;
}
