/*-------------------------------------------------------------------------
 *
 * parking.c
 *	  azr_park, azr_parked and azr_retry: events that cannot be handled now, and what comes
 *	  after them in their streams.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "feed/feed_args.h"
#include "feed/feed_reader.h"
#include "feed/feed_table.h"
#include "fmgr.h"
#include "groups/group_args.h"
#include "groups/parked_table.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "streams/stream.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_park);
PG_FUNCTION_INFO_V1(azr_parked);
PG_FUNCTION_INFO_V1(azr_retry);

typedef struct Retry
{
	AzrGroup	group;
	int64		max_count;
	ReturnSetInfo *rsinfo;
	int64		given;			/* how many events */

	/* of the stream that is read */
	int64		last_given;		/* position */
	bool		is_cut;			/* is there more of it than is asked for? */
	int64		next_position;	/* then, where that begins */
	int64		next_sequence;
} Retry;

static const Oid feed_event_types[Natts_azr_feed_event] = {AZR_FEED_EVENT_TYPES};

static bool find_event(const AzrArrayArg *domains, int64 position, AzrParkedStream *stream);
pg_noreturn static void refuse_event(const text *handler, int64 position);
static bool note_event(void *arg, const AzrFeedRow *row);
static void retry_free(Retry *retry, const AzrParkedStreams *streams);
static void retry_stream(Retry *retry, int64 stream_id, const AzrPartition *partition);
static void read_stream(Retry *retry, const AzrParkedStream *stream, int64 last);
static bool give_event(void *arg, const AzrFeedRow *row);

/*
 * azr_park(handler, position, reason) -> void
 *
 * A worker of the stream's partition has its lock already.  Another one waits for such a
 * worker, so whoever fetches next holds the stream back.
 */
Datum
azr_park(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	int64		position = azr_arg_count(fcinfo, 1, "position");
	text	   *reason = azr_arg_text(fcinfo, 2, "reason");
	AzrParkedStream stream = {0};
	AzrPartition partition;
	AzrGroup	group;

	azr_check_can_write(fcinfo);
	azr_check_position(position, azr_feed_head_now());
	do
	{
		group = azr_group_get(handler);
		if (!find_event(&group.domains, position, &stream))
			refuse_event(handler, position);
		stream.partition = azr_partition_of(stream.stream_id, group.partitions);
		if (!azr_partition_lock(handler, stream.partition, true, &partition))
			azr_group_unknown(handler);

		/* it may be another group of that name by now */
	} while (azr_group_get(handler).partitions != group.partitions);
	azr_parked_put(handler, &stream, reason);
	PG_RETURN_VOID();
}

/*
 * Find the stream of the event at a position, and its sequence there.  Returns false if it is of
 * none of the domains, or is not here any more.
 */
static bool
find_event(const AzrArrayArg *domains, int64 position, AzrParkedStream *stream)
{
	AzrFeedRead read = {.after = position - 1,.last = position,.domains = *domains};
	Snapshot	snapshot = azr_register_read_snapshot();

	(void) azr_feed_each(&read, snapshot, note_event, stream);
	UnregisterSnapshot(snapshot);
	return stream->stream_id != AZR_NO_STREAM;
}

/*
 * Raise 22023: a group does not get the event at a position.
 */
static void
refuse_event(const text *handler, int64 position)
{
	AzrArrayArg all_domains = {0};
	AzrParkedStream stream = {0};
	bool		is_here = find_event(&all_domains, position, &stream);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("group \"%s\" does not get the event at position %lld",
					text_to_cstring(handler), (long long) position),
			 is_here ? errdetail("It is of another domain.")
			 : errdetail("It has moved to another node with its slot, and was deleted here.")));
}

static bool
note_event(void *arg, const AzrFeedRow *row)
{
	AzrParkedStream *stream = (AzrParkedStream *) arg;

	stream->stream_id = row->stream_id;
	stream->is_parked = true;
	stream->parked_from = row->position;
	stream->sequence = row->sequence;
	return false;
}

/*
 * azr_parked(handler) -> setof azr_parked_event
 */
Datum
azr_parked(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID,
				  PG_ARGISNULL(0) ? (Datum) 0 : PointerGetDatum(azr_arg_name(fcinfo, 0, "handler")),
				  PG_ARGISNULL(0));
	return azr_query_return_set(fcinfo,
								"SELECT p.handler::text, s.domain::text, s.root::uuid, "
								"p.parked_from::bigint, p.sequence::bigint, "
								"p.parked_at::timestamptz, p.reason::text, "
								"(SELECT max(e.sequence) FROM %s.azr_events e "
								"WHERE e.stream_id = p.stream_id) - p.sequence + 1 "
								"FROM %s.azr_parked_streams p "
								"JOIN %s.azr_streams s ON s.stream_id = p.stream_id "
								"WHERE p.parked_from IS NOT NULL AND ($1 IS NULL OR p.handler = $1) "
								"ORDER BY p.handler, p.parked_at, p.stream_id",
								&args);
}

/*
 * azr_retry(handler, domain, root, max_count) -> setof azr_feed_event
 */
Datum
azr_retry(PG_FUNCTION_ARGS)
{
	Retry		retry = {0};
	text	   *domain = PG_ARGISNULL(1) ? NULL : azr_arg_name(fcinfo, 1, "domain");
	pg_uuid_t  *root = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	AzrParkedStreams streams;

	if (root != NULL && domain == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"root\" needs argument \"domain\"")));
	retry.max_count = azr_arg_max_count(fcinfo, 3);
	azr_check_can_write(fcinfo);
	retry.group = azr_group_get(azr_arg_name(fcinfo, 0, "handler"));
	retry.rsinfo = azr_set_begin(fcinfo, feed_event_types, Natts_azr_feed_event);

	streams = azr_parked_named(retry.group.handler, domain, root);
	retry_free(&retry, &streams);
	PG_RETURN_NULL();
}

/*
 * Retry streams whose partitions nobody has locked.  If others have all of them, wait for the
 * first one.
 */
static void
retry_free(Retry *retry, const AzrParkedStreams *streams)
{
	const text *handler = retry->group.handler;
	Bitmapset  *busy = NULL;
	AzrPartition partition;
	bool		any = false;

	for (int i = 0; i < streams->count && retry->given < retry->max_count; i++)
	{
		const AzrParkedStream *stream = &streams->all[i];

		CHECK_FOR_INTERRUPTS();
		if (bms_is_member(stream->partition, busy))
			continue;
		if (!azr_partition_lock(handler, stream->partition, false, &partition))
		{
			busy = bms_add_member(busy, stream->partition);
			continue;
		}
		retry_stream(retry, stream->stream_id, &partition);
		any = true;
	}
	if (!any && streams->count > 0 &&
		azr_partition_lock(handler, streams->all[0].partition, true, &partition))
		retry_stream(retry, streams->all[0].stream_id, &partition);
}

/*
 * Give the events of a stream that its partition has passed over, and let the stream go on
 * after these.  We have locked the partition, so nobody passes over further ones meanwhile.
 *
 * Where the partition is leased, that goes for what is leased.  But what comes before the
 * parked event must be acknowledged, or given by azr_retry(): else it may be given again, after
 * what we give now.  If nobody is going to acknowledge it, since the lease has run out, the lease
 * ends, and azr_fetch() gives all of that again.
 */
static void
retry_stream(Retry *retry, int64 stream_id, const AzrPartition *partition)
{
	AzrParkedStream stream = {.stream_id = stream_id};
	AzrPartitions partitions = {0};
	int64		last = partition->position;

	retry->group = azr_group_get(retry->group.handler);
	if (!azr_parked_get(retry->group.handler, &stream) || !stream.is_parked ||
		stream.partition != partition->number)
		return;
	azr_partitions_add(&partitions, partition);
	if (partition->has_token)
		last = Max(last, partition->given_to);
	if (Max(partition->position + 1, stream.done_below) < stream.parked_from &&
		stream.parked_from <= last)
	{
		if (partition->is_leased)
			return;
		last = partition->position;
		azr_partitions_move(retry->group.handler, &partitions, last);
	}

	read_stream(retry, &stream, last);
	stream.is_parked = retry->is_cut;
	if (retry->is_cut)
	{
		stream.parked_from = retry->next_position;
		stream.sequence = retry->next_sequence;
		stream.done_below = retry->next_position;
	}
	else
		stream.done_below = Max(stream.done_below, last + 1);
	azr_parked_set(retry->group.handler, &stream);
	azr_parked_forget(retry->group.handler, &partitions);
}

/*
 * Give the events of a parked stream up to a position, as many as are asked for.
 */
static void
read_stream(Retry *retry, const AzrParkedStream *stream, int64 last)
{
	AzrFeedRead read = {
		.after = stream->parked_from - 1,
		.last = last,
		.types = retry->group.types,
		.effective = true,
		.no_moved = true,
		.moved_after = retry->group.moved_after,
		.stream_id = stream->stream_id,
		.sequence = stream->sequence
	};
	Snapshot	snapshot = azr_register_read_snapshot();

	retry->last_given = -1;
	retry->is_cut = false;
	(void) azr_feed_each(&read, snapshot, give_event, retry);
	UnregisterSnapshot(snapshot);
}

/*
 * Return an event.  When there are enough, only note where the stream goes on: but several
 * events of one position belong together.
 */
static bool
give_event(void *arg, const AzrFeedRow *row)
{
	Retry	   *retry = (Retry *) arg;

	if (retry->given >= retry->max_count && row->position != retry->last_given)
	{
		retry->is_cut = true;
		retry->next_position = row->position;
		retry->next_sequence = row->sequence;
		return false;
	}
	azr_set_put(retry->rsinfo, row->values, row->nulls);
	retry->last_given = row->position;
	retry->given++;
	return true;
}
