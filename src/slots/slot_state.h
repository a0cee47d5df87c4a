/*-------------------------------------------------------------------------
 *
 * slot_state.h
 *	  Storing what another node keeps for a slot's streams beside their events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_STATE_H
#define AZR_SLOT_STATE_H

#include "slots/slot_row.h"

/* The state of a slot on its way in. */
typedef struct AzrStateImport AzrStateImport;

extern AzrStateImport *azr_state_import_begin(int slot, int64 *row);
extern int64 azr_state_import_row(AzrStateImport *import, const AzrSlotRow *row);
extern void azr_state_import_end(AzrStateImport *import);
extern void azr_state_delete(int slot);

#endif							/* AZR_SLOT_STATE_H */
