/*-------------------------------------------------------------------------
 *
 * append_scan.h
 *	  azr_append and azr_append_json in FROM as scans of their own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_APPEND_SCAN_H
#define AZR_APPEND_SCAN_H

extern void azr_append_scan_init(void);

#endif							/* AZR_APPEND_SCAN_H */
