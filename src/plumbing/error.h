/*-------------------------------------------------------------------------
 *
 * error.h
 *	  SQLSTATEs of class ZR, the part of the contract that clients test for, and errors
 *	  that are raised in many places.
 *
 * docs/reference.md has the same table in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_ERROR_H
#define AZR_ERROR_H

#include "plumbing/compat.h"
#include "utils/elog.h"

#define ERRCODE_AZR_SEQUENCE_CONFLICT		MAKE_SQLSTATE('Z','R','0','0','1')
#define ERRCODE_AZR_MAIN_TIMELINE_PROTECTED	MAKE_SQLSTATE('Z','R','0','0','2')
#define ERRCODE_AZR_EDITION_PROTECTED		MAKE_SQLSTATE('Z','R','0','0','3')
#define ERRCODE_AZR_INVALID_DIVERGENCE		MAKE_SQLSTATE('Z','R','0','0','4')
#define ERRCODE_AZR_MERGE_CONFLICT			MAKE_SQLSTATE('Z','R','0','0','5')
#define ERRCODE_AZR_CASCADE_ERROR			MAKE_SQLSTATE('Z','R','0','0','6')
#define ERRCODE_AZR_PAST_END				MAKE_SQLSTATE('Z','R','0','0','7')
#define ERRCODE_AZR_HISTORY_IMMUTABLE		MAKE_SQLSTATE('Z','R','0','0','8')
#define ERRCODE_AZR_FEED_POSITION_AHEAD		MAKE_SQLSTATE('Z','R','0','0','9')
#define ERRCODE_AZR_LEASE_LOST				MAKE_SQLSTATE('Z','R','0','1','0')
#define ERRCODE_AZR_EVIDENCE_MISMATCH		MAKE_SQLSTATE('Z','R','0','1','1')
#define ERRCODE_AZR_NOT_ERASABLE			MAKE_SQLSTATE('Z','R','0','1','2')
#define ERRCODE_AZR_WRONG_NODE				MAKE_SQLSTATE('Z','R','0','1','3')

pg_noreturn extern void azr_serialization_failure(const char *fmt,...) pg_attribute_printf(1, 2);

#endif							/* AZR_ERROR_H */
