/*-------------------------------------------------------------------------
 *
 * merge_fuzz.c
 *	  A libFuzzer target for the merge of Protocol Buffers messages.
 *
 * The input is three messages: two lengths of 16 bits, little-endian, and the bytes of
 * base, ours and theirs.  Whatever they are, nothing may be read or written out of
 * bounds (the sanitizers look), and what src/merge/protobuf.c says of them must be what
 * a model says that looks up one field at a time, and copies it out.
 *
 * script/fuzz builds and runs it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plumbing/wire.h"
#include "merge/protobuf.h"

/* What was allocated for one input. */
#define MAX_CHUNKS	256

static void *chunks[MAX_CHUNKS];
static int	nchunks;

#define CHECK(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void *
allocate(size_t size)
{
	void	   *chunk = malloc(size > 0 ? size : 1);

	CHECK(chunk != NULL && nchunks < MAX_CHUNKS);
	chunks[nchunks++] = chunk;
	return chunk;
}

static void
poll(void)
{
}

static const AzrMessageHost host = {allocate, poll};

/*
 * Exactly these bytes, so that the sanitizer sees who reads the next one.
 */
static uint8_t *
copy(const uint8_t *bytes, size_t size)
{
	uint8_t    *result = allocate(size);

	if (size > 0)
		memcpy(result, bytes, size);
	return result;
}

/*
 * A second opinion on what a message is: by recursion, byte by byte.  Returns the place
 * after the message, or after the end of 'group' where that is not 0, or NULL.
 */
static const uint8_t *
read_message(const uint8_t *p, const uint8_t *end, uint64_t group, int depth)
{
	while (p < end)
	{
		uint64_t	numbers[2] = {0, 0};	/* tag; value or length */
		int			wanted = 1;
		int			type = 0;

		for (int i = 0; i < wanted; i++)
		{
			int			n = 0;

			for (;; n++)
			{
				if (p == end || n == (i == 0 ? 5 : 10))
					return NULL;
				if (n == 9 && *p > 1)
					return NULL;
				numbers[i] += (uint64_t) (*p % 128) << (7 * n);
				if (*p++ < 128)
					break;
			}
			if (i == 0)
			{
				type = (int) (numbers[0] % 8);
				wanted = type == 0 || type == 2 ? 2 : 1;
				if (numbers[0] >> 32 != 0 || numbers[0] / 8 == 0)
					return NULL;
			}
		}
		if (type == 4)
			return numbers[0] / 8 == group ? p : NULL;
		if (type == 3)
		{
			if (depth == 100 || (p = read_message(p, end, numbers[0] / 8, depth + 1)) == NULL)
				return NULL;
		}
		else if (type > 5)
			return NULL;
		else
		{
			uint64_t	size = type == 1 ? 8 : type == 5 ? 4 : type == 2 ? numbers[1] : 0;

			if (size > (uint64_t) (end - p))
				return NULL;
			p += size;
		}
	}
	return group == 0 ? p : NULL;
}

/* The model: the records of one field, one after the other. */
typedef struct Value
{
	uint8_t    *bytes;
	size_t		size;
} Value;

static Value
value_of(const uint8_t *bytes, size_t size, uint32_t field)
{
	Value		value = {malloc(size + 1), 0};

	CHECK(value.bytes != NULL);
	for (const uint8_t *record = bytes; record < bytes + size;)
	{
		uint32_t	number;
		const uint8_t *next = azr_wire_skip_record(record, bytes + size, &number);

		CHECK(next > record && next <= bytes + size && number > 0 && number < 1 << 29);
		if (number == field)
		{
			memcpy(value.bytes + value.size, record, (size_t) (next - record));
			value.size += (size_t) (next - record);
		}
		record = next;
	}
	return value;
}

static bool
same(const AzrMessage *a, const AzrMessage *b, uint32_t field)
{
	Value		x = value_of(a->bytes, a->size, field);
	Value		y = value_of(b->bytes, b->size, field);
	bool		result = x.size == y.size && memcmp(x.bytes, y.bytes, x.size) == 0;

	free(x.bytes);
	free(y.bytes);
	return result;
}

static bool
has(const AzrFieldNumbers *fields, uint32_t field)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields->numbers[i] == field)
			return true;
	return false;
}

static void
check_ascending(const AzrFieldNumbers *fields)
{
	for (size_t i = 1; i < fields->count; i++)
		CHECK(fields->numbers[i - 1] < fields->numbers[i]);
}

static void
check_changes(const AzrMessage *a, const AzrMessage *b)
{
	AzrFieldNumbers there = azr_message_changes(a, b, &host);
	AzrFieldNumbers back = azr_message_changes(b, a, &host);
	const AzrMessage *const both[] = {a, b};

	check_ascending(&there);
	CHECK(there.count == back.count);
	for (size_t i = 0; i < there.count; i++)
		CHECK(there.numbers[i] == back.numbers[i]);
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < both[side]->nruns; i++)
		{
			uint32_t	field = both[side]->runs[i].field;

			CHECK(has(&there, field) == !same(a, b, field));
		}
	for (size_t i = 0; i < there.count; i++)
		CHECK(!same(a, b, there.numbers[i]));
}

static void
check_runs(const AzrMessage *message)
{
	size_t		total = 0;

	for (size_t i = 0; i < message->nruns; i++)
	{
		const AzrRun *run = &message->runs[i];

		CHECK(run->size > 0 && run->start + run->size <= message->size);
		CHECK(i == 0 || run[-1].field < run->field ||
			  (run[-1].field == run->field && run[-1].start < run->start));
		total += run->size;
	}
	CHECK(total == message->size);
}

/*
 * The merged message, or NULL.
 */
static uint8_t *
merged_of(const AzrMessage *base, const AzrMessage *ours, const AzrMessage *theirs,
		  AzrMessageMerge *merge)
{
	uint8_t    *bytes;

	*merge = azr_message_compare(base, ours, theirs, &host);
	check_ascending(&merge->overlap);
	if (merge->overlap.count > 0)
		return NULL;
	bytes = allocate(merge->size);
	azr_message_write_merged(merge, bytes, &host);
	return bytes;
}

static void
check_merge(const AzrMessage *base, const AzrMessage *ours, const AzrMessage *theirs)
{
	const AzrMessage *const all[] = {base, ours, theirs};
	AzrMessageMerge merge;
	AzrMessageMerge swapped;
	uint8_t    *bytes = merged_of(base, ours, theirs, &merge);
	uint8_t    *other_way = merged_of(base, theirs, ours, &swapped);
	AzrMessage	merged;

	/* it does not matter which side is ours */
	CHECK((bytes == NULL) == (other_way == NULL));
	CHECK(merge.overlap.count == swapped.overlap.count);
	for (size_t i = 0; i < merge.overlap.count; i++)
		CHECK(merge.overlap.numbers[i] == swapped.overlap.numbers[i]);

	/* an overlap is what both have changed */
	for (int side = 0; side < 3; side++)
		for (size_t i = 0; i < all[side]->nruns; i++)
		{
			uint32_t	field = all[side]->runs[i].field;

			CHECK(has(&merge.overlap, field) ==
				  (!same(base, ours, field) && !same(base, theirs, field)));
		}
	if (bytes == NULL)
		return;

	/* the result parses, and each field is what the side has that changed it */
	CHECK(azr_message_parse(&merged, bytes, merge.size, &host));
	check_runs(&merged);
	for (int side = 0; side < 3; side++)
		for (size_t i = 0; i < all[side]->nruns; i++)
		{
			uint32_t	field = all[side]->runs[i].field;

			CHECK(same(&merged, same(base, ours, field) ? theirs : ours, field));
		}
	for (size_t i = 0; i < merged.nruns; i++)
		CHECK(!same(&merged, base, merged.runs[i].field) ||
			  (same(base, ours, merged.runs[i].field) &&
			   same(base, theirs, merged.runs[i].field)));
	if (merge.ours_changed && merge.theirs_changed)
		CHECK(merge.size == swapped.size && memcmp(bytes, other_way, merge.size) == 0);

	/* merging with an unchanged side gives the other, as it stands */
	if (!merge.theirs_changed)
		CHECK(merge.size == ours->size && memcmp(bytes, ours->bytes, ours->size) == 0);
	else if (!merge.ours_changed)
		CHECK(merge.size == theirs->size && memcmp(bytes, theirs->bytes, theirs->size) == 0);
}

static void
check_varint(const uint8_t *bytes, size_t size)
{
	uint64_t	value = 0;
	uint8_t		record[2 * AZR_WIRE_MAX_VARINT];
	size_t		tag_size;
	size_t		record_size;
	uint32_t	field = 1;

	memcpy(&value, bytes, size < sizeof(value) ? size : sizeof(value));
	field = (uint32_t) (value % ((1 << 29) - 1)) + 1;
	tag_size = azr_wire_put_tag(record, field, AZR_WIRE_VARINT);
	record_size = tag_size + azr_wire_put_varint(record + tag_size, value);
	field = 0;
	CHECK(azr_wire_skip_record(record, record + record_size, &field) == record + record_size);
	CHECK(field == value % ((1 << 29) - 1) + 1);
	CHECK(azr_wire_skip_record(record, record + record_size - 1, &field) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AzrMessage	messages[3] = {{0}};
	bool		parses = true;

	if (size < 4)
		return 0;
	check_varint(data, size);
	for (int i = 0; i < 3; i++)
	{
		size_t		wanted = i < 2 ? data[2 * i] + 256U * data[2 * i + 1] : size;
		size_t		start = i == 0 ? 4
			: (size_t) (messages[i - 1].bytes - data) + messages[i - 1].size;
		size_t		length = wanted < size - start ? wanted : size - start;

		messages[i].bytes = data + start;
		messages[i].size = length;
	}
	for (int i = 0; i < 3; i++)
	{
		const uint8_t *bytes = copy(messages[i].bytes, messages[i].size);

		bool		is_message = azr_message_parse(&messages[i], bytes, messages[i].size, &host);

		CHECK(is_message == (read_message(bytes, bytes + messages[i].size, 0, 0) != NULL));
		parses = parses && is_message;
		if (is_message)
		{
			check_runs(&messages[i]);
			check_changes(&messages[i], &messages[i]);
		}
	}
	if (parses)
	{
		check_changes(&messages[0], &messages[1]);
		check_changes(&messages[1], &messages[2]);
		check_merge(&messages[0], &messages[1], &messages[2]);
		check_merge(&messages[0], &messages[1], &messages[0]);
		check_merge(&messages[1], &messages[1], &messages[2]);
	}
	while (nchunks > 0)
		free(chunks[--nchunks]);
	return 0;
}
