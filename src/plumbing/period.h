/*-------------------------------------------------------------------------
 *
 * period.h
 *	  The periods that time is divided into by a span: days, weeks, months, ...
 *
 * They start at full multiples of the span in UTC, so they do not depend on the session's
 * time zone, and no change of local time makes one shorter.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_PERIOD_H
#define AZR_PERIOD_H

#include "utils/timestamp.h"

typedef struct AzrSpan
{
	int64		months;			/* or else */
	int64		microseconds;
} AzrSpan;

/* 'from' belongs to it, 'to' to the next one. */
typedef struct AzrPeriod
{
	TimestampTz from;
	TimestampTz to;
} AzrPeriod;

extern AzrSpan azr_span(const Interval *interval, const char *argname);
extern AzrPeriod azr_period_of(TimestampTz time, const AzrSpan *span);
extern char *azr_period_name(TimestampTz from);
extern char *azr_time_literal(TimestampTz time);

#endif							/* AZR_PERIOD_H */
