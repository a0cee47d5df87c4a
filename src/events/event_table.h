/*-------------------------------------------------------------------------
 *
 * event_table.h
 *	  The table of events: its columns, the ways to read it, and the one way
 *	  to write it.
 *
 * Nothing here takes or checks a stream's lock; append_protocol.h says who does.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_TABLE_H
#define AZR_EVENT_TABLE_H

#include "events/correlation.h"
#include "events/event_columns.h"
#include "plumbing/table.h"
#include "streams/stream.h"

/* The event of another stream that caused an append. */
typedef struct AzrSource
{
	bool		given;
	text	   *domain;
	text	   *edition;
	pg_uuid_t  *root;
	int64		sequence;
} AzrSource;

/*
 * When an event is created for which nobody says so: when the transaction began, but not
 * before the stream's event before it.
 */
#define AZR_NOW		DT_NOBEGIN

/* Events to be stored in one stream. */
typedef struct AzrNewEvents
{
	int			count;
	Datum	   *types;
	Datum	   *payloads;
	Datum	   *metadata;		/* jsonb; NULL when no event has any */
	bool	   *metadata_nulls;
	TimestampTz *created_at;	/* AZR_NOW for the default */

	/* NULL where they are the same for all events */
	text	  **correlation_ids;
	text	  **external_ids;

	bool		is_moved;		/* do they come from another node? */

	/* the same for all of them; NULL for none */
	text	   *correlation_id;
	text	   *external_id;
	AzrSource	source;
	text	   *cascade_id;
	bool		committed;
} AzrNewEvents;

/* Events that were looked for, by sequence. */
typedef struct AzrFoundEvent
{
	int64		sequence;
	text	   *pending_in;		/* the cascade, if it is pending; else NULL */
} AzrFoundEvent;

typedef struct AzrFoundEvents
{
	int			count;
	int			allocated;
	AzrFoundEvent *all;
} AzrFoundEvents;

/* Where a stream's own events end, whatever is shared with the main timeline. */
typedef struct AzrStreamEnd
{
	int64		next;			/* the sequence after the last one; 0 for none */
	TimestampTz created_at;		/* of the last one; DT_NOBEGIN for none */
	AzrLeaf		leaf;			/* where its key was found */
} AzrStreamEnd;

/* A scan of one stream's events. */
typedef struct AzrEventScan
{
	Relation	rel;
	AzrScan		scan;
} AzrEventScan;

/* A question: when were a stream's first and last own events created? */
typedef struct AzrSpanQuery
{
	int64		stream_id;
	int64		next;			/* the stream's next sequence; 0 if it has no
								 * events */
	TimestampTz first_at;
	TimestampTz last_at;
	int			place;			/* for who asks many */
} AzrSpanQuery;

/* What has become of an append, or of one that was begun, from worst to best. */
typedef enum AzrTicketFate
{
	AZR_TICKET_DEAD,			/* it was rolled back */
	AZR_TICKET_PENDING,			/* its transaction is in progress, or is our
								 * own */
	AZR_TICKET_COMMITTED
} AzrTicketFate;

typedef struct AzrTicket
{
	int64		ticket;
	int64		events;			/* how many the append has */
	AzrTicketFate fate;
	TransactionId xmin;			/* that stored its row, or invalid if several
								 * that are in progress did */
} AzrTicket;

/* The ticket of an event that is not the first of its append. */
#define AZR_NO_TICKET	0

/* A scan of tickets, ascending. */
typedef struct AzrTicketScan
{
	AzrEventScan events;
	Snapshot	snapshot;
	AzrTicket	next;
	bool		has_next;
} AzrTicketScan;

/* A question: does a stream have own events past a sequence? */
typedef struct AzrEndQuery
{
	int64		stream_id;
	int64		after;
	int64		next;			/* the answer: the stream's next sequence, or
								 * 0 */
	int			place;			/* for who asks many */
} AzrEndQuery;

extern AzrStreamEnd azr_events_end(int64 stream_id, Snapshot snapshot, LOCKMODE lockmode);
extern bool azr_event_exists(int64 stream_id, int64 sequence, Snapshot snapshot);
extern void azr_events_find_ends(bool main, AzrEndQuery *queries, int count, bool *walk,
								 Snapshot snapshot);
extern void azr_events_find_spans(bool main, AzrSpanQuery *queries, int count,
								  Snapshot snapshot);
extern AzrFoundEvents azr_events_by_external_id(int64 stream_id, const text *external_id,
												Snapshot snapshot);
extern AzrFoundEvents azr_events_by_source(int64 stream_id, const AzrSource *source,
										   Snapshot snapshot);

extern void azr_event_scan_begin(AzrEventScan *scan, int64 stream_id, int64 from,
								 AzrOptionalInt64 to, Snapshot snapshot);
extern void azr_event_scan_begin_by_page(AzrEventScan *scan, int64 stream_id, int64 from,
										 AzrOptionalInt64 to, bool backward,
										 Snapshot snapshot);
extern void azr_cascade_scan_begin(AzrEventScan *scan, int64 stream_id,
								   const text *cascade_id, bool committed,
								   Snapshot snapshot);
extern void azr_resolving_scan_begin(AzrEventScan *scan, int64 stream_id, int64 from,
									 AzrOptionalInt64 to, Snapshot snapshot);
extern void azr_ticket_event_scan_begin(AzrEventScan *scan, int64 first, int64 last,
										Snapshot snapshot);
extern TupleTableSlot *azr_event_scan_next(AzrEventScan *scan);
extern TupleTableSlot *azr_event_scan_previous(AzrEventScan *scan);
extern TupleTableSlot *azr_event_behind(AzrEventScan *scan, const ItemPointerData *place,
										int64 stream_id, int64 sequence);
extern void azr_event_scan_end(AzrEventScan *scan);

extern Oid	azr_main_events_relid(void);
extern AzrTable *azr_events_leaf(int64 stream_id);
extern int64 azr_next_ticket(void);
extern int64 azr_last_ticket(void);
extern void azr_tickets_also_taken(int64 (*highest) (void));
extern void azr_ticket_scan_begin(AzrTicketScan *scan, int64 first, int64 last,
								  Snapshot snapshot);
extern bool azr_ticket_scan_next(AzrTicketScan *scan, AzrTicket *ticket);
extern void azr_ticket_scan_end(AzrTicketScan *scan);

extern int64 azr_stored_stream_id(TupleTableSlot *event);
extern int64 azr_stored_ticket(TupleTableSlot *event);
extern int64 azr_stored_ticket_events(TupleTableSlot *event);
extern bool azr_stored_is_moved(TupleTableSlot *event);
extern int64 azr_stored_sequence(TupleTableSlot *event);
extern TimestampTz azr_stored_created_at(TupleTableSlot *event);
extern bool azr_stored_committed(TupleTableSlot *event);
extern text *azr_stored_cascade(TupleTableSlot *event);
extern int32 azr_stored_type_number(TupleTableSlot *event);
extern text *azr_stored_event_type(TupleTableSlot *event);
extern Datum azr_stored_correlation_id(TupleTableSlot *event, AzrCorrelationText *room, bool *isnull);
extern void azr_event_result(TupleTableSlot *event, const text *type, const text *edition,
							 AzrCorrelationText *correlation, Datum *values, bool *nulls);

#endif							/* AZR_EVENT_TABLE_H */
