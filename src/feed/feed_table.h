/*-------------------------------------------------------------------------
 *
 * feed_table.h
 *	  The tables of the feed: batches of numbered appends, and how far numbering has come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_TABLE_H
#define AZR_FEED_TABLE_H

#include "feed/ranges.h"
#include "nodes/pg_list.h"
#include "plumbing/table.h"
#include "utils/uuid.h"

/* How far numbering has come. */
typedef struct AzrFeedState
{
	bool		found;			/* else nothing was ever numbered */
	int64		next_position;
	int64		next_ticket;
	AzrTicketRanges pending;	/* with the transactions that store them */
	pg_uuid_t	epoch;
	int64		system_identifier;
	int64		wal_timeline;
	Oid			database_id;
	bool		is_new_epoch;
} AzrFeedState;

/* Appends that were numbered together. */
typedef struct AzrFeedBatch
{
	bool		found;			/* in the table */
	int64		first_position;
	int64		events;
	int64		events_added;
	int64		appends;
	AzrTicketRanges tickets;
} AzrFeedBatch;

/* A scan of batches, ascending. */
typedef struct AzrBatchScan
{
	Relation	rel;
	AzrScan		scan;
} AzrBatchScan;

extern AzrFeedState azr_feed_state(void);
extern AzrFeedState azr_feed_state_now(void);
extern int64 azr_feed_head_now(void);
extern void azr_feed_state_put(const AzrFeedState *state, const AzrFeedState *before);
extern bool azr_feed_is_subscribed(void);
extern void azr_feed_unborn_add(const AzrTicketRanges *ranges, const List *holders);
extern void azr_feed_unborn_delete(int64 first_ticket);
extern int64 azr_feed_unborn_count(void);
extern int64 azr_feed_batch_count(void);
extern AzrFeedBatch azr_feed_last_batch(void);
extern AzrFeedBatch azr_feed_batch_at(int64 first_position);
extern void azr_feed_batch_put(const AzrFeedBatch *batch);
extern void azr_feed_batch_set_tickets(const AzrFeedBatch *batch, const AzrTicketRanges *tickets);

extern void azr_batch_scan_begin(AzrBatchScan *scan, int64 position, Snapshot snapshot);
extern bool azr_batch_scan_next(AzrBatchScan *scan, AzrFeedBatch *batch);
extern void azr_batch_scan_end(AzrBatchScan *scan);

#endif							/* AZR_FEED_TABLE_H */
