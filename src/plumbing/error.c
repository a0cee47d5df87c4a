/*-------------------------------------------------------------------------
 *
 * error.c
 *	  Errors that are raised in many places.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "plumbing/error.h"

/*
 * Raise 40001: the transaction must stick to its PostgreSQL snapshot, which does not show
 * what others have changed since.  'fmt' and its arguments say what has changed.
 */
void
azr_serialization_failure(const char *fmt,...)
{
	StringInfoData what;

	initStringInfo(&what);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&what, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&what, needed);
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access: %s", what.data),
			 errhint("Run the whole transaction again.")));
}
