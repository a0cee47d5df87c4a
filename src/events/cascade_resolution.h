/*-------------------------------------------------------------------------
 *
 * cascade_resolution.h
 *	  What events know of cascades: which are pending, what has become of them, and
 *	  what business logic may see of a stream.
 *
 * An event that was appended with committed => false is pending.  In each stream, the
 * first committed event with the same cascade_id resolves it: a Revocation revokes
 * it, any other event confirms it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_CASCADE_RESOLUTION_H
#define AZR_CASCADE_RESOLUTION_H

#include "events/timeline.h"
#include "plumbing/compat.h"

/*
 * Events by which a cascade is resolved in a stream, and what business logic sees in
 * place of events that it may not.
 */
#define AZR_CONFIRMATION_TYPE	"type.googleapis.com/angzarr.Confirmation"
#define AZR_REVOCATION_TYPE		"type.googleapis.com/angzarr.Revocation"
#define AZR_NO_OP_TYPE			"type.googleapis.com/angzarr.NoOp"

/* What has become of a cascade in one stream. */
typedef enum AzrResolution
{
	AZR_UNRESOLVED,
	AZR_CONFIRMED,
	AZR_REVOKED
} AzrResolution;

/* No event has it. */
#define AZR_NO_SEQUENCE	PG_INT64_MAX

/* Sequences, ascending. */
typedef struct AzrSequences
{
	int			count;
	int64	   *all;
} AzrSequences;

/* A timeline as business logic may see it. */
typedef struct AzrEffectiveView
{
	const AzrTimeline *timeline;
	Snapshot	snapshot;
	const text *own_cascade;	/* whose pending events are shown, or NULL */
	MemoryContext context;

	/* what was found out last: neighbours are often alike */
	text	   *last_cascade;
	AzrResolution last_resolution;
} AzrEffectiveView;

/* What a cascade has come to so far. */
typedef struct AzrCascadeProgress
{
	int64		participants;
	int64		unresolved;
	AzrResolution outcome;
	AzrStreamName resolved;		/* a participant that was resolved so */
} AzrCascadeProgress;

/*
 * FROM clause of the streams that take part in a cascade, with the event that has resolved
 * each: its first committed one.  A stream without pending events takes no part, whatever it
 * has of the cascade.
 */
#define AZR_PARTICIPANTS(cascade) \
	"(SELECT e.cascade_id, e.stream_id, " \
	"min(e.sequence) FILTER (WHERE e.committed) AS resolved_by, " \
	"min(e.created_at) FILTER (WHERE NOT e.committed) AS since " \
	"FROM %s.azr_events e WHERE e.cascade_id = " cascade " " \
	"GROUP BY e.cascade_id, e.stream_id HAVING NOT bool_and(e.committed)) p " \
	"LEFT JOIN %s.azr_events r ON r.stream_id = p.stream_id AND r.sequence = p.resolved_by " \
	"LEFT JOIN %s.azr_event_types t ON t.type_id = r.type_id"

#define AZR_IS_REVOKED	"t.type = '" AZR_REVOCATION_TYPE "'"

extern AzrResolution azr_events_resolution(int64 stream_id, const text *cascade_id,
										   int64 below, Snapshot snapshot);
extern int64 azr_events_first_pending(int64 stream_id, const text *cascade_id,
									  Snapshot snapshot);
extern AzrSequences azr_events_pending(int64 stream_id, const text *cascade_id,
									   Snapshot snapshot);

extern AzrResolution azr_timeline_resolution(const AzrTimeline *timeline,
											 const text *cascade_id, Snapshot snapshot);
extern int64 azr_timeline_first_pending(const AzrTimeline *timeline,
										const text *cascade_id, Snapshot snapshot);
extern int64 azr_timeline_confirmed_late(const AzrTimeline *timeline, int64 sequence,
										 Snapshot snapshot);

extern void azr_cascade_lock(const text *cascade_id, LOCKMODE mode);
extern AzrCascadeProgress azr_cascade_progress(const text *cascade_id);
extern void azr_cascade_check(const text *cascade_id, AzrResolution resolution,
							  const AzrCascadeProgress *progress);
pg_noreturn extern void azr_resolved_otherwise(const text *cascade_id,
											   AzrResolution resolution,
											   const AzrStreamName *name);
extern const char *azr_resolution_name(AzrResolution resolution);

extern bool azr_is_framework_type(const text *type);
extern bool azr_event_is_effective(AzrEffectiveView *view, TupleTableSlot *event);

#endif							/* AZR_CASCADE_RESOLUTION_H */
