/*-------------------------------------------------------------------------
 *
 * import.c
 *	  azr_import: storing the events of another store.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "import/import_batch.h"
#include "import/import_rows.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(azr_import);

/* How often progress is told, and after how many rows the clock is looked at. */
#define TELL_EVERY_MS	5000
#define LOOK_EVERY_ROWS 1024

typedef struct Progress
{
	bool		wanted;
	TimestampTz told_at;
	int64		told_rows;
	const AzrImportRows *rows;
} Progress;

static void check_nonatomic(FunctionCallInfo fcinfo);
static void import_all(const char *query, int64 batch, bool progress);
static void store_all(AzrImportRows *rows, int64 batch, Progress *progress);
static void tell_read(int64 count, void *arg);
static void tell_stored(Progress *progress, const AzrImportCounts *counts);
static bool is_time(Progress *progress, int64 rows, int64 *rate);

/*
 * CALL azr_import(query, batch, progress)
 *
 * See import.sql.
 */
Datum
azr_import(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(azr_arg_text(fcinfo, 0, "query"));
	int64		batch = azr_arg_count(fcinfo, 1, "batch");
	bool		progress = azr_arg_bool(fcinfo, 2, "progress");

	if (batch == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"batch\" must be 1 or more")));
	check_nonatomic(fcinfo);
	azr_check_can_write(fcinfo);

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	import_all(query, batch, progress);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * Raise at once what the first commit would raise where the caller's transaction cannot be
 * ended.
 */
static void
check_nonatomic(FunctionCallInfo fcinfo)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic && !IsSubTransaction())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			 errmsg("invalid transaction termination"),
			 errhint("azr_import commits each batch: call it outside of a transaction block.")));
}

/*
 * Read the rows, and store them batch by batch.
 */
static void
import_all(const char *query, int64 batch, bool progress)
{
	AzrImportRows *rows = palloc0(sizeof(AzrImportRows));
	Progress	told = {
		.wanted = progress,
		.told_at = GetCurrentTimestamp(),
		.rows = rows
	};

	/* memory goes with the call, but the file of the rows with the session */
	PG_TRY();
	{
		azr_import_rows_read(rows, &azr_import_shape, query, tell_read, &told);
		store_all(rows, batch, &told);
	}
	PG_FINALLY();
	{
		azr_import_rows_end(rows);
	}
	PG_END_TRY();
}

static void
store_all(AzrImportRows *rows, int64 batch, Progress *progress)
{
	AzrImport  *import = azr_import_begin(rows);
	AzrImportCounts counts = {0};

	progress->told_at = GetCurrentTimestamp();
	progress->told_rows = 0;
	while (azr_import_batch(import, batch, &counts))
	{
		tell_stored(progress, &counts);
		SPI_commit();
		EnsurePortalSnapshotExists();
	}
	SPI_commit();
	EnsurePortalSnapshotExists();
	if (progress->wanted)
		ereport(NOTICE,
				(errmsg("azr_import: done, %lld events stored, %lld were there already",
						(long long) counts.stored, (long long) counts.passed_over)));
}

/*
 * Say every few seconds how many rows are read.
 */
static void
tell_read(int64 count, void *arg)
{
	Progress   *progress = (Progress *) arg;
	int64		rate;

	if (count % LOOK_EVERY_ROWS == 0 && is_time(progress, count, &rate))
		ereport(NOTICE,
				(errmsg("azr_import: %lld rows read, %lld a second, %.0f expected in all",
						(long long) count, (long long) rate, progress->rows->expected)));
}

/*
 * Say every few seconds how much is stored.
 */
static void
tell_stored(Progress *progress, const AzrImportCounts *counts)
{
	int64		rate;

	if (is_time(progress, counts->rows, &rate))
		ereport(NOTICE,
				(errmsg("azr_import: %lld events stored, %lld were there already, %lld rows a second, %lld rows left",
						(long long) counts->stored, (long long) counts->passed_over,
						(long long) rate, (long long) (progress->rows->count - counts->rows))));
}

/*
 * Is it time to tell progress?  Then says how many rows there were a second since the last time.
 */
static bool
is_time(Progress *progress, int64 rows, int64 *rate)
{
	TimestampTz now;
	int64		passed;

	if (!progress->wanted)
		return false;
	now = GetCurrentTimestamp();
	passed = now - progress->told_at;
	if (passed >= 0 && passed < TELL_EVERY_MS * INT64CONST(1000))
		return false;
	*rate = passed <= 0 ? 0 : (int64) ((rows - progress->told_rows) * 1e6 / passed);
	progress->told_at = now;
	progress->told_rows = rows;
	return true;
}
