/*-------------------------------------------------------------------------
 *
 * json.h
 *	  JSON that clients store as bytes, which is UTF-8 text, and JSON that is being built.
 *
 * The azr_json_push_... functions add a pair to an object.  What is pushed, keys too, must
 * live until the whole value is complete.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_JSON_H
#define AZR_JSON_H

#include "plumbing/compat.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

/*
 * How many times longer than a jsonb value its text can be, also as COPY writes it.
 * Numbers decide it: a sign, 131072 digits before the point, 16383 after it and ", " take
 * at least 12 bytes in jsonb.  A byte of anything else becomes at most 7.
 */
#define AZR_JSON_MAX_EXPANSION	12290

extern Jsonb *azr_json_from_utf8(const bytea *stored);
extern bytea *azr_json_to_utf8(Jsonb *json);
extern uint64 azr_json_text_size(Jsonb *json, bool in_copy, uint64 enough);

extern void azr_json_push_key(AzrJsonbState *json, const char *key);
extern void azr_json_push_string(AzrJsonbState *json, const char *key, const char *value);
extern void azr_json_push_text(AzrJsonbState *json, const char *key, const text *value);
extern void azr_json_push_bool(AzrJsonbState *json, const char *key, bool value);
extern void azr_json_push_int64(AzrJsonbState *json, const char *key, int64 value);
extern void azr_json_push_uuid(AzrJsonbState *json, const char *key, const pg_uuid_t *value);
extern void azr_json_push_jsonb(AzrJsonbState *json, const char *key, Jsonb *value);

#endif							/* AZR_JSON_H */
