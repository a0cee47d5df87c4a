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

/* Longest domain, edition, handler, correlation, external or cascade id. */
#define AZR_MAX_NAME_BYTES	255

/* Longest event or state type. */
#define AZR_MAX_TYPE_BYTES	1024

/* The name of the main timeline. */
#define AZR_MAIN_EDITION	"angzarr"

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
extern text *azr_arg_edition(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_id(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_text(FunctionCallInfo fcinfo, int argno, const char *argname);
extern text *azr_arg_type(FunctionCallInfo fcinfo, int argno, const char *argname);
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

extern void azr_check_can_write(FunctionCallInfo fcinfo);
extern bool azr_edition_is_main(const text *edition);
extern void azr_check_type(const char *argname, int element, const text *type);
extern void azr_check_created_at(int element, TimestampTz created_at);

#endif							/* AZR_ARGS_H */
