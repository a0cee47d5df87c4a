/*-------------------------------------------------------------------------
 *
 * protobuf.c
 *	  Comparing and merging Protocol Buffers messages.
 *
 * See protobuf.h for what that means.
 *
 *-------------------------------------------------------------------------
 */
#include "merge/protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "plumbing/wire.h"

/* The most messages that are walked through together. */
#define MAX_SIDES	3

/* Records or fields between two polls. */
#define POLL_INTERVAL	(1 << 16)

/* The value of one field in one message: its runs, if it has any. */
typedef struct FieldValue
{
	const AzrMessage *message;
	size_t		first;			/* in the message's runs */
	size_t		end;			/* after the last one */
	size_t		size;
} FieldValue;

/* A walk through the fields of some messages, by number. */
typedef struct FieldWalk
{
	const AzrMessageHost *host;
	size_t		nfields;		/* so far */
	int			nsides;
	const AzrMessage *sides[MAX_SIDES];
	size_t		next[MAX_SIDES];	/* run to look at */
	uint32_t	field;
	FieldValue	values[MAX_SIDES];
} FieldWalk;

static bool cut(const uint8_t *bytes, size_t size, AzrRun *runs, size_t *nruns, bool *sorted,
				const AzrMessageHost *host);
static int	compare_runs(const void *a, const void *b);
static void walk_begin(FieldWalk *walk, int nsides, const AzrMessage *const *sides,
					   const AzrMessageHost *host);
static bool walk_next(FieldWalk *walk);
static bool same_value(const FieldValue *a, const FieldValue *b);
static uint8_t *write_bytes(uint8_t *to, const uint8_t *bytes, size_t size);

/* Places of the sides of a merge. */
enum
{
	BASE,
	OURS,
	THEIRS
};

/*
 * Parse a message.  Returns false if the bytes are not a message, or beyond the limits.
 */
bool
azr_message_parse(AzrMessage *message, const uint8_t *bytes, size_t size,
				  const AzrMessageHost *host)
{
	bool		sorted;

	message->bytes = bytes;
	message->size = size;
	message->runs = NULL;
	if (size > AZR_MESSAGE_MAX_SIZE ||
		!cut(bytes, size, NULL, &message->nruns, &sorted, host) ||
		message->nruns > AZR_MESSAGE_MAX_RUNS)
		return false;

	message->runs = host->allocate(message->nruns * sizeof(AzrRun));
	(void) cut(bytes, size, message->runs, &message->nruns, &sorted, host);
	if (!sorted)
		qsort(message->runs, message->nruns, sizeof(AzrRun), compare_runs);
	return true;
}

/*
 * The fields in which two messages differ.
 */
AzrFieldNumbers
azr_message_changes(const AzrMessage *before, const AzrMessage *after,
					const AzrMessageHost *host)
{
	const AzrMessage *const sides[] = {before, after};
	AzrFieldNumbers changes = {NULL, 0};
	FieldWalk	walk;

	changes.numbers = host->allocate((before->nruns + after->nruns) * sizeof(uint32_t));
	walk_begin(&walk, 2, sides, host);
	while (walk_next(&walk))
		if (!same_value(&walk.values[0], &walk.values[1]))
			changes.numbers[changes.count++] = walk.field;
	return changes;
}

/*
 * Compare what two sides have made of a base.  Without an overlap, the result is
 * what azr_message_write_merged() needs.
 */
AzrMessageMerge
azr_message_compare(const AzrMessage *base, const AzrMessage *ours,
					const AzrMessage *theirs, const AzrMessageHost *host)
{
	const AzrMessage *const sides[] = {
		[BASE] = base,
		[OURS] = ours,
		[THEIRS] = theirs
	};
	AzrMessageMerge merge = {
		.base = base,
		.ours = ours,
		.theirs = theirs
	};
	size_t		most = base->nruns + (ours->nruns < theirs->nruns ? ours->nruns : theirs->nruns);
	FieldWalk	walk;

	/* a field that both have changed was in the base, or is in both now */
	merge.overlap.numbers = host->allocate(most * sizeof(uint32_t));

	walk_begin(&walk, MAX_SIDES, sides, host);
	while (walk_next(&walk))
	{
		bool		ours_changed = !same_value(&walk.values[BASE], &walk.values[OURS]);
		bool		theirs_changed = !same_value(&walk.values[BASE], &walk.values[THEIRS]);

		merge.ours_changed |= ours_changed;
		merge.theirs_changed |= theirs_changed;
		if (ours_changed && theirs_changed)
			merge.overlap.numbers[merge.overlap.count++] = walk.field;
		merge.size += walk.values[ours_changed ? OURS : THEIRS].size;
	}

	if (merge.overlap.count > 0)
		merge.size = 0;
	else if (!merge.theirs_changed)
		merge.size = ours->size;
	else if (!merge.ours_changed)
		merge.size = theirs->size;
	return merge;
}

/*
 * Write the merged message, merge->size bytes.  If one side has changed nothing, it is the
 * other one as it stands.  Otherwise its fields are in the order of their numbers, as
 * writers write them, so that the two sides can change places.
 */
void
azr_message_write_merged(const AzrMessageMerge *merge, uint8_t *to,
						 const AzrMessageHost *host)
{
	const AzrMessage *const sides[] = {
		[BASE] = merge->base,
		[OURS] = merge->ours,
		[THEIRS] = merge->theirs
	};
	FieldWalk	walk;

	if (!merge->theirs_changed || !merge->ours_changed)
	{
		const AzrMessage *whole = merge->theirs_changed ? merge->theirs : merge->ours;

		(void) write_bytes(to, whole->bytes, whole->size);
		return;
	}

	walk_begin(&walk, MAX_SIDES, sides, host);
	while (walk_next(&walk))
	{
		const FieldValue *values = walk.values;
		const FieldValue *value =
			&values[same_value(&values[BASE], &values[OURS]) ? THEIRS : OURS];

		for (size_t i = value->first; i < value->end; i++)
		{
			const AzrRun *run = &value->message->runs[i];

			to = write_bytes(to, value->message->bytes + run->start, run->size);
		}
	}
}

/*
 * Cut a message into runs, or only count them if 'runs' is NULL.  Sets 'sorted' to whether
 * they are in the order of their fields.  Returns false if the bytes are not a message.
 */
static bool
cut(const uint8_t *bytes, size_t size, AzrRun *runs, size_t *nruns, bool *sorted,
	const AzrMessageHost *host)
{
	const uint8_t *end = bytes + size;
	const uint8_t *record = bytes;
	uint32_t	last_field = 0; /* which no record has */
	size_t		nrecords = 0;

	*nruns = 0;
	*sorted = true;
	while (record < end)
	{
		uint32_t	field;
		const uint8_t *next = azr_wire_skip_record(record, end, &field);

		if (next == NULL)
			return false;
		if (++nrecords % POLL_INTERVAL == 0)
			host->poll();
		if (field != last_field)
		{
			if (field < last_field)
				*sorted = false;
			if (runs != NULL)
			{
				runs[*nruns].field = field;
				runs[*nruns].start = (uint32_t) (record - bytes);
				runs[*nruns].size = 0;
			}
			(*nruns)++;
			last_field = field;
		}
		if (runs != NULL)
			runs[*nruns - 1].size += (uint32_t) (next - record);
		record = next;
	}
	return true;
}

static int
compare_runs(const void *a, const void *b)
{
	const AzrRun *x = a;
	const AzrRun *y = b;

	if (x->field != y->field)
		return x->field < y->field ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void
walk_begin(FieldWalk *walk, int nsides, const AzrMessage *const *sides,
		   const AzrMessageHost *host)
{
	walk->host = host;
	walk->nfields = 0;
	walk->nsides = nsides;
	for (int i = 0; i < nsides; i++)
	{
		walk->sides[i] = sides[i];
		walk->next[i] = 0;
	}
}

/*
 * Go to the next field that any of the messages has.
 */
static bool
walk_next(FieldWalk *walk)
{
	bool		found = false;

	if (++walk->nfields % POLL_INTERVAL == 0)
		walk->host->poll();

	for (int i = 0; i < walk->nsides; i++)
		if (walk->next[i] < walk->sides[i]->nruns)
		{
			uint32_t	field = walk->sides[i]->runs[walk->next[i]].field;

			if (!found || field < walk->field)
				walk->field = field;
			found = true;
		}

	for (int i = 0; i < walk->nsides && found; i++)
	{
		const AzrMessage *message = walk->sides[i];
		FieldValue *value = &walk->values[i];

		value->message = message;
		value->first = walk->next[i];
		value->size = 0;
		while (walk->next[i] < message->nruns &&
			   message->runs[walk->next[i]].field == walk->field)
			value->size += message->runs[walk->next[i]++].size;
		value->end = walk->next[i];
	}
	return found;
}

/*
 * Are two values the same bytes?  They may be cut into runs at different places.
 */
static bool
same_value(const FieldValue *a, const FieldValue *b)
{
	size_t		run_a = a->first;
	size_t		run_b = b->first;
	size_t		in_a = 0;		/* how far in these runs */
	size_t		in_b = 0;

	if (a->size != b->size)
		return false;
	while (run_a < a->end)
	{
		const AzrRun *x = &a->message->runs[run_a];
		const AzrRun *y = &b->message->runs[run_b];
		size_t		left_a = x->size - in_a;
		size_t		left_b = y->size - in_b;
		size_t		n = left_a < left_b ? left_a : left_b;

		if (memcmp(a->message->bytes + x->start + in_a,
				   b->message->bytes + y->start + in_b, n) != 0)
			return false;

		in_a = n == left_a ? 0 : in_a + n;
		in_b = n == left_b ? 0 : in_b + n;
		run_a += n == left_a;
		run_b += n == left_b;
	}
	return true;
}

static uint8_t *
write_bytes(uint8_t *to, const uint8_t *bytes, size_t size)
{
	if (size > 0)
		memcpy(to, bytes, size);
	return to + size;
}
