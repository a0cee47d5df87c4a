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
 * Set while azr_delete_edition() deletes: rows of editions may go then, those of
 * the main timeline never.
 */
extern bool azr_deleting_edition;

#endif							/* AZR_IMMUTABLE_H */
