/*-------------------------------------------------------------------------
 *
 * args.c
 *	  Reading and checking the arguments of SQL-callable functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static void check_name(const text *name, const char *argname);
static int	find_control_character(const char *str, int len);

/*
 * A name: required.
 */
text *
azr_arg_name(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *name;

	azr_arg_check_not_null(fcinfo, argno, argname);
	name = PG_GETARG_TEXT_PP(argno);
	check_name(name, argname);
	return name;
}

/*
 * A name, or NULL if there is none, which an empty string also means.
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
	azr_arg_check_not_null(fcinfo, argno, argname);
	return PG_GETARG_TEXT_PP(argno);
}

/*
 * Any bytea but NULL.  It may be toasted.
 */
bytea *
azr_arg_bytea(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
	return (bytea *) PG_GETARG_POINTER(argno);
}

pg_uuid_t *
azr_arg_uuid(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
	return PG_GETARG_UUID_P(argno);
}

Interval *
azr_arg_interval(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
	return PG_GETARG_INTERVAL_P(argno);
}

bool
azr_arg_bool(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
	return PG_GETARG_BOOL(argno);
}

int32
azr_arg_int(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
	return PG_GETARG_INT32(argno);
}

/*
 * A sequence or a number of rows: required, 0 or more.
 */
int64
azr_arg_count(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	azr_arg_check_not_null(fcinfo, argno, argname);
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
				 errmsg("argument \"%s\" must not be negative, but is %lld",
						argname, (long long) result.value)));
	return result;
}

/*
 * One of the words in 'choices', an array that ends with NULL: required.  Returns its
 * place.
 */
int
azr_arg_choice(FunctionCallInfo fcinfo, int argno, const char *argname,
			   const char *const *choices)
{
	char	   *value = text_to_cstring(azr_arg_text(fcinfo, argno, argname));
	StringInfoData valid;

	for (int i = 0; choices[i] != NULL; i++)
		if (strcmp(value, choices[i]) == 0)
			return i;

	initStringInfo(&valid);
	for (int i = 0; choices[i] != NULL; i++)
		appendStringInfo(&valid, "%s\"%s\"",
						 i == 0 ? "" : choices[i + 1] == NULL ? " and " : ", ", choices[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized %s \"%s\"", argname, value),
			 errhint("Valid values are %s.", valid.data)));
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
				 errmsg("argument \"%s\" must be an array of one dimension, but has %d",
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
				 errmsg("argument \"%s\" must not be null", argname),
				 errhint("For none, give an empty array.")));
	azr_arg_check_no_nulls(&result, argname);
	return result;
}

/*
 * An array has no NULL elements.
 */
void
azr_arg_check_no_nulls(const AzrArrayArg *array, const char *argname)
{
	for (int i = 0; i < array->count; i++)
		if (array->nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of argument \"%s\" must not be null", i + 1,
							argname)));
}

/*
 * Raise 25006 if the transaction is read-only, as on a standby, and 25000 in a parallel
 * worker.
 */
void
azr_check_can_write(FunctionCallInfo fcinfo)
{
	char	   *function;

	if (!XactReadOnly && !IsInParallelMode())
		return;
	function = psprintf("%s()", get_func_name(fcinfo->flinfo->fn_oid));
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

/*
 * Check that a text has from 1 to 'most' bytes.  'element' is its place in an array, from 1,
 * or 0 when it stands alone.
 */
void
azr_check_length(const text *value, int most, const char *argname, int element)
{
	int			len = VARSIZE_ANY_EXHDR(value);
	char	   *place;

	if (len >= 1 && len <= most)
		return;
	place = psprintf("argument \"%s\"", argname);
	if (element > 0)
		place = psprintf("element %d of %s", element, place);
	if (len < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", place)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is too long", place),
			 errdetail("It has %d bytes, and the limit is %d bytes.", len, most)));
}

/*
 * For arguments that have no function of their own here.
 */
void
azr_arg_check_not_null(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", argname)));
}

static void
check_name(const text *name, const char *argname)
{
	int			control;

	azr_check_length(name, AZR_MAX_NAME_BYTES, argname, 0);
	control = find_control_character(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (control >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not contain control characters", argname),
				 errdetail("There is one at byte %d.", control + 1)));
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
