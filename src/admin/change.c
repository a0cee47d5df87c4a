/*-------------------------------------------------------------------------
 *
 * change.c
 *	  How functions report what they have changed: rows of azr_change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "admin/change.h"
#include "plumbing/result.h"
#include "utils/builtins.h"

/* Columns of the composite type azr_change, as in change.sql. */
enum
{
	Anum_azr_change_action = 1,
	Anum_azr_change_object,
	Anum_azr_change_detail,
	Natts_azr_change = Anum_azr_change_detail
};

static const Oid column_types[Natts_azr_change] = {TEXTOID, TEXTOID, TEXTOID};

/*
 * Prepare the result of a function that returns SETOF azr_change.
 */
void
azr_begin_changes(FunctionCallInfo fcinfo)
{
	(void) azr_set_begin(fcinfo, column_types, Natts_azr_change);
}

/*
 * Add a row to it.  'detail' may be NULL.
 */
void
azr_report_change(FunctionCallInfo fcinfo, const char *action,
				  const char *object, const char *detail)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[Natts_azr_change] = {0};
	bool		nulls[Natts_azr_change] = {false};

	values[Anum_azr_change_action - 1] = CStringGetTextDatum(action);
	values[Anum_azr_change_object - 1] = CStringGetTextDatum(object);
	if (detail != NULL)
		values[Anum_azr_change_detail - 1] = CStringGetTextDatum(detail);
	else
		nulls[Anum_azr_change_detail - 1] = true;
	azr_set_put(rsinfo, values, nulls);
}
