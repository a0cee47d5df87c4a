/*-------------------------------------------------------------------------
 *
 * groups.c
 *	  azr_group_create: which groups of workers there are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "groups/group_args.h"
#include "groups/group_table.h"
#include "plumbing/args.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_group_create);

/*
 * azr_group_create(handler, partitions, after, domains, types) -> void
 */
Datum
azr_group_create(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	int32		partitions = azr_arg_partitions(fcinfo, 1);
	int64		after = azr_arg_after(fcinfo, 2);
	AzrArrayArg domains = azr_arg_array(fcinfo, 3, "domains", TEXTOID);
	AzrArrayArg types = azr_arg_array(fcinfo, 4, "types", TEXTOID);

	azr_arg_check_no_nulls(&domains, "domains");
	azr_arg_check_no_nulls(&types, "types");
	azr_check_can_write(fcinfo);
	if (!azr_group_add(handler, partitions, after,
					   PG_GETARG_DATUM(3), PG_ARGISNULL(3), PG_GETARG_DATUM(4), PG_ARGISNULL(4)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("group \"%s\" already exists", text_to_cstring(handler)),
				 errhint("Drop it with azr_group_drop(), or set its positions with azr_group_seek().")));
	PG_RETURN_VOID();
}
