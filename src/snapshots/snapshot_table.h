/*-------------------------------------------------------------------------
 *
 * snapshot_table.h
 *	  The tables of snapshots: the latest one of each stream, and the history of
 *	  earlier ones.
 *
 * A transaction that changes a stream's snapshots holds the stream's lock
 * (azr_writer_lock).  So one put, with the clean-up that belongs to it, is complete before
 * the next one begins.  An MVCC snapshot sees all of it or nothing.
 *
 * A snapshot is filed in the history when a later one takes its place, under the time at
 * which that happens.  Filing times never decrease with the sequence: if the clock jumps
 * back, the stream's time stands still until the clock has caught up.  So going backwards
 * from the latest time, the first partition that has a snapshot at or below a sequence has
 * the highest of these.  Two partitions are not in this order: the one for snapshots that
 * persist, and the default one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SNAPSHOT_TABLE_H
#define AZR_SNAPSHOT_TABLE_H

#include "plumbing/partition_upkeep.h"
#include "streams/stream.h"

/* The class that a snapshot's retention belongs to. */
typedef enum AzrRetention
{
	AZR_TRANSIENT,				/* goes when a newer one is put */
	AZR_DEFAULT,				/* stays until the history is pruned */
	AZR_PERSIST					/* stays until it is deleted */
} AzrRetention;

extern const char *const azr_retention_names[];

/* The state of a stream after event 'sequence'. */
typedef struct AzrSnapshot
{
	bool		found;
	int64		sequence;
	TimestampTz created_at;
	AzrRetention retention;
	text	   *state_type;
	bytea	   *state;			/* may be toasted */
} AzrSnapshot;

extern AzrSnapshot azr_snapshot_find(const AzrStreamName *name, AzrOptionalInt64 at,
									 Snapshot as_of);
extern void azr_snapshot_check_size(const AzrStreamName *name, const bytea *state);
extern void azr_snapshot_put(const AzrStreamName *name, const AzrSnapshot *snapshot);
extern int64 azr_snapshots_delete(const AzrStreamName *name);
extern void azr_snapshots_forget(const AzrStreamName *name, int64 sequence);
extern List *azr_snapshot_editions(const AzrStreamName *name, int64 sequence);

extern int64 azr_edition_snapshots_count(const text *domain, const text *edition);
extern void azr_edition_snapshots_forget(const text *domain, const text *edition,
										 int64 sequence);
extern void azr_edition_snapshots_delete(const text *domain, const text *edition);

extern const AzrUpkeepTable *azr_snapshot_history(void);

extern void azr_snapshots_init(void);

#endif							/* AZR_SNAPSHOT_TABLE_H */
