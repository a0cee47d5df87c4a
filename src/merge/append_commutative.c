/*-------------------------------------------------------------------------
 *
 * append_commutative.c
 *	  azr_append_commutative: an append that need not fail if others have appended
 *	  meanwhile, as long as they have changed other fields of the state.
 *
 * The protocol is that of any append (append_protocol.h), with one more question once the
 * stream is locked and has got past the expected sequence: can the states be
 * merged?
 *
 *		base	the snapshot at expected_sequence - 1: what the caller has loaded
 *		theirs	the snapshot at the stream's end: what others have made of it
 *		ours	what the caller has made of it
 *
 * The events and the snapshot of the state after them are stored together, so the next
 * append finds both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "events/append_args.h"
#include "events/event_args.h"
#include "events/event_insert.h"
#include "events/expected_sequence.h"
#include "fmgr.h"
#include "merge/state.h"
#include "plumbing/args.h"
#include "plumbing/error.h"
#include "plumbing/result.h"
#include "plumbing/text.h"
#include "snapshots/timeline_snapshot.h"
#include "streams/happening.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(azr_append_commutative);

/* The state that is appended with the events, and what has become of it. */
typedef struct NewState
{
	text	   *state_type;
	bytea	   *state;
	bool		merged;
} NewState;

static void put_state(const AzrStreamName *name, int64 stream_id, const AzrSnapshot *snapshot);
static void merge(const AzrStreamName *name, int64 expected, int64 next, void *arg);
static AzrSnapshot needed_snapshot(const AzrStreamName *name, int64 sequence,
								   Snapshot as_of, int64 expected, int64 next);
static AzrFields merge_states(const AzrSnapshot *base, const AzrSnapshot *theirs,
							  NewState *ours);
static bytea *state_of_duplicate(const AzrStreamName *name, int64 last_sequence);

/*
 * azr_append_commutative(domain, edition, root, expected_sequence, types, payloads,
 *						  state_type, state, metadata, created_at, correlation_id,
 *						  external_id, source_domain, source_edition, source_root,
 *						  source_sequence) -> azr_commutative_result
 *
 * See append_commutative.sql for arguments, result, locks and errors.
 */
Datum
azr_append_commutative(PG_FUNCTION_ARGS)
{
	AzrAppend	append = azr_append_read_place(fcinfo);
	NewState	new_state = {NULL, NULL, false};
	AzrAppendResult result;
	static const Oid types[] = {TEXTOID, INT8OID, INT8OID, INT8OID, BYTEAOID};
	Datum		values[lengthof(types)];
	bool		nulls[lengthof(types)] = {false};

	azr_arg_check_not_null(fcinfo, 3, "expected_sequence");
	azr_append_read_events(fcinfo, 4, 8, &append.events);
	new_state.state_type = azr_arg_type(fcinfo, 6, "state_type");
	new_state.state = azr_arg_bytea(fcinfo, 7, "state");
	azr_append_read_ids(fcinfo, 10, &append.events);
	append.overtaken = merge;
	append.overtaken_arg = &new_state;

	azr_check_can_write(fcinfo);
	result = azr_append_events(&append);

	if (result.outcome == AZR_ADDED)
	{
		AzrSnapshot snapshot = {.found = true};

		snapshot.sequence = result.last_sequence;
		snapshot.created_at = GetCurrentTransactionStartTimestamp();
		snapshot.retention = AZR_DEFAULT;
		snapshot.state_type = new_state.state_type;
		snapshot.state = new_state.state;
		azr_snapshot_check_size(&append.stream, snapshot.state);
		put_state(&append.stream, result.stream_id, &snapshot);
		if (new_state.merged)
			azr_count_happening(AZR_HAPPENING_MERGE, append.stream.domain, true);
	}
	else if (result.outcome == AZR_DUPLICATE)
		new_state.state = state_of_duplicate(&append.stream, result.last_sequence);
	else
		new_state.state = NULL;

	values[0] = CStringGetTextDatum(new_state.merged ? "merged"
									: azr_outcome_names[result.outcome]);
	values[1] = Int64GetDatum(result.first_sequence);
	values[2] = Int64GetDatum(result.last_sequence);
	values[3] = Int64GetDatum(result.next_sequence);
	values[4] = PointerGetDatum(new_state.state);
	nulls[1] = nulls[2] = result.outcome == AZR_UNCHANGED;
	nulls[4] = new_state.state == NULL;
	return azr_return_row(fcinfo, values, nulls, types, lengthof(types));
}

/*
 * Store the state after the events that were just appended.
 */
static void
put_state(const AzrStreamName *name, int64 stream_id, const AzrSnapshot *snapshot)
{
	AzrAppendGuard guard;

	azr_append_guard_begin(&guard, stream_id);
	PG_TRY();
	{
		azr_snapshot_put(name, snapshot);
	}
	PG_FINALLY();
	{
		azr_append_guard_end(&guard);
	}
	PG_END_TRY();
}

/*
 * Others have appended meanwhile: put their changes into our state too.  The stream is
 * locked.
 *
 * Raises ZR001 if there is no snapshot to compare with, and ZR005 if both sides have
 * changed the same fields.
 */
static void
merge(const AzrStreamName *name, int64 expected, int64 next, void *arg)
{
	NewState   *ours = (NewState *) arg;
	Snapshot	as_of = azr_register_read_snapshot();
	AzrSnapshot base = {.found = false};
	AzrSnapshot theirs;
	AzrFields	overlap;

	if (expected > 0)
		base = needed_snapshot(name, expected - 1, as_of, expected, next);
	theirs = needed_snapshot(name, next - 1, as_of, expected, next);
	overlap = merge_states(&base, &theirs, ours);
	if (!ours->merged)
	{
		azr_count_happening(AZR_HAPPENING_CONFLICT, name->domain, true);
		ereport(ERROR,
				(errcode(ERRCODE_AZR_MERGE_CONFLICT),
				 errmsg("merge conflict in stream \"%s\"", azr_stream_label(name)),
				 errdetail("Expected sequence is %lld, next sequence is %lld. %s",
						   (long long) expected, (long long) next,
						   azr_fields_detail(&overlap)),
				 errhint("Others have changed the same: load the stream from sequence %lld, decide again, and append at %lld.",
						 (long long) expected, (long long) next)));
	}
	UnregisterSnapshot(as_of);
}

/*
 * The snapshot at a sequence, which the merge needs.
 *
 * Raises ZR001 if there is none.
 */
static AzrSnapshot
needed_snapshot(const AzrStreamName *name, int64 sequence, Snapshot as_of,
				int64 expected, int64 next)
{
	AzrSnapshot snapshot = azr_timeline_snapshot_at(name, sequence, as_of);

	if (!snapshot.found)
		azr_sequence_conflict(name, expected, next,
							  psprintf("To merge, there would have to be a snapshot at sequence %lld, but it was pruned or never put: load the stream from sequence %lld, decide again, and append at %lld.",
									   (long long) sequence, (long long) expected,
									   (long long) next));
	snapshot.state = (bytea *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(snapshot.state));
	return snapshot;
}

/*
 * Merge states.  Their types may differ, and if there is no base, it is the empty state.
 * Returns the fields that both sides have changed.
 */
static AzrFields
merge_states(const AzrSnapshot *base, const AzrSnapshot *theirs, NewState *ours)
{
	bytea	   *empty = (bytea *) cstring_to_text("");
	bytea	   *state = (bytea *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(ours->state));
	bytea	   *merged = NULL;
	AzrFields	overlap;

	if ((base->found && !azr_same_text(base->state_type, ours->state_type)) ||
		!azr_same_text(theirs->state_type, ours->state_type))
		return azr_all_fields("The state type has changed.");

	overlap = azr_state_merge(ours->state_type, base->found ? base->state : empty,
							  state, theirs->state, &merged);
	if (merged != NULL)
	{
		ours->state = merged;
		ours->merged = true;
	}
	return overlap;
}

/*
 * The state that the repeated call has returned, or NULL if it was pruned.
 */
static bytea *
state_of_duplicate(const AzrStreamName *name, int64 last_sequence)
{
	Snapshot	as_of = azr_register_read_snapshot();
	AzrSnapshot snapshot = azr_timeline_snapshot_at(name, last_sequence, as_of);

	UnregisterSnapshot(as_of);
	return snapshot.found ? snapshot.state : NULL;
}
