/*-------------------------------------------------------------------------
 *
 * iso_time.c
 *	  Reading points in time by ISO 8601, whatever the session's settings are.
 *
 * timestamptz_in() would take "tomorrow" too, and reads what is ambiguous by
 * DateStyle, TimeZone and the time zone abbreviations.  So the form is read here, while
 * PostgreSQL's own functions say which dates and times there are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "plumbing/iso_time.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* More digits than the last year of a timestamp has. */
#define MAX_YEAR_DIGITS	9

static bool read_date(const char **p, struct pg_tm *tm);
static bool read_time(const char **p, struct pg_tm *tm, fsec_t *fsec);
static bool read_offset(const char **p, int *tz, bool *in_range);
static bool read_fraction(const char **p, fsec_t *fsec);
static bool read_number(const char **p, int min_digits, int max_digits, int *value);
static bool skip(const char **p, const char *expected);

/*
 * Read a point in time, and set 'result' if it is one.  Raises nothing.
 */
AzrIsoTime
azr_iso_time(const char *str, TimestampTz *result)
{
	const char *p = str;
	struct pg_tm tm = {0};
	fsec_t		fsec = 0;
	int			tz = 0;
	bool		in_range;
	bool		bc;

	if (!read_date(&p, &tm) ||
		!(skip(&p, "T") || skip(&p, "t") || skip(&p, " ")) ||
		!read_time(&p, &tm, &fsec) ||
		!read_offset(&p, &tz, &in_range))
		return AZR_ISO_TIME_MALFORMED;
	bc = skip(&p, " BC");
	if (*p != '\0')
		return AZR_ISO_TIME_MALFORMED;

	if (!in_range ||
		ValidateDate(DTK_DATE_M, false, false, bc, &tm) != 0 ||
		time_overflows(tm.tm_hour, tm.tm_min, tm.tm_sec, fsec) ||
		tm2timestamp(&tm, fsec, &tz, result) != 0)
		return AZR_ISO_TIME_OUT_OF_RANGE;
	return AZR_ISO_TIME_OK;
}

static bool
read_date(const char **p, struct pg_tm *tm)
{
	const char *year = *p;

	if (!read_number(p, 4, MAX_YEAR_DIGITS, &tm->tm_year) ||
		(*p - year > 4 && *year == '0'))
		return false;
	return skip(p, "-") && read_number(p, 2, 2, &tm->tm_mon) &&
		skip(p, "-") && read_number(p, 2, 2, &tm->tm_mday);
}

static bool
read_time(const char **p, struct pg_tm *tm, fsec_t *fsec)
{
	if (!read_number(p, 2, 2, &tm->tm_hour) ||
		!skip(p, ":") || !read_number(p, 2, 2, &tm->tm_min))
		return false;
	if (!skip(p, ":"))
		return true;
	return read_number(p, 2, 2, &tm->tm_sec) && (**p != '.' || read_fraction(p, fsec));
}

/*
 * Read an offset as PostgreSQL represents it: in seconds to the west of Greenwich.
 */
static bool
read_offset(const char **p, int *tz, bool *in_range)
{
	bool		negative = **p == '-';
	int			hours;
	int			minutes = 0;
	int			seconds = 0;

	*in_range = true;
	if (skip(p, "Z") || skip(p, "z"))
		return true;
	if (!(skip(p, "+") || skip(p, "-")) || !read_number(p, 2, 2, &hours))
		return false;
	if (skip(p, ":"))
	{
		if (!read_number(p, 2, 2, &minutes) ||
			(skip(p, ":") && !read_number(p, 2, 2, &seconds)))
			return false;
	}
	else if (**p >= '0' && **p <= '9' && !read_number(p, 2, 2, &minutes))
		return false;

	*in_range = hours <= MAX_TZDISP_HOUR && minutes < MINS_PER_HOUR &&
		seconds < SECS_PER_MINUTE;
	*tz = (hours * MINS_PER_HOUR + minutes) * SECS_PER_MINUTE + seconds;
	if (!negative)
		*tz = -*tz;
	return true;
}

/*
 * Read a fraction of a second from its point on, rounded as PostgreSQL does it.
 */
static bool
read_fraction(const char **p, fsec_t *fsec)
{
	const char *point = *p;

	for (++*p; **p >= '0' && **p <= '9'; ++*p)
		 /* count digits */ ;
	*fsec = rint(strtod(point, NULL) * USECS_PER_SEC);
	return *p > point + 1;
}

/*
 * Read a number of 'min_digits' to 'max_digits' digits.  Further digits are left to the
 * caller.
 */
static bool
read_number(const char **p, int min_digits, int max_digits, int *value)
{
	int			digits = 0;

	for (*value = 0; digits < max_digits && **p >= '0' && **p <= '9'; ++*p, digits++)
		*value = *value * 10 + (**p - '0');
	return digits >= min_digits;
}

/*
 * Go past what is expected, if it is there.
 */
static bool
skip(const char **p, const char *expected)
{
	size_t		len = strlen(expected);

	if (strncmp(*p, expected, len) != 0)
		return false;
	*p += len;
	return true;
}
