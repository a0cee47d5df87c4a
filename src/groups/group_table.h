/*-------------------------------------------------------------------------
 *
 * group_table.h
 *	  Groups of workers that follow the feed, and how far their partitions have come.
 *
 * A stream belongs to one partition of a group, so its events are given in order.  Whoever
 * gives events of a partition, or changes how far it has come, holds the lock on its row in
 * azr_group_partitions to the end of the transaction, and looks at all else that belongs to
 * the group when it has that lock.  Whoever changes anything that belongs to a partition also
 * updates that row: a transaction that must stick to an older PostgreSQL snapshot, and so would
 * not see the change, then cannot lock it (40001).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_GROUP_TABLE_H
#define AZR_GROUP_TABLE_H

#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "utils/uuid.h"

/* How many partitions a group can have. */
#define AZR_MAX_PARTITIONS	4096

typedef struct AzrGroup
{
	text	   *handler;
	int32		partitions;
	AzrArrayArg domains;		/* only of these, if given */
	AzrArrayArg types;
	int64		moved_after;	/* appends that moved here with their slot and
								 * have higher tickets were handled by the
								 * group of that name on the other node */
} AzrGroup;

/* A partition of a group. */
typedef struct AzrPartition
{
	int32		number;
	int64		position;		/* the last one that is done with */

	/* by the last lease, if 'has_token' */
	bool		has_token;
	pg_uuid_t	token;
	bool		is_leased;		/* has the lease neither ended nor run out? */
	int64		given_to;		/* the last position that was looked at */
	int64		last_given;		/* that of the last event that was given */

	/* for azr_fetch() */
	bool		only_moves;		/* is it given nothing? */
	int64		stops_before;	/* its first event, then; or PG_INT64_MAX */
} AzrPartition;

typedef struct AzrPartitions
{
	int			count;
	int			allocated;
	AzrPartition *all;
} AzrPartitions;

extern bool azr_group_add(const text *handler, int32 partitions, int64 after,
						  Datum domains, bool no_domains, Datum types, bool no_types);
extern bool azr_group_delete(const text *handler);
extern AzrGroup azr_group_get(text *handler);
extern void azr_group_reads_moved(const text *handler, int64 after);
pg_noreturn extern void azr_group_unknown(const text *handler);
extern int32 azr_partition_of(int64 stream_id, int32 partitions);

extern AzrPartitions azr_partitions_behind(const AzrGroup *group, int64 head);
extern AzrPartitions azr_partitions_read(const AzrGroup *group, const AzrPartitions *which);
extern bool azr_partition_take(const AzrGroup *group, int32 number);
extern AzrPartitions azr_partitions_take(const AzrGroup *group, const AzrPartitions *but,
										 int64 behind, int most);
extern bool azr_partition_lock(const text *handler, int32 number, bool wait,
							   AzrPartition *partition);
extern int	azr_partitions_lock(const text *handler);
extern void azr_partitions_add(AzrPartitions *partitions, const AzrPartition *partition);
extern Datum azr_partition_numbers(const AzrPartitions *partitions);

extern void azr_partitions_move(const text *handler, const AzrPartitions *which, int64 position);
extern void azr_partitions_set(const text *handler, int count, int64 position);
extern void azr_partition_lease(const text *handler, const AzrPartition *partition,
								const Interval *lease);
extern void azr_partition_touch(const text *handler, int32 number);
extern void azr_partition_acknowledge(const text *handler, const AzrPartition *partition,
									  bool ends);

#endif							/* AZR_GROUP_TABLE_H */
