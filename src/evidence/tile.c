/*-------------------------------------------------------------------------
 *
 * tile.c
 *	  azr_tile and azr_entries: the log as C2SP's tlog-tiles has it, for monitors that read all
 *	  of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "evidence/log.h"
#include "feed/feed_reader.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/text.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_tile);
PG_FUNCTION_INFO_V1(azr_entries);
PG_FUNCTION_INFO_V1(azr_salts);

static int	hashes_of(const AzrLog *log, int level, int64 index);
static void add_moved(int64 events, StringInfo bundle);
static void add_entry(AzrLog *log, int64 stream_id, AzrLogEvent *event, StringInfo bundle);

/*
 * azr_tile(level, index) -> bytea
 *
 * See tile.sql for arguments and errors.
 */
Datum
azr_tile(PG_FUNCTION_ARGS)
{
	int32		level = azr_arg_int(fcinfo, 0, "level");
	int64		index = azr_arg_count(fcinfo, 1, "index");
	AzrLog		log;
	int			count;
	const uint8 *hashes;
	bytea	   *tile;

	if (level < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be negative, but is %d", "level", level)));
	(void) azr_evidence_must_origin();
	azr_log_begin(&log, GetActiveSnapshot());
	count = hashes_of(&log, level, index);
	hashes = azr_evidence_must_tile(log.reader, level, index, count);
	tile = azr_make_bytea(hashes, count * AZR_DIGEST_BYTES);
	azr_log_end(&log);
	PG_RETURN_BYTEA_P(tile);
}

/*
 * azr_entries(index) -> bytea
 *
 * See tile.sql for arguments and errors.
 */
Datum
azr_entries(PG_FUNCTION_ARGS)
{
	int64		index = azr_arg_count(fcinfo, 0, "index");
	AzrFeedRead read = {0};
	AzrFeedReader *reader;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr event",
												  ALLOCSET_DEFAULT_SIZES);
	AzrLogEvent event;
	AzrLog		log;
	int			count;
	int64		next;			/* position of the next entry */
	StringInfoData bundle;

	(void) azr_evidence_must_origin();
	azr_log_begin(&log, GetActiveSnapshot());
	count = hashes_of(&log, 0, index);
	next = index * AZR_TILE_HASHES;
	initStringInfo(&bundle);
	appendStringInfoSpaces(&bundle, VARHDRSZ);
	read.after = next - 1;
	read.last = read.after + count;
	reader = azr_feed_reader_begin(&read, log.snapshot);
	while (azr_feed_reader_next(reader, event.values, event.nulls))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scratch);

		CHECK_FOR_INTERRUPTS();
		event.position = DatumGetInt64(event.values[0]);
		add_moved(event.position - next, &bundle);
		add_entry(&log, azr_feed_reader_stream(reader), &event, &bundle);
		next = event.position + 1;
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(scratch);
	}

	/* where the feed ends before the last position, reading it has failed */
	add_moved(read.last + 1 - next, &bundle);
	azr_feed_reader_end(reader);
	azr_log_end(&log);
	SET_VARSIZE(bundle.data, bundle.len);
	PG_RETURN_BYTEA_P((bytea *) bundle.data);
}

/*
 * azr_salts(index) -> bytea
 *
 * See tile.sql for arguments and errors.
 */
Datum
azr_salts(PG_FUNCTION_ARGS)
{
	int64		index = azr_arg_count(fcinfo, 0, "index");
	AzrLog		log;
	int			count;
	int			stored;
	const uint8 *salts;
	bytea	   *result;

	(void) azr_evidence_must_origin();
	azr_log_begin(&log, GetActiveSnapshot());
	count = hashes_of(&log, 0, index);
	salts = azr_evidence_salts(log.reader, index, &stored);
	azr_log_check_salts(index, stored, count);
	result = azr_make_bytea(salts, count * AZR_SALT_BYTES);
	azr_log_end(&log);
	PG_RETURN_BYTEA_P(result);
}

/*
 * How many hashes a tile has.
 *
 * Raises 22023 if there is no such tile.
 */
static int
hashes_of(const AzrLog *log, int level, int64 index)
{
	int64		count = azr_tile_hashes(level, index, log->size);

	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the log has no tile %lld of level %d", (long long) index, level),
				 errdetail("It has %lld events.", (long long) log->size)));
	return (int) count;
}

/*
 * Add the entries of events that the feed says were deleted here after they had moved to another
 * node.  They are empty, which no other entry is.
 */
static void
add_moved(int64 events, StringInfo bundle)
{
	static const uint16 no_lengths[AZR_TILE_HASHES] = {0};

	Assert(events >= 0 && events <= AZR_TILE_HASHES);
	appendBinaryStringInfo(bundle, (const char *) no_lengths, (int) events * sizeof(uint16));
}

/*
 * Add an event's entry, with its length in front.
 */
static void
add_entry(AzrLog *log, int64 stream_id, AzrLogEvent *event, StringInfo bundle)
{
	uint8		previous[AZR_DIGEST_BYTES];
	uint16		length;

	event->sequence = DatumGetInt64(event->values[Anum_azr_timeline_sequence]);
	if (event->sequence > 0)
	{
		int64		position = azr_log_position(log, stream_id, event->sequence - 1);

		if (position == AZR_NO_POSITION)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("event %lld of stream %lld is sealed, but not the one before",
							(long long) event->sequence, (long long) stream_id),
					 errhint("Somebody has changed events: call azr_verify().")));
		azr_log_leaf(log, position, previous);
	}
	azr_log_make_leaf(log, stream_id, event, event->sequence > 0 ? previous : NULL);
	if (log->entry.len > PG_UINT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("entry %lld of the log is too long", (long long) event->position),
				 errhint("Somebody has changed events: call azr_verify().")));
	length = pg_hton16((uint16) log->entry.len);
	appendBinaryStringInfo(bundle, (const char *) &length, sizeof(length));
	appendBinaryStringInfo(bundle, log->entry.data, log->entry.len);
}
