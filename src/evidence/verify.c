/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  azr_verify: are the events what was sealed, and is the log what was signed?
 *
 * Each leaf is made anew from the event's row, and compared with the one that is sealed.  The
 * leaf of the event before, which it has in it, is taken as sealed: so an event that was altered
 * is the only one of its stream that does not fit.  If the sealed one was changed itself, what
 * its row gives is tried.
 *
 * Where leaves of a tile do not fit, the tile above, or the last checkpoint, says who is right: the
 * rows or the tile.
 *
 * The feed is read batch by batch, since reading it as others do ends where an event is missing.
 * If a batch has fewer or more events than positions, each event is looked for at the next ones
 * too.
 *
 * What is remembered of streams is limited: of a stream that was forgotten, the position of the
 * last event is looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "events/type.h"
#include "evidence/log.h"
#include "evidence/note.h"
#include "evidence/verify_tree.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "streams/problem.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(azr_verify);

/* How often a long verification says how far it has got. */
#define NOTICE_INTERVAL_MS	10000

/* How many types are remembered, a power of two, and how many leaves that no event gives. */
#define TYPES			64
#define MOST_ORPHANS	64

/* At how many positions an event is looked for, where others are missing. */
#define MOST_TRIES		256

/* What is remembered of a stream. */
typedef struct KnownStream
{
	int64		stream_id;		/* hash key */
	text	   *domain;			/* NULL if the stream has no row */
	pg_uuid_t	root;
	int64		next_sequence;	/* after the event that was seen last, or 0 */
	uint8		sealed[AZR_DIGEST_BYTES];	/* leaf of that */
	uint8		made[AZR_DIGEST_BYTES]; /* and what its row gives */
	char		status;			/* private to the hash */
} KnownStream;

#define SH_PREFIX		known_streams
#define SH_ELEMENT_TYPE	KnownStream
#define SH_KEY_TYPE		int64
#define SH_KEY			stream_id
#define SH_HASH_KEY(tb, key)	azr_hash_stream_id(key)
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* An event that does not fit. */
typedef struct Suspect
{
	int			place;			/* in its tile */
	const char *problem;
	AzrProblemPlace stream;
	int64		sequence;
	const char *detail;
} Suspect;

/* A tile of level 0, with what the rows give. */
typedef struct Block
{
	int64		index;
	int			expected;		/* how many leaves it has in the log */
	int			sealed;			/* and how many there are */
	uint8		leaf[AZR_TILE_BYTES];
	int			salts;
	uint8		salt[AZR_SALTS_BYTES];
	bool		is_made[AZR_TILE_HASHES];
	uint8		made[AZR_TILE_BYTES];
	List	   *suspects;
	MemoryContext context;		/* of these */
} Block;

typedef struct Verify
{
	ReturnSetInfo *problems;
	AzrLog		log;			/* for what is not read in its order */
	AzrEvidenceReader *reader;
	AzrVerifyTree tree;
	AzrCheckpoint last;
	Block		block;
	MemoryContext context;
	MemoryContext scratch;		/* of one event */

	MemoryContext streams_context;
	known_streams_hash *streams;
	uint64		most_streams;
	text	   *last_domain;
	AzrStreamNames names;
	AzrEventScan appends;
	AzrEventScan rest;
	text	   *edition;
	AzrCorrelationText correlation;
	struct
	{
		int32		number;
		text	   *type;		/* or NULL */
	}			types[TYPES];

	int64		streams_seen;	/* whose first event was seen */
	bool		is_sound;		/* all events so far */
	int64		missing;		/* positions that have no event */
	int64		first_missing;
	uint8		orphans[MOST_ORPHANS][AZR_DIGEST_BYTES];	/* the last sealed
															 * leaves that no event
															 * gives */
	uint64		orphans_seen;
	int64		named_missing;
	int64		heads_past_end; /* streams that are said to be sealed further
								 * than the log goes */
	TimestampTz last_notice;
} Verify;

/* An event that is looked at. */
typedef struct Event
{
	TupleTableSlot *row;
	int64		stream_id;
	int64		sequence;
	bool		is_erased_type;
	Datum		values[1 + Natts_azr_timeline];
	bool		nulls[1 + Natts_azr_timeline];
	const char *unreadable;		/* if not NULL, why no leaf can be made */
} Event;

static void check_note(Verify *verify, const text *origin, const AzrNote *note);
static void walk(Verify *verify);
static void walk_batch(Verify *verify, const AzrFeedBatch *batch, int64 *position);
static int64 events_of(Verify *verify, const AzrFeedBatch *batch);
static void begin_range(Verify *verify, const AzrTicketRange *range);
static int64 place_append(Verify *verify, int64 position, int64 *lacking, int64 events);
static void visit_rest(Verify *verify, int64 stream_id, int64 sequence, int64 count,
					   int64 position);
static void miss(Verify *verify, int64 first, int64 end);
static void note_orphan(Verify *verify, const uint8 *leaf);
static void load_block(Verify *verify, int64 position);
static void finish_block(Verify *verify);
static void begin_event(Verify *verify, TupleTableSlot *row, Event *event);
static bool fits(Verify *verify, Event *event, int64 position);
static void visit(Verify *verify, TupleTableSlot *row, int64 position);
static bool make_leaf(Verify *verify, Event *event, int64 position, const uint8 *sealed,
					  uint8 *made, const char **problem, const char **detail);
static bool try_previous(Verify *verify, Event *event, const AzrLeafEvent *leaf_event,
						 const uint8 *body, const uint8 *sealed, uint8 *made);
static KnownStream *know_stream(Verify *verify, int64 stream_id);
static void forget_streams(Verify *verify);
static text *type_of(Verify *verify, int32 number);
static AzrProblemPlace place_of(Verify *verify, int64 stream_id, MemoryContext context);
static void check_heads(Verify *verify);
static void check_head(Verify *verify, const AzrHead *head);
static void check_lengths(Verify *verify);
static void name_missing(Verify *verify);
static void note_missing(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void put_row(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void put(Verify *verify, const char *problem, const char *detail);
static void show_progress(Verify *verify, int64 position);

static const AzrOptionalInt64 no_sequence = {false, 0};

/*
 * azr_verify(note) -> setof azr_problem
 *
 * By the caller's snapshot.  See verify.sql for arguments and errors.
 */
Datum
azr_verify(PG_FUNCTION_ARGS)
{
	Verify	   *verify = palloc0(sizeof(Verify));
	AzrNote		note = {0};
	bool		has_note = !PG_ARGISNULL(0);
	text	   *origin;
	Snapshot	snapshot = GetActiveSnapshot();

	verify->problems = azr_problems_begin(fcinfo);
	if (has_note)
		note = azr_arg_note(fcinfo, 0, "note");
	origin = azr_evidence_origin();
	if (origin == NULL && !has_note)
		origin = azr_evidence_must_origin();

	verify->context = CurrentMemoryContext;
	verify->scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr event",
											ALLOCSET_DEFAULT_SIZES);
	verify->block.context = AllocSetContextCreate(CurrentMemoryContext, "angzarr tile",
												  ALLOCSET_DEFAULT_SIZES);
	verify->block.index = -1;
	verify->is_sound = true;
	verify->last_notice = GetCurrentTimestamp();
	azr_log_begin(&verify->log, snapshot);
	verify->reader = azr_evidence_reader_begin(snapshot);
	verify->last = azr_last_checkpoint(snapshot);
	if (has_note)
		check_note(verify, origin, &note);
	azr_verify_tree_begin(&verify->tree, &verify->log.sha, snapshot,
						  has_note && origin != NULL ? &note : NULL, verify->problems);
	walk(verify);
	azr_verify_tree_end(&verify->tree);
	check_heads(verify);
	check_lengths(verify);
	if (!verify->is_sound || verify->missing > 0)
		name_missing(verify);
	azr_evidence_reader_end(verify->reader);
	azr_log_end(&verify->log);
	PG_RETURN_NULL();
}

/*
 * Is the log as long as the note says, and of its name?  The root is looked at when the log has
 * been read up to there.
 */
static void
check_note(Verify *verify, const text *origin, const AzrNote *note)
{
	if (origin == NULL)
		put(verify, "root_differs", psprintf("No evidence is kept in this database, and the note is of log \"%s\".",
											 text_to_cstring(note->origin)));
	else if (!azr_same_text(origin, note->origin))
		put(verify, "root_differs", psprintf("The note is of log \"%s\", and the log of this database is \"%s\".",
											 text_to_cstring(note->origin),
											 text_to_cstring(origin)));
	if (note->size > verify->log.size)
		put(verify, "root_differs", psprintf("The note is of size %lld, and only %lld events are sealed: what came later was lost, or an older state restored.",
											 (long long) note->size,
											 (long long) verify->log.size));
}

/*
 * Look at all events that are sealed.
 */
static void
walk(Verify *verify)
{
	AzrOptionalInt64 end = {true, 0};
	int64		size = verify->log.size;
	int64		position = 0;
	AzrBatchScan batches;
	AzrFeedBatch batch;
	MemoryContext batch_context = AllocSetContextCreate(CurrentMemoryContext,
														"angzarr feed batch",
														ALLOCSET_DEFAULT_SIZES);

	/* a stream takes twice as much in the hash, at worst */
	verify->most_streams = Max((uint64) maintenance_work_mem * 1024 / (2 * sizeof(KnownStream)),
							   1024);
	verify->edition = cstring_to_text(AZR_MAIN_EDITION);
	forget_streams(verify);
	azr_stream_names_begin(&verify->names, verify->log.snapshot);
	azr_ticket_event_scan_begin(&verify->appends, 1, 0, verify->log.snapshot);
	azr_event_scan_begin(&verify->rest, 1, 0, end, verify->log.snapshot);
	azr_batch_scan_begin(&batches, 0, verify->log.snapshot);
	while (position < size)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(batch_context);
		bool		found = azr_batch_scan_next(&batches, &batch);

		MemoryContextSwitchTo(oldcontext);
		CHECK_FOR_INTERRUPTS();
		if (!found || batch.first_position >= size)
			break;
		show_progress(verify, position);
		if (batch.first_position > position)
			miss(verify, position, batch.first_position);
		else if (batch.first_position < position)
		{
			verify->is_sound = false;
			put(verify, "event_altered",
				psprintf("The feed gives position %lld to other events too: somebody has changed azr_feed_batches.",
						 (long long) batch.first_position));
		}
		position = Max(position, batch.first_position);
		walk_batch(verify, &batch, &position);
		MemoryContextReset(batch_context);
	}
	miss(verify, position, size);
	finish_block(verify);
	azr_batch_scan_end(&batches);
	azr_event_scan_end(&verify->rest);
	azr_event_scan_end(&verify->appends);
	azr_stream_names_end(&verify->names);
	MemoryContextDelete(batch_context);
}

/*
 * Look at the events of a batch.
 */
static void
walk_batch(Verify *verify, const AzrFeedBatch *batch, int64 *position)
{
	int64		size = verify->log.size;
	int64		end = batch->events > size - *position ? size : *position + Max(batch->events, 0);

	/*
	 * positions that have no event, or events that have no position if
	 * negative
	 */
	int64		lacking = batch->events - events_of(verify, batch);

	for (int i = 0; i < batch->tickets.count && *position < end; i++)
	{
		TupleTableSlot *first;

		begin_range(verify, &batch->tickets.all[i]);
		while (*position < end && (first = azr_event_scan_next(&verify->appends)) != NULL)
		{
			int64		stream_id = azr_stored_stream_id(first);
			int64		sequence = azr_stored_sequence(first);
			int64		events = Max(azr_stored_ticket_events(first), 1);
			int64		place = *position;

			CHECK_FOR_INTERRUPTS();
			if (lacking != 0)
				place = place_append(verify, place, &lacking, events);
			if (place < 0)
				continue;
			if (place >= end)
				break;
			miss(verify, *position, place);
			visit(verify, first, place);
			events = Min(events, end - place);
			if (events > 1)
				visit_rest(verify, stream_id, sequence + 1, events - 1, place + 1);
			*position = place + events;
		}
	}
	miss(verify, *position, end);
	*position = end;
}

/*
 * How many events a batch has that are there.
 */
static int64
events_of(Verify *verify, const AzrFeedBatch *batch)
{
	int64		events = 0;

	for (int i = 0; i < batch->tickets.count; i++)
	{
		TupleTableSlot *first;

		begin_range(verify, &batch->tickets.all[i]);
		while ((first = azr_event_scan_next(&verify->appends)) != NULL)
			events += Max(azr_stored_ticket_events(first), 1);
	}
	return events;
}

static void
begin_range(Verify *verify, const AzrTicketRange *range)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(range->last));
	index_rescan(verify->appends.scan.desc, keys, lengthof(keys), NULL, 0);
}

/*
 * In a batch from which events are missing, or to which some were added: at which position is the
 * append that was read last?  It would be at 'position' if nothing was wrong from there on.
 * Returns -1 if it is none of those that were sealed.
 */
static int64
place_append(Verify *verify, int64 position, int64 *lacking, int64 events)
{
	Event		event;

	begin_event(verify, verify->appends.scan.slot, &event);
	if (*lacking > 0)
	{
		for (int64 i = 0; i <= *lacking && i <= MOST_TRIES &&
			 position + i < verify->log.size; i++)
			if (fits(verify, &event, position + i))
			{
				*lacking -= i;
				return position + i;
			}
	}
	else if (-*lacking >= events && !fits(verify, &event, position))
	{
		AzrProblemPlace stream = place_of(verify, event.stream_id, verify->scratch);
		AzrOptionalInt64 sequence = {true, event.sequence};

		*lacking += events;
		verify->is_sound = false;
		azr_problem_put(verify->problems, "event_altered", &stream, sequence,
						"The event is in the feed among those that were sealed, but was not sealed.");
		return -1;
	}
	return position;
}

/*
 * Look at the events of an append after the first.
 */
static void
visit_rest(Verify *verify, int64 stream_id, int64 sequence, int64 count, int64 position)
{
	int64		end = position + count;
	ScanKeyData keys[3];
	TupleTableSlot *row;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(sequence));
	ScanKeyInit(&keys[2], 2, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(sequence + count));
	index_rescan(verify->rest.scan.desc, keys, lengthof(keys), NULL, 0);
	while ((row = azr_event_scan_next(&verify->rest)) != NULL)
	{
		int64		place = end - (sequence + count - azr_stored_sequence(row));

		miss(verify, position, place);
		visit(verify, row, place);
		position = place + 1;
	}
	miss(verify, position, end);
}

/*
 * Note that no event is at some positions.
 */
static void
miss(Verify *verify, int64 first, int64 end)
{
	int64		position;

	if (first >= end)
		return;
	if (verify->missing == 0)
		verify->first_missing = first;
	verify->missing += end - first;
	for (position = first; position < end; position++)
	{
		int			place = azr_place_in_tile(position);

		CHECK_FOR_INTERRUPTS();
		load_block(verify, position);
		if (place < verify->block.sealed)
			note_orphan(verify, verify->block.leaf + place * AZR_DIGEST_BYTES);
	}
}

/*
 * Remember a sealed leaf that no event gives: it may be that of the one before another.
 */
static void
note_orphan(Verify *verify, const uint8 *leaf)
{
	memcpy(verify->orphans[verify->orphans_seen++ % MOST_ORPHANS], leaf, AZR_DIGEST_BYTES);
}

/*
 * Go to the tile that has a position, which is never before the current one.
 */
static void
load_block(Verify *verify, int64 position)
{
	Block	   *block = &verify->block;

	while (block->index < azr_tile_of(position))
	{
		int64		next = block->index + 1;
		int			count;
		const uint8 *stored;

		finish_block(verify);
		block->index = next;
		block->expected = azr_tile_hashes(0, next, verify->log.size);
		stored = azr_evidence_tile(verify->reader, 0, next, &count);
		block->sealed = Min(count, block->expected);
		memcpy(block->leaf, stored, block->sealed * AZR_DIGEST_BYTES);
		if (block->sealed < block->expected)
			put(verify, "root_differs",
				psprintf("Tile %lld of level 0 is missing or too short: it has %d leaves, and not %d.",
						 (long long) next, block->sealed, block->expected));
		stored = azr_evidence_salts(verify->reader, next, &count);
		block->salts = Min(count, block->expected);
		memcpy(block->salt, stored, block->salts * AZR_SALT_BYTES);
		if (block->salts < block->expected)
			put(verify, "root_differs",
				psprintf("Salts %lld are missing or too few: there are %d, and not %d.",
						 (long long) next, block->salts, block->expected));
		memset(block->is_made, 0, sizeof(block->is_made));
		block->suspects = NIL;
		MemoryContextReset(block->context);
	}
}

/*
 * Say what is wrong with the current tile's events, and go past it in the tree.
 */
static void
finish_block(Verify *verify)
{
	Block	   *block = &verify->block;
	bool		rows_are_right = false;
	ListCell   *lc;

	if (block->index < 0)
		return;
	if (block->suspects != NIL)
	{
		uint8	   *leaves = palloc(AZR_TILE_BYTES);

		memcpy(leaves, block->leaf, AZR_TILE_BYTES);
		for (int i = 0; i < block->expected; i++)
			if (block->is_made[i])
				memcpy(leaves + i * AZR_DIGEST_BYTES, block->made + i * AZR_DIGEST_BYTES,
					   AZR_DIGEST_BYTES);
		rows_are_right = azr_verify_tree_fits(&verify->tree, leaves, block->expected,
											  &verify->last);
		pfree(leaves);
	}
	foreach(lc, block->suspects)
	{
		const Suspect *suspect = lfirst(lc);
		AzrOptionalInt64 sequence = {true, suspect->sequence};
		int			offset = suspect->place * AZR_DIGEST_BYTES;

		/* a leaf that is right can belong to a row that is not */
		if (rows_are_right && block->is_made[suspect->place] &&
			memcmp(block->made + offset, block->leaf + offset, AZR_DIGEST_BYTES) != 0)
			azr_problem_put(verify->problems, "root_differs", &suspect->stream, sequence,
							psprintf("Tile %lld of level 0 has another leaf of the event than it gives; the event is what was sealed.",
									 (long long) block->index));
		else
		{
			verify->is_sound = false;
			azr_problem_put(verify->problems, suspect->problem, &suspect->stream, sequence,
							suspect->detail);
		}
	}
	for (int i = 0; i < block->expected; i++)
	{
		const uint8 *leaf = NULL;

		if (i < block->sealed)
			leaf = block->leaf + i * AZR_DIGEST_BYTES;
		else if (block->is_made[i])
			leaf = block->made + i * AZR_DIGEST_BYTES;
		azr_verify_tree_leaf(&verify->tree, leaf);
	}
	block->suspects = NIL;
}

/*
 * Turn a row into an event.  What it allocates stays in the memory for one event.
 */
static void
begin_event(Verify *verify, TupleTableSlot *row, Event *event)
{
	KnownStream *known;
	text	   *type = type_of(verify, azr_stored_type_number(row));
	AzrFeedPlace place = {0};

	event->row = row;
	event->stream_id = azr_stored_stream_id(row);
	event->sequence = azr_stored_sequence(row);
	event->unreadable = NULL;
	known = know_stream(verify, event->stream_id);
	if (known->domain == NULL)
		event->unreadable = "The row of its stream is missing.";
	if (type == NULL)
		event->unreadable = "The row of its type is missing.";
	event->is_erased_type = type != NULL && azr_text_is(type, AZR_ERASED_TYPE);
	place.domain = known->domain;
	place.edition = verify->edition;
	place.root = &known->root;
	place.type = type;
	azr_feed_event_result(row, &place, &verify->correlation, event->values, event->nulls);
}

/*
 * Does an event give the leaf that is sealed at a position?
 */
static bool
fits(Verify *verify, Event *event, int64 position)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(verify->scratch);
	uint8		sealed[AZR_DIGEST_BYTES];
	uint8		made[AZR_DIGEST_BYTES];
	int			count;
	int			place = azr_place_in_tile(position);
	const uint8 *leaves = azr_evidence_tile(verify->log.reader, 0, azr_tile_of(position), &count);
	const char *problem;
	const char *detail;
	bool		result = false;

	if (place < count)
	{
		memcpy(sealed, leaves + place * AZR_DIGEST_BYTES, AZR_DIGEST_BYTES);
		result = make_leaf(verify, event, position, sealed, made, &problem, &detail);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(verify->scratch);
	return result;
}

/*
 * Look at the event of a row, which is at a position.
 */
static void
visit(Verify *verify, TupleTableSlot *row, int64 position)
{
	MemoryContext oldcontext;
	Block	   *block = &verify->block;
	int			place = azr_place_in_tile(position);
	Event		event;
	const uint8 *sealed = NULL;
	uint8		made[AZR_DIGEST_BYTES];
	const char *problem;
	const char *detail;
	KnownStream *known;
	bool		is_right;

	load_block(verify, position);
	oldcontext = MemoryContextSwitchTo(verify->scratch);
	begin_event(verify, row, &event);
	if (place < block->sealed)
		sealed = block->leaf + place * AZR_DIGEST_BYTES;
	is_right = make_leaf(verify, &event, position, sealed, made, &problem, &detail);
	if (!is_right)
	{
		MemoryContext scratch = MemoryContextSwitchTo(block->context);
		Suspect    *suspect = palloc(sizeof(Suspect));

		suspect->place = place;
		suspect->problem = problem;
		suspect->stream = place_of(verify, event.stream_id, block->context);
		suspect->sequence = event.sequence;
		suspect->detail = pstrdup(detail);
		block->suspects = lappend(block->suspects, suspect);
		MemoryContextSwitchTo(scratch);
		if (sealed != NULL)
			note_orphan(verify, sealed);
	}
	block->is_made[place] = event.unreadable == NULL;
	memcpy(block->made + place * AZR_DIGEST_BYTES, made, AZR_DIGEST_BYTES);

	known = know_stream(verify, event.stream_id);
	known->next_sequence = event.sequence + 1;
	memcpy(known->made, made, AZR_DIGEST_BYTES);
	memcpy(known->sealed, sealed != NULL ? sealed : made, AZR_DIGEST_BYTES);
	verify->streams_seen += event.sequence == 0;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(verify->scratch);
}

/*
 * Make an event's leaf, as the one that is sealed at a position, which is NULL if it is not known.
 * Returns whether it is that, and nothing else is wrong; else sets 'problem' and 'detail'.
 */
static bool
make_leaf(Verify *verify, Event *event, int64 position, const uint8 *sealed, uint8 *made,
		  const char **problem, const char **detail)
{
	AzrLeafEvent leaf_event = {event->values, event->nulls, NULL};
	int			place = azr_place_in_tile(position);
	int			salts;
	const uint8 *salt;
	uint8		body[AZR_DIGEST_BYTES];
	AzrErased	erased = {0};
	bool		has_record = false;
	bool		is_right = false;
	bool		knows_body = false;

	*problem = "event_altered";
	*detail = "The event is not what was sealed.";
	memset(made, 0, AZR_DIGEST_BYTES);
	if (event->unreadable != NULL)
	{
		*detail = event->unreadable;
		return false;
	}
	if (azr_tile_of(position) == verify->block.index)
	{
		salt = verify->block.salt;
		salts = verify->block.salts;
	}
	else
		salt = azr_evidence_salts(verify->log.reader, azr_tile_of(position), &salts);

	if (event->is_erased_type)
		has_record = azr_erased_find(event->stream_id, event->sequence, verify->log.snapshot,
									 &erased);
	if (!has_record || !erased.has_digest)
	{
		knows_body = place < salts;
		if (knows_body)
			azr_leaf_body(&verify->log.sha, &leaf_event, salt + place * AZR_SALT_BYTES, body);
		is_right = knows_body && try_previous(verify, event, &leaf_event, body, sealed, made);
		if (!is_right && !has_record)
			has_record = azr_erased_find(event->stream_id, event->sequence, verify->log.snapshot,
										 &erased);
	}
	if (!is_right && has_record && erased.has_digest)
	{
		/* else it was sealed as what its row has */
		if (erased.was_sealed)
			leaf_event.type = erased.type;
		knows_body = true;
		is_right = try_previous(verify, event, &leaf_event, erased.digest, sealed, made);
		if (!is_right)
			*detail = "The event was erased, and what is on record of that, or the event, is not what was sealed.";
		else if (!event->is_erased_type ||
				 !event->nulls[Anum_azr_timeline_metadata] ||
				 event->nulls[Anum_azr_timeline_payload] ||
				 !azr_same_text(azr_erased_payload(erased.type),
								DatumGetByteaPP(event->values[Anum_azr_timeline_payload])))
		{
			*detail = "The event was erased, but its row has more than that leaves.";
			return false;
		}
	}
	else if (!is_right && !has_record && event->is_erased_type && knows_body)
	{
		*problem = "erased_without_record";
		*detail = "The event was emptied, and nothing is on record of that.";
	}

	/*
	 * what cannot be made, or compared, is reported with the tile or the
	 * salts
	 */
	return is_right || !knows_body;
}

/*
 * Make the leaf of an event with a body, with the leaf of the event before: the sealed one, or
 * what that event's row gives, or one that no event gives.  Returns whether one of
 * these gives the sealed leaf, or whether that is not known.
 */
static bool
try_previous(Verify *verify, Event *event, const AzrLeafEvent *leaf_event, const uint8 *body,
			 const uint8 *sealed, uint8 *made)
{
	KnownStream *known = know_stream(verify, event->stream_id);
	uint8		previous[AZR_DIGEST_BYTES];
	bool		has_previous = false;
	AzrLog	   *log = &verify->log;

	if (event->sequence > 0 && known->next_sequence == event->sequence)
	{
		memcpy(previous, known->sealed, AZR_DIGEST_BYTES);
		has_previous = true;
	}
	else if (event->sequence > 0)
	{
		int64		position = azr_log_position(log, event->stream_id, event->sequence - 1);
		int			count = 0;
		const uint8 *leaves = NULL;

		if (position != AZR_NO_POSITION)
			leaves = azr_evidence_tile(log->reader, 0, azr_tile_of(position), &count);
		has_previous = position != AZR_NO_POSITION && azr_place_in_tile(position) < count;
		if (has_previous)
			memcpy(previous, leaves + azr_place_in_tile(position) * AZR_DIGEST_BYTES,
				   AZR_DIGEST_BYTES);
	}
	if (event->sequence == 0 || has_previous)
	{
		azr_leaf_entry(leaf_event, has_previous ? previous : NULL, body, &log->entry);
		azr_leaf_hash(&log->sha, &log->entry, made);
		if (sealed == NULL || memcmp(made, sealed, AZR_DIGEST_BYTES) == 0)
			return true;
	}
	if (event->sequence > 0 && known->next_sequence == event->sequence &&
		memcmp(known->sealed, known->made, AZR_DIGEST_BYTES) != 0)
	{
		uint8		other[AZR_DIGEST_BYTES];

		azr_leaf_entry(leaf_event, known->made, body, &log->entry);
		azr_leaf_hash(&log->sha, &log->entry, other);
		if (memcmp(other, sealed, AZR_DIGEST_BYTES) == 0)
		{
			memcpy(made, other, AZR_DIGEST_BYTES);
			return true;
		}
	}
	if (event->sequence > 0 && sealed != NULL &&
		(known->next_sequence != event->sequence ||
		 memcmp(known->sealed, known->made, AZR_DIGEST_BYTES) != 0))
	{
		for (int i = 0; i < Min(verify->orphans_seen, MOST_ORPHANS); i++)
		{
			uint8		other[AZR_DIGEST_BYTES];

			azr_leaf_entry(leaf_event, verify->orphans[i], body, &log->entry);
			azr_leaf_hash(&log->sha, &log->entry, other);
			if (memcmp(other, sealed, AZR_DIGEST_BYTES) == 0)
			{
				memcpy(made, other, AZR_DIGEST_BYTES);
				return true;
			}
		}
	}
	return false;
}

/*
 * What is known of a stream.  It stays valid until another one is asked for.
 */
static KnownStream *
know_stream(Verify *verify, int64 stream_id)
{
	KnownStream *known = known_streams_lookup(verify->streams, stream_id);
	bool		found;

	if (known != NULL)
		return known;
	if (verify->streams->members >= verify->most_streams)
		forget_streams(verify);
	known = known_streams_insert(verify->streams, stream_id, &found);
	known->next_sequence = 0;
	known->domain = NULL;
	memset(&known->root, 0, sizeof(pg_uuid_t));
	if (azr_stream_names_find(&verify->names, stream_id))
	{
		/* all of a domain, one after the other, mostly have one copy */
		if (verify->last_domain == NULL ||
			!azr_same_text(verify->last_domain, verify->names.name.domain))
			verify->last_domain = azr_copy_text(verify->names.name.domain,
												verify->streams_context);
		known->domain = verify->last_domain;
		known->root = *verify->names.name.root;
	}
	return known;
}

static void
forget_streams(Verify *verify)
{
	if (verify->streams_context != NULL)
		MemoryContextDelete(verify->streams_context);
	verify->streams_context = AllocSetContextCreate(verify->context, "angzarr streams",
													ALLOCSET_DEFAULT_SIZES);
	verify->streams = known_streams_create(verify->streams_context, 1024, NULL);
	verify->last_domain = NULL;
}

/*
 * The type that has a number, or NULL.
 */
static text *
type_of(Verify *verify, int32 number)
{
	int			i = number & (TYPES - 1);
	MemoryContext oldcontext;

	if (verify->types[i].type != NULL && verify->types[i].number == number)
		return verify->types[i].type;
	oldcontext = MemoryContextSwitchTo(verify->context);
	if (verify->types[i].type != NULL)
		pfree(verify->types[i].type);
	verify->types[i].type = azr_type_name(number, true);
	verify->types[i].number = number;
	MemoryContextSwitchTo(oldcontext);
	return verify->types[i].type;
}

/*
 * The names of a stream, for a report.
 */
static AzrProblemPlace
place_of(Verify *verify, int64 stream_id, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	const KnownStream *known = know_stream(verify, stream_id);
	AzrProblemPlace place = {{0}, {true, true, true}};

	if (known->domain != NULL)
	{
		pg_uuid_t  *root = palloc(sizeof(pg_uuid_t));

		*root = known->root;
		place.names[0] = PointerGetDatum(azr_copy_text(known->domain, context));
		place.names[1] = CStringGetTextDatum(AZR_MAIN_EDITION);
		place.names[2] = UUIDPGetDatum(root);
		memset(place.nulls, 0, sizeof(place.nulls));
	}
	MemoryContextSwitchTo(oldcontext);
	return place;
}

/*
 * Are the heads of streams those of their last events?
 */
static void
check_heads(Verify *verify)
{
	AzrHead		head;
	int64		heads = 0;

	azr_stream_names_begin(&verify->names, verify->log.snapshot);
	azr_evidence_heads_from(verify->reader);
	while (azr_evidence_next_head(verify->reader, &head))
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(verify->scratch);

		CHECK_FOR_INTERRUPTS();
		heads++;
		check_head(verify, &head);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(verify->scratch);
	}
	azr_stream_names_end(&verify->names);
	if (verify->is_sound && verify->missing == 0 && heads != verify->streams_seen)
		put(verify, "root_differs",
			psprintf("azr_evidence_heads has %lld rows, and events of %lld streams are sealed.",
					 (long long) heads, (long long) verify->streams_seen));
}

static void
check_head(Verify *verify, const AzrHead *head)
{
	const KnownStream *known = known_streams_lookup(verify->streams, head->stream_id);
	AzrOptionalInt64 sequence = {true, head->next_sequence - 1};
	AzrProblemPlace place;
	uint8		sealed[AZR_DIGEST_BYTES];
	bool		is_right;

	if (known != NULL && known->next_sequence > 0)
	{
		/*
		 * the last event is missing, which is reported as that; or the log
		 * has been cut off, which one stream shows as well as all of them
		 */
		if (head->next_sequence > known->next_sequence &&
			(verify->missing > 0 || verify->heads_past_end++ > 0))
			return;
		is_right = head->next_sequence == known->next_sequence;
		memcpy(sealed, known->sealed, AZR_DIGEST_BYTES);
	}
	else
	{
		int64		position = head->next_sequence > 0 && head->next_sequence < PG_INT64_MAX
			? azr_log_position(&verify->log, head->stream_id, head->next_sequence - 1)
			: AZR_NO_POSITION;
		int			count = 0;
		const uint8 *leaves = NULL;

		if (position == AZR_NO_POSITION &&
			(verify->missing > 0 || verify->heads_past_end++ > 0))
			return;
		if (position != AZR_NO_POSITION)
			leaves = azr_evidence_tile(verify->log.reader, 0, azr_tile_of(position), &count);

		/* a tile that is damaged is reported already */
		if (position != AZR_NO_POSITION && azr_place_in_tile(position) >= count)
			return;
		is_right = position != AZR_NO_POSITION;
		if (is_right)
		{
			memcpy(sealed, leaves + azr_place_in_tile(position) * AZR_DIGEST_BYTES,
				   AZR_DIGEST_BYTES);
			is_right = azr_log_position(&verify->log, head->stream_id,
										head->next_sequence) == AZR_NO_POSITION;
		}
	}
	if (is_right && head->is_digest && memcmp(head->leaf, sealed, AZR_DIGEST_BYTES) == 0)
		return;
	place = place_of(verify, head->stream_id, verify->scratch);
	azr_problem_put(verify->problems, "root_differs", &place, sequence,
					"azr_evidence_heads does not have the last event of the stream that is sealed, and its leaf.");
}

/*
 * Is there more in the tables than belongs to the log?  What is missing from them was seen while
 * they were read.
 */
static void
check_lengths(Verify *verify)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(verify->log.size), false);
	azr_query_each("SELECT 'root_differs', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'Tile ' || index || ' of level ' || level || ' is longer than a log of ' || $1 || "
				   "' events has it: somebody has changed it, or has deleted checkpoints.' "
				   "FROM %s.azr_evidence_tiles WHERE level NOT BETWEEN 0 AND 7 OR index < 0 "
				   "OR octet_length(hashes) > 32 * least(256::numeric, greatest(0::numeric, "
				   "floor($1 / 256::numeric ^ least(greatest(level, 0), 7)) - index * 256::numeric))",
				   &args, put_row, verify);
	azr_query_each("SELECT 'root_differs', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'Salts ' || index || ' are more than a log of ' || $1 || ' events has: "
				   "somebody has changed them, or has deleted checkpoints.' "
				   "FROM %s.azr_evidence_salts WHERE index < 0 "
				   "OR index * 256::numeric >= $1 OR (octet_length(salts) > 16 * least(256::numeric, "
				   "$1 - index * 256::numeric) AND octet_length(salts) <> 33)",
				   &args, put_row, verify);
}

/*
 * Say which events are missing, as far as the heads of streams tell.
 */
static void
name_missing(Verify *verify)
{
	AzrQueryArgs no_args = {0};

	azr_query_each("SELECT s.domain::text, s.edition::text, s.root::uuid, g.first::bigint, "
				   "g.last::bigint FROM ("
				   "SELECT h.stream_id, coalesce(lag(e.sequence) OVER w + 1::numeric, 0) AS first, "
				   "e.sequence - 1::numeric AS last "
				   "FROM %s.azr_evidence_heads h CROSS JOIN LATERAL ("
				   "SELECT e.sequence FROM %s.azr_main_events e WHERE e.stream_id = h.stream_id "
				   "AND e.sequence >= 0 AND e.sequence < h.next_sequence "
				   "UNION ALL SELECT h.next_sequence) e "
				   "WINDOW w AS (PARTITION BY h.stream_id ORDER BY e.sequence)) g "
				   "LEFT JOIN %s.azr_streams s ON s.stream_id = g.stream_id "
				   "WHERE g.first <= g.last",
				   &no_args, note_missing, verify);
	if (verify->missing > verify->named_missing)
		put(verify, "event_missing",
			psprintf("%lld entries of the log have no event any more, the first of which is %lld. For %lld of them, nothing says which event that was.",
					 (long long) verify->missing, (long long) verify->first_missing,
					 (long long) (verify->missing - verify->named_missing)));
}

static void
note_missing(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Verify	   *verify = (Verify *) arg;
	AzrProblemPlace place;
	AzrOptionalInt64 sequence;
	int64		last;

	azr_check_row(nulls + 3, 2);
	memcpy(place.names, values, sizeof(place.names));
	memcpy(place.nulls, nulls, sizeof(place.nulls));
	sequence.given = true;
	sequence.value = DatumGetInt64(values[3]);
	last = DatumGetInt64(values[4]);
	verify->named_missing += last - sequence.value + 1;
	azr_problem_put(verify->problems, "event_missing", &place, sequence,
					last == sequence.value ? "The event was sealed, and is not there."
					: psprintf("The events from %lld to %lld were sealed, and are not there.",
							   (long long) sequence.value, (long long) last));
}

/*
 * Callback: a row that is reported as it is.
 */
static void
put_row(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	azr_set_put(((Verify *) arg)->problems, values, nulls);
}

/*
 * Report a problem that is none of a single event.
 */
static void
put(Verify *verify, const char *problem, const char *detail)
{
	azr_problem_put(verify->problems, problem, NULL, no_sequence, detail);
}

/*
 * Say now and then how far the verification has got.
 */
static void
show_progress(Verify *verify, int64 position)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(verify->last_notice, now, NOTICE_INTERVAL_MS))
		return;
	ereport(NOTICE,
			(errmsg("azr_verify has seen %lld of %lld events",
					(long long) position, (long long) verify->log.size)));
	verify->last_notice = now;
}
