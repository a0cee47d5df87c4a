/*-------------------------------------------------------------------------
 *
 * maintain.c
 *	  azr_maintain: the partitions of the snapshots' history.
 *
 * Nobody else is to wait for longer than a change of the catalogs takes, so the
 * work comes in two steps, in one transaction:
 *
 * 1. New tables are made, and filled with what the default partition has of their
 *	  periods.  They are not partitions yet, so nobody sees them; others go on to
 *	  read and fill the default partition.
 * 2. The partitioned table and the default partition are locked against all others,
 *	  so that nobody goes by the partitions that were.  What has come into the default
 *	  partition meanwhile is moved too, the new tables are attached, the past ones
 *	  dropped.
 *
 * Each new table has a CHECK constraint that says what its bounds will, and the
 * default partition gets some that say that it has nothing between them: PostgreSQL
 * then looks through the default partition once, whatever the number of new
 * partitions, and not at all through these.  The constraints go in the end.
 *
 * A request for a lock that waits holds up whoever comes after it, behind somebody
 * who may just be reading.  So it waits but shortly, and tries again later; and if
 * somebody waits for a row that the first step has moved, all is undone at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "base/args.h"
#include "base/lock.h"
#include "base/partition.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "commands/tablespace.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "snapshots/period.h"
#include "snapshots/snapshot_table.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(azr_maintain);

/* Columns of the composite type azr_maintenance, as in maintain.sql. */
enum
{
	Anum_azr_maintenance_action = 1,
	Anum_azr_maintenance_partition,
	Anum_azr_maintenance_starts_at,
	Anum_azr_maintenance_ends_at,
	Anum_azr_maintenance_snapshots,
	Natts_azr_maintenance = Anum_azr_maintenance_snapshots
};

#define MAX_AHEAD	1000

/* Milliseconds: of one wait for a lock, between two, and of all. */
#define LOCK_WAIT	20
#define LOCK_PAUSE	100
#define LOCK_BUDGET	5000

#define REST		"%s.azr_snapshot_history_rest"
#define COLUMNS \
	"sequence, created_at, filed_at, root, domain, edition, retention, state_type, state"

/* A partition to be made or dropped. */
typedef struct Part
{
	AzrPeriod	period;
	Oid			relid;			/* InvalidOid until it is made */
	char	   *name;
	int64		moved;			/* snapshots from the default partition */
} Part;

/* What is to be done. */
typedef struct MaintenancePlan
{
	Oid			by_time;
	Oid			rest;			/* the default partition */
	List	   *create;			/* of Part, ascending */
	List	   *drop;			/* of Part, ascending */
	TimestampTz prune_before;	/* what is in the default partition */
} MaintenancePlan;

static TimestampTz cutoff_arg(FunctionCallInfo fcinfo, int argno, TimestampTz now);
static int	ahead_arg(FunctionCallInfo fcinfo, int argno);
static MaintenancePlan make_plan(TimestampTz now, TimestampTz cutoff, const AzrSpan *span, int ahead);
static TimestampTz plan_time(MaintenancePlan *plan, Relation by_time, TimestampTz time, const AzrSpan *span);
static bool next_in_rest(TimestampTz from, TimestampTz *next);
static int	compare_parts(const ListCell *a, const ListCell *b);
static void wait_for_turn(void);
static bool carry_out(const MaintenancePlan *plan, int64 *pruned);
static void rethrow_after_rollback(MemoryContext context, ResourceOwner owner);
static int64 work_without_locks(const MaintenancePlan *plan);
static void create_table(const MaintenancePlan *plan, Part *part);
static char *choose_name(TimestampTz from);
static void copy_rights(Oid from, Oid to);
static void note_command(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void move_rows(Part *part);
static bool lock_for_change(const MaintenancePlan *plan);
static bool somebody_waits_for_us(void);
static bool try_locks(const MaintenancePlan *plan, int timeout);
static void change_catalogs(const MaintenancePlan *plan);
static void check_isolation(const Part *part);
static bool is_empty_file(Oid relid);
static char *bounds_of(const Part *part);
static void report(ReturnSetInfo *rsinfo, const char *action, const char *partition,
				   TimestampTz from, TimestampTz to, int64 snapshots);
static void report_part(ReturnSetInfo *rsinfo, const char *action, const Part *part,
						int64 snapshots);
static const char *sql_name(const char *name);

/* A number of snapshots that is not looked at. */
#define NOT_COUNTED	INT64CONST(-1)

/*
 * azr_maintain(keep, partition, ahead) -> setof azr_maintenance
 *
 * See maintain.sql for arguments, locks and errors.
 */
Datum
azr_maintain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz cutoff = cutoff_arg(fcinfo, 0, GetCurrentTimestamp());
	AzrSpan		span = azr_span(azr_arg_interval(fcinfo, 1, "partition"), "partition");
	int			ahead = ahead_arg(fcinfo, 2);
	MaintenancePlan plan;
	int64		pruned = 0;
	ListCell   *lc;

	PreventCommandIfReadOnly("azr_maintain()");
	PreventCommandIfParallelMode("azr_maintain()");
	InitMaterializedSRF(fcinfo, 0);
	if (rsinfo->setDesc->natts != Natts_azr_maintenance)
		elog(ERROR, "unexpected number of columns in azr_maintenance");

	wait_for_turn();
	plan = make_plan(GetCurrentTimestamp(), cutoff, &span, ahead);
	if (!carry_out(&plan, &pruned))
	{
		ereport(WARNING,
				(errmsg("azr_maintain did nothing, since the history of snapshots was in use for too long"),
				 errhint("Look for long transactions that have read it, such as a dump, and call azr_maintain again.")));
		report(rsinfo, "postponed", NULL, DT_NOBEGIN, DT_NOEND, NOT_COUNTED);
		PG_RETURN_NULL();
	}

	foreach(lc, plan.create)
	{
		Part	   *part = lfirst(lc);

		report_part(rsinfo, "created", part, NOT_COUNTED);
		if (part->moved > 0)
			report_part(rsinfo, "moved", part, part->moved);
	}
	if (pruned > 0)
		report(rsinfo, "pruned", get_rel_name(plan.rest), DT_NOBEGIN, plan.prune_before, pruned);
	foreach(lc, plan.drop)
		report_part(rsinfo, "dropped", lfirst(lc), NOT_COUNTED);
	PG_RETURN_NULL();
}

/*
 * The time before which the history is past.
 */
static TimestampTz
cutoff_arg(FunctionCallInfo fcinfo, int argno, TimestampTz now)
{
	Interval   *keep = azr_arg_interval(fcinfo, argno, "keep");
	Interval	zero = {0};

	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(keep),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("keep must not be negative")));
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(keep)));
}

static int
ahead_arg(FunctionCallInfo fcinfo, int argno)
{
	int			ahead = azr_arg_int(fcinfo, argno, "ahead");

	if (ahead < 0 || ahead > MAX_AHEAD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ahead must be from 0 to %d, but is %d", MAX_AHEAD, ahead)));
	return ahead;
}

/*
 * Find out what is to be done.  The caller keeps others from maintaining.
 */
static MaintenancePlan
make_plan(TimestampTz now, TimestampTz cutoff, const AzrSpan *span, int ahead)
{
	MaintenancePlan plan = {0};
	Relation	by_time = azr_snapshot_history_open(AccessShareLock);
	TimestampTz time;

	plan.by_time = RelationGetRelid(by_time);
	plan.rest = azr_default_partition(by_time);
	if (!OidIsValid(plan.rest))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no default partition", "azr_snapshot_history_by_time"),
				 errhint("Attach it as the extension's install script does.")));

	/* before the year 2000 there was nothing */
	plan.prune_before = cutoff;
	if (!TIMESTAMP_NOT_FINITE(cutoff) && cutoff > 0)
		plan.prune_before = azr_period_of(cutoff, span).from;

	/* the current partition, and those after it */
	time = now;
	for (int i = 0; i <= ahead && !TIMESTAMP_NOT_FINITE(time); i++)
		time = plan_time(&plan, by_time, time, span);

	/* what was filed where there was none, be it in the past or in the future */
	time = plan.prune_before;
	while (next_in_rest(time, &time))
		time = plan_time(&plan, by_time, time, span);
	list_sort(plan.create, compare_parts);

	/* what is past */
	for (time = DT_NOBEGIN;;)
	{
		AzrPlace	place = azr_place_of(by_time, time);

		if (place.to > cutoff || TIMESTAMP_IS_NOEND(place.to))
			break;
		if (OidIsValid(place.relid))
		{
			Part	   *part = palloc0(sizeof(Part));

			part->period.from = place.from;
			part->period.to = place.to;
			part->relid = place.relid;
			part->name = get_rel_name(place.relid);
			plan.drop = lappend(plan.drop, part);
		}
		time = place.to;
	}

	/* nothing of it was read: others may change it while we wait for locks */
	table_close(by_time, AccessShareLock);
	return plan;
}

/*
 * See to it that there is a partition for a time, be it planned.  Returns its
 * end.
 */
static TimestampTz
plan_time(MaintenancePlan *plan, Relation by_time, TimestampTz time, const AzrSpan *span)
{
	AzrPlace	place = azr_place_of(by_time, time);
	Part	   *part;
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
	part = palloc0(sizeof(Part));
	part->period = azr_period_of(time, span);
	part->period.from = Max(part->period.from, place.from);
	part->period.to = Min(part->period.to, place.to);
	plan->create = lappend(plan->create, part);
	return part->period.to;
}

/*
 * The first filing time in the default partition that is not before 'from'.
 */
static bool
next_in_rest(TimestampTz from, TimestampTz *next)
{
	AzrQueryArgs args = {0};
	AzrQueryValue filed_at = {false, (Datum) 0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(from), false);
	(void) azr_query_modify("SELECT filed_at FROM " REST " WHERE filed_at >= $1 "
							"ORDER BY filed_at LIMIT 1",
							&args, azr_query_note, &filed_at);
	if (filed_at.found)
		*next = DatumGetTimestampTz(filed_at.value);
	return filed_at.found;
}

static int
compare_parts(const ListCell *a, const ListCell *b)
{
	const Part *first = lfirst(a);
	const Part *second = lfirst(b);

	return first->period.from < second->period.from ? -1 : 1;
}

/*
 * One call at a time.  No lock of a table is held meanwhile: the call that is
 * waited for may need it.
 */
static void
wait_for_turn(void)
{
	Relation	by_time = azr_snapshot_history_open(AccessShareLock);
	Oid			relid = RelationGetRelid(by_time);

	table_close(by_time, AccessShareLock);
	azr_lock(AZR_LOCK_MAINTENANCE, relid, ExclusiveLock);
}

/*
 * Do what is planned.  Returns false, and has done nothing, where the locks cannot
 * be had in time.
 *
 * The subtransaction ends in any case, as whoever may catch an error expects.
 */
static bool
carry_out(const MaintenancePlan *plan, int64 *pruned)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool		needs_locks = plan->create != NIL || plan->drop != NIL;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		*pruned = work_without_locks(plan);
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
 * Roll the current subtransaction back, and raise the error again, which it has
 * seen.
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

/*
 * The first step.  Returns how many snapshots were pruned in the default partition.
 */
static int64
work_without_locks(const MaintenancePlan *plan)
{
	AzrQueryArgs args = {0};
	ListCell   *lc;

	foreach(lc, plan->create)
	{
		create_table(plan, lfirst(lc));
		move_rows(lfirst(lc));
	}
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(plan->prune_before), false);
	return (int64) azr_query_modify("DELETE FROM " REST " WHERE ctid = ANY (ARRAY("
									"SELECT ctid FROM " REST " WHERE filed_at < $1 "
									"FOR UPDATE SKIP LOCKED))",
									&args, NULL, NULL);
}

/*
 * Make a table that can become a partition, with the rights that the default
 * partition has.
 */
static void
create_table(const MaintenancePlan *plan, Part *part)
{
	Oid			tablespace = get_rel_tablespace(plan->by_time);

	part->name = choose_name(part->period.from);
	azr_query_utility(psprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES, "
							   "CONSTRAINT azr_bounds CHECK "
							   "(retention IN ('default', 'transient') AND %s), "
							   "PRIMARY KEY (domain, edition, root, sequence))%s",
							   sql_name(part->name), sql_name(get_rel_name(plan->by_time)),
							   bounds_of(part),
							   !OidIsValid(tablespace) ? "" :
							   psprintf(" TABLESPACE %s",
										quote_identifier(get_tablespace_name(tablespace)))));
	part->relid = get_relname_relid(part->name, azr_extension_schema());
	copy_rights(plan->rest, part->relid);
}

static char *
choose_name(TimestampTz from)
{
	Oid			schema = azr_extension_schema();
	char	   *name = psprintf("azr_snapshot_history_%s", azr_period_name(from));
	char	   *free_name = name;

	for (int i = 1; OidIsValid(get_relname_relid(free_name, schema)); i++)
		free_name = psprintf("%s_%d", name, i);
	return free_name;
}

/*
 * Have the same privileges granted on one table as on another of the same owner,
 * whatever the owner's default privileges are.
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
				  CStringGetTextDatum(sql_name(get_rel_name(to))), false);

	(void) azr_query_modify("SELECT a.command || CASE a.grantee WHEN 0 THEN 'PUBLIC' "
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

static void
note_command(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **commands = (List **) arg;

	*commands = lappend(*commands, TextDatumGetCString(values[0]));
}

/*
 * Move what the default partition has of a new partition's period.  What somebody
 * else has locked stays, for the second step.
 */
static void
move_rows(Part *part)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.to), false);
	part->moved += (int64)
		azr_query_modify(psprintf("WITH moved AS (DELETE FROM %%s.azr_snapshot_history_rest "
								  "WHERE ctid = ANY (ARRAY(SELECT ctid "
								  "FROM %%s.azr_snapshot_history_rest "
								  "WHERE filed_at >= $1 AND filed_at < $2 "
								  "FOR UPDATE SKIP LOCKED)) RETURNING " COLUMNS ") "
								  "INSERT INTO %%s.%s (" COLUMNS ") SELECT " COLUMNS " FROM moved",
								  quote_identifier(part->name)),
						 &args, NULL, NULL);
}

/*
 * Take the locks that the second step needs, all or none.
 */
static bool
lock_for_change(const MaintenancePlan *plan)
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
 * Does another transaction wait for a row that was moved?  It is in the way, having
 * locked the default partition to write to it, and shall not wait for that.
 */
static bool
somebody_waits_for_us(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_TRANSACTION(tag, GetCurrentTransactionId());
	return LockWaiterCount(&tag) > 1;
}

/*
 * Wait for each of the locks for so many milliseconds.
 */
static bool
try_locks(const MaintenancePlan *plan, int timeout)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool locked = true;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		int			guc_level = NewGUCNestLevel();
		ListCell   *lc;

		(void) set_config_option("lock_timeout", psprintf("%d", timeout),
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);

		/* from the root down, as everybody does */
		LockRelationOid(plan->by_time, AccessExclusiveLock);
		LockRelationOid(plan->rest, AccessExclusiveLock);
		foreach(lc, plan->drop)
			LockRelationOid(((Part *) lfirst(lc))->relid, AccessExclusiveLock);

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
change_catalogs(const MaintenancePlan *plan)
{
	const char *by_time = sql_name(get_rel_name(plan->by_time));
	const char *rest = sql_name(get_rel_name(plan->rest));
	StringInfoData constrain;
	StringInfoData release;
	bool		look_through = plan->create != NIL && !is_empty_file(plan->rest);
	ListCell   *lc;

	initStringInfo(&constrain);
	initStringInfo(&release);
	foreach(lc, plan->create)
	{
		Part	   *part = lfirst(lc);

		if (!look_through)
			break;
		move_rows(part);
		check_isolation(part);
		appendStringInfo(&constrain, "%s ADD CONSTRAINT azr_not_%d CHECK (NOT (%s))",
						 constrain.len == 0 ? "" : ",", foreach_current_index(lc),
						 bounds_of(part));
		appendStringInfo(&release, "%s DROP CONSTRAINT azr_not_%d",
						 release.len == 0 ? "" : ",", foreach_current_index(lc));
	}
	if (look_through)
		azr_query_utility(psprintf("ALTER TABLE %s%s", rest, constrain.data));
	foreach(lc, plan->create)
	{
		Part	   *part = lfirst(lc);

		azr_query_utility(psprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)",
								   by_time, sql_name(part->name),
								   azr_time_literal(part->period.from),
								   azr_time_literal(part->period.to)));
		azr_query_utility(psprintf("ALTER TABLE %s DROP CONSTRAINT azr_bounds",
								   sql_name(part->name)));
	}
	if (look_through)
		azr_query_utility(psprintf("ALTER TABLE %s%s", rest, release.data));
	foreach(lc, plan->drop)
		azr_query_utility(psprintf("DROP TABLE %s", sql_name(((Part *) lfirst(lc))->name)));
}

/*
 * Fail with 40001 where the transaction must stick to its PostgreSQL snapshot, and
 * the default partition has something for the new one that this does not show.
 */
static void
check_isolation(const Part *part)
{
	AzrQueryArgs args = {0};
	AzrQueryValue left = {false, (Datum) 0};

	if (!IsolationUsesXactSnapshot())
		return;

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.to), false);
	PushActiveSnapshot(GetLatestSnapshot());
	azr_query_read("SELECT 1 FROM " REST " WHERE filed_at >= $1 AND filed_at < $2 LIMIT 1",
				   &args, azr_query_note, &left);
	PopActiveSnapshot();
	if (left.found)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: snapshots were filed in the default partition after this transaction's snapshot"),
				 errhint("Run the whole transaction again.")));
}

/*
 * Has a table no page at all?
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
bounds_of(const Part *part)
{
	return psprintf("filed_at >= %s AND filed_at < %s",
					azr_time_literal(part->period.from), azr_time_literal(part->period.to));
}

static void
report_part(ReturnSetInfo *rsinfo, const char *action, const Part *part, int64 snapshots)
{
	report(rsinfo, action, part->name, part->period.from, part->period.to, snapshots);
}

/*
 * One row of the result.
 */
static void
report(ReturnSetInfo *rsinfo, const char *action, const char *partition,
	   TimestampTz from, TimestampTz to, int64 snapshots)
{
	Datum		values[Natts_azr_maintenance] = {0};
	bool		nulls[Natts_azr_maintenance] = {false};

	values[Anum_azr_maintenance_action - 1] = CStringGetTextDatum(action);
	nulls[Anum_azr_maintenance_partition - 1] = partition == NULL;
	if (partition != NULL)
		values[Anum_azr_maintenance_partition - 1] = CStringGetTextDatum(partition);
	values[Anum_azr_maintenance_starts_at - 1] = TimestampTzGetDatum(from);
	nulls[Anum_azr_maintenance_starts_at - 1] = TIMESTAMP_IS_NOBEGIN(from);
	values[Anum_azr_maintenance_ends_at - 1] = TimestampTzGetDatum(to);
	nulls[Anum_azr_maintenance_ends_at - 1] = TIMESTAMP_IS_NOEND(to);
	values[Anum_azr_maintenance_snapshots - 1] = Int64GetDatum(snapshots);
	nulls[Anum_azr_maintenance_snapshots - 1] = snapshots == NOT_COUNTED;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * A table of the extension as SQL names it.
 */
static const char *
sql_name(const char *name)
{
	return quote_qualified_identifier(get_namespace_name(azr_extension_schema()), name);
}
