/*-------------------------------------------------------------------------
 *
 * happening.c
 *	  Counting what happens to appends and is not stored, by domain.
 *
 * plumbing/counter.h says where, and when these counts are lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "plumbing/counter.h"
#include "plumbing/extension.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "streams/happening.h"
#include "utils/lsyscache.h"

static bool has_streams_now(const text *domain);
static uint64 make_key(AzrHappening happening, const text *domain);

/*
 * Count something that has happened.  'has_streams' is whether the domain is known to have any.
 * A domain that has none is not counted: whoever makes up names is not to fill the server's memory.
 */
void
azr_count_happening(AzrHappening happening, const text *domain, bool has_streams)
{
	if (has_streams || has_streams_now(domain))
		azr_counter_add(make_key(happening, domain));
}

int64
azr_happenings(AzrHappening happening, const text *domain)
{
	return azr_counter_read(make_key(happening, domain));
}

static bool
has_streams_now(const text *domain)
{
	AzrQueryArgs args = {0};
	AzrQueryValue found = {false, (Datum) 0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_latest("SELECT (SELECT s.domain FROM %s.azr_streams s WHERE s.domain >= $1 "
					 "ORDER BY s.domain LIMIT 1) = $1",
					 &args, azr_query_note, &found);
	return found.found && DatumGetBool(found.value);
}

/*
 * An extension that is dropped and created again begins at 0: its tables have other OIDs.
 */
static uint64
make_key(AzrHappening happening, const text *domain)
{
	Oid			table = get_relname_relid("azr_streams", azr_extension_schema());

	return azr_hash_text(domain, (uint64) happening << 32 | table);
}
