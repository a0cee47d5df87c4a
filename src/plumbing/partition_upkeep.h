/*-------------------------------------------------------------------------
 *
 * partition_upkeep.h
 *	  The upkeep of a table that is range-partitioned by a time: partitions are made for
 *	  the time to come, filled with what the default partition has of their periods, and
 *	  dropped when they are past.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PARTITION_UPKEEP_H
#define AZR_PARTITION_UPKEEP_H

#include "nodes/pg_list.h"
#include "plumbing/partition.h"
#include "plumbing/period.h"

/* A table whose partitions are kept up. */
typedef struct AzrUpkeepTable
{
	AzrTable   *table;			/* its first index is the primary key of each
								 * partition */
	AttrNumber	time;			/* the column that it is partitioned by */
	const char *prefix;			/* of the names of partitions: a time follows */
	const char *condition;		/* SQL: what the bounds of its parents say of
								 * its rows, or NULL if it has no parents */
	const char *rows;			/* what to call its rows in messages */
} AzrUpkeepTable;

/* Which partitions there should be. */
typedef struct AzrUpkeepRequest
{
	TimestampTz cutoff;			/* what is earlier is past */
	AzrSpan		span;			/* of a new partition */
	int			ahead;			/* how many come after the current one */
} AzrUpkeepRequest;

/* A partition that is made or dropped. */
typedef struct AzrUpkeepPart
{
	AzrPeriod	period;
	Oid			relid;			/* InvalidOid until it is made */
	const char *name;			/* as a regclass is shown, once it is made or
								 * dropped */
	int64		moved;			/* rows from the default partition */
} AzrUpkeepPart;

/* What was done. */
typedef struct AzrUpkeepResult
{
	List	   *created;		/* of AzrUpkeepPart, ascending */
	List	   *dropped;		/* of AzrUpkeepPart, ascending */
	const char *default_partition;	/* its name, as a regclass is shown */
	TimestampTz pruned_before;	/* the earlier rows of the default partition
								 * are past */
	int64		pruned;			/* how many of them were deleted */
	int			remaining;		/* partitions for another call to make or drop */
} AzrUpkeepResult;

extern bool azr_partitions_keep_up(const AzrUpkeepTable *table,
								   const AzrUpkeepRequest *request, AzrUpkeepResult *result);

#endif							/* AZR_PARTITION_UPKEEP_H */
