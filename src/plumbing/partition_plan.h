/*-------------------------------------------------------------------------
 *
 * partition_plan.h
 *	  Which partitions there should be, and which are past: the plan of an upkeep, which
 *	  partition_upkeep.c carries out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PARTITION_PLAN_H
#define AZR_PARTITION_PLAN_H

#include "plumbing/partition_upkeep.h"

/* What is to be done, and what was. */
typedef struct AzrUpkeepPlan
{
	const AzrUpkeepTable *table;
	const char *time;			/* name of the column that it is partitioned
								 * by */
	Oid			relid;
	Oid			rest;			/* the default partition */
	const char *columns;		/* that a row takes along when it moves */
	List	   *create;			/* of AzrUpkeepPart, the most urgent first */
	List	   *drop;			/* of AzrUpkeepPart, ascending */
	TimestampTz prune_before;	/* the default partition's rows before it are
								 * past */
	int64		pruned;
	int			remaining;		/* partitions for another call to make or drop */
} AzrUpkeepPlan;

extern void azr_plan_upkeep(AzrUpkeepPlan *plan, const AzrUpkeepRequest *request);
extern bool azr_first_in_rest(const AzrUpkeepPlan *plan, TimestampTz from, TimestampTz to,
							  bool read_only, TimestampTz *first);
extern List *azr_keep_first(List *parts, int count, int *left_out);
extern const char *azr_sql_name(Oid relid);

#endif							/* AZR_PARTITION_PLAN_H */
