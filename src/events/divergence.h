/*-------------------------------------------------------------------------
 *
 * divergence.h
 *	  Where an edition's stream leaves the main timeline.
 *
 * The first event of a root in an edition fixes it.  timeline.h has pictures of that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_DIVERGENCE_H
#define AZR_DIVERGENCE_H

#include "plumbing/compat.h"
#include "streams/stream.h"

extern int64 azr_divergence_of_first_append(const AzrStreamName *name, AzrOptionalInt64 given,
											AzrOptionalInt64 registered,
											AzrOptionalInt64 expected, int64 main_next);
pg_noreturn extern void azr_divergence_is_past(const AzrStreamName *name, int64 divergence,
											   int64 main_next);
pg_noreturn extern void azr_divergence_is_fixed(const AzrStreamName *name, int64 divergence,
												int64 fixed);

#endif							/* AZR_DIVERGENCE_H */
