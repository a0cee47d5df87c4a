/*-------------------------------------------------------------------------
 *
 * positions.h
 *	  The position store, for those that read it or delete an edition's part of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_POSITIONS_H
#define AZR_POSITIONS_H

#include "streams/root_scan.h"

extern void azr_position_roots_begin(AzrRootScan *scan, const text *handler, const text *domain,
									 const text *edition, const pg_uuid_t *after,
									 Snapshot snapshot);
extern text *azr_positions_next_domain(const text *handler, const text *after,
									   Snapshot snapshot);
extern text *azr_positions_next_edition(const text *handler, const text *domain,
										const text *after, Snapshot snapshot);

extern void azr_positions_init(void);
extern int64 azr_edition_positions_count(const text *domain, const text *edition);
extern void azr_edition_positions_forget(const text *domain, const text *edition,
										 int64 sequence);
extern void azr_edition_positions_delete(const text *domain, const text *edition);

#endif							/* AZR_POSITIONS_H */
