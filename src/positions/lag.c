/*-------------------------------------------------------------------------
 *
 * lag.c
 *	  azr_lag: the streams that a handler is behind in.
 *
 * The streams of an edition, and a handler's positions in it, are both read by an index in
 * the order of their roots.  They are merged, and in each stream an event past the position
 * is looked for.  That costs one probe at most, and reads nothing else if the handler is up
 * to date.
 *
 * The rows of an edition are gathered in batches, and no scan stays open between them.  So
 * the function can return a row when it is asked for one, and stop when no more are wanted.
 * If there are several editions of a domain, their rows are merged by root, so that a
 * caller can go on after the root that it has seen last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "events/event_table.h"
#include "events/timeline.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "positions/positions.h"
#include "streams/edition.h"
#include "streams/stream.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

/* How many streams of an edition are looked at together: the first time, and at most. */
#define FIRST_STREAMS	64
#define MAX_STREAMS		32768

/* Columns of azr_lag_entry, as in lag.sql. */
enum
{
	Anum_azr_lag_entry_domain = 1,
	Anum_azr_lag_entry_edition,
	Anum_azr_lag_entry_root,
	Anum_azr_lag_entry_position,
	Anum_azr_lag_entry_next_sequence,
	Anum_azr_lag_entry_lag,
	Natts_azr_lag_entry = Anum_azr_lag_entry_lag
};

static const Oid column_types[Natts_azr_lag_entry] = {
	TEXTOID, TEXTOID, UUIDOID, INT8OID, INT8OID, INT8OID
};

/* A position for a stream without one. */
#define NO_POSITION	INT64CONST(-1)

/* A stream that is looked at and, if the handler is behind in it, becomes a row. */
typedef struct LaggingStream
{
	pg_uuid_t	root;
	int64		stream_id;		/* or AZR_NO_STREAM, where there is only a
								 * position */
	int64		position;		/* or NO_POSITION */
	int64		next_sequence;	/* 0 where the handler is not behind */
} LaggingStream;

/* An edition that the handler follows. */
typedef struct Followed
{
	text	   *edition;
	bool		is_main;
	int			place;			/* among the domain's, in byte order */
	AzrOptionalInt64 divergence;	/* the registered one */
	bool		begun;			/* some streams have been looked at */
	bool		finished;		/* all have */
	pg_uuid_t	after;			/* the last one that was */
	int			at_once;		/* how many are looked at together */

	/* rows that were found and are not returned yet: from 'next' on */
	int			next;
	int			count;
	int			allocated;
	LaggingStream *rows;
} Followed;

/* A call of the function. */
typedef struct Lag
{
	MemoryContext context;		/* of all this */
	MemoryContext domain_context;	/* of what is known of one domain */
	text	   *handler;
	bool		one_domain;
	text	   *domain;			/* the current one, or NULL before the first */
	bool		has_after;
	pg_uuid_t	after;
	int64		wanted;			/* how many more rows */
	bool		has_last;		/* a row of the current domain was returned */
	pg_uuid_t	last;			/* its root */
	bool		walk;			/* look ends up by walking along the index */
	int			nfollowed;
	Followed   *followed;
	binaryheap *heap;			/* of those that may have rows, or NULL */
} Lag;

#define ST_SORT sort_by_id
#define ST_ELEMENT_TYPE AzrEndQuery
#define ST_COMPARE(a, b) \
	((a)->stream_id < (b)->stream_id ? -1 : (a)->stream_id > (b)->stream_id)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

PG_FUNCTION_INFO_V1(azr_lag);

static Lag *begin_lag(FunctionCallInfo fcinfo, MemoryContext context);
static const Followed *next_row(Lag *lag, LaggingStream *row);
static bool next_domain(Lag *lag);
static List *followed_editions(const Lag *lag, Snapshot snapshot);
static void gather(Lag *lag, Followed *followed);
static int	merge(LaggingStream *rows, const AzrRootValue *streams, int nstreams,
				  const AzrRootValue *positions, int npositions, const pg_uuid_t *to);
static void look_up_ends(Lag *lag, const Followed *followed, LaggingStream *rows,
						 int nrows, Snapshot snapshot);
static int64 shared_next(const Lag *lag, const Followed *followed, pg_uuid_t *root);
static int	compare_followed(Datum a, Datum b, void *arg);

/*
 * azr_lag(handler, domain, after, max_count) -> setof azr_lag_entry
 */
Datum
azr_lag(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Lag		   *lag;
	const Followed *followed;
	LaggingStream row;
	Datum		values[Natts_azr_lag_entry];
	bool		nulls[Natts_azr_lag_entry] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext oldcontext;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		oldcontext = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "azr_lag returns no composite type");
		azr_check_columns(fcinfo, desc, column_types, Natts_azr_lag_entry);
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = begin_lag(fcinfo, call->multi_call_memory_ctx);
		MemoryContextSwitchTo(oldcontext);
	}
	call = SRF_PERCALL_SETUP();
	lag = (Lag *) call->user_fctx;

	followed = next_row(lag, &row);
	if (followed == NULL)
		SRF_RETURN_DONE(call);

	values[Anum_azr_lag_entry_domain - 1] = PointerGetDatum(lag->domain);
	values[Anum_azr_lag_entry_edition - 1] = PointerGetDatum(followed->edition);
	values[Anum_azr_lag_entry_root - 1] = UUIDPGetDatum(&row.root);
	values[Anum_azr_lag_entry_position - 1] = Int64GetDatum(row.position);
	nulls[Anum_azr_lag_entry_position - 1] = row.position == NO_POSITION;
	values[Anum_azr_lag_entry_next_sequence - 1] = Int64GetDatum(row.next_sequence);
	values[Anum_azr_lag_entry_lag - 1] = Int64GetDatum(row.next_sequence - 1 - row.position);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/*
 * Read the arguments.  Called in the memory context of the whole call.
 */
static Lag *
begin_lag(FunctionCallInfo fcinfo, MemoryContext context)
{
	Lag		   *lag = palloc0(sizeof(Lag));
	AzrOptionalInt64 max_count = azr_arg_optional_count(fcinfo, 3, "max_count");

	lag->context = context;
	lag->domain_context = AllocSetContextCreate(context, "angzarr lag", ALLOCSET_DEFAULT_SIZES);
	lag->handler = azr_copy_text(azr_arg_name(fcinfo, 0, "handler"), context);
	lag->one_domain = !PG_ARGISNULL(1);
	if (lag->one_domain)
		lag->domain = azr_copy_text(azr_arg_name(fcinfo, 1, "domain"), context);
	lag->has_after = !PG_ARGISNULL(2);
	if (lag->has_after)
	{
		if (!lag->one_domain)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"after\" needs argument \"domain\""),
					 errhint("Pages go by root, within one domain.")));
		lag->after = *PG_GETARG_UUID_P(2);
	}
	lag->walk = true;
	lag->wanted = max_count.given ? max_count.value : PG_INT64_MAX;
	return lag;
}

/*
 * Get the next row, if one is wanted and there is one.  Returns its edition, or NULL.
 *
 * A page ends with all rows of its last root, since the next page begins after that root.
 */
static const Followed *
next_row(Lag *lag, LaggingStream *row)
{
	for (;;)
	{
		Followed   *followed;
		bool		has_row;

		if (lag->heap == NULL || binaryheap_empty(lag->heap))
		{
			if (lag->wanted == 0 || !next_domain(lag))
				return NULL;
			continue;
		}

		followed = (Followed *) DatumGetPointer(binaryheap_first(lag->heap));
		has_row = followed->next < followed->count;
		if (lag->wanted == 0 &&
			(!has_row || !lag->has_last ||
			 azr_compare_roots(&followed->rows[followed->next].root, &lag->last) != 0))
			return NULL;

		if (has_row)
		{
			*row = followed->rows[followed->next++];
			lag->last = row->root;
			lag->has_last = true;
			if (lag->wanted > 0)
				lag->wanted--;
		}
		else if (!followed->finished)
			gather(lag, followed);

		if (followed->next == followed->count && followed->finished)
			(void) binaryheap_remove_first(lag->heap);
		else
			binaryheap_replace_first(lag->heap, PointerGetDatum(followed));
		if (has_row)
			return followed;
	}
}

/*
 * Go on with the next domain.  Returns false after the last one.
 */
static bool
next_domain(Lag *lag)
{
	Snapshot	snapshot = GetActiveSnapshot();
	MemoryContext oldcontext;
	List	   *editions;
	ListCell   *lc;

	if (lag->one_domain && lag->heap != NULL)
		return false;
	if (!lag->one_domain)
	{
		text	   *domain = azr_positions_next_domain(lag->handler, lag->domain, snapshot);

		if (domain == NULL)
			return false;
		if (lag->domain != NULL)
			pfree(lag->domain);
		lag->domain = azr_copy_text(domain, lag->context);
	}

	lag->heap = NULL;
	lag->has_last = false;
	MemoryContextReset(lag->domain_context);
	oldcontext = MemoryContextSwitchTo(lag->domain_context);
	editions = followed_editions(lag, snapshot);
	lag->nfollowed = list_length(editions);
	lag->followed = palloc0(lag->nfollowed * sizeof(Followed));
	lag->heap = binaryheap_allocate(lag->nfollowed, compare_followed, NULL);
	MemoryContextSwitchTo(oldcontext);

	foreach(lc, editions)
	{
		Followed   *followed = &lag->followed[foreach_current_index(lc)];

		followed->edition = (text *) lfirst(lc);
		followed->is_main = azr_edition_is_main(followed->edition);
		followed->place = foreach_current_index(lc);
		if (!followed->is_main)
			followed->divergence = azr_edition_find(lag->domain, followed->edition,
													snapshot).divergence;
		gather(lag, followed);
		if (followed->count > 0 || !followed->finished)
			binaryheap_add_unordered(lag->heap, PointerGetDatum(followed));
	}
	binaryheap_build(lag->heap);
	return true;
}

/*
 * The editions of the current domain in which the handler has a position, in byte order.
 * If the caller has named the domain, the main timeline is always one of them.
 */
static List *
followed_editions(const Lag *lag, Snapshot snapshot)
{
	List	   *editions = NIL;
	text	   *main_edition = cstring_to_text(AZR_MAIN_EDITION);
	bool		add_main = lag->one_domain;
	text	   *edition = NULL;

	do
	{
		int			order = -1;

		CHECK_FOR_INTERRUPTS();
		edition = azr_positions_next_edition(lag->handler, lag->domain, edition, snapshot);
		if (edition != NULL)
			order = varstr_cmp(VARDATA_ANY(main_edition), VARSIZE_ANY_EXHDR(main_edition),
							   VARDATA_ANY(edition), VARSIZE_ANY_EXHDR(edition),
							   C_COLLATION_OID);
		if (add_main && order <= 0)
		{
			if (order < 0)
				editions = lappend(editions, main_edition);
			add_main = false;
		}
		if (edition != NULL)
			editions = lappend(editions, edition);
	} while (edition != NULL);
	return editions;
}

/*
 * Look at the next streams of an edition, after all rows that were found so far were
 * returned.  Those that the handler is behind in become rows.  There may be no rows although
 * more streams are to come.
 */
static void
gather(Lag *lag, Followed *followed)
{
	Snapshot	snapshot = GetActiveSnapshot();
	const pg_uuid_t *after = NULL;
	const pg_uuid_t *to = NULL;
	AzrRootScan streams;
	AzrRootScan positions;
	AzrRootValue *found;
	int			nstreams;
	int			npositions;
	int			nrows;
	int			max;

	if (followed->begun)
		after = &followed->after;
	else if (lag->has_after)
		after = &lag->after;
	followed->at_once = followed->begun ? followed->at_once * 4 : FIRST_STREAMS;
	followed->at_once = Min(followed->at_once, Max(MAX_STREAMS / Max(lag->nfollowed, 1), 1));
	max = followed->at_once;

	found = MemoryContextAllocHuge(CurrentMemoryContext, 2 * max * sizeof(AzrRootValue));
	azr_stream_roots_begin(&streams, lag->domain, followed->edition, after, snapshot);
	nstreams = azr_root_scan_read(&streams, found, max);
	azr_root_scan_end(&streams);
	azr_position_roots_begin(&positions, lag->handler, lag->domain, followed->edition, after,
							 snapshot);
	npositions = azr_root_scan_read(&positions, found + max, max);
	azr_root_scan_end(&positions);

	/* what is past the end of either has to wait for the next batch */
	if (!streams.finished)
		to = &streams.last;
	if (!positions.finished && (to == NULL || azr_compare_roots(&positions.last, to) < 0))
		to = &positions.last;
	followed->begun = true;
	followed->finished = to == NULL;
	if (to != NULL)
		followed->after = *to;

	if (2 * max > followed->allocated)
	{
		if (followed->rows != NULL)
			pfree(followed->rows);
		followed->rows = MemoryContextAllocHuge(lag->domain_context,
												2 * max * sizeof(LaggingStream));
		followed->allocated = 2 * max;
	}
	nrows = merge(followed->rows, found, nstreams, found + max, npositions, to);
	pfree(found);
	look_up_ends(lag, followed, followed->rows, nrows, snapshot);

	followed->next = 0;
	followed->count = 0;
	for (int i = 0; i < nrows; i++)
		if (followed->rows[i].next_sequence > 0)
			followed->rows[followed->count++] = followed->rows[i];
}

/*
 * Merge streams and positions by their roots, up to the root 'to', or all of them if that
 * is NULL.  Returns how many roots there are.
 */
static int
merge(LaggingStream *rows, const AzrRootValue *streams, int nstreams,
	  const AzrRootValue *positions, int npositions, const pg_uuid_t *to)
{
	int			nrows = 0;
	int			i = 0;
	int			j = 0;

	while (i < nstreams || j < npositions)
	{
		LaggingStream *row = &rows[nrows];
		int			order = -1;

		if (i == nstreams)
			order = 1;
		else if (j < npositions)
			order = azr_compare_roots(&streams[i].root, &positions[j].root);

		row->root = order <= 0 ? streams[i].root : positions[j].root;
		if (to != NULL && azr_compare_roots(&row->root, to) > 0)
			break;
		row->stream_id = order <= 0 ? streams[i++].value : AZR_NO_STREAM;
		row->position = order >= 0 ? positions[j++].value : NO_POSITION;
		row->next_sequence = 0;
		nrows++;
	}
	return nrows;
}

/*
 * Note the next sequence of the streams that the handler is behind in.
 *
 * They are looked up in the order of their ids, which is that of the index: most are
 * on a page that was just looked at.
 */
static void
look_up_ends(Lag *lag, const Followed *followed, LaggingStream *rows, int nrows,
			 Snapshot snapshot)
{
	AzrEndQuery *queries = MemoryContextAllocHuge(CurrentMemoryContext,
												  Max(nrows, 1) * sizeof(AzrEndQuery));
	int			nqueries = 0;

	for (int i = 0; i < nrows; i++)
	{
		LaggingStream *row = &rows[i];

		CHECK_FOR_INTERRUPTS();
		if (row->stream_id != AZR_NO_STREAM)
		{
			queries[nqueries].stream_id = row->stream_id;
			queries[nqueries].after = row->position;
			queries[nqueries].next = 0;
			queries[nqueries].place = i;
			nqueries++;
		}
		else if (!followed->is_main &&
				 !(followed->divergence.given &&
				   followed->divergence.value - 1 <= row->position))
		{
			int64		next = shared_next(lag, followed, &row->root);

			if (next - 1 > row->position)
				row->next_sequence = next;
		}
	}

	sort_by_id(queries, nqueries);
	azr_events_find_ends(followed->is_main, queries, nqueries, &lag->walk, snapshot);
	for (int i = 0; i < nqueries; i++)
		rows[queries[i].place].next_sequence = queries[i].next;
	pfree(queries);
}

/*
 * The next sequence of a root that has no events of its own in the edition: what it
 * shares with the main timeline.
 */
static int64
shared_next(const Lag *lag, const Followed *followed, pg_uuid_t *root)
{
	AzrStreamName name = {lag->domain, followed->edition, root};
	AzrStreamName main_name = azr_main_stream(&name);
	AzrTimeline timeline = {0};

	timeline.is_edition = true;
	timeline.main = azr_stream_find(&main_name, GetActiveSnapshot());
	timeline.shared_to = followed->divergence;
	return azr_timeline_next(&timeline, GetActiveSnapshot());
}

/*
 * The heap has the greatest element on top, so the edition whose next row comes first must
 * be the greatest.  If an edition has no row at hand, all that is known is that its next
 * row comes after the last stream that was looked at.
 */
static int
compare_followed(Datum a, Datum b, void *arg)
{
	const Followed *left = (const Followed *) DatumGetPointer(a);
	const Followed *right = (const Followed *) DatumGetPointer(b);
	bool		left_has_row = left->next < left->count;
	bool		right_has_row = right->next < right->count;
	const pg_uuid_t *left_root = left_has_row ? &left->rows[left->next].root : &left->after;
	const pg_uuid_t *right_root = right_has_row ? &right->rows[right->next].root : &right->after;
	int			order = azr_compare_roots(left_root, right_root);

	if (order == 0 && left_has_row != right_has_row)
		order = left_has_row ? -1 : 1;
	if (order == 0)
		order = left->place - right->place;
	return -order;
}
