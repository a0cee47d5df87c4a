/*-------------------------------------------------------------------------
 *
 * insert.h
 *	  Inserting rows into a plain table, for write.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_INSERT_H
#define AZR_INSERT_H

#include "plumbing/table.h"

/* Rows on their way into a plain table. */
typedef struct AzrInsert AzrInsert;

extern AzrInsert *azr_insert_begin(const AzrTable *table, Relation rel, int nrows);
extern void azr_insert_beside(AzrInsert *insert, AzrLeaf leaf);
extern void azr_insert_put(AzrInsert *insert, const Datum *values, const bool *nulls, Size bytes);
extern void azr_insert_end(AzrInsert *insert);

#endif							/* AZR_INSERT_H */
