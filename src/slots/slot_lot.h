/*-------------------------------------------------------------------------
 *
 * slot_lot.h
 *	  Events of a slot on their way in, which are stored together.
 *
 * Who gathers begins with an empty lot, adds a stream, and then events of that stream to the
 * arrays, for which azr_lot_grow() makes room; then the next stream.  A stream is locked from
 * then on, as for an append.  Before a stream that azr_lot_must_store_before(), and when there is
 * enough, the lot is stored, which leaves an empty one.  All that is gathered is in the lot's
 * memory context, and goes with it: that context must be the current one in all calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_LOT_H
#define AZR_SLOT_LOT_H

#include "events/append_protocol.h"
#include "events/event_args.h"

#define AZR_LOT_STREAMS	256

/* An event that is to be stored. */
typedef struct AzrLotEvent
{
	int			stream;			/* its place in the lot */
	int64		sequence;
	bool		begins;			/* a run of events */
	bool		is_erased;		/* on record */
	TimestampTz erased_at;
	text	   *erased_by;
	text	   *erased_type;
	text	   *reason;

	/* the same for all events of a run */
	AzrSource	source;
	text	   *cascade_id;
	bool		committed;
} AzrLotEvent;

/* A stream of the lot. */
typedef struct AzrLotStream
{
	AzrStreamName name;
	AzrLockedStream locked;
	int64		next;			/* when the events of the lot are stored */
	int64		first;			/* of these */
	int64		count;
	TimestampTz created_at;		/* the stream, if it is new */
} AzrLotStream;

typedef struct AzrLot
{
	MemoryContext context;
	Size		bytes;			/* that were read for it */
	bool		is_main;		/* of the main timeline, or of editions? */
	int			nstreams;
	AzrLotStream streams[AZR_LOT_STREAMS];
	AzrLotStream *current;		/* that the last row was of, or NULL */

	int			count;
	int			allocated;
	AzrLotEvent *events;
	Datum	   *types;
	Datum	   *payloads;
	Datum	   *metadata;
	bool	   *metadata_nulls;
	TimestampTz *created_at;
	text	  **correlation_ids;
	text	  **external_ids;
} AzrLot;

extern void azr_lot_begin(AzrLot *lot);
extern bool azr_lot_is_full(const AzrLot *lot);
extern bool azr_lot_is_current(const AzrLot *lot, const AzrStreamName *name);
extern bool azr_lot_must_store_before(const AzrLot *lot, const AzrStreamName *name);
extern void azr_lot_add_stream(AzrLot *lot, const AzrStreamName *name);
extern void azr_lot_grow(AzrLot *lot);
extern int64 azr_lot_store(AzrLot *lot);

#endif							/* AZR_SLOT_LOT_H */
