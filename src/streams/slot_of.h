/*-------------------------------------------------------------------------
 *
 * slot_of.h
 *	  The slot of a root, which the store and the router compute alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_OF_H
#define AZR_SLOT_OF_H

#include "utils/pg_crc.h"
#include "utils/uuid.h"

#define AZR_NUM_SLOTS	1024

/*
 * A client computes the same, so this can never change.
 */
static inline int
azr_slot_of(const pg_uuid_t *root)
{
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, root->data, UUID_LEN);
	FIN_TRADITIONAL_CRC32(crc);
	return crc % AZR_NUM_SLOTS;
}

#endif							/* AZR_SLOT_OF_H */
