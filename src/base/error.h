/*-------------------------------------------------------------------------
 *
 * error.h
 *	  SQLSTATEs of class ZR, the part of the contract that clients test for.
 *
 * docs/reference.md has the same table in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ERROR_H
#define AZR_ERROR_H

#include "utils/elog.h"

#define ERRCODE_AZR_SEQUENCE_CONFLICT		MAKE_SQLSTATE('Z','R','0','0','1')
#define ERRCODE_AZR_HISTORY_IMMUTABLE		MAKE_SQLSTATE('Z','R','0','0','8')

#endif							/* AZR_ERROR_H */
