/*-------------------------------------------------------------------------
 *
 * entry.h
 *	  Putting entries into a B-tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ENTRY_H
#define AZR_ENTRY_H

#include "access/itup.h"
#include "nodes/execnodes.h"
#include "plumbing/table.h"

/* How many entries may be put together: their page is locked for so long. */
#define AZR_MAX_ENTRIES	256

extern void azr_entries_init(void);
extern void azr_entries_put(Relation index, Relation rel, IndexTuple *entries, int count,
							AzrLeaf *leaf, IndexInfo *info);

#endif							/* AZR_ENTRY_H */
