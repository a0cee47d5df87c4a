/*-------------------------------------------------------------------------
 *
 * event_args.c
 *	  Reading and checking what many functions are told of events: types and sources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "events/event_args.h"

/* The longest type of an event or a state. */
#define MAX_TYPE_BYTES	1024

/*
 * The type of an event or a state: required.
 */
text *
azr_arg_type(FunctionCallInfo fcinfo, int argno, const char *argname)
{
	text	   *type = azr_arg_text(fcinfo, argno, argname);

	azr_check_type(argname, 0, type);
	return type;
}

/*
 * The arguments source_domain, source_edition, source_root and source_sequence, which stand
 * together: required.
 */
AzrSource
azr_arg_source(FunctionCallInfo fcinfo, int argno)
{
	AzrSource	source = {.given = true};

	source.domain = azr_arg_name(fcinfo, argno, "source_domain");
	source.edition = azr_arg_edition(fcinfo, argno + 1, "source_edition");
	source.root = azr_arg_uuid(fcinfo, argno + 2, "source_root");
	source.sequence = azr_arg_count(fcinfo, argno + 3, "source_sequence");
	return source;
}

/*
 * Check the length of the type of an event or a state.  'element' is its place in an array,
 * from 1, or 0 when it stands alone.
 *
 * Raises 22023.
 */
void
azr_check_type(const char *argname, int element, const text *type)
{
	azr_check_length(type, MAX_TYPE_BYTES, argname, element);
}
