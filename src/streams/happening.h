/*-------------------------------------------------------------------------
 *
 * happening.h
 *	  Counting what happens to appends and is not stored, by domain.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_HAPPENING_H
#define AZR_HAPPENING_H

#include "postgres.h"

typedef enum AzrHappening
{
	AZR_HAPPENING_CONFLICT,		/* another sequence was expected, or others
								 * have changed the same fields */
	AZR_HAPPENING_DUPLICATE,	/* a call found its events stored already */
	AZR_HAPPENING_MERGE			/* a state was merged with that of others */
} AzrHappening;

extern void azr_count_happening(AzrHappening happening, const text *domain, bool has_streams);
extern int64 azr_happenings(AzrHappening happening, const text *domain);

#endif							/* AZR_HAPPENING_H */
