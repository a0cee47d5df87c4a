/*-------------------------------------------------------------------------
 *
 * cascades.c
 *	  azr_stale_cascades, azr_cascade_participants, azr_confirm_cascade and
 *	  azr_revoke_cascade: commits across streams, in two phases.
 *
 * First, each participant (a stream) gets pending events: appended with committed => false
 * and the cascade's id.  Then the cascade is confirmed or revoked: one event with the same
 * id is appended to every participant that has none yet.  Events are never changed:
 * azr_load_effective shows what they have come to.
 *
 * A participant is resolved by the first committed event with the cascade's id in that
 * stream, whether these functions or a client appended it.
 *
 * A transaction that resolves a cascade holds its lock (AZR_LOCK_CASCADE) exclusively, so
 * only one at a time does, and no stream joins it meanwhile.  What the first participants
 * were resolved to is the outcome of the cascade: from then on, it cannot be resolved in
 * the other way.  So it may be done in pieces, since locks on very many participants would
 * not fit into PostgreSQL's lock table.  A stream may also join a cascade that is resolved
 * everywhere else, and is then resolved as the others were.
 *
 * After the cascade's lock come the locks of an append to each participant, in the order of
 * their names (domain, edition, root).  So callers that resolve different cascades never
 * deadlock each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cascades/framework_events.h"
#include "catalog/pg_type.h"
#include "events/append_protocol.h"
#include "events/cascade_resolution.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_stale_cascades);
PG_FUNCTION_INFO_V1(azr_cascade_participants);
PG_FUNCTION_INFO_V1(azr_confirm_cascade);
PG_FUNCTION_INFO_V1(azr_revoke_cascade);

/* How many participants one call resolves at most. */
#define AT_ONCE		1000

/* A stream that has pending events of a cascade. */
typedef struct Participant
{
	AzrStreamName name;
	AzrSequences pending;
	AzrResolution resolution;
} Participant;

typedef struct Participants
{
	int			count;
	Participant all[AT_ONCE];
} Participants;

static int64 resolve(const text *cascade_id, AzrResolution resolution, const text *reason);
static void check_isolation(const text *cascade_id);
static int64 count_events(const text *cascade_id, Snapshot snapshot);
static void note_participant(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void look_again(Participant *participant, const text *cascade_id);
static void append_resolution(const Participant *participant, const text *cascade_id,
							  AzrResolution resolution, const text *reason);

/* Condition for this node's streams.  'own' is what azr_slots_arg() has added. */
#define IS_OWN(own, stream_id) \
	"EXISTS (SELECT FROM %s.azr_streams o WHERE o.stream_id = " stream_id " " \
	"AND " AZR_SLOT_IS_OWN(own, "o.root") ")"

/* The streams with pending events of the cascade $1, in the order of their names. */
#define PARTICIPANTS(condition) \
	"SELECT s.domain, s.edition, s.root, array_agg(e.sequence ORDER BY e.sequence) " \
	"FROM %s.azr_events e JOIN %s.azr_streams s ON s.stream_id = e.stream_id " \
	"WHERE e.cascade_id = $1 AND NOT e.committed" condition " " \
	"GROUP BY s.domain, s.edition, s.root ORDER BY s.domain, s.edition, s.root"

/* Those of them that are not resolved, in the order in which they are to be locked. */
#define UNRESOLVED(condition) \
	"SELECT s.domain::text, s.edition::text, s.root::uuid " \
	"FROM (SELECT e.stream_id FROM %s.azr_events e WHERE e.cascade_id = $1" condition " " \
	"GROUP BY e.stream_id HAVING NOT bool_or(e.committed)) p " \
	"JOIN %s.azr_streams s ON s.stream_id = p.stream_id " \
	"ORDER BY s.domain, s.root, s.stream_id < 0, s.edition LIMIT $2"

/*
 * The cascades with an unresolved participant that had a pending event before $1.  The outcome is
 * what any stream was resolved to, also one of another node that is stored here.
 */
#define STALE(condition, filter) \
	"SELECT c.cascade_id, o.outcome, o.participants, c.since FROM (" \
	"SELECT p.cascade_id, min(p.since) AS since FROM (" \
	"SELECT e.cascade_id, min(e.created_at) AS since " \
	"FROM %s.azr_events e WHERE e.cascade_id IS NOT NULL" condition " " \
	"GROUP BY e.cascade_id, e.stream_id " \
	"HAVING NOT bool_or(e.committed) AND min(e.created_at) < $1) AS p " \
	"GROUP BY p.cascade_id) AS c CROSS JOIN LATERAL (" \
	"SELECT CASE WHEN bool_or(" AZR_IS_REVOKED ") THEN 'revoked' " \
	"WHEN bool_or(p.resolved_by IS NOT NULL) THEN 'confirmed' " \
	"END AS outcome, count(*)" filter " AS participants " \
	"FROM " AZR_PARTICIPANTS("c.cascade_id") ") AS o " \
	"ORDER BY c.since, c.cascade_id"

/*
 * azr_stale_cascades(older_than) -> setof azr_stale_cascade
 *
 * The answer is in the index on cascades, which is small.  The planner does not know that
 * before the tables have been analyzed, so it is told.
 */
Datum
azr_stale_cascades(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	int			guc_level;

	azr_arg_check_not_null(fcinfo, 0, "older_than");
	azr_query_arg(&args, TIMESTAMPTZOID, PG_GETARG_DATUM(0), false);

	guc_level = NewGUCNestLevel();
	azr_set("enable_seqscan", "off");
	(void) azr_query_return_set(fcinfo,
								azr_slots_arg(&args)
								? STALE(" AND " IS_OWN("$2", "e.stream_id"),
										" FILTER (WHERE " IS_OWN("$2", "p.stream_id") ")")
								: STALE("", ""),
								&args);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_NULL();
}

/*
 * azr_cascade_participants(cascade_id) -> setof azr_participant
 */
Datum
azr_cascade_participants(PG_FUNCTION_ARGS)
{
	text	   *cascade_id = azr_arg_name(fcinfo, 0, "cascade_id");
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(cascade_id), false);
	return azr_query_return_set(fcinfo,
								azr_slots_arg(&args)
								? PARTICIPANTS(" AND " IS_OWN("$2", "e.stream_id")) : PARTICIPANTS(""),
								&args);
}

/*
 * azr_confirm_cascade(cascade_id) -> bigint
 */
Datum
azr_confirm_cascade(PG_FUNCTION_ARGS)
{
	text	   *cascade_id = azr_arg_name(fcinfo, 0, "cascade_id");

	azr_check_can_write(fcinfo);
	PG_RETURN_INT64(resolve(cascade_id, AZR_CONFIRMED, NULL));
}

/*
 * azr_revoke_cascade(cascade_id, reason) -> bigint
 */
Datum
azr_revoke_cascade(PG_FUNCTION_ARGS)
{
	text	   *cascade_id = azr_arg_name(fcinfo, 0, "cascade_id");
	text	   *reason = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);

	azr_check_can_write(fcinfo);
	PG_RETURN_INT64(resolve(cascade_id, AZR_REVOKED, reason));
}

/*
 * Resolve a cascade in every participant where it is unresolved, up to AT_ONCE of them, and
 * say in how many.
 *
 * Raises ZR006 if no stream takes part in it, or if a participant was resolved in the other
 * way; 40001 if the transaction must stick to a snapshot that does not show the cascade as
 * it is; and what the appends raise.
 */
static int64
resolve(const text *cascade_id, AzrResolution resolution, const text *reason)
{
	AzrQueryArgs args = {0};
	Participants *participants = palloc(sizeof(Participants));
	AzrCascadeProgress progress;
	int64		resolved = 0;

	azr_cascade_lock(cascade_id, ExclusiveLock);
	check_isolation(cascade_id);
	progress = azr_cascade_progress(cascade_id);
	if (progress.participants == 0)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_CASCADE_ERROR),
				 errmsg("unknown cascade \"%s\"", text_to_cstring(cascade_id)),
				 errdetail("No stream has pending events of it.")));
	azr_cascade_check(cascade_id, resolution, &progress);

	participants->count = 0;
	azr_query_arg(&args, TEXTOID, PointerGetDatum(cascade_id), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(AT_ONCE), false);
	(void) azr_query_modify(azr_slots_arg(&args)
							? UNRESOLVED(" AND " IS_OWN("$3", "e.stream_id")) : UNRESOLVED(""),
							&args, note_participant, participants);

	for (int i = 0; i < participants->count; i++)
	{
		Participant *participant = &participants->all[i];

		CHECK_FOR_INTERRUPTS();
		look_again(participant, cascade_id);
		if (participant->resolution == AZR_UNRESOLVED && participant->pending.count > 0)
		{
			append_resolution(participant, cascade_id, resolution, reason);
			resolved++;
		}
		else if (participant->resolution != AZR_UNRESOLVED &&
				 participant->resolution != resolution)
			azr_resolved_otherwise(cascade_id, resolution, &participant->name);
	}

	if (progress.unresolved > participants->count)
		ereport(NOTICE,
				(errmsg("participants of cascade \"%s\" that are still to be %s: %lld",
						text_to_cstring(cascade_id), azr_resolution_name(resolution),
						(long long) (progress.unresolved - participants->count)),
				 errhint("Commit, and call %s again until it returns 0.",
						 resolution == AZR_CONFIRMED
						 ? "azr_confirm_cascade" : "azr_revoke_cascade")));
	return resolved;
}

/*
 * Fail with 40001 if the transaction must stick to its snapshot, and others have joined or
 * resolved the cascade since.
 */
static void
check_isolation(const text *cascade_id)
{
	if (IsolationUsesXactSnapshot() &&
		count_events(cascade_id, GetTransactionSnapshot()) !=
		count_events(cascade_id, GetLatestSnapshot()))
		azr_serialization_failure("cascade \"%s\" has changed after this transaction's snapshot",
								  text_to_cstring(cascade_id));
}

/*
 * How many events carry a cascade's id.  The number only grows, except when an edition is
 * deleted, which has a lock and checks of its own.
 */
static int64
count_events(const text *cascade_id, Snapshot snapshot)
{
	AzrQueryArgs args = {0};
	AzrQueryValue count = {false, (Datum) 0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(cascade_id), false);
	PushActiveSnapshot(snapshot);
	azr_query_read("SELECT count(*) FROM %s.azr_events WHERE cascade_id = $1",
				   &args, azr_query_note, &count);
	PopActiveSnapshot();
	return DatumGetInt64(count.value);
}

static void
note_participant(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Participants *participants = (Participants *) arg;

	azr_check_row(nulls, 3);
	participants->all[participants->count++].name = azr_copy_stream_name(values);
}

/*
 * Lock a participant's stream, and look at it again.  By now, it may have more pending
 * events, may be resolved, or may be gone with its edition.
 */
static void
look_again(Participant *participant, const text *cascade_id)
{
	const AzrStreamName *name = &participant->name;
	AzrStreamEnd end;
	AzrStream	stream = azr_writer_lock(name, false, RowExclusiveLock, &end).stream;

	azr_timeline_check_isolation(name, &stream, end.next);

	participant->pending.count = 0;
	participant->resolution = AZR_UNRESOLVED;
	if (stream.id == AZR_NO_STREAM)
		return;

	participant->resolution = azr_events_resolution(stream.id, cascade_id, PG_INT64_MAX,
													SnapshotSelf);
	participant->pending = azr_events_pending(stream.id, cascade_id, SnapshotSelf);
}

static void
append_resolution(const Participant *participant, const text *cascade_id,
				  AzrResolution resolution, const text *reason)
{
	Datum		type = CStringGetTextDatum(resolution == AZR_CONFIRMED
										   ? AZR_CONFIRMATION_TYPE : AZR_REVOCATION_TYPE);
	bytea	   *bytes = azr_resolution_payload(&participant->name, participant->pending.all,
											   participant->pending.count, cascade_id, reason);
	Datum		payload = PointerGetDatum(bytes);
	TimestampTz now = AZR_NOW;
	AzrAppend	append = {0};

	append.stream = participant->name;
	append.events.count = 1;
	append.events.types = &type;
	append.events.payloads = &payload;
	append.events.created_at = &now;
	append.events.cascade_id = unconstify(text *, cascade_id);
	append.events.committed = true;
	append.is_resolution = true;
	(void) azr_append_events(&append);
}
