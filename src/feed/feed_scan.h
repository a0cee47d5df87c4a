/*-------------------------------------------------------------------------
 *
 * feed_scan.h
 *	  azr_feed in FROM as a scan of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FEED_SCAN_H
#define AZR_FEED_SCAN_H

extern void azr_feed_scan_init(void);

#endif							/* AZR_FEED_SCAN_H */
