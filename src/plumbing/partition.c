/*-------------------------------------------------------------------------
 *
 * partition.c
 *	  Tables that are range-partitioned by a time, with partitions that come and
 *	  go while the server runs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_partitioned_table.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "plumbing/partition.h"
#include "utils/syscache.h"

/*
 * Leaves found so far.  A backend that reads more leaves than that forgets what it learned
 * of those that it found first.
 */
#define NUM_LEAVES	32

static bool is_partitioned_by(Oid relid, AttrNumber key);
static TimestampTz bound(PartitionBoundInfo info, int datum);

/*
 * Open the partitioned table.  Its partition key must still be the one column 'key'.
 *
 * Raises what azr_table_open() raises, and 55000 for another key.
 */
Relation
azr_partitioned_open(AzrTable *table, AttrNumber key, LOCKMODE lockmode)
{
	Relation	rel = azr_table_open(table, lockmode);

	if (!is_partitioned_by(RelationGetRelid(rel), key))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the partition key of table \"%s\" was changed", table->name),
				 errhint("Create it as the extension's install script does.")));
	return rel;
}

/*
 * The place that a time falls in.
 */
AzrPlace
azr_place_of(Relation partitioned, TimestampTz time)
{
	PartitionDesc desc = RelationGetPartitionDesc(partitioned, false);
	PartitionBoundInfo info = desc->boundinfo;
	AzrPlace	place = {InvalidOid, DT_NOBEGIN, DT_NOEND};
	int			low = 0;
	int			high = info == NULL ? 0 : info->ndatums;

	if (info == NULL)
		return place;

	/* how many bounds are at or below it? */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (bound(info, middle) <= time)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0)
		place.from = bound(info, low - 1);
	if (low < info->ndatums)
		place.to = bound(info, low);

	/* partitions are found by their upper bounds, and one after the last */
	if (info->indexes[low] >= 0)
		place.relid = desc->oids[info->indexes[low]];
	return place;
}

/*
 * The default partition, or InvalidOid if there is none.
 */
Oid
azr_default_partition(Relation partitioned)
{
	PartitionDesc desc = RelationGetPartitionDesc(partitioned, false);

	if (desc->boundinfo == NULL || desc->boundinfo->default_index < 0)
		return InvalidOid;
	return desc->oids[desc->boundinfo->default_index];
}

/*
 * How many partitions are there?
 */
int
azr_count_partitions(Relation partitioned)
{
	return RelationGetPartitionDesc(partitioned, false)->nparts;
}

/*
 * A leaf as a table, for azr_table_open().  The caller has the partitioned table
 * open.  The result is good until NUM_LEAVES others were asked for.
 */
AzrTable *
azr_partition(AzrTable *partitioned, Oid relid)
{
	static AzrTable leaves[NUM_LEAVES];
	static int	next_leaf = 0;
	AzrTable   *leaf;

	for (int i = 0; i < NUM_LEAVES; i++)
		if (leaves[i].relid == relid && leaves[i].leaf_of == partitioned)
			return &leaves[i];

	leaf = &leaves[next_leaf];
	next_leaf = (next_leaf + 1) % NUM_LEAVES;

	leaf->relid = relid;
	leaf->leaf_of = partitioned;
	leaf->ncolumns = partitioned->ncolumns;
	leaf->columns = partitioned->columns;
	leaf->nindexes = partitioned->nindexes;
	leaf->indexes = partitioned->indexes;
	leaf->is_cache = partitioned->is_cache;
	leaf->valid = false;
	return leaf;
}

/*
 * Is a table range-partitioned by just a column of type timestamptz, in the order of time?
 *
 * This asks the catalog.  The relation cache would evaluate what it can of a key that is an
 * expression, and compare bounds with the functions of its operator class.  Either may be
 * code that the table's owner has written, and it would run with the caller's rights.  For
 * a key that passes here, no such code is run.
 */
static bool
is_partitioned_by(Oid relid, AttrNumber key)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(relid));
	Form_pg_partitioned_table form;
	bool		result = false;

	if (!HeapTupleIsValid(tuple))
		return false;

	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	if (form->partstrat == PARTITION_STRATEGY_RANGE &&
		form->partnatts == 1 &&
		form->partattrs.values[0] == key)
	{
		bool		isnull;
		Datum		opclasses = SysCacheGetAttr(PARTRELID, tuple,
												Anum_pg_partitioned_table_partclass, &isnull);

		result = !isnull &&
			((oidvector *) DatumGetPointer(opclasses))->values[0] == TIMESTAMPTZ_BTREE_OPS_OID;
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * A bound as a time: MINVALUE and MAXVALUE are the infinities.
 */
static TimestampTz
bound(PartitionBoundInfo info, int datum)
{
	switch (info->kind[datum][0])
	{
		case PARTITION_RANGE_DATUM_MINVALUE:
			return DT_NOBEGIN;
		case PARTITION_RANGE_DATUM_MAXVALUE:
			return DT_NOEND;
		case PARTITION_RANGE_DATUM_VALUE:
			break;
	}
	return DatumGetTimestampTz(info->datums[datum][0]);
}
