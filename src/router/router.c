/*-------------------------------------------------------------------------
 *
 * router.c
 *	  The extension angzarr_router: the functions of the store, in a database that has no
 *	  events, for a store that is kept on several nodes.
 *
 * This is a library of its own.  PL/Proxy, another extension, asks the nodes.  Each function of
 * the store leads here, and from here to a function in SQL that only the extension's owner may
 * call, in one of two ways (router.sql has all of them, made by script/lib/router_surface.pl):
 *
 *	azr_router_read_at, azr_router_write_at: azr_at_node, which PL/Proxy runs on the node of a
 *			slot.  The slot is that of the argument "root".  All functions share it: it takes the
 *			call packed, and gives the answer likewise (see plumbing/packed.h).
 *	azr_router_write_reworded: azr_at_NAME, for a function that is asked in other words.
 *	azr_router_read, azr_router_write: azr_route_NAME, which asks all nodes, or some in turn, and
 *			makes one answer of theirs.  Those are written by hand, in the files beside router.sql.
 *
 * What this does that they could not do:
 *
 * - A node commits what it is told at once.  So what writes is refused where the caller could
 *	 still roll back.
 * - The rows of a call are all fetched before the first one is given to the caller.  PL/Proxy
 *	 keeps one result for each node, and a second call in the same statement would take the place
 *	 of the first one's rows.
 * - PL/Proxy decorates the errors of nodes, and closes the connection after each of them.  Errors
 *	 are raised again as the node has raised them.  A conflict, which is no error but the normal
 *	 course of things, comes from the node as an outcome, and becomes an error here.
 * - What is not packed travels as text.  Dates and intervals are written as each node reads them,
 *	 whatever the session has set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "plumbing/error.h"
#include "plumbing/function_owner.h"
#include "plumbing/packed.h"
#include "streams/root_of_key.h"
#include "streams/slot_of.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(
					.name = "angzarr_router",
					.version = AZR_VERSION
);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(azr_router_read);
PG_FUNCTION_INFO_V1(azr_router_read_at);
PG_FUNCTION_INFO_V1(azr_router_write);
PG_FUNCTION_INFO_V1(azr_router_write_at);
PG_FUNCTION_INFO_V1(azr_router_write_reworded);
PG_FUNCTION_INFO_V1(azr_router_node_only);
PG_FUNCTION_INFO_V1(azr_router_root);
PG_FUNCTION_INFO_V1(azr_router_slot);
PG_FUNCTION_INFO_V1(azr_router_version);

/* The first minor releases of PostgreSQL 15 do not tell pipelines. */
#ifndef XACT_FLAGS_PIPELINING
#define XACT_FLAGS_PIPELINING 0
#endif

/* An argument that the function does not have. */
#define NO_ARGUMENT	(-1)

/* How a function's calls go: see above. */
typedef enum Way
{
	ROUTED,
	REWORDED,
	PACKED
} Way;

/* What is known of a function, by its OID, as long as the session lasts. */
typedef struct Route
{
	Oid			function;		/* the key of the hash table */
	int			root;			/* argument by which the node is found */
	int			on_conflict;	/* argument that says what is done about a
								 * conflict */
	bool		negative_conflict;	/* azr_append_one: so comes a conflict */
	Oid			result;
	bool		result_by_value;
	int16		result_length;
	SPIPlanPtr	plan;			/* the call of the function in SQL, unless it
								 * is packed */

	/* for calls that are packed */
	Oid			node;			/* the function azr_at_node */
	AzrBinaryFunction *args;
	MemoryContext context;		/* for what follows, which depends on what the
								 * columns are now */
	int			ncolumns;		/* of the result, dropped ones too */
	int			nasked;			/* those that are not dropped */
	AzrBinaryFunction *columns;
	int			head_length;
	char	   *head;
} Route;

/* The rows of an answer. */
typedef struct Answer
{
	const Route *route;
	TupleDesc	desc;			/* NULL for a value */
	Tuplestorestate *rows;		/* of a set, or NULL */
	int			nrows;
	Datum	   *values;			/* of the last row */
	bool	   *nulls;
} Answer;

static HTAB *routes = NULL;
static bool allow_in_transaction = false;

static Datum call(FunctionCallInfo fcinfo, Way way, bool writes);
static Datum run(FunctionCallInfo fcinfo, const Route *route, bool by_root);
static int	slot_of_call(FunctionCallInfo fcinfo, const Route *route);
static Datum run_packed(FunctionCallInfo fcinfo, Route *route);
static Datum result_of(FunctionCallInfo fcinfo, const Answer *answer);
static text *pack_call(FunctionCallInfo fcinfo, const Route *route, bool outcome_to_error);
static void pack_value(StringInfo call, AzrBinaryFunction *written, Datum value);
static void pack_bytes(StringInfo call, struct varlena *bytes);
static void pack_array(StringInfo call, ArrayType *array);
static void ask_node(const Route *route, int slot, text *packed, Answer *answer);
static void read_rows(Answer *answer, const text *packed);
static Datum read_value(AzrBinaryFunction *read, StringInfo value);
static void settle_encoding(void);
static Route *find_route(FunctionCallInfo fcinfo, Way way);
static Route *add_route(FunctionCallInfo fcinfo, Way way);
static void prepare_args(Route *route, int nargs, const Oid *types);
static TupleDesc prepare_columns(FunctionCallInfo fcinfo, Route *route);
static bool has_columns(const Route *route, TupleDesc desc);
static void append_name(StringInfo head, const char *name);
static void read_function(Oid function, Route *route, int *nargs, Oid *types, char **schema,
						  char **name);
static SPIPlanPtr plan_call(const char *schema, const char *name, bool by_root, bool is_set,
							int nargs, const Oid *types);
static void check_may_write(FunctionCallInfo fcinfo);
static char *function_label(FunctionCallInfo fcinfo);
static void settle_formats(void);
static bool asks_for_error(FunctionCallInfo fcinfo, const Route *route);
static void check_conflict(FunctionCallInfo fcinfo, HeapTupleHeader result);
pg_noreturn static void raise_conflict(FunctionCallInfo fcinfo, long long next);
pg_noreturn static void raise_again(const ErrorData *error);
static bool is_of_proxy(const ErrorData *error);
static const char *after_database(const ErrorData *error);
static const char *after_decoration(const ErrorData *error);
static const char *without(const char *prefix, const char *text);
static bool is_lost_connection(const ErrorData *error);

/*
 * Called when a session first uses a function of the library.
 */
void
_PG_init(void)
{
	DefineCustomBoolVariable("angzarr_router.allow_in_transaction",
							 "Lets functions that write be called in a transaction block.",
							 "What they do is committed at once, and stays if the transaction is rolled back.",
							 &allow_in_transaction, false, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("angzarr_router");
}

/*
 * The functions of the store that read, and whose answer is made of several nodes'
 */
Datum
azr_router_read(PG_FUNCTION_ARGS)
{
	return call(fcinfo, ROUTED, false);
}

/*
 * The functions of the store that read on the node of a root
 */
Datum
azr_router_read_at(PG_FUNCTION_ARGS)
{
	return call(fcinfo, PACKED, false);
}

/*
 * The functions of the store that write, on several nodes
 */
Datum
azr_router_write(PG_FUNCTION_ARGS)
{
	return call(fcinfo, ROUTED, true);
}

/*
 * The functions of the store that write on the node of a root
 */
Datum
azr_router_write_at(PG_FUNCTION_ARGS)
{
	return call(fcinfo, PACKED, true);
}

/*
 * Those that are asked in other words
 */
Datum
azr_router_write_reworded(PG_FUNCTION_ARGS)
{
	return call(fcinfo, REWORDED, true);
}

/*
 * The functions of the store that concern one node
 */
Datum
azr_router_node_only(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be called through a router", function_label(fcinfo)),
			 errdetail("It concerns one node: each has a feed, a log, connections and transactions of its own."),
			 errhint("Connect to the nodes that azr_router_nodes() lists, and call it there.")));
	PG_RETURN_NULL();			/* keep compiler quiet */
}

/*
 * azr_root(domain, key) -> uuid
 *
 * As in the store.  What a node would refuse is given to one, which says why.
 */
Datum
azr_router_root(PG_FUNCTION_ARGS)
{
	const char *domain;
	int			len;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return call(fcinfo, PACKED, false);
	domain = VARDATA_ANY(PG_GETARG_TEXT_PP(0));
	len = VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0));
	if (len < 1 || len > 255)
		return call(fcinfo, PACKED, false);
	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) domain[i];

		/* a control character, or perhaps the first byte of one */
		if (c < 0x20 || c == 0x7F || c == 0xC2)
			return call(fcinfo, PACKED, false);
	}
	PG_RETURN_UUID_P(azr_root_of_key(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

/*
 * azr_slot(root) -> integer
 */
Datum
azr_router_slot(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(azr_slot_of(PG_GETARG_UUID_P(0)));
}

/*
 * azr_version() -> text
 */
Datum
azr_router_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(AZR_VERSION));
}

/*
 * Have a function in SQL do what the function that was called is to do.  It runs with the rights
 * of the extension's owner.
 */
static Datum
call(FunctionCallInfo fcinfo, Way way, bool writes)
{
	MemoryContext caller_context = CurrentMemoryContext;
	int			client_encoding = pg_get_client_encoding();
	Oid			caller;
	int			security;
	int			guc_level;
	Route	   *route = find_route(fcinfo, way);
	Datum		result = (Datum) 0;

	if (writes)
		check_may_write(fcinfo);
	GetUserIdAndSecContext(&caller, &security);
	/* the owner can change, where what Route has of a function cannot */
	SetUserIdAndSecContext(azr_function_owner(fcinfo->flinfo->fn_oid),
						   security | SECURITY_LOCAL_USERID_CHANGE);
	guc_level = NewGUCNestLevel();
	settle_formats();
	PG_TRY();
	{
		result = way == PACKED ? run_packed(fcinfo, route) : run(fcinfo, route, way == REWORDED);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller_context);
		error = CopyErrorData();
		FlushErrorState();
		if (pg_get_client_encoding() != client_encoding)
			SetClientEncoding(client_encoding);
		AtEOXact_GUC(false, guc_level);
		SetUserIdAndSecContext(caller, security);
		raise_again(error);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(caller, security);
	return result;
}

static Datum
run(FunctionCallInfo fcinfo, const Route *route, bool by_root)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		is_set = fcinfo->flinfo->fn_retset;
	int			first = by_root ? 1 : 0;
	int			nvalues = first + fcinfo->nargs;
	Datum		values[FUNC_MAX_ARGS + 1];
	char		nulls[FUNC_MAX_ARGS + 1];
	bool		outcome_to_error = asks_for_error(fcinfo, route);
	Datum		result = (Datum) 0;
	bool		isnull = true;
	bool		has_row;
	int			rc;

	if (by_root)
	{
		values[0] = Int32GetDatum(slot_of_call(fcinfo, route));
		nulls[0] = ' ';
	}
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		values[first + i] = fcinfo->args[i].value;
		nulls[first + i] = fcinfo->args[i].isnull ? 'n' : ' ';
	}
	if (outcome_to_error)
		values[first + route->on_conflict] = CStringGetTextDatum("return");

	if (is_set)
	{
		SPIExecuteOptions options = {0};

		InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
		options.read_only = true;
		options.dest = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
										rsinfo->econtext->ecxt_per_query_memory, false,
										rsinfo->setDesc,
										"what a node has returned is not what the function returns");
		options.params = makeParamList(nvalues);
		for (int i = 0; i < nvalues; i++)
		{
			ParamExternData *param = &options.params->params[i];

			param->value = values[i];
			param->isnull = nulls[i] == 'n';
			param->pflags = PARAM_FLAG_CONST;
			param->ptype = SPI_getargtypeid(route->plan, i);
		}
		SPI_connect();
		rc = SPI_execute_plan_extended(route->plan, &options);
		has_row = true;
	}
	else
	{
		SPI_connect();
		rc = SPI_execute_plan(route->plan, values, nulls, true, 1);
		has_row = SPI_processed == 1;
		if (rc == SPI_OK_SELECT && has_row)
			result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	}
	if (rc != SPI_OK_SELECT || !has_row)
		elog(ERROR, "could not run query of extension \"angzarr_router\"");

	if (!isnull && outcome_to_error)
		check_conflict(fcinfo, DatumGetHeapTupleHeader(result));
	if (!isnull && route->negative_conflict && DatumGetInt64(result) < 0)
		raise_conflict(fcinfo, -1 - DatumGetInt64(result));
	if (is_set || route->result == VOIDOID)
		isnull = true;
	else if (!isnull)
		result = SPI_datumTransfer(result, route->result_by_value, route->result_length);
	SPI_finish();

	if (is_set)
		return (Datum) 0;
	if (route->result == VOIDOID)
		PG_RETURN_VOID();
	if (isnull)
		PG_RETURN_NULL();
	return result;
}

/*
 * The slot whose node is asked.  Without a root, any node will do, also to say that there must be
 * one.
 */
static int
slot_of_call(FunctionCallInfo fcinfo, const Route *route)
{
	return route->root == NO_ARGUMENT || PG_ARGISNULL(route->root)
		? 0 : azr_slot_of(PG_GETARG_UUID_P(route->root));
}

/*
 * Run a call on the node of a slot.
 */
static Datum
run_packed(FunctionCallInfo fcinfo, Route *route)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		outcome_to_error = asks_for_error(fcinfo, route);
	Answer		answer = {0};
	Datum		result;
	text	   *packed;

	if (fcinfo->flinfo->fn_retset)
	{
		InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
		answer.rows = rsinfo->setResult;
	}
	answer.route = route;
	answer.desc = prepare_columns(fcinfo, route);
	answer.values = palloc0(sizeof(Datum) * Max(route->ncolumns, 1));
	answer.nulls = palloc(sizeof(bool) * Max(route->ncolumns, 1));
	memset(answer.nulls, true, sizeof(bool) * Max(route->ncolumns, 1));
	packed = pack_call(fcinfo, route, outcome_to_error);
	ask_node(route, slot_of_call(fcinfo, route), packed, &answer);
	pfree(packed);

	if (fcinfo->flinfo->fn_retset)
		return (Datum) 0;
	if (answer.nrows != 1)
		elog(ERROR, "a node has returned %d rows", answer.nrows);
	if (route->result == VOIDOID)
		PG_RETURN_VOID();
	result = result_of(fcinfo, &answer);
	if (outcome_to_error && !fcinfo->isnull)
		check_conflict(fcinfo, DatumGetHeapTupleHeader(result));
	return result;
}

/*
 * What a function returns that returns no set.
 */
static Datum
result_of(FunctionCallInfo fcinfo, const Answer *answer)
{
	if (answer->desc != NULL)
	{
		HeapTuple	row = heap_form_tuple(answer->desc, answer->values, answer->nulls);

		ReleaseTupleDesc(answer->desc);
		return HeapTupleGetDatum(row);
	}
	if (answer->nulls[0])
		PG_RETURN_NULL();
	return answer->values[0];
}

/*
 * Write a call as a node reads it.
 */
static text *
pack_call(FunctionCallInfo fcinfo, const Route *route, bool outcome_to_error)
{
	StringInfoData call;
	text	   *packed;

	initStringInfo(&call);
	appendBinaryStringInfo(&call, route->head, route->head_length);
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		if (PG_ARGISNULL(i))
			pq_sendint32(&call, -1);
		else if (outcome_to_error && i == route->on_conflict)
			pack_bytes(&call, (struct varlena *) cstring_to_text("return"));
		else
			pack_value(&call, &route->args[i], PG_GETARG_DATUM(i));
	}

	packed = azr_packed_text(&call, CurrentMemoryContext);
	if (packed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a call is too large to be carried by a router"),
				 errdetail("It has %d bytes.", call.len)));
	pfree(call.data);
	return packed;
}

/*
 * Write a value as its type's send function does, those of the usual types without calling it.
 */
static void
pack_value(StringInfo call, AzrBinaryFunction *written, Datum value)
{
	int			client_encoding;

	switch (written->type)
	{
		case INT8OID:
			pq_sendint32(call, sizeof(int64));
			pq_sendint64(call, DatumGetInt64(value));
			return;
		case UUIDOID:
			pq_sendint32(call, UUID_LEN);
			appendBinaryStringInfo(call, (char *) DatumGetUUIDP(value)->data, UUID_LEN);
			return;
		case TEXTOID:
		case BYTEAOID:
			pack_bytes(call, PG_DETOAST_DATUM_PACKED(value));
			return;
		case TEXTARRAYOID:
		case BYTEAARRAYOID:
			pack_array(call, DatumGetArrayTypeP(value));
			return;
	}
	client_encoding = pg_get_client_encoding();
	settle_encoding();
	pack_bytes(call, (struct varlena *) SendFunctionCall(&written->function, value));
	if (pg_get_client_encoding() != client_encoding)
		SetClientEncoding(client_encoding);
}

static void
pack_bytes(StringInfo call, struct varlena *bytes)
{
	pq_sendint32(call, VARSIZE_ANY_EXHDR(bytes));
	appendBinaryStringInfo(call, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/*
 * An array of text or bytea, as array_send() writes it.
 */
static void
pack_array(StringInfo call, ArrayType *array)
{
	int			start = call->len;
	int			nitems = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	char	   *item = ARR_DATA_PTR(array);
	bits8	   *bitmap = ARR_NULLBITMAP(array);
	uint32		length;

	pq_sendint32(call, 0);
	pq_sendint32(call, ARR_NDIM(array));
	pq_sendint32(call, ARR_HASNULL(array) ? 1 : 0);
	pq_sendint32(call, ARR_ELEMTYPE(array));
	for (int i = 0; i < ARR_NDIM(array); i++)
	{
		pq_sendint32(call, ARR_DIMS(array)[i]);
		pq_sendint32(call, ARR_LBOUND(array)[i]);
	}
	for (int i = 0; i < nitems; i++)
	{
		if (bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0)
		{
			pq_sendint32(call, -1);
			continue;
		}

		/* what is in an array is not toasted */
		pack_bytes(call, (struct varlena *) item);
		item = att_addlength_pointer(item, -1, item);
		item = (char *) att_align_nominal(item, TYPALIGN_INT);
	}
	length = pg_hton32(call->len - start - sizeof(length));
	memcpy(call->data + start, &length, sizeof(length));
}

/*
 * Send a call to the node of a slot, and read all rows of its answer.
 */
static void
ask_node(const Route *route, int slot, text *packed, Answer *answer)
{
	LOCAL_FCINFO(fcinfo, 2);
	MemoryContext oldcontext;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "answer of a node",
												  ALLOCSET_DEFAULT_SIZES);
	ExprContext *econtext = CreateStandaloneExprContext();
	FmgrInfo	flinfo;
	ReturnSetInfo rsinfo = {0};

	fmgr_info(route->node, &flinfo);
	rsinfo.type = T_ReturnSetInfo;
	rsinfo.econtext = econtext;
	rsinfo.allowedModes = SFRM_ValuePerCall;
	rsinfo.returnMode = SFRM_ValuePerCall;
	InitFunctionCallInfoData(*fcinfo, &flinfo, 2, InvalidOid, NULL, (Node *) &rsinfo);
	fcinfo->args[0].value = Int32GetDatum(slot);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = PointerGetDatum(packed);
	fcinfo->args[1].isnull = false;

	oldcontext = MemoryContextSwitchTo(context);
	for (;;)
	{
		Datum		rows;

		fcinfo->isnull = false;
		rsinfo.isDone = ExprSingleResult;
		rows = FunctionCallInvoke(fcinfo);
		if (rsinfo.isDone != ExprMultipleResult)
			break;
		if (fcinfo->isnull)
			elog(ERROR, "a node has returned NULL");

		/* a single row is kept for who has asked */
		if (answer->rows == NULL)
			MemoryContextSwitchTo(oldcontext);
		read_rows(answer, DatumGetTextPP(rows));
		MemoryContextSwitchTo(context);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(oldcontext);
	FreeExprContext(econtext, true);
	MemoryContextDelete(context);
}

/*
 * Read the rows of a text of an answer.
 */
static void
read_rows(Answer *answer, const text *packed)
{
	const Route *route = answer->route;
	int			client_encoding = pg_get_client_encoding();
	MemoryContext rows_context = CurrentMemoryContext;
	MemoryContext row_context = CurrentMemoryContext;
	StringInfoData rows;

	if (!azr_unpack_text(packed, &rows))
		elog(ERROR, "could not read what a node has returned");

	settle_encoding();
	if (answer->rows != NULL)
		row_context = AllocSetContextCreate(rows_context, "row of a node", ALLOCSET_DEFAULT_SIZES);
	while (rows.cursor < rows.len)
	{
		int			length_of_bitmap = AZR_PACKED_BITMAP(route->nasked);
		const unsigned char *bitmap;
		int			asked = 0;

		bitmap = (const unsigned char *) pq_getmsgbytes(&rows, length_of_bitmap);
		MemoryContextSwitchTo(row_context);
		for (int i = 0; i < route->ncolumns; i++)
		{
			AzrBinaryFunction *column = &route->columns[i];

			/* a dropped column stays NULL */
			if (!OidIsValid(column->type))
				continue;
			answer->nulls[i] = azr_packed_is_null(bitmap, asked++);
			if (!answer->nulls[i])
				answer->values[i] = read_value(column, &rows);
		}
		MemoryContextSwitchTo(rows_context);
		answer->nrows++;
		if (answer->rows != NULL)
		{
			tuplestore_putvalues(answer->rows, answer->desc, answer->values, answer->nulls);
			MemoryContextReset(row_context);
		}
	}
	if (pg_get_client_encoding() != client_encoding)
		SetClientEncoding(client_encoding);
}

/*
 * Read a value as its type's receive function does, those of the usual types without calling it.
 * The value may lie where it is read from.
 */
static Datum
read_value(AzrBinaryFunction *read, StringInfo rows)
{
	int			length = pq_getmsgbyte(rows);
	char	   *bytes;
	struct varlena *result;
	Datum		value;
	int64		number;

	if (length == AZR_PACKED_LONG)
		length = (int) pq_getmsgint(rows, 4);
	bytes = unconstify(char *, pq_getmsgbytes(rows, length));
	switch (read->type)
	{
		case INT8OID:
			if (length != sizeof(int64))
				break;
			memcpy(&number, bytes, sizeof(number));
			return Int64GetDatum(pg_ntoh64(number));
		case TEXTOID:
			pg_verify_mbstr(GetDatabaseEncoding(), bytes, length, false);
			/* FALLTHROUGH */
		case BYTEAOID:
			if (length + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
			{
				/* the byte with the length becomes that of a short value */
				SET_VARSIZE_SHORT(bytes - VARHDRSZ_SHORT, length + VARHDRSZ_SHORT);
				return PointerGetDatum(bytes - VARHDRSZ_SHORT);
			}
			result = palloc(VARHDRSZ + length);
			SET_VARSIZE(result, VARHDRSZ + length);
			memcpy(VARDATA(result), bytes, length);
			return PointerGetDatum(result);
		case VOIDOID:
			return (Datum) 0;
	}
	if (!azr_binary_read(read, bytes, length, &value))
		elog(ERROR, "could not read what a node has returned");
	return value;
}

/*
 * Values are read and written in the encoding of the database, and not in that of the client, as
 * functions of the binary protocol do.  Who calls this sets it back, and call() after an error.
 */
static void
settle_encoding(void)
{
	if (pg_get_client_encoding() != GetDatabaseEncoding())
		SetClientEncoding(GetDatabaseEncoding());
}

/*
 * What is known of the function that was called.
 */
static pg_noinline Route *
find_route(FunctionCallInfo fcinfo, Way way)
{
	Route	   *known = NULL;

	if (routes != NULL)
		known = hash_search(routes, &fcinfo->flinfo->fn_oid, HASH_FIND, NULL);
	return known != NULL ? known : add_route(fcinfo, way);
}

static Route *
add_route(FunctionCallInfo fcinfo, Way way)
{
	Route		found = {0};
	Route	   *added;
	Oid			types[FUNC_MAX_ARGS];
	char	   *schema;
	char	   *name;
	int			nargs;

	if (routes == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(Oid);
		control.entrysize = sizeof(Route);
		routes = hash_create("angzarr_router functions", 128, &control, HASH_ELEM | HASH_BLOBS);
	}
	read_function(fcinfo->flinfo->fn_oid, &found, &nargs, types, &schema, &name);
	get_typlenbyval(found.result, &found.result_length, &found.result_by_value);
	if (way == PACKED)
	{
		List	   *node = list_make2(makeString(schema), makeString("azr_at_node"));
		Oid			node_types[] = {INT4OID, TEXTOID};

		found.node = LookupFuncName(node, lengthof(node_types), node_types, false);
		prepare_args(&found, nargs, types);
	}
	else
	{
		const char *prefix = way == REWORDED ? "at" : "route";

		found.plan = plan_call(schema, psprintf("azr_%s_%s", prefix, name + strlen("azr_")),
							   way == REWORDED, fcinfo->flinfo->fn_retset, nargs, types);
	}
	added = hash_search(routes, &found.function, HASH_ENTER, NULL);
	*added = found;
	return added;
}

/*
 * How the arguments of a function are written.
 */
static void
prepare_args(Route *route, int nargs, const Oid *types)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "angzarr_router arguments",
												  ALLOCSET_SMALL_SIZES);

	route->args = MemoryContextAllocZero(context, sizeof(AzrBinaryFunction) * Max(nargs, 1));
	for (int i = 0; i < nargs; i++)
		azr_binary_writer(&route->args[i], types[i], context);
	MemoryContextSetParent(context, TopMemoryContext);
}

/*
 * How the columns of the result are read, and the head of a call, which asks for them by name: a
 * node of a later version may have more.  Returns what rows are made by, or NULL for a function
 * that returns a value.
 */
static TupleDesc
prepare_columns(FunctionCallInfo fcinfo, Route *route)
{
	TupleDesc	desc = NULL;
	bool		is_row = type_is_rowtype(route->result);
	int			ncolumns;
	int			nasked = 0;
	AzrBinaryFunction *columns;
	StringInfoData head;
	MemoryContext context;
	MemoryContext oldcontext;
	uint16		length;

	if (fcinfo->flinfo->fn_retset)
		desc = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc;
	else if (is_row)
		desc = lookup_rowtype_tupdesc(route->result, -1);
	if (route->context != NULL && has_columns(route, desc))
		return desc;

	/* an error on the way leaves what there was */
	context = AllocSetContextCreate(CurrentMemoryContext, "angzarr_router columns",
									ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	ncolumns = desc == NULL ? 1 : desc->natts;
	columns = palloc0(sizeof(AzrBinaryFunction) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		if (desc != NULL && TupleDescAttr(desc, i)->attisdropped)
			continue;
		azr_binary_reader(&columns[i],
						  desc == NULL ? route->result : TupleDescAttr(desc, i)->atttypid, context);
		nasked++;
	}

	initStringInfo(&head);
	pq_sendint16(&head, 0);
	pq_sendint8(&head, AZR_PACKED_VERSION);
	append_name(&head, get_func_name(route->function));
	pq_sendint8(&head, is_row ? nasked : 0);
	for (int i = 0; is_row && desc != NULL && i < ncolumns; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			append_name(&head, NameStr(TupleDescAttr(desc, i)->attname));
	pq_sendint8(&head, fcinfo->nargs);
	length = pg_hton16(head.len);
	memcpy(head.data, &length, sizeof(length));
	MemoryContextSwitchTo(oldcontext);

	if (route->context != NULL)
		MemoryContextDelete(route->context);
	MemoryContextSetParent(context, TopMemoryContext);
	route->context = context;
	route->ncolumns = ncolumns;
	route->nasked = nasked;
	route->columns = columns;
	route->head_length = head.len;
	route->head = head.data;
	return desc;
}

/*
 * Are the columns still those that were prepared?
 */
static bool
has_columns(const Route *route, TupleDesc desc)
{
	if (desc == NULL)
		return true;
	if (desc->natts != route->ncolumns)
		return false;
	for (int i = 0; i < desc->natts; i++)
		if (route->columns[i].type !=
			(TupleDescAttr(desc, i)->attisdropped ? InvalidOid : TupleDescAttr(desc, i)->atttypid))
			return false;
	return true;
}

static void
append_name(StringInfo head, const char *name)
{
	pq_sendint8(head, strlen(name));
	appendBinaryStringInfo(head, name, strlen(name));
}

static void
read_function(Oid function, Route *route, int *nargs, Oid *types, char **schema,
			  char **name)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	Oid		   *all_types;
	char	  **names;
	char	   *modes;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	route->function = function;
	*schema = get_namespace_name(proc->pronamespace);
	route->root = NO_ARGUMENT;
	route->on_conflict = NO_ARGUMENT;
	route->result = proc->prorettype;
	route->negative_conflict = strcmp(NameStr(proc->proname), "azr_append_one") == 0;
	*name = pstrdup(NameStr(proc->proname));
	if (*schema == NULL || strncmp(*name, "azr_", strlen("azr_")) != 0)
		elog(ERROR, "function %u is not one of extension \"angzarr_router\"", function);

	*nargs = get_func_arg_info(tuple, &all_types, &names, &modes);
	for (int i = 0; i < *nargs; i++)
	{
		types[i] = all_types[i];
		if (names != NULL && strcmp(names[i], "root") == 0 && types[i] == UUIDOID)
			route->root = i;
		if (names != NULL && strcmp(names[i], "on_conflict") == 0)
			route->on_conflict = i;
	}
	ReleaseSysCache(tuple);
}

/*
 * Plan the call of a function in SQL.  A slot comes before the arguments if the function takes
 * one.
 */
static SPIPlanPtr
plan_call(const char *schema, const char *name, bool by_root, bool is_set, int nargs,
		  const Oid *types)
{
	StringInfoData sql;
	Oid			params[FUNC_MAX_ARGS + 1];
	int			nparams = 0;
	SPIPlanPtr	plan;

	if (by_root)
		params[nparams++] = INT4OID;
	for (int i = 0; i < nargs; i++)
		params[nparams++] = types[i];

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s%s(", is_set ? "* FROM " : "",
					 quote_qualified_identifier(schema, name));
	for (int i = 0; i < nparams; i++)
		appendStringInfo(&sql, "%s$%d", i == 0 ? "" : ", ", i + 1);
	appendStringInfoChar(&sql, ')');

	SPI_connect();
	plan = SPI_prepare(sql.data, nparams, params);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not plan query of extension \"angzarr_router\": %s",
			 SPI_result_code_string(SPI_result));
	SPI_finish();
	return plan;
}

/*
 * A node commits at once.  Raise 25006 in a read-only transaction, and 25001 where what is done
 * here could still be rolled back.
 */
static void
check_may_write(FunctionCallInfo fcinfo)
{
	if (XactReadOnly || IsInParallelMode())
	{
		char	   *function = function_label(fcinfo);

		PreventCommandIfReadOnly(function);
		PreventCommandIfParallelMode(function);
	}
	if (allow_in_transaction)
		return;
	if (IsTransactionBlock() || (MyXactFlags & XACT_FLAGS_PIPELINING) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block of a router",
						function_label(fcinfo)),
				 errdetail("A node commits what it is told at once, so ROLLBACK could not undo it."),
				 errhint("Call it as a statement of its own, or connect to the node.")));

	/*
	 * in a pipeline of the extended protocol, what comes next is another
	 * transaction
	 */
	MyXactFlags |= XACT_FLAGS_NEEDIMMEDIATECOMMIT;
}

static char *
function_label(FunctionCallInfo fcinfo)
{
	return psprintf("%s()", get_func_name(fcinfo->flinfo->fn_oid));
}

/*
 * What is sent to nodes as text must not depend on what the caller has set, and PL/Proxy is not
 * to say that it connects anew.  The caller has begun a level of settings.
 */
static void
settle_formats(void)
{
	if (DateStyle != USE_ISO_DATES)
		(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (IntervalStyle != INTSTYLE_POSTGRES)
		(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	if (client_min_messages < WARNING)
		(void) set_config_option("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Is a conflict to be an error?
 */
static bool
asks_for_error(FunctionCallInfo fcinfo, const Route *route)
{
	return route->on_conflict != NO_ARGUMENT && !PG_ARGISNULL(route->on_conflict) &&
		strcmp(TextDatumGetCString(PG_GETARG_DATUM(route->on_conflict)), "error") == 0;
}

/*
 * If the outcome of an append is a conflict, raise the error.
 */
static void
check_conflict(FunctionCallInfo fcinfo, HeapTupleHeader result)
{
	bool		isnull;
	Datum		outcome = GetAttributeByName(result, "outcome", &isnull);

	if (!isnull && strcmp(TextDatumGetCString(outcome), "conflict") == 0)
		raise_conflict(fcinfo, DatumGetInt64(GetAttributeByName(result, "next_sequence", &isnull)));
}

/*
 * Raise the error that the node would have raised: azr_sequence_conflict().  The arguments begin
 * with domain, edition, root and expected_sequence.
 */
static void
raise_conflict(FunctionCallInfo fcinfo, long long next)
{
	long long	expected = PG_GETARG_INT64(3);
	char	   *edition = PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *expectation;
	char	   *hint;

	expectation = expected == -1
		? "At least one event is expected"
		: psprintf("Expected sequence is %lld", expected);
	hint = expected < next
		? psprintf("Another writer was faster: load the stream from sequence %lld, decide again, and append at %lld.",
				   expected, next)
		: "The stream has no such sequence yet: load it, and decide again.";
	ereport(ERROR,
			(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
			 errmsg("sequence conflict in stream \"%s/%s/%s\"",
					text_to_cstring(PG_GETARG_TEXT_PP(0)),
					edition[0] == '\0' ? "angzarr" : edition,
					DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(2)))),
			 errdetail("%s, next sequence is %lld.", expectation, next),
			 errhint("%s", hint)));
}

/*
 * Raise an error of a node as the node has raised it, and one of PL/Proxy so that the caller
 * knows what to do.  That a function of the router was called by another one is left out of the
 * context, which names the caller's own.
 */
static void
raise_again(const ErrorData *error)
{
	const char *message = after_decoration(error);
	const char *detail = error->detail;
	const char *hint = error->hint;

	if (is_lost_connection(error))
		ereport(ERROR,
				(errcode(strstr(error->message, "PQconnect") != NULL
						 ? ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION
						 : ERRCODE_CONNECTION_FAILURE),
				 errmsg("a node cannot be reached"),
				 errdetail_internal("%s", message != NULL ? message : error->message),
				 errhint("Whether the node has done what it was asked for is not known: repeat the call with the same external_id, or look first.")));
	if (strncmp(error->message, "Pl/Proxy: cluster not found", strlen("Pl/Proxy: cluster not found")) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the router knows no node"),
				 errhint("Use azr_router_map() to say where the slots are.")));
	if (message == NULL)
		message = error->message;
	detail = without("Remote detail: ", detail);
	hint = without("Remote hint: ", hint);
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg_internal("%s", message),
			 detail != NULL ? errdetail_internal("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * Has PL/Proxy raised this?  The text of another error, such as a conflict, may have any names in
 * it, also such that look like what PL/Proxy says.
 */
static bool
is_of_proxy(const ErrorData *error)
{
	return error->funcname != NULL &&
		strncmp(error->funcname, "plproxy_", strlen("plproxy_")) == 0;
}

/*
 * The severity and the message of a node in what PL/Proxy makes of it: "schema.function(n):
 * [database] REMOTE ERROR: message".  NULL if this is not of that form.
 */
static const char *
after_database(const ErrorData *error)
{
	const char *database = is_of_proxy(error) ? strstr(error->message, "): [") : NULL;
	const char *remote = database == NULL ? NULL : strstr(database, "] REMOTE ");

	return remote == NULL ? NULL : remote + strlen("] REMOTE ");
}

/*
 * The message alone.
 */
static const char *
after_decoration(const ErrorData *error)
{
	const char *remote = after_database(error);
	const char *message = remote == NULL ? NULL : strstr(remote, ": ");

	return message == NULL ? NULL : message + 2;
}

static const char *
without(const char *prefix, const char *text)
{
	if (text == NULL || strncmp(text, prefix, strlen(prefix)) != 0)
		return text;
	return text +strlen(prefix);
}

/*
 * Is this about the connection to a node: libpq's errors, which have no SQLSTATE, and those by
 * which a server says that it goes?
 */
static bool
is_lost_connection(const ErrorData *error)
{
	if (!is_of_proxy(error))
		return false;
	if (after_decoration(error) != NULL)
		return strncmp(after_database(error), "(null): ", strlen("(null): ")) == 0 ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN ||
			error->sqlerrcode == ERRCODE_CRASH_SHUTDOWN ||
			error->sqlerrcode == ERRCODE_CANNOT_CONNECT_NOW;
	return strncmp(error->message, "PL/Proxy function ", strlen("PL/Proxy function ")) == 0 &&
		(strstr(error->message, "] PQ") != NULL ||
		 strstr(error->message, "connect timeout") != NULL ||
		 strstr(error->message, "query timeout") != NULL);
}
