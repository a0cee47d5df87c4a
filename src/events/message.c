/*-------------------------------------------------------------------------
 *
 * message.c
 *	  Writing the payloads of the events that the store makes itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/message.h"
#include "mb/pg_wchar.h"
#include "plumbing/compat.h"
#include "plumbing/wire.h"

static void put_tag(StringInfo message, uint32 field, unsigned wire_type);
static void put_utf8(StringInfo message, uint32 field, const char *bytes, int size);

/* What stands for a byte that is no UTF-8: U+FFFD. */
#define NO_CHARACTER	"\xef\xbf\xbd"

void
azr_message_put_bytes(StringInfo message, uint32 field, const void *bytes, Size size)
{
	put_tag(message, field, AZR_WIRE_LENGTH_DELIMITED);
	azr_message_put_varint(message, size);
	appendBinaryStringInfo(message, bytes, size);
}

/*
 * Strings of a message are UTF-8.  A database of the encoding SQL_ASCII can have text that is not.
 */
void
azr_message_put_text(StringInfo message, uint32 field, const text *value)
{
	int			size = VARSIZE_ANY_EXHDR(value);
	char	   *server = VARDATA_ANY(unconstify(text *, value));
	char	   *utf8;

	if (GetDatabaseEncoding() == PG_SQL_ASCII)
	{
		put_utf8(message, field, server, size);
		return;
	}
	utf8 = pg_server_to_any(server, size, PG_UTF8);
	if (utf8 != server)
		size = strlen(utf8);
	azr_message_put_bytes(message, field, utf8, size);
}

/*
 * A string of bytes of which some may be no UTF-8: a reader would refuse all of the message for one
 * of these.
 */
static void
put_utf8(StringInfo message, uint32 field, const char *bytes, int size)
{
	StringInfoData utf8;

	initStringInfo(&utf8);
	while (size > 0)
	{
		int			length = pg_encoding_verifymbchar(PG_UTF8, bytes, size);

		if (length > 0)
			appendBinaryStringInfo(&utf8, bytes, length);
		else
			appendStringInfoString(&utf8, NO_CHARACTER);
		length = Max(length, 1);
		bytes += length;
		size -= length;
	}
	azr_message_put_bytes(message, field, utf8.data, utf8.len);
	pfree(utf8.data);
}

/*
 * A number, unless it is 0, which a message leaves out.
 */
void
azr_message_put_number(StringInfo message, uint32 field, uint64 value)
{
	if (value == 0)
		return;
	put_tag(message, field, AZR_WIRE_VARINT);
	azr_message_put_varint(message, value);
}

/*
 * The names of a stream.
 */
void
azr_message_put_cover(StringInfo message, uint32 field, const AzrStreamName *target)
{
	StringInfoData root;
	StringInfoData edition;
	StringInfoData cover;

	initStringInfo(&root);
	azr_message_put_bytes(&root, 1, target->root->data, UUID_LEN);
	initStringInfo(&edition);
	azr_message_put_text(&edition, 1, target->edition);
	initStringInfo(&cover);
	azr_message_put_bytes(&cover, 1, root.data, root.len);
	azr_message_put_text(&cover, 2, target->domain);
	azr_message_put_bytes(&cover, 4, edition.data, edition.len);
	azr_message_put_bytes(message, field, cover.data, cover.len);
}

/*
 * A number without a field, as in a packed list.
 */
void
azr_message_put_varint(StringInfo message, uint64 value)
{
	uint8		varint[AZR_WIRE_MAX_VARINT];

	appendBinaryStringInfo(message, (const char *) varint,
						   azr_wire_put_varint(varint, value));
}

/*
 * The message as a payload, in the current memory context.
 */
bytea *
azr_message_payload(const StringInfoData *message)
{
	bytea	   *payload = palloc(VARHDRSZ + message->len);

	SET_VARSIZE(payload, VARHDRSZ + message->len);
	memcpy(VARDATA(payload), message->data, message->len);
	return payload;
}

static void
put_tag(StringInfo message, uint32 field, unsigned wire_type)
{
	uint8		tag[AZR_WIRE_MAX_VARINT];

	appendBinaryStringInfo(message, (const char *) tag, azr_wire_put_tag(tag, field, wire_type));
}
