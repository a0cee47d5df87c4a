/*-------------------------------------------------------------------------
 *
 * verify_event.h
 *	  Is an event what was sealed?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_VERIFY_EVENT_H
#define AZR_VERIFY_EVENT_H

#include "evidence/log.h"
#include "streams/problem.h"

struct known_streams_hash;

/* How many types are remembered, a power of two, and how many leaves that no event gives. */
#define AZR_VERIFY_TYPES	64
#define AZR_MOST_ORPHANS	64

/* What is remembered of a stream. */
typedef struct AzrKnownStream
{
	int64		stream_id;		/* hash key */
	text	   *domain;			/* NULL if the stream has no row */
	pg_uuid_t	root;
	int64		next_sequence;	/* after the event that was seen last, or 0 */
	uint8		sealed[AZR_DIGEST_BYTES];	/* leaf of that */
	uint8		made[AZR_DIGEST_BYTES]; /* and what its row gives */
	char		status;			/* private to the hash */
} AzrKnownStream;

/* What is remembered while events are looked at, in the log's order. */
typedef struct AzrVerifyEvents
{
	AzrLog	   *log;
	MemoryContext context;
	MemoryContext streams_context;
	struct known_streams_hash *streams;
	uint64		most_streams;
	text	   *last_domain;
	AzrStreamNames names;
	text	   *edition;
	AzrCorrelationText correlation;
	struct
	{
		int32		number;
		text	   *type;		/* or NULL */
	}			types[AZR_VERIFY_TYPES];
	uint8		orphans[AZR_MOST_ORPHANS][AZR_DIGEST_BYTES];	/* the last sealed
																 * leaves that no event
																 * gives */
	uint64		orphans_seen;
} AzrVerifyEvents;

/* An event that is looked at. */
typedef struct AzrVerifyEvent
{
	int64		stream_id;
	int64		sequence;
	bool		is_erased_type;
	Datum		values[1 + Natts_azr_timeline];
	bool		nulls[1 + Natts_azr_timeline];
	const char *unreadable;		/* if not NULL, why no leaf can be made */
} AzrVerifyEvent;

/* What the leaf of an event turned out to be. */
typedef struct AzrVerifiedLeaf
{
	uint8		made[AZR_DIGEST_BYTES]; /* what its row gives */
	const char *problem;		/* NULL if the event is what was sealed */
	const char *detail;
} AzrVerifiedLeaf;

extern void azr_verify_events_begin(AzrVerifyEvents *events, AzrLog *log);
extern void azr_verify_events_end(AzrVerifyEvents *events);
extern void azr_verify_event_begin(AzrVerifyEvents *events, TupleTableSlot *row,
								   AzrVerifyEvent *event);
extern void azr_verify_event(AzrVerifyEvents *events, const AzrVerifyEvent *event,
							 const uint8 *salt, const uint8 *sealed, AzrVerifiedLeaf *leaf);
extern void azr_verify_event_seen(AzrVerifyEvents *events, const AzrVerifyEvent *event,
								  const uint8 *sealed, const uint8 *made);
extern void azr_verify_orphan(AzrVerifyEvents *events, const uint8 *leaf);
extern const AzrKnownStream *azr_verify_known(AzrVerifyEvents *events, int64 stream_id);
extern AzrProblemPlace azr_verify_place(AzrVerifyEvents *events, int64 stream_id);

#endif							/* AZR_VERIFY_EVENT_H */
