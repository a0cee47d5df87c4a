/*-------------------------------------------------------------------------
 *
 * counter.c
 *	  Counters in PostgreSQL's cumulative statistics.
 *
 * An extension can have a kind of statistics of its own since PostgreSQL 18, and only if it is
 * preloaded.  So a counter is an entry of the kind that functions have, with a number that no
 * function has: it is seen by who asks for that number, and goes with its database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "plumbing/counter.h"
#include "utils/pgstat_internal.h"

/*
 * The number of a counter.  Since PostgreSQL 18 it has 64 bits, of which a function's OID uses the
 * lower half.  Before, it has 32.  OIDs are given upward from 16384, so the upper half of them is
 * hardly ever used; where a function has the number nevertheless, its calls are counted too.
 */
#if PG_VERSION_NUM >= 180000
#define counter_number(key) ((key) | UINT64CONST(0x8000000000000000))
#else
#define counter_number(key) ((Oid) (key) | 0x80000000)
#endif

/* PostgreSQL 16 renamed the counts of a function, and keeps no more than these in a session. */
#if PG_VERSION_NUM >= 160000
#define pending_calls(ref) (((PgStat_FunctionCounts *) (ref)->pending)->numcalls)
#define counted_calls(entry) ((entry)->numcalls)
#else
#define pending_calls(ref) (((PgStat_BackendFunctionEntry *) (ref)->pending)->f_counts.f_numcalls)
#define counted_calls(entry) ((entry)->f_numcalls)
#endif

/*
 * Count one more of what 'key' is for, which has 64 bits that are well mixed.
 */
void
azr_counter_add(uint64 key)
{
	PgStat_EntryRef *ref;

	if (!pgstat_track_counts)
		return;
	ref = pgstat_prep_pending_entry(PGSTAT_KIND_FUNCTION, MyDatabaseId, counter_number(key), NULL);
	pending_calls(ref)++;
}

/*
 * How many were counted.
 */
int64
azr_counter_read(uint64 key)
{
	PgStat_StatFuncEntry *entry = (PgStat_StatFuncEntry *)
		pgstat_fetch_entry(PGSTAT_KIND_FUNCTION, MyDatabaseId, counter_number(key));

	return entry != NULL ? counted_calls(entry) : 0;
}
