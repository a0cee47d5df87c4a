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

/* How a column is compared. */
typedef enum AzrComparison
{
	AZR_COMPARE_BIGINT,
	AZR_COMPARE_UUID,
	AZR_COMPARE_TEXT,			/* by bytes */
	AZR_COMPARE_OTHER
} AzrComparison;

typedef struct AzrSearchColumn
{
	AzrComparison comparison;
	int64		number;			/* of a bigint */
	const char *bytes;			/* of the others */
	int			length;
} AzrSearchColumn;

/*
 * A search key.  It stands behind all entries whose first columns equal its values.  If
 * values.scantid is set, it stands only behind those of them whose row's place is not higher.
 */
typedef struct AzrSearchKey
{
	Relation	index;
	int			nplain;			/* how many columns are compared without a
								 * function call, from the first on */
	AzrSearchColumn columns[INDEX_MAX_KEYS];
	BTScanInsertData values;
} AzrSearchKey;

extern void azr_search_key_begin(AzrSearchKey *key, Relation index, int nkeys);
extern void azr_search_key_set(AzrSearchKey *key, const Datum *values);
extern Buffer azr_find_leaf(AzrSearchKey *key, Relation rel, int access);
extern bool azr_is_page_for(AzrSearchKey *key, Page page);
extern OffsetNumber azr_last_not_above(AzrSearchKey *key, Page page, OffsetNumber guess,
									   bool *is_equal);

#endif							/* AZR_DESCENT_H */
