/*-------------------------------------------------------------------------
 *
 * call.c
 *	  azr_call: calls as routers pack them.
 *
 * See plumbing/packed.h for what a call and its answer look like, and why.  What is called is
 * put into SQL once a session and called with the rights of the caller, as if that had been
 * sent: so defaults, privileges, scans of our own and invalidations are PostgreSQL's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "common/string.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/packed.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(azr_call);

/* A session keeps so many statements.  A router has fewer functions than that. */
#define MAX_KEPT	200

/* A text gets rows until it has so many bytes. */
#define BYTES_OF_TEXT	16384

/* What is known of a call, by its head. */
typedef struct Statement
{
	struct Statement *next;
	int			uses;			/* calls that are going on */
	uint64		finding;		/* see azr_extension_finding() */
	int			head_length;
	char	   *head;
	MemoryContext context;
	SPIPlanPtr	plan;
	int			nargs;
	AzrBinaryFunction *args;
	int			ncolumns;		/* as the result has them, which can change */
	AzrBinaryFunction *columns;
} Statement;

/* Where the rows of a call go. */
typedef struct Packer
{
	DestReceiver receiver;
	Statement  *statement;
	ReturnSetInfo *result;		/* its texts */
	bool		same_encoding;	/* the router's and ours */
	MemoryContext context;		/* for one row or text */
	StringInfoData rows;		/* those that are in no text yet */
} Packer;

static Statement *kept = NULL;
static int	nkept = 0;

static int	length_of_head(const StringInfoData *call);
static Statement *find_statement(StringInfo call);
static Statement *make_statement(StringInfo call);
static char *next_bytes(StringInfo call, int length);
static int	next_byte(StringInfo call);
static char *next_name(StringInfo call);
static void keep_statement(Statement *statement);
static void forget_stale_statements(uint64 finding);
static HeapTuple find_function(const char *name, int nargs);
static void check_column(TupleDesc desc, const char *function, const char *name);
static ParamListInfo read_args(StringInfo call, Statement *statement);
static void start_rows(DestReceiver *receiver, int operation, TupleDesc desc);
static bool pack_row(TupleTableSlot *slot, DestReceiver *receiver);
static void pack_value(Packer *packer, int column, Datum value);
static void pack_bytes(StringInfo rows, const char *bytes, int length);
static void store_text(Packer *packer);
static void end_rows(DestReceiver *receiver);
pg_noreturn static void refuse(void);

/*
 * azr_call(packed) -> setof text
 */
Datum
azr_call(PG_FUNCTION_ARGS)
{
	StringInfoData call;
	Packer		packer = {0};
	Portal		portal;

	if (!azr_unpack_text(azr_arg_text(fcinfo, 0, "packed"), &call))
		refuse();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	packer.receiver.receiveSlot = pack_row;
	packer.receiver.rStartup = start_rows;
	packer.receiver.rShutdown = end_rows;
	packer.receiver.rDestroy = end_rows;
	packer.receiver.mydest = DestTuplestore;	/* of whatever kind */
	packer.result = (ReturnSetInfo *) fcinfo->resultinfo;
	packer.same_encoding = pg_get_client_encoding() == GetDatabaseEncoding();
	packer.context = AllocSetContextCreate(CurrentMemoryContext, "row of azr_call",
										   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&packer.rows);

	SPI_connect();
	packer.statement = find_statement(&call);
	packer.statement->uses++;
	PG_TRY();
	{
		/*
		 * while a cursor is read, errors get no line of context about a
		 * statement that nobody has sent
		 */
		portal = SPI_cursor_open_with_paramlist(NULL, packer.statement->plan,
												read_args(&call, packer.statement), true);
		(void) PortalRunFetch(portal, FETCH_FORWARD, FETCH_ALL, &packer.receiver);
		SPI_cursor_close(portal);
	}
	PG_FINALLY();
	{
		packer.statement->uses--;
	}
	PG_END_TRY();
	SPI_finish();
	if (packer.rows.len > 0)
		store_text(&packer);
	return (Datum) 0;
}

/*
 * What a call asks for, which lasts as long as SPI is connected.  Leaves the call at its arguments.
 */
static Statement *
find_statement(StringInfo call)
{
	int			length = length_of_head(call);
	uint64		finding = azr_extension_finding();
	Statement  *statement;

	for (statement = kept; statement != NULL; statement = statement->next)
		if (statement->head_length == length && statement->finding == finding &&
			memcmp(statement->head, call->data, length) == 0)
		{
			call->cursor = length;
			return statement;
		}
	forget_stale_statements(finding);
	statement = make_statement(call);
	if (call->cursor != length)
		refuse();
	statement->finding = finding;
	keep_statement(statement);
	return statement;
}

static int
length_of_head(const StringInfoData *call)
{
	uint16		length;

	if (call->len < sizeof(length))
		refuse();
	memcpy(&length, call->data, sizeof(length));
	length = pg_ntoh16(length);
	if (length < sizeof(length) || length > call->len)
		refuse();
	return length;
}

/*
 * Plan a call, as long as SPI is connected.
 */
static Statement *
make_statement(StringInfo call)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "azr_call",
												  ALLOCSET_SMALL_SIZES);
	Statement  *statement = MemoryContextAllocZero(context, sizeof(Statement));
	int			head_length = length_of_head(call);
	StringInfoData sql;
	char	   *name;
	int			ncolumns;
	char	   *columns[UCHAR_MAX];
	HeapTuple	function;
	Oid		   *types;
	TupleDesc	desc = NULL;

	call->cursor = sizeof(uint16);
	if (next_byte(call) != AZR_PACKED_VERSION)
		refuse();
	name = next_name(call);
	ncolumns = next_byte(call);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < ncolumns; i++)
	{
		columns[i] = next_name(call);
		appendStringInfo(&sql, "%sr.%s", i == 0 ? "" : ", ", quote_identifier(columns[i]));
	}
	statement->nargs = next_byte(call);
	appendStringInfo(&sql, "%s%s.%s(", ncolumns == 0 ? "" : " FROM ",
					 azr_extension_schema_name(), quote_identifier(name));
	for (int i = 0; i < statement->nargs; i++)
		appendStringInfo(&sql, "%s$%d", i == 0 ? "" : ", ", i + 1);
	appendStringInfo(&sql, ")%s", ncolumns == 0 ? "" : " r");

	function = find_function(name, statement->nargs);
	types = ((Form_pg_proc) GETSTRUCT(function))->proargtypes.values;

	/*
	 * to SQL, r.NAME can also be a call of a function NAME, whoever has made
	 * that
	 */
	if (ncolumns > 0)
		(void) get_func_result_type(((Form_pg_proc) GETSTRUCT(function))->oid, NULL, &desc);
	for (int i = 0; i < ncolumns; i++)
		check_column(desc, name, columns[i]);

	statement->args = MemoryContextAllocZero(context,
											 sizeof(AzrBinaryFunction) * Max(statement->nargs, 1));
	for (int i = 0; i < statement->nargs; i++)
		azr_binary_reader(&statement->args[i], types[i], context);

	/* there is but one way to run it, whatever the values are */
	statement->plan = SPI_prepare_cursor(sql.data, statement->nargs, types,
										 CURSOR_OPT_GENERIC_PLAN | CURSOR_OPT_NO_SCROLL);
	if (statement->plan == NULL)
		elog(ERROR, "could not plan a call: %s", SPI_result_code_string(SPI_result));
	ReleaseSysCache(function);

	statement->context = context;
	statement->head_length = head_length;
	statement->head = MemoryContextAlloc(context, head_length);
	memcpy(statement->head, call->data, head_length);
	return statement;
}

/*
 * The next bytes of a call.
 */
static char *
next_bytes(StringInfo call, int length)
{
	char	   *bytes = call->data + call->cursor;

	if (length < 0 || length > call->len - call->cursor)
		refuse();
	call->cursor += length;
	return bytes;
}

static int
next_byte(StringInfo call)
{
	return *(unsigned char *) next_bytes(call, 1);
}

/*
 * A name in a call.
 */
static char *
next_name(StringInfo call)
{
	int			length = next_byte(call);
	char	   *name = pnstrdup(next_bytes(call, length), length);

	if (length == 0 || length >= NAMEDATALEN || strlen(name) != length || !pg_is_ascii(name))
		refuse();
	return name;
}

/*
 * Keep a statement for the session, unless there are too many: then it is planned each time.
 */
static void
keep_statement(Statement *statement)
{
	if (nkept >= MAX_KEPT)
		return;
	if (SPI_keepplan(statement->plan) != 0)
		elog(ERROR, "could not keep the plan of a call");
	MemoryContextSetParent(statement->context, TopMemoryContext);
	statement->next = kept;
	kept = statement;
	nkept++;
}

/*
 * Give back those that were made for an extension that is no longer where it was.
 */
static void
forget_stale_statements(uint64 finding)
{
	Statement **link = &kept;

	while (*link != NULL)
	{
		Statement  *statement = *link;

		if (statement->finding == finding || statement->uses > 0)
		{
			link = &statement->next;
			continue;
		}
		*link = statement->next;
		nkept--;
		(void) SPI_freeplan(statement->plan);
		MemoryContextDelete(statement->context);
	}
}

/*
 * A function of the store that takes so many arguments: the others have defaults if it is one
 * of a later version than the router.  What somebody else has made in the store's schema is none.
 * To be released.
 */
static HeapTuple
find_function(const char *name, int nargs)
{
	Oid			extension = get_extension_oid("angzarr", false);
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	Oid			found = InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (proc->prokind == PROKIND_FUNCTION &&
			nargs <= proc->pronargs && nargs >= proc->pronargs - proc->pronargdefaults &&
			getExtensionOfObject(ProcedureRelationId, proc->oid) == extension)
			found = proc->oid;
	}
	ReleaseCatCacheList(list);
	if (!OidIsValid(found) || strncmp(name, "azr_", strlen("azr_")) != 0 ||
		strcmp(name, "azr_call") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("a router cannot call a function \"%s\" of the store with this number of arguments: %d",
						name, nargs),
				 errhint("Upgrade the nodes before the routers.")));
	return SearchSysCache1(PROCOID, ObjectIdGetDatum(found));
}

/*
 * Do the rows of a function have such a column?  There is no 'desc' if it returns no rows.
 */
static void
check_column(TupleDesc desc, const char *function, const char *name)
{
	if (desc == NULL || SPI_fnumber(desc, name) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("function \"%s\" of the store returns no column \"%s\"", function, name),
				 errhint("Upgrade the nodes before the routers.")));
}

/*
 * The arguments of a call.
 */
static ParamListInfo
read_args(StringInfo call, Statement *statement)
{
	ParamListInfo params = makeParamList(statement->nargs);

	for (int i = 0; i < statement->nargs; i++)
	{
		AzrBinaryFunction *arg = &statement->args[i];
		ParamExternData *param = &params->params[i];
		uint32		network_length;
		int			length;
		char	   *value;

		memcpy(&network_length, next_bytes(call, sizeof(network_length)), sizeof(network_length));
		length = (int) pg_ntoh32(network_length);
		param->ptype = arg->type;
		param->pflags = PARAM_FLAG_CONST;
		param->isnull = length == -1;
		if (param->isnull)
		{
			param->value = (Datum) 0;
			continue;
		}
		value = next_bytes(call, length);
		if (!azr_binary_read(arg, value, length, &param->value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("incorrect binary data format in argument %d", i + 1)));
	}
	if (call->cursor != call->len)
		refuse();
	return params;
}

/*
 * Find out how the columns of the rows are written, unless that is known of the last call.
 */
static void
start_rows(DestReceiver *receiver, int operation, TupleDesc desc)
{
	Statement  *statement = ((Packer *) receiver)->statement;
	bool		known = statement->columns != NULL && statement->ncolumns == desc->natts;

	for (int i = 0; known && i < desc->natts; i++)
		known = statement->columns[i].type == TupleDescAttr(desc, i)->atttypid;
	if (known)
		return;
	statement->columns = NULL;
	statement->ncolumns = desc->natts;
	statement->columns = MemoryContextAllocZero(statement->context,
												sizeof(AzrBinaryFunction) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
		azr_binary_writer(&statement->columns[i], TupleDescAttr(desc, i)->atttypid,
						  statement->context);
}

static bool
pack_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	Packer	   *packer = (Packer *) receiver;
	int			ncolumns = packer->statement->ncolumns;
	StringInfo	rows = &packer->rows;
	int			bitmap = rows->len;
	MemoryContext oldcontext;

	slot_getallattrs(slot);
	enlargeStringInfo(rows, AZR_PACKED_BITMAP(ncolumns));
	memset(rows->data + bitmap, 0, AZR_PACKED_BITMAP(ncolumns));
	rows->len += AZR_PACKED_BITMAP(ncolumns);
	oldcontext = MemoryContextSwitchTo(packer->context);
	for (int i = 0; i < ncolumns; i++)
		if (!slot->tts_isnull[i])
		{
			rows->data[bitmap + i / 8] |= 1 << (i % 8);
			pack_value(packer, i, slot->tts_values[i]);
		}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(packer->context);
	if (rows->len >= BYTES_OF_TEXT)
		store_text(packer);
	return true;
}

/*
 * Write a value as its type's send function does, those of the usual types without calling it.
 */
static void
pack_value(Packer *packer, int column, Datum value)
{
	StringInfo	rows = &packer->rows;
	AzrBinaryFunction *written = &packer->statement->columns[column];
	struct varlena *bytes;

	switch (written->type)
	{
		case INT8OID:
			pq_sendint8(rows, sizeof(int64));
			pq_sendint64(rows, DatumGetInt64(value));
			return;
		case TEXTOID:
			if (!packer->same_encoding)
				break;
			/* FALLTHROUGH */
		case BYTEAOID:
			bytes = PG_DETOAST_DATUM_PACKED(value);
			pack_bytes(rows, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
			return;
	}
	bytes = (struct varlena *) SendFunctionCall(&written->function, value);
	pack_bytes(rows, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
}

static void
pack_bytes(StringInfo rows, const char *bytes, int length)
{
	if (length < AZR_PACKED_LONG)
		pq_sendint8(rows, length);
	else
	{
		pq_sendint8(rows, AZR_PACKED_LONG);
		pq_sendint32(rows, length);
	}
	appendBinaryStringInfo(rows, bytes, length);
}

/*
 * Make a text of the rows that are there, and go on with none.
 */
static void
store_text(Packer *packer)
{
	StringInfo	rows = &packer->rows;
	text	   *packed = azr_packed_text(rows, packer->context);
	Datum		value;
	bool		isnull = false;

	if (packed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("rows are too large to be carried by a router"),
				 errdetail("They have %d bytes.", rows->len)));
	value = PointerGetDatum(packed);
	tuplestore_putvalues(packer->result->setResult, packer->result->setDesc, &value, &isnull);
	MemoryContextReset(packer->context);
	resetStringInfo(rows);
}

static void
end_rows(DestReceiver *receiver)
{
}

/*
 * Raise the error of what no router writes.
 */
static void
refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"packed\" is not a call as a router of this version or an earlier one writes it")));
}
