/*-------------------------------------------------------------------------
 *
 * edition.h
 *	  Editions: their names, and the registry of what is known of one beyond its streams.
 *
 * An edition need not be registered: it also comes to be by its first append.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EDITION_H
#define AZR_EDITION_H

#include "plumbing/args.h"
#include "plumbing/query.h"
#include "storage/lockdefs.h"
#include "utils/snapshot.h"

/* The name of the main timeline. */
#define AZR_MAIN_EDITION	"angzarr"

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

extern text *azr_arg_edition(FunctionCallInfo fcinfo, int argno, const char *argname);
extern bool azr_edition_is_main(const text *edition);
extern AzrQueryArgs azr_query_edition(const text *domain, const text *edition);
extern void azr_edition_table_check(void);
extern void azr_edition_lock(const text *domain, const text *edition, LOCKMODE mode);
extern AzrEdition azr_edition_find(const text *domain, const text *edition,
								   Snapshot snapshot);

#endif							/* AZR_EDITION_H */
