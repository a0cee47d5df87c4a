/*-------------------------------------------------------------------------
 *
 * extension.c
 *	  Where the extension lives in this database, and who owns its tables.
 *
 * A backend looks this up once and keeps it until something says that it may be
 * different.  pg_extension itself says nothing: its rows are in no system cache.  But
 * the extension cannot move to another schema, and whatever else happens to it shows in
 * the table azr_streams or in the schema:
 *
 * - DROP EXTENSION drops the table, and a new owner is a change of the table: both are
 *	 told by the relation cache.
 * - CREATE EXTENSION follows such a drop, or a search that found nothing, which is not
 *	 remembered.
 * - ALTER SCHEMA ... RENAME changes the row of the schema, which is in a system cache.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "plumbing/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* What was found, and whether it still holds. */
typedef struct Extension
{
	bool		known;
	bool		changed;		/* an invalidation message came in */
	uint64		finding;		/* goes up when something is not as it was */
	Oid			schema;
	Oid			streams;		/* the table azr_streams */
	Oid			owner;			/* of that, and of all other tables */
	NameData	schema_name;
} Extension;

static Extension extension = {0};

static void find_extension(void);
static Oid	find_schema(void);
static void relation_changed(Datum arg, Oid relid);
static void schema_changed(Datum arg, int cacheid, uint32 hashvalue);

/*
 * OID of the schema that the extension lives in.
 *
 * Raises 42704 if the database has no such extension, 42P01 where it has lost its
 * table azr_streams.  So do the other functions here.
 */
Oid
azr_extension_schema(void)
{
	find_extension();
	return extension.schema;
}

/*
 * All tables belong to one role: the one that created the extension, or whoever was
 * given them since.
 */
Oid
azr_extension_owner(void)
{
	find_extension();
	return extension.owner;
}

/*
 * The name of the schema, quoted where SQL needs it, in the caller's memory context.
 */
char *
azr_extension_schema_name(void)
{
	find_extension();
	return pstrdup(quote_identifier(NameStr(extension.schema_name)));
}

/*
 * A number that goes up whenever the schema, its name or the owner changes.  It is for
 * callers that keep something that depends on these.
 */
uint64
azr_extension_finding(void)
{
	find_extension();
	return extension.finding;
}

/*
 * Find the extension, unless what was found before still holds.
 *
 * A message that comes in during the search leaves 'changed' set: what was found is as
 * new as any look-up could be, but the next call searches again.
 */
static void
find_extension(void)
{
	static bool callbacks_registered = false;
	Extension	found = extension;
	HeapTuple	tuple;
	char	   *schema_name;

	/* see what others have committed, as opening a catalog does */
	AcceptInvalidationMessages();
	if (extension.known && !extension.changed)
		return;

	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
		callbacks_registered = true;
	}

	/* until it is known which messages matter, any message counts */
	extension.known = false;
	extension.changed = false;

	found.schema = find_schema();
	schema_name = get_namespace_name(found.schema);
	found.streams = get_relname_relid("azr_streams", found.schema);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(found.streams));
	if (schema_name == NULL || !HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of extension \"angzarr\" does not exist",
						"azr_streams")));
	found.owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	namestrcpy(&found.schema_name, schema_name);
	pfree(schema_name);

	if (found.finding == 0 ||
		found.schema != extension.schema ||
		found.streams != extension.streams ||
		found.owner != extension.owner ||
		strcmp(NameStr(found.schema_name), NameStr(extension.schema_name)) != 0)
		found.finding++;
	found.changed = extension.changed;
	found.known = true;
	extension = found;
}

static Oid
find_schema(void)
{
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("angzarr"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		result = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (!OidIsValid(result))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"angzarr\" is not installed in this database"),
				 errhint("Use CREATE EXTENSION angzarr.")));
	return result;
}

/*
 * Relation cache callback.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	if (!extension.known || !OidIsValid(relid) || relid == extension.streams)
		extension.changed = true;
}

/*
 * System cache callback for schemas.  They change so rarely that any of them counts.
 */
static void
schema_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	extension.changed = true;
}
