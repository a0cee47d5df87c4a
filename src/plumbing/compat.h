/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  PostgreSQL versions that angzarr builds against, and what differs
 *	  between them.
 *
 * Callers are written against the newest signature; older servers get a macro
 * of the same meaning here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_COMPAT_H
#define AZR_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "angzarr needs PostgreSQL 15 or newer"
#endif

/*
 * These minor releases changed sizeof(ResultRelInfo), which the next ones took
 * back.  A library built against them would misread executor state on every
 * other minor release, and the other way round.
 */
#if PG_VERSION_NUM == 150009 || PG_VERSION_NUM == 160005 || PG_VERSION_NUM == 170001
#error "this PostgreSQL minor release has a broken ABI: build against the next minor release"
#endif

#include "utils/jsonb.h"

/* PostgreSQL 16 took varlena's macros out of postgres.h, which 19 does not include any more. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * PostgreSQL 16 added onlySummarizing to ExecInsertIndexTuples(), 19 made flags of that
 * and of its neighbours.
 */
#if PG_VERSION_NUM >= 190000
#define azr_insert_index_tuples(rri, slot, estate) \
	ExecInsertIndexTuples((rri), (estate), 0, (slot), NIL, NULL)
#define azr_insert_index_tuples_speculative(rri, slot, estate, conflict, arbiters) \
	ExecInsertIndexTuples((rri), (estate), EIIT_NO_DUPE_ERROR, (slot), (arbiters), (conflict))
#elif PG_VERSION_NUM >= 160000
#define azr_insert_index_tuples(rri, slot, estate) \
	ExecInsertIndexTuples((rri), (slot), (estate), false, false, NULL, NIL, false)
#define azr_insert_index_tuples_speculative(rri, slot, estate, conflict, arbiters) \
	ExecInsertIndexTuples((rri), (slot), (estate), false, true, (conflict), (arbiters), false)
#else
#define azr_insert_index_tuples(rri, slot, estate) \
	ExecInsertIndexTuples((rri), (slot), (estate), false, false, NULL, NIL)
#define azr_insert_index_tuples_speculative(rri, slot, estate, conflict, arbiters) \
	ExecInsertIndexTuples((rri), (slot), (estate), false, true, (conflict), (arbiters))
#endif

/* PostgreSQL 19 added flags to table_tuple_update(). */
#if PG_VERSION_NUM >= 190000
#define azr_tuple_update(rel, tid, row, failure, lockmode, update_indexes) \
	table_tuple_update((rel), (tid), (row), GetCurrentCommandId(true), 0, GetActiveSnapshot(), \
					   InvalidSnapshot, true, (failure), (lockmode), (update_indexes))
#else
#define azr_tuple_update(rel, tid, row, failure, lockmode, update_indexes) \
	table_tuple_update((rel), (tid), (row), GetCurrentCommandId(true), GetActiveSnapshot(), \
					   InvalidSnapshot, true, (failure), (lockmode), (update_indexes))
#endif

/*
 * PostgreSQL 17 renamed what a virtual transaction's backend and its PGPROC are found by, and
 * lets LockHeldByMe() look for stronger locks too.
 */
#if PG_VERSION_NUM >= 170000
#define azr_vxid_proc(vxid) ((vxid).procNumber)
#define azr_proc_of(vxid) ProcNumberGetProc((vxid).procNumber)
#define azr_proc_lxid(proc) ((proc)->vxid.lxid)
#define azr_lock_held_by_me(tag, mode) LockHeldByMe((tag), (mode), false)
#else
#include "storage/sinvaladt.h"
#define azr_vxid_proc(vxid) ((vxid).backendId)
#define azr_proc_of(vxid) BackendIdGetProc((vxid).backendId)
#define azr_proc_lxid(proc) ((proc)->lxid)
#define azr_lock_held_by_me(tag, mode) LockHeldByMe((tag), (mode))
#endif

/* PostgreSQL 16 renamed what the sessions' states are counted through by. */
#if PG_VERSION_NUM >= 160000
#define azr_backend_status(i) pgstat_get_local_beentry_by_index(i)
#else
#define azr_backend_status(i) pgstat_fetch_stat_local_beentry(i)
#endif

/* PostgreSQL 16 added the table to _bt_getroot(). */
#if PG_VERSION_NUM >= 160000
#define azr_bt_getroot(index, heap, access) _bt_getroot((index), (heap), (access))
#else
#define azr_bt_getroot(index, heap, access) _bt_getroot((index), (access))
#endif

/* PostgreSQL 17 took old_snapshot_threshold away. */
#if PG_VERSION_NUM >= 170000
#define azr_test_for_old_snapshot(snapshot, rel, page) ((void) (snapshot))
#else
#define azr_test_for_old_snapshot(snapshot, rel, page) TestForOldSnapshot((snapshot), (rel), (page))
#endif

/* PostgreSQL 18 added instrumentation to index_beginscan(), 19 flags. */
#if PG_VERSION_NUM >= 190000
#define azr_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0, SO_NONE)
#elif PG_VERSION_NUM >= 180000
#define azr_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define azr_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

/* PostgreSQL 18 can leave out deferrable ones. */
#if PG_VERSION_NUM >= 180000
#define azr_primary_key(rel) RelationGetPrimaryKeyIndex((rel), false)
#else
#define azr_primary_key(rel) RelationGetPrimaryKeyIndex(rel)
#endif

/*
 * Since PostgreSQL 18, attnotnull is also true where the constraint is NOT VALID: then there
 * may be NULLs nevertheless.
 */
#if PG_VERSION_NUM >= 180000
#define azr_column_has_no_nulls(desc, i) \
	(TupleDescCompactAttr((desc), (i))->attnullability == ATTNULLABLE_VALID)
#else
#define azr_column_has_no_nulls(desc, i) (TupleDescAttr((desc), (i))->attnotnull)
#endif

/* PostgreSQL 19 wants to know when a tuple descriptor is complete. */
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(desc) ((void) 0)
#endif

/* PostgreSQL 17 lets the caller allocate the JSON lexer. */
#if PG_VERSION_NUM >= 170000
#define azr_make_json_lexer(json, len, encoding) \
	makeJsonLexContextCstringLen(NULL, (json), (len), (encoding), true)
#else
#define azr_make_json_lexer(json, len, encoding) \
	makeJsonLexContextCstringLen((json), (len), (encoding), true)
#endif

/* PostgreSQL 19 keeps what pushJsonbValue() has made in its state, and returns nothing. */
#if PG_VERSION_NUM >= 190000
typedef JsonbInState AzrJsonbState;
#define azr_push_jsonb(state, token, value) pushJsonbValue((state), (token), (value))
#else
typedef struct AzrJsonbState
{
	JsonbValue *result;
	JsonbParseState *parse_state;
} AzrJsonbState;
#define azr_push_jsonb(state, token, value) \
	((void) ((state)->result = pushJsonbValue(&(state)->parse_state, (token), (value))))
#endif

/* PostgreSQL 16 tells membership in a role from the right to become it. */
#if PG_VERSION_NUM >= 160000
#define azr_can_set_role(member, role) member_can_set_role((member), (role))
#else
#define azr_can_set_role(member, role) is_member_of_role((member), (role))
#endif

/* PostgreSQL 16 has one function for all kinds of objects. */
#if PG_VERSION_NUM >= 160000
#define azr_function_aclcheck(funcid, roleid, mode) \
	object_aclcheck(ProcedureRelationId, (funcid), (roleid), (mode))
#define azr_schema_aclcheck(schema, roleid, mode) \
	object_aclcheck(NamespaceRelationId, (schema), (roleid), (mode))
#else
#define azr_function_aclcheck(funcid, roleid, mode) pg_proc_aclcheck((funcid), (roleid), (mode))
#define azr_schema_aclcheck(schema, roleid, mode) pg_namespace_aclcheck((schema), (roleid), (mode))
#endif

/* PostgreSQL 19 has a type for what a syscache callback is told. */
#if PG_VERSION_NUM >= 190000
typedef SysCacheIdentifier AzrSyscacheId;
#else
typedef int AzrSyscacheId;
#endif

/* PostgreSQL 18 writes it before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#endif							/* AZR_COMPAT_H */
