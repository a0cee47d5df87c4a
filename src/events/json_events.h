/*-------------------------------------------------------------------------
 *
 * json_events.h
 *	  Events as JSON, in both directions.
 *
 * In:  [{"type": text, "data": any, "metadata"?: any, "created_at"?: text}, ...], where
 *		"payload_base64": text may stand in place of "data", and the other keys of what
 *		comes out are ignored
 * Out: {"sequence", "type", "data" or "payload_base64", "metadata", ...}
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_JSON_EVENTS_H
#define AZR_JSON_EVENTS_H

#include "events/event_table.h"
#include "plumbing/compat.h"
#include "utils/jsonb.h"

/* A document that is being built. */
typedef struct AzrJsonWriter
{
	AzrJsonbState state;
	Size		bytes;			/* of what clients stored, so far */
	MemoryContext scratch;		/* reset for each payload */
} AzrJsonWriter;

extern void azr_events_from_json(Jsonb *json, AzrNewEvents *events);

extern void azr_json_begin(AzrJsonWriter *writer);
extern void azr_json_push_key(AzrJsonWriter *writer, const char *key);
extern void azr_json_push_text(AzrJsonWriter *writer, const char *key, const text *value);
extern void azr_json_push_int64(AzrJsonWriter *writer, const char *key, int64 value);
extern void azr_json_push_uuid(AzrJsonWriter *writer, const char *key, pg_uuid_t *value);
extern void azr_json_push_event(AzrJsonWriter *writer, const Datum *values,
								const bool *nulls);

#endif							/* AZR_JSON_EVENTS_H */
