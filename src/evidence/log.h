/*-------------------------------------------------------------------------
 *
 * log.h
 *	  The log of sealed events: entry i is the event at position i of the feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LOG_H
#define AZR_LOG_H

#include "events/erased.h"
#include "evidence/evidence_table.h"
#include "feed/feed_finder.h"
#include "streams/stream.h"

/* The log as a PostgreSQL snapshot shows it. */
typedef struct AzrLog
{
	Snapshot	snapshot;
	int64		size;			/* how many events are sealed */
	AzrEvidenceReader *reader;
	AzrFeedFinder finder;
	AzrSha256	sha;
	AzrTree		tree;
	StringInfoData entry;		/* of the event that was looked at last */
	int64		stream_id;		/* of the append that was found last */
	AzrAppend	append;
	int64		position;		/* of its first event */
} AzrLog;

/* An event of a stream, with what its leaf is made of. */
typedef struct AzrLogEvent
{
	int64		sequence;
	int64		position;
	bool		is_erased;		/* 'body' is what is on record */
	text	   *type;			/* that the leaf has */
	uint8		salt[AZR_SALT_BYTES];
	uint8		body[AZR_DIGEST_BYTES];
	uint8		leaf[AZR_DIGEST_BYTES]; /* as it follows from the row */
	Datum		values[1 + Natts_azr_timeline]; /* columns of azr_feed_event */
	bool		nulls[1 + Natts_azr_timeline];
} AzrLogEvent;

/*
 * A scan of a stream's sealed events, ascending.
 */
typedef struct AzrLogScan
{
	AzrLog	   *log;
	const AzrStreamName *name;
	int64		stream_id;
	text	   *edition;
	AzrEventScan events;
	AzrCorrelationText correlation;
	bool		has_previous;
	uint8		previous[AZR_DIGEST_BYTES]; /* leaf of the event before */
} AzrLogScan;

extern void azr_evidence_lock(void);
extern void azr_log_begin(AzrLog *log, Snapshot snapshot);
extern void azr_log_end(AzrLog *log);
extern void azr_log_check_size(const AzrLog *log, int64 size, const char *argname);
extern void azr_log_check_salts(int64 index, int count, int expected);
extern int64 azr_log_position(AzrLog *log, int64 stream_id, int64 sequence);
extern bool azr_log_find_leaf(AzrLog *log, int64 position, uint8 *leaf);
extern void azr_log_leaf(AzrLog *log, int64 position, uint8 *leaf);
extern void azr_log_make_leaf(AzrLog *log, int64 stream_id, AzrLogEvent *event,
							  const uint8 *previous);
extern void azr_log_scan_begin(AzrLogScan *scan, AzrLog *log, const AzrStreamName *name,
							   int64 stream_id, int64 from, int64 to);
extern bool azr_log_scan_next(AzrLogScan *scan, AzrLogEvent *event);
extern void azr_log_scan_end(AzrLogScan *scan);

#endif							/* AZR_LOG_H */
