/*-------------------------------------------------------------------------
 *
 * counter.h
 *	  Counters in PostgreSQL's cumulative statistics.
 *
 * What happens now and then, and is stored nowhere, is counted where PostgreSQL counts the calls
 * of functions: in shared memory that is there without preloading, outside of transactions, so
 * that what is rolled back counts too.  A session adds its counts to the shared ones when it is
 * between transactions, at most once a second, after some seconds if it has nothing else to do,
 * and when it ends.  A shutdown keeps them.  A crash loses them all, as it does all such
 * statistics, and so does pg_stat_reset().
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_COUNTER_H
#define AZR_COUNTER_H

extern void azr_counter_add(uint64 key);
extern int64 azr_counter_read(uint64 key);

#endif							/* AZR_COUNTER_H */
