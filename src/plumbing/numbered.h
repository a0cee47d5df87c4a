/*-------------------------------------------------------------------------
 *
 * numbered.h
 *	  Tables whose rows stand for a name and have a number: streams, which get it from
 *	  a PostgreSQL sequence, and types of events, which have one made of the name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_NUMBERED_H
#define AZR_NUMBERED_H

#include "datatype/timestamp.h"
#include "plumbing/table.h"

/*
 * The numbers of a table's rows, which are its first column.  For azr_next_number(), that is
 * a bigint, and a row has the number from the sequence, or the negative of it.
 */
typedef struct AzrNumbers
{
	const char *sequence;
	AzrTable   *table;
	int			primary_key;	/* its place among the table's indexes */

	/* private to numbered.c */
	Oid			sequence_id;
	Oid			found_beside;	/* the table's OID then */
	TimestampTz looked_at;		/* when numbers were last compared with rows */
} AzrNumbers;

extern int64 azr_next_number(AzrNumbers *numbers);
extern bool azr_raise_sequence(const char *sequence, Oid sequence_id, int64 highest);
extern void azr_add_numbered(AzrNumbers *numbers, const Datum *values, const bool *nulls,
							 const char *label);

#endif							/* AZR_NUMBERED_H */
