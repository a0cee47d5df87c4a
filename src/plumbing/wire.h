/*-------------------------------------------------------------------------
 *
 * wire.h
 *	  The wire format of Protocol Buffers: cutting a message into records, and
 *	  writing one.
 *
 * A message is a sequence of records, each a tag (field number and wire type) and
 * a value.  That can be read without the message's definition.  Source: "Encoding"
 * in the documentation of Protocol Buffers.
 *
 * Plain C, without PostgreSQL, so that it can be read and fuzzed by itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_WIRE_H
#define AZR_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Groups deeper than this are refused, as protobuf libraries do. */
#define AZR_WIRE_MAX_DEPTH	100

/* The longest varint. */
#define AZR_WIRE_MAX_VARINT	10

enum
{
	AZR_WIRE_VARINT = 0,
	AZR_WIRE_FIXED64 = 1,
	AZR_WIRE_LENGTH_DELIMITED = 2,
	AZR_WIRE_GROUP_BEGIN = 3,
	AZR_WIRE_GROUP_END = 4,
	AZR_WIRE_FIXED32 = 5
};

extern const uint8_t *azr_wire_skip_record(const uint8_t *record, const uint8_t *end,
										   uint32_t *field);
extern size_t azr_wire_put_varint(uint8_t *to, uint64_t value);
extern size_t azr_wire_put_tag(uint8_t *to, uint32_t field, unsigned wire_type);

#endif							/* AZR_WIRE_H */
