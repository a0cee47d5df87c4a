/*-------------------------------------------------------------------------
 *
 * streams_of.c
 *	  azr_streams_of: the streams of an edition, with when they began and how far
 *	  they have come.
 *
 * The streams are read by an index in the order of their roots, some thousand at a time, and
 * their first and last events are then looked up in the order of the streams' ids, which is
 * that of the index on the events: most are on a page that was just looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/event_table.h"
#include "fmgr.h"
#include "plumbing/result.h"
#include "streams/root_scan.h"
#include "utils/snapmgr.h"

/* How many streams are looked at together at most. */
#define MAX_STREAMS		16384

/* Columns of azr_stream, as in streams_of.sql. */
enum
{
	Anum_azr_stream_root = 1,
	Anum_azr_stream_next_sequence,
	Anum_azr_stream_created_at,
	Anum_azr_stream_last_created_at,
	Natts_azr_stream = Anum_azr_stream_last_created_at
};

static const Oid column_types[Natts_azr_stream] = {
	UUIDOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID
};

#define ST_SORT sort_by_id
#define ST_ELEMENT_TYPE AzrSpanQuery
#define ST_COMPARE(a, b) \
	((a)->stream_id < (b)->stream_id ? -1 : (a)->stream_id > (b)->stream_id)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(azr_streams_of);

static void look_up_spans(bool main, const AzrRootValue *streams, int count,
						  AzrSpanQuery *queries, int *query_of, Snapshot snapshot);
static void put_stream(ReturnSetInfo *set, const pg_uuid_t *root, const AzrSpanQuery *span);

/*
 * azr_streams_of(domain, edition, after, max_count) -> setof azr_stream
 *
 * Goes by the caller's snapshot; takes AccessShareLock on the tables only.
 */
Datum
azr_streams_of(PG_FUNCTION_ARGS)
{
	text	   *domain = azr_arg_name(fcinfo, 0, "domain");
	text	   *edition = azr_arg_edition(fcinfo, 1, "edition");
	const pg_uuid_t *after = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	AzrOptionalInt64 max_count = azr_arg_optional_count(fcinfo, 3, "max_count");
	int64		left = max_count.given ? max_count.value : PG_INT64_MAX;
	int			at_once = (int) Min(left, MAX_STREAMS);
	bool		main = azr_edition_is_main(edition);
	Snapshot	snapshot = GetActiveSnapshot();
	ReturnSetInfo *set = azr_set_begin(fcinfo, column_types, Natts_azr_stream);
	AzrRootValue *streams = palloc(at_once * sizeof(AzrRootValue));
	AzrSpanQuery *queries = palloc(at_once * sizeof(AzrSpanQuery));
	int		   *query_of = palloc(at_once * sizeof(int));
	AzrRootScan scan;

	azr_stream_roots_begin(&scan, domain, edition, after, snapshot);
	while (left > 0 && !scan.finished)
	{
		int			count = azr_root_scan_read(&scan, streams, (int) Min(left, at_once));

		look_up_spans(main, streams, count, queries, query_of, snapshot);
		for (int i = 0; i < count; i++)
		{
			const AzrSpanQuery *span = &queries[query_of[i]];

			/* no append makes a stream without events, but an INSERT can */
			if (span->next == 0)
				continue;
			put_stream(set, &streams[i].root, span);
			left--;
		}
	}
	azr_root_scan_end(&scan);
	pfree(streams);
	pfree(queries);
	pfree(query_of);
	PG_RETURN_NULL();
}

/*
 * Look up the first and last events of streams.  'query_of' gets the place of each stream's
 * answer in 'queries'.
 */
static void
look_up_spans(bool main, const AzrRootValue *streams, int count, AzrSpanQuery *queries,
			  int *query_of, Snapshot snapshot)
{
	for (int i = 0; i < count; i++)
	{
		queries[i].stream_id = streams[i].value;
		queries[i].place = i;
	}
	sort_by_id(queries, count);
	azr_events_find_spans(main, queries, count, snapshot);
	for (int i = 0; i < count; i++)
		query_of[queries[i].place] = i;
}

static void
put_stream(ReturnSetInfo *set, const pg_uuid_t *root, const AzrSpanQuery *span)
{
	Datum		values[Natts_azr_stream];
	bool		nulls[Natts_azr_stream] = {false};

	values[Anum_azr_stream_root - 1] = UUIDPGetDatum(root);
	values[Anum_azr_stream_next_sequence - 1] = Int64GetDatum(span->next);
	values[Anum_azr_stream_created_at - 1] = TimestampTzGetDatum(span->first_at);
	values[Anum_azr_stream_last_created_at - 1] = TimestampTzGetDatum(span->last_at);
	azr_set_put(set, values, nulls);
}
