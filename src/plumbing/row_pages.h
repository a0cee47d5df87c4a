/*-------------------------------------------------------------------------
 *
 * row_pages.h
 *	  Reading the rows that an index scan finds, a page of the table at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ROW_PAGES_H
#define AZR_ROW_PAGES_H

#include "access/genam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"

typedef struct AzrRowPages AzrRowPages;

extern AzrRowPages *azr_row_pages_begin(Relation rel, Snapshot snapshot);
extern bool azr_row_pages_next(AzrRowPages *pages, IndexScanDesc scan, ScanDirection direction,
							   TupleTableSlot *slot);
extern void azr_row_pages_end(AzrRowPages *pages);

#endif							/* AZR_ROW_PAGES_H */
