/*-------------------------------------------------------------------------
 *
 * positions.h
 *	  An edition's part in the position store, for who deletes the edition.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_POSITIONS_H
#define AZR_POSITIONS_H

extern int64 azr_edition_positions_count(const text *domain, const text *edition);
extern void azr_edition_positions_delete(const text *domain, const text *edition);

#endif							/* AZR_POSITIONS_H */
