/*-------------------------------------------------------------------------
 *
 * state.c
 *	  Comparing and merging states.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "merge/json_object.h"
#include "merge/protobuf.h"
#include "merge/state.h"
#include "miscadmin.h"
#include "plumbing/json.h"
#include "plumbing/text.h"
#include "utils/json.h"
#include "utils/memutils.h"

#define JSON_STATE_TYPE	"application/json"

/* The most that a value can have, less what a StringInfo needs beyond it. */
#define MAX_STATE_BYTES	(MaxAllocSize - VARHDRSZ - 1)

/* How much an error shows: fields, and bytes of a key. */
#define MAX_FIELDS_SHOWN	20
#define MAX_KEY_SHOWN		100

static AzrFields merge_documents(const bytea *base, const bytea *ours, const bytea *theirs,
								 bytea **merged);
static AzrFields merge_messages(const bytea *base, const bytea *ours, const bytea *theirs,
								bytea **merged);
static void check_merged_size(uint64 size);
static bool parse_message(AzrMessage *message, const bytea *state);
static AzrFields no_state(const char *which, bool json);
static AzrFields from_keys(const AzrKeys *keys);
static AzrFields from_numbers(const AzrFieldNumbers *numbers);
static bytea *copy_of(const bytea *state);
static void *allocate(size_t size);
static void poll(void);

static const AzrMessageHost host = {allocate, poll};

/*
 * The fields in which two states differ, or all of them if one does not parse.
 */
AzrFields
azr_state_changes(const text *state_type, const bytea *before, const bytea *after)
{
	if (azr_text_is(state_type, JSON_STATE_TYPE))
	{
		Jsonb	   *a = azr_document_parse(before);
		Jsonb	   *b = azr_document_parse(after);
		AzrKeys		changes;

		if (a == NULL || b == NULL)
			return no_state(a == NULL ? "before" : "after", true);
		changes = azr_document_changes(a, b);
		return from_keys(&changes);
	}
	else
	{
		AzrMessage	a;
		AzrMessage	b;
		bool		parses = parse_message(&a, before);
		AzrFieldNumbers changes;

		if (!parses || !parse_message(&b, after))
			return no_state(parses ? "after" : "before", false);
		changes = azr_message_changes(&a, &b, &host);
		return from_numbers(&changes);
	}
}

/*
 * Merge what two sides have made of a base.  Returns the fields that both have
 * changed; if there are none, 'merged' is set.
 *
 * Raises 54000 if the result is too large.
 */
AzrFields
azr_state_merge(const text *state_type, const bytea *base, const bytea *ours,
				const bytea *theirs, bytea **merged)
{
	return azr_text_is(state_type, JSON_STATE_TYPE)
		? merge_documents(base, ours, theirs, merged)
		: merge_messages(base, ours, theirs, merged);
}

/*
 * "*": there is no telling which fields differ.
 */
AzrFields
azr_all_fields(const char *because)
{
	AzrFields	fields = {.all_because = because};

	return fields;
}

/*
 * The fields that both sides have changed, as the DETAIL of an error: only the first ones
 * if there are many.
 */
char *
azr_fields_detail(const AzrFields *fields)
{
	int			shown = Min(fields->count, MAX_FIELDS_SHOWN);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "Fields changed by both: ");
	if (fields->all_because != NULL)
		appendStringInfo(&buf, "*. %s", fields->all_because);
	for (int i = 0; i < shown; i++)
	{
		char	   *name = fields->names[i];
		int			size = strlen(name);
		int			clipped = pg_mbcliplen(name, size, MAX_KEY_SHOWN);

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		if (!fields->are_keys)
			appendStringInfoString(&buf, name);
		else if (clipped == size)
			escape_json(&buf, name);
		else
		{
			escape_json(&buf, pnstrdup(name, clipped));
			appendStringInfoString(&buf, "...");
		}
	}
	if (fields->count > shown)
		appendStringInfo(&buf, " and %d more", fields->count - shown);
	if (fields->all_because == NULL)
		appendStringInfoChar(&buf, '.');
	return buf.data;
}

static AzrFields
merge_documents(const bytea *base, const bytea *ours, const bytea *theirs, bytea **merged)
{
	Jsonb	   *b = azr_document_parse(base);
	Jsonb	   *o = azr_document_parse(ours);
	Jsonb	   *t = azr_document_parse(theirs);
	AzrKeys		ours_changes;
	AzrKeys		theirs_changes;
	AzrKeys		overlap;

	if (b == NULL || o == NULL || t == NULL)
		return no_state(b == NULL ? "base" : o == NULL ? "ours" : "theirs", true);

	ours_changes = azr_document_changes(b, o);
	theirs_changes = azr_document_changes(b, t);
	overlap = azr_keys_overlap(&ours_changes, &theirs_changes);
	if (overlap.count > 0)
		return from_keys(&overlap);

	if (theirs_changes.count == 0)
		*merged = copy_of(ours);
	else if (ours_changes.count == 0)
		*merged = copy_of(theirs);
	else
	{
		Jsonb	   *document = azr_document_merge(o, &ours_changes, t);

		if (VARSIZE(document) * (uint64) AZR_JSON_MAX_EXPANSION > MAX_STATE_BYTES)
			check_merged_size(azr_json_text_size(document, false, MAX_STATE_BYTES));
		*merged = azr_json_to_utf8(document);
	}
	return from_keys(&overlap);
}

static AzrFields
merge_messages(const bytea *base, const bytea *ours, const bytea *theirs, bytea **merged)
{
	AzrMessage	b;
	AzrMessage	o;
	AzrMessage	t;
	AzrMessageMerge merge;

	if (!parse_message(&b, base))
		return no_state("base", false);
	if (!parse_message(&o, ours))
		return no_state("ours", false);
	if (!parse_message(&t, theirs))
		return no_state("theirs", false);

	merge = azr_message_compare(&b, &o, &t, &host);
	if (merge.overlap.count == 0)
	{
		check_merged_size(merge.size);
		*merged = palloc(VARHDRSZ + merge.size);
		SET_VARSIZE(*merged, VARHDRSZ + merge.size);
		azr_message_write_merged(&merge, (uint8_t *) VARDATA(*merged), &host);
	}
	return from_numbers(&merge.overlap);
}

/*
 * Refuse a size that no value can have: 54000.  What may be stored is smaller.
 */
static void
check_merged_size(uint64 size)
{
	if (size > MAX_STATE_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("merged state would have %llu bytes", (unsigned long long) size),
				 errdetail("A state has less than 1 GB.")));
}

static bool
parse_message(AzrMessage *message, const bytea *state)
{
	return azr_message_parse(message, (const uint8_t *) VARDATA_ANY(state),
							 VARSIZE_ANY_EXHDR(state), &host);
}

static AzrFields
no_state(const char *which, bool json)
{
	return azr_all_fields(psprintf("State \"%s\" is not a %s.", which,
								   json ? "JSON object" : "Protocol Buffers message"));
}

static AzrFields
from_keys(const AzrKeys *keys)
{
	AzrFields	fields = {
		.count = keys->count,
		.names = keys->keys,
		.are_keys = true
	};

	return fields;
}

static AzrFields
from_numbers(const AzrFieldNumbers *numbers)
{
	AzrFields	fields = {.count = (int) numbers->count};

	fields.names = MemoryContextAllocHuge(CurrentMemoryContext,
										  numbers->count * sizeof(char *));
	for (int i = 0; i < fields.count; i++)
	{
		char		number[12];

		CHECK_FOR_INTERRUPTS();
		snprintf(number, sizeof(number), "%u", numbers->numbers[i]);
		fields.names[i] = pstrdup(number);
	}
	return fields;
}

static bytea *
copy_of(const bytea *state)
{
	bytea	   *copy = palloc(VARSIZE_ANY(state));

	memcpy(copy, state, VARSIZE_ANY(state));
	return copy;
}

/*
 * Memory for protobuf.c, freed with the current memory context.
 */
static void *
allocate(size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

static void
poll(void)
{
	CHECK_FOR_INTERRUPTS();
}
