/*-------------------------------------------------------------------------
 *
 * snapshot_table.c
 *	  The tables of snapshots: the latest one of each stream, and the history of
 *	  earlier ones.
 *
 * See snapshot_table.h for the protocol.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "events/append_protocol.h"
#include "events/max_payload.h"
#include "miscadmin.h"
#include "plumbing/error.h"
#include "plumbing/partition.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "snapshots/snapshot_table.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

/*
 * Columns of azr_latest_snapshots, as in snapshot_table.sql.  The history has all
 * but the last.
 */
enum
{
	Anum_azr_snapshots_sequence = 1,
	Anum_azr_snapshots_created_at,
	Anum_azr_snapshots_filed_at,
	Anum_azr_snapshots_root,
	Anum_azr_snapshots_domain,
	Anum_azr_snapshots_edition,
	Anum_azr_snapshots_retention,
	Anum_azr_snapshots_state_type,
	Anum_azr_snapshots_state,
	Natts_azr_snapshot_history = Anum_azr_snapshots_state,
	Anum_azr_latest_snapshots_late_transient,
	Natts_azr_latest_snapshots = Anum_azr_latest_snapshots_late_transient
};

static const AzrColumn columns[Natts_azr_latest_snapshots] = {
	{"sequence", INT8OID, true},
	{"created_at", TIMESTAMPTZOID, true},
	{"filed_at", TIMESTAMPTZOID, true},
	{"root", UUIDOID, true},
	{"domain", TEXTOID, true},
	{"edition", TEXTOID, true},
	{"retention", TEXTOID, true},
	{"state_type", TEXTOID, true},
	{"state", BYTEAOID, true},
	{"late_transient", BOOLOID, true}
};

/* Places in the array of indexes of azr_latest_snapshots. */
enum
{
	LATEST_PRIMARY_KEY,
	LATEST_ROOT,
	NUM_LATEST_INDEXES
};

static const AzrIndex latest_indexes[NUM_LATEST_INDEXES] = {
	[LATEST_PRIMARY_KEY] = {
		"azr_latest_snapshots_pkey", 3,
		{
			Anum_azr_snapshots_domain, Anum_azr_snapshots_edition, Anum_azr_snapshots_root
		},
		0, 0
	},
	[LATEST_ROOT] = {
		"azr_latest_snapshots_root_idx", 1, {Anum_azr_snapshots_root}, 0, 0
	}
};

/* The same on every leaf of the history. */
static const AzrIndex history_indexes[] = {
	{
		NULL, 4,
		{
			Anum_azr_snapshots_domain, Anum_azr_snapshots_edition, Anum_azr_snapshots_root,
			Anum_azr_snapshots_sequence
		},
		0, 0
	}
};

AZR_CHECK_INDEXES(latest_indexes);
AZR_CHECK_INDEXES(history_indexes);

static AzrTable latest_table = {
	.name = "azr_latest_snapshots",
	.ncolumns = Natts_azr_latest_snapshots,
	.columns = columns,
	.nindexes = lengthof(latest_indexes),
	.indexes = latest_indexes,
	.updated = true,
	.is_cache = true
};

static AzrTable persist_table = {
	.name = "azr_snapshot_history_persist",
	.parent = "azr_snapshot_history",
	.ncolumns = Natts_azr_snapshot_history,
	.columns = columns,
	.nindexes = lengthof(history_indexes),
	.indexes = history_indexes,
	.is_cache = true
};

static AzrTable by_time_table = {
	.name = "azr_snapshot_history_by_time",
	.parent = "azr_snapshot_history",
	.partitioned = true,
	.ncolumns = Natts_azr_snapshot_history,
	.columns = columns,
	.nindexes = lengthof(history_indexes),
	.indexes = history_indexes,
	.is_cache = true
};

static const AzrUpkeepTable kept_up_table = {
	.table = &by_time_table,
	.time = Anum_azr_snapshots_filed_at,
	.prefix = "azr_snapshot_history_",
	.condition = "retention IN ('default', 'transient')",
	.rows = "snapshots"
};

const char *const azr_retention_names[] = {
	[AZR_TRANSIENT] = "transient",
	[AZR_DEFAULT] = "default",
	[AZR_PERSIST] = "persist",
	NULL
};

/* A row of azr_latest_snapshots. */
typedef struct LatestRow
{
	AzrSnapshot snapshot;
	TimestampTz filed_at;
	bool		late_transient;
	ItemPointerData tid;
} LatestRow;

static Relation open_by_time(LOCKMODE lockmode);
static LatestRow find_latest(const AzrStreamName *name, Snapshot as_of);
static bool is_exact(const AzrSnapshot *best, int64 at);
static bool find_in_leaf(AzrTable *leaf, const AzrStreamName *name, int64 at,
						 Snapshot as_of, AzrSnapshot *best);
static void store_latest(const AzrStreamName *name, const LatestRow *latest);
static void file(const AzrStreamName *name, const AzrSnapshot *snapshot, TimestampTz filed_at);
static Relation open_leaf_for(Relation by_time, TimestampTz filed_at, AzrTable **leaf);
static Oid	leaf_for(Relation by_time, TimestampTz filed_at);
static void put_late(const AzrStreamName *name, const AzrSnapshot *snapshot, LatestRow *latest);
static void drop_transient(const AzrStreamName *name, int64 before);
static void forget_new_streams(const AzrNewStream *streams, int count);
static void forget_new_stream(const AzrStreamName *name, int64 first, int64 last);
static void note_root(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void check_isolation(const AzrStreamName *name, LatestRow *now);
static AzrQueryArgs stream_args(const AzrStreamName *name);
static void make_keys(ScanKeyData *keys, const AzrStreamName *name);
static void make_values(const AzrStreamName *name, const AzrSnapshot *snapshot,
						TimestampTz filed_at, Datum *values);
static AzrSnapshot read_snapshot(TupleTableSlot *row);

/*
 * Rows of the history, and of the latest snapshots, of the stream $1, $2, $3 or the edition
 * $1, $2.
 */
#define HISTORY_OF_STREAM \
	"%s.azr_snapshot_history WHERE domain = $1 AND edition = $2 AND root = $3"
#define HISTORY_OF_EDITION \
	"%s.azr_snapshot_history WHERE domain = $1 AND edition = $2"
#define LATEST_OF_STREAM \
	"%s.azr_latest_snapshots WHERE domain = $1 AND edition = $2 AND root = $3"
#define LATEST_OF_EDITION \
	"%s.azr_latest_snapshots WHERE domain = $1 AND edition = $2"

/*
 * The stream's own snapshot with the highest sequence, or the highest at or below
 * 'at'.
 */
AzrSnapshot
azr_snapshot_find(const AzrStreamName *name, AzrOptionalInt64 at, Snapshot as_of)
{
	LatestRow	latest = find_latest(name, as_of);
	AzrSnapshot best = {.found = false};
	Relation	by_time;
	Oid			rest;
	AzrPlace	place;

	if (!latest.snapshot.found || !at.given || latest.snapshot.sequence <= at.value)
		return latest.snapshot;

	by_time = open_by_time(AccessShareLock);
	rest = azr_default_partition(by_time);
	if (OidIsValid(rest))
		(void) find_in_leaf(azr_partition(&by_time_table, rest), name, at.value, as_of, &best);

	/*
	 * go back from the stream's latest filing time to the first partition
	 * that has one
	 */
	place = azr_place_of(by_time, latest.filed_at);
	while (!is_exact(&best, at.value) &&
		   !(OidIsValid(place.relid) &&
			 find_in_leaf(azr_partition(&by_time_table, place.relid), name, at.value,
						  as_of, &best)))
	{
		if (TIMESTAMP_IS_NOBEGIN(place.from))
			break;
		place = azr_place_of(by_time, place.from - 1);
	}
	table_close(by_time, NoLock);

	if (!is_exact(&best, at.value))
		(void) find_in_leaf(&persist_table, name, at.value, as_of, &best);
	return best;
}

/*
 * Is this the best snapshot that there can be?
 */
static bool
is_exact(const AzrSnapshot *best, int64 at)
{
	return best->found && best->sequence == at;
}

/*
 * Refuse a state that is too large: 54000.
 */
void
azr_snapshot_check_size(const AzrStreamName *name, const bytea *state)
{
	Size		size = toast_raw_datum_size(PointerGetDatum(state)) - VARHDRSZ;
	int			limit = azr_max_payload(name->domain);

	if (size > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of the snapshot is too large"),
				 errdetail("It has %zu bytes, and the limit is %d bytes.", size, limit),
				 errhint("Keep the state elsewhere, or split the aggregate into smaller ones.")));
}

/*
 * Store a snapshot of a stream whose lock the caller holds.  Snapshots that need not be
 * kept any longer are deleted.
 *
 * Raises 40001 if the transaction must stick to an older PostgreSQL snapshot that does not
 * show what is there.
 */
void
azr_snapshot_put(const AzrStreamName *name, const AzrSnapshot *snapshot)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	LatestRow	latest = find_latest(name, SnapshotSelf);
	AzrSnapshot earlier = latest.snapshot;

	if (!earlier.found)
		latest.filed_at = now;
	else
		check_isolation(name, &latest);

	if (earlier.found && snapshot->sequence < earlier.sequence)
	{
		put_late(name, snapshot, &latest);
		return;
	}
	if (latest.late_transient)
		drop_transient(name, snapshot->sequence);
	latest.late_transient = false;
	if (earlier.found && snapshot->sequence > earlier.sequence)
	{
		latest.filed_at = Max(latest.filed_at, now);
		if (earlier.retention != AZR_TRANSIENT)
			file(name, &earlier, latest.filed_at);
	}
	latest.snapshot = *snapshot;
	store_latest(name, &latest);
}

/*
 * Delete all snapshots of a stream whose lock the caller holds, and say how many
 * there were.
 *
 * Raises 40001 if the transaction must stick to an older PostgreSQL snapshot that does not
 * show them.
 */
int64
azr_snapshots_delete(const AzrStreamName *name)
{
	AzrQueryArgs args = stream_args(name);
	LatestRow	latest = find_latest(name, SnapshotSelf);

	if (!latest.snapshot.found)
		return 0;

	check_isolation(name, &latest);
	return (int64) azr_query_modify("DELETE FROM " LATEST_OF_STREAM, &args, NULL, NULL) +
		(int64) azr_query_modify("DELETE FROM " HISTORY_OF_STREAM, &args, NULL, NULL);
}

/*
 * How many snapshots an edition has, by the active PostgreSQL snapshot.
 */
int64
azr_edition_snapshots_count(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);
	AzrQueryValue count = {false, (Datum) 0};

	azr_query_read("SELECT (SELECT count(*) FROM " LATEST_OF_EDITION ") + "
				   "(SELECT count(*) FROM " HISTORY_OF_EDITION ")",
				   &args, azr_query_note, &count);
	return DatumGetInt64(count.value);
}

/*
 * Delete the snapshots of an edition that the caller has locked against writers.
 */
void
azr_edition_snapshots_delete(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);

	(void) azr_query_modify("DELETE FROM " LATEST_OF_EDITION, &args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM " HISTORY_OF_EDITION, &args, NULL, NULL);
}

/*
 * Delete the snapshots at or above a sequence in an edition.  The caller has locked the
 * edition against writers, and it has no streams of its own.
 */
void
azr_edition_snapshots_forget(const text *domain, const text *edition, int64 sequence)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);
	AzrStreamName name = {unconstify(text *, domain), unconstify(text *, edition), NULL};
	List	   *roots = NIL;
	ListCell   *lc;

	azr_query_arg(&args, INT8OID, Int64GetDatum(sequence), false);
	azr_query_latest("SELECT root::uuid FROM " LATEST_OF_EDITION " AND sequence >= $3",
					 &args, note_root, &roots);
	foreach(lc, roots)
	{
		CHECK_FOR_INTERRUPTS();
		name.root = lfirst(lc);
		azr_snapshots_forget(&name, sequence);
	}
}

static void
note_root(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **roots = (List **) arg;
	pg_uuid_t  *root = palloc(sizeof(pg_uuid_t));

	azr_check_row(nulls, 1);
	*root = *DatumGetUUIDP(values[0]);
	*roots = lappend(*roots, root);
}

/*
 * The part of the history that is partitioned by time, for its upkeep.
 */
const AzrUpkeepTable *
azr_snapshot_history(void)
{
	return &kept_up_table;
}

/*
 * Open the part of the history that is partitioned by time.
 */
static Relation
open_by_time(LOCKMODE lockmode)
{
	return azr_partitioned_open(&by_time_table, Anum_azr_snapshots_filed_at, lockmode);
}

/*
 * Called when the library is loaded.
 */
void
azr_snapshots_init(void)
{
	azr_on_new_stream(forget_new_streams);
	azr_on_confirmed(azr_snapshots_forget);
}

/*
 * One probe of the latest snapshots.  What it returns is palloc'd.
 */
static LatestRow
find_latest(const AzrStreamName *name, Snapshot as_of)
{
	Relation	rel = azr_table_open(&latest_table, AccessShareLock);
	LatestRow	latest = {.snapshot.found = false};
	ScanKeyData keys[3];
	AzrScan		scan;
	TupleTableSlot *row;

	make_keys(keys, name);
	azr_scan_begin(&scan, &latest_table, rel, LATEST_PRIMARY_KEY, as_of, keys, lengthof(keys));
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
	{
		latest.snapshot = read_snapshot(row);
		latest.filed_at =
			DatumGetTimestampTz(row->tts_values[Anum_azr_snapshots_filed_at - 1]);
		latest.late_transient =
			DatumGetBool(row->tts_values[Anum_azr_latest_snapshots_late_transient - 1]);
		latest.tid = row->tts_tid;
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return latest;
}

/*
 * Does a leaf of the history have a snapshot at or below 'at'?  If it is higher than the
 * best one so far, it becomes the best one.
 */
static bool
find_in_leaf(AzrTable *leaf, const AzrStreamName *name, int64 at, Snapshot as_of,
			 AzrSnapshot *best)
{
	Relation	rel = azr_table_open(leaf, AccessShareLock);
	ScanKeyData keys[4];
	AzrScan		scan;
	TupleTableSlot *row;

	make_keys(keys, name);
	ScanKeyInit(&keys[3], 4, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(at));
	azr_scan_begin(&scan, leaf, rel, 0, as_of, keys, lengthof(keys));
	row = azr_scan_next(&scan, BackwardScanDirection);
	if (row != NULL &&
		(!best->found ||
		 DatumGetInt64(row->tts_values[Anum_azr_snapshots_sequence - 1]) > best->sequence))
	{
		*best = read_snapshot(row);

		/* the leaf may be dropped before the statement that asks has ended */
		best->state = (bytea *) detoast_external_attr((struct varlena *) best->state);
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return row != NULL;
}

/*
 * Make a snapshot the latest one of its stream.
 */
static void
store_latest(const AzrStreamName *name, const LatestRow *latest)
{
	Relation	rel = azr_table_open(&latest_table, RowExclusiveLock);
	Datum		values[Natts_azr_latest_snapshots];
	bool		nulls[Natts_azr_latest_snapshots] = {false};

	make_values(name, &latest->snapshot, latest->filed_at, values);
	values[Anum_azr_latest_snapshots_late_transient - 1] = BoolGetDatum(latest->late_transient);
	if (!azr_write_one(&latest_table, rel, values, nulls))
		azr_trigger_interfered(&latest_table, azr_stream_label(name));
	table_close(rel, NoLock);
}

/*
 * Put a snapshot into the history.
 */
static void
file(const AzrStreamName *name, const AzrSnapshot *snapshot, TimestampTz filed_at)
{
	AzrTable   *leaf = &persist_table;
	Relation	by_time = NULL;
	Relation	rel = NULL;
	Datum		values[Natts_azr_snapshot_history];
	bool		nulls[Natts_azr_snapshot_history] = {false};

	if (snapshot->retention == AZR_PERSIST)
		rel = azr_table_open(leaf, RowExclusiveLock);
	else
	{
		by_time = open_by_time(RowExclusiveLock);
		rel = open_leaf_for(by_time, filed_at, &leaf);
	}

	make_values(name, snapshot, filed_at, values);
	if (!azr_write_one(leaf, rel, values, nulls))
		azr_trigger_interfered(leaf, azr_stream_label(name));
	if (rel != NULL)
		table_close(rel, NoLock);
	if (by_time != NULL)
		table_close(by_time, NoLock);
}

/*
 * Open the partition that a time falls in, or the default one.  If there is neither,
 * returns NULL, and 'leaf' is the partitioned table.  A partition can be attached while we
 * wait for the lock: then that one is opened instead.
 */
static Relation
open_leaf_for(Relation by_time, TimestampTz filed_at, AzrTable **leaf)
{
	for (;;)
	{
		Oid			relid = leaf_for(by_time, filed_at);
		Relation	rel;

		if (!OidIsValid(relid))
		{
			*leaf = &by_time_table;
			return NULL;
		}
		*leaf = azr_partition(&by_time_table, relid);
		rel = azr_table_open(*leaf, RowExclusiveLock);
		if (leaf_for(by_time, filed_at) == relid)
			return rel;
		table_close(rel, RowExclusiveLock);
	}
}

static Oid
leaf_for(Relation by_time, TimestampTz filed_at)
{
	AzrPlace	place = azr_place_of(by_time, filed_at);

	return OidIsValid(place.relid) ? place.relid : azr_default_partition(by_time);
}

/*
 * Put a snapshot into the history after one with a higher sequence was put.  It is filed
 * under the time of the one that follows it, so that filing times do not decrease.
 */
static void
put_late(const AzrStreamName *name, const AzrSnapshot *snapshot, LatestRow *latest)
{
	AzrQueryArgs args = stream_args(name);
	AzrQueryValue next = {false, (Datum) 0};
	TimestampTz filed_at;

	if (latest->late_transient)
		drop_transient(name, snapshot->sequence);

	azr_query_arg(&args, INT8OID, Int64GetDatum(snapshot->sequence), false);
	(void) azr_query_modify("DELETE FROM " HISTORY_OF_STREAM " AND sequence = $4 RETURNING filed_at",
							&args, azr_query_note, &next);
	if (!next.found)
		azr_query_latest("SELECT filed_at FROM " HISTORY_OF_STREAM
						 " AND sequence > $4 ORDER BY sequence LIMIT 1",
						 &args, azr_query_note, &next);
	filed_at = next.found ? DatumGetTimestampTz(next.value)
		: Max(latest->filed_at, GetCurrentTransactionStartTimestamp());
	file(name, snapshot, filed_at);

	/* in any case, since its row tells others that the history has changed */
	latest->filed_at = Max(latest->filed_at, filed_at);
	latest->late_transient = latest->late_transient || snapshot->retention == AZR_TRANSIENT;
	store_latest(name, latest);
}

/*
 * Delete the transient snapshots in a stream's history below a sequence.
 */
static void
drop_transient(const AzrStreamName *name, int64 before)
{
	AzrQueryArgs args = stream_args(name);

	azr_query_arg(&args, INT8OID, Int64GetDatum(before), false);
	(void) azr_query_modify("DELETE FROM " HISTORY_OF_STREAM
							" AND sequence < $4 AND retention = 'transient'",
							&args, NULL, NULL);
}

/*
 * Streams get their first own events.  In most stores, the table is empty then.
 */
static void
forget_new_streams(const AzrNewStream *streams, int count)
{
	if (azr_table_is_empty(&latest_table))
		return;
	for (int i = 0; i < count; i++)
		forget_new_stream(&streams[i].name, streams[i].first, streams[i].last);
}

/*
 * A stream gets its first own events.  It may have snapshots already, from clients that
 * knew of events that were not stored yet.  Those past the last event are not states of the
 * stream, nor of editions that read as the main timeline.  If the stream is in an edition,
 * its snapshots may be of what it shared with the main timeline.  From where it branches
 * off, it is another stream, and they are not states of it.
 */
static void
forget_new_stream(const AzrStreamName *name, int64 first, int64 last)
{
	int64		limit = azr_edition_is_main(name->edition) ? last : first - 1;
	AzrStreamName reader = *name;
	ListCell   *lc;

	foreach(lc, azr_snapshot_editions(name, limit + 1))
	{
		reader.edition = (text *) lfirst(lc);
		if (azr_is_new_for(name, reader.edition))
			azr_snapshots_forget(&reader, limit + 1);
	}
}

/*
 * The editions, the main timeline among them, in which the root has a snapshot at or above a
 * sequence, committed or our own.
 */
List *
azr_snapshot_editions(const AzrStreamName *name, int64 sequence)
{
	Relation	rel = azr_table_open(&latest_table, AccessShareLock);
	ScanKeyData key;
	AzrScan		scan;
	TupleTableSlot *row;
	List	   *editions = NIL;

	azr_key_uuid(&key, 1, name->root);
	azr_scan_begin(&scan, &latest_table, rel, LATEST_ROOT, SnapshotSelf, &key, 1);
	while ((row = azr_scan_next(&scan, ForwardScanDirection)) != NULL)
	{
		Datum	   *values = row->tts_values;
		text	   *edition = DatumGetTextPP(values[Anum_azr_snapshots_edition - 1]);

		if (DatumGetInt64(values[Anum_azr_snapshots_sequence - 1]) >= sequence &&
			azr_same_text(DatumGetTextPP(values[Anum_azr_snapshots_domain - 1]), name->domain))
			editions = lappend(editions, azr_copy_text(edition, CurrentMemoryContext));
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return editions;
}

/*
 * Delete the snapshots of a stream at or above a sequence.  The caller holds the stream's
 * lock, or the edition's exclusively.
 */
void
azr_snapshots_forget(const AzrStreamName *name, int64 sequence)
{
	LatestRow	latest = find_latest(name, SnapshotSelf);
	AzrQueryArgs args;

	if (!latest.snapshot.found || latest.snapshot.sequence < sequence)
		return;

	check_isolation(name, &latest);
	args = stream_args(name);
	azr_query_arg(&args, INT8OID, Int64GetDatum(sequence), false);
	(void) azr_query_modify("DELETE FROM " HISTORY_OF_STREAM " AND sequence >= $4",
							&args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM " LATEST_OF_STREAM " AND sequence >= $4",
							&args, NULL, NULL);

	/* the highest that is left is the latest now */
	args = stream_args(name);
	(void) azr_query_modify("WITH best AS (DELETE FROM " HISTORY_OF_STREAM " AND sequence = "
							"(SELECT max(sequence) FROM " HISTORY_OF_STREAM ") RETURNING *) "
							"INSERT INTO %s.azr_latest_snapshots (sequence, created_at, filed_at, "
							"root, domain, edition, retention, state_type, state, late_transient) "
							"SELECT sequence, created_at, filed_at, root, domain, edition, "
							"retention, state_type, state, true FROM best",
							&args, NULL, NULL);
}

/*
 * If the transaction must stick to its PostgreSQL snapshot, queries on the history see it
 * as of that.  Fail with 40001 if the history has changed since, which the row of the
 * latest snapshot shows.
 */
static void
check_isolation(const AzrStreamName *name, LatestRow *now)
{
	LatestRow	then;

	if (!IsolationUsesXactSnapshot())
		return;

	then = find_latest(name, GetTransactionSnapshot());
	if (!then.snapshot.found || !ItemPointerEquals(&then.tid, &now->tid))
		azr_serialization_failure("snapshots of stream \"%s\" have changed after this transaction's snapshot",
								  azr_stream_label(name));
}

/*
 * $1, $2 and $3 of the queries here that are about a stream.
 */
static AzrQueryArgs
stream_args(const AzrStreamName *name)
{
	AzrQueryArgs args = azr_query_edition(name->domain, name->edition);

	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(name->root), false);
	return args;
}

static void
make_keys(ScanKeyData *keys, const AzrStreamName *name)
{
	azr_key_text(&keys[0], 1, name->domain);
	azr_key_text(&keys[1], 2, name->edition);
	azr_key_uuid(&keys[2], 3, name->root);
}

/*
 * The columns that all tables have.
 */
static void
make_values(const AzrStreamName *name, const AzrSnapshot *snapshot, TimestampTz filed_at,
			Datum *values)
{
	values[Anum_azr_snapshots_sequence - 1] = Int64GetDatum(snapshot->sequence);
	values[Anum_azr_snapshots_created_at - 1] = TimestampTzGetDatum(snapshot->created_at);
	values[Anum_azr_snapshots_filed_at - 1] = TimestampTzGetDatum(filed_at);
	values[Anum_azr_snapshots_root - 1] = UUIDPGetDatum(name->root);
	values[Anum_azr_snapshots_domain - 1] = PointerGetDatum(name->domain);
	values[Anum_azr_snapshots_edition - 1] = PointerGetDatum(name->edition);
	values[Anum_azr_snapshots_retention - 1] =
		CStringGetTextDatum(azr_retention_names[snapshot->retention]);
	values[Anum_azr_snapshots_state_type - 1] = PointerGetDatum(snapshot->state_type);
	values[Anum_azr_snapshots_state - 1] = PointerGetDatum(snapshot->state);
}

/*
 * A row of any of the tables, copied.
 */
static AzrSnapshot
read_snapshot(TupleTableSlot *row)
{
	Datum	   *values = row->tts_values;
	AzrSnapshot snapshot = {.found = true};
	char	   *retention;

	snapshot.sequence = DatumGetInt64(values[Anum_azr_snapshots_sequence - 1]);
	snapshot.created_at = DatumGetTimestampTz(values[Anum_azr_snapshots_created_at - 1]);
	snapshot.state_type = (text *)
		DatumGetPointer(datumCopy(values[Anum_azr_snapshots_state_type - 1], false, -1));
	snapshot.state = (bytea *)
		DatumGetPointer(datumCopy(values[Anum_azr_snapshots_state - 1], false, -1));

	/* a word that is not one of ours counts as the one that is kept longest */
	snapshot.retention = AZR_PERSIST;
	retention = TextDatumGetCString(values[Anum_azr_snapshots_retention - 1]);
	for (int i = 0; azr_retention_names[i] != NULL; i++)
		if (strcmp(retention, azr_retention_names[i]) == 0)
			snapshot.retention = (AzrRetention) i;
	return snapshot;
}
