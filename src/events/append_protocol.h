/*-------------------------------------------------------------------------
 *
 * append_protocol.h
 *	  How events get into a stream: the protocol of an append.
 *
 * 1. Lock the cascade, if the events have one (AZR_LOCK_CASCADE), then the edition, if it
 *	  is a named one (AZR_LOCK_EDITION), then the stream (see streams/stream_lock.h).  From here
 *	  on nobody else adds to the stream, changes what the edition is, or resolves the
 *	  cascade.  The main timeline is not locked by an append to an edition: it can only
 *	  grow, and that changes no divergence.
 * 2. Look at what the stream has now, not at what the caller's snapshot shows.
 *	  Where the transaction must stick to its snapshot (REPEATABLE READ,
 *	  SERIALIZABLE), fail with 40001 if the two differ.
 * 3. Idempotency (idempotency.c): what carries the same external id or the same source is
 *	  the outcome of the first call, whatever was expected, and also where the
 *	  edition was sealed since.  What a cascade has revoked does not count: it is
 *	  to be possible to try again.
 * 4. Check what does not depend on the place: is the edition open, are the events small
 *	  enough?  Then find where the edition diverges (divergence.c), if this is the root's
 *	  first append to it, and check that the cascade of pending events is not resolved.
 * 5. Compare expected_sequence with the next one (expected_sequence.c).  If others have
 *	  come between, azr_append_commutative says whether that matters.  A conflict is an
 *	  error, or an outcome if the caller asks for that; up to here, nothing was written,
 *	  and no number was taken.
 * 6. Give a new stream its row, insert the events, and increment the command
 *	  counter, so that the next append of this statement sees them.  An event for
 *	  which nobody says when it was created gets the transaction's time, or that of
 *	  the event before it, where that is later: time never runs backward by itself.
 * 7. If the events confirm others, tell the snapshot store: its states lack them.
 * 8. Give back the stream's lock if the transaction has many: its own events, which it has not
 *	  committed yet, keep others out as well (see streams/stream_lock.h).
 *
 * azr_expect (expect.c) takes the first two steps, and compares.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_APPEND_PROTOCOL_H
#define AZR_APPEND_PROTOCOL_H

#include "events/event_table.h"
#include "streams/edition.h"
#include "streams/stream_lock.h"

/*
 * Told that others have appended since the sequence that was expected, and that the
 * next one is 'next'.  Returns if the events may be stored there nevertheless.
 */
typedef void (*AzrOvertakenCallback) (const AzrStreamName *name, int64 expected,
									  int64 next, void *arg);

typedef struct AzrAppend
{
	AzrStreamName stream;
	AzrOptionalInt64 expected;
	AzrOptionalInt64 divergence;
	AzrNewEvents events;
	bool		is_resolution;	/* the caller resolves the cascade, under its
								 * lock */
	int			max_payload;	/* bytes; 0: what can be dumped */
	AzrOvertakenCallback overtaken; /* or NULL: that is a conflict */
	void	   *overtaken_arg;
	bool		return_conflict;	/* as an outcome; else it is ZR001 */
} AzrAppend;

/*
 * Told that events of a stream were confirmed, the first of which is 'sequence'.  The
 * stream's lock is held.
 */
typedef void (*AzrConfirmedCallback) (const AzrStreamName *name, int64 sequence);

typedef enum AzrOutcome
{
	AZR_ADDED,
	AZR_DUPLICATE,
	AZR_UNCHANGED,
	AZR_CONFLICT
} AzrOutcome;

typedef struct AzrAppendResult
{
	AzrOutcome	outcome;
	int64		stream_id;		/* if any was added */
	int64		first_sequence; /* if any was added, or is a duplicate */
	int64		last_sequence;
	int64		next_sequence;
} AzrAppendResult;

/* A stream that is locked for an append, as it is then. */
typedef struct AzrLockedStream
{
	AzrStreamLock lock;
	AzrStreamEnd end;			/* of its own events */
	AzrEdition	edition;		/* what is registered of it */
} AzrLockedStream;

/* The place in a locked stream where events are to be appended. */
typedef struct AzrAppendPlace
{
	int64		next;			/* the sequence that the first of them gets */
	TimestampTz created_before; /* when the event before it was created */
	AzrLeaf		leaf;			/* where that one's key was found */
} AzrAppendPlace;

extern const char *const azr_outcome_names[];	/* by AzrOutcome */

extern AzrAppendResult azr_append_events(AzrAppend *append);
extern AzrStreamLock azr_writer_lock(const AzrStreamName *name, bool probably_new,
									 LOCKMODE lockmode, AzrStreamEnd *end);
extern AzrLockedStream azr_append_lock(const AzrStreamName *name, bool probably_new);
extern AzrAppendPlace azr_append_place(const AzrAppend *append, const AzrLockedStream *locked);
extern void azr_set_created_at(AzrNewEvents *events, TimestampTz before);
extern void azr_appended_to(const text *domain);
extern void azr_on_confirmed(AzrConfirmedCallback callback);

#endif							/* AZR_APPEND_PROTOCOL_H */
