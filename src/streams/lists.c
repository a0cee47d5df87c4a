/*-------------------------------------------------------------------------
 *
 * lists.c
 *	  azr_domains, azr_roots and azr_root: which streams there are, and what
 *	  the root of a business key is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "streams/edition.h"
#include "streams/lists.h"
#include "streams/root_of_key.h"
#include "streams/slot.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_domains);
PG_FUNCTION_INFO_V1(azr_roots);
PG_FUNCTION_INFO_V1(azr_root);

#define DOMAINS AZR_WITH_DOMAINS "SELECT d.domain FROM d WHERE d.domain IS NOT NULL"

/*
 * azr_domains() -> setof text
 */
Datum
azr_domains(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	return azr_query_return_set(fcinfo,
								azr_slots_arg(&args)
								? DOMAINS " AND EXISTS (SELECT FROM %s.azr_streams s "
								"WHERE s.domain = d.domain AND "
								AZR_SLOT_IS_OWN("$1", "s.root") ")"
								: DOMAINS,
								&args);
}

/*
 * azr_roots(domain, edition, after, max_count) -> setof uuid
 */
Datum
azr_roots(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {.plan_anew = true};
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	text	   *edition = azr_arg_edition(fcinfo, 1, "edition");
	AzrOptionalInt64 max_count = azr_arg_optional_count(fcinfo, 3, "max_count");
	bool		from_start = PG_ARGISNULL(2);
	const char *own_only = "";

	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(max_count.value), !max_count.given);
	if (!from_start)
		azr_query_arg(&args, UUIDOID, PG_GETARG_DATUM(2), false);
	if (azr_slots_arg(&args))
		own_only = from_start ? " AND " AZR_SLOT_IS_OWN("$4", "root")
			: " AND " AZR_SLOT_IS_OWN("$5", "root");
	return azr_query_return_set(fcinfo,
								psprintf("SELECT root FROM %%s.azr_streams "
										 "WHERE domain = $1 AND edition = $2%s%s "
										 "ORDER BY root LIMIT $3",
										 from_start ? "" : " AND root > $4", own_only),
								&args);
}

/*
 * azr_root(domain, key) -> uuid
 */
Datum
azr_root(PG_FUNCTION_ARGS)
{
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	text	   *key = azr_arg_text(fcinfo, 1, "key");

	PG_RETURN_UUID_P(azr_root_of_key(domain, key));
}
