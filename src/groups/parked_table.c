/*-------------------------------------------------------------------------
 *
 * parked_table.c
 *	  Streams that a group holds back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "groups/parked_table.h"
#include "plumbing/grow.h"
#include "plumbing/query.h"
#include "plumbing/text.h"

/* As note_stream() expects them. */
#define PARKED_COLUMNS \
	"p.stream_id::bigint, p.partition::int, p.parked_from::bigint, p.done_below::bigint, " \
	"p.sequence::bigint"

static void note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg);
static int	compare_streams(const void *a, const void *b);
static void note_handler(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * What is noted of the streams of some partitions, by the active PostgreSQL snapshot: those
 * that are parked, and those that go on.
 */
AzrParkedStreams
azr_parked_in(const text *handler, const AzrPartitions *partitions)
{
	AzrQueryArgs args = {0};
	AzrParkedStreams streams = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, INT4ARRAYOID, azr_partition_numbers(partitions), false);
	azr_query_read("SELECT " PARKED_COLUMNS " FROM %s.azr_parked_streams p "
				   "WHERE p.handler = $1 AND p.partition = ANY ($2)",
				   &args, note_stream, &streams);
	if (streams.count > 1)
		qsort(streams.all, streams.count, sizeof(AzrParkedStream), compare_streams);
	return streams;
}

static void
note_stream(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	AzrParkedStreams *streams = (AzrParkedStreams *) arg;
	AzrParkedStream *stream;

	azr_check_row(nulls, 2);
	azr_check_row(&nulls[3], 2);
	streams->all = azr_grow(streams->all, streams->count, &streams->allocated,
							sizeof(AzrParkedStream));
	stream = &streams->all[streams->count++];
	stream->stream_id = DatumGetInt64(values[0]);
	stream->partition = DatumGetInt32(values[1]);
	stream->is_parked = !nulls[2];
	stream->parked_from = nulls[2] ? 0 : DatumGetInt64(values[2]);
	stream->done_below = DatumGetInt64(values[3]);
	stream->sequence = DatumGetInt64(values[4]);
	if (stream->partition < 0 || stream->partition >= AZR_MAX_PARTITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stream %lld is parked in partition %d",
						(long long) stream->stream_id, stream->partition),
				 errhint("Somebody has changed azr_parked_streams.")));
}

/*
 * What azr_parked_in() has found of a stream, or NULL for nothing.
 */
const AzrParkedStream *
azr_parked_find(const AzrParkedStreams *streams, int64 stream_id)
{
	AzrParkedStream key = {.stream_id = stream_id};

	if (streams->count == 0)
		return NULL;
	return bsearch(&key, streams->all, streams->count, sizeof(AzrParkedStream), compare_streams);
}

static int
compare_streams(const void *a, const void *b)
{
	int64		first = ((const AzrParkedStream *) a)->stream_id;
	int64		second = ((const AzrParkedStream *) b)->stream_id;

	return first < second ? -1 : first > second;
}

/*
 * The streams that a group has parked, of a domain unless 'domain' is NULL, and with a root
 * unless 'root' is NULL, as of now.  The one that is parked for longest comes first.
 */
AzrParkedStreams
azr_parked_named(const text *handler, const text *domain, const pg_uuid_t *root)
{
	AzrQueryArgs args = {0};
	AzrParkedStreams streams = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), domain == NULL);
	azr_query_arg(&args, UUIDOID, PointerGetDatum(root), root == NULL);
	azr_query_latest("SELECT " PARKED_COLUMNS " FROM %s.azr_parked_streams p "
					 "JOIN %s.azr_streams s ON s.stream_id = p.stream_id "
					 "WHERE p.handler = $1 AND p.parked_from IS NOT NULL "
					 "AND ($2 IS NULL OR s.domain = $2) AND ($3 IS NULL OR s.root = $3) "
					 "ORDER BY p.parked_at, p.stream_id",
					 &args, note_stream, &streams);
	return streams;
}

/*
 * What is noted of a stream now.  Returns false for nothing.
 */
bool
azr_parked_get(const text *handler, AzrParkedStream *stream)
{
	AzrQueryArgs args = {0};
	AzrParkedStreams streams = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->stream_id), false);
	azr_query_latest("SELECT " PARKED_COLUMNS " FROM %s.azr_parked_streams p "
					 "WHERE p.handler = $1 AND p.stream_id = $2",
					 &args, note_stream, &streams);
	if (streams.count == 0)
		return false;
	*stream = streams.all[0];
	return true;
}

/*
 * Park a stream.  One that is parked already stays so from where it is, if that comes before.
 * What azr_retry() has given before the event that is parked stays done.
 */
void
azr_parked_put(const text *handler, const AzrParkedStream *stream, const text *reason)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->stream_id), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(stream->partition), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->parked_from), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->sequence), false);
	azr_query_arg(&args, TEXTOID, PointerGetDatum(reason), false);
	azr_query_must_change("azr_parked_streams", 1,
						  "INSERT INTO %s.azr_parked_streams AS p "
						  "(handler, stream_id, partition, parked_from, done_below, "
						  "sequence, parked_at, reason) "
						  "VALUES ($1, $2, $3, $4, 0, $5, clock_timestamp(), $6) "
						  "ON CONFLICT (handler, stream_id) DO UPDATE SET "
						  "sequence = CASE WHEN p.parked_from < excluded.parked_from "
						  "THEN p.sequence ELSE excluded.sequence END, "
						  "parked_from = least(p.parked_from, excluded.parked_from), "
						  "done_below = least(p.done_below, excluded.parked_from), "
						  "parked_at = excluded.parked_at, reason = excluded.reason",
						  &args);
	azr_partition_touch(handler, stream->partition);
}

/*
 * Store how far azr_retry() has come with a stream.
 */
void
azr_parked_set(const text *handler, const AzrParkedStream *stream)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->stream_id), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->parked_from), !stream->is_parked);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->done_below), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(stream->sequence), false);
	azr_query_must_change("azr_parked_streams", 1,
						  "UPDATE %s.azr_parked_streams "
						  "SET parked_from = $3, done_below = $4, sequence = $5 "
						  "WHERE handler = $1 AND stream_id = $2",
						  &args);
	azr_partition_touch(handler, stream->partition);
}

/*
 * Forget the streams of some partitions that go on, where the partition has come as far as
 * azr_retry() had.
 */
void
azr_parked_forget(const text *handler, const AzrPartitions *partitions)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	azr_query_arg(&args, INT4ARRAYOID, azr_partition_numbers(partitions), false);
	(void) azr_query_modify("DELETE FROM %s.azr_parked_streams p "
							"USING %s.azr_group_partitions g "
							"WHERE p.handler = $1 AND p.partition = ANY ($2) "
							"AND p.parked_from IS NULL "
							"AND g.handler = p.handler AND g.partition = p.partition "
							"AND p.done_below <= g.position + 1",
							&args, NULL, NULL);
}

void
azr_parked_forget_all(const text *handler)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(handler), false);
	(void) azr_query_modify("DELETE FROM %s.azr_parked_streams WHERE handler = $1",
							&args, NULL, NULL);
}

/*
 * Forget why a stream is parked, whatever group has done it: what was said of its events may be
 * a copy of what they have.  A row does not say which of the stream's events the reason is of, so
 * it goes with any of them.
 *
 * This needs no lock of a partition: nobody goes by the reason, and a row that a worker is
 * changing is waited for.
 */
void
azr_parked_blank(int64 stream_id)
{
	AzrQueryArgs args = {0};
	List	   *handlers = NIL;
	ListCell   *lc;

	azr_query_arg(&args, INT8OID, Int64GetDatum(stream_id), false);
	(void) azr_query_modify("SELECT p.handler::text FROM %s.azr_parked_streams p "
							"WHERE p.stream_id = $1 AND p.handler IN "
							"(SELECT g.handler FROM %s.azr_registered_groups g) "
							"AND p.reason <> '' ORDER BY p.handler FOR UPDATE OF p",
							&args, note_handler, &handlers);
	foreach(lc, handlers)
	{
		AzrQueryArgs row = {0};

		azr_query_arg(&row, TEXTOID, PointerGetDatum(lfirst(lc)), false);
		azr_query_arg(&row, INT8OID, Int64GetDatum(stream_id), false);
		azr_query_must_change("azr_parked_streams", 1,
							  "UPDATE %s.azr_parked_streams SET reason = '' "
							  "WHERE handler = $1 AND stream_id = $2",
							  &row);
	}
}

static void
note_handler(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	List	  **handlers = (List **) arg;

	azr_check_row(nulls, 1);
	*handlers = lappend(*handlers,
						azr_copy_text(DatumGetTextPP(values[0]), CurrentMemoryContext));
}
