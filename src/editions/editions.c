/*-------------------------------------------------------------------------
 *
 * editions.c
 *	  azr_create_edition, azr_protect_edition, azr_delete_edition and
 *	  azr_editions: the life of an edition beside its appends.  An edition has parts
 *	  in all three stores.
 *
 * A transaction that changes what an edition is takes AZR_LOCK_EDITION in ExclusiveLock: it
 * waits for transactions that have appended to the edition, and keeps new ones out until it
 * ends itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "events/immutable.h"
#include "events/max_payload.h"
#include "fmgr.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "positions/positions.h"
#include "snapshots/snapshot_table.h"
#include "streams/edition.h"
#include "streams/slot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_create_edition);
PG_FUNCTION_INFO_V1(azr_protect_edition);
PG_FUNCTION_INFO_V1(azr_delete_edition);
PG_FUNCTION_INFO_V1(azr_editions);

/* An edition of a domain. */
typedef struct EditionName
{
	text	   *domain;
	text	   *edition;
} EditionName;

/* How much there is of an edition. */
typedef struct EditionSum
{
	int64		registration;	/* transaction that wrote it, or 0 */
	int64		ids;
	int64		events;
	int64		snapshots;
	int64		positions;
	AzrDeletion streams;
} EditionSum;

static EditionName begin_change(FunctionCallInfo fcinfo);
static char *edition_label(const EditionName *name);
static void check_isolation(const EditionName *name);
static EditionSum sum_edition(const EditionName *name, Snapshot snapshot);
static void sum_streams(const EditionName *name, EditionSum *sum);
static void note_registration(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void note_streams(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_create_edition(domain, edition, divergence, description) -> void
 */
Datum
azr_create_edition(PG_FUNCTION_ARGS)
{
	AzrOptionalInt64 divergence = azr_arg_optional_count(fcinfo, 2, "divergence");
	EditionName name = begin_change(fcinfo);
	AzrQueryArgs args = azr_query_edition(name.domain, name.edition);

	/*
	 * COPY doubles a backslash, so that it takes as much of a line as a byte
	 * of a payload
	 */
	if (!PG_ARGISNULL(3) &&
		toast_raw_datum_size(PG_GETARG_DATUM(3)) - VARHDRSZ > AZR_MAX_PAYLOAD_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("description of edition \"%s\" is too large", edition_label(&name)),
				 errdetail("The limit is %d bytes.", AZR_MAX_PAYLOAD_BYTES)));
	azr_query_arg(&args, INT8OID, Int64GetDatum(divergence.value), !divergence.given);
	azr_query_arg(&args, TEXTOID,
				  PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3), PG_ARGISNULL(3));
	if (azr_query_modify("INSERT INTO %s.azr_registered_editions "
						 "(domain, edition, divergence, description, created_at, protection) "
						 "SELECT $1, $2, $3, $4, now(), 'open' "
						 "WHERE NOT EXISTS (SELECT FROM %s.azr_streams s "
						 "WHERE s.domain = $1 AND s.edition = $2) "
						 "ON CONFLICT DO NOTHING",
						 &args, NULL, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("edition \"%s\" already exists", edition_label(&name)),
				 errhint("Choose another name, or use azr_delete_edition first.")));

	/*
	 * so far it has read as the main timeline, and may have snapshots and
	 * positions there
	 */
	if (divergence.given)
	{
		azr_slots_check_write();
		azr_edition_snapshots_forget(name.domain, name.edition, divergence.value);
		azr_edition_positions_forget(name.domain, name.edition, divergence.value);
	}
	PG_RETURN_VOID();
}

/*
 * azr_protect_edition(domain, edition, protection) -> void
 */
Datum
azr_protect_edition(PG_FUNCTION_ARGS)
{
	int			protection = azr_arg_choice(fcinfo, 2, "protection", azr_protection_names);
	EditionName name = begin_change(fcinfo);
	AzrQueryArgs args = azr_query_edition(name.domain, name.edition);

	azr_query_arg(&args, TEXTOID, CStringGetTextDatum(azr_protection_names[protection]), false);
	if (azr_query_modify("UPDATE %s.azr_registered_editions SET protection = $3 "
						 "WHERE domain = $1 AND edition = $2",
						 &args, NULL, NULL) == 0 &&
		azr_query_modify("INSERT INTO %s.azr_registered_editions "
						 "(domain, edition, created_at, protection) "
						 "SELECT $1, $2, min(s.created_at), $3 FROM %s.azr_streams s "
						 "WHERE s.domain = $1 AND s.edition = $2 HAVING count(*) > 0",
						 &args, NULL, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("edition \"%s\" does not exist", edition_label(&name)),
				 errhint("An edition comes to be by its first append, or by azr_create_edition.")));
	PG_RETURN_VOID();
}

/*
 * azr_delete_edition(domain, edition) -> bigint
 */
Datum
azr_delete_edition(PG_FUNCTION_ARGS)
{
	EditionName name = begin_change(fcinfo);
	AzrQueryArgs args = azr_query_edition(name.domain, name.edition);
	AzrEdition	edition;
	EditionSum	sum = {0};
	const AzrDeletion *outer;
	uint64		events = 0;
	uint64		streams = 0;

	azr_slots_check_write();
	edition = azr_edition_find(name.domain, name.edition, SnapshotSelf);
	if (edition.protection != AZR_OPEN)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_EDITION_PROTECTED),
				 errmsg("edition \"%s\" is %s", edition_label(&name),
						azr_protection_names[edition.protection]),
				 errhint("Use azr_protect_edition to open it.")));
	PushActiveSnapshot(GetLatestSnapshot());
	sum_streams(&name, &sum);
	PopActiveSnapshot();

	outer = azr_deletion_begin(&sum.streams);
	PG_TRY();
	{
		/* an array of ids makes it an index scan, whatever the statistics say */
		events = azr_query_modify("DELETE FROM %s.azr_events e "
								  "WHERE e.stream_id < 0 AND e.stream_id = ANY (ARRAY("
								  "SELECT s.stream_id FROM %s.azr_streams s "
								  "WHERE s.domain = $1 AND s.edition = $2))",
								  &args, NULL, NULL);
		(void) azr_query_modify("DELETE FROM %s.azr_erased_events r "
								"WHERE r.stream_id < 0 AND r.stream_id = ANY (ARRAY("
								"SELECT s.stream_id FROM %s.azr_streams s "
								"WHERE s.domain = $1 AND s.edition = $2))",
								&args, NULL, NULL);
		streams = azr_query_modify("DELETE FROM %s.azr_streams "
								   "WHERE stream_id < 0 AND domain = $1 AND edition = $2",
								   &args, NULL, NULL);
	}
	PG_FINALLY();
	{
		azr_deletion_end(outer);
	}
	PG_END_TRY();
	if (events != (uint64) sum.events || streams != (uint64) sum.streams.count)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("a trigger kept rows of edition \"%s\"", edition_label(&name)),
				 errdetail("Of %lld events in %lld streams, %lld and %lld were deleted.",
						   (long long) sum.events, (long long) sum.streams.count,
						   (long long) events, (long long) streams),
				 errhint("A BEFORE DELETE trigger on azr_events or azr_streams must return the row.")));
	(void) azr_query_modify("DELETE FROM %s.azr_registered_editions "
							"WHERE domain = $1 AND edition = $2",
							&args, NULL, NULL);
	azr_edition_snapshots_delete(name.domain, name.edition);
	azr_edition_positions_delete(name.domain, name.edition);
	PG_RETURN_INT64((int64) events);
}

/*
 * azr_editions(domain) -> setof azr_edition
 *
 * Events are counted by one index probe for each stream, since no sequence is missing.
 */
Datum
azr_editions(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {.plan_anew = true};

	if (PG_ARGISNULL(0))
		azr_query_arg(&args, TEXTOID, (Datum) 0, true);
	else
		azr_query_arg(&args, TEXTOID,
					  PointerGetDatum(azr_arg_name(fcinfo, 0, "domain")), false);
	return azr_query_return_set(fcinfo,
								"SELECT domain, edition, r.divergence, "
								"coalesce(r.protection, 'open'), r.description, "
								"coalesce(r.created_at, s.created_at), "
								"coalesce(s.roots, 0), coalesce(s.events, 0) "
								"FROM (SELECT s.domain, s.edition, "
								"min(s.created_at) AS created_at, count(*) AS roots, "
								"sum(e.next - s.divergence)::bigint AS events "
								"FROM %s.azr_streams s CROSS JOIN LATERAL ("
								"SELECT max(e.sequence) + 1 AS next FROM %s.azr_events e "
								"WHERE e.stream_id = s.stream_id AND e.stream_id < 0) e "
								"WHERE s.stream_id < 0 AND ($1 IS NULL OR s.domain = $1) "
								"GROUP BY s.domain, s.edition) s "
								"FULL JOIN (SELECT * FROM %s.azr_registered_editions r "
								"WHERE $1 IS NULL OR r.domain = $1) r USING (domain, edition) "
								"ORDER BY domain, edition",
								&args);
}

/*
 * Read the arguments domain and edition, and wait until nobody else writes to the
 * edition or changes it.
 */
static EditionName
begin_change(FunctionCallInfo fcinfo)
{
	EditionName name;

	name.domain = azr_arg_name(fcinfo, 0, "domain");
	name.edition = azr_arg_edition(fcinfo, 1, "edition");
	if (azr_edition_is_main(name.edition))
		ereport(ERROR,
				(errcode(ERRCODE_AZR_MAIN_TIMELINE_PROTECTED),
				 errmsg("the main timeline of domain \"%s\" cannot be created, protected or deleted",
						text_to_cstring(name.domain)),
				 errhint("Name an edition other than \"%s\".", AZR_MAIN_EDITION)));

	azr_check_can_write(fcinfo);
	azr_edition_lock(name.domain, name.edition, ExclusiveLock);
	azr_edition_table_check();
	check_isolation(&name);
	return name;
}

/*
 * An edition as error messages name it: domain/edition.
 */
static char *
edition_label(const EditionName *name)
{
	return psprintf("%s/%s", text_to_cstring(name->domain), text_to_cstring(name->edition));
}

/*
 * Fail with 40001 if the transaction must stick to its snapshot and that does not show the
 * edition as it is: what it does not show would not be found.
 */
static void
check_isolation(const EditionName *name)
{
	EditionSum	then;
	EditionSum	now;

	if (!IsolationUsesXactSnapshot())
		return;

	then = sum_edition(name, GetTransactionSnapshot());
	now = sum_edition(name, GetLatestSnapshot());
	if (now.registration != then.registration ||
		now.streams.count != then.streams.count || now.ids != then.ids ||
		now.events != then.events ||
		now.snapshots != then.snapshots || now.positions != then.positions)
		azr_serialization_failure("edition \"%s\" has changed after this transaction's snapshot",
								  edition_label(name));
}

/*
 * If the sums of two states of an edition are the same, the states are the same: streams
 * are only added, with ever lower ids, or deleted all at once, and each one only grows.  If
 * a snapshot or position was changed or deleted since, deleting it fails by itself.
 */
static EditionSum
sum_edition(const EditionName *name, Snapshot snapshot)
{
	AzrQueryArgs args = azr_query_edition(name->domain, name->edition);
	EditionSum	sum = {0};

	PushActiveSnapshot(snapshot);
	azr_query_read("SELECT r.xmin::text::bigint FROM %s.azr_registered_editions r "
				   "WHERE r.domain = $1 AND r.edition = $2",
				   &args, note_registration, &sum);
	sum_streams(name, &sum);
	sum.snapshots = azr_edition_snapshots_count(name->domain, name->edition);
	sum.positions = azr_edition_positions_count(name->domain, name->edition);
	PopActiveSnapshot();
	return sum;
}

/*
 * The event store's part of the sum.
 */
static void
sum_streams(const EditionName *name, EditionSum *sum)
{
	AzrQueryArgs args = azr_query_edition(name->domain, name->edition);

	azr_query_read("SELECT array_agg(s.stream_id::bigint ORDER BY s.stream_id), "
				   "coalesce(sum(s.stream_id), 0)::bigint, "
				   "coalesce(sum(e.next - s.divergence), 0)::bigint "
				   "FROM %s.azr_streams s CROSS JOIN LATERAL ("
				   "SELECT max(e.sequence) + 1 AS next FROM %s.azr_events e "
				   "WHERE e.stream_id = s.stream_id AND e.stream_id < 0) e "
				   "WHERE s.stream_id < 0 AND s.domain = $1 AND s.edition = $2",
				   &args, note_streams, sum);
}

static void
note_registration(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	((EditionSum *) arg)->registration = DatumGetInt64(values[0]);
}

static void
note_streams(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	EditionSum *sum = (EditionSum *) arg;
	AzrDeletion *streams = &sum->streams;

	sum->ids = DatumGetInt64(values[1]);
	sum->events = DatumGetInt64(values[2]);
	if (!nulls[0])
	{
		ArrayType  *ids = DatumGetArrayTypeP(values[0]);

		streams->count = ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids));
		streams->stream_ids = MemoryContextAllocHuge(CurrentMemoryContext,
													 streams->count * sizeof(int64));
		memcpy(streams->stream_ids, ARR_DATA_PTR(ids), streams->count * sizeof(int64));
	}
}
