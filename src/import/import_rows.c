/*-------------------------------------------------------------------------
 *
 * import_rows.c
 *	  The rows that a query gives which a caller has written, as for azr_import.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "import/import_rows.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "plumbing/compat.h"
#include "utils/builtins.h"
#include "utils/plancache.h"

const char *const azr_import_columns[] = {
	[AZR_IMPORT_DOMAIN] = "domain",
	[AZR_IMPORT_EDITION] = "edition",
	[AZR_IMPORT_ROOT] = "root",
	[AZR_IMPORT_SEQUENCE] = "sequence",
	[AZR_IMPORT_TYPE] = "type",
	[AZR_IMPORT_PAYLOAD] = "payload",
	[AZR_IMPORT_METADATA] = "metadata",
	[AZR_IMPORT_CREATED_AT] = "created_at",
	[AZR_IMPORT_CORRELATION_ID] = "correlation_id",
	[AZR_IMPORT_EXTERNAL_ID] = "external_id"
};

static const Oid column_types[] = {
	[AZR_IMPORT_DOMAIN] = TEXTOID,
	[AZR_IMPORT_EDITION] = TEXTOID,
	[AZR_IMPORT_ROOT] = UUIDOID,
	[AZR_IMPORT_SEQUENCE] = INT8OID,
	[AZR_IMPORT_TYPE] = TEXTOID,
	[AZR_IMPORT_PAYLOAD] = BYTEAOID,
	[AZR_IMPORT_METADATA] = JSONBOID,
	[AZR_IMPORT_CREATED_AT] = TIMESTAMPTZOID,
	[AZR_IMPORT_CORRELATION_ID] = TEXTOID,
	[AZR_IMPORT_EXTERNAL_ID] = TEXTOID
};

const AzrRowsShape azr_import_shape = {
	.function = "azr_import",
	.ncolumns = AZR_IMPORT_COLUMNS,
	.names = azr_import_columns,
	.types = column_types,
	.hint = "The columns are domain, edition, root, sequence, type, payload, metadata, created_at, correlation_id and external_id, in this order."
};

/* Where the executor sends the rows. */
typedef struct Receiver
{
	DestReceiver pub;
	AzrImportRows *rows;
	const AzrRowsShape *shape;
	MemoryContext context;		/* in which the rows are kept */
	AzrRowsReadCallback callback;	/* or NULL */
	void	   *arg;
} Receiver;

static void check_columns(const AzrRowsShape *shape, TupleDesc desc);
static void begin(DestReceiver *dest, int operation, TupleDesc desc);
static bool receive(TupleTableSlot *slot, DestReceiver *dest);
static bool is_plain_row(TupleTableSlot *slot);
static void keep_fetched(AzrImportRows *rows, TupleTableSlot *slot);
static void end(DestReceiver *dest);
static double expected_rows(SPIPlanPtr plan);

/*
 * Run the query with the rights of the caller, who is connected to SPI, and keep its rows in
 * the current memory context.  If an error is raised, also by a later transaction,
 * azr_import_rows_end() gives back the file.
 *
 * Raises 22023 if it is not one query, 42804 if its columns are others, and what it raises.
 */
void
azr_import_rows_read(AzrImportRows *rows, const AzrRowsShape *shape, const char *query,
					 AzrRowsReadCallback callback, void *arg)
{
	/* to DestNone, FETCH 0 would not even say what its columns are */
	Receiver	receiver = {
		.pub = {receive, begin, end, end, DestTuplestore},
		.rows = rows,
		.shape = shape,
		.context = CurrentMemoryContext,
		.callback = callback,
		.arg = arg
	};
	SPIExecuteOptions options = {
		.must_return_tuples = true,
		.dest = &receiver.pub
	};
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	int			result;

	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"query\" must be one query that returns rows")));
	rows->expected = expected_rows(plan);
	result = SPI_execute_plan_extended(plan, &options);
	if (result < 0)
		elog(ERROR, "could not run the query of %s: %s", shape->function,
			 SPI_result_code_string(result));
	if (rows->store == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"query\" must be one query that returns rows")));
	SPI_freeplan(plan);
}

/*
 * How many rows the planner thinks there are.
 */
static double
expected_rows(SPIPlanPtr plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);
	double		expected = 0;

	if (cached != NULL && list_length(cached->stmt_list) > 0)
	{
		PlannedStmt *statement = linitial_node(PlannedStmt, cached->stmt_list);

		if (statement->planTree != NULL)
			expected = statement->planTree->plan_rows;
	}
	if (cached != NULL)
		ReleaseCachedPlan(cached, NULL);
	return expected;
}

/*
 * Raise 42804 unless the query returns what is asked for.
 */
static void
check_columns(const AzrRowsShape *shape, TupleDesc desc)
{
	if (desc->natts != shape->ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query returns %d columns, but %s takes %d",
						desc->natts, shape->function, shape->ncolumns),
				 errhint("%s", shape->hint)));
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (!IsBinaryCoercible(type, shape->types[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the query, \"%s\", must be of type %s, but is of type %s",
							i + 1, shape->names[i], format_type_be(shape->types[i]),
							format_type_be(type)),
					 errhint("Cast it in the query, also a NULL.")));
	}
}

static void
begin(DestReceiver *dest, int operation, TupleDesc desc)
{
	Receiver   *receiver = (Receiver *) dest;
	MemoryContext oldcontext;

	check_columns(receiver->shape, desc);
	oldcontext = MemoryContextSwitchTo(receiver->context);
	receiver->rows->desc = CreateTupleDescCopy(desc);
	receiver->rows->store = tuplestore_begin_heap(false, true, work_mem);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Keep a row.
 */
static bool
receive(TupleTableSlot *slot, DestReceiver *dest)
{
	Receiver   *receiver = (Receiver *) dest;
	AzrImportRows *rows = receiver->rows;

	if (is_plain_row(slot))
		tuplestore_puttupleslot(rows->store, slot);
	else
		keep_fetched(rows, slot);
	rows->count++;
	if (receiver->callback != NULL)
		receiver->callback(rows->count, receiver->arg);
	return true;
}

/*
 * Is it a row as a table or a sort has it, with nothing that is stored elsewhere?  Then its
 * columns need not be looked at.
 */
static bool
is_plain_row(TupleTableSlot *slot)
{
	if (TTS_IS_HEAPTUPLE(slot) || TTS_IS_BUFFERTUPLE(slot))
	{
		HeapTuple	row = ((HeapTupleTableSlot *) slot)->tuple;

		return row != NULL && !HeapTupleHasExternal(row);
	}
	if (TTS_IS_MINIMALTUPLE(slot))
	{
		MinimalTuple row = ((MinimalTupleTableSlot *) slot)->mintuple;

		return row != NULL && (row->t_infomask & HEAP_HASEXTERNAL) == 0;
	}
	return false;
}

/*
 * Keep a row that may have something stored elsewhere, in a TOAST table.  That may be gone when
 * the transaction has ended, so it is fetched now.
 */
static void
keep_fetched(AzrImportRows *rows, TupleTableSlot *slot)
{
	int			ncolumns = rows->desc->natts;
	Datum	   *values = palloc(ncolumns * sizeof(Datum));
	struct varlena **fetched = palloc(ncolumns * sizeof(struct varlena *));
	int			nfetched = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < ncolumns; i++)
	{
		values[i] = slot->tts_values[i];
		if (slot->tts_isnull[i] || TupleDescAttr(rows->desc, i)->attlen != -1 ||
			!VARATT_IS_EXTERNAL(DatumGetPointer(values[i])))
			continue;
		fetched[nfetched] = detoast_external_attr((struct varlena *) DatumGetPointer(values[i]));
		values[i] = PointerGetDatum(fetched[nfetched++]);
	}
	if (nfetched == 0)
		tuplestore_puttupleslot(rows->store, slot);
	else
		tuplestore_putvalues(rows->store, rows->desc, values, slot->tts_isnull);
	while (nfetched > 0)
		pfree(fetched[--nfetched]);
	pfree(fetched);
	pfree(values);
}

static void
end(DestReceiver *dest)
{
}

/*
 * Give back the rows, and the file that they are in.
 */
void
azr_import_rows_end(AzrImportRows *rows)
{
	if (rows->store != NULL)
		tuplestore_end(rows->store);
	rows->store = NULL;
}
