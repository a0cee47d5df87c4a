/*-------------------------------------------------------------------------
 *
 * args.h
 *	  Reading and checking the arguments of SQL-callable functions.
 *
 * Each azr_arg_... function takes the argument's position and its SQL name, and raises
 * 22004 for a NULL where there must be a value, 22023 for a bad value, and 2202E for an
 * array of the wrong shape.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ARGS_H
#define AZR_ARGS_H

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* The longest name or id. */
#define AZR_MAX_NAME_BYTES	255

/* A bigint that may be absent. */
typedef struct AzrOptionalInt64
{
	bool		given;
	int64		value;
} AzrOptionalInt64;

/* An array's elements, where the array itself was not NULL. */
typedef struct AzrArrayArg
{
	bool		given;
	int			count;
	Datum	   *elems;
	bool	   *nulls;
} AzrArrayArg;

extern void azr_arg_check_not_null(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_name(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_id(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_text(FunctionCallInfo fcinfo, int argno, const char *argname);
extern bytea *azr_arg_bytea(FunctionCallInfo fcinfo, int argno, const char *argname);
extern pg_uuid_t *azr_arg_uuid(FunctionCallInfo fcinfo, int argno, const char *argname);
extern Interval *azr_arg_interval(FunctionCallInfo fcinfo, int argno, const char *argname);
extern bool azr_arg_bool(FunctionCallInfo fcinfo, int argno, const char *argname);
extern int32 azr_arg_int(FunctionCallInfo fcinfo, int argno, const char *argname);
extern int64 azr_arg_count(FunctionCallInfo fcinfo, int argno, const char *argname);
extern AzrOptionalInt64 azr_arg_optional_count(FunctionCallInfo fcinfo, int argno,
											   const char *argname);
extern int	azr_arg_choice(FunctionCallInfo fcinfo, int argno, const char *argname,
						   const char *const *choices);
extern AzrArrayArg azr_arg_array(FunctionCallInfo fcinfo, int argno,
								 const char *argname, Oid elemtype);
extern AzrArrayArg azr_arg_full_array(FunctionCallInfo fcinfo, int argno,
									  const char *argname, Oid elemtype);

extern void azr_arg_check_no_nulls(const AzrArrayArg *array, const char *argname);

extern void azr_check_can_write(FunctionCallInfo fcinfo);
extern void azr_check_length(const text *value, int most, const char *argname, int element);

#endif							/* AZR_ARGS_H */
