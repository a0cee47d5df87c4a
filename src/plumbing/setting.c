/*-------------------------------------------------------------------------
 *
 * setting.c
 *	  Changing the session's settings for the time of a call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "plumbing/setting.h"

/*
 * Change a setting until AtEOXact_GUC() is called with what NewGUCNestLevel() returned
 * before, or until an error ends the transaction or subtransaction.
 */
void
azr_set(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}
