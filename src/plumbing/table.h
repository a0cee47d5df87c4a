/*-------------------------------------------------------------------------
 *
 * table.h
 *	  Direct access to the extension's own tables.
 *
 * The hot paths read and write tables without a planner between.  A store
 * declares each of its leaf tables as an AzrTable: the columns that its C code
 * knows by number and the indexes that it descends.  This module finds them in
 * the catalogs once per backend, checks that they still look as declared (their
 * owner can alter them), and forgets what it found when the relation cache
 * says that something changed.  DROP EXTENSION and CREATE EXTENSION in one
 * session, in another schema too, are such changes.
 *
 * Locks are those that SQL takes, to the end of the transaction: AccessShareLock
 * to read, RowExclusiveLock to write, on the partitioned table, then on the leaf
 * and its indexes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_TABLE_H
#define AZR_TABLE_H

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "plumbing/row_pages.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

#define AZR_MAX_COLUMNS		17
#define AZR_MAX_INDEXES		6
#define AZR_MAX_ALL_INDEXES	16
#define AZR_MAX_INDEX_KEYS	4
#define AZR_MAX_CONDITIONS	2
#define AZR_COMPUTED_ARGS	2

typedef struct AzrColumn
{
	const char *name;
	Oid			type;
	bool		not_null;
} AzrColumn;

typedef struct AzrIndex
{
	const char *name;			/* or NULL for the primary key */
	int			nkeys;
	AttrNumber	keys[AZR_MAX_INDEX_KEYS];
	AttrNumber	only_where_not_null;	/* partial index, or 0 */
	AttrNumber	only_where_true;	/* and this too, or 0 */
} AzrIndex;

/*
 * What an index may be on besides columns: an immutable function of the extension's own, of
 * columns.  It is called only as C here.
 */
typedef struct AzrComputed
{
	const char *name;
	PGFunction	function;
	int			nargs;
	AttrNumber	args[AZR_COMPUTED_ARGS];
} AzrComputed;

/* To stand beside each array of a table's indexes. */
#define AZR_CHECK_INDEXES(indexes) \
	StaticAssertDecl(lengthof(indexes) <= AZR_MAX_INDEXES, \
					 "AZR_MAX_INDEXES is less than the indexes of a table")

/* What the predicate of a partial index asks of a column. */
typedef enum AzrTest
{
	AZR_IS_NULL,
	AZR_IS_NOT_NULL,
	AZR_IS_TRUE,
	AZR_IS_FALSE
} AzrTest;

typedef struct AzrCondition
{
	AttrNumber	attno;			/* 0 for what the table has computed */
	AzrTest		test;
} AzrCondition;

typedef struct AzrTable
{
	/* what the C code expects */
	const char *name;
	const char *parent;			/* the partitioned table, or NULL */
	bool		partitioned;	/* itself: its indexes are those of each leaf */
	int			ncolumns;
	const AzrColumn *columns;
	int			nindexes;
	const AzrIndex *indexes;	/* the first is unique: what it has is a row's
								 * key */
	const AzrComputed *computed;	/* or NULL */
	bool		updated;		/* does a row take the place of the one with
								 * its key? */
	AttrNumber	grows;			/* only if this bigint is higher, or 0 */
	bool		exact;			/* may no trigger change any column of a new
								 * row, and not just none of its key? */
	bool		is_cache;		/* may be lost in a crash, so may be unlogged */

	/* what the catalogs say; private to table.c */
	bool		valid;			/* what follows is known and up to date */
	bool		changed;		/* an invalidation message came in */
	uint64		findings;		/* how many times it was looked for */
	bool		plain;			/* nothing but our rows and indexes: no
								 * trigger on what we do, no column,
								 * constraint or index that runs somebody's
								 * code */
	Oid			relid;
	Oid			parentid;
	Oid			grandparentid;
	Oid			indexids[AZR_MAX_INDEXES];
	int			nall_indexes;	/* of a plain table, its owner's too */
	struct
	{
		Oid			id;
		int			nconditions;	/* all of which its rows meet */
		AzrCondition conditions[AZR_MAX_CONDITIONS];
	}			all_indexes[AZR_MAX_ALL_INDEXES];
	const struct AzrTable *leaf_of; /* found by OID, not by name; see
									 * partition.h */
	struct AzrTable *next;		/* in the list of all tables found so far */
} AzrTable;

/* Where an entry of an index was found; of index 0 if none was. */
typedef struct AzrLeaf
{
	Oid			index;
	BlockNumber page;
	OffsetNumber offset;		/* on the page, as it was then */
} AzrLeaf;

/* An index scan in progress. */
typedef struct AzrScan
{
	Relation	index;
	IndexScanDesc desc;			/* NULL after a probe, see probe.h, and where
								 * rows are read by page */
	TupleTableSlot *slot;
	MemoryContext context;		/* in which it was begun; the index keeps
								 * notes there */
	int			ncolumns;		/* how many columns of a row are read, or 0
								 * for all */
	AzrRowPages *pages;			/* NULL where rows are read one by one */
	AzrLeaf		leaf;			/* of a probe, on which it found the row */
} AzrScan;

extern Relation azr_table_open(AzrTable *table, LOCKMODE lockmode);
extern bool azr_table_is_empty(AzrTable *table);
extern bool azr_table_is_known(const AzrTable *table, uint64 finding);

extern bool azr_function_is(Oid funcid, const char *name, PGFunction function);

extern void azr_key_text(ScanKey key, AttrNumber attno, const text *value);
extern void azr_key_uuid(ScanKey key, AttrNumber attno, const pg_uuid_t *value);
extern void azr_row_keys(ScanKeyData *keys, const AzrTable *table, const Datum *values);
extern char *azr_key_columns(const AzrTable *table);
extern int64 azr_row_growth(const AzrTable *table, TupleTableSlot *row);
extern bool azr_row_grows(const AzrTable *table, TupleTableSlot *existing, const Datum *values);
extern void azr_scan_begin(AzrScan *scan, AzrTable *table, Relation rel, int index,
						   Snapshot snapshot, ScanKey keys, int nkeys);
extern void azr_scan_begin_locking(AzrScan *scan, AzrTable *table, Relation rel, int index,
								   LOCKMODE lockmode, Snapshot snapshot, ScanKey keys,
								   int nkeys);
extern void azr_scan_begin_by_page(AzrScan *scan, AzrTable *table, Relation rel, int index,
								   const AzrRange *range, ScanDirection direction,
								   Snapshot snapshot);
extern TupleTableSlot *azr_scan_next(AzrScan *scan, ScanDirection direction);
extern void azr_scan_end(AzrScan *scan);
extern TransactionId azr_row_xmin(TupleTableSlot *row);
extern bool azr_row_is_settled(TupleTableSlot *row);

#endif							/* AZR_TABLE_H */
