/*-------------------------------------------------------------------------
 *
 * query.h
 *	  SQL on the extension's own tables, run as their owner.
 *
 * For everything that is not a hot path.  The caller of a function needs no right on the
 * tables: the right to execute the function is what is checked.  The SQL runs as the
 * tables' owner, with a search_path that has only PostgreSQL's own objects, and so do
 * triggers.  SQL here names no object that the owner could replace, such as a view.
 *
 * In the text of a query, every "%s" stands for the extension's schema, quoted.
 *
 * A backend keeps the plans of its queries, as if each were a prepared statement, and one
 * plan serves all values of the arguments.  A query sets plan_anew if its best plan depends
 * on the values.  azr_query_exact() keeps none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_QUERY_H
#define AZR_QUERY_H

#include "fmgr.h"
#include "plumbing/compat.h"

#define AZR_MAX_QUERY_ARGS	17

/* Arguments $1, $2, ... of a query. */
typedef struct AzrQueryArgs
{
	int			count;
	bool		plan_anew;		/* for this execution; keep no plan */
	Oid			types[AZR_MAX_QUERY_ARGS];
	Datum		values[AZR_MAX_QUERY_ARGS];
	bool		nulls[AZR_MAX_QUERY_ARGS];
} AzrQueryArgs;

/* The first column of the last row that a statement returned. */
typedef struct AzrQueryValue
{
	bool		found;			/* and not NULL */
	Datum		value;			/* of a type that is passed by value */
} AzrQueryValue;

/*
 * Looks at one row that a statement returned, in the caller's memory context.  The
 * values go when the statement has ended.
 */
typedef void (*AzrRowCallback) (uint64 row, const Datum *values,
								const bool *nulls, void *arg);

extern void azr_query_arg(AzrQueryArgs *args, Oid type, Datum value, bool isnull);
extern void azr_check_row(const bool *nulls, int count);
extern void azr_query_note(uint64 row, const Datum *values, const bool *nulls, void *arg);
extern Datum azr_query_return_set(FunctionCallInfo fcinfo, const char *sql,
								  const AzrQueryArgs *args);
extern void azr_query_read(const char *sql, const AzrQueryArgs *args,
						   AzrRowCallback callback, void *arg);
extern void azr_query_each(const char *sql, const AzrQueryArgs *args,
						   AzrRowCallback callback, void *arg);
extern void azr_query_latest(const char *sql, const AzrQueryArgs *args,
							 AzrRowCallback callback, void *arg);
extern uint64 azr_query_modify(const char *sql, const AzrQueryArgs *args,
							   AzrRowCallback callback, void *arg);
extern void azr_query_must_change(const char *table, uint64 rows, const char *sql,
								  const AzrQueryArgs *args);
pg_noreturn extern void azr_query_row_dropped(const char *table);
extern uint64 azr_query_exact(const char *sql, const AzrQueryArgs *args, bool read_only,
							  AzrRowCallback callback, void *arg);
extern void azr_query_utility(const char *command);

#endif							/* AZR_QUERY_H */
