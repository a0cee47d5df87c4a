/*-------------------------------------------------------------------------
 *
 * expect.c
 *	  azr_expect: having a stream stand still without appending to it.
 *
 * A stream that is locked as for an append gets no event before the transaction ends.  That is
 * all it takes, except where a root has no events of its own in an edition and nothing says
 * below which sequence it reads the main timeline: it then reads that up to its end, and stands
 * still only if the main timeline does.  So that stream is locked too.
 *
 * Locks are taken in this order: the edition, the root's stream on the main timeline if it is
 * needed, the stream itself.  With the main timeline first, there is an order in which any number
 * of calls can be made without a deadlock: root by root, the main timeline before editions.  If
 * it came after, calls for two editions of one root would lock it between the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/append_protocol.h"
#include "events/expected_sequence.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_expect);

static AzrOptionalInt64 arg_expected(FunctionCallInfo fcinfo, int argno);
static int64 stand_still(const AzrStreamName *name, AzrOptionalInt64 divergence,
						 bool probably_new);
static bool reads_main_to_its_end(const AzrStreamName *name, AzrOptionalInt64 divergence);
static void sequence_conflict(const AzrStreamName *name, int64 expected, int64 next);

/*
 * azr_expect(domain, edition, root, expected_sequence, divergence) -> bigint
 *
 * See expect.sql for arguments, result, locks and errors.
 */
Datum
azr_expect(PG_FUNCTION_ARGS)
{
	AzrStreamName name = azr_arg_stream(fcinfo, 0);
	AzrOptionalInt64 expected = arg_expected(fcinfo, 3);
	AzrOptionalInt64 divergence = azr_arg_divergence(fcinfo, 4, &name);
	int64		next;

	azr_check_can_write(fcinfo);
	next = stand_still(&name, divergence, expected.given && expected.value == 0);
	if (!azr_is_expected(expected, next))
		sequence_conflict(&name, expected.value, next);
	PG_RETURN_INT64(next);
}

/*
 * A sequence, AZR_AT_LEAST_ONE, or NULL.
 */
static AzrOptionalInt64
arg_expected(FunctionCallInfo fcinfo, int argno)
{
	AzrOptionalInt64 result = {false, 0};

	if (PG_ARGISNULL(argno))
		return result;

	result.given = true;
	result.value = PG_GETARG_INT64(argno);
	if (result.value < AZR_AT_LEAST_ONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"expected_sequence\" must be -1 or more, but is %lld",
						(long long) result.value),
				 errhint("-1 means at least one event, and NULL any number of them.")));
	return result;
}

/*
 * Lock all that the stream's next sequence depends on, to the end of the transaction, and
 * return that.
 *
 * Raises 40001 where the transaction must stick to a snapshot that does not show it, ZR004, and
 * what waiting for a lock raises.
 */
static int64
stand_still(const AzrStreamName *name, AzrOptionalInt64 divergence, bool probably_new)
{
	Snapshot	snapshot;
	AzrTimeline timeline;
	int64		next;

	if (!azr_edition_is_main(name->edition))
	{
		AzrStreamName main_name = azr_main_stream(name);

		azr_edition_lock(name->domain, name->edition, ShareLock);
		if (reads_main_to_its_end(name, divergence))
			(void) azr_append_lock(&main_name, false);
	}
	(void) azr_append_lock(name, probably_new);

	snapshot = azr_register_read_snapshot();
	timeline = azr_timeline_find(name, divergence, snapshot);
	next = azr_timeline_next(&timeline, snapshot);
	UnregisterSnapshot(snapshot);
	return next;
}

/*
 * Does the root's next sequence in an edition change when the main timeline grows?  The edition
 * is locked.  Where the answer is no, it stays so: the root's first event in the edition and the
 * main timeline's growth can only make it that.
 *
 * Raises ZR004.
 */
static bool
reads_main_to_its_end(const AzrStreamName *name, AzrOptionalInt64 divergence)
{
	Snapshot	snapshot = azr_register_read_snapshot();
	AzrTimeline timeline = azr_timeline_find(name, divergence, snapshot);
	bool		result = timeline.own.id == AZR_NO_STREAM &&
		(!timeline.shared_to.given ||
		 timeline.shared_to.value > azr_timeline_own_next(&timeline.main, snapshot));

	UnregisterSnapshot(snapshot);
	return result;
}

/*
 * Raise ZR001, with advice for those who do not append.
 */
static void
sequence_conflict(const AzrStreamName *name, int64 expected, int64 next)
{
	const char *hint = NULL;

	if (expected == AZR_AT_LEAST_ONE)
		hint = "The stream has no events yet.";
	else if (expected < next)
		hint = psprintf("Another writer was faster: load the stream from sequence %lld, and decide again.",
						(long long) expected);
	azr_sequence_conflict(name, expected, next, hint);
}
