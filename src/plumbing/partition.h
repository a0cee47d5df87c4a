/*-------------------------------------------------------------------------
 *
 * partition.h
 *	  Tables that are range-partitioned by a time, with partitions that come and
 *	  go while the server runs.
 *
 * The partitioned table is declared as an AzrTable, and its columns and indexes are those
 * of each leaf.  Its partitions and the gaps between them are places in time; what falls in
 * a gap is in the default partition.
 *
 * While the caller has the table open, nobody can take a partition away, but somebody may
 * fill a gap, so ask for each place by its time when it is needed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PARTITION_H
#define AZR_PARTITION_H

#include "plumbing/table.h"
#include "utils/timestamp.h"

/* From 'from' to 'to': a partition, or a gap. */
typedef struct AzrPlace
{
	Oid			relid;			/* InvalidOid for a gap */
	TimestampTz from;			/* inclusive; may be -infinity */
	TimestampTz to;				/* exclusive; may be infinity */
} AzrPlace;

extern Relation azr_partitioned_open(AzrTable *table, AttrNumber key, LOCKMODE lockmode);
extern AzrPlace azr_place_of(Relation partitioned, TimestampTz time);
extern Oid	azr_default_partition(Relation partitioned);
extern int	azr_count_partitions(Relation partitioned);
extern AzrTable *azr_partition(AzrTable *partitioned, Oid relid);

#endif							/* AZR_PARTITION_H */
