/*-------------------------------------------------------------------------
 *
 * positions.c
 *	  The position store: how far each handler has read each stream.
 *
 * azr_put_position, azr_put_positions, azr_get_position and azr_delete_positions.
 *
 * A position only goes forward.  If two workers of a handler record different positions,
 * the later one waits for the earlier one, and the higher position stays, whoever came
 * first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/table.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "positions/positions.h"
#include "storage/lmgr.h"
#include "streams/edition.h"
#include "streams/slot.h"
#include "streams/stream.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_put_position);
PG_FUNCTION_INFO_V1(azr_put_positions);
PG_FUNCTION_INFO_V1(azr_get_position);
PG_FUNCTION_INFO_V1(azr_delete_positions);

/* Columns of azr_positions, as in positions.sql. */
enum
{
	Anum_azr_positions_sequence = 1,
	Anum_azr_positions_root,
	Anum_azr_positions_handler,
	Anum_azr_positions_domain,
	Anum_azr_positions_edition,
	Natts_azr_positions = Anum_azr_positions_edition
};

static const AzrColumn positions_columns[Natts_azr_positions] = {
	{"sequence", INT8OID, true},
	{"root", UUIDOID, true},
	{"handler", TEXTOID, true},
	{"domain", TEXTOID, true},
	{"edition", TEXTOID, true}
};

/* Places in the array of indexes. */
enum
{
	INDEX_PRIMARY_KEY,
	INDEX_ROOT,
	NUM_INDEXES
};

static const AzrIndex positions_indexes[NUM_INDEXES] = {
	[INDEX_PRIMARY_KEY] = {
		"azr_positions_pkey", 4,
		{
			Anum_azr_positions_handler, Anum_azr_positions_domain,
			Anum_azr_positions_edition, Anum_azr_positions_root
		},
		0, 0
	},
	[INDEX_ROOT] = {
		"azr_positions_root_idx", 1, {Anum_azr_positions_root}, 0, 0
	}
};

AZR_CHECK_INDEXES(positions_indexes);

static AzrTable positions_table = {
	.name = "azr_positions",
	.exact = true,
	.ncolumns = Natts_azr_positions,
	.columns = positions_columns,
	.nindexes = NUM_INDEXES,
	.indexes = positions_indexes,
	.updated = true,
	.grows = Anum_azr_positions_sequence
};

/* A handler's position in a stream. */
typedef struct Position
{
	text	   *handler;
	AzrStreamName stream;
	int64		sequence;
} Position;

/*
 * Rows of azr_positions of edition $1, $2.  Their key starts with the handler.  So one
 * index probe finds each handler, and one more finds its positions in the edition.
 */
#define OF_EDITION \
	"domain = $1 AND edition = $2 AND handler = ANY (ARRAY(" \
	"WITH RECURSIVE h AS (" \
	"(SELECT p.handler FROM %s.azr_positions p ORDER BY p.handler LIMIT 1) " \
	"UNION ALL " \
	"SELECT (SELECT p.handler FROM %s.azr_positions p " \
	"WHERE p.handler > h.handler ORDER BY p.handler LIMIT 1) " \
	"FROM h WHERE h.handler IS NOT NULL) " \
	"SELECT h.handler FROM h WHERE h.handler IS NOT NULL))"

/*
 * Positions past $4 in the stream $1, $2, $3; and, for a stream of the main timeline, also
 * in editions that have no own events of its root.
 */
#define PAST_LIMIT \
	"domain = $1 AND edition = $2 AND root = $3 AND sequence > $4"
#define PAST_MAIN_LIMIT \
	"p.domain = $1 AND p.root = $3 AND p.sequence > $4 AND (p.edition = $2 OR " \
	"NOT EXISTS (SELECT FROM %s.azr_streams s " \
	"WHERE s.root = p.root AND s.domain = p.domain AND s.edition = p.edition))"

static void begin_write(FunctionCallInfo fcinfo, const text *domain, const text *edition);
static void check_slot(const AzrStreamName *name);
static void check_end(const Position *position);
static AzrStream settled_stream(const AzrStreamName *name);
static void serialization_failure(const AzrStreamName *name);
static void make_keys(ScanKeyData *keys, const Position *position);
static void put(AzrWrite *write, const Position *position);
static int	sort_positions(Position *positions, int count);
static int	compare_positions(const void *a, const void *b, void *arg);
static bool find_position(Position *position, Snapshot snapshot);
static void forget_new_streams(const AzrNewStream *streams, int count);
static void forget_new_stream(const AzrStreamName *name, int64 first, int64 last);
static uint64 count_positions_past(const AzrStreamName *name, int64 limit);
static void key_text_after(ScanKey key, AttrNumber attno, const text *value);
static text *first_name(ScanKeyData *keys, int nkeys, AttrNumber attno, Snapshot snapshot);

/*
 * azr_put_position(handler, domain, edition, root, sequence) -> azr_position_result
 */
Datum
azr_put_position(PG_FUNCTION_ARGS)
{
	Position	position;
	Relation	rel;
	AzrWrite   *write;
	AzrWritten	written;
	static const Oid types[] = {INT8OID, BOOLOID};
	Datum		result[lengthof(types)];
	bool		nulls[lengthof(types)] = {false};

	position.handler = azr_arg_name(fcinfo, 0, "handler");
	position.stream = azr_arg_stream(fcinfo, 1);
	position.sequence = azr_arg_count(fcinfo, 4, "sequence");
	begin_write(fcinfo, position.stream.domain, position.stream.edition);
	check_slot(&position.stream);

	rel = azr_table_open(&positions_table, RowExclusiveLock);
	write = azr_write_begin(&positions_table, rel, 1);
	put(write, &position);
	if (!azr_write_end(write, &written))
		azr_trigger_interfered(&positions_table, azr_stream_label(&position.stream));
	table_close(rel, NoLock);
	if (written.stored > 0)
		check_end(&position);

	result[0] = Int64GetDatum(written.stored > 0 ? position.sequence : written.kept);
	result[1] = BoolGetDatum(written.stored > 0);
	return azr_return_row(fcinfo, result, nulls, types, lengthof(types));
}

/*
 * azr_put_positions(handler, domain, edition, roots, sequences) -> bigint
 *
 * Positions are written in the order of the roots, so that two calls never deadlock each
 * other.
 */
Datum
azr_put_positions(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	text	   *domain = azr_arg_name(fcinfo, 1, "domain");
	text	   *edition = azr_arg_edition(fcinfo, 2, "edition");
	AzrArrayArg roots = azr_arg_full_array(fcinfo, 3, "roots", UUIDOID);
	AzrArrayArg sequences = azr_arg_full_array(fcinfo, 4, "sequences", INT8OID);
	Position   *positions;
	int			count;
	Relation	rel;
	AzrWrite   *write;
	AzrWritten	written;

	if (roots.count != sequences.count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("arguments \"roots\" and \"sequences\" must have the same number of elements"),
				 errdetail("They have %d and %d.", roots.count, sequences.count)));
	for (int i = 0; i < sequences.count; i++)
		if (DatumGetInt64(sequences.elems[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of argument \"sequences\" must not be negative, but is %lld",
							i + 1, (long long) DatumGetInt64(sequences.elems[i]))));
	begin_write(fcinfo, domain, edition);

	positions = palloc(roots.count * sizeof(Position));
	for (int i = 0; i < roots.count; i++)
		positions[i] = (Position)
	{
		handler,
		{
			domain, edition, DatumGetUUIDP(roots.elems[i])
		},
			DatumGetInt64(sequences.elems[i])
	};
	count = sort_positions(positions, roots.count);
	for (int i = 0; i < count; i++)
		check_slot(&positions[i].stream);

	rel = azr_table_open(&positions_table, RowExclusiveLock);
	write = azr_write_begin(&positions_table, rel, count);
	for (int i = 0; i < count; i++)
		put(write, &positions[i]);
	if (!azr_write_end(write, &written))
		azr_trigger_interfered(&positions_table, text_to_cstring(domain));
	table_close(rel, NoLock);
	for (int i = 0; i < count && written.stored > 0; i++)
	{
		CHECK_FOR_INTERRUPTS();
		check_end(&positions[i]);
	}
	PG_RETURN_INT64(written.stored);
}

/*
 * azr_get_position(handler, domain, edition, root) -> bigint
 */
Datum
azr_get_position(PG_FUNCTION_ARGS)
{
	Position	position;

	position.handler = azr_arg_name(fcinfo, 0, "handler");
	position.stream = azr_arg_stream(fcinfo, 1);
	azr_slot_check_name(&position.stream);
	if (!find_position(&position, GetActiveSnapshot()))
		PG_RETURN_NULL();
	PG_RETURN_INT64(position.sequence);
}

/*
 * azr_delete_positions(handler, domain, edition, root) -> bigint
 */
Datum
azr_delete_positions(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	text	   *domain;
	text	   *edition;

	azr_query_arg(&args, TEXTOID, PointerGetDatum(azr_arg_name(fcinfo, 0, "handler")), false);
	if (PG_ARGISNULL(1))
	{
		if (!PG_ARGISNULL(2) || !PG_ARGISNULL(3))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("arguments \"edition\" and \"root\" need argument \"domain\""),
					 errhint("Without a domain, all positions of the handler are deleted.")));
		azr_check_can_write(fcinfo);
		azr_slots_check_write();
		PG_RETURN_INT64((int64)
						azr_query_modify("DELETE FROM %s.azr_positions WHERE handler = $1",
										 &args, NULL, NULL));
	}

	domain = azr_arg_name(fcinfo, 1, "domain");
	edition = azr_arg_edition(fcinfo, 2, "edition");
	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(edition), false);
	begin_write(fcinfo, domain, edition);
	if (!PG_ARGISNULL(3))
	{
		AzrStreamName name = {domain, edition, PG_GETARG_UUID_P(3)};

		check_slot(&name);
		azr_query_arg(&args, UUIDOID, UUIDPGetDatum(name.root), false);
	}
	else
		azr_slots_check_write();
	PG_RETURN_INT64((int64)
					azr_query_modify(PG_ARGISNULL(3)
									 ? "DELETE FROM %s.azr_positions "
									 "WHERE handler = $1 AND domain = $2 AND edition = $3"
									 : "DELETE FROM %s.azr_positions "
									 "WHERE handler = $1 AND domain = $2 AND edition = $3 "
									 "AND root = $4",
									 &args, NULL, NULL));
}

/*
 * Begin to read the roots of an edition in which a handler has a position, each with that
 * position.  Reading begins after the root 'after', or at the first one if that is NULL.
 */
void
azr_position_roots_begin(AzrRootScan *scan, const text *handler, const text *domain,
						 const text *edition, const pg_uuid_t *after, Snapshot snapshot)
{
	ScanKeyData keys[4];

	azr_key_text(&keys[0], 1, handler);
	azr_key_text(&keys[1], 2, domain);
	azr_key_text(&keys[2], 3, edition);
	azr_root_scan_begin(scan, &positions_table, INDEX_PRIMARY_KEY, keys, 3, after,
						Anum_azr_positions_sequence, snapshot);
}

/*
 * The first domain after 'after', or the first of all if that is NULL, in which a handler
 * has a position.  Returns NULL if there is none.  This takes one index probe.
 */
text *
azr_positions_next_domain(const text *handler, const text *after, Snapshot snapshot)
{
	ScanKeyData keys[2];

	azr_key_text(&keys[0], 1, handler);
	if (after != NULL)
		key_text_after(&keys[1], 2, after);
	return first_name(keys, after == NULL ? 1 : 2, Anum_azr_positions_domain, snapshot);
}

/*
 * The same for editions of a domain.
 */
text *
azr_positions_next_edition(const text *handler, const text *domain, const text *after,
						   Snapshot snapshot)
{
	ScanKeyData keys[3];

	azr_key_text(&keys[0], 1, handler);
	azr_key_text(&keys[1], 2, domain);
	if (after != NULL)
		key_text_after(&keys[2], 3, after);
	return first_name(keys, after == NULL ? 2 : 3, Anum_azr_positions_edition, snapshot);
}

/*
 * How many positions there are in an edition, by the active PostgreSQL snapshot.
 */
int64
azr_edition_positions_count(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);
	AzrQueryValue count = {false, (Datum) 0};

	azr_query_read("SELECT count(*) FROM %s.azr_positions WHERE " OF_EDITION,
				   &args, azr_query_note, &count);
	return DatumGetInt64(count.value);
}

/*
 * Set the positions in an edition back to below a sequence.  The caller has locked the
 * edition against writers, and it has no streams of its own.
 */
void
azr_edition_positions_forget(const text *domain, const text *edition, int64 sequence)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);

	azr_query_arg(&args, INT8OID, Int64GetDatum(sequence), false);
	(void) azr_query_modify(sequence == 0
							? "DELETE FROM %s.azr_positions WHERE sequence >= $3 AND " OF_EDITION
							: "UPDATE %s.azr_positions SET sequence = $3 - 1 "
							"WHERE sequence >= $3 AND " OF_EDITION,
							&args, NULL, NULL);
}

/*
 * Delete the positions in an edition that the caller has locked against writers.
 */
void
azr_edition_positions_delete(const text *domain, const text *edition)
{
	AzrQueryArgs args = azr_query_edition(domain, edition);

	(void) azr_query_modify("DELETE FROM %s.azr_positions WHERE " OF_EDITION,
							&args, NULL, NULL);
}

/*
 * Check that the transaction may write, and lock a named edition.  Deleting an edition
 * deletes its positions too, so it has to wait for those that are being put.
 */
static void
begin_write(FunctionCallInfo fcinfo, const text *domain, const text *edition)
{
	azr_check_can_write(fcinfo);
	if (!azr_edition_is_main(edition))
		azr_edition_lock(domain, edition, ShareLock);
}

/*
 * Check that a stream is this node's, and stays so until the transaction has ended.
 */
static void
check_slot(const AzrStreamName *name)
{
	azr_streams_lock(AccessShareLock);
	azr_slot_check(name);
	azr_slot_check_write(name);
}

/*
 * Check that a position is not past the end of its stream: a handler cannot have handled
 * what is not stored.  A stream in an edition reads as the main timeline until it branches
 * off.
 *
 * The position is stored already, and no lock keeps others from creating the stream.  A
 * transaction that does so looks for positions once the stream's row is there, in
 * forget_new_stream(), and we look for that row once the position is there.  So one of the
 * two sees the other, waits for it, and goes by what it has done.  A position that is not
 * stored, since one that is as far stays, was checked when that one was.
 *
 * Raises ZR007, and 40001 if the stream began meanwhile.
 */
static void
check_end(const Position *position)
{
	const AzrStreamName *name = &position->stream;
	AzrTimeline timeline = {0};
	int64		next;

	if (azr_edition_is_main(name->edition))
		timeline.main = settled_stream(name);
	else
	{
		AzrStreamName main_name = azr_main_stream(name);
		AzrOptionalInt64 no_divergence = {false, 0};

		(void) settled_stream(name);
		(void) settled_stream(&main_name);
		timeline = azr_timeline_find(name, no_divergence, SnapshotSelf);
	}

	if (!azr_timeline_reaches(&timeline, position->sequence, SnapshotSelf, &next))
		ereport(ERROR,
				(errcode(ERRCODE_AZR_PAST_END),
				 errmsg("position past the end of stream \"%s\"", azr_stream_label(name)),
				 errdetail("Position is %lld, next sequence is %lld.",
						   (long long) position->sequence, (long long) next),
				 errhint("A position is the sequence of the last event that the handler has handled.")));
}

/*
 * A stream that no other transaction is creating any more.  Raises 40001 if one did so while
 * we waited for it.
 */
static AzrStream
settled_stream(const AzrStreamName *name)
{
	bool		waited;
	AzrStream	stream = azr_stream_find_settled(name, &waited);

	if (waited && stream.id != AZR_NO_STREAM)
		serialization_failure(name);
	return stream;
}

static void
serialization_failure(const AzrStreamName *name)
{
	azr_serialization_failure("stream \"%s\" began while a position in it was recorded",
							  azr_stream_label(name));
}

static void
make_keys(ScanKeyData *keys, const Position *position)
{
	azr_key_text(&keys[0], 1, position->handler);
	azr_key_text(&keys[1], 2, position->stream.domain);
	azr_key_text(&keys[2], 3, position->stream.edition);
	azr_key_uuid(&keys[3], 4, position->stream.root);
}

/*
 * Store a position, unless the stored one is at least as far.
 */
static void
put(AzrWrite *write, const Position *position)
{
	Datum		values[Natts_azr_positions];
	bool		nulls[Natts_azr_positions] = {false};

	values[Anum_azr_positions_sequence - 1] = Int64GetDatum(position->sequence);
	values[Anum_azr_positions_root - 1] = UUIDPGetDatum(position->stream.root);
	values[Anum_azr_positions_handler - 1] = PointerGetDatum(position->handler);
	values[Anum_azr_positions_domain - 1] = PointerGetDatum(position->stream.domain);
	values[Anum_azr_positions_edition - 1] = PointerGetDatum(position->stream.edition);
	azr_write_row(write, values, nulls, 0);
}

/*
 * Sort positions by root.  If a root appears twice, its highest sequence wins.  Returns how
 * many are left.
 */
static int
sort_positions(Position *positions, int count)
{
	int			left = 0;

	qsort_interruptible(positions, count, sizeof(Position), compare_positions, NULL);
	for (int i = 0; i < count; i++)
		if (i + 1 == count ||
			azr_compare_roots(positions[i].stream.root, positions[i + 1].stream.root) != 0)
			positions[left++] = positions[i];
	return left;
}

static int
compare_positions(const void *a, const void *b, void *arg)
{
	const Position *left = (const Position *) a;
	const Position *right = (const Position *) b;
	int			result = azr_compare_roots(left->stream.root, right->stream.root);

	if (result == 0 && left->sequence != right->sequence)
		result = left->sequence < right->sequence ? -1 : 1;
	return result;
}

/*
 * Called when the library is loaded.
 */
void
azr_positions_init(void)
{
	azr_on_new_stream(forget_new_streams);
}

/*
 * Streams get their first own events.  In most stores, the table is empty then.
 */
static void
forget_new_streams(const AzrNewStream *streams, int count)
{
	if (azr_table_is_empty(&positions_table))
		return;
	for (int i = 0; i < count; i++)
		forget_new_stream(&streams[i].name, streams[i].first, streams[i].last);
}

/*
 * A stream gets its first own events.  There may be positions in it already, from handlers
 * that knew of events that were not stored yet.  Those past the last event do not count,
 * and neither do such positions in editions that read as the main timeline.  If the stream
 * is in an edition, they were positions in the main timeline: from where it branches off,
 * nobody has handled anything.
 */
static void
forget_new_stream(const AzrStreamName *name, int64 first, int64 last)
{
	bool		is_main = azr_edition_is_main(name->edition);
	int64		limit = is_main ? last : first - 1;
	uint64		npast;
	AzrQueryArgs args;

	npast = count_positions_past(name, limit);
	if (npast == 0)
		return;

	args = azr_query_edition(name->domain, name->edition);
	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(name->root), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(limit), false);
	if (azr_query_modify(is_main ? "DELETE FROM %s.azr_positions p WHERE " PAST_MAIN_LIMIT
						 : limit < 0 ? "DELETE FROM %s.azr_positions WHERE " PAST_LIMIT
						 : "UPDATE %s.azr_positions SET sequence = $4 WHERE " PAST_LIMIT,
						 &args, NULL, NULL) < npast &&
		IsolationUsesXactSnapshot())
		serialization_failure(name);
}

/*
 * How many positions in a new stream are past a limit.  Waits for transactions that are
 * about to change one.
 */
static uint64
count_positions_past(const AzrStreamName *name, int64 limit)
{
	ScanKeyData key;

	azr_key_uuid(&key, 1, name->root);
	for (;;)
	{
		Relation	rel = azr_table_open(&positions_table, AccessShareLock);
		SnapshotData dirty;
		AzrScan		scan;
		TupleTableSlot *row;
		TransactionId in_progress = InvalidTransactionId;
		uint64		count = 0;

		InitDirtySnapshot(dirty);
		azr_scan_begin(&scan, &positions_table, rel, INDEX_ROOT, &dirty, &key, 1);
		while (!TransactionIdIsValid(in_progress) &&
			   (row = azr_scan_next(&scan, ForwardScanDirection)) != NULL)
		{
			Datum	   *values = row->tts_values;

			if (!azr_same_text(DatumGetTextPP(values[Anum_azr_positions_domain - 1]),
							   name->domain) ||
				!azr_is_new_for(name, DatumGetTextPP(values[Anum_azr_positions_edition - 1])))
				continue;
			in_progress = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
			if (DatumGetInt64(values[Anum_azr_positions_sequence - 1]) > limit)
				count++;
		}
		azr_scan_end(&scan);
		table_close(rel, NoLock);
		if (!TransactionIdIsValid(in_progress))
			return count;
		XactLockTableWait(in_progress, NULL, NULL, XLTW_None);
	}
}

/*
 * Look a position up.  Returns false, and leaves it as it is, if there is none.
 */
static bool
find_position(Position *position, Snapshot snapshot)
{
	Relation	rel = azr_table_open(&positions_table, AccessShareLock);
	ScanKeyData keys[4];
	AzrScan		scan;
	TupleTableSlot *row;

	make_keys(keys, position);
	azr_scan_begin(&scan, &positions_table, rel, INDEX_PRIMARY_KEY, snapshot, keys, lengthof(keys));
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
		position->sequence = DatumGetInt64(row->tts_values[Anum_azr_positions_sequence - 1]);
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return row != NULL;
}

/*
 * A key of the index for what comes after a text, by bytes.
 */
static void
key_text_after(ScanKey key, AttrNumber attno, const text *value)
{
	ScanKeyEntryInitialize(key, 0, attno, BTGreaterStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXT_GT, PointerGetDatum(value));
}

/*
 * A column of the first position that the primary key finds, or NULL.
 */
static text *
first_name(ScanKeyData *keys, int nkeys, AttrNumber attno, Snapshot snapshot)
{
	Relation	rel = azr_table_open(&positions_table, AccessShareLock);
	AzrScan		scan;
	TupleTableSlot *row;
	text	   *name = NULL;

	azr_scan_begin(&scan, &positions_table, rel, INDEX_PRIMARY_KEY, snapshot, keys, nkeys);
	row = azr_scan_next(&scan, ForwardScanDirection);
	if (row != NULL)
		name = DatumGetTextPCopy(row->tts_values[attno - 1]);
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return name;
}
