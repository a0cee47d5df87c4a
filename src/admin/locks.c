/*-------------------------------------------------------------------------
 *
 * locks.c
 *	  azr_locks: the store's locks in words.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_locks);

static const struct
{
	AzrLockClass lockclass;
	const char *name;
}			kinds[] = {
	{AZR_LOCK_STREAM, "stream"},
	{AZR_LOCK_NEW_STREAM, "new stream"},
	{AZR_LOCK_EDITION, "edition"},
	{AZR_LOCK_MAINTENANCE, "maintenance"},
	{AZR_LOCK_PRIVILEGES, "privileges"},
	{AZR_LOCK_TYPE, "type"},
	{AZR_LOCK_CASCADE, "cascade"},
	{AZR_LOCK_NUMBERING, "numbering"},
	{AZR_LOCK_FEED_WAIT, "feed wait"},
	{AZR_LOCK_PARTITION, "partition"},
	{AZR_LOCK_EVIDENCE, "evidence"},
	{AZR_LOCK_SLOT, "slot"},
	{AZR_LOCK_STATISTICS, "statistics"}
};

/*
 * azr_locks() -> setof azr_lock
 *
 * pg_locks shows the class of a lock in objsubid, and the halves of its key in classid and objid
 * (see lock.h).  Other classes are those of an application, 1 and 2, and of other extensions.
 */
Datum
azr_locks(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	StringInfoData names;
	StringInfoData classes;

	initStringInfo(&names);
	initStringInfo(&classes);
	for (int i = 0; i < lengthof(kinds); i++)
	{
		appendStringInfo(&names, " WHEN %d THEN '%s'", kinds[i].lockclass, kinds[i].name);
		appendStringInfo(&classes, "%s%d", i == 0 ? "" : ", ", kinds[i].lockclass);
	}
	azr_query_arg(&args, INT4OID, Int32GetDatum(AZR_LOCK_STREAM), false);
	return azr_query_return_set(fcinfo,
								psprintf("SELECT l.pid, CASE l.objsubid%s END, "
										 "s.domain::text, s.edition::text, s.root::uuid, l.key, "
										 "l.mode, l.granted, l.waitstart "
										 "FROM (SELECT *, classid::bigint << 32 | objid::bigint AS key "
										 "FROM pg_locks WHERE locktype = 'advisory' AND objsubid IN (%s) "
										 "AND database = (SELECT oid FROM pg_database "
										 "WHERE datname = current_database())) l "
										 "LEFT JOIN %%s.azr_streams s "
										 "ON l.objsubid = $1 AND s.stream_id = l.key "
										 "ORDER BY l.granted, l.waitstart, l.pid, l.objsubid, l.key",
										 names.data, classes.data),
								&args);
}
