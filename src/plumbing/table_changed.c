/*-------------------------------------------------------------------------
 *
 * table_changed.c
 *	  azr_table_changed: has sessions read a table again whose rows they keep.
 *
 * A session that keeps what it has read of a table notes the table's finding before it reads
 * (azr_table_is_known() in table.h).  What this does makes that an old one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/inval.h"

PG_FUNCTION_INFO_V1(azr_table_changed);

/*
 * Trigger: have every session forget what it keeps of the table, when this transaction has
 * committed.
 */
Datum
azr_table_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called as a trigger", "azr_table_changed")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
