/*-------------------------------------------------------------------------
 *
 * load_state.h
 *	  Loading a stream's state: the best snapshot, and the events after it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LOAD_STATE_H
#define AZR_LOAD_STATE_H

extern void azr_load_state_init(void);

#endif							/* AZR_LOAD_STATE_H */
