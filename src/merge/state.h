/*-------------------------------------------------------------------------
 *
 * state.h
 *	  Comparing and merging states, of the kind that their type says.
 *
 * With the state type "application/json", a state is a JSON object (json_object.h), else a
 * Protocol Buffers message (protobuf.h).  A state without bytes is the empty one of either
 * kind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_STATE_H
#define AZR_STATE_H

#include "postgres.h"

/* The fields that differ between states. */
typedef struct AzrFields
{
	const char *all_because;	/* why it is all of them ("*"): a sentence; or
								 * NULL */
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
