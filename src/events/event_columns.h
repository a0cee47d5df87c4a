/*-------------------------------------------------------------------------
 *
 * event_columns.h
 *	  The columns of an event: as it is stored, and as it is returned.
 *
 * This is the only list of them in C.  The install script has them in event_table.sql (the
 * tables, and the view azr_timeline) and in load.sql (the type azr_event).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EVENT_COLUMNS_H
#define AZR_EVENT_COLUMNS_H

#include "access/attnum.h"
#include "catalog/pg_type.h"

/* Of azr_events and its leaves: COLUMN(name, type, not_null). */
#define AZR_STORED_COLUMNS(COLUMN) \
	COLUMN(stream_id, INT8OID, true) \
	COLUMN(sequence, INT8OID, true) \
	COLUMN(created_at, TIMESTAMPTZOID, true) \
	COLUMN(ticket, INT8OID, false) \
	COLUMN(type_id, INT4OID, true) \
	COLUMN(committed, BOOLOID, true) \
	COLUMN(payload, BYTEAOID, true) \
	COLUMN(correlation_uuid, UUIDOID, false) \
	COLUMN(metadata, JSONBOID, false) \
	COLUMN(correlation_id, TEXTOID, false) \
	COLUMN(ticket_events, INT4OID, false) \
	COLUMN(external_id, TEXTOID, false) \
	COLUMN(cascade_id, TEXTOID, false) \
	COLUMN(source_sequence, INT8OID, false) \
	COLUMN(source_root, UUIDOID, false) \
	COLUMN(source_domain, TEXTOID, false) \
	COLUMN(source_edition, TEXTOID, false)

/*
 * Of these, what an event keeps that is erased, besides its key: COLUMN(name).  azr_erase() may
 * change or take away the others.
 */
#define AZR_KEPT_COLUMNS(COLUMN) \
	COLUMN(created_at) \
	COLUMN(ticket) \
	COLUMN(ticket_events) \
	COLUMN(committed) \
	COLUMN(cascade_id) \
	COLUMN(source_sequence) \
	COLUMN(source_root) \
	COLUMN(source_domain) \
	COLUMN(source_edition)

/*
 * Of azr_event: STORED(name, type) has what a stored column of that name has, TYPE the name
 * of the type, EDITION the timeline that owns the event, CORRELATION the id that is stored in
 * one of two columns (see correlation.h).  The view azr_timeline has domain, edition and root,
 * and then these without EDITION.
 */
#define AZR_EVENT_COLUMNS(STORED, TYPE, EDITION, CORRELATION) \
	STORED(sequence, INT8OID) \
	TYPE(type, TEXTOID) \
	STORED(payload, BYTEAOID) \
	STORED(metadata, JSONBOID) \
	STORED(created_at, TIMESTAMPTZOID) \
	EDITION(edition, TEXTOID) \
	CORRELATION(correlation_id, TEXTOID) \
	STORED(external_id, TEXTOID) \
	STORED(source_domain, TEXTOID) \
	STORED(source_edition, TEXTOID) \
	STORED(source_root, UUIDOID) \
	STORED(source_sequence, INT8OID) \
	STORED(cascade_id, TEXTOID) \
	STORED(committed, BOOLOID)

/* Numbers of the columns: Anum_azr_events_..., Anum_azr_event_..., Anum_azr_timeline_... */
#define AZR_NO_COLUMN(name, type)
enum
{
	Anum_azr_events_none,
#define AZR_NUMBER(name, type, not_null) Anum_azr_events_##name,
	AZR_STORED_COLUMNS(AZR_NUMBER)
#undef AZR_NUMBER
	Anum_azr_events_end,
	Natts_azr_events = Anum_azr_events_end - 1
};

enum
{
	Anum_azr_event_none,
#define AZR_NUMBER(name, type) Anum_azr_event_##name,
	AZR_EVENT_COLUMNS(AZR_NUMBER, AZR_NUMBER, AZR_NUMBER, AZR_NUMBER)
#undef AZR_NUMBER
	Anum_azr_event_end,
	Natts_azr_event = Anum_azr_event_end - 1
};

enum
{
	Anum_azr_timeline_none,
	Anum_azr_timeline_domain,
	Anum_azr_timeline_edition,
	Anum_azr_timeline_root,
#define AZR_NUMBER(name, type) Anum_azr_timeline_##name,
	AZR_EVENT_COLUMNS(AZR_NUMBER, AZR_NUMBER, AZR_NO_COLUMN, AZR_NUMBER)
#undef AZR_NUMBER
	Anum_azr_timeline_end,
	Natts_azr_timeline = Anum_azr_timeline_end - 1
};

/* The types of the columns, in lists to initialize arrays with. */
#define AZR_COLUMN_TYPE(name, type) type,
#define AZR_EVENT_TYPES \
	AZR_EVENT_COLUMNS(AZR_COLUMN_TYPE, AZR_COLUMN_TYPE, AZR_COLUMN_TYPE, AZR_COLUMN_TYPE)
#define AZR_TIMELINE_TYPES \
	TEXTOID, TEXTOID, UUIDOID, \
	AZR_EVENT_COLUMNS(AZR_COLUMN_TYPE, AZR_COLUMN_TYPE, AZR_NO_COLUMN, AZR_COLUMN_TYPE)

/* A column of azr_event. */
typedef struct AzrEventColumn
{
	const char *name;
	Oid			type;
	AttrNumber	stored;			/* the stored column of that name, or 0 */
} AzrEventColumn;

extern const AzrEventColumn azr_event_columns[];

#endif							/* AZR_EVENT_COLUMNS_H */
