/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  azr_verify: are the events what was sealed, and is the log what was signed?
 *
 * verify_event.c compares each event with its leaf, and verify_tree.c the tree with the
 * checkpoints.  Where leaves of a tile do not fit, the tile above, or the last checkpoint, says
 * who is right: the rows or the tile.
 *
 * The feed is read batch by batch, since reading it as others do ends where an event is missing.
 * If a batch has fewer or more events than positions, each event is looked for at the next ones
 * too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "evidence/note.h"
#include "evidence/verify_event.h"
#include "evidence/verify_tree.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(azr_verify);

/* How often a long verification says how far it has got. */
#define NOTICE_INTERVAL_MS	10000

/* At how many positions an event is looked for, where others are missing. */
#define MOST_TRIES		256

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
	int64		last_ticket;	/* stored with these */
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
	AzrVerifyEvents events;
	MemoryContext scratch;		/* of one event */
	MemoryContext append;		/* of one that is looked for */
	AzrEventScan appends;
	AzrEventScan rest;

	int64		ticket;			/* of the append that is looked at */
	int64		least_ticket;	/* that the salts must have as last_ticket */
	int64		streams_seen;	/* whose first event was seen */
	bool		is_sound;		/* all events so far */
	int64		moved;			/* positions whose events are on another node */
	int64		missing;		/* positions that have no event */
	int64		first_missing;
	int64		named_missing;
	int64		heads_past_end; /* streams that are said to be sealed further
								 * than the log goes */
	TimestampTz last_notice;
} Verify;

static void limit_size(Verify *verify);
static void check_note(Verify *verify, const text *origin, const AzrNote *note);
static void walk(Verify *verify);
static void walk_batch(Verify *verify, const AzrFeedBatch *batch, int64 *position);
static int64 pass_moved(Verify *verify, int64 first, int64 events, int64 end);
static int64 events_of(Verify *verify, const AzrFeedBatch *batch);
static void begin_range(Verify *verify, const AzrTicketRange *range);
static int64 place_append(Verify *verify, int64 position, int64 *lacking, int64 events);
static void visit_rest(Verify *verify, int64 stream_id, int64 sequence, int64 count,
					   int64 position);
static void miss(Verify *verify, int64 first, int64 end);
static void load_block(Verify *verify, int64 position);
static void finish_block(Verify *verify);
static bool fits(Verify *verify, const AzrVerifyEvent *event, int64 position);
static void visit(Verify *verify, TupleTableSlot *row, int64 position);
static void suspect(Verify *verify, int place, const AzrVerifyEvent *event,
					const AzrVerifiedLeaf *leaf);
static void check_heads(Verify *verify);
static void check_head(Verify *verify, const AzrHead *head);
static void check_lengths(Verify *verify);
static void check_next(Verify *verify);
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

	verify->scratch = AllocSetContextCreate(CurrentMemoryContext, "angzarr event",
											ALLOCSET_DEFAULT_SIZES);
	verify->append = AllocSetContextCreate(CurrentMemoryContext, "angzarr append",
										   ALLOCSET_SMALL_SIZES);
	verify->block.context = AllocSetContextCreate(CurrentMemoryContext, "angzarr tile",
												  ALLOCSET_DEFAULT_SIZES);
	verify->block.index = -1;
	verify->is_sound = true;
	verify->last_notice = GetCurrentTimestamp();
	azr_log_begin(&verify->log, snapshot);
	verify->reader = azr_evidence_reader_begin(snapshot);
	verify->last = azr_last_checkpoint(snapshot);
	limit_size(verify);
	if (has_note)
		check_note(verify, origin, &note);
	azr_verify_tree_begin(&verify->tree, &verify->log.sha, snapshot,
						  has_note && origin != NULL ? &note : NULL, verify->problems);
	azr_verify_events_begin(&verify->events, &verify->log);
	walk(verify);
	azr_verify_tree_end(&verify->tree);
	check_heads(verify);
	azr_verify_events_end(&verify->events);
	check_lengths(verify);
	check_next(verify);
	if (!verify->is_sound || verify->missing > 0)
		name_missing(verify);
	if (verify->moved > 0)
		ereport(NOTICE,
				(errmsg("%lld sealed events have moved to other nodes with their slots",
						(long long) verify->moved),
				 errdetail("By the feed, they were deleted here, so only their leaves were looked at.")));
	azr_evidence_reader_end(verify->reader);
	azr_log_end(&verify->log);
	PG_RETURN_NULL();
}

/*
 * If the last checkpoint is of many more events than there are positions and leaves, say so once,
 * and look no further than these go.
 */
static void
limit_size(Verify *verify)
{
	AzrFeedState state = azr_feed_state();
	int64		limit = state.found ? Max(state.next_position, 0) : 0;
	int64		last = azr_evidence_last_tile(verify->reader);

	if (last >= azr_tile_of(verify->log.size))
		return;
	if (last >= 0)
	{
		int			count;

		azr_evidence_tile(verify->reader, 0, last, &count);
		limit = Max(limit, last * AZR_TILE_HASHES + count);
	}
	if (azr_tile_of(verify->log.size) <= azr_tile_of(limit) + 1)
		return;
	put(verify, "root_differs",
		psprintf("The last checkpoint is of size %lld, and the feed and the tiles have no more than %lld events.",
				 (long long) verify->log.size, (long long) limit));
	verify->log.size = limit;
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
	else if (!azr_evidence_was_named(note->origin))
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

		if (batch->tickets.all[i].dropped > 0)
		{
			*position = pass_moved(verify, *position, batch->tickets.all[i].dropped, end);
			continue;
		}
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
			verify->ticket = azr_stored_ticket(first);
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
 * Go past events that were deleted here after their slot had moved to another node: only the tile
 * has their leaves still.  Returns the position after them.
 */
static int64
pass_moved(Verify *verify, int64 first, int64 events, int64 end)
{
	int64		after = events > end - first ? end : first + events;

	for (int64 position = first; position < after; position++)
	{
		CHECK_FOR_INTERRUPTS();
		load_block(verify, position);
	}
	verify->moved += after - first;
	return after;
}

/*
 * How many events a batch has that are there, or have moved.
 */
static int64
events_of(Verify *verify, const AzrFeedBatch *batch)
{
	int64		events = 0;

	for (int i = 0; i < batch->tickets.count; i++)
	{
		TupleTableSlot *first;

		events += batch->tickets.all[i].dropped;
		if (batch->tickets.all[i].dropped > 0)
			continue;
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
	MemoryContext oldcontext;
	AzrVerifyEvent event;

	MemoryContextReset(verify->append);
	oldcontext = MemoryContextSwitchTo(verify->append);
	azr_verify_event_begin(&verify->events, verify->appends.scan.slot, &event);
	if (*lacking > 0)
	{
		int64		tries = Min(Min(*lacking, MOST_TRIES), verify->log.size - 1 - position);

		for (int64 i = 0; i <= tries; i++)
			if (fits(verify, &event, position + i))
			{
				*lacking -= i;
				position += i;
				break;
			}
	}
	else if (-*lacking >= events && !fits(verify, &event, position))
	{
		AzrProblemPlace stream = azr_verify_place(&verify->events, event.stream_id);
		AzrOptionalInt64 sequence = {true, event.sequence};

		*lacking += events;
		verify->is_sound = false;
		azr_problem_put(verify->problems, "event_altered", &stream, sequence,
						"The event is in the feed among those that were sealed, but was not sealed.");
		position = -1;
	}
	MemoryContextSwitchTo(oldcontext);
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
			azr_verify_orphan(&verify->events, verify->block.leaf + place * AZR_DIGEST_BYTES);
	}
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
		block->last_ticket = azr_evidence_last_ticket(verify->reader, next);
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

	/*
	 * Where an append is looked for goes by these, which is right as long as
	 * they are high enough and do not fall.
	 */
	if (block->salts > 0 && block->last_ticket < verify->least_ticket)
		put(verify, "root_differs",
			psprintf("Salts %lld have %lld as last_ticket, and there is %lld up to there: somebody has changed them.",
					 (long long) block->index, (long long) block->last_ticket,
					 (long long) verify->least_ticket));
	else if (block->salts > 0)
		verify->least_ticket = block->last_ticket;
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
 * Does an event give the leaf that is sealed at a position?
 */
static bool
fits(Verify *verify, const AzrVerifyEvent *event, int64 position)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(verify->scratch);
	AzrLog	   *log = &verify->log;
	int			place = azr_place_in_tile(position);
	uint8		sealed[AZR_DIGEST_BYTES];
	bool		result = false;

	if (azr_log_find_leaf(log, position, sealed))
	{
		int			count;
		const uint8 *salts = azr_evidence_salts(log->reader, azr_tile_of(position), &count);
		AzrVerifiedLeaf leaf;

		azr_verify_event(&verify->events, event,
						 place < count ? salts + place * AZR_SALT_BYTES : NULL, sealed, &leaf);
		result = leaf.problem == NULL;
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
	AzrVerifyEvent event;
	const uint8 *sealed = NULL;
	const uint8 *salt = NULL;
	AzrVerifiedLeaf leaf;

	load_block(verify, position);
	verify->least_ticket = Max(verify->least_ticket, verify->ticket);
	oldcontext = MemoryContextSwitchTo(verify->scratch);
	azr_verify_event_begin(&verify->events, row, &event);
	if (place < block->sealed)
		sealed = block->leaf + place * AZR_DIGEST_BYTES;
	if (place < block->salts)
		salt = block->salt + place * AZR_SALT_BYTES;
	azr_verify_event(&verify->events, &event, salt, sealed, &leaf);
	if (leaf.problem != NULL)
	{
		suspect(verify, place, &event, &leaf);
		if (sealed != NULL)
			azr_verify_orphan(&verify->events, sealed);
	}
	block->is_made[place] = event.unreadable == NULL;
	memcpy(block->made + place * AZR_DIGEST_BYTES, leaf.made, AZR_DIGEST_BYTES);
	azr_verify_event_seen(&verify->events, &event, sealed, leaf.made);
	verify->streams_seen += event.sequence == 0;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(verify->scratch);
}

/*
 * Remember an event that does not fit until its tile is finished.
 */
static void
suspect(Verify *verify, int place, const AzrVerifyEvent *event, const AzrVerifiedLeaf *leaf)
{
	Block	   *block = &verify->block;
	MemoryContext oldcontext = MemoryContextSwitchTo(block->context);
	Suspect    *found = palloc(sizeof(Suspect));

	found->place = place;
	found->problem = leaf->problem;
	found->stream = azr_verify_place(&verify->events, event->stream_id);
	found->sequence = event->sequence;
	found->detail = pstrdup(leaf->detail);
	block->suspects = lappend(block->suspects, found);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Are the heads of streams those of their last events?
 */
static void
check_heads(Verify *verify)
{
	AzrHead		head;
	int64		heads = 0;

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
	if (verify->is_sound && verify->missing == 0 && heads != verify->streams_seen)
		put(verify, "root_differs",
			psprintf("azr_evidence_heads has %lld rows, and events of %lld streams are sealed.",
					 (long long) heads, (long long) verify->streams_seen));
}

static void
check_head(Verify *verify, const AzrHead *head)
{
	AzrLog	   *log = &verify->log;
	const AzrKnownStream *known = azr_verify_known(&verify->events, head->stream_id);
	AzrOptionalInt64 sequence = {true, head->next_sequence - 1};
	AzrProblemPlace place;
	uint8		sealed[AZR_DIGEST_BYTES];
	bool		is_there;		/* the event, in the log */
	bool		is_last;

	if (known != NULL && known->next_sequence > 0)
	{
		is_there = head->next_sequence <= known->next_sequence;
		is_last = head->next_sequence == known->next_sequence;
		memcpy(sealed, known->sealed, AZR_DIGEST_BYTES);
	}
	else
	{
		int64		position = head->next_sequence > 0 && head->next_sequence < PG_INT64_MAX
			? azr_log_position(log, head->stream_id, head->next_sequence - 1)
			: AZR_NO_POSITION;

		is_there = position != AZR_NO_POSITION;

		/* a tile that is damaged is reported already */
		if (is_there && !azr_log_find_leaf(log, position, sealed))
			return;
		is_last = is_there &&
			azr_log_position(log, head->stream_id, head->next_sequence) == AZR_NO_POSITION;
	}

	/*
	 * The last event is missing, which is reported as that; or the log has
	 * been cut off, which one stream shows as well as all of them.
	 */
	if (!is_there && (verify->missing > 0 || verify->heads_past_end++ > 0))
		return;
	if (is_last && head->is_digest && memcmp(head->leaf, sealed, AZR_DIGEST_BYTES) == 0)
		return;
	place = azr_verify_place(&verify->events, head->stream_id);
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
 * Can sealing go on?  It cannot in a stream whose next event is in no append, as one that was stored
 * by hand: once another one follows, azr_seal() finds that the feed has left one out.
 */
static void
check_next(Verify *verify)
{
	AzrQueryArgs no_args = {0};

	azr_query_each("SELECT 'not_in_feed', s.domain::text, s.edition::text, s.root::uuid, "
				   "n.sequence::bigint, 'The event is not in the feed: somebody has stored it by hand. "
				   "When another one follows it, azr_seal() stops there.' "
				   "FROM %s.azr_streams s "
				   "LEFT JOIN %s.azr_evidence_heads h ON h.stream_id = s.stream_id "
				   "CROSS JOIN LATERAL (SELECT e.sequence FROM %s.azr_main_events e "
				   "WHERE e.stream_id = s.stream_id AND e.sequence = coalesce(h.next_sequence, 0) "
				   "AND e.ticket IS NULL OFFSET 0) n "
				   "WHERE s.stream_id > 0 AND n.sequence >= coalesce(("
				   "SELECT a.sequence + coalesce(abs(a.ticket_events::bigint), 1)::numeric "
				   "FROM %s.azr_main_events a WHERE a.stream_id = s.stream_id "
				   "AND a.sequence < n.sequence AND a.ticket IS NOT NULL "
				   "ORDER BY a.sequence DESC LIMIT 1), 0)",
				   &no_args, put_row, verify);
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
