/*-------------------------------------------------------------------------
 *
 * erased.h
 *	  The record of events that were erased.
 *
 * azr_erase() writes it, with the change of the event and in the same transaction: an event
 * has a record if and only if it was erased.  A record stays as it is.  But its digest may be
 * given later, once: an event that was erased before it was sealed, and loses its ids after
 * that, has no digest before.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ERASED_H
#define AZR_ERASED_H

#include "plumbing/sha256.h"
#include "plumbing/table.h"
#include "utils/timestamp.h"

/*
 * The type of an event that was erased.  Its payload says which type it had:
 *
 *		message Erased { string type = 1; }
 */
#define AZR_ERASED_TYPE		"type.googleapis.com/angzarr.Erased"

/* Columns of azr_erased_events, as in erased.sql. */
enum
{
	Anum_azr_erased_events_stream_id = 1,
	Anum_azr_erased_events_sequence,
	Anum_azr_erased_events_erased_at,
	Anum_azr_erased_events_lsn,
	Anum_azr_erased_events_was_sealed,
	Anum_azr_erased_events_erased_by,
	Anum_azr_erased_events_type,
	Anum_azr_erased_events_reason,
	Anum_azr_erased_events_body_digest,
	Natts_azr_erased_events = Anum_azr_erased_events_body_digest
};

/* What is on record of an erased event. */
typedef struct AzrErased
{
	int64		sequence;
	text	   *type;			/* that it had */
	TimestampTz erased_at;
	text	   *erased_by;
	text	   *reason;
	bool		was_sealed;		/* before it was erased: if not, the log has
								 * it with AZR_ERASED_TYPE */
	bool		has_digest;
	uint8		digest[AZR_DIGEST_BYTES];
} AzrErased;

/* A scan of the records of one stream, by sequence. */
typedef struct AzrErasedScan
{
	Relation	rel;
	AzrScan		scan;
} AzrErasedScan;

extern AzrTable *azr_erased_table(void);
extern bool azr_erased_find(int64 stream_id, int64 sequence, Snapshot snapshot,
							AzrErased *erased);
extern void azr_erased_scan_begin(AzrErasedScan *scan, int64 stream_id, int64 from, int64 to,
								  Snapshot snapshot);
extern bool azr_erased_scan_next(AzrErasedScan *scan, AzrErased *erased);
extern void azr_erased_scan_end(AzrErasedScan *scan);
extern bytea *azr_erased_payload(const text *type);
extern bool azr_is_erased_payload(const bytea *payload);

#endif							/* AZR_ERASED_H */
