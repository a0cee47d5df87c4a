/*-------------------------------------------------------------------------
 *
 * timeline_snapshot.h
 *	  Snapshots of a timeline, which may be of the part that an edition shares with the
 *	  main timeline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TIMELINE_SNAPSHOT_H
#define AZR_TIMELINE_SNAPSHOT_H

#include "events/timeline.h"
#include "snapshots/snapshot_table.h"

/* A snapshot and the edition that has it. */
typedef struct AzrOwnedSnapshot
{
	AzrSnapshot snapshot;
	text	   *edition;
} AzrOwnedSnapshot;

extern AzrSnapshot azr_own_snapshot(const AzrStreamName *name, AzrOptionalInt64 at,
									Snapshot as_of);
extern AzrOwnedSnapshot azr_timeline_snapshot(const AzrStreamName *name,
											  const AzrTimeline *timeline,
											  AzrOptionalInt64 at, Snapshot as_of);
extern AzrSnapshot azr_timeline_snapshot_at(const AzrStreamName *name, int64 sequence,
											Snapshot as_of);

#endif							/* AZR_TIMELINE_SNAPSHOT_H */
