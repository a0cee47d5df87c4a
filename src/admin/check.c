/*-------------------------------------------------------------------------
 *
 * check.c
 *	  azr_check: is what is stored what the rules say?
 *
 * The store's functions cannot break the rules.  What can: an INSERT or a disabled
 * trigger, by a superuser or by the tables' owner; a restore of some of the tables; a
 * disk or memory that lies.
 *
 * One pass over each leaf's primary key counts the events of each stream, and joins the
 * streams.  Only streams whose count does not fit are looked at in detail.
 *
 * The tables' owner may have changed them.  So the queries cast each column to its type,
 * and rows are checked for NULLs before they are used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "admin/take_over.h"
#include "catalog/pg_type.h"
#include "events/erased.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "plumbing/args.h"
#include "plumbing/query.h"
#include "plumbing/result.h"
#include "plumbing/setting.h"
#include "streams/problem.h"
#include "streams/slot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(azr_check);

/* How often a long check says how far it has got. */
#define NOTICE_INTERVAL_MS	10000

typedef struct Check
{
	ReturnSetInfo *rsinfo;
	Snapshot	snapshot;
	TimestampTz last_notice;
	int64		streams;
	int64		events;
} Check;

/*
 * Streams with what they have in a leaf.  %1$s stands for the name of the leaf, and %2$s
 * for the comparison of its stream_ids with 0.  The first takes one pass over all of it,
 * the second one probe for each stream.
 */
#define COUNTED "SELECT stream_id, count(*), min(sequence) AS first, max(sequence) AS last "

#define ALL_STREAMS \
	"(" COUNTED "FROM %%s.%1$s GROUP BY stream_id) e FULL JOIN " \
	"(SELECT * FROM %%s.azr_streams WHERE stream_id %2$s 0) s ON s.stream_id = e.stream_id"

#define STREAMS_OF_DOMAIN \
	"%%s.azr_streams s LEFT JOIN LATERAL " \
	"(" COUNTED "FROM %%s.%1$s WHERE stream_id = s.stream_id GROUP BY stream_id) e ON true " \
	"WHERE s.domain = $1 AND s.stream_id %2$s 0"

/* The next sequence of the main timeline that a stream diverges from. */
#define MAIN_NEXT \
	"(SELECT (SELECT least(max(n.sequence), 9223372036854775806) + 1 " \
	"FROM %s.azr_main_events n WHERE n.stream_id = p.stream_id) " \
	"FROM %s.azr_streams p WHERE p.domain = s.domain AND p.edition = '" AZR_MAIN_EDITION "' " \
	"AND p.root = s.root)"

/* How many events some appends have. */
#define APPENDED \
	"coalesce(sum(CASE WHEN ticket IS NOT NULL THEN coalesce(abs(ticket_events::bigint), 1) END), 0)"

static void check_store(Check *check);
static void check_feed(Check *check);
static void check_leaf(Check *check, const text *domain, bool editions);
static void check_stream(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void find_gaps(Check *check, const AzrProblemPlace *place, int64 stream_id, int64 from);
static void check_end(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void add_row(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void add_problem(Check *check, const char *problem, const AzrProblemPlace *place,
						int64 sequence, char *detail);
static void show_progress(Check *check);
static AzrProblemPlace place_of(const Datum *values, const bool *nulls, int column);
static AzrQueryArgs domain_arg(const text *domain);

/*
 * azr_check(domain) -> setof azr_problem
 */
Datum
azr_check(PG_FUNCTION_ARGS)
{
	text	   *domain = PG_ARGISNULL(0) ? NULL : azr_arg_name(fcinfo, 0, "domain");
	AzrQueryArgs args = domain_arg(domain);
	Check		check = {0};

	check.rsinfo = azr_problems_begin(fcinfo);
	check.snapshot = GetActiveSnapshot();
	check.last_notice = GetCurrentTimestamp();

	check_leaf(&check, domain, false);
	check_leaf(&check, domain, true);
	azr_query_each("SELECT 'pending_without_cascade', s.domain::text, s.edition::text, "
				   "s.root::uuid, e.sequence::bigint, 'No cascade can confirm or revoke it.' "
				   "FROM %s.azr_events e LEFT JOIN %s.azr_streams s ON s.stream_id = e.stream_id "
				   "WHERE NOT e.committed AND e.cascade_id IS NULL "
				   "AND ($1 IS NULL OR s.domain = $1)",
				   &args, add_row, &check);
	azr_query_each("SELECT 'snapshot_past_end', domain::text, edition::text, root::uuid, "
				   "max(sequence)::bigint, 'A snapshot' FROM ("
				   "SELECT domain, edition, root, sequence FROM %s.azr_latest_snapshots UNION ALL "
				   "SELECT domain, edition, root, sequence FROM %s.azr_snapshot_history) n "
				   "WHERE $1 IS NULL OR domain = $1 GROUP BY domain, edition, root",
				   &args, check_end, &check);
	azr_query_each("SELECT 'position_past_end', domain::text, edition::text, root::uuid, "
				   "sequence::bigint, 'Handler \"' || handler || '\"' FROM %s.azr_positions "
				   "WHERE $1 IS NULL OR domain = $1",
				   &args, check_end, &check);
	azr_query_each("SELECT 'erased_without_record', s.domain::text, s.edition::text, s.root::uuid, "
				   "e.sequence::bigint, 'Nothing is on record of who erased it, and when.' "
				   "FROM %s.azr_event_types t JOIN %s.azr_events e ON e.type_id = t.type_id "
				   "LEFT JOIN %s.azr_streams s ON s.stream_id = e.stream_id "
				   "WHERE t.type = '" AZR_ERASED_TYPE "' AND ($1 IS NULL OR s.domain = $1) "
				   "AND NOT EXISTS (SELECT FROM %s.azr_erased_events r "
				   "WHERE r.stream_id = e.stream_id AND r.sequence = e.sequence)",
				   &args, add_row, &check);
	azr_query_each("SELECT 'not_erased', s.domain::text, s.edition::text, s.root::uuid, "
				   "r.sequence::bigint, 'It is on record that it was erased, but it ' "
				   "|| CASE WHEN e.type_id IS NULL THEN 'is missing.' "
				   "ELSE 'has what was erased.' END FROM %s.azr_erased_events r "
				   "LEFT JOIN %s.azr_streams s ON s.stream_id = r.stream_id "
				   "LEFT JOIN %s.azr_events e ON e.stream_id = r.stream_id "
				   "AND e.sequence = r.sequence "
				   "LEFT JOIN %s.azr_event_types t ON t.type_id = e.type_id "
				   "WHERE ($1 IS NULL OR s.domain = $1) AND (t.type = '" AZR_ERASED_TYPE "' "
				   "AND e.metadata IS NULL) IS NOT TRUE",
				   &args, add_row, &check);
	if (domain == NULL)
	{
		check_store(&check);
		check_feed(&check);
	}
	PG_RETURN_NULL();
}

/*
 * Check what belongs to no domain: the sequences of streams' numbers and of tickets, and triggers.
 */
static void
check_store(Check *check)
{
	AzrQueryArgs no_args = {0};

	azr_query_each("SELECT 'sequence_behind', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'Sequence ' || b.name || ' stands at ' || b.given "
				   "|| ', but numbers are taken up to ' || b.taken "
				   "|| '. Call azr_take_over() before this database is written to.' "
				   "FROM (" AZR_SEQUENCE_BEHIND ") b(name, id, given, taken)",
				   &no_args, add_row, check);
	azr_query_each("SELECT 'trigger_not_always', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'Trigger ' || w.trigger || ' of ' || w.relation || ' ' || w.state "
				   "|| CASE WHEN w.can_enable THEN '. Call azr_take_over() to enable it.' "
				   "ELSE '. Create it as the extension''s install script does.' END "
				   "FROM (" AZR_WEAK_TRIGGERS ") w(relation, trigger, state, can_enable)",
				   &no_args, add_row, check);
}

/*
 * Check that each event of the main timeline belongs to an append that has a ticket, that
 * numbering has given a position to each event of the appends that it has passed, and that
 * the positions are without a gap.
 */
static void
check_feed(Check *check)
{
	AzrQueryArgs no_args = {0};

	azr_query_each("SELECT 'not_in_feed', s.domain::text, s.edition::text, s.root::uuid, "
				   "NULL::bigint, 'Of its ' || n.events || ' events, ' || n.appended "
				   "|| ' belong to appends that have a ticket.' "
				   "FROM (SELECT stream_id, count(*) AS events, " APPENDED " AS appended "
				   "FROM %s.azr_main_events GROUP BY stream_id) n "
				   "LEFT JOIN %s.azr_streams s ON s.stream_id = n.stream_id "
				   "WHERE n.events <> n.appended",
				   &no_args, add_row, check);
	azr_query_each("SELECT 'feed_lacks_events', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'Numbering has passed ' || n.passed || ' events, and given ' "
				   "|| n.next_position || ' positions.' "
				   "FROM (SELECT f.next_position, (SELECT " APPENDED " FROM %s.azr_main_events e "
				   "WHERE e.ticket < f.next_ticket AND NOT EXISTS ("
				   "SELECT FROM generate_series(1, cardinality(f.pending), 3) i "
				   "WHERE e.ticket BETWEEN f.pending[i] AND f.pending[i + 1]) "
				   "AND NOT EXISTS (SELECT FROM %s.azr_feed_unborn u "
				   "WHERE e.ticket BETWEEN u.first_ticket AND u.last_ticket)) AS passed "
				   "FROM %s.azr_feed_state f) p CROSS JOIN LATERAL (SELECT p.next_position, p.passed "
				   "+ coalesce((SELECT -sum(t.n::numeric) FROM %s.azr_feed_batches b, "
				   "unnest(b.tickets) t(n) WHERE t.n < 0), 0) AS passed) n "
				   "WHERE n.passed <> n.next_position",
				   &no_args, add_row, check);
	azr_query_each("SELECT 'feed_gap', NULL::text, NULL::text, NULL::uuid, NULL::bigint, "
				   "'The feed goes on at position ' || b.next || ' after position ' "
				   "|| b.expected - 1 || '.' "
				   "FROM (SELECT first_position + events::numeric AS expected, "
				   "lead(first_position) OVER (ORDER BY first_position, events) AS next "
				   "FROM (SELECT first_position, events FROM %s.azr_feed_batches "
				   "UNION ALL SELECT 0, 0 "
				   "UNION ALL SELECT next_position, 0 FROM %s.azr_feed_state) a) b "
				   "WHERE b.next <> b.expected",
				   &no_args, add_row, check);
}

/*
 * Check the streams, and the events, of the main timeline or of editions.
 *
 * The planner is told to go by the primary key: in its order, and reading only the index as
 * far as the table has been vacuumed.
 */
static void
check_leaf(Check *check, const text *domain, bool editions)
{
	AzrQueryArgs no_args = {0};
	AzrQueryArgs args = domain == NULL ? no_args : domain_arg(domain);
	int			guc_level = NewGUCNestLevel();
	static const char *const off[] = {
		"enable_seqscan", "enable_bitmapscan", "enable_hashagg", "enable_sort"
	};

	for (int i = 0; i < lengthof(off); i++)
		azr_set(off[i], "off");
	azr_query_each(psprintf("SELECT coalesce(e.stream_id, s.stream_id)::bigint, e.count, "
							"e.first::bigint, e.last::bigint, s.stream_id IS NOT NULL, "
							"s.divergence::bigint, s.domain::text, s.edition::text, s.root::uuid, "
							"%s::bigint FROM %s",
							editions ? MAIN_NEXT : "NULL",
							psprintf(domain == NULL ? ALL_STREAMS : STREAMS_OF_DOMAIN,
									 editions ? "azr_edition_events" : "azr_main_events",
									 editions ? "<" : ">=")),
				   &args, check_stream, check);
	AtEOXact_GUC(false, guc_level);
}

/*
 * Check a row of check_leaf().
 */
static void
check_stream(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Check	   *check = (Check *) arg;
	int64		id = DatumGetInt64(values[0]);
	int64		count = nulls[1] ? 0 : DatumGetInt64(values[1]);
	int64		first = nulls[2] ? 0 : DatumGetInt64(values[2]);
	int64		last = nulls[3] ? 0 : DatumGetInt64(values[3]);
	bool		has_divergence = !nulls[5];
	int64		divergence = has_divergence ? DatumGetInt64(values[5]) : 0;
	int64		main_next = nulls[9] ? 0 : DatumGetInt64(values[9]);
	AzrProblemPlace place = place_of(values, nulls, 6);

	azr_check_row(nulls, 1);
	if (DatumGetBool(values[4]))
		azr_check_row(&nulls[6], 3);
	check->streams++;
	check->events += count;
	show_progress(check);

	if (!DatumGetBool(values[4]))
	{
		add_problem(check, "event_without_stream", &place, first,
					psprintf("Stream %lld has no row in azr_streams; its events number %lld.",
							 (long long) id, (long long) count));
		return;
	}
	if (!azr_slot_is_own(DatumGetUUIDP(values[8])) &&
		!azr_slot_is_moving(DatumGetUUIDP(values[8])))
	{
		AzrOptionalInt64 none = {false, 0};

		azr_problem_put(check->rsinfo, "foreign_stream", &place, none,
						azr_slot_owner(DatumGetUUIDP(values[8])));
	}
	if (azr_edition_is_main(DatumGetTextPP(values[7])) != (id > 0) ||
		has_divergence != (id < 0))
		add_problem(check, "wrong_timeline", &place, first,
					psprintf("Stream %lld: those of the main timeline have positive numbers and no divergence, those of editions negative ones and a divergence.",
							 (long long) id));
	else if (has_divergence && (divergence < 0 || divergence > main_next))
		add_problem(check, "wrong_divergence", &place, divergence,
					psprintf("Divergence is %lld, next sequence of the main timeline is %lld.",
							 (long long) divergence, (long long) main_next));
	if (count == 0)
		add_problem(check, "stream_without_event", &place, divergence,
					psprintf("Stream %lld has a row in azr_streams, but no event.",
							 (long long) id));
	else if (first < divergence)
		add_problem(check, "event_below_start", &place, first,
					psprintf("The stream's own events begin at %lld.", (long long) divergence));

	/* the distance between two bigints may not fit into one */
	if (count > 0 &&
		(first > divergence || (uint64) last - (uint64) first != (uint64) count - 1))
		find_gaps(check, &place, id, Min(first, divergence));
}

/*
 * Say which sequences a stream lacks, from the one that it begins with.
 */
static void
find_gaps(Check *check, const AzrProblemPlace *place, int64 stream_id, int64 from)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, INT8OID, Int64GetDatum(stream_id), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(from), false);
	azr_query_arg(&args, TEXTOID, place->names[0], place->nulls[0]);
	azr_query_arg(&args, TEXTOID, place->names[1], place->nulls[1]);
	azr_query_arg(&args, UUIDOID, place->names[2], place->nulls[2]);
	azr_query_each("SELECT 'gap', $3, $4, $5, g.first::bigint, CASE WHEN g.first = g.last "
				   "THEN 'Sequence ' || g.first || ' is missing.' "
				   "ELSE 'Sequences ' || g.first || ' to ' || g.last || ' are missing.' END "
				   "FROM (SELECT coalesce(lag(e.sequence) OVER (ORDER BY e.sequence) + 1::numeric, "
				   "$2) AS first, e.sequence - 1::numeric AS last "
				   "FROM %s.azr_events e WHERE e.stream_id = $1) g "
				   "WHERE g.first <= g.last",
				   &args, add_row, check);
}

/*
 * Check that a snapshot, or a position, is not past its stream's last event.  A stream
 * without events may have snapshots.  Of another node's stream, the end is not known here.
 */
static void
check_end(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Check	   *check = (Check *) arg;
	AzrProblemPlace place = place_of(values, nulls, 1);
	int64		sequence = nulls[4] ? 0 : DatumGetInt64(values[4]);
	AzrOptionalInt64 no_divergence = {false, 0};
	AzrStreamName name;
	AzrTimeline timeline;
	int64		next;

	azr_check_row(nulls, 6);
	name.domain = DatumGetTextPP(values[1]);
	name.edition = DatumGetTextPP(values[2]);
	name.root = DatumGetUUIDP(values[3]);
	if (!azr_slot_is_own(name.root))
		return;
	timeline = azr_timeline_find(&name, no_divergence, check->snapshot);
	next = azr_timeline_next(&timeline, check->snapshot);

	show_progress(check);
	if (next > 0 && sequence >= next)
		add_problem(check, TextDatumGetCString(values[0]), &place, sequence,
					psprintf("%s is at %lld, next sequence is %lld.",
							 TextDatumGetCString(values[5]), (long long) sequence,
							 (long long) next));
}

/*
 * Callback: a row that is reported as it is.
 */
static void
add_row(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	Check	   *check = (Check *) arg;

	azr_set_put(check->rsinfo, values, nulls);
}

static void
add_problem(Check *check, const char *problem, const AzrProblemPlace *place, int64 sequence,
			char *detail)
{
	AzrOptionalInt64 given = {true, sequence};

	azr_problem_put(check->rsinfo, problem, place, given, detail);
}

/*
 * Say now and then how far the check has got.
 */
static void
show_progress(Check *check)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(check->last_notice, now, NOTICE_INTERVAL_MS))
		return;
	ereport(NOTICE,
			(errmsg("azr_check has seen %lld streams with %lld events",
					(long long) check->streams, (long long) check->events)));
	check->last_notice = now;
}

/*
 * The names of a stream, in three columns from 'column' on.
 */
static AzrProblemPlace
place_of(const Datum *values, const bool *nulls, int column)
{
	AzrProblemPlace place;

	memcpy(place.names, &values[column], sizeof(place.names));
	memcpy(place.nulls, &nulls[column], sizeof(place.nulls));
	return place;
}

static AzrQueryArgs
domain_arg(const text *domain)
{
	AzrQueryArgs args = {0};

	azr_query_arg(&args, TEXTOID, PointerGetDatum(domain), domain == NULL);
	return args;
}
