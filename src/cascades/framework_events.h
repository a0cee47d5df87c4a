/*-------------------------------------------------------------------------
 *
 * framework_events.h
 *	  Events that are about other events: confirmations and revocations of cascades.
 *
 * Their payloads are Protocol Buffers messages (events/message.h has Cover):
 *
 *		message Confirmation {
 *			Cover target = 1; repeated uint32 sequences = 2; string cascade_id = 3;
 *		}
 *		message Revocation { ...the same...; string reason = 4; }
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FRAMEWORK_EVENTS_H
#define AZR_FRAMEWORK_EVENTS_H

#include "streams/stream.h"

extern bytea *azr_resolution_payload(const AzrStreamName *target, const int64 *sequences,
									 int nsequences, const text *cascade_id,
									 const text *reason);

#endif							/* AZR_FRAMEWORK_EVENTS_H */
