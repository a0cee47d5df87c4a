/*-------------------------------------------------------------------------
 *
 * log.c
 *	  The log of sealed events: entry i is the event at position i of the feed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "evidence/log.h"
#include "plumbing/error.h"
#include "plumbing/lock.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/*
 * Take AZR_LOCK_EVIDENCE, to the end of the transaction: nobody else writes to the log until
 * then.
 *
 * Raises 40001 if the transaction must stick to a PostgreSQL snapshot that does not show what
 * is sealed.
 */
void
azr_evidence_lock(void)
{
	azr_lock(AZR_LOCK_EVIDENCE, 0, ExclusiveLock);
	if (IsolationUsesXactSnapshot())
	{
		int64		known = azr_sealed_size(GetTransactionSnapshot());
		Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
		int64		size = azr_sealed_size(latest);

		UnregisterSnapshot(latest);
		if (size != known)
			azr_serialization_failure("events were sealed after this transaction's snapshot");
	}
}

/*
 * Begin to look at the log.  It belongs to the current memory context and resource owner.  The
 * snapshot must stay until azr_log_end().
 */
void
azr_log_begin(AzrLog *log, Snapshot snapshot)
{
	memset(log, 0, sizeof(AzrLog));
	log->snapshot = snapshot;
	log->size = azr_sealed_size(snapshot);
	log->reader = azr_evidence_reader_begin(snapshot);
	azr_feed_finder_begin(&log->finder, snapshot);
	azr_sha256_begin(&log->sha);
	log->tree.sha = &log->sha;
	log->tree.tile = azr_evidence_must_tile;
	log->tree.arg = log->reader;
	initStringInfo(&log->entry);
}

void
azr_log_end(AzrLog *log)
{
	pfree(log->entry.data);
	azr_sha256_end(&log->sha);
	azr_feed_finder_end(&log->finder);
	azr_evidence_reader_end(log->reader);
}

/*
 * Raise 22023 for a size that is past what is sealed.
 */
void
azr_log_check_size(const AzrLog *log, int64 size, const char *argname)
{
	if (size > log->size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is %lld, but only %lld events are sealed", argname,
						(long long) size, (long long) log->size)));
}

/*
 * The place of an event in the log, or AZR_NO_POSITION if it is not sealed.
 */
int64
azr_log_position(AzrLog *log, int64 stream_id, int64 sequence)
{
	AzrAppend  *append = &log->append;
	int64		from;
	int64		position;

	if (log->stream_id != stream_id || sequence < append->first_sequence ||
		sequence - append->first_sequence >= append->events)
	{
		bool		follows = log->stream_id == stream_id && sequence > append->first_sequence;

		log->stream_id = AZR_NO_STREAM;
		if (!azr_feed_append_of(&log->finder, stream_id, sequence, append))
			return AZR_NO_POSITION;
		from = azr_evidence_look_from(log->reader, append->ticket);
		if (from < 0)
			return AZR_NO_POSITION;

		/* a stream's events keep their order */
		if (follows)
			from = Max(from, log->position);
		log->position = azr_feed_find(&log->finder, append->ticket, from, log->size);
		if (log->position == AZR_NO_POSITION)
			return AZR_NO_POSITION;
		log->stream_id = stream_id;
	}
	position = log->position + (sequence - append->first_sequence);
	return position < log->size ? position : AZR_NO_POSITION;
}

/*
 * The leaf that is sealed at a position.
 *
 * Raises XX001 if its tile is damaged.
 */
void
azr_log_leaf(AzrLog *log, int64 position, uint8 *leaf)
{
	int			place = azr_place_in_tile(position);
	const uint8 *hashes = azr_evidence_must_tile(log->reader, 0, azr_tile_of(position), place + 1);

	memcpy(leaf, hashes + place * AZR_DIGEST_BYTES, AZR_DIGEST_BYTES);
}

/*
 * The same, if its tile has it: returns false if that is damaged.
 */
bool
azr_log_find_leaf(AzrLog *log, int64 position, uint8 *leaf)
{
	int			place = azr_place_in_tile(position);
	int			count;
	const uint8 *hashes = azr_evidence_tile(log->reader, 0, azr_tile_of(position), &count);

	if (place >= count)
		return false;
	memcpy(leaf, hashes + place * AZR_DIGEST_BYTES, AZR_DIGEST_BYTES);
	return true;
}

/*
 * Raise XX001 unless a tile has as many salts as it must.
 */
void
azr_log_check_salts(int64 index, int count, int expected)
{
	if (count < expected)
		azr_evidence_salts_damaged(index, count, expected);
}

/*
 * Make the leaf of an event that is sealed at 'position', from its columns, its salt or what is
 * on record of it.  'previous' is the leaf of the event before, or NULL for the first.  The type
 * is of the current memory context, and what else is allocated stays there.
 *
 * Raises XX001 if the row of its salt is damaged.
 */
void
azr_log_make_leaf(AzrLog *log, int64 stream_id, AzrLogEvent *event, const uint8 *previous)
{
	AzrLeafEvent leaf_event = {event->values, event->nulls, NULL};
	int			place = azr_place_in_tile(event->position);
	AzrErased	erased;
	int			count;
	const uint8 *salts = azr_evidence_salts(log->reader, azr_tile_of(event->position), &count);

	azr_log_check_salts(azr_tile_of(event->position), count, place + 1);
	memcpy(event->salt, salts + place * AZR_SALT_BYTES, AZR_SALT_BYTES);
	event->type = DatumGetTextPP(event->values[Anum_azr_timeline_type]);
	event->is_erased = azr_erased_find(stream_id, event->sequence, log->snapshot, &erased) &&
		erased.has_digest;
	if (event->is_erased)
	{
		/* else it was sealed as what its row has */
		if (erased.was_sealed)
			event->type = erased.type;
		memcpy(event->body, erased.digest, AZR_DIGEST_BYTES);
	}
	else
		azr_leaf_body(&log->sha, &leaf_event, event->salt, event->body);
	leaf_event.type = event->type;
	azr_leaf_entry(&leaf_event, previous, event->body, &log->entry);
	azr_leaf_hash(&log->sha, &log->entry, event->leaf);
}

/*
 * Begin to read a stream's sealed events from a sequence to another.  The leaf of the event before is
 * taken from the log.  'name' must stay until the end.
 */
void
azr_log_scan_begin(AzrLogScan *scan, AzrLog *log, const AzrStreamName *name, int64 stream_id,
				   int64 from, int64 to)
{
	AzrOptionalInt64 end = {to < PG_INT64_MAX, to + (to < PG_INT64_MAX)};

	scan->log = log;
	scan->name = name;
	scan->stream_id = stream_id;
	scan->edition = cstring_to_text(AZR_MAIN_EDITION);
	scan->has_previous = from > 0;
	if (from > 0)
	{
		int64		position = azr_log_position(log, stream_id, from - 1);

		/* then the next one is not sealed either */
		if (position != AZR_NO_POSITION)
			azr_log_leaf(log, position, scan->previous);
	}
	azr_event_scan_begin(&scan->events, stream_id, from, end, log->snapshot);
}

/*
 * The next event that is sealed, with the leaf that its row gives.  What it allocates is of the
 * current memory context.  Returns false after the last one.
 */
bool
azr_log_scan_next(AzrLogScan *scan, AzrLogEvent *event)
{
	TupleTableSlot *row = azr_event_scan_next(&scan->events);
	AzrFeedPlace place;

	if (row == NULL)
		return false;
	event->sequence = azr_stored_sequence(row);
	event->position = azr_log_position(scan->log, scan->stream_id, event->sequence);
	if (event->position == AZR_NO_POSITION)
		return false;
	place = (AzrFeedPlace)
	{
		event->position, scan->name->domain, scan->edition, scan->name->root,
			azr_stored_event_type(row)
	};
	azr_feed_event_result(row, &place, &scan->correlation, event->values, event->nulls);
	azr_log_make_leaf(scan->log, scan->stream_id, event,
					  scan->has_previous ? scan->previous : NULL);
	scan->has_previous = true;
	memcpy(scan->previous, event->leaf, AZR_DIGEST_BYTES);
	return true;
}

void
azr_log_scan_end(AzrLogScan *scan)
{
	azr_event_scan_end(&scan->events);
	pfree(scan->edition);
}
