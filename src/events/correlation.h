/*-------------------------------------------------------------------------
 *
 * correlation.h
 *	  Correlation ids: how they are stored, and the key of their index.
 *
 * Most of them are uuids.  An id that is exactly what PostgreSQL prints of a uuid, in lower case
 * and with dashes, is stored as a uuid in the column correlation_uuid.  Any other id is stored as
 * text in correlation_id.  Only queries of the tables themselves show the difference: functions
 * and azr_timeline give every id as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_CORRELATION_H
#define AZR_CORRELATION_H

#include "fmgr.h"
#include "utils/uuid.h"

/* Characters of a uuid. */
#define AZR_UUID_CHARS		36

/* Room for the text of an id that is stored as a uuid. */
typedef union AzrCorrelationText
{
	int32		header;			/* for its alignment */
	char		bytes[VARHDRSZ + AZR_UUID_CHARS];
} AzrCorrelationText;

extern PGDLLEXPORT Datum azr_correlation_key(PG_FUNCTION_ARGS);

extern bool azr_correlation_uuid(const text *id, pg_uuid_t *uuid);
extern text *azr_correlation_text(const pg_uuid_t *uuid, AzrCorrelationText *room);
extern int64 azr_correlation_key_of(const pg_uuid_t *uuid, const text *id);

#endif							/* AZR_CORRELATION_H */
