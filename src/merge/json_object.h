/*-------------------------------------------------------------------------
 *
 * json_object.h
 *	  Comparing and merging JSON objects, key by key.
 *
 * A field is a key of the object itself; values compare as jsonb does.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_JSON_OBJECT_H
#define AZR_JSON_OBJECT_H

#include "utils/jsonb.h"

/* Keys, in the order of their bytes. */
typedef struct AzrKeys
{
	int			count;
	char	  **keys;
} AzrKeys;

extern Jsonb *azr_document_parse(const bytea *stored);
extern AzrKeys azr_document_changes(const Jsonb *before, const Jsonb *after);
extern AzrKeys azr_keys_overlap(const AzrKeys *a, const AzrKeys *b);
extern Jsonb *azr_document_merge(const Jsonb *ours, const AzrKeys *ours_changes,
								 const Jsonb *theirs);

#endif							/* AZR_JSON_OBJECT_H */
