/*-------------------------------------------------------------------------
 *
 * slot_row.c
 *	  The rows in which what a node has of a slot travels to another node.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "plumbing/args.h"
#include "slots/slot_row.h"
#include "streams/slot_of.h"
#include "utils/timestamp.h"

const char *const azr_slot_row_names[SLOT_ROW_COLUMNS] = {
#define AZR_NAME(name, type) #name,
	AZR_SLOT_ROW_COLUMNS(AZR_NAME)
#undef AZR_NAME
};

const Oid	azr_slot_row_types[SLOT_ROW_COLUMNS] = {
#define AZR_TYPE(name, type) type,
	AZR_SLOT_ROW_COLUMNS(AZR_TYPE)
#undef AZR_TYPE
};

bool
azr_slot_row_is_null(const AzrSlotRow *row, AzrSlotRowColumn column)
{
	return row->columns->args[column].isnull;
}

Datum
azr_slot_row_value(const AzrSlotRow *row, AzrSlotRowColumn column)
{
	return row->columns->args[column].value;
}

/*
 * A time, which must be there and finite.
 */
TimestampTz
azr_slot_row_time(const AzrSlotRow *row, AzrSlotRowColumn column)
{
	TimestampTz time;

	azr_arg_check_not_null(row->columns, column, azr_slot_row_names[column]);
	time = DatumGetTimestampTz(azr_slot_row_value(row, column));
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite", azr_slot_row_names[column])));
	return time;
}

/*
 * The stream of a row.  Raises 22023 if it is of another slot.
 */
AzrStreamName
azr_slot_row_stream(const AzrSlotRow *row, int slot)
{
	AzrStreamName name;

	name.domain = azr_arg_name(row->columns, SLOT_ROW_domain, "domain");
	name.edition = azr_arg_edition(row->columns, SLOT_ROW_edition, "edition");
	name.root = azr_arg_uuid(row->columns, SLOT_ROW_root, "root");
	if (azr_slot_of(name.root) != slot)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("stream \"%s\" is of slot %d, not %d",
						azr_stream_label(&name), azr_slot_of(name.root), slot)));
	return name;
}
