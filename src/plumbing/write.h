/*-------------------------------------------------------------------------
 *
 * write.h
 *	  The one way to write rows of the extension's own tables.
 *
 * A plain table (see table.h) is written to without a planner.  Where the owner has added
 * triggers, constraints, columns or indexes with expressions, the rows go in by one SQL
 * statement, which is built from the table's declaration, as the owner and through the
 * partitioned table: all of these work as in any other INSERT.
 *
 * Into a table that is declared as "updated", a row goes in place of the one that has its
 * key; if the declaration names a column that grows, only where its value is higher than
 * the one that is there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_WRITE_H
#define AZR_WRITE_H

#include "plumbing/compat.h"
#include "plumbing/table.h"

/* Rows on their way into a table. */
typedef struct AzrWrite AzrWrite;

extern AzrWrite *azr_write_begin(AzrTable *table, Relation rel, int nrows);
extern void azr_write_row(AzrWrite *write, const Datum *values, const bool *nulls, Size bytes);
extern bool azr_write_end(AzrWrite *write, int64 *stored);
extern bool azr_write_one(AzrTable *table, Relation rel, const Datum *values, const bool *nulls,
						  int64 *stored);
pg_noreturn extern void azr_trigger_interfered(const AzrTable *table, const char *label);

#endif							/* AZR_WRITE_H */
