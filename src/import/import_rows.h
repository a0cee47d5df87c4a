/*-------------------------------------------------------------------------
 *
 * import_rows.h
 *	  The rows that a query gives which a caller has written, as for azr_import.
 *
 * All of them are read before the first one is stored, into a file of the session's own once
 * they are more than work_mem.  A query cannot go on over the end of a transaction, and batches
 * are transactions: PostgreSQL itself keeps a cursor's rows in the same way when the
 * transaction ends that has opened it.  So memory is bounded, the query may run in parallel
 * workers, it is done before anything is written, and how many rows are left is known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_IMPORT_ROWS_H
#define AZR_IMPORT_ROWS_H

#include "executor/tuptable.h"
#include "utils/tuplestore.h"

/* What a query must return. */
typedef struct AzrRowsShape
{
	const char *function;		/* that takes it */
	int			ncolumns;
	const char *const *names;
	const Oid  *types;
	const char *hint;			/* which columns these are */
} AzrRowsShape;

/* The columns of the query of azr_import. */
typedef enum AzrImportColumn
{
	AZR_IMPORT_DOMAIN,
	AZR_IMPORT_EDITION,
	AZR_IMPORT_ROOT,
	AZR_IMPORT_SEQUENCE,
	AZR_IMPORT_TYPE,
	AZR_IMPORT_PAYLOAD,
	AZR_IMPORT_METADATA,
	AZR_IMPORT_CREATED_AT,
	AZR_IMPORT_CORRELATION_ID,
	AZR_IMPORT_EXTERNAL_ID,
	AZR_IMPORT_COLUMNS
} AzrImportColumn;

/* Told of how many rows are read so far. */
typedef void (*AzrRowsReadCallback) (int64 count, void *arg);

typedef struct AzrImportRows
{
	TupleDesc	desc;			/* with the columns of the shape */
	Tuplestorestate *store;
	int64		count;
	double		expected;		/* rows, by the planner's estimate */
} AzrImportRows;

extern const char *const azr_import_columns[];
extern const AzrRowsShape azr_import_shape;

extern void azr_import_rows_read(AzrImportRows *rows, const AzrRowsShape *shape,
								 const char *query, AzrRowsReadCallback callback, void *arg);
extern void azr_import_rows_end(AzrImportRows *rows);

#endif							/* AZR_IMPORT_ROWS_H */
