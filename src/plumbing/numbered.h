/*-------------------------------------------------------------------------
 *
 * numbered.h
 *	  The numbers of a table's rows, which come from a PostgreSQL sequence.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_NUMBERED_H
#define AZR_NUMBERED_H

#include "datatype/timestamp.h"
#include "plumbing/table.h"

/*
 * A row has a number from the sequence, or the negative of it, in a bigint column that an
 * index begins with.
 */
typedef struct AzrNumbers
{
	const char *sequence;
	AzrTable   *table;
	int			index;			/* the place of that index among the table's */
	AttrNumber	column;			/* that column */
	int64		(*also_taken) (void);	/* the highest number that is taken
										 * though no row has it; or NULL */
	bool		in_doubt;		/* set while a row gets in: if it stays, the
								 * next number is compared with rows */

	bool		in_order;		/* must later numbers be higher, also among
								 * sessions? */

	/* private to numbered.c */
	Oid			sequence_id;
	uint64		found_at;		/* how many changes of sequences there were */
	int64		last;			/* number that was drawn */
	Oid			found_beside;	/* the table's OID then */
	TimestampTz looked_at;		/* when numbers were last compared with rows */
} AzrNumbers;

extern int64 azr_next_number(AzrNumbers *numbers);
extern bool azr_raise_sequence(const char *sequence, Oid sequence_id, int64 highest);

#endif							/* AZR_NUMBERED_H */
