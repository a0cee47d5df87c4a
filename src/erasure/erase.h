/*-------------------------------------------------------------------------
 *
 * erase.h
 *	  Erasing an event that was erased on another node.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ERASE_H
#define AZR_ERASE_H

#include "streams/stream.h"
#include "utils/timestamp.h"

/* What is on record there. */
typedef struct AzrErasureRecord
{
	bool		ids;			/* are correlation and external id gone too? */
	const text *reason;
	const text *erased_by;
	TimestampTz erased_at;
} AzrErasureRecord;

extern bool azr_erase_as_recorded(const AzrStreamName *name, int64 sequence,
								  const AzrErasureRecord *record);

#endif							/* AZR_ERASE_H */
