/*-------------------------------------------------------------------------
 *
 * upsert.h
 *	  Putting rows into a plain table in place of others, for write.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_UPSERT_H
#define AZR_UPSERT_H

#include "plumbing/table.h"

/* Rows that take the place of those that have their keys. */
typedef struct AzrUpsert AzrUpsert;

extern AzrUpsert *azr_upsert_begin(AzrTable *table, Relation rel);
extern bool azr_upsert_put(AzrUpsert *upsert, const Datum *values, const bool *nulls,
						   int64 *kept);
extern void azr_upsert_end(AzrUpsert *upsert);

#endif							/* AZR_UPSERT_H */
