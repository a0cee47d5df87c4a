/*-------------------------------------------------------------------------
 *
 * domain_settings.h
 *	  What azr_domain_set() has said of a domain.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_DOMAIN_SETTINGS_H
#define AZR_DOMAIN_SETTINGS_H

#include "postgres.h"

/*
 * The least and the highest limit of the size of a payload.  A lower one could not be meant.
 * The highest one leaves 2 MB of a line of COPY, see max_payload.h, to the other columns, which
 * an event's metadata may need more of: azr_check_event_sizes() looks at that.
 */
#define AZR_MIN_MAX_PAYLOAD		1024
#define AZR_MAX_PAYLOAD_BYTES	(511 * 1024 * 1024)

typedef struct AzrDomainSettings
{
	bool		relaxed;		/* need not wait for the disk? */
	int32		max_payload;	/* bytes; or 0 for no limit of its own */
} AzrDomainSettings;

extern AzrDomainSettings azr_domain_settings_of(const text *domain);

#endif							/* AZR_DOMAIN_SETTINGS_H */
