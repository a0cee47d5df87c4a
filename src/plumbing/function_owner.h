/*-------------------------------------------------------------------------
 *
 * function_owner.h
 *	  Who owns a function, which the store and the router look up alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FUNCTION_OWNER_H
#define AZR_FUNCTION_OWNER_H

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "utils/syscache.h"

static inline Oid
azr_function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

#endif							/* AZR_FUNCTION_OWNER_H */
