/*-------------------------------------------------------------------------
 *
 * expected_sequence.c
 *	  Is a stream's next sequence the one that its writer expects?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/expected_sequence.h"
#include "plumbing/error.h"
#include "streams/happening.h"

/*
 * Is the next sequence as expected?  If nothing is expected, it is.
 */
bool
azr_is_expected(AzrOptionalInt64 expected, int64 next)
{
	return !expected.given || expected.value == next ||
		(expected.value == AZR_AT_LEAST_ONE && next > 0);
}

/*
 * Another sequence than the next one was expected, or AZR_AT_LEAST_ONE of a stream without
 * events: ZR001.  'hint' may be NULL.
 */
void
azr_sequence_conflict(const AzrStreamName *name, int64 expected, int64 next, const char *hint)
{
	const char *expectation = expected == AZR_AT_LEAST_ONE
		? "At least one event is expected"
		: psprintf("Expected sequence is %lld", (long long) expected);

	azr_count_happening(AZR_HAPPENING_CONFLICT, name->domain, next > 0);
	if (hint == NULL)
		hint = expected < next
			? psprintf("Another writer was faster: load the stream from sequence %lld, decide again, and append at %lld.",
					   (long long) expected, (long long) next)
			: "The stream has no such sequence yet: load it, and decide again.";
	ereport(ERROR,
			(errcode(ERRCODE_AZR_SEQUENCE_CONFLICT),
			 errmsg("sequence conflict in stream \"%s\"", azr_stream_label(name)),
			 errdetail("%s, next sequence is %lld.", expectation, (long long) next),
			 errhint("%s", hint)));
}
