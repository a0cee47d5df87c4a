/*-------------------------------------------------------------------------
 *
 * slot_import.h
 *	  Storing what another node has of a slot.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_IMPORT_H
#define AZR_SLOT_IMPORT_H

#include "fmgr.h"
#include "slots/slot_row.h"
#include "streams/stream.h"

/* A row, and its columns as arguments of a function, which azr_arg_...() read. */
typedef struct AzrSlotRow
{
	FunctionCallInfo columns;
	const char *kind;
} AzrSlotRow;

extern AzrStreamName azr_slot_row_stream(const AzrSlotRow *row, int slot);
extern bool azr_slot_row_is_null(const AzrSlotRow *row, AzrSlotRowColumn column);
extern Datum azr_slot_row_value(const AzrSlotRow *row, AzrSlotRowColumn column);
extern TimestampTz azr_slot_row_time(const AzrSlotRow *row, AzrSlotRowColumn column);

/* The state of a slot on its way in. */
typedef struct AzrSlotStateImport AzrSlotStateImport;

extern AzrSlotStateImport *azr_slot_state_begin(int slot);
extern int64 azr_slot_state_row(AzrSlotStateImport *import, const AzrSlotRow *row);
extern void azr_slot_state_end(AzrSlotStateImport *import);
extern void azr_slot_state_delete(int slot);

#endif							/* AZR_SLOT_IMPORT_H */
