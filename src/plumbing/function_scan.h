/*-------------------------------------------------------------------------
 *
 * function_scan.h
 *	  A function of ours in FROM as a scan of its own.
 *
 * The planner is offered a custom scan in the place of a function scan.  It is not offered one
 * if the call is outside of FROM, if the row is asked for as a whole, or for a call with WITH
 * ORDINALITY or beside others in ROWS FROM.
 *
 * As in a function scan, the right to call the function is checked when the scan begins, and
 * object_access_hook is called then.
 *
 * A function's planner support function sees to it that the library is loaded, with its
 * hook, before the first of its calls is planned.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_FUNCTION_SCAN_H
#define AZR_FUNCTION_SCAN_H

#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/extensible.h"

/* An argument of the call, and where its value comes from. */
typedef struct AzrScanArg
{
	Node	   *node;
	ExprState  *state;			/* NULL for a constant or a parameter of the
								 * statement, which is read as it is */
} AzrScanArg;

/* A scan in progress.  Those of a function begin with it. */
typedef struct AzrFunctionScan
{
	CustomScanState css;
	const struct AzrScannedFunction *function;
	FuncExpr   *call;
	AzrScanArg *args;
	uint32		wanted;			/* see azr_function_scan_wants() */
	int			ncolumns;		/* of the scan's slot */
	AttrNumber *columns;		/* which column of the function each is */
	MemoryContext context;		/* for what a call needs */
} AzrFunctionScan;

/* A function that has a scan of its own. */
typedef struct AzrScannedFunction
{
	/* what the function's file says */
	const char *name;			/* of the function, and of the scan in EXPLAIN */
	PGFunction	address;
	int			nargs;
	int			ncolumns;		/* of the composite type that it returns */
	const Oid  *column_types;
	bool		only_wanted;	/* does the scan's slot have only the columns
								 * that somebody looks at? */
	uint32		flags;			/* CUSTOMPATH_SUPPORT_... */
	Size		state_size;
	bool		(*accepts) (const FuncExpr *call);	/* or NULL for any call */
	TupleTableSlot *(*next) (ScanState *node);
	void		(*end) (CustomScanState *node); /* or NULL */
	void		(*rescan) (CustomScanState *node);

	/* private to function_scan.c */
	CustomPathMethods path_methods;
	CustomScanMethods scan_methods;
	CustomExecMethods exec_methods;
	struct AzrScannedFunction *next_registered;
} AzrScannedFunction;

extern void azr_scanned_function_register(AzrScannedFunction *function);
extern bool azr_args_stay(const FuncExpr *call);
extern void azr_function_scan_args(AzrFunctionScan *scan, FunctionCallInfo fcinfo);
extern bool azr_function_scan_args_changed(const AzrFunctionScan *scan);
extern bool azr_function_scan_wants(const AzrFunctionScan *scan, AttrNumber column);

#endif							/* AZR_FUNCTION_SCAN_H */
