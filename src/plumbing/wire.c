/*-------------------------------------------------------------------------
 *
 * wire.c
 *	  The wire format of Protocol Buffers.
 *
 *-------------------------------------------------------------------------
 */
#include "plumbing/wire.h"

/* A tag has 32 bits: 29 of field number, which is not 0, and 3 of wire type. */
#define WIRE_TYPE_BITS	3
#define MAX_TAG_BYTES	5

/* Lengths have 31 bits. */
#define MAX_LENGTH		INT32_MAX

static const uint8_t *get_varint(const uint8_t *p, const uint8_t *end, uint64_t *value);
static const uint8_t *get_tag(const uint8_t *p, const uint8_t *end,
							  uint32_t *field, unsigned *wire_type);
static const uint8_t *skip_value(const uint8_t *p, const uint8_t *end, unsigned wire_type);

/*
 * Returns the place after a record of a message, and sets 'field' to the number of its
 * field.  Returns NULL if there is no record that lies before 'end'.  A group is one
 * record, with all that is in it.
 */
const uint8_t *
azr_wire_skip_record(const uint8_t *record, const uint8_t *end, uint32_t *field)
{
	uint32_t	groups[AZR_WIRE_MAX_DEPTH]; /* those that are open */
	int			depth = 0;
	const uint8_t *p = record;

	do
	{
		uint32_t	number;
		unsigned	wire_type;

		p = get_tag(p, end, &number, &wire_type);
		if (p == NULL)
			return NULL;
		if (depth == 0)
			*field = number;

		if (wire_type == AZR_WIRE_GROUP_BEGIN)
		{
			if (depth == AZR_WIRE_MAX_DEPTH)
				return NULL;
			groups[depth++] = number;
		}
		else if (wire_type == AZR_WIRE_GROUP_END)
		{
			if (depth == 0 || groups[--depth] != number)
				return NULL;
		}
		else
		{
			p = skip_value(p, end, wire_type);
			if (p == NULL)
				return NULL;
		}
	} while (depth > 0);
	return p;
}

/*
 * Write a varint of up to AZR_WIRE_MAX_VARINT bytes, and say how many there are.
 */
size_t
azr_wire_put_varint(uint8_t *to, uint64_t value)
{
	size_t		n = 0;

	while (value >= 0x80)
	{
		to[n++] = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	to[n++] = (uint8_t) value;
	return n;
}

/*
 * The same for a tag.
 */
size_t
azr_wire_put_tag(uint8_t *to, uint32_t field, unsigned wire_type)
{
	return azr_wire_put_varint(to, (uint64_t) field << WIRE_TYPE_BITS | wire_type);
}

/*
 * These functions return the place after what they read, or NULL if it is malformed or does
 * not lie before 'end'.
 */
static const uint8_t *
get_varint(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; p < end && shift < 64; shift += 7)
	{
		uint8_t		byte = *p++;

		/* there is room for one bit of the tenth byte */
		if (shift == 63 && byte > 1)
			return NULL;
		*value |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
			return p;
	}
	return NULL;
}

static const uint8_t *
get_tag(const uint8_t *p, const uint8_t *end, uint32_t *field, unsigned *wire_type)
{
	const uint8_t *start = p;
	uint64_t	tag;

	p = get_varint(p, end, &tag);
	if (p == NULL || p - start > MAX_TAG_BYTES || tag > UINT32_MAX)
		return NULL;
	*field = (uint32_t) (tag >> WIRE_TYPE_BITS);
	*wire_type = tag & ((1 << WIRE_TYPE_BITS) - 1);
	return *field == 0 ? NULL : p;
}

static const uint8_t *
skip_value(const uint8_t *p, const uint8_t *end, unsigned wire_type)
{
	uint64_t	size;

	switch (wire_type)
	{
		case AZR_WIRE_VARINT:
			return get_varint(p, end, &size);
		case AZR_WIRE_FIXED64:
			size = 8;
			break;
		case AZR_WIRE_FIXED32:
			size = 4;
			break;
		case AZR_WIRE_LENGTH_DELIMITED:
			p = get_varint(p, end, &size);
			if (p == NULL || size > MAX_LENGTH)
				return NULL;
			break;
		default:
			return NULL;
	}
	return (uint64_t) (end - p) < size ? NULL : p + size;
}
