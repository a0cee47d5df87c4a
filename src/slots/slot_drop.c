/*-------------------------------------------------------------------------
 *
 * slot_drop.c
 *	  azr_slot_drop: deleting what is left of a slot that is another node's.
 *
 * Nobody can use the slot's streams here but this, and who reads the feed.  So it is looked first
 * whether somebody has still to read them: they must have positions, every group must have got
 * what it gets of them, none may be parked, and where evidence is kept, all must be sealed.
 *
 * Then the batches of the feed that have their appends are changed: these become ranges that are
 * gone, which keep their positions (see feed/ranges.h).  That is done before the events go, since
 * their rows say which tickets have how many events.  A batch that is not the last one is changed
 * by nobody else.  The last one is, by numbering, so that is kept off before the batch is read.
 * What azr_statistics() has counted of the events is taken back before that, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "evidence/evidence_table.h"
#include "feed/feed_table.h"
#include "fmgr.h"
#include "groups/event_selection.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/durability.h"
#include "plumbing/grow.h"
#include "plumbing/int64.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "slots/slot_drop.h"
#include "slots/slot_state.h"
#include "streams/slot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_slot_drop);

/* The key of the lock of all who drop, one at a time: they change the same batches of the feed. */
#define ALL_DROPS	AZR_NUM_SLOTS

typedef struct Drop
{
	int			slot;
	int64		max_events;
	Snapshot	snapshot;

	/* the streams that go */
	int			count;
	int			allocated;
	int64	   *stream_ids;
	int64		events;

	/* those of the main timeline have appends with these tickets */
	int			ntickets;
	int			tickets_allocated;
	int64	   *tickets;

	/* which are in these batches */
	int			nbatches;
	int			batches_allocated;
	int64	   *batches;		/* their first positions */
	bool		has_last;		/* is the last of them the feed's last one? */
	int64		end;			/* the position after them */
} Drop;

static void check_state(int slot);
static void note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void read_appends(Drop *drop);
static void find_batches(Drop *drop);
static int	find_in_batch(const Drop *drop, const AzrFeedBatch *batch);
static const int64 *ticket_from(const Drop *drop, int64 ticket);
static void check_sealed(const Drop *drop);
static void check_parked(const Drop *drop);
static void refuse_parked(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void check_groups(Drop *drop);
static void note_handler(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void check_group(Drop *drop, text *handler);
static bool refuse_group(void *arg, const AzrFeedRow *row);
static void take_back_counts(const Drop *drop);
static void change_batches(const Drop *drop);
static void change_batch(const Drop *drop, int64 first_position);
static void change_range(const Drop *drop, AzrEventScan *scan, const AzrTicketRange *range,
						 AzrTicketRanges *changed);
static void delete_rows(Drop *drop);
static int64 delete_history(int slot, const AzrDeletion *deletion);
static Datum array_of(const int64 *numbers, int count);
static void end_leftover(int slot);

/*
 * azr_slot_drop(slot, max_events) -> bigint
 */
Datum
azr_slot_drop(PG_FUNCTION_ARGS)
{
	Drop	   *drop = palloc0(sizeof(Drop));
	AzrQueryArgs args = {0};

	drop->slot = azr_arg_slot(fcinfo, 0, "slot");
	drop->max_events = azr_arg_count(fcinfo, 1, "max_events");
	if (drop->max_events == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"max_events\" must be 1 or more")));
	azr_check_can_write(fcinfo);
	azr_streams_lock(AccessShareLock);
	azr_lock(AZR_LOCK_SLOT, drop->slot, ExclusiveLock);
	azr_lock(AZR_LOCK_SLOT, ALL_DROPS, ExclusiveLock);
	azr_lock(AZR_LOCK_STATISTICS, 0, ExclusiveLock);
	check_state(drop->slot);

	drop->snapshot = azr_register_read_snapshot();
	PushActiveSnapshot(drop->snapshot);
	azr_query_arg(&args, INT4OID, Int32GetDatum(drop->slot), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(drop->max_events), false);

	/*
	 * Without OFFSET 0, the planner may read the streams in the order of
	 * their roots, since it expects to find enough of the slot soon.
	 */
	azr_query_read("SELECT s.stream_id::bigint, coalesce(n.events, 0) FROM ("
				   "SELECT stream_id, root, domain FROM ("
				   "SELECT stream_id, root, domain FROM %s.azr_streams "
				   "WHERE %s.azr_slot(root) = $1 OFFSET 0) a "
				   "ORDER BY root, domain, stream_id LIMIT $2) s "
				   "CROSS JOIN LATERAL (SELECT max(e.sequence) - min(e.sequence) + 1 AS events "
				   "FROM %s.azr_events e WHERE e.stream_id = s.stream_id) n "
				   "ORDER BY s.root, s.domain, s.stream_id",
				   &args, note_stream, drop);
	if (drop->count == 0)
		end_leftover(drop->slot);
	else
	{
		qsort(drop->stream_ids, drop->count, sizeof(int64), azr_compare_int64);
		read_appends(drop);
		find_batches(drop);
		check_sealed(drop);
		check_parked(drop);
		check_groups(drop);
		take_back_counts(drop);
		change_batches(drop);
		delete_rows(drop);
	}
	PopActiveSnapshot();
	UnregisterSnapshot(drop->snapshot);
	PG_RETURN_INT64(drop->events);
}

/*
 * Raise 55000 unless the slot is another node's, and is not being received.  As its row is locked, it
 * stays so; and a transaction that must stick to its snapshot must see it.
 */
static void
check_state(int slot)
{
	AzrSlotState state;
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);
	(void) azr_query_modify("SELECT FROM %s.azr_slot_owners WHERE slot = $1 FOR SHARE",
							&args, NULL, NULL);
	state = azr_slot_state(slot);
	if (state.is_own || state.is_receiving || state.node == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d cannot be dropped", slot),
				 state.is_own
				 ? errdetail("It belongs to this node.")
				 : state.is_receiving
				 ? errdetail("It is being received from node \"%s\".", state.node)
				 : errdetail("It belongs to a node that is not known here."),
				 errhint("First give it to another node with azr_own_slots().")));
}

/*
 * Note a stream, unless there are enough.
 */
static void
note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Drop	   *drop = (Drop *) arg;

	azr_check_row(nulls, 2);
	if (drop->events >= drop->max_events)
		return;
	drop->stream_ids = azr_grow(drop->stream_ids, drop->count, &drop->allocated, sizeof(int64));
	drop->stream_ids[drop->count++] = DatumGetInt64(values[0]);
	drop->events += DatumGetInt64(values[1]);
}

/*
 * Read which appends the streams of the main timeline have.
 */
static void
read_appends(Drop *drop)
{
	AzrOptionalInt64 no_end = {false, 0};

	for (int i = 0; i < drop->count; i++)
	{
		AzrEventScan scan;
		TupleTableSlot *event;

		if (drop->stream_ids[i] < 0)
			continue;
		azr_event_scan_begin(&scan, drop->stream_ids[i], 0, no_end, drop->snapshot);
		while ((event = azr_event_scan_next(&scan)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			if (azr_stored_ticket(event) == AZR_NO_TICKET)
				continue;
			drop->tickets = azr_grow(drop->tickets, drop->ntickets, &drop->tickets_allocated,
									 sizeof(int64));
			drop->tickets[drop->ntickets++] = azr_stored_ticket(event);
		}
		azr_event_scan_end(&scan);
	}
	if (drop->ntickets > 0)
		qsort(drop->tickets, drop->ntickets, sizeof(int64), azr_compare_int64);
}

/*
 * Find the batches of the feed that have the appends.
 *
 * Raises 55000 if one is in none, so that numbering has not come to it.
 */
static void
find_batches(Drop *drop)
{
	MemoryContext context;
	AzrBatchScan scan;
	AzrFeedBatch batch;
	int64		last_end = 0;	/* the position after the batch */
	int			left = drop->ntickets;

	if (left == 0)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "angzarr slot drop",
									ALLOCSET_DEFAULT_SIZES);
	azr_batch_scan_begin(&scan, 0, drop->snapshot);
	for (;;)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(context);
		bool		found = azr_batch_scan_next(&scan, &batch);
		int			count;

		MemoryContextSwitchTo(oldcontext);
		CHECK_FOR_INTERRUPTS();
		drop->has_last = !found && drop->nbatches > 0 && drop->end == last_end;
		if (!found || left == 0)
			break;
		last_end = batch.first_position + batch.events;
		count = find_in_batch(drop, &batch);
		left -= count;
		if (count > 0)
		{
			drop->batches = azr_grow(drop->batches, drop->nbatches, &drop->batches_allocated,
									 sizeof(int64));
			drop->batches[drop->nbatches++] = batch.first_position;
			drop->end = last_end;
		}
		MemoryContextReset(context);
	}
	azr_batch_scan_end(&scan);
	MemoryContextDelete(context);
	if (left > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d cannot be dropped yet", drop->slot),
				 errdetail("Some of its events have no position in the feed yet."),
				 errhint("Call azr_feed_advance(), commit, and run this again.")));
}

/*
 * How many of the appends does a batch have?
 */
static int
find_in_batch(const Drop *drop, const AzrFeedBatch *batch)
{
	int			count = 0;

	for (int i = 0; i < batch->tickets.count; i++)
	{
		const AzrTicketRange *range = &batch->tickets.all[i];

		if (range->dropped == 0)
			count += (int) (ticket_from(drop, range->last + 1) - ticket_from(drop, range->first));
	}
	return count;
}

/*
 * The first of the tickets that is this one or a higher one.
 */
static const int64 *
ticket_from(const Drop *drop, int64 ticket)
{
	int			low = 0;
	int			high = drop->ntickets;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (drop->tickets[middle] < ticket)
			low = middle + 1;
		else
			high = middle;
	}
	return drop->tickets + low;
}

/*
 * Raise 55000 if evidence is kept and the events are not all sealed.
 */
static void
check_sealed(const Drop *drop)
{
	int64		size;

	if (drop->nbatches == 0 || azr_evidence_origin() == NULL)
		return;
	size = azr_sealed_size(drop->snapshot);
	if (drop->end > size)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("slot %d cannot be dropped yet", drop->slot),
				 errdetail("Evidence is kept, and its events are not all sealed: they may have positions up to %lld, and %lld events are sealed.",
						   (long long) drop->end - 1, (long long) size),
				 errhint("Call azr_seal() until nothing is left to seal, and run this again.")));
}

/*
 * Raise 55000 if a group has parked one of the streams.
 */
static void
check_parked(const Drop *drop)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8ARRAYOID, array_of(drop->stream_ids, drop->count), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(drop->slot), false);
	azr_query_latest("SELECT s.domain::text, s.edition::text, s.root::uuid, p.handler::text, $2 "
					 "FROM %s.azr_parked_streams p JOIN %s.azr_streams s ON s.stream_id = p.stream_id "
					 "WHERE p.stream_id = ANY ($1) AND p.parked_from IS NOT NULL LIMIT 1",
					 &args, refuse_parked, NULL);
}

static void
refuse_parked(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrStreamName name;

	azr_check_row(nulls, 5);
	name = azr_copy_stream_name(values);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("slot %d cannot be dropped yet", DatumGetInt32(values[4])),
			 errdetail("Group \"%s\" has parked stream \"%s\".",
					   TextDatumGetCString(values[3]), azr_stream_label(&name)),
			 errhint("Call azr_retry() for it, commit, and run this again.")));
}

/*
 * Raise 55000 if a group has not got all that it gets of the streams.
 *
 * A partition need not have come past their last events: where it has nothing to give for a while,
 * that is not written down.  So it is looked whether something is left to give.
 */
static void
check_groups(Drop *drop)
{
	AzrQueryArgs no_args = {0};
	List	   *handlers = NIL;
	ListCell   *lc;

	if (drop->nbatches == 0)
		return;
	azr_query_latest("SELECT handler::text FROM %s.azr_registered_groups ORDER BY handler",
					 &no_args, note_handler, &handlers);
	foreach(lc, handlers)
		check_group(drop, (text *) lfirst(lc));
}

static void
note_handler(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **handlers = (List **) arg;

	azr_check_row(nulls, 1);
	*handlers = lappend(*handlers, DatumGetTextPCopy(values[0]));
}

static void
check_group(Drop *drop, text *handler)
{
	AzrGroup	group = azr_group_get(handler);
	AzrPartitions all = {0};
	AzrPartitions partitions;
	AzrSelection selection;

	for (int i = 0; i < group.partitions; i++)
	{
		AzrPartition partition = {.number = i};

		azr_partitions_add(&all, &partition);
	}
	partitions = azr_partitions_read(&group, &all);
	if (partitions.count == 0)
		return;
	azr_selection_begin(&selection, &group, &partitions, drop->end - 1);
	selection.only = drop->stream_ids;
	selection.nonly = drop->count;
	(void) azr_selection_read(&selection, refuse_group, &selection, drop->snapshot);
}

static bool
refuse_group(void *arg, const AzrFeedRow *row)
{
	const AzrSelection *selection = (const AzrSelection *) arg;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("slot %d cannot be dropped yet",
					azr_slot_of(DatumGetUUIDP(row->values[Anum_azr_timeline_root]))),
			 errdetail("Group \"%s\" has still to be given the event at position %lld, or to acknowledge it.",
					   text_to_cstring(selection->group->handler), (long long) row->position),
			 errhint("Run this again when the group's workers have come so far, or drop the group with azr_group_drop() if it has none any more.")));
	return false;				/* keep compiler quiet */
}

/*
 * Take back what azr_statistics() has counted of the appends: those in batches before the last one
 * that it has counted, and in that up to a ticket (see statistics.c).  How many positions are
 * counted stays as it is.
 *
 * The planner cannot know how many tickets a batch has, and is told to go by the indexes.
 */
static void
take_back_counts(const Drop *drop)
{
	AzrQueryArgs args = {0};
	int			guc_level = NewGUCNestLevel();
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"};

	if (drop->nbatches > 0)
	{
		azr_query_arg(&args, INT8ARRAYOID, array_of(drop->stream_ids, drop->count), false);
		azr_query_arg(&args, INT8ARRAYOID, array_of(drop->batches, drop->nbatches), false);
		for (int i = 0; i < lengthof(off); i++)
			azr_set(off[i], "off");
		(void) azr_query_modify("WITH counted AS MATERIALIZED (SELECT coalesce(c.last_ticket, 0) AS last_ticket, "
								"(SELECT max(l.first_position) FROM %s.azr_feed_batches l "
								"WHERE l.first_position < c.events) AS last_batch "
								"FROM %s.azr_domain_counts c WHERE c.domain = ''), "
								"gone AS (SELECT (SELECT s.domain FROM %s.azr_streams s "
								"WHERE s.stream_id = e.stream_id) AS domain, e.* "
								"FROM counted c, %s.azr_feed_batches b, "
								"generate_series(1, cardinality(b.tickets), 2) i, LATERAL ("
								"SELECT e.stream_id, e.sequence, abs(coalesce(e.ticket_events, 1)::bigint) AS events, "
								"100::bigint + pg_column_size(e.payload) + coalesce(pg_column_size(e.metadata), 0) AS size "
								"FROM %s.azr_main_events e WHERE e.ticket BETWEEN b.tickets[i] AND b.tickets[i + 1] "
								"AND (b.first_position < c.last_batch OR e.ticket <= c.last_ticket) "
								"AND e.stream_id = ANY ($1) OFFSET 0) e "
								"WHERE b.first_position = ANY ($2) AND b.first_position <= c.last_batch), "
								"sums AS (SELECT coalesce(domain, '') AS domain, "
								"count(*) FILTER (WHERE sequence = 0) AS streams, sum(events)::bigint AS events, "
								"count(*) AS appends, sum(events * size)::bigint AS weight "
								"FROM gone GROUP BY ROLLUP (domain) "
								"HAVING domain IS NOT NULL OR grouping(domain) = 1 AND count(*) > 0) "
								"UPDATE %s.azr_domain_counts d SET streams = d.streams - s.streams, "
								"events = d.events - CASE WHEN s.domain = '' THEN 0 ELSE s.events END, "
								"appends = d.appends - s.appends, weight = greatest(d.weight - s.weight, 0) "
								"FROM sums s WHERE s.domain = d.domain",
								&args, NULL, NULL);
	}
	AtEOXact_GUC(false, guc_level);
}

/*
 * Say in the batches that the appends are gone.
 */
static void
change_batches(const Drop *drop)
{
	for (int i = 0; i < drop->nbatches; i++)
	{
		if (i == drop->nbatches - 1 && drop->has_last)
			azr_lock(AZR_LOCK_NUMBERING, 0, ExclusiveLock);
		change_batch(drop, drop->batches[i]);
	}
}

static void
change_batch(const Drop *drop, int64 first_position)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "angzarr slot drop",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Snapshot	snapshot = azr_register_read_snapshot();
	AzrFeedBatch batch = azr_feed_batch_at(first_position);
	AzrTicketRanges changed = {0};
	AzrEventScan scan;

	azr_ticket_event_scan_begin(&scan, 1, 0, snapshot);
	for (int i = 0; i < batch.tickets.count; i++)
		change_range(drop, &scan, &batch.tickets.all[i], &changed);
	azr_event_scan_end(&scan);
	azr_feed_batch_set_tickets(&batch, &changed);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

/*
 * Add what becomes of a range.  A range that has none of the appends stays as it is.
 */
static void
change_range(const Drop *drop, AzrEventScan *scan, const AzrTicketRange *range,
			 AzrTicketRanges *changed)
{
	const int64 *end = drop->tickets + drop->ntickets;
	const int64 *dropped = ticket_from(drop, range->first);
	bool		goes_on = false;	/* the last range that was added? */
	ScanKeyData keys[2];
	TupleTableSlot *first;

	if (range->dropped > 0)
	{
		azr_ranges_add_dropped(changed, range->first, range->dropped);
		return;
	}
	if (dropped == end || *dropped > range->last)
	{
		azr_ranges_add(changed, range->first, range->last);
		return;
	}
	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(range->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(range->last));
	index_rescan(scan->scan.desc, keys, lengthof(keys), NULL, 0);
	while ((first = azr_event_scan_next(scan)) != NULL)
	{
		int64		ticket = azr_stored_ticket(first);

		CHECK_FOR_INTERRUPTS();
		while (dropped < end && *dropped < ticket)
			dropped++;
		if (dropped < end && *dropped == ticket)
		{
			azr_ranges_add_dropped(changed, ticket, azr_stored_ticket_events(first));
			goes_on = false;
		}
		else if (goes_on)
			changed->all[changed->count - 1].last = ticket;
		else
		{
			azr_ranges_add(changed, ticket, ticket);
			goes_on = true;
		}
	}
}

/*
 * Delete the streams with all that they have.
 */
static void
delete_rows(Drop *drop)
{
	AzrDeletion deletion = {drop->count, drop->stream_ids};
	AzrQueryArgs args = {0};

	/* fewer than their sequences tell where somebody has deleted some by hand */
	drop->events = azr_slot_delete_streams(drop->slot, &deletion);
	azr_query_arg(&args, INT8ARRAYOID, array_of(drop->stream_ids, drop->count), false);
	(void) azr_query_modify("DELETE FROM %s.azr_parked_streams WHERE stream_id = ANY ($1)",
							&args, NULL, NULL);
	azr_streams_forget();
	azr_work_must_be_durable();
}

/*
 * Delete streams of a slot, their events, and what is kept of these and nobody else can delete.
 * Returns how many events there were.
 *
 * Raises 27000 if a trigger keeps some.
 */
int64
azr_slot_delete_streams(int slot, const AzrDeletion *deletion)
{
	const AzrDeletion *outer = azr_deletion_begin(deletion);
	int64		deleted = 0;

	PG_TRY();
	{
		deleted = delete_history(slot, deletion);
	}
	PG_FINALLY();
	{
		azr_deletion_end(outer);
	}
	PG_END_TRY();
	return deleted;
}

static int64
delete_history(int slot, const AzrDeletion *deletion)
{
	AzrQueryArgs args = {0};
	uint64		deleted_events;
	uint64		deleted_streams;
	AzrQueryValue kept = {false, (Datum) 0};
	int64		nkept;

	azr_query_arg(&args, INT8ARRAYOID, array_of(deletion->stream_ids, deletion->count), false);

	/* an array of ids makes it an index scan, whatever the statistics say */
	deleted_events = azr_query_modify("DELETE FROM %s.azr_events "
									  "WHERE stream_id = ANY (ARRAY(SELECT unnest($1)))",
									  &args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM %s.azr_erased_events "
							"WHERE stream_id = ANY (ARRAY(SELECT unnest($1)))",
							&args, NULL, NULL);
	(void) azr_query_modify("DELETE FROM %s.azr_evidence_heads "
							"WHERE stream_id = ANY (ARRAY(SELECT unnest($1)))",
							&args, NULL, NULL);
	deleted_streams = azr_query_modify("DELETE FROM %s.azr_streams "
									   "WHERE stream_id = ANY (ARRAY(SELECT unnest($1)))",
									   &args, NULL, NULL);
	azr_query_latest("SELECT count(*) FROM %s.azr_events "
					 "WHERE stream_id = ANY (ARRAY(SELECT unnest($1)))",
					 &args, azr_query_note, &kept);
	nkept = kept.found ? DatumGetInt64(kept.value) : 0;
	if (nkept > 0 || deleted_streams != (uint64) deletion->count)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("a trigger kept rows of slot %d", slot),
				 errdetail("Of %lld events in %d streams, %lld and %lld were deleted.",
						   (long long) (deleted_events + nkept), deletion->count,
						   (long long) deleted_events, (long long) deleted_streams),
				 errhint("A BEFORE DELETE trigger on azr_events or azr_streams must return the row.")));
	return deleted_events;
}

/*
 * Numbers as an array.
 */
static Datum
array_of(const int64 *numbers, int count)
{
	Datum	   *values = palloc(count * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = Int64GetDatum(numbers[i]);
	return PointerGetDatum(construct_array(values, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * No stream of the slot is here any more: delete what is kept beside, and note that nothing is
 * left.
 */
static void
end_leftover(int slot)
{
	AzrQueryArgs args = {0};

	azr_state_delete(slot);
	azr_query_arg(&args, INT4OID, Int32GetDatum(slot), false);
	(void) azr_query_modify("UPDATE %s.azr_slot_owners SET leftover = false "
							"WHERE slot = $1 AND leftover",
							&args, NULL, NULL);
	azr_work_must_be_durable();
}
