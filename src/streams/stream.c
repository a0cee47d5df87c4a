/*-------------------------------------------------------------------------
 *
 * stream.c
 *	  Stream identity: names and ids.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "plumbing/numbered.h"
#include "plumbing/probe.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "storage/lmgr.h"
#include "streams/edition.h"
#include "streams/slot.h"
#include "streams/stream.h"
#include "streams/stream_memory.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

/* Columns of azr_streams, as in stream.sql. */
enum
{
	Anum_azr_streams_stream_id = 1,
	Anum_azr_streams_divergence,
	Anum_azr_streams_created_at,
	Anum_azr_streams_root,
	Anum_azr_streams_domain,
	Anum_azr_streams_edition,
	Natts_azr_streams = Anum_azr_streams_edition
};

static const AzrColumn streams_columns[Natts_azr_streams] = {
	{"stream_id", INT8OID, true},
	{"divergence", INT8OID, false},
	{"created_at", TIMESTAMPTZOID, true},
	{"root", UUIDOID, true},
	{"domain", TEXTOID, true},
	{"edition", TEXTOID, true}
};

/* Places in the array of indexes below. */
enum
{
	INDEX_NAME,
	INDEX_ROOTS,
	INDEX_ID,
	NUM_INDEXES
};

static const AzrIndex streams_indexes[NUM_INDEXES] = {
	[INDEX_NAME] = {
		"azr_streams_name_key", 3,
		{
			Anum_azr_streams_root, Anum_azr_streams_domain, Anum_azr_streams_edition
		},
		0, 0
	},
	[INDEX_ROOTS] = {
		"azr_streams_roots_idx", 3,
		{
			Anum_azr_streams_domain, Anum_azr_streams_edition, Anum_azr_streams_root
		},
		0, 0
	},
	[INDEX_ID] = {NULL, 1, {Anum_azr_streams_stream_id}, 0, 0}
};

AZR_CHECK_INDEXES(streams_indexes);

/* What a slot's streams can be found by, if there is an index for it. */
static const AzrComputed slot_of_root = {
	"azr_slot", azr_slot, 1, {Anum_azr_streams_root}
};

static AzrTable streams_table = {
	.name = "azr_streams",
	.exact = true,
	.ncolumns = Natts_azr_streams,
	.columns = streams_columns,
	.nindexes = NUM_INDEXES,
	.indexes = streams_indexes,
	.computed = &slot_of_root
};

static AzrNumbers stream_numbers = {
	.sequence = "azr_stream_ids",
	.table = &streams_table,
	.index = INDEX_ID,
	.column = Anum_azr_streams_stream_id
};

/* One for each store that keeps something of streams. */
#define MAX_CALLBACKS	2

static AzrStreamCallback callbacks[MAX_CALLBACKS];
static int	ncallbacks = 0;

static void make_name_keys(ScanKeyData *keys, const AzrStreamName *name);

/*
 * Read the arguments domain, edition and root, which stand together in every
 * function's signature.
 */
AzrStreamName
azr_arg_stream(FunctionCallInfo fcinfo, int argno)
{
	AzrStreamName name;

	name.domain = azr_arg_name(fcinfo, argno, "domain");
	name.edition = azr_arg_edition(fcinfo, argno + 1, "edition");
	name.root = azr_arg_uuid(fcinfo, argno + 2, "root");
	return name;
}

/*
 * A divergence, which only a named edition has: the main timeline diverges from
 * nothing.
 */
AzrOptionalInt64
azr_arg_divergence(FunctionCallInfo fcinfo, int argno, const AzrStreamName *name)
{
	AzrOptionalInt64 divergence = azr_arg_optional_count(fcinfo, argno, "divergence");

	if (divergence.given && azr_edition_is_main(name->edition))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the main timeline has no divergence"),
				 errhint("Leave out divergence, or name an edition.")));
	return divergence;
}

/*
 * The stream on the main timeline that an edition's stream branches off.
 */
AzrStreamName
azr_main_stream(const AzrStreamName *name)
{
	AzrStreamName main_name = *name;

	main_name.edition = cstring_to_text(AZR_MAIN_EDITION);
	return main_name;
}

/*
 * A stream's names, copied from three columns: domain, edition, root.
 */
AzrStreamName
azr_copy_stream_name(const Datum *values)
{
	AzrStreamName name;

	name.domain = DatumGetTextPCopy(values[0]);
	name.edition = DatumGetTextPCopy(values[1]);
	name.root = palloc(sizeof(pg_uuid_t));
	*name.root = *DatumGetUUIDP(values[2]);
	return name;
}

/*
 * A stream as error messages name it: domain/edition/root.
 */
char *
azr_stream_label(const AzrStreamName *name)
{
	return psprintf("%s/%s/%s",
					text_to_cstring(name->domain),
					text_to_cstring(name->edition),
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(name->root))));
}

/*
 * The stream as 'snapshot' sees it.
 */
AzrStream
azr_stream_find(const AzrStreamName *name, Snapshot snapshot)
{
	bool		created_here;

	return azr_stream_probe(name, snapshot, &created_here);
}

/*
 * The stream as it is committed now, or as this transaction has made it.  If another
 * transaction is creating it, this waits for that one, and sets 'waited'.
 */
AzrStream
azr_stream_find_settled(const AzrStreamName *name, bool *waited)
{
	*waited = false;
	for (;;)
	{
		SnapshotData dirty;
		AzrStream	stream;
		bool		created_here;

		InitDirtySnapshot(dirty);
		stream = azr_stream_probe(name, &dirty, &created_here);
		if (stream.id == AZR_NO_STREAM || !TransactionIdIsValid(dirty.xmin))
			return stream;
		XactLockTableWait(dirty.xmin, NULL, NULL, XLTW_None);
		*waited = true;
	}
}

/*
 * Begin to look up the names of streams.
 */
void
azr_stream_names_begin(AzrStreamNames *names, Snapshot snapshot)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(AZR_NO_STREAM));
	names->id = AZR_NO_STREAM;
	names->rel = azr_table_open(&streams_table, AccessShareLock);
	names->finding = streams_table.findings;
	azr_scan_begin(&names->scan, &streams_table, names->rel, INDEX_ID, snapshot, &key, 1);
}

/*
 * Look a stream's names up.  Returns false if there is no such stream.
 */
bool
azr_stream_names_find(AzrStreamNames *names, int64 stream_id)
{
	ScanKeyData key;
	TupleTableSlot *row;

	if (names->id == stream_id && stream_id != AZR_NO_STREAM)
		return true;

	names->id = AZR_NO_STREAM;
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	index_rescan(names->scan.desc, &key, 1, NULL, 0);
	row = azr_scan_next(&names->scan, ForwardScanDirection);
	if (row == NULL)
		return false;
	names->name.domain = (text *) DatumGetPointer(row->tts_values[Anum_azr_streams_domain - 1]);
	names->name.edition = (text *) DatumGetPointer(row->tts_values[Anum_azr_streams_edition - 1]);
	names->name.root = DatumGetUUIDP(row->tts_values[Anum_azr_streams_root - 1]);
	names->id = stream_id;
	return true;
}

void
azr_stream_names_end(AzrStreamNames *names)
{
	azr_scan_end(&names->scan);
	table_close(names->rel, NoLock);
}

/*
 * Begin to read the roots of an edition's streams, each with its stream's id.  Reading
 * begins after the root 'after', or at the first one if that is NULL.
 */
void
azr_stream_roots_begin(AzrRootScan *scan, const text *domain, const text *edition,
					   const pg_uuid_t *after, Snapshot snapshot)
{
	ScanKeyData keys[3];

	azr_key_text(&keys[0], 1, domain);
	azr_key_text(&keys[1], 2, edition);
	azr_root_scan_begin(scan, &streams_table, INDEX_ROOTS, keys, 2, after,
						Anum_azr_streams_stream_id, snapshot);
}

/*
 * Give streams their rows and ids, for their first own events.  The caller holds the locks
 * that azr_stream_lock() took, and is about to store the events.
 *
 * Raises what azr_next_number() does, and 27000 if a trigger does not let a row in as it
 * is.
 */
void
azr_streams_create(AzrNewStream *streams, int count)
{
	Relation	rel = azr_table_open(&streams_table, RowExclusiveLock);
	AzrWrite   *write = azr_write_begin(&streams_table, rel, count);
	Datum		values[Natts_azr_streams];
	bool		nulls[Natts_azr_streams] = {false};

	for (int i = 0; i < count; i++)
	{
		const AzrStreamName *name = &streams[i].name;
		bool		is_main = azr_edition_is_main(name->edition);
		int64		number = azr_next_number(&stream_numbers);
		AzrStream  *stream = &streams[i].stream;

		stream->id = is_main ? number : -number;
		stream->divergence = streams[i].first;

		values[Anum_azr_streams_stream_id - 1] = Int64GetDatum(stream->id);
		values[Anum_azr_streams_divergence - 1] = Int64GetDatum(stream->divergence);
		nulls[Anum_azr_streams_divergence - 1] = is_main;
		values[Anum_azr_streams_created_at - 1] =
			TimestampTzGetDatum(streams[i].is_moved ? streams[i].created_at
								: GetCurrentTransactionStartTimestamp());
		values[Anum_azr_streams_root - 1] = UUIDPGetDatum(name->root);
		values[Anum_azr_streams_domain - 1] = PointerGetDatum(name->domain);
		values[Anum_azr_streams_edition - 1] = PointerGetDatum(name->edition);

		/* stays so if an error is raised */
		stream_numbers.in_doubt = true;
		azr_write_row(write, values, nulls, 0);
		stream_numbers.in_doubt = false;
	}
	stream_numbers.in_doubt = true;
	if (!azr_write_end(write, NULL))
		azr_trigger_interfered(&streams_table, azr_stream_label(&streams[0].name));
	stream_numbers.in_doubt = false;
	table_close(rel, NoLock);

	for (int n = 0; n < ncallbacks; n++)
		callbacks[n] (streams, count);
}

/*
 * For callbacks that are told of a new stream: does an edition read it?  The stream's own
 * edition does.  If the stream is on the main timeline, so do the editions that have no own
 * events of its root.
 */
bool
azr_is_new_for(const AzrStreamName *name, const text *edition)
{
	AzrStreamName reader = *name;

	if (azr_same_text(edition, name->edition))
		return true;
	if (!azr_edition_is_main(name->edition))
		return false;
	reader.edition = unconstify(text *, edition);
	return azr_stream_find(&reader, SnapshotSelf).id == AZR_NO_STREAM;
}

/*
 * Have a callback told of new streams.  This is for stores above that keep something
 * for streams that may have no events yet.
 */
void
azr_on_new_stream(AzrStreamCallback callback)
{
	if (ncallbacks == MAX_CALLBACKS)
		elog(ERROR, "too many callbacks for new streams");
	callbacks[ncallbacks++] = callback;
}

/*
 * The stream as 'snapshot' sees it, by one probe of the index on the names if it is not
 * remembered.  'created_here' says whether this transaction made the row.
 *
 * Every stream that somebody names is found here.  Raises ZR013 if it is another node's.
 */
AzrStream
azr_stream_probe(const AzrStreamName *name, Snapshot snapshot, bool *created_here)
{
	Relation	rel = azr_table_open(&streams_table, AccessShareLock);
	ScanKeyData keys[3];
	AzrScan		scan;
	TupleTableSlot *slot;
	AzrStream	stream = {AZR_NO_STREAM, 0};

	azr_slot_check(name);
	*created_here = false;
	stream.id = azr_stream_recall(&streams_table, name, snapshot);
	if (stream.id != AZR_NO_STREAM)
	{
		table_close(rel, NoLock);
		return stream;
	}

	make_name_keys(keys, name);
	slot = azr_probe_last(&scan, &streams_table, rel, INDEX_NAME, AccessShareLock, snapshot, keys,
						  lengthof(keys), Anum_azr_streams_divergence);
	if (slot != NULL)
	{
		stream.id = DatumGetInt64(slot->tts_values[Anum_azr_streams_stream_id - 1]);
		if (!slot->tts_isnull[Anum_azr_streams_divergence - 1])
			stream.divergence =
				DatumGetInt64(slot->tts_values[Anum_azr_streams_divergence - 1]);
		*created_here = TransactionIdIsCurrentTransactionId(azr_row_xmin(slot));
		azr_stream_remember(&streams_table, rel, name, stream.id, slot, snapshot);
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return stream;
}

/*
 * Keys of the index on the names.
 */
static void
make_name_keys(ScanKeyData *keys, const AzrStreamName *name)
{
	azr_key_uuid(&keys[0], 1, name->root);
	azr_key_text(&keys[1], 2, name->domain);
	azr_key_text(&keys[2], 3, name->edition);
}

/*
 * Lock the table of streams, to the end of the transaction.
 */
void
azr_streams_lock(LOCKMODE lockmode)
{
	table_close(azr_table_open(&streams_table, lockmode), NoLock);
}

/*
 * Have all sessions forget which streams there are, when this transaction is committed: it deletes
 * some of the main timeline.
 */
void
azr_streams_forget(void)
{
	Relation	rel = azr_table_open(&streams_table, RowExclusiveLock);

	CacheInvalidateRelcache(rel);
	table_close(rel, NoLock);
}

/*
 * A registered snapshot for looking at what the caller does not lock.  It shows what is
 * committed now and this transaction's own work.  If the transaction must stick to its
 * snapshot, it is that one.
 */
Snapshot
azr_register_read_snapshot(void)
{
	return RegisterSnapshot(IsolationUsesXactSnapshot()
							? GetTransactionSnapshot() : GetLatestSnapshot());
}
