/*-------------------------------------------------------------------------
 *
 * message.h
 *	  Writing the payloads of the events that the store makes itself: Protocol Buffers messages.
 *
 * Common to several of them:
 *
 *		message Cover { UUID root = 1; string domain = 2; Edition edition = 4; }
 *		message UUID { bytes value = 1; }		-- the 16 bytes
 *		message Edition { string name = 1; }
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_MESSAGE_H
#define AZR_MESSAGE_H

#include "lib/stringinfo.h"
#include "streams/stream.h"

extern void azr_message_put_bytes(StringInfo message, uint32 field, const void *bytes, Size size);
extern void azr_message_put_text(StringInfo message, uint32 field, const text *value);
extern void azr_message_put_number(StringInfo message, uint32 field, uint64 value);
extern void azr_message_put_cover(StringInfo message, uint32 field, const AzrStreamName *target);
extern void azr_message_put_varint(StringInfo message, uint64 value);
extern bytea *azr_message_payload(const StringInfoData *message);

#endif							/* AZR_MESSAGE_H */
