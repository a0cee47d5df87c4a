/*-------------------------------------------------------------------------
 *
 * partition_plan.c
 *	  Which partitions there should be, and which are past: the plan of an upkeep, which
 *	  partition_upkeep.c carries out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "plumbing/partition_plan.h"
#include "plumbing/query.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * What one call does at most.  Others wait while partitions are attached and dropped, and
 * the locks on all of these must fit into the lock table.  To attach one, PostgreSQL reads
 * the bounds of all, so fewer are made if there are more than MAX_CREATED_UP_TO.
 */
#define MAX_CREATED	32
#define MAX_CREATED_UP_TO	500
#define MAX_DROPPED	50

/* How many times it looks for rows that have no partition. */
#define MAX_LOOKS	1000

static Oid	lock_rest(Relation partitioned);
static char *moved_columns(Relation partitioned);
static TimestampTz plan_time(AzrUpkeepPlan *plan, Relation partitioned, TimestampTz time,
							 const AzrSpan *span);
static void plan_drops(AzrUpkeepPlan *plan, Relation partitioned, TimestampTz cutoff);
static int	max_created(Relation partitioned);

/*
 * Find out what is to be done.  The caller has made sure that no other call works on the
 * table.
 *
 * The partitioned table and its default partition are locked in AccessShareLock from here
 * on.  Attaching or detaching a partition needs a lock on one of these that conflicts with
 * ours, so the plan stays right.
 */
void
azr_plan_upkeep(AzrUpkeepPlan *plan, const AzrUpkeepRequest *request)
{
	Relation	partitioned = azr_partitioned_open(plan->table->table, plan->table->time,
												   AccessShareLock);
	TimestampTz time;

	plan->relid = RelationGetRelid(partitioned);
	plan->rest = lock_rest(partitioned);
	plan->columns = moved_columns(partitioned);

	/* nothing was stored before the year 2000 */
	plan->prune_before = request->cutoff;
	if (!TIMESTAMP_NOT_FINITE(request->cutoff) && request->cutoff > 0)
		plan->prune_before = azr_period_of(request->cutoff, &request->span).from;

	/* the current partition, and those after it */
	time = GetCurrentTimestamp();
	for (int i = 0; i <= request->ahead && !TIMESTAMP_NOT_FINITE(time); i++)
		time = plan_time(plan, partitioned, time, &request->span);

	/* those for rows of the default partition, in the past or in the future */
	time = plan->prune_before;
	for (int i = 0; i < MAX_LOOKS && azr_first_in_rest(plan, time, DT_NOEND, false, &time); i++)
		time = plan_time(plan, partitioned, time, &request->span);

	plan_drops(plan, partitioned, request->cutoff);
	plan->create = azr_keep_first(plan->create, max_created(partitioned), &plan->remaining);
	plan->drop = azr_keep_first(plan->drop, MAX_DROPPED, &plan->remaining);
	table_close(partitioned, NoLock);
}

/*
 * Lock the default partition, and say which one it is.
 *
 * Raises 55000 if there is none that rows can be moved from.
 */
static Oid
lock_rest(Relation partitioned)
{
	Oid			rest = azr_default_partition(partitioned);

	if (!OidIsValid(rest))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no default partition",
						RelationGetRelationName(partitioned)),
				 errhint("Attach it as the extension's install script does.")));
	LockRelationOid(rest, AccessShareLock);
	if (get_rel_relkind(rest) != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("default partition \"%s\" of table \"%s\" is not an ordinary table",
						get_rel_name(rest), RelationGetRelationName(partitioned)),
				 errhint("Create it as the extension's install script does.")));
	return rest;
}

/*
 * The columns that can be written, also those that the owner has added, as SQL lists them.
 */
static char *
moved_columns(Relation partitioned)
{
	TupleDesc	desc = RelationGetDescr(partitioned);
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (!attr->attisdropped && !attr->attgenerated)
			appendStringInfo(&columns, "%s%s", columns.len == 0 ? "" : ", ",
							 quote_identifier(NameStr(attr->attname)));
	}
	return columns.data;
}

/*
 * Plan a partition for a time, unless one is there or is planned already.  Returns its
 * end.
 */
static TimestampTz
plan_time(AzrUpkeepPlan *plan, Relation partitioned, TimestampTz time, const AzrSpan *span)
{
	AzrPlace	place = azr_place_of(partitioned, time);
	AzrUpkeepPart *part;
	ListCell   *lc;

	if (OidIsValid(place.relid))
		return place.to;
	foreach(lc, plan->create)
	{
		part = lfirst(lc);
		if (part->period.from <= time && time < part->period.to)
			return part->period.to;
	}

	/* partitions of another span may be in the way */
	part = palloc0(sizeof(AzrUpkeepPart));
	part->period = azr_period_of(time, span);
	part->period.from = Max(part->period.from, place.from);
	part->period.to = Min(part->period.to, place.to);
	plan->create = lappend(plan->create, part);
	return part->period.to;
}

/*
 * Plan to drop what ends before 'cutoff'.
 */
static void
plan_drops(AzrUpkeepPlan *plan, Relation partitioned, TimestampTz cutoff)
{
	TimestampTz time = DT_NOBEGIN;

	for (;;)
	{
		AzrPlace	place = azr_place_of(partitioned, time);

		if (place.to > cutoff || TIMESTAMP_IS_NOEND(place.to))
			break;
		if (OidIsValid(place.relid))
		{
			AzrUpkeepPart *part = palloc0(sizeof(AzrUpkeepPart));

			part->period.from = place.from;
			part->period.to = place.to;
			part->relid = place.relid;
			plan->drop = lappend(plan->drop, part);
		}
		time = place.to;
	}
}

/*
 * The first time in the default partition from 'from' on and before 'to', with 'read_only'
 * as for azr_query_exact().
 *
 * The order makes the planner use the index on the time, and not read all rows in
 * the hope that the first one will do.
 */
bool
azr_first_in_rest(const AzrUpkeepPlan *plan, TimestampTz from, TimestampTz to, bool read_only,
				  TimestampTz *first)
{
	AzrQueryArgs args = {0};
	AzrQueryValue time = {false, (Datum) 0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(to), false);
	(void) azr_query_exact(psprintf("SELECT %2$s FROM %1$s "
									"WHERE %2$s >= $1 AND %2$s < $2 "
									"ORDER BY %2$s LIMIT 1", azr_sql_name(plan->rest), plan->time),
						   &args, read_only, azr_query_note, &time);
	if (time.found)
		*first = DatumGetTimestampTz(time.value);
	return time.found;
}

/*
 * How many partitions may one call make?
 */
static int
max_created(Relation partitioned)
{
	int			existing = azr_count_partitions(partitioned);

	if (existing <= MAX_CREATED_UP_TO)
		return MAX_CREATED;
	return Max(MAX_CREATED * MAX_CREATED_UP_TO / existing, 1);
}

/*
 * Leave the first 'count' parts in a list, and add the number of the others to 'left_out'.
 */
List *
azr_keep_first(List *parts, int count, int *left_out)
{
	*left_out += Max(list_length(parts) - count, 0);
	return list_truncate(parts, count);
}

/*
 * A table as SQL names it.  It must be locked: otherwise, another table may have the name
 * soon.
 */
const char *
azr_sql_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}
