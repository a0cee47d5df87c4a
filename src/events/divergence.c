/*-------------------------------------------------------------------------
 *
 * divergence.c
 *	  Where an edition's stream leaves the main timeline.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/divergence.h"
#include "plumbing/error.h"

/*
 * Where a root's first append to an edition has it diverge: as given, else as registered of
 * the edition, else as expected, else at the main stream's next sequence.
 *
 * Raises ZR004 for one that is given and past that.
 */
int64
azr_divergence_of_first_append(const AzrStreamName *name, AzrOptionalInt64 given,
							   AzrOptionalInt64 registered, AzrOptionalInt64 expected,
							   int64 main_next)
{
	if (given.given)
	{
		if (given.value > main_next)
			azr_divergence_is_past(name, given.value, main_next);
		return given.value;
	}
	if (registered.given)
		return Min(registered.value, main_next);
	if (expected.given && expected.value <= main_next)
		return expected.value;
	return main_next;
}

/*
 * A divergence past the main stream's next: ZR004.
 */
void
azr_divergence_is_past(const AzrStreamName *name, int64 divergence, int64 main_next)
{
	ereport(ERROR,
			(errcode(ERRCODE_AZR_INVALID_DIVERGENCE),
			 errmsg("invalid divergence of stream \"%s\"", azr_stream_label(name)),
			 errdetail("Divergence is %lld, next sequence of the main timeline is %lld.",
					   (long long) divergence, (long long) main_next),
			 errhint("An edition diverges at a sequence that the main timeline has, or at its next.")));
}

/*
 * Another divergence than the one that the first append fixed: ZR004.
 */
void
azr_divergence_is_fixed(const AzrStreamName *name, int64 divergence, int64 fixed)
{
	ereport(ERROR,
			(errcode(ERRCODE_AZR_INVALID_DIVERGENCE),
			 errmsg("invalid divergence of stream \"%s\"", azr_stream_label(name)),
			 errdetail("Divergence is %lld, but the stream's first event fixed it at %lld.",
					   (long long) divergence, (long long) fixed),
			 errhint("Leave out divergence once the stream has events in its edition.")));
}
