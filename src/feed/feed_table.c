/*-------------------------------------------------------------------------
 *
 * feed_table.c
 *	  The tables of the feed: batches of numbered appends, and how far numbering has come.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "feed/feed_table.h"
#include "plumbing/query.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

/* Columns of azr_feed_batches, as in feed_table.sql. */
enum
{
	Anum_azr_feed_batches_first_position = 1,
	Anum_azr_feed_batches_numbered_at,
	Anum_azr_feed_batches_events,
	Anum_azr_feed_batches_appends,
	Anum_azr_feed_batches_tickets,
	Natts_azr_feed_batches = Anum_azr_feed_batches_tickets
};

static const AzrColumn batches_columns[Natts_azr_feed_batches] = {
	{"first_position", INT8OID, true},
	{"numbered_at", TIMESTAMPTZOID, true},
	{"events", INT8OID, true},
	{"appends", INT8OID, true},
	{"tickets", INT8ARRAYOID, true}
};

static const AzrIndex batches_indexes[] = {
	{"azr_feed_batches_pkey", 1, {Anum_azr_feed_batches_first_position}, 0, 0}
};

AZR_CHECK_INDEXES(batches_indexes);

static AzrTable batches_table = {
	.name = "azr_feed_batches",
	.ncolumns = Natts_azr_feed_batches,
	.columns = batches_columns,
	.nindexes = lengthof(batches_indexes),
	.indexes = batches_indexes
};

#define SELECT_STATE \
	"SELECT next_position::bigint, next_ticket::bigint, pending::bigint[], epoch::uuid, " \
	"system_identifier::bigint, wal_timeline::bigint, database_id::oid FROM %s.azr_feed_state"

static int64 read_number(const char *sql);
static void note_state(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_batch(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * How far numbering has come, by the active PostgreSQL snapshot.
 */
AzrFeedState
azr_feed_state(void)
{
	AzrFeedState state = {.next_ticket = 1};
	AzrQueryArgs no_args = {0};

	azr_query_read(SELECT_STATE, &no_args, note_state, &state);
	return state;
}

/*
 * The same by what is committed now.
 */
AzrFeedState
azr_feed_state_now(void)
{
	AzrFeedState state = {.next_ticket = 1};
	AzrQueryArgs no_args = {0};

	azr_query_latest(SELECT_STATE, &no_args, note_state, &state);
	return state;
}

/*
 * The last position by what is committed now, or -1.
 */
int64
azr_feed_head_now(void)
{
	return azr_feed_state_now().next_position - 1;
}

static void
note_state(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrFeedState *state = (AzrFeedState *) arg;

	azr_check_row(nulls, 7);
	state->found = true;
	state->next_position = DatumGetInt64(values[0]);
	state->next_ticket = DatumGetInt64(values[1]);
	state->pending = azr_ranges_from_array_with_xids(values[2]);
	state->epoch = *DatumGetUUIDP(values[3]);
	state->system_identifier = DatumGetInt64(values[4]);
	state->wal_timeline = DatumGetInt64(values[5]);
	state->database_id = DatumGetObjectId(values[6]);
}

/*
 * Store the state, in place of 'before'.  The caller holds AZR_LOCK_NUMBERING.
 *
 * Raises 40001 where the transaction must stick to a PostgreSQL snapshot that does not show
 * what is there.
 */
void
azr_feed_state_put(const AzrFeedState *state, const AzrFeedState *before)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(state->next_position), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(state->next_ticket), false);
	azr_query_arg(&args, INT8ARRAYOID, azr_ranges_array_with_xids(&state->pending), false);
	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(&state->epoch), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(state->system_identifier), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(state->wal_timeline), false);
	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(state->database_id), false);
	azr_query_must_change("azr_feed_state", 1, before->found
						  ? "UPDATE %s.azr_feed_state SET next_position = $1, next_ticket = $2, "
						  "pending = $3, epoch = $4, system_identifier = $5, wal_timeline = $6, "
						  "database_id = $7"
						  : "INSERT INTO %s.azr_feed_state (id, next_position, next_ticket, "
						  "pending, epoch, system_identifier, wal_timeline, database_id) "
						  "VALUES (true, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
						  &args);
}

/*
 * Does a subscription bring this database its events?  Then it brings their positions too.
 */
bool
azr_feed_is_subscribed(void)
{
	AzrQueryArgs args = {0};
	AzrQueryValue subscribed = {false, (Datum) 0};

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(azr_main_events_relid()), false);
	azr_query_latest("SELECT EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = $1)",
					 &args, azr_query_note, &subscribed);
	return subscribed.found && DatumGetBool(subscribed.value);
}

/*
 * Note tickets that had no row, with who may yet store one.
 */
void
azr_feed_unborn_add(const AzrTicketRanges *ranges, const List *holders)
{
	Datum	   *texts = palloc(Max(list_length(holders), 1) * sizeof(Datum));
	Datum		array;
	ListCell   *lc;

	foreach(lc, holders)
		texts[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	array = PointerGetDatum(construct_array(texts, list_length(holders), TEXTOID, -1, false,
											TYPALIGN_INT));
	for (int i = 0; i < ranges->count; i++)
	{
		AzrQueryArgs args = {0};

		azr_query_arg(&args, INT8OID, Int64GetDatum(ranges->all[i].first), false);
		azr_query_arg(&args, INT8OID, Int64GetDatum(ranges->all[i].last), false);
		azr_query_arg(&args, TEXTARRAYOID, array, false);
		(void) azr_query_modify("INSERT INTO %s.azr_feed_unborn (first_ticket, last_ticket, holders) "
								"VALUES ($1, $2, $3)",
								&args, NULL, NULL);
	}
}

void
azr_feed_unborn_delete(int64 first_ticket)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(first_ticket), false);
	(void) azr_query_modify("DELETE FROM %s.azr_feed_unborn WHERE first_ticket = $1",
							&args, NULL, NULL);
}

/*
 * How many tickets have no row, and how many batches there are, by the active PostgreSQL
 * snapshot.
 */
int64
azr_feed_unborn_count(void)
{
	return read_number("SELECT coalesce(sum(last_ticket - first_ticket + 1), 0)::bigint "
					   "FROM %s.azr_feed_unborn");
}

int64
azr_feed_batch_count(void)
{
	return read_number("SELECT count(*) FROM %s.azr_feed_batches");
}

static int64
read_number(const char *sql)
{
	AzrQueryArgs no_args = {0};
	AzrQueryValue number = {false, (Datum) 0};

	azr_query_read(sql, &no_args, azr_query_note, &number);
	return number.found ? DatumGetInt64(number.value) : 0;
}

/*
 * The last batch that there is now.
 */
AzrFeedBatch
azr_feed_last_batch(void)
{
	AzrFeedBatch batch = {.found = false};
	AzrQueryArgs no_args = {0};

	azr_query_latest("SELECT first_position::bigint, events::bigint, appends::bigint, tickets::bigint[] "
					 "FROM %s.azr_feed_batches ORDER BY first_position DESC LIMIT 1",
					 &no_args, note_batch, &batch);
	return batch;
}

/*
 * The batch that begins with a position, as it is now.
 */
AzrFeedBatch
azr_feed_batch_at(int64 first_position)
{
	AzrFeedBatch batch = {.found = false};
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(first_position), false);
	azr_query_latest("SELECT first_position::bigint, events::bigint, appends::bigint, tickets::bigint[] "
					 "FROM %s.azr_feed_batches WHERE first_position = $1",
					 &args, note_batch, &batch);
	return batch;
}

static void
note_batch(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrFeedBatch *batch = (AzrFeedBatch *) arg;

	azr_check_row(nulls, 4);
	batch->found = true;
	batch->first_position = DatumGetInt64(values[0]);
	batch->events = DatumGetInt64(values[1]);
	batch->appends = DatumGetInt64(values[2]);
	batch->tickets = azr_ranges_from_array(values[3]);
}

/*
 * Store a batch, or what was added to it.
 */
void
azr_feed_batch_put(const AzrFeedBatch *batch)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(batch->first_position), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(batch->events + batch->events_added), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(batch->appends), false);
	azr_query_arg(&args, INT8ARRAYOID, azr_ranges_array(&batch->tickets), false);
	azr_query_must_change("azr_feed_batches", 1, batch->found
						  ? "UPDATE %s.azr_feed_batches SET events = $2, appends = $3, "
						  "tickets = $4, numbered_at = now() WHERE first_position = $1"
						  : "INSERT INTO %s.azr_feed_batches (first_position, numbered_at, "
						  "events, appends, tickets) VALUES ($1, now(), $2, $3, $4)",
						  &args);
}

/*
 * Change what is said of a batch's appends: some are gone.
 */
void
azr_feed_batch_set_tickets(const AzrFeedBatch *batch, const AzrTicketRanges *tickets)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(batch->first_position), false);
	azr_query_arg(&args, INT8ARRAYOID, azr_ranges_array(tickets), false);
	azr_query_must_change("azr_feed_batches", 1,
						  "UPDATE %s.azr_feed_batches SET tickets = $2 WHERE first_position = $1",
						  &args);
}

/*
 * Begin to read batches, from the one that has 'position'.
 */
void
azr_batch_scan_begin(AzrBatchScan *scan, int64 position, Snapshot snapshot)
{
	ScanKeyData key;
	TupleTableSlot *row;

	scan->rel = azr_table_open(&batches_table, AccessShareLock);
	ScanKeyInit(&key, 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(position));
	azr_scan_begin(&scan->scan, &batches_table, scan->rel, 0, snapshot, &key, 1);
	row = azr_scan_next(&scan->scan, BackwardScanDirection);
	if (row != NULL)
		position = DatumGetInt64(row->tts_values[Anum_azr_feed_batches_first_position - 1]);
	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(position));
	index_rescan(scan->scan.desc, &key, 1, NULL, 0);
}

/*
 * The next batch.  Returns false after the last one.
 */
bool
azr_batch_scan_next(AzrBatchScan *scan, AzrFeedBatch *batch)
{
	TupleTableSlot *row = azr_scan_next(&scan->scan, ForwardScanDirection);

	if (row == NULL)
		return false;
	batch->found = true;
	batch->first_position = DatumGetInt64(row->tts_values[Anum_azr_feed_batches_first_position - 1]);
	batch->events = DatumGetInt64(row->tts_values[Anum_azr_feed_batches_events - 1]);
	batch->appends = DatumGetInt64(row->tts_values[Anum_azr_feed_batches_appends - 1]);
	batch->tickets = azr_ranges_from_array(row->tts_values[Anum_azr_feed_batches_tickets - 1]);
	return true;
}

void
azr_batch_scan_end(AzrBatchScan *scan)
{
	azr_scan_end(&scan->scan);
	table_close(scan->rel, NoLock);
}
