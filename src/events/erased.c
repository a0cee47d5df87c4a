/*-------------------------------------------------------------------------
 *
 * erased.c
 *	  The record of events that were erased.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "events/erased.h"
#include "events/message.h"
#include "plumbing/compat.h"
#include "plumbing/text.h"
#include "plumbing/wire.h"
#include "utils/fmgroids.h"

static const AzrColumn erased_columns[Natts_azr_erased_events] = {
	{"stream_id", INT8OID, true},
	{"sequence", INT8OID, true},
	{"erased_at", TIMESTAMPTZOID, true},
	{"lsn", PG_LSNOID, true},
	{"was_sealed", BOOLOID, true},
	{"erased_by", TEXTOID, true},
	{"type", TEXTOID, true},
	{"reason", TEXTOID, true},
	{"body_digest", BYTEAOID, false}
};

static const AzrIndex erased_indexes[] = {
	{
		"azr_erased_events_pkey", 2,
		{Anum_azr_erased_events_stream_id, Anum_azr_erased_events_sequence}, 0, 0
	}
};

AZR_CHECK_INDEXES(erased_indexes);

static AzrTable erased_table = {
	.name = "azr_erased_events",
	.ncolumns = Natts_azr_erased_events,
	.columns = erased_columns,
	.nindexes = lengthof(erased_indexes),
	.indexes = erased_indexes,
	.exact = true
};

AzrTable *
azr_erased_table(void)
{
	return &erased_table;
}

/*
 * What is on record of an event, in the current memory context.  Returns false if there is no
 * record, so that the event was not erased.
 */
bool
azr_erased_find(int64 stream_id, int64 sequence, Snapshot snapshot, AzrErased *erased)
{
	AzrErasedScan scan;
	bool		found;

	azr_erased_scan_begin(&scan, stream_id, sequence, sequence + 1, snapshot);
	found = azr_erased_scan_next(&scan, erased);
	azr_erased_scan_end(&scan);
	return found;
}

/*
 * Begin to read what is on record of a stream's events with from <= sequence < to, ascending.
 */
void
azr_erased_scan_begin(AzrErasedScan *scan, int64 stream_id, int64 from, int64 to,
					  Snapshot snapshot)
{
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
	ScanKeyInit(&keys[2], 2, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(to));
	scan->rel = azr_table_open(&erased_table, AccessShareLock);
	azr_scan_begin(&scan->scan, &erased_table, scan->rel, 0, snapshot, keys, lengthof(keys));
}

/*
 * The next record, in the current memory context.  Returns false after the last one.
 */
bool
azr_erased_scan_next(AzrErasedScan *scan, AzrErased *erased)
{
	TupleTableSlot *row = azr_scan_next(&scan->scan, ForwardScanDirection);
	bytea	   *digest = NULL;

	if (row == NULL)
		return false;
	erased->sequence = DatumGetInt64(row->tts_values[Anum_azr_erased_events_sequence - 1]);
	erased->type = azr_copy_text(DatumGetTextPP(row->tts_values[Anum_azr_erased_events_type - 1]),
								 CurrentMemoryContext);
	erased->erased_at =
		DatumGetTimestampTz(row->tts_values[Anum_azr_erased_events_erased_at - 1]);
	erased->erased_by =
		azr_copy_text(DatumGetTextPP(row->tts_values[Anum_azr_erased_events_erased_by - 1]),
					  CurrentMemoryContext);
	erased->reason =
		azr_copy_text(DatumGetTextPP(row->tts_values[Anum_azr_erased_events_reason - 1]),
					  CurrentMemoryContext);
	erased->was_sealed =
		DatumGetBool(row->tts_values[Anum_azr_erased_events_was_sealed - 1]);
	erased->has_digest = !row->tts_isnull[Anum_azr_erased_events_body_digest - 1];
	if (erased->has_digest)
	{
		digest = DatumGetByteaPP(row->tts_values[Anum_azr_erased_events_body_digest - 1]);

		/*
		 * no constraint of the table says so, and its owner can change rows
		 * with triggers off: then nothing vouches for the event
		 */
		erased->has_digest = VARSIZE_ANY_EXHDR(digest) == AZR_DIGEST_BYTES;
	}
	if (erased->has_digest)
		memcpy(erased->digest, VARDATA_ANY(digest), AZR_DIGEST_BYTES);
	return true;
}

void
azr_erased_scan_end(AzrErasedScan *scan)
{
	azr_scan_end(&scan->scan);
	table_close(scan->rel, NoLock);
}

/*
 * The payload of an event that had a type before it was erased, in the current memory context.
 */
bytea *
azr_erased_payload(const text *type)
{
	StringInfoData message;

	initStringInfo(&message);
	azr_message_put_text(&message, 1, type);
	return azr_message_payload(&message);
}

/*
 * Is a payload one that azr_erased_payload() makes, whatever the type?
 */
bool
azr_is_erased_payload(const bytea *payload)
{
	const uint8 *message = (const uint8 *) VARDATA_ANY(unconstify(bytea *, payload));
	const uint8 *end = message + VARSIZE_ANY_EXHDR(payload);
	uint8		tag[AZR_WIRE_MAX_VARINT];
	size_t		tag_size = azr_wire_put_tag(tag, 1, AZR_WIRE_LENGTH_DELIMITED);
	uint32_t	field;

	return end - message > tag_size && memcmp(message, tag, tag_size) == 0 &&
		azr_wire_skip_record(message, end, &field) == end;
}
