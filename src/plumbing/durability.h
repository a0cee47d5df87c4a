/*-------------------------------------------------------------------------
 *
 * durability.h
 *	  Whether a transaction's commit waits for the disk.
 *
 * A transaction that has done relaxed work, and none that must be durable, commits as with
 * synchronous_commit = off.  Every other one commits as the session says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_DURABILITY_H
#define AZR_DURABILITY_H

extern void azr_work_must_be_durable(void);
extern void azr_work_is_relaxed(void);

#endif							/* AZR_DURABILITY_H */
