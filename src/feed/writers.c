/*-------------------------------------------------------------------------
 *
 * writers.c
 *	  The transactions that are writing events of the main timeline.
 *
 * Whoever appends holds RowExclusiveLock on the table of these events before it draws a
 * ticket.  PostgreSQL's lock table knows who does; the view pg_locks would read all of it,
 * which takes milliseconds if it is large.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "feed/writers.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

static VirtualTransactionId *holders(LOCKMODE conflicting, int *count);
static bool is_among(VirtualTransactionId vxid, const VirtualTransactionId *all, int count);
static void note_older(VirtualTransactionId writer, TimestampTz *since, int *pid);
static TimestampTz began_at(VirtualTransactionId writer, int *pid);
static TimestampTz prepared_at(TransactionId xid);

/*
 * Our own transaction, and the others that may be writing events, as texts.
 */
List *
azr_writers(void)
{
	VirtualTransactionId own;
	VirtualTransactionId *all;
	List	   *writers = NIL;
	int			count;

	/* a trigger may number between the ticket of an append and its row */
	GET_VXID_FROM_PGPROC(own, *MyProc);
	writers = lappend(writers, psprintf("%d/%u", azr_vxid_proc(own), own.localTransactionId));

	all = holders(ShareLock, &count);
	for (int i = 0; i < count; i++)
		writers = lappend(writers, psprintf("%d/%u", azr_vxid_proc(all[i]),
											all[i].localTransactionId));
	pfree(all);
	return writers;
}

bool
azr_writers_have_common(const List *a, const List *b)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, a)
	{
		foreach(lc2, b)
		{
			if (strcmp(lfirst(lc), lfirst(lc2)) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Since when is the transaction open that has been writing events for longest, or has
 * numbered the feed and keeps others from it, and in which process?  A prepared one has none:
 * its pid is 0.  Returns false if there is no such transaction.
 */
bool
azr_oldest_writer(TimestampTz *since, int *pid)
{
	int			nwriters;
	int			nothers;
	int			nnumbering;
	VirtualTransactionId *writers = holders(ShareLock, &nwriters);
	VirtualTransactionId *others = holders(ShareUpdateExclusiveLock, &nothers);
	VirtualTransactionId *numbering = azr_lock_holders(AZR_LOCK_NUMBERING, 0, &nnumbering);

	*since = DT_NOEND;
	pgstat_clear_backend_activity_snapshot();
	for (int i = 0; i < nwriters; i++)
	{
		/* VACUUM and ANALYZE have another lock, which conflicts as well */
		if (!is_among(writers[i], others, nothers))
			note_older(writers[i], since, pid);
	}
	for (int i = 0; i < nnumbering; i++)
		note_older(numbering[i], since, pid);
	return !TIMESTAMP_IS_NOEND(*since);
}

/*
 * Note when a transaction began, and in which process it is, if it is older than what was
 * noted before.
 */
static void
note_older(VirtualTransactionId writer, TimestampTz *since, int *pid)
{
	int			writer_pid = 0;
	TimestampTz began = began_at(writer, &writer_pid);

	if (began == 0 || began >= *since)
		return;
	*since = began;
	*pid = writer_pid;
}

/*
 * Who else holds a lock on the table of events that conflicts with this one?
 */
static VirtualTransactionId *
holders(LOCKMODE conflicting, int *count)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, azr_main_events_relid());
	return GetLockConflicts(&tag, conflicting, count);
}

static bool
is_among(VirtualTransactionId vxid, const VirtualTransactionId *all, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (VirtualTransactionIdEquals(vxid, all[i]))
			return true;
	}
	return false;
}

/*
 * When another transaction began, or was prepared, and in which process it is.  Returns 0 if
 * it has ended meanwhile.
 */
static TimestampTz
began_at(VirtualTransactionId writer, int *pid)
{
	PGPROC	   *proc;
	bool		have_more;
	TransactionId xid;

	/*
	 * one that was prepared before the server was last started has no other
	 * id
	 */
	if (azr_vxid_proc(writer) < 0)
		return prepared_at((TransactionId) writer.localTransactionId);
	xid = TwoPhaseGetXidByVirtualXID(writer, &have_more);
	if (TransactionIdIsValid(xid))
		return prepared_at(xid);

	/* if the transaction has ended, another session may be in its place */
	proc = azr_proc_of(writer);
	if (proc == NULL || azr_proc_lxid(proc) != writer.localTransactionId)
		return 0;
	*pid = proc->pid;
	for (int i = 1; i <= pgstat_fetch_stat_numbackends(); i++)
	{
		LocalPgBackendStatus *status = azr_backend_status(i);

		if (status != NULL && status->backendStatus.st_procpid == *pid)
			return status->backendStatus.st_xact_start_timestamp;
	}
	return 0;
}

/*
 * When a transaction was prepared, or 0 if it has ended since.
 */
static TimestampTz
prepared_at(TransactionId xid)
{
	AzrQueryArgs args = {0};
	AzrQueryValue at = {false, (Datum) 0};

	azr_query_arg(&args, XIDOID, TransactionIdGetDatum(xid), false);
	azr_query_latest("SELECT prepared FROM pg_catalog.pg_prepared_xacts WHERE transaction = $1",
					 &args, azr_query_note, &at);
	return at.found ? DatumGetTimestampTz(at.value) : 0;
}
