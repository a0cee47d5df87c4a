/*-------------------------------------------------------------------------
 *
 * numbered.h
 *	  Tables whose rows stand for a name and get a number from a PostgreSQL
 *	  sequence: streams, and types of events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_NUMBERED_H
#define AZR_NUMBERED_H

#include "base/table.h"

/* The numbers of a table's rows. */
typedef struct AzrNumbers
{
	const char *sequence;
	AzrTable   *table;

	/* private to numbered.c */
	Oid			sequence_id;
	Oid			found_beside;	/* the table's OID then */
} AzrNumbers;

extern int64 azr_next_number(AzrNumbers *numbers);
extern void azr_add_numbered(AzrNumbers *numbers, const Datum *values, const bool *nulls,
							 const char *label);

#endif							/* AZR_NUMBERED_H */
