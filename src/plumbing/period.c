/*-------------------------------------------------------------------------
 *
 * period.c
 *	  The periods that time is divided into by a span: days, weeks, months, ...
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "miscadmin.h"
#include "plumbing/period.h"
#include "utils/datetime.h"

#define MAX_YEARS	100

/* Periods of weeks start on a Monday: 2000-01-03, from 2000-01-01. */
#define ORIGIN		(2 * USECS_PER_DAY)

static TimestampTz start_of_month(int64 month);
static void split_time(TimestampTz time, struct pg_tm *tm, fsec_t *fsec);

/*
 * A span of time from a minute to MAX_YEARS, which is either whole months or of a
 * fixed length: a day has 24 hours here.
 *
 * Raises 22023 for any other.
 */
AzrSpan
azr_span(const Interval *interval, const char *argname)
{
	AzrSpan		span = {interval->month, 0};
	double		length = (double) interval->day * USECS_PER_DAY + interval->time;
	double		max_length = (double) MAX_YEARS * DAYS_PER_YEAR * USECS_PER_DAY;

	if (interval->month != 0 && (interval->day != 0 || interval->time != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be whole months, or have no months", argname)));
	if (interval->month != 0
		? interval->month < 0 || interval->month > MAX_YEARS * MONTHS_PER_YEAR
		: length < USECS_PER_MINUTE || length > max_length)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be between one minute and %d years", argname, MAX_YEARS)));

	if (span.months == 0)
		span.microseconds = interval->day * USECS_PER_DAY + interval->time;
	return span;
}

/*
 * The period that a time falls in.
 *
 * Raises 22008 if it is not in the range of timestamps.
 */
AzrPeriod
azr_period_of(TimestampTz time, const AzrSpan *span)
{
	AzrPeriod	period;

	if (span->months > 0)
	{
		struct pg_tm tm;
		fsec_t		fsec;
		int64		month;

		split_time(time, &tm, &fsec);
		month = (int64) tm.tm_year * MONTHS_PER_YEAR + tm.tm_mon - 1;
		month -= (month % span->months + span->months) % span->months;
		period.from = start_of_month(month);
		period.to = start_of_month(month + span->months);
	}
	else
	{
		int64		since_start = (time - ORIGIN) % span->microseconds;

		if (since_start < 0)
			since_start += span->microseconds;
		if (pg_sub_s64_overflow(time, since_start, &period.from) ||
			pg_add_s64_overflow(period.from, span->microseconds, &period.to))
			period.from = period.to = DT_NOEND;
	}
	if (!IS_VALID_TIMESTAMP(period.from) || !IS_VALID_TIMESTAMP(period.to))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return period;
}

/*
 * The start of a period, for the name of a table: 20261231, or 20261231_2359 if it is not
 * the start of a day.
 */
char *
azr_period_name(TimestampTz from)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char	   *date;

	split_time(from, &tm, &fsec);
	date = psprintf("%04d%02d%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
	if (tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0 && fsec == 0)
		return date;
	return psprintf("%s_%02d%02d", date, tm.tm_hour, tm.tm_min);
}

/*
 * A time as an SQL literal that means the same with any setting of DateStyle and
 * TimeZone.
 */
char *
azr_time_literal(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		literal[MAXDATELEN + 1];

	split_time(time, &tm, &fsec);
	tm.tm_isdst = 0;
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, literal);
	return psprintf("'%s'", literal);
}

/*
 * The first microsecond of a month, counted from the year 0.
 */
static TimestampTz
start_of_month(int64 month)
{
	int64		year = month / MONTHS_PER_YEAR;

	if (year < 1 || !IS_VALID_JULIAN(year, 1, 1))
		return DT_NOEND;
	return (date2j((int) year, (int) (month % MONTHS_PER_YEAR) + 1, 1) - POSTGRES_EPOCH_JDATE) *
		USECS_PER_DAY;
}

/*
 * A time in UTC.
 */
static void
split_time(TimestampTz time, struct pg_tm *tm, fsec_t *fsec)
{
	if (timestamp2tm(time, NULL, tm, fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
}
