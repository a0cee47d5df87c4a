/*-------------------------------------------------------------------------
 *
 * json_object.c
 *	  Comparing and merging JSON objects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "merge/json_object.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/json.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* Sees one pair of an object. */
typedef void (*PairCallback) (const JsonbValue *key, JsonbValue *value, void *arg);

/* Keys that are being gathered, by comparing with another object. */
typedef struct Comparison
{
	const Jsonb *other;
	AzrKeys    *changes;
} Comparison;

/* An object that is being made of some pairs of another. */
typedef struct Assembly
{
	const AzrKeys *ours_changes;
	bool		takes_changes;	/* those pairs, or the others? */
	AzrJsonbState state;
} Assembly;

static void each_pair(const Jsonb *document, PairCallback callback, void *arg);
static JsonbValue *value_of(const Jsonb *document, const JsonbValue *key, JsonbValue *value);
static bool same_value(const JsonbValue *a, const JsonbValue *b);
static void compare_pair(const JsonbValue *key, JsonbValue *value, void *arg);
static void find_new_pair(const JsonbValue *key, JsonbValue *value, void *arg);
static void take_pair(const JsonbValue *key, JsonbValue *value, void *arg);
static void add_key(AzrKeys *keys, const JsonbValue *key);
static int	compare_keys(const void *a, const void *b);
static int	sort_keys(const void *a, const void *b, void *arg);
static bool has_key(const AzrKeys *keys, const char *key);

/*
 * Parse a state.  A state without bytes is the empty object.  Returns NULL if it is not a
 * JSON object that jsonb can hold.
 */
Jsonb *
azr_document_parse(const bytea *stored)
{
	Jsonb	   *document;

	if (VARSIZE_ANY_EXHDR(stored) == 0)
	{
		AzrJsonbState state = {0};

		azr_push_jsonb(&state, WJB_BEGIN_OBJECT, NULL);
		azr_push_jsonb(&state, WJB_END_OBJECT, NULL);
		return JsonbValueToJsonb(state.result);
	}
	document = azr_json_from_utf8(stored);
	return document != NULL && JB_ROOT_IS_OBJECT(document) ? document : NULL;
}

/*
 * The keys in which two objects differ.
 */
AzrKeys
azr_document_changes(const Jsonb *before, const Jsonb *after)
{
	AzrKeys		changes = {0, NULL};
	Comparison	with_after = {after, &changes};
	Comparison	with_before = {before, &changes};

	changes.keys = palloc((JB_ROOT_COUNT(before) + JB_ROOT_COUNT(after)) * sizeof(char *));
	each_pair(before, compare_pair, &with_after);
	each_pair(after, find_new_pair, &with_before);
	qsort_interruptible(changes.keys, changes.count, sizeof(char *), sort_keys, NULL);
	return changes;
}

/*
 * The keys that are in both lists.
 */
AzrKeys
azr_keys_overlap(const AzrKeys *a, const AzrKeys *b)
{
	AzrKeys		overlap = {0, NULL};

	overlap.keys = palloc(a->count * sizeof(char *));
	for (int i = 0; i < a->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (has_key(b, a->keys[i]))
			overlap.keys[overlap.count++] = a->keys[i];
	}
	return overlap;
}

/*
 * What 'theirs' becomes with our changes.  There is no key that both sides have changed, so
 * the base is not needed: what we did not change is as they have it.
 */
Jsonb *
azr_document_merge(const Jsonb *ours, const AzrKeys *ours_changes, const Jsonb *theirs)
{
	Assembly	assembly = {ours_changes, false, {0}};

	azr_push_jsonb(&assembly.state, WJB_BEGIN_OBJECT, NULL);
	each_pair(theirs, take_pair, &assembly);
	assembly.takes_changes = true;
	each_pair(ours, take_pair, &assembly);
	azr_push_jsonb(&assembly.state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(assembly.state.result);
}

static void
each_pair(const Jsonb *document, PairCallback callback, void *arg)
{
	JsonbIterator *it = JsonbIteratorInit(unconstify(JsonbContainer *, &document->root));
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&it, &key, true);	/* WJB_BEGIN_OBJECT */
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		CHECK_FOR_INTERRUPTS();
		(void) JsonbIteratorNext(&it, &value, true);	/* WJB_VALUE */
		callback(&key, &value, arg);
	}
}

/*
 * The value of a key, or NULL.
 */
static JsonbValue *
value_of(const Jsonb *document, const JsonbValue *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &document->root),
										key->val.string.val, key->val.string.len, value);
}

/*
 * Are two values equal by the rules of jsonb?
 */
static bool
same_value(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case jbvNull:
			return true;
		case jbvBool:
			return a->val.boolean == b->val.boolean;
		case jbvNumeric:
			return DatumGetBool(DirectFunctionCall2(numeric_eq,
													NumericGetDatum(a->val.numeric),
													NumericGetDatum(b->val.numeric)));
		case jbvString:
			return a->val.string.len == b->val.string.len &&
				memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0;
		case jbvBinary:
			return compareJsonbContainers(a->val.binary.data, b->val.binary.data) == 0;
		default:
			elog(ERROR, "unexpected type %d of a value in jsonb", (int) a->type);
	}
}

static void
compare_pair(const JsonbValue *key, JsonbValue *value, void *arg)
{
	Comparison *comparison = (Comparison *) arg;
	JsonbValue	buffer;
	JsonbValue *other = value_of(comparison->other, key, &buffer);

	if (other == NULL || !same_value(value, other))
		add_key(comparison->changes, key);
}

static void
find_new_pair(const JsonbValue *key, JsonbValue *value, void *arg)
{
	Comparison *comparison = (Comparison *) arg;
	JsonbValue	buffer;

	if (value_of(comparison->other, key, &buffer) == NULL)
		add_key(comparison->changes, key);
}

static void
take_pair(const JsonbValue *key, JsonbValue *value, void *arg)
{
	Assembly   *assembly = (Assembly *) arg;
	char	   *name = pnstrdup(key->val.string.val, key->val.string.len);
	JsonbValue	key_value = *key;

	if (has_key(assembly->ours_changes, name) == assembly->takes_changes)
	{
		azr_push_jsonb(&assembly->state, WJB_KEY, &key_value);
		azr_push_jsonb(&assembly->state, WJB_VALUE, value);
	}
	pfree(name);
}

static void
add_key(AzrKeys *keys, const JsonbValue *key)
{
	keys->keys[keys->count++] = pnstrdup(key->val.string.val, key->val.string.len);
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * compare_keys() for a sort that can be cancelled.
 */
static int
sort_keys(const void *a, const void *b, void *arg)
{
	return compare_keys(a, b);
}

static bool
has_key(const AzrKeys *keys, const char *key)
{
	return bsearch(&key, keys->keys, keys->count, sizeof(char *), compare_keys) != NULL;
}
