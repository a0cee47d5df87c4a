/*-------------------------------------------------------------------------
 *
 * descent.h
 *	  Descending a B-tree to the one page on which a key belongs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_DESCENT_H
#define AZR_DESCENT_H

#include "access/nbtree.h"
#include "utils/rel.h"

/*
 * A key that is above all entries whose first columns have its values, and below the rest.  If
 * values.scantid is set, it is above such entries only if their rows' places are not above that.
 */
typedef struct AzrSearchKey
{
	Relation	index;
	int			nbigints;		/* how many of its columns are bigints, from
								 * the first on, and compared as such */
	bool		begins_with_uuid;
	BTScanInsertData values;
} AzrSearchKey;

extern void azr_search_key_begin(AzrSearchKey *key, Relation index, int nkeys);
extern Buffer azr_find_leaf(AzrSearchKey *key, Relation rel);
extern bool azr_is_page_for(AzrSearchKey *key, Page page);
extern OffsetNumber azr_last_not_above(AzrSearchKey *key, Page page, bool *is_equal);

#endif							/* AZR_DESCENT_H */
