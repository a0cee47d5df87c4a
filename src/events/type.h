/*-------------------------------------------------------------------------
 *
 * type.h
 *	  Types of events by number.
 *
 * A store has few types and many events, so an event holds its type's number.  A
 * type gets one when it is first appended: the first free one of those that a hash of
 * the type leads to.  So a number is used up by a row that stays, and by nothing else:
 * who appends new types and rolls back, over and over, does not use them up.
 *
 * Nobody waits for another transaction: where two that run side by side append the same
 * new type, each gives it a number of its own, and both stand for it.  So the index on the
 * names is not unique, and SQL that looks for events of a type joins the table.  Rows of it are
 * never changed or deleted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TYPE_H
#define AZR_TYPE_H

/* Numbers of types, ascending. */
typedef struct AzrTypeNumbers
{
	int			count;
	int32	   *all;
} AzrTypeNumbers;

extern int32 azr_type_number(const text *type);
extern text *azr_type_name(int32 number, bool missing_ok);
extern AzrTypeNumbers azr_type_numbers(const Datum *types, int count);
extern bool azr_type_is_among(const AzrTypeNumbers *numbers, int32 number);

#endif							/* AZR_TYPE_H */
