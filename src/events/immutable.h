/*-------------------------------------------------------------------------
 *
 * immutable.h
 *	  The one way around the trigger that keeps stored history as it is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_IMMUTABLE_H
#define AZR_IMMUTABLE_H

/*
 * The streams that azr_delete_edition() is deleting now, ascending: all ids are
 * negative, those of an edition.  No other row can go.
 */
typedef struct AzrDeletion
{
	int			count;
	int64	   *stream_ids;
} AzrDeletion;

extern const AzrDeletion *azr_deletion_begin(const AzrDeletion *deletion);
extern void azr_deletion_end(const AzrDeletion *outer);

#endif							/* AZR_IMMUTABLE_H */
