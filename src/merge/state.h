/*-------------------------------------------------------------------------
 *
 * state.h
 *	  Comparing and merging states, of whichever kind their type says.
 *
 * With the state type "application/json", a state is a JSON object (document.h),
 * else a Protocol Buffers message (message.h).  No bytes at all are the empty state
 * of either.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STATE_H
#define AZR_STATE_H

#include "postgres.h"

/* The fields that differ between states. */
typedef struct AzrFields
{
	const char *all_because;	/* all of them do ("*"), as a sentence says, or NULL */
	int			count;
	char	  **names;
	bool		are_keys;		/* of JSON, not numbers */
} AzrFields;

extern AzrFields azr_state_changes(const text *state_type, const bytea *before,
								   const bytea *after);
extern AzrFields azr_state_merge(const text *state_type, const bytea *base,
								 const bytea *ours, const bytea *theirs, bytea **merged);
extern AzrFields azr_all_fields(const char *because);
extern char *azr_fields_detail(const AzrFields *fields);

#endif							/* AZR_STATE_H */
