/*-------------------------------------------------------------------------
 *
 * json.c
 *	  JSON that clients store as bytes, which is UTF-8 text, and JSON that is being built.
 *
 * A client may have stored anything.  So the test whether it is JSON must say no
 * rather than raise an error: jsonb_in() is called with text that it cannot refuse.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "plumbing/compat.h"
#include "plumbing/json.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/*
 * Deeper JSON than this is not read.  The parser recurses, and would
 * raise an error at some depth that depends on max_stack_depth.
 */
#define MAX_JSON_DEPTH		512

/* How many digits numeric_in() accepts at least, before and after the point. */
#define MAX_INTEGER_DIGITS	131072
#define MAX_FRACTION_DIGITS	16383

/*
 * What jsonb needs at most for a value, beside the bytes of its text: an entry in the
 * container, the header of a numeric, and alignment.
 */
#define VALUE_OVERHEAD		16

/* The parser gathers pairs in an array that doubles, up to 1 GB. */
#define MAX_VALUES			(1 << 23)

static void push_value(AzrJsonbState *json, const char *key, JsonbValue *value);
static uint64 begin_size(JsonbIteratorToken token, const JsonbValue *container);
static uint64 string_size(const char *str, int len, bool in_copy);
static char *utf8_to_server(const char *utf8, int len);
static bool is_within_limits(const char *json);
static bool is_safe_escape(const char *hex);
static const char *skip_number(const char *p, bool *within_limits);

/*
 * The JSON that is stored as UTF-8 text, or NULL if it is not JSON that jsonb can
 * hold.  'stored' is not toasted.
 */
Jsonb *
azr_json_from_utf8(const bytea *stored)
{
	JsonLexContext *lexer;
	char	   *json;

	if (VARSIZE_ANY_EXHDR(stored) > JENTRY_OFFLENMASK)
		return NULL;
	json = utf8_to_server(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored));
	if (json == NULL || !is_within_limits(json))
		return NULL;
	lexer = azr_make_json_lexer(json, strlen(json), GetDatabaseEncoding());
	if (pg_parse_json(lexer, &nullSemAction) != JSON_SUCCESS)
		return NULL;
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

/*
 * The UTF-8 bytes of a value's JSON text.
 */
bytea *
azr_json_to_utf8(Jsonb *json)
{
	char	   *server = JsonbToCString(NULL, &json->root, VARSIZE(json));
	int			len = strlen(server);
	char	   *utf8 = pg_server_to_any(server, len, PG_UTF8);

	if (utf8 != server)
		len = strlen(utf8);
	return (bytea *) cstring_to_text_with_len(utf8, len);
}

/*
 * How many bytes jsonb_out() would write for a value, without writing them.  With
 * 'in_copy', how many COPY would write, which doubles backslashes.  Stops once it has
 * counted more than 'enough', and returns that count.
 */
uint64
azr_json_text_size(Jsonb *json, bool in_copy, uint64 enough)
{
	uint64		size = 0;
	JsonbValue	v;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "azr number",
												  ALLOCSET_DEFAULT_SIZES);
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token = JsonbIteratorNext(&it, &v, false);
	bool		is_scalar = JB_ROOT_IS_SCALAR(json);

	size += begin_size(token, &v);
	while (size <= enough && (token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
			continue;
		/* a comma or a colon, with a space */
		if (!is_scalar)
			size += 2;
		if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
		{
			size += begin_size(token, &v);
			continue;
		}
		switch (v.type)
		{
			case jbvNull:
				size += 4;
				break;
			case jbvBool:
				size += v.val.boolean ? 4 : 5;
				break;
			case jbvString:
				size += string_size(v.val.string.val, v.val.string.len, in_copy);
				break;
			case jbvNumeric:
				{
					MemoryContext caller = MemoryContextSwitchTo(scratch);
					Datum		number = NumericGetDatum(v.val.numeric);

					size += strlen(DatumGetCString(DirectFunctionCall1(numeric_out, number)));
					MemoryContextSwitchTo(caller);
					MemoryContextReset(scratch);
					break;
				}
			default:
				elog(ERROR, "unexpected type %d of a value in jsonb", (int) v.type);
		}
	}
	MemoryContextDelete(scratch);
	return size;
}

/*
 * Begin a pair.  The caller then pushes its value.
 */
void
azr_json_push_key(AzrJsonbState *json, const char *key)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, key);
	v.val.string.len = strlen(key);
	azr_push_jsonb(json, WJB_KEY, &v);
}

void
azr_json_push_string(AzrJsonbState *json, const char *key, const char *value)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, value);
	v.val.string.len = strlen(value);
	push_value(json, key, &v);
}

void
azr_json_push_text(AzrJsonbState *json, const char *key, const text *value)
{
	azr_json_push_string(json, key, text_to_cstring(value));
}

void
azr_json_push_bool(AzrJsonbState *json, const char *key, bool value)
{
	JsonbValue	v;

	v.type = jbvBool;
	v.val.boolean = value;
	push_value(json, key, &v);
}

void
azr_json_push_int64(AzrJsonbState *json, const char *key, int64 value)
{
	JsonbValue	v;

	v.type = jbvNumeric;
	v.val.numeric = int64_to_numeric(value);
	push_value(json, key, &v);
}

void
azr_json_push_uuid(AzrJsonbState *json, const char *key, const pg_uuid_t *value)
{
	azr_json_push_string(json, key,
						 DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(value))));
}

void
azr_json_push_jsonb(AzrJsonbState *json, const char *key, Jsonb *value)
{
	JsonbValue	v;

	if (JB_ROOT_IS_SCALAR(value))
		(void) JsonbExtractScalar(&value->root, &v);
	else
	{
		v.type = jbvBinary;
		v.val.binary.data = &value->root;
		v.val.binary.len = VARSIZE(value) - VARHDRSZ;
	}
	push_value(json, key, &v);
}

static void
push_value(AzrJsonbState *json, const char *key, JsonbValue *value)
{
	azr_json_push_key(json, key);
	azr_push_jsonb(json, WJB_VALUE, value);
}

/*
 * How many bytes the brackets of a container add to the size.  Each element is counted with
 * a comma and a space, also the last one, which has none: these two bytes stand for the
 * brackets.  So only an empty container adds something.
 */
static uint64
begin_size(JsonbIteratorToken token, const JsonbValue *container)
{
	int			count = token == WJB_BEGIN_ARRAY
		? container->val.array.nElems : container->val.object.nPairs;

	return count == 0 ? 2 : 0;
}

/*
 * The size of a string as escape_json() writes it, with its quotes.
 */
static uint64
string_size(const char *str, int len, bool in_copy)
{
	uint64		size = 2;

	for (int i = 0; i < len; i++)
	{
		switch (str[i])
		{
			case '\b':
			case '\f':
			case '\n':
			case '\r':
			case '\t':
			case '"':
				size += in_copy ? 3 : 2;
				break;
			case '\\':
				size += in_copy ? 4 : 2;
				break;
			default:
				size += (unsigned char) str[i] >= ' ' ? 1 : in_copy ? 7 : 6;
		}
	}
	return size;
}

/*
 * A string in the database's encoding, or NULL if the bytes are not UTF-8, hold
 * a zero byte, or have a character that the encoding lacks.
 */
static char *
utf8_to_server(const char *utf8, int len)
{
	int			encoding = GetDatabaseEncoding();
	char	   *result;
	Oid			proc;
	int			size;

	if (!pg_verify_mbstr(PG_UTF8, utf8, len, true))
		return NULL;
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return pnstrdup(utf8, len);

	proc = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(proc) || len > MaxAllocSize / MAX_CONVERSION_GROWTH - 1)
		return NULL;
	size = len * MAX_CONVERSION_GROWTH + 1;
	result = palloc(size);
	if (pg_do_encoding_conversion_buf(proc, PG_UTF8, encoding,
									  (unsigned char *) pnstrdup(utf8, len), len,
									  (unsigned char *) result, size, true) != len)
		return NULL;
	return result;
}

/*
 * Does jsonb accept the size, the depth, the numbers and the escapes of this JSON?  The
 * answer for text that is not JSON does not matter.
 */
static bool
is_within_limits(const char *json)
{
	int			depth = 0;
	int64		values = 0;
	bool		within_limits = true;
	const char *p = json;

	while (*p != '\0' && within_limits)
	{
		CHECK_FOR_INTERRUPTS();
		if (*p == '"')
		{
			for (p++; *p != '\0' && *p != '"' && within_limits; p++)
				if (*p == '\\' && p[1] != '\0')
				{
					p++;
					within_limits = *p != 'u' || is_safe_escape(p + 1);
				}
			if (*p == '"')
				p++;
		}
		else if (*p >= '0' && *p <= '9')
			p = skip_number(p, &within_limits);
		else
		{
			if (*p == '{' || *p == '[')
				within_limits = ++depth <= MAX_JSON_DEPTH;
			else if (*p == '}' || *p == ']')
				depth--;
			if (*p == '{' || *p == '[' || *p == ':' || *p == ',')
				values++;
			p++;
		}
	}
	return within_limits && values <= MAX_VALUES &&
		(p - json) + values * VALUE_OVERHEAD <= JENTRY_OFFLENMASK;
}

/*
 * Does the parser decide about \\uXXXX, given from XXXX on, without raising an error?
 * Before version 16, it raises one for a character that the database's encoding lacks, so
 * only ASCII is safe there.
 */
static bool
is_safe_escape(const char *hex)
{
#if PG_VERSION_NUM < 160000
	if (GetDatabaseEncoding() != PG_UTF8)
		return hex[0] == '0' && hex[1] == '0' && hex[2] >= '0' && hex[2] <= '7';
#endif
	return true;
}

/*
 * Skip a number without its sign, and say whether numeric can hold it.
 */
static const char *
skip_number(const char *p, bool *within_limits)
{
	int64		integer = 0;
	int64		fraction = 0;
	int64		exponent = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		integer++;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++)
			fraction++;
	if (*p == 'e' || *p == 'E')
	{
		bool		negative = p[1] == '-';

		p++;
		if (*p == '-' || *p == '+')
			p++;
		for (; *p >= '0' && *p <= '9'; p++)
			if (exponent <= MAX_INTEGER_DIGITS)
				exponent = exponent * 10 + (*p - '0');
		if (negative)
			exponent = -exponent;
	}
	*within_limits = integer + exponent <= MAX_INTEGER_DIGITS &&
		fraction - exponent <= MAX_FRACTION_DIGITS;
	return p;
}
