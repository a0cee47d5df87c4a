/*-------------------------------------------------------------------------
 *
 * table.c
 *	  Finding, opening and scanning the extension's own tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodes.h"
#include "nodes/primnodes.h"
#include "plumbing/compat.h"
#include "plumbing/extension.h"
#include "plumbing/table.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Every table found so far, for the invalidation callback. */
static AzrTable *found_tables = NULL;

static Relation open_known(const AzrTable *table, LOCKMODE lockmode);
static void find_table(AzrTable *table);
static void describe_table(AzrTable *table, Relation rel);
static const char *changed_column(const AzrTable *table, Relation rel);
static Oid	find_index(const AzrTable *table, const AzrIndex *expected, Relation rel);
static bool is_plain(AzrTable *table, Relation rel);
static bool note_index(AzrTable *table, Relation index);
static List *stored_expressions(Relation index);
static List *stored_predicate(Relation index);
static Node *stored_node(Relation index, AttrNumber attno);
static bool is_condition(Node *clause, AzrCondition *condition);
static bool has_predicate(Relation index, const AzrIndex *expected);
static bool is_computed_condition(const AzrTable *table, Node *clause, AzrCondition *condition);
static bool is_computed(const AzrTable *table, Node *expression);
static bool parent_interferes(Oid parentid);
static void check_logged(const AzrTable *table, Relation rel);
static void relation_changed(Datum arg, Oid relid);

/*
 * Open a table.  It and its indexes are looked up first, unless they are known.
 *
 * Waiting for the lock takes in invalidation messages, so what was known before is looked
 * at again afterwards.  The caller closes the relation with NoLock to keep the lock to the
 * end of the transaction.
 *
 * Raises 42704 or 42P01 when the extension or the table is not there, 55000
 * when its owner changed what the C code relies on, or when it is to be written to
 * and would be empty after a crash.
 */
Relation
azr_table_open(AzrTable *table, LOCKMODE lockmode)
{
	for (;;)
	{
		bool		known = table->valid && !table->changed;
		bool		lock_parent;
		Oid			parentid;
		Relation	rel;

		CHECK_FOR_INTERRUPTS();

		if (!known)
			find_table(table);

		parentid = table->parentid;
		lock_parent = OidIsValid(parentid);
		if (lock_parent)
			LockRelationOid(parentid, lockmode);
		rel = known ? open_known(table, lockmode) : try_relation_open(table->relid, lockmode);
		if (rel != NULL && !known && !table->changed)
			describe_table(table, rel);
		if (rel != NULL && !table->changed)
		{
			if (lockmode >= RowExclusiveLock)
				check_logged(table, rel);
			return rel;
		}

		/*
		 * Somebody changed or dropped it meanwhile.  Its indexes may be
		 * locked by now, so giving up the table's lock and waiting for it
		 * again could deadlock.
		 */
		if (rel != NULL)
			relation_close(rel, NoLock);
		table->changed = true;
	}
}

/*
 * What try_relation_open() does, for a table that was there.  Who drops it says so before the lock
 * is to be had.  So if nobody has said anything, its row in pg_class need not be looked for.
 */
static Relation
open_known(const AzrTable *table, LOCKMODE lockmode)
{
	Relation	rel;

	LockRelationOid(table->relid, lockmode);
	if (!table->changed)
		return relation_open(table->relid, NoLock);
	rel = try_relation_open(table->relid, NoLock);
	if (rel == NULL)
		UnlockRelationOid(table->relid, lockmode);
	return rel;
}

/*
 * Does a table have no pages at all?  This is cheaper to find out than whether it has rows.
 */
bool
azr_table_is_empty(AzrTable *table)
{
	Relation	rel = azr_table_open(table, AccessShareLock);
	bool		result = RelationGetNumberOfBlocks(rel) == 0;

	table_close(rel, NoLock);
	return result;
}

/*
 * Is a table still as it was when table->findings was 'finding'?  For callers that remember
 * rows of it that never change.
 */
bool
azr_table_is_known(const AzrTable *table, uint64 finding)
{
	return table->valid && !table->changed && table->findings == finding;
}

/*
 * A key of an index that is equal to a text, by bytes.
 */
void
azr_key_text(ScanKey key, AttrNumber attno, const text *value)
{
	ScanKeyEntryInitialize(key, 0, attno, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ, PointerGetDatum(value));
}

void
azr_key_uuid(ScanKey key, AttrNumber attno, const pg_uuid_t *value)
{
	ScanKeyInit(key, attno, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(value));
}

/*
 * Keys of the table's first index for a row.
 */
void
azr_row_keys(ScanKeyData *keys, const AzrTable *table, const Datum *values)
{
	const AzrIndex *index = &table->indexes[0];

	for (int i = 0; i < index->nkeys; i++)
	{
		AttrNumber	attno = index->keys[i];
		Datum		value = values[attno - 1];

		switch (table->columns[attno - 1].type)
		{
			case TEXTOID:
				azr_key_text(&keys[i], i + 1, (text *) DatumGetPointer(value));
				break;
			case UUIDOID:
				azr_key_uuid(&keys[i], i + 1, DatumGetUUIDP(value));
				break;
			case INT8OID:
				ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, F_INT8EQ, value);
				break;
			default:
				elog(ERROR, "unexpected type of column \"%s\" in a key",
					 table->columns[attno - 1].name);
		}
	}
}

/*
 * The columns of the table's first index, as SQL lists them.
 */
char *
azr_key_columns(const AzrTable *table)
{
	const AzrIndex *index = &table->indexes[0];
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < index->nkeys; i++)
		appendStringInfo(&columns, "%s%s", i == 0 ? "" : ", ",
						 quote_identifier(table->columns[index->keys[i] - 1].name));
	return columns.data;
}

/*
 * A row's value in the column that only grows.
 */
int64
azr_row_growth(const AzrTable *table, TupleTableSlot *row)
{
	return DatumGetInt64(row->tts_values[table->grows - 1]);
}

/*
 * May a row take the place of 'existing', which has the same key?
 */
bool
azr_row_grows(const AzrTable *table, TupleTableSlot *existing, const Datum *values)
{
	return table->grows <= 0 ||
		azr_row_growth(table, existing) < DatumGetInt64(values[table->grows - 1]);
}

/*
 * Begin a scan of one of the table's declared indexes.
 *
 * SnapshotSelf sees what is committed now and all of this transaction's own
 * work: a writer that holds its stream's lock looks with it.  Readers pass the
 * caller's snapshot.
 */
void
azr_scan_begin(AzrScan *scan, AzrTable *table, Relation rel, int index,
			   Snapshot snapshot, ScanKey keys, int nkeys)
{
	azr_scan_begin_locking(scan, table, rel, index, AccessShareLock, snapshot, keys, nkeys);
}

/*
 * The same for a transaction that is going to add to the index: it locks the index now as it
 * would then, since each lock costs time.
 */
void
azr_scan_begin_locking(AzrScan *scan, AzrTable *table, Relation rel, int index,
					   LOCKMODE lockmode, Snapshot snapshot, ScanKey keys, int nkeys)
{
	Assert(index >= 0 && index < table->nindexes);

	scan->index = index_open(table->indexids[index], lockmode);
	scan->desc = azr_index_beginscan(rel, scan->index, snapshot, nkeys);
	index_rescan(scan->desc, keys, nkeys, NULL, 0);
	scan->slot = table_slot_create(rel, NULL);
	scan->context = CurrentMemoryContext;
	scan->pages = NULL;
	scan->ncolumns = 0;
}

/*
 * Begin a scan of a range of an index of two bigints, in one direction.  It looks at the rows of a
 * page together where that is possible, and is not started again.
 */
void
azr_scan_begin_by_page(AzrScan *scan, AzrTable *table, Relation rel, int index,
					   const AzrRange *range, ScanDirection direction, Snapshot snapshot)
{
	if (!azr_row_pages_possible(rel, snapshot))
	{
		ScanKeyData keys[AZR_MAX_RANGE_KEYS];
		int			nkeys = azr_range_keys(range, keys);

		azr_scan_begin(scan, table, rel, index, snapshot, keys, nkeys);
		return;
	}
	scan->index = index_open(table->indexids[index], AccessShareLock);
	scan->desc = NULL;
	scan->slot = table_slot_create(rel, NULL);
	scan->context = CurrentMemoryContext;
	scan->pages = azr_row_pages_begin(rel, scan->index, range, direction, snapshot);
	scan->ncolumns = 0;
}

/*
 * The next row in the scan's slot, or NULL after the last one.
 */
TupleTableSlot *
azr_scan_next(AzrScan *scan, ScanDirection direction)
{
	MemoryContext oldcontext;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	oldcontext = MemoryContextSwitchTo(scan->context);
	found = scan->pages != NULL
		? azr_row_pages_next(scan->pages, scan->slot)
		: index_getnext_slot(scan->desc, direction, scan->slot);
	MemoryContextSwitchTo(oldcontext);
	if (!found)
		return NULL;
	if (scan->ncolumns > 0)
		slot_getsomeattrs(scan->slot, scan->ncolumns);
	else
		slot_getallattrs(scan->slot);
	return scan->slot;
}

void
azr_scan_end(AzrScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->slot);
	if (scan->pages != NULL)
		azr_row_pages_end(scan->pages);
	if (scan->desc != NULL)
		index_endscan(scan->desc);
	index_close(scan->index, NoLock);
}

/*
 * The transaction that stored a row.
 *
 * Not the slot's system column: that shows the id that a frozen row once had.
 */
TransactionId
azr_row_xmin(TupleTableSlot *row)
{
	bool		copied;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(row, false, &copied);

	return HeapTupleHeaderGetXmin(tuple->t_data);
}

/*
 * May a row that is visible as committed, or as this transaction's own, be remembered?  Not
 * if this transaction made it, which may be rolled back, or if somebody has changed or deleted
 * it, or is about to.
 */
bool
azr_row_is_settled(TupleTableSlot *row)
{
	bool		copied;
	HeapTupleHeader tuple = ExecFetchSlotHeapTuple(row, false, &copied)->t_data;

	return !TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple)) &&
		((tuple->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		 HEAP_XMAX_IS_LOCKED_ONLY(tuple->t_infomask));
}

/*
 * Find a table and its parent by name.  From here on, an invalidation message
 * for either sets 'changed'.
 */
static void
find_table(AzrTable *table)
{
	static bool callback_registered = false;
	AzrTable   *listed;
	Oid			schema = azr_extension_schema();

	if (!callback_registered)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		callback_registered = true;
	}
	for (listed = found_tables; listed != NULL; listed = listed->next)
		if (listed == table)
			break;
	if (listed == NULL)
	{
		table->next = found_tables;
		found_tables = table;
	}

	table->valid = false;
	table->changed = false;
	table->findings++;
	table->parentid = InvalidOid;
	table->grandparentid = InvalidOid;
	if (table->leaf_of != NULL)
	{
		table->parentid = table->leaf_of->relid;
		table->grandparentid = table->leaf_of->parentid;
		return;
	}

	table->relid = get_relname_relid(table->name, schema);
	if (table->parent != NULL)
		table->parentid = get_relname_relid(table->parent, schema);

	if (!OidIsValid(table->relid) ||
		(table->parent != NULL && !OidIsValid(table->parentid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of extension \"angzarr\" does not exist",
						OidIsValid(table->relid) ? table->parent : table->name)));
}

/*
 * Learn what the C code needs to know of a table that the caller has locked and opened.
 *
 * Locks taken here take in invalidation messages.  What looks wrong after one
 * may just be out of date, as in REINDEX CONCURRENTLY, which swaps an index for
 * another of the same name: then the caller does it all again.
 */
static void
describe_table(AzrTable *table, Relation rel)
{
	const char *column = changed_column(table, rel);
	bool		is_partition;

	if (column != NULL && !table->changed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" was changed",
						column, RelationGetRelationName(rel)),
				 errhint("Columns of the extension's tables must keep their place, name, type and NOT NULL, and must not be generated.")));

	is_partition = rel->rd_rel->relispartition &&
		get_partition_parent(RelationGetRelid(rel), true) == table->parentid;
	if (OidIsValid(table->parentid) && !is_partition && !table->changed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is no partition of \"%s\"",
						RelationGetRelationName(rel), get_rel_name(table->parentid)),
				 errhint("Attach it as the extension's install script does.")));

	for (int i = 0; i < table->nindexes && !table->partitioned && !table->changed; i++)
	{
		const AzrIndex *expected = &table->indexes[i];

		table->indexids[i] = find_index(table, expected, rel);
		if (!OidIsValid(table->indexids[i]) && !table->changed)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("%s of table \"%s\" is missing or was changed",
							expected->name != NULL
							? psprintf("index \"%s\"", expected->name) : "primary key",
							RelationGetRelationName(rel)),
					 errhint("Create it as the extension's install script does.")));
	}
	if (!table->changed && !table->partitioned)
		table->plain = is_plain(table, rel);
	table->valid = !table->changed;
}

/*
 * The columns that the C code knows by number must be the declared ones.
 * Further columns after them are the owner's business.  Returns the first one
 * that is not as declared, or NULL.
 */
static const char *
changed_column(const AzrTable *table, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < table->ncolumns; i++)
	{
		const AzrColumn *expected = &table->columns[i];
		Form_pg_attribute attr;

		if (rel->rd_rel->relkind !=
			(table->partitioned ? RELKIND_PARTITIONED_TABLE : RELKIND_RELATION) ||
			i >= desc->natts)
			return expected->name;
		attr = TupleDescAttr(desc, i);
		if (attr->attisdropped ||
			attr->attgenerated != '\0' ||
			attr->atttypid != expected->type ||
			(expected->not_null && !azr_column_has_no_nulls(desc, i)) ||
			strcmp(NameStr(attr->attname), expected->name) != 0)
			return expected->name;
	}
	return NULL;
}

/*
 * OID of a declared index, or InvalidOid if it is not what was declared.
 *
 * Text compares by bytes everywhere: the scan keys say so.
 */
static Oid
find_index(const AzrTable *table, const AzrIndex *expected, Relation rel)
{
	Oid			indexid;
	Relation	index;
	bool		sound;

	if (expected->name != NULL)
		indexid = get_relname_relid(expected->name, RelationGetNamespace(rel));
	else
		indexid = azr_primary_key(rel);
	index = OidIsValid(indexid) ? try_relation_open(indexid, AccessShareLock) : NULL;
	sound = index != NULL &&
		index->rd_index != NULL &&
		index->rd_index->indrelid == RelationGetRelid(rel) &&
		index->rd_index->indisvalid &&
		index->rd_rel->relam == BTREE_AM_OID &&
		IndexRelationGetNumberOfKeyAttributes(index) == expected->nkeys &&
		(index->rd_index->indisunique || !table->updated || expected != table->indexes);

	for (int i = 0; sound && i < expected->nkeys; i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];

		sound = attno == expected->keys[i] &&
			index->rd_indoption[i] == 0 &&
			index->rd_opcintype[i] == table->columns[attno - 1].type &&
			index->rd_indcollation[i] ==
			(table->columns[attno - 1].type == TEXTOID ? C_COLLATION_OID : InvalidOid);
	}
	sound = sound && has_predicate(index, expected);
	if (index != NULL)
		relation_close(index, NoLock);

	return sound ? indexid : InvalidOid;
}

/*
 * Does an insert into the table involve only our rows and our kinds of index?  If so, notes
 * the indexes.  If not, SQL does the insert: it knows about triggers, constraints, defaults
 * and expressions.
 */
static bool
is_plain(AzrTable *table, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	TriggerDesc *triggers = rel->trigdesc;
	List	   *indexes;
	ListCell   *lc;
	bool		plain;

	if (desc->natts != table->ncolumns || rel->rd_rel->relhasrules ||
		rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		return false;

	/* a row may lack its last columns: they are read as NULL */
	if (desc->constr != NULL &&
		(desc->constr->num_check > 0 ||
		 desc->constr->num_defval > 0 ||
		 desc->constr->missing != NULL ||
		 desc->constr->has_generated_stored))
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		/* a NOT NULL that we know nothing of is a constraint to check */
		if (TupleDescAttr(desc, i)->attnotnull && !table->columns[i].not_null)
			return false;
	}
	if (triggers != NULL &&
		(triggers->trig_insert_before_row || triggers->trig_insert_after_row ||
		 triggers->trig_insert_instead_row || triggers->trig_insert_before_statement ||
		 triggers->trig_insert_after_statement || triggers->trig_insert_new_table))
		return false;
	if (table->updated && triggers != NULL &&
		(triggers->trig_update_before_row || triggers->trig_update_after_row ||
		 triggers->trig_update_before_statement || triggers->trig_update_after_statement ||
		 triggers->trig_update_new_table || triggers->trig_update_old_table))
		return false;
	if (parent_interferes(table->parentid) || parent_interferes(table->grandparentid))
		return false;

	indexes = RelationGetIndexList(rel);
	plain = list_length(indexes) <= AZR_MAX_ALL_INDEXES;
	table->nall_indexes = 0;
	foreach(lc, indexes)
	{
		Relation	index;

		if (!plain)
			break;
		index = index_open(lfirst_oid(lc), AccessShareLock);
		plain = note_index(table, index);
		index_close(index, NoLock);
	}
	list_free(indexes);
	return plain;
}

/*
 * Note an index of a table that is plain so far, if it is of a kind that insert.c
 * fills.
 */
static bool
note_index(AzrTable *table, Relation index)
{
	int			i = table->nall_indexes;
	List	   *predicate = stored_predicate(index);
	ListCell   *lc;

	if (index->rd_rel->relam != BTREE_AM_OID ||
		!index->rd_index->indimmediate ||
		index->rd_index->indisexclusion ||
		list_length(predicate) > AZR_MAX_CONDITIONS)
		return false;

	foreach(lc, stored_expressions(index))
	{
		if (!is_computed(table, (Node *) lfirst(lc)))
			return false;
	}
	table->all_indexes[i].nconditions = 0;
	foreach(lc, predicate)
	{
		AzrCondition *condition =
			&table->all_indexes[i].conditions[table->all_indexes[i].nconditions++];

		if (!is_condition((Node *) lfirst(lc), condition) &&
			!is_computed_condition(table, (Node *) lfirst(lc), condition))
			return false;
	}
	table->all_indexes[i].id = RelationGetRelid(index);
	table->nall_indexes++;
	return true;
}

/*
 * The expressions of an index, and its predicate as a list of clauses that are all to
 * be met, as they are stored.
 *
 * RelationGetIndexExpressions() and RelationGetIndexPredicate() simplify them, for which
 * they call functions that the index's owner wrote, with the rights of the current user.
 * Here nothing is called.
 */
static List *
stored_expressions(Relation index)
{
	return (List *) stored_node(index, Anum_pg_index_indexprs);
}

static List *
stored_predicate(Relation index)
{
	return make_ands_implicit((Expr *) stored_node(index, Anum_pg_index_indpred));
}

static Node *
stored_node(Relation index, AttrNumber attno)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(RelationGetRelid(index)));
	Node	   *node = NULL;
	Datum		stored;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", RelationGetRelid(index));
	stored = SysCacheGetAttr(INDEXRELID, tuple, attno, &isnull);
	if (!isnull)
		node = stringToNode(TextDatumGetCString(stored));
	ReleaseSysCache(tuple);
	return node;
}

/*
 * Is a clause of a predicate a test of one column that insert.c can make itself?
 */
static bool
is_condition(Node *clause, AzrCondition *condition)
{
	Node	   *column = clause;

	if (IsA(clause, NullTest) && !((NullTest *) clause)->argisrow)
	{
		condition->test = ((NullTest *) clause)->nulltesttype == IS_NULL
			? AZR_IS_NULL : AZR_IS_NOT_NULL;
		column = (Node *) ((NullTest *) clause)->arg;
	}
	else if (IsA(clause, BoolExpr) && ((BoolExpr *) clause)->boolop == NOT_EXPR)
	{
		condition->test = AZR_IS_FALSE;
		column = linitial(((BoolExpr *) clause)->args);
	}
	else
		condition->test = AZR_IS_TRUE;

	if (!IsA(column, Var))
		return false;
	condition->attno = ((Var *) column)->varattno;
	return condition->attno > 0;
}

/*
 * Does an index have exactly the predicate that was declared?
 */
static bool
has_predicate(Relation index, const AzrIndex *expected)
{
	List	   *predicate = stored_predicate(index);
	int			nexpected = (expected->only_where_not_null != 0) + (expected->only_where_true != 0);
	ListCell   *lc;

	if (list_length(predicate) != nexpected)
		return false;
	foreach(lc, predicate)
	{
		AzrCondition condition;

		if (!is_condition((Node *) lfirst(lc), &condition) ||
			!((condition.test == AZR_IS_NOT_NULL &&
			   condition.attno == expected->only_where_not_null) ||
			  (condition.test == AZR_IS_TRUE &&
			   condition.attno == expected->only_where_true)))
			return false;
	}
	return true;
}

/*
 * The same for a test of what the table has computed.
 */
static bool
is_computed_condition(const AzrTable *table, Node *clause, AzrCondition *condition)
{
	NullTest   *test = (NullTest *) clause;

	if (!IsA(clause, NullTest) || test->argisrow || !is_computed(table, (Node *) test->arg))
		return false;
	condition->attno = InvalidAttrNumber;
	condition->test = test->nulltesttype == IS_NULL ? AZR_IS_NULL : AZR_IS_NOT_NULL;
	return true;
}

/*
 * Is an expression what the table has computed: just the function, of just these columns?
 */
static bool
is_computed(const AzrTable *table, Node *expression)
{
	const AzrComputed *computed = table->computed;
	FuncExpr   *call = (FuncExpr *) expression;

	if (computed == NULL || !IsA(expression, FuncExpr) ||
		list_length(call->args) != computed->nargs ||
		!azr_function_is(call->funcid, computed->name, computed->function))
		return false;
	for (int i = 0; i < computed->nargs; i++)
	{
		Node	   *arg = list_nth(call->args, i);

		if (!IsA(arg, Var) || ((Var *) arg)->varattno != computed->args[i])
			return false;
	}
	return true;
}

/*
 * Is a function one of this library, whatever schema it stands in?  Only superusers can make
 * a function in C, so nobody else can make another function look like it.
 */
bool
azr_function_is(Oid funcid, const char *name, PGFunction function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	bool		candidate;
	FmgrInfo	finfo;

	if (!HeapTupleIsValid(tuple))
		return false;
	candidate = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId &&
		strcmp(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname), name) == 0;
	ReleaseSysCache(tuple);
	if (!candidate)
		return false;
	fmgr_info(funcid, &finfo);
	return finfo.fn_addr == function;
}

/*
 * Does a partitioned table have rules or triggers that an insert into its leaf would
 * bypass?  Row triggers are on the leaf too, but rules and statement triggers are not.
 */
static bool
parent_interferes(Oid parentid)
{
	Relation	parent;
	TriggerDesc *triggers;
	bool		result;

	if (!OidIsValid(parentid))
		return false;

	parent = table_open(parentid, AccessShareLock);
	triggers = parent->trigdesc;
	result = parent->rd_rel->relhasrules ||
		(triggers != NULL &&
		 (triggers->trig_insert_before_statement ||
		  triggers->trig_insert_after_statement));
	table_close(parent, NoLock);
	return result;
}

/*
 * An unlogged table is empty after a crash, so what is acknowledged must not go there.
 */
static void
check_logged(const AzrTable *table, Relation rel)
{
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT ||
		table->is_cache || table->partitioned)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is unlogged", RelationGetRelationName(rel)),
			 errdetail("A crash would empty it."),
			 errhint("Use ALTER TABLE ... SET LOGGED.")));
}

/*
 * Relation cache callback: forget what was known of a changed table.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	for (AzrTable *table = found_tables; table != NULL; table = table->next)
		if (!OidIsValid(relid) || relid == table->relid ||
			relid == table->parentid || relid == table->grandparentid)
			table->changed = true;
}
