/*-------------------------------------------------------------------------
 *
 * verify_event.c
 *	  Is an event what was sealed?
 *
 * An event's leaf is made anew from its row, and compared with the one that is sealed.  The leaf of
 * the event before, which it has in it, is taken as sealed: so an event that was altered is the
 * only one of its stream that does not fit.  If the sealed one was changed itself, what its row
 * gives is tried.
 *
 * What is remembered of streams is limited: of a stream that was forgotten, the position of the
 * last event is looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/type.h"
#include "evidence/verify_event.h"
#include "miscadmin.h"
#include "plumbing/text.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define SH_PREFIX		known_streams
#define SH_ELEMENT_TYPE	AzrKnownStream
#include "streams/stream_hash.h"

static bool is_emptied(const AzrVerifyEvent *event, const AzrErased *erased);
static bool try_previous(AzrVerifyEvents *events, const AzrVerifyEvent *event,
						 const AzrLeafEvent *leaf_event, const uint8 *body, const uint8 *sealed,
						 uint8 *made);
static bool sealed_leaf(AzrLog *log, int64 stream_id, int64 sequence, uint8 *leaf);
static void make_leaf(AzrVerifyEvents *events, const AzrLeafEvent *leaf_event,
					  const uint8 *previous, const uint8 *body, uint8 *leaf);
static AzrKnownStream *know_stream(AzrVerifyEvents *events, int64 stream_id);
static void forget_streams(AzrVerifyEvents *events);
static text *type_of(AzrVerifyEvents *events, int32 number);

/*
 * Begin to look at events.  What is remembered is in the current memory context.
 */
void
azr_verify_events_begin(AzrVerifyEvents *events, AzrLog *log)
{
	memset(events, 0, sizeof(AzrVerifyEvents));
	events->log = log;
	events->context = CurrentMemoryContext;
	events->edition = cstring_to_text(AZR_MAIN_EDITION);

	/* a stream takes twice as much in the hash, at worst */
	events->most_streams = Max((uint64) maintenance_work_mem * 1024 /
							   (2 * sizeof(AzrKnownStream)), 1024);
	forget_streams(events);
	azr_stream_names_begin(&events->names, log->snapshot);
}

void
azr_verify_events_end(AzrVerifyEvents *events)
{
	azr_stream_names_end(&events->names);
}

/*
 * Turn a row into an event.  What it allocates is in the current memory context.
 */
void
azr_verify_event_begin(AzrVerifyEvents *events, TupleTableSlot *row, AzrVerifyEvent *event)
{
	AzrKnownStream *known;
	text	   *type = type_of(events, azr_stored_type_number(row));
	AzrFeedPlace place = {0};

	event->stream_id = azr_stored_stream_id(row);
	event->sequence = azr_stored_sequence(row);
	event->unreadable = NULL;
	known = know_stream(events, event->stream_id);
	if (known->domain == NULL)
		event->unreadable = "The row of its stream is missing.";
	if (type == NULL)
		event->unreadable = "The row of its type is missing.";
	event->is_erased_type = type != NULL && azr_text_is(type, AZR_ERASED_TYPE);
	place.domain = known->domain;
	place.edition = events->edition;
	place.root = &known->root;
	place.type = type;
	azr_feed_event_result(row, &place, &events->correlation, event->values, event->nulls);
}

/*
 * Compare an event with the leaf that is sealed of it, which is NULL if it is not known.  'salt'
 * is NULL if that is not known either.  What is allocated is in the current memory context.
 */
void
azr_verify_event(AzrVerifyEvents *events, const AzrVerifyEvent *event, const uint8 *salt,
				 const uint8 *sealed, AzrVerifiedLeaf *leaf)
{
	AzrLog	   *log = events->log;
	AzrLeafEvent leaf_event = {event->values, event->nulls, NULL};
	uint8		body[AZR_DIGEST_BYTES];
	AzrErased	erased = {0};
	bool		has_record = false;
	bool		is_right = false;
	bool		knows_body = false;

	leaf->problem = "event_altered";
	leaf->detail = "The event is not what was sealed.";
	memset(leaf->made, 0, AZR_DIGEST_BYTES);
	if (event->unreadable != NULL)
	{
		leaf->detail = event->unreadable;
		return;
	}

	if (event->is_erased_type)
		has_record = azr_erased_find(event->stream_id, event->sequence, log->snapshot, &erased);
	if (!has_record || !erased.has_digest)
	{
		knows_body = salt != NULL;
		if (knows_body)
			azr_leaf_body(&log->sha, &leaf_event, salt, body);
		is_right = knows_body &&
			try_previous(events, event, &leaf_event, body, sealed, leaf->made);
		if (!is_right && !has_record)
			has_record = azr_erased_find(event->stream_id, event->sequence, log->snapshot,
										 &erased);
	}
	if (!is_right && has_record && erased.has_digest)
	{
		/* else it was sealed as what its row has */
		if (erased.was_sealed)
			leaf_event.type = erased.type;
		knows_body = true;
		is_right = try_previous(events, event, &leaf_event, erased.digest, sealed, leaf->made);
		if (!is_right)
			leaf->detail = "The event was erased, and what is on record of that, or the event, is not what was sealed.";
		else if (!is_emptied(event, &erased))
		{
			leaf->detail = "The event was erased, but its row has more than that leaves.";
			return;
		}
	}
	else if (!is_right && !has_record && event->is_erased_type && knows_body)
	{
		leaf->problem = "erased_without_record";
		leaf->detail = "The event was emptied, and nothing is on record of that.";
	}

	/*
	 * What cannot be made, or compared, is reported with the tile or the
	 * salts.
	 */
	if (is_right || !knows_body)
		leaf->problem = NULL;
}

/*
 * Does the row of an erased event have what erasing leaves, and no more?
 */
static bool
is_emptied(const AzrVerifyEvent *event, const AzrErased *erased)
{
	return event->is_erased_type &&
		event->nulls[Anum_azr_timeline_metadata] &&
		!event->nulls[Anum_azr_timeline_payload] &&
		azr_same_text(azr_erased_payload(erased->type),
					  DatumGetByteaPP(event->values[Anum_azr_timeline_payload]));
}

/*
 * Make the leaf of an event with a body, with the leaf of the event before: the sealed one, or
 * what that event's row gives, or one that no event gives.  Returns whether one of
 * these gives the sealed leaf, or whether that is not known.
 */
static bool
try_previous(AzrVerifyEvents *events, const AzrVerifyEvent *event, const AzrLeafEvent *leaf_event,
			 const uint8 *body, const uint8 *sealed, uint8 *made)
{
	const AzrKnownStream *known = know_stream(events, event->stream_id);
	bool		follows = event->sequence > 0 && known->next_sequence == event->sequence;
	bool		was_altered = follows &&
		memcmp(known->sealed, known->made, AZR_DIGEST_BYTES) != 0;
	uint8		previous[AZR_DIGEST_BYTES];
	bool		has_previous = follows;
	uint8		other[AZR_DIGEST_BYTES];

	if (follows)
		memcpy(previous, known->sealed, AZR_DIGEST_BYTES);
	else if (event->sequence > 0)
		has_previous = sealed_leaf(events->log, event->stream_id, event->sequence - 1, previous);

	if (event->sequence == 0 || has_previous)
	{
		make_leaf(events, leaf_event, has_previous ? previous : NULL, body, made);
		if (sealed == NULL || memcmp(made, sealed, AZR_DIGEST_BYTES) == 0)
			return true;
	}
	if (event->sequence == 0 || sealed == NULL || (follows && !was_altered))
		return false;

	if (was_altered)
	{
		make_leaf(events, leaf_event, known->made, body, other);
		if (memcmp(other, sealed, AZR_DIGEST_BYTES) == 0)
		{
			memcpy(made, other, AZR_DIGEST_BYTES);
			return true;
		}
	}
	for (int i = 0; i < Min(events->orphans_seen, AZR_MOST_ORPHANS); i++)
	{
		make_leaf(events, leaf_event, events->orphans[i], body, other);
		if (memcmp(other, sealed, AZR_DIGEST_BYTES) == 0)
		{
			memcpy(made, other, AZR_DIGEST_BYTES);
			return true;
		}
	}
	return false;
}

/*
 * The leaf that is sealed of an event of a stream.  Returns false if none is.
 */
static bool
sealed_leaf(AzrLog *log, int64 stream_id, int64 sequence, uint8 *leaf)
{
	int64		position = azr_log_position(log, stream_id, sequence);

	return position != AZR_NO_POSITION && azr_log_find_leaf(log, position, leaf);
}

static void
make_leaf(AzrVerifyEvents *events, const AzrLeafEvent *leaf_event, const uint8 *previous,
		  const uint8 *body, uint8 *leaf)
{
	AzrLog	   *log = events->log;

	azr_leaf_entry(leaf_event, previous, body, &log->entry);
	azr_leaf_hash(&log->sha, &log->entry, leaf);
}

/*
 * Remember an event as the last one of its stream.  'sealed' is NULL if its leaf is not known.
 */
void
azr_verify_event_seen(AzrVerifyEvents *events, const AzrVerifyEvent *event, const uint8 *sealed,
					  const uint8 *made)
{
	AzrKnownStream *known = know_stream(events, event->stream_id);

	known->next_sequence = event->sequence + 1;
	memcpy(known->made, made, AZR_DIGEST_BYTES);
	memcpy(known->sealed, sealed != NULL ? sealed : made, AZR_DIGEST_BYTES);
}

/*
 * What is remembered of a stream, or NULL if nothing is.
 */
const AzrKnownStream *
azr_verify_known(AzrVerifyEvents *events, int64 stream_id)
{
	return known_streams_lookup(events->streams, stream_id);
}

/*
 * Remember a sealed leaf that no event gives: it may be that of the one before another.
 */
void
azr_verify_orphan(AzrVerifyEvents *events, const uint8 *leaf)
{
	memcpy(events->orphans[events->orphans_seen++ % AZR_MOST_ORPHANS], leaf, AZR_DIGEST_BYTES);
}

/*
 * What is known of a stream.  It stays valid until another one is asked for.
 */
static AzrKnownStream *
know_stream(AzrVerifyEvents *events, int64 stream_id)
{
	AzrKnownStream *known = known_streams_lookup(events->streams, stream_id);
	bool		found;

	if (known != NULL)
		return known;
	if (events->streams->members >= events->most_streams)
		forget_streams(events);
	known = known_streams_insert(events->streams, stream_id, &found);
	known->next_sequence = 0;
	known->domain = NULL;
	memset(&known->root, 0, sizeof(pg_uuid_t));
	if (azr_stream_names_find(&events->names, stream_id))
	{
		/* all of a domain, one after the other, mostly have one copy */
		if (events->last_domain == NULL ||
			!azr_same_text(events->last_domain, events->names.name.domain))
			events->last_domain = azr_copy_text(events->names.name.domain,
												events->streams_context);
		known->domain = events->last_domain;
		known->root = *events->names.name.root;
	}
	return known;
}

static void
forget_streams(AzrVerifyEvents *events)
{
	if (events->streams_context != NULL)
		MemoryContextDelete(events->streams_context);
	events->streams_context = AllocSetContextCreate(events->context, "angzarr streams",
													ALLOCSET_DEFAULT_SIZES);
	events->streams = known_streams_create(events->streams_context, 1024, NULL);
	events->last_domain = NULL;
}

/*
 * The type that has a number, or NULL.
 */
static text *
type_of(AzrVerifyEvents *events, int32 number)
{
	int			i = number & (AZR_VERIFY_TYPES - 1);
	MemoryContext oldcontext;

	if (events->types[i].type != NULL && events->types[i].number == number)
		return events->types[i].type;
	oldcontext = MemoryContextSwitchTo(events->context);
	if (events->types[i].type != NULL)
		pfree(events->types[i].type);
	events->types[i].type = azr_type_name(number, true);
	events->types[i].number = number;
	MemoryContextSwitchTo(oldcontext);
	return events->types[i].type;
}

/*
 * The names of a stream, for a report, in the current memory context.
 */
AzrProblemPlace
azr_verify_place(AzrVerifyEvents *events, int64 stream_id)
{
	const AzrKnownStream *known = know_stream(events, stream_id);
	AzrProblemPlace place = {{0}, {true, true, true}};

	if (known->domain != NULL)
	{
		pg_uuid_t  *root = palloc(sizeof(pg_uuid_t));

		*root = known->root;
		place.names[0] = PointerGetDatum(azr_copy_text(known->domain, CurrentMemoryContext));
		place.names[1] = CStringGetTextDatum(AZR_MAIN_EDITION);
		place.names[2] = UUIDPGetDatum(root);
		memset(place.nulls, 0, sizeof(place.nulls));
	}
	return place;
}
