/*-------------------------------------------------------------------------
 *
 * correlation.c
 *	  Correlation ids: how they are stored, and finding events by them.
 *
 * The index has a key of the id, a third of the bytes of an index on the id itself; so
 * "correlation_id = $1" alone would read the whole table.  The view azr_timeline has a
 * condition that is always true, azr_correlated(correlation_uuid, correlation_id).  While a
 * query is planned, the support function here takes its place, and gives what follows from
 * the query's own comparison: that the keys are equal too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "events/correlation.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "parser/parsetree.h"
#include "plumbing/table.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(azr_correlation_key);
PG_FUNCTION_INFO_V1(azr_correlated);
PG_FUNCTION_INFO_V1(azr_correlated_support);

/* The columns that a call of azr_correlated has. */
typedef struct Columns
{
	const Var  *uuid;
	const Var  *text;
} Columns;

static bool are_columns(PlannerInfo *root, const List *args);
static Expr *compared_with(Node *jointree, const Columns *columns);
static bool contains_table(Node *jointree, int varno);
static Expr *compared_in(Node *quals, const Columns *columns);
static Expr *other_side(Node *clause, const Columns *columns);
static bool is_id(Node *node, const Columns *columns);
static bool is_column(Node *node, const Var *column);
static Oid	key_function(Oid sibling);
static Node *key_comparison(Oid function, const Columns *columns, Expr *value);
static Expr *key_expression(Oid function, Expr *uuid, Expr *id);

/*
 * Is an id exactly what uuid_out() gives of a uuid?  If so, sets that.  The id may be NULL.
 */
bool
azr_correlation_uuid(const text *id, pg_uuid_t *uuid)
{
	/* the values of hexadecimal digits plus 16; 0 for other characters */
	static const uint8 digits[256] = {
		['0'] = 16,['1'] = 17,['2'] = 18,['3'] = 19,['4'] = 20,['5'] = 21,['6'] = 22,
		['7'] = 23,['8'] = 24,['9'] = 25,['a'] = 26,['b'] = 27,['c'] = 28,['d'] = 29,
		['e'] = 30,['f'] = 31
	};
	const unsigned char *c;

	if (id == NULL || VARSIZE_ANY_EXHDR(id) != AZR_UUID_CHARS)
		return false;
	c = (const unsigned char *) VARDATA_ANY(id);
	for (int i = 0; i < UUID_LEN; i++)
	{
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *c++ != '-')
			return false;
		if (digits[c[0]] == 0 || digits[c[1]] == 0)
			return false;
		uuid->data[i] = (digits[c[0]] & 15) << 4 | (digits[c[1]] & 15);
		c += 2;
	}
	return true;
}

/*
 * The text of an id that is stored as a uuid: what uuid_out() gives of it.
 */
text *
azr_correlation_text(const pg_uuid_t *uuid, AzrCorrelationText *room)
{
	static const char digits[] = "0123456789abcdef";
	text	   *result = (text *) room;
	char	   *c = VARDATA(result);

	SET_VARSIZE(result, sizeof(room->bytes));
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*c++ = '-';
		*c++ = digits[uuid->data[i] >> 4];
		*c++ = digits[uuid->data[i] & 15];
	}
	return result;
}

/*
 * The key of an id in the index: the beginning of a uuid, or a hash of any other id.  'id' is
 * not looked at if a uuid is given.
 *
 * Keys of uuids are in the order of these.  Those of version 7 begin with the time, so their
 * entries go to the end of the index, and few of its pages are written to at a time.
 */
int64
azr_correlation_key_of(const pg_uuid_t *uuid, const text *id)
{
	if (uuid != NULL)
	{
		uint64		beginning;

		memcpy(&beginning, uuid->data, sizeof(beginning));

		/* bigint is signed, a uuid is not */
		return (int64) (pg_ntoh64(beginning) ^ (UINT64CONST(1) << 63));
	}
	return (int64) DatumGetUInt64(hash_any_extended((const unsigned char *) VARDATA_ANY(id),
													VARSIZE_ANY_EXHDR(id), 0));
}

/*
 * azr_correlation_key(correlation_uuid, correlation_id) -> bigint
 *
 * It is the same for a uuid and for its text.
 */
Datum
azr_correlation_key(PG_FUNCTION_ARGS)
{
	pg_uuid_t	uuid;
	text	   *id;

	if (!PG_ARGISNULL(0))
		uuid = *PG_GETARG_UUID_P(0);
	else if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	else
	{
		id = PG_GETARG_TEXT_PP(1);
		if (!azr_correlation_uuid(id, &uuid))
			PG_RETURN_INT64(azr_correlation_key_of(NULL, id));
	}
	PG_RETURN_INT64(azr_correlation_key_of(&uuid, NULL));
}

/*
 * azr_correlated(correlation_uuid, correlation_id) -> boolean
 *
 * True.  A planner never leaves a call of it in a plan.
 */
Datum
azr_correlated(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/*
 * azr_correlated_support(internal) -> internal
 */
Datum
azr_correlated_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSimplify *simplify;
	Expr	   *value = NULL;
	Oid			function = InvalidOid;
	Columns		columns;

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	simplify = (SupportRequestSimplify *) request;
	columns.uuid = linitial(simplify->fcall->args);
	columns.text = lsecond(simplify->fcall->args);
	if (simplify->root != NULL && are_columns(simplify->root, simplify->fcall->args))
		value = compared_with((Node *) simplify->root->parse->jointree, &columns);
	if (value != NULL)
		function = key_function(simplify->fcall->funcid);
	if (!OidIsValid(function))
		PG_RETURN_POINTER(makeBoolConst(true, false));
	PG_RETURN_POINTER(key_comparison(function, &columns, value));
}

/*
 * Are two expressions columns of a partitioned table, as the view's are, and the text of the
 * collation that the table has?
 */
static bool
are_columns(PlannerInfo *root, const List *args)
{
	const Var  *uuid = linitial(args);
	const Var  *text = lsecond(args);
	RangeTblEntry *rte;

	if (!IsA(uuid, Var) || !IsA(text, Var) || uuid->varno != text->varno ||
		uuid->varlevelsup > 0 || text->varlevelsup > 0 || text->varcollid != C_COLLATION_OID ||
		text->varno < 1 || text->varno > list_length(root->parse->rtable))
		return false;
	rte = rt_fetch(text->varno, root->parse->rtable);
	return rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_PARTITIONED_TABLE;
}

/*
 * What the id is equal to in all rows that its part of a join tree gives, or NULL.
 *
 * Only that side of a join is followed in which the columns' table is.  A condition on the
 * other side can be about the id too, as a LATERAL subquery's, and does not filter the
 * rows of the table where the join is an outer one.  Nor do that join's own conditions.
 */
static Expr *
compared_with(Node *jointree, const Columns *columns)
{
	Expr	   *value = NULL;

	if (!contains_table(jointree, columns->text->varno))
		return NULL;
	if (IsA(jointree, FromExpr))
	{
		FromExpr   *from = (FromExpr *) jointree;
		ListCell   *lc;

		value = compared_in(from->quals, columns);
		foreach(lc, from->fromlist)
		{
			if (value == NULL)
				value = compared_with(lfirst(lc), columns);
		}
	}
	else if (IsA(jointree, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) jointree;

		if (join->jointype == JOIN_INNER)
			value = compared_in(join->quals, columns);
		if (value == NULL)
			value = compared_with(join->larg, columns);
		if (value == NULL)
			value = compared_with(join->rarg, columns);
	}
	return value;
}

static bool
contains_table(Node *jointree, int varno)
{
	ListCell   *lc;

	if (jointree == NULL)
		return false;
	if (IsA(jointree, RangeTblRef))
		return ((RangeTblRef *) jointree)->rtindex == varno;
	if (IsA(jointree, JoinExpr))
		return contains_table(((JoinExpr *) jointree)->larg, varno) ||
			contains_table(((JoinExpr *) jointree)->rarg, varno);
	foreach(lc, castNode(FromExpr, jointree)->fromlist)
	{
		if (contains_table(lfirst(lc), varno))
			return true;
	}
	return false;
}

/*
 * The same for conditions: one, several under AND, or a list of some.
 */
static Expr *
compared_in(Node *quals, const Columns *columns)
{
	List	   *clauses;
	ListCell   *lc;

	if (quals == NULL)
		return NULL;
	if (IsA(quals, List))
		clauses = (List *) quals;
	else if (is_andclause(quals))
		clauses = ((BoolExpr *) quals)->args;
	else
		return other_side(quals, columns);
	foreach(lc, clauses)
	{
		Expr	   *value = compared_in(lfirst(lc), columns);

		if (value != NULL)
			return value;
	}
	return NULL;
}

/*
 * The other side of "id = value", or NULL.  It is a constant or a parameter of the
 * statement: the planner has not prepared the conditions yet, and of anything else it would
 * have to.
 */
static Expr *
other_side(Node *clause, const Columns *columns)
{
	OpExpr	   *comparison = (OpExpr *) clause;
	Node	   *left;
	Node	   *right;
	Node	   *value;
	Node	   *bare;

	if (!IsA(clause, OpExpr) || comparison->opno != TextEqualOperator ||
		comparison->inputcollid != columns->text->varcollid)
		return NULL;
	left = linitial(comparison->args);
	right = lsecond(comparison->args);
	value = is_id(left, columns) ? right : is_id(right, columns) ? left : NULL;
	bare = value;
	while (bare != NULL && IsA(bare, RelabelType))
		bare = (Node *) ((RelabelType *) bare)->arg;
	if (bare == NULL ||
		!(IsA(bare, Const) ||
		  (IsA(bare, Param) && ((Param *) bare)->paramkind == PARAM_EXTERN)))
		return NULL;
	return (Expr *) value;
}

/*
 * Is an expression the id, as the view has it: COALESCE(correlation_uuid::text, correlation_id)?
 *
 * Below an outer join, a planner marks it as something that may become NULL; then a comparison
 * above that join is not true.
 */
static bool
is_id(Node *node, const Columns *columns)
{
	CoalesceExpr *coalesce;
	CoerceViaIO *cast;

	while (IsA(node, PlaceHolderVar) && ((PlaceHolderVar *) node)->phlevelsup == 0)
		node = (Node *) ((PlaceHolderVar *) node)->phexpr;
	coalesce = (CoalesceExpr *) node;
	if (!IsA(node, CoalesceExpr) || list_length(coalesce->args) != 2)
		return false;
	cast = linitial(coalesce->args);
	return IsA(cast, CoerceViaIO) && cast->resulttype == TEXTOID &&
		is_column((Node *) cast->arg, columns->uuid) &&
		is_column(lsecond(coalesce->args), columns->text);
}

/*
 * Is an expression the same column?  PostgreSQL 16 and later also say of a Var which outer
 * joins may have made it NULL; then a comparison above those joins is not true.
 */
static bool
is_column(Node *node, const Var *column)
{
	const Var  *var = (Var *) node;

	return IsA(node, Var) && var->varno == column->varno && var->varattno == column->varattno &&
		var->varlevelsup == column->varlevelsup;
}

/*
 * The function azr_correlation_key in the schema of another one of the extension's, or
 * InvalidOid if somebody has put something else in its place.
 */
static Oid
key_function(Oid sibling)
{
	static const char name[] = "azr_correlation_key";
	const Oid	types[] = {UUIDOID, TEXTOID};
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										   CStringGetDatum(name),
										   PointerGetDatum(buildoidvector(types, lengthof(types))),
										   ObjectIdGetDatum(get_func_namespace(sibling)));

	return azr_function_is(function, name, azr_correlation_key) ? function : InvalidOid;
}

/*
 * azr_correlation_key(the columns) = azr_correlation_key(NULL, value), as the index has it.
 */
static Node *
key_comparison(Oid function, const Columns *columns, Expr *value)
{
	Oid			equal = lookup_type_cache(INT8OID, TYPECACHE_EQ_OPR)->eq_opr;
	Expr	   *key = key_expression(function, (Expr *) copyObject(columns->uuid),
									 (Expr *) copyObject(columns->text));
	Expr	   *wanted = key_expression(function,
										(Expr *) makeNullConst(UUIDOID, -1, InvalidOid),
										copyObject(value));
	Expr	   *comparison = make_opclause(equal, BOOLOID, false, key, wanted,
										   InvalidOid, InvalidOid);

	set_opfuncid((OpExpr *) comparison);
	return (Node *) comparison;
}

static Expr *
key_expression(Oid function, Expr *uuid, Expr *id)
{
	return (Expr *) makeFuncExpr(function, INT8OID, list_make2(uuid, id), InvalidOid,
								 C_COLLATION_OID, COERCE_EXPLICIT_CALL);
}
