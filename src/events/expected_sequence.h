/*-------------------------------------------------------------------------
 *
 * expected_sequence.h
 *	  Is a stream's next sequence the one that its writer expects?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EXPECTED_SEQUENCE_H
#define AZR_EXPECTED_SEQUENCE_H

#include "plumbing/compat.h"
#include "streams/stream.h"

/* In place of a sequence: the stream has an event, however many.  azr_expect knows it. */
#define AZR_AT_LEAST_ONE	INT64CONST(-1)

extern bool azr_is_expected(AzrOptionalInt64 expected, int64 next);
pg_noreturn extern void azr_sequence_conflict(const AzrStreamName *name, int64 expected,
											  int64 next, const char *hint);

#endif							/* AZR_EXPECTED_SEQUENCE_H */
