/*-------------------------------------------------------------------------
 *
 * ack.c
 *	  azr_ack: acknowledging events of a partition that is leased.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "groups/parked_table.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(azr_ack);

static void acknowledge(const text *handler, AzrPartition *partition, int64 position);

/*
 * azr_ack(handler, partition, token, position) -> void
 *
 * Waits for who has the partition: another worker that is taking it has it only when that
 * one's transaction commits.
 */
Datum
azr_ack(PG_FUNCTION_ARGS)
{
	text	   *handler = azr_arg_name(fcinfo, 0, "handler");
	int32		number = azr_arg_int(fcinfo, 1, "partition");
	pg_uuid_t  *token = azr_arg_uuid(fcinfo, 2, "token");
	int64		position = azr_arg_count(fcinfo, 3, "position");
	AzrPartition partition;

	azr_check_can_write(fcinfo);
	if (!azr_partition_lock(handler, number, true, &partition))
	{
		AzrGroup	group = azr_group_get(handler);

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"partition\" must be between 0 and %d, but is %d",
						group.partitions - 1, number)));
	}
	if (!partition.has_token || memcmp(token, &partition.token, UUID_LEN) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_AZR_LEASE_LOST),
				 errmsg("the lease of partition %d of group \"%s\" is lost",
						number, text_to_cstring(handler)),
				 errdetail("The partition was given to another worker, azr_retry() has ended the lease, or azr_group_seek() has moved the group."),
				 errhint("What is not acknowledged yet is given again.")));
	acknowledge(handler, &partition, position);
	PG_RETURN_VOID();
}

/*
 * What comes after the last event that was given has nothing for the partition, so that is
 * done with too.  To acknowledge once more what is acknowledged changes nothing.
 */
static void
acknowledge(const text *handler, AzrPartition *partition, int64 position)
{
	bool		is_all = position >= partition->last_given;
	AzrPartitions moved = {0};

	if (position > partition->given_to || (position < partition->position && !is_all))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"position\" must be between %lld and %lld, but is %lld",
						(long long) partition->position, (long long) partition->given_to,
						(long long) position),
				 errdetail("The first is acknowledged already, and the second was given with the token.")));
	partition->position = is_all ? partition->given_to : position;
	azr_partition_acknowledge(handler, partition, is_all);
	azr_partitions_add(&moved, partition);
	azr_parked_forget(handler, &moved);
}
