/*-------------------------------------------------------------------------
 *
 * args.c
 *	  Reading and checking the arguments of SQL-callable functions, and returning rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/args.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

static void check_not_null(FunctionCallInfo fcinfo, int argno, const char *argname);
static void check_name(const text *name, const char *argname);
static int	find_control_character(const char *str, int len);

/*
 * A domain, edition or handler: required.
 */
text *
azr_arg_name(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *name;

	check_not_null(fcinfo, argno, argname);
	name = PG_GETARG_TEXT_PP(argno);
	check_name(name, argname);
	return name;
}

/*
 * An edition, where NULL and '' are spellings of the main timeline.
 */
text *
azr_arg_edition(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *edition;

	edition = azr_arg_id(fcinfo, argno, argname);
	return edition ? edition : cstring_to_text(AZR_MAIN_EDITION);
}

/*
 * A correlation, external or cascade id: NULL for none, which is also what an
 * empty string means.
 */
text *
azr_arg_id(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *id;

	if (PG_ARGISNULL(argno))
		return NULL;
	id = PG_GETARG_TEXT_PP(argno);
	if (VARSIZE_ANY_EXHDR(id) == 0)
		return NULL;
	check_name(id, argname);
	return id;
}

/*
 * Any text but NULL.
 */
text *
azr_arg_text(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return PG_GETARG_TEXT_PP(argno);
}

/*
 * The type of an event or a state: required.
 */
text *
azr_arg_type(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *type = azr_arg_text(fcinfo, argno, argname);

	azr_check_type(argname, 0, type);
	return type;
}

/*
 * Any bytea but NULL.  It may be toasted.
 */
bytea *
azr_arg_bytea(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return (bytea *) PG_GETARG_POINTER(argno);
}

pg_uuid_t *
azr_arg_uuid(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return PG_GETARG_UUID_P(argno);
}

Interval *
azr_arg_interval(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return PG_GETARG_INTERVAL_P(argno);
}

bool
azr_arg_bool(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return PG_GETARG_BOOL(argno);
}

int32
azr_arg_int(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return PG_GETARG_INT32(argno);
}

/*
 * A sequence or a number of rows: required, 0 or more.
 */
int64
azr_arg_count(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	check_not_null(fcinfo, argno, argname);
	return azr_arg_optional_count(fcinfo, argno, argname).value;
}

/*
 * A sequence or a number of rows: NULL, or 0 or more.
 */
AzrOptionalInt64
azr_arg_optional_count(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	AzrOptionalInt64 result = {false, 0};

	if (PG_ARGISNULL(argno))
		return result;

	result.given = true;
	result.value = PG_GETARG_INT64(argno);
	if (result.value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, but is %lld",
						argname, (long long) result.value)));
	return result;
}

/*
 * An array of one dimension, with any lower bound.  The elements point into
 * the array, whose memory lives as long as the call's.
 */
AzrArrayArg
azr_arg_array(FunctionCallInfo fcinfo, int argno, const char *argname, Oid elemtype)
{
	AzrArrayArg result = {false, 0, NULL, NULL};
	ArrayType  *array;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (PG_ARGISNULL(argno))
		return result;

	result.given = true;
	array = PG_GETARG_ARRAYTYPE_P(argno);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be an array of one dimension, but has %d",
						argname, ARR_NDIM(array))));

	get_typlenbyvalalign(elemtype, &typlen, &typbyval, &typalign);
	deconstruct_array(array, elemtype, typlen, typbyval, typalign,
					  &result.elems, &result.nulls, &result.count);
	return result;
}

/*
 * The same for an array that must be given, without NULL elements.
 */
AzrArrayArg
azr_arg_full_array(FunctionCallInfo fcinfo, int argno, const char *argname, Oid elemtype)
{
	AzrArrayArg result = azr_arg_array(fcinfo, argno, argname, elemtype);

	if (!result.given)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", argname),
				 errhint("For none, give an empty array.")));
	for (int i = 0; i < result.count; i++)
		if (result.nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s must not be null", i + 1, argname)));
	return result;
}

/*
 * Return a row of the named composite type that the function returns.
 */
Datum
azr_return_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls, int count)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	HeapTuple	tuple;

	if (desc->natts != count)
		elog(ERROR, "unexpected number of columns in the result of function %u",
			 fcinfo->flinfo->fn_oid);
	tuple = heap_form_tuple(desc, unconstify(Datum *, values), unconstify(bool *, nulls));
	ReleaseTupleDesc(desc);
	return HeapTupleGetDatum(tuple);
}

/*
 * Names compare by bytes.
 */
bool
azr_text_is(const text *value, const char *expected)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(expected) &&
		memcmp(VARDATA_ANY(value), expected, strlen(expected)) == 0;
}

bool
azr_same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

text *
azr_copy_text(const text *value, MemoryContext context)
{
	text	   *copy = (text *) MemoryContextAlloc(context, VARSIZE_ANY(value));

	memcpy(copy, value, VARSIZE_ANY(value));
	return copy;
}

bool
azr_edition_is_main(const text *edition)
{
	return azr_text_is(edition, AZR_MAIN_EDITION);
}

/*
 * Check the length of an event or state type.  'element' is its place in an
 * array, from 1, or 0 when it stands alone.
 */
void
azr_check_type(const char *argname, int element, const text *type)
{
	int			len = VARSIZE_ANY_EXHDR(type);

	if (len >= 1 && len <= AZR_MAX_TYPE_BYTES)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 element > 0
			 ? errmsg("element %d of %s has %d bytes", element, argname, len)
			 : errmsg("%s has %d bytes", argname, len),
			 errdetail("A type has 1 to %d bytes.", AZR_MAX_TYPE_BYTES)));
}

/*
 * An event happened at some time: neither infinity will do.  'element' is the
 * event's place in the call, from 1.
 */
void
azr_check_created_at(int element, TimestampTz created_at)
{
	if (TIMESTAMP_NOT_FINITE(created_at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("created_at of event %d must be finite", element)));
}

static void
check_not_null(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", argname)));
}

static void
check_name(const text *name, const char *argname)
{
	int			len = VARSIZE_ANY_EXHDR(name);
	int			control;

	if (len < 1 || len > AZR_MAX_NAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d bytes", argname, len),
				 errdetail("It must have 1 to %d bytes.", AZR_MAX_NAME_BYTES)));

	control = find_control_character(VARDATA_ANY(name), len);
	if (control >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has a control character at byte %d",
						argname, control + 1),
				 errdetail("It must have 1 to %d bytes, none of them a control character.",
						   AZR_MAX_NAME_BYTES)));
}

/*
 * Offset of the first control character of 'str', or -1.  U+0080 to U+009F
 * count too where the encoding says which bytes those are.
 */
static int
find_control_character(const char *str, int len)
{
	bool		utf8 = GetDatabaseEncoding() == PG_UTF8;

	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) str[i];

		if (c < 0x20 || c == 0x7F)
			return i;
		if (utf8 && c == 0xC2 && i + 1 < len && (unsigned char) str[i + 1] < 0xA0)
			return i;
	}
	return -1;
}
