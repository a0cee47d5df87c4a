/*-------------------------------------------------------------------------
 *
 * feed.h
 *	  azr_feed: reading the feed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_H
#define AZR_FEED_H

#include "fmgr.h"

extern PGDLLEXPORT Datum azr_feed(PG_FUNCTION_ARGS);
extern bool azr_may_number(void);

#endif							/* AZR_FEED_H */
