/*-------------------------------------------------------------------------
 *
 * numbering.c
 *	  Giving feed positions to what has been committed.
 *
 * See numbering.h for how.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/subtrans.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "feed/feed_table.h"
#include "feed/numbering.h"
#include "feed/writers.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/error.h"
#include "plumbing/grow.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "plumbing/wakeup.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

/*
 * Appends that one batch has at most.  A reader that begins in the middle of a batch passes
 * over what comes before.
 */
#define BATCH_APPENDS	200

/* How many appends are numbered at once, whatever is asked for. */
#define MAX_APPENDS		10000000

/* As many tickets are looked at again and again by who waits. */
#define MAX_PASSED_OVER	1000

/* An append that gets a position. */
typedef struct Numbered
{
	int64		ticket;
	int64		events;
	bool		follows;		/* no ticket between the one numbered before
								 * and this one has, or can get, a position:
								 * one range can hold both */
} Numbered;

/* Tickets that had no row when they were looked for. */
typedef struct Unborn
{
	AzrTicketRange range;
	List	   *holders;		/* of char * */
	bool		is_new;
	bool		is_gone;		/* its row is to be deleted */
	AzrTicketRanges left;		/* what of it has no row still */
} Unborn;

typedef struct Numbering
{
	AzrFeedState state;
	int64		max_appends;
	List	   *holders;		/* at the beginning, if there are unborn
								 * tickets */
	Snapshot	snapshot;
	List	   *unborn;			/* of Unborn, ascending */

	int			count;
	int			allocated;
	Numbered   *numbered;
	AzrTicketRanges pending;
	TransactionId xmin;			/* of the row that was found pending last */
	uint64		xid;			/* and its top-level transaction */
	bool		only_positions; /* store nothing if none is given? */
	int64		passed_over;	/* tickets that got none */
	bool		interrupted;	/* since the last ticket that was numbered,
								 * one was seen that may get a position later */
} Numbering;

static int64 number(int64 max_appends, bool only_positions, AzrNumbered *numbered);
static void read_unborn(Numbering *numbering);
static void note_unborn(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void look_again(Numbering *numbering);
static bool is_in_progress(const Numbering *numbering, uint64 xid);
static uint64 transaction_of(Numbering *numbering, const AzrTicket *ticket);
static void look_at_pending(Numbering *numbering, const AzrTicketRange *range);
static void look_at_old(Numbering *numbering, const AzrTicketRange *range, Unborn *unborn);
static void look_at_new(Numbering *numbering);
static void judge(Numbering *numbering, const AzrTicket *ticket);
static void add_numbered(Numbering *numbering, const AzrTicket *ticket);
static bool is_full(const Numbering *numbering);
static bool changes_unborn(const Numbering *numbering);
static bool is_worth_storing(const Numbering *numbering, const AzrFeedState *before);
static void write_down(Numbering *numbering, const AzrFeedState *before);
static void write_unborn(Numbering *numbering);
static void write_batches(Numbering *numbering);
static void start_epoch(AzrFeedState *state);
static int64 highest_passed_ticket(void);

/*
 * Called when the library is loaded.
 */
void
azr_feed_init(void)
{
	azr_tickets_also_taken(highest_passed_ticket);
}

/*
 * Numbering never looks again at what it has passed, so no append may get such a ticket, even
 * if no row has it.  The sequence may stand below that on a former subscriber.
 */
static int64
highest_passed_ticket(void)
{
	return azr_feed_state_now().next_ticket - 1;
}

/*
 * Number what has been committed, and return the last position that there is, or -1.
 * If another transaction is numbering, or this server gets its events and their positions
 * from another one, returns that of what is numbered.
 *
 * Takes AZR_LOCK_NUMBERING to the end of the transaction, unless there is nothing to do.
 * Raises 40001 if the transaction must stick to a snapshot that does not show the last
 * numbering.
 */
int64
azr_feed_number(int64 max_appends)
{
	AzrNumbered numbered;

	return number(max_appends, false, &numbered);
}

/*
 * The same for a session that looks again and again: if there is nothing to give a position
 * to, it stores nothing, and so keeps no lock.
 */
int64
azr_feed_number_if_any(int64 max_appends, AzrNumbered *numbered)
{
	/*
	 * a transaction that sticks to an old snapshot learns by storing that it
	 * must not
	 */
	return number(max_appends, !IsolationUsesXactSnapshot(), numbered);
}

static int64
number(int64 max_appends, bool only_positions, AzrNumbered *numbered)
{
	Numbering	numbering = {
		.max_appends = Min(max_appends, MAX_APPENDS),.only_positions = only_positions
	};
	AzrFeedState before;
	bool		stores = false;

	*numbered = AZR_NOTHING_TO_NUMBER;
	if (max_appends == 0)
		return azr_feed_head_now();
	if (!azr_try_lock(AZR_LOCK_NUMBERING, 0, ExclusiveLock))
	{
		*numbered = AZR_OTHERS_NUMBER;
		return azr_feed_head_now();
	}

	before = azr_feed_state_now();
	numbering.state = before;
	if (!azr_feed_is_subscribed())
	{
		start_epoch(&numbering.state);
		read_unborn(&numbering);

		/* they matter only to tickets that had no row */
		if (numbering.unborn != NIL)
			numbering.holders = azr_writers();
		numbering.snapshot = RegisterSnapshot(GetTransactionSnapshot());
		look_again(&numbering);
		look_at_new(&numbering);
		UnregisterSnapshot(numbering.snapshot);
		stores = is_worth_storing(&numbering, &before);
	}
	if (!stores)
	{
		azr_unlock(AZR_LOCK_NUMBERING, 0, ExclusiveLock);
		return before.next_position - 1;
	}
	*numbered = AZR_NUMBERED;
	write_down(&numbering, &before);
	return numbering.state.next_position - 1;
}

static void
read_unborn(Numbering *numbering)
{
	AzrQueryArgs no_args = {0};

	azr_query_latest("SELECT first_ticket::bigint, last_ticket::bigint, holders::text[] "
					 "FROM %s.azr_feed_unborn ORDER BY first_ticket",
					 &no_args, note_unborn, &numbering->unborn);
}

static void
note_unborn(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **all = (List **) arg;
	Unborn	   *unborn = palloc0(sizeof(Unborn));
	Datum	   *holders;
	int			count;

	azr_check_row(nulls, 3);
	unborn->range.first = DatumGetInt64(values[0]);
	unborn->range.last = DatumGetInt64(values[1]);
	deconstruct_array(DatumGetArrayTypeP(values[2]), TEXTOID, -1, false, TYPALIGN_INT,
					  &holders, NULL, &count);
	for (int i = 0; i < count; i++)
		unborn->holders = lappend(unborn->holders, TextDatumGetCString(holders[i]));
	*all = lappend(*all, unborn);
}

/*
 * Look at the tickets below next_ticket that have no position yet, ascending: those that
 * were pending, and those that had no row.
 */
static void
look_again(Numbering *numbering)
{
	const AzrTicketRanges *pending = &numbering->state.pending;
	int			i = 0;
	ListCell   *lc = list_head(numbering->unborn);

	while (i < pending->count || lc != NULL)
	{
		Unborn	   *unborn = lc != NULL ? lfirst(lc) : NULL;

		numbering->interrupted = true;
		if (unborn == NULL || (i < pending->count && pending->all[i].first < unborn->range.first))
			look_at_pending(numbering, &pending->all[i++]);
		else
		{
			look_at_old(numbering, &unborn->range, unborn);
			lc = lnext(numbering->unborn, lc);
		}
	}
}

/*
 * Look at tickets again that were pending.  As long as the transaction that has stored them is
 * still open, there is no need to: it can be a very large one.
 */
static void
look_at_pending(Numbering *numbering, const AzrTicketRange *range)
{
	if (is_full(numbering) || is_in_progress(numbering, range->xid))
		azr_ranges_add_of_xid(&numbering->pending, range->first, range->last, range->xid);
	else
		look_at_old(numbering, range, NULL);
}

/*
 * Does the snapshot show a transaction as open?
 *
 * In another epoch, the number can be one of another server's transactions.  And it must be
 * one that this server has given already, lately enough for the snapshot to know.
 */
static bool
is_in_progress(const Numbering *numbering, uint64 xid)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());

	if (numbering->state.is_new_epoch || xid == AZR_NO_XID || xid >= next ||
		next - xid > PG_INT32_MAX)
		return false;
	return TransactionIdIsCurrentTransactionId((TransactionId) xid) ||
		XidInMVCCSnapshot((TransactionId) xid, numbering->snapshot);
}

/*
 * The top-level transaction of a ticket that is pending, or AZR_NO_XID if the ticket names none.
 * Until that transaction ends, so does nothing that its subtransactions have stored.
 */
static uint64
transaction_of(Numbering *numbering, const AzrTicket *ticket)
{
	uint64		next;
	TransactionId xid;

	if (!TransactionIdIsValid(ticket->xmin))
		return AZR_NO_XID;
	if (numbering->xid != AZR_NO_XID && numbering->xmin == ticket->xmin)
		return numbering->xid;
	xid = SubTransGetTopmostTransaction(ticket->xmin);
	next = U64FromFullTransactionId(ReadNextFullTransactionId());
	numbering->xmin = ticket->xmin;
	numbering->xid = (next & ~UINT64CONST(0xFFFFFFFF)) | xid;
	if (numbering->xid >= next)
		numbering->xid -= UINT64CONST(1) << 32;
	return numbering->xid;
}

/*
 * Look at a range of tickets again.  Where it is one of tickets that had no row, those that
 * may get one yet stay.
 */
static void
look_at_old(Numbering *numbering, const AzrTicketRange *range, Unborn *unborn)
{
	AzrTicketScan scan;
	AzrTicket	ticket;
	int64		next = range->first;	/* that was not looked at */
	bool		may_be_born = unborn != NULL && azr_writers_have_common(unborn->holders, numbering->holders);

	if (is_full(numbering))
	{
		Assert(unborn != NULL);
		azr_ranges_add(&unborn->left, range->first, range->last);
		return;
	}
	azr_ticket_scan_begin(&scan, range->first, range->last, numbering->snapshot);
	while (!is_full(numbering) && azr_ticket_scan_next(&scan, &ticket))
	{
		if (may_be_born && ticket.ticket > next)
			azr_ranges_add(&unborn->left, next, ticket.ticket - 1);
		if (ticket.ticket > next)
			numbering->interrupted = true;
		judge(numbering, &ticket);
		next = ticket.ticket + 1;
	}
	azr_ticket_scan_end(&scan);
	if (next <= range->last && unborn == NULL && is_full(numbering))
		azr_ranges_add_of_xid(&numbering->pending, next, range->last, range->xid);
	if (next <= range->last && unborn != NULL && (may_be_born || is_full(numbering)))
		azr_ranges_add(&unborn->left, next, range->last);
	if (unborn != NULL)
		unborn->is_gone = unborn->left.count != 1 ||
			unborn->left.all[0].first != range->first || unborn->left.all[0].last != range->last;
	numbering->interrupted = true;
}

/*
 * Look at the tickets from next_ticket on.
 */
static void
look_at_new(Numbering *numbering)
{
	AzrTicketScan scan;
	AzrTicket	ticket;
	AzrTicketRanges missing = {0};
	List	   *holders;

	numbering->interrupted = true;
	if (is_full(numbering))
		return;
	azr_ticket_scan_begin(&scan, numbering->state.next_ticket, PG_INT64_MAX - 1,
						  numbering->snapshot);
	while (!is_full(numbering) && azr_ticket_scan_next(&scan, &ticket))
	{
		if (ticket.ticket > numbering->state.next_ticket)
		{
			azr_ranges_add(&missing, numbering->state.next_ticket, ticket.ticket - 1);
			numbering->interrupted = true;
		}
		judge(numbering, &ticket);
		numbering->state.next_ticket = ticket.ticket + 1;
	}
	azr_ticket_scan_end(&scan);
	if (missing.count == 0)
		return;

	holders = azr_writers();
	for (int i = 0; i < missing.count; i++)
	{
		Unborn	   *unborn = palloc0(sizeof(Unborn));

		unborn->range = missing.all[i];
		unborn->holders = holders;
		unborn->is_new = true;
		azr_ranges_add(&unborn->left, missing.all[i].first, missing.all[i].last);
		numbering->unborn = lappend(numbering->unborn, unborn);
	}
}

/*
 * Number a ticket, keep it for later, or pass over it.
 */
static void
judge(Numbering *numbering, const AzrTicket *ticket)
{
	switch (ticket->fate)
	{
		case AZR_TICKET_COMMITTED:
			add_numbered(numbering, ticket);
			numbering->interrupted = false;
			break;
		case AZR_TICKET_PENDING:
			numbering->passed_over++;
			azr_ranges_add_of_xid(&numbering->pending, ticket->ticket, ticket->ticket,
								  transaction_of(numbering, ticket));
			numbering->interrupted = true;
			break;
		case AZR_TICKET_DEAD:
			numbering->passed_over++;
			break;
	}
}

static void
add_numbered(Numbering *numbering, const AzrTicket *ticket)
{
	Numbered   *numbered;

	numbering->numbered = azr_grow(numbering->numbered, numbering->count, &numbering->allocated,
								   sizeof(Numbered));
	numbered = &numbering->numbered[numbering->count++];
	numbered->ticket = ticket->ticket;
	numbered->events = ticket->events;
	numbered->follows = !numbering->interrupted;
}

static bool
is_full(const Numbering *numbering)
{
	return numbering->count >= numbering->max_appends;
}

static bool
changes_unborn(const Numbering *numbering)
{
	ListCell   *lc;

	foreach(lc, numbering->unborn)
	{
		const Unborn *unborn = lfirst(lc);

		if (unborn->is_new || unborn->is_gone)
			return true;
	}
	return false;
}

/*
 * Is there anything to store?  What is only passed over, or still open, can be looked at
 * again, if it is not too much.
 */
static bool
is_worth_storing(const Numbering *numbering, const AzrFeedState *before)
{
	bool		same_pending = numbering->pending.count == before->pending.count &&
		(numbering->pending.count == 0 ||
		 memcmp(numbering->pending.all, before->pending.all,
				numbering->pending.count * sizeof(AzrTicketRange)) == 0);

	if (numbering->count > 0 || (before->found && numbering->state.is_new_epoch))
		return true;
	if (numbering->only_positions && numbering->passed_over < MAX_PASSED_OVER)
		return false;
	return !same_pending || changes_unborn(numbering) ||
		numbering->state.next_ticket != before->next_ticket;
}

/*
 * Store what has become known, and wake those who wait for it.
 */
static void
write_down(Numbering *numbering, const AzrFeedState *before)
{
	AzrFeedState *state = &numbering->state;
	int64		events = 0;

	/*
	 * what a consumer has read must not be lost in a crash, whatever
	 * synchronous_commit is
	 */
	ForceSyncCommit();
	for (int i = 0; i < numbering->count; i++)
		events += numbering->numbered[i].events;
	state->pending = numbering->pending;
	state->next_position += events;
	azr_feed_state_put(state, before);
	write_unborn(numbering);
	write_batches(numbering);
	azr_wake_at_commit(AZR_LOCK_FEED_WAIT);
}

static void
write_unborn(Numbering *numbering)
{
	ListCell   *lc;

	foreach(lc, numbering->unborn)
	{
		const Unborn *unborn = lfirst(lc);

		if (unborn->is_gone)
			azr_feed_unborn_delete(unborn->range.first);
		if (unborn->is_new || unborn->is_gone)
			azr_feed_unborn_add(&unborn->left, unborn->holders);
	}
}

/*
 * Store the appends that got positions, in batches.  The first ones become part of the last
 * batch, if it is small, and all of them have higher tickets.
 */
static void
write_batches(Numbering *numbering)
{
	int64		position = numbering->state.next_position;
	AzrFeedBatch batch = {0};
	int			i = 0;

	if (numbering->count == 0)
		return;
	for (int n = 0; n < numbering->count; n++)
		position -= numbering->numbered[n].events;

	batch = azr_feed_last_batch();
	if (!batch.found || batch.appends >= BATCH_APPENDS || batch.tickets.count == 0 ||
		batch.tickets.all[batch.tickets.count - 1].last >= numbering->numbered[0].ticket)
		batch = (AzrFeedBatch)
	{
		.first_position = position
	};

	while (i < numbering->count)
	{
		for (; i < numbering->count && batch.appends < BATCH_APPENDS; i++)
		{
			const Numbered *numbered = &numbering->numbered[i];
			AzrTicketRanges *tickets = &batch.tickets;

			/*
			 * what lies between two of these is dead, so it does no harm in
			 * the range
			 */
			if (numbered->follows && batch.events_added > 0)
				tickets->all[tickets->count - 1].last = numbered->ticket;
			else
				azr_ranges_add(tickets, numbered->ticket, numbered->ticket);
			batch.appends++;
			batch.events_added += numbered->events;
		}
		azr_feed_batch_put(&batch);
		position += batch.events_added;
		batch = (AzrFeedBatch)
		{
			.first_position = position
		};
	}
}

/*
 * A feed that is first numbered in this database, or first after another server has taken over, has
 * another epoch: there may be other events at positions that somebody has read before.
 */
static void
start_epoch(AzrFeedState *state)
{
	int64		system_identifier = (int64) GetSystemIdentifier();
	int64		wal_timeline = GetWALInsertionTimeLine();

	state->is_new_epoch = !state->found || state->system_identifier != system_identifier ||
		state->wal_timeline != wal_timeline || state->database_id != MyDatabaseId;
	if (!state->is_new_epoch)
		return;
	state->system_identifier = system_identifier;
	state->wal_timeline = wal_timeline;
	state->database_id = MyDatabaseId;
	state->epoch = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
}
