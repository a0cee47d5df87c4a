/*-------------------------------------------------------------------------
 *
 * correlation.c
 *	  Letting queries of the view azr_timeline find a correlation id by its index.
 *
 * The index has a hash of the id, a third of the bytes of an index on the id itself; so
 * "correlation_id = $1" alone would read the whole table.  The view has a condition
 * that is always true, azr_correlated(correlation_id).  While a query is planned, the
 * support function here takes its place, and gives what follows from the query's own
 * comparison: that the hashes are equal too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(azr_correlated);
PG_FUNCTION_INFO_V1(azr_correlated_support);

static bool is_correlation_id(PlannerInfo *root, Node *argument);
static Expr *compared_with(Node *jointree, const Var *column);
static bool contains_table(Node *jointree, int varno);
static Expr *compared_in(Node *quals, const Var *column);
static Expr *other_side(Node *clause, const Var *column);
static bool is_column(Node *node, const Var *column);
static Node *hash_comparison(const Var *column, Expr *value);
static Expr *hash_of(Expr *value);

/*
 * azr_correlated(correlation_id) -> boolean
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
	Node	   *argument;
	Expr	   *value = NULL;

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	simplify = (SupportRequestSimplify *) request;
	argument = linitial(simplify->fcall->args);
	if (simplify->root != NULL && is_correlation_id(simplify->root, argument))
		value = compared_with((Node *) simplify->root->parse->jointree, (Var *) argument);
	if (value == NULL)
		PG_RETURN_POINTER(makeBoolConst(true, false));
	PG_RETURN_POINTER(hash_comparison((Var *) argument, value));
}

/*
 * Is an expression a column of a partitioned table, as the view's is, and of the collation
 * that the index has?
 */
static bool
is_correlation_id(PlannerInfo *root, Node *argument)
{
	const Var  *column = (Var *) argument;
	RangeTblEntry *rte;

	if (!IsA(argument, Var) || column->varlevelsup > 0 || column->varcollid != C_COLLATION_OID ||
		column->varno < 1 || column->varno > list_length(root->parse->rtable))
		return false;
	rte = rt_fetch(column->varno, root->parse->rtable);
	return rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_PARTITIONED_TABLE;
}

/*
 * What a column is equal to in all rows that its part of a join tree gives, or NULL.
 *
 * Only that side of a join is followed in which the column's table is.  A condition on the
 * other side can be about the column too, as a LATERAL subquery's, and does not filter the
 * rows of the table where the join is an outer one.  Nor do that join's own conditions.
 */
static Expr *
compared_with(Node *jointree, const Var *column)
{
	Expr	   *value = NULL;

	if (!contains_table(jointree, column->varno))
		return NULL;
	if (IsA(jointree, FromExpr))
	{
		FromExpr   *from = (FromExpr *) jointree;
		ListCell   *lc;

		value = compared_in(from->quals, column);
		foreach(lc, from->fromlist)
		{
			if (value == NULL)
				value = compared_with(lfirst(lc), column);
		}
	}
	else if (IsA(jointree, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) jointree;

		if (join->jointype == JOIN_INNER)
			value = compared_in(join->quals, column);
		if (value == NULL)
			value = compared_with(join->larg, column);
		if (value == NULL)
			value = compared_with(join->rarg, column);
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
compared_in(Node *quals, const Var *column)
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
		return other_side(quals, column);
	foreach(lc, clauses)
	{
		Expr	   *value = compared_in(lfirst(lc), column);

		if (value != NULL)
			return value;
	}
	return NULL;
}

/*
 * The other side of "column = value", or NULL.  It is a constant or a parameter of the
 * statement: the planner has not prepared the conditions yet, and of anything else it would
 * have to.
 */
static Expr *
other_side(Node *clause, const Var *column)
{
	OpExpr	   *comparison = (OpExpr *) clause;
	Node	   *left;
	Node	   *right;
	Node	   *value;
	Node	   *bare;

	if (!IsA(clause, OpExpr) || comparison->opno != TextEqualOperator ||
		comparison->inputcollid != column->varcollid)
		return NULL;
	left = linitial(comparison->args);
	right = lsecond(comparison->args);
	value = is_column(left, column) ? right : is_column(right, column) ? left : NULL;
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
 * hashtextextended(column, 0) = hashtextextended(value, 0), as the index has it.
 */
static Node *
hash_comparison(const Var *column, Expr *value)
{
	Oid			equal = lookup_type_cache(INT8OID, TYPECACHE_EQ_OPR)->eq_opr;
	Expr	   *comparison = make_opclause(equal, BOOLOID, false,
										   hash_of((Expr *) copyObject(column)),
										   hash_of(copyObject(value)), InvalidOid, InvalidOid);

	set_opfuncid((OpExpr *) comparison);
	return (Node *) comparison;
}

static Expr *
hash_of(Expr *value)
{
	Const	   *seed = makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(0),
								 false, FLOAT8PASSBYVAL);

	return (Expr *) makeFuncExpr(F_HASHTEXTEXTENDED, INT8OID, list_make2(value, seed),
								 InvalidOid, C_COLLATION_OID, COERCE_EXPLICIT_CALL);
}
