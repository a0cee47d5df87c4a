/*-------------------------------------------------------------------------
 *
 * evidence_table.c
 *	  The tables of the evidence.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "evidence/evidence_table.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Columns of the tables, as in evidence_table.sql. */
enum
{
	Anum_azr_evidence_tiles_level = 1,
	Anum_azr_evidence_tiles_index,
	Anum_azr_evidence_tiles_hashes,
	Natts_azr_evidence_tiles = Anum_azr_evidence_tiles_hashes
};

enum
{
	Anum_azr_evidence_salts_index = 1,
	Anum_azr_evidence_salts_last_ticket,
	Anum_azr_evidence_salts_salts,
	Natts_azr_evidence_salts = Anum_azr_evidence_salts_salts
};

enum
{
	Anum_azr_evidence_heads_stream_id = 1,
	Anum_azr_evidence_heads_next_sequence,
	Anum_azr_evidence_heads_leaf,
	Natts_azr_evidence_heads = Anum_azr_evidence_heads_leaf
};

enum
{
	Anum_azr_evidence_checkpoints_size = 1,
	Anum_azr_evidence_checkpoints_root,
	Anum_azr_evidence_checkpoints_sealed_at,
	Anum_azr_evidence_checkpoints_note,
	Natts_azr_evidence_checkpoints = Anum_azr_evidence_checkpoints_note
};

static const AzrColumn tiles_columns[Natts_azr_evidence_tiles] = {
	{"level", INT8OID, true},
	{"index", INT8OID, true},
	{"hashes", BYTEAOID, true}
};

static const AzrColumn salts_columns[Natts_azr_evidence_salts] = {
	{"index", INT8OID, true},
	{"last_ticket", INT8OID, true},
	{"salts", BYTEAOID, true}
};

static const AzrColumn heads_columns[Natts_azr_evidence_heads] = {
	{"stream_id", INT8OID, true},
	{"next_sequence", INT8OID, true},
	{"leaf", BYTEAOID, true}
};

static const AzrColumn checkpoints_columns[Natts_azr_evidence_checkpoints] = {
	{"size", INT8OID, true},
	{"root", BYTEAOID, true},
	{"sealed_at", TIMESTAMPTZOID, true},
	{"note", TEXTOID, false}
};

static const AzrIndex tiles_indexes[] = {
	{"azr_evidence_tiles_pkey", 2, {
			Anum_azr_evidence_tiles_level, Anum_azr_evidence_tiles_index
	}, 0, 0}
};

/* Places in the array of indexes of azr_evidence_salts. */
enum
{
	SALTS_PRIMARY_KEY,
	SALTS_LAST_TICKET,
	NUM_SALTS_INDEXES
};

static const AzrIndex salts_indexes[NUM_SALTS_INDEXES] = {
	[SALTS_PRIMARY_KEY] = {
		"azr_evidence_salts_pkey", 1, {Anum_azr_evidence_salts_index}, 0, 0
	},
	[SALTS_LAST_TICKET] = {
		"azr_evidence_salts_last_ticket_idx", 2, {
			Anum_azr_evidence_salts_last_ticket, Anum_azr_evidence_salts_index
		}, 0, 0
	}
};

static const AzrIndex heads_indexes[] = {
	{"azr_evidence_heads_pkey", 1, {Anum_azr_evidence_heads_stream_id}, 0, 0}
};

static const AzrIndex checkpoints_indexes[] = {
	{"azr_evidence_checkpoints_pkey", 1, {Anum_azr_evidence_checkpoints_size}, 0, 0}
};

AZR_CHECK_INDEXES(tiles_indexes);
AZR_CHECK_INDEXES(salts_indexes);
AZR_CHECK_INDEXES(heads_indexes);
AZR_CHECK_INDEXES(checkpoints_indexes);

static AzrTable tiles_table = {
	.name = "azr_evidence_tiles",
	.ncolumns = Natts_azr_evidence_tiles,
	.columns = tiles_columns,
	.nindexes = lengthof(tiles_indexes),
	.indexes = tiles_indexes,
	.updated = true,
	.exact = true
};

static AzrTable salts_table = {
	.name = "azr_evidence_salts",
	.ncolumns = Natts_azr_evidence_salts,
	.columns = salts_columns,
	.nindexes = lengthof(salts_indexes),
	.indexes = salts_indexes,
	.updated = true,
	.exact = true
};

static AzrTable heads_table = {
	.name = "azr_evidence_heads",
	.ncolumns = Natts_azr_evidence_heads,
	.columns = heads_columns,
	.nindexes = lengthof(heads_indexes),
	.indexes = heads_indexes,
	.updated = true,
	.exact = true
};

static AzrTable checkpoints_table = {
	.name = "azr_evidence_checkpoints",
	.ncolumns = Natts_azr_evidence_checkpoints,
	.columns = checkpoints_columns,
	.nindexes = lengthof(checkpoints_indexes),
	.indexes = checkpoints_indexes
};

static void note_origin(uint64 row, const Datum *values, const bool *nulls, void *arg);
static AzrCheckpoint find_checkpoint(int64 from, bool last, Snapshot snapshot);
static void begin_checkpoints(AzrCheckpointScan *scan, int64 from, Snapshot snapshot);
static AzrCheckpoint next_checkpoint(AzrCheckpointScan *scan, ScanDirection direction);
static int	copy_bytes(Datum value, uint8 *to, int most, int unit);
static void head_of_row(TupleTableSlot *row, AzrHead *head);
static void put_salts(int64 index, int64 last_ticket, bytea *bytes);
static void put_row(AzrTable *table, const Datum *values, const char *label);

/*
 * The name of the log, by what is committed now, or NULL if no evidence is kept.
 */
text *
azr_evidence_origin(void)
{
	AzrQueryArgs no_args = {0};
	text	   *origin = NULL;

	azr_query_latest("SELECT origin::text FROM %s.azr_evidence ORDER BY number DESC LIMIT 1",
					 &no_args, note_origin, &origin);
	return origin;
}

static void
note_origin(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	text	  **origin = (text **) arg;

	azr_check_row(nulls, 1);
	*origin = azr_copy_text(DatumGetTextPP(values[0]), CurrentMemoryContext);
}

/*
 * The same where there must be one.  Raises 55000 if no evidence is kept.
 */
text *
azr_evidence_must_origin(void)
{
	text	   *origin = azr_evidence_origin();

	if (origin == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no evidence is kept in this database"),
				 errhint("Call azr_evidence_enable() first.")));
	return origin;
}

/*
 * Does the log have a name, or has it had it before?
 */
bool
azr_evidence_was_named(const text *origin)
{
	AzrQueryArgs args = {0};
	text	   *found = NULL;

	azr_query_arg(&args, TEXTOID, PointerGetDatum(origin), false);
	azr_query_latest("SELECT origin::text FROM %s.azr_evidence WHERE origin = $1",
					 &args, note_origin, &found);
	return found != NULL;
}

/*
 * Give the log a name, which it has not had before.  The caller holds AZR_LOCK_EVIDENCE.
 *
 * Raises 40001 if the log has got a name that the transaction's snapshot does not show.
 */
void
azr_evidence_put_origin(const text *origin)
{
	AzrQueryArgs args = {0};
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());

	azr_query_arg(&args, TEXTOID, PointerGetDatum(origin), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(azr_sealed_size(snapshot)), false);
	UnregisterSnapshot(snapshot);
	azr_query_must_change("azr_evidence", 1,
						  "INSERT INTO %s.azr_evidence (number, origin, sealed, named_at) "
						  "SELECT coalesce(max(number), 0) + 1, $1, $2, now() FROM %s.azr_evidence "
						  "ON CONFLICT DO NOTHING",
						  &args);
}

/*
 * The checkpoint with the highest size: what is sealed.
 */
AzrCheckpoint
azr_last_checkpoint(Snapshot snapshot)
{
	return find_checkpoint(0, true, snapshot);
}

/*
 * The checkpoint of a size.
 */
AzrCheckpoint
azr_checkpoint_at(int64 size, Snapshot snapshot)
{
	AzrCheckpoint checkpoint = find_checkpoint(size, false, snapshot);

	checkpoint.found = checkpoint.found && checkpoint.size == size;
	return checkpoint;
}

/*
 * How many events are sealed.
 */
int64
azr_sealed_size(Snapshot snapshot)
{
	AzrCheckpoint last = azr_last_checkpoint(snapshot);

	return last.found ? last.size : 0;
}

/*
 * The first checkpoint of at least a size, or the last of these.
 */
static AzrCheckpoint
find_checkpoint(int64 from, bool last, Snapshot snapshot)
{
	AzrCheckpointScan scan;
	AzrCheckpoint checkpoint;

	begin_checkpoints(&scan, from, snapshot);
	checkpoint = next_checkpoint(&scan, last ? BackwardScanDirection : ForwardScanDirection);
	azr_checkpoint_scan_end(&scan);
	return checkpoint;
}

/*
 * Begin to read all checkpoints, ascending.
 */
void
azr_checkpoint_scan_begin(AzrCheckpointScan *scan, Snapshot snapshot)
{
	begin_checkpoints(scan, PG_INT64_MIN, snapshot);
}

/*
 * The next one; one that is not found after the last.
 */
AzrCheckpoint
azr_checkpoint_scan_next(AzrCheckpointScan *scan)
{
	return next_checkpoint(scan, ForwardScanDirection);
}

void
azr_checkpoint_scan_end(AzrCheckpointScan *scan)
{
	azr_scan_end(&scan->scan);
	table_close(scan->rel, NoLock);
}

static void
begin_checkpoints(AzrCheckpointScan *scan, int64 from, Snapshot snapshot)
{
	ScanKeyData key;

	scan->rel = azr_table_open(&checkpoints_table, AccessShareLock);
	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
	azr_scan_begin(&scan->scan, &checkpoints_table, scan->rel, 0, snapshot, &key, 1);
}

static AzrCheckpoint
next_checkpoint(AzrCheckpointScan *scan, ScanDirection direction)
{
	AzrCheckpoint checkpoint = {.found = false};
	TupleTableSlot *row = azr_scan_next(&scan->scan, direction);

	if (row == NULL)
		return checkpoint;
	checkpoint.found = true;
	checkpoint.size = DatumGetInt64(row->tts_values[Anum_azr_evidence_checkpoints_size - 1]);
	checkpoint.is_digest =
		copy_bytes(row->tts_values[Anum_azr_evidence_checkpoints_root - 1], checkpoint.root,
				   AZR_DIGEST_BYTES, AZR_DIGEST_BYTES) == 1;
	return checkpoint;
}

/*
 * Begin to read tiles, salts and heads, by a PostgreSQL snapshot.  The reader belongs to the
 * current memory context.
 */
AzrEvidenceReader *
azr_evidence_reader_begin(Snapshot snapshot)
{
	AzrEvidenceReader *reader = palloc0(sizeof(AzrEvidenceReader));
	ScanKeyData keys[2];

	reader->snapshot = snapshot;
	azr_sha256_begin(&reader->sha);
	reader->tiles = azr_table_open(&tiles_table, AccessShareLock);
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(0));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(0));
	azr_scan_begin(&reader->tile_scan, &tiles_table, reader->tiles, 0, snapshot, keys, 2);
	reader->salts = azr_table_open(&salts_table, AccessShareLock);
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(0));
	azr_scan_begin(&reader->salts_scan, &salts_table, reader->salts, SALTS_PRIMARY_KEY, snapshot,
				   keys, 1);
	azr_scan_begin(&reader->ticket_scan, &salts_table, reader->salts, SALTS_LAST_TICKET, snapshot,
				   keys, 1);
	reader->heads = azr_table_open(&heads_table, AccessShareLock);
	azr_scan_begin(&reader->head_scan, &heads_table, reader->heads, 0, snapshot, keys, 1);
	return reader;
}

void
azr_evidence_reader_end(AzrEvidenceReader *reader)
{
	azr_scan_end(&reader->head_scan);
	table_close(reader->heads, NoLock);
	azr_scan_end(&reader->ticket_scan);
	azr_scan_end(&reader->salts_scan);
	table_close(reader->salts, NoLock);
	azr_scan_end(&reader->tile_scan);
	table_close(reader->tiles, NoLock);
	azr_sha256_end(&reader->sha);
	pfree(reader);
}

/*
 * A tile, and how many hashes it has: none if it is missing, or no tile.  It stays valid until
 * another one of its level is asked for.
 */
const uint8 *
azr_evidence_tile(AzrEvidenceReader *reader, int level, int64 index, int *count)
{
	ScanKeyData keys[2];
	TupleTableSlot *row;

	Assert(level >= 0 && level < AZR_TILE_LEVELS);
	if (!reader->tile[level].is_known || reader->tile[level].index != index)
	{
		reader->tile[level].is_known = false;
		ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(level));
		ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(index));
		index_rescan(reader->tile_scan.desc, keys, lengthof(keys), NULL, 0);
		row = azr_scan_next(&reader->tile_scan, ForwardScanDirection);
		reader->tile[level].count = row == NULL ? 0
			: copy_bytes(row->tts_values[Anum_azr_evidence_tiles_hashes - 1],
						 reader->tile[level].hashes, AZR_TILE_BYTES, AZR_DIGEST_BYTES);
		reader->tile[level].index = index;
		reader->tile[level].is_known = true;
	}
	*count = reader->tile[level].count;
	return reader->tile[level].hashes;
}

/*
 * The index of the last tile of level 0, or -1 if there is none.
 */
int64
azr_evidence_last_tile(AzrEvidenceReader *reader)
{
	ScanKeyData keys[2];
	TupleTableSlot *row;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(0));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(PG_INT64_MIN));
	index_rescan(reader->tile_scan.desc, keys, lengthof(keys), NULL, 0);
	row = azr_scan_next(&reader->tile_scan, BackwardScanDirection);
	return row == NULL ? -1
		: DatumGetInt64(row->tts_values[Anum_azr_evidence_tiles_index - 1]);
}

/*
 * A tile that must have at least 'count' hashes: an AzrTileCallback.
 *
 * Raises XX001 if it has not.
 */
const uint8 *
azr_evidence_must_tile(void *reader, int level, int64 index, int count)
{
	int			found;
	const uint8 *hashes = azr_evidence_tile((AzrEvidenceReader *) reader, level, index, &found);

	if (found < count)
		azr_evidence_tile_damaged(level, index, found, count);
	return hashes;
}

/*
 * Say that a tile has fewer or more hashes than it must.
 */
void
azr_evidence_tile_damaged(int level, int64 index, int found, int expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("tile %lld of level %d of the evidence has %d hashes, and not %d",
					(long long) index, level, found, expected),
			 errhint("Somebody has changed azr_evidence_tiles or azr_evidence_checkpoints: call azr_verify().")));
}

/*
 * The same of the salts of a tile.
 */
void
azr_evidence_salts_damaged(int64 index, int found, int expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("salts %lld of the evidence are %d, and not %d",
					(long long) index, found, expected),
			 errhint("Somebody has changed azr_evidence_salts or azr_evidence_checkpoints: call azr_verify().")));
}

/*
 * The salts of a tile of level 0, in the same way.  If they are made of a seed, there are as many
 * as a full tile has.
 */
const uint8 *
azr_evidence_salts(AzrEvidenceReader *reader, int64 index, int *count)
{
	ScanKeyData key;
	TupleTableSlot *row;

	if (!reader->knows_salts || reader->salts_index != index)
	{
		reader->knows_salts = false;
		reader->has_seed = false;
		reader->salts_count = 0;
		reader->last_ticket = 0;
		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(index));
		index_rescan(reader->salts_scan.desc, &key, 1, NULL, 0);
		row = azr_scan_next(&reader->salts_scan, ForwardScanDirection);
		if (row != NULL)
		{
			Datum		stored = row->tts_values[Anum_azr_evidence_salts_salts - 1];

			reader->last_ticket =
				DatumGetInt64(row->tts_values[Anum_azr_evidence_salts_last_ticket - 1]);
			reader->has_seed = copy_bytes(stored, reader->seed, AZR_SEED_BYTES,
										  AZR_SEED_BYTES) == 1;
			if (reader->has_seed)
			{
				azr_salts_of_seed(&reader->sha, reader->seed, reader->salt);
				reader->salts_count = AZR_TILE_HASHES;
			}
			else
				reader->salts_count = copy_bytes(stored, reader->salt, AZR_SALTS_BYTES,
												 AZR_SALT_BYTES);
		}
		reader->salts_index = index;
		reader->knows_salts = true;
	}
	*count = reader->salts_count;
	return reader->salt;
}

/*
 * Make the salts of a tile: two of each digest of the seed and a number.  Who knows some of them
 * learns nothing of the others.
 */
void
azr_salts_of_seed(AzrSha256 *sha, const uint8 *seed, uint8 *salts)
{
	StaticAssertDecl(AZR_DIGEST_BYTES == 2 * AZR_SALT_BYTES, "two salts of a digest");

	for (int i = 0; i < AZR_TILE_HASHES / 2; i++)
	{
		uint8		number = (uint8) i;

		azr_sha256_start(sha);
		azr_sha256_add(sha, seed, AZR_SEED_BYTES);
		azr_sha256_add(sha, &number, sizeof(number));
		azr_sha256_finish(sha, salts + i * AZR_DIGEST_BYTES);
	}
}

/*
 * The highest ticket that was sealed up to the end of a tile, or 0.
 */
int64
azr_evidence_last_ticket(AzrEvidenceReader *reader, int64 index)
{
	int			count;

	(void) azr_evidence_salts(reader, index, &count);
	return reader->last_ticket;
}

/*
 * A position, before which no append with a ticket is sealed; or -1 if none is at all.
 */
int64
azr_evidence_look_from(AzrEvidenceReader *reader, int64 ticket)
{
	ScanKeyData key;
	TupleTableSlot *row;

	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(ticket));
	index_rescan(reader->ticket_scan.desc, &key, 1, NULL, 0);
	row = azr_scan_next(&reader->ticket_scan, ForwardScanDirection);
	if (row == NULL)
		return -1;
	return DatumGetInt64(row->tts_values[Anum_azr_evidence_salts_index - 1]) * AZR_TILE_HASHES;
}

/*
 * Find how far a stream is sealed.  Returns false if nothing of it is.
 */
bool
azr_evidence_head(AzrEvidenceReader *reader, int64 stream_id, AzrHead *head)
{
	ScanKeyData key;
	TupleTableSlot *row;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	index_rescan(reader->head_scan.desc, &key, 1, NULL, 0);
	row = azr_scan_next(&reader->head_scan, ForwardScanDirection);
	if (row != NULL)
		head_of_row(row, head);
	return row != NULL;
}

/*
 * Begin to read all heads.
 */
void
azr_evidence_heads_from(AzrEvidenceReader *reader)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(PG_INT64_MIN));
	index_rescan(reader->head_scan.desc, &key, 1, NULL, 0);
}

/*
 * The next head, by stream.  Returns false after the last one.
 */
bool
azr_evidence_next_head(AzrEvidenceReader *reader, AzrHead *head)
{
	TupleTableSlot *row = azr_scan_next(&reader->head_scan, ForwardScanDirection);

	if (row != NULL)
		head_of_row(row, head);
	return row != NULL;
}

static void
head_of_row(TupleTableSlot *row, AzrHead *head)
{
	head->stream_id = DatumGetInt64(row->tts_values[Anum_azr_evidence_heads_stream_id - 1]);
	head->next_sequence = DatumGetInt64(row->tts_values[Anum_azr_evidence_heads_next_sequence - 1]);
	head->is_digest = copy_bytes(row->tts_values[Anum_azr_evidence_heads_leaf - 1], head->leaf,
								 AZR_DIGEST_BYTES, AZR_DIGEST_BYTES) == 1;
}

/*
 * Copy a bytea that consists of units of some bytes, 'most' bytes of it at most.  Returns how
 * many units there are; none, and copies nothing, if it is of another length.
 */
static int
copy_bytes(Datum value, uint8 *to, int most, int unit)
{
	Size		length = toast_raw_datum_size(value) - VARHDRSZ;
	bytea	   *bytes;

	if (length > most || length % unit != 0)
		return 0;
	bytes = DatumGetByteaPP(value);
	memcpy(to, VARDATA_ANY(bytes), length);
	if (PointerGetDatum(bytes) != value)
		pfree(bytes);
	return (int) (length / unit);
}

/*
 * Store a tile, in place of the one that there is.  The caller holds AZR_LOCK_EVIDENCE.
 */
void
azr_evidence_put_tile(int level, int64 index, const uint8 *hashes, int count)
{
	bytea	   *bytes = azr_make_bytea(hashes, count * AZR_DIGEST_BYTES);
	Datum		values[Natts_azr_evidence_tiles] = {
		Int64GetDatum(level), Int64GetDatum(index), PointerGetDatum(bytes)
	};

	put_row(&tiles_table, values, "tile");
	pfree(bytes);
}

/*
 * The same for the salts of a tile.
 */
void
azr_evidence_put_salts(int64 index, int64 last_ticket, const uint8 *salts, int count)
{
	put_salts(index, last_ticket, azr_make_bytea(salts, count * AZR_SALT_BYTES));
}

/*
 * The same for a seed that they are made of.
 */
void
azr_evidence_put_seed(int64 index, int64 last_ticket, const uint8 *seed)
{
	put_salts(index, last_ticket, azr_make_bytea(seed, AZR_SEED_BYTES));
}

static void
put_salts(int64 index, int64 last_ticket, bytea *bytes)
{
	Datum		values[Natts_azr_evidence_salts] = {
		Int64GetDatum(index), Int64GetDatum(last_ticket), PointerGetDatum(bytes)
	};

	put_row(&salts_table, values, "salts");
	pfree(bytes);
}

static void
put_row(AzrTable *table, const Datum *values, const char *label)
{
	bool		nulls[AZR_MAX_COLUMNS] = {false};
	Relation	rel = azr_table_open(table, RowExclusiveLock);

	if (!azr_write_one(table, rel, values, nulls))
		azr_trigger_interfered(table, label);
	table_close(rel, NoLock);
}

/*
 * Store the heads of streams, each at most once, in place of those that there are.  The caller
 * holds AZR_LOCK_EVIDENCE.
 */
void
azr_evidence_put_heads(const AzrHead *heads, int count)
{
	Relation	rel = azr_table_open(&heads_table, RowExclusiveLock);
	AzrWrite   *write = azr_write_begin(&heads_table, rel, count);
	char	   *leaves = palloc(count * MAXALIGN(VARHDRSZ + AZR_DIGEST_BYTES));

	for (int i = 0; i < count; i++)
	{
		bytea	   *leaf = (bytea *) (leaves + i * MAXALIGN(VARHDRSZ + AZR_DIGEST_BYTES));
		Datum		values[Natts_azr_evidence_heads] = {
			Int64GetDatum(heads[i].stream_id), Int64GetDatum(heads[i].next_sequence),
			PointerGetDatum(leaf)
		};
		bool		nulls[Natts_azr_evidence_heads] = {false};

		SET_VARSIZE(leaf, VARHDRSZ + AZR_DIGEST_BYTES);
		memcpy(VARDATA(leaf), heads[i].leaf, AZR_DIGEST_BYTES);
		azr_write_row(write, values, nulls, AZR_DIGEST_BYTES);
	}
	if (!azr_write_end(write, NULL))
		azr_trigger_interfered(&heads_table, "heads");
	pfree(leaves);
	table_close(rel, NoLock);
}

/*
 * Note that the log has, or had, a size, with the root of its tree.  'note' is the signed note of
 * it, or NULL.  If the size is noted already, only its note changes.  The caller holds
 * AZR_LOCK_EVIDENCE.
 */
void
azr_evidence_put_checkpoint(int64 size, const uint8 *root, const text *note)
{
	AzrQueryArgs args = {0};
	bytea	   *digest = azr_make_bytea(root, AZR_DIGEST_BYTES);

	azr_query_arg(&args, INT8OID, Int64GetDatum(size), false);
	azr_query_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(note), note == NULL);
	azr_query_must_change("azr_evidence_checkpoints", 1,
						  "INSERT INTO %s.azr_evidence_checkpoints (size, root, sealed_at, note) "
						  "VALUES ($1, $2, now(), $3) "
						  "ON CONFLICT (size) DO UPDATE SET note = excluded.note",
						  &args);
}
