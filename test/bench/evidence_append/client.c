/*-------------------------------------------------------------------------
 *
 * client.c
 *	  What does an append cost in a database whose events are sealed?
 *
 *-------------------------------------------------------------------------
 */
#define SAID "SELECT azr_evidence_enable('bench'); SELECT azr_seal(1000000)"

#include "../append_client.h"
