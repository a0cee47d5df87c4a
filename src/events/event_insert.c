/*-------------------------------------------------------------------------
 *
 * event_insert.c
 *	  The one way to write to the table of events.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "events/event_insert.h"
#include "events/type.h"
#include "miscadmin.h"
#include "plumbing/lock.h"
#include "plumbing/text.h"
#include "plumbing/wakeup.h"
#include "plumbing/write.h"

/* How many events back one of the same type is looked for, to save a look-up. */
#define TYPES_LOOKED_BACK	4

static AzrAppendGuard *append_guards = NULL;

static void insert_runs(AzrTable *leaf, const AzrEventRun *runs, int count);
static void insert_run(AzrWrite *write, const AzrEventRun *run);
static void set_correlation_id(text *id, Datum *values, bool *nulls);
static Datum *type_ids_of(const AzrNewEvents *events);

/*
 * Store events in streams, which are all on the main timeline, or all in editions, and let
 * the rest of the transaction see them.  A stream has one run of events.
 *
 * The caller holds the streams' locks and knows each first_sequence to be next.  Raises 27000
 * where an owner's trigger changes what is stored, or appends to such a stream itself.
 */
void
azr_events_insert(const AzrEventRun *runs, int count)
{
	AzrAppendGuard *guards = palloc(count * sizeof(AzrAppendGuard));
	AzrAppendGuard *before = append_guards;

	for (int i = 0; i < count; i++)
		for (const AzrAppendGuard *outer = before; outer != NULL; outer = outer->outer)
			if (outer->stream_id == runs[i].stream_id)
				ereport(ERROR,
						(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
						 errmsg("a trigger appended to stream \"%s\" while events were appended to it",
								azr_stream_label(&runs[i].name)),
						 errhint("A trigger on the extension's tables can append to other streams only.")));

	for (int i = 0; i < count; i++)
		azr_append_guard_begin(&guards[i], runs[i].stream_id);
	PG_TRY();
	{
		insert_runs(azr_events_leaf(runs[0].stream_id), runs, count);
	}
	PG_FINALLY();
	{
		azr_append_guard_end(&guards[0]);
	}
	PG_END_TRY();
	pfree(guards);
}

static void
insert_runs(AzrTable *leaf, const AzrEventRun *runs, int count)
{
	Relation	rel = azr_table_open(leaf, RowExclusiveLock);
	int			nevents = 0;
	AzrWrite   *write;

	for (int i = 0; i < count; i++)
		nevents += runs[i].events.count;
	write = azr_write_begin(leaf, rel, nevents);
	azr_write_beside(write, runs[0].leaf);
	for (int i = 0; i < count; i++)
		insert_run(write, &runs[i]);
	if (!azr_write_end(write, NULL))
		azr_trigger_interfered(leaf, azr_stream_label(&runs[0].name));
	table_close(rel, NoLock);
}

static void
insert_run(AzrWrite *write, const AzrEventRun *run)
{
	const AzrNewEvents *events = &run->events;
	Datum	   *type_ids = type_ids_of(events);
	const AzrSource *source = &events->source;
	Datum		values[Natts_azr_events] = {0};
	bool		nulls[Natts_azr_events] = {false};

#define SET_COLUMN(column, isnull, datum) \
	do { \
		nulls[Anum_azr_events_##column - 1] = (isnull); \
		if (!(isnull)) \
			values[Anum_azr_events_##column - 1] = (datum); \
	} while (0)

#define SET_TEXT(column, value) \
	SET_COLUMN(column, (value) == NULL, PointerGetDatum(value))

	/* what all events of the append have in common */
	SET_COLUMN(stream_id, false, Int64GetDatum(run->stream_id));
	SET_COLUMN(committed, false, BoolGetDatum(events->committed));
	set_correlation_id(events->correlation_id, values, nulls);
	SET_TEXT(external_id, events->external_id);
	SET_TEXT(cascade_id, events->cascade_id);
	SET_COLUMN(source_sequence, !source->given, Int64GetDatum(source->sequence));
	SET_COLUMN(source_root, !source->given, UUIDPGetDatum(source->root));
	SET_COLUMN(source_domain, !source->given, PointerGetDatum(source->domain));
	SET_COLUMN(source_edition, !source->given, PointerGetDatum(source->edition));
	nulls[Anum_azr_events_ticket - 1] = true;
	nulls[Anum_azr_events_ticket_events - 1] = true;

	/* under the lock on the table, by which numbering knows who may have one */
	if (run->stream_id > 0)
	{
		SET_COLUMN(ticket, false, Int64GetDatum(azr_next_ticket()));
		SET_COLUMN(ticket_events, events->count == 1 && !events->is_moved,
				   Int32GetDatum(events->is_moved ? -events->count : events->count));
		azr_wake_at_commit(AZR_LOCK_FEED_WAIT);
	}

	for (int i = 0; i < events->count; i++)
	{
		bool		no_metadata = events->metadata == NULL || events->metadata_nulls[i];
		Size		bytes = VARSIZE_ANY(DatumGetPointer(events->payloads[i]));

		SET_COLUMN(sequence, false, Int64GetDatum(run->first_sequence + i));
		SET_COLUMN(created_at, false, TimestampTzGetDatum(events->created_at[i]));
		SET_COLUMN(type_id, false, type_ids[i]);
		SET_COLUMN(payload, false, events->payloads[i]);
		SET_COLUMN(metadata, no_metadata, events->metadata[i]);
		if (events->correlation_ids != NULL)
			set_correlation_id(events->correlation_ids[i], values, nulls);
		if (events->external_ids != NULL)
			SET_TEXT(external_id, events->external_ids[i]);
		if (!no_metadata)
			bytes += VARSIZE_ANY(DatumGetPointer(events->metadata[i]));
		azr_write_row(write, values, nulls, bytes);
		nulls[Anum_azr_events_ticket - 1] = true;
		nulls[Anum_azr_events_ticket_events - 1] = true;
	}
#undef SET_TEXT
#undef SET_COLUMN
	pfree(type_ids);
}

/*
 * Store a correlation id in one of its two columns.  What that takes lives in the current
 * memory context.
 */
static void
set_correlation_id(text *id, Datum *values, bool *nulls)
{
	pg_uuid_t	uuid;
	bool		is_uuid = azr_correlation_uuid(id, &uuid);

	nulls[Anum_azr_events_correlation_uuid - 1] = !is_uuid;
	nulls[Anum_azr_events_correlation_id - 1] = is_uuid || id == NULL;
	if (is_uuid)
	{
		pg_uuid_t  *stored = palloc(sizeof(pg_uuid_t));

		*stored = uuid;
		values[Anum_azr_events_correlation_uuid - 1] = UUIDPGetDatum(stored);
	}
	else
		values[Anum_azr_events_correlation_id - 1] = PointerGetDatum(id);
}

/*
 * Have any append to a stream fail, as a trigger may try while the stream is being appended
 * to: what the outer append then says of the stream would be wrong.  It must end in any
 * case, so in PG_FINALLY().
 */
void
azr_append_guard_begin(AzrAppendGuard *guard, int64 stream_id)
{
	guard->stream_id = stream_id;
	guard->outer = append_guards;
	append_guards = guard;
}

void
azr_append_guard_end(const AzrAppendGuard *guard)
{
	append_guards = guard->outer;
}

/*
 * The numbers of the events' types.  Most appends have few types, which come again.
 */
static Datum *
type_ids_of(const AzrNewEvents *events)
{
	Datum	   *type_ids = palloc(events->count * sizeof(Datum));

	for (int i = 0; i < events->count; i++)
	{
		const text *type = DatumGetTextPP(events->types[i]);
		int			before = i - 1;

		while (before >= 0 && before > i - 1 - TYPES_LOOKED_BACK &&
			   !azr_same_text(type, DatumGetTextPP(events->types[before])))
			before--;
		if (before >= 0 && before > i - 1 - TYPES_LOOKED_BACK)
			type_ids[i] = type_ids[before];
		else
			type_ids[i] = Int32GetDatum(azr_type_number(type));
	}
	return type_ids;
}
