/*-------------------------------------------------------------------------
 *
 * client.c
 *	  What does an append cost on a node that was told which slots it owns?
 *
 *-------------------------------------------------------------------------
 */
#define SAID "SELECT azr_own_slots('a', '{[0,1023]}')"

#include "../append_client.h"
