/*-------------------------------------------------------------------------
 *
 * groups.c
 *	  azr_group_create, azr_group_drop, azr_group_seek and azr_groups: which groups of workers
 *	  there are, and how far they have come.
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
#include "plumbing/args.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(azr_group_create);
PG_FUNCTION_INFO_V1(azr_group_drop);
PG_FUNCTION_INFO_V1(azr_group_seek);
PG_FUNCTION_INFO_V1(azr_groups);

/* Columns of the composite type azr_group_state, as in groups.sql. */
enum
{
	Anum_azr_group_state_handler = 1,
	Anum_azr_group_state_partition,
	Anum_azr_group_state_position,
	Anum_azr_group_state_head,
	Anum_azr_group_state_behind,
	Anum_azr_group_state_oldest,
	Anum_azr_group_state_leased_until,
	Anum_azr_group_state_parked,
	Natts_azr_group_state = Anum_azr_group_state_parked
};

static const Oid column_types[Natts_azr_group_state] = {
	TEXTOID, INT4OID, INT8OID, INT8OID, INT8OID, INTERVALOID, TIMESTAMPTZOID, INT8OID
};

typedef struct Listing
{
	ReturnSetInfo *rsinfo;
	Snapshot	snapshot;
	int64		head;

	/* what was found out last: neighbours are often alike */
	int64		position;
	TimestampTz created_at;		/* of the event after that */
} Listing;

static void list_partition(uint64 row, const Datum *values, const bool *nulls, void *arg);
static TimestampTz created_after(Listing *listing, int64 position);
static bool note_created_at(void *arg, const AzrFeedRow *row);

/*
 * azr_group_create(handler, partitions, after, domains, types) -> void
 */
Datum
azr_group_create(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	int32		partitions = azr_arg_partitions(fcinfo, 1);
	int64		after = azr_arg_after(fcinfo, 2);
	AzrArrayArg domains = azr_arg_array(fcinfo, 3, "domains", TEXTOID);
	AzrArrayArg types = azr_arg_array(fcinfo, 4, "types", TEXTOID);

	azr_arg_check_no_nulls(&domains, "domains");
	azr_arg_check_no_nulls(&types, "types");
	azr_check_can_write(fcinfo);
	azr_check_position(after, azr_feed_head_now());
	if (!azr_group_add(handler, partitions, after,
					   PG_GETARG_DATUM(3), PG_ARGISNULL(3), PG_GETARG_DATUM(4), PG_ARGISNULL(4)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("group \"%s\" already exists", text_to_cstring(handler)),
				 errhint("Drop it with azr_group_drop(), or set its positions with azr_group_seek().")));
	PG_RETURN_VOID();
}

/*
 * azr_group_drop(handler) -> boolean
 */
Datum
azr_group_drop(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");

	azr_check_can_write(fcinfo);
	(void) azr_partitions_lock(handler);
	azr_parked_forget_all(handler);
	PG_RETURN_BOOL(azr_group_delete(handler));
}

/*
 * azr_group_seek(handler, after) -> void
 */
Datum
azr_group_seek(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	int64		after = azr_arg_after(fcinfo, 1);
	int			count;

	azr_check_can_write(fcinfo);
	azr_check_position(after, azr_feed_head_now());
	count = azr_partitions_lock(handler);
	if (count == 0)
		azr_group_unknown(handler);
	azr_group_reads_moved(handler, after);
	azr_partitions_set(handler, count, after);
	azr_parked_forget_all(handler);
	PG_RETURN_VOID();
}

/*
 * azr_groups(handler) -> setof azr_group_state
 */
Datum
azr_groups(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	Listing		listing = {.snapshot = GetActiveSnapshot()};

	azr_query_arg(&args, TEXTOID,
				  PG_ARGISNULL(0) ? (Datum) 0 : PointerGetDatum(azr_arg_name(fcinfo, 0, "handler")),
				  PG_ARGISNULL(0));
	listing.rsinfo = azr_set_begin(fcinfo, column_types, Natts_azr_group_state);
	listing.head = azr_feed_state().next_position - 1;
	listing.position = PG_INT64_MAX;
	azr_query_read("SELECT g.handler::text, g.partition::int, g.position::bigint, "
				   "g.leased_until::timestamptz, "
				   "(SELECT count(*) FROM %s.azr_parked_streams p "
				   "WHERE p.handler = g.handler AND p.partition = g.partition "
				   "AND p.parked_from IS NOT NULL) "
				   "FROM %s.azr_group_partitions g WHERE $1 IS NULL OR g.handler = $1 "
				   "ORDER BY g.handler, g.partition",
				   &args, list_partition, &listing);
	PG_RETURN_NULL();
}

static void
list_partition(uint64 row, const Datum *stored, const bool *stored_nulls, void *arg)
{
	Listing    *listing = (Listing *) arg;
	Datum		values[Natts_azr_group_state] = {0};
	bool		nulls[Natts_azr_group_state] = {false};
	int64		position;
	TimestampTz created_at;

	azr_check_row(stored_nulls, 3);
	position = DatumGetInt64(stored[2]);
	created_at = created_after(listing, position);

	values[Anum_azr_group_state_handler - 1] = stored[0];
	values[Anum_azr_group_state_partition - 1] = stored[1];
	values[Anum_azr_group_state_position - 1] = stored[2];
	values[Anum_azr_group_state_head - 1] = Int64GetDatum(listing->head);
	values[Anum_azr_group_state_behind - 1] = Int64GetDatum(listing->head - position);
	nulls[Anum_azr_group_state_oldest - 1] = created_at == DT_NOEND;
	if (created_at != DT_NOEND)
		values[Anum_azr_group_state_oldest - 1] =
			DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(GetCurrentTimestamp()),
								TimestampTzGetDatum(created_at));
	values[Anum_azr_group_state_leased_until - 1] = stored[3];
	nulls[Anum_azr_group_state_leased_until - 1] = stored_nulls[3];
	values[Anum_azr_group_state_parked - 1] = stored[4];
	azr_set_put(listing->rsinfo, values, nulls);
}

/*
 * When the first event after a position was created; DT_NOEND if there is none.
 */
static TimestampTz
created_after(Listing *listing, int64 position)
{
	AzrFeedRead read = {.after = position,.last = Min(position + 1, listing->head)};

	if (listing->position == position)
		return listing->created_at;
	listing->position = position;
	listing->created_at = DT_NOEND;
	(void) azr_feed_each(&read, listing->snapshot, note_created_at, &listing->created_at);
	return listing->created_at;
}

static bool
note_created_at(void *arg, const AzrFeedRow *row)
{
	*(TimestampTz *) arg =
		DatumGetTimestampTz(row->values[Anum_azr_timeline_created_at]);
	return false;
}
