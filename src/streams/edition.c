/*-------------------------------------------------------------------------
 *
 * edition.c
 *	  Editions: their names, and the registry of what is known of one beyond its streams.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "plumbing/lock.h"
#include "plumbing/table.h"
#include "plumbing/text.h"
#include "streams/edition.h"
#include "utils/builtins.h"

/* Columns of azr_registered_editions, as in edition.sql. */
enum
{
	Anum_azr_registered_editions_divergence = 1,
	Anum_azr_registered_editions_created_at,
	Anum_azr_registered_editions_domain,
	Anum_azr_registered_editions_edition,
	Anum_azr_registered_editions_protection,
	Anum_azr_registered_editions_description,
	Natts_azr_registered_editions = Anum_azr_registered_editions_description
};

static const AzrColumn registry_columns[Natts_azr_registered_editions] = {
	{"divergence", INT8OID, false},
	{"created_at", TIMESTAMPTZOID, true},
	{"domain", TEXTOID, true},
	{"edition", TEXTOID, true},
	{"protection", TEXTOID, true},
	{"description", TEXTOID, false}
};

static const AzrIndex registry_indexes[] = {
	{
		"azr_registered_editions_pkey", 2,
		{
			Anum_azr_registered_editions_domain, Anum_azr_registered_editions_edition
		},
		0, 0
	}
};

AZR_CHECK_INDEXES(registry_indexes);

static AzrTable registry_table = {
	.name = "azr_registered_editions",
	.ncolumns = Natts_azr_registered_editions,
	.columns = registry_columns,
	.nindexes = lengthof(registry_indexes),
	.indexes = registry_indexes
};

const char *const azr_protection_names[] = {
	[AZR_OPEN] = "open",
	[AZR_PROTECTED] = "protected",
	[AZR_SEALED] = "sealed",
	NULL
};

/*
 * An edition, where NULL and '' are spellings of the main timeline.
 */
text *
azr_arg_edition(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *edition = azr_arg_id(fcinfo, argno, argname);

	return edition != NULL ? edition : cstring_to_text(AZR_MAIN_EDITION);
}

bool
azr_edition_is_main(const text *edition)
{
	return azr_text_is(edition, AZR_MAIN_EDITION);
}

/*
 * Arguments $1 and $2: an edition of a domain.
 */
AzrQueryArgs
azr_query_edition(const text *domain, const text *edition)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	return args;
}

/*
 * Check that the table of registered editions is as declared, before SQL writes to it.
 *
 * Raises what azr_table_open() raises.
 */
void
azr_edition_table_check(void)
{
	table_close(azr_table_open(&registry_table, RowExclusiveLock), NoLock);
}

/*
 * What is registered of an edition, as 'snapshot' sees it.
 */
AzrEdition
azr_edition_find(const text *domain, const text *edition, Snapshot snapshot)
{
	Relation	rel = azr_table_open(&registry_table, AccessShareLock);
	ScanKeyData keys[2];
	AzrScan		scan;
	TupleTableSlot *row;
	AzrEdition	result = {false, {false, 0}, AZR_OPEN};

	azr_key_text(&keys[0], 1, domain);
	azr_key_text(&keys[1], 2, edition);
	azr_scan_begin(&scan, &registry_table, rel, 0, snapshot, keys, 2);
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
	{
		Datum	   *values = row->tts_values;
		char	   *protection;

		result.registered = true;
		result.divergence.given =
			!row->tts_isnull[Anum_azr_registered_editions_divergence - 1];
		if (result.divergence.given)
			result.divergence.value =
				DatumGetInt64(values[Anum_azr_registered_editions_divergence - 1]);

		/* a word that is not one of ours counts as the strictest */
		result.protection = AZR_SEALED;
		protection = TextDatumGetCString(values[Anum_azr_registered_editions_protection - 1]);
		for (int i = 0; azr_protection_names[i] != NULL; i++)
			if (strcmp(protection, azr_protection_names[i]) == 0)
				result.protection = (AzrProtection) i;
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return result;
}

/*
 * Wait for an edition, and hold it to the end of the transaction: in ShareLock
 * to write to it, in ExclusiveLock to change what it is.
 */
void
azr_edition_lock(const text *domain, const text *edition, LOCKMODE mode)
{
	azr_lock(AZR_LOCK_EDITION, azr_hash_text(edition, azr_hash_text(domain, 0)), mode);
}
