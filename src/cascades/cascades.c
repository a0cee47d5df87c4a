/*-------------------------------------------------------------------------
 *
 * cascades.c
 *	  azr_stale_cascades, azr_cascade_participants, azr_confirm_cascade and
 *	  azr_revoke_cascade: commits across streams, in two phases.
 *
 * First, each participant (a stream) gets pending events: appended with
 * committed => false and the cascade's id.  Then the cascade is confirmed or revoked,
 * by one event with the same id to every participant that has none yet.  Events are
 * never changed: azr_load_effective shows what they have come to.
 *
 * A participant is resolved by the first committed event with the cascade's id in that
 * stream, be it appended by these functions or by a client.
 *
 * Locks are those of an append to each participant, taken in the order of their
 * names (domain, edition, root).  So two callers never wait for each other in a
 * circle, and who comes second sees what the first has done.  Of two callers, the one
 * that looked for participants later knows all that the other one knows, but for those
 * whose edition was deleted, which are nothing to either; so they have one in common, and
 * cannot resolve a cascade in two ways.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/error.h"
#include "base/query.h"
#include "cascades/framework_events.h"
#include "catalog/pg_type.h"
#include "events/appender.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_stale_cascades);
PG_FUNCTION_INFO_V1(azr_cascade_participants);
PG_FUNCTION_INFO_V1(azr_confirm_cascade);
PG_FUNCTION_INFO_V1(azr_revoke_cascade);

/* A stream that has pending events of a cascade. */
typedef struct Participant
{
	AzrStreamName name;
	int64	   *sequences;
	int			nsequences;
	AzrResolution resolution;
} Participant;

typedef struct Participants
{
	int			count;
	int			allocated;
	Participant *all;
} Participants;

static int64 resolve(const text *cascade_id, AzrResolution resolution, const text *reason);
static Participants find_participants(const text *cascade_id);
static void add_participant(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void look_again(Participant *participant, const text *cascade_id);
static void append_resolution(const Participant *participant, const text *cascade_id,
							  AzrResolution resolution, const text *reason);

/* The streams with pending events of the cascade $1, in the order of their names. */
#define PARTICIPANTS \
	"SELECT s.domain, s.edition, s.root, array_agg(e.sequence ORDER BY e.sequence) " \
	"FROM %s.azr_events e JOIN %s.azr_streams s ON s.stream_id = e.stream_id " \
	"WHERE e.cascade_id = $1 AND NOT e.committed " \
	"GROUP BY s.domain, s.edition, s.root ORDER BY s.domain, s.edition, s.root"

/*
 * azr_stale_cascades(older_than) -> setof text
 *
 * What is asked for is in the index on cascades, which is small.  The planner knows
 * that only once the tables have been analyzed, so it is told.
 */
Datum
azr_stale_cascades(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {0};
	int			guc_level;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("older_than must not be null")));
	azr_query_arg(&args, TIMESTAMPTZOID, PG_GETARG_DATUM(0), false);

	guc_level = NewGUCNestLevel();
	(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) azr_query_return_set(fcinfo,
								"SELECT p.cascade_id FROM ("
								"SELECT e.cascade_id, min(e.created_at) AS since "
								"FROM %s.azr_events e WHERE e.cascade_id IS NOT NULL "
								"GROUP BY e.cascade_id, e.stream_id "
								"HAVING NOT bool_or(e.committed) AND min(e.created_at) < $1) AS p "
								"GROUP BY p.cascade_id ORDER BY min(p.since), p.cascade_id",
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
	return azr_query_return_set(fcinfo, PARTICIPANTS, &args);
}

/*
 * azr_confirm_cascade(cascade_id) -> bigint
 */
Datum
azr_confirm_cascade(PG_FUNCTION_ARGS)
{
	text	   *cascade_id = azr_arg_name(fcinfo, 0, "cascade_id");

	PreventCommandIfReadOnly("azr_confirm_cascade()");
	PreventCommandIfParallelMode("azr_confirm_cascade()");
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

	PreventCommandIfReadOnly("azr_revoke_cascade()");
	PreventCommandIfParallelMode("azr_revoke_cascade()");
	PG_RETURN_INT64(resolve(cascade_id, AZR_REVOKED, reason));
}

/*
 * Resolve a cascade in every participant where it is not, and say in how many.
 *
 * Raises ZR006 where nobody takes part in it, or a participant was resolved in the
 * other way, and what the appends raise.
 */
static int64
resolve(const text *cascade_id, AzrResolution resolution, const text *reason)
{
	Participants participants = find_participants(cascade_id);
	int64		resolved = 0;

	if (participants.count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_CASCADE_ERROR),
				 errmsg("unknown cascade \"%s\"", text_to_cstring(cascade_id)),
				 errdetail("No stream has pending events of it.")));

	for (int i = 0; i < participants.count; i++)
	{
		Participant *participant = &participants.all[i];
		const AzrStreamName *name = &participant->name;

		look_again(participant, cascade_id);
		if (participant->resolution != AZR_UNRESOLVED &&
			participant->resolution != resolution)
			ereport(ERROR,
					(errcode(ERRCODE_AZR_CASCADE_ERROR),
					 errmsg("cascade \"%s\" cannot be %s any more",
							text_to_cstring(cascade_id),
							resolution == AZR_CONFIRMED ? "confirmed" : "revoked"),
					 errdetail("It was %s in stream \"%s\".",
							   resolution == AZR_CONFIRMED ? "revoked" : "confirmed",
							   azr_stream_label(name))));
	}

	for (int i = 0; i < participants.count; i++)
	{
		const Participant *participant = &participants.all[i];

		if (participant->resolution != AZR_UNRESOLVED || participant->nsequences == 0)
			continue;
		append_resolution(participant, cascade_id, resolution, reason);
		resolved++;
	}
	return resolved;
}

/*
 * Who takes part in a cascade, by what is committed now, or by the transaction's
 * snapshot where it must stick to that.
 */
static Participants
find_participants(const text *cascade_id)
{
	AzrQueryArgs args = {0};
	Participants participants = {0, 0, NULL};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(cascade_id), false);
	(void) azr_query_modify(PARTICIPANTS, &args, add_participant, &participants);
	return participants;
}

/*
 * Note a row of PARTICIPANTS.
 */
static void
add_participant(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Participants *participants = (Participants *) arg;
	Participant *participant;

	if (participants->count == participants->allocated)
	{
		participants->allocated = Max(16, participants->allocated * 2);
		participants->all = participants->all == NULL
			? palloc(participants->allocated * sizeof(Participant))
			: repalloc(participants->all, participants->allocated * sizeof(Participant));
	}
	participant = &participants->all[participants->count++];
	participant->name.domain = DatumGetTextPCopy(values[0]);
	participant->name.edition = DatumGetTextPCopy(values[1]);
	participant->name.root = palloc(sizeof(pg_uuid_t));
	*participant->name.root = *DatumGetUUIDP(values[2]);
}

/*
 * Lock a participant's stream, and see what it has come to.  It may have got more
 * pending events, may be resolved, and may be gone, with its edition.
 */
static void
look_again(Participant *participant, const text *cascade_id)
{
	const AzrStreamName *name = &participant->name;
	AzrStream	stream;

	if (!azr_edition_is_main(name->edition))
		azr_edition_lock(name->domain, name->edition, ShareLock);
	stream = azr_stream_lock(name, false);
	azr_append_check_isolation(name, &stream, azr_timeline_own_next(&stream, SnapshotSelf));

	participant->nsequences = 0;
	participant->resolution = AZR_UNRESOLVED;
	if (stream.id == AZR_NO_STREAM)
		return;

	participant->resolution = azr_events_resolution(stream.id, cascade_id, PG_INT64_MAX,
													SnapshotSelf);
	participant->sequences = azr_events_pending(stream.id, cascade_id, SnapshotSelf,
												&participant->nsequences);
}

static void
append_resolution(const Participant *participant, const text *cascade_id,
				  AzrResolution resolution, const text *reason)
{
	Datum		type = CStringGetTextDatum(resolution == AZR_CONFIRMED
										   ? AZR_CONFIRMATION_TYPE : AZR_REVOCATION_TYPE);
	bytea	   *bytes = azr_resolution_payload(&participant->name, participant->sequences,
											   participant->nsequences, cascade_id, reason);
	Datum		payload = PointerGetDatum(bytes);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	AzrAppend	append = {0};

	append.stream = participant->name;
	append.events.count = 1;
	append.events.types = &type;
	append.events.payloads = &payload;
	append.events.created_at = &now;
	append.events.cascade_id = unconstify(text *, cascade_id);
	append.events.committed = true;
	(void) azr_append_events(&append);
}
