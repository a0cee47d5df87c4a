/*-------------------------------------------------------------------------
 *
 * partition_upkeep.c
 *	  The upkeep of a table that is range-partitioned by a time.
 *
 * Nobody else should have to wait for longer than a change of the catalogs takes.  So one
 * call makes and drops a bounded number of partitions, and says how many are left.  Its
 * work comes in two steps, in one transaction:
 *
 * 1. New tables are made, and filled with the rows that the default partition has of their
 *	  periods.  They are not partitions yet, so nobody sees them, and others can go on
 *	 reading and filling the default partition.
 * 2. The partitioned table and the default partition are locked against all others, so that
 *	  nobody uses the partitions as they were.  Rows that have come into the default
 *	  partition meanwhile are moved too, the new tables are attached, and the past ones are
 *	  dropped.
 *
 * Each new table has a CHECK constraint that says what its bounds will say, and the default
 * partition gets constraints that say that it has no rows within those bounds.  A probe of
 * its index has shown that these hold.  So PostgreSQL does not read through either table,
 * however large the default partition is.  In the end, the constraints are dropped.
 *
 * A request for a lock that has to wait, perhaps for somebody who is only reading, holds up
 * everybody who comes after it.  So it waits only briefly, and is tried again later.  If
 * somebody waits for a row that the first step has moved, everything is undone at once.
 *
 * The owner may move a table to another schema or rename it, so a table is known by its
 * OID, and its names are looked up while it is locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/tablespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/error.h"
#include "plumbing/lock.h"
#include "plumbing/partition_plan.h"
#include "plumbing/partition_upkeep.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/wait_event.h"

/* Milliseconds: one wait for a lock, the pause between two, and all of them. */
#define LOCK_WAIT	20
#define LOCK_PAUSE	100
#define LOCK_BUDGET	5000

/* Once a call has moved so many rows, it makes no more tables. */
#define MAX_MOVED	100000

static void wait_for_turn(const AzrUpkeepTable *table);
static bool carry_out(AzrUpkeepPlan *plan, const AzrUpkeepRequest *request);
static void rethrow_after_rollback(MemoryContext context, ResourceOwner owner);
static int	compare_parts(const ListCell *a, const ListCell *b);
static void work_without_locks(AzrUpkeepPlan *plan);
static void create_table(const AzrUpkeepPlan *plan, AzrUpkeepPart *part);
static char *choose_name(const char *prefix, TimestampTz from, Oid schema);
static char *bounds_check(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part);
static void copy_row_security(Oid from, Oid to);
static void copy_rights(Oid from, Oid to);
static void copy_statistics_targets(Oid from, Oid to);
static void note_command(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void move_rows(const AzrUpkeepPlan *plan, AzrUpkeepPart *part);
static bool lock_for_change(const AzrUpkeepPlan *plan);
static bool somebody_waits_for_us(void);
static bool try_locks(const AzrUpkeepPlan *plan, int timeout);
static void change_catalogs(const AzrUpkeepPlan *plan);
static void constrain_rest(const AzrUpkeepPlan *plan);
static void release_rest(const AzrUpkeepPlan *plan);
static void attach(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part);
static void empty_rest(const AzrUpkeepPlan *plan, AzrUpkeepPart *part);
static bool is_in_rest(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part);
static void mark_proven(Oid relid, const char *constraint);
static void drop_table(AzrUpkeepPart *part);
static bool is_empty_file(Oid relid);
static char *bounds_of(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part);
static const char *shown_name(Oid relid);

/*
 * Make the partitions that there should be, fill them with what the default partition has
 * of their periods, and drop those that are past.  Waits for other calls for the same table.
 * Returns false, and has done nothing, if other transactions used the table for too long.
 * The result is in the caller's memory context.
 *
 * The caller's transaction may write.  It keeps AZR_LOCK_MAINTENANCE, AccessShareLock on
 * the partitioned table and its default partition, and, if something was made or dropped,
 * AccessExclusiveLock on these and on the dropped ones.
 *
 * Raises what azr_partitioned_open() does; 55000 if the default partition is missing or no
 * ordinary table, or if rows stay in it; 40001 if the transaction's PostgreSQL snapshot
 * does not show all rows that must move; and what waiting for another call raises.
 */
bool
azr_partitions_keep_up(const AzrUpkeepTable *table, const AzrUpkeepRequest *request,
					   AzrUpkeepResult *result)
{
	AzrUpkeepPlan plan = {.table = table};

	plan.time = quote_identifier(table->table->columns[table->time - 1].name);
	wait_for_turn(table);
	if (!carry_out(&plan, request))
		return false;

	list_sort(plan.create, compare_parts);
	result->created = plan.create;
	result->dropped = plan.drop;
	result->default_partition = shown_name(plan.rest);
	result->pruned_before = plan.prune_before;
	result->pruned = plan.pruned;
	result->remaining = plan.remaining;
	return true;
}

/*
 * Wait until no other call works on the table.  No lock on a table is held meanwhile, since
 * the other call may need it.
 */
static void
wait_for_turn(const AzrUpkeepTable *table)
{
	Relation	partitioned = azr_partitioned_open(table->table, table->time, AccessShareLock);
	Oid			relid = RelationGetRelid(partitioned);

	table_close(partitioned, AccessShareLock);
	azr_lock(AZR_LOCK_MAINTENANCE, relid, ExclusiveLock);
}

/*
 * Make a plan, and carry it out.  Returns false, and has done nothing, if the locks cannot
 * be had in time.
 *
 * The subtransaction ends in any case, as callers that catch an error expect.
 */
static bool
carry_out(AzrUpkeepPlan *plan, const AzrUpkeepRequest *request)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		bool		needs_locks;

		azr_plan_upkeep(plan, request);
		work_without_locks(plan);
		needs_locks = plan->create != NIL || plan->drop != NIL;
		done = !needs_locks || lock_for_change(plan);
		if (done && needs_locks)
			change_catalogs(plan);
		if (done)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		rethrow_after_rollback(context, owner);
	}
	PG_END_TRY();

	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/*
 * Roll the current subtransaction back, and raise the error again that has ended it.
 */
static void
rethrow_after_rollback(MemoryContext context, ResourceOwner owner)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	ReThrowError(error);
}

static int
compare_parts(const ListCell *a, const ListCell *b)
{
	const AzrUpkeepPart *first = lfirst(a);
	const AzrUpkeepPart *second = lfirst(b);

	return first->period.from < second->period.from ? -1 : 1;
}

/*
 * The first step: prune what is past in the default partition, make tables, and fill them.
 * If many rows are moved, the tables that are not yet made wait for another call.
 */
static void
work_without_locks(AzrUpkeepPlan *plan)
{
	AzrQueryArgs args = {0};
	int64		moved = 0;
	int			made = 0;

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(plan->prune_before), false);
	plan->pruned = (int64)
		azr_query_exact(psprintf("DELETE FROM %1$s WHERE ctid = ANY (ARRAY(SELECT ctid "
								 "FROM %1$s WHERE %2$s < $1 FOR UPDATE SKIP LOCKED))",
								 azr_sql_name(plan->rest), plan->time),
						&args, false, NULL, NULL);
	while (made < list_length(plan->create) && moved < MAX_MOVED)
	{
		AzrUpkeepPart *part = list_nth(plan->create, made++);

		create_table(plan, part);
		move_rows(plan, part);
		moved += part->moved;
	}
	plan->create = azr_keep_first(plan->create, made, &plan->remaining);
}

/*
 * Make a table that can become a partition.
 */
static void
create_table(const AzrUpkeepPlan *plan, AzrUpkeepPart *part)
{
	Oid			tablespace = get_rel_tablespace(plan->relid);
	Oid			schema = get_rel_namespace(plan->relid);
	char	   *name = choose_name(plan->table->prefix, part->period.from, schema);

	/* a partition has the identity columns of its parent, and may bring none */
	azr_query_utility(psprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES "
							   "EXCLUDING IDENTITY, CONSTRAINT azr_bounds CHECK (%s), "
							   "PRIMARY KEY (%s))%s",
							   quote_qualified_identifier(get_namespace_name(schema), name),
							   azr_sql_name(plan->relid), bounds_check(plan, part),
							   azr_key_columns(plan->table->table),
							   !OidIsValid(tablespace) ? "" :
							   psprintf(" TABLESPACE %s",
										quote_identifier(get_tablespace_name(tablespace)))));
	part->relid = get_relname_relid(name, schema);
	if (!OidIsValid(part->relid))
		elog(ERROR, "could not find table \"%s\" that was just created", name);
	part->name = shown_name(part->relid);
	copy_row_security(plan->rest, part->relid);
	copy_rights(plan->rest, part->relid);
	copy_statistics_targets(plan->rest, part->relid);
}

/*
 * What the bounds of a new partition and of those above it will say of its rows.
 */
static char *
bounds_check(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part)
{
	if (plan->table->condition == NULL)
		return bounds_of(plan, part);
	return psprintf("(%s) AND %s", plan->table->condition, bounds_of(plan, part));
}

/*
 * A name that no table of the schema has, and no type, since each table comes with a type
 * of its name.
 */
static char *
choose_name(const char *prefix, TimestampTz from, Oid schema)
{
	char	   *name = psprintf("%s%s", prefix, azr_period_name(from));
	char	   *free_name = name;

	for (int i = 1; OidIsValid(get_relname_relid(free_name, schema)) ||
		 SearchSysCacheExists2(TYPENAMENSP, CStringGetDatum(free_name),
							   ObjectIdGetDatum(schema)); i++)
		free_name = psprintf("%s_%d", name, i);
	return free_name;
}

/*
 * Enable row level security on table 'to' if it is on 'from'.  There are no policies then, so
 * nobody but the owner sees rows in the table itself; what is read through the partitioned
 * table goes by the policies of that.
 */
static void
copy_row_security(Oid from, Oid to)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(from));
	bool		enabled;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", from);
	enabled = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
	ReleaseSysCache(tuple);
	if (enabled)
		azr_query_utility(psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", azr_sql_name(to)));
}

/*
 * Grant the same privileges on table 'to' as on 'from', which has the same owner, whatever
 * that owner's default privileges are.
 */
static void
copy_rights(Oid from, Oid to)
{
	AzrQueryArgs args = {0};
	List	   *commands = NIL;
	ListCell   *lc;

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(from), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(to), false);
	azr_query_arg(&args, TEXTOID,
				  CStringGetTextDatum(azr_sql_name(to)), false);

	azr_query_latest("SELECT a.command || CASE a.grantee WHEN 0 THEN 'PUBLIC' "
					 "ELSE quote_ident(pg_get_userbyid(a.grantee)) END || a.option "
					 "FROM (SELECT DISTINCT 1 AS step, n.grantee, "
					 "'REVOKE ALL ON ' || $3 || ' FROM ' AS command, '' AS option "
					 "FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS n "
					 "WHERE c.oid = $2 AND n.grantee <> c.relowner "
					 "UNION ALL SELECT 2, o.grantee, "
					 "'GRANT ' || o.privilege_type || ' ON ' || $3 || ' TO ', "
					 "CASE WHEN o.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END "
					 "FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS o "
					 "WHERE c.oid = $1 AND o.grantee <> c.relowner) AS a "
					 "ORDER BY a.step",
					 &args, note_command, &commands);
	foreach(lc, commands)
		azr_query_utility(lfirst(lc));
}

/*
 * Have ANALYZE sample the same columns of table 'to' as of 'from'.
 */
static void
copy_statistics_targets(Oid from, Oid to)
{
	AzrQueryArgs args = {0};
	List	   *commands = NIL;
	ListCell   *lc;

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(from), false);
	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(azr_sql_name(to)), false);
	azr_query_latest("SELECT 'ALTER TABLE ' || $2 || ' ALTER ' || quote_ident(a.attname) "
					 "|| ' SET STATISTICS ' || a.attstattarget FROM pg_attribute a "
					 "WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped "
					 "AND a.attstattarget >= 0",
					 &args, note_command, &commands);
	foreach(lc, commands)
		azr_query_utility(lfirst(lc));
}

static void
note_command(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **commands = (List **) arg;

	*commands = lappend(*commands, TextDatumGetCString(values[0]));
}

/*
 * Move the rows that the default partition has of a new partition's period.  Rows that
 * somebody else has locked are left to the second step.
 */
static void
move_rows(const AzrUpkeepPlan *plan, AzrUpkeepPart *part)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.to), false);
	part->moved += (int64)
		azr_query_exact(psprintf("WITH moved AS (DELETE FROM %1$s WHERE ctid = ANY ("
								 "ARRAY(SELECT ctid FROM %1$s "
								 "WHERE %4$s >= $1 AND %4$s < $2 "
								 "FOR UPDATE SKIP LOCKED)) RETURNING %3$s) "
								 "INSERT INTO %2$s (%3$s) SELECT %3$s FROM moved",
								 azr_sql_name(plan->rest), azr_sql_name(part->relid), plan->columns,
								 plan->time),
						&args, false, NULL, NULL);
}

/*
 * Take the locks that the second step needs, all or none.
 */
static bool
lock_for_change(const AzrUpkeepPlan *plan)
{
	int			wait = LockTimeout > 0 ? Min(LockTimeout, LOCK_WAIT) : LOCK_WAIT;
	int			budget = LockTimeout > 0 ? Min(LockTimeout, LOCK_BUDGET) : LOCK_BUDGET;
	TimestampTz start = GetCurrentTimestamp();

	for (;;)
	{
		if (somebody_waits_for_us())
			return false;
		if (try_locks(plan, wait))
			return true;
		if (TimestampDifferenceExceeds(start, GetCurrentTimestamp(), budget))
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 LOCK_PAUSE, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Does another transaction wait for a row that we have moved?  It has locked the default
 * partition to write to it, so we cannot get our lock before it ends, and it would wait for
 * us.
 */
static bool
somebody_waits_for_us(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_TRANSACTION(tag, GetCurrentTransactionId());
	return LockWaiterCount(&tag) > 1;
}

/*
 * Try to take the locks, and wait for each of them for 'timeout' milliseconds.
 */
static bool
try_locks(const AzrUpkeepPlan *plan, int timeout)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool locked = true;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		int			guc_level = NewGUCNestLevel();
		ListCell   *lc;

		azr_set("lock_timeout", psprintf("%d", timeout));

		/* from the root down, as everybody does */
		LockRelationOid(plan->relid, AccessExclusiveLock);
		LockRelationOid(plan->rest, AccessExclusiveLock);
		foreach(lc, plan->drop)
			LockRelationOid(((AzrUpkeepPart *) lfirst(lc))->relid, AccessExclusiveLock);

		AtEOXact_GUC(false, guc_level);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			rethrow_after_rollback(context, owner);
		MemoryContextSwitchTo(context);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		locked = false;
	}
	PG_END_TRY();

	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return locked;
}

/*
 * The second step, under its locks.
 */
static void
change_catalogs(const AzrUpkeepPlan *plan)
{
	bool		constrain = plan->create != NIL && !is_empty_file(plan->rest);
	ListCell   *lc;

	if (constrain)
		constrain_rest(plan);
	foreach(lc, plan->create)
		attach(plan, lfirst(lc));
	if (constrain)
		release_rest(plan);
	foreach(lc, plan->drop)
		drop_table(lfirst(lc));
}

/*
 * Move all rows of the new partitions' periods out of the default partition, and add
 * constraints that say so and are marked as valid.
 */
static void
constrain_rest(const AzrUpkeepPlan *plan)
{
	StringInfoData command;
	ListCell   *lc;

	initStringInfo(&command);
	appendStringInfo(&command, "ALTER TABLE %s", azr_sql_name(plan->rest));
	foreach(lc, plan->create)
	{
		AzrUpkeepPart *part = lfirst(lc);

		empty_rest(plan, part);
		appendStringInfo(&command, "%s ADD CONSTRAINT azr_not_%d CHECK (NOT (%s)) NOT VALID",
						 foreach_current_index(lc) == 0 ? "" : ",",
						 foreach_current_index(lc), bounds_of(plan, part));
	}
	azr_query_utility(command.data);
	foreach(lc, plan->create)
		mark_proven(plan->rest, psprintf("azr_not_%d", foreach_current_index(lc)));
}

/*
 * Drop the constraints of constrain_rest().
 */
static void
release_rest(const AzrUpkeepPlan *plan)
{
	StringInfoData command;

	initStringInfo(&command);
	appendStringInfo(&command, "ALTER TABLE %s", azr_sql_name(plan->rest));
	for (int i = 0; i < list_length(plan->create); i++)
		appendStringInfo(&command, "%s DROP CONSTRAINT azr_not_%d", i == 0 ? "" : ",", i);
	azr_query_utility(command.data);
}

/*
 * Make a partition of a new table.
 */
static void
attach(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part)
{
	const char *table = azr_sql_name(part->relid);

	azr_query_utility(psprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)",
							   azr_sql_name(plan->relid), table,
							   azr_time_literal(part->period.from),
							   azr_time_literal(part->period.to)));
	azr_query_utility(psprintf("ALTER TABLE %s DROP CONSTRAINT azr_bounds", table));
}

/*
 * Move all rows of a new partition's period out of the default partition, which is locked
 * against all others.
 *
 * Raises 40001 if the transaction must stick to a PostgreSQL snapshot that does not show
 * all of them, and 55000 if some do not go.
 */
static void
empty_rest(const AzrUpkeepPlan *plan, AzrUpkeepPart *part)
{
	if (!is_in_rest(plan, part))
		return;
	move_rows(plan, part);
	if (!is_in_rest(plan, part))
		return;
	if (IsolationUsesXactSnapshot())
		azr_serialization_failure("%s were filed in the default partition after this transaction's snapshot",
								  plan->table->rows);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("could not move %s out of default partition \"%s\"",
					plan->table->rows, get_rel_name(plan->rest)),
			 errhint("Look for a trigger or rule that keeps rows from being deleted.")));
}

/*
 * Does the default partition have a row of a new partition's period, by what is committed
 * now?
 */
static bool
is_in_rest(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part)
{
	TimestampTz first;
	bool		found;

	PushActiveSnapshot(GetLatestSnapshot());
	found = azr_first_in_rest(plan, part->period.from, part->period.to, true, &first);
	PopActiveSnapshot();
	return found;
}

/*
 * Mark a constraint as valid that empty_rest() has shown to hold, as VALIDATE CONSTRAINT
 * does after it has looked at all rows.
 */
static void
mark_proven(Oid relid, const char *constraint)
{
	Relation	catalog = table_open(ConstraintRelationId, RowExclusiveLock);
	Oid			conid = get_relation_constraint_oid(relid, constraint, false);
	HeapTuple	tuple = SearchSysCacheCopy1(CONSTROID, ObjectIdGetDatum(conid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", conid);
	((Form_pg_constraint) GETSTRUCT(tuple))->convalidated = true;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	CacheInvalidateRelcacheByRelid(relid);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

/*
 * Drop a partition that is locked against all others, in whatever schema it is.
 */
static void
drop_table(AzrUpkeepPart *part)
{
	part->name = shown_name(part->relid);
	azr_query_utility(psprintf("DROP TABLE %s", azr_sql_name(part->relid)));

	/*
	 * no lock keeps the schema from being renamed meanwhile, and another from
	 * getting its name
	 */
	if (get_rel_name(part->relid) != NULL)
		elog(ERROR, "partition \"%s\" is not where it was", part->name);
}

/*
 * Does a table have no pages at all?
 */
static bool
is_empty_file(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		result = RelationGetNumberOfBlocks(rel) == 0;

	table_close(rel, NoLock);
	return result;
}

static char *
bounds_of(const AzrUpkeepPlan *plan, const AzrUpkeepPart *part)
{
	return psprintf("%1$s >= %2$s AND %1$s < %3$s", plan->time,
					azr_time_literal(part->period.from), azr_time_literal(part->period.to));
}

/*
 * A table as the result names it, which is as PostgreSQL shows a regclass: with its schema only
 * where the caller's search_path does not lead to it.
 */
static const char *
shown_name(Oid relid)
{
	return DatumGetCString(DirectFunctionCall1(regclassout, ObjectIdGetDatum(relid)));
}
