/*-------------------------------------------------------------------------
 *
 * slot_of_root.h
 *	  The slot of a root, which the store and the router compute alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_SLOT_OF_ROOT_H
#define AZR_SLOT_OF_ROOT_H

#include "utils/pg_crc.h"
#include "utils/uuid.h"

/*
 * A client computes the same, so this can never change.
 */
static inline int
azr_slot_of_root(const pg_uuid_t *root)
{
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, root->data, UUID_LEN);
	FIN_TRADITIONAL_CRC32(crc);
	return crc % 1024;
}

#endif							/* AZR_SLOT_OF_ROOT_H */
