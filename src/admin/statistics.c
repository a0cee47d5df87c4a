/*-------------------------------------------------------------------------
 *
 * statistics.c
 *	  azr_statistics: what domains have, and what has happened to appends there.
 *
 * An append counts nothing that succeeds.  What has succeeded is stored, and the feed has it in
 * an order in which nothing is skipped or comes twice.  So who asks for the statistics counts
 * what the feed has got since somebody asked last, and stores the sums, in azr_domain_counts.
 * Whatever is lost of the feed, in a crash or a failover, is lost of the sums, too.
 *
 * One session counts at a time, under a lock that is not waited for (AZR_LOCK_STATISTICS).
 * Counting goes on behind the last position that is counted.  The batch of that may have grown:
 * then what was added to it has higher tickets than what it had (see feed/numbering.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "feed/feed.h"
#include "feed/numbering.h"
#include "fmgr.h"
#include "pgstat.h"
#include "plumbing/args.h"
#include "plumbing/lock.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/setting.h"
#include "streams/happening.h"
#include "streams/lists.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(azr_statistics);

/*
 * What one call counts and numbers at most.  A batch has up to 200 appends.  What is numbered is
 * less, since nobody else can number until the transaction has ended.
 */
#define MAX_BATCHES		2500
#define MAX_NUMBERED	100000

/* Columns of the composite type azr_domain_statistics, as in statistics.sql. */
enum
{
	Anum_azr_domain_statistics_domain = 1,
	Anum_azr_domain_statistics_streams,
	Anum_azr_domain_statistics_events,
	Anum_azr_domain_statistics_appends,
	Anum_azr_domain_statistics_conflicts,
	Anum_azr_domain_statistics_duplicates,
	Anum_azr_domain_statistics_merges,
	Anum_azr_domain_statistics_bytes,
	Anum_azr_domain_statistics_last_append,
	Natts_azr_domain_statistics = Anum_azr_domain_statistics_last_append
};

static const Oid column_types[Natts_azr_domain_statistics] = {
	TEXTOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID
};

/* In place of AZR_WITH_DOMAINS: the domain $2, if it has streams. */
#define ONE_DOMAIN \
	"WITH d AS (SELECT s.domain FROM %s.azr_streams s " \
	"WHERE s.domain >= $2 ORDER BY s.domain LIMIT 1) "

/* What is counted of them.  $1 is the OID of the table whose size is divided. */
#define COUNTS \
	"SELECT d.domain::text, coalesce(c.streams, 0)::bigint, coalesce(c.events, 0)::bigint, " \
	"coalesce(c.appends, 0)::bigint, " \
	"(coalesce(c.weight::float8 / nullif(a.weight, 0), 0) * a.size)::bigint, " \
	"c.last_append::timestamptz " \
	"FROM d LEFT JOIN %s.azr_domain_counts c ON c.domain = d.domain, " \
	"(SELECT pg_total_relation_size($1) AS size, " \
	"(SELECT t.weight FROM %s.azr_domain_counts t WHERE t.domain = '') AS weight) a "

/*
 * Count what comes behind the position $1 - 1, which has the ticket $2 or a lower one in its
 * batch; $3 batches at most.
 *
 * The row of an event has some 100 bytes beside payload and metadata, entries of indexes among
 * them.  An append that has moved here from another node has a negative number of events.
 */
#define COUNT_MORE \
	"WITH b AS MATERIALIZED (" \
	"SELECT first_position, events, tickets FROM %s.azr_feed_batches " \
	"WHERE first_position >= coalesce((SELECT max(l.first_position) FROM %s.azr_feed_batches l " \
	"WHERE l.first_position < $1), 0) " \
	"ORDER BY first_position LIMIT $3), " \
	"counted AS (SELECT first_position + events - $1 AS events, greatest(tickets[cardinality(tickets)], tickets[cardinality(tickets) - 1]) AS last_ticket " \
	"FROM b ORDER BY first_position DESC LIMIT 1), " \
	"by_stream AS (SELECT e.stream_id, count(*) FILTER (WHERE e.sequence = 0) AS streams, " \
	"sum(e.events)::bigint AS events, count(*) AS appends, sum(e.events * e.size)::bigint AS weight, " \
	"max(e.created_at) AS last_append " \
	"FROM b, generate_series(1, cardinality(b.tickets), 2) i, LATERAL (" \
	"SELECT e.stream_id, e.sequence, e.created_at, abs(coalesce(e.ticket_events, 1)::bigint) AS events, " \
	"100::bigint + pg_column_size(e.payload) + coalesce(pg_column_size(e.metadata), 0) AS size " \
	"FROM %s.azr_main_events e WHERE e.ticket BETWEEN b.tickets[i] AND b.tickets[i + 1] " \
	"AND (b.first_position >= $1 OR e.ticket > $2) OFFSET 0) e GROUP BY e.stream_id), " \
	"with_domain AS (SELECT (SELECT s.domain FROM %s.azr_streams s WHERE s.stream_id = e.stream_id) " \
	"AS domain, e.* FROM by_stream e), " \
	"sums AS (SELECT coalesce(domain, '') AS domain, sum(streams)::bigint AS streams, " \
	"sum(events)::bigint AS events, sum(appends)::bigint AS appends, sum(weight)::bigint AS weight, " \
	"max(last_append) AS last_append FROM with_domain GROUP BY ROLLUP (domain) " \
	"HAVING domain IS NOT NULL OR grouping(domain) = 1) " \
	"INSERT INTO %s.azr_domain_counts AS d " \
	"(domain, streams, events, appends, weight, last_append, last_ticket) " \
	"SELECT s.domain, coalesce(s.streams, 0), CASE WHEN s.domain = '' THEN c.events ELSE s.events END, " \
	"coalesce(s.appends, 0), coalesce(s.weight, 0), s.last_append, CASE WHEN s.domain = '' THEN c.last_ticket END " \
	"FROM sums s, counted c WHERE c.events > 0 " \
	"ON CONFLICT (domain) DO UPDATE SET streams = d.streams + excluded.streams, " \
	"events = d.events + excluded.events, appends = d.appends + excluded.appends, " \
	"weight = d.weight + excluded.weight, " \
	"last_append = greatest(d.last_append, excluded.last_append), last_ticket = excluded.last_ticket"

/* How far counting has come. */
typedef struct Counted
{
	int64		next_position;
	int64		last_ticket;
} Counted;

static bool may_store(void);
static bool is_being_copied(void);
static void count_more(void);
static bool count(void);
static void note_counted(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void list_domain(uint64 row, const Datum *values, const bool *nulls, void *arg);

/*
 * azr_statistics(domain) -> setof azr_domain_statistics
 */
Datum
azr_statistics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = azr_set_begin(fcinfo, column_types, Natts_azr_domain_statistics);
	AzrQueryArgs args = {0};
	text	   *domain = PG_ARGISNULL(0) ? NULL : azr_arg_name(fcinfo, 0, "domain");

	if (may_store() && !is_being_copied())
		count_more();
	azr_query_arg(&args, REGCLASSOID, ObjectIdGetDatum(azr_main_events_relid()), false);
	if (domain != NULL)
		azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), false);
	azr_query_latest(domain == NULL
					 ? AZR_WITH_DOMAINS COUNTS "WHERE d.domain IS NOT NULL ORDER BY d.domain"
					 : ONE_DOMAIN COUNTS "WHERE d.domain = $2",
					 &args, list_domain, set);
	PG_RETURN_NULL();
}

/*
 * Can this transaction store what it counts?  One that must stick to its snapshot would fail where
 * another one has counted since.
 */
static bool
may_store(void)
{
	return !RecoveryInProgress() && !IsInParallelMode() && !XactReadOnly &&
		!IsolationUsesXactSnapshot();
}

/*
 * Is this a subscriber that is being set up?  Each table is copied by itself, so batches of the feed
 * can be there before their events.  After that, what is committed together comes together.  Whether
 * all events of a batch are there is no sign of it: some are gone with a slot that was dropped.
 */
static bool
is_being_copied(void)
{
	AzrQueryArgs args = {0};
	AzrQueryValue copied = {false, (Datum) 0};

	azr_query_arg(&args, OIDOID, ObjectIdGetDatum(azr_main_events_relid()), false);
	azr_query_latest("SELECT EXISTS (SELECT FROM pg_subscription_rel r "
					 "JOIN pg_class c ON c.oid = r.srrelid WHERE r.srsubstate <> 'r' "
					 "AND c.relnamespace = (SELECT e.relnamespace FROM pg_class e WHERE e.oid = $1))",
					 &args, azr_query_note, &copied);
	return copied.found && DatumGetBool(copied.value);
}

/*
 * Count what the feed has, and then what it gets by numbering what it has not.  In this order,
 * others that want to number wait for little.
 */
static void
count_more(void)
{
	AzrNumbered numbered = AZR_NOTHING_TO_NUMBER;
	bool		stored;

	if (!azr_try_lock(AZR_LOCK_STATISTICS, 0, ExclusiveLock))
		return;
	stored = count();
	if (azr_may_number())
		(void) azr_feed_number_if_any(MAX_NUMBERED, &numbered);
	if (numbered == AZR_NUMBERED)
		stored |= count();
	if (!stored)
		azr_unlock(AZR_LOCK_STATISTICS, 0, ExclusiveLock);
}

/*
 * Returns whether there was anything to count.
 *
 * The planner cannot know how many tickets a batch has, and is told to go by the indexes.
 */
static bool
count(void)
{
	AzrQueryArgs args = {0};
	Counted		counted = {0, 0};
	int			guc_level = NewGUCNestLevel();
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"};
	uint64		rows;

	azr_query_latest("SELECT events::bigint, coalesce(last_ticket, 0)::bigint "
					 "FROM %s.azr_domain_counts WHERE domain = ''",
					 &args, note_counted, &counted);
	azr_query_arg(&args, INT8OID, Int64GetDatum(counted.next_position), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(counted.last_ticket), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(MAX_BATCHES), false);
	for (int i = 0; i < lengthof(off); i++)
		azr_set(off[i], "off");
	rows = azr_query_modify(COUNT_MORE, &args, NULL, NULL);
	AtEOXact_GUC(false, guc_level);
	return rows > 0;
}

static void
note_counted(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Counted    *counted = (Counted *) arg;

	azr_check_row(nulls, 2);
	counted->next_position = DatumGetInt64(values[0]);
	counted->last_ticket = DatumGetInt64(values[1]);
}

/*
 * Return what is counted of a domain, with what has happened there.
 */
static void
list_domain(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	ReturnSetInfo *set = (ReturnSetInfo *) arg;
	Datum		result[Natts_azr_domain_statistics] = {0};
	bool		result_nulls[Natts_azr_domain_statistics] = {false};
	static const struct
	{
		AttrNumber	column;
		AzrHappening happening;
	}			happenings[] = {
		{Anum_azr_domain_statistics_conflicts, AZR_HAPPENING_CONFLICT},
		{Anum_azr_domain_statistics_duplicates, AZR_HAPPENING_DUPLICATE},
		{Anum_azr_domain_statistics_merges, AZR_HAPPENING_MERGE}
	};

	azr_check_row(nulls, 5);
	result[Anum_azr_domain_statistics_domain - 1] = values[0];
	result[Anum_azr_domain_statistics_streams - 1] = values[1];
	result[Anum_azr_domain_statistics_events - 1] = values[2];
	result[Anum_azr_domain_statistics_appends - 1] = values[3];
	result[Anum_azr_domain_statistics_bytes - 1] = values[4];
	result[Anum_azr_domain_statistics_last_append - 1] = values[5];
	result_nulls[Anum_azr_domain_statistics_last_append - 1] = nulls[5];
	for (int i = 0; i < lengthof(happenings); i++)
	{
		result_nulls[happenings[i].column - 1] = !pgstat_track_counts;
		if (pgstat_track_counts)
			result[happenings[i].column - 1] =
				Int64GetDatum(azr_happenings(happenings[i].happening, DatumGetTextPP(values[0])));
	}
	azr_set_put(set, result, result_nulls);
}
