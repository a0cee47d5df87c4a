/*-------------------------------------------------------------------------
 *
 * event_types.h
 *	  Types of events by number.
 *
 * A store has few types and many events, so an event holds its type's number.  A
 * type gets one when it is first appended.
 *
 * Nobody waits for that: where transactions that run side by side append the same new
 * type, each gives it a number of its own, and all of them stand for it.  So the index
 * on the names is not unique, and who looks for events of a type by SQL joins the
 * table.  Rows of it are never changed or deleted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_TYPES_H
#define AZR_EVENT_TYPES_H

extern int32 azr_type_number(const text *type);
extern text *azr_type_name(int32 number, bool missing_ok);

#endif							/* AZR_EVENT_TYPES_H */
