/*-------------------------------------------------------------------------
 *
 * numbered.c
 *	  Tables whose rows stand for a name and get a number from a PostgreSQL
 *	  sequence: streams, and types of events.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "base/extension.h"
#include "base/numbered.h"
#include "base/query.h"
#include "commands/sequence.h"
#include "utils/lsyscache.h"

/*
 * The number of a new row.  The caller has opened the table before.
 *
 * Raises 42P01 where the sequence is gone, 2200H where it has no numbers left, 55000
 * where it was changed to give others than positive ones.
 */
int64
azr_next_number(AzrNumbers *numbers)
{
	int64		number;

	if (numbers->found_beside != numbers->table->relid)
	{
		numbers->found_beside = InvalidOid;
		numbers->sequence_id = get_relname_relid(numbers->sequence, azr_extension_schema());
		if (!OidIsValid(numbers->sequence_id))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("sequence \"%s\" of extension \"angzarr\" does not exist",
							numbers->sequence)));
		numbers->found_beside = numbers->table->relid;
	}
	number = nextval_internal(numbers->sequence_id, false);
	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sequence \"%s\" was changed: it gave %lld",
						numbers->sequence, (long long) number),
				 errhint("It must give positive numbers, above any in %s.",
						 numbers->table->name)));
	return number;
}

/*
 * Add a row, whose first column is its number, and let the rest of the transaction see
 * it.  'label' says for errors what the row stands for.
 *
 * Raises 27000 where a trigger does not let it in as it is.
 */
void
azr_add_numbered(AzrNumbers *numbers, const Datum *values, const bool *nulls,
				 const char *label)
{
	AzrTable   *table = numbers->table;
	Relation	rel = azr_table_open(table, RowExclusiveLock);

	if (table->plain)
	{
		AzrInsert  *insert = azr_insert_begin(table, rel, 1);
		TupleTableSlot *slot = azr_insert_slot(insert);

		memcpy(slot->tts_values, values, table->ncolumns * sizeof(Datum));
		memcpy(slot->tts_isnull, nulls, table->ncolumns * sizeof(bool));
		azr_insert_put(insert, 0);
		azr_insert_end(insert);
	}
	else
	{
		StringInfoData columns;
		StringInfoData params;
		AzrQueryArgs args = {0};
		AzrQueryValue stored = {false, (Datum) 0};

		initStringInfo(&columns);
		initStringInfo(&params);
		for (int i = 0; i < table->ncolumns; i++)
		{
			appendStringInfo(&columns, "%s%s", i == 0 ? "" : ", ", table->columns[i].name);
			appendStringInfo(&params, "%s$%d", i == 0 ? "" : ", ", i + 1);
			azr_query_arg(&args, table->columns[i].type, values[i], nulls[i]);
		}
		(void) azr_query_modify(psprintf("INSERT INTO %%s.%s (%s) VALUES (%s) RETURNING %s",
										 table->name, columns.data, params.data,
										 table->columns[0].name),
								&args, azr_query_note, &stored);
		if (!stored.found || stored.value != values[0])
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
					 errmsg("a trigger on %s dropped or changed \"%s\"", table->name, label),
					 errhint("A BEFORE trigger there must return the row as it got it.")));
	}
	table_close(rel, NoLock);
}
