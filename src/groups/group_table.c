/*-------------------------------------------------------------------------
 *
 * group_table.c
 *	  Groups of workers that follow the feed, and how far their partitions have come.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "groups/group_table.h"
#include "plumbing/grow.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The columns of a partition, as note_partition() expects them. */
#define PARTITION_COLUMNS \
	"partition::int, position::bigint, token::uuid, given_to::bigint, last_given::bigint, " \
	"coalesce(leased_until::timestamptz >= clock_timestamp(), false)"

/* May anybody take a partition that nobody has locked? */
#define IS_FREE	"(leased_until::timestamptz IS NULL OR leased_until::timestamptz < clock_timestamp())"

static void note_group(uint64 row, const Datum *values, const bool *nulls, void *arg);
static AzrArrayArg stored_texts(Datum array, bool isnull);
static void note_partition(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void show_lock(const text *handler, int32 number);
static uint64 lock_key(const text *handler, int32 number);
static AzrQueryArgs handler_arg(const text *handler);

/*
 * Add a group, whose partitions have all come as far as 'after'.  'domains' and 'types' are
 * arrays of text.  Returns false where there is one of the name; if another transaction is
 * adding or dropping it, this waits for that one.
 */
bool
azr_group_add(const text *handler, int32 partitions, int64 after,
			  Datum domains, bool no_domains, Datum types, bool no_types)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT4OID, Int32GetDatum(partitions), false);
	azr_query_arg(&args, TEXTARRAYOID, domains, no_domains);
	azr_query_arg(&args, TEXTARRAYOID, types, no_types);
	azr_query_arg(&args, INT8OID, Int64GetDatum(azr_last_ticket()), false);
	if (azr_query_modify("INSERT INTO %s.azr_registered_groups "
						 "(handler, partitions, domains, types, moved_after, created_at) "
						 "VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING",
						 &args, NULL, NULL) == 0)
		return false;

	args = handler_arg(handler);
	azr_query_arg(&args, INT4OID, Int32GetDatum(partitions), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(after), false);
	azr_query_must_change("azr_group_partitions", partitions,
						  "INSERT INTO %s.azr_group_partitions (handler, partition, position) "
						  "SELECT $1, p, $3 FROM generate_series(0, $2 - 1) p",
						  &args);
	return true;
}

/*
 * Delete a group whose partitions we have locked.  Returns whether there was one.
 */
bool
azr_group_delete(const text *handler)
{
	AzrQueryArgs args = handler_arg(handler);

	(void) azr_query_modify("DELETE FROM %s.azr_group_partitions WHERE handler = $1",
							&args, NULL, NULL);
	return azr_query_modify("DELETE FROM %s.azr_registered_groups WHERE handler = $1",
							&args, NULL, NULL) > 0;
}

/*
 * A group as it is now, in the current memory context.
 *
 * Raises 42704 where there is none.
 */
AzrGroup
azr_group_get(text *handler)
{
	AzrQueryArgs args = handler_arg(handler);
	AzrGroup	group = {.handler = handler};

	azr_query_latest("SELECT partitions::int, domains::text[], types::text[], moved_after::bigint "
					 "FROM %s.azr_registered_groups WHERE handler = $1",
					 &args, note_group, &group);
	if (group.partitions == 0)
		azr_group_unknown(handler);
	return group;
}

static void
note_group(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrGroup   *group = (AzrGroup *) arg;

	azr_check_row(nulls, 1);
	group->partitions = DatumGetInt32(values[0]);
	if (group->partitions < 1 || group->partitions > AZR_MAX_PARTITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("group \"%s\" has %d partitions",
						text_to_cstring(group->handler), group->partitions),
				 errhint("Somebody has changed azr_registered_groups.")));
	group->domains = stored_texts(values[1], nulls[1]);
	group->types = stored_texts(values[2], nulls[2]);
	azr_check_row(&nulls[3], 1);
	group->moved_after = DatumGetInt64(values[3]);
}

/*
 * Have a group that is about to go back to a position get also what has moved in up to now.  The
 * caller has locked its partitions.  A group that does not go back has no use for that: it would
 * get what was handled on the other node.
 */
void
azr_group_reads_moved(const text *handler, int64 after)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT8OID, Int64GetDatum(after), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(azr_last_ticket()), false);
	(void) azr_query_modify("UPDATE %s.azr_registered_groups SET moved_after = $3 "
							"WHERE handler = $1 AND EXISTS (SELECT FROM %s.azr_group_partitions p "
							"WHERE p.handler = $1 AND p.position > $2)",
							&args, NULL, NULL);
}

/*
 * The elements of a stored array, in the current memory context.
 */
static AzrArrayArg
stored_texts(Datum array, bool isnull)
{
	AzrArrayArg texts = {0};

	if (isnull)
		return texts;
	texts.given = true;
	deconstruct_array(DatumGetArrayTypePCopy(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &texts.elems, &texts.nulls, &texts.count);
	azr_check_row(texts.nulls, texts.count);
	return texts;
}

/*
 * There is no such group: 42704.
 */
void
azr_group_unknown(const text *handler)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("group \"%s\" does not exist", text_to_cstring(handler)),
			 errhint("Create it with azr_group_create().")));
}

/*
 * The partition that a stream belongs to.  It must never change, so the mix of the bits is
 * our own: it is the last step of MurmurHash3 for 64 bits.
 */
int32
azr_partition_of(int64 stream_id, int32 partitions)
{
	uint64		mixed = (uint64) stream_id;

	mixed ^= mixed >> 33;
	mixed *= UINT64CONST(0xff51afd7ed558ccd);
	mixed ^= mixed >> 33;
	mixed *= UINT64CONST(0xc4ceb9fe1a85ec53);
	mixed ^= mixed >> 33;
	return (int32) (mixed % (uint64) partitions);
}

/*
 * The partitions of a group that are before 'head' and free, by the active PostgreSQL
 * snapshot.  The one that is furthest behind comes first.  Others may lock them meanwhile.
 */
AzrPartitions
azr_partitions_behind(const AzrGroup *group, int64 head)
{
	AzrQueryArgs args = handler_arg(group->handler);
	AzrPartitions partitions = {0};
	int			nfree = 0;

	azr_query_arg(&args, INT8OID, Int64GetDatum(head), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(group->partitions), false);
	azr_query_read("SELECT " PARTITION_COLUMNS " FROM %s.azr_group_partitions "
				   "WHERE handler = $1 AND position < $2 AND partition >= 0 AND partition < $3 "
				   "AND " IS_FREE " ORDER BY position, partition",
				   &args, note_partition, &partitions);
	for (int i = 0; i < partitions.count; i++)
	{
		int			nholders;

		if (azr_lock_holders(AZR_LOCK_PARTITION, lock_key(group->handler, partitions.all[i].number),
							 &nholders) == NULL)
			partitions.all[nfree++] = partitions.all[i];
	}
	partitions.count = nfree;
	return partitions;
}

/*
 * What some partitions are by the active PostgreSQL snapshot, the one that is furthest behind
 * first.
 */
AzrPartitions
azr_partitions_read(const AzrGroup *group, const AzrPartitions *which)
{
	AzrQueryArgs args = handler_arg(group->handler);
	AzrPartitions partitions = {0};

	azr_query_arg(&args, INT4ARRAYOID, azr_partition_numbers(which), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(group->partitions), false);
	azr_query_read("SELECT " PARTITION_COLUMNS " FROM %s.azr_group_partitions "
				   "WHERE handler = $1 AND partition = ANY ($2) "
				   "AND partition >= 0 AND partition < $3 "
				   "ORDER BY position, partition",
				   &args, note_partition, &partitions);
	return partitions;
}

static void
note_partition(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrPartition partition = {.stops_before = PG_INT64_MAX};

	azr_check_row(nulls, 2);
	partition.number = DatumGetInt32(values[0]);
	if (partition.number < 0 || partition.number >= AZR_MAX_PARTITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a group has a partition %d", partition.number),
				 errhint("Somebody has changed azr_group_partitions.")));
	partition.position = DatumGetInt64(values[1]);
	partition.has_token = !nulls[2] && !nulls[3] && !nulls[4];
	if (partition.has_token)
	{
		partition.token = *DatumGetUUIDP(values[2]);
		partition.given_to = DatumGetInt64(values[3]);
		partition.last_given = DatumGetInt64(values[4]);
		partition.is_leased = DatumGetBool(values[5]);
	}
	azr_partitions_add((AzrPartitions *) arg, &partition);
}

/*
 * Lock a partition, if it is free now.  Returns whether it was.
 *
 * Raises 40001 where the transaction must stick to a snapshot that does not show its last
 * change, and so do those below.
 */
bool
azr_partition_take(const AzrGroup *group, int32 number)
{
	AzrQueryArgs args = handler_arg(group->handler);

	azr_query_arg(&args, INT4OID, Int32GetDatum(number), false);
	if (azr_query_modify("SELECT FROM %s.azr_group_partitions "
						 "WHERE handler = $1 AND partition = $2 AND " IS_FREE
						 " FOR UPDATE SKIP LOCKED",
						 &args, NULL, NULL) == 0)
		return false;
	show_lock(group->handler, number);
	return true;
}

/*
 * Lock further partitions, 'most' of them, that are free now and before the position
 * 'behind', those first that are furthest behind.
 */
AzrPartitions
azr_partitions_take(const AzrGroup *group, const AzrPartitions *but, int64 behind, int most)
{
	AzrQueryArgs args = handler_arg(group->handler);
	AzrPartitions partitions = {0};

	azr_query_arg(&args, INT4ARRAYOID, azr_partition_numbers(but), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(behind), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(most), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(group->partitions), false);
	(void) azr_query_modify("SELECT " PARTITION_COLUMNS " FROM %s.azr_group_partitions "
							"WHERE handler = $1 AND partition <> ALL ($2) AND position < $3 "
							"AND partition >= 0 AND partition < $5 "
							"AND " IS_FREE " ORDER BY position, partition LIMIT $4 "
							"FOR UPDATE SKIP LOCKED",
							&args, note_partition, &partitions);
	for (int i = 0; i < partitions.count; i++)
		show_lock(group->handler, partitions.all[i].number);
	return partitions;
}

/*
 * Lock a partition of a group, and say what it is then.  Where others have it, wait for them,
 * or return false.  Returns false also where there is no such partition.
 */
bool
azr_partition_lock(const text *handler, int32 number, bool wait, AzrPartition *partition)
{
	AzrQueryArgs args = handler_arg(handler);
	AzrPartitions found = {0};

	azr_query_arg(&args, INT4OID, Int32GetDatum(number), false);
	(void) azr_query_modify(wait
							? "SELECT " PARTITION_COLUMNS " FROM %s.azr_group_partitions "
							"WHERE handler = $1 AND partition = $2 FOR UPDATE"
							: "SELECT " PARTITION_COLUMNS " FROM %s.azr_group_partitions "
							"WHERE handler = $1 AND partition = $2 FOR UPDATE SKIP LOCKED",
							&args, note_partition, &found);
	if (found.count == 0)
		return false;
	*partition = found.all[0];
	return true;
}

/*
 * Lock all partitions of a group, and wait for those who have some of them.  Returns how many
 * there are.
 */
int
azr_partitions_lock(const text *handler)
{
	AzrQueryArgs args = handler_arg(handler);

	return (int) azr_query_modify("SELECT FROM %s.azr_group_partitions "
								  "WHERE handler = $1 ORDER BY partition FOR UPDATE",
								  &args, NULL, NULL);
}

void
azr_partitions_add(AzrPartitions *partitions, const AzrPartition *partition)
{
	partitions->all = azr_grow(partitions->all, partitions->count, &partitions->allocated,
							   sizeof(AzrPartition));
	partitions->all[partitions->count++] = *partition;
}

/*
 * Move locked partitions to a position, those that are not past it, and end their leases.
 */
void
azr_partitions_move(const text *handler, const AzrPartitions *which, int64 position)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT4ARRAYOID, azr_partition_numbers(which), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(position), false);
	azr_query_must_change("azr_group_partitions", which->count,
						  "UPDATE %s.azr_group_partitions "
						  "SET position = greatest(position, $3), leased_until = NULL, "
						  "token = NULL, given_to = NULL, last_given = NULL "
						  "WHERE handler = $1 AND partition = ANY ($2)",
						  &args);
}

/*
 * Set all partitions of a group, 'count' of them, to a position, and end their leases.  We
 * have locked them.
 */
void
azr_partitions_set(const text *handler, int count, int64 position)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT8OID, Int64GetDatum(position), false);
	azr_query_must_change("azr_group_partitions", count,
						  "UPDATE %s.azr_group_partitions "
						  "SET position = $2, leased_until = NULL, token = NULL, "
						  "given_to = NULL, last_given = NULL WHERE handler = $1",
						  &args);
}

/*
 * Lease a locked partition to who has its new token, from now on.
 */
void
azr_partition_lease(const text *handler, const AzrPartition *partition, const Interval *lease)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT4OID, Int32GetDatum(partition->number), false);
	azr_query_arg(&args, INTERVALOID, IntervalPGetDatum(lease), false);
	azr_query_arg(&args, UUIDOID, UUIDPGetDatum(&partition->token), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(partition->given_to), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(partition->last_given), false);
	azr_query_must_change("azr_group_partitions", 1,
						  "UPDATE %s.azr_group_partitions "
						  "SET leased_until = clock_timestamp() + $3, token = $4, "
						  "given_to = $5, last_given = $6 "
						  "WHERE handler = $1 AND partition = $2",
						  &args);
}

/*
 * Move a locked partition to its new position.  'ends' is whether the lease ends.  Its token
 * stays, so that who does not know whether an acknowledgement has arrived can repeat it.
 */
void
azr_partition_acknowledge(const text *handler, const AzrPartition *partition, bool ends)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT4OID, Int32GetDatum(partition->number), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(partition->position), false);
	azr_query_arg(&args, BOOLOID, BoolGetDatum(ends), false);
	azr_query_must_change("azr_group_partitions", 1,
						  "UPDATE %s.azr_group_partitions "
						  "SET position = $3, leased_until = CASE WHEN NOT $4 THEN leased_until END "
						  "WHERE handler = $1 AND partition = $2",
						  &args);
}

/*
 * Note that something else of a locked partition has changed: a transaction that must stick to
 * an older PostgreSQL snapshot then cannot lock it.
 */
void
azr_partition_touch(const text *handler, int32 number)
{
	AzrQueryArgs args = handler_arg(handler);

	azr_query_arg(&args, INT4OID, Int32GetDatum(number), false);
	azr_query_must_change("azr_group_partitions", 1,
						  "UPDATE %s.azr_group_partitions SET position = position "
						  "WHERE handler = $1 AND partition = $2",
						  &args);
}

/*
 * Show others that we have locked the row of a partition.
 */
static void
show_lock(const text *handler, int32 number)
{
	(void) azr_try_lock(AZR_LOCK_PARTITION, lock_key(handler, number), ExclusiveLock);
}

static uint64
lock_key(const text *handler, int32 number)
{
	return azr_hash_text(handler, (uint64) number);
}

static AzrQueryArgs
handler_arg(const text *handler)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	return args;
}

/*
 * The numbers of partitions, as an int[].
 */
Datum
azr_partition_numbers(const AzrPartitions *partitions)
{
	Datum	   *numbers = palloc(Max(partitions->count, 1) * sizeof(Datum));

	for (int i = 0; i < partitions->count; i++)
		numbers[i] = Int32GetDatum(partitions->all[i].number);
	return PointerGetDatum(construct_array(numbers, partitions->count, INT4OID, sizeof(int32),
										   true, TYPALIGN_INT));
}
