/*-------------------------------------------------------------------------
 *
 * slot_row.h
 *	  The rows in which what a node has of a slot travels to another node.
 *
 * Rows have names in place of numbers, since each node numbers streams and types by itself.  One
 * type of rows serves all that travels: 'kind' says what a row is, and which columns it has.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_ROW_H
#define AZR_SLOT_ROW_H

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "streams/stream.h"

/* Columns of azr_slot_row, as in slot_row.sql: COLUMN(name, type). */
#define AZR_SLOT_ROW_COLUMNS(COLUMN) \
	COLUMN(number, INT8OID) \
	COLUMN(kind, TEXTOID) \
	COLUMN(domain, TEXTOID) \
	COLUMN(edition, TEXTOID) \
	COLUMN(root, UUIDOID) \
	COLUMN(sequence, INT8OID) \
	COLUMN(type, TEXTOID) \
	COLUMN(payload, BYTEAOID) \
	COLUMN(metadata, JSONBOID) \
	COLUMN(created_at, TIMESTAMPTZOID) \
	COLUMN(correlation_id, TEXTOID) \
	COLUMN(external_id, TEXTOID) \
	COLUMN(source_domain, TEXTOID) \
	COLUMN(source_edition, TEXTOID) \
	COLUMN(source_root, UUIDOID) \
	COLUMN(source_sequence, INT8OID) \
	COLUMN(cascade_id, TEXTOID) \
	COLUMN(committed, BOOLOID) \
	COLUMN(append_events, INT4OID) \
	COLUMN(divergence, INT8OID) \
	COLUMN(stream_created_at, TIMESTAMPTZOID) \
	COLUMN(erased_at, TIMESTAMPTZOID) \
	COLUMN(erased_by, TEXTOID) \
	COLUMN(erased_type, TEXTOID) \
	COLUMN(description, TEXTOID) \
	COLUMN(handler, TEXTOID) \
	COLUMN(setting, TEXTOID) \
	COLUMN(max_payload, INT4OID) \
	COLUMN(filed_at, TIMESTAMPTZOID) \
	COLUMN(late_transient, BOOLOID)

/* Their places, from 0: SLOT_ROW_number, ... */
typedef enum AzrSlotRowColumn
{
#define AZR_PLACE(name, type) SLOT_ROW_##name,
	AZR_SLOT_ROW_COLUMNS(AZR_PLACE)
#undef AZR_PLACE
	SLOT_ROW_COLUMNS
} AzrSlotRowColumn;

/* The kinds of rows. */
#define AZR_ROW_GONE		"gone"	/* a stream of an edition that was deleted */
#define AZR_ROW_EVENT		"event"
#define AZR_ROW_STATE		"state" /* what follows is the state, as a whole */
#define AZR_ROW_DOMAIN		"domain"
#define AZR_ROW_EDITION		"edition"
#define AZR_ROW_ERASURE		"erasure"
#define AZR_ROW_POSITION	"position"
#define AZR_ROW_SNAPSHOT	"snapshot"

/* A row, and its columns as arguments of a function, which azr_arg_...() read. */
typedef struct AzrSlotRow
{
	FunctionCallInfo columns;
	const char *kind;
} AzrSlotRow;

extern const char *const azr_slot_row_names[SLOT_ROW_COLUMNS];
extern const Oid azr_slot_row_types[SLOT_ROW_COLUMNS];

extern bool azr_slot_row_is_null(const AzrSlotRow *row, AzrSlotRowColumn column);
extern Datum azr_slot_row_value(const AzrSlotRow *row, AzrSlotRowColumn column);
extern TimestampTz azr_slot_row_time(const AzrSlotRow *row, AzrSlotRowColumn column);
extern AzrStreamName azr_slot_row_stream(const AzrSlotRow *row, int slot);

#endif							/* AZR_SLOT_ROW_H */
