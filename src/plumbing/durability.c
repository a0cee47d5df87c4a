/*-------------------------------------------------------------------------
 *
 * durability.c
 *	  Whether a transaction's commit waits for the disk.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "plumbing/compat.h"
#include "plumbing/durability.h"
#include "storage/proc.h"
#include "utils/guc.h"

/* The last transaction that has done work of each kind. */
static LocalTransactionId durable_in = InvalidLocalTransactionId;
static LocalTransactionId relaxed_in = InvalidLocalTransactionId;

/*
 * The outermost transaction or savepoint whose relaxed work has not been rolled back: 1 is the
 * transaction itself.  0 if there is none.
 */
static int	relaxed_level = 0;

static void transaction_ends(XactEvent event, void *arg);
static void savepoint_ends(SubXactEvent event, SubTransactionId mySubid,
						   SubTransactionId parentSubid, void *arg);

/*
 * The transaction has done work that must be on disk when it has committed.  That stays so if
 * this is rolled back to a savepoint: to wait for the disk does no harm.
 */
void
azr_work_must_be_durable(void)
{
	durable_in = azr_proc_lxid(MyProc);
}

/*
 * The transaction has done work that may be lost in a crash after it has committed.
 */
void
azr_work_is_relaxed(void)
{
	static bool callbacks_registered = false;
	int			level = GetCurrentTransactionNestLevel();

	if (!callbacks_registered)
	{
		RegisterXactCallback(transaction_ends, NULL);
		RegisterSubXactCallback(savepoint_ends, NULL);
		callbacks_registered = true;
	}
	if (relaxed_in != azr_proc_lxid(MyProc))
	{
		relaxed_in = azr_proc_lxid(MyProc);
		relaxed_level = 0;
	}
	if (relaxed_level == 0 || level < relaxed_level)
		relaxed_level = level;
}

/*
 * The setting is the transaction's own: it goes back to the session's when this has committed.
 */
static void
transaction_ends(XactEvent event, void *arg)
{
	LocalTransactionId lxid = azr_proc_lxid(MyProc);

	if (event == XACT_EVENT_PRE_COMMIT && relaxed_in == lxid && relaxed_level > 0 &&
		durable_in != lxid && synchronous_commit > SYNCHRONOUS_COMMIT_OFF)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
}

static void
savepoint_ends(SubXactEvent event, SubTransactionId mySubid, SubTransactionId parentSubid,
			   void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (relaxed_level < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		relaxed_level = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		relaxed_level = level - 1;
}
