/*-------------------------------------------------------------------------
 *
 * maintain.c
 *	  azr_maintain: the partitions of the snapshots' history.
 *
 * Nobody else is to wait for longer than a change of the catalogs takes, so one call
 * makes and drops a bounded number of partitions, and says how many are left.  Its work
 * comes in two steps, in one transaction:
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
 * default partition gets some that say that it has nothing between them.  So PostgreSQL
 * looks through neither, however much is in the default partition: a probe of its index
 * has shown that the constraints hold.  The constraints go in the end.
 *
 * A request for a lock that waits holds up whoever comes after it, behind somebody
 * who may just be reading.  So it waits but shortly, and tries again later; and if
 * somebody waits for a row that the first step has moved, all is undone at once.
 *
 * The owner may move a table to another schema or rename it, so a table is known by its
 * OID, and its names are looked up while it is locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/tablespace.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/extension.h"
#include "plumbing/lock.h"
#include "plumbing/partition.h"
#include "plumbing/period.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/setting.h"
#include "snapshots/snapshot_table.h"
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
	Anum_azr_maintenance_partitions,
	Natts_azr_maintenance = Anum_azr_maintenance_partitions
};

#define MAX_AHEAD	1000

/* Milliseconds: of one wait for a lock, between two, and of all. */
#define LOCK_WAIT	20
#define LOCK_PAUSE	100
#define LOCK_BUDGET	5000

/*
 * What one call does at most.  Others wait while partitions are attached and dropped, and
 * the locks of all that is made and dropped must find room in the lock table.  To attach
 * one, PostgreSQL reads the bounds of all, so where there are more than so many, fewer
 * are made.  The call makes no more once it has moved so many snapshots.
 */
#define MAX_CREATED	32
#define MAX_CREATED_UP_TO	500
#define MAX_DROPPED	50
#define MAX_MOVED	100000

/* How many times it looks for snapshots that have no partition. */
#define MAX_LOOKS	1000

/* What the caller asks for. */
typedef struct Request
{
	TimestampTz now;
	TimestampTz cutoff;			/* what was filed earlier is past */
	AzrSpan		span;
	int			ahead;
} Request;

/* A partition to be made or dropped. */
typedef struct Part
{
	AzrPeriod	period;
	Oid			relid;			/* InvalidOid until it is made */
	const char *name;			/* as reported, once it is made or dropped */
	int64		moved;			/* snapshots from the default partition */
} Part;

/* What is to be done, and what was. */
typedef struct MaintenancePlan
{
	Oid			by_time;
	Oid			rest;			/* the default partition */
	const char *columns;		/* that a snapshot takes along when it moves */
	List	   *create;			/* of Part, what is needed first coming first */
	List	   *drop;			/* of Part, ascending */
	TimestampTz prune_before;	/* what is in the default partition */
	int64		pruned;
	int			remaining;		/* partitions for another call to make or drop */
} MaintenancePlan;

static TimestampTz cutoff_arg(FunctionCallInfo fcinfo, int argno, TimestampTz now);
static int	ahead_arg(FunctionCallInfo fcinfo, int argno);
static void make_plan(const Request *request, MaintenancePlan *plan);
static Oid	lock_rest(Relation by_time);
static char *moved_columns(Relation by_time);
static TimestampTz plan_time(MaintenancePlan *plan, Relation by_time, TimestampTz time,
							 const AzrSpan *span);
static void plan_drops(MaintenancePlan *plan, Relation by_time, TimestampTz cutoff);
static bool next_in_rest(const MaintenancePlan *plan, TimestampTz from, TimestampTz *next);
static int	max_created(Relation by_time);
static List *keep_first(List *parts, int count, int *left_out);
static int	compare_parts(const ListCell *a, const ListCell *b);
static void wait_for_turn(void);
static bool carry_out(const Request *request, MaintenancePlan *plan);
static void rethrow_after_rollback(MemoryContext context, ResourceOwner owner);
static void work_without_locks(MaintenancePlan *plan);
static void create_table(const MaintenancePlan *plan, Part *part);
static char *choose_name(TimestampTz from, Oid schema);
static void copy_rights(Oid from, Oid to);
static void note_command(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void move_rows(const MaintenancePlan *plan, Part *part);
static bool lock_for_change(const MaintenancePlan *plan);
static bool somebody_waits_for_us(void);
static bool try_locks(const MaintenancePlan *plan, int timeout);
static void change_catalogs(const MaintenancePlan *plan);
static void empty_rest(const MaintenancePlan *plan, Part *part);
static bool is_in_rest(const MaintenancePlan *plan, const Part *part);
static void mark_proven(Oid relid, const char *constraint);
static void drop_table(Part *part);
static bool is_empty_file(Oid relid);
static char *bounds_of(const Part *part);
static void report(ReturnSetInfo *rsinfo, const char *action, const char *partition,
				   TimestampTz from, TimestampTz to, int64 snapshots, int partitions);
static void report_part(ReturnSetInfo *rsinfo, const char *action, const Part *part,
						int64 snapshots);
static void report_remaining(ReturnSetInfo *rsinfo, int remaining);
static const char *sql_name(Oid relid);
static const char *reported_name(Oid relid);

/* A number of snapshots or partitions that is not told. */
#define NOT_COUNTED	(-1)

/*
 * azr_maintain(keep, partition, ahead) -> setof azr_maintenance
 *
 * See maintain.sql for arguments, locks and errors.
 */
Datum
azr_maintain(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo;
	Request		request = {0};
	MaintenancePlan plan = {0};
	ListCell   *lc;

	request.cutoff = cutoff_arg(fcinfo, 0, GetCurrentTimestamp());
	request.span = azr_span(azr_arg_interval(fcinfo, 1, "partition"), "partition");
	request.ahead = ahead_arg(fcinfo, 2);

	azr_check_can_write(fcinfo);
	rsinfo = azr_set_begin(fcinfo, Natts_azr_maintenance);

	wait_for_turn();
	request.now = GetCurrentTimestamp();
	if (!carry_out(&request, &plan))
	{
		ereport(WARNING,
				(errmsg("azr_maintain did nothing, since the history of snapshots was in use for too long"),
				 errhint("Look for long transactions that have read it, such as a dump, and call azr_maintain again.")));
		report(rsinfo, "postponed", NULL, DT_NOBEGIN, DT_NOEND, NOT_COUNTED, NOT_COUNTED);
		PG_RETURN_NULL();
	}

	list_sort(plan.create, compare_parts);
	foreach(lc, plan.create)
	{
		Part	   *part = lfirst(lc);

		report_part(rsinfo, "created", part, NOT_COUNTED);
		if (part->moved > 0)
			report_part(rsinfo, "moved", part, part->moved);
	}
	if (plan.pruned > 0)
		report(rsinfo, "pruned", reported_name(plan.rest), DT_NOBEGIN, plan.prune_before,
			   plan.pruned, NOT_COUNTED);
	foreach(lc, plan.drop)
		report_part(rsinfo, "dropped", lfirst(lc), NOT_COUNTED);
	if (plan.remaining > 0)
		report_remaining(rsinfo, plan.remaining);
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
				 errmsg("argument \"keep\" must not be negative")));
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
				 errmsg("argument \"ahead\" must be between 0 and %d, but is %d", MAX_AHEAD, ahead)));
	return ahead;
}

/*
 * Find out what is to be done.  The caller keeps others from maintaining.
 *
 * The history by time and its default partition are locked in AccessShareLock from here
 * on.  To attach or detach a partition takes more than goes beside that, so what is
 * planned stays right.
 */
static void
make_plan(const Request *request, MaintenancePlan *plan)
{
	Relation	by_time = azr_snapshot_history_open(AccessShareLock);
	TimestampTz time;

	plan->by_time = RelationGetRelid(by_time);
	plan->rest = lock_rest(by_time);
	plan->columns = moved_columns(by_time);

	/* before the year 2000 there was nothing */
	plan->prune_before = request->cutoff;
	if (!TIMESTAMP_NOT_FINITE(request->cutoff) && request->cutoff > 0)
		plan->prune_before = azr_period_of(request->cutoff, &request->span).from;

	/* the current partition, and those after it */
	time = request->now;
	for (int i = 0; i <= request->ahead && !TIMESTAMP_NOT_FINITE(time); i++)
		time = plan_time(plan, by_time, time, &request->span);

	/* what was filed where there was none, be it in the past or in the future */
	time = plan->prune_before;
	for (int i = 0; i < MAX_LOOKS && next_in_rest(plan, time, &time); i++)
		time = plan_time(plan, by_time, time, &request->span);

	plan_drops(plan, by_time, request->cutoff);
	plan->create = keep_first(plan->create, max_created(by_time), &plan->remaining);
	plan->drop = keep_first(plan->drop, MAX_DROPPED, &plan->remaining);
	table_close(by_time, NoLock);
}

/*
 * Lock the default partition of the history by time, and say which one it is.
 *
 * Raises 55000 where there is none that rows can be moved from.
 */
static Oid
lock_rest(Relation by_time)
{
	Oid			rest = azr_default_partition(by_time);

	if (!OidIsValid(rest))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no default partition",
						RelationGetRelationName(by_time)),
				 errhint("Attach it as the extension's install script does.")));
	LockRelationOid(rest, AccessShareLock);
	if (get_rel_relkind(rest) != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("default partition \"%s\" of table \"%s\" is not an ordinary table",
						get_rel_name(rest), RelationGetRelationName(by_time)),
				 errhint("Create it as the extension's install script does.")));
	return rest;
}

/*
 * The columns of a snapshot that can be written, those that the owner added too, as SQL
 * lists them.
 */
static char *
moved_columns(Relation by_time)
{
	TupleDesc	desc = RelationGetDescr(by_time);
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
 * Plan to drop what ends before 'cutoff'.
 */
static void
plan_drops(MaintenancePlan *plan, Relation by_time, TimestampTz cutoff)
{
	TimestampTz time = DT_NOBEGIN;

	for (;;)
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
			plan->drop = lappend(plan->drop, part);
		}
		time = place.to;
	}
}

/*
 * The first filing time in the default partition that is not before 'from'.
 */
static bool
next_in_rest(const MaintenancePlan *plan, TimestampTz from, TimestampTz *next)
{
	AzrQueryArgs args = {0};
	AzrQueryValue filed_at = {false, (Datum) 0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(from), false);
	(void) azr_query_exact(psprintf("SELECT filed_at FROM %s "
									"WHERE filed_at >= $1 AND filed_at < 'infinity' "
									"ORDER BY filed_at LIMIT 1", sql_name(plan->rest)),
						   &args, false, azr_query_note, &filed_at);
	if (filed_at.found)
		*next = DatumGetTimestampTz(filed_at.value);
	return filed_at.found;
}

/*
 * How many partitions may one call make?
 */
static int
max_created(Relation by_time)
{
	int			existing = azr_count_partitions(by_time);

	if (existing <= MAX_CREATED_UP_TO)
		return MAX_CREATED;
	return Max(MAX_CREATED * MAX_CREATED_UP_TO / existing, 1);
}

/*
 * Leave the first 'count' parts in a list, and add the number of the others to 'left_out'.
 */
static List *
keep_first(List *parts, int count, int *left_out)
{
	*left_out += Max(list_length(parts) - count, 0);
	return list_truncate(parts, count);
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
 * Plan, and do what is planned.  Returns false, and has done nothing, where the locks
 * cannot be had in time.
 *
 * The subtransaction ends in any case, as whoever may catch an error expects.
 */
static bool
carry_out(const Request *request, MaintenancePlan *plan)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		bool		needs_locks;

		make_plan(request, plan);
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
 * The first step: prune what is past in the default partition, make tables, and fill
 * them.  Where that is much to move, the tables that are not yet made wait for another
 * call.
 */
static void
work_without_locks(MaintenancePlan *plan)
{
	AzrQueryArgs args = {0};
	int64		moved = 0;
	int			made = 0;

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(plan->prune_before), false);
	plan->pruned = (int64)
		azr_query_exact(psprintf("DELETE FROM %1$s WHERE ctid = ANY (ARRAY(SELECT ctid "
								 "FROM %1$s WHERE filed_at < $1 FOR UPDATE SKIP LOCKED))",
								 sql_name(plan->rest)),
						&args, false, NULL, NULL);
	while (made < list_length(plan->create) && moved < MAX_MOVED)
	{
		Part	   *part = list_nth(plan->create, made++);

		create_table(plan, part);
		move_rows(plan, part);
		moved += part->moved;
	}
	plan->create = keep_first(plan->create, made, &plan->remaining);
}

/*
 * Make a table that can become a partition.
 */
static void
create_table(const MaintenancePlan *plan, Part *part)
{
	Oid			tablespace = get_rel_tablespace(plan->by_time);
	Oid			schema = get_rel_namespace(plan->by_time);
	char	   *name = choose_name(part->period.from, schema);

	/* a partition has the identity columns of its parent, and may bring none */
	azr_query_utility(psprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES "
							   "EXCLUDING IDENTITY, CONSTRAINT azr_bounds CHECK "
							   "(retention IN ('default', 'transient') AND %s), "
							   "PRIMARY KEY (domain, edition, root, sequence))%s",
							   quote_qualified_identifier(get_namespace_name(schema), name),
							   sql_name(plan->by_time), bounds_of(part),
							   !OidIsValid(tablespace) ? "" :
							   psprintf(" TABLESPACE %s",
										quote_identifier(get_tablespace_name(tablespace)))));
	part->relid = get_relname_relid(name, schema);
	part->name = name;
	if (!OidIsValid(part->relid))
		elog(ERROR, "could not find table \"%s\" that was just created", name);
	copy_rights(plan->rest, part->relid);
}

/*
 * A name that no table of the schema has, nor a type, since a table has one of its name.
 */
static char *
choose_name(TimestampTz from, Oid schema)
{
	char	   *name = psprintf("azr_snapshot_history_%s", azr_period_name(from));
	char	   *free_name = name;

	for (int i = 1; OidIsValid(get_relname_relid(free_name, schema)) ||
		 SearchSysCacheExists2(TYPENAMENSP, CStringGetDatum(free_name),
							   ObjectIdGetDatum(schema)); i++)
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
				  CStringGetTextDatum(sql_name(to)), false);

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
move_rows(const MaintenancePlan *plan, Part *part)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.to), false);
	part->moved += (int64)
		azr_query_exact(psprintf("WITH moved AS (DELETE FROM %1$s WHERE ctid = ANY ("
								 "ARRAY(SELECT ctid FROM %1$s "
								 "WHERE filed_at >= $1 AND filed_at < $2 "
								 "FOR UPDATE SKIP LOCKED)) RETURNING %3$s) "
								 "INSERT INTO %2$s (%3$s) SELECT %3$s FROM moved",
								 sql_name(plan->rest), sql_name(part->relid), plan->columns),
						&args, false, NULL, NULL);
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

		azr_set("lock_timeout", psprintf("%d", timeout));

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
	const char *by_time = sql_name(plan->by_time);
	const char *rest = sql_name(plan->rest);
	StringInfoData constrain;
	StringInfoData release;
	bool		constrain_rest = plan->create != NIL && !is_empty_file(plan->rest);
	ListCell   *lc;

	initStringInfo(&constrain);
	initStringInfo(&release);
	foreach(lc, plan->create)
	{
		Part	   *part = lfirst(lc);
		const char *separator = foreach_current_index(lc) == 0 ? "" : ",";

		if (!constrain_rest)
			break;
		empty_rest(plan, part);
		appendStringInfo(&constrain, "%s ADD CONSTRAINT azr_not_%d CHECK (NOT (%s)) NOT VALID",
						 separator, foreach_current_index(lc), bounds_of(part));
		appendStringInfo(&release, "%s DROP CONSTRAINT azr_not_%d",
						 separator, foreach_current_index(lc));
	}
	if (constrain_rest)
	{
		azr_query_utility(psprintf("ALTER TABLE %s%s", rest, constrain.data));
		foreach(lc, plan->create)
			mark_proven(plan->rest, psprintf("azr_not_%d", foreach_current_index(lc)));
	}
	foreach(lc, plan->create)
	{
		Part	   *part = lfirst(lc);

		azr_query_utility(psprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)",
								   by_time, sql_name(part->relid),
								   azr_time_literal(part->period.from),
								   azr_time_literal(part->period.to)));
		azr_query_utility(psprintf("ALTER TABLE %s DROP CONSTRAINT azr_bounds",
								   sql_name(part->relid)));
	}
	if (constrain_rest)
		azr_query_utility(psprintf("ALTER TABLE %s%s", rest, release.data));
	foreach(lc, plan->drop)
		drop_table(lfirst(lc));
}

/*
 * Leave nothing of a new partition's period in the default partition, which is locked
 * against all others.
 *
 * Raises 40001 where the transaction must stick to its PostgreSQL snapshot, which does
 * not show all of it, and 55000 where it does not go.
 */
static void
empty_rest(const MaintenancePlan *plan, Part *part)
{
	if (!is_in_rest(plan, part))
		return;
	move_rows(plan, part);
	if (!is_in_rest(plan, part))
		return;
	if (IsolationUsesXactSnapshot())
		azr_serialization_failure("snapshots were filed in the default partition after this transaction's snapshot");
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("could not move snapshots out of default partition \"%s\"",
					get_rel_name(plan->rest)),
			 errhint("Look for a trigger or rule that keeps rows from being deleted.")));
}

/*
 * Has the default partition anything of a new partition's period, by what is committed
 * now?
 *
 * The order makes the planner use the index on the filing time, and not read all rows in
 * the hope that the first one will do.
 */
static bool
is_in_rest(const MaintenancePlan *plan, const Part *part)
{
	AzrQueryArgs args = {0};
	AzrQueryValue filed_at = {false, (Datum) 0};

	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.from), false);
	azr_query_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(part->period.to), false);
	PushActiveSnapshot(GetLatestSnapshot());
	(void) azr_query_exact(psprintf("SELECT filed_at FROM %s "
									"WHERE filed_at >= $1 AND filed_at < $2 "
									"ORDER BY filed_at LIMIT 1", sql_name(plan->rest)),
						   &args, true, azr_query_note, &filed_at);
	PopActiveSnapshot();
	return filed_at.found;
}

/*
 * Take a constraint for valid that empty_rest() has shown to hold, as VALIDATE
 * CONSTRAINT does where it has looked at all rows.
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
drop_table(Part *part)
{
	part->name = reported_name(part->relid);
	azr_query_utility(psprintf("DROP TABLE %s", sql_name(part->relid)));

	/* no lock keeps the schema from being renamed between, and another from its name */
	if (get_rel_name(part->relid) != NULL)
		elog(ERROR, "partition \"%s\" is not where it was", part->name);
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
	report(rsinfo, action, part->name, part->period.from, part->period.to, snapshots,
		   snapshots == NOT_COUNTED ? 1 : NOT_COUNTED);
}

/*
 * Say that there is more to be done.
 */
static void
report_remaining(ReturnSetInfo *rsinfo, int remaining)
{
	ereport(NOTICE,
			(errmsg_plural("%d partition is still to be made or dropped",
						   "%d partitions are still to be made or dropped",
						   remaining, remaining),
			 errhint("Call azr_maintain again, in another transaction.")));
	report(rsinfo, "remaining", NULL, DT_NOBEGIN, DT_NOEND, NOT_COUNTED, remaining);
}

/*
 * One row of the result.
 */
static void
report(ReturnSetInfo *rsinfo, const char *action, const char *partition,
	   TimestampTz from, TimestampTz to, int64 snapshots, int partitions)
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
	values[Anum_azr_maintenance_partitions - 1] = Int32GetDatum(partitions);
	nulls[Anum_azr_maintenance_partitions - 1] = partitions == NOT_COUNTED;
	azr_set_put(rsinfo, values, nulls);
}

/*
 * A table as SQL names it.  It must be locked: else the name may be another's soon.
 */
static const char *
sql_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/*
 * A table as the caller is told of it: by its name alone where it is in the extension's
 * schema, else as SQL names it.
 */
static const char *
reported_name(Oid relid)
{
	if (get_rel_namespace(relid) == azr_extension_schema())
		return get_rel_name(relid);
	return sql_name(relid);
}
