/*-------------------------------------------------------------------------
 *
 * load_scan.h
 *	  azr_load in FROM as a scan of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LOAD_SCAN_H
#define AZR_LOAD_SCAN_H

extern void azr_load_scan_init(void);

#endif							/* AZR_LOAD_SCAN_H */
