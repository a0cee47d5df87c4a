/*-------------------------------------------------------------------------
 *
 * row_slot.h
 *	  Slots for rows that are about to be stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ROW_SLOT_H
#define AZR_ROW_SLOT_H

#include "executor/tuptable.h"

extern TupleTableSlot *azr_row_slot(TupleDesc desc);

#endif							/* AZR_ROW_SLOT_H */
