/*-------------------------------------------------------------------------
 *
 * leaf.c
 *	  What the log has of an event: its entry and its leaf.
 *
 * Rows may be what somebody has made of them by hand, so any column can be NULL.  Text is in the
 * encoding of the database, which is UTF-8: see azr_evidence_enable().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "evidence/leaf.h"
#include "plumbing/compat.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#define BODY_PREFIX		"angzarr body 1\n"
#define ENTRY_PREFIX	"angzarr event 1\n"
#define MOVED_ENTRY		"angzarr moved 1\n"

/* The length that stands for NULL. */
#define NULL_LENGTH		PG_UINT32_MAX

static void hash_field(AzrSha256 *sha, const void *bytes, Size length);
static void hash_text(AzrSha256 *sha, const AzrLeafEvent *event, AttrNumber column);
static void add_field(StringInfo entry, const void *bytes, Size length);
static void add_column(StringInfo entry, const AzrLeafEvent *event, AttrNumber column);
static void add_text(StringInfo entry, const text *value);

/*
 * The digest of an event's body.  What it allocates stays in the current memory context, so
 * the caller resets that now and then.
 */
void
azr_leaf_body(AzrSha256 *sha, const AzrLeafEvent *event, const uint8 *salt, uint8 *body)
{
	azr_sha256_start(sha);
	azr_sha256_add(sha, BODY_PREFIX, strlen(BODY_PREFIX));
	azr_sha256_add(sha, salt, AZR_SALT_BYTES);
	if (event->nulls[Anum_azr_timeline_payload])
		hash_field(sha, NULL, 0);
	else
	{
		bytea	   *payload = DatumGetByteaPP(event->values[Anum_azr_timeline_payload]);

		hash_field(sha, VARDATA_ANY(payload), VARSIZE_ANY_EXHDR(payload));
	}
	if (event->nulls[Anum_azr_timeline_metadata])
		hash_field(sha, NULL, 0);
	else
	{
		Jsonb	   *metadata = DatumGetJsonbP(event->values[Anum_azr_timeline_metadata]);
		char	   *json = JsonbToCString(NULL, &metadata->root, VARSIZE(metadata));

		hash_field(sha, json, strlen(json));
	}
	hash_text(sha, event, Anum_azr_timeline_correlation_id);
	hash_text(sha, event, Anum_azr_timeline_external_id);
	azr_sha256_finish(sha, body);
}

/*
 * Put an event's entry into a buffer.  'previous' is NULL for a stream's first event.  The
 * same holds for memory.
 */
void
azr_leaf_entry(const AzrLeafEvent *event, const uint8 *previous, const uint8 *body,
			   StringInfo entry)
{
	static const AttrNumber columns[] = {
		Anum_azr_timeline_created_at, Anum_azr_timeline_committed, Anum_azr_timeline_cascade_id,
		Anum_azr_timeline_source_domain, Anum_azr_timeline_source_edition,
		Anum_azr_timeline_source_root, Anum_azr_timeline_source_sequence
	};

	resetStringInfo(entry);
	appendBinaryStringInfoNT(entry, ENTRY_PREFIX, strlen(ENTRY_PREFIX));
	add_column(entry, event, Anum_azr_timeline_domain);
	add_column(entry, event, Anum_azr_timeline_edition);
	add_column(entry, event, Anum_azr_timeline_root);
	add_column(entry, event, Anum_azr_timeline_sequence);
	if (event->type != NULL)
		add_text(entry, event->type);
	else
		add_column(entry, event, Anum_azr_timeline_type);
	for (int i = 0; i < lengthof(columns); i++)
		add_column(entry, event, columns[i]);
	add_field(entry, previous, AZR_DIGEST_BYTES);
	add_field(entry, body, AZR_DIGEST_BYTES);
}

/*
 * The leaf of an entry.
 */
void
azr_leaf_hash(AzrSha256 *sha, const StringInfoData *entry, uint8 *leaf)
{
	azr_sha256_start(sha);
	azr_sha256_add(sha, "\0", 1);
	azr_sha256_add(sha, entry->data, entry->len);
	azr_sha256_finish(sha, leaf);
}

/*
 * The leaf of an event that was deleted with its slot before it was sealed.
 */
void
azr_leaf_moved(AzrSha256 *sha, uint8 *leaf)
{
	azr_sha256_start(sha);
	azr_sha256_add(sha, "\0", 1);
	azr_sha256_add(sha, MOVED_ENTRY, strlen(MOVED_ENTRY));
	azr_sha256_finish(sha, leaf);
}

/*
 * A time as microseconds since 1970.  One that is out of range wraps around.
 */
int64
azr_unix_microseconds(TimestampTz time)
{
	return (int64) ((uint64) time +
					(uint64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY);
}

/*
 * Hash a field; 'bytes' is NULL for NULL.
 */
static void
hash_field(AzrSha256 *sha, const void *bytes, Size length)
{
	uint32		prefix = pg_hton32(bytes == NULL ? NULL_LENGTH : (uint32) length);

	azr_sha256_add(sha, &prefix, sizeof(prefix));
	if (bytes != NULL)
		azr_sha256_add(sha, bytes, length);
}

static void
hash_text(AzrSha256 *sha, const AzrLeafEvent *event, AttrNumber column)
{
	if (event->nulls[column])
		hash_field(sha, NULL, 0);
	else
	{
		text	   *value = DatumGetTextPP(event->values[column]);

		hash_field(sha, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	}
}

static void
add_field(StringInfo entry, const void *bytes, Size length)
{
	uint32		prefix = pg_hton32(bytes == NULL ? NULL_LENGTH : (uint32) length);

	appendBinaryStringInfoNT(entry, (const char *) &prefix, sizeof(prefix));
	if (bytes != NULL)
		appendBinaryStringInfoNT(entry, bytes, (int) length);
}

static void
add_column(StringInfo entry, const AzrLeafEvent *event, AttrNumber column)
{
	Datum		value = event->values[column];
	uint64		number;
	uint8		byte;

	if (event->nulls[column])
	{
		add_field(entry, NULL, 0);
		return;
	}
	switch (column)
	{
		case Anum_azr_timeline_sequence:
		case Anum_azr_timeline_source_sequence:
			number = pg_hton64((uint64) DatumGetInt64(value));
			add_field(entry, &number, sizeof(number));
			break;
		case Anum_azr_timeline_created_at:
			number = pg_hton64((uint64) azr_unix_microseconds(DatumGetTimestampTz(value)));
			add_field(entry, &number, sizeof(number));
			break;
		case Anum_azr_timeline_committed:
			byte = DatumGetBool(value);
			add_field(entry, &byte, sizeof(byte));
			break;
		case Anum_azr_timeline_root:
		case Anum_azr_timeline_source_root:
			add_field(entry, DatumGetUUIDP(value)->data, UUID_LEN);
			break;
		default:
			add_text(entry, DatumGetTextPP(value));
			break;
	}
}

static void
add_text(StringInfo entry, const text *value)
{
	add_field(entry, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
