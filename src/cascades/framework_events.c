/*-------------------------------------------------------------------------
 *
 * framework_events.c
 *	  Events that are about other events.
 *
 * See framework_events.h for the messages.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cascades/framework_events.h"
#include "events/message.h"

static void put_sequences(StringInfo message, uint32 field, const int64 *sequences,
						  int nsequences);

/*
 * The payload of a confirmation or a revocation.  'reason' is that of a revocation, or
 * NULL.
 *
 * Raises 22003 for a sequence that does not fit into the message.
 */
bytea *
azr_resolution_payload(const AzrStreamName *target, const int64 *sequences,
					   int nsequences, const text *cascade_id, const text *reason)
{
	StringInfoData message;

	initStringInfo(&message);
	azr_message_put_cover(&message, 1, target);
	put_sequences(&message, 2, sequences, nsequences);
	azr_message_put_text(&message, 3, cascade_id);
	if (reason != NULL && VARSIZE_ANY_EXHDR(reason) > 0)
		azr_message_put_text(&message, 4, reason);

	return azr_message_payload(&message);
}

static void
put_sequences(StringInfo message, uint32 field, const int64 *sequences, int nsequences)
{
	StringInfoData packed;

	initStringInfo(&packed);
	for (int i = 0; i < nsequences; i++)
	{
		if (sequences[i] < 0 || sequences[i] > PG_UINT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sequence %lld cannot be confirmed or revoked",
							(long long) sequences[i]),
					 errdetail("The message that does so has 32 bits for a sequence.")));
		azr_message_put_varint(&packed, (uint64) sequences[i]);
	}
	azr_message_put_bytes(message, field, packed.data, packed.len);
}
