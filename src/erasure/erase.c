/*-------------------------------------------------------------------------
 *
 * erase.c
 *	  azr_erase: emptying events, on record.
 *
 * An erased event keeps its sequence, time, source, cascade and place in the feed.  Its type
 * becomes AZR_ERASED_TYPE, its payload says which type it had, and its metadata goes; its
 * correlation and external ids go too if the caller wants that.  The row is changed in place, so
 * its old version stays in the table's file until that is vacuumed and scrubbed (see scrub.c).
 *
 * 1. Lock the stream of the event that will tell consumers.  All streams of a root have the same
 *	  one, so erasures of the main timeline and of its editions come one after the other, and
 *	  never wait for each other's locks of streams.
 * 2. Lock the stream itself as an append does, and look at it as it is then.  A sealed edition is
 *	  no obstacle.
 * 3. Delete snapshots that know of the events, in the stream and in the editions that share
 *	  them, whose streams are locked for this.  This is done even if nothing is left to erase:
 *	  somebody who had loaded the stream before an erasure may have put a snapshot after it.
 *	  For the same reason, forget why groups have parked the stream.
 * 4. In pieces of the stream: have the evidence give what stands for each event from now on
 *	  (azr_evidence_forget), change the rows, put the records.  This locks the evidence, for
 *	  which all others wait who seal or erase.  So it comes when there is no stream to wait for
 *	  any more, which may take as long as a transaction that has appended to it.
 * 5. Append the event that tells consumers.
 *
 * The rows are changed by SQL, as the owner and through the partitioned table.  So the trigger that
 * keeps history as it is looks at each of them, and triggers of the owner fire.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "erasure/erase.h"
#include "events/append_protocol.h"
#include "events/cascade_resolution.h"
#include "events/erased.h"
#include "events/immutable.h"
#include "events/message.h"
#include "events/type.h"
#include "evidence/evidence.h"
#include "fmgr.h"
#include "groups/parked_table.h"
#include "miscadmin.h"
#include "plumbing/args.h"
#include "plumbing/durability.h"
#include "plumbing/error.h"
#include "plumbing/query.h"
#include "plumbing/setting.h"
#include "plumbing/text.h"
#include "plumbing/write.h"
#include "snapshots/snapshot_table.h"
#include "streams/slot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_erase);
PG_FUNCTION_INFO_V1(azr_erasures);

/*
 * What tells consumers of an erasure: an event of this type on the main timeline of this domain,
 * with the root of the stream.
 *
 *		message Erasure {
 *			Cover target = 1;		-- the stream, see events/message.h
 *			uint64 from_sequence = 2; uint64 to_sequence = 3;	-- from <= sequence < to
 *			bool ids = 4;
 *		}
 */
#define ERASURE_TYPE		"type.googleapis.com/angzarr.Erasure"
#define ERASURES_DOMAIN		"angzarr.erasures"

/* How many events are looked at and changed together. */
#define PIECE				1000

/* A column more of a row that is changed, and of what it was. */
#define OF_E(name)			", e." #name
#define OF_O(name)			", o." #name

/* The longest reason. */
#define MAX_REASON_BYTES	1024

/* What is being erased. */
typedef struct Erasing
{
	AzrStreamName name;
	int64		stream_id;
	bool		ids;
	int32		erased_type;	/* the number of AZR_ERASED_TYPE */
	const text *reason;
	const text *erased_by;
	TimestampTz erased_at;
	Snapshot	snapshot;		/* shows the stream as it was */

	/* the result */
	int64		count;
	int64		first;			/* that was changed, if any was */
	int64		last;
} Erasing;

/* What is to become of an event. */
typedef struct Event
{
	int64		sequence;
	text	   *type;			/* that it has */
	bool		has_ids;
	bool		is_recorded;	/* was it erased before? */
	bool		has_digest;		/* in that record */
	bool		is_changed;
	const AzrBodyDigest *body;	/* what vouches for it, if it is changed */
} Event;

static void erase(Erasing *erasing, const AzrErasure *permit);
static text *arg_reason(FunctionCallInfo fcinfo, int argno);
static AzrErasure range_to_erase(const AzrStreamName *name, const AzrLockedStream *locked,
								 AzrOptionalInt64 from, AzrOptionalInt64 to);
static void erase_piece(Erasing *erasing, int64 from, int64 to);
static int	read_events(const Erasing *erasing, int64 from, int64 to, Event *events);
static bool has_ids(TupleTableSlot *event);
static void note_records(const Erasing *erasing, int64 from, int64 to, Event *events);
static void forget_bodies(const Erasing *erasing, Event *events, int count);
static int	change_events(const Erasing *erasing, int64 from, int64 to, const Event *events,
						  int count);
static void count_changed(uint64 row, const Datum *values, const bool *nulls, void *arg);
static void put_records(const Erasing *erasing, const Event *events, int count);
static void add_digests(const Erasing *erasing, const Event *events, int count);
static Datum digest_of(const Event *event);
static void forget_snapshots(const AzrStreamName *name, int64 from);
static bool shares(const AzrStreamName *reader, int64 sequence);
static void tell_consumers(const AzrStreamName *erasures, const Erasing *erasing);

/*
 * azr_erase(domain, edition, root, from_sequence, to_sequence, reason, ids) -> bigint
 *
 * See erase.sql for arguments, result, locks and errors.
 */
Datum
azr_erase(PG_FUNCTION_ARGS)
{
	Erasing		erasing = {.name = azr_arg_stream(fcinfo, 0)};
	AzrOptionalInt64 from = azr_arg_optional_count(fcinfo, 3, "from_sequence");
	AzrOptionalInt64 to = azr_arg_optional_count(fcinfo, 4, "to_sequence");
	AzrStreamName erasures = {
		cstring_to_text(ERASURES_DOMAIN), cstring_to_text(AZR_MAIN_EDITION), erasing.name.root
	};
	AzrLockedStream locked;
	AzrErasure	permit;

	erasing.reason = arg_reason(fcinfo, 5);
	erasing.ids = azr_arg_bool(fcinfo, 6, "ids");
	azr_check_can_write(fcinfo);

	/* before the stream of erasures, so that the error names this one */
	azr_slot_check_name(&erasing.name);
	azr_slot_check_write(&erasing.name);
	(void) azr_append_lock(&erasures, false);
	locked = azr_append_lock(&erasing.name, false);
	permit = range_to_erase(&erasing.name, &locked, from, to);
	permit.ids = erasing.ids;
	if (permit.from == permit.to)
		PG_RETURN_INT64(0);
	forget_snapshots(&erasing.name, permit.from);
	if (azr_edition_is_main(erasing.name.edition))
		azr_parked_blank(permit.stream_id);

	erasing.erased_by = cstring_to_text(GetUserNameFromId(GetSessionUserId(), false));
	erasing.erased_at = GetCurrentTransactionStartTimestamp();
	erase(&erasing, &permit);
	if (erasing.count > 0)
		tell_consumers(&erasures, &erasing);
	azr_work_must_be_durable();
	PG_RETURN_INT64(erasing.count);
}

/*
 * Erase an event that was erased on the node that its slot comes from, after it had come here.  The
 * record is the same as there.  What tells consumers comes with the slot.  Returns whether anything
 * was left to erase.
 *
 * Raises what azr_erase() does.
 */
bool
azr_erase_as_recorded(const AzrStreamName *name, int64 sequence, const AzrErasureRecord *record)
{
	Erasing		erasing = {.name = *name};
	AzrLockedStream locked = azr_append_lock(name, false);
	AzrOptionalInt64 from = {true, sequence};
	AzrOptionalInt64 to = {true, sequence + 1};
	AzrErasure	permit = range_to_erase(name, &locked, from, to);

	permit.ids = record->ids;
	erasing.ids = record->ids;
	erasing.reason = record->reason;
	erasing.erased_by = record->erased_by;
	erasing.erased_at = record->erased_at;
	erase(&erasing, &permit);
	azr_stream_appended(&locked.lock);
	return erasing.count > 0;
}

/*
 * Erase the events of a locked stream that 'permit' names, piece by piece.
 */
static void
erase(Erasing *erasing, const AzrErasure *permit)
{
	const AzrErasure *outer;

	erasing->stream_id = permit->stream_id;
	erasing->erased_type = azr_type_number(cstring_to_text(AZR_ERASED_TYPE));
	erasing->snapshot = azr_register_read_snapshot();
	outer = azr_erasure_begin(permit);
	PG_TRY();
	{
		for (int64 done = permit->from; done < permit->to;)
		{
			int64		until = permit->to - done > PIECE ? done + PIECE : permit->to;

			CHECK_FOR_INTERRUPTS();
			erase_piece(erasing, done, until);
			done = until;
		}
	}
	PG_FINALLY();
	{
		azr_erasure_end(outer);
	}
	PG_END_TRY();
	UnregisterSnapshot(erasing->snapshot);
}

static text *
arg_reason(FunctionCallInfo fcinfo, int argno)
{
	text	   *reason = azr_arg_text(fcinfo, argno, "reason");

	azr_check_length(reason, MAX_REASON_BYTES, "reason", 0);
	return reason;
}

/*
 * The events of a locked stream that are to be erased.  What is not given is where the stream's
 * own events begin, and where they end.
 *
 * Raises 22023 for events that the stream does not have, or that are not its own.
 */
static AzrErasure
range_to_erase(const AzrStreamName *name, const AzrLockedStream *locked,
			   AzrOptionalInt64 from, AzrOptionalInt64 to)
{
	const AzrStream *stream = &locked->lock.stream;
	int64		begin = stream->id == AZR_NO_STREAM ? 0 : stream->divergence;
	int64		end = stream->id == AZR_NO_STREAM ? 0 : locked->end.next;
	AzrErasure	range = {.stream_id = stream->id};

	range.from = from.given ? from.value : begin;
	range.to = to.given ? to.value : Max(end, range.from);
	if (range.from > range.to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"from_sequence\" must not be above \"to_sequence\""),
				 errdetail("They are %lld and %lld.",
						   (long long) range.from, (long long) range.to)));
	if (range.to > end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("stream \"%s\" has no event %lld of its own",
						azr_stream_label(name), (long long) range.to - 1),
				 stream->id != AZR_NO_STREAM
				 ? errdetail("Its last sequence is %lld.", (long long) end - 1)
				 : azr_edition_is_main(name->edition)
				 ? errdetail("There is no such stream.")
				 : errdetail("It has none.")));
	if (range.from < begin && range.from < range.to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events of stream \"%s\" below sequence %lld are the main timeline's",
						azr_stream_label(name), (long long) begin),
				 errhint("Erase them on the main timeline, which all editions share.")));
	return range;
}

/*
 * Erase the events with from <= sequence < to, at most PIECE of them.
 *
 * Raises ZR012 if one of them resolves a cascade or tells of an erasure, ZR011 if one was
 * altered after it was sealed, 27000 if a trigger interfered, 40001 if another transaction has
 * erased one of them after the snapshot of this one, and XX001 if one is missing, or is on record
 * as erased and was not.
 */
static void
erase_piece(Erasing *erasing, int64 from, int64 to)
{
	MemoryContext piece = AllocSetContextCreate(CurrentMemoryContext, "angzarr erasure",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(piece);
	Event	   *events = palloc0((to - from) * sizeof(Event));
	int			count = read_events(erasing, from, to, events);
	int			changed = 0;

	if (count != to - from)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stream \"%s\" lacks events from sequence %lld to %lld",
						azr_stream_label(&erasing->name), (long long) from,
						(long long) to - 1),
				 errhint("azr_check says more.")));
	note_records(erasing, from, to, events);
	for (int i = 0; i < count; i++)
	{
		Event	   *event = &events[i];

		if (azr_text_is(event->type, AZR_CONFIRMATION_TYPE) ||
			azr_text_is(event->type, AZR_REVOCATION_TYPE))
			ereport(ERROR,
					(errcode(ERRCODE_AZR_NOT_ERASABLE),
					 errmsg("event %lld of stream \"%s\" confirms or revokes a cascade, and cannot be erased",
							(long long) event->sequence, azr_stream_label(&erasing->name)),
					 errdetail("What has become of other events depends on it."),
					 errhint("Erase the events before it and those after it.")));
		if (azr_text_is(event->type, ERASURE_TYPE) &&
			azr_text_is(erasing->name.domain, ERASURES_DOMAIN))
			ereport(ERROR,
					(errcode(ERRCODE_AZR_NOT_ERASABLE),
					 errmsg("event %lld of stream \"%s\" tells of an erasure, and cannot be erased",
							(long long) event->sequence, azr_stream_label(&erasing->name)),
					 errdetail("Consumers learn from it what they have to erase.")));
		if (event->is_recorded && !azr_text_is(event->type, AZR_ERASED_TYPE))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("event %lld of stream \"%s\" is on record as erased, but was not",
							(long long) event->sequence, azr_stream_label(&erasing->name)),
					 errhint("Somebody has changed azr_erased_events: azr_check says more.")));
		event->is_changed = !event->is_recorded || (erasing->ids && event->has_ids);
		if (!event->is_changed)
			continue;
		if (erasing->count + changed == 0)
			erasing->first = event->sequence;
		erasing->last = event->sequence;
		changed++;
	}
	if (changed > 0)
	{
		forget_bodies(erasing, events, count);
		if (change_events(erasing, from, to, events, count) != changed)
			azr_trigger_interfered(azr_events_leaf(erasing->stream_id),
								   azr_stream_label(&erasing->name));
		put_records(erasing, events, count);
		add_digests(erasing, events, count);
		erasing->count += changed;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(piece);
}

/*
 * Read the events with from <= sequence < to.  Returns how many there are.
 */
static int
read_events(const Erasing *erasing, int64 from, int64 to, Event *events)
{
	AzrOptionalInt64 end = {true, to};
	AzrEventScan scan;
	TupleTableSlot *row;
	int			count = 0;

	azr_event_scan_begin(&scan, erasing->stream_id, from, end, erasing->snapshot);
	while ((row = azr_event_scan_next(&scan)) != NULL && count < to - from)
	{
		Event	   *event = &events[count++];

		event->sequence = azr_stored_sequence(row);
		event->type = azr_stored_event_type(row);
		event->has_ids = has_ids(row);
	}
	azr_event_scan_end(&scan);
	return count;
}

static bool
has_ids(TupleTableSlot *event)
{
	return !event->tts_isnull[Anum_azr_events_correlation_uuid - 1] ||
		!event->tts_isnull[Anum_azr_events_correlation_id - 1] ||
		!event->tts_isnull[Anum_azr_events_external_id - 1];
}

/*
 * Note which of the events with from <= sequence < to, none of which is missing, were erased
 * before.
 */
static void
note_records(const Erasing *erasing, int64 from, int64 to, Event *events)
{
	AzrErasedScan scan;
	AzrErased	erased;

	azr_erased_scan_begin(&scan, erasing->stream_id, from, to, erasing->snapshot);
	while (azr_erased_scan_next(&scan, &erased))
	{
		Event	   *event = &events[erased.sequence - from];

		event->is_recorded = true;
		event->has_digest = erased.has_digest;
	}
	azr_erased_scan_end(&scan);
}

/*
 * Have the evidence forget what it has of the events that are to be changed, run by run, and say
 * what vouches for them from now on.
 */
static void
forget_bodies(const Erasing *erasing, Event *events, int count)
{
	AzrBodyDigest *digests = palloc0(count * sizeof(AzrBodyDigest));

	for (int i = 0; i < count;)
	{
		int			end = i;

		while (end < count && events[end].is_changed)
		{
			events[end].body = &digests[end];
			end++;
		}
		if (end > i)
			azr_evidence_forget(&erasing->name, erasing->stream_id, events[i].sequence,
								events[end - 1].sequence, &digests[i]);
		i = Max(end, i + 1);
	}
}

/*
 * Change the rows of the events that are to be changed, and say how many have come out as they
 * should, with everything else as it was.
 */
static int
change_events(const Erasing *erasing, int64 from, int64 to, const Event *events, int count)
{
	AzrQueryArgs args = {0};
	Datum	   *sequences = palloc(count * sizeof(Datum));
	Datum	   *payloads = palloc(count * sizeof(Datum));
	bool	   *kept = palloc0(count * sizeof(bool));
	int			dims[1] = {0};
	int			lower_bounds[1] = {1};
	int			changed = 0;
	int			guc_level;

	for (int i = 0; i < count; i++)
	{
		if (!events[i].is_changed)
			continue;
		sequences[dims[0]] = Int64GetDatum(events[i].sequence);
		kept[dims[0]] = events[i].is_recorded;
		payloads[dims[0]++] = events[i].is_recorded ? (Datum) 0 :
			PointerGetDatum(azr_erased_payload(events[i].type));
	}
	azr_query_arg(&args, INT8OID, Int64GetDatum(erasing->stream_id), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(from), false);
	azr_query_arg(&args, INT8OID, Int64GetDatum(to), false);
	azr_query_arg(&args, INT4OID, Int32GetDatum(erasing->erased_type), false);
	azr_query_arg(&args, INT8ARRAYOID,
				  PointerGetDatum(construct_md_array(sequences, NULL, 1, dims, lower_bounds,
													 INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
													 TYPALIGN_DOUBLE)), false);
	azr_query_arg(&args, BYTEAARRAYOID,
				  PointerGetDatum(construct_md_array(payloads, kept, 1, dims, lower_bounds,
													 BYTEAOID, -1, false, TYPALIGN_INT)), false);
	azr_query_arg(&args, BOOLOID, BoolGetDatum(erasing->ids), false);

	/*
	 * both tables are read by the range of sequences, so that it does not
	 * matter how they are joined
	 */
	guc_level = NewGUCNestLevel();
	azr_set("enable_seqscan", "off");
	(void) azr_query_modify("UPDATE %s.azr_events e SET type_id = $4, "
							"payload = coalesce(u.payload, e.payload), metadata = NULL, "
							"correlation_uuid = CASE WHEN NOT $7 THEN e.correlation_uuid END, "
							"correlation_id = CASE WHEN NOT $7 THEN e.correlation_id END, "
							"external_id = CASE WHEN NOT $7 THEN e.external_id END "
							"FROM unnest($5, $6) u(sequence, payload), %s.azr_events o "
							"WHERE e.stream_id = $1 AND e.sequence >= $2 AND e.sequence < $3 "
							"AND o.stream_id = $1 AND o.sequence >= $2 AND o.sequence < $3 "
							"AND e.sequence = u.sequence AND o.sequence = u.sequence "
							"RETURNING e.type_id = $4 "
							"AND e.payload = coalesce(u.payload, o.payload) "
							"AND e.metadata IS NULL "
							"AND CASE WHEN $7 THEN num_nonnulls(e.correlation_uuid, "
							"e.correlation_id, e.external_id) = 0 "
							"ELSE (e.correlation_uuid, e.correlation_id, e.external_id) "
							"IS NOT DISTINCT FROM "
							"(o.correlation_uuid, o.correlation_id, o.external_id) END "
							"AND (e.stream_id, e.sequence" AZR_KEPT_COLUMNS(OF_E) ") "
							"IS NOT DISTINCT FROM "
							"(o.stream_id, o.sequence" AZR_KEPT_COLUMNS(OF_O) ")",
							&args, count_changed, &changed);
	AtEOXact_GUC(false, guc_level);
	return changed;
}

static void
count_changed(uint64 row, const Datum *values, const bool *nulls, void *arg)
{
	int		   *changed = (int *) arg;

	if (!nulls[0] && DatumGetBool(values[0]))
		(*changed)++;
}

/*
 * Put the events on record that were not.
 */
static void
put_records(const Erasing *erasing, const Event *events, int count)
{
	AzrTable   *table = azr_erased_table();
	Relation	rel = azr_table_open(table, RowExclusiveLock);
	AzrWrite   *write = azr_write_begin(table, rel, count);
	Datum		values[Natts_azr_erased_events];
	bool		nulls[Natts_azr_erased_events] = {false};

	values[Anum_azr_erased_events_stream_id - 1] = Int64GetDatum(erasing->stream_id);
	values[Anum_azr_erased_events_erased_at - 1] =
		TimestampTzGetDatum(erasing->erased_at);
	values[Anum_azr_erased_events_lsn - 1] = LSNGetDatum(GetXLogInsertRecPtr());
	values[Anum_azr_erased_events_erased_by - 1] = PointerGetDatum(erasing->erased_by);
	values[Anum_azr_erased_events_reason - 1] = PointerGetDatum(erasing->reason);
	for (int i = 0; i < count; i++)
	{
		if (!events[i].is_changed || events[i].is_recorded)
			continue;
		values[Anum_azr_erased_events_sequence - 1] = Int64GetDatum(events[i].sequence);
		values[Anum_azr_erased_events_type - 1] = PointerGetDatum(events[i].type);
		values[Anum_azr_erased_events_body_digest - 1] = digest_of(&events[i]);
		values[Anum_azr_erased_events_was_sealed - 1] = BoolGetDatum(events[i].body->is_sealed);
		nulls[Anum_azr_erased_events_body_digest - 1] = !events[i].body->is_sealed;
		azr_write_row(write, values, nulls, VARSIZE_ANY(events[i].type));
	}
	if (!azr_write_end(write, NULL))
		azr_trigger_interfered(table, azr_stream_label(&erasing->name));
	table_close(rel, NoLock);
}

/*
 * Events that were erased before they were sealed, and lose their ids now, have no digest on
 * record yet.
 */
static void
add_digests(const Erasing *erasing, const Event *events, int count)
{
	AzrQueryArgs args = {0};
	Datum	   *sequences = palloc(count * sizeof(Datum));
	Datum	   *digests = palloc(count * sizeof(Datum));
	int			added = 0;

	for (int i = 0; i < count; i++)
	{
		if (!events[i].is_changed || !events[i].is_recorded || events[i].has_digest ||
			!events[i].body->is_sealed)
			continue;
		sequences[added] = Int64GetDatum(events[i].sequence);
		digests[added++] = digest_of(&events[i]);
	}
	if (added == 0)
		return;
	azr_query_arg(&args, INT8OID, Int64GetDatum(erasing->stream_id), false);
	azr_query_arg(&args, INT8ARRAYOID,
				  PointerGetDatum(construct_array(sequences, added, INT8OID, sizeof(int64),
												  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)), false);
	azr_query_arg(&args, BYTEAARRAYOID,
				  PointerGetDatum(construct_array(digests, added, BYTEAOID, -1, false,
												  TYPALIGN_INT)), false);
	azr_query_must_change(azr_erased_table()->name, added,
						  "UPDATE %s.azr_erased_events r SET body_digest = u.digest "
						  "FROM unnest($2, $3) u(sequence, digest) "
						  "WHERE r.stream_id = $1 AND r.sequence = u.sequence "
						  "AND r.body_digest IS NULL",
						  &args);
}

/*
 * The digest of a changed event as a value of bytea.
 */
static Datum
digest_of(const Event *event)
{
	return PointerGetDatum(azr_make_bytea(event->body->digest, AZR_DIGEST_BYTES));
}

/*
 * Delete the snapshots at or above an event, in its stream and in the editions that share it.
 * Each stream is locked as by who puts one.
 */
static void
forget_snapshots(const AzrStreamName *name, int64 from)
{
	AzrStreamName reader = *name;
	ListCell   *lc;

	azr_snapshots_forget(name, from);
	if (!azr_edition_is_main(name->edition))
		return;
	foreach(lc, azr_snapshot_editions(name, from))
	{
		CHECK_FOR_INTERRUPTS();
		reader.edition = (text *) lfirst(lc);
		if (!azr_edition_is_main(reader.edition) && shares(&reader, from))
			azr_snapshots_forget(&reader, from);
	}
}

/*
 * Lock a stream of an edition, and say whether it reads an event of the main timeline.
 */
static bool
shares(const AzrStreamName *reader, int64 sequence)
{
	AzrStreamEnd end;
	AzrStream	stream = azr_writer_lock(reader, false, RowExclusiveLock, &end).stream;
	AzrEdition	edition;

	if (stream.id != AZR_NO_STREAM)
		return stream.divergence > sequence;
	edition = azr_edition_find(reader->domain, reader->edition, SnapshotSelf);
	return !edition.divergence.given || edition.divergence.value > sequence;
}

/*
 * Append the event that tells consumers what was changed.
 */
static void
tell_consumers(const AzrStreamName *erasures, const Erasing *erasing)
{
	StringInfoData message;
	Datum		type = CStringGetTextDatum(ERASURE_TYPE);
	Datum		payload;
	TimestampTz now = AZR_NOW;
	AzrAppend	append = {.stream = *erasures};

	initStringInfo(&message);
	azr_message_put_cover(&message, 1, &erasing->name);
	azr_message_put_number(&message, 2, (uint64) erasing->first);
	azr_message_put_number(&message, 3, (uint64) erasing->last + 1);
	azr_message_put_number(&message, 4, erasing->ids);
	payload = PointerGetDatum(azr_message_payload(&message));

	append.events.count = 1;
	append.events.types = &type;
	append.events.payloads = &payload;
	append.events.created_at = &now;
	append.events.committed = true;
	(void) azr_append_events(&append);
}

/*
 * azr_erasures(domain) -> setof azr_erasure
 */
Datum
azr_erasures(PG_FUNCTION_ARGS)
{
	AzrQueryArgs args = {.plan_anew = true};

	if (PG_ARGISNULL(0))
		azr_query_arg(&args, TEXTOID, (Datum) 0, true);
	else
		azr_query_arg(&args, TEXTOID, PointerGetDatum(azr_arg_name(fcinfo, 0, "domain")), false);
	return azr_query_return_set(fcinfo,
								"SELECT s.domain, s.edition, s.root, r.sequence, r.type, "
								"r.erased_at, r.erased_by, r.reason "
								"FROM %s.azr_erased_events r "
								"JOIN %s.azr_streams s ON s.stream_id = r.stream_id "
								"WHERE $1 IS NULL OR s.domain = $1 "
								"ORDER BY s.domain, s.edition, s.root, r.sequence",
								&args);
}
