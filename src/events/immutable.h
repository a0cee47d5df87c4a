/*-------------------------------------------------------------------------
 *
 * immutable.h
 *	  The ways around the trigger that keeps stored history as it is: deleting an edition, deleting
 *	  what is left of a slot that is another node's, and erasing events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_IMMUTABLE_H
#define AZR_IMMUTABLE_H

/*
 * The streams that azr_delete_edition(), azr_slot_drop() or azr_slot_import() is deleting now,
 * ascending.  No other row can go.
 */
typedef struct AzrDeletion
{
	int			count;
	int64	   *stream_ids;
} AzrDeletion;

/*
 * The events that azr_erase() is erasing now: those of a stream with from <= sequence < to.  They
 * can get the form of erased events, and nothing else.  Their records can get a digest that
 * they lack.
 */
typedef struct AzrErasure
{
	int64		stream_id;
	int64		from;
	int64		to;
	bool		ids;			/* may the ids go too? */
} AzrErasure;

extern const AzrDeletion *azr_deletion_begin(const AzrDeletion *deletion);
extern void azr_deletion_end(const AzrDeletion *outer);
extern const AzrErasure *azr_erasure_begin(const AzrErasure *erasure);
extern void azr_erasure_end(const AzrErasure *outer);

#endif							/* AZR_IMMUTABLE_H */
