/*-------------------------------------------------------------------------
 *
 * root_scan.h
 *	  Reading many rows of an edition in the order of their roots.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ROOT_SCAN_H
#define AZR_ROOT_SCAN_H

#include "plumbing/table.h"

/* What is read of a row. */
typedef struct AzrRootValue
{
	pg_uuid_t	root;
	int64		value;
} AzrRootValue;

typedef struct AzrRootScan
{
	Relation	rel;
	AzrScan		scan;
	int			root_key;		/* place of the root in the index */
	AttrNumber	column;			/* what else is read, a bigint */
	pg_uuid_t	last;			/* last root that was looked at */
	bool		finished;		/* there are no more */
} AzrRootScan;

extern void azr_root_scan_begin(AzrRootScan *scan, AzrTable *table, int index,
								ScanKeyData *keys, int nkeys, const pg_uuid_t *after,
								AttrNumber column, Snapshot snapshot);
extern int	azr_root_scan_read(AzrRootScan *scan, AzrRootValue *found, int max);
extern void azr_root_scan_end(AzrRootScan *scan);
extern int	azr_compare_roots(const pg_uuid_t *a, const pg_uuid_t *b);

#endif							/* AZR_ROOT_SCAN_H */
