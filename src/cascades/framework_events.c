/*-------------------------------------------------------------------------
 *
 * framework_events.c
 *	  Events that are about other events.
 *
 * See framework_events.h for the messages.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cascades/framework_events.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "plumbing/compat.h"
#include "plumbing/wire.h"

static void put_bytes(StringInfo message, uint32 field, const void *bytes, Size size);
static void put_text(StringInfo message, uint32 field, const text *value);
static void put_sequences(StringInfo message, uint32 field, const int64 *sequences,
						  int nsequences);
static void put_number(StringInfo message, uint64 value);

/*
 * The payload of a confirmation or a revocation.  'reason' is that of a revocation, or
 * NULL.
 *
 * Raises 22003 for a sequence that does not fit into the message.
 */
bytea *
azr_resolution_payload(const AzrStreamName *target, const int64 *sequences,
					   int nsequences, const text *cascade_id, const text *reason)
{
	StringInfoData root;
	StringInfoData edition;
	StringInfoData cover;
	StringInfoData message;
	bytea	   *payload;

	initStringInfo(&root);
	put_bytes(&root, 1, target->root->data, UUID_LEN);
	initStringInfo(&edition);
	put_text(&edition, 1, target->edition);
	initStringInfo(&cover);
	put_bytes(&cover, 1, root.data, root.len);
	put_text(&cover, 2, target->domain);
	put_bytes(&cover, 4, edition.data, edition.len);

	initStringInfo(&message);
	put_bytes(&message, 1, cover.data, cover.len);
	put_sequences(&message, 2, sequences, nsequences);
	put_text(&message, 3, cascade_id);
	if (reason != NULL && VARSIZE_ANY_EXHDR(reason) > 0)
		put_text(&message, 4, reason);

	payload = palloc(VARHDRSZ + message.len);
	SET_VARSIZE(payload, VARHDRSZ + message.len);
	memcpy(VARDATA(payload), message.data, message.len);
	return payload;
}

static void
put_bytes(StringInfo message, uint32 field, const void *bytes, Size size)
{
	uint8		tag[AZR_WIRE_MAX_VARINT];

	appendBinaryStringInfo(message, (const char *) tag,
						   azr_wire_put_tag(tag, field, AZR_WIRE_LENGTH_DELIMITED));
	put_number(message, size);
	appendBinaryStringInfo(message, bytes, size);
}

/*
 * Strings of a message are UTF-8.
 */
static void
put_text(StringInfo message, uint32 field, const text *value)
{
	int			size = VARSIZE_ANY_EXHDR(value);
	char	   *server = VARDATA_ANY(unconstify(text *, value));
	char	   *utf8 = pg_server_to_any(server, size, PG_UTF8);

	if (utf8 != server)
		size = strlen(utf8);
	put_bytes(message, field, utf8, size);
}

static void
put_sequences(StringInfo message, uint32 field, const int64 *sequences, int nsequences)
{
	StringInfoData packed;

	initStringInfo(&packed);
	for (int i = 0; i < nsequences; i++)
	{
		if (sequences[i] < 0 || sequences[i] > PG_UINT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sequence %lld cannot be confirmed or revoked",
							(long long) sequences[i]),
					 errdetail("The message that does so has 32 bits for a sequence.")));
		put_number(&packed, (uint64) sequences[i]);
	}
	put_bytes(message, field, packed.data, packed.len);
}

static void
put_number(StringInfo message, uint64 value)
{
	uint8		varint[AZR_WIRE_MAX_VARINT];

	appendBinaryStringInfo(message, (const char *) varint,
						   azr_wire_put_varint(varint, value));
}
