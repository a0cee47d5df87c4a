/*-------------------------------------------------------------------------
 *
 * angzarr.c
 *	  The module itself: a complete event-sourcing store inside PostgreSQL.
 *
 * Where to find what:
 *
 *	base/	what all stores share: arguments, errors, locks, stream identity,
 *			direct access to tables, SQL as the tables' owner
 *	events/ the event store: append, load, find; editions
 *	positions/ the position store: how far handlers have read
 *
 * Dependencies point from the stores to base/, never back.  Beside each file of
 * SQL-callable functions stands the .sql file that declares and documents them;
 * the Makefile joins those into the extension's install script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"
#include "fmgr.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(azr_version);

/*
 * azr_version() -> text
 *
 * Version of the library, which the Makefile takes from the control file.
 */
Datum
azr_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(AZR_VERSION));
}
