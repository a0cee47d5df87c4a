/*-------------------------------------------------------------------------
 *
 * write.c
 *	  The one way to write rows of the extension's own tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plumbing/insert.h"
#include "plumbing/query.h"
#include "plumbing/upsert.h"
#include "plumbing/write.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

/* Rows that go in by SQL, column by column, until all are there. */
typedef struct SqlRows
{
	int			count;
	int			allocated;
	int			next_returned;	/* the first row that the statement may yet
								 * return */
	bool		is_changed;		/* it has returned what is none of them */
	bool	   *returned;		/* by row */
	Datum	  **values;			/* by column and row */
	bool	  **nulls;
} SqlRows;

struct AzrWrite
{
	AzrTable   *table;
	Relation	rel;
	AzrWritten	written;
	AzrInsert  *insert;			/* one of the three ways; NULL for the others */
	AzrUpsert  *upsert;
	SqlRows    *by_sql;
};

static SqlRows *sql_begin(const AzrTable *table, int nrows);
static void sql_add(SqlRows *rows, const AzrTable *table, const Datum *values, const bool *nulls);
static bool sql_end(AzrWrite *write);
static const char *target_of(const AzrTable *table);
static char *statement_for(const AzrTable *table);
static Datum array_of(const AzrTable *table, const SqlRows *rows, int column);
static void match_returned(uint64 row, const Datum *values, const bool *nulls, void *arg);
static bool is_as_given(const AzrWrite *write, int row, const Datum *values, const bool *nulls);
static bool is_kept(AzrWrite *write, int row);

/*
 * Begin to write up to 'nrows' rows into a table that the caller has opened with
 * RowExclusiveLock.  If a partitioned table has no leaf for the rows, 'table' is the
 * partitioned one, which is not plain, and 'rel' is NULL.
 *
 * Of rows with the same key, only one may be written between begin and end.
 */
AzrWrite *
azr_write_begin(AzrTable *table, Relation rel, int nrows)
{
	AzrWrite   *write = palloc0(sizeof(AzrWrite));

	write->table = table;
	write->rel = rel;
	if (rel == NULL || !table->plain)
		write->by_sql = sql_begin(table, nrows);
	else if (table->updated)
		write->upsert = azr_upsert_begin(table, rel);
	else
		write->insert = azr_insert_begin(table, rel, nrows);
	return write;
}

/*
 * Say on which page of an index the first row's entry probably belongs.
 */
void
azr_write_beside(AzrWrite *write, AzrLeaf leaf)
{
	if (write->insert != NULL)
		azr_insert_beside(write->insert, leaf);
}

/*
 * Write a row, given as the columns that the table is declared with.  What they point to
 * must live until azr_write_end().  'bytes' is roughly the size of its columns of variable
 * length, which bounds the memory for rows that are written together.
 */
void
azr_write_row(AzrWrite *write, const Datum *values, const bool *nulls, Size bytes)
{
	if (write->by_sql != NULL)
		sql_add(write->by_sql, write->table, values, nulls);
	else if (write->upsert != NULL)
		write->written.stored += azr_upsert_put(write->upsert, values, nulls, &write->written.kept);
	else
	{
		azr_insert_put(write->insert, values, nulls, bytes);
		write->written.stored++;
	}
}

/*
 * Write what is left, and let the rest of the transaction see all rows.  Unless 'written' is
 * NULL, it is set to what became of them.
 *
 * Returns false if an owner's trigger has dropped a row or has changed its key: the caller
 * then calls azr_trigger_interfered().
 */
bool
azr_write_end(AzrWrite *write, AzrWritten *written)
{
	bool		as_given = true;

	if (write->by_sql != NULL)
		as_given = sql_end(write);
	else if (write->upsert != NULL)
		azr_upsert_end(write->upsert);
	else
		azr_insert_end(write->insert);
	if (written != NULL)
		*written = write->written;
	pfree(write);
	return as_given;
}

/*
 * The same for one row.
 */
bool
azr_write_one(AzrTable *table, Relation rel, const Datum *values, const bool *nulls)
{
	AzrWrite   *write = azr_write_begin(table, rel, 1);

	azr_write_row(write, values, nulls, 0);
	return azr_write_end(write, NULL);
}

/*
 * A trigger has dropped a row, or has changed its key: 27000.  'label' says what the row
 * stands for.
 */
void
azr_trigger_interfered(const AzrTable *table, const char *label)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("a trigger on table \"%s\" dropped or changed a row of \"%s\"",
					target_of(table), label),
			 table->exact
			 ? errhint("A BEFORE trigger there must return every row as it got it.")
			 : errhint("A BEFORE trigger there must return every row, with the key that it got.")));
}

static SqlRows *
sql_begin(const AzrTable *table, int nrows)
{
	SqlRows    *rows = palloc0(sizeof(SqlRows));

	rows->allocated = nrows;
	rows->returned = palloc0(nrows * sizeof(bool));
	rows->values = palloc(table->ncolumns * sizeof(Datum *));
	rows->nulls = palloc(table->ncolumns * sizeof(bool *));
	for (int i = 0; i < table->ncolumns; i++)
	{
		rows->values[i] = palloc(nrows * sizeof(Datum));
		rows->nulls[i] = palloc(nrows * sizeof(bool));
	}
	return rows;
}

static void
sql_add(SqlRows *rows, const AzrTable *table, const Datum *values, const bool *nulls)
{
	Assert(rows->count < rows->allocated);

	for (int i = 0; i < table->ncolumns; i++)
	{
		rows->values[i][rows->count] = nulls[i] ? (Datum) 0 : values[i];
		rows->nulls[i][rows->count] = nulls[i];
	}
	rows->count++;
}

/*
 * Run the statement.  Returns whether each row was stored as it was given, or was not
 * stored because the one that has its key stays.
 */
static bool
sql_end(AzrWrite *write)
{
	const AzrTable *table = write->table;
	SqlRows    *rows = write->by_sql;
	AzrQueryArgs args = {0};
	bool		as_given = true;

	if (rows->count == 0)
		return true;
	for (int i = 0; i < table->ncolumns; i++)
		azr_query_arg(&args, get_array_type(table->columns[i].type),
					  array_of(table, rows, i), false);
	write->written.stored = (int64) azr_query_modify(statement_for(table), &args,
													 match_returned, write);
	if (rows->is_changed)
		return false;
	for (int i = 0; i < rows->count && as_given; i++)
	{
		CHECK_FOR_INTERRUPTS();
		as_given = rows->returned[i] || is_kept(write, i);
	}
	return as_given;
}

/*
 * The table that SQL writes to: the partitioned one, where there is one.
 */
static const char *
target_of(const AzrTable *table)
{
	if (table->leaf_of != NULL)
		table = table->leaf_of;
	return table->parent != NULL ? table->parent : table->name;
}

/*
 * INSERT INTO table (columns) SELECT columns FROM unnest(arguments), in the order of the
 * rows, RETURNING what is compared: the key, or all columns.
 */
static char *
statement_for(const AzrTable *table)
{
	const AzrIndex *key = &table->indexes[0];
	const char *grows = table->grows > 0 ? table->columns[table->grows - 1].name : NULL;
	StringInfoData columns;
	StringInfoData params;
	StringInfoData replaced;
	StringInfoData sql;

	initStringInfo(&columns);
	initStringInfo(&params);
	initStringInfo(&replaced);
	initStringInfo(&sql);
	for (int i = 0; i < table->ncolumns; i++)
	{
		const char *name = table->columns[i].name;
		bool		in_key = false;

		for (int k = 0; k < key->nkeys; k++)
			in_key = in_key || key->keys[k] == i + 1;
		appendStringInfo(&columns, "%s%s", i == 0 ? "" : ", ", name);
		appendStringInfo(&params, "%s$%d", i == 0 ? "" : ", ", i + 1);
		if (!in_key)
			appendStringInfo(&replaced, "%s%s = excluded.%s",
							 replaced.len == 0 ? "" : ", ", name, name);
	}

	appendStringInfo(&sql, "INSERT INTO %%s.%s AS t (%s) SELECT %s FROM unnest(%s) "
					 "WITH ORDINALITY AS u(%s, place) ORDER BY u.place",
					 target_of(table), columns.data, columns.data, params.data, columns.data);
	if (table->updated)
	{
		appendStringInfo(&sql, " ON CONFLICT (%s) DO UPDATE SET %s",
						 azr_key_columns(table), replaced.data);
		if (grows != NULL)
			appendStringInfo(&sql, " WHERE t.%s < excluded.%s", grows, grows);
	}
	appendStringInfo(&sql, " RETURNING %s", table->exact ? columns.data : azr_key_columns(table));
	return sql.data;
}

/*
 * A column of all rows as an array.
 */
static Datum
array_of(const AzrTable *table, const SqlRows *rows, int column)
{
	Oid			type = table->columns[column].type;
	int			dims[1] = {rows->count};
	int			lower_bounds[1] = {1};
	int16		typlen;
	bool		typbyval;
	char		typalign;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(rows->values[column], rows->nulls[column],
											  1, dims, lower_bounds, type,
											  typlen, typbyval, typalign));
}

/*
 * The statement returned a row.  It returns them in the order in which they were given, but
 * leaves out those that were not stored.
 */
static void
match_returned(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrWrite   *write = (AzrWrite *) arg;
	SqlRows    *rows = write->by_sql;

	while (!rows->is_changed && rows->next_returned < rows->count)
	{
		int			i = rows->next_returned++;

		CHECK_FOR_INTERRUPTS();
		if (is_as_given(write, i, values, nulls))
		{
			rows->returned[i] = true;
			return;
		}
	}
	rows->is_changed = true;
}

/*
 * Is what the statement returned the row with this place?
 */
static bool
is_as_given(const AzrWrite *write, int row, const Datum *values, const bool *nulls)
{
	const AzrTable *table = write->table;
	const AzrIndex *key = &table->indexes[0];
	int			compared = table->exact ? table->ncolumns : key->nkeys;

	for (int i = 0; i < compared; i++)
	{
		int			column = table->exact ? i : key->keys[i] - 1;
		bool		isnull = write->by_sql->nulls[column][row];
		int16		typlen;
		bool		typbyval;

		if (nulls[i] != isnull)
			return false;
		if (isnull)
			continue;
		get_typlenbyval(table->columns[column].type, &typlen, &typbyval);
		if (!datum_image_eq(values[i], write->by_sql->values[column][row], typbyval, typlen))
			return false;
	}
	return true;
}

/*
 * Was a row not stored because there is one that has its key and is not lower?
 */
static bool
is_kept(AzrWrite *write, int row)
{
	AzrTable   *table = write->table;
	Datum		values[AZR_MAX_COLUMNS];
	ScanKeyData keys[AZR_MAX_INDEX_KEYS];
	AzrScan		scan;
	TupleTableSlot *existing;
	bool		kept;

	if (!table->updated || table->grows <= 0)
		return false;
	for (int i = 0; i < table->ncolumns; i++)
		values[i] = write->by_sql->values[i][row];
	azr_row_keys(keys, table, values);
	azr_scan_begin(&scan, table, write->rel, 0, SnapshotSelf, keys, table->indexes[0].nkeys);
	existing = azr_scan_next(&scan, ForwardScanDirection);
	kept = existing != NULL && !azr_row_grows(table, existing, values);
	if (kept)
		write->written.kept = azr_row_growth(table, existing);
	azr_scan_end(&scan);
	return kept;
}
