/*-------------------------------------------------------------------------
 *
 * row_pages.h
 *	  Reading the rows of a range of an index, a page of the table at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ROW_PAGES_H
#define AZR_ROW_PAGES_H

#include "access/genam.h"
#include "executor/tuptable.h"
#include "plumbing/range.h"
#include "utils/rel.h"

typedef struct AzrRowPages AzrRowPages;

extern bool azr_row_pages_possible(Relation rel, Snapshot snapshot);
extern AzrRowPages *azr_row_pages_begin(Relation rel, Relation index, const AzrRange *range,
										ScanDirection direction, Snapshot snapshot);
extern bool azr_row_pages_next(AzrRowPages *pages, TupleTableSlot *slot);
extern void azr_row_pages_end(AzrRowPages *pages);

#endif							/* AZR_ROW_PAGES_H */
