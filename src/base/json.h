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

extern Jsonb *azr_json_from_utf8(const bytea *stored);
extern bytea *azr_json_to_utf8(Jsonb *json);

#endif							/* AZR_JSON_H */
