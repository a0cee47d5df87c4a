/*-------------------------------------------------------------------------
 *
 * iso_time.h
 *	  Reading points in time by ISO 8601, whatever the session's settings are.
 *
 * 2026-01-31T12:34:56.789Z, in detail:
 *
 *	date	year, month and day with hyphens.  A year has four digits, or more without a
 *			leading zero; with " BC" at the very end, it is one before Christ.
 *	T		or t, or a space, as PostgreSQL and Python print it.
 *	time	hours, minutes and perhaps seconds with colons, and these perhaps with a
 *			fraction, which is rounded to microseconds.
 *	offset	Z or z, or a sign with hours and perhaps minutes (with or without a colon) and
 *			seconds (with colons).  It is required.
 *
 * This accepts all that RFC 3339 allows, and all that JsonEncodeDateTime() prints for
 * finite values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ISO_TIME_H
#define AZR_ISO_TIME_H

#include "datatype/timestamp.h"

typedef enum AzrIsoTime
{
	AZR_ISO_TIME_OK,
	AZR_ISO_TIME_MALFORMED,
	AZR_ISO_TIME_OUT_OF_RANGE
} AzrIsoTime;

extern AzrIsoTime azr_iso_time(const char *str, TimestampTz *result);

#endif							/* AZR_ISO_TIME_H */
