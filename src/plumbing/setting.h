/*-------------------------------------------------------------------------
 *
 * setting.h
 *	  Changing the session's settings for the time of a call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SETTING_H
#define AZR_SETTING_H

#include "utils/guc.h"

extern void azr_set(const char *name, const char *value);

#endif							/* AZR_SETTING_H */
