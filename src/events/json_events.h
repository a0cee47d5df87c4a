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

/* A document with events that is being built. */
typedef struct AzrEventDocument
{
	AzrJsonbState json;			/* for what else the document has */
	Size		bytes;			/* of what clients stored, so far */
	MemoryContext scratch;		/* reset for each payload */
} AzrEventDocument;

extern void azr_events_from_json(Jsonb *json, AzrNewEvents *events);
extern void azr_event_document_begin(AzrEventDocument *document);
extern void azr_event_document_push(AzrEventDocument *document, const Datum *values,
									const bool *nulls);

#endif							/* AZR_JSON_EVENTS_H */
