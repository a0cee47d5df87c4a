/*-------------------------------------------------------------------------
 *
 * numbering.h
 *	  Giving feed positions to what has been committed.
 *
 * The first event of each append to the main timeline has a ticket, from a PostgreSQL
 * sequence.  Tickets are drawn before the commit, so they do not say in which order appends
 * become visible.  Numbering looks at what is committed, and gives it the next positions;
 * what it gives a position to is never looked at again.  So no transaction that stays open
 * holds up others, and nothing is skipped.
 *
 * A numbering, under a lock that keeps out others (AZR_LOCK_NUMBERING):
 *
 * 1. Note who holds RowExclusiveLock on the table of the main timeline's events: whoever
 *	  appends has it before drawing a ticket.  (This is needed only if there are unborn
 *	  tickets, see step 3.)
 * 2. Take a snapshot, and with it look at the rows of all tickets that have no position yet.
 *	  What it shows is numbered, by ticket.  What a transaction stores that it shows to be in
 *	  progress is pending, noted with that transaction, and looked at when it has ended.  What
 *	  is left was rolled back.  A ticket can have two rows in progress: since the snapshot was
 *	  taken, the append was committed, and another transaction has begun to erase the event.
 *	  It is noted without a transaction, and so is looked at by the next numbering, which may
 *	  come before the erasure has ended.
 * 3. A ticket below the highest one seen that has no row may still get one: "unborn".  It is
 *	  noted with those who hold the table's lock now.  One that was noted before, still has no
 *	  row, and has none of its holders among those of step 1, never gets one.
 *
 * Step 1 comes before tickets are looked at, so that a holder who is gone by then has
 * committed what the snapshot shows.  The holders of step 3 are noted after it, and a ticket is
 * noted also if there are none: its holder may have committed since the snapshot.
 *
 * A stream's events keep their order: whoever appends event n + 1 gets the ticket under the
 * stream's lock, so after the transaction of event n has ended; whoever sees n + 1 sees n.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_NUMBERING_H
#define AZR_NUMBERING_H

#include "fmgr.h"

/* How many appends a session numbers that wants to read. */
#define AZR_APPENDS_AT_A_TIME	10000

/* What came of a try to number. */
typedef enum AzrNumbered
{
	AZR_NOTHING_TO_NUMBER,
	AZR_OTHERS_NUMBER,			/* another transaction is numbering */
	AZR_NUMBERED				/* something was stored, so the transaction
								 * should end: nobody else numbers until then */
} AzrNumbered;

extern void azr_feed_init(void);
extern int64 azr_feed_number(int64 max_appends);
extern int64 azr_feed_number_if_any(int64 max_appends, AzrNumbered *numbered);

#endif							/* AZR_NUMBERING_H */
