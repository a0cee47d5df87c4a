/*-------------------------------------------------------------------------
 *
 * event_table.c
 *	  The table of events: its columns, and the ways to read it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "events/event_table.h"
#include "events/type.h"
#include "miscadmin.h"
#include "plumbing/grow.h"
#include "plumbing/numbered.h"
#include "plumbing/probe.h"
#include "plumbing/query.h"
#include "plumbing/text.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

static const AzrColumn events_columns[Natts_azr_events] = {
#define AZR_DECLARE(name, type, not_null) {#name, type, not_null},
	AZR_STORED_COLUMNS(AZR_DECLARE)
#undef AZR_DECLARE
};

/* Places in the arrays of indexes below. */
enum
{
	INDEX_PRIMARY_KEY,
	INDEX_EXTERNAL_ID,
	INDEX_SOURCE,
	INDEX_CASCADE,
	INDEX_RESOLVING,
	NUM_EDITION_INDEXES,
	INDEX_TICKET = NUM_EDITION_INDEXES,
	NUM_INDEXES
};

#define EVENT_INDEXES(leaf) \
	[INDEX_PRIMARY_KEY] = { \
		leaf "_pkey", 2, \
		{Anum_azr_events_stream_id, Anum_azr_events_sequence}, 0, 0 \
	}, \
	[INDEX_EXTERNAL_ID] = { \
		leaf "_external_id_idx", 2, \
		{Anum_azr_events_stream_id, Anum_azr_events_external_id}, \
		Anum_azr_events_external_id, 0 \
	}, \
	[INDEX_SOURCE] = { \
		leaf "_source_idx", 3, \
		{ \
			Anum_azr_events_stream_id, Anum_azr_events_source_root, \
			Anum_azr_events_source_sequence \
		}, \
		Anum_azr_events_source_root, 0 \
	}, \
	[INDEX_CASCADE] = { \
		leaf "_cascade_idx", 4, \
		{ \
			Anum_azr_events_cascade_id, Anum_azr_events_stream_id, \
			Anum_azr_events_committed, Anum_azr_events_sequence \
		}, \
		Anum_azr_events_cascade_id, 0 \
	}, \
	[INDEX_RESOLVING] = { \
		leaf "_resolving_idx", 2, \
		{Anum_azr_events_stream_id, Anum_azr_events_sequence}, \
		Anum_azr_events_cascade_id, Anum_azr_events_committed \
	}

static const AzrIndex main_indexes[NUM_INDEXES] = {
	EVENT_INDEXES("azr_main_events"),
	[INDEX_TICKET] = {
		"azr_main_events_ticket_idx", 1, {Anum_azr_events_ticket}, Anum_azr_events_ticket, 0
	}
};

static const AzrIndex edition_indexes[NUM_EDITION_INDEXES] = {
	EVENT_INDEXES("azr_edition_events")
};

AZR_CHECK_INDEXES(main_indexes);

/* What events are found by that have something to do with each other. */
static const AzrComputed correlation_key = {
	"azr_correlation_key", azr_correlation_key, 2,
	{Anum_azr_events_correlation_uuid, Anum_azr_events_correlation_id}
};

static AzrTable main_table = {
	.name = "azr_main_events",
	.parent = "azr_events",
	.ncolumns = Natts_azr_events,
	.columns = events_columns,
	.nindexes = NUM_INDEXES,
	.indexes = main_indexes,
	.computed = &correlation_key
};

static AzrTable edition_table = {
	.name = "azr_edition_events",
	.parent = "azr_events",
	.ncolumns = Natts_azr_events,
	.columns = events_columns,
	.nindexes = NUM_EDITION_INDEXES,
	.indexes = edition_indexes,
	.computed = &correlation_key
};

static AzrNumbers tickets = {
	.sequence = "azr_tickets",
	.table = &main_table,
	.index = INDEX_TICKET,
	.column = Anum_azr_events_ticket,
	.in_order = true
};

const AzrEventColumn azr_event_columns[Natts_azr_event] = {
#define AZR_DECLARE_STORED(name, type) {#name, type, Anum_azr_events_##name},
#define AZR_DECLARE_OTHER(name, type) {#name, type, InvalidAttrNumber},
	AZR_EVENT_COLUMNS(AZR_DECLARE_STORED, AZR_DECLARE_OTHER, AZR_DECLARE_OTHER, AZR_DECLARE_STORED)
#undef AZR_DECLARE_STORED
#undef AZR_DECLARE_OTHER
};



/* How many entries of the primary key are read at most, in all and a stream, to save a descent. */
#define WALK_START		32
#define WALK_ENTRIES	12

static int	walk_to_ends(AzrTable *leaf, Relation rel, AzrScan *probe, AzrEndQuery *queries,
						 int count, Snapshot snapshot);
static void probe_end(AzrScan *probe, AzrEndQuery *query);
static void end_keys(ScanKeyData *keys, int64 stream_id, int64 after);
static int64 sequence_after(TupleTableSlot *event);
static AzrFoundEvents find_events(int64 stream_id, int index, ScanKey keys, int nkeys,
								  const AzrSource *source, Snapshot snapshot);
static void add_found(AzrFoundEvents *found, TupleTableSlot *event);
static int	compare_found(const void *a, const void *b, void *arg);
static void begin_range(AzrEventScan *scan, int index, int64 stream_id, int64 from,
						AzrOptionalInt64 to, Snapshot snapshot);
static bool next_version(AzrTicketScan *scan, AzrTicket *ticket);
static bool column_equals(TupleTableSlot *event, AttrNumber attno, const text *value);

/*
 * The leaf that holds a stream's events.
 */
AzrTable *
azr_events_leaf(int64 stream_id)
{
	return stream_id < 0 ? &edition_table : &main_table;
}

static ScanKeyData
stream_key(int64 stream_id)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	return key;
}

/*
 * Where a stream ends: one backward index probe.  Who is going to append gives the lock
 * mode that this takes.
 */
AzrStreamEnd
azr_events_end(int64 stream_id, Snapshot snapshot, LOCKMODE lockmode)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	Relation	rel = azr_table_open(leaf, lockmode);
	ScanKeyData key = stream_key(stream_id);
	AzrScan		scan;
	TupleTableSlot *event;
	AzrStreamEnd end = {0, DT_NOBEGIN, {0}};

	event = azr_probe_last(&scan, leaf, rel, INDEX_PRIMARY_KEY, lockmode, snapshot, &key, 1,
						   Anum_azr_events_created_at);
	if (event != NULL)
	{
		end.next = sequence_after(event);
		end.created_at = azr_stored_created_at(event);
		end.leaf = scan.leaf;
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return end;
}

/*
 * Does a stream own an event at a sequence?  This reads one entry of the index, and not a
 * page of them as azr_events_end() does in a long stream.
 */
bool
azr_event_exists(int64 stream_id, int64 sequence, Snapshot snapshot)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	Relation	rel = azr_table_open(leaf, AccessShareLock);
	ScanKeyData keys[2];
	AzrScan		scan;
	bool		found;

	keys[0] = stream_key(stream_id);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(sequence));
	azr_scan_begin(&scan, leaf, rel, INDEX_PRIMARY_KEY, snapshot, keys, lengthof(keys));
	found = azr_scan_next(&scan, ForwardScanDirection) != NULL;
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	return found;
}

/*
 * Answer questions about the ends of streams that are all on the main timeline, or all in
 * editions, and are sorted by their ids.
 *
 * Where many of the streams in a range are asked about, and they are short, it is faster to
 * walk along the index than to descend it for each.  That is tried while 'walk' is true; it
 * becomes false when the streams turn out to be long.
 */
void
azr_events_find_ends(bool main, AzrEndQuery *queries, int count, bool *walk, Snapshot snapshot)
{
	AzrTable   *leaf = main ? &main_table : &edition_table;
	Relation	rel = azr_table_open(leaf, AccessShareLock);
	ScanKeyData keys[2];
	AzrScan		probe;
	int			done = 0;

	end_keys(keys, 0, 0);
	azr_scan_begin(&probe, leaf, rel, INDEX_PRIMARY_KEY, snapshot, keys, lengthof(keys));
	if (*walk && count > 0 &&
		((uint64) queries[count - 1].stream_id - (uint64) queries[0].stream_id) / count < WALK_ENTRIES)
	{
		done = walk_to_ends(leaf, rel, &probe, queries, count, snapshot);
		*walk = done == count;
	}
	while (done < count)
		probe_end(&probe, &queries[done++]);
	azr_scan_end(&probe);
	table_close(rel, NoLock);
}

/*
 * Walk along the primary key.  Returns how many questions are answered: not all where too
 * many entries lie between.
 */
static int
walk_to_ends(AzrTable *leaf, Relation rel, AzrScan *probe, AzrEndQuery *queries, int count,
			 Snapshot snapshot)
{
	AzrScan		scan;
	ScanKeyData key;
	int64		last = -1;		/* of the current stream, past what is asked
								 * for */
	ItemPointerData last_tid;
	int			entries = 0;
	int			done = 0;

	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE,
				Int64GetDatum(queries[0].stream_id));
	azr_scan_begin(&scan, leaf, rel, INDEX_PRIMARY_KEY, snapshot, &key, 1);

	/* a scan that is to return index entries must know before it starts */
	scan.desc->xs_want_itup = true;
	index_rescan(scan.desc, &key, 1, NULL, 0);

	while (done < count && entries++ <= WALK_START + WALK_ENTRIES * done)
	{
		bool		found = index_getnext_tid(scan.desc, ForwardScanDirection) != NULL;
		ItemPointerData tid = scan.desc->xs_heaptid;
		int64		stream_id = PG_INT64_MAX;
		int64		sequence = -1;

		CHECK_FOR_INTERRUPTS();
		if (found)
		{
			bool		isnull;

			stream_id = DatumGetInt64(index_getattr(scan.desc->xs_itup, 1,
													scan.desc->xs_itupdesc, &isnull));
			sequence = DatumGetInt64(index_getattr(scan.desc->xs_itup, 2,
												   scan.desc->xs_itupdesc, &isnull));
		}
		while (done < count && (!found || queries[done].stream_id < stream_id))
		{
			if (last >= 0)
			{
				/*
				 * the entry says that there is a row, not that the snapshot
				 * shows it
				 */
				scan.desc->xs_heaptid = last_tid;
				if (index_fetch_heap(scan.desc, scan.slot))
				{
					slot_getallattrs(scan.slot);
					queries[done].next = sequence_after(scan.slot);
				}
				else
					probe_end(probe, &queries[done]);
				scan.desc->kill_prior_tuple = false;	/* that is another entry */
				last = -1;
			}
			done++;
		}
		if (done < count && queries[done].stream_id == stream_id &&
			sequence > queries[done].after)
		{
			last = sequence;
			last_tid = tid;
		}
	}
	azr_scan_end(&scan);
	return done;
}

/*
 * Answer a question by one backward probe of the primary key, which reads no event where the
 * answer is no.
 */
static void
probe_end(AzrScan *probe, AzrEndQuery *query)
{
	ScanKeyData keys[2];
	TupleTableSlot *event;

	end_keys(keys, query->stream_id, query->after);
	index_rescan(probe->desc, keys, lengthof(keys), NULL, 0);
	event = azr_scan_next(probe, BackwardScanDirection);
	query->next = event != NULL ? sequence_after(event) : 0;
}

/*
 * Answer questions about streams that are all on the main timeline, or all in editions, by
 * two index probes each.  It is faster if they are sorted by their ids.
 */
void
azr_events_find_spans(bool main, AzrSpanQuery *queries, int count, Snapshot snapshot)
{
	AzrTable   *leaf = main ? &main_table : &edition_table;
	Relation	rel = azr_table_open(leaf, AccessShareLock);
	ScanKeyData key = stream_key(0);
	AzrScan		scan;

	azr_scan_begin(&scan, leaf, rel, INDEX_PRIMARY_KEY, snapshot, &key, 1);
	for (int i = 0; i < count; i++)
	{
		AzrSpanQuery *query = &queries[i];
		TupleTableSlot *event;

		key = stream_key(query->stream_id);
		index_rescan(scan.desc, &key, 1, NULL, 0);
		event = azr_scan_next(&scan, BackwardScanDirection);
		query->next = 0;
		if (event == NULL)
			continue;
		query->next = sequence_after(event);
		query->last_at = azr_stored_created_at(event);
		query->first_at = query->last_at;

		/* what has sequence 0 is also the first one */
		if (query->next > 1)
		{
			index_rescan(scan.desc, &key, 1, NULL, 0);
			event = azr_scan_next(&scan, ForwardScanDirection);
			if (event != NULL)
				query->first_at = azr_stored_created_at(event);
		}
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
}

/*
 * Keys of the primary key for a stream's events past a sequence.
 */
static void
end_keys(ScanKeyData *keys, int64 stream_id, int64 after)
{
	keys[0] = stream_key(stream_id);
	ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after));
}

/*
 * The sequence after that of a stream's last event.
 */
static int64
sequence_after(TupleTableSlot *event)
{
	int64		last = azr_stored_sequence(event);

	/* no append gets there, but an INSERT can */
	if (last < 0 || last == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("no sequence comes after %lld", (long long) last),
				 errdetail("Stream %lld has an event that azr_append did not store.",
						   (long long) DatumGetInt64(event->tts_values[Anum_azr_events_stream_id - 1]))));
	return last + 1;
}

/*
 * The events of a stream that were appended with an external id.
 */
AzrFoundEvents
azr_events_by_external_id(int64 stream_id, const text *external_id, Snapshot snapshot)
{
	ScanKeyData keys[2];

	keys[0] = stream_key(stream_id);
	azr_key_text(&keys[1], 2, external_id);
	return find_events(stream_id, INDEX_EXTERNAL_ID, keys, lengthof(keys), NULL, snapshot);
}

/*
 * The events of a stream that one source event caused.
 */
AzrFoundEvents
azr_events_by_source(int64 stream_id, const AzrSource *source, Snapshot snapshot)
{
	ScanKeyData keys[3];

	keys[0] = stream_key(stream_id);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(source->root));
	ScanKeyInit(&keys[2], 3, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(source->sequence));
	return find_events(stream_id, INDEX_SOURCE, keys, lengthof(keys), source, snapshot);
}

/*
 * The events that an index finds, by sequence, in the current memory context.  Where they
 * are to have a source, its names are compared here: roots of different domains can be the
 * same.
 */
static AzrFoundEvents
find_events(int64 stream_id, int index, ScanKey keys, int nkeys,
			const AzrSource *source, Snapshot snapshot)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	Relation	rel = azr_table_open(leaf, AccessShareLock);
	AzrScan		scan;
	TupleTableSlot *event;
	AzrFoundEvents found = {0, 0, NULL};

	/* mostly there are none */
	if (azr_probe_is_absent(leaf, rel, index, keys, nkeys))
	{
		table_close(rel, NoLock);
		return found;
	}
	azr_scan_begin(&scan, leaf, rel, index, snapshot, keys, nkeys);
	while ((event = azr_scan_next(&scan, ForwardScanDirection)) != NULL)
	{
		if (source == NULL ||
			(column_equals(event, Anum_azr_events_source_domain, source->domain) &&
			 column_equals(event, Anum_azr_events_source_edition, source->edition)))
			add_found(&found, event);
	}
	azr_scan_end(&scan);
	table_close(rel, NoLock);
	if (found.count > 1)
		qsort_interruptible(found.all, found.count, sizeof(AzrFoundEvent), compare_found, NULL);
	return found;
}

static void
add_found(AzrFoundEvents *found, TupleTableSlot *event)
{
	AzrFoundEvent *added;
	text	   *cascade_id = azr_stored_cascade(event);

	found->all = azr_grow(found->all, found->count, &found->allocated, sizeof(AzrFoundEvent));
	added = &found->all[found->count++];
	added->sequence = azr_stored_sequence(event);
	added->pending_in = azr_stored_committed(event) || cascade_id == NULL
		? NULL : azr_copy_text(cascade_id, CurrentMemoryContext);
}

static int
compare_found(const void *a, const void *b, void *arg)
{
	int64		first = ((const AzrFoundEvent *) a)->sequence;
	int64		second = ((const AzrFoundEvent *) b)->sequence;

	return first < second ? -1 : first > second;
}

/*
 * Begin to read a stream's events of a cascade, committed or pending, ascending.
 */
void
azr_cascade_scan_begin(AzrEventScan *scan, int64 stream_id, const text *cascade_id,
					   bool committed, Snapshot snapshot)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	ScanKeyData keys[3];

	azr_key_text(&keys[0], 1, cascade_id);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stream_id));
	ScanKeyInit(&keys[2], 3, BTEqualStrategyNumber, F_BOOLEQ, BoolGetDatum(committed));
	scan->rel = azr_table_open(leaf, AccessShareLock);
	azr_scan_begin(&scan->scan, leaf, scan->rel, INDEX_CASCADE, snapshot, keys, lengthof(keys));
}

/*
 * Begin to read a stream's own events with from <= sequence < to.
 */
void
azr_event_scan_begin(AzrEventScan *scan, int64 stream_id, int64 from,
					 AzrOptionalInt64 to, Snapshot snapshot)
{
	begin_range(scan, INDEX_PRIMARY_KEY, stream_id, from, to, snapshot);
}

/*
 * The same in one direction.  The scan looks at events together where it can.
 */
void
azr_event_scan_begin_by_page(AzrEventScan *scan, int64 stream_id, int64 from,
							 AzrOptionalInt64 to, bool backward, Snapshot snapshot)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	AzrRange	range = {.first = stream_id,.from = from,.to = to};

	scan->rel = azr_table_open(leaf, AccessShareLock);
	azr_scan_begin_by_page(&scan->scan, leaf, scan->rel, INDEX_PRIMARY_KEY, &range,
						   backward ? BackwardScanDirection : ForwardScanDirection, snapshot);
}

/*
 * Begin to read those of them only that can resolve a cascade: committed ones with its id.
 */
void
azr_resolving_scan_begin(AzrEventScan *scan, int64 stream_id, int64 from,
						 AzrOptionalInt64 to, Snapshot snapshot)
{
	begin_range(scan, INDEX_RESOLVING, stream_id, from, to, snapshot);
}

static void
begin_range(AzrEventScan *scan, int index, int64 stream_id, int64 from,
			AzrOptionalInt64 to, Snapshot snapshot)
{
	AzrTable   *leaf = azr_events_leaf(stream_id);
	AzrRange	range = {.first = stream_id,.from = from,.to = to};
	ScanKeyData keys[AZR_MAX_RANGE_KEYS];
	int			nkeys = azr_range_keys(&range, keys);

	scan->rel = azr_table_open(leaf, AccessShareLock);
	azr_scan_begin(&scan->scan, leaf, scan->rel, index, snapshot, keys, nkeys);
}

/*
 * The next event, or NULL after the last one.
 */
TupleTableSlot *
azr_event_scan_next(AzrEventScan *scan)
{
	return azr_scan_next(&scan->scan, ForwardScanDirection);
}

/*
 * The same from the last event to the first one.  A scan goes in one direction only.
 */
TupleTableSlot *
azr_event_scan_previous(AzrEventScan *scan)
{
	return azr_scan_next(&scan->scan, BackwardScanDirection);
}

/*
 * An event by the place of its row: the one right behind 'place' on the same page.  Returns NULL
 * if there is no row that the scan's PostgreSQL snapshot shows, or it is another event.  Events
 * of one append mostly stand one behind the other, so this saves a descent of the primary key.
 */
TupleTableSlot *
azr_event_behind(AzrEventScan *scan, const ItemPointerData *place, int64 stream_id,
				 int64 sequence)
{
	TupleTableSlot *slot = scan->scan.slot;
	ItemPointerData behind = *place;

	/* other tables may put anything there */
	if (scan->rel->rd_rel->relam != HEAP_TABLE_AM_OID ||
		ItemPointerGetOffsetNumber(place) >= MaxHeapTuplesPerPage)
		return NULL;
	CHECK_FOR_INTERRUPTS();
	ItemPointerSetOffsetNumber(&behind, ItemPointerGetOffsetNumber(place) + 1);
	if (!table_tuple_fetch_row_version(scan->rel, &behind, scan->scan.desc->xs_snapshot, slot))
		return NULL;
	slot_getallattrs(slot);
	if (azr_stored_stream_id(slot) != stream_id || azr_stored_sequence(slot) != sequence)
		return NULL;
	return slot;
}

void
azr_event_scan_end(AzrEventScan *scan)
{
	azr_scan_end(&scan->scan);
	table_close(scan->rel, NoLock);
}

/*
 * The OID of the table of the main timeline's events.
 */
Oid
azr_main_events_relid(void)
{
	Relation	rel = azr_table_open(&main_table, AccessShareLock);
	Oid			relid = RelationGetRelid(rel);

	table_close(rel, NoLock);
	return relid;
}

/*
 * The ticket of the next append to the main timeline.  The caller holds RowExclusiveLock on the
 * table, by which numbering knows who may have one.
 */
int64
azr_next_ticket(void)
{
	return azr_next_number(&tickets);
}

/*
 * The last ticket that was drawn.
 */
int64
azr_last_ticket(void)
{
	AzrQueryArgs no_args = {0};
	AzrQueryValue last = {false, (Datum) 0};

	azr_query_latest("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END::bigint "
					 "FROM %s.azr_tickets", &no_args, azr_query_note, &last);
	return last.found ? DatumGetInt64(last.value) : AZR_NO_TICKET;
}

/*
 * Register a function that returns the highest ticket that numbering has passed: no append may
 * get that one or a lower one.
 */
void
azr_tickets_also_taken(int64 (*highest) (void))
{
	tickets.also_taken = highest;
}

/*
 * Begin to read the first events of the appends with the tickets from first to last, by
 * ticket.
 */
void
azr_ticket_event_scan_begin(AzrEventScan *scan, int64 first, int64 last, Snapshot snapshot)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(last));
	scan->rel = azr_table_open(&main_table, AccessShareLock);
	azr_scan_begin(&scan->scan, &main_table, scan->rel, INDEX_TICKET, snapshot, keys,
				   lengthof(keys));
}

/*
 * Begin to look at what has become of the tickets from first to last, by a PostgreSQL
 * snapshot.
 */
void
azr_ticket_scan_begin(AzrTicketScan *scan, int64 first, int64 last, Snapshot snapshot)
{
	azr_ticket_event_scan_begin(&scan->events, first, last, SnapshotAny);
	scan->snapshot = snapshot;
	scan->has_next = next_version(scan, &scan->next);
}

/*
 * The next ticket that a row has.  Returns false after the last one.
 *
 * Several rows have the same ticket where one has taken the place of another, as an erasure
 * does.  If more than one of them is pending, the append may be committed as soon as the
 * transaction that made it is, while the one that erases its event goes on.  Which is which, the
 * order of the rows does not say, so then no transaction is named.
 */
bool
azr_ticket_scan_next(AzrTicketScan *scan, AzrTicket *ticket)
{
	if (!scan->has_next)
		return false;
	*ticket = scan->next;
	while ((scan->has_next = next_version(scan, &scan->next)) &&
		   scan->next.ticket == ticket->ticket)
	{
		if (scan->next.fate > ticket->fate)
			*ticket = scan->next;
		else if (scan->next.fate == AZR_TICKET_PENDING && ticket->fate == AZR_TICKET_PENDING &&
				 scan->next.xmin != ticket->xmin)
			ticket->xmin = InvalidTransactionId;
	}
	return true;
}

void
azr_ticket_scan_end(AzrTicketScan *scan)
{
	azr_event_scan_end(&scan->events);
}

/*
 * The next row, be it visible or not.
 */
static bool
next_version(AzrTicketScan *scan, AzrTicket *ticket)
{
	TupleTableSlot *row = azr_event_scan_next(&scan->events);
	TransactionId xmin;

	if (row == NULL)
		return false;
	ticket->ticket = DatumGetInt64(row->tts_values[Anum_azr_events_ticket - 1]);
	ticket->events = azr_stored_ticket_events(row);
	xmin = azr_row_xmin(row);
	ticket->xmin = xmin;
	if (TransactionIdIsCurrentTransactionId(xmin) ||
		(TransactionIdIsNormal(xmin) && XidInMVCCSnapshot(xmin, scan->snapshot)))
		ticket->fate = AZR_TICKET_PENDING;
	else if (table_tuple_satisfies_snapshot(scan->events.rel, row, scan->snapshot))
		ticket->fate = AZR_TICKET_COMMITTED;
	else
		ticket->fate = AZR_TICKET_DEAD;
	return true;
}

/*
 * The ticket of an append whose first event this is; of others, AZR_NO_TICKET.
 */
int64
azr_stored_ticket(TupleTableSlot *event)
{
	if (event->tts_isnull[Anum_azr_events_ticket - 1])
		return AZR_NO_TICKET;
	return DatumGetInt64(event->tts_values[Anum_azr_events_ticket - 1]);
}

/*
 * How many events the append has whose first event this is.
 */
int64
azr_stored_ticket_events(TupleTableSlot *event)
{
	int64		events;

	if (event->tts_isnull[Anum_azr_events_ticket_events - 1])
		return 1;
	events = DatumGetInt32(event->tts_values[Anum_azr_events_ticket_events - 1]);
	return events < 0 ? -events : events;
}

/*
 * Did the append whose first event this is come from another node, with its slot?
 */
bool
azr_stored_is_moved(TupleTableSlot *event)
{
	return !event->tts_isnull[Anum_azr_events_ticket_events - 1] &&
		DatumGetInt32(event->tts_values[Anum_azr_events_ticket_events - 1]) < 0;
}

int64
azr_stored_stream_id(TupleTableSlot *event)
{
	return DatumGetInt64(event->tts_values[Anum_azr_events_stream_id - 1]);
}

int64
azr_stored_sequence(TupleTableSlot *event)
{
	return DatumGetInt64(event->tts_values[Anum_azr_events_sequence - 1]);
}

bool
azr_stored_committed(TupleTableSlot *event)
{
	return DatumGetBool(event->tts_values[Anum_azr_events_committed - 1]);
}

/*
 * The cascade of a stored event, or NULL.  It is valid until the next event is looked at.
 */
text *
azr_stored_cascade(TupleTableSlot *event)
{
	if (event->tts_isnull[Anum_azr_events_cascade_id - 1])
		return NULL;
	return DatumGetTextPP(event->tts_values[Anum_azr_events_cascade_id - 1]);
}

TimestampTz
azr_stored_created_at(TupleTableSlot *event)
{
	return DatumGetTimestampTz(event->tts_values[Anum_azr_events_created_at - 1]);
}

int32
azr_stored_type_number(TupleTableSlot *event)
{
	return DatumGetInt32(event->tts_values[Anum_azr_events_type_id - 1]);
}

/*
 * The type of a stored event, in the current memory context.
 */
text *
azr_stored_event_type(TupleTableSlot *event)
{
	return azr_type_name(azr_stored_type_number(event), false);
}

/*
 * Turn a stored event into the columns of azr_event.  They are valid as long as 'type' and
 * 'correlation', which has room for a correlation id, and until the next event is looked at.
 * If there is no such room, the correlation id is left out.  What was not read of the event is
 * NULL.
 */
void
azr_event_result(TupleTableSlot *event, const text *type, const text *edition,
				 AzrCorrelationText *correlation, Datum *values, bool *nulls)
{
	const Datum *stored = event->tts_values;
	const bool *stored_nulls = event->tts_isnull;

	/* no loop: this is done for each event that is read */
#define AZR_COPY(name, type) \
	values[Anum_azr_event_##name - 1] = stored[Anum_azr_events_##name - 1]; \
	nulls[Anum_azr_event_##name - 1] = Anum_azr_events_##name > event->tts_nvalid || \
		stored_nulls[Anum_azr_events_##name - 1];
	AZR_EVENT_COLUMNS(AZR_COPY, AZR_NO_COLUMN, AZR_NO_COLUMN, AZR_NO_COLUMN)
#undef AZR_COPY
		values[Anum_azr_event_type - 1] = PointerGetDatum(type);
	nulls[Anum_azr_event_type - 1] = false;
	values[Anum_azr_event_edition - 1] = PointerGetDatum(edition);
	nulls[Anum_azr_event_edition - 1] = false;
	nulls[Anum_azr_event_correlation_id - 1] = true;
	if (correlation != NULL)
		values[Anum_azr_event_correlation_id - 1] =
			azr_stored_correlation_id(event, correlation,
									  &nulls[Anum_azr_event_correlation_id - 1]);
}

/*
 * The correlation id of a stored event, as text.  Its memory is that of the slot, or 'room' if
 * it is stored as a uuid.
 */
Datum
azr_stored_correlation_id(TupleTableSlot *event, AzrCorrelationText *room, bool *isnull)
{
	if (event->tts_isnull[Anum_azr_events_correlation_uuid - 1])
	{
		*isnull = event->tts_isnull[Anum_azr_events_correlation_id - 1];
		return event->tts_values[Anum_azr_events_correlation_id - 1];
	}
	*isnull = false;
	return PointerGetDatum(azr_correlation_text(DatumGetUUIDP(event->tts_values[Anum_azr_events_correlation_uuid - 1]),
												room));
}

static bool
column_equals(TupleTableSlot *event, AttrNumber attno, const text *value)
{
	return !event->tts_isnull[attno - 1] &&
		azr_same_text(DatumGetTextPP(event->tts_values[attno - 1]), value);
}
