/*-------------------------------------------------------------------------
 *
 * seal.c
 *	  azr_evidence_enable and azr_seal: taking events into the log.
 *
 * Sealing reads the feed on from where the log ends, draws a salt for each event, and adds its
 * leaf.  The right edge of the tree, one tile of each level, is kept in memory; a tile is
 * stored when it is full, and all that are not at the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "evidence/log.h"
#include "feed/feed_reader.h"
#include "feed/numbering.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/compat.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_evidence_enable);
PG_FUNCTION_INFO_V1(azr_seal);

/* Columns of the composite type azr_sealed, as in seal.sql. */
enum
{
	Anum_azr_sealed_size = 1,
	Anum_azr_sealed_root_hash,
	Natts_azr_sealed = Anum_azr_sealed_root_hash
};

static const Oid sealed_types[Natts_azr_sealed] = {INT8OID, BYTEAOID};

typedef struct KnownHead
{
	int64		stream_id;		/* hash key */
	AzrHead		head;
	bool		is_changed;
	char		status;			/* private to the hash */
} KnownHead;

#define SH_PREFIX		known_heads
#define SH_ELEMENT_TYPE	KnownHead
#include "streams/stream_hash.h"

typedef struct Seal
{
	AzrLog		log;
	int64		size;
	struct
	{
		int			count;
		uint8		hashes[AZR_TILE_BYTES];
	}			edge[AZR_TILE_LEVELS];
	int			salts;			/* beside the tile of level 0 */
	uint8		salt[AZR_SALTS_BYTES];
	int			random_salts;	/* of these, how many are drawn */
	bool		has_seed;		/* are they made of this? */
	uint8		seed[AZR_SEED_BYTES];
	int64		last_ticket;
	known_heads_hash *heads;
	uint64		most_heads;		/* that are kept in memory */
	Snapshot	stored_snapshot;	/* shows the heads that were stored */
	AzrEvidenceReader *stored;
	MemoryContext scratch;		/* of one event */
} Seal;

static void check_origin(const text *origin);
static void check_replaces(const text *origin, const text *known, const text *replaces);
static bool is_space(pg_wchar c);
static void seal_to(Seal *seal, int64 end);
static void read_edge(Seal *seal);
static const uint8 *next_salt(Seal *seal);
static void draw(uint8 *bytes, Size length);
static void seal_event(Seal *seal, const AzrFeedReader *reader, const Datum *values,
					   const bool *nulls);
static KnownHead *head_of(Seal *seal, int64 stream_id, const Datum *values, const bool *nulls);
pg_noreturn static void raise_out_of_order(int64 stream_id, const Datum *values,
										   const bool *nulls, int64 next);
static void pass_moved(Seal *seal, int64 end);
static void add_leaf(Seal *seal, const uint8 *leaf);
static void store_salts(Seal *seal);
static void store_edge(Seal *seal);
static void store_heads(Seal *seal);
static void begin_stored(Seal *seal);
static void end_stored(Seal *seal);
static int	compare_heads(const void *a, const void *b);
static Datum sealed_row(FunctionCallInfo fcinfo, AzrLog *log, int64 size);

/*
 * azr_evidence_enable(origin, replaces) -> void
 *
 * See seal.sql for arguments and errors.
 */
Datum
azr_evidence_enable(PG_FUNCTION_ARGS)
{
	text	   *origin = azr_arg_name(fcinfo, 0, "origin");
	text	   *replaces = PG_ARGISNULL(1) ? NULL : azr_arg_name(fcinfo, 1, "replaces");
	text	   *known;

	azr_check_can_write(fcinfo);
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("evidence can be kept only in a database whose encoding is UTF8"),
				 errdetail("The encoding of this database is %s. Leaves and notes have text in UTF-8.",
						   GetDatabaseEncodingName())));
	check_origin(origin);
	if (azr_feed_is_subscribed())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this database gets its events by a subscription"),
				 errdetail("Its log is that of the database where they are appended."),
				 errhint("Call azr_evidence_enable() there.")));
	azr_evidence_lock();
	known = azr_evidence_origin();
	if (known == NULL || !azr_same_text(known, origin))
	{
		check_replaces(origin, known, replaces);
		azr_evidence_put_origin(origin);
	}
	PG_RETURN_VOID();
}

/*
 * May the log, which has the name 'known' unless that is NULL, get another one?
 *
 * Raises 55000 if not.
 */
static void
check_replaces(const text *origin, const text *known, const text *replaces)
{
	if (known == NULL && replaces != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the log of this database has no name to replace")));
	if (known != NULL && replaces == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the log of this database is \"%s\" already", text_to_cstring(known)),
				 errdetail("A log keeps its name: it is in every signed note."),
				 errhint("Only if events that notes vouch for were lost, as by a restore, give the name that it has as \"replaces\": then a new log begins.")));
	if (known != NULL && !azr_same_text(known, replaces))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the log of this database is \"%s\", and not \"%s\"",
						text_to_cstring(known), text_to_cstring(replaces))));
	if (azr_evidence_was_named(origin))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the log of this database was \"%s\" before", text_to_cstring(origin)),
				 errdetail("Its notes of now would contradict the ones of then.")));
}

/*
 * Raise 22023 for what C2SP does not allow as the name of a key, which that of the log mostly is.
 * The database's encoding is UTF8.
 */
static void
check_origin(const text *origin)
{
	const char *str = VARDATA_ANY(origin);
	const char *end = str + VARSIZE_ANY_EXHDR(origin);

	for (; str < end; str += pg_mblen(str))
		if (*str == '+' || is_space(utf8_to_unicode((const unsigned char *) str)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" must not contain spaces or \"+\"", "origin"),
					 errdetail("Signed notes have it as the name of the log, such as \"example.com/orders\".")));
}

/*
 * Is it a character of Unicode's property White_Space?  Those that are control characters too are
 * in no name.
 */
static bool
is_space(pg_wchar c)
{
	return c == 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
		c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/*
 * azr_seal(max_events) -> azr_sealed
 *
 * See seal.sql for arguments, locks and errors.
 */
Datum
azr_seal(PG_FUNCTION_ARGS)
{
	int64		max_events = azr_arg_count(fcinfo, 0, "max_events");
	bool		subscribed;
	Seal	   *seal;
	int64		head;
	Snapshot	snapshot;
	Datum		result;

	azr_check_can_write(fcinfo);
	(void) azr_evidence_must_origin();
	subscribed = azr_feed_is_subscribed();
	if (!subscribed)
		azr_evidence_lock();
	seal = palloc0(sizeof(Seal));
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	seal->size = azr_sealed_size(snapshot);
	UnregisterSnapshot(snapshot);
	head = azr_feed_head_now();
	if (!subscribed && head - seal->size + 1 < max_events)
		head = azr_feed_number(max_events);

	/*
	 * an event may have been erased after the snapshot of this transaction:
	 * it is sealed as it is now, and stays so while we have the lock
	 */
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	azr_log_begin(&seal->log, snapshot);
	if (!subscribed && max_events > 0 && head >= seal->size)
	{
		/* also near the end of what a bigint can be */
		int64		count = Min(head - seal->size + 1, max_events);

		seal_to(seal, seal->size + count);
	}
	result = sealed_row(fcinfo, &seal->log, seal->size);
	azr_log_end(&seal->log);
	UnregisterSnapshot(snapshot);
	return result;
}

/*
 * Seal the events up to a position, which is not included, and note the new size.
 */
static void
seal_to(Seal *seal, int64 end)
{
	AzrFeedRead read = {.after = seal->size - 1,.last = end - 1};
	Datum		values[Natts_azr_feed_event];
	bool		nulls[Natts_azr_feed_event];
	AzrFeedReader *reader;
	uint8		root[AZR_DIGEST_BYTES];
	Snapshot	snapshot;
	AzrLog		log;

	/* a note that has left the database must not be lost in a crash */
	ForceSyncCommit();

	/* a head takes twice as much in the hash, at worst */
	seal->most_heads = Max((uint64) maintenance_work_mem * 1024 / (2 * sizeof(KnownHead)), 1024);
	seal->heads = known_heads_create(CurrentMemoryContext, 1024, NULL);
	seal->scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr event",
										  ALLOCSET_DEFAULT_SIZES);
	read_edge(seal);
	begin_stored(seal);
	reader = azr_feed_reader_begin(&read, seal->log.snapshot);
	while (azr_feed_reader_next(reader, values, nulls))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(seal->scratch);

		CHECK_FOR_INTERRUPTS();
		pass_moved(seal, DatumGetInt64(values[0]));
		seal_event(seal, reader, values, nulls);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(seal->scratch);
	}
	azr_feed_reader_end(reader);
	pass_moved(seal, end);
	end_stored(seal);
	store_heads(seal);
	store_edge(seal);

	/* what is stored gives the root, not what is in memory */
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	azr_log_begin(&log, snapshot);
	azr_tree_root(&log.tree, seal->size, root);
	azr_log_end(&log);
	UnregisterSnapshot(snapshot);
	azr_evidence_put_checkpoint(seal->size, root, NULL);
}

/*
 * Read the tiles at the right edge of the tree, and the salts there.
 *
 * Raises XX001 if they are not what belongs to the size: going on from them would make another
 * log, which no note that was signed before vouches for.
 */
static void
read_edge(Seal *seal)
{
	int64		last = azr_tile_of(seal->size);
	int			count;
	const uint8 *salts;

	for (int level = 0; level < AZR_TILE_LEVELS; level++)
	{
		int64		hashes = seal->size >> (8 * level);
		int64		index = hashes / AZR_TILE_HASHES;
		const uint8 *tile = azr_evidence_tile(seal->log.reader, level, index, &count);

		if (count != hashes % AZR_TILE_HASHES)
			azr_evidence_tile_damaged(level, index, count, (int) (hashes % AZR_TILE_HASHES));
		seal->edge[level].count = count;
		memcpy(seal->edge[level].hashes, tile, count * AZR_DIGEST_BYTES);
	}

	salts = azr_evidence_salts(seal->log.reader, last, &count);
	seal->has_seed = seal->log.reader->has_seed && seal->size % AZR_TILE_HASHES != 0;
	if (!seal->has_seed && count != seal->size % AZR_TILE_HASHES)
		azr_evidence_salts_damaged(last, count, (int) (seal->size % AZR_TILE_HASHES));
	seal->salts = seal->size % AZR_TILE_HASHES;
	seal->random_salts = count;
	memcpy(seal->salt, salts, count * AZR_SALT_BYTES);
	memcpy(seal->seed, seal->log.reader->seed, AZR_SEED_BYTES);
	seal->last_ticket = azr_evidence_last_ticket(seal->log.reader, last);
	if (count == 0 && last > 0)
		seal->last_ticket = azr_evidence_last_ticket(seal->log.reader, last - 1);
}

/*
 * The salt of the next event.  Those of a tile are made of one random seed, unless the tile has
 * been begun, and an event of it erased: then the seed is gone.
 */
static const uint8 *
next_salt(Seal *seal)
{
	if (seal->salts >= seal->random_salts)
	{
		seal->has_seed = seal->salts == 0;
		if (seal->has_seed)
		{
			seal->seed[0] = 1;
			draw(seal->seed + 1, AZR_SEED_BYTES - 1);
			azr_salts_of_seed(&seal->log.sha, seal->seed, seal->salt);
		}
		else
			draw(seal->salt + seal->salts * AZR_SALT_BYTES,
				 (AZR_TILE_HASHES - seal->salts) * AZR_SALT_BYTES);
		seal->random_salts = AZR_TILE_HASHES;
	}
	return seal->salt + seal->salts++ * AZR_SALT_BYTES;
}

static void
draw(uint8 *bytes, Size length)
{
	if (!pg_strong_random(bytes, length))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random salts")));
}

static void
seal_event(Seal *seal, const AzrFeedReader *reader, const Datum *values, const bool *nulls)
{
	AzrLeafEvent event = {values, nulls, NULL};
	int64		stream_id = azr_feed_reader_stream(reader);
	int64		sequence = DatumGetInt64(values[Anum_azr_timeline_sequence]);
	KnownHead  *known = head_of(seal, stream_id, values, nulls);
	uint8		body[AZR_DIGEST_BYTES];

	azr_leaf_body(&seal->log.sha, &event, next_salt(seal), body);
	azr_leaf_entry(&event, sequence > 0 ? known->head.leaf : NULL, body, &seal->log.entry);
	azr_leaf_hash(&seal->log.sha, &seal->log.entry, known->head.leaf);
	known->head.next_sequence = sequence + 1;
	known->is_changed = true;
	seal->last_ticket = Max(seal->last_ticket, azr_feed_reader_last_ticket(reader));
	add_leaf(seal, known->head.leaf);
}

/*
 * How far an event's stream is sealed, which must be up to that event.
 *
 * Raises XX001 if it is not.
 */
static KnownHead *
head_of(Seal *seal, int64 stream_id, const Datum *values, const bool *nulls)
{
	int64		sequence = DatumGetInt64(values[Anum_azr_timeline_sequence]);
	KnownHead  *known;
	bool		found;

	if (seal->heads->members >= seal->most_heads)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(MemoryContextGetParent(seal->scratch));

		end_stored(seal);
		store_heads(seal);
		begin_stored(seal);
		MemoryContextSwitchTo(oldcontext);
	}
	known = known_heads_insert(seal->heads, stream_id, &found);
	if (!found)
	{
		known->is_changed = false;
		known->head.stream_id = stream_id;
		known->head.next_sequence = 0;
		if (sequence > 0 && azr_evidence_head(seal->stored, stream_id, &known->head) &&
			!known->head.is_digest)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the leaf of stream %lld in azr_evidence_heads is no digest",
							(long long) stream_id),
					 errhint("Somebody has changed tables of the evidence: call azr_verify().")));
	}
	if (known->head.next_sequence != sequence)
		raise_out_of_order(stream_id, values, nulls, known->head.next_sequence);
	return known;
}

/*
 * Say that an event is not the one that its stream must go on with in the log, which has the
 * sequence 'next'.
 */
static void
raise_out_of_order(int64 stream_id, const Datum *values, const bool *nulls, int64 next)
{
	int64		sequence = DatumGetInt64(values[Anum_azr_timeline_sequence]);
	char	   *label = psprintf("stream %lld", (long long) stream_id);

	if (!nulls[Anum_azr_timeline_domain] && !nulls[Anum_azr_timeline_root])
	{
		AzrStreamName name = {
			DatumGetTextPP(values[Anum_azr_timeline_domain]),
			cstring_to_text(AZR_MAIN_EDITION),
			DatumGetUUIDP(values[Anum_azr_timeline_root])
		};

		label = azr_stream_label(&name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("event %lld of %s cannot be sealed", (long long) sequence, label),
			 next < sequence
			 ? errdetail("Event %lld does not come before it in the feed: somebody has stored it by hand, or has deleted it.",
						 (long long) next)
			 : errdetail("The stream is sealed up to event %lld: somebody has changed its events, the feed, or azr_evidence_heads.",
						 (long long) next - 1),
			 errhint("Call azr_verify() and azr_check(). What to do then stands in the documentation of the evidence, under \"When sealing stops\".")));
}

/*
 * Seal the positions up to one, which is not included, whose events had moved to another node with
 * their slot, and were deleted here, before evidence was kept.  There is nothing of them to vouch
 * for, but a leaf's place in the log is the position of its event.
 */
static void
pass_moved(Seal *seal, int64 end)
{
	uint8		leaf[AZR_DIGEST_BYTES];

	if (seal->size >= end)
		return;
	azr_leaf_moved(&seal->log.sha, leaf);
	while (seal->size < end)
	{
		CHECK_FOR_INTERRUPTS();
		(void) next_salt(seal);
		add_leaf(seal, leaf);
	}
}

/*
 * Add a leaf to the log.  A tile that gets full is stored, and its root goes into the tile above.
 */
static void
add_leaf(Seal *seal, const uint8 *leaf)
{
	uint8		hash[AZR_DIGEST_BYTES];

	memcpy(hash, leaf, AZR_DIGEST_BYTES);
	seal->size++;
	for (int level = 0; level < AZR_TILE_LEVELS; level++)
	{
		int			count = seal->edge[level].count++;

		memcpy(seal->edge[level].hashes + count * AZR_DIGEST_BYTES, hash, AZR_DIGEST_BYTES);
		if (count + 1 < AZR_TILE_HASHES)
			break;
		azr_evidence_put_tile(level, (seal->size >> (8 * level)) / AZR_TILE_HASHES - 1,
							  seal->edge[level].hashes, AZR_TILE_HASHES);
		if (level == 0)
			store_salts(seal);
		azr_full_root(&seal->log.sha, seal->edge[level].hashes, AZR_TILE_HASHES, hash);
		seal->edge[level].count = 0;
	}
}

/*
 * Store the salts of the last tile, which is full or the last one of all.
 */
static void
store_salts(Seal *seal)
{
	int64		index = azr_tile_of(seal->size - 1);

	if (seal->has_seed)
		azr_evidence_put_seed(index, seal->last_ticket, seal->seed);
	else
		azr_evidence_put_salts(index, seal->last_ticket, seal->salt, seal->salts);
	if (seal->salts == AZR_TILE_HASHES)
		seal->salts = seal->random_salts = 0;
}

static void
store_edge(Seal *seal)
{
	for (int level = 0; level < AZR_TILE_LEVELS; level++)
		if (seal->edge[level].count > 0)
			azr_evidence_put_tile(level, (seal->size >> (8 * level)) / AZR_TILE_HASHES,
								  seal->edge[level].hashes, seal->edge[level].count);
	if (seal->salts > 0)
		store_salts(seal);
}

/*
 * Store the heads that have changed, by stream, and forget them all.
 */
static void
store_heads(Seal *seal)
{
	AzrHead    *heads = palloc_extended(seal->heads->members * sizeof(AzrHead),
										MCXT_ALLOC_HUGE);
	known_heads_iterator iterator;
	KnownHead  *known;
	int			count = 0;

	known_heads_start_iterate(seal->heads, &iterator);
	while ((known = known_heads_iterate(seal->heads, &iterator)) != NULL)
		if (known->is_changed)
			heads[count++] = known->head;
	qsort(heads, count, sizeof(AzrHead), compare_heads);
	azr_evidence_put_heads(heads, count);
	pfree(heads);
	known_heads_reset(seal->heads);
}

/*
 * Begin to read heads that are stored by now.
 */
static void
begin_stored(Seal *seal)
{
	seal->stored_snapshot = RegisterSnapshot(GetTransactionSnapshot());
	seal->stored = azr_evidence_reader_begin(seal->stored_snapshot);
}

static void
end_stored(Seal *seal)
{
	azr_evidence_reader_end(seal->stored);
	UnregisterSnapshot(seal->stored_snapshot);
}

static int
compare_heads(const void *a, const void *b)
{
	int64		first = ((const AzrHead *) a)->stream_id;
	int64		second = ((const AzrHead *) b)->stream_id;

	return first < second ? -1 : first > second;
}

/*
 * The result: what is sealed by now.
 */
static Datum
sealed_row(FunctionCallInfo fcinfo, AzrLog *log, int64 size)
{
	Datum		values[Natts_azr_sealed];
	bool		nulls[Natts_azr_sealed] = {false};
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	AzrCheckpoint checkpoint = azr_checkpoint_at(size, snapshot);
	bytea	   *root = palloc(VARHDRSZ + AZR_DIGEST_BYTES);

	UnregisterSnapshot(snapshot);
	if (checkpoint.found && checkpoint.is_digest)
		memcpy(VARDATA(root), checkpoint.root, AZR_DIGEST_BYTES);
	else
		azr_tree_root(&log->tree, size, (uint8 *) VARDATA(root));
	SET_VARSIZE(root, VARHDRSZ + AZR_DIGEST_BYTES);
	values[Anum_azr_sealed_size - 1] = Int64GetDatum(size);
	values[Anum_azr_sealed_root_hash - 1] = PointerGetDatum(root);
	return azr_return_row(fcinfo, values, nulls, sealed_types, Natts_azr_sealed);
}
