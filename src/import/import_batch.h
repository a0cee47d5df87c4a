/*-------------------------------------------------------------------------
 *
 * import_batch.h
 *	  Storing imported events: appends to many streams at once.
 *
 * What is done for a stream is what an append does (events/append_protocol.h): lock it, look
 * at what it has, check, give a new stream its row, store.  But all of that is done for some
 * thousand events of many streams together, so that rows of streams and of events are written
 * many at a time:
 *
 * 1. Rows are gathered, together with the lock of each of their streams, until there are
 *	  enough of them, or of streams.
 * 2. What a stream has already is compared with the rows.  If a row differs, or does not follow,
 *	  that is an error.  What is the same is passed over: so an import can be run again.
 * 3. New streams get their rows, then the events are stored: a run of events for each stream,
 *	  with one ticket, as if one append had made them.
 * 4. The locks are given back that the transaction has too many of: see streams/stream_lock.h.
 *
 * A stream goes on in the next lot if there are more rows of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_IMPORT_BATCH_H
#define AZR_IMPORT_BATCH_H

#include "import/import_rows.h"

typedef struct AzrImportCounts
{
	int64		rows;			/* that were taken */
	int64		stored;
	int64		passed_over;
	int64		streams;
} AzrImportCounts;

typedef struct AzrImport AzrImport;

extern AzrImport *azr_import_begin(AzrImportRows *rows);
extern bool azr_import_batch(AzrImport *import, int64 nrows, AzrImportCounts *counts);

#endif							/* AZR_IMPORT_BATCH_H */
