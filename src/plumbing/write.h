/*-------------------------------------------------------------------------
 *
 * write.h
 *	  The one way to write rows of the extension's own tables.
 *
 * A plain table (see table.h) is written to without a planner.  Where the owner has added
 * triggers, constraints, columns or indexes with expressions, the rows go in by one SQL
 * statement instead, which is built from the table's declaration.  It runs as the owner and
 * through the partitioned table, so all of these work as in any other INSERT.
 *
 * If a table is declared as "updated", a row takes the place of the one that has its key.
 * If the declaration names a column that grows, it does so only if its value in that column
 * is higher.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_WRITE_H
#define AZR_WRITE_H

#include "plumbing/compat.h"
#include "plumbing/table.h"

/* Rows on their way into a table. */
typedef struct AzrWrite AzrWrite;

/* What became of them. */
typedef struct AzrWritten
{
	int64		stored;			/* how many: not those whose key has a row
								 * that stays */
	int64		kept;			/* the last such row's value in the column
								 * that grows */
} AzrWritten;

extern AzrWrite *azr_write_begin(AzrTable *table, Relation rel, int nrows);
extern void azr_write_beside(AzrWrite *write, AzrLeaf leaf);
extern void azr_write_row(AzrWrite *write, const Datum *values, const bool *nulls, Size bytes);
extern bool azr_write_end(AzrWrite *write, AzrWritten *written);
extern bool azr_write_one(AzrTable *table, Relation rel, const Datum *values, const bool *nulls);
pg_noreturn extern void azr_trigger_interfered(const AzrTable *table, const char *label);

#endif							/* AZR_WRITE_H */
