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

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(azr_correlated);
PG_FUNCTION_INFO_V1(azr_correlated_support);

static Expr *compared_with(Node *jointree, const Var *column);
static Expr *compared_in(Node *quals, const Var *column);
static Expr *other_side(Node *clause, const Var *column);
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
	Node	   *column;
	Expr	   *value = NULL;

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	simplify = (SupportRequestSimplify *) request;
	column = linitial(simplify->fcall->args);
	if (simplify->root != NULL && IsA(column, Var) &&
		((Var *) column)->varlevelsup == 0 &&
		((Var *) column)->varcollid == C_COLLATION_OID)
		value = compared_with((Node *) simplify->root->parse->jointree, (Var *) column);
	if (value == NULL)
		PG_RETURN_POINTER(makeBoolConst(true, false));
	PG_RETURN_POINTER(hash_comparison((Var *) column, value));
}

/*
 * What a column must be equal to for a row to come out of a join tree, or NULL.
 *
 * The conditions of an outer join do not say so: its rows come out also where they are
 * false.
 */
static Expr *
compared_with(Node *jointree, const Var *column)
{
	Expr	   *value = NULL;

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
 * The other side of "column = value", if it is the same for all rows, or NULL.
 */
static Expr *
other_side(Node *clause, const Var *column)
{
	OpExpr	   *comparison = (OpExpr *) clause;
	Node	   *left;
	Node	   *right;
	Node	   *value;

	if (!IsA(clause, OpExpr) || comparison->opno != TextEqualOperator ||
		comparison->inputcollid != column->varcollid)
		return NULL;
	left = linitial(comparison->args);
	right = lsecond(comparison->args);
	value = equal(left, column) ? right : equal(right, column) ? left : NULL;
	if (value == NULL || contain_var_clause(value) || contain_subplans(value) ||
		contain_agg_clause(value) || contain_volatile_functions(value))
		return NULL;
	return (Expr *) value;
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
