/*-------------------------------------------------------------------------
 *
 * probe.h
 *	  Finding one row by a B-tree: the last one whose first columns have given values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PROBE_H
#define AZR_PROBE_H

#include "plumbing/table.h"

extern TupleTableSlot *azr_probe_last(AzrScan *scan, AzrTable *table, Relation rel, int index,
									  LOCKMODE lockmode, Snapshot snapshot, ScanKey keys,
									  int nkeys, int ncolumns);
extern bool azr_probe_is_absent(AzrTable *table, Relation rel, int index, ScanKey keys, int nkeys);

#endif							/* AZR_PROBE_H */
