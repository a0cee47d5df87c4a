/*-------------------------------------------------------------------------
 *
 * slot_drop.h
 *	  Deleting streams of a slot that is another node's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_DROP_H
#define AZR_SLOT_DROP_H

#include "events/immutable.h"

extern int64 azr_slot_delete_streams(int slot, const AzrDeletion *deletion);

#endif							/* AZR_SLOT_DROP_H */
