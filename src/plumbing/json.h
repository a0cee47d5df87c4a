/*-------------------------------------------------------------------------
 *
 * json.h
 *	  JSON that clients store as bytes: UTF-8 text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_JSON_H
#define AZR_JSON_H

#include "utils/jsonb.h"

/*
 * How many times longer than a jsonb value its text can be, also as COPY writes it.
 * Numbers decide it: a sign, 131072 digits before the point, 16383 after it and ", " take
 * at least 12 bytes in jsonb.  A byte of anything else becomes at most 7.
 */
#define AZR_JSON_MAX_EXPANSION	12290

extern Jsonb *azr_json_from_utf8(const bytea *stored);
extern bytea *azr_json_to_utf8(Jsonb *json);
extern uint64 azr_json_text_size(Jsonb *json, bool in_copy, uint64 enough);

#endif							/* AZR_JSON_H */
