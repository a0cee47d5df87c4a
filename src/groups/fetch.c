/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  azr_fetch: the next events of a group.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "feed/feed_table.h"
#include "feed/numbering.h"
#include "fmgr.h"
#include "groups/event_selection.h"
#include "groups/group_args.h"
#include "plumbing/compat.h"
#include "plumbing/result.h"
#include "storage/proc.h"
#include "streams/stream.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(azr_fetch);

/*
 * How many positions that have nothing for a partition are looked at again and again, in
 * place of writing down that they are done with.
 */
#define LOOKED_AT_AGAIN	100

#define NOTHING_GIVEN	(-1)

/* How often it is tried again to find something. */
#define MAX_TRIES	10

/* Columns of azr_fetched_event, as in fetch.sql: two, and then those of azr_feed_event. */
#define Natts_azr_fetched_event	(2 + Natts_azr_feed_event)

static const Oid column_types[Natts_azr_fetched_event] = {
	INT4OID, UUIDOID, AZR_FEED_EVENT_TYPES
};

typedef struct Fetch
{
	AzrGroup	group;
	int64		max_count;
	int			most_partitions;
	Interval   *lease;			/* or NULL */
	ReturnSetInfo *rsinfo;
	AzrPartitions taken;		/* that we have locked, to give their events */
	AzrPartitions passing;		/* that we have locked to move them to where
								 * they have something */
	int64		first_event;	/* of those that are free */
	AzrSelection selection;
	int64		given;			/* how many events */
} Fetch;

static bool take(Fetch *fetch);
static bool take_partition_of(void *arg, const AzrFeedRow *row);
static void take_more(Fetch *fetch, AzrPartitions *more, int64 behind, int most);
static AzrPartitions all_of(const Fetch *fetch);
static AzrPartition *find(AzrPartitions *partitions, int32 number);
static void give(Fetch *fetch);
static void make_token(AzrPartition *partition);
static bool give_event(void *arg, const AzrFeedRow *row);
static void write_down(Fetch *fetch, int64 looked_at);
static Interval *lease_arg(FunctionCallInfo fcinfo, int argno);
static Snapshot push_snapshot(int64 *head);
static void pop_snapshot(Snapshot snapshot);

/*
 * azr_fetch(handler, max_count, partitions, lease) -> setof azr_fetched_event
 */
Datum
azr_fetch(PG_FUNCTION_ARGS)
{
	static LocalTransactionId gave_in = InvalidLocalTransactionId;
	Fetch		fetch = {0};
	AzrNumbered numbered;

	fetch.group.handler = azr_arg_name(fcinfo, 0, "handler");
	fetch.max_count = azr_arg_max_count(fcinfo, 1);
	fetch.most_partitions = azr_arg_partitions(fcinfo, 2);
	fetch.lease = PG_ARGISNULL(3) ? NULL : lease_arg(fcinfo, 3);
	azr_check_can_write(fcinfo);
	fetch.rsinfo = azr_set_begin(fcinfo, column_types, Natts_azr_fetched_event);

	/* what others do meanwhile may leave nothing of what there was to give */
	for (int i = 0; i < MAX_TRIES && fetch.given == 0 && take(&fetch); i++)
		give(&fetch);

	/*
	 * nobody else numbers before the transaction ends, so one that has work
	 * does not
	 */
	if (fetch.given > 0)
		gave_in = azr_proc_lxid(MyProc);
	else if (gave_in != azr_proc_lxid(MyProc))
		(void) azr_feed_number_if_any(AZR_APPENDS_AT_A_TIME, &numbered);
	PG_RETURN_NULL();
}

/*
 * Lock the partition whose next event comes first, of those that are free, and as many more
 * as are asked for.  Lock also those that are so far behind that it should be written down
 * that they have nothing: else that would be looked at each time.  Returns whether there are
 * any.
 *
 * The first partition is locked only when it has an event to give.  The further ones that are
 * asked for may turn out to have none.
 */
static bool
take(Fetch *fetch)
{
	AzrPartitions behind;
	int64		head;
	Snapshot	snapshot = push_snapshot(&head);

	fetch->taken.count = 0;
	fetch->passing.count = 0;
	fetch->first_event = head;
	fetch->group = azr_group_get(fetch->group.handler);
	behind = azr_partitions_behind(&fetch->group, head);
	if (behind.count > 0)
	{
		int64		lowest = behind.all[0].position;

		azr_selection_begin(&fetch->selection, &fetch->group, &behind, head);
		(void) azr_selection_read(&fetch->selection, take_partition_of, fetch, snapshot);
		if (fetch->taken.count > 0)
			take_more(fetch, &fetch->taken, head, fetch->most_partitions - 1);
		if (fetch->first_event - lowest > LOOKED_AT_AGAIN)
			take_more(fetch, &fetch->passing, fetch->first_event - LOOKED_AT_AGAIN,
					  AZR_MAX_PARTITIONS);
	}
	pop_snapshot(snapshot);
	return fetch->taken.count > 0 || fetch->passing.count > 0;
}

/*
 * Lock the partition of an event that can be given.  Where another worker has it, pass over
 * all that it has.
 */
static bool
take_partition_of(void *arg, const AzrFeedRow *row)
{
	Fetch	   *fetch = (Fetch *) arg;
	AzrPartition *partition = azr_selection_partition(&fetch->selection, row->stream_id);

	/* another event at the position that we have just looked at */
	if (fetch->taken.count > 0 || partition->position == PG_INT64_MAX)
		return fetch->taken.count == 0;

	if (azr_partition_take(&fetch->group, partition->number))
	{
		azr_partitions_add(&fetch->taken, partition);
		fetch->first_event = row->position;
	}
	else
		partition->position = PG_INT64_MAX;
	return fetch->taken.count == 0;
}

static void
take_more(Fetch *fetch, AzrPartitions *more, int64 behind, int most)
{
	AzrPartitions all = all_of(fetch);
	AzrPartitions found;

	if (most == 0)
		return;
	found = azr_partitions_take(&fetch->group, &all, behind, most);
	for (int i = 0; i < found.count; i++)
	{
		const AzrPartition *partition = &found.all[i];

		/*
		 * what was leased can still be acknowledged, until others are given
		 * it
		 */
		if (more == &fetch->passing && partition->has_token &&
			partition->given_to > partition->position)
			continue;
		azr_partitions_add(more, partition);
	}
}

/*
 * All partitions that we have locked.
 */
static AzrPartitions
all_of(const Fetch *fetch)
{
	AzrPartitions all = {0};

	for (int i = 0; i < fetch->taken.count; i++)
		azr_partitions_add(&all, &fetch->taken.all[i]);
	for (int i = 0; i < fetch->passing.count; i++)
		azr_partitions_add(&all, &fetch->passing.all[i]);
	return all;
}

static AzrPartition *
find(AzrPartitions *partitions, int32 number)
{
	for (int i = 0; i < partitions->count; i++)
	{
		if (partitions->all[i].number == number)
			return &partitions->all[i];
	}
	return NULL;
}

/*
 * Give the next events of the partitions that we have locked, and store how far each of them
 * has come.
 *
 * The group may be another one by now, and another worker may have moved a partition before
 * we had its lock.  So all is looked up again.
 */
static void
give(Fetch *fetch)
{
	int64		head;
	Snapshot	snapshot = push_snapshot(&head);
	AzrPartitions all = all_of(fetch);
	AzrPartitions partitions;

	fetch->group = azr_group_get(fetch->group.handler);
	partitions = azr_partitions_read(&fetch->group, &all);
	if (partitions.count > 0)
	{
		for (int i = 0; i < partitions.count; i++)
		{
			AzrPartition *partition = &partitions.all[i];

			partition->only_moves = find(&fetch->passing, partition->number) != NULL;
			make_token(partition);
		}
		azr_selection_begin(&fetch->selection, &fetch->group, &partitions, head);
		write_down(fetch, azr_selection_read(&fetch->selection, give_event, fetch, snapshot));
	}
	pop_snapshot(snapshot);
}

/*
 * A token for the case that a partition has events to give.
 */
static void
make_token(AzrPartition *partition)
{
	partition->token = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	partition->last_given = NOTHING_GIVEN;
}

/*
 * Return an event, and whether more are asked for.
 */
static bool
give_event(void *arg, const AzrFeedRow *row)
{
	Fetch	   *fetch = (Fetch *) arg;
	AzrPartition *partition = azr_selection_partition(&fetch->selection, row->stream_id);
	Datum		values[Natts_azr_fetched_event];
	bool		nulls[Natts_azr_fetched_event];

	if (partition->only_moves)
	{
		partition->stops_before = Min(partition->stops_before, row->position);
		partition->position = PG_INT64_MAX;
		return true;
	}
	values[0] = Int32GetDatum(partition->number);
	nulls[0] = false;
	values[1] = UUIDPGetDatum(&partition->token);
	nulls[1] = fetch->lease == NULL;
	memcpy(&values[2], row->values, Natts_azr_feed_event * sizeof(Datum));
	memcpy(&nulls[2], row->nulls, Natts_azr_feed_event * sizeof(bool));
	azr_set_put(fetch->rsinfo, values, nulls);
	partition->last_given = row->position;
	return ++fetch->given < fetch->max_count;
}

/*
 * Write down what was looked at: each partition has come so far, or is leased so far.  If
 * nothing was given, and it is not much, it is looked at again the next time.
 */
static void
write_down(Fetch *fetch, int64 looked_at)
{
	AzrPartitions *partitions = &fetch->selection.partitions;
	AzrPartitions moved = {0};

	for (int i = 0; i < partitions->count; i++)
	{
		AzrPartition *partition = &partitions->all[i];

		if (partition->stops_before != PG_INT64_MAX)
		{
			AzrPartitions alone = {.count = 1,.all = partition};

			azr_partitions_move(fetch->group.handler, &alone, partition->stops_before - 1);
		}
		else if (fetch->lease != NULL && partition->last_given != NOTHING_GIVEN)
		{
			partition->given_to = looked_at;
			azr_partition_lease(fetch->group.handler, partition, fetch->lease);
		}
		else if ((fetch->lease == NULL && fetch->given > 0) ||
				 looked_at - partition->position > LOOKED_AT_AGAIN)
			azr_partitions_add(&moved, partition);
	}
	if (moved.count == 0)
		return;
	azr_partitions_move(fetch->group.handler, &moved, looked_at);
	if (fetch->selection.parked.count > 0)
		azr_parked_forget(fetch->group.handler, &moved);
}

/*
 * Make a new PostgreSQL snapshot the active one, and say which position is the last one by
 * it.  Where the transaction must stick to its snapshot, it is that one.
 */
static Snapshot
push_snapshot(int64 *head)
{
	Snapshot	snapshot = azr_register_read_snapshot();

	PushActiveSnapshot(snapshot);
	*head = azr_feed_state().next_position - 1;
	return snapshot;
}

static void
pop_snapshot(Snapshot snapshot)
{
	PopActiveSnapshot();
	UnregisterSnapshot(snapshot);
}

/*
 * A span of time, more than none.
 */
static Interval *
lease_arg(FunctionCallInfo fcinfo, int argno)
{
	Interval   *lease = PG_GETARG_INTERVAL_P(argno);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz until =
		DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												TimestampTzGetDatum(now),
												IntervalPGetDatum(lease)));

	if (until <= now || TIMESTAMP_NOT_FINITE(until))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"lease\" must be more than 0, and not infinite")));
	return lease;
}
