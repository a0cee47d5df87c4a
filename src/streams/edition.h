/*-------------------------------------------------------------------------
 *
 * edition.h
 *	  The registry of editions: what is known of an edition beyond its streams.
 *
 * An edition need not be registered: it also comes to be by its first append.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EDITION_H
#define AZR_EDITION_H

#include "plumbing/args.h"
#include "storage/lockdefs.h"
#include "utils/snapshot.h"

typedef enum AzrProtection
{
	AZR_OPEN,
	AZR_PROTECTED,				/* refuses deletion */
	AZR_SEALED					/* refuses deletion and appends */
} AzrProtection;

typedef struct AzrEdition
{
	bool		registered;
	AzrOptionalInt64 divergence;	/* of a root's first append: at most this */
	AzrProtection protection;
} AzrEdition;

extern const char *const azr_protection_names[];

extern void azr_edition_table_check(void);
extern void azr_edition_lock(const text *domain, const text *edition, LOCKMODE mode);
extern AzrEdition azr_edition_find(const text *domain, const text *edition,
								   Snapshot snapshot);

#endif							/* AZR_EDITION_H */
