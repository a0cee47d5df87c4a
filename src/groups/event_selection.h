/*-------------------------------------------------------------------------
 *
 * event_selection.h
 *	  Which events some partitions of a group have still to be given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_SELECTION_H
#define AZR_EVENT_SELECTION_H

#include "feed/feed_reader.h"
#include "groups/parked_table.h"

typedef struct AzrSelection
{
	const AzrGroup *group;
	AzrPartitions partitions;
	int		   *places;			/* of each partition of the group in
								 * 'partitions', or -1 */
	AzrParkedStreams parked;	/* of these, by stream */
	int64		head;
	const int64 *only;			/* streams, ascending, or NULL for all */
	int			nonly;
} AzrSelection;

extern void azr_selection_begin(AzrSelection *selection, const AzrGroup *group,
								const AzrPartitions *partitions, int64 head);
extern int64 azr_selection_read(AzrSelection *selection, AzrFeedCallback callback,
								void *arg, Snapshot snapshot);
extern AzrPartition *azr_selection_partition(AzrSelection *selection, int64 stream_id);

#endif							/* AZR_EVENT_SELECTION_H */
