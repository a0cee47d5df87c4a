/*-------------------------------------------------------------------------
 *
 * max_payload.h
 *	  How large the payload of an event or the state of a snapshot may be.
 *
 * What is stored must be readable as text, and pg_dump must be able to dump it: COPY writes a
 * row as one line of less than 1 GB, with a payload in hexadecimal.  Below that, the
 * owner of a database may set a lower limit, angzarr.max_payload, and azr_domain_set() one for
 * a domain.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_MAX_PAYLOAD_H
#define AZR_MAX_PAYLOAD_H

#include "events/event_table.h"
#include "streams/domain_settings.h"

extern void azr_max_payload_init(void);
extern int	azr_max_payload(const text *domain);
extern void azr_check_event_sizes(const AzrNewEvents *events, int max_payload);
extern void azr_check_payload_size(int place, uint64 size, int max_payload);

#endif							/* AZR_MAX_PAYLOAD_H */
